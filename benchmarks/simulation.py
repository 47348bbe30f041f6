"""Simulation, each against the loop over replicates one would otherwise write, with raw samples."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from benchmarks.measure import Row, Side, Watch
from headwater import InteractionGraph, families, simulate
from headwater.families.categorical import zipf
from headwater.families.contract import Family

RUNS = 5
OTHER_RUNS = 3
FALSE_ALARM = 1e-6
SEED = 20240917
FEATURES = 10
NOISE = 1.0
Array = NDArray[np.float64]


def run(quick: bool) -> Iterator[Row]:
    """Small fits many times, large fits, a graph, and a large vocabulary.

    Each has generations, replicates, and of these how many the loop plays; its time is scaled.
    """
    yield _poisson(*(100, 200, 200) if quick else (500, 5_000, 1_000))
    yield _gaussian(*(10, 50, 50) if quick else (100, 1_000, 200))
    yield _least_squares(*(5, 200, 60) if quick else (50, 200, 20))
    yield _categorical(*(3, 10, 10) if quick else (10, 100, 100))


def _poisson(generations: int, replicates: int, timed: int) -> Row:
    """Two lone loops, one a rate."""
    samples, means = 10, (1.0, 10.0)
    graph = InteractionGraph.from_flows([("a", "a", samples)])
    return _row(
        "simulation: Poisson, two rates",
        f"n = {samples}, {generations} generations, {replicates:,} replicates",
        [_simulation(graph, families.Poisson(mean), generations, replicates) for mean in means],
        [partial(_poisson_loop, mean, samples, generations, timed) for mean in means],
        target=50,
        played=(timed, replicates),
    )


def _poisson_loop(truth: float, samples: int, generations: int, replicates: int) -> Array:
    rng = np.random.default_rng(SEED)
    risk = np.empty((replicates, generations + 1, 1))
    for replicate in range(replicates):
        mean = truth
        for generation in range(generations + 1):
            mean = rng.poisson(mean, samples).mean()
            risk[replicate, generation] = (mean - truth) ** 2
    return risk


def _gaussian(generations: int, replicates: int, timed: int) -> Row:
    samples, d = 1_000, 10
    graph = InteractionGraph.from_flows([("a", "a", samples)])
    return _row(
        "simulation: Gaussian",
        f"d = {d}, n = {samples:,}, {generations} generations, {replicates:,} replicates",
        [_simulation(graph, families.Gaussian(ddof=1, dimensions=d), generations, replicates)],
        [partial(_gaussian_loop, d, samples, generations, timed)],
        target=50,
        played=(timed, replicates),
    )


def _gaussian_loop(d: int, samples: int, generations: int, replicates: int) -> Array:
    rng = np.random.default_rng(SEED)
    risk = np.empty((replicates, generations + 1, 1))
    for replicate in range(replicates):
        mean, root = np.zeros(d), np.eye(d)
        for generation in range(generations + 1):
            drawn = mean + rng.standard_normal((samples, d)) @ root.T
            mean = drawn.mean(axis=0)
            apart = drawn - mean
            root = np.linalg.cholesky(apart.T @ apart / (samples - 1))
            risk[replicate, generation] = (mean**2).mean()
    return risk


def _least_squares(generations: int, replicates: int, timed: int) -> Row:
    """Ten models that learn from each other and a little from real data."""
    samples = 10_000
    flows = _flows(models=10, samples=samples)
    graph = InteractionGraph.from_flows(
        [("web" if giver < 0 else f"m{giver}", f"m{taker}", n) for giver, taker, n in flows], sources=["web"]
    )
    truth = np.ones(FEATURES)
    family = families.LeastSquares(features=FEATURES, noise=NOISE, coefficients=truth)
    return _row(
        "simulation: least squares on a graph",
        f"d = {FEATURES}, n = {samples:,}, 10 models, {len(flows)} flows, "
        f"{generations} generations, {replicates} replicates",
        [_simulation(graph, family, generations, replicates)],
        [partial(_least_squares_loop, flows, truth, generations, timed)],
        target=100,
        played=(timed, replicates),
    )


def _flows(models: int, samples: int) -> list[tuple[int, int, int]]:
    """(provider, learner, samples): two or three providers and a tenth of real data, provider -1."""
    rng = np.random.default_rng(SEED)
    flows = []
    for learner in range(models):
        givers = rng.choice(models, rng.integers(2, 4), replace=False).tolist()
        shares = np.full(len(givers), samples * 9 // 10 // len(givers)).tolist()
        flows += [(giver, learner, share) for giver, share in zip(givers, shares, strict=True)]
        flows.append((-1, learner, samples - sum(shares)))
    return flows


def _least_squares_loop(
    flows: Sequence[tuple[int, int, int]], truth: Array, generations: int, replicates: int
) -> Array:
    rng = np.random.default_rng(SEED)
    models, d = 1 + max(learner for _, learner, _ in flows), len(truth)
    taken = [[(giver, n) for giver, learner, n in flows if learner == model] for model in range(models)]
    risk = np.empty((replicates, generations + 1, models))
    for replicate in range(replicates):
        fitted = np.tile(truth, (models, 1))
        for generation in range(generations + 1):
            before = np.vstack([fitted, truth])
            for model in range(models):
                rows = [rng.standard_normal((n, d)) for _, n in taken[model]]
                labels = [x @ before[giver] for x, (giver, _) in zip(rows, taken[model], strict=True)]
                x, y = np.concatenate(rows), np.concatenate(labels)
                y += NOISE * rng.standard_normal(len(y))
                fitted[model] = np.linalg.solve(x.T @ x, x.T @ y)
            risk[replicate, generation] = ((fitted - truth) ** 2).sum(axis=1)
    return risk


def _categorical(generations: int, replicates: int, timed: int) -> Row:
    samples, symbols = 100_000, 50_000
    graph = InteractionGraph.from_flows([("a", "a", samples)])
    family = zipf(symbols, 1.0)
    return _row(
        "simulation: categorical, Zipf",
        f"vocabulary {symbols:,}, n = {samples:,}, {generations} generations, {replicates} replicates",
        [_simulation(graph, family, generations, replicates)],
        [partial(_categorical_loop, family.probabilities, samples, generations, timed)],
        target=2,
        played=(timed, replicates),
    )


def _categorical_loop(truth: Array, samples: int, generations: int, replicates: int) -> Array:
    rng = np.random.default_rng(SEED)
    risk = np.empty((replicates, generations + 1, 1))
    for replicate in range(replicates):
        shares = truth
        for generation in range(generations + 1):
            drawn = rng.choice(len(truth), samples, p=shares)
            shares = np.bincount(drawn, minlength=len(truth)) / samples
            risk[replicate, generation] = ((shares - truth) ** 2).sum()
    return risk


def _simulation(
    graph: InteractionGraph, family: Family, generations: int, replicates: int
) -> Callable[[], Array]:
    def risks() -> Array:
        runs = simulate(
            graph, family, generations=generations, replicates=replicates, seed=SEED, metrics=["risk"]
        )
        # a graph numbers its models as its flows name them, the loops by their names
        return runs["risk"].sortby("model").to_numpy()

    return risks


def _row(
    what: str,
    size: str,
    ours: Sequence[Callable[[], Array]],
    theirs: Sequence[Callable[[], Array]],
    *,
    target: float,
    played: tuple[int, int],
) -> Row:
    """Both sides in turn, so that a busy machine is busy for both; their risks must agree.

    Parameters
    ----------
    played
        Replicates that the loop plays, and those that Headwater does: the loop's time is scaled.
    """
    timed, replicates = played
    part = "" if timed == replicates else f", {timed:,} of {replicates:,} replicates timed and scaled"
    taken: list[list[dict[str, float]]] = [[], []]
    answers: list[list[Array]] = [[], []]
    for number in range(RUNS):
        for side, functions in enumerate((ours, theirs)):
            if side == 0 or number < OTHER_RUNS:
                watch = Watch()
                answers[side] = [function() for function in functions]
                taken[side].append(watch.stop())
    headwater, other = _side(taken[0], 1.0), _side(taken[1], replicates / timed)
    worst, limit = _largest_z(answers, slice(None))
    assert worst < limit, f"{what}: the two sides differ by {worst:.1f} standard errors"
    # A negative control: the same draws must refuse a loop whose models inherit no error.
    wrong, _ = _largest_z(answers, slice(0, 1))
    assert wrong > limit, f"{what}: the comparison refuses nothing"
    processor = other.processor / headwater.processor
    return Row(
        what,
        size,
        headwater,
        other,
        f"numpy loop{part}",
        target=target,
        note=f"the two mean risks differ by {worst:.1f} standard errors at most, of {limit:.1f}; "
        f"from a loop that inherits no error by {wrong:.1f}; in processor time {processor:,.0f}x",
    )


def _side(taken: Sequence[dict[str, float]], scale: float) -> Side:
    seconds, processor = (
        scale * statistics.median(run[key] for run in taken) for key in ("seconds", "processor")
    )
    return Side(seconds, processor, len(taken))


def _largest_z(answers: Sequence[Sequence[Array]], kept: slice) -> tuple[float, float]:
    """Largest difference of mean risk in standard errors, and the most that chance brings.

    Parameters
    ----------
    answers
        Of both sides, (replicates, generations, models) risks of each case.
    kept
        Generations of the loop; if it is only one, all are compared with that.
    """
    z = []
    for pair in zip(*answers, strict=True):
        # the mean over a graph's models tells more than any of them
        ours, theirs = (np.concatenate([risk, risk.mean(axis=2, keepdims=True)], axis=2) for risk in pair)
        loop = theirs[:, kept]
        # one variance for both: a part of the replicates alone would estimate it badly
        spread = ours.var(axis=0, ddof=1) * (1 / len(ours) + 1 / len(loop))
        z.append(np.abs(ours.mean(axis=0) - loop.mean(axis=0)) / np.sqrt(spread))
    count = sum(each.size for each in z)
    return max(float(each.max()) for each in z), float(norm.isf(FALSE_ALARM / (2 * count)))
