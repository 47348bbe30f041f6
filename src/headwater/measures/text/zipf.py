"""How words fall off by rank: Zipf's exponent, and the rank at which the tail is cut."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.optimize import brentq

from headwater.errors import SampleError
from headwater.measures.contract import About, Estimate, check_pair
from headwater.measures.text.spread import Spread, alone, check, check_level, difference, pooled
from headwater.measures.text.tokens import Tokens, Whole, encode
from headwater.samples.values import Array, Sample

STEEPEST = 50.0
"""Exponent beyond which nothing but the first rank is left."""


@dataclass(frozen=True)
class Zipf:
    r"""Zipf exponent of the sample on the ranks of real data, less that of real data.

    One half of the real data ranks its V words by count (ties at random); the exponents of the
    sample and of the other half are both fitted on these ranks, by maximum likelihood of

    .. math:: P(r) = r^{-s} \Big/ \sum_{q \le V} q^{-s},

    which is to match the mean of :math:`\ln r`. Ranks by a sample's own counts would make its tail
    look thinner than it is, and a lost word would leave no gap. Words without a rank are left out.
    Above 0 the tail has become thinner, as where every generation narrows it; a tail that is cut
    at a rank [dohmatob2024demystified]_ shows in the part ``cut-off``: the least rank beyond
    which, and beyond all later ones, less than half of the real mass is left; infinite if there
    is none as far as it can be told, which is while at least `least` tokens are expected beyond.
    A loop that does no more than resample keeps the exponent on the average, since the expected
    share of every word stays: `Distinct` and `TailSample` tell of that loss, this of a law that changed.

    Other parts are both exponents. Intervals are first-order over documents, or rows, at the ranks
    found, and hold for the exponent that fits best where the law is no power law.
    """

    least: int = 100
    level: float = 0.95
    seed: int = 0
    about: ClassVar[About] = About(
        "zipf", ("categorical", "text"), "reference", -math.inf, math.inf, "0", "more than real"
    )

    def __post_init__(self) -> None:
        check(self.least >= 1, "least", self.least, "give a number of tokens, at least 1")
        check_level(self.level)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Difference of exponents, sample less reference."""
        check_pair(self.about, sample, reference)
        found, real = encode(sample, reference)
        ranking, held = real.parted(self.seed)
        rank = _ranks(ranking.counts, self.seed)
        here, there = (_exponent(each, rank) for each in (found, held))
        cut, told = _cut_off(found, held, rank, self.least)
        parts = {
            "sample": alone(here, self.level),
            "reference": alone(there, self.level),
            "cut-off": (cut, math.nan, math.nan),
        }
        missing = 1 - (rank[found.codes] > 0).mean()
        notes = [f"{missing:.2%} of the sample has no rank", f"a cut-off can be told up to rank {told}"]
        if abs(here.value) == STEEPEST:
            notes.append("only the ends of the ranks are left: the exponent has no estimate")
        value = difference(here, there, self.level)
        return Estimate(*value, self.level, "closed form", parts, notes=tuple(notes))


def _ranks(counts: Whole, seed: int) -> Whole:
    """(words,) rank of each from 1, 0 where it does not occur."""
    ties = np.random.default_rng(seed).random(len(counts))
    order = np.lexsort((ties, -counts))
    rank = np.empty(len(counts), np.int64)
    rank[order] = np.arange(1, len(counts) + 1)
    if (counts > 0).sum() < 2:
        raise SampleError("half of the real data has one word", "give real data with more words")
    return np.where(counts > 0, rank, 0)


def _exponent(tokens: Tokens, rank: Whole) -> Spread:
    """By maximum likelihood on ranks 1 to the largest."""
    places = rank[tokens.codes]
    known = places > 0
    if not known.any():
        raise SampleError("no word of the sample has a rank in real data", "give samples of one language")
    log = np.log(np.arange(1, rank.max() + 1))
    size = np.bincount(tokens.unit[known], minlength=tokens.units).astype(float)
    amount = np.bincount(tokens.unit[known], np.log(places[known]), tokens.units)
    mean = pooled(np.asarray(amount, float), size)

    def excess(exponent: float) -> float:
        return _moments(log, exponent)[0] - mean.value

    if excess(STEEPEST) >= 0 or excess(-STEEPEST) <= 0:
        end = STEEPEST if excess(STEEPEST) >= 0 else -STEEPEST
        return Spread(end, math.nan, tokens.units)
    exponent = float(brentq(excess, -STEEPEST, STEEPEST, xtol=1e-10))
    return Spread(exponent, mean.variance / _moments(log, exponent)[1] ** 2, tokens.units)


def _moments(log: Array, exponent: float) -> tuple[float, float]:
    """Mean and variance of the logarithm of the rank."""
    weight = np.exp(-exponent * log - (-exponent * log).max())
    weight /= weight.sum()
    mean = float(weight @ log)
    return mean, float(weight @ (log - mean) ** 2)


def _cut_off(found: Tokens, held: Tokens, rank: Whole, least: int) -> tuple[float, int]:
    """The rank, and the last rank that can be told of."""
    here, there = (_beyond(each, rank) for each in (found, held))
    expected = there * (len(found.codes) / len(held.codes))
    told = int(np.searchsorted(-np.minimum(expected, there), -least, side="right"))
    thin = here[:told] < expected[:told] / 2
    if told == 0 or not thin[-1]:
        return math.inf, max(told - 1, 0)
    kept = np.flatnonzero(~thin)
    return float(kept[-1] + 1 if len(kept) else 0), told - 1


def _beyond(tokens: Tokens, rank: Whole) -> Array:
    """(ranks + 1,) tokens of a higher rank than 0, 1, ..."""
    at = np.bincount(rank[tokens.codes], minlength=int(rank.max()) + 1)
    return np.asarray(at[1:].sum() - np.concatenate([[0], np.cumsum(at[1:])]), float)
