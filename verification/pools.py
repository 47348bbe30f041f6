"""Claims about pools, weights and regressions: formulas and numbers of the literature.

A first fit, on real data, is generation 0 here; where a paper counts fits, k fits are generation k - 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import xarray as xr

from headwater import families
from headwater.families.contract import Array
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.regimes import Accumulate, AccumulateSubsample, Replace
from verification.claims import Claim, Setting, Test
from verification.graphs import loop
from verification.normals import see

POOLS = "Pools and weights"
REGRESSION = "Regression: what the literature says of it"


def claims(quick: bool) -> list[Claim]:
    """All of this module."""
    return [*_subsampled(), _golden(), *_pools(), _noiseless(), _floor()]


def _subsampled() -> list[Claim]:
    family = families.GaussianMean(1.0)

    def ratio(runs: Sequence[xr.Dataset], fits: int) -> Array:
        return 50 * see(runs, "risk", (fits,))

    words = "accumulate-subsample, mean of a normal, closed loop of 50: risk over that of the first fit"
    ten = (
        Test(
            f"{words} within 5 % of 2.649 after 10 fits `[dey2024universality]`",
            partial(ratio, fits=10),
            lambda: 2.649,
            "near",
            0.05 * 2.649,
        ),
        Test(
            f"{words}, against Σ 1/i², that of the whole pool",
            partial(ratio, fits=10),
            lambda: 1.5498,
            wrong=True,
        ),
    )
    hundred = (
        Test(
            f"{words} is 2.905 after 100 fits, up to 5 % for its budget",
            partial(ratio, fits=100),
            lambda: 2.905,
            margin=0.05 * 2.905,
        ),
    )
    regime = AccumulateSubsample()
    return [
        Claim(POOLS, (Setting(loop(50), family, 9, regime),), ten, 30_000, None, chunk=2000),
        Claim(POOLS, (Setting(loop(50), family, 99, regime),), hundred, 1000, None, chunk=250),
    ]


def _pools() -> list[Claim]:
    """Ten features, 50 rows: the same rows in every generation, or new ones."""
    rows = np.random.default_rng(2024).normal(size=(50, 10))
    fixed = families.LeastSquares.on_table(families.Table(rows, "fixed", False), 1.0, np.zeros(10))
    fresh = families.LeastSquares(10, 1.0)
    fits = (1, 2, 5, 10, 20)
    squares = [float((1 / np.arange(1.0, k + 1) ** 2).sum()) for k in fits]
    same = tuple(Setting(loop(50), fixed, 19, regime) for regime in (Accumulate(), Replace()))
    risk = partial(see, name="risk")
    on_fixed = (
        Test(
            "least squares, 10 features, the same 50 rows, accumulate: risk over the first is Σ 1/i² "
            "after 1 to 20 "
            "fits `[dey2024universality]`",
            lambda runs: risk(runs[:1], fits=fits) / 0.2,
            lambda: squares,
        ),
        Test(
            "… and k under replace `[gerstgrasser2024inevitable]`",
            lambda runs: risk(runs[1:], fits=fits) / 0.2,
            lambda: fits,
        ),
        Test(
            "… against π²/6 at once",
            lambda runs: risk(runs[:1], fits=(2, 5)) / 0.2,
            lambda: np.pi**2 / 6,
            wrong=True,
        ),
    )
    first = 10 / 39
    on_fresh = (
        Test(
            "least squares, 10 features, 50 new rows, accumulate: within 0.03 of 1.504 after 20 fits",
            lambda runs: risk(runs, fits=(20,)) / first,
            lambda: 1.504,
            "near",
            0.03,
        ),
        Test(
            "… at most π²/6 `[gerstgrasser2024inevitable]`",
            lambda runs: risk(runs, fits=fits) / first,
            lambda: np.pi**2 / 6,
            "at most",
        ),
        Test(
            "… against Σ 1/i², that of rows used again",
            lambda runs: risk(runs, fits=fits) / first,
            lambda: squares,
            wrong=True,
        ),
    )
    return [
        Claim(REGRESSION, same, on_fixed, 4000, None, chunk=1000),
        Claim(REGRESSION, (Setting(loop(50), fresh, 19, Accumulate()),), on_fresh, 20_000, None, chunk=1000),
    ]


def _noiseless() -> Claim:
    """More features than samples: every fit projects."""
    family = families.LeastSquares(20, 0.0, coefficients=np.full(20, 20**-0.5))
    risk = partial(see, name="risk", fits=range(1, 7))
    tests = (
        Test(
            "20 features, 10 samples, no noise: 1 - 2⁻ᵏ of the signal is lost after k fits "
            "`[dohmatob2024demystified]`",
            risk,
            lambda: [1 - 0.5**k for k in range(1, 7)],
        ),
        Test("… against 1 - 0.55ᵏ", risk, lambda: [1 - 0.55**k for k in range(1, 7)], wrong=True),
    )
    return Claim(REGRESSION, (Setting(loop(10), family, 5),), tests, 2000, 500, chunk=500)


def _floor() -> Claim:
    """However many samples: a share p of them from a model with error c² leaves p²c²."""

    def graph(share: float) -> InteractionGraph:
        total = 100_000_000
        flows = [Flow("z", "a", round(share * total)), Flow("web", "a", round((1 - share) * total))]
        models = [Model("z", frozen=True, initial={"web": 30}), Model("a")]
        return InteractionGraph.from_parts([Source("web")], models, flows)

    shares = (0.01, 0.1)
    settings = tuple(Setting(graph(share), families.LeastSquares(10, 1.0), 1) for share in shares)
    error = 10 / 19

    def risk(runs: Sequence[xr.Dataset]) -> Array:
        return np.stack([run["risk"].values[:, 1, 1] for run in runs], axis=1) / error

    tests = (
        Test(
            "a hundred million samples, 1 % or 10 % of them from one frozen model: 1e-4 or 0.01 of "
            "its risk is left, "
            "within 5 % `[dohmatob2024strong]`",
            lambda runs: risk(runs) / np.square(shares),
            lambda: 1.0,
            "near",
            0.05,
        ),
        Test("… against the share itself", risk, lambda: shares, wrong=True),
    )
    return Claim(REGRESSION, settings, tests, 20_000, None, chunk=2500)


def _golden() -> Claim:
    """Real samples n, synthetic m, weight w of the real ones: n times the settled risk."""
    cases = [(100, 100, 0.5), (100, 100, 0.618034), (100, 100, 0.75), (10, 100, 0.27016), (200, 100, 0.73205)]
    settings = tuple(
        Setting(loop(m, n, w * m / ((1 - w) * n)), families.GaussianMean(1.0), 40) for n, m, w in cases
    )

    def risk(runs: Sequence[xr.Dataset]) -> Array:
        pairs = zip(runs, cases, strict=True)
        return np.stack([case[0] * run["risk"].values[:, 21:, 0].mean(axis=1) for run, case in pairs], axis=1)

    def settled(n: int, m: int, w: float) -> float:
        return (w**2 + n / m * (1 - w) ** 2) / (w * (2 - w))

    tests = (
        Test(
            "loops that weight real data: risk settles at [w² + k(1-w)²] / [w(2-w)] of real data "
            "alone, k = n/m, "
            "0.618 at the golden ratio `[he2025weighting]`",
            risk,
            lambda: [settled(*case) for case in cases],
        ),
        Test(
            "… against 2/3, the value of equal weights, at the golden ratio",
            lambda runs: risk(runs)[:, 1],
            lambda: 2 / 3,
            wrong=True,
        ),
    )
    return Claim(POOLS, settings, tests, 10_000, 4000, chunk=5000)
