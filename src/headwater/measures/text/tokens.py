"""Words of texts, or labels, as whole numbers, and the counts that every metric here starts from.

A *unit* is what is drawn independently: a document of a text, a single row of a categorical sample.
Words of one document are not independent of each other, so intervals are always over units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headwater.errors import SampleError
from headwater.samples.values import Array, Sample

Whole = NDArray[np.int64]


class Pairs(NamedTuple):
    """How often each word occurs in each unit, where it does: three columns, ascending by unit and word."""

    unit: Whole
    code: Whole
    times: Whole


@dataclass(frozen=True, eq=False)
class Tokens:
    """Words of units in numbers.

    Attributes
    ----------
    codes
        (tokens,) numbers from 0 to below `words`, unit after unit.
    start
        (units + 1,) where each unit begins, and the end.
    words
        Size of the vocabulary, which may hold words that do not occur here.
    """

    codes: Whole
    start: Whole
    words: int

    @property
    def units(self) -> int:
        """Documents, or rows."""
        return len(self.start) - 1

    @property
    def sizes(self) -> Whole:
        """(units,) tokens of each."""
        return np.diff(self.start)

    @cached_property
    def unit(self) -> Whole:
        """(tokens,) the unit of each."""
        return np.repeat(np.arange(self.units), self.sizes)

    @cached_property
    def counts(self) -> Whole:
        """(words,) how often each occurs."""
        return np.bincount(self.codes, minlength=self.words)

    @cached_property
    def pairs(self) -> Pairs:
        """Of units and words."""
        if self.units == len(self.codes) and (self.sizes == 1).all():
            return Pairs(self.unit, self.codes, np.ones_like(self.codes))
        keys, times = np.unique(self.unit * self.words + self.codes, return_counts=True)
        return Pairs(keys // self.words, keys % self.words, times)

    @cached_property
    def incidence(self) -> Whole:
        """(words,) in how many units each occurs."""
        return np.bincount(self.pairs.code, minlength=self.words)

    def runs(self, longest: int) -> Iterator[Tokens]:
        """Runs of 1, 2, ... words of one unit, as tokens; a unit that is shorter has none."""
        codes, words, place = self.codes, self.words, np.arange(len(self.codes))
        yield self
        for more in range(1, longest):
            joined = codes[: len(place) - more] * self.words + self.codes[more:]
            known, codes = np.unique(joined, return_inverse=True)
            words = max(len(known), 1)
            sizes = np.maximum(self.sizes - more, 0)
            # a run that starts near the end of a unit would reach into the next one
            whole = place < self.start[self.unit] + sizes[self.unit]
            start = np.concatenate([[0], np.cumsum(sizes)])
            yield Tokens(codes[whole[: len(codes)]], start, words)

    def take(self, units: Whole) -> Tokens:
        """Those units alone, in that order."""
        sizes = self.sizes[units]
        start = np.concatenate([[0], np.cumsum(sizes)])
        place = np.arange(start[-1]) + np.repeat(self.start[units] - start[:-1], sizes)
        return Tokens(self.codes[place], start, self.words)

    def parted(self, seed: int, share: float = 0.5) -> tuple[Tokens, Tokens]:
        """Units in two parts at random, the first with this share of them; neither is without words.

        Raises
        ------
        SampleError
            If one would be.
        """
        order = np.random.default_rng(seed).permutation(self.units)
        first = round(self.units * share)
        parts = self.take(order[:first]), self.take(order[first:])
        if not all(len(part.codes) for part in parts):
            raise SampleError(
                f"{self.units} real rows are too few to be parted in two", "give more rows with words in them"
            )
        return parts

    def without(self, function: Callable[[Whole], Array]) -> Array:
        """(units,) what the sum of a function of all counts would be if that unit were not there."""
        pairs = self.pairs
        largest = np.unique(self.counts)
        of_count = function(largest)
        rest = self.counts[pairs.code] - pairs.times
        values, place = np.unique(rest, return_inverse=True)
        before = of_count[np.searchsorted(largest, self.counts[pairs.code])]
        change = function(values)[place] - before
        total = of_count[np.searchsorted(largest, self.counts)].sum()
        return np.asarray(total + np.bincount(pairs.unit, change, self.units))


def encode(*samples: Sample) -> tuple[Tokens, ...]:
    """Tokens of samples, numbered alike.

    Raises
    ------
    SampleError
        If one of them has no word at all.
    """
    flat = [_flat(sample) for sample in samples]
    known = dict.fromkeys(chain.from_iterable(words for words, _ in flat))
    number = dict(zip(known, range(len(known)), strict=True))
    return tuple(_numbered(words, sizes, number) for words, sizes in flat)


def _flat(sample: Sample) -> tuple[list[str], Whole]:
    """All words one after the other, and how many each unit has."""
    if sample.kind == "categorical":
        return sample.rows.tolist(), np.ones(len(sample), np.int64)
    sizes = np.fromiter(map(len, sample.documents), np.int64, len(sample))
    return list(chain.from_iterable(sample.documents)), sizes


def _numbered(words: list[str], sizes: Whole, number: dict[str, int]) -> Tokens:
    if not words:
        raise SampleError("there is no word in any document", "give texts with letters in them")
    codes = np.fromiter(map(number.__getitem__, words), np.int64, len(words))
    return Tokens(codes, np.concatenate([[0], np.cumsum(sizes)]), len(number))
