"""What changed in a table of generations: the numbers that definitions are held to, from readings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from headwater.errors import SampleError
from headwater.measures.definitions.comparing import Change, Unknown
from headwater.measures.definitions.diverging import Series
from headwater.measures.definitions.intervals import difference, log_ratio, normal, ratio, student
from headwater.measures.readings import TAIL_LEVEL, Part, Reading
from headwater.measures.risk import GROUPS, UNITS, Risk
from headwater.measures.scores.contract import Aspect

CARRIED = 0.1
"""Of the variance, by one row: beyond it a normal interval is wrong, and nobody knows by how much."""


@dataclass(frozen=True)
class Table:
    """Readings of one model, what they are compared with, and the confidence of intervals.

    Attributes
    ----------
    readings
        By generation.
    healthy
        Of real data.
    level
        Of a definition's intervals, all parts together.
    """

    readings: Mapping[int, Reading]
    healthy: Reading
    level: float

    def __post_init__(self) -> None:
        """Refuse readings that were not made with one frame."""
        if not self.readings:
            raise SampleError("there are no readings", "read at least one generation")
        for generation, reading in self.readings.items():
            if _shape(reading) != _shape(self.healthy):
                raise SampleError(
                    f"generation {generation} was read with other scores than the real data",
                    "read all of them with one frame",
                )

    @property
    def newest(self) -> int:
        """The generation that is judged."""
        return max(self.readings)

    @property
    def _starts(self) -> bool:
        return 0 in self.readings and self.newest > 0

    @property
    def baseline(self) -> str:
        """What risk and variance are compared with, in words."""
        if self._starts:
            return "generation 0, taken to be trained on real data alone"
        return "real data, as there is no earlier generation 0"

    @property
    def start(self) -> Table | None:
        """Generation 0 alone, if there is a later one."""
        return replace(self, readings={0: self.readings[0]}) if self._starts else None

    def risk_rise(self) -> Change | Unknown:
        """Risk of the newest generation less the baseline's."""
        start = self.readings[0] if self._starts else self.healthy
        end = self.readings[self.newest]
        missing = _incomparable([start, end])
        if missing:
            return missing
        assert start.risk and end.risk
        value, low, high = _difference(end.risk, start.risk, self.level)
        words = f"risk of {end.risk.items:,} items on held-out real data, compared with {self.baseline}"
        count = min(start.risk.items, end.risk.items)
        counted = "words" if end.kind == "text" else "rows"
        count_of = f"{counted} a generation and of real data, read with as many items"
        return Change("the rise of risk", value, low, high, UNITS[end.kind], words, count, count_of)

    def risk_series(self, margin: float) -> Series | Unknown:
        """Risk of every generation, given the held-out real data, whose noise all share."""
        order = sorted(self.readings)
        missing = _incomparable([self.readings[each] for each in order])
        if missing:
            return missing
        risks = [self.readings[each].risk for each in order]
        return Series(
            np.array(order, float),
            np.array([risk.value for risk in risks if risk]),
            np.array([risk.error for risk in risks if risk]),
            margin,
            UNITS[self.healthy.kind],
            "one history of generations",
        )

    def spread_kept(self) -> Change | Unknown:
        """Variance or diversity of the newest generation over the baseline's."""
        start = (self.readings[0] if self._starts else self.healthy).spread
        end = self.readings[self.newest].spread
        rows = min((self.readings[0] if self._starts else self.healthy).rows, self.readings[self.newest].rows)
        if start is None or end is None:
            return Unknown(
                "no variance or diversity can be estimated: fewer than 20 rows, or no two items are alike",
                max(2 * rows, GROUPS),
                "rows a generation",
            )
        largest = max(start.largest, end.largest)
        if largest > CARRIED:
            return Unknown(
                f"one row carries {largest:.0%} of the variance, so that its error is not known",
                math.ceil(rows * largest / CARRIED),
                "rows a generation",
            )
        found = log_ratio(end.value, end.error, start.value, start.error, self.level)
        if found is None:
            return Unknown("the baseline has no variance to lose")
        numeric = self.healthy.kind == "numeric"
        what = {
            "numeric": "mean over features of the variance",
            "categorical": "items in effect beyond the first (1/sum p^2 - 1)",
            "text": "pairs of neighbouring words in effect beyond the first (1/sum p^2 - 1)",
        }[self.healthy.kind]
        return Change(
            "variance kept" if numeric else "diversity kept",
            *found,
            "of the baseline's",
            f"{what}, compared with {self.baseline}",
            rows,
        )

    def tails_kept(self) -> dict[str, Change]:
        """Mass beyond each real quantile, or of rare items, over the real one; and the tail sample.

        The mass of rare labels and words is kept in the mean while most of them vanish: it cannot tell alone.
        """
        found = self.readings[self.newest].tail
        if found is None:
            return self.masses_kept("tails")
        # two kinds of evidence for one definition: half of the error for each
        half = replace(self, level=(1 + self.level) / 2)
        wider = normal(half.level) / normal(TAIL_LEVEL)
        high = float("inf") if found.high is None else found.high
        if found.value > 0:
            low, high = (found.value * (end / found.value) ** wider for end in (found.low, high))
        else:
            low = 0.0
        words = f"rare items still there among {found.items:,}, as many as so many real items would have"
        rows = self.readings[self.newest].rows
        kept = Change("the tail sample", found.value, low, high, "of a real sample", words, rows)
        return {**half.masses_kept("tails"), "tail sample": kept}

    def masses_kept(self, aspect: Aspect) -> dict[str, Change]:
        """Mass of each part of the scores of one aspect, over that of held-out real data."""
        return self._each(aspect, "kept")

    def masses_gained(self, aspect: Aspect) -> dict[str, Change]:
        """Mass of each part of the scores of one aspect, less that of held-out real data."""
        return self._each(aspect, "gained")

    def _each(self, aspect: Aspect, how: Literal["kept", "gained"]) -> dict[str, Change]:
        compare, units = (ratio, "of real data's") if how == "kept" else (difference, "share")
        words = "mass, compared with held-out real data"
        pairs = self._pairs(aspect)
        level = 1 - (1 - self.level) / max(len(pairs), 1)
        found = {}
        for name, (part, real) in pairs.items():
            interval = compare(part, real, level)
            if interval:
                rows = min(part.units, real.units)
                found[name] = Change(
                    f"mass {how}", *interval, units, words, rows, "rows a generation and of real data"
                )
        return found

    def _pairs(self, aspect: Aspect) -> dict[str, tuple[Part, Part]]:
        newest = self.readings[self.newest].scores
        return {
            f"{name}: {part}": (newest[name].parts[part], real)
            for name, score in self.healthy.scores.items()
            if score.aspect == aspect
            for part, real in score.parts.items()
            if newest[name].parts[part].units and real.units
        }


def _shape(reading: Reading) -> dict[str, tuple[str, ...]]:
    return {"kind": (reading.kind,), **{name: tuple(each.parts) for name, each in reading.scores.items()}}


def _incomparable(readings: list[Reading]) -> Unknown | None:
    if any(reading.risk is None for reading in readings):
        return Unknown("risk needs 20 rows in each generation and of real data", GROUPS, "rows a generation")
    items = {reading.risk.items for reading in readings if reading.risk}
    if readings[0].kind != "numeric" and len(items) > 1:
        return Unknown(
            f"risk was counted from {min(items):,} items in one generation and {max(items):,} in another: "
            f"read all of them with items={min(items)}, or by read_all"
        )
    return None


def _difference(end: Risk, start: Risk, level: float) -> tuple[float, float, float]:
    """With the error of both samples, and of held-out data, whose noise cancels as far as both share it."""
    apart = np.array(end.groups) - np.array(start.groups)
    of_real = apart.std(ddof=1) / GROUPS**0.5
    own = (end.error**2 + start.error**2) ** 0.5
    reach = ((normal(level) * own) ** 2 + (student(level, GROUPS - 1) * of_real) ** 2) ** 0.5
    value = end.value - start.value
    return value, float(value - reach), float(value + reach)
