"""Along how many directions the rows spread: participation ratio and entropy of the spectrum."""

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


def participation_ratio(covariance: Array) -> float:
    r"""Dimensions in which there is variance, :math:`(\mathrm{tr} S)^2 / \mathrm{tr} S^2`.

    The number of directions if all have one variance; 0 for a covariance of zeros [gao2017theory]_.

    Examples
    --------
    >>> participation_ratio(np.diag([2.0, 2.0, 0.0]))
    2.0
    """
    squares = float((covariance**2).sum())
    return float(np.trace(covariance)) ** 2 / squares if squares > 0 else 0.0


def entropy_rank(covariance: Array) -> float:
    """Exponential of the entropy of the eigenvalues over their sum [roy2007effective]_.

    Weighs weak directions more than the participation ratio does; 0 for a covariance of zeros.
    """
    eigenvalues = np.maximum(np.linalg.eigvalsh(covariance), 0.0)
    if not eigenvalues.sum() > 0:
        return 0.0
    share = eigenvalues / eigenvalues.sum()
    share = share[share > 0]
    return float(np.exp(-(share * np.log(share)).sum()))


@dataclass(frozen=True)
class EffectiveDimension:
    """Participation ratio of the sample over that of the reference.

    Parts are ``entropy``, the ratio of the ranks by entropy, and ``sample`` and ``reference``, the
    participation ratios themselves. All rows seen count. A sample covariance of n rows has too few
    effective dimensions by a share of about dimensions over n: to first order the jackknife takes that
    away, and what remains is not small below some five rows a dimension. Blind to the size of the spread.

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
    groups: int = 20
    seed: int = 0
    about: ClassVar[About] = About(
        "effective-dimension",
        ("numeric",),
        "reference",
        0.0,
        math.inf,
        "1: spread along as many directions as the real data",
    )

    def __post_init__(self) -> None:
        check_level(self.level)
        check_count("groups", self.groups, 2)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Share of the reference's effective dimensions that the sample has.

        Raises
        ------
        SampleError
            If the samples do not match, have fewer than 4 rows, or the reference never varies.
        """
        check_pair(self.about, sample, reference)
        check_rows(4, sample, reference)
        if constant(moments_of(reference)).all():
            raise SampleError("no feature of the reference varies", "give real data with some spread")
        found = jackknife(self._dimensions, sample, reference, self.groups, self.seed)
        least = np.array([0.0, 0.0, 0.0, 1.0])
        values = np.where(found.value > 0, np.maximum(found.value - found.bias, least), 0.0)
        # A correction that eats most of the number is no longer one of first order.
        trusted = np.abs(values - found.value) < found.value / 2
        values = np.where(trusted, values, found.value)
        most = np.array([np.inf, np.inf, sample.dimensions, sample.dimensions])
        values = np.minimum(values, most)
        parts = {}
        for name, value, error in zip(_NAMES, values.tolist(), found.error.tolist(), strict=True):
            parts[name] = (value, *around_ratio(value, error, self.level, found.freedom))
        value, low, high = parts.pop("participation")
        notes = []
        fewest = min(sample.count, reference.count)
        if fewest < 5 * sample.dimensions:
            notes.append(f"{fewest} rows for {sample.dimensions} features: bias is not small")
        if found.value[0] <= 0:
            notes.append("all rows of the sample are alike")
        return Estimate(value, low, high, self.level, "jackknife", parts, notes=tuple(notes))

    def _dimensions(self, sample: Moments, reference: Moments) -> Array:
        """(4,) in the order of the names below."""
        unit = scales(reference, self.standardise)
        mine, real = scaled(sample, unit).covariance, scaled(reference, unit).covariance
        ours, theirs = participation_ratio(mine), participation_ratio(real)
        return np.array([ours / theirs, entropy_rank(mine) / entropy_rank(real), ours, theirs])


_NAMES = ("participation", "entropy", "sample", "reference")
