"""Fréchet distance of the two normal laws with the samples' moments; on a user's embeddings too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from headwater.measures.contract import About, Estimate, check_pair
from headwater.measures.numeric.moments import scaled, scales
from headwater.measures.numeric.resampling import (
    check_count,
    check_level,
    check_rows,
    half_width,
    jackknife,
)
from headwater.samples.values import Array, Moments, Sample


def frechet_distance(mine: Moments, real: Moments) -> float:
    r"""Squared distance :math:`|\mu-\nu|^2 + \mathrm{tr}(S + T - 2(T^{1/2} S T^{1/2})^{1/2})`.

    Of the normal laws with these moments [dowson1982frechet]_. The root is taken of the eigenvalues of a
    symmetric matrix, so that singular covariances do no harm and nothing turns complex.

    Returns
    -------
    float
        In squared units of the rows; never negative.
    """
    first, second = mine.covariance, real.covariance
    eigenvalues, vectors = np.linalg.eigh(second)
    root = (vectors * np.sqrt(np.maximum(eigenvalues, 0.0))) @ vectors.T
    between = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ first @ root), 0.0)).sum()
    shift = mine.mean - real.mean
    return max(float(shift @ shift + np.trace(first) + np.trace(second) - 2 * between), 0.0)


@dataclass(frozen=True)
class Frechet:
    """Squared Fréchet distance of fitted normal laws, extrapolated to samples without end.

    The distance of two finite samples is too large by a term in one over their sizes, so that scores at
    different sizes cannot be compared [chong2020effectively]_. The value has this term taken away by a
    jackknife, and may fall below zero by chance; the part ``plug-in`` is the distance as measured, which
    with ``standardise=False`` on embeddings of images is the score that papers print [heusel2017gans]_,
    and the part ``bias`` what was taken away. Blind to all but means and covariances. With few rows a
    feature (less than about ten) the bias is no longer a term in one over n, and the number is one to
    compare at equal sizes only. All rows seen count. A feature costs its cube, twice for every group.

    Parameters
    ----------
    level
        Confidence.
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
        "frechet",
        ("numeric",),
        "lower",
        0.0,
        math.inf,
        "0: means and covariances of the real data; estimates scatter around it",
        "squared standard deviations of the reference",
    )

    def __post_init__(self) -> None:
        check_level(self.level)
        check_count("groups", self.groups, 2)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Squared Fréchet distance of sample and reference.

        Raises
        ------
        SampleError
            If the samples do not match or have fewer than 4 rows.
        """
        check_pair(self.about, sample, reference)
        check_rows(4, sample, reference)
        found = jackknife(self._distance, sample, reference, self.groups, self.seed)
        measured, bias = float(found.value[0]), float(found.bias[0])
        value = measured - bias
        reach = float(half_width(found.error, self.level, found.freedom)[0])
        none = math.nan
        fewest = min(sample.count, reference.count)
        notes = []
        if fewest < 10 * sample.dimensions:
            notes.append(f"{fewest} rows for {sample.dimensions} features: bias beyond a term in 1/n is left")
        return Estimate(
            value,
            value - reach,
            value + reach,
            self.level,
            "jackknife",
            {"plug-in": (measured, none, none), "bias": (bias, none, none)},
            notes=tuple(notes),
        )

    def _distance(self, sample: Moments, reference: Moments) -> Array:
        unit = scales(reference, self.standardise)
        return np.array([frechet_distance(scaled(sample, unit), scaled(reference, unit))])
