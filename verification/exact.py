"""Claims about the exact laws: every family that has one, every regime, every kind of graph.

Each row of the table is one family under one regime, on all graphs that the law covers there.
Wrong laws are held to the same draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from headwater import families, laws
from headwater.families.contract import Array, Family
from headwater.graph import InteractionGraph
from headwater.regimes import Accumulate, AccumulateSubsample, Regime, Replace, Window
from headwater.theory.laws import Law
from headwater.verification.verifying import predicted_risk
from verification.claims import Claim, Setting, Test
from verification.graphs import gallery, loop

SECTION = "Exact laws, budgets of 6 to 16 samples"
LARGER = "Exact laws, budgets of 60 to 160 samples"
REGRESSION = "Exact law of least squares, small budgets and large"

REGIMES: dict[Regime, Regime] = {
    Replace(): Window(2),
    Window(3): Window(2),
    Accumulate(): Window(3),
    AccumulateSubsample(): Accumulate(),
}
"""Regimes, and another whose law the same draws must refuse."""

QUICK = ("part of an archive", "frozen model")


@dataclass(frozen=True)
class Subject:
    """A family with a law, and a law that is slightly wrong for it.

    `wrong_words` goes on after "the same draws against".
    """

    words: str
    family: Family[Any, Any]
    wrong: Law
    wrong_words: str
    replicates: int = 4000


def subjects() -> list[Subject]:
    """Every family whose law speaks of every regime."""
    zipf = families.Categorical(np.array([0.4, 0.25, 0.15, 0.1, 0.06, 0.04]))
    flat = "constant variance"
    return [
        Subject("Gaussian, ddof 0", families.Gaussian(ddof=0), _flat(1.0), flat),
        Subject("Gaussian, ddof 1", families.Gaussian(ddof=1), laws.Gaussian(0), "ddof 0"),
        Subject("Gaussian, ddof 0, 3 dimensions", _tilted(0), _flat(1.0), flat, 2000),
        Subject("Gaussian, ddof 1, 3 dimensions", _tilted(1), laws.Gaussian(0), "ddof 0", 2000),
        Subject(
            "mean of a Gaussian", families.GaussianMean(1.5), laws.gaussian_mean(1.6), "noise 1.6 for 1.5"
        ),
        Subject("Poisson", families.Poisson(2.0), laws.poisson(2.3), "mean 2.3 for 2"),
        Subject("Bernoulli", families.Bernoulli(0.3), _flat(0.21), flat),
        Subject("binomial, 3 trials", families.Binomial(1.2, 3), _flat(0.72), flat, 10_000),
        Subject("exponential", families.Exponential(1.5), _flat(2.25), flat, 10_000),
        Subject("gamma, shape 2.5", families.Gamma(2.0, 2.5), _flat(1.6), flat, 10_000),
        Subject(
            "negative binomial, shape 2",
            families.NegativeBinomial(2.0, 2.0),
            _flat(4.0),
            flat,
            10_000,
        ),
        Subject("categorical, 6 symbols", zipf, _flat(zipf.unit_risk), flat),
    ]


def claims(quick: bool) -> list[Claim]:
    """All of this module; quick: fewer graphs."""
    every = subjects()
    made = [_claim(subject, regime, quick) for subject in every for regime in REGIMES]
    made += [_larger(subject) for subject in every if not quick]
    return made + _least_squares(quick)


def by_law(law: Law, settings: Sequence[Setting], regime: Regime | None = None) -> Array:
    """(cells,) risk of all settings by a law, under their own regime or another."""
    rows = [
        predicted_risk(each.graph, law, each.family, regime or each.regime, each.generations).ravel()
        for each in settings
    ]
    return np.concatenate(rows)


def cells(runs: Sequence[xr.Dataset], name: str = "risk") -> Array:
    """(replicates, cells) one measure of all settings."""
    return np.concatenate([run[name].values.reshape(run.sizes["replicate"], -1) for run in runs], axis=1)


def _claim(subject: Subject, regime: Regime, quick: bool) -> Claim:
    graphs = _covered(subject.family, regime, gallery(1))
    chosen = [graphs[name] for name in QUICK] if quick else list(graphs.values())
    # curvature shows late, and each pool costs more than the one before
    generations = 4 if quick else 10 if regime == Replace() else 5
    settings = tuple(Setting(graph, subject.family, generations, regime) for graph in chosen)
    law = _law(subject.family)
    where = f"{subject.words}, {regime}"
    tests = [
        Test(
            f"{where}: mean risk on {len(chosen)} graphs follows the law",
            cells,
            partial(by_law, law, settings),
        ),
        Test(
            f"{where}, against the law under {REGIMES[regime]}",
            cells,
            partial(by_law, law, settings, REGIMES[regime]),
            wrong=True,
        ),
    ]
    if regime == Replace() and not quick:
        tests.append(
            Test(
                f"{where}, against {subject.wrong_words}",
                cells,
                partial(by_law, subject.wrong, settings),
                wrong=True,
            )
        )
    metrics, replicates = ("risk",), subject.replicates
    if subject.family.name == "categorical":
        tests.append(_diversity(where, settings))
        metrics = ("risk", "diversity")
        # every record is drawn by itself there
        replicates = 1500 if regime == AccumulateSubsample() else replicates
    return Claim(SECTION, settings, tuple(tests), replicates, 1000, metrics, chunk=2000)


def _diversity(where: str, settings: Sequence[Setting]) -> Test:
    """Every probability is unbiased, so that risk and expected diversity add up to the population's."""
    family = settings[0].family
    return Test(
        f"{where}: mean diversity retained on the same graphs is one less risk by the law over 1 - Σp²",
        partial(cells, name="diversity"),
        lambda: 1 - by_law(_law(family), settings) / family.unit_risk,
    )


def _larger(subject: Subject) -> Claim:
    settings = tuple(
        Setting(graph, subject.family, 5, regime)
        for regime in REGIMES
        for name, graph in _covered(subject.family, regime, gallery(10)).items()
        if regime != AccumulateSubsample() or name in QUICK
    )
    law = _law(subject.family)
    tests = (
        Test(
            f"{subject.words}: mean risk on {len(settings)} graphs, under every regime, follows the law",
            cells,
            partial(by_law, law, settings),
        ),
    )
    return Claim(LARGER, settings, tests, 1000, chunk=1000)


def _least_squares(quick: bool) -> list[Claim]:
    """Least squares has a law under replace, with fresh rows and equal weights."""
    covariance = np.array([[2.0, 0.6, 0.0], [0.6, 1.0, -0.3], [0.0, -0.3, 0.5]])
    plain = families.LeastSquares(features=3, noise=0.7)
    tilted = families.LeastSquares(3, 0.7, families.GaussianDesign(3, covariance))
    six = families.LeastSquares(features=6, noise=1.0)
    made = [
        _regression("3 features, budgets of 6 to 16", plain, _regression_graphs(1), 20_000),
        _regression("3 correlated features, budgets of 6 to 16", tilted, _regression_graphs(1), 20_000),
    ]
    if quick:
        return made
    near = {"loop with real data": loop(9, 6), "loop without": loop(15)}
    return [
        *made,
        _regression("6 features, budgets of 60 to 160", six, _regression_graphs(10), 4000),
        _regression("6 features, budgets of 15: N near d", six, near, 100_000),
    ]


def _regression(words: str, family: Any, graphs: dict[str, InteractionGraph], replicates: int) -> Claim:
    settings = tuple(Setting(graph, family, 5) for graph in graphs.values())
    large = replicates < 10_000
    tests = [
        Test(
            f"{words}: mean risk on {len(graphs)} graphs follows the law",
            cells,
            partial(by_law, family.law(), settings),
        ),
        Test(
            f"{words}, against {'one feature more' if large else 'the large-sample law'}",
            cells,
            partial(
                by_law,
                laws.LeastSquares(family.features + 1, family.noise) if large else laws.Asymptotic(),
                settings,
            ),
            wrong=True,
        ),
    ]
    return Claim(REGRESSION, settings, tuple(tests), replicates, quick=1500, chunk=1000)


def _regression_graphs(scale: int) -> dict[str, InteractionGraph]:
    return {name: graph for name, graph in gallery(scale).items() if name not in ("weights", *_ARCHIVES)}


_ARCHIVES = ("part of an archive", "whole archive")


def _covered(
    family: Family[Any, Any], regime: Regime, graphs: dict[str, InteractionGraph]
) -> dict[str, InteractionGraph]:
    """All graphs but that of unequal weights where no law is known for it."""
    known = regime != AccumulateSubsample() and not (family.name == "gaussian" and family.least_samples == 2)
    return {name: graph for name, graph in graphs.items() if known or name != "weights"}


def _law(family: Family[Any, Any]) -> Law:
    law = family.law()
    assert law is not None
    return law


def _flat(variance: float) -> Law:
    """The law of a mean whose variance never changes."""
    return laws.gaussian_mean(variance**0.5)


def _tilted(ddof: int) -> families.Gaussian:
    covariance = np.array([[2.0, 0.6, 0.0], [0.6, 1.0, -0.3], [0.0, -0.3, 0.5]])
    return families.Gaussian(ddof, 3, np.array([1.0, -2.0, 0.0]), covariance)
