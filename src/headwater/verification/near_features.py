"""A grounded loop with hardly more samples than features: predicted to explode, looked for.

The law is exact for normal covariates. How far real ones are from them is measured by playing
the same loop on both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from headwater.families.contract import Array
from headwater.families.covariates import Table
from headwater.families.least_squares import LeastSquares
from headwater.regimes import Replace
from headwater.simulation.run import simulate
from headwater.theory import laws
from headwater.theory.trajectory import trajectory
from headwater.verification.datasets import DataSet
from headwater.verification.shares import loop

GENERATIONS = 12
CLEARLY = 1.05
"""Predicted factor a generation from which a loop is said to explode."""
ONE = np.ones(1, dtype=bool)


@dataclass(frozen=True, eq=False)
class NearFeatures:
    """Risk over the noise variance of the loop with few samples, generation by generation from 0.

    Attributes
    ----------
    features, budget, real
        Coefficients, samples a generation, real ones among them.
    growth
        c of the law G(t) = c G(t-1) + D: above 1 the mean explodes, by this factor in the long run.
    predicted : (generations + 1,)
        Mean by the law.
    normal_mean, normal_error, normal_median : (generations + 1,)
        Played on normal covariates of the same second moments.
    real_mean, real_error, real_median : (generations + 1,)
        Played on the real rows, labels of models with normal noise.
    failed
        Share of fits on real rows whose covariates were not independent.
    """

    features: int
    budget: int
    real: int
    growth: float
    predicted: Array
    normal_mean: Array
    normal_error: Array
    normal_median: Array
    real_mean: Array
    real_error: Array
    real_median: Array
    failed: float

    @property
    def normal_growth(self) -> float:
        """Factor of the median a generation on normal covariates, over the last two thirds."""
        return _growth(self.normal_median)

    @property
    def real_growth(self) -> float:
        """Factor of the median a generation on the real rows, over the last two thirds."""
        return _growth(self.real_median)


def near_features(data: DataSet, replicates: int, seed: int) -> NearFeatures:
    """Play the largest loop that is predicted to explode, on normal and on real covariates.

    It has features + 5 samples or fewer, a fifth to an eighth of them real; if none explodes, the
    smallest.
    """
    p = data.covariates.shape[1] + 1
    for budget, real in _candidates(p):
        graph = loop(budget, real)
        rows = trajectory(laws.LeastSquares(p).recursion(graph, Replace(), ONE), GENERATIONS)[:, 0]
        # in a lone loop the recursion is G(t) = c G(t-1) + D
        growth = float((rows[2] - rows[1]) / (rows[1] - rows[0]))
        if growth >= CLEARLY:
            break
    # the same population for both: coefficients zero, noise one
    on_rows = LeastSquares.on_table(Table(data.covariates, "fresh", True), noise=1.0)
    played = {}
    for name, family in (("normal", LeastSquares(p)), ("real", on_rows)):
        played[name] = simulate(graph, family, generations=GENERATIONS, replicates=replicates, seed=seed)
    risk = {name: runs["risk"].values[:, :, 0] for name, runs in played.items()}
    return NearFeatures(
        features=p,
        budget=budget,
        real=real,
        growth=growth,
        predicted=rows,
        normal_mean=risk["normal"].mean(axis=0),
        normal_error=risk["normal"].std(axis=0, ddof=1) / replicates**0.5,
        normal_median=np.median(risk["normal"], axis=0),
        real_mean=risk["real"].mean(axis=0),
        real_error=risk["real"].std(axis=0, ddof=1) / replicates**0.5,
        real_median=np.median(risk["real"], axis=0),
        failed=float(played["real"]["failed"].values.mean()),
    )


def _candidates(p: int) -> Iterator[tuple[int, int]]:
    """Budgets and real samples, from the mildest loop to the harshest that has a finite risk."""
    for more in (5, 4, 3, 2):
        yield p + more, max(1, (p + more) // 5)
    yield p + 2, max(1, (p + 2) // 8)


def _growth(series: Array) -> float:
    first = len(series) // 3
    return float((series[-1] / series[first]) ** (1 / (len(series) - 1 - first)))
