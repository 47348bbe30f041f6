"""Does theory predict the threshold on public data? One benchmark for one data set.

The real share and the budget of a lone loop are swept. Predicted inflation, diversity and
tails stand beside what models did that were trained on real rows and on each other's output.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from headwater.errors import InputError
from headwater.families.contract import Family
from headwater.simulation.execution import Executor
from headwater.simulation.run import simulate
from headwater.theory import laws
from headwater.verification.datasets import DataSet
from headwater.verification.near_features import NearFeatures, near_features
from headwater.verification.relabelling import LOGGED, Relabelling, relabel
from headwater.verification.shares import (
    LEVELS,
    Point,
    Threshold,
    chunk_of,
    loop,
    observed_threshold,
    predicted_inflation,
    predicted_threshold,
    simulated,
    two_noise_inflation,
)
from headwater.verification.survival import Survival, survive

SHARES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.8)
SURVIVAL_SHARES = (0.0, 0.02, 0.1, 0.3)
MOST_ITEMS = 250_000
"""Samples a generation of the survival loop, at most."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """One budget: a point for each real share, and the thresholds.

    `noise_ratio` is the mean risk of fits on so many rows with labels of the true model's, over
    that of fits with the real labels: 1 where the family is right about the data. The law takes it as 1;
    the second prediction does not.
    """

    budget: int
    noise_ratio: float
    noise_ratio_error: float
    points: tuple[Point, ...]
    thresholds: tuple[Threshold, ...]


@dataclass(frozen=True, eq=False)
class Benchmark:
    """What the theory predicted for one data set and what was seen.

    Attributes
    ----------
    data
        The data set.
    family, law
        What was trained, and the law that predicted its risk; None for a text.
    sweeps
        Risk, one a budget.
    survival
        Distinct items and diversity, one a real share.
    near
        The loop with hardly more samples than features; least squares only.
    relabelled
        Numbers of the literature reproduced; where it has some for this data set.
    """

    data: DataSet
    generations: int
    replicates: int
    seed: int
    family: Family[Any, Any] | None
    law: laws.Law | None
    sweeps: tuple[Sweep, ...]
    survival: tuple[Survival, ...]
    near: NearFeatures | None
    relabelled: Relabelling | None


@dataclass(frozen=True, eq=False)
class _Effort:
    """How long, how often, by whom, and who is told."""

    generations: int
    replicates: int
    seed: int
    executor: Executor | None
    told: Callable[[str], None]


@dataclass(frozen=True, eq=False)
class _Trial:
    """What is trained on a data set; `relabelled` is the family whose real labels are the true model's."""

    family: Family[Any, Any]
    relabelled: Family[Any, Any] | None
    law: laws.Law
    budgets: tuple[int, int]


def benchmark(
    data: DataSet,
    *,
    seed: int,
    replicates: int = 1000,
    generations: int = 20,
    executor: Executor | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> Benchmark:
    """Run the benchmark of one data set; `told` is called with what is being played.

    Raises
    ------
    InputError
        If fewer than 100 replicates or 5 generations are asked for: thresholds would be noise.
    """
    if replicates < 100 or generations < 5:
        raise InputError(
            f"{replicates} replicates and {generations} generations",
            "a threshold needs at least 100 replicates and 5 generations",
        )
    effort = _Effort(generations, replicates, seed, executor, told)
    told("rare items")
    survival = _survival(data, effort)
    if data.kind == "text":
        return Benchmark(data, generations, replicates, seed, None, None, (), survival, None, None)
    trial = _trial(data)
    sweeps = tuple(_sweep(trial, budget, effort) for budget in trial.budgets)
    told("as many features as samples")
    near = near_features(data, replicates, seed) if data.kind == "number" else None
    told("labels drawn anew")
    relabelled = relabel(data.name, seed) if data.name in LOGGED else None
    return Benchmark(
        data, generations, replicates, seed, trial.family, trial.law, sweeps, survival, near, relabelled
    )


def _trial(data: DataSet) -> _Trial:
    """Family, law and budgets by the kind of the target."""
    from headwater.families.covariates import Table

    if data.kind == "classes":
        from headwater.families.gaussian import Gaussian

        d = data.covariates.shape[1]
        return _Trial(Gaussian.on_rows(data.covariates, ddof=1), None, laws.Gaussian(1), (5 * d, 50 * d))
    table = Table(data.covariates, "fresh", True, data.target)
    bare = Table(data.covariates, "fresh", True)
    p = table.width
    if data.kind == "number":
        from headwater.families.least_squares import LeastSquares

        linear = LeastSquares.on_table(table)
        own = LeastSquares.on_table(bare, linear.noise, linear.target)
        return _Trial(linear, own, laws.LeastSquares(p), (4 * p, 20 * p))
    from headwater.families.logistic import Logistic

    logistic = Logistic(table)
    own_labels = Logistic(bare, logistic.truth(1).values[0])
    return _Trial(logistic, own_labels, laws.Asymptotic(), (50 * p, 250 * p))


def _sweep(trial: _Trial, budget: int, effort: _Effort) -> Sweep:
    law, generations = trial.law, effort.generations
    noise_ratio, noise_error = _noise_ratio(trial, budget, effort)

    def by_law(real: int) -> float:
        return predicted_inflation(law, budget, real, generations)

    def by_two_noises(real: int) -> float:
        return two_noise_inflation(law, noise_ratio, budget, real, generations)

    points = []
    # at small budgets two shares may be the same number of samples
    for real in sorted({max(1, round(share * budget)) for share in SHARES}):
        effort.told(f"budget {budget}, {real} real samples")
        # independent points: with one seed all would share the luck of generation 0
        own = _seed(effort.seed, budget, real)
        values, errors = simulated(
            trial.family, budget, real, generations, effort.replicates, own, effort.executor
        )
        predicted = {"inflation": by_law(real), "two_noise": by_two_noises(real)}
        points.append(Point(real, budget, predicted, values, errors))
    thresholds = [
        Threshold(
            level,
            budget,
            predicted_threshold(by_law, budget, level),
            predicted_threshold(by_two_noises, budget, level),
            *observed_threshold(points, level),
        )
        for level in LEVELS
    ]
    return Sweep(budget, noise_ratio, noise_error, tuple(points), tuple(thresholds))


def _noise_ratio(trial: _Trial, budget: int, effort: _Effort) -> tuple[float, float]:
    """Mean risk of fits on the true model's labels over that on real ones, and its standard error."""
    if trial.relabelled is None:
        return 1.0, 0.0
    effort.told(f"budget {budget}, noise of labels")
    risks = []
    for at, family in enumerate((trial.relabelled, trial.family)):
        # with real data alone both generations are fits of their own
        runs = simulate(
            loop(budget, budget),
            family,
            generations=1,
            replicates=effort.replicates,
            seed=_seed(effort.seed, budget, 0, at),
            metrics=["risk"],
            executor=effort.executor,
            chunk=chunk_of(effort.replicates),
        )
        risks.append(runs["risk"].values.ravel())
    own, real = risks
    value = own.mean() / real.mean()
    relative = np.sqrt(own.var() / own.mean() ** 2 + real.var() / real.mean() ** 2)
    return float(value), float(value * relative / len(own) ** 0.5)


def _seed(*parts: int) -> int:
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0])


def _survival(data: DataSet, effort: _Effort) -> tuple[Survival, ...]:
    budget = int(min(data.counts.sum(), MOST_ITEMS))
    generations, replicates = effort.generations, max(20, effort.replicates // 20)
    if data.kind == "text":
        generations, replicates = min(generations, 10), min(replicates, 20)
    return tuple(
        survive(
            data.counts,
            budget,
            round(share * budget),
            generations=generations,
            replicates=replicates,
            seed=_seed(effort.seed, budget, round(share * budget)),
            executor=effort.executor,
        )
        for share in SURVIVAL_SHARES
    )


def thresholds_of(found: Benchmark) -> list[Threshold]:
    """All thresholds, budget by budget."""
    return [threshold for sweep in found.sweeps for threshold in sweep.thresholds]


def worst_gap(found: Benchmark) -> float | None:
    """Largest distance between a predicted and an observed real share, where both lie among those played.

    None if there are none.
    """
    gaps = [
        abs(each.predicted - each.observed)
        for each in thresholds_of(found)
        if each.predicted is not None and each.observed is not None
    ]
    return float(np.max(gaps)) if gaps else None
