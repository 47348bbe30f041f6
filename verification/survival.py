"""Claims about what is lost for ever: symbols, diversity, rare events; and about what keeps it.

A loop's first fit, on real data, is its generation 0; where a formula counts fits, k fits are
generation k - 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from headwater import families
from headwater.emission import Emission
from headwater.families.contract import Array
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.regimes import Accumulate, Regime, Replace
from headwater.theory.tails import tail_sample
from verification.claims import Claim, Setting, Test
from verification.graphs import loop

RARE = "Rare items: survival and the effective tail sample"
LOST = "What a closed loop loses for ever, and what prevents it"


def claims(quick: bool) -> list[Claim]:
    """All of this module."""
    return [
        *_tails(quick),
        _poisson(),
        *(_bernoulli(chance, samples) for chance, samples in ((0.001, 10_000), (0.01, 100))),
        _distinct(),
        _heterozygosity(),
        *(_fixation(symbols, printed) for symbols, printed in ((10, 190.0), (2, 139.0))),
        *_one_real_sample(),
        *_verifier(quick),
    ]


def thinned(fits: int) -> float:
    """g_k: g_1 = 1, then 1 - exp(-g) again and again [suresh2024rate]."""
    g = 1.0
    for _ in range(fits - 1):
        g = float(-np.expm1(-g))
    return g


def _tails(quick: bool) -> list[Claim]:
    """Zipf's law over 2,000 symbols; a symbol of probability p survives with chance 1 - exp(-pA)."""
    family = _zipf(2000, 1.1)
    graphs = {
        "a lone loop of 1,000 samples": loop(1000),
        "a loop with 200 real of 1,000 samples": loop(800, 200),
        "a hub and what learns from it": _hub(),
    }
    cases: list[tuple[str, InteractionGraph, Regime]] = [
        (name, graph, Replace()) for name, graph in graphs.items()
    ]
    cases.append(("a lone loop of 300 samples", loop(300), Accumulate()))
    return [_tail(name, graph, regime, family) for name, graph, regime in (cases[:1] if quick else cases)]


def _tail(name: str, graph: InteractionGraph, regime: Regime, family: families.Categorical) -> Claim:
    setting = Setting(graph, family, 10, regime)
    keep = np.ones(len(graph.model_names), dtype=bool)

    def known(scale: float = 1.0) -> Array:
        sample = scale * tail_sample(graph, regime, keep, setting.generations)
        return np.asarray(-np.expm1(-sample[..., None] * family.probabilities).sum(axis=-1))

    def distinct(runs: Sequence[xr.Dataset]) -> Array:
        return np.asarray(runs[0]["distinct"].values)

    tests = (
        Test(
            f"{name}, {regime}: distinct symbols in ten generations within 2 % of Σ 1 - exp(-pA), Zipf's law",
            lambda runs: distinct(runs) / known(),
            lambda: 1.0,
            "near",
            0.02,
        ),
        Test(
            f"{name}, {regime}, against a tail sample 5 % larger", distinct, lambda: known(1.05), wrong=True
        ),
    )
    return Claim(RARE, (setting,), tests, 600, 600, ("risk", "distinct"), 150)


def _hub() -> InteractionGraph:
    flows = [
        Flow("web", "hub", 300),
        Flow("hub", "hub", 700),
        Flow("hub", "a", 600),
        Flow("a", "a", 300),
        Flow("web", "a", 100),
    ]
    return InteractionGraph.from_parts([Source("web")], [Model("hub"), Model("a")], flows)


def _zipf(symbols: int, exponent: float, shift: float = 0.0) -> families.Categorical:
    weight = (np.arange(1, symbols + 1) + shift) ** -exponent
    return families.Categorical(weight / weight.sum())


def _poisson() -> Claim:
    fits = (10, 50, 100)

    def alive(runs: Sequence[xr.Dataset]) -> Array:
        return 1 - runs[0]["extinct"].values[:, [k - 1 for k in fits], 0]

    tests = (
        Test(
            "Poisson of mean 1, closed loop of 10: still alive after 10, 50, 100 fits with chances "
            ".8214, .3187, "
            ".1775 `[suresh2024rate]`",
            alive,
            lambda: (0.8214, 0.3187, 0.1775),
            margin=5e-5,
        ),
        Test("… which are 1 - exp(-10 g_k)", alive, lambda: [-np.expm1(-10 * thinned(k)) for k in fits]),
        Test(
            "… against one fit fewer",
            alive,
            lambda: [-np.expm1(-10 * thinned(k - 1)) for k in fits],
            wrong=True,
        ),
    )
    setting = Setting(loop(10), families.Poisson(1.0), 99)
    return Claim(RARE, (setting,), tests, 100_000, 20_000, ("risk", "extinct"), 10_000)


def _bernoulli(chance: float, samples: int) -> Claim:
    """Alive: not at 0. The bounds hold at every number of fits."""
    fits = np.arange(1, 51)
    g = np.array([thinned(int(k)) for k in fits])
    missed = np.exp(-samples * chance * g)

    def alive(runs: Sequence[xr.Dataset]) -> Array:
        return np.asarray(runs[0]["mean"].values[:, :, 0] > 0)

    where = f"Bernoulli of chance {chance:g}, closed loop of {samples:,}, 1 to 50 fits: chance of being alive"
    tests = (
        Test(f"{where} at least 1 - exp(-npg) `[suresh2024rate]`", alive, lambda: 1 - missed, "at least"),
        Test(
            f"{where} at most 1 - (1 - 3np² - 3kp) exp(-npg)",
            alive,
            lambda: 1 - (1 - 3 * samples * chance**2 - 3 * fits * chance) * missed,
            "at most",
        ),
    )
    setting = Setting(loop(samples), families.Bernoulli(chance), 49)
    return Claim(RARE, (setting,), tests, 20_000, None, ("risk", "mean"), 10_000)


def _distinct() -> Claim:
    """Zipf-Mandelbrot, 1,000 symbols, 1,000 samples: both bounds of the cited theorem."""
    family = _zipf(1000, 1.0, 2.7)
    p, fits = family.probabilities, np.arange(1, 11)
    missed = np.exp(-1000 * np.outer([thinned(int(k)) for k in fits], p))
    slack = np.maximum(1 - 3 * 1000 * p**2 - 3 * fits[:, None] * p, 0)

    def distinct(runs: Sequence[xr.Dataset]) -> Array:
        return np.asarray(runs[0]["distinct"].values[:, :, 0])

    where = (
        "1,000 symbols by Zipf and Mandelbrot, closed loop of 1,000, 1 to 10 fits: mean number of symbols "
        "left"
    )
    tests = (
        Test(
            f"{where} at least Σ 1 - exp(-npg) `[suresh2024rate]`",
            distinct,
            lambda: (1 - missed).sum(axis=1),
            "at least",
        ),
        Test(
            f"{where} at most Σ 1 - max(1 - 3np² - 3kp, 0) exp(-npg)",
            distinct,
            lambda: (1 - missed * slack).sum(axis=1),
            "at most",
        ),
    )
    return Claim(RARE, (Setting(loop(1000), family, 9),), tests, 1000, None, ("risk", "distinct"), 250)


def _heterozygosity() -> Claim:
    families_ = {50: _zipf(20, 1.0), 8: _zipf(4, 0.5)}
    settings = tuple(Setting(loop(samples), family, 49) for samples, family in families_.items())
    at = np.array([0, 4, 9, 19])

    def see(runs: Sequence[xr.Dataset]) -> Array:
        return np.concatenate([run["diversity"].values[:, at, 0] for run in runs], axis=1)

    tests = (
        Test(
            "closed loops of 50 and 8 samples keep (1 - 1/n)^k of diversity 1 - Σp² after k = 1, 5, "
            "10, 20 fits "
            "`[seddik2024bad]`",
            see,
            lambda: [(1 - 1 / n) ** k for n in families_ for k in at + 1],
        ),
        Test(
            "… against one fit fewer",
            see,
            lambda: [(1 - 1 / n) ** k for n in families_ for k in at],
            wrong=True,
        ),
    )
    return Claim(LOST, settings, tests, 10_000, 4000, ("risk", "diversity"), 2000)


def _fixation(symbols: int, printed: float) -> Claim:
    """Fits until one symbol is left: Wright and Fisher's model, and its diffusion."""
    last, samples = 1000, 100
    setting = Setting(loop(samples), families.Categorical(np.full(symbols, 1 / symbols)), last)

    def fits(runs: Sequence[xr.Dataset]) -> Array:
        return np.asarray((runs[0]["distinct"].values[:, :, 0] > 1).sum(axis=1, keepdims=True) + 1.0)

    where = f"{symbols} equal symbols, closed loop of {samples}: mean number of fits until one is left"
    tests = (
        Test(
            f"{where} within 3 % of -2n Σ (1 - p) log(1 - p) = {printed:.0f}",
            fits,
            lambda: -2 * samples * (symbols - 1) * np.log1p(-1 / symbols),
            "near",
            0.03 * printed,
        ),
        Test(f"{where}, against n log N", fits, lambda: samples * np.log(symbols), wrong=True),
    )
    return Claim(LOST, (setting,), tests, 60_000, None, ("risk", "distinct"), 2000)


def _one_real_sample() -> list[Claim]:
    """Absorption is certain in a closed loop, and does not happen with one real sample a generation."""
    closed, open_ = loop(20), loop(19, 1)
    yes_no = tuple(Setting(graph, families.Bernoulli(0.3), 400) for graph in (closed, open_))
    normal = tuple(Setting(graph, families.Gaussian(ddof=1), 1000) for graph in (closed, open_))

    def kept(runs: Sequence[xr.Dataset]) -> Array:
        late = [run["variance"].values[:, -100:, 0].mean(axis=1) for run in runs]
        return np.stack(late, axis=1)

    def spread(runs: Sequence[xr.Dataset]) -> Array:
        return np.stack([run["variance"].values[:, -1, 0] > 0.01 for run in runs], axis=1)

    bernoulli = (
        Test(
            "Bernoulli, loop of 20, one sample of them real: a fifth of the variance or more is kept "
            "300 to 400 "
            "generations on",
            lambda runs: kept(runs)[:, 1],
            lambda: 0.2,
            "above",
        ),
        Test(
            "Bernoulli, loop of 20 without real data: less than a hundredth is",
            lambda runs: kept(runs)[:, 0],
            lambda: 0.01,
            "below",
        ),
    )
    gaussian = (
        Test(
            "Gaussian, ddof 1, loop of 20, one sample of them real: nine runs in ten or more have "
            "over a hundredth of "
            "their variance after 1,000 generations",
            lambda runs: spread(runs)[:, 1],
            lambda: 0.9,
            "above",
        ),
        Test(
            "Gaussian, ddof 1, loop of 20 without real data: one in ten or fewer",
            lambda runs: spread(runs)[:, 0],
            lambda: 0.1,
            "below",
        ),
    )
    return [
        Claim(LOST, yes_no, bernoulli, 2000, None, ("risk", "variance"), 2000),
        Claim(LOST, normal, gaussian, 2000, None, ("risk", "variance"), 2000),
    ]


def _verifier(quick: bool) -> list[Claim]:
    """A frozen generator is right with a chance p; what a verifier keeps is right with pφ / (pφ + (1-p)ψ)."""
    cases = [(0.8, 0.4), (0.9, 0.1)] if not quick else [(0.8, 0.4)]
    return [_threshold(*case) for case in cases]


def _threshold(keep_right: float, keep_wrong: float) -> Claim:
    edge = 1 / (1 + keep_right / keep_wrong)
    emission = Emission(keep_right=keep_right, keep_wrong=keep_wrong)
    flows = [Flow("generator", "learner", 20_000, 1.0, emission)]
    models = [Model("generator", frozen=True, initial={"web": 1_000_000}), Model("learner")]
    graph = InteractionGraph.from_parts([Source("web")], models, flows)
    chances = (edge - 0.02, edge + 0.02)
    settings = tuple(
        Setting(graph, families.Categorical(np.array([p, 1 - p]), right=np.array([True, False])), 1)
        for p in chances
    )

    def wrong(runs: Sequence[xr.Dataset]) -> Array:
        return np.stack([run["wrong"].values[:, 1, 1] for run in runs], axis=1)

    where = f"a verifier that keeps {keep_right:g} of right and {keep_wrong:g} of wrong samples"
    tests = (
        Test(
            f"{where}: learners are wrong more often than right where the generator is right with "
            f"{chances[0]:.3g}",
            lambda runs: wrong(runs)[:, 0],
            lambda: 0.5,
            "above",
        ),
        Test(
            f"{where}: and right more often than wrong where it is right with {chances[1]:.3g}, so "
            "that the threshold "
            f"{edge:.3g} = 1 / (1 + φ/ψ) lies between `[feng2024verification]`",
            lambda runs: wrong(runs)[:, 1],
            lambda: 0.5,
            "below",
        ),
        Test(f"{where}, against no verifier", wrong, lambda: 1 - np.array(chances), wrong=True),
    )
    return Claim(LOST, settings, tests, 1000, 400, ("risk", "wrong"), 1000)
