"""The directions in which modes of real data are looked for: those that tell far rows from near ones.

What is a mode there, and how many there are, is the business of `modes`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headwater.samples.values import Array

DIMENSIONS = 10
"""Leading directions that are looked at, at most."""
NEAR = 2_000
"""Rows among which neighbours are looked for, at most."""
BINS = 60
"""Of the histogram in which bumps of a single feature are looked for."""
ROUNDS = 4
"""Times that near rows are looked for."""
BENT = 3.0
"""Deviations up to which a feature is as it is; farther out its logarithm counts."""
VALLEY = 0.5
"""Two bumps are one unless density between them falls below this share of the lower peak."""
FLOOR = 1e-3
"""Variance added to every component, in units of a feature's: a spike is not infinitely likely."""


@dataclass(frozen=True, eq=False)
class View:
    """How rows are looked at: features about their medians, outliers drawn in, directions of structure.

    Attributes
    ----------
    centre, scale
        (features,).
    axes
        (features, directions).
    """

    centre: Array
    scale: Array
    axes: Array

    @staticmethod
    def of(rows: Array, seed: int) -> View:
        """Of real rows; at most `NEAR` of them tell the directions."""
        centre = np.median(rows, axis=0)
        # halves first, and no squares: those of huge numbers overflow
        low, high = np.quantile(rows / 2, [0.25, 0.75], axis=0)
        quartiles = (high - low) * (2 / 1.349)
        spread = np.abs(rows / 2 - centre / 2).mean(axis=0) * 2.5
        scale = np.where(quartiles > 0, quartiles, spread)
        # what differs in its last digits only is constant
        constant = ~(scale > 1e-12 * np.abs(centre)) | ~np.isfinite(scale)
        scale = np.where(constant, np.maximum(np.abs(centre), 1.0), scale)
        plain = View(centre, scale, np.eye(len(centre)))
        some = plain(rows[np.random.default_rng(seed).permutation(len(rows))[:NEAR]])
        gains = 1 / np.array([_width(feature) for feature in some.T])
        return View(centre, scale, gains[:, None] * _structure(np.unique(some, axis=0) * gains))

    def __call__(self, rows: Array) -> Array:
        """Of (rows, features): (rows, directions)."""
        away = (rows / 2 - self.centre / 2) / self.scale * 2
        return np.asarray(BENT * np.arcsinh(away / BENT) @ self.axes)


def _width(values: Array) -> float:
    """Standard deviation of one feature within its own bumps, which may be far apart: 1 if it is constant."""
    ends = np.quantile(values, [0.005, 0.995])
    count = min(BINS, len(np.unique(values)))  # whole numbers are no bumps
    if ends[0] == ends[1] or count < 6:
        return float(values.std()) or 1.0
    bins = np.clip((values - ends[0]) / (ends[1] - ends[0]) * count, 0, count - 1).astype(np.intp)
    height = np.convolve(np.bincount(bins, minlength=count), np.array([1, 4, 6, 4, 1]) / 16, "same")
    peaks = np.minimum(np.maximum.accumulate(height), np.maximum.accumulate(height[::-1])[::-1])
    low = height + 2 * np.sqrt(height + 1) < VALLEY * peaks
    bump = np.concatenate([[0], np.cumsum(low[1:] & ~low[:-1])])[bins]
    size, total, square = (np.bincount(bump, values**power) for power in (0, 1, 2))
    size = np.maximum(size, 1)
    variance = (square - total**2 / size).sum() / len(values)
    return float(np.sqrt(max(variance, FLOOR)))


def _structure(rows: Array) -> Array:
    """(features, directions) along which distinct rows differ much more than near ones do.

    Near is judged in these directions themselves, from the features on in a few rounds.
    Modes are far apart in them however little they count in the whole variance. Units are such
    that the least telling direction has a variance of 1.
    """
    from scipy.linalg import eigh
    from sklearn.neighbors import NearestNeighbors

    features = rows.shape[1]
    if len(rows) < 3:
        return np.eye(features)
    total = np.cov(rows, rowvar=False, bias=True).reshape(features, features)
    axes, places = np.eye(features), min(3, len(rows) - 1)
    # Few rows leave directions open, and with few features what is near follows any stretch: pull back.
    pull = max(0.1, features / (features + places * len(rows)))
    for _ in range(ROUNDS):
        search = NearestNeighbors(n_neighbors=places).fit(rows @ axes)
        near = rows[search.kneighbors(return_distance=False).T] - rows
        local = np.einsum("kni,knj->ij", near, near)
        local = local / max(np.trace(local), 1e-300) + pull * np.eye(features) / features
        ratios, axes = eigh(total, local)
    return np.asarray(axes[:, ::-1][:, :DIMENSIONS] / np.sqrt(max(ratios[0], 1e-300)))
