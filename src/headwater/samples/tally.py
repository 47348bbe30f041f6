"""What is kept of one model at one generation, while rows of one file stream by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headwater.samples import sketches
from headwater.samples.kept import Budget, Reservoir, nothing
from headwater.samples.summary import Summary
from headwater.samples.values import WORD, Array, Kind, Moments

MOST_QUANTILES = 256
"""Features with a sketch of quantiles each; coordinates of wider embeddings mean nothing alone."""


@dataclass
class Tally:
    """What is kept of one model at one generation, while rows of one file stream by."""

    kind: Kind
    names: tuple[str, ...]
    reservoir: Reservoir = field(default_factory=Reservoir)
    count: int = 0
    moments: Moments | None = None

    def __post_init__(self) -> None:
        """Open the sketches."""
        numeric = self.kind == "numeric"
        sketched = numeric and len(self.names) <= MOST_QUANTILES
        self.quantiles = sketches.new_quantiles(len(self.names) if sketched else 0)
        self.rows_seen = sketches.new_distinct()
        self.words_seen = sketches.new_distinct() if self.kind == "text" else None
        self.items = None if numeric else sketches.new_frequent()

    def see(self, values: Any, priorities: NDArray[np.uint64], budget: Budget) -> None:
        """Add rows that are good: columns of numbers, (features, rows), or strings."""
        self.count += len(priorities)
        self.reservoir.offer(priorities, values, budget)
        if self.kind == "numeric":
            self._see_numbers(values)
        elif self.kind == "categorical":
            counted = values.value_counts()
            counts = dict(zip(*(counted.field(at).to_pylist() for at in (0, 1)), strict=True))
            sketches.see_distinct(self.rows_seen, counts)
            sketches.see_frequent(self.items, counts)
        else:
            texts = values.to_pylist()
            sketches.see_distinct(self.rows_seen, texts)
            counts = Counter[str]()
            for text in texts:
                counts.update(WORD.findall(text.lower()))
            sketches.see_distinct(self.words_seen, counts)
            sketches.see_frequent(self.items, counts)

    def finish(
        self, budget: Budget, place: str, notes: tuple[str, ...], omitted: Mapping[str, int]
    ) -> Summary:
        """What is kept, with what is known of the file beside it."""
        none = np.zeros((0, len(self.names))) if self.kind == "numeric" else pa.array([], pa.large_string())
        words = None if self.words_seen is None else sketches.settled_distinct(self.words_seen)
        return Summary(
            self.kind,
            self.names,
            self.count,
            self.reservoir.settle(budget) if self.count else nothing(none),
            self.moments,
            self.quantiles,
            sketches.settled_distinct(self.rows_seen),
            words,
            self.items,
            dict(omitted),
            (place,),
            notes,
        )

    def _see_numbers(self, columns: Array) -> None:
        more = Moments.of(columns.T)
        self.moments = more if self.moments is None else self.moments.merge(more)
        if self.quantiles:
            sketches.see_numbers(self.quantiles, columns)
        sketches.see_distinct(self.rows_seen, sketches.row_hashes(columns).tolist())
