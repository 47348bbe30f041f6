"""Cuts are held to the values themselves, at points they were not made at."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headwater.graph import InteractionGraph, Source
from headwater.pipeline import Pipeline
from headwater.planning.allocation.oracle import Bound, oracle_of, relaxed, worst
from headwater.planning.allocation.problem import problem_of
from headwater.planning.allocation.search import grain
from headwater.planning.allocation.split import split
from headwater.planning.allocation.supply import Supply, offered
from headwater.planning.targets import Target, scope_of


def case(seed, weights=False, archive=True):
    """Five models that learn from each other, an archive and fresh data; and its oracle."""
    rng = np.random.default_rng(seed)
    flows = []
    for model in range(5):
        for giver in rng.choice(5, 2, replace=False):
            weight = float(rng.uniform(0.3, 1.0)) if weights else 1.0
            flows.append((f"m{giver}", f"m{model}", int(rng.integers(20, 300)), weight))
        if archive and rng.random() < 0.5:
            flows.append(("old", f"m{model}", int(rng.integers(20, 300))))
        if rng.random() < 0.4:
            flows.append(("web", f"m{model}", int(rng.integers(5, 50))))
    sources = [Source("web"), Source("old", "fixed", 400)]
    pipeline = Pipeline(InteractionGraph.from_flows(flows, sources), generations=6)
    problem = problem_of(pipeline, offered(pipeline.graph, Supply()), scope_of(pipeline.graph))
    targets = [Target("inflation", 1.5), Target("diversity", 0.99)]
    bounds = [Bound.of(target, when) for target in targets for when in ("horizon", "limit")]
    return rng, problem, oracle_of(problem, bounds)


@pytest.mark.parametrize("seed", range(12))
def test_cuts_hold_everywhere(seed):
    """With equal weights a tangent in logarithms is nowhere above the excess: archives and diversity too."""
    rng, problem, oracle = case(seed)
    base = rng.uniform(1, 400, problem.unknowns)
    point = oracle.point(base)
    assert oracle.proves
    cuts = {(row, model): point.cut(row, model) for row in range(len(oracle.bounds)) for model in range(5)}
    for _ in range(20):
        other = oracle.point(base * 10 ** rng.uniform(-2, 2, problem.unknowns))
        for (row, model), cut in cuts.items():
            mass = np.log(other.flows.mass[problem.pots])
            assert other.excess[row, model] >= cut.least - cut.slope @ mass - 1e-9


@pytest.mark.parametrize("seed", range(12))
def test_the_relaxed_judge_never_finds_more(seed):
    """With unequal weights its excess is below the true one, and its own cuts hold."""
    rng, problem, oracle = case(seed, weights=True)
    looser = relaxed(oracle)
    assert looser is not None and looser.proves and not oracle.proves
    base = rng.uniform(1, 400, problem.unknowns)
    cut = looser.point(base).cut(0, 0)
    for _ in range(20):
        added = base * 10 ** rng.uniform(-2, 2, problem.unknowns)
        true, below = oracle.point(added), looser.point(added)
        assert (below.excess <= true.excess + 1e-9).all()
        mass = np.log(below.flows.mass[problem.pots])
        assert below.excess[0, 0] >= cut.least - cut.slope @ mass - 1e-9


def test_a_steeper_cut_would_be_caught():
    """Power: the same check refuses a cut whose slope is half of what it should be."""
    rng, problem, oracle = case(3)
    base = rng.uniform(1, 400, problem.unknowns)
    cut = oracle.point(base).cut(0, 0)
    mass = np.log(oracle.point(base).flows.mass[problem.pots])
    wrong = cut.slope / 2
    least = cut.least - cut.slope @ mass + wrong @ mass
    more = oracle.point(base * 1.5)
    assert more.excess[0, 0] < least - wrong @ np.log(more.flows.mass[problem.pots]) - 1e-9


def test_parts_judge_as_the_whole_does():
    """Loops judged alone have the excess and the cuts that they have within the whole graph."""
    rng = np.random.default_rng(4)
    flows = []
    for loop in range(8):
        for at in range(3):
            flows.append((f"l{loop}.{at}", f"l{loop}.{(at + 1) % 3}", int(rng.integers(50, 90))))
    flows.append(("l0.0", "last", 30))
    flows.append(("l7.0", "last", 30))
    pipeline = Pipeline(InteractionGraph.from_flows(flows), generations=6)
    problem = problem_of(pipeline, offered(pipeline.graph, Supply()), scope_of(pipeline.graph))
    oracle = oracle_of(problem, [Bound.of(Target("inflation", 1.5), "limit")])
    parts = split(oracle)
    assert len(parts.parts) >= 7
    added = rng.uniform(20, 60, problem.unknowns)
    whole, in_parts = oracle.point(added), parts.point(added)
    seen = np.isfinite(in_parts.excess)
    np.testing.assert_allclose(in_parts.excess[seen], whole.excess[seen], rtol=1e-9)
    assert worst(in_parts) > 0
    for model in np.flatnonzero(seen[0]):
        one, other = whole.cut(0, int(model)), in_parts.cut(0, int(model))
        np.testing.assert_allclose(one.slope, other.slope, atol=1e-9)
        assert one.least == pytest.approx(other.least)


def test_costs_are_multiples_of_the_grain():
    """The largest amount that divides every price; none where prices have no common measure."""
    assert grain(np.array([1.0, 1.0])) == 1.0
    assert grain(np.array([1.5, 2.0])) == 0.5
    assert grain(np.array([0.01, 0.025])) == pytest.approx(0.005)
    assert grain(np.array([1.0, math.pi])) == 0.0
    assert grain(np.zeros(2)) == 0.0
