"""What families share that estimate one mean: evidence, model, fit and measures, as functions.

A family keeps its parameters, its law and how it draws; the rest of its methods call these.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headwater.errors import FamilyError, LawError
from headwater.families.contract import Array, Measure
from headwater.theory.laws import QuadraticVariance

LARGEST = 1e150
"""Means stop here, so that their squares are numbers: only a mean that explodes comes this far."""

NUMBERS = 3.0
"""That one replicate's evidence and model hold, whatever the number of samples."""


class Mean(NamedTuple):
    """(replicates,) means."""

    mean: Array


class Sums(NamedTuple):
    """The sum of samples' weights, and (replicates,) weighted sums of the samples."""

    mass: float | Array
    total: Array


RISK = Measure("squared units of the data", "low", "squared error of the mean")
MEAN = Measure("units of the data", "", "mean of what the model emits")
VARIANCE = Measure("of the population's", "high", "variance of one emitted sample")
EXTINCT = Measure("share of models", "low", "1 where a model can emit only one value, for ever")
MEASURES: Mapping[str, Measure] = {"risk": RISK, "mean": MEAN, "variance": VARIANCE, "extinct": EXTINCT}


def checked(name: str, make: Callable[..., QuadraticVariance], *parameters: float) -> None:
    """Refuse parameters that the law of the same name refuses.

    Raises
    ------
    FamilyError
        With the law's words.
    """
    try:
        make(*parameters)
    except LawError as error:
        raise FamilyError(f"family {name}: {error.problem}", f"{error.remedy}: change it") from None


def population(mean: float, replicates: int) -> Mean:
    """The same mean for every replicate."""
    return Mean(np.full(replicates, float(mean)))


def repeated(model: Mean, samples: int) -> Array:
    """(replicates, samples) each replicate's mean, once a sample."""
    return np.repeat(model.mean[:, None], samples, axis=1)


def tell(records: NDArray[Any], weights: Array | None) -> Sums:
    """Weighted sums of (replicates, samples) records."""
    if weights is None:
        return Sums(float(records.shape[1]), records.sum(axis=1, dtype=float))
    return Sums(weights.sum(axis=1), (weights * records).sum(axis=1))


def combine(parts: Sequence[Sums], weights: Sequence[float]) -> Sums:
    """Sums of sums."""
    pairs = list(zip(parts, weights, strict=True))
    return Sums(
        sum(part.mass * weight for part, weight in pairs),
        np.asarray(sum(part.total * weight for part, weight in pairs)),
    )


def fit(evidence: Sums, least: float = 0.0, most: float = LARGEST) -> Mean:
    """The sample mean, kept between `least` and `most`, which rounding could pass."""
    return Mean(np.clip(evidence.total / evidence.mass, least, most))


def measure(
    model: Mean, name: str, truth: float, variance: Callable[[Array], Array], most: float = math.inf
) -> Array:
    """(replicates,) one of `MEASURES`.

    Parameters
    ----------
    truth
        The population's mean.
    variance
        Of a sample, as a function of the mean.
    most
        The largest mean there is; it and 0 are where all variance is lost.
    """
    mean = model.mean
    if name == "risk":
        return np.asarray((mean - truth) ** 2)
    if name == "mean":
        return np.array(mean)
    if name == "extinct":
        return np.asarray((mean == 0) | (mean == most), dtype=float)
    # an exploding mean may have a variance past the largest double: it is infinite
    with np.errstate(over="ignore"):
        return np.asarray(variance(mean) / variance(np.array(float(truth))))
