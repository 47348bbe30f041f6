"""The tail sample's derivatives, against differences of the tail sample itself and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.grounding import ground
from headwater.regimes import Replace
from headwater.theory import tail_lineage
from headwater.theory.flows import Flows
from headwater.theory.system import build
from headwater.theory.tail_slopes import tail_sample_slopes
from headwater.theory.tails import tail_sample, tail_sample_limit
from tests.oracles import chains
from tests.theory.graphs import FOUR_TAILS, dense, everyone, everything, random_graph

STEP = 1e-4


def of_all(graph, generations):
    """(models,) in the graph's order, by `headwater.theory.tails`."""
    keep = everyone(graph)
    if generations is None:
        lost = np.isin(ground(graph).component, ground(graph).ungrounded)
        row = tail_sample_limit(graph, keep, lost)
    else:
        row = tail_sample(graph, Replace(), keep, generations)[-1]
    table = np.empty_like(row)
    table[build(graph, keep).models] = row
    return table


def differences(graph, model, generations):
    """(flows,) by moving each count a little down, and up where its archive has room."""
    answer = []
    for flow, count in enumerate(graph.samples):
        archive = graph.provider[flow] - len(graph.model_names)
        room = math.inf if archive < 0 or not graph.fixed[archive] else graph.size[archive] - count
        ends = []
        for moved in (count - STEP, count + STEP if room >= STEP else count):
            counts = graph.samples.copy()
            counts[flow] = moved
            ends.append(tail_sample_slopes(graph, everyone(graph), model, generations, counts)[0])
        answer.append((ends[1] - ends[0]) / (STEP * (2 if room >= STEP else 1)))
    return np.array(answer)


GRAPHS = [everything(False), everything(True)] + [
    random_graph(np.random.default_rng([23, seed]), weighted=seed % 2 == 1) for seed in range(4)
]


@pytest.mark.parametrize("generations", [0, 1, 5, None])
@pytest.mark.parametrize("graph", GRAPHS, ids=range(len(GRAPHS)))
def test_values_are_those_of_the_tails(graph, generations):
    """Cycles, archives met in part and whole, frozen models, weights, ungrounded components."""
    expected = of_all(graph, generations)
    found = [
        tail_sample_slopes(graph, everyone(graph), model, generations)[0]
        for model in range(len(graph.model_names))
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("generations", [0, 1, 4, None])
@pytest.mark.parametrize("graph", GRAPHS, ids=range(len(GRAPHS)))
def test_derivatives_are_those_of_small_differences(graph, generations):
    """Every flow, every model."""
    for model in range(len(graph.model_names)):
        found = tail_sample_slopes(graph, everyone(graph), model, generations)[1]
        # a whole archive can only be left, which costs an order of accuracy
        np.testing.assert_allclose(found, differences(graph, model, generations), rtol=2e-4, atol=2e-5)


def test_derivatives_are_those_of_the_plain_recursion():
    """Differences of six lines written elsewhere, over counts and real samples."""
    counts, real = np.array(FOUR_TAILS, float), np.array([5.0, 0, 100, 50])
    graph = dense(FOUR_TAILS, (5, 0, 100, 50))
    found = tail_sample_slopes(graph, everyone(graph), 3, 12)[1]
    for flow, (provider, learner) in enumerate(zip(graph.provider, graph.learner, strict=True)):
        ends = []
        for step in (-0.01, 0.01):
            moved, fresh = counts.copy(), real.copy()
            if provider < 4:
                moved[learner, provider] += step
            else:
                fresh[learner] += step
            ends.append(chains.plain_tail_sample(moved, fresh, 3, 12))
        assert found[flow] == pytest.approx((ends[1] - ends[0]) / 0.02, rel=1e-5, abs=1e-8)


def test_one_generation_in_closed_form():
    r"""A lone loop, x real and n synthetic: :math:`A = x + N(1 - e^{-n/N})` with N = n + x."""
    x, n = 7.0, 20.0
    value, slopes = tail_sample_slopes(dense([[20]], (7,)), np.ones(1, bool), 0, 1)
    part = n / (n + x)
    assert value == pytest.approx(x + (n + x) * -math.expm1(-part), rel=1e-12)
    by_budget = -math.expm1(-part) - part * math.exp(-part)
    by_flow = {1: 1 + by_budget, 0: math.exp(-part) + by_budget}
    np.testing.assert_allclose(slopes, [by_flow[0], by_flow[1]], rtol=1e-12)


def test_unrelated_flows_do_not_matter():
    """A model downstream and one apart have slopes of exactly 0; a frozen model answers to none."""
    graph = InteractionGraph.from_parts(
        [Source("web")],
        [Model("a"), Model("below"), Model("apart"), Model("z", True, initial={"web": 9})],
        [
            Flow("web", "a", 10),
            Flow("z", "a", 5),
            Flow("a", "below", 8),
            Flow("web", "apart", 4),
        ],
    )
    value, slopes = tail_sample_slopes(graph, everyone(graph), 0, 6)
    assert (slopes[[0, 1]] > 0).all() and (slopes[[2, 3]] == 0).all()
    value, slopes = tail_sample_slopes(graph, everyone(graph), 3, None)
    assert value == 9 and (slopes == 0).all()


@pytest.mark.parametrize("generations", [0, 1, 9, None])
def test_a_candidate_that_is_not_used_is_a_flow_that_is_not_there(generations):
    """Counts of 0 give the values of the graph without those flows, and a derivative to start from."""
    used = dense(FOUR_TAILS, (50, 0, 100, 0))
    candidates = dense(FOUR_TAILS, (50, 60, 100, 70))
    counts = candidates.samples.copy()
    counts[np.isin(candidates.learner, [1, 3]) & (candidates.provider == 4)] = 0
    for model in range(4):
        value, slopes = tail_sample_slopes(candidates, everyone(used), model, generations, counts)
        assert value == pytest.approx(of_all(used, generations)[model], rel=1e-9)
        moved = counts + np.where(counts == 0, STEP, 0)
        ahead, later = tail_sample_slopes(candidates, everyone(used), model, generations, moved)
        rise = (slopes + later)[counts == 0].sum() / 2 * STEP
        assert ahead - value == pytest.approx(rise, rel=1e-3, abs=1e-8)


def test_unused_real_data_leave_a_loop_ungrounded():
    """A candidate of 0 grounds nothing: the limit is 0, as without it."""
    graph = dense([[0, 30], [40, 0]], (10, 0))
    counts = np.where(graph.provider == 2, 0.0, graph.samples)
    value, slopes = tail_sample_slopes(graph, everyone(graph), 1, None, counts)
    assert value == 0 and (slopes[graph.provider < 2] == 0).all()
    assert tail_sample_slopes(graph, everyone(graph), 1, None)[0] > 10


def test_what_was_not_kept_on_the_way_is_found_again(monkeypatch):
    """Few or many kept generations give the same derivatives, in the limit as well."""
    graph = dense(FOUR_TAILS, (30, 0, 100, 50))
    whole = [tail_sample_slopes(graph, everyone(graph), 3, at) for at in (37, None)]
    monkeypatch.setattr(tail_lineage, "MOST_KEPT", 3)
    for (value, slopes), at in zip(whole, (37, None), strict=True):
        again, same = tail_sample_slopes(graph, everyone(graph), 3, at)
        assert again == value
        np.testing.assert_array_equal(same, slopes)


def test_a_limit_that_is_too_much_work_is_not_told(monkeypatch):
    """NaN for the value and for every derivative, not numbers that have not settled."""
    monkeypatch.setattr(tail_lineage, "MOST_WORK", 1e5)
    value, slopes = tail_sample_slopes(dense([[1000]], (1,)), np.ones(1, bool), 0, None)
    assert math.isnan(value) and np.isnan(slopes).all()


@pytest.mark.parametrize("generations", [1, 4, None])
@pytest.mark.parametrize("seed", range(10))
def test_fresh_real_data_never_cost_tail(seed, generations):
    """At equal weights: archives, frozen models and given starts included."""
    graph = random_graph(np.random.default_rng([29, seed]), weighted=False)
    fresh = np.flatnonzero(graph.provider >= len(graph.model_names))
    fresh = fresh[~graph.fixed[graph.provider[fresh] - len(graph.model_names)]]
    for model in range(len(graph.model_names)):
        slopes = tail_sample_slopes(graph, everyone(graph), model, generations)[1]
        assert (slopes[fresh] >= -1e-12).all()


def test_heavy_real_data_may_cost_tail():
    """Control: a real record of weight 50 crowds out a provider that knows more of the tail."""
    graph = InteractionGraph.from_parts(
        [Source("web")],
        [Model("a"), Model("b"), Model("c")],
        [
            Flow("web", "a", 1000),
            Flow("a", "b", 1000),
            Flow("web", "b", 10, 50.0),
            Flow("b", "c", 1000),
        ],
    )
    slopes = tail_sample_slopes(graph, everyone(graph), 2, 3)[1]
    assert slopes[2] < -0.5


@pytest.mark.parametrize("seed", range(6))
def test_gains_diminish(seed):
    """Along any segment of real samples the slope falls: tangents lie above (default or given start)."""
    rng = np.random.default_rng([31, seed])
    size = int(rng.integers(2, 5))
    counts = rng.integers(1, 200, (size, size)) * (rng.random((size, size)) < 0.6)
    graph = dense(counts, np.ones(size, int))
    real = graph.provider >= size
    for generations in (1, 6, None):
        least = 10 if generations is None else 0.1
        ends = []
        for _ in range(2):
            samples = graph.samples.copy()
            samples[real] = least * 10 ** rng.uniform(0, 2, real.sum())
            ends.append((samples, *tail_sample_slopes(graph, everyone(graph), 0, generations, samples)))
        (one, low, slopes), (other, high, _) = ends
        assert high <= low + slopes @ (other - one) + 1e-4 * low * (generations is None) + 1e-9


def test_another_derivative_is_caught():
    """Control: leaving out that generation 0 follows the budget is an error that differences see."""
    graph = everything(False)
    flows = Flows.of(build(graph, everyone(graph)))
    given = InteractionGraph.from_parts(
        [Source("web"), Source("book", "fixed", 12)],
        [Model(one.name, one.frozen, initial=one.initial or {"web": 14}) for one in graph.models],
        graph.flows,
    )
    value, slopes = tail_sample_slopes(graph, everyone(graph), 0, 3)
    same, other = tail_sample_slopes(given, everyone(graph), 0, 3)
    assert flows.budget[0] == 14 and same == pytest.approx(value, rel=1e-12)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        np.testing.assert_allclose(other, differences(graph, 0, 3), rtol=2e-4, atol=2e-5)
    np.testing.assert_allclose(slopes, differences(graph, 0, 3), rtol=2e-4, atol=2e-5)
