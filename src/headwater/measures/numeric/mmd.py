"""Maximum mean discrepancy with a Gaussian kernel, and the bandwidth that real data suggest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from headwater.errors import SampleError
from headwater.measures.contract import About, Estimate, check_pair
from headwater.measures.numeric.moments import in_units_of
from headwater.measures.numeric.resampling import (
    Resampled,
    check_count,
    check_level,
    check_rows,
    discrepancy,
    signed_weights,
    thin_pair,
    weighed,
)
from headwater.samples.values import Array, Sample


def check_bandwidth(bandwidth: float | None) -> None:
    """Refuse one that is not positive; None stands for the median heuristic."""
    if bandwidth is not None and not (bandwidth > 0 and math.isfinite(bandwidth)):
        raise SampleError(f"bandwidth={bandwidth!r}", "give a positive number, or None for the median")


def median_distance(squared: Array) -> float:
    """Median distance between two different rows of the reference, from their squared distances.

    Rows that are equal are passed over where they are so many that the median would be zero.

    Parameters
    ----------
    squared
        (rows, rows).

    Raises
    ------
    SampleError
        If all rows are equal.
    """
    off = np.sqrt(squared[np.triu_indices(len(squared), 1)])
    middle = float(np.median(off))
    if middle == 0:
        apart = off[off > 0]
        if apart.size == 0:
            raise SampleError("all rows of the reference are equal", "give real data with some spread")
        middle = float(np.median(apart))
    return middle


@dataclass(frozen=True)
class MaximumMeanDiscrepancy:
    r"""Squared discrepancy under :math:`k(x, y) = \exp(-|x-y|^2 / 2h^2)`, unbiased [gretton2012kernel]_.

    The bandwidth h is the median distance between rows of the reference, so that it is the same for every
    generation. The discrepancy of two laws is never negative; the estimate may be, by chance. A fixed
    bandwidth is blind to what happens on much finer and much coarser scales. The interval is that of the
    bootstrap at this bandwidth and reaches down to 0 unless the permutation test rejects. The p-value is by
    permutation: with enough rows it is small for any difference whatever, so read the value too.

    Parameters
    ----------
    level
        Confidence.
    bandwidth
        h, in standard deviations of the reference if to standardise; None for the median.
    standardise
        Measure each feature in its standard deviations in the reference.
    resamples
        Of the bootstrap, and as many permutations.
    most
        Rows of either sample that are used; memory is some 32 times its square, in bytes.
    seed
        For thinning and permutations.
    """

    level: float = 0.95
    bandwidth: float | None = None
    standardise: bool = True
    resamples: int = 200
    most: int = 2000
    seed: int = 0
    about: ClassVar[About] = About(
        "mmd",
        ("numeric",),
        "lower",
        0.0,
        2.0,
        "0: the same law as the real data; estimates scatter around it",
    )

    def __post_init__(self) -> None:
        check_level(self.level)
        check_bandwidth(self.bandwidth)
        check_count("resamples", self.resamples, 20)
        check_count("most", self.most, 4)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Squared discrepancy of sample and reference, with a test that they are of one law.

        Raises
        ------
        SampleError
            If the samples do not match, have fewer than 4 rows, or all real rows are equal.
        """
        from scipy.spatial.distance import cdist

        check_pair(self.about, sample, reference)
        check_rows(4, sample, reference)
        ours, real, notes = thin_pair(sample, reference, self.most, self.seed)
        n = len(ours)
        rows = np.concatenate(in_units_of(reference, self.standardise, ours, real))
        matrix = cdist(rows, rows, "sqeuclidean")
        width = self.bandwidth or median_distance(matrix[n:, n:])
        matrix *= -1 / (2 * width**2)
        similarity = np.exp(matrix, out=matrix)
        np.fill_diagonal(similarity, 0.0)
        value = discrepancy(similarity, n)
        weights = signed_weights(n, len(real), self.resamples, self.seed)
        found = Resampled.of(weighed(similarity, weights))
        return Estimate(
            value,
            *found.around(value, self.level),
            self.level,
            "bootstrap",
            p_value=found.p_value,
            notes=(*notes, f"bandwidth {width:.4g}"),
        )
