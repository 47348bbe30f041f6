"""How much of a sample is what is rare in real data: falls first when a model loses its tails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from headwater.measures.scores.contract import Aspect, Worse
from headwater.measures.scores.learned import Learned
from headwater.measures.scores.units import check_sample, column
from headwater.measures.scores.words import Vocabulary, number_words
from headwater.samples.values import Array, Kind, Sample

CAP = 0.99
"""Quantile of the frame's shares of rare words beyond which all documents are alike."""


@dataclass(frozen=True, eq=False)
class RareLabels:
    """Indicator that a label is one of the frame's rare ones (see `Vocabulary.rare`)."""

    name: ClassVar[str] = "rare"
    kinds: ClassVar[tuple[Kind, ...]] = ("categorical",)
    aspect: ClassVar[Aspect] = "tails"
    worse: ClassVar[Worse] = "lower"
    parts: ClassVar[tuple[str, ...]] = ("rare",)

    labels: frozenset[str]

    def values(self, sample: Sample) -> Array:
        """(rows, 1) 1 for rare labels, 0 for others."""
        check_sample(self.name, "categorical", 1, sample)
        return column(np.fromiter(map(self.labels.__contains__, sample.rows), bool, len(sample)))


@dataclass(frozen=True, eq=False)
class RareWords:
    """Share of a document's words that are rare in the frame, as a share of `cap`; 1 beyond it.

    Attributes
    ----------
    rare
        (words + 1,) 1 for words of the frame that are rare; 0 in the last place, for unseen words.
    """

    name: ClassVar[str] = "rare"
    kinds: ClassVar[tuple[Kind, ...]] = ("text",)
    aspect: ClassVar[Aspect] = "tails"
    worse: ClassVar[Worse] = "lower"
    parts: ClassVar[tuple[str, ...]] = ("rare",)

    vocabulary: Vocabulary
    rare: Array
    cap: float

    def values(self, sample: Sample) -> Array:
        """(documents, 1); 0 for a document without words."""
        check_sample(self.name, "text", 1, sample)
        words = number_words(self.vocabulary, sample)
        return column(np.minimum(words.mean(self.rare[words.numbers]) / self.cap, 1.0))


def fit(frame: Learned) -> RareLabels | RareWords | None:
    """To the frame; None where nothing is rare in it."""
    if frame.sample.kind == "categorical":
        vocabulary = frame.vocabulary
        rare = vocabulary.rare()
        names = frozenset(np.array(list(vocabulary.number), dtype=object)[rare].tolist())
        return RareLabels(names) if names else None
    vocabulary = frame.vocabulary
    rare = vocabulary.rare()
    if not rare.any():
        return None
    return RareWords(vocabulary, _padded(rare), _cap(frame.sample, vocabulary, _padded(rare)))


def _padded(rare: NDArray[np.bool_]) -> Array:
    return np.append(rare, False).astype(float)


def _cap(frame: Sample, vocabulary: Vocabulary, rare: Array) -> float:
    words = number_words(vocabulary, frame)
    share = words.mean(rare[words.numbers])
    return float(np.quantile(share[share > 0], CAP))
