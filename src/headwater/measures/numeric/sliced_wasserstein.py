"""Sliced Wasserstein distance: how far rows have to be carried, seen along many directions."""

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
    signed_weights,
    thin_pair,
)
from headwater.samples.values import Array, Sample


def random_directions(dimensions: int, count: int, seed: int) -> Array:
    """(count, dimensions) unit vectors, uniform on the sphere; the one there is in one dimension."""
    if dimensions == 1:
        return np.ones((1, 1))
    drawn = np.random.default_rng(seed).standard_normal((count, dimensions))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def sliced_distances(rows: Array, weights: Array, along: Array) -> Array:
    r"""Mean over directions of :math:`\int |F - G|`, for many weightings of the same rows at once.

    Along a direction the Wasserstein distance of order 1 is the area between both distribution functions,
    exact for any two sizes, so that one sort serves every weighting.

    Parameters
    ----------
    rows
        (rows, features) of both samples.
    weights
        (weightings, rows) mass of a row: positive in the one sample, negative in the other, sum zero.
    along
        (directions, features).

    Returns
    -------
    Array
        (weightings,).
    """
    total = np.zeros(len(weights))
    for direction in along:
        place = rows @ direction
        order = np.argsort(place, kind="stable")
        between = np.cumsum(weights[:, order[:-1]], axis=1)
        total += np.abs(between, out=between) @ np.diff(place[order])
    return np.asarray(total / len(along))


@dataclass(frozen=True)
class SlicedWasserstein:
    """Mean Wasserstein distance of order 1 along random directions [bonneel2015sliced]_.

    Two samples of one law are never at distance zero: the part ``chance`` is what rows dealt out at random
    give, with the interval that they give it in, and that is where a healthy sample of this size stands.
    The interval is that of the bootstrap, with its bias taken away from the lower end only, and reaches
    down to 0 unless the permutation test rejects. Directions are the same for every generation, and their
    choice is not part of the interval. Weak where few of many features differ: most directions miss them.

    Parameters
    ----------
    level
        Confidence.
    standardise
        Measure each feature in its standard deviations in the reference.
    directions
        How many.
    resamples
        Of the bootstrap, and as many permutations.
    most
        Rows of either sample that are used.
    seed
        For thinning, directions and resampling.
    """

    level: float = 0.95
    standardise: bool = True
    directions: int = 50
    resamples: int = 200
    most: int = 2000
    seed: int = 0
    about: ClassVar[About] = About(
        "sliced-wasserstein",
        ("numeric",),
        "lower",
        0.0,
        math.inf,
        "0, but for a bias that is the part 'chance'",
        "standard deviations of the reference",
    )

    def __post_init__(self) -> None:
        check_level(self.level)
        check_count("directions", self.directions, 1)
        check_count("resamples", self.resamples, 20)
        check_count("most", self.most, 4)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Sliced distance of sample and reference, with a test that they are of one law.

        Raises
        ------
        SampleError
            If the samples do not match or have fewer than 4 rows.
        """
        check_pair(self.about, sample, reference)
        check_rows(4, sample, reference)
        ours, real, notes = thin_pair(sample, reference, self.most, self.seed)
        rows = np.concatenate(in_units_of(reference, self.standardise, ours, real))
        along = random_directions(rows.shape[1], self.directions, self.seed)
        weights = signed_weights(len(ours), len(real), self.resamples, self.seed)
        found = Resampled.of(sliced_distances(rows, weights, along))
        value = found.observed
        low, high = found.around(value, self.level)
        bias = max(float(found.again.mean()) - value, 0.0)
        ends = np.quantile(found.chance, [(1 - self.level) / 2, (1 + self.level) / 2]).tolist()
        return Estimate(
            value,
            max(low - bias, 0.0),
            high,
            self.level,
            "bootstrap",
            {"chance": (float(found.chance.mean()), ends[0], ends[1])},
            found.p_value,
            notes,
        )
