"""A grounded loop with hardly more samples than features: predicted to explode, looked for.

The law is exact for normal covariates. How far real ones are from them is measured by playing
the same loop on both.
"""

from __future__ import annotations

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


@dataclass(frozen=True, eq=False)
class NearFeatures:
    """Risk over the noise variance of the loop with few samples, generation by generation from 0.

    Attributes
    ----------
    features, budget, real
        Coefficients, samples a generation, real ones among them.
    growth
        Predicted factor of the mean a generation, in the long run; above 1 it explodes.
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
    """Play the loop of features + 5 samples, a fifth of them real, on normal and on real covariates."""
    p = data.covariates.shape[1] + 1
    budget = p + 5
    real = max(2, budget // 5)
    graph = loop(budget, real)
    rows = trajectory(laws.LeastSquares(p).recursion(graph, Replace(), np.ones(1, dtype=bool)), 60)[:, 0]
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
        growth=float((rows[-1] / rows[-11]) ** 0.1),
        predicted=rows[: GENERATIONS + 1],
        normal_mean=risk["normal"].mean(axis=0),
        normal_error=risk["normal"].std(axis=0, ddof=1) / replicates**0.5,
        normal_median=np.median(risk["normal"], axis=0),
        real_mean=risk["real"].mean(axis=0),
        real_error=risk["real"].std(axis=0, ddof=1) / replicates**0.5,
        real_median=np.median(risk["real"], axis=0),
        failed=float(played["real"]["failed"].values.mean()),
    )


def _growth(series: Array) -> float:
    first = len(series) // 3
    return float((series[-1] / series[first]) ** (1 / (len(series) - 1 - first)))
