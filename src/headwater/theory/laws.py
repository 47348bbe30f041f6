"""The laws a person can name: which moments follow which exact recursion, under which regime.

A law is a value; ``law.recursion(graph, regime, keep)`` puts it on a graph. What is not known
raises `NoLaw`, which names simulation as the way out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from headwater.errors import LawError, NoLaw, nearest
from headwater.graph import InteractionGraph
from headwater.regimes import AccumulateSubsample, Regime, Replace, Window
from headwater.theory.growth import Growth
from headwater.theory.least_squares import PooledLeastSquares
from headwater.theory.pooled import Pooled
from headwater.theory.recursion import Recursion
from headwater.theory.spread import Fitted, Quadratic, Spread
from headwater.theory.system import Flag, build
from headwater.theory.windowed import Windowed

SMALLEST = 1e-50
"""Of a law's parameters, whose squares must be numbers too."""


class Law(Protocol):
    """How risk follows from graph and regime."""

    @property
    def name(self) -> str:
        """As files and the command line spell it."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What it was given, for the record."""
        ...

    @property
    def ceiling(self) -> float:
        """The largest risk a model can have, in the law's units; infinite if there is none."""
        ...

    @property
    def units(self) -> str:
        """What a risk of 1 means."""
        ...

    @property
    def least_samples(self) -> int:
        """Fewest samples that a fit exists and has a finite risk on."""
        ...

    @property
    def may_explode(self) -> bool:
        """Whether a grounded component may grow without bound, so that counts are needed to tell."""
        ...

    @property
    def ungrounded_growth(self) -> Growth:
        """What risk does in an ungrounded component where old data are dropped."""
        ...

    def recursion(self, graph: InteractionGraph, regime: Regime, keep: Flag) -> Recursion:
        """The law on the models in `keep`, which hold all their ancestors.

        Raises
        ------
        NoLaw
            If no exact recursion is known.
        """
        ...


@dataclass(frozen=True, slots=True)
class Asymptotic:
    """Any regular estimator at large budgets, in units of its sandwich variance V.

    A model fitted on N real samples has risk 1/N. The inflation is the same for every such
    estimator. Wrong near as many parameters as samples: use `LeastSquares` there.
    """

    name: str = field(default="asymptotic", init=False)
    ceiling: float = field(default=math.inf, init=False)
    units: str = field(default="V, the estimator's variance with one sample", init=False)
    least_samples: int = field(default=1, init=False)
    may_explode: bool = field(default=False, init=False)
    ungrounded_growth: Growth = field(default="linear", init=False)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """None."""
        return {}

    def recursion(self, graph: InteractionGraph, regime: Regime, keep: Flag) -> Recursion:
        """Known under every regime."""
        return mean_recursion(Quadratic(1.0, 0.0, exact=False), graph, regime, keep)


@dataclass(frozen=True, slots=True)
class QuadraticVariance:
    """The mean of a natural exponential family with quadratic variance, exact at every budget.

    Make one with `gaussian_mean`, `poisson`, `bernoulli`, `binomial`, `exponential`, `gamma` or
    `negative_binomial`. Risk is the squared error of the mean [morris1982natural]_.
    """

    name: str
    parameters: Mapping[str, Any] = field(hash=False)
    variance: float
    curvature: float
    least_samples: int = field(default=1, init=False)

    @property
    def may_explode(self) -> bool:
        """Where variance grows with error."""
        return self.curvature > 0

    @property
    def ungrounded_growth(self) -> Growth:
        """By the sign of the curvature: down to the ceiling, straight, or ever faster."""
        return "exponential" if self.curvature > 0 else "bounded" if self.curvature < 0 else "linear"

    @property
    def ceiling(self) -> float:
        """Where every model has lost all variance."""
        return -self.variance / self.curvature if self.curvature < 0 else math.inf

    @property
    def units(self) -> str:
        """Squared units of the data."""
        return "squared error of the mean"

    def recursion(self, graph: InteractionGraph, regime: Regime, keep: Flag) -> Recursion:
        """Known under every regime, but not with unequal weights under accumulate-subsample."""
        return mean_recursion(Quadratic(self.variance, self.curvature), graph, regime, keep)


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Normal distribution with mean and variance fitted, divisor ``N - ddof``; exact means.

    Risk is the squared error of the mean per coordinate, in units of the population's variance.
    There is no default `ddof`: maximum likelihood (0) loses variance, 1 does not on average.
    """

    ddof: int
    name: str = field(default="gaussian", init=False)
    units: str = field(default="the population's variance, per coordinate", init=False)

    @property
    def least_samples(self) -> int:
        """A variance with ddof 1 needs two."""
        return self.ddof + 1

    @property
    def may_explode(self) -> bool:
        """With ddof 1, at budgets of a few samples; maximum likelihood has a ceiling."""
        return self.ddof == 1

    @property
    def ungrounded_growth(self) -> Growth:
        """Of the mean; the typical run loses its variance with either divisor."""
        return "bounded" if self.ddof == 0 else "linear"

    def __post_init__(self) -> None:
        if self.ddof not in (0, 1) or isinstance(self.ddof, bool):
            raise LawError(f"ddof is {self.ddof!r}", "ddof is 0 (maximum likelihood) or 1 (unbiased)")

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The divisor's correction."""
        return {"ddof": self.ddof}

    @property
    def ceiling(self) -> float:
        """Maximum likelihood loses all variance in the end, and stops moving."""
        return 1.0 if self.ddof == 0 else math.inf

    def recursion(self, graph: InteractionGraph, regime: Regime, keep: Flag) -> Recursion:
        """Known under every regime; unequal weights only with ``ddof=0`` and not when subsampling."""
        recursion = mean_recursion(Fitted(1.0, self.ddof), graph, regime, keep)
        system = recursion.system
        if self.ddof == 1 and (system.weighted or _mixes_weights(graph, keep, regime)):
            raise NoLaw(
                "no exact law is known for a weighted variance with ddof 1",
                "simulate it, use --ddof 0 or --law asymptotic, or weight every flow the same",
            )
        few = system.start.count <= self.ddof
        if regime in (Replace(), Window(1)):
            few[: len(system.trained)] |= system.count <= self.ddof
        elif isinstance(regime, AccumulateSubsample):
            few[: len(system.trained)] |= system.budget <= self.ddof
        if few.any():
            name = graph.model_names[system.models[int(np.flatnonzero(few)[0])]]
            raise LawError(
                f"model {name!r} is fitted on 1 sample, whose variance with ddof 1 does not exist",
                "give it at least 2 samples",
                ("models", name),
            )
        return recursion


@dataclass(frozen=True, slots=True)
class LeastSquares:
    """Pooled least squares with `features` normal covariates and label noise of s.d. `noise`.

    Exact at every budget of at least ``features + 2``. Risk is the excess prediction error.
    """

    features: int
    noise: float = 1.0
    name: str = field(default="least-squares", init=False)
    ceiling: float = field(default=math.inf, init=False)
    units: str = field(default="excess squared prediction error", init=False)
    may_explode: bool = field(default=True, init=False)
    ungrounded_growth: Growth = field(default="linear", init=False)

    def __post_init__(self) -> None:
        if (
            isinstance(self.features, bool)
            or not isinstance(self.features, int | np.integer)
            or self.features < 1
        ):
            raise LawError(f"features is {self.features!r}", "write a whole number of features, at least 1")
        _positive("noise", self.noise)

    @property
    def least_samples(self) -> int:
        """Two more than features: with fewer, risk is infinite."""
        return self.features + 2

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Features and label noise."""
        return {"features": self.features, "noise": self.noise}

    def recursion(self, graph: InteractionGraph, regime: Regime, keep: Flag) -> Recursion:
        """Known under replace, with fresh real data and equal weights."""
        if regime not in (Replace(), Window(1)):
            raise NoLaw(
                f"no exact law is known for least squares under {regime}",
                "simulate it, use --law asymptotic, or --regime replace",
            )
        return PooledLeastSquares(build(graph, keep), self.features, self.noise)


def mean_recursion(spread: Spread, graph: InteractionGraph, regime: Regime, keep: Flag) -> Recursion:
    """A mean-fitting law under any regime.

    Raises
    ------
    NoLaw
        For unequal weights under accumulate-subsample, unless the law is a large-sample one: a
        subsample holds a random number of records of each weight.
    """
    if isinstance(regime, Replace | Window):
        window = regime.generations if isinstance(regime, Window) else 1
        return Windowed(build(graph, keep), spread, window)
    system = build(graph, keep, archives_once=True)
    subsample = isinstance(regime, AccumulateSubsample)
    if subsample and spread.exact and (system.weighted or _mixes_weights(graph, keep, regime)):
        raise NoLaw(
            "no exact law is known for unequal weights under accumulate-subsample",
            "simulate it, use --law asymptotic, or give every flow weight 1",
        )
    return Pooled(system, spread, subsample)


def _mixes_weights(graph: InteractionGraph, keep: Flag, regime: Regime) -> bool:
    """Whether a window or pool holds records of unequal weight (initial ones have weight 1)."""
    return regime not in (Replace(), Window(1)) and bool((graph.weight[keep[graph.learner]] != 1).any())


def _positive(what: str, value: float) -> None:
    # a single-precision number cannot be compared with the bounds
    value = value.item() if isinstance(value, np.generic) else value
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float | np.integer | np.floating)
        or not SMALLEST <= value <= 1 / SMALLEST
    ):
        raise LawError(f"{what} is {value!r}", f"{what} is a number from {SMALLEST:g} to {1 / SMALLEST:g}")


def gaussian_mean(noise: float = 1.0) -> QuadraticVariance:
    """Mean of a normal with known standard deviation `noise`."""
    _positive("noise", noise)
    return QuadraticVariance("gaussian-mean", {"noise": noise}, noise**2, 0.0)


def poisson(mean: float) -> QuadraticVariance:
    """Mean of a Poisson."""
    _positive("mean", mean)
    return QuadraticVariance("poisson", {"mean": mean}, mean, 0.0)


def bernoulli(mean: float) -> QuadraticVariance:
    """Probability of a Bernoulli, between 0 and 1."""
    _positive("mean", mean)
    if mean >= 1:
        raise LawError(f"mean is {mean!r}", "the mean of a Bernoulli is a probability between 0 and 1")
    return QuadraticVariance("bernoulli", {"mean": mean}, mean * (1 - mean), -1.0)


def binomial(mean: float, shape: float) -> QuadraticVariance:
    """Mean of a binomial with `shape` trials."""
    _positive("mean", mean)
    _positive("shape", shape)
    if shape != math.floor(shape) or mean >= shape:
        raise LawError(
            f"binomial with mean {mean!r} and shape {shape!r}",
            "shape is the whole number of trials, and the mean lies between 0 and it",
        )
    return QuadraticVariance("binomial", {"mean": mean, "shape": shape}, mean - mean**2 / shape, -1 / shape)


def exponential(mean: float) -> QuadraticVariance:
    """Mean of an exponential."""
    _positive("mean", mean)
    return QuadraticVariance("exponential", {"mean": mean}, mean**2, 1.0)


def gamma(mean: float, shape: float) -> QuadraticVariance:
    """Mean of a gamma of known shape."""
    _positive("mean", mean)
    _positive("shape", shape)
    return QuadraticVariance("gamma", {"mean": mean, "shape": shape}, mean**2 / shape, 1 / shape)


def negative_binomial(mean: float, shape: float) -> QuadraticVariance:
    """Mean of a negative binomial with `shape` successes."""
    _positive("mean", mean)
    _positive("shape", shape)
    return QuadraticVariance(
        "negative-binomial", {"mean": mean, "shape": shape}, mean + mean**2 / shape, 1 / shape
    )


LAWS: dict[str, tuple[Callable[..., Law], tuple[str, ...], tuple[str, ...]]] = {
    "asymptotic": (Asymptotic, (), ()),
    "gaussian-mean": (gaussian_mean, (), ("noise",)),
    "poisson": (poisson, ("mean",), ()),
    "bernoulli": (bernoulli, ("mean",), ()),
    "binomial": (binomial, ("mean", "shape"), ()),
    "exponential": (exponential, ("mean",), ()),
    "gamma": (gamma, ("mean", "shape"), ()),
    "negative-binomial": (negative_binomial, ("mean", "shape"), ()),
    "least-squares": (LeastSquares, ("features",), ("noise",)),
    "gaussian": (Gaussian, ("ddof",), ()),
}
"""Laws by name: what makes one, the parameters it needs, and those it may be given."""


def make_law(name: str, options: Mapping[str, Any]) -> Law:
    """The law of that name, given exactly the options it takes, spelt as on the command line.

    Raises
    ------
    LawError
        If there is no such law, an option it needs is missing, or one is not its own.
    """
    if name not in LAWS:
        raise LawError(f"no law is called {name!r}", nearest(name, LAWS))
    make, needed, optional = LAWS[name]
    for key in needed:
        if key not in options:
            raise LawError(f"law {name} needs --{key}", f"write --law {name} --{key} VALUE")
    for key in options:
        if key not in (*needed, *optional):
            takes = ", ".join(f"--{option}" for option in (*needed, *optional)) or "no option"
            raise LawError(f"law {name} does not take --{key}", f"it takes {takes}: remove --{key}")
    return make(**options)
