"""The table of laws that the shared tests run over: the library's law beside its naive twin.

`agrees` holds a trajectory of the library to the twin's second moments, at every generation.
"""

from __future__ import annotations

import numpy as np

from headwater.graph import InteractionGraph
from headwater.regimes import Accumulate, AccumulateSubsample, Regime, Replace, Window
from headwater.theory import laws
from headwater.theory.trajectory import trajectory
from tests.oracles import recursions, simulation
from tests.theory.graphs import everyone, in_order

LAWS: dict[str, tuple[laws.Law, recursions.Law]] = {
    "asymptotic": (laws.Asymptotic(), recursions.Asymptotic()),
    "gaussian mean": (laws.gaussian_mean(1.5), recursions.Quadratic(2.25, 0.0)),
    "poisson": (laws.poisson(2.0), recursions.Quadratic(2.0, 0.0)),
    "bernoulli": (laws.bernoulli(0.2), recursions.Quadratic(0.16, -1.0)),
    "binomial": (laws.binomial(1.0, 3), recursions.Quadratic(2 / 3, -1 / 3)),
    "exponential": (laws.exponential(1.3), recursions.Quadratic(1.69, 1.0)),
    "gamma": (laws.gamma(2.0, 2.5), recursions.Quadratic(1.6, 0.4)),
    "negative binomial": (laws.negative_binomial(2.0, 3.0), recursions.Quadratic(10 / 3, 1 / 3)),
    "gaussian ddof 0": (laws.Gaussian(0), recursions.Gaussian(1.0, 0)),
    "gaussian ddof 1": (laws.Gaussian(1), recursions.Gaussian(1.0, 1)),
}

FAMILIES: dict[str, simulation.Family] = {
    "gaussian mean": simulation.NormalMean(1.0, 2.25),
    "poisson": simulation.Poisson(2.0),
    "bernoulli": simulation.Bernoulli(0.2),
    "binomial": simulation.Binomial(1.0, 3),
    "exponential": simulation.Exponential(1.3),
    "gamma": simulation.Gamma(2.0, 2.5),
    "negative binomial": simulation.NegativeBinomial(2.0, 3.0),
    "gaussian ddof 0": simulation.Gaussian(0),
    "gaussian ddof 1": simulation.Gaussian(1),
}

BATCHES: tuple[Regime, ...] = (Replace(), Window(1), Window(2), Window(4))
POOLS: tuple[Regime, ...] = (Accumulate(), AccumulateSubsample())


def risk(law: laws.Law, graph: InteractionGraph, regime: Regime, generations: int):
    """(generations + 1, models) risk, in the graph's order of models."""
    recursion = law.recursion(graph, regime, everyone(graph))
    return in_order(graph, recursion.system, trajectory(recursion, generations))


def agrees(name: str, graph: InteractionGraph, regime: Regime, generations: int = 6) -> None:
    """The library's risk is the diagonal of the twin's second moments."""
    law, twin = LAWS[name]
    expected, _ = recursions.moments(graph, twin, regime, generations)
    np.testing.assert_allclose(
        risk(law, graph, regime, generations),
        np.diagonal(expected, axis1=1, axis2=2),
        rtol=1e-10,
        atol=1e-14,
    )
