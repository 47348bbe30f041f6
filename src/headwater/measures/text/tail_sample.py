"""How large a real sample would know as many rare items as the sample does."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from headwater.errors import SampleError
from headwater.measures.contract import About, Estimate, check_pair
from headwater.measures.text.rarefaction import chance_met
from headwater.measures.text.spread import Interval, check, check_level
from headwater.measures.text.tokens import Tokens, Whole, encode
from headwater.samples.values import Sample


@dataclass(frozen=True)
class TailSample:
    r"""Effective tail sample A: a real sample of A items has as many of the rare items as this one.

    Theory has it that an item of small probability p is absent from what a model was trained on
    with probability :math:`\exp(-pA)`, with one A for all rare items [harris1963branching]_. Here A
    solves :math:`D(A)` = rare items in the sample, where D(m) is the expected number of them among
    m real items. A healthy A is the number of items in the sample; a lone loop on N items without
    real data has about :math:`2N/(T+2)` after T generations.

    Parameters
    ----------
    rare
        An item is rare that occurs in 1 to so many documents, or rows, of real data.
    population
        Whether the reference is all there is, and not a sample of it. False (the default, since
        real data hardly ever are all): a part of the reference says which items are rare, and the
        other part, drawn from without replacement, what D is. That is without bias, whatever the
        law, but A can be told only up to that part's size: then the value is that size, the
        interval has a low end only, and a note says so. True: the whole reference says which are
        rare, and :math:`D(m) = \sum 1 - \exp(-p m)` with p their shares of it. A has no bound, and
        is wrong if the reference is a sample, since some of what is rare in it is rare by luck.
    share
        Of the reference that says which items are rare, unless it is the population.

    Notes
    -----
    Of a text documents are drawn, and A is given in words at the real documents' mean length: words
    of one document are not independent. (With `population` words are taken to be.)

    The number found has variance :math:`D(2A) - D(A)`, the sum of :math:`e^{-pA} - e^{-2pA}` over
    items that come and go independently; what comes of m items without replacement is below that.
    D itself, from n real items, has :math:`D(2A) - D(2A - A^2/n)`. Beyond n a straight line stands
    in for D, which is above it. Where documents bring several rare words at once both are larger,
    by the spread between documents of the words that only one has. The interval are all A that
    are not refused.
    """

    rare: int = 3
    population: bool = False
    share: float = 0.5
    level: float = 0.95
    seed: int = 0
    about: ClassVar[About] = About(
        "tail-sample",
        ("categorical", "text"),
        "higher",
        0.0,
        math.inf,
        "the number of items (words of a text) in the sample",
        "items of real data",
    )

    def __post_init__(self) -> None:
        check(self.rare >= 1, "rare", self.rare, "give a number of occurrences, at least 1")
        check(0 < self.share < 1, "share", self.share, "give a share between 0 and 1")
        check_level(self.level)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Effective tail sample of the sample."""
        check_pair(self.about, sample, reference)
        found, real = encode(sample, reference)
        curve = _population(real, self.rare) if self.population else self._sampled(real)
        if curve.met(curve.most) == 0:
            raise SampleError(
                f"no item that {self.rare} or fewer real rows have is found again in real data",
                "give more real data, or say a larger number with rare=",
            )
        present = int((found.incidence[curve.rare] > 0).sum())
        value, low, high = _invert(curve, present, _burst(found, curve.rare), self.level)
        size = len(found.codes)
        parts = {
            "share of the sample": (value / size, low / size, high / size),
            "rare items present": (float(present), math.nan, math.nan),
        }
        notes = [f"{present} of {curve.items} rare items are present"]
        if math.isinf(high):
            notes.append(f"more than {curve.most:.0f} cannot be told from {len(real.codes)} real items")
        return Estimate(value, low, high, self.level, "closed form", parts, notes=tuple(notes))

    def _sampled(self, real: Tokens) -> _Curve:
        defining, rest = real.parted(self.seed, self.share)
        rare = np.flatnonzero((defining.incidence > 0) & (defining.incidence <= self.rare))
        values, repeats = np.unique(rest.incidence[rare], return_counts=True)
        length = len(rest.codes) / rest.units

        def among(units: float) -> float:
            return float(chance_met(values, rest.units, units) @ repeats)

        whole, slope = among(rest.units), among(rest.units) - among(rest.units - 1)

        def met(drawn: float) -> float:
            units = drawn / length
            return whole + (units - rest.units) * slope if units > rest.units else among(units)

        return _Curve(met, float(len(rest.codes)), len(rare), _burst(rest, rare), rare)


class _Curve(NamedTuple):
    """Expected rare items among real ones.

    Attributes
    ----------
    met
        Of so many items.
    most
        Items up to which it can be told.
    items
        Rare ones there are.
    burst
        Factor of the variance of `met` because they come together; 0 where it is known.
    rare
        Which they are.
    """

    met: Callable[[float], float]
    most: float
    items: int
    burst: float
    rare: Whole


def _population(real: Tokens, rare: int) -> _Curve:
    which = np.flatnonzero((real.incidence > 0) & (real.incidence <= rare))
    if len(which) == 0:
        return _Curve(lambda drawn: 0.0, 1.0, 0, 0.0, which)
    chances, repeats = np.unique(real.counts[which] / len(real.codes), return_counts=True)

    def met(drawn: float) -> float:
        return float(-np.expm1(-chances * drawn) @ repeats)

    # beyond this less than half an item is still to be met
    most = float(math.log(2 * len(which)) / chances[0])
    most = float(brentq(lambda drawn: met(drawn) - len(which) + 0.5, 0.0, most * (1 + 1e-9)))
    return _Curve(met, most, len(which), 0.0, which)


def _burst(tokens: Tokens, rare: Whole) -> float:
    """Variance of rare items present over what it is where each comes alone; at least 1."""
    only = np.zeros(tokens.words, bool)
    only[rare] = tokens.incidence[rare] == 1
    brought = np.bincount(tokens.pairs.unit[only[tokens.pairs.code]], minlength=tokens.units)
    if tokens.units < 2 or not brought.any():
        return 1.0
    off = brought - tokens.sizes * (brought.sum() / tokens.sizes.sum())
    return max(1.0, float(off @ off / brought.sum()))


def _invert(curve: _Curve, present: int, burst: float, level: float) -> Interval:
    """A and its interval: where the expected number is that far from what was found."""
    reach = float(ndtri((1 + level) / 2))

    def off(items: float, side: float) -> float:
        twice, once = curve.met(2 * items), curve.met(items)
        variance = burst * (twice - once)
        if curve.burst:
            variance += curve.burst * (twice - curve.met(items * (2 - items / curve.most)))
        return once - present + side * reach * math.sqrt(max(variance, 0.0))

    def solve(side: float, least: float) -> float:
        if off(least, side) >= 0:
            return least
        if off(curve.most, side) < 0:
            return math.inf
        return float(brentq(off, least, curve.most, args=(side,), xtol=1e-9 * curve.most))

    value = min(solve(0.0, 0.0), curve.most)
    low = min(solve(1.0, 0.0), value)
    # where nothing was found the two sides meet at 0 as well as at the end
    return value, low, solve(-1.0, max(value, 1e-9 * curve.most))
