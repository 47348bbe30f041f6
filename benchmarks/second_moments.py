"""Second moments generation by generation, and where they settle, against the dense loop one would write."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Row, timed
from headwater.graph import InteractionGraph
from headwater.regimes import Replace
from headwater.theory.laws import Asymptotic, QuadraticVariance, exponential
from headwater.theory.steady import steady_state
from headwater.theory.trajectory import trajectory

RUNS = 5
OTHER_RUNS = 3
GENERATIONS = 100
SETTLED = 1e-10
AGREEMENT = 1e-8
Array = NDArray[np.float64]


def run(quick: bool) -> Iterator[Row]:
    """A law with constant variances, and one that feeds error back into noise."""
    graph = _graph(models=200 if quick else 2000)
    size = f"{len(graph.model_names):,} models, {len(graph.provider):,} flows"
    runs, other_runs = (1, 1) if quick else (RUNS, OTHER_RUNS)
    parts = _dense(graph)
    for law, curvature in ((Asymptotic(), 0.0), (exponential(1.0), 1.0)):
        ours, risks = timed(partial(_trajectory, graph, law), runs)
        theirs, expected = timed(partial(_loop, *parts, curvature), other_runs)
        np.testing.assert_allclose(risks, expected, rtol=AGREEMENT, atol=0)
        yield Row(
            f"risk in {GENERATIONS} generations: {law.name}", size, ours, theirs, "dense numpy loop", target=5
        )
        ours, limit = timed(partial(_limit, graph, law), runs)
        theirs, settled = timed(partial(_loop, *parts, curvature, settle=True), other_runs)
        np.testing.assert_allclose(limit, settled[-1], rtol=AGREEMENT, atol=0)
        yield Row(
            f"where risk settles: {law.name}",
            size,
            ours,
            theirs,
            f"dense numpy loop, {len(settled) - 1} generations",
            target=5,
        )


def _trajectory(graph: InteractionGraph, law: Asymptotic | QuadraticVariance) -> Array:
    return trajectory(law.recursion(graph, Replace(), graph.trained), GENERATIONS)


def _limit(graph: InteractionGraph, law: Asymptotic | QuadraticVariance) -> Array:
    return steady_state(law.recursion(graph, Replace(), graph.trained))


def _graph(models: int) -> InteractionGraph:
    """Nine providers at random and a source for each model; about a tenth of its data are real."""
    rng = np.random.default_rng(20240917)
    flows = []
    for model in range(models):
        flows += [
            (f"m{giver}", f"m{model}", int(rng.integers(50, 150))) for giver in rng.choice(models, 9, False)
        ]
        flows.append(("web", f"m{model}", int(rng.integers(50, 150))))
    return InteractionGraph.from_flows(flows, sources=["web"])


def _dense(graph: InteractionGraph) -> tuple[Array, Array, Array]:
    """Shares between models, noise that each provider brings per unit of variance, and noise of sources."""
    models = len(graph.model_names)
    samples = np.zeros((models, models + 1))
    samples[graph.learner, graph.provider] = graph.samples
    budget = samples.sum(axis=1, keepdims=True)
    noise = samples / budget**2
    return samples[:, :models] / budget, noise[:, :models], noise[:, models]


def _loop(W: Array, noise: Array, fresh: Array, curvature: float, settle: bool = False) -> Array:
    """``G = W G W' + D`` with every matrix dense; D is noise times the variance that providers emit."""
    G = np.diag(noise.sum(axis=1) + fresh)
    risks = [np.diagonal(G).copy()]
    while True:
        D = noise @ (1 + curvature * risks[-1]) + fresh
        G = W @ G @ W.T + np.diag(D)
        risks.append(np.diagonal(G).copy())
        change = np.abs(risks[-1] / risks[-2] - 1).max()
        if (change < SETTLED) if settle else (len(risks) > GENERATIONS):
            return np.array(risks)
