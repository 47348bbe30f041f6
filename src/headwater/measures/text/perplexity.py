"""Bits a word of the sample costs under a model of real text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from headwater.families import ngram_counts
from headwater.measures.contract import About, Estimate, check_pair
from headwater.measures.text.spread import Spread, alone, check, check_level, difference, pooled
from headwater.measures.text.tokens import Tokens, Whole, encode
from headwater.samples.values import Sample

UNKNOWN, BEGIN = 0, 1
"""Numbers of the class of unknown words and of the mark before a document's first word."""


@dataclass(frozen=True)
class Perplexity:
    r"""Bits a word of the sample less those of held-out real text, under a model of real text.

    One half of the real documents, at random, is the text of an n-gram model; the other half says
    what healthy is. Two to the power of either part is a perplexity. Both directions are signs:
    below 0 the sample is blander than real text, the repeated middle of it; above 0 it is strange.

    The model is the predictive law of a hierarchical Dirichlet model [mackay1995hierarchical]_,
    :math:`P_j(w \mid c_j) = (N(c_j w) + k P_{j-1}(w \mid c_{j-1}))/(N(c_j) + k)` with k the
    `smoothing`. Its default is for texts of some 100,000 words: on 80,000 of encyclopaedia text 200
    to 400 cost least, 100 costs 0.06 bits more and 5 a whole bit, on either side alike.

    Words that the text has fewer than `least` times are one class, and so is every other word it
    does not know: which of them it was costs nothing, on either side. Documents begin with a mark
    and have no end.

    Parts are both costs. Intervals are those of ratios of means over documents, at the model found.
    """

    order: int = 3
    smoothing: float = 100.0
    least: int = 2
    level: float = 0.95
    seed: int = 0
    about: ClassVar[About] = About(
        "perplexity", ("text",), "reference", -math.inf, math.inf, "0", "bits a word more than real"
    )

    def __post_init__(self) -> None:
        check(self.order >= 1, "order", self.order, "give the length of n-grams, at least 1")
        check(self.smoothing > 0, "smoothing", self.smoothing, "give a number above 0")
        check(self.least >= 1, "least", self.least, "give a number of occurrences, at least 1")
        check_level(self.level)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Difference in bits a word, sample less reference."""
        check_pair(self.about, sample, reference)
        found, real = encode(sample, reference)
        text, held = real.parted(self.seed)
        known = text.counts >= self.least
        number = np.where(known, np.cumsum(known) + BEGIN, UNKNOWN)
        words = int(known.sum()) + 2
        model = ngram_counts.count(self._windows(text, number)[None], None, words)
        here, there = (self._bits(model, each, number, words) for each in (found, held))
        parts = {"sample": alone(here, self.level), "reference": alone(there, self.level)}
        shares = [1 - known[each.codes].mean() for each in (found, held)]
        notes = (f"unknown words: {shares[0]:.2%} of the sample, {shares[1]:.2%} of real text",)
        value = difference(here, there, self.level)
        return Estimate(*value, self.level, "closed form over documents", parts, notes=notes)

    def _windows(self, tokens: Tokens, number: Whole) -> NDArray[np.int32]:
        """(tokens, order) each word and those before it in its document."""
        behind = self.order - 1
        place = np.arange(len(tokens.codes)) + behind * (tokens.unit + 1)
        padded = np.full(len(tokens.codes) + behind * tokens.units, BEGIN, np.int32)
        padded[place] = number[tokens.codes]
        windows: NDArray[np.int32] = padded[place[:, None] + np.arange(-behind, 1)]
        return windows

    def _bits(self, model: ngram_counts.Counts, tokens: Tokens, number: Whole, words: int) -> Spread:
        windows = self._windows(tokens, number)
        replicate = np.zeros(len(windows), np.int64)
        contexts = ngram_counts.locate(model, replicate, windows[:, :-1], words)
        token = windows[:, -1].astype(np.int64)
        bits = -np.log2(ngram_counts.chances(model, contexts, token, self.smoothing, words))
        amount = np.asarray(np.bincount(tokens.unit, bits, tokens.units), float)
        return pooled(amount, tokens.sizes.astype(float))
