"""Accumulate and accumulate-subsample, against the twin that sums shocks and against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.errors import NoLaw
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.regimes import Accumulate, AccumulateSubsample
from headwater.theory import laws
from tests.theory.graphs import dense, everything, random_graph
from tests.theory.table import LAWS, POOLS, agrees, risk


@pytest.mark.parametrize("regime", POOLS, ids=str)
@pytest.mark.parametrize("name", LAWS)
def test_every_law_follows_its_twin(name, regime):
    """Risk of every model at every generation, with a cycle, an archive and a frozen model."""
    agrees(name, everything(False), regime)


@pytest.mark.parametrize("name", [name for name in LAWS if name != "gaussian ddof 1"])
def test_weighted_pools_follow_their_twin(name):
    """Under accumulate records keep their weights."""
    agrees(name, everything(True), Accumulate())


@pytest.mark.parametrize("regime", POOLS, ids=str)
@pytest.mark.parametrize("seed", range(16))
def test_random_graphs_follow_their_twins(seed, regime):
    """The same for graphs nobody chose: who starts from which archive is where this went wrong once."""
    weighted = seed % 2 == 1 and regime == Accumulate()
    graph = random_graph(np.random.default_rng([3, seed]), weighted)
    for name in ("asymptotic", "bernoulli", "exponential", "gaussian ddof 0", "gaussian ddof 1"):
        if not (weighted and name == "gaussian ddof 1"):
            agrees(name, graph, regime)


def test_fresh_initial_samples_do_not_hide_an_archive_of_another_model():
    """b starts from the web; a, before it in order, still pools the last archive."""
    graph = InteractionGraph.from_parts(
        [Source("web"), Source("book", "fixed", 12)],
        [Model("a"), Model("b", initial={"web": 9})],
        [Flow("book", "a", 6), Flow("a", "a", 4), Flow("a", "b", 10)],
    )
    # a starts from 6 of the book and 4 of the web: 1/10, and 1/12 of it is the book's own
    assert risk(laws.Asymptotic(), graph, Accumulate(), 1)[0, 0] == pytest.approx(1 / 10)
    # later batches are 4 of its own: pool 14 of which 4/14 repeat its error, with noise 1/4
    expected = 1 / 10 + (4 / 14) ** 2 / 4
    assert risk(laws.Asymptotic(), graph, Accumulate(), 1)[1, 0] == pytest.approx(expected)
    agrees("asymptotic", graph, Accumulate())


@pytest.mark.parametrize("name", [name for name in LAWS if name != "asymptotic"])
def test_unequal_weights_under_subsampling_have_no_exact_law(name):
    """A subsample holds a random number of records of each weight: refused, with the way out."""
    with pytest.raises(NoLaw, match="simulate"):
        risk(LAWS[name][0], everything(True), AccumulateSubsample(), 1)


def test_a_common_weight_is_unequal_to_that_of_the_initial_samples():
    """Every flow has weight 1.4, and the pool still mixes it with the 1 of generation 0."""
    graph = InteractionGraph.from_flows([Flow("web", "a", 5, 1.4), Flow("a", "a", 5, 1.4)], ["web"])
    with pytest.raises(NoLaw, match="simulate"):
        risk(laws.poisson(2.0), graph, AccumulateSubsample(), 1)
    agrees("poisson", graph, Accumulate())


def test_large_samples_from_an_uneven_pool():
    """n of P records drawn: (1/n - 1/P) P Σω² / (Σω)², for a lone loop whose flow has weight ω."""
    n, omega = 10.0, 3.0
    graph = InteractionGraph.from_flows([Flow("a", "a", int(n), omega)])
    first = 1 / n
    gain = omega / (1 + omega)
    pool = first + gain**2 / n
    drawn = (1 / n - 1 / (2 * n)) * 2 * n * (n + n * omega**2) / (n + n * omega) ** 2
    rows = risk(laws.Asymptotic(), graph, AccumulateSubsample(), 1)[:, 0]
    np.testing.assert_allclose(rows, (first, pool + drawn), rtol=1e-12)


def test_accumulate_check_values():
    """Counts [[0, 30], [40, 0]]: inflation at t = 10 and 50; both improve."""
    rows = risk(laws.Asymptotic(), dense([[0, 30], [40, 0]], (0, 0)), Accumulate(), 50)
    np.testing.assert_allclose((rows / rows[0])[[10, 50]], [(0.7046, 0.9153), (0.7163, 0.9490)], atol=5e-5)


def test_accumulate_subsample_check_values():
    """Lone loop, 10 and 100 batches; the pool's own recursion in one line."""
    rows = risk(laws.Asymptotic(), dense([[7]], (0,)), AccumulateSubsample(), 99)[:, 0] * 7
    np.testing.assert_allclose(rows[[9, 99]], (2.6493, 2.9050), atol=5e-5)
    pool = 1.0
    for g in range(1, 100):
        pool += (2 - 1 / g) / (g + 1) ** 2
        assert rows[g] == pytest.approx(pool + 1 - 1 / (g + 1), rel=1e-12)


def test_a_lone_loop_that_keeps_everything():
    """Σ 1/t² of generation 0, term by term."""
    rows = risk(laws.Asymptotic(), dense([[9]], (0,)), Accumulate(), 40)[:, 0] * 9
    np.testing.assert_allclose(rows, np.cumsum(1 / np.arange(1, 42) ** 2.0), rtol=1e-12)


def test_an_archive_enters_a_pool_once():
    """A model on one archive alone stays what it was, however long it accumulates."""
    graph = InteractionGraph.from_flows([("book", "a", 30)], [Source("book", "fixed", 50)])
    np.testing.assert_allclose(risk(laws.Asymptotic(), graph, Accumulate(), 6)[:, 0], 1 / 30)
    np.testing.assert_allclose(risk(laws.poisson(3.0), graph, AccumulateSubsample(), 6)[:, 0], 3 / 30)
