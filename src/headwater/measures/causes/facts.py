"""A number held against a tolerance from both sides, with the chance of being wrong on each."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from headwater.errors import SampleError
from headwater.measures.causes.distances import Measurement


@dataclass(frozen=True)
class Tolerances:
    """What is too little to matter, however many rows show it.

    Attributes
    ----------
    distance
        Squared energy distance as a share of the mean distance of two real rows. A shift of every
        feature by s standard deviations is about s²/2: the default is a fifth of a standard deviation.
    spread
        Loss of the mean distance of two rows, as a share of that of two real rows.
    kept
        Share of its real mass below which a mode, or the tails, count as lost.
    aligned
        Cosine from which one step points in the direction of another.
    """

    distance: float = 0.02
    spread: float = 0.1
    kept: float = 0.5
    aligned: float = 0.5

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 < value < 1:
                raise SampleError(f"tolerance {name}={value!r}", "give a number between 0 and 1")


@dataclass(frozen=True)
class Fact:
    """Whether a number is above a tolerance.

    Attributes
    ----------
    words
        What the number is.
    value, low, high
        Number and the ends of its interval.
    tolerance
        That it has to exceed to matter.
    yes
        P-value against "it does not exceed the tolerance".
    no
        P-value against "it reaches the tolerance".
    """

    words: str
    value: float
    low: float
    high: float
    tolerance: float
    yes: float
    no: float

    @property
    def strength(self) -> float:
        """The number over its tolerance; 0 if it is not positive."""
        return max(self.value / self.tolerance, 0.0) if self.tolerance else 0.0

    def __str__(self) -> str:
        """As in ``distance of ...: 0.31 (0.27 to 0.36), tolerance 0.02``."""
        interval = f" ({self.low:.3g} to {self.high:.3g})" if math.isfinite(self.low + self.high) else ""
        return f"{self.words}: {self.value:.3g}{interval}, tolerance {self.tolerance:.3g}"


def fact(words: str, measured: Measurement, tolerance: float, level: float) -> Fact:
    """By the normal approximation with the jackknife error; interval of that level."""
    return normal_fact(words, measured.value, measured.error, tolerance, level)


def normal_fact(words: str, value: float, error: float, tolerance: float, level: float) -> Fact:
    """By the normal approximation, from a standard error."""
    from scipy.special import ndtr, ndtri

    half = float(ndtri((1 + level) / 2)) * error
    if error == 0:
        yes, no = float(value <= tolerance), float(value >= tolerance)
    else:
        z = (value - tolerance) / error
        yes, no = float(ndtr(-z)), float(ndtr(z))
    return Fact(words, value, value - half, value + half, tolerance, yes, no)


def share_fact(words: str, counts: tuple[int, int, int, int], kept: float) -> Fact:
    """Whether less than that share of a part's mass is left: its loss against a loss of 1 - `kept`.

    `counts` are rows in the part and rows in all, of the sample and of what it is held against. Given the
    rows in the part of both together, those of the sample are binomial (exactly so for Poisson counts, and
    less spread than that here), which gives both p-values [przyborowski1940homogeneity]_.
    """
    from scipy.special import bdtr, bdtrc

    ours, rows, theirs, others = counts
    share = kept * rows / (kept * rows + others)
    total = ours + theirs
    loss = 1 - (ours / rows) / (theirs / others) if theirs else 0.0
    yes = float(bdtr(ours, total, share)) if total else 1.0
    no = float(bdtrc(ours - 1, total, share)) if ours else 1.0
    return Fact(words, loss, math.nan, math.nan, 1 - kept, yes, no)


def either(facts: Iterable[Fact]) -> Fact:
    """The most telling of several that each suffice: at least one holds, or none does (Bonferroni)."""
    listed = tuple(facts)
    best = min(listed, key=lambda each: (each.yes, -each.strength))
    yes = min(1.0, best.yes * len(listed))
    return replace(best, yes=yes, no=max(each.no for each in listed))


def both(first: Fact, second: Fact) -> Fact:
    """The weaker of two that are both needed (intersection-union test)."""
    weaker = first if (first.yes, -first.strength) >= (second.yes, -second.strength) else second
    return replace(weaker, no=min(1.0, 2 * min(first.no, second.no)))


def ruled_out(*chances: float) -> float:
    """P-value of an exclusion by any of several routes (Bonferroni)."""
    return min(1.0, len(chances) * min(chances, default=1.0))
