"""How many different things there would be in less: rarefaction, exact, of whole documents.

Documents are drawn and not words, since a document repeats its own words: words at random from many
documents would be more diverse than any real text of that length. Rows of a categorical sample
are documents of one word.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from headwater.measures.text.spread import Spread, jackknifed
from headwater.measures.text.tokens import Tokens, Whole
from headwater.samples.values import Array


def chance_met(counts: NDArray[np.generic], total: float, drawn: float) -> Array:
    r"""Chance that one of `counts` marked things is among `drawn` of `total`, without replacement.

    :math:`1 - \binom{total - count}{drawn} \big/ \binom{total}{drawn}`, through the logarithm of
    the gamma function, so that `drawn` need not be whole.
    """
    count = np.asarray(counts, float)
    left = total - count - drawn
    with np.errstate(invalid="ignore"):
        log = (
            gammaln(total - count + 1)
            + gammaln(total - drawn + 1)
            - gammaln(np.maximum(left, -1 + 1e-9) + 1)
            - gammaln(total + 1)
        )
    return np.where(left <= -1 + 1e-9, 1.0, -np.expm1(np.minimum(log, 0.0)))


def expected_distinct(counts: Whole, total: float, drawn: float) -> float:
    """Expected number of different things among `drawn`, of `total` of which each has its count.

    The rarefaction of Hurlbert [hurlbert1971nonconcept]_, exact.
    """
    values, repeats = np.unique(counts, return_counts=True)
    return float(chance_met(values, total, drawn) @ repeats)


def rarefied(tokens: Tokens, length: float) -> Spread:
    r"""Expected different words in as many documents as have so many words on the average.

    A word that is in d of D documents is met by k of them with probability
    :math:`1 - \binom{D-d}{k} \big/ \binom{D}{k}`; the sum over words is the expected number.
    """
    units = tokens.units
    drawn = units * length / len(tokens.codes)
    value = expected_distinct(tokens.incidence, units, drawn)
    if units < 2 or tokens.sizes.max() == len(tokens.codes):
        return Spread(value, math.nan, units)
    return jackknifed(value, _left_out(tokens, min(drawn, units - 1)))


def _left_out(tokens: Tokens, drawn: float) -> Array:
    """(units,) the same with each document left out of those that are drawn from."""
    pairs, rest = tokens.pairs, tokens.units - 1
    values, repeats = np.unique(tokens.incidence[tokens.incidence > 0], return_counts=True)
    # one that is in all documents is in all the rest
    with_it = chance_met(np.minimum(values, rest), rest, drawn)
    without = chance_met(values - 1, rest, drawn)
    place = np.searchsorted(values, tokens.incidence[pairs.code])
    change = np.bincount(pairs.unit, (without - with_it)[place], tokens.units)
    # where a long document is gone, more of the others make up the same length
    slope = (with_it - chance_met(np.minimum(values, rest), rest, max(drawn - 1, 0.0))) @ repeats
    mean = len(tokens.codes) / tokens.units
    more = drawn * (mean * rest / (len(tokens.codes) - tokens.sizes) - 1)
    return np.asarray(with_it @ repeats + change + slope * more)
