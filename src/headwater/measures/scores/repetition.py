"""How much of a document it said before: rises when a model gets stuck in a loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from headwater.measures.scores.contract import Aspect, Worse
from headwater.measures.scores.learned import Learned
from headwater.measures.scores.units import check_sample, column
from headwater.samples.values import Array, Kind, Sample

LENGTH = 4
"""Words of a phrase."""

SHORT = 8
"""Words below which a document has too few phrases, and its words are counted instead."""


@dataclass(frozen=True, eq=False)
class Repetition:
    """Share of a document's phrases of four words that it had before; of its words if it is short.

    Nothing is learned from the frame.
    """

    name: ClassVar[str] = "repetition"
    kinds: ClassVar[tuple[Kind, ...]] = ("text",)
    aspect: ClassVar[Aspect] = "repetition"
    worse: ClassVar[Worse] = "higher"
    parts: ClassVar[tuple[str, ...]] = ("repeated",)

    def values(self, sample: Sample) -> Array:
        """(documents, 1); 0 for a document without words."""
        check_sample(self.name, "text", 1, sample)
        return column(np.fromiter(map(_repeated, sample.documents), float, len(sample)))


def fit(frame: Learned) -> Repetition:
    """The same whatever the frame is."""
    return Repetition()


def _repeated(words: tuple[str, ...]) -> float:
    if not words:
        return 0.0
    length = 1 if len(words) < SHORT else LENGTH
    phrases = len(words) - length + 1
    return 1 - len(set(zip(*(words[start:] for start in range(length)), strict=False))) / phrases
