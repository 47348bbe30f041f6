"""How often a document says again what it said before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from headwater.errors import SampleError
from headwater.measures.contract import About, Estimate, check_pair
from headwater.measures.text.spread import Interval, Spread, check, check_level, difference, pooled
from headwater.measures.text.tokens import Tokens, encode
from headwater.samples.values import Sample


@dataclass(frozen=True)
class Repetition:
    """Share of runs of words that occurred earlier in their own document, sample less real data.

    The share is of all runs of all documents together. Parts are runs of 1 to `longest` words; the
    value is that of `longest`. Longer documents repeat more: of each only the first `first` words
    are looked at, and a note says so where documents of one side are then still a tenth longer.

    The interval is that of a ratio of means over documents.
    """

    longest: int = 4
    first: int = 100
    level: float = 0.95
    about: ClassVar[About] = About("repetition", ("text",), "reference", -1.0, 1.0, "0", "more than real")

    def __post_init__(self) -> None:
        check(self.longest >= 1, "longest", self.longest, "give the longest run of words, at least 1")
        check(self.first > self.longest, "first", self.first, "give more words than the longest run has")
        check_level(self.level)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Difference of shares, sample less reference."""
        check_pair(self.about, sample, reference)
        found, real = (_beginnings(each, self.first) for each in encode(sample, reference))
        parts: dict[str, Interval] = {}
        both = zip(found.runs(self.longest), real.runs(self.longest), strict=True)
        for length, (here, there) in enumerate(both, start=1):
            parts[f"{length}-gram"] = difference(_repeated(here), _repeated(there), self.level)
        lengths = found.sizes.mean(), real.sizes.mean()
        notes: tuple[str, ...] = ()
        if max(lengths) > 1.1 * min(lengths):
            notes = (
                f"documents have {lengths[0]:.1f} words on the average, real ones {lengths[1]:.1f}: "
                "longer ones repeat more",
            )
        value = parts[f"{self.longest}-gram"]
        return Estimate(*value, self.level, "closed form over documents", parts, notes=notes)


def _beginnings(tokens: Tokens, first: int) -> Tokens:
    """The first words of every unit."""
    place = np.arange(len(tokens.codes)) - tokens.start[tokens.unit]
    sizes = np.minimum(tokens.sizes, first)
    return Tokens(tokens.codes[place < first], np.concatenate([[0], np.cumsum(sizes)]), tokens.words)


def _repeated(runs: Tokens) -> Spread:
    if len(runs.codes) == 0:
        raise SampleError("no document is as long as the longest run", "measure shorter runs: longest=1")
    different = np.bincount(runs.pairs.unit, minlength=runs.units)
    return pooled((runs.sizes - different).astype(float), runs.sizes.astype(float))
