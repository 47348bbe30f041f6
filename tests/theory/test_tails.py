"""The effective tail sample, against the twin, real categorical draws and long horizons."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.errors import NoLaw
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.grounding import ground
from headwater.regimes import Accumulate, AccumulateSubsample, Replace, Window
from headwater.theory import tails
from headwater.theory.tails import tail_sample, tail_sample_limit
from tests.oracles import chains, simulation
from tests.oracles.agreement import assert_means
from tests.theory.graphs import FOUR_TAILS, dense, everyone, everything, random_graph

REGIMES = (Replace(), Window(1), Window(3), Accumulate(), AccumulateSubsample())
ARCHIVE = InteractionGraph.from_parts(
    [Source("book", "fixed", 100)],
    [Model("z", True, initial={"book": 40}), Model("a")],
    [Flow("book", "a", 30), Flow("a", "a", 40), Flow("z", "a", 20)],
)


def tail(graph, regime, generations):
    """(generations + 1, models), in the graph's order of models."""
    rows = tail_sample(graph, regime, everyone(graph), generations)
    order = np.concatenate([np.flatnonzero(graph.trained), np.flatnonzero(graph.frozen)])
    table = np.empty_like(rows)
    table[:, order] = rows
    return table


def limit(graph, **work):
    grounding = ground(graph)
    lost = np.isin(grounding.component, grounding.ungrounded)
    found = tail_sample_limit(graph, everyone(graph), lost, **work)
    order = np.concatenate([np.flatnonzero(graph.trained), np.flatnonzero(graph.frozen)])
    table = np.empty_like(found)
    table[order] = found
    return table


def twin(graph, regime, generations):
    models = range(len(graph.model_names))
    return [[chains.tail_sample(graph, regime, at, t) for at in models] for t in range(generations + 1)]


@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("regime", REGIMES, ids=str)
def test_it_follows_the_twin(regime, weighted):
    """A cycle, an archive met in every way, a frozen model, weights."""
    graph = everything(weighted)
    if weighted and regime == AccumulateSubsample():
        with pytest.raises(NoLaw, match="no exact law") as caught:
            tail(graph, regime, 2)
        assert "simulate" in caught.value.remedy
        return
    np.testing.assert_allclose(tail(graph, regime, 4), twin(graph, regime, 4), rtol=1e-10)


@pytest.mark.parametrize("regime", REGIMES, ids=str)
@pytest.mark.parametrize("seed", range(8))
def test_random_graphs_follow_their_twins(seed, regime):
    """The same for graphs nobody chose."""
    weighted = seed % 2 == 1 and regime != AccumulateSubsample()
    graph = random_graph(np.random.default_rng([17, seed]), weighted)
    np.testing.assert_allclose(tail(graph, regime, 3), twin(graph, regime, 3), rtol=1e-10)


def test_check_values():
    """The graph of four, t = 1 and 50."""
    rows = tail(dense(FOUR_TAILS, (0, 0, 100, 50)), Replace(), 50)
    np.testing.assert_allclose(rows[1], (678.5, 698.8, 764.0, 922.3), atol=0.0501)
    np.testing.assert_allclose(rows[50], (41.0, 41.2, 216.7, 273.9), atol=0.0501)


def test_check_values_of_a_lone_loop():
    """N = 1000: 158.2 at t = 10, 19.35 at t = 100; 2N/(t + 2) from above."""
    rows = tail(dense([[1000]], (0,)), Replace(), 1000)[:, 0]
    np.testing.assert_allclose(rows[[10, 100]], (158.2, 19.35), atol=0.0501)
    assert rows[1000] == pytest.approx(2000 / 1002, rel=0.01)


def test_in_units_of_lone_loops():
    """Six lines of the plain recursion, at every horizon."""
    counts, real = np.array(FOUR_TAILS, float), np.array([0, 7, 100, 50.0])
    graph = dense(FOUR_TAILS, (0, 7, 100, 50))
    expected = [[chains.plain_tail_sample(counts, real, at, t) for at in range(4)] for t in range(20)]
    np.testing.assert_allclose(tail(graph, Replace(), 19), expected, rtol=1e-12)


@pytest.mark.parametrize("regime", [Replace(), Window(3), Accumulate()], ids=str)
def test_poisson_records_follow_it_at_any_budget(regime):
    """Exact there: p = 0.1, budgets of 11 to 16, weights; false alarm one in a million.

    Control: the same draws reject a tail sample that is 5 % larger.
    """
    graph = everything(True)
    fresh = InteractionGraph.from_parts([Source("web"), Source("book")], graph.models, graph.flows)
    rng = np.random.default_rng(47)
    unseen = (
        simulation.simulate(fresh, simulation.Poisson(0.1), regime, 4, 20_000, rng)["parameter"][..., 0] == 0
    )
    A = tail(fresh, regime, 4)
    assert_means(unseen, np.exp(-0.1 * A))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(unseen, np.exp(-0.1 * 1.05 * A))


@pytest.mark.parametrize("regime", [Replace(), Accumulate(), AccumulateSubsample()], ids=str)
def test_a_rare_symbol_follows_it(regime):
    """p = 0.005, an archive of 100, a frozen model. Control: the archive taken for fresh."""
    rare = simulation.Categorical((0.005, 0.995))
    absent = simulation.simulate(ARCHIVE, rare, regime, 4, 5_000, np.random.default_rng(53))["absent"]
    assert_means(absent, np.exp(-0.005 * tail(ARCHIVE, regime, 4)))
    forgetful = InteractionGraph.from_parts([Source("book")], ARCHIVE.models, ARCHIVE.flows)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(absent, np.exp(-0.005 * tail(forgetful, regime, 4)))


@pytest.mark.parametrize("regime", [Accumulate(), AccumulateSubsample()], ids=str)
def test_what_is_kept_is_not_forgotten(regime):
    """Under accumulate A never falls below the initial N; a subsample knows less than its pool."""
    graph = dense([[0, 8], [5, 0]], (2, 5))
    rows, pool = tail(graph, regime, 12), tail(graph, Accumulate(), 12)
    if regime == Accumulate():
        assert (rows >= rows[0] - 1e-12).all() and (np.diff(rows, axis=0) >= -1e-12).all()
    else:
        assert (rows[1:] < pool[1:]).all()


@pytest.mark.parametrize("seed", range(12))
def test_the_limit_is_where_long_horizons_go(seed):
    """Grounded or not, archives and frozen models included."""
    graph = random_graph(np.random.default_rng([18, seed]), weighted=True)
    lost = np.isin(ground(graph).component, ground(graph).ungrounded)
    rows, found = tail(graph, Replace(), 3000)[3000], limit(graph)
    np.testing.assert_allclose(found[~lost], rows[~lost], rtol=5e-3, atol=2e-2)
    assert (found[lost] == 0).all() and (rows[lost] < 0.05).all()
    settled = ~ground(graph).is_ungrounded
    np.testing.assert_allclose(found[settled], rows[settled], rtol=1e-6)


def test_check_values_downstream_of_a_collapse():
    """(0.1, 0.1, 142.0, 195.5) at t = 20,000: real data still reach models 3 and 4.

    What they still owe to the two lineages of the ring above them, they lose in the end.
    """
    graph = dense(FOUR_TAILS, (0, 0, 100, 50))
    rows = tail(graph, Replace(), 20_000)[20_000]
    np.testing.assert_allclose(rows, (0.1, 0.1, 142.0, 195.5), atol=0.0501)
    expected = rows - np.array([1, 1, 0, 0]) * rows - np.array([0, 0, 1, 1]) * (rows[0] + rows[1])
    np.testing.assert_allclose(limit(graph), expected, rtol=1e-4, atol=1e-9)


def test_a_limit_that_is_too_much_work_is_left_out():
    """NaN, not a number that has not settled."""
    found = limit(dense([[100]], (1,)), most_work=10)
    assert np.isnan(found).all()


def test_models_are_followed_in_blocks(monkeypatch):
    """How many at once changes nothing."""
    graph = random_graph(np.random.default_rng(19), weighted=True)
    whole = [tail(graph, regime, 3) for regime in REGIMES[:4]], limit(graph)
    monkeypatch.setattr(tails, "BLOCK", 2)
    np.testing.assert_allclose([tail(graph, regime, 3) for regime in REGIMES[:4]], whole[0], rtol=1e-12)
    np.testing.assert_allclose(limit(graph), whole[1], rtol=1e-9)
