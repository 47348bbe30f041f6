"""Optimal loss weights by exact slopes, against scipy's optimiser with finite differences."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from benchmarks.measure import Row, timed
from headwater.graph import InteractionGraph
from headwater.planning.weights import SUM, WORST, Weighting, optimal_weights
from headwater.regimes import Replace
from headwater.theory.laws import Asymptotic
from headwater.theory.steady import steady_state

RUNS = 3
AGREEMENT = 1e-4
"""Relative, by which the alternative's optimum may be better."""

Array = NDArray[np.float64]


def run(quick: bool) -> Iterator[Row]:
    """Large graphs alone; then one on which the alternative still ends."""
    models, flows = (60, 600) if quick else (500, 5000)
    graph = random_graph(models, flows)
    size = f"{models:,} models, {flows:,} flows"
    for objective in (SUM, WORST):
        ours, found = timed(partial(optimal_weights, graph, objective), 1 if quick else RUNS)
        note = f"from {_value(found, False):.6g} to {_value(found, True):.6g}; wanted in under 20 s"
        yield Row(f"optimal weights, objective {objective}", size, ours, note=note)
    yield from _against(quick)


def _against(quick: bool) -> Iterator[Row]:
    models, flows = (6, 24) if quick else (20, 120)
    graph = random_graph(models, flows)
    for objective, power in ((SUM, 1.0), (WORST, 100.0)):
        ours, found = timed(partial(optimal_weights, graph, objective), RUNS)
        theirs, other = timed(partial(_generic, graph, power), 1)
        inflation = _inflation(graph, other)
        reached = inflation.sum() if objective is SUM else inflation.max()
        assert _value(found, True) <= reached * (1 + AGREEMENT)
        note = f"ours {_value(found, True):.8g}, theirs {reached:.8g}"
        yield Row(
            f"the same, objective {objective}",
            f"{models:,} models, {flows:,} flows",
            ours,
            theirs,
            "scipy L-BFGS-B, finite differences",
            target=50,
            note=note,
        )


def _value(found: Weighting, after: bool) -> float:
    return found.value(found.inflation_after if after else found.inflation_before)


def random_graph(models: int, flows: int) -> InteractionGraph:
    """Every model hears as many others, and a source from which a few of its samples come."""
    rng = np.random.default_rng(20250227)
    rows = []
    for model in range(models):
        for giver in rng.choice(models, flows // models - 1, False):
            rows.append((f"m{giver}", f"m{model}", int(rng.integers(50, 1500))))
        rows.append(("web", f"m{model}", int(rng.integers(20, 300))))
    return InteractionGraph.from_flows(rows, sources=["web"])


def _inflation(graph: InteractionGraph, weight: Array) -> Array:
    """(models,) in the limit."""
    weighted = InteractionGraph.from_arrays(
        graph.model_names, graph.source_names, graph.provider, graph.learner, graph.samples, weight
    )
    every = np.ones(len(graph.model_names), dtype=bool)
    risk = steady_state(Asymptotic().recursion(weighted, Replace(), every))
    return risk * np.bincount(graph.learner, graph.samples)


def _generic(graph: InteractionGraph, power: float) -> Array:
    """What one would write first: the same method on logarithms of weights, slopes left to scipy."""

    def value(log_weight: Array) -> float:
        inflation = _inflation(graph, np.exp(log_weight))
        return float(np.log((inflation**power).sum()) / power)

    found = minimize(value, np.zeros(len(graph.provider)), method="L-BFGS-B", options={"maxfun": 10**9})
    return np.exp(found.x)
