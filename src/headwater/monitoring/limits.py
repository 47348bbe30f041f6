"""What a healthy model's scores are, from held-out real data, and how much worse may be tolerated.

Every score is turned so that more is worse: its *harm* is the score, or 1 minus it. Bets on harm are
in `evidence`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from headwater.errors import SampleError
from headwater.measures.scores.contract import Score, Worse
from headwater.monitoring.evidence import lower_bounds, upper_bounds
from headwater.samples.values import Array, Sample

Measured = Literal["loss", "rise", "shift"]


@dataclass(frozen=True)
class Tolerance:
    """How much worse than real data still counts as healthy; nothing within it ever rings.

    A model that is fitted afresh to n healthy rows is a little off, whatever n is, and a large
    enough sample would show it; so a test of no loss at all would in the end ring for every model. By
    default a tenth of a score may be lost: the variance of a Gaussian fitted to 500 rows is that far off once
    in 60 times. Shares that should be small may rise by two in a hundred; coordinates, of which the range
    of the real data is 1, may move by 0.05, which is 0.3 standard deviations of normal data.

    Attributes
    ----------
    relative
        Share of the healthy mean by which a score may fall where falling is bad, or rise where rising is.
    absolute
        By how much a score may rise, at least, where rising is bad.
    shift
        By how much a score may go either way, where both are bad.
    """

    relative: float = 0.1
    absolute: float = 0.02
    shift: float = 0.05

    def __post_init__(self) -> None:
        for name in ("relative", "absolute", "shift"):
            if not 0 <= getattr(self, name) < 1:
                raise SampleError(
                    f"a tolerance of {getattr(self, name)!r} for {name!r}", "give a number from 0 to below 1"
                )


@dataclass(frozen=True)
class Effect:
    """How far a score of one generation is from healthy.

    Attributes
    ----------
    metric, part
        The score, and the part of it for which the evidence is strongest.
    measured
        ``loss``: 1 - mean / healthy. ``rise``: mean - healthy. ``shift``: the same, and its sign
        is the direction.
    value, low, high
        From -1 to 1 (a loss below -1, more than twice the healthy mean, is cut there). The
        interval covers at every generation and part of this model and metric together with
        `headwater.monitoring.limits.LEVEL`, errors of the reference included.
    mean, healthy
        Of the score.
    tolerated
        Up to there nothing rings; in the units of `value`.
    """

    metric: str
    part: str
    measured: Measured
    value: float
    low: float
    high: float
    mean: float
    healthy: float
    tolerated: float

    @property
    def beyond(self) -> bool:
        """Whether it is worse than tolerated."""
        size = abs(self.value) if self.measured == "shift" else self.value
        return size > self.tolerated


LEVEL = 0.95
"""Confidence of the intervals of effects."""

_DIRECTIONS: dict[Worse, tuple[Measured, tuple[bool, ...]]] = {
    "lower": ("loss", (True,)),
    "higher": ("rise", (False,)),
    "either": ("shift", (True, False)),
}


@dataclass(frozen=True, eq=False)
class Baseline:
    """Healthy harms of one score. A side is a part with a direction: a part that may go either way has two.

    Attributes
    ----------
    name, parts
        Of the score.
    measured
        How effects are told.
    parts_of, falls
        (sides,) number of the part, and whether its falling is the harm.
    healthy, low, high
        (sides,) mean harm of held-out real data and its confidence interval for effects.
    slack, limit
        (sides,) harm tolerated beyond the estimate; harm that the null hypothesis allows.
    """

    name: str
    parts: tuple[str, ...]
    measured: Measured
    parts_of: NDArray[np.intp]
    falls: NDArray[np.bool_]
    healthy: Array
    low: Array
    high: Array
    slack: Array
    limit: Array

    def harms(self, values: Array) -> Array:
        """(units, sides) from the (units, parts) values of the score."""
        taken = values[:, self.parts_of]
        return np.where(self.falls, 1 - taken, taken)

    @property
    def least_seen(self) -> float:
        """Effect below which no sample rings, however large; as `Effect.value`, and 1 is never.

        The tolerance, and what the held-out rows leave open; of the part that is known best.
        """
        beyond = self.limit - self.healthy
        if self.measured == "loss":
            beyond = np.where(self.healthy < 1, beyond / np.maximum(1 - self.healthy, 1e-300), 1.0)
        return float(np.where(self.limit < 1, beyond, 1.0).min())

    def effect(self, harms: Array, side: int, error: float) -> Effect:
        """Of one side, from the harms of one generation; its own interval fails with a chance of `error`."""
        column = harms[:, [side]]
        # too few rows for a unit: nothing is known, and the interval says so
        mean = float(column.mean()) if len(column) else float(self.healthy[side])
        least, most = float(lower_bounds(column, error / 2)[0]), float(upper_bounds(column, error / 2)[0])
        healthy, low, high = (float(each[side]) for each in (self.healthy, self.low, self.high))
        value, lowest, highest = mean - healthy, least - high, most - low
        falls, tolerated = bool(self.falls[side]), float(self.slack[side])
        if self.measured == "loss":
            value, tolerated = _share(value, 1 - healthy), _share(tolerated, 1 - healthy)
            lowest, highest = _share(lowest, 1 - high), _share(highest, 1 - low)
        elif self.measured == "shift" and falls:
            value, lowest, highest = -value, -highest, -lowest
        return Effect(
            metric=self.name,
            part=self.parts[int(self.parts_of[side])],
            measured=self.measured,
            value=value,
            low=lowest,
            high=highest,
            mean=1 - mean if falls else mean,
            healthy=1 - healthy if falls else healthy,
            tolerated=tolerated,
        )


def _share(rise: float, whole: float) -> float:
    """Cut to [-1, 1]; nothing can be lost of nothing."""
    return min(max(rise / whole, -1.0), 1.0) if whole > 0 else 0.0


def baseline(score: Score, heldout: Sample, tolerance: Tolerance, error: float) -> Baseline:
    """Of held-out real data, on which the score was not fitted.

    Parameters
    ----------
    error
        Chance that the bound of any side of this score fails.
    """
    measured, directions = _DIRECTIONS[score.worse]
    parts = len(score.parts)
    falls = np.repeat(np.array(directions), parts)
    parts_of = np.tile(np.arange(parts), len(directions))
    values = values_of(score, heldout)[:, parts_of]
    harms = np.where(falls, 1 - values, values)
    healthy = harms.mean(axis=0) if len(harms) else np.ones(len(falls))
    end = (1 - LEVEL) / 4 / len(falls)
    return Baseline(
        name=score.name,
        parts=score.parts,
        measured=measured,
        parts_of=parts_of,
        falls=falls,
        healthy=healthy,
        low=lower_bounds(harms, end),
        high=upper_bounds(harms, end),
        slack=slack(measured, healthy, tolerance),
        limit=limits(harms, measured, tolerance, error / len(falls)),
    )


def limits(harms: Array, measured: Measured, tolerance: Tolerance, error: float) -> Array:
    """(sides,) mean harms that healthy models exceed with a chance of at most `error` each.

    The null hypothesis of a side is: mean harm is at most B + slack(B), where B is the unknown healthy mean.
    It rises with B, so with an upper confidence bound for B it holds wherever the bound does. With few
    held-out rows the bound is wide, and only large effects can ever be seen: that is what few rows tell.

    Parameters
    ----------
    harms
        (units, sides) of held-out real data.
    """
    most = upper_bounds(harms, error)
    return np.asarray(np.minimum(most + slack(measured, most, tolerance), 1.0))


def slack(measured: Measured, harm: Array, tolerance: Tolerance) -> Array:
    """Mean harm that is tolerated beyond a healthy one."""
    if measured == "loss":
        return tolerance.relative * (1 - harm)
    if measured == "rise":
        return np.maximum(tolerance.relative * harm, tolerance.absolute)
    return np.full(harm.shape, tolerance.shift)


def values_of(score: Score, sample: Sample) -> Array:
    """(units, parts) of a score, which must be from 0 to 1 for bets on it to be fair.

    Raises
    ------
    SampleError
        If one is not.
    """
    values = np.asarray(score.values(sample), float)
    if not ((values >= 0) & (values <= 1)).all():
        raise SampleError(
            f"score {score.name!r} has a value outside 0 to 1",
            "mend the score: bounds are what tests rest on",
        )
    return values
