"""Claims about the large-sample law, for families whose exact law is not known: near, not equal.

Each is shown: at the stated budget every mean is within the stated per cent of the law.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from headwater import families, laws
from headwater.families.contract import Array, Family
from headwater.regimes import Accumulate, Regime, Replace
from verification.claims import Claim, Setting, Test
from verification.exact import by_law, cells
from verification.graphs import loop, ring

SECTION = "The large-sample law, for families without an exact one"
ROWS = 40


def claims(quick: bool) -> list[Claim]:
    """All of this module; quick: one of them."""
    table = families.Table(_covariates(), "fresh", intercept=True)
    slopes = np.array([0.5, -0.4, 0.3, 0.2])
    logistic = families.Logistic(table, coefficients=slopes)
    counts = families.PoissonRegression(table, coefficients=slopes)
    ridge = families.Ridge(4, 0.1, 1.0, coefficients=slopes)
    linear = families.LeastSquares.on_table(table, noise=1.0, coefficients=slopes)
    if quick:
        return [_near("ridge regression, penalty 0.1", ridge, 1000, Replace(), 8)]
    return [
        _near("ridge regression, penalty 0.1", ridge, 1000, Replace(), 4),
        _near("ridge regression, penalty 0.1", ridge, 1000, Accumulate(), 4),
        _near("least squares on a table of 40 rows", linear, 4000, Replace(), 4),
        _near("least squares on a table of 40 rows", linear, 4000, Accumulate(), 4),
        _near("logistic regression on a table of 40 rows", logistic, 4000, Replace(), 5),
        _near("logistic regression on a table of 40 rows", logistic, 4000, Accumulate(), 5),
        _near("Poisson regression on a table of 40 rows", counts, 4000, Replace(), 5),
        _near("Poisson regression on a table of 40 rows", counts, 4000, Accumulate(), 5),
        _far("logistic regression on a table of 40 rows", logistic, 60),
        _far("ridge regression, penalty 0.1", ridge, 12),
    ]


def _covariates() -> Array:
    return np.random.default_rng(2024).normal(size=(ROWS, 3))


def _near(words: str, family: Family[Any, Any], budget: int, regime: Regime, per_cent: float) -> Claim:
    settings = (
        Setting(loop(budget * 3 // 4, budget // 4), family, 5, regime),
        Setting(ring(2, budget), family, 5, regime),
    )
    tests = (
        Test(
            f"{words}, {regime}: mean risk in a grounded loop and a ring of two within {per_cent:g} % "
            "of the law at "
            f"budgets of {budget:,}",
            partial(_relative, settings=settings),
            lambda: 1.0,
            "near",
            per_cent / 100,
        ),
        Test(
            f"{words}, {regime}, against the law under {_other(regime)}",
            cells,
            partial(by_law, laws.Asymptotic(), settings, _other(regime)),
            wrong=True,
        ),
    )
    return Claim(SECTION, settings, tests, _replicates(per_cent), _replicates(per_cent), chunk=2000)


def _far(words: str, family: Family[Any, Any], budget: int) -> Claim:
    settings = (Setting(ring(2, budget), family, 5),)
    test = Test(
        f"{words}, against the same law at budgets of {budget}",
        cells,
        partial(by_law, laws.Asymptotic(), settings),
        wrong=True,
    )
    return Claim(SECTION, settings, (test,), 4000, chunk=2000)


def _replicates(per_cent: float) -> int:
    """Risk is about chi-square with 4 degrees, of which one standard deviation is 0.7 of the mean.

    Room for half a per cent that the law may be off, and for eight standard errors.
    """
    return int(round((8 * 0.75 / (per_cent / 100 - 0.005)) ** 2, -3))


def _other(regime: Regime) -> Regime:
    return Accumulate() if regime == Replace() else Replace()


def _relative(runs: Sequence[xr.Dataset], settings: Sequence[Setting]) -> Array:
    return cells(runs) / by_law(laws.Asymptotic(), settings)
