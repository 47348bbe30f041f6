"""How much of a sample real data never had: rises when a model makes things up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from headwater.measures.scores.contract import Aspect, Worse
from headwater.measures.scores.learned import Learned
from headwater.measures.scores.units import check_sample, column
from headwater.measures.scores.words import Vocabulary, number_words
from headwater.samples.values import Array, Kind, Sample


@dataclass(frozen=True, eq=False)
class UnseenLabels:
    """Indicator that a label was never in the frame.

    Its healthy mean is the missing mass [good1953population]_.
    """

    name: ClassVar[str] = "unseen"
    kinds: ClassVar[tuple[Kind, ...]] = ("categorical",)
    aspect: ClassVar[Aspect] = "hallucination"
    worse: ClassVar[Worse] = "higher"
    parts: ClassVar[tuple[str, ...]] = ("unseen",)

    seen: frozenset[str]

    def values(self, sample: Sample) -> Array:
        """(rows, 1) 1 for labels that the frame never had, 0 for others."""
        check_sample(self.name, "categorical", 1, sample)
        return column(~np.fromiter(map(self.seen.__contains__, sample.rows), bool, len(sample)))


@dataclass(frozen=True, eq=False)
class UnseenWords:
    """Share of a document's words that were never in the frame.

    Lost tails lower it too: rare words that real data goes on to show are missing.
    """

    name: ClassVar[str] = "unseen"
    kinds: ClassVar[tuple[Kind, ...]] = ("text",)
    aspect: ClassVar[Aspect] = "hallucination"
    worse: ClassVar[Worse] = "higher"
    parts: ClassVar[tuple[str, ...]] = ("unseen",)

    vocabulary: Vocabulary

    def values(self, sample: Sample) -> Array:
        """(documents, 1); 0 for a document without words."""
        check_sample(self.name, "text", 1, sample)
        words = number_words(self.vocabulary, sample)
        return column(words.mean((words.numbers < 0).astype(float)))


def fit(frame: Learned) -> UnseenLabels | UnseenWords:
    """To the frame."""
    if frame.sample.kind == "categorical":
        return UnseenLabels(frozenset(frame.sample.rows.tolist()))
    return UnseenWords(frame.vocabulary)
