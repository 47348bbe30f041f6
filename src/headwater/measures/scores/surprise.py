"""How surprising documents are to a model of real text: falls to the likely, or rises to noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from headwater.measures.scores.bigrams import Bigrams, neighbours
from headwater.measures.scores.contract import Aspect, Worse
from headwater.measures.scores.learned import Learned
from headwater.measures.scores.units import check_sample, column
from headwater.measures.scores.words import number_words
from headwater.samples.values import Array, Kind, Sample

BACKED = 5.0
"""Occurrences of a word that its neighbours' frequencies in all text count for, as what follows it."""


@dataclass(frozen=True, eq=False)
class Surprise:
    r"""Mean surprisal of a document's words after the word before, as a share of the greatest.

    The model is a bigram model of the frame, smoothed towards word frequencies by a Dirichlet prior
    [mackay1995hierarchical]_: with :math:`b` = 5,

    .. math:: p(w \mid v) = \frac{c(v, w) + b\,p(w)}{c(v) + b}, \qquad p(w) = \frac{c(w)}{N + U}.

    :math:`N` is the number of words of the frame and :math:`U` the number of those that it had once,
    plus one; a word that it never had has :math:`p(w) = 1 / (N + U)`. The greatest surprisal is that of
    such a word after the commonest. Not for telling lost variety alone: common phrases over and over
    score low, noise scores high, and both together may score as real text does.
    """

    name: ClassVar[str] = "surprise"
    kinds: ClassVar[tuple[Kind, ...]] = ("text",)
    aspect: ClassVar[Aspect] = "location"
    worse: ClassVar[Worse] = "either"
    parts: ClassVar[tuple[str, ...]] = ("surprisal",)

    bigrams: Bigrams

    def values(self, sample: Sample) -> Array:
        """(documents, 1); 0 for a document without words."""
        check_sample(self.name, "text", 1, sample)
        counts = self.bigrams.vocabulary.counts
        words = number_words(self.bigrams.vocabulary, sample)
        if not len(words.numbers):
            return column(np.zeros(len(sample)))
        mass = float(counts.sum() + np.count_nonzero(counts == 1) + 1)
        frequency = np.append(counts, 1) / mass
        chance = frequency[words.numbers]
        joined = neighbours(words.document)
        before = words.numbers[:-1][joined]
        times = self.bigrams.times(before, words.numbers[1:][joined])
        seen = np.append(counts, 0)[before]
        chance[1:][joined] = (times + BACKED * chance[1:][joined]) / (seen + BACKED)
        least = BACKED / (counts.max() + BACKED) / mass
        return column(words.mean(np.log(chance) / np.log(least)))


def fit(frame: Learned) -> Surprise | None:
    """To the frame; None where it has no words."""
    bigrams = frame.bigrams
    return Surprise(bigrams) if len(bigrams.vocabulary.counts) else None
