"""Which families there are, where each lives, and what the command line must give it.

Packages may add families under the entry point group ``headwater.families``: a name and a
callable that makes the family from keyword options. Nothing is imported before its first use.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from headwater.errors import FamilyError, nearest

GROUP = "headwater.families"

_IN = "headwater.families."
HOMES = {
    "Ask": _IN + "contract",
    "Bernoulli": _IN + "bernoulli",
    "Binomial": _IN + "binomial",
    "Categorical": _IN + "categorical",
    "Exponential": _IN + "exponential",
    "Family": _IN + "contract",
    "Gamma": _IN + "gamma",
    "Gaussian": _IN + "gaussian",
    "GaussianDesign": _IN + "covariates",
    "GaussianMean": _IN + "gaussian_mean",
    "GaussianMixture": _IN + "gaussian_mixture",
    "KernelDensity": _IN + "kernel_density",
    "LeastSquares": _IN + "least_squares",
    "Logistic": _IN + "logistic",
    "Measure": _IN + "contract",
    "NGram": _IN + "ngram",
    "NegativeBinomial": _IN + "negative_binomial",
    "Poisson": _IN + "poisson",
    "PoissonRegression": _IN + "poisson_regression",
    "Ridge": _IN + "ridge",
    "Table": _IN + "covariates",
    "from_counts": _IN + "categorical",
    "from_estimator": _IN + "estimator",
    "from_text": _IN + "categorical",
    "zipf": _IN + "categorical",
    "zipf_mandelbrot": _IN + "categorical",
}
"""Public names of `headwater.families` and the module of each."""


@dataclass(frozen=True, slots=True)
class Entry:
    """How the command line makes a family: the callable, the options it needs, those it may get."""

    target: str
    needed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


FAMILIES = {
    "gaussian": Entry(_IN + "gaussian:Gaussian", ("ddof",), ("dimensions",)),
    "gaussian-mean": Entry(_IN + "gaussian_mean:GaussianMean", (), ("noise",)),
    "poisson": Entry(_IN + "poisson:Poisson", ("mean",)),
    "bernoulli": Entry(_IN + "bernoulli:Bernoulli", ("mean",)),
    "binomial": Entry(_IN + "binomial:Binomial", ("mean", "shape")),
    "exponential": Entry(_IN + "exponential:Exponential", ("mean",)),
    "gamma": Entry(_IN + "gamma:Gamma", ("mean", "shape")),
    "negative-binomial": Entry(_IN + "negative_binomial:NegativeBinomial", ("mean", "shape")),
    "categorical": Entry(_IN + "reading:categorical", (), ("symbols", "exponent", "shift", "text")),
    "least-squares": Entry(
        _IN + "reading:least_squares", (), ("features", "noise", "table", "target", "rows")
    ),
    "ridge": Entry(_IN + "reading:ridge", ("penalty", "table", "target", "rows"), ("noise",)),
    "logistic": Entry(_IN + "reading:logistic", ("table", "target", "rows")),
    "poisson-regression": Entry(_IN + "reading:poisson_regression", ("table", "target", "rows")),
    "gaussian-mixture": Entry(_IN + "reading:gaussian_mixture", ("table", "components"), ()),
    "kernel-density": Entry(_IN + "reading:kernel_density", ("table", "bandwidth"), ()),
    "ngram": Entry(_IN + "reading:ngram", ("text", "order", "smoothing"), ("level",)),
}
"""Families by the name the command line uses."""


def names() -> list[str]:
    """Names of all families, those of other packages included."""
    return [*FAMILIES, *sorted(set(entry_points(group=GROUP).names) - set(FAMILIES))]


def make(name: str, options: dict[str, Any]) -> Any:
    """The family of that name, given exactly the options it takes.

    Raises
    ------
    FamilyError
        If there is no such family, an option it needs is missing, or one is not its own.
    """
    if name not in FAMILIES:
        plug_in = {point.name: point for point in entry_points(group=GROUP)}
        if name in plug_in:
            return plug_in[name].load()(**options)
        raise FamilyError(f"no family is called {name!r:.60}", nearest(name, names(), shown=len(names())))
    entry = FAMILIES[name]
    for key in entry.needed:
        if key not in options:
            raise FamilyError(f"family {name} needs --{key}", f"write --family {name} --{key} VALUE")
    takes = (*entry.needed, *entry.optional)
    for key in options:
        if key not in takes:
            listed = ", ".join(f"--{option}" for option in takes)
            raise FamilyError(f"family {name} does not take --{key}", f"it takes {listed}: remove --{key}")
    module, _, attribute = entry.target.partition(":")
    return getattr(import_module(module), attribute)(**options)
