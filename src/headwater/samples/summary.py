"""What is kept of one model at one generation: a value that merges with its like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from headwater.errors import SampleError, nearest
from headwater.samples import sketches
from headwater.samples.kept import Budget, Kept
from headwater.samples.sketches import Bounded, Counted
from headwater.samples.values import Kind, Moments, Sample


@dataclass(frozen=True)
class Keep:
    """How many rows are kept; their number, moments and sketches are always of all rows.

    Attributes
    ----------
    numeric, categorical, text
        Rows of one model at one generation, by kind.
    each
        Bytes of these rows.
    together
        Bytes of the rows of all models at all generations, shared equally.
    """

    numeric: int = 20_000
    categorical: int = 1_000_000
    text: int = 20_000
    each: int = 2**26
    together: int = 3 * 2**27

    def __post_init__(self) -> None:
        """Refuse to keep nothing."""
        for name in ("numeric", "categorical", "text", "each", "together"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 2**62:
                raise SampleError(f"{name} of what is kept is {value!r:.40}", "give a positive whole number")

    def budget(self, kind: Kind, keys: int) -> Budget:
        """For one of that many models and generations."""
        rows = {"numeric": self.numeric, "categorical": self.categorical, "text": self.text}[kind]
        return Budget(rows, min(self.each, self.together // max(keys, 1)))


@dataclass(frozen=True, eq=False)
class Summary:
    """What is kept of one model at one generation, or of a reference.

    Attributes
    ----------
    kind, names
        As of a `Sample`.
    count
        Rows seen, without those left out.
    kept
        A uniform random part of them.
    moments
        Of all; None unless numeric, or if there are no rows.
    quantiles
        A sketch a feature; none unless numeric, or for more than 256 features.
    rows_seen
        Sketch of different rows.
    words_seen
        Sketch of different words; None unless text.
    items
        Sketch of frequent labels or words; None for numbers.
    omitted
        Rows left out, by reason.
    places
        Files it is from.
    notes
        What was derived from names of files, and columns that were ignored.
    """

    kind: Kind
    names: tuple[str, ...]
    count: int
    kept: Kept
    moments: Moments | None
    quantiles: tuple[Any, ...]
    rows_seen: Any
    words_seen: Any
    items: Any
    omitted: Mapping[str, int]
    places: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def sample(self) -> Sample:
        """The rows that are kept, in random order, with count and moments of all rows."""
        if self.kind == "numeric":
            return Sample(self.kind, self.kept.rows, self.names, self.count, self.moments)
        encoded = self.kept.rows.dictionary_encode()
        # equal labels share one string
        words = np.array(encoded.dictionary.to_pylist(), dtype=object)
        return Sample(self.kind, words[encoded.indices.to_numpy()], self.names, self.count)

    def quantile(self, feature: int | str, share: float) -> float:
        """Below which that share of all rows is, by a sketch with `rank_error`.

        Of more than 256 features there are no sketches, and it is the quantile of the rows kept.

        Raises
        ------
        SampleError
            If there is no such feature, or it is not numeric.
        """
        at = self._feature(feature)
        if not 0 <= share <= 1:
            raise SampleError(f"a quantile at {share!r:.40}", "give a share from 0 to 1")
        if self.quantiles:
            sketch = self.quantiles[at]
            # the sketch knows the extremes, but not as quantiles
            ends = {0.0: sketch.get_min_value, 1.0: sketch.get_max_value}
            return float(ends[share]() if share in ends else sketch.get_quantile(share))
        return float(np.quantile(self.kept.rows[:, at], share, method="inverted_cdf"))

    @property
    def rank_error(self) -> float:
        """How far a quantile's rank is off at most, with 99% confidence, by what is not kept.

        By the Dvoretzky–Kiefer–Wolfowitz inequality where there is no sketch.
        """
        if self.quantiles:
            return float(self.quantiles[0].normalized_rank_error(False))
        kept = len(self.kept.priorities)
        return 0.0 if kept == self.count else float(np.sqrt(np.log(2 / 0.01) / (2 * kept)))

    @property
    def distinct(self) -> Bounded:
        """Different rows (labels, documents), exact up to 4,096."""
        return sketches.distinct_count(self.rows_seen)

    @property
    def distinct_words(self) -> Bounded:
        """Different words of a text."""
        if self.words_seen is None:
            raise SampleError(f"words of a {self.kind} sample", "only a text has words")
        return sketches.distinct_count(self.words_seen)

    @property
    def words(self) -> int:
        """Words of a text, all of them."""
        if self.words_seen is None:
            raise SampleError(f"words of a {self.kind} sample", "only a text has words")
        return int(self.items.total_weight)

    def frequent(self, most: int = 100) -> tuple[Counted, ...]:
        """The most frequent labels, or words of a text; exact up to 12,288 different ones."""
        return () if self.items is None else sketches.frequent_items(self.items, most)

    def merge(self, other: Summary, budget: Budget) -> Summary:
        """Of the rows of both."""
        omitted = Counter(self.omitted) + Counter(other.omitted)
        places = self.places + other.places
        notes = tuple(dict.fromkeys(self.notes + other.notes))
        if not (self.count and other.count):
            full = self if self.count else other
            return replace(full, omitted=omitted, places=places, notes=notes)
        assert self.kind == other.kind and self.names == other.names
        numeric, text = self.kind == "numeric", self.kind == "text"
        return Summary(
            self.kind,
            self.names,
            self.count + other.count,
            self.kept.merge(other.kept, budget),
            self.moments.merge(other.moments) if self.moments and other.moments else None,
            sketches.merged_quantiles(self.quantiles, other.quantiles),
            sketches.merged_distinct(self.rows_seen, other.rows_seen),
            sketches.merged_distinct(self.words_seen, other.words_seen) if text else None,
            None if numeric else sketches.merged_frequent(self.items, other.items),
            omitted,
            places,
            notes,
        )

    def _feature(self, feature: int | str) -> int:
        if self.kind != "numeric":
            raise SampleError(f"a quantile of a {self.kind} sample", "only numbers have quantiles")
        if isinstance(feature, str):
            if feature not in self.names:
                raise SampleError(f"there is no feature {feature!r:.60}", nearest(feature[:60], self.names))
            return self.names.index(feature)
        if not 0 <= feature < len(self.names):
            raise SampleError(f"there is no feature {feature}", f"there are {len(self.names)}, from 0")
        return feature
