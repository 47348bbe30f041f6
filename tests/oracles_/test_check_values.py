"""The naive twins against published check values and against each other."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.regimes import Accumulate, AccumulateSubsample, Replace, Window
from tests.oracles import chains, recursions, simulation
from tests.oracles.agreement import assert_means
from tests.theory.graphs import CUT_OFF, FOUR, FOUR_TAILS, RESCUED, dense, everything

VOCABULARY = simulation.Categorical((0.1, 0.2, 0.3, 0.4))


def diagonal(path):
    return np.diagonal(path, axis1=-2, axis2=-1)


# -- check values --------------------------------------------------------------------------------


def test_least_squares_check_values():
    """Four models, d = 6: two collapse of themselves and take the others with them."""
    graph = dense(FOUR, CUT_OFF)
    L, D, G = recursions.least_squares(graph, 6, 1.0)
    path = diagonal(recursions.iterate(L, D, G, 11, 4))
    expected = [
        (0.261, 0.182, 0.182, 0.113),
        (0.443, 0.443, 0.254, 0.160),
        (1.328, 1.328, 0.568, 0.247),
        (2.656, 2.656, 1.049, 0.382),
    ]
    np.testing.assert_allclose(path[[0, 1, 5, 11]], expected, atol=5.01e-4)
    assert chains.conditions(graph) == ["ungrounded"] * 4
    assert chains.ungrounded_components(graph) == [[0, 1]]


def test_three_real_samples_ground_the_same_graph():
    graph = dense(FOUR, RESCUED)
    L, D, G = recursions.least_squares(graph, 6, 1.0)
    last = np.diag(recursions.iterate(L, D, G, 11, 4)[11])
    np.testing.assert_allclose(last, (1.587, 1.701, 0.769, 0.318), atol=5e-4)
    assert recursions.share_radius(graph) == pytest.approx(0.9535, abs=5e-5)
    assert chains.conditions(graph) == ["grounded"] * 4


def test_pooled_coefficients_check_values():
    c = recursions.pooled_coefficients(np.array([10.0, 20.0]), 5)
    np.testing.assert_allclose(c, [[0.16212, 0.17122], [0.17122, 0.49545]], atol=5e-6)
    assert c.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        (recursions.Quadratic(1.0, 1.0), (1.3685, 1.3685, 0.4311, 0.1224)),
        (recursions.Quadratic(2.0, 0.0), (1.75, 1.75, 0.5566, 0.1693)),
        (recursions.Quadratic(0.09, -1.0), (0.0530, 0.0530, 0.0171, 0.0056)),
    ],
)
def test_quadratic_variance_check_values(law, expected):
    """The ungrounded graph: mean of exponentials, Poisson of mean 2, Bernoulli of chance 0.1, at t = 29."""
    path = recursions.replace(dense(FOUR, CUT_OFF), law, 29)
    np.testing.assert_allclose(np.diag(path[29]), expected, atol=5.1e-5)


def test_tail_check_values():
    real = (0, 0, 100, 50)
    graph = dense(FOUR_TAILS, real)
    counts = np.array(FOUR_TAILS, float)
    for horizon, expected in ((1, (678.5, 698.8, 764.0, 922.3)), (50, (41.0, 41.2, 216.7, 273.9))):
        plain = [chains.plain_tail_sample(counts, np.array(real), at, horizon) for at in range(4)]
        np.testing.assert_allclose(plain, expected, atol=0.0501)
    plain = [chains.plain_tail_sample(counts, np.array(real), at, 9) for at in range(4)]
    general = [chains.tail_sample(graph, Replace(), at, 9) for at in range(4)]
    np.testing.assert_allclose(general, plain, rtol=1e-12)


def test_accumulate_check_values():
    path, _ = recursions.moments(dense([[0, 30], [40, 0]], (0, 0)), recursions.Asymptotic(), Accumulate(), 50)
    inflation = diagonal(path) / diagonal(path)[0]
    np.testing.assert_allclose(inflation[[10, 50]], [(0.7046, 0.9153), (0.7163, 0.9490)], atol=5e-5)


def test_archive_check_value():
    """50 records reused and 150 samples from itself: 10/7 of fitting the 50."""
    graph = InteractionGraph.from_flows([("book", "a", 50), ("a", "a", 150)], [Source("book", "fixed", 50)])
    L, D = recursions.operator(graph, recursions.Asymptotic())
    settled = recursions.steady_state(graph, L, D, recursions.start(graph, 1.0))
    assert settled[0, 0] * 50 == pytest.approx(10 / 7, rel=1e-12)


@pytest.mark.parametrize(
    ("counts", "slope"),
    [
        ([[120]], 1.0),
        (np.roll(np.eye(4), 1, axis=1) * 120, 1.0),
        (np.full((4, 4), 30), 0.270),
        (40 * (1 - np.eye(4)), 0.270),
    ],
    ids=["self-loop", "ring of four", "complete graph with loops", "complete graph"],
)
def test_least_squares_slopes(counts, slope):
    """d = 10, N = 120: risk per generation, in units of D."""
    L, D, G = recursions.least_squares(dense(counts, [0] * len(counts)), 10, 1.0)
    path = recursions.iterate(L, D, G, 400, len(counts))[:, 0, 0]
    assert (path[400] - path[300]) / 100 / (10 / 109) == pytest.approx(slope, abs=5e-4)


def test_ring_with_a_tenth_real_settles():
    counts = np.roll(np.eye(4), 1, axis=1) * 120
    counts[0] *= 0.9
    graph = dense(counts, (12, 0, 0, 0))
    L, D, G = recursions.least_squares(graph, 10, 1.0)
    settled = np.diag(recursions.steady_state(graph, L, D, G)) / (10 / 109)
    np.testing.assert_allclose(np.sort(settled), (19.09, 20.09, 21.09, 22.09), atol=5e-3)
    np.testing.assert_allclose(np.diag(recursions.iterate(L, D, G, 3000, 4)[-1]) / (10 / 109), settled)


def test_grounded_and_yet_exploding():
    """d = 20, N = 25 of which 5 real: x 1.41 a generation."""
    graph = dense([[20]], (5,))
    L, _, _ = recursions.least_squares(graph, 20, 1.0)
    assert chains.conditions(graph) == ["grounded"]
    assert recursions.radius(graph, L) == pytest.approx(1.41, abs=5e-3)


def test_lone_loop_limits():
    """Pools level off at π²/6 and π²/2 - 2; the rest after t generations falls as 1/t."""
    graph = dense([[10]], (0,))
    for regime, limit in ((Accumulate(), np.pi**2 / 6), (AccumulateSubsample(), np.pi**2 / 2 - 2)):
        path, _ = recursions.moments(graph, recursions.Asymptotic(), regime, 800)
        inflation = path[:, 0, 0] * 10
        assert 2 * inflation[800] - inflation[400] == pytest.approx(limit, rel=1e-4)
    A = chains.plain_tail_sample(np.array([[1000.0]]), np.zeros(1), 0, 300)
    assert pytest.approx(2000 / 302, rel=0.02) == A


@pytest.mark.parametrize("k", [0.25, 1.0, 4.0])
def test_weights_of_a_lone_loop(k):
    """Inflation over real data alone is least at w* = (√(k² + 4k) - k) / 2, where it is w*."""
    synthetic, real = 100, int(100 * k)

    def inflation(w):
        weight = w * synthetic / ((1 - w) * real)
        flows = [Flow("a", "a", synthetic), Flow("web", "a", real, weight)]
        graph = InteractionGraph.from_flows(flows, ["web"])
        L, D = recursions.operator(graph, recursions.Asymptotic())
        settled = recursions.steady_state(graph, L, D, recursions.start(graph, 1.0))[0, 0] * real
        assert settled == pytest.approx((w**2 + k * (1 - w) ** 2) / (w * (2 - w)))
        return settled

    best = (np.sqrt(k**2 + 4 * k) - k) / 2
    assert inflation(best) == pytest.approx(best)
    assert inflation(best - 0.05) > best < inflation(best + 0.05)


# -- the twins against each other ----------------------------------------------------------------


def random_graph(rng) -> InteractionGraph:
    size = int(rng.integers(2, 6))
    names = [f"m{at}" for at in range(size)]
    frozen = rng.random(size) < 0.2
    flows = []
    for i in np.flatnonzero(~frozen):
        providers = [name for name in [*names, "web"] if rng.random() < 0.3] or [names[rng.integers(size)]]
        flows += [Flow(name, names[i], int(rng.integers(1, 20)), rng.uniform(0.5, 2)) for name in providers]
    models = [Model(name, bool(ice), initial={"web": 9}) for name, ice in zip(names, frozen, strict=True)]
    return InteractionGraph.from_parts([Source("web")], models, flows)


@pytest.mark.parametrize("seed", range(100))
def test_three_forms_of_the_condition_agree(seed):
    """Closure, spectral radius between the *trained* ancestors, and absorption: one verdict a model."""
    graph = random_graph(np.random.default_rng(seed))
    reach, words = chains.feeds(graph), chains.conditions(graph)
    ends, depth = chains.walk(graph)
    np.testing.assert_allclose(ends.sum(1), 1.0)
    models = len(words)
    W = recursions.shares(graph)
    for at, word in enumerate(words):
        family = [j for j in range(models) if (reach[j, at] or j == at) and not graph.frozen[j]]
        radius = abs(np.linalg.eigvals(W[np.ix_(family, family)])).max(initial=0.0)
        lost = ends[at, models + 1 :].sum()
        assert (word == "ungrounded") == (radius > 1 - 1e-9) == (lost > 1e-12) == np.isinf(depth[at])
        assert (word == "grounded") == bool(ends[at, models] > 1 - 1e-12)


def test_depth_is_the_amplification_of_a_constant_bias():
    graph = dense(FOUR, RESCUED)
    bias = np.zeros(4)
    for _ in range(2000):
        bias = recursions.shares(graph) @ bias + 1.0
    np.testing.assert_allclose(bias, chains.walk(graph)[1])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "law", [recursions.Asymptotic(2.0), recursions.Quadratic(1.0, 0.5), recursions.DIVERSITY]
)
def test_shocks_and_matrices_agree_under_replace(law, weighted):
    graph = everything(weighted)
    by_shocks, _ = recursions.moments(graph, law, Replace(), 200)
    np.testing.assert_allclose(by_shocks, recursions.replace(graph, law, 200), rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(by_shocks, recursions.moments(graph, law, Window(1), 200)[0])
    L, D = recursions.operator(graph, law)
    settled = recursions.steady_state(graph, L, D, recursions.start(graph, law.variance))
    np.testing.assert_allclose(by_shocks[200], settled, rtol=1e-8)


def test_accumulate_is_the_averaged_map_when_budgets_are_equal():
    """M = (1 - a) I + a W, a = 1 / (t + 1), and a² D; a window wider than the past is the same."""
    graph = dense([[0, 8], [5, 0]], (2, 5))
    W, D = recursions.shares(graph), np.eye(2) / 10
    G = np.eye(2) / 10
    path, _ = recursions.moments(graph, recursions.Asymptotic(), Accumulate(), 9)
    for t in range(1, 10):
        a = 1 / (t + 1)
        M = (1 - a) * np.eye(2) + a * W
        G = M @ G @ M.T + a**2 * D
        np.testing.assert_allclose(path[t], G)
    np.testing.assert_allclose(path, recursions.moments(graph, recursions.Asymptotic(), Window(10), 9)[0])


def test_risk_below_a_ceiling_is_not_lost_downstream():
    """A model that is half real and half fed by a collapsed one keeps 1 - h² - noise of its diversity."""
    graph = dense([[6, 0], [6, 0]], (0, 6))
    assert chains.conditions(graph) == ["ungrounded", "ungrounded"]
    _, retained = recursions.moments(graph, recursions.DIVERSITY, Replace(), 200)
    np.testing.assert_allclose(retained[-1], (0.0, 1 - 0.25 - 0.25 / 6), atol=1e-9)
    rng = np.random.default_rng(5)
    draws = simulation.simulate(graph, VOCABULARY, Replace(), 100, 2_000, rng)["diversity"][:, -1] / 0.7
    assert_means(draws, np.array([0.0, 1 - 0.25 - 0.25 / 6]))


def test_a_periodic_component_hands_down_one_share_a_lineage():
    """A ring of two is two independent lineages: downstream Σ h_c² of its growth arrives, not (Σ h_c)²."""
    graph = dense([[0, 20, 0], [5, 0, 0], [6, 18, 0]], (0, 0, 0))
    path = diagonal(recursions.replace(graph, recursions.Asymptotic(), 400))
    rate = 2 * (0.25 / 20 + 0.25 / 5)  # period × Σ π² D
    growth = (path[400] - path[300]) / 100
    np.testing.assert_allclose(growth, (rate, rate, (0.25**2 + 0.75**2) * rate))


def test_variance_fitted_without_correction_bounds_the_risk_of_a_lone_loop():
    """ddof 0: variance is lost and the mean's risk ends at the truth's variance; ddof 1: no bound."""
    graph = dense([[6]], (0,))
    risk, variance = recursions.moments(graph, recursions.Gaussian(1.0, 0), Replace(), 300)
    assert (risk[-1, 0, 0], variance[-1, 0]) == pytest.approx((1.0, 0.0))
    risk, variance = recursions.moments(graph, recursions.Gaussian(1.0, 1), Replace(), 300)
    assert (risk[-1, 0, 0], variance[-1, 0]) == pytest.approx((301 / 6, 1.0))
