"""Mean distances between samples, and anything made of them, with their jackknife errors.

Squared energy distance is the squared length of a difference of laws in a space of functions
[szekely2013energy]_, so that growth, direction and nearness of laws are all made of mean distances.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from headwater.measures.numeric.resampling import permutation_p_value
from headwater.samples.values import Array

PERMUTED = 300
"""Rows of each sample that are permuted, at most: the permutation only has to tell a distance from none."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """A number made of samples, and what it would be without each row.

    Attributes
    ----------
    value
        The number.
    without
        For each sample by name, (rows,) the number without that row.
    """

    value: float
    without: Mapping[str, Array]

    @property
    def error(self) -> float:
        """Standard error by the delete-one jackknife over all samples.

        It errs upwards [efron1981jackknife]_, also where laws are equal and the
        variance by first derivatives is zero.
        """
        return math.sqrt(sum((len(each) - 1) * float(each.var()) for each in self.without.values()))


def combine(function: Callable[..., Array], *given: Measurement) -> Measurement:
    """A function of measurements; rows of a sample that they share are left out of all at once."""
    value = function(*(each.value for each in given))
    names = {name for each in given for name in each.without}
    without = {
        name: np.asarray(function(*(each.without.get(name, each.value) for each in given))) for name in names
    }
    return Measurement(float(value), without)


@dataclass(frozen=True, eq=False)
class Distances:
    """Mean Euclidean distances between named sets of points.

    Attributes
    ----------
    points
        (rows, axes) by name, at least three rows each.
    unit
        All distances are shares of this one.
    """

    points: Mapping[str, Array]
    unit: float = 1.0
    means: dict[tuple[str, str], Measurement] = field(default_factory=dict, repr=False)
    energies: dict[tuple[str, str], Measurement] = field(default_factory=dict, repr=False)

    def mean(self, one: str, other: str) -> Measurement:
        """Of all pairs of different rows; one set with itself is its spread (Gini's mean difference)."""
        key = (one, other) if one <= other else (other, one)
        if key not in self.means:
            self.means[key] = self._mean(*key)
        return self.means[key]

    def _mean(self, one: str, other: str) -> Measurement:
        apart = _apart(self.points[one], self.points[other])
        rows, columns = apart.sum(axis=1) / self.unit, apart.sum(axis=0) / self.unit
        n, m, total = len(rows), len(columns), float(rows.sum())
        if one == other:
            return Measurement(total / (n * (n - 1)), {one: (total - 2 * rows) / ((n - 1) * (n - 2))})
        without = {one: (total - rows) / ((n - 1) * m), other: (total - columns) / (n * (m - 1))}
        return Measurement(total / (n * m), without)

    def energy(self, one: str, other: str) -> Measurement:
        """Squared energy distance, unbiased: below zero where two samples agree by more than chance."""
        key = (one, other) if one <= other else (other, one)
        if key not in self.energies:
            means = self.mean(one, other), self.mean(one, one), self.mean(other, other)
            self.energies[key] = combine(_energy, *means)
        return self.energies[key]

    def permuted(self, one: str, other: str, times: int, seed: int) -> float:
        """P-value of the energy distance over that many divisions of pooled rows, 300 of each at most."""
        first, second = self.points[one][:PERMUTED], self.points[other][:PERMUTED]
        pooled = np.concatenate([first, second])
        mass = np.repeat([1 / len(first), -1 / len(second)], [len(first), len(second)])
        dealt = np.random.default_rng(seed).permuted(np.tile(mass, (times, 1)), axis=1)
        weights = np.vstack([mass, dealt])
        found = -np.einsum("ij,ij->i", weights @ _apart(pooled, pooled), weights)
        return permutation_p_value(float(found[0]), found[1:])


def _apart(one: Array, other: Array) -> Array:
    """(rows, rows) Euclidean distances."""
    from scipy.spatial.distance import cdist
    from sklearn.metrics.pairwise import euclidean_distances

    # a matrix product is quicker where there are many axes, and exact enough for a mean
    many = one.shape[1] > 8
    return np.asarray(euclidean_distances(one, other) if many else cdist(one, other))


def _energy(between: Array, first: Array, second: Array) -> Array:
    return 2 * between - first - second


def cosine(moved: Array, off: Array, left: Array) -> Array:
    """Of two steps from one law, from the squares of both and of the distance between their ends."""
    product = np.maximum(moved, 1e-12) * np.maximum(off, 1e-12)
    return np.asarray((moved + off - left) / (2 * np.sqrt(product)))
