"""Distances between many rows, a block at a time: radii of nearest neighbours, and who is in whose ball.

Inside a ball means nearer to its centre than its radius, or at the centre itself; so a radius of
nought, which duplicates bring about, holds what equals the centre and nothing else. What the balls
mean is said where they are used.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headwater.errors import SampleError
from headwater.samples.values import Array

Index = NDArray[np.intp]
HIGH, WIDE = 256, 2048
"""Rows and columns of a block: 4 MiB of distances, small enough to stay near the processor."""
UNIT = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False)
class Points:
    """The distinct rows of a sample.

    Attributes
    ----------
    rows
        (distinct, features).
    copies
        (distinct,) how often each occurs.
    origin
        (rows,) place of each row of the sample among the distinct.
    """

    rows: Array
    copies: Index
    origin: Index

    @staticmethod
    def of(rows: Array) -> Points:
        """Of all rows, (rows, features)."""
        distinct, origin, copies = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
        return Points(distinct, copies, origin.ravel())


def squared_radii(points: Points, nearest: int) -> Array:
    """(distinct,) squared distance to the neighbour of that order among all other rows, copies too.

    Raises
    ------
    SampleError
        If there are no more rows than neighbours.
    """
    rows, total = points.rows, len(points.origin)
    if total <= nearest:
        raise SampleError(
            f"{total} rows have no {nearest}th neighbour", "give more rows or a lower `nearest`"
        )
    radii = np.zeros(len(rows))
    alone = points.copies <= nearest
    if alone.any():
        order = min(nearest, len(rows) - 1)
        squared, neighbours = _neighbours(rows, order)
        reached = (points.copies - 1)[:, None] + np.cumsum(points.copies[neighbours], axis=1)
        first = (reached >= nearest).argmax(axis=1)
        radii[alone] = squared[np.arange(len(rows)), first][alone]
    return radii


def _neighbours(rows: Array, order: int) -> tuple[Array, Index]:
    """Squared distances to the nearest others and their places, both (rows, order), nearest first."""
    from sklearn.neighbors import NearestNeighbors

    centred = rows - np.median(rows, axis=0)
    found = NearestNeighbors(n_neighbors=order).fit(centred).kneighbors(return_distance=False)
    squared = _squared_to(rows, rows, found)
    # Products of matrices cannot rank neighbours that are far nearer to each other than to the centre.
    norms = np.einsum("ij,ij->i", centred, centred)
    lost = np.flatnonzero(squared[:, -1] < 1e3 * _rounding(rows.shape[1], 4 * norms))
    if len(lost):
        tree = NearestNeighbors(n_neighbors=order + 1, algorithm="ball_tree").fit(rows)
        near = tree.kneighbors(rows[lost], return_distance=False)
        itself = near == lost[:, None]
        itself[~itself.any(axis=1), -1] = True
        found[lost] = near[~itself].reshape(len(lost), order)
        squared[lost] = _squared_to(rows[lost], rows, found[lost])
    places = np.argsort(squared, axis=1, kind="stable")
    return np.take_along_axis(squared, places, axis=1), np.take_along_axis(found, places, axis=1)


def _squared_to(rows: Array, others: Array, places: Index) -> Array:
    """(rows, places) squared distances to the others at those places."""
    return np.column_stack([squared_distances(rows, others[place]) for place in places.T])


def squared_distances(left: Array, right: Array) -> Array:
    """(pairs,) between rows of the same place: exactly zero for equal rows, exactly symmetric."""
    apart = left - right
    return np.asarray((apart**2).sum(axis=-1))


def _rounding(features: int, norms: Array) -> Array:
    """How far a squared distance from a product of matrices may be off, for that sum of squared norms."""
    return 4 * (features + 4) * UNIT * norms


@dataclass(frozen=True, eq=False)
class Crossing:
    """Who is in whose ball, of real and fake rows, copies counted.

    Attributes
    ----------
    fake_held
        (distinct fake,) in how many real balls each is.
    real_holds
        (distinct real,) how many fake rows the ball of each holds.
    one_held
        (distinct real,) place of a distinct fake row that its ball holds; 0 if it holds none.
    real_held
        (distinct real,) whether it is in the ball of some fake row.
    """

    fake_held: Array
    real_holds: Array
    one_held: Index
    real_held: NDArray[np.bool_]


def crossing(real: Points, fake: Points, real_radii: Array, fake_radii: Array) -> Crossing:
    """Of two samples, whose distinct rows have those squared radii.

    Holds a block of the distances a thread at a time, and settles what rounding leaves open, such
    as a copy of a neighbour, by the differences themselves. As many threads as the BLAS may have.
    """
    centre = np.median(real.rows, axis=0)
    left, right = _Side.of(real, centre, real_radii), _Side.of(fake, centre, fake_radii)
    fake_held, rest = np.zeros(len(fake.rows)), []
    for strip in _strips(left, right):
        fake_held += strip.fake_held
        rest.append((strip.real_holds, strip.one_held, strip.real_held))
    real_holds, one_held, real_held = (np.concatenate(each) for each in zip(*rest, strict=True))
    return Crossing(fake_held, real_holds, one_held, real_held)


def _strips(left: _Side, right: _Side) -> Iterator[Crossing]:
    """Of all strips of real rows, in order."""
    if len(left.rows) <= HIGH:
        yield _strip(left, right)
        return
    from threadpoolctl import threadpool_info, threadpool_limits

    threads = max(
        (each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"), default=1
    )
    # Many small products: threads that wait for each other within one take longer than one thread.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        yield from pool.map(lambda high: _strip(left.part(high), right), _slices(len(left.rows), HIGH))


def _strip(left: _Side, right: _Side) -> Crossing:
    """Of some real rows with all fake ones."""
    fake_held, real_holds = np.zeros(len(right.rows)), np.zeros(len(left.rows))
    one_held, real_held = np.zeros(len(left.rows), dtype=np.intp), np.zeros(len(left.rows), dtype=bool)
    for wide in _slices(len(right.rows), WIDE):
        block = _Block.of(left, right.part(wide))
        inside = block.within(left.radii[:, None])
        numbers = inside.astype(float)
        fake_held[wide] = left.copies @ numbers
        real_holds += numbers @ right.copies[wide]
        one_held = np.where(inside.any(axis=1), wide.start + inside.argmax(axis=1), one_held)
        if not real_held.all():
            real_held |= block.within(right.radii[None, wide]).any(axis=1)
    return Crossing(fake_held, real_holds, one_held, real_held)


@dataclass(frozen=True, eq=False)
class _Side:
    """Distinct rows of one sample: as they were, about the centre, squared norms of these, and the rest."""

    rows: Array
    centred: Array
    norms: Array
    copies: Array
    radii: Array

    @staticmethod
    def of(points: Points, centre: Array, radii: Array) -> _Side:
        centred = points.rows - centre
        norms = np.einsum("ij,ij->i", centred, centred)
        return _Side(points.rows, centred, norms, points.copies.astype(float), radii)

    def part(self, which: slice) -> _Side:
        return _Side(
            self.rows[which],
            self.centred[which],
            self.norms[which],
            self.copies[which],
            self.radii[which],
        )


@dataclass(frozen=True, eq=False)
class _Block:
    """Squared distances between some real and some fake rows, right to within `rounding`."""

    left: _Side
    right: _Side
    squared: Array
    rounding: float

    @staticmethod
    def of(left: _Side, right: _Side) -> _Block:
        # |x|^2 + |y|^2 - 2xy in one product: passing over the block again would take as long.
        squared = np.column_stack([-2 * left.centred, left.norms, np.ones(len(left.norms))]) @ (
            np.column_stack([right.centred, np.ones(len(right.norms)), right.norms]).T
        )
        largest = left.norms.max() + right.norms.max()
        return _Block(left, right, squared, float(_rounding(left.rows.shape[1], largest)))

    def within(self, radii: Array) -> NDArray[np.bool_]:
        """Which pairs are in the ball of that squared radius, (real, 1) or (1, fake)."""
        inside = self.squared < radii - self.rounding
        perhaps = self.squared <= radii + self.rounding
        if np.count_nonzero(inside) == np.count_nonzero(perhaps):
            return inside
        open_yet = np.flatnonzero(perhaps ^ inside)
        limits = np.broadcast_to(radii, self.squared.shape)
        for some in _slices(len(open_yet), WIDE * 8):
            row, column = np.unravel_index(open_yet[some], self.squared.shape)
            exact = squared_distances(self.left.rows[row], self.right.rows[column])
            inside[row, column] = (exact < limits[row, column]) | (exact == 0)
        return inside


def _slices(total: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, total)) for start in range(0, total, size))
