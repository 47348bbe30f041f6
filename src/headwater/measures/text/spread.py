"""Estimates with a variance over independent units, and the intervals of their ratios and differences.

No metric is defined here. Intervals use Student's t with one degree of freedom less than units.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from headwater.errors import SampleError
from headwater.samples.values import Array

Interval = tuple[float, float, float]
"""Value, low, high."""


class Spread(NamedTuple):
    """A number, its variance, and the independent units behind it."""

    value: float
    variance: float
    units: int


def jackknifed(value: float, left_out: Array) -> Spread:
    """From what the number is with each unit, or group of units, left out [efron1981jackknife]_."""
    units = len(left_out)
    if units < 2:
        return Spread(value, math.nan, units)
    return Spread(value, float((units - 1) * np.var(left_out)), units)


def pooled(amount: Array, size: Array) -> Spread:
    """Sum of amounts over sum of sizes; both are of units, and the variance of a ratio of means."""
    units, whole = len(size), float(size.sum())
    value = float(amount.sum()) / whole
    if units < 2:
        return Spread(value, math.nan, units)
    off = amount - value * size
    return Spread(value, float(off @ off) / whole**2 * units / (units - 1), units)


def alone(spread: Spread, level: float) -> Interval:
    """A number and its interval."""
    return _around(spread.value, spread.variance, spread.units, level)


def ratio(sample: Spread, reference: Spread, level: float) -> Interval:
    """One number over another, independent one; first-order variance.

    Raises
    ------
    SampleError
        If the reference's is zero.
    """
    if reference.value == 0:
        raise SampleError(
            "the real data have none of what is measured", "give a reference that is not all alike"
        )
    value = sample.value / reference.value
    variance = (sample.variance + value**2 * reference.variance) / reference.value**2
    value, low, high = _around(value, variance, min(sample.units, reference.units), level)
    return value, max(low, 0.0), high


def difference(sample: Spread, reference: Spread, level: float) -> Interval:
    """One number less another, independent one."""
    variance = sample.variance + reference.variance
    return _around(sample.value - reference.value, variance, min(sample.units, reference.units), level)


def check(right: bool, what: str, value: object, remedy: str) -> None:
    """Refuse a hyperparameter.

    Raises
    ------
    SampleError
        If it is not `right`.
    """
    if not right:
        raise SampleError(f"{what} is {value!r:.60}", remedy)


def check_level(level: float) -> None:
    """Refuse a confidence that is none."""
    check(0 < level < 1, "level", level, "give a confidence between 0 and 1")


def _around(value: float, variance: float, units: int, level: float) -> Interval:
    if units < 2 or math.isnan(variance):
        return float(value), math.nan, math.nan
    reach = float(stdtrit(units - 1, (1 + level) / 2)) * math.sqrt(variance)
    return float(value), float(value - reach), float(value + reach)
