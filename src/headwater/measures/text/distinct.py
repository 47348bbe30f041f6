"""How many different words and runs of words there are, at equal length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from headwater.errors import SampleError
from headwater.measures.contract import About, Estimate, check_pair
from headwater.measures.text.rarefaction import rarefied
from headwater.measures.text.spread import Interval, check, check_level, ratio
from headwater.measures.text.tokens import Tokens, encode
from headwater.samples.values import Sample


@dataclass(frozen=True)
class Distinct:
    """Different words of the sample over different words of real data, in samples of equal length.

    Distinct words over all words [li2016diversity]_ fall with the length of any text. So the longer
    of the two is rarefied [hurlbert1971nonconcept]_: the value compares the number of different
    words in as many of its documents as have, on the average, the words of the shorter.

    Parts are runs of 1 to `longest` words (1 alone if categorical); the value is that of 1.

    The interval is a jackknife over documents, or rows: on the average too wide rather than too
    narrow [efron1981jackknife]_, for labels of Zipf's law by a tenth.
    """

    longest: int = 4
    level: float = 0.95
    about: ClassVar[About] = About(
        "distinct", ("categorical", "text"), "reference", 0.0, np.inf, "1", "of the real data's"
    )

    def __post_init__(self) -> None:
        check(self.longest >= 1, "longest", self.longest, "give the longest run of words, at least 1")
        check_level(self.level)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Ratio of different words, sample over reference."""
        check_pair(self.about, sample, reference)
        found, real = encode(sample, reference)
        longest = self.longest if sample.kind == "text" else 1
        parts: dict[str, Interval] = {}
        notes: list[str] = []
        both = zip(found.runs(longest), real.runs(longest), strict=True)
        for length, (here, there) in enumerate(both, start=1):
            try:
                parts[f"{length}-gram"] = self._ratio(here, there)
            except SampleError as error:
                if length == 1:
                    raise
                notes.append(f"{length}-gram: {error.problem}")
        return Estimate(*parts["1-gram"], self.level, "jackknife", parts, notes=tuple(notes))

    def _ratio(self, found: Tokens, real: Tokens) -> Interval:
        length = min(len(found.codes), len(real.codes))
        if length == 0:
            raise SampleError("no document is that long", "measure shorter runs")
        return ratio(rarefied(found, length), rarefied(real, length), self.level)
