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
from headwater.theory import laws
from headwater.verification.datasets import DataSet
from headwater.verification.near_features import NearFeatures, near_features
from headwater.verification.relabelling import LOGGED, Relabelling, relabel
from headwater.verification.shares import (
    LEVELS,
    Point,
    Threshold,
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
    """One budget: a point for each real share, and the thresholds."""

    budget: int
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
    noise_ratio
        Large-sample variance under a model's own labels over that under the real ones: 1 where the
        family is right about the data. The law takes it as 1; the second prediction does not.
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
    noise_ratio: float | None
    sweeps: tuple[Sweep, ...]
    survival: tuple[Survival, ...]
    near: NearFeatures | None
    relabelled: Relabelling | None


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
    told("rare items")
    survival = _survival(data, generations, max(20, replicates // 20), seed, executor)
    if data.kind == "text":
        return Benchmark(data, generations, replicates, seed, None, None, None, (), survival, None, None)
    family, law, ratio, budgets = _risk(data)
    sweeps = tuple(
        _sweep(family, law, ratio, budget, generations, replicates, seed, executor, told)
        for budget in budgets
    )
    told("as many features as samples")
    near = near_features(data, replicates, seed) if data.kind == "number" else None
    told("labels drawn anew")
    relabelled = relabel(data.name, seed) if data.name in LOGGED else None
    return Benchmark(
        data, generations, replicates, seed, family, law, ratio, sweeps, survival, near, relabelled
    )


def _risk(data: DataSet) -> tuple[Family[Any, Any], laws.Law, float, tuple[int, int]]:
    """Family, law, noise ratio and budgets by the kind of the target."""
    from headwater.families.covariates import Table

    if data.kind == "classes":
        from headwater.families.gaussian import Gaussian

        d = data.covariates.shape[1]
        return Gaussian.on_rows(data.covariates, ddof=1), laws.Gaussian(1), 1.0, (5 * d, 50 * d)
    table = Table(data.covariates, "fresh", True, data.target)
    if data.kind == "number":
        from headwater.families.least_squares import LeastSquares

        linear = LeastSquares.on_table(table)
        p, unit = linear.features, linear.unit_risk
        assert unit is not None
        return linear, laws.LeastSquares(p), linear.noise**2 * p / unit, (4 * p, 20 * p)
    from headwater.families.logistic import Logistic

    logistic = Logistic(table)
    p, unit = table.width, logistic.unit_risk
    assert unit is not None
    # labels of the family's own law leave an excess log-loss of half a nat a coefficient
    return logistic, laws.Asymptotic(), p / 2 / unit, (50 * p, 250 * p)


def _sweep(  # noqa: PLR0913, PLR0917
    family: Family[Any, Any],
    law: laws.Law,
    noise_ratio: float,
    budget: int,
    generations: int,
    replicates: int,
    seed: int,
    executor: Executor | None,
    told: Callable[[str], None],
) -> Sweep:
    def by_law(real: int) -> float:
        return predicted_inflation(law, budget, real, generations)

    def by_two_noises(real: int) -> float:
        return two_noise_inflation(law, noise_ratio, budget, real, generations)

    points = []
    # at small budgets two shares may be the same number of samples
    for real in sorted({max(1, round(share * budget)) for share in SHARES}):
        told(f"budget {budget}, {real} real samples")
        # independent points: with one seed all would share the luck of generation 0
        own = int(np.random.SeedSequence([seed, budget, real]).generate_state(1, np.uint64)[0])
        values, errors = simulated(family, budget, real, generations, replicates, own, executor)
        predicted = {
            "inflation": by_law(real),
            "two_noise": by_two_noises(real),
        }
        points.append(Point(real, budget, predicted, values, errors))
    thresholds = []
    for level in LEVELS:
        observed, error = observed_threshold(points, level)
        thresholds.append(
            Threshold(
                level,
                budget,
                predicted_threshold(by_law, budget, level),
                predicted_threshold(by_two_noises, budget, level),
                observed,
                error,
            )
        )
    return Sweep(budget, tuple(points), tuple(thresholds))


def _survival(
    data: DataSet, generations: int, replicates: int, seed: int, executor: Executor | None
) -> tuple[Survival, ...]:
    budget = int(min(data.counts.sum(), MOST_ITEMS))
    if data.kind == "text":
        generations, replicates = min(generations, 10), min(replicates, 20)
    return tuple(
        survive(
            data.counts,
            budget,
            round(share * budget),
            generations=generations,
            replicates=replicates,
            seed=seed,
            executor=executor,
        )
        for share in SURVIVAL_SHARES
    )


def thresholds_of(found: Benchmark) -> list[Threshold]:
    """All thresholds, budget by budget."""
    return [threshold for sweep in found.sweeps for threshold in sweep.thresholds]


def worst_gap(found: Benchmark) -> float | None:
    """Largest distance between a predicted and an observed real share; None if there are none."""
    gaps = [
        abs(each.predicted - each.observed)
        for each in thresholds_of(found)
        if each.predicted is not None and each.observed is not None
    ]
    return float(np.max(gaps)) if gaps else None
