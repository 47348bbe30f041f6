"""Pairs of neighbouring words in the frame and how often they occur, for `surprise` and `novelty`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headwater.measures.scores.words import Numbers, Vocabulary, number_words
from headwater.samples.values import Sample


@dataclass(frozen=True, eq=False)
class Bigrams:
    """Pairs of neighbouring words of the frame.

    Attributes
    ----------
    vocabulary
        Of the frame.
    keys
        (pairs,) first word's number times the number of words plus one, plus the second's; ascending.
    counts
        (pairs,) in the frame.
    """

    vocabulary: Vocabulary
    keys: Numbers
    counts: Numbers

    def times(self, first: Numbers, second: Numbers) -> Numbers:
        """(pairs,) how often each pair is in the frame; 0 if one of its words is not."""
        if not len(self.keys):
            return np.zeros(len(first), dtype=np.int64)
        key = _key(self.vocabulary, first, second)
        place = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        known = (self.keys[place] == key) & (first >= 0) & (second >= 0)
        return np.where(known, self.counts[place], 0)


def neighbours(document: Numbers) -> NDArray[np.bool_]:
    """(words - 1,) whether a word and the next stand in one document."""
    return np.asarray(document[1:] == document[:-1])


def fit_bigrams(frame: Sample, vocabulary: Vocabulary) -> Bigrams:
    """Of the frame, by its vocabulary."""
    words = number_words(vocabulary, frame)
    joined = neighbours(words.document)
    key = _key(vocabulary, words.numbers[:-1][joined], words.numbers[1:][joined])
    keys, counts = np.unique(key, return_counts=True)
    return Bigrams(vocabulary, keys, counts)


def _key(vocabulary: Vocabulary, first: Numbers, second: Numbers) -> Numbers:
    return first * np.int64(len(vocabulary.counts) + 1) + second
