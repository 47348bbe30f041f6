"""Where second moments settle, against long iteration, the dense solution and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.linalg import solve_discrete_lyapunov

from headwater.errors import NoSteadyState
from headwater.graph import InteractionGraph, Model, Source
from headwater.grounding import ground
from headwater.regimes import Replace, Window
from headwater.theory import laws, steady
from headwater.theory.steady import SMALL, Settling, steady_state, steps_to_settle
from tests.oracles import recursions
from tests.theory.graphs import FOUR, RESCUED, dense, everyone, everything, in_order, random_graph, ring
from tests.theory.table import LAWS, risk


def settle(recursion, generations):
    """The state after so many generations: a steady state by its definition."""
    state = recursion.start()
    for _ in range(generations):
        state = recursion.step(state)
    return state


def settled(law, graph, regime=None):
    recursion = law.recursion(graph, regime or Replace(), everyone(graph))
    return in_order(graph, recursion.system, steady_state(recursion))


def grounded_graphs(key, count, **how):
    """Random graphs without an ungrounded component."""
    found, seed = [], 0
    while len(found) < count:
        graph = random_graph(np.random.default_rng([key, seed]), real=1.0, **how)
        if not len(ground(graph).ungrounded):
            found.append(graph)
        seed += 1
    return found


@pytest.mark.parametrize(
    "graph", [everything(True), *grounded_graphs(10, 20, weighted=True)], ids=lambda _: ""
)
@pytest.mark.parametrize("name", ["asymptotic", "bernoulli", "gamma"])
def test_it_solves_the_dense_equations(graph, name):
    """(I - L) g = D over pairs of nodes, archives and frozen models held; only where the radius allows."""
    law, twin = LAWS[name]
    L, D = recursions.operator(graph, twin)
    if recursions.radius(graph, L) >= 1:
        pytest.skip("explodes: see test_an_exploding_system_has_no_steady_state")
    expected = np.diag(recursions.steady_state(graph, L, D, recursions.start(graph, twin.variance)))
    np.testing.assert_allclose(settled(law, graph), expected, rtol=1e-8, atol=1e-13)


@pytest.mark.parametrize("regime", [Replace(), Window(2), Window(5)], ids=str)
@pytest.mark.parametrize("name", ["asymptotic", "binomial", "gamma", "gaussian ddof 0", "gaussian ddof 1"])
def test_it_is_where_trajectories_go(name, regime):
    """Every law under every regime that forgets, after 250 generations."""
    law = LAWS[name][0]
    graph = everything(False)
    recursion = law.recursion(graph, regime, everyone(graph))
    expected = recursion.read(settle(recursion, 250))
    np.testing.assert_allclose(steady_state(recursion), expected, rtol=1e-8)


@pytest.mark.parametrize("graph", grounded_graphs(11, 12, least=4), ids=lambda _: "")
def test_fitted_variances_settle_where_trajectories_go(graph):
    """ddof 0 and 1 on graphs nobody chose, where they settle at all."""
    for ddof in (0, 1):
        recursion = laws.Gaussian(ddof).recursion(graph, Replace(), everyone(graph))
        first = settle(recursion, 250)
        second = recursion.step(first)
        if np.allclose(recursion.read(first), recursion.read(second), rtol=1e-12):
            np.testing.assert_allclose(steady_state(recursion), recursion.read(first), rtol=1e-7)


@pytest.mark.parametrize("graph", grounded_graphs(12, 12, archives=False, least=6), ids=lambda _: "")
def test_least_squares_settles_where_its_twin_does(graph):
    """With as many features as leave 2d + 1 samples it always settles."""
    counts = [recursions.budget(graph, model.name) for model in graph.models if not model.frozen]
    counts += [sum(model.initial.values()) for model in graph.models if model.initial]
    features = max(1, (min(counts) - 1) // 2)
    L, D, G = recursions.least_squares(graph, features, 1.0)
    expected = np.diag(recursions.steady_state(graph, L, D, G))
    np.testing.assert_allclose(settled(laws.LeastSquares(features), graph), expected, rtol=1e-8)


def test_the_start_does_not_matter():
    """Second moments settle whatever they were: other initial samples, the same limit."""
    graph = dense(FOUR, RESCUED)
    few = InteractionGraph.from_parts(
        graph.sources,
        [type(model)(model.name, initial={"web": 2}) for model in graph.models],
        graph.flows,
    )
    np.testing.assert_allclose(settled(laws.Asymptotic(), few), settled(laws.Asymptotic(), graph), rtol=1e-10)


def test_asymptotic_check_values():
    """*Four, rescued*: inflation in the limit."""
    graph = dense(FOUR, RESCUED)
    inflation = settled(laws.Asymptotic(), graph) / risk(laws.Asymptotic(), graph, Replace(), 0)[0]
    np.testing.assert_allclose(inflation, (9.690, 12.746, 4.875, 2.843), atol=5e-4)


def test_diversity_check_values():
    """*Four, rescued* keeps (.7726, .7533, .9035, .9598); a lone loop loses N / (n(2N - n) + N - n)."""
    law = laws.QuadraticVariance("diversity", {}, 1.0, -1.0)
    np.testing.assert_allclose(
        1 - settled(law, dense(FOUR, RESCUED)), (0.7726, 0.7533, 0.9035, 0.9598), atol=5e-5
    )
    assert settled(law, dense([[990]], (10,)))[0] == pytest.approx(0.047870, abs=5e-7)
    for n, N in ((1, 5), (3, 40), (50, 60)):
        expected = N / (n * (2 * N - n) + N - n)
        assert settled(law, dense([[N - n]], (n,)))[0] == pytest.approx(expected, rel=1e-10)


def test_archive_check_value():
    """50 records reused and 150 samples of its own: 10/7 of a fit on the 50."""
    graph = InteractionGraph.from_flows([("book", "a", 50), ("a", "a", 150)], [Source("book", "fixed", 50)])
    assert settled(laws.Asymptotic(), graph)[0] * 50 == pytest.approx(10 / 7, rel=1e-12)


def test_fitted_variance_check_value():
    """900 of its own samples and 100 real ones, ddof 1: .0052857."""
    assert settled(laws.Gaussian(1), dense([[900]], (100,)))[0] == pytest.approx(0.0052857, abs=5e-8)


def test_least_squares_check_value():
    """Ring with a tenth real at one model, d = 10, N = 120: 19.09, 20.09, 21.09, 22.09 in units of D."""
    found = np.sort(settled(laws.LeastSquares(10), ring(4, 120, 12))) / (10 / 109)
    np.testing.assert_allclose(found, (19.09, 20.09, 21.09, 22.09), atol=5e-3)


@pytest.mark.parametrize(("k", "best"), [(0.1, 0.2702), (0.5, 0.5), (1.0, 0.6180), (2.0, 0.7321)])
def test_weights_of_a_lone_loop(k, best):
    """[w² + k(1-w)²] / [w(2-w)] over real-only risk, least at w* where it equals w*."""
    synthetic, real = 1000, round(1000 * k)

    def inflation(w):
        flows = [("a", "a", synthetic), ("web", "a", real, w * synthetic / ((1 - w) * real))]
        return settled(laws.Asymptotic(), InteractionGraph.from_flows(flows, ["web"]))[0] * real

    for w in (best, 0.3, 0.8):
        assert inflation(w) == pytest.approx((w**2 + k * (1 - w) ** 2) / (w * (2 - w)), rel=1e-10)
    assert inflation(best) == pytest.approx(best, abs=5e-5)
    assert inflation(best - 0.05) > inflation(best) < inflation(best + 0.05)


@pytest.mark.parametrize(
    "law", [laws.Asymptotic(), laws.poisson(1.0), laws.LeastSquares(3)], ids=lambda law: law.name
)
def test_an_ungrounded_graph_has_no_steady_state(law):
    """Errors are passed on without loss."""
    with pytest.raises(NoSteadyState, match="passed on without"):
        settled(law, dense([[0, 30], [40, 0]], (0, 0)))


def test_an_exploding_system_has_no_steady_state():
    """Grounded, and yet the solution of the equations is no second moment."""
    with pytest.raises(NoSteadyState, match="settle nowhere"):
        settled(laws.LeastSquares(20), dense([[20]], (5,)))
    with pytest.raises(NoSteadyState, match="settle nowhere"):
        settled(laws.gamma(1.0, 0.05), dense([[4]], (1,)))


@pytest.mark.parametrize("law", [laws.gamma(1.0, 0.05), laws.LeastSquares(20)], ids=lambda law: law.name)
def test_two_exploding_loops_do_not_cancel(law):
    """Two signs that are wrong do not make a second moment that is right, nor does what hears them."""
    graph = dense([[24, 0, 0], [0, 23, 0], [24, 24, 0]], (3, 2, 30))
    alone = dense([[24]], (3,))
    rows = risk(law, alone, Replace(), 60)[:, 0]
    assert rows[60] > rows[30] > rows[10]
    with pytest.raises(NoSteadyState):
        settled(law, graph)


def test_frozen_models_alone_stay_what_they_are():
    """Nothing is trained: risk is that of generation 0."""
    graph = everything(False)
    keep = graph.frozen
    recursion = laws.poisson(2.0).recursion(graph, Replace(), keep)
    np.testing.assert_allclose(steady_state(recursion), [2 / 7])


def test_steps_and_doubling_are_one_series(monkeypatch):
    """The sparse sum and the dense doubling give the same limit."""
    graph = dense(FOUR, RESCUED)
    found = []
    for advantage in (0.0, 1e12):
        monkeypatch.setattr(steady, "DENSE_ADVANTAGE", advantage)
        found.append(settled(laws.exponential(1.0), graph))
        found.append(settled(laws.exponential(1.0), graph, Window(3)))
    np.testing.assert_allclose(found[0], found[2], rtol=1e-10)
    np.testing.assert_allclose(found[1], found[3], rtol=1e-10)


def test_work_shared_between_laws_changes_nothing():
    """The transition is the same for every law on a graph, and so is what depends on it alone."""
    graph = everything(False)
    recursions_ = [law.recursion(graph, Replace(), everyone(graph)) for law, _ in LAWS.values()]
    shared = Settling.of(recursions_[0])
    for recursion in recursions_:
        np.testing.assert_allclose(steady_state(recursion, shared), steady_state(recursion), rtol=1e-12)


def test_a_slow_loop_settles_where_its_closed_form_says():
    """One real sample in 20,001: thousands of steps; risk w²/n + ... = D / (1 - w²)."""
    graph = dense([[20_000]], (1,))
    w = 20_000 / 20_001
    assert settled(laws.Asymptotic(), graph)[0] == pytest.approx(1 / 20_001 / (1 - w**2), rel=1e-6)
    matrix = laws.Asymptotic().recursion(graph, Replace(), everyone(graph)).system.share
    needed = np.log(SMALL) / np.log(w)
    assert needed <= steps_to_settle(matrix) <= 2 * needed


def test_a_chain_that_loses_nothing_for_long_settles():
    """Thirty models that keep .9999 of themselves: no row loses mass for thousands of steps."""
    rows = [("web", "m0", 1), ("m0", "m0", 9999)]
    for at in range(1, 30):
        rows += [(f"m{at - 1}", f"m{at}", 1), (f"m{at}", f"m{at}", 9999)]
    graph = InteractionGraph.from_flows(rows, sources=["web"])
    risk_of_first = settled(laws.Asymptotic(), graph)[0]
    assert risk_of_first == pytest.approx(1e-4 / (1 - 0.9999**2), rel=1e-6)


@pytest.mark.parametrize(("own", "heard", "features"), [(25, 15, 10), (9, 7, 3), (40, 40, 20)])
def test_least_squares_on_frozen_models_alone_settles_where_it_goes(own, heard, features):
    """No real flow: all coefficients sum to 1, and the diagonal still feeds itself back."""
    graph = InteractionGraph.from_flows(
        [("judge", "a", heard), ("a", "a", own)],
        sources=["web"],
        models=[Model("judge", frozen=True, initial={"web": 30})],
    )
    recursion = laws.LeastSquares(features).recursion(graph, Replace(), everyone(graph))
    np.testing.assert_allclose(steady_state(recursion), recursion.read(settle(recursion, 2000)), rtol=1e-9)


def test_what_dies_out_slowly_is_summed_in_few_directions():
    """One slow direction among 160 models: sums and their adjoints as a dense solver finds them."""
    rng = np.random.default_rng(5)
    matrix = rng.random((160, 160)) * (rng.random((160, 160)) < 0.05) + 1e-3
    matrix *= 0.995 / matrix.sum(axis=1, keepdims=True)
    settling = Settling(sparse.csr_array(matrix), steps_to_settle(sparse.csr_array(matrix)))
    assert settling._slow is not None
    start = rng.standard_normal((160, 160))
    start = start @ start.T
    for found, transition in ((settling.sum(start), matrix), (settling.adjoint_sum(start), matrix.T)):
        wanted = solve_discrete_lyapunov(transition, start)
        assert np.abs(found - wanted).max() <= 1e-9 * np.abs(wanted).max()


def test_many_slow_directions_are_not_taken_for_few():
    """As many loops that forget as slowly as each other, which a few directions cannot hold."""
    matrix = np.diag(np.linspace(0.98999, 0.99, 160))
    settling = Settling(sparse.csr_array(matrix), 10_000)
    assert settling._slow is None
    found = settling.sum(np.eye(160))
    assert np.allclose(np.diagonal(found), 1 / (1 - np.diagonal(matrix) ** 2), rtol=1e-12)
