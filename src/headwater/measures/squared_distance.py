r"""Squared distance of what a generation wrote to real data: the risk whose inflation theory predicts.

Near real data any smooth risk is a quadratic form in the error of the model, so that its inflation is
that of the second moments a law follows. For numbers it is the energy distance of a reading; for labels
and words :math:`\sum_v (q_v - p_v)^2`, which the laws of frequencies follow exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headwater.measures.definitions.intervals import Interval, log_ratio
from headwater.measures.readings import Reading
from headwater.measures.risk import GROUPS, jackknife
from headwater.samples.values import Array, Sample


@dataclass(frozen=True)
class SquaredDistance:
    """An unbiased estimate, which may be below 0 where the distance is, and its standard error."""

    value: float
    error: float

    def over(self, start: SquaredDistance, level: float = 0.95) -> Interval | None:
        """Inflation over that of generation 0; None where that is not clearly above 0."""
        if start.value <= 2 * start.error or self.value <= 0:
            return None
        return log_ratio(self.value, self.error, start.value, start.error, level)


def squared_distance(sample: Sample, reference: Sample, reading: Reading) -> SquaredDistance | None:
    """Of one generation; None where there are too few rows for an error.

    Parameters
    ----------
    reading
        Of the sample, for numeric ones.
    """
    if sample.kind == "numeric":
        if reading.risk is None:
            return None
        of_real = float(np.std(reading.risk.groups, ddof=1)) / GROUPS**0.5
        return SquaredDistance(reading.risk.value, float(np.hypot(reading.risk.error, of_real)))
    if min(len(sample), len(reference)) < GROUPS:
        return None
    wrote, real = _by_group(sample, reference)
    value = _between(wrote.sum(axis=0), wrote, real.sum(axis=0), real)
    without = [_left_out(wrote, real, group) for group in range(GROUPS)]
    without_real = [_left_out(real, wrote, group) for group in range(GROUPS)]
    error = np.hypot(jackknife(np.array(without)), jackknife(np.array(without_real)))
    return SquaredDistance(value, float(error))


def _by_group(sample: Sample, reference: Sample) -> tuple[Array, Array]:
    """(groups, items) counts of each side, rows dealt to 20 groups in turn."""
    sides = []
    place: dict[str, int] = {}
    for each in (sample, reference):
        rows = each.documents if each.kind == "text" else [(row,) for row in each.rows.tolist()]
        items = [place.setdefault(word, len(place)) for row in rows for word in row]
        groups = np.repeat(np.arange(len(rows)) % GROUPS, [len(row) for row in rows])
        sides.append((np.array(items, dtype=np.int64), groups))
    size = len(place)
    wrote, real = (
        np.bincount(items + size * groups, minlength=size * GROUPS).reshape(GROUPS, size).astype(float)
        for items, groups in sides
    )
    return wrote, real


def _left_out(parts: Array, other: Array, group: int) -> float:
    kept = np.delete(parts, group, axis=0)
    return _between(kept.sum(axis=0), kept, other.sum(axis=0), other)


def _between(whole: Array, parts: Array, whole_0: Array, parts_0: Array) -> float:
    """From pairs of items in different groups that are alike: words of one document depend on each other."""
    across = float(whole @ whole_0) / float(whole.sum() * whole_0.sum())
    return _alike(whole, parts) + _alike(whole_0, parts_0) - 2 * across


def _alike(whole: Array, parts: Array) -> float:
    pairs = float(whole.sum() ** 2 - (parts.sum(axis=1) ** 2).sum())
    return float(whole @ whole - float(np.square(parts).sum())) / pairs
