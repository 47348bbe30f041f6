"""One instance of every family, small, for the tests that hold all of them to the contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headwater import families

RNG = np.random.default_rng(20260521)
ROWS = RNG.normal(size=(60, 2)) * [1.0, 2.0] + [0.5, 0.0]
COUNTS = RNG.poisson(np.exp(0.3 * ROWS[:, 0] + 0.5)).astype(float)
CHANCE = 1 / (1 + np.exp(-ROWS[:, 0]))
LABELS = (RNG.random(60) < CHANCE).astype(float)
TEXT = ("the cat sat on the mat and the dog sat on the cat while the bird saw the dog and the cat ") * 6


def _estimator() -> Any:
    from sklearn.mixture import GaussianMixture

    return families.from_estimator(GaussianMixture(1), ROWS)


def _ngram() -> Any:
    from headwater.families import NGram

    return NGram.from_text(TEXT, 2, smoothing=0.1, test_share=0.2)


INSTANCES: dict[str, Callable[[], Any]] = {
    "gaussian ddof 0": lambda: families.Gaussian(ddof=0),
    "gaussian ddof 1, three dimensions": lambda: families.Gaussian(ddof=1, dimensions=3),
    "gaussian on rows": lambda: families.Gaussian.on_rows(ROWS, ddof=1),
    "gaussian-mean": lambda: families.GaussianMean(2.0),
    "poisson": lambda: families.Poisson(2.0),
    "bernoulli": lambda: families.Bernoulli(0.3),
    "binomial": lambda: families.Binomial(1.5, 5),
    "exponential": lambda: families.Exponential(2.0),
    "gamma": lambda: families.Gamma(2.0, 3.0),
    "negative-binomial": lambda: families.NegativeBinomial(2.0, 3.0),
    "categorical": lambda: families.Categorical(
        np.array([0.5, 0.3, 0.15, 0.05]), right=np.array([True, True, False, True])
    ),
    "least-squares": lambda: families.LeastSquares(3),
    "least-squares on fresh rows": lambda: families.LeastSquares.on_table(
        families.Table(ROWS, "fresh", True, ROWS @ [1.0, -1.0] + RNG.normal(size=60))
    ),
    "least-squares on fixed rows": lambda: families.LeastSquares.on_table(
        families.Table(ROWS, "fixed", True), noise=1.0
    ),
    "ridge": lambda: families.Ridge(3, 2.0, coefficients=np.array([1.0, 0.0, -1.0])),
    "logistic": lambda: families.Logistic(families.Table(ROWS, "fresh", True, LABELS)),
    "logistic on fixed rows": lambda: families.Logistic(families.Table(ROWS, "fixed", True, LABELS)),
    "poisson-regression": lambda: families.PoissonRegression(families.Table(ROWS, "fresh", True, COUNTS)),
    "gaussian-mixture": lambda: families.GaussianMixture(ROWS, 2),
    "kernel-density": lambda: families.KernelDensity(ROWS, "scott"),
    "ngram": _ngram,
    "estimator": _estimator,
}
