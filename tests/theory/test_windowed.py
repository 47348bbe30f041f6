"""Replace and window, against the twin that sums shocks and against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.errors import LawError, NoLaw
from headwater.graph import Flow, InteractionGraph, Source
from headwater.regimes import Replace, Window
from headwater.theory import laws
from tests.oracles import recursions
from tests.theory.graphs import (
    CUT_OFF,
    FOUR,
    RESCUED,
    dense,
    everyone,
    everything,
    random_graph,
    ring,
)
from tests.theory.table import BATCHES, LAWS, agrees, risk

UNWEIGHTED_ONLY = "gaussian ddof 1"


@pytest.mark.parametrize("regime", BATCHES, ids=str)
@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
def test_every_law_follows_its_twin(name, regime, weighted):
    """Risk of every model at every generation, with a cycle, an archive, a frozen model and weights."""
    if weighted and name == UNWEIGHTED_ONLY:
        with pytest.raises(NoLaw, match="simulate"):
            agrees(name, everything(True), regime)
        return
    agrees(name, everything(weighted), regime)


@pytest.mark.parametrize("regime", BATCHES, ids=str)
@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_follow_their_twins(seed, regime):
    """The same for graphs nobody chose, budgets from 2 up."""
    weighted = seed % 2 == 1
    graph = random_graph(np.random.default_rng([1, seed]), weighted)
    for name in ("asymptotic", "bernoulli", "exponential", "gaussian ddof 0", "gaussian ddof 1"):
        if not (weighted and name == UNWEIGHTED_ONLY):
            agrees(name, graph, regime)


@pytest.mark.parametrize("seed", range(6))
def test_budgets_of_one_follow_their_twins(seed):
    """A model fitted on a single sample is the hardest case; ddof 1 does not exist there."""
    graph = random_graph(np.random.default_rng([2, seed]), least=1)
    for name in ("asymptotic", "bernoulli", "exponential", "gaussian ddof 0"):
        agrees(name, graph, Replace())
        agrees(name, graph, Window(3))


def test_one_sample_has_no_unbiased_variance():
    """ddof 1 divides by zero there: refused, with what is needed."""
    with pytest.raises(LawError, match="1 sample"):
        risk(laws.Gaussian(1), dense([[1]], (0,)), Replace(), 1)


@pytest.mark.parametrize("name", ["asymptotic", "exponential", "gaussian ddof 1"])
def test_all_second_moments_follow_their_twin(name):
    """Not only the diagonal: errors of different models are correlated, and as much as the twin says."""
    law, twin = LAWS[name]
    graph = everything(False)
    recursion = law.recursion(graph, Replace(), everyone(graph))
    expected, inner = recursions.moments(graph, twin, Replace(), 5)
    state = recursion.start()
    for generation in range(6):
        models = recursion.system.models
        np.testing.assert_allclose(
            state.second[: len(models), : len(models)],
            expected[generation][np.ix_(models, models)],
            atol=1e-14,
        )
        within, _ = recursion.emitted(state)
        np.testing.assert_allclose(within, inner[generation, models], rtol=1e-10)
        state = recursion.step(state)


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        (laws.exponential(1.0), (1.3685, 1.3685, 0.4311, 0.1224)),
        (laws.poisson(2.0), (1.75, 1.75, 0.5566, 0.1693)),
        (laws.bernoulli(0.1), (0.0530, 0.0530, 0.0171, 0.0056)),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_quadratic_variance_check_values(law, expected):
    """The ungrounded graph of four at t = 29, as DESIGN.md section 3.2 has it."""
    np.testing.assert_allclose(risk(law, dense(FOUR, CUT_OFF), Replace(), 29)[29], expected, atol=5.1e-5)


def test_asymptotic_check_values():
    """*Four, rescued*: inflation at t = 11."""
    rows = risk(laws.Asymptotic(), dense(FOUR, RESCUED), Replace(), 11)
    np.testing.assert_allclose(rows[11] / rows[0], (6.603, 8.685, 3.481, 2.238), atol=5e-4)


def test_growth_check_values_of_an_ungrounded_pair():
    """Counts [[0, 30], [40, 0]]: 2 (1/4/30 + 1/4/40) a generation, for both."""
    rows = risk(laws.Asymptotic(), dense([[0, 30], [40, 0]], (0, 0)), Replace(), 100)
    np.testing.assert_allclose((rows[100] - rows[50]) / 50, 2 * (0.25 / 30 + 0.25 / 40), rtol=1e-12)


@pytest.mark.parametrize(
    ("graph", "slope"),
    [(dense([[120]], (0,)), 1.0), (ring(4, 120), 1.0), (dense(np.full((4, 4), 30), (0,) * 4), 0.25)],
    ids=["self-loop", "ring of four", "complete graph of four"],
)
def test_growth_in_units_of_the_innovation(graph, slope):
    """Period times sum of squared stationary weights: 1, 4 · 4/16, 4/16."""
    rows = risk(laws.Asymptotic(), graph, Replace(), 200)
    np.testing.assert_allclose((rows[200] - rows[100]) / 100 * 120, slope, rtol=1e-10)


@pytest.mark.parametrize(("window", "slope"), [(1, 1), (2, 4 / 9), (3, 1 / 4), (5, 1 / 9)])
def test_a_window_slows_a_lone_loop(window, slope):
    """Growth 4 / (k + 1)² of D a generation, and never none."""
    rows = risk(laws.Asymptotic(), dense([[10]], (0,)), Window(window), 130)[:, 0]
    assert (rows[130] - rows[100]) / 3 == pytest.approx(slope, rel=1e-9)


def test_a_window_wider_than_the_past_is_a_pool():
    """Until it is full a window keeps everything, as accumulate does."""
    graph = dense([[0, 8], [5, 0]], (2, 5))
    expected, _ = recursions.moments(graph, recursions.Asymptotic(), Window(10), 9)
    W, D = np.array([[0, 0.8], [0.5, 0]]), np.eye(2) / 10
    G = np.eye(2) / 10
    for t in range(1, 10):
        M = np.eye(2) + (W - np.eye(2)) / (t + 1)
        G = M @ G @ M.T + D / (t + 1) ** 2
        np.testing.assert_allclose(risk(laws.Asymptotic(), graph, Window(10), t)[t], np.diag(G), rtol=1e-12)
    np.testing.assert_allclose(np.diag(expected[9]), np.diag(G), rtol=1e-12)


@pytest.mark.parametrize("n", [2, 10])
def test_a_lone_loop_with_fitted_variance(n):
    """ddof 0: risk 1 - (1 - 1/n)^g, bounded; ddof 1: g/n, unbounded. g counts fits."""
    fits = np.arange(1, 12)
    graph = dense([[n]], (0,))
    np.testing.assert_allclose(risk(laws.Gaussian(0), graph, Replace(), 10)[:, 0], 1 - (1 - 1 / n) ** fits)
    np.testing.assert_allclose(risk(laws.Gaussian(1), graph, Replace(), 10)[:, 0], fits / n)


def test_fitted_variance_check_values():
    """ddof 0: .65132 after 10 fits of 10, .63397 after 100 fits of 100."""
    assert risk(laws.Gaussian(0), dense([[10]], (0,)), Replace(), 9)[9, 0] == pytest.approx(0.65132, abs=5e-6)
    assert risk(laws.Gaussian(0), dense([[100]], (0,)), Replace(), 99)[99, 0] == pytest.approx(
        0.63397, abs=5e-6
    )


def test_an_archive_taken_whole_brings_no_noise():
    """A model that is refitted on the same archive is the same model for ever."""
    graph = InteractionGraph.from_flows([("book", "a", 50)], [Source("book", "fixed", 50)])
    rows = risk(laws.Asymptotic(), graph, Replace(), 5)[:, 0]
    np.testing.assert_allclose(rows, 1 / 50)
    part = InteractionGraph.from_flows([("book", "a", 20)], [Source("book", "fixed", 50)])
    np.testing.assert_allclose(risk(laws.Asymptotic(), part, Replace(), 5)[:, 0], 1 / 20)


def test_a_common_factor_of_all_weights_changes_nothing():
    """Only ratios of weights matter under replace."""
    graph = everything(True)
    doubled = InteractionGraph.from_parts(
        graph.sources,
        graph.models,
        [Flow(flow.provider, flow.model, flow.samples, 2 * flow.weight) for flow in graph.flows],
    )
    for law in (laws.Asymptotic(), laws.exponential(1.0), laws.Gaussian(0)):
        np.testing.assert_allclose(
            risk(law, doubled, Replace(), 5), risk(law, graph, Replace(), 5), rtol=1e-12
        )
