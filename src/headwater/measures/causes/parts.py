"""Parts of a law that a generator may lose: its modes, and its tails.

Modes are found in points, so that they are the same notion for all kinds of samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headwater.samples.values import Array, Kind

CELLS = 12
"""Most cells that points are divided into before those without a valley between them are joined."""

ROWS = 25
"""Rows a cell has in the mean, at least."""

SHARE = 0.02
"""Share of the rows below which a mode is not followed."""

LARGE = 0.1
"""Share from which a mode has to be shown to be there before none is said to be missing."""

SUSPECTED = 0.1
"""Chance below which a smaller one seems to be lost, and has to be shown to be there too."""

OUTER = 0.1
"""Share of real rows that are its tails."""

VALLEY = 0.01
"""Chance of seeing a valley that is not there between two cells."""

LEAST = 12
"""Rows of the smallest cell that can show one: two thirds to this power are below that chance."""


@dataclass(frozen=True, eq=False)
class Parts:
    """Cells of real points, the mode each belongs to, and where the tails begin.

    Attributes
    ----------
    centres
        (cells, axes).
    mode
        (cells,) number of the mode, from 0.
    edge
        Distance from the nearest centre beyond which a row is in the tails; not used for labels.
    tail
        (cells,) whether the cell is a rare label; all false unless categorical.
    """

    centres: Array
    mode: NDArray[np.intp]
    edge: float
    tail: NDArray[np.bool_]

    def modes(self, points: Array) -> NDArray[np.intp]:
        """(modes,) rows of each mode."""
        cell, _ = self._nearest(points)
        return np.bincount(self.mode[cell], minlength=int(self.mode.max()) + 1)

    def tails(self, points: Array) -> int:
        """Rows in the tails."""
        cell, distance = self._nearest(points)
        return int((self.tail[cell] | (distance > self.edge)).sum())

    def _nearest(self, points: Array) -> tuple[NDArray[np.intp], Array]:
        from scipy.spatial.distance import cdist

        distance = cdist(points, self.centres)
        cell = distance.argmin(axis=1)
        return cell, distance[np.arange(len(points)), cell]


def parts(points: Array, kind: Kind, seed: int) -> Parts:
    """Of real points: each label is a mode of its own; other points are divided and joined again."""
    if kind == "categorical":
        return _labels(points)
    from scipy.sparse.csgraph import connected_components
    from sklearn.cluster import KMeans

    count = max(1, min(CELLS, len(points) // ROWS, len(np.unique(points, axis=0))))
    fitted = KMeans(count, n_init=1, random_state=seed).fit(points)
    centres, label = fitted.cluster_centers_, fitted.labels_
    _, mode = connected_components(_joined(points, label, centres), directed=False)
    found = Parts(centres, mode.astype(np.intp), np.inf, np.zeros(count, bool))
    edge = float(np.quantile(found._nearest(points)[1], 1 - OUTER))
    return Parts(centres, found.mode, edge, found.tail)


def _labels(points: Array) -> Parts:
    """The tails are the rarest labels that make up a tenth together, or a little less."""
    axes = points.shape[1]
    mass = points.mean(axis=0)
    order = np.argsort(mass, kind="stable")
    rare = order[np.cumsum(mass[order]) <= OUTER]
    tail = np.zeros(axes, bool)
    tail[rare] = True
    return Parts(np.eye(axes), np.arange(axes), np.inf, tail)


def _joined(points: Array, label: NDArray[np.intp], centres: Array) -> NDArray[np.bool_]:
    """(cells, cells) pairs without a valley; a cell too small to show one goes with the nearest other."""
    from scipy.spatial.distance import cdist

    count = len(centres)
    joined = np.eye(count, dtype=bool)
    large = np.flatnonzero(np.bincount(label, minlength=count) >= LEAST)
    for at, one in enumerate(large):
        for other in large[:at]:
            joined[one, other] = not _valley(points, label, centres, int(one), int(other))
    apart = cdist(centres, centres) + np.diag(np.full(count, np.inf))
    small = np.setdiff1d(np.arange(count), large)
    if count > 1:
        joined[small, apart[small].argmin(axis=1)] = True
    return joined


def _valley(points: Array, label: NDArray[np.intp], centres: Array, one: int, other: int) -> bool:
    """Whether the middle between two centres has less than half the rows that the rarer end has.

    Rows of both cells are projected on the line through the centres, and counted in three
    windows of equal width; a valley has to be shown, or the cells are taken for one mode.
    """
    from scipy.special import bdtr

    step = centres[other] - centres[one]
    inside = points[(label == one) | (label == other)] - centres[one]
    along = inside @ step / (step @ step)
    ends = min(int((np.abs(along) < 1 / 6).sum()), int((np.abs(along - 1) < 1 / 6).sum()))
    middle = int((np.abs(along - 0.5) < 1 / 6).sum())
    # at half the density of an end, one in three of the rows of both windows is in the middle
    return bool(bdtr(middle, middle + ends, 1 / 3) <= VALLEY)
