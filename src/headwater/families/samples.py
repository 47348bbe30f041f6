"""Evidence of families that have no sufficient statistics: the samples themselves, with weights.

Also what those families share: real tables as populations, draws by weight, blocks that keep
memory bounded, and the normal that stands in where a fit fails.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence, Sized
from typing import Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from headwater.errors import FamilyError
from headwater.families.contract import Array
from headwater.families.gaussian import RealRows

BLOCK = 2**21
"""Numbers that a temporary array may hold (16 MiB of doubles)."""


class Samples(NamedTuple):
    """Records (replicates, n, ...) and their loss weights (replicates, n); None where all are 1."""

    records: NDArray[Any]
    weights: Array | None


def combine(parts: Sequence[Samples], weights: Sequence[float]) -> Samples:
    """All parts one after the other, weights multiplied by their part's."""
    if len(parts) == 1 and weights[0] == 1:
        return parts[0]
    records = np.concatenate([part.records for part in parts], axis=1)
    if all(part.weights is None for part in parts) and all(weight == 1 for weight in weights):
        return Samples(records, None)
    columns = [
        np.full(part.records.shape[:2], float(weight)) if part.weights is None else part.weights * weight
        for part, weight in zip(parts, weights, strict=True)
    ]
    return Samples(records, np.concatenate(columns, axis=1))


def combine_even(parts: Sequence[Samples], weights: Sequence[float], name: str) -> Samples:
    """All parts one after the other, for a family `name` that takes no weights.

    Raises
    ------
    FamilyError
        If the parts' weights differ.
    """
    if len(set(weights)) > 1:
        raise FamilyError(
            f"family {name} was given samples of weights {sorted(set(weights))!r:.60}",
            "it takes no weights: give every flow the same",
        )
    return combine(parts, [1.0] * len(parts))


def tell_even(records: NDArray[Any], weights: Array | None, name: str) -> Samples:
    """Given samples as evidence, for a family `name` that takes no weights.

    Raises
    ------
    FamilyError
        If the weights differ.
    """
    if weights is not None and (weights != weights[:, :1]).any():
        raise FamilyError(
            f"family {name} was given samples of unequal weight", "it takes no weights: leave them out"
        )
    return Samples(records, None)


def places(samples: Samples, count: int, rng: Generator) -> NDArray[np.int64]:
    """(replicates, count) places of samples drawn with replacement, each in proportion to its weight."""
    replicates, length = samples.records.shape[:2]
    if samples.weights is None:
        return rng.integers(length, size=(replicates, count))
    total = np.cumsum(samples.weights, axis=1)
    return choose(total, rng.random((replicates, count)))


def pick(rows: RealRows, count: int, rng: Generator) -> Array:
    """(replicates, count, d) rows of a real table, drawn with replacement."""
    return rows.values[rng.integers(len(rows.values), size=(rows.replicates, count))]


def choose(cumulative: Array, uniform: Array) -> NDArray[np.int64]:
    """(rows, count) columns drawn from (rows, columns) cumulative masses by (rows, count) uniforms."""
    rows = np.broadcast_to(np.arange(len(cumulative))[:, None], uniform.shape)
    return choose_in(cumulative, rows.ravel(), uniform.ravel()).reshape(uniform.shape)


def choose_in(cumulative: Array, row: NDArray[np.int64], uniform: Array) -> NDArray[np.int64]:
    """(count,) columns drawn from cumulative masses (rows, columns), each from the row said.

    A column without mass is never chosen; every row has some mass.
    """
    rows, columns = cumulative.shape
    # one sorted list for all rows: row r lies in (r, r + 1]
    ladder = cumulative / cumulative[:, -1:] + np.arange(rows)[:, None]
    inside = np.searchsorted(ladder.ravel(), uniform + row, side="right") - row * columns
    # the sum rounds a uniform next to 1 up to the row's end: then its last column with mass
    last = (cumulative < cumulative[:, -1:]).sum(axis=1)
    return np.asarray(np.minimum(inside, last[row]), dtype=np.int64)


def spread(samples: Samples) -> tuple[Array, Array, Array]:
    """(replicates, d) weighted means and variances with divisor Σω, and (replicates,) effective counts.

    The effective count is (Σω)²/Σω².
    """
    records, weights = samples
    if weights is None:
        count = np.full(len(records), float(records.shape[1]))
        return records.mean(axis=1), records.var(axis=1), count
    share = weights / weights.sum(axis=1, keepdims=True)
    mean = np.einsum("rn,rnd->rd", share, records)
    variance = np.einsum("rn,rnd->rd", share, (records - mean[:, None, :]) ** 2)
    return mean, variance, 1 / (share**2).sum(axis=1)


def blocks(items: int, cost: int) -> Iterator[slice]:
    """Slices of `items` so that one slice costs at most `BLOCK` numbers, at `cost` an item."""
    step = max(1, BLOCK // max(1, cost))
    for start in range(0, items, step):
        yield slice(start, min(start + step, items))


def lone_normal(rows: Array, added: float | Array) -> tuple[Array, Array]:
    """(d,) mean and (d, d) lower root of the covariance of rows (n, d), for fits that failed.

    The covariance is the maximum-likelihood one plus `added` (above 0) on its diagonal. It is
    carried as a root throughout, so that no rounding can make it indefinite.
    """
    count, width = rows.shape
    mean = rows.mean(axis=0)
    floor = np.diag(np.sqrt(np.broadcast_to(added, width)))
    upper = np.linalg.qr(np.concatenate([(rows - mean) / count**0.5, floor]), mode="r")
    return mean, np.asarray((upper * np.sign(np.diagonal(upper))[:, None]).T)


def floats(what: str, values: ArrayLike, most: int | None = None) -> Array:
    """A copy as an array of floats, of any shape, finite or not.

    Raises
    ------
    FamilyError
        If it is none, or has more than `most` entries, which is seen before anything is copied.
    """
    length = (
        values.size if isinstance(values, np.ndarray) else len(values) if isinstance(values, Sized) else 0
    )
    if most is not None and length > most:
        raise FamilyError(f"{what} has {length:,} entries", f"give {most:,} at most: leave out the rarest")
    try:
        return np.array(values, dtype=float)
    except (TypeError, ValueError, OverflowError):
        raise FamilyError(
            f"{what} is not an array of numbers",
            f"give {what} as numbers below 1e308, as many in every row",
        ) from None


def is_number(value: Any) -> bool:
    """Whether it is one finite real number that a float can hold; True and False are none."""
    real = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return real and bool(abs(value) <= sys.float_info.max)


def shown(value: Any) -> str:
    """A value as an error message shows it, on one short line."""
    # Python refuses to write whole numbers of thousands of digits.
    return "beyond 1e60" if isinstance(value, int) and abs(value) >= 10**60 else f"{value!r:.60}"


def table(what: str, rows: ArrayLike, width: int | None = None) -> Array:
    """A (rows, d) table of finite numbers, as a copy.

    Raises
    ------
    FamilyError
        If it is none, or has not `width` columns.
    """
    values = floats(what, rows)
    columns = "d" if width is None else str(width)
    if values.ndim != 2 or 0 in values.shape or width not in (None, values.shape[1]):
        raise FamilyError(f"{what} has shape {values.shape}", f"give a table (rows, {columns}) of numbers")
    if not np.isfinite(values).all():
        raise FamilyError(f"{what} holds missing or infinite values", "leave those rows out")
    values.flags.writeable = False
    return values


def population(rows: ArrayLike) -> Array:
    """A real table whose rows are the population, as a copy.

    Raises
    ------
    FamilyError
        If it is no table of finite numbers, or a column does not vary.
    """
    values = table("data", rows)
    still = np.flatnonzero(values.min(axis=0) == values.max(axis=0))
    if len(still):
        raise FamilyError(
            f"column {still[0]} of data is {values[0, still[0]]:g} in every row", "leave that column out"
        )
    return values
