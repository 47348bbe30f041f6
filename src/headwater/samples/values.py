"""A sample as every measure sees it: rows, of one of three kinds, and how many rows they stand for.

How rows are read from files and thinned while they stream by is the business of other modules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headwater.errors import SampleError

Kind = Literal["numeric", "categorical", "text"]
Array = NDArray[np.float64]

WORD = re.compile(r"\w+")
"""What counts as a word of a text."""


@dataclass(frozen=True)
class Moments:
    """First and second moments of all rows seen, not only of those kept.

    Attributes
    ----------
    count
        Rows.
    mean
        (features,).
    scatter
        (features, features) sum of outer products about the mean.
    """

    count: int
    mean: Array
    scatter: Array

    @staticmethod
    def of(rows: Array) -> Moments:
        """Of a block of rows, (rows, features)."""
        mean = rows.mean(axis=0)
        centred = rows - mean
        return Moments(len(rows), mean, centred.T @ centred)

    def merge(self, other: Moments) -> Moments:
        """Of both together [chan1983algorithms]_."""
        count = self.count + other.count
        apart = other.mean - self.mean
        mean = self.mean + apart * (other.count / count)
        between = np.outer(apart, apart) * (self.count * other.count / count)
        return Moments(count, mean, self.scatter + other.scatter + between)

    @property
    def covariance(self) -> Array:
        """(features, features) unbiased: divided by one less than the count."""
        return self.scatter / (self.count - 1)


@dataclass(frozen=True, eq=False)
class Sample:
    """A sample of one model at one generation, or of real data.

    Make one with `Sample.of`. Its rows are independent draws, or a uniform random part of more.

    Attributes
    ----------
    kind
        ``numeric`` (feature vectors, embeddings), ``categorical`` (one label a row) or ``text``
        (one document a row).
    rows
        (rows, features) finite float64 for numeric; (rows,) of str, dtype object, for the others.
    names
        Of the features; of the one column for the other kinds.
    count
        Rows seen, of which `rows` are all or a random part.
    moments
        Of all rows seen; None unless numeric.
    """

    kind: Kind
    rows: NDArray[Any]
    names: tuple[str, ...]
    count: int
    moments: Moments | None = None

    @staticmethod
    def of(values: ArrayLike, kind: Kind | None = None, names: tuple[str, ...] = ()) -> Sample:
        """From numbers, (rows,) or (rows, features), or from strings, (rows,).

        Strings have to be told to be ``categorical`` or ``text``; there is no guess.

        Raises
        ------
        SampleError
            If they are empty, not finite, of unequal lengths, or of another kind than said.
        """
        array = np.asarray(values)
        if array.size == 0:
            raise SampleError("the sample is empty", "give at least one row")
        if kind in ("categorical", "text"):
            if array.ndim != 1 or not all(isinstance(each, str) for each in array.tolist()):
                raise SampleError(f"a {kind} sample of something else than strings", "give a list of strings")
            return Sample(kind, array.astype(object), names or (kind,), len(array))
        if kind is None and array.dtype.kind in "OUS":
            raise SampleError(
                "strings without a kind", "say kind='categorical' (one label a row) or kind='text'"
            )
        rows = _numbers(array)
        names = names or tuple(f"x{feature}" for feature in range(rows.shape[1]))
        if len(names) != rows.shape[1]:
            raise SampleError(f"{len(names)} names for {rows.shape[1]} features", "give one name a feature")
        return Sample("numeric", rows, names, len(rows), Moments.of(rows))

    @property
    def dimensions(self) -> int:
        """Features of a row: 1 for what is not numeric."""
        return self.rows.shape[1] if self.kind == "numeric" else 1

    def __len__(self) -> int:
        """Rows that are kept."""
        return len(self.rows)

    @cached_property
    def documents(self) -> tuple[tuple[str, ...], ...]:
        """Lower-case words of each row of a text."""
        return tuple(tuple(WORD.findall(text.lower())) for text in self.rows.tolist())

    def take(self, index: NDArray[Any]) -> Sample:
        """Those rows alone, a sample of their own."""
        rows = self.rows[index]
        moments = Moments.of(rows) if self.kind == "numeric" else None
        return Sample(self.kind, rows, self.names, len(rows), moments)

    def split(self, seed: int, share: float = 0.5) -> tuple[Sample, Sample]:
        """Two parts at random, the first with this share of the rows; neither is empty."""
        if len(self) < 2:
            raise SampleError("one row cannot be split in two", "give more rows")
        order = np.random.default_rng(seed).permutation(len(self))
        first = min(max(round(len(self) * share), 1), len(self) - 1)
        return self.take(order[:first]), self.take(order[first:])

    def thinned(self, most: int, seed: int) -> Sample:
        """Itself, or that many of its rows at random."""
        if len(self) <= most:
            return self
        return self.take(np.random.default_rng(seed).choice(len(self), most, replace=False))


LARGEST = 1e100
"""In size: squares of numbers, and sums of them, stay finite."""


def _numbers(array: NDArray[Any]) -> Array:
    if array.dtype.kind not in "fiub":
        raise SampleError(
            "a numeric sample of something else than numbers", "give numbers of equal dimension"
        )
    rows = np.array(array, dtype=float, ndmin=1)
    rows = rows[:, None] if rows.ndim == 1 else rows.reshape(len(rows), -1)
    if not np.isfinite(rows).all():
        row = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise SampleError(
            f"row {row} is not finite",
            "leave such rows out, and say how many: the loss may be collapse itself",
        )
    largest = float(np.abs(rows).max())
    if largest > LARGEST:
        raise SampleError(
            f"a number of size {largest:.3g} is too large", f"{LARGEST:g} at most: use other units"
        )
    return rows
