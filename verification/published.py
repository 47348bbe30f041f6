"""Claims about numbers and formulas of the literature: normal distributions, pools, regressions, weights.

A first fit, on real data, is generation 0 here; where a paper counts fits, k fits are generation k - 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import xarray as xr
from scipy.integrate import quad
from scipy.special import gammaln, loggamma

from headwater import families
from headwater.emission import Emission
from headwater.families.contract import Array
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.regimes import Accumulate, AccumulateSubsample, Replace
from headwater.theory.typical import log_variance_drift
from verification.claims import Claim, Setting, Test
from verification.graphs import loop

NORMAL = "Normal distributions, fitted again and again"
POOLS = "Pools and weights"
REGRESSION = "Regression: what the literature says of it"


def claims(quick: bool) -> list[Claim]:
    """All of this module."""
    return [
        *_wasserstein(),
        _halving(),
        _spread(),
        _kazdan(),
        *(_biased(*case) for case in ((1.0, 12.2), (0.8, 20.6))),
        _shrinking(),
        *_subsampled(),
        *_pools(),
        _noiseless(),
        _floor(),
        _golden(),
    ]


def see(runs: Sequence[xr.Dataset], name: str, fits: Sequence[int]) -> Array:
    """(replicates, cells) a measure of the first model of every setting after so many fits."""
    return np.concatenate([run[name].values[:, [k - 1 for k in fits], 0] for run in runs], axis=1)


def c4(n: int) -> float:
    """Mean of a sample's standard deviation, divisor n - 1, over the population's."""
    return float(np.sqrt(2 / (n - 1)) * np.exp(gammaln(n / 2) - gammaln((n - 1) / 2)))


def _wasserstein() -> list[Claim]:
    setting = (Setting(loop(100), families.Gaussian(ddof=1), 49),)

    def total(runs: Sequence[xr.Dataset]) -> Array:
        return see(runs, "risk", (50,)) + see(runs, "variance", (50,))

    distance = partial(see, name="wasserstein", fits=(10, 50))
    tests = (
        Test(
            "ddof 1, closed loop of 100: squared Wasserstein distance 0.1499 after 10 fits, 0.7372 after 50 "
            "`[shumailov2024collapse]`, exactly k/n + 2 (1 - c₄ᵏ)",
            distance,
            lambda: [k / 100 + 2 * (1 - c4(100) ** k) for k in (10, 50)],
        ),
        Test("… shown to be within 2 % of 0.7372", partial(see, name="wasserstein", fits=(50,)), lambda: 0.7372,
             "near", 0.02 * 0.7372),
        Test(
            "… against k/n + 2 (1 - c₄ᵏ⁺¹)",
            distance,
            lambda: [k / 100 + 2 * (1 - c4(100) ** (k + 1)) for k in (10, 50)],
            wrong=True,
        ),
        Test("… and the variance of what is emitted is 1.5 after 50", total, lambda: 1.5),
        Test("… against a variance that stays 1", total, lambda: 1.0, wrong=True),
    )
    return [Claim(NORMAL, setting, tests, 200_000, None, ("risk", "variance", "wasserstein"), 10_000)]


def _halving() -> Claim:
    """The median, where the mean variance does not change at all."""
    times = {10: (10, 12, 14), 100: (123, 137, 151), 1000: (1246, 1384, 1522)}
    settings = tuple(Setting(loop(n), families.Gaussian(ddof=1), fits[-1] - 1) for n, fits in times.items())

    def variance(runs: Sequence[xr.Dataset], which: int) -> Array:
        pairs = zip(runs, times.values(), strict=True)
        return np.stack([run["variance"].values[:, fits[which] - 1, 0] for run, fits in pairs], axis=1)

    words = "ddof 1, closed loops of 10, 100 and 1,000"
    tests = (
        Test(
            f"{words}: mean log variance after 12, 137, 1,384 fits is as many times ψ((n-1)/2) - log((n-1)/2)",
            lambda runs: np.log(variance(runs, 1)),
            lambda: [fits[1] * log_variance_drift(n, 1) for n, fits in times.items()],
        ),
        Test(
            f"{words}: the median standard deviation is not yet halved after 10, 123, 1,246 fits",
            lambda runs: variance(runs, 0) < 0.25,
            lambda: 0.5,
            "below",
        ),
        Test(
            f"{words}: and is after 14, 151, 1,522 fits",
            lambda runs: variance(runs, 2) < 0.25,
            lambda: 0.5,
            "above",
        ),
        Test(
            f"{words}: the mean variance is 1 all the while, in the two larger loops",
            lambda runs: variance(runs, 1)[:, 1:],
            lambda: 1.0,
        ),
    )
    return Claim(NORMAL, settings, tests, 10_000, None, ("risk", "variance"), 5000)


def _spread() -> Claim:
    fits, few = (20, 50, 100), 10
    settings = (Setting(loop(few), families.Gaussian(ddof=1), fits[-1] - 1),)

    def wide(runs: Sequence[xr.Dataset]) -> Array:
        return np.asarray(see(runs, "variance", fits) > 0.1**2)

    tests = (
        Test(
            "ddof 1, closed loop of 10: standard deviation above a tenth after 20, 50, 100 fits with the chance "
            "that a product of chi-squares gives",
            wide,
            lambda: [_stays_above(0.1, few, k) for k in fits],
        ),
        Test(
            "… which is at most 10 exp(-k/(4n - 1)) `[suresh2024rate]`",
            wide,
            lambda: [10 * np.exp(-k / (4 * few - 1)) for k in fits],
            "at most",
        ),
        Test("… against one fit more", wide, lambda: [_stays_above(0.1, few, k + 1) for k in fits], wrong=True),
    )
    return Claim(NORMAL, settings, tests, 100_000, 20_000, ("risk", "variance"), 10_000)


def _stays_above(level: float, n: int, fits: int) -> float:
    """Chance that the product of so many χ²/(n-1) is above level², by inverting its characteristic function."""

    def integrand(t: float) -> float:
        log = loggamma((n - 1) / 2 + 1j * t) - loggamma((n - 1) / 2) + 1j * t * np.log(2 / (n - 1))
        return float(np.imag(np.exp(fits * log - 2j * t * np.log(level))) / t)

    return 0.5 + quad(integrand, 1e-12, 20, limit=500)[0] / np.pi


def _kazdan() -> Claim:
    budgets = (10, 32, 100)
    pools = [Setting(loop(n), families.Gaussian(ddof=0), 99, Accumulate()) for n in budgets]
    loops = [Setting(loop(n), families.Gaussian(ddof=0), n - 1) for n in (10, 100)]

    def kept(n: int) -> float:
        return float(np.prod(1 - 1 / (n * np.arange(1.0, 101) ** 2)))

    pooled = partial(see, fits=(100,))
    tests = (
        Test(
            "ddof 0, accumulate, 100 fits on 10, 32, 100: squared error of the mean 0.156, 0.0503, 0.0163, exactly "
            "1 - Π (1 - 1/(nt²)) `[kazdan2024thrive]`",
            lambda runs: pooled(runs[:3], "risk"),
            lambda: [1 - kept(n) for n in budgets],
        ),
        Test(
            "… and variance kept 0.844, 0.950, 0.984",
            lambda runs: pooled(runs[:3], "variance"),
            lambda: [kept(n) for n in budgets],
        ),
        Test(
            "… against π²/(6n), its value at large budgets",
            lambda runs: pooled(runs[:1], "risk"),
            lambda: np.pi**2 / 60,
            wrong=True,
        ),
        Test(
            "ddof 0, replace: squared error of the mean 0.651 after 10 fits on 10, 0.634 after 100 on 100",
            lambda runs: np.stack([runs[3]["risk"].values[:, 9, 0], runs[4]["risk"].values[:, 99, 0]], axis=1),
            lambda: [1 - (1 - 1 / n) ** n for n in (10, 100)],
        ),
    )
    return Claim(NORMAL, (*pools, *loops), tests, 50_000, None, ("risk", "variance"), 5000)


def _biased(factor: float, printed: float) -> Claim:
    """100 dimensions, 100 real and 900 synthetic samples of variance times `factor`."""
    real, synthetic, last = 100, 900, 40
    flows = [Flow("web", "a", real), Flow("a", "a", synthetic, 1.0, Emission(variance=factor))]
    graph = InteractionGraph.from_parts([Source("web")], [Model("a", initial={"web": 100})], flows)
    setting = (Setting(graph, families.Gaussian(ddof=1, dimensions=100), last),)

    def moments() -> tuple[float, float]:
        both = real + synthetic
        w, error, spread = real / both, 1 / 100, 1.0
        for _ in range(last):
            emitted = factor * spread
            between = real * synthetic / both * (1 / real + emitted / synthetic + error)
            error, spread = (
                w**2 / real + (1 - w) ** 2 * (error + emitted / synthetic),
                (real - 1 + (synthetic - 1) * emitted + between) / (both - 1),
            )
        return error, spread

    words = f"100 dimensions, 100 real and 900 synthetic samples, variance factor {factor:g}"
    distance = partial(see, name="wasserstein", fits=(last + 1,))
    tests = (
        Test(
            f"{words}: squared error and variance after {last} generations as the recursion of their means says",
            lambda runs: np.concatenate([see(runs, name, (last + 1,)) for name in ("risk", "variance")], axis=1),
            moments,
        ),
        Test(
            f"{words}: squared Wasserstein distance within 3 % of {printed} `[alemohammad2023self]`",
            distance,
            lambda: printed,
            "near",
            0.03 * printed,
        ),
        Test(f"{words}, against that of 300 real samples, 9.1", distance, lambda: 9.1, wrong=True),
    )
    return Claim(NORMAL, setting, tests, 60, None, ("risk", "variance", "wasserstein"), 30)


def _shrinking() -> Claim:
    graph = InteractionGraph.from_flows([Flow("a", "a", 20, 1.0, Emission(variance=0.8))])
    setting = (Setting(graph, families.Gaussian(ddof=1, dimensions=3), 10),)
    variance = partial(see, name="variance", fits=(2, 6, 11))
    tests = (
        Test(
            "3 dimensions, closed loop of 20, variance factor 0.8: mean variance 0.8ᵗ `[alemohammad2023self]`",
            variance,
            lambda: [0.8**t for t in (1, 5, 10)],
        ),
        Test("… against 0.78ᵗ", variance, lambda: [0.78**t for t in (1, 5, 10)], wrong=True),
    )
    return Claim(NORMAL, setting, tests, 10_000, 4000, ("risk", "variance"), 5000)


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
        Test(f"{words}, against Σ 1/i², that of the whole pool", partial(ratio, fits=10), lambda: 1.5498, wrong=True),
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
            "least squares, 10 features, the same 50 rows, accumulate: risk over the first is Σ 1/i² after 1 to 20 "
            "fits `[dey2024universality]`",
            lambda runs: risk(runs[:1], fits=fits) / 0.2,
            lambda: squares,
        ),
        Test(
            "… and k under replace `[gerstgrasser2024inevitable]`",
            lambda runs: risk(runs[1:], fits=fits) / 0.2,
            lambda: fits,
        ),
        Test("… against π²/6 at once", lambda runs: risk(runs[:1], fits=(2, 5)) / 0.2, lambda: np.pi**2 / 6,
             wrong=True),
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
        Test("… against Σ 1/i², that of rows used again", lambda runs: risk(runs, fits=fits) / first,
             lambda: squares, wrong=True),
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
            "a hundred million samples, 1 % or 10 % of them from one frozen model: 1e-4 or 0.01 of its risk is left, "
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
            "loops that weight real data: risk settles at [w² + k(1-w)²] / [w(2-w)] of real data alone, k = n/m, "
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
