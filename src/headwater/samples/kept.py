"""The rows that are kept of a stream: a uniform sample that does not depend on how the rows came.

Every row has a priority, a hash of where it lies; kept are the rows of lowest priority, as
many as two budgets (rows and bytes) allow, and the priority from which on rows are missing.
Samples of parts of the data therefore merge into the very sample of the whole [cohen2007summarizing]_.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Priorities = NDArray[np.uint64]

ALL = 2**64 - 1
"""The threshold of a sample from which no row is missing."""
SLACK = 1.25
"""Rows are sorted out when there are so many times more than are kept."""


@dataclass(frozen=True)
class Budget:
    """How much is kept of one model at one generation: the first row, and what both limits allow."""

    rows: int
    size: int


@dataclass(frozen=True, eq=False)
class Kept:
    """Rows in the order of their priorities, which is a random order.

    Attributes
    ----------
    priorities
        (rows,) ascending.
    rows
        (rows, features) of numbers, or an Arrow array of strings.
    threshold
        Every row of lower priority is here, and no other.
    """

    priorities: Priorities
    rows: Any
    threshold: int

    def within(self, budget: Budget) -> Kept:
        """What a smaller budget would have kept."""
        count = len(self.priorities)
        if count <= budget.rows and self.rows.nbytes <= budget.size:
            return self
        fitting = min(budget.rows, _fitting(self.rows, budget.size))
        most = min(max(fitting, 1), count)
        if most == count:
            return self
        return Kept(self.priorities[:most].copy(), _first(self.rows, most), int(self.priorities[most]))

    def merge(self, other: Kept, budget: Budget) -> Kept:
        """What would have been kept of both together."""
        return join([(each.priorities, each.rows) for each in (self, other)], min(
            self.threshold, other.threshold
        ), budget)  # fmt: skip


@dataclass
class Reservoir:
    """Rows while they stream by."""

    parts: list[tuple[Priorities, Any]] = field(default_factory=list)
    threshold: int = ALL
    count: int = 0
    size: int = 0

    def offer(self, priorities: Priorities, rows: Any, budget: Budget) -> None:
        """Keep those of the rows, columns of numbers (features, rows) or strings, that may stay."""
        below = np.flatnonzero(priorities < np.uint64(self.threshold))
        if len(below) == 0:
            return
        taken = take_columns(rows, below)
        self.parts.append((priorities[below], taken))
        self.count += len(below)
        self.size += taken.nbytes
        if self.count > SLACK * budget.rows + 1 or self.size > SLACK * budget.size:
            self.settle(budget)

    def settle(self, budget: Budget) -> Kept:
        """Sort out what is not kept."""
        kept = join(self.parts, self.threshold, budget)
        self.parts = [(kept.priorities, kept.rows)]
        self.threshold, self.count, self.size = kept.threshold, len(kept.priorities), kept.rows.nbytes
        return kept


def join(parts: list[tuple[Priorities, Any]], threshold: int, budget: Budget) -> Kept:
    """Rows of all parts below the threshold, in order, within the budget."""
    priorities = np.concatenate([each for each, _ in parts])
    order = np.argsort(priorities, kind="stable")
    order = order[: int(np.searchsorted(priorities, np.uint64(threshold), sorter=order))]
    if len(order) > budget.rows:
        threshold = int(priorities[order[budget.rows]])
        order = order[: budget.rows]
    blocks = [rows for _, rows in parts]
    rows = np.concatenate(blocks) if isinstance(blocks[0], np.ndarray) else _strings(blocks)
    taken = rows[order] if isinstance(rows, np.ndarray) else rows.take(pa.array(order))
    return Kept(priorities[order], taken, threshold).within(budget)


def take_columns(rows: Any, index: NDArray[np.intp]) -> Any:
    """Rows by number: of columns of numbers as (rows, features), of strings as they are."""
    return (
        np.ascontiguousarray(rows[:, index].T) if isinstance(rows, np.ndarray) else rows.take(pa.array(index))
    )


def nothing(rows: Any) -> Kept:
    """No rows, of the same kind as these."""
    return Kept(np.zeros(0, np.uint64), rows, ALL)


def stream_of(seed: int, name: str, key: tuple[str, int]) -> int:
    """Where the priorities of a file's rows start: a hash of seed, file, model and generation."""
    content = repr((seed, name, key)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")


def priorities_of(stream: int, rows: NDArray[np.int64]) -> Priorities:
    """A 64-bit priority for each row number; no two rows of a stream share one [steele2014fast]_."""
    state = rows.astype(np.uint64)
    state *= np.uint64(0x9E3779B97F4A7C15)
    state += np.uint64(stream)
    # the highest is the threshold of a whole sample
    return np.minimum(mixed(state), np.uint64(ALL - 1))


def mixed(state: Priorities) -> Priorities:
    """The finaliser of SplitMix64, in place [steele2014fast]_."""
    state ^= state >> np.uint64(30)
    state *= np.uint64(0xBF58476D1CE4E5B9)
    state ^= state >> np.uint64(27)
    state *= np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)
    return state


def _fitting(rows: Any, size: int) -> int:
    if isinstance(rows, np.ndarray):
        return size // max(int(rows[:1].nbytes), 1)
    used = np.cumsum(pc.binary_length(rows).to_numpy(zero_copy_only=False) + 8)
    return int(np.searchsorted(used, size, side="right"))


def _first(rows: Any, most: int) -> Any:
    """A copy, so that the rest can be freed."""
    return rows[:most].copy() if isinstance(rows, np.ndarray) else rows.take(pa.array(np.arange(most)))


def _strings(blocks: list[Any]) -> Any:
    return pa.concat_arrays([block.cast(pa.large_string()) for block in blocks])
