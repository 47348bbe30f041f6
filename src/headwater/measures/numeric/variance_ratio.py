"""How much variance is left: the sample's total variance over the reference's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from headwater.errors import SampleError
from headwater.measures.contract import About, Estimate, check_pair
from headwater.measures.numeric.moments import constant, scaled, scales
from headwater.measures.numeric.resampling import (
    around_ratio,
    check_count,
    check_level,
    check_rows,
    jackknife,
    moments_of,
)
from headwater.samples.values import Array, Moments, Sample


@dataclass(frozen=True)
class VarianceRatio:
    """Trace of the sample's covariance over that of the reference.

    With `standardise` it is the mean over features of the ratios of their variances; without, features
    with large units decide. Parts are the ratios of the features. All rows seen count. The interval is
    that of the jackknife on a logarithmic scale, too short where tails are so heavy that fourth moments
    hardly exist. Blind to a loss of modes that spares the variance.

    Parameters
    ----------
    level
        Confidence, of the value and of each part alone.
    standardise
        Measure each feature in its standard deviations in the reference.
    groups
        Of rows, for the jackknife.
    seed
        For dealing rows into groups.
    """

    level: float = 0.95
    standardise: bool = True
    groups: int = 50
    seed: int = 0
    about: ClassVar[About] = About(
        "variance-ratio",
        ("numeric",),
        "reference",
        0.0,
        math.inf,
        "1: as much variance as the real data",
    )

    def __post_init__(self) -> None:
        check_level(self.level)
        check_count("groups", self.groups, 2)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Share of the reference's variance that the sample has.

        Raises
        ------
        SampleError
            If the samples do not match, have fewer than 4 rows, or the reference never varies.
        """
        check_pair(self.about, sample, reference)
        check_rows(4, sample, reference)
        varies = ~constant(moments_of(reference))
        if not varies.any():
            raise SampleError("no feature of the reference varies", "give real data with some spread")
        found = jackknife(self._ratios, sample, reference, self.groups, self.seed)
        all_ends = [
            around_ratio(float(value), float(error), self.level, found.freedom)
            for value, error in zip(found.value, found.error, strict=True)
        ]
        parts = {
            sample.names[feature]: (float(found.value[feature + 1]), *all_ends[feature + 1])
            for feature in np.flatnonzero(varies).tolist()
        }
        notes = []
        if not varies.all():
            notes.append(f"{int((~varies).sum())} features are constant in the reference: no ratio of theirs")
        if found.value[0] <= 0:
            notes.append("all rows of the sample are alike")
        return Estimate(
            float(found.value[0]), *all_ends[0], self.level, "jackknife", parts, notes=tuple(notes)
        )

    def _ratios(self, sample: Moments, reference: Moments) -> Array:
        """(1 + features,) the ratio of traces and those of variances."""
        unit = scales(reference, self.standardise)
        mine, real = (np.maximum(np.diag(scaled(each, unit).covariance), 0.0) for each in (sample, reference))
        single = mine / np.where(real > 0, real, 1.0)
        return np.concatenate([[mine.sum() / real.sum()], single])
