"""How alike documents are to each other: self-BLEU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from headwater.errors import SampleError
from headwater.measures.contract import About, Estimate, check_pair
from headwater.measures.text.spread import Spread, alone, check, check_level, difference, jackknifed
from headwater.measures.text.tokens import Pairs, Tokens, Whole, encode
from headwater.samples.values import Array, Sample

GROUPS = 20
"""Of documents, each left out once for the interval."""


@dataclass(frozen=True)
class SelfBleu:
    r"""BLEU of every document against all others, on the average; of the sample less that of real data.

    Self-BLEU [zhu2018texygen]_ is the geometric mean, over runs of 1 to `longest` words, of the
    share of a document's runs that some other document has (as often), times a penalty where it
    is shorter than the other document nearest in length [papineni2002bleu]_. A share of 0 has `epsilon`
    for its numerator [chen2014smoothing]_; with no word shared the whole is 0.

    It grows with the number of documents: both samples are cut, at random, to the size of the
    smaller and at most to `most`. The cost is linear in words, not quadratic in documents: of
    every run only its two largest counts in a document decide.

    Parts are both self-BLEUs. The interval is a jackknife over 20 groups of documents.
    """

    longest: int = 4
    epsilon: float = 0.1
    most: int = 1000
    level: float = 0.95
    seed: int = 0
    about: ClassVar[About] = About("self-bleu", ("text",), "reference", -1.0, 1.0, "0", "more than real")

    def __post_init__(self) -> None:
        check(self.longest >= 1, "longest", self.longest, "give the longest run of words, at least 1")
        check(self.epsilon > 0, "epsilon", self.epsilon, "give a small number above 0, such as 0.1")
        check(self.most >= 3, "most", self.most, "give a number of documents, at least 3")
        check_level(self.level)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Difference of self-BLEUs, sample less reference."""
        check_pair(self.about, sample, reference)
        both = encode(sample, reference)
        filled = [np.flatnonzero(each.sizes) for each in both]
        units = min(self.most, *map(len, filled))
        if units < 3:
            raise SampleError(f"{units} documents with words", "give at least three on both sides")
        rng = np.random.default_rng(self.seed)
        kept = [each.take(rng.permutation(of)[:units]) for each, of in zip(both, filled, strict=True)]
        here, there = (self._spread(each) for each in kept)
        parts = {"sample": alone(here, self.level), "reference": alone(there, self.level)}
        notes = [f"on {units} documents of each"]
        empty = sum(each.units - len(of) for each, of in zip(both, filled, strict=True))
        if empty:
            notes.append(f"{empty} documents without words left out")
        value = difference(here, there, self.level)
        return Estimate(*value, self.level, "jackknife over groups", parts, notes=tuple(notes))

    def _spread(self, tokens: Tokens) -> Spread:
        runs = [_by_run(each.pairs) for each in tokens.runs(self.longest)]
        everyone = np.ones(tokens.units, bool)
        value = float(self._scores(runs, tokens.sizes, everyone).mean())
        groups = min(GROUPS, tokens.units // 2)
        if groups < 2:
            return Spread(value, np.nan, tokens.units)
        group = np.arange(tokens.units) % groups
        left_out = [self._scores(runs, tokens.sizes, group != out).mean() for out in range(groups)]
        return jackknifed(value, np.array(left_out))

    def _scores(self, runs: list[Pairs], sizes: Whole, kept: NDArray[np.bool_]) -> Array:
        """(documents kept,) BLEU of each against all other kept ones."""
        log, shared = np.zeros(len(sizes)), np.ones(len(sizes), bool)
        for length, pairs in enumerate(runs, start=1):
            clipped = _clipped(Pairs(*(column[kept[pairs.unit]] for column in pairs)), len(sizes))
            total = np.maximum(sizes - length + 1, 1)
            if length == 1:
                shared = clipped > 0
            log += np.log(np.where(clipped > 0, clipped, self.epsilon) / total) / self.longest
        closest = _closest(sizes[kept])
        penalty = np.exp(np.minimum(1 - closest / sizes[kept], 0.0))
        return np.where(shared[kept], penalty * np.exp(log[kept]), 0.0)


def _by_run(pairs: Pairs) -> Pairs:
    """Ascending by run, and by count within a run."""
    order = np.lexsort((pairs.times, pairs.code))
    return Pairs(*(column[order] for column in pairs))


def _clipped(pairs: Pairs, units: int) -> Array:
    """(units,) runs of each that another unit has, each as often as that one has it at most.

    `pairs` as from `_by_run`: the last of a run is its largest count, the one before it the second.
    """
    last = np.flatnonzero(np.diff(pairs.code, append=-1))
    first = np.concatenate([[0], last[:-1] + 1])
    several = last > first
    # what the others have at most: the largest count, but for its holder the second largest
    highest = np.repeat(np.where(several, pairs.times[last], 0), last - first + 1)
    highest[last] = np.where(several, pairs.times[last - 1], 0)
    return np.asarray(np.bincount(pairs.unit, np.minimum(pairs.times, highest), units), float)


def _closest(sizes: Whole) -> Whole:
    """(documents,) length of the other document nearest in length, the shorter one of two."""
    order = np.argsort(sizes, kind="stable")
    size = sizes[order].astype(float)
    below = np.concatenate([[-np.inf], size[:-1]])
    above = np.concatenate([size[1:], [np.inf]])
    closest = np.where(size - below <= above - size, below, above)
    answer = np.empty(len(sizes), np.int64)
    answer[order] = closest.astype(np.int64)
    return answer
