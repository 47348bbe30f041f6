"""Exact inflation curves against the Monte Carlo one would otherwise write, at a stated precision."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from benchmarks.measure import Row, timed
from headwater.graph import InteractionGraph
from headwater.regimes import Replace
from headwater.theory.laws import poisson
from headwater.theory.trajectory import trajectory

RUNS = 21
OTHER_RUNS = 3
MODELS = 100
GENERATIONS = 20
MEAN = 1.0
PRECISION = 0.01
FALSE_ALARM = 1e-6
PILOT = 2000
Array = NDArray[np.float64]


def run(quick: bool) -> Iterator[Row]:
    """The mean of a Poisson, in budgets of 50 to 200 samples."""
    graph = _graph()
    samples = np.zeros((MODELS, MODELS + 1))
    samples[graph.learner, graph.provider] = graph.samples
    precision = 3 * PRECISION if quick else PRECISION
    _, relative = _monte_carlo(samples, PILOT, np.random.default_rng(1))
    replicates = int(np.ceil(PILOT * np.mean(relative**2) / precision**2))

    ours, risks = timed(lambda: _risks(graph), RUNS)
    theirs, (means, relative) = timed(
        lambda: _monte_carlo(samples, replicates, np.random.default_rng(2)), 1 if quick else OTHER_RUNS
    )
    worst = np.abs(means / risks - 1) / relative
    limit = norm.isf(FALSE_ALARM / (2 * risks.size))
    assert worst.max() < limit, f"simulation and theory differ by {worst.max():.1f} standard errors"
    # A negative control: the same draws must refuse the theory that takes errors of models as unrelated.
    wrong = np.abs(means / _unrelated(samples) - 1) / relative
    assert wrong.max() > limit, "the simulation refuses nothing"
    yield Row(
        f"inflation in {GENERATIONS} generations: Poisson",
        f"{MODELS} models, {len(graph.provider):,} flows",
        ours,
        theirs,
        f"numpy Monte Carlo, {replicates:,} replicates: s.e. {np.sqrt(np.mean(relative**2)):.1%}",
        target=200,
        note=f"the largest difference is {worst.max():.1f} standard errors, of at most {limit:.1f}; "
        f"from a theory without correlations it is {wrong.max():.1f}",
    )


def _graph() -> InteractionGraph:
    """Four providers at random for each model, and a few real samples."""
    rng = np.random.default_rng(20240917)
    flows = []
    for model in range(MODELS):
        flows += [
            (f"m{giver}", f"m{model}", int(rng.integers(10, 40))) for giver in rng.choice(MODELS, 4, False)
        ]
        flows.append(("web", f"m{model}", int(rng.integers(1, 6))))
    return InteractionGraph.from_flows(flows, sources=["web"])


def _risks(graph: InteractionGraph) -> Array:
    """(generations + 1, models) of the mean of a Poisson, from the graph on."""
    return trajectory(poisson(MEAN).recursion(graph, Replace(), np.ones(MODELS, dtype=bool)), GENERATIONS)


def _unrelated(samples: Array) -> Array:
    """(generations + 1, models) risks that would be if errors of different models had nothing in common."""
    budget = samples.sum(axis=1)
    share = samples[:, :MODELS] / budget[:, None]
    risks = [MEAN / budget]
    for _ in range(GENERATIONS):
        risks.append(share**2 @ risks[-1] + MEAN / budget)
    return np.array(risks)


def _monte_carlo(samples: Array, replicates: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Mean squared error of each model at each generation, and its standard error relative to it.

    A model's estimate is the mean of its training set, whose sum is a Poisson with the mean
    of its providers' estimates, weighted by samples: no sample is drawn by itself.
    """
    budget = samples.sum(axis=1)
    estimate = rng.poisson(budget * MEAN, size=(replicates, MODELS)) / budget
    squares = [_mean_and_error((estimate - MEAN) ** 2)]
    for _ in range(GENERATIONS):
        expected = estimate @ samples[:, :MODELS].T + samples[:, MODELS] * MEAN
        estimate = rng.poisson(expected) / budget
        squares.append(_mean_and_error((estimate - MEAN) ** 2))
    mean, error = np.moveaxis(np.array(squares), 1, 0)
    return mean, error / mean


def _mean_and_error(values: Array) -> tuple[Array, Array]:
    return values.mean(axis=0), values.std(axis=0, ddof=1) / len(values) ** 0.5
