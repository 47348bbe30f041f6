"""Vendi score: how many different things there are in a sample, beside as many real rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from headwater.errors import SampleError
from headwater.measures.contract import About, Estimate, check_pair
from headwater.measures.numeric.mmd import check_bandwidth, median_distance
from headwater.measures.numeric.moments import in_units_of
from headwater.measures.numeric.resampling import (
    around_ratio,
    check_count,
    check_level,
    check_rows,
    thin_pair,
)
from headwater.samples.values import Array, Sample

Kernel = Literal["gaussian", "cosine"]


def vendi_score(similarity: Array) -> tuple[float, Array]:
    r"""Exponential of the entropy of the eigenvalues of K over n [friedman2023vendi]_.

    n for n rows that have nothing in common, 1 for n that are alike.

    Parameters
    ----------
    similarity
        (rows, rows) symmetric and positive semidefinite, ones on the diagonal.

    Returns
    -------
    tuple[float, Array]
        The score, and the influence (rows,) of each row on its logarithm: mean 0.

    Examples
    --------
    >>> round(vendi_score(np.eye(5))[0], 9), round(vendi_score(np.ones((5, 5)))[0], 9)
    (5.0, 1.0)
    """
    count = len(similarity)
    shares, vectors = np.linalg.eigh(similarity / count)
    return _from_spectrum(shares, (vectors**2) * (count * np.maximum(shares, 0.0)))


def cosine_vendi_score(rows: Array) -> tuple[float, Array]:
    """`vendi_score` of the cosines between rows, by way of the matrix (features, features).

    The cost grows with the rows, not with their square or cube: both matrices have the same eigenvalues.

    Raises
    ------
    SampleError
        If a row is zero: it has no direction.
    """
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not (lengths > 0).all():
        row = int(np.flatnonzero(lengths[:, 0] == 0)[0])
        raise SampleError(f"row {row} is zero and has no cosine", "leave it out, or use kernel='gaussian'")
    unit = rows / lengths
    shares, vectors = np.linalg.eigh(unit.T @ unit / len(rows))
    return _from_spectrum(shares, (unit @ vectors) ** 2)


def _from_spectrum(shares: Array, loads: Array) -> tuple[float, Array]:
    """Score and influences from eigenvalues that sum to 1 and (rows, eigenvalues) loads that average them."""
    logs = np.log(np.where(shares > 1e-15, shares, 1.0))
    entropy = -float((np.maximum(shares, 0.0) * logs).sum())
    return math.exp(entropy), -(loads @ logs) - entropy


@dataclass(frozen=True)
class Vendi:
    """Vendi score of the sample over that of equally many real rows [friedman2023vendi]_.

    The score grows with the number of rows, so that it means nothing but at equal sizes: both samples are
    cut to the same. Parts are the scores themselves, ``sample`` and ``reference``. The interval is in closed
    form, from the influence of each row. The score counts what differs, good or bad: noise has a high one.

    Parameters
    ----------
    level
        Confidence.
    kernel
        ``gaussian``, or ``cosine`` for embeddings: cheap at any number of rows, and the rows are taken as
        they are, neither centred nor standardised.
    bandwidth
        Of the Gaussian kernel; None for the median distance of reference rows.
    standardise
        For the Gaussian kernel, measure each feature in its standard deviations in the reference.
    most
        Rows of either sample that are used; the Gaussian kernel costs their cube.
    seed
        For thinning.
    """

    level: float = 0.95
    kernel: Kernel = "gaussian"
    bandwidth: float | None = None
    standardise: bool = True
    most: int = 1000
    seed: int = 0
    about: ClassVar[About] = About(
        "vendi",
        ("numeric",),
        "reference",
        0.0,
        math.inf,
        "1: as diverse as equally many real rows",
    )

    def __post_init__(self) -> None:
        check_level(self.level)
        check_bandwidth(self.bandwidth)
        check_count("most", self.most, 10)
        if self.kernel not in ("gaussian", "cosine"):
            raise SampleError(f"kernel={self.kernel!r}", "write 'gaussian' or 'cosine'")

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Diversity of the sample in shares of that of real data.

        Raises
        ------
        SampleError
            If the samples do not match, have fewer than 10 rows, all real rows are equal, or, for cosines,
            a row is zero.
        """
        check_pair(self.about, sample, reference)
        check_rows(10, sample, reference)
        count = min(self.most, len(sample), len(reference))
        ours, real, notes = thin_pair(sample, reference, count, self.seed)
        if self.kernel == "cosine":
            found = [cosine_vendi_score(each.rows) for each in (ours, real)]
        else:
            found = self._gaussian(ours, real, reference)
        (mine, first), (theirs, second) = found
        errors = [math.sqrt(float(each @ each)) / len(each) for each in (first, second)]
        numbers = {
            "ratio": (mine / theirs, math.hypot(*errors)),
            "sample": (mine, errors[0]),
            "reference": (theirs, errors[1]),
        }
        parts = {
            name: (value, *around_ratio(value, value * error, self.level, 2 * count - 2))
            for name, (value, error) in numbers.items()
        }
        return Estimate(*parts.pop("ratio"), self.level, "closed form", parts, notes=notes)

    def _gaussian(self, ours: Sample, real: Sample, reference: Sample) -> list[tuple[float, Array]]:
        from scipy.spatial.distance import cdist

        rows = in_units_of(reference, self.standardise, ours, real)
        squared = [cdist(each, each, "sqeuclidean") for each in rows]
        width = self.bandwidth or median_distance(squared[1])
        return [vendi_score(np.exp(each / (-2 * width**2))) for each in squared]
