"""Claims about normal distributions that are fitted again and again: formulas and numbers of the literature.

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
from headwater.regimes import Accumulate
from headwater.theory.typical import log_variance_drift
from verification.claims import Claim, Setting, Test
from verification.graphs import loop

NORMAL = "Normal distributions, fitted again and again"


def claims(quick: bool) -> list[Claim]:
    """All of this module."""
    return [
        *_wasserstein(),
        _halving(),
        _spread(),
        _kazdan(),
        *(_biased(*case) for case in ((1.0, 12.2), (0.8, 20.6))),
        _shrinking(),
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
        Test(
            "… shown to be within 2 % of 0.7372",
            partial(see, name="wasserstein", fits=(50,)),
            lambda: 0.7372,
            "near",
            0.02 * 0.7372,
        ),
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
            f"{words}: mean log variance after 12, 137, 1,384 fits is as many times ψ((n-1)/2) - "
            "log((n-1)/2)",
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
            "ddof 1, closed loop of 10: standard deviation above a tenth after 20, 50, 100 fits with "
            "the chance "
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
        Test(
            "… against one fit more", wide, lambda: [_stays_above(0.1, few, k + 1) for k in fits], wrong=True
        ),
    )
    return Claim(NORMAL, settings, tests, 100_000, 20_000, ("risk", "variance"), 10_000)


def _stays_above(level: float, n: int, fits: int) -> float:
    """Chance that a product of so many χ²/(n-1) is above level², from its characteristic function."""

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
            "ddof 0, accumulate, 100 fits on 10, 32, 100: squared error of the mean 0.156, 0.0503, "
            "0.0163, exactly "
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
            lambda runs: np.stack(
                [runs[3]["risk"].values[:, 9, 0], runs[4]["risk"].values[:, 99, 0]], axis=1
            ),
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
            f"{words}: squared error and variance after {last} generations as the recursion of their "
            "means says",
            lambda runs: np.concatenate(
                [see(runs, name, (last + 1,)) for name in ("risk", "variance")], axis=1
            ),
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
            "3 dimensions, closed loop of 20, variance factor 0.8: mean variance 0.8ᵗ "
            "`[alemohammad2023self]`",
            variance,
            lambda: [0.8**t for t in (1, 5, 10)],
        ),
        Test("… against 0.78ᵗ", variance, lambda: [0.78**t for t in (1, 5, 10)], wrong=True),
    )
    return Claim(NORMAL, setting, tests, 10_000, 4000, ("risk", "variance"), 5000)
