"""How many neighbouring words real data never put together: rises when a model strings words at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from headwater.measures.scores.bigrams import Bigrams, neighbours
from headwater.measures.scores.contract import Aspect, Worse
from headwater.measures.scores.learned import Learned
from headwater.measures.scores.units import check_sample, column
from headwater.measures.scores.words import means, number_words
from headwater.samples.values import Array, Kind, Sample


@dataclass(frozen=True, eq=False)
class Novelty:
    """Share of a document's pairs of neighbouring words that are not in the frame.

    Healthy text has many: it is the rise above real text that counts. A model that only says what
    is common has fewer.
    """

    name: ClassVar[str] = "novelty"
    kinds: ClassVar[tuple[Kind, ...]] = ("text",)
    aspect: ClassVar[Aspect] = "hallucination"
    worse: ClassVar[Worse] = "higher"
    parts: ClassVar[tuple[str, ...]] = ("novel",)

    bigrams: Bigrams

    def values(self, sample: Sample) -> Array:
        """(documents, 1); 0 for a document of fewer than two words."""
        check_sample(self.name, "text", 1, sample)
        words = number_words(self.bigrams.vocabulary, sample)
        joined = neighbours(words.document)
        times = self.bigrams.times(words.numbers[:-1][joined], words.numbers[1:][joined])
        return column(means(words.document[1:][joined], (times == 0).astype(float), len(sample)))


def fit(frame: Learned) -> Novelty:
    """To the frame."""
    return Novelty(frame.bigrams)
