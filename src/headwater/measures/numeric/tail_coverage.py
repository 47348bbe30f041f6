"""Whether a sample still comes near the outermost real rows, one by one.

How much of a sample is out there at all is `tail_mass`: it may be right in mass and miss most places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from headwater.errors import SampleError
from headwater.measures.contract import About, Estimate, check_pair
from headwater.measures.numeric.distances import squared_distances
from headwater.measures.numeric.resampling import check_count, check_level, half_width, thin_pair
from headwater.measures.scores.principal import Principal, fit_principal
from headwater.samples.values import Array, Sample

MOST = 20_000
FEATURES = 10
"""More than these, and distances say little of tails."""


def same_law_tail_coverage(real: int, sample: int, nearest: int) -> float:
    r"""Chance that a sample of the same continuous law has a row nearer than the k-th nearest real row.

    Seen from a point that is in neither, the k nearest of all a real and m sample rows are all real
    with the complementary chance, :math:`\prod_{i<k} (a - i) / (a + m - i)`: any other order of
    them is as likely. It holds for every law and every point, so also in the tails.
    """
    place = np.arange(nearest)
    return float(1 - np.prod((real - place) / (real + sample - place)))


@dataclass(frozen=True)
class TailCoverage:
    """Share of outermost real rows that the sample comes near, over what a real sample of its size would.

    Outermost is the share `tail` of real rows with the largest Mahalanobis radius. The reference is
    cut in two: near is nearer than the neighbour of order `nearest` in the other half, between
    features in standard deviations. What a real sample would come near to is known
    (`same_law_tail_coverage`),
    whatever the law, if it is continuous.

    Wrong for features of few values, where distances tie. With more than about ten features a sample
    that shrank is near everything, and the value stays or even rises: read `TailMass` there.

    The interval is for other samples of the same model near these very tail rows: normal, with the
    jackknife's variance over sample rows, which errs to the wide side [efron1981jackknife]_, and
    nowhere narrower than Clopper–Pearson over the tail rows.
    """

    tail: float = 0.02
    nearest: int = 3
    most: int = MOST
    level: float = 0.95
    seed: int = 0

    about: ClassVar[About] = About("tail-coverage", ("numeric",), "higher", 0, np.inf, "1 in the mean")

    def __post_init__(self) -> None:
        check_level(self.level)
        check_count("nearest", self.nearest, 1)
        check_count("most", self.most, 2 * self.nearest)
        if not 0 < self.tail < 0.5:
            raise SampleError(f"tail={self.tail!r}", "give the share of rows that are tail, below one half")

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Of the tail of `reference` by `sample`."""
        check_pair(self.about, sample, reference)
        sample, reference, notes = thin_pair(sample, reference, self.most, self.seed)
        if len(sample) < 2 or len(reference) < 2 * self.nearest:
            raise SampleError(
                f"{len(sample)} sample and {len(reference)} real rows",
                f"give at least 2 sample and {2 * self.nearest} real rows",
            )
        principal = fit_principal(reference)
        limit = np.quantile(principal.radius(reference.rows), 1 - self.tail)
        halves = reference.split(self.seed)
        covered, expected, alone = [], [], np.zeros(len(sample))
        for half, base in (halves, halves[::-1]):
            points = half.rows[principal.radius(half.rows) > limit]
            if len(points):
                near, only = self._near(principal, points, base.rows, sample.rows)
                covered.append(near)
                alone += only
                healthy = same_law_tail_coverage(len(base), len(sample), self.nearest)
                expected.append(np.full(len(points), healthy))
        if not covered:
            raise SampleError(
                "the real rows have no tail: no radius is above the others", "give more real rows"
            )
        value, low, high = self._ends(np.concatenate(covered), alone)
        healthy = float(np.concatenate(expected).mean())
        if sample.dimensions > FEATURES:
            notes = (
                *notes,
                f"with {sample.dimensions} features a sample that shrank looks near: see tail-mass",
            )
        told = f"{sum(map(len, covered))} tail rows, of which a real sample comes near {healthy:.4g}"
        return Estimate(
            value / healthy,
            low / healthy,
            high / healthy,
            self.level,
            "jackknife, given the tail rows",
            notes=(*notes, told),
        )

    def _near(
        self, principal: Principal, points: Array, base: Array, rows: Array
    ) -> tuple[NDArray[np.bool_], Array]:
        """Which points have a row near, and (rows,) how many have this row alone."""
        at, real, fake = (principal.standardised(each) for each in (points, base, rows))
        radii = _nearest(at, real, self.nearest)[0][:, -1]
        squared, places = _nearest(at, fake, 2)
        inside = (squared < radii[:, None]) | (squared == 0)
        single = inside[:, 0] & ~inside[:, 1]
        return inside[:, 0], np.bincount(places[single, 0], minlength=len(rows)).astype(float)

    def _ends(self, covered: NDArray[np.bool_], alone: Array) -> tuple[float, float, float]:
        """Share of covered tail rows and the ends of its interval."""
        from scipy.stats import binomtest

        value, rows = float(covered.mean()), len(alone)
        half = float(half_width(np.sqrt((rows - 1) * alone.var()) / len(covered), self.level, rows - 1))
        exact = binomtest(int(covered.sum()), len(covered)).proportion_ci(self.level)
        return value, max(min(exact.low, value - half), 0.0), min(max(exact.high, value + half), 1.0)


def _nearest(points: Array, rows: Array, order: int) -> tuple[Array, NDArray[np.intp]]:
    """(points, order) squared distances to the nearest rows and their places, nearest first."""
    from sklearn.neighbors import NearestNeighbors

    places = NearestNeighbors(n_neighbors=order).fit(rows).kneighbors(points, return_distance=False)
    squared = np.column_stack([squared_distances(points, rows[place]) for place in places.T])
    ranked = np.argsort(squared, axis=1, kind="stable")
    return np.take_along_axis(squared, ranked, axis=1), np.take_along_axis(places, ranked, axis=1)
