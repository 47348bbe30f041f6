"""Type-token ratio at a fixed length."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from headwater.measures.contract import About, Estimate, check_pair
from headwater.measures.text.rarefaction import rarefied
from headwater.measures.text.spread import Interval, alone, check, check_level, ratio
from headwater.measures.text.tokens import encode
from headwater.samples.values import Sample


@dataclass(frozen=True)
class TypeToken:
    """Type-token ratio in `length` words, of the sample over that of real data.

    The ratio of different words to words falls with length, so it is the expected one in as many
    documents as have that length on the average [hurlbert1971nonconcept]_; of rows of labels, in
    so many rows. Unlike `Distinct`, which compares at the size of the smaller sample, its parts
    (both ratios themselves) can be compared between runs. A length that either sample does not
    have, or that is below that of one document, is moved there, and a note says so.

    The interval is a jackknife over documents, or rows.
    """

    length: int = 1000
    level: float = 0.95
    about: ClassVar[About] = About(
        "type-token", ("categorical", "text"), "reference", 0.0, math.inf, "1", "of the real data's"
    )

    def __post_init__(self) -> None:
        check(self.length >= 2, "length", self.length, "give a number of words, at least 2")
        check_level(self.level)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Ratio of type-token ratios, sample over reference."""
        check_pair(self.about, sample, reference)
        both = encode(sample, reference)
        document = max(len(each.codes) / each.units for each in both)
        length = min(max(float(self.length), document), *(len(each.codes) for each in both))
        here, there = (rarefied(each, length) for each in both)
        parts: dict[str, Interval] = {}
        for name, spread in (("sample", here), ("reference", there)):
            value, low, high = alone(spread, self.level)
            parts[name] = (value / length, low / length, high / length)
        notes = () if length == self.length else (f"in {length:.0f} words",)
        return Estimate(*ratio(here, there, self.level), self.level, "jackknife", parts, notes=notes)
