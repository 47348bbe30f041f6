"""Means and standard deviations of the features, and the units in which features are compared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from headwater.errors import SampleError
from headwater.measures.contract import About, Estimate, check_pair
from headwater.measures.numeric.resampling import (
    Jackknifed,
    around_ratio,
    check_count,
    check_level,
    check_rows,
    half_width,
    jackknife,
    moments_of,
)
from headwater.samples.values import Array, Moments, Sample


def constant(moments: Moments) -> NDArray[np.bool_]:
    """(features,) those whose deviation is less than the rounding of a sum of many rows may make."""
    floor = moments.count * (1e-10 * np.abs(moments.mean)) ** 2
    return np.asarray(np.diag(moments.scatter) <= floor)


def scales(moments: Moments, standardise: bool = True) -> Array:
    """(features,) standard deviations; 1 for constant features, and for all if not to standardise."""
    if not standardise:
        return np.ones(len(moments.mean))
    variance = np.diag(moments.scatter) / (moments.count - 1)
    return np.sqrt(np.where(constant(moments), 1.0, variance))


def in_units_of(reference: Sample, standardise: bool, *samples: Sample) -> tuple[Array, ...]:
    """Rows of each sample, about the reference's mean, in its standard deviations where so wanted."""
    known = moments_of(reference)
    scale = scales(known, standardise)
    return tuple((each.rows - known.mean) / scale for each in samples)


def scaled(moments: Moments, scale: Array) -> Moments:
    """Moments of the rows divided by `scale`, (features,)."""
    return Moments(moments.count, moments.mean / scale, moments.scatter / np.outer(scale, scale))


@dataclass(frozen=True)
class MeanShift:
    """Shift of means, and ratio of standard deviations, in units of the reference's.

    The value is the signed shift of the feature whose mean moved most. Parts are ``mean NAME``, its
    shift, and ``deviation NAME``, the ratio of its standard deviations (healthy: 1). All intervals of
    means hold together with confidence `level` (Bonferroni), so that having picked the largest does no
    harm; so do those of deviations. All rows seen count. Blind to whatever leaves the first two moments
    of single features alone; features constant in the reference have no unit and are left out.

    Parameters
    ----------
    level
        Confidence.
    groups
        Of rows, for the jackknife.
    seed
        For dealing rows into groups.
    """

    level: float = 0.95
    groups: int = 50
    seed: int = 0
    about: ClassVar[About] = About(
        "moments",
        ("numeric",),
        "reference",
        -math.inf,
        math.inf,
        "0: no feature's mean has moved",
        "standard deviations of the reference",
    )

    def __post_init__(self) -> None:
        check_level(self.level)
        check_count("groups", self.groups, 2)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Largest standardised shift of a mean.

        Raises
        ------
        SampleError
            If the samples do not match, have fewer than 4 rows, or the reference never varies.
        """
        check_pair(self.about, sample, reference)
        check_rows(4, sample, reference)
        known = moments_of(reference)
        varies = ~constant(known)
        if not varies.any():
            raise SampleError("no feature of the reference varies", "give real data with some spread")
        found = jackknife(_shift_and_ratio, sample, reference, self.groups, self.seed)
        parts = self._parts(found, np.flatnonzero(varies), sample.names)
        features = len(varies)
        worst = int(np.flatnonzero(varies)[np.abs(found.value[:features][varies]).argmax()])
        value, low, high = parts[f"mean {sample.names[worst]}"]
        notes = [f"largest shift: {sample.names[worst]}"]
        if not varies.all():
            moved = ~varies & (moments_of(sample).mean != known.mean)
            notes.append(
                f"{int((~varies).sum())} features are constant in the reference and left out;"
                f" {int(moved.sum())} of them differ in the sample"
            )
        return Estimate(value, low, high, self.level, "jackknife", parts, notes=tuple(notes))

    def _parts(
        self, found: Jackknifed, features: NDArray[np.intp], names: tuple[str, ...]
    ) -> dict[str, tuple[float, float, float]]:
        level = 1 - (1 - self.level) / len(features)
        width = half_width(found.error, level, found.freedom)
        parts = {}
        for feature in features.tolist():
            shift = float(found.value[feature])
            reach = float(width[feature])
            parts[f"mean {names[feature]}"] = (shift, shift - reach, shift + reach)
        for feature in features.tolist():
            at = feature + len(names)
            ratio = float(found.value[at])
            ends = around_ratio(ratio, float(found.error[at]), level, found.freedom)
            parts[f"deviation {names[feature]}"] = (ratio, *ends)
        return parts


def _shift_and_ratio(sample: Moments, reference: Moments) -> Array:
    """(2 features,) shifts of means in standard deviations, then ratios of standard deviations."""
    unit = scales(reference)
    spread = np.sqrt(np.maximum(np.diag(sample.covariance), 0.0))
    return np.concatenate([(sample.mean - reference.mean) / unit, spread / unit])
