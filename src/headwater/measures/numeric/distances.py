"""Distances between many rows, a block at a time: radii of nearest neighbours, and who is in whose ball.

Inside a ball means nearer to its centre than its radius, or at the centre itself; so a radius of
nought, which duplicates bring about, holds what equals the centre and nothing else. What the balls
mean is said where they are used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from headwater.errors import SampleError
from headwater.samples.values import Array

Index = NDArray[np.intp]
HIGH, WIDE = 256, 2048
"""Rows and columns of a block: 2 or 4 MiB of distances, small enough to stay near the processor."""
GROUP = 16
"""Distances of which only the least is looked at where neighbours are searched."""
PAIRS = 2**14
"""Pairs of rows whose difference is taken at once."""
FLAT = 8
"""Features up to which a tree finds neighbours faster than products do."""
PROBE = 200
"""Rows that tell how far apart rows are."""
TINY = 1e-36
"""More than what is lost where the squares of small numbers vanish in single precision."""

Answer = TypeVar("Answer")


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
    if rows.shape[1] <= FLAT:
        from sklearn.neighbors import NearestNeighbors

        found = NearestNeighbors(n_neighbors=order, algorithm="kd_tree").fit(rows)
        places = found.kneighbors(return_distance=False)
        squared = np.column_stack([squared_distances(rows, rows[place]) for place in places.T])
        ranked = np.argsort(squared, axis=1, kind="stable")
        return np.take_along_axis(squared, ranked, axis=1), np.take_along_axis(places, ranked, axis=1)
    centred = rows - np.median(rows, axis=0)
    some = centred[:: max(len(rows) // PROBE, 1)]
    apart = np.sort(((some[:, None] - some[None, :PROBE]) ** 2).sum(axis=-1), axis=1)[:, : order + 1]
    side = _Side.of(rows, centred, _precision(centred, apart.max(axis=1)))
    strips = list(_by_strips(len(rows), lambda high: _nearest_of(side, high, order)))
    return np.concatenate([each[0] for each in strips]), np.concatenate([each[1] for each in strips])


def _nearest_of(side: _Side, high: slice, order: int) -> tuple[Array, Index]:
    """Of a strip of rows among all, without the row itself.

    The k-th least of the minima of groups of distances is not below the k-th least of all, and
    seldom above; so few rows are left whose distances are taken exactly.
    """
    left = side.part(high)
    least = np.full((len(left.rows), order + 1), np.inf, side.table.dtype)
    found: list[tuple[Index, Index, Array]] = []
    for wide in _slices(len(side.rows), WIDE):
        block = _Block.of(left, side.part(wide))
        least = np.partition(np.hstack([least, block.minima()]), order, axis=1)[:, : order + 1]
        limit = least.max(axis=1, keepdims=True) + np.asarray(2.1 * block.rounding, least.dtype)
        row, column = divmod(np.flatnonzero(block.squared <= limit), block.squared.shape[1])
        found.append((row, wide.start + column, block.squared[row, column] - 2.1 * block.rounding))
    row, column, below = (np.concatenate(each) for each in zip(*found, strict=True))
    kept = (below <= least.max(axis=1)[row]) & (column != high.start + row)
    row, column = row[kept], column[kept]
    exact = np.concatenate(
        [
            squared_distances(left.rows[row[some]], side.rows[column[some]])
            for some in _slices(len(row), PAIRS)
        ]
    )
    ranked = np.lexsort((exact, row))
    first = np.searchsorted(row[ranked], np.arange(len(left.rows)))
    chosen = ranked[first[:, None] + np.arange(order)]
    return exact[chosen], column[chosen]


def squared_distances(left: Array, right: Array) -> Array:
    """(pairs,) between rows of the same place: exactly zero for equal rows, exactly symmetric."""
    apart = left - right
    return np.asarray((apart**2).sum(axis=-1))


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
    about = [each.rows - centre for each in (real, fake)]
    precision = _precision(np.concatenate(about), real_radii)
    left, right = (
        _Side.of(each.rows, centred, precision) for each, centred in zip((real, fake), about, strict=True)
    )
    weights = [each.copies.astype(precision) for each in (real, fake)]

    def of(high: slice) -> Crossing:
        return _strip(left.part(high), right, (real_radii[high], fake_radii), (weights[0][high], weights[1]))

    fake_held, rest = np.zeros(len(fake.rows)), []
    for strip in _by_strips(len(real.rows), of):
        fake_held += strip.fake_held
        rest.append((strip.real_holds, strip.one_held, strip.real_held))
    real_holds, one_held, real_held = (np.concatenate(each) for each in zip(*rest, strict=True))
    return Crossing(fake_held, real_holds, one_held, real_held)


def _strip(left: _Side, right: _Side, radii: tuple[Array, Array], weights: tuple[Array, Array]) -> Crossing:
    """Of some real rows with all fake ones."""
    fake_held, real_holds = np.zeros(len(right.rows)), np.zeros(len(left.rows))
    one_held, real_held = np.zeros(len(left.rows), dtype=np.intp), np.zeros(len(left.rows), dtype=bool)
    for wide in _slices(len(right.rows), WIDE):
        block = _Block.of(left, right.part(wide))
        inside = block.within(radii[0][:, None])
        numbers = inside.astype(block.squared.dtype)
        fake_held[wide] = weights[0] @ numbers
        real_holds += numbers @ weights[1][wide]
        one_held = np.where(inside.any(axis=1), wide.start + inside.argmax(axis=1), one_held)
        if not real_held.all():
            real_held |= block.within(radii[1][None, wide]).any(axis=1)
    return Crossing(fake_held, real_holds, one_held, real_held)


def _by_strips(total: int, answer: Callable[[slice], Answer]) -> Iterator[Answer]:
    """The answers for all strips of rows, in order, by as many threads as the BLAS may have."""
    if total <= HIGH:
        yield answer(slice(0, total))
        return
    from threadpoolctl import threadpool_info, threadpool_limits

    threads = max(
        (each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"), default=1
    )
    # Many small products: threads that wait for each other within one take longer than one thread.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        yield from pool.map(answer, _slices(total, HIGH))


def _precision(centred: Array, squared: Array) -> type[np.floating[Any]]:
    """Single, if its rounding is small beside those squared distances, which are to be compared."""
    largest = float(np.einsum("ij,ij->i", centred, centred).max())
    coarse = _rounding(centred.shape[1], 2 * largest, float(np.finfo(np.float32).eps))
    return np.float32 if coarse < 0.01 * np.quantile(squared, 0.1) else np.float64


def _rounding(features: int, norms: float, unit: float) -> float:
    """How far a squared distance from a product of matrices may be off, for that sum of squared norms.

    Twice what the rounding of a dot product, of the norms and of the rows themselves adds up to.
    """
    return (features + 8) * unit * norms + TINY


@dataclass(frozen=True, eq=False)
class _Side:
    """Rows as they were; about the centre with norms and ones, in the precision of the product; norms."""

    rows: Array
    table: Array
    norms: Array

    @staticmethod
    def of(rows: Array, centred: Array, precision: type[np.floating[Any]]) -> _Side:
        norms = np.einsum("ij,ij->i", centred, centred)
        table = np.column_stack([centred, norms, np.ones(len(norms))]).astype(precision)
        return _Side(rows, table, norms)

    def part(self, which: slice) -> _Side:
        return _Side(self.rows[which], self.table[which], self.norms[which])


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
        turned = np.column_stack([-2 * left.table[:, :-2], left.table[:, -1:], left.table[:, -2:-1]])
        squared = turned @ right.table.T
        largest = float(left.norms.max() + right.norms.max())
        rounding = _rounding(left.rows.shape[1], largest, float(np.finfo(squared.dtype).eps))
        return _Block(left, right, squared, rounding)

    def minima(self) -> Array:
        """(left, groups) of the squared distances in groups of columns."""
        wide = self.squared.shape[1] // GROUP * GROUP
        groups = self.squared[:, :wide].reshape(len(self.squared), GROUP, -1).min(axis=1, initial=np.inf)
        return np.hstack([groups, self.squared[:, wide:]])

    def within(self, radii: Array) -> NDArray[np.bool_]:
        """Which pairs are in the ball of that squared radius, (real, 1) or (1, fake)."""
        kind = self.squared.dtype
        inside = self.squared < np.nextafter((radii - self.rounding).astype(kind), -np.inf, dtype=kind)
        perhaps = self.squared <= np.nextafter((radii + self.rounding).astype(kind), np.inf, dtype=kind)
        if np.count_nonzero(inside) == np.count_nonzero(perhaps):
            return inside
        open_yet = np.flatnonzero(perhaps ^ inside)
        limits = np.broadcast_to(radii, self.squared.shape)
        for some in _slices(len(open_yet), PAIRS):
            row, column = np.unravel_index(open_yet[some], self.squared.shape)
            exact = squared_distances(self.left.rows[row], self.right.rows[column])
            inside[row, column] = (exact < limits[row, column]) | (exact == 0)
        return inside


def _slices(total: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, total)) for start in range(0, total, size))
