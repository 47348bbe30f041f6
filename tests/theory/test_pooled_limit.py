"""Where pools settle, against long trajectories and series that are known."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.regimes import Accumulate, AccumulateSubsample
from headwater.theory import laws
from headwater.theory.pooled_limit import settled_risk
from tests.theory.graphs import dense, everyone, in_order, ring
from tests.theory.table import LAWS, POOLS, risk


def settled(law, graph, regime):
    recursion = law.recursion(graph, regime, everyone(graph))
    found = settled_risk(recursion)
    return found if found is None else in_order(graph, recursion.system, found)


def extrapolated(law, graph, regime, t=400):
    """The limit L of a trajectory R whose rest falls as (a + b log t) / t, from R at t, t/2 and t/4."""
    rows = risk(law, graph, regime, t)
    late = t * rows[t] - t / 2 * rows[t // 2]
    early = t / 2 * rows[t // 2] - t / 4 * rows[t // 4]
    return (late - early) / (t / 4)


def complete(size, samples, real=0, initial=0):
    """Everyone learns from everyone: walks mix at once, so that limits are near."""
    names = [f"m{at}" for at in range(size)]
    flows = [Flow(giver, taker, samples) for giver in names for taker in names]
    flows += [Flow("web", name, real) for name in names if real]
    models = [Model(name, initial={"web": initial} if initial else {}) for name in names]
    return InteractionGraph.from_parts([Source("web")], models, flows)


CLOSED = {
    "lone loop": dense([[10]], (0,)),
    "ring of two": ring(2, 12),
    "two loops of different size": dense([[10, 0], [0, 30]], (0, 0)),
    "complete": complete(3, 4),
    "complete, larger start": complete(3, 4, initial=30),
    "complete, smaller start": complete(3, 4, initial=5),
    "a reader": dense([[6, 6, 0], [6, 6, 0], [3, 0, 0]], (0, 0, 0)),
    "unequal budgets": dense([[5, 5], [9, 9]], (0, 0)),
    "weights": InteractionGraph.from_flows(
        [("a", "a", 5, 2.0), ("b", "a", 5), ("a", "b", 5), ("b", "b", 5, 2.0)]
    ),
    "frozen": InteractionGraph.from_parts(
        [Source("web")],
        [Model("z", True, initial={"web": 7}), Model("a")],
        [Flow("z", "a", 9), Flow("a", "a", 1)],
    ),
    "archive": InteractionGraph.from_parts(
        [Source("book", "fixed", 9)],
        [Model("a", initial={"book": 9}), Model("b")],
        [Flow("a", "a", 9), Flow("a", "b", 9)],
    ),
}


@pytest.mark.parametrize("graph", CLOSED.values(), ids=list(CLOSED))
@pytest.mark.parametrize("regime", POOLS, ids=str)
def test_large_sample_limits_are_where_trajectories_go(graph, regime):
    """The trajectory is that of the twin; what is left of it falls as 1/t² or nearly."""
    found = settled(laws.Asymptotic(), graph, regime)
    if graph is CLOSED["weights"] and regime == AccumulateSubsample():
        assert found is None
        return
    assert found is not None
    np.testing.assert_allclose(found, extrapolated(laws.Asymptotic(), graph, regime), rtol=1e-3, atol=1e-9)


@pytest.mark.parametrize("name", ["exponential", "bernoulli", "gamma", "poisson"])
@pytest.mark.parametrize("graph", list(CLOSED.values())[:6], ids=list(CLOSED)[:6])
def test_curved_limits_are_where_trajectories_go(graph, name):
    """Variances that depend on error change while they settle."""
    law = LAWS[name][0]
    found = settled(law, graph, Accumulate())
    np.testing.assert_allclose(found, extrapolated(law, graph, Accumulate()), rtol=1e-3)


def test_a_lone_loop_ends_at_the_series_that_are_known():
    """π²/6 and π²/2 - 2 times generation 0."""
    graph = dense([[10]], (0,))
    assert settled(laws.Asymptotic(), graph, Accumulate())[0] * 10 == pytest.approx(np.pi**2 / 6, rel=1e-12)
    assert settled(laws.Asymptotic(), graph, AccumulateSubsample())[0] * 10 == pytest.approx(
        np.pi**2 / 2 - 2, rel=1e-12
    )


def test_a_curved_lone_loop_ends_at_its_product():
    """Exponential, n samples: 1 + G is multiplied by 1 + 1/(n t²) a generation; Euler's product for sinh."""
    for n in (2, 5, 50):
        root = np.pi / np.sqrt(n)
        expected = np.sinh(root) / root - 1
        found = settled(laws.exponential(1.0), dense([[n]], (0,)), Accumulate())[0]
        assert found == pytest.approx(expected, rel=1 / (256 * n))


def test_fresh_data_in_every_walk_leave_no_error():
    """A pool that keeps growing with real data forgets the rest; a subsample of N keeps V/N."""
    graph = dense([[5, 3], [0, 6]], (2, 4))
    np.testing.assert_allclose(settled(laws.poisson(2.0), graph, Accumulate()), 0.0, atol=1e-12)
    np.testing.assert_allclose(settled(laws.Asymptotic(), graph, AccumulateSubsample()), 1 / 10)


def test_classes_that_start_at_different_sizes_have_no_closed_form():
    """Their pools age differently: none rather than a wrong number."""
    graph = InteractionGraph.from_parts(
        [Source("web")],
        [Model("a", initial={"web": 40}), Model("b")],
        [Flow("a", "a", 5), Flow("b", "a", 5), Flow("a", "b", 5), Flow("b", "b", 5)],
    )
    assert settled(laws.Asymptotic(), graph, Accumulate()) is None
    weighted = InteractionGraph.from_flows([("a", "a", 5, 2.0), ("b", "a", 5), ("a", "b", 9)])
    assert settled(laws.Asymptotic(), weighted, Accumulate()) is None
    separate = InteractionGraph.from_parts(
        [Source("web")], [Model("a", initial={"web": 40}), Model("b")], [Flow("a", "a", 5), Flow("b", "b", 5)]
    )
    np.testing.assert_allclose(
        settled(laws.Asymptotic(), separate, Accumulate()),
        extrapolated(laws.Asymptotic(), separate, Accumulate()),
        rtol=1e-3,
    )


def test_a_common_weight_makes_a_subsampled_pool_uneven():
    """Initial records weigh 1 and later ones 3: the limit is none, or where the trajectory goes."""
    graph = InteractionGraph.from_flows([("a", "a", 10, 3.0)])
    found = settled(laws.Asymptotic(), graph, AccumulateSubsample())
    if found is not None:
        expected = extrapolated(laws.Asymptotic(), graph, AccumulateSubsample())
        np.testing.assert_allclose(found, expected, rtol=1e-3)


@pytest.mark.parametrize(
    ("name", "regime"),
    [
        ("gaussian ddof 0", Accumulate()),
        ("gaussian ddof 1", Accumulate()),
        ("exponential", AccumulateSubsample()),
    ],
    ids=str,
)
def test_what_has_no_closed_form_is_none(name, regime):
    """Fitted variances, and exact laws under subsampling."""
    assert settled(LAWS[name][0], complete(2, 5), regime) is None
