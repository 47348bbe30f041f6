"""Energy distance: zero only between equal laws, and no bandwidth to choose."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

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

BLOCK = 1024
"""Rows on either side of a block of distances: 8 MiB."""


def energy_distance(x: Array, y: Array) -> float:
    r"""Squared energy distance :math:`2 E|X-Y| - E|X-X'| - E|Y-Y'|`, unbiased [szekely2013energy]_.

    Parameters
    ----------
    x, y
        (rows, features) with at least two rows each; distances are Euclidean, in the units given.

    Returns
    -------
    float
        The U-statistic: may fall below zero by chance. Memory does not grow with the rows, time does
        with their square.

    Examples
    --------
    >>> energy_distance(np.array([[0.0], [2.0]]), np.array([[4.0], [6.0]]))
    4.0
    """
    n, m = len(x), len(y)
    across = 2 * _distances(x, y) / (n * m)
    return float(across - _inside(x) / (n * (n - 1)) - _inside(y) / (m * (m - 1)))


def _inside(x: Array) -> float:
    """Sum of the distances of all ordered pairs of rows: each block above the diagonal stands for two."""
    starts = range(0, len(x), BLOCK)
    whole = math.fsum(_distances(x[i : i + BLOCK], x[i + BLOCK :]) for i in starts)
    return 2 * whole + math.fsum(_distances(x[i : i + BLOCK], x[i : i + BLOCK]) for i in starts)


def _distances(x: Array, y: Array) -> float:
    """Sum of all distances between rows of the one and of the other."""
    from scipy.spatial.distance import cdist

    return math.fsum(
        float(cdist(x[i : i + BLOCK], y[j : j + BLOCK]).sum())
        for i in range(0, len(x), BLOCK)
        for j in range(0, len(y), BLOCK)
    )


@dataclass(frozen=True)
class Energy:
    """Squared energy distance, the unbiased U-statistic [szekely2013energy]_.

    The law's distance is never negative; the estimate may be, by chance. The part ``inhomogeneity`` is
    the distance over twice the mean distance between the samples, from 0 to 1 and without units (its
    interval takes that mean distance for known). The interval is that of the bootstrap and reaches down to
    0 unless the permutation test rejects. The p-value is by permutation: with enough rows it is small for
    any difference whatever, so read the value too.

    Parameters
    ----------
    level
        Confidence.
    standardise
        Measure each feature in its standard deviations in the reference.
    resamples
        Of the bootstrap, and as many permutations.
    most
        Rows of either sample that are used; memory is 32 times its square, in bytes.
    seed
        For thinning and permutations.
    """

    level: float = 0.95
    standardise: bool = True
    resamples: int = 200
    most: int = 2000
    seed: int = 0
    about: ClassVar[About] = About(
        "energy",
        ("numeric",),
        "lower",
        0.0,
        math.inf,
        "0: the same law as the real data; estimates scatter around it",
        "standard deviations of the reference",
    )

    def __post_init__(self) -> None:
        check_level(self.level)
        check_count("resamples", self.resamples, 20)
        check_count("most", self.most, 4)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Squared energy distance of sample and reference, with a test that they are of one law.

        Raises
        ------
        SampleError
            If the samples do not match or have fewer than 4 rows.
        """
        from scipy.spatial.distance import cdist

        check_pair(self.about, sample, reference)
        check_rows(4, sample, reference)
        ours, real, notes = thin_pair(sample, reference, self.most, self.seed)
        rows = np.concatenate(in_units_of(reference, self.standardise, ours, real))
        matrix = cdist(rows, rows)
        n, m = len(ours), len(real)
        twice = 2 * float(matrix[:n, n:].mean())
        similarity = np.negative(matrix, out=matrix)
        value = discrepancy(similarity, n)
        found = Resampled.of(weighed(similarity, signed_weights(n, m, self.resamples, self.seed)))
        numbers = (value, *found.around(value, self.level))
        share = tuple(each / twice for each in numbers) if twice > 0 else (0.0, 0.0, 0.0)
        return Estimate(
            *numbers,
            self.level,
            "bootstrap",
            {"inhomogeneity": (share[0], share[1], share[2])},
            found.p_value,
            notes,
        )
