"""Sketches of what is not kept: quantiles, distinct counts and frequent items, from datasketches.

Each is a few kilobytes whatever the number of rows, merges with its like, and states its error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headwater.samples.kept import mixed
from headwater.samples.values import Array

QUANTILES = 512
"""The k of the KLL sketches [karnin2016optimal]_: rank error 0.54% with 99% confidence."""
DISTINCT = 12
"""log2 of the hashes of a theta sketch [dasgupta2016framework]_: standard error 1.6%; exact up to 4,096."""
FREQUENT = 14
"""log2 of the counters of frequent items [anderson2017high]_: exact up to 12,288 different ones."""
BROKEN = (ValueError, IndexError, RuntimeError, MemoryError, TypeError, OverflowError)
"""What datasketches raises for bytes that are no sketch."""


@dataclass(frozen=True)
class Bounded:
    """A number with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Counted:
    """How often an item was seen: certainly between `low` and `high`."""

    item: str
    count: int
    low: int
    high: int


def new_quantiles(features: int) -> tuple[Any, ...]:
    """One empty sketch a feature."""
    from datasketches import kll_doubles_sketch

    return tuple(kll_doubles_sketch(QUANTILES) for _ in range(features))


def merged_quantiles(first: tuple[Any, ...], second: tuple[Any, ...]) -> tuple[Any, ...]:
    """Of both together; the two are unchanged."""
    merged = new_quantiles(len(first))
    for into, one, other in zip(merged, first, second, strict=True):
        into.merge(one)
        into.merge(other)
    return merged


def read_quantiles(content: bytes) -> Any:
    """A sketch of quantiles from its bytes; raises one of `BROKEN`."""
    from datasketches import kll_doubles_sketch

    sketch = kll_doubles_sketch.deserialize(content)
    if sketch.k != QUANTILES:
        raise ValueError(f"k is {sketch.k}, not {QUANTILES}")
    if sketch.n and not (np.isfinite(sketch.get_min_value()) and np.isfinite(sketch.get_max_value())):
        raise ValueError("the extremes are not finite")
    return sketch


def new_distinct() -> Any:
    """An empty sketch of distinct items, to be updated."""
    from datasketches import update_theta_sketch

    return update_theta_sketch(DISTINCT)


def settled_distinct(sketch: Any) -> Any:
    """It without what depends on the order of updates."""
    sketch.trim()
    return sketch.compact(True)


def merged_distinct(first: Any, second: Any) -> Any:
    """Of both together; the two are unchanged."""
    from datasketches import theta_union

    union = theta_union(DISTINCT)
    union.update(first)
    union.update(second)
    return union.get_result(True)


def read_distinct(content: bytes) -> Any:
    """A sketch of distinct items from its bytes; raises one of `BROKEN`."""
    from datasketches import compact_theta_sketch

    sketch = compact_theta_sketch.deserialize(content)
    if sketch.num_retained > 2**DISTINCT:
        raise ValueError(f"{sketch.num_retained} hashes")
    # hashes of another seed, or above their threshold, cannot be merged: find out now
    return merged_distinct(sketch, settled_distinct(new_distinct()))


def distinct_count(sketch: Any) -> Bounded:
    """How many different ones, with the interval of 95% confidence."""
    return Bounded(sketch.get_estimate(), sketch.get_lower_bound(2), sketch.get_upper_bound(2))


def new_frequent() -> Any:
    """An empty sketch of frequent items."""
    from datasketches import frequent_strings_sketch

    return frequent_strings_sketch(FREQUENT)


def merged_frequent(first: Any, second: Any) -> Any:
    """Of both together; the two are unchanged."""
    merged = new_frequent()
    merged.merge(first)
    merged.merge(second)
    return merged


def read_frequent(content: bytes) -> Any:
    """A sketch of frequent items from its bytes; raises one of `BROKEN`."""
    from datasketches import frequent_strings_sketch

    # logarithms of the sizes, at bytes 3 and 4: memory is reserved before they are checked
    if len(content) < 8 or content[3] != FREQUENT or content[4] > FREQUENT:
        raise ValueError("the sketch is of another size")
    sketch = frequent_strings_sketch.deserialize(content)
    frequent_items(sketch, 1)
    return sketch


def frequent_items(sketch: Any, most: int) -> tuple[Counted, ...]:
    """The most frequent items, the most frequent first."""
    from datasketches import frequent_items_error_type

    found = sketch.get_frequent_items(frequent_items_error_type.NO_FALSE_NEGATIVES)
    found.sort(key=lambda each: (-each[1], each[0]))
    return tuple(Counted(item, count, low, high) for item, count, low, high in found[:most])


def see_numbers(quantiles: tuple[Any, ...], columns: Array) -> None:
    """Add columns, (features, rows), each to its sketch."""
    for sketch, column in zip(quantiles, columns, strict=True):
        # the sketch sorts what it takes, and NumPy sorts faster
        sketch.update(np.sort(column))


def see_distinct(sketch: Any, items: Iterable[str | int]) -> None:
    """Add items; the empty string, which the sketch would pass over, is one of them."""
    update = sketch.update
    for item in items:
        update(item if item != "" else "\0")


def see_frequent(sketch: Any, counts: Mapping[str, int]) -> None:
    """Add items that many times each."""
    for item, count in counts.items():
        sketch.update(item, count)


def row_hashes(columns: Array) -> NDArray[np.int64]:
    """(rows,) 64-bit hashes of the rows of columns, (features, rows); equal rows have equal ones."""
    state = np.zeros(columns.shape[1], np.uint64)
    for column in columns:
        # minus zero equals zero
        state ^= (column + 0.0).view(np.uint64)
        state *= np.uint64(0x9E3779B97F4A7C15)
        state ^= state >> np.uint64(32)
    return mixed(state).view(np.int64)
