"""Words and labels of the frame by number, and means over the words of each document.

Nothing here is a score; those of text and of labels are built on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np
from numpy.typing import NDArray

from headwater.samples.values import Array, Sample

Numbers = NDArray[np.int64]

RARE = 0.05
"""Share of the frame's words or labels that the rare ones make up, at most, unless seen once."""


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """What the frame has, most frequent first; what it has not is number -1.

    Attributes
    ----------
    number
        Of each word.
    counts
        (words,) in the frame.
    """

    number: dict[str, int]
    counts: Numbers

    def numbers(self, items: Iterable[str]) -> Numbers:
        """Of each item in turn, -1 for what the frame does not have."""
        return np.fromiter(map(self.number.get, items, repeat(-1)), dtype=np.int64)

    def rare(self) -> NDArray[np.bool_]:
        """(words,) whether a word is among the rarest that together make up 5 % of the frame.

        Words that were seen once are rare whatever they make up together; words that were seen
        equally often are rare together or not at all.
        """
        level, items = np.unique(self.counts, return_counts=True)
        within = level[np.cumsum(level * items) <= RARE * self.counts.sum()]
        return np.asarray(self.counts <= within.max(initial=1), bool)


@dataclass(frozen=True, eq=False)
class Words:
    """All words of a sample in a row, and the document each is in.

    Attributes
    ----------
    numbers
        (words,) number of each word in the frame's vocabulary.
    document
        (words,) row that it stands in.
    documents
        How many rows there are, empty ones too.
    """

    numbers: Numbers
    document: Numbers
    documents: int

    def mean(self, values: Array) -> Array:
        """(documents,) mean of a value per word over each document; 0 for a document without any."""
        return means(self.document, values, self.documents)


def means(groups: Numbers, values: Array, count: int) -> Array:
    """(count,) mean of the values in each group; 0 where there are none."""
    total = np.bincount(groups, weights=values, minlength=count)
    return np.asarray(total / np.maximum(np.bincount(groups, minlength=count), 1), float)


def fit_vocabulary(items: Iterable[str]) -> Vocabulary:
    """Of all items; ties in the order of the alphabet, so that the order of rows does not matter."""
    counted = sorted(Counter(items).items(), key=lambda pair: (-pair[1], pair[0]))
    number = {item: place for place, (item, _) in enumerate(counted)}
    return Vocabulary(number, np.array([count for _, count in counted], dtype=np.int64))


def all_words(sample: Sample) -> Iterable[str]:
    """Every word of a text, document by document."""
    return chain.from_iterable(sample.documents)


def number_words(vocabulary: Vocabulary, sample: Sample) -> Words:
    """Of a text, by the vocabulary of the frame."""
    lengths = np.fromiter(map(len, sample.documents), dtype=np.int64, count=len(sample))
    document = np.repeat(np.arange(len(sample), dtype=np.int64), lengths)
    return Words(vocabulary.numbers(all_words(sample)), document, len(sample))
