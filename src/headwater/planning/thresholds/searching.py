"""Where a slack that may rise and fall is at least 0: a scan first, then every crossing to the last digit."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import optimize

from headwater.planning.thresholds.ways import Domain

FEW = 100
"""Whole numbers up to which each is tried."""

PER_DECADE = 4
"""Values tried in every factor of ten near the scale of what is varied, and one farther away."""

AROUND = 1e3

LARGEST_SLACK = 50.0
FINEST = 1e-9
"""Relative precision of values that need not be whole."""

Slack = Callable[[float], float]


@dataclass(frozen=True)
class Interval:
    """Values where the targets hold; None where an end is that of the search."""

    low: float | None
    high: float | None


def grid(
    domain: Domain, *more: float | None, scale: float = 1.0, per_decade: int = PER_DECADE
) -> list[float]:
    """Values to scan, `more` included where they lie within; most of them within `AROUND` of `scale`."""
    low, high = domain.low, domain.high
    if domain.whole and high - low <= FEW:
        return [float(value) for value in range(int(low), int(high) + 1)]
    start = max(low, 1.0) if domain.whole else low
    inner = (min(max(scale / AROUND, start), high), max(min(scale * AROUND, high), start))
    values = np.concatenate(
        [
            np.geomspace(*ends, max(2, math.ceil(math.log10(ends[1] / ends[0]) * often) + 1))
            for ends, often in (((start, inner[0]), 1), (inner, per_decade), ((inner[1], high), 1))
        ]
    )
    if domain.whole:
        values = np.round(values)
    inside = [value for value in more if value is not None and low <= value <= high]
    return sorted({low, high, *np.clip(values, low, high).tolist(), *map(float, inside)})


def intervals(slack: Slack, values: Sequence[float], whole: bool) -> list[Interval]:
    """Every interval in which a slack is at least 0, between the first and the last of `values`.

    Between neighbours a crossing is found where the signs differ, and where the scan has a peak
    below 0 or a dip above it, its top is looked for. What comes and goes within one step of the
    scan without either is not seen.
    """
    points = _with_extremes(slack, list(values), whole)
    held = [slack(point) >= 0 for point in points]
    found, start = [], None
    opened = False
    for at, point in enumerate(points):
        if held[at] and not opened:
            start = None if at == 0 else _edge(slack, points[at - 1], point, whole)
            opened = True
        if opened and not held[at]:
            found.append(Interval(start, _edge(slack, point, points[at - 1], whole)))
            opened = False
    if opened:
        found.append(Interval(start, None))
    return found


def _edge(slack: Slack, outside: float, inside: float, whole: bool) -> float:
    """The last value on the way out of an interval at which the targets hold."""
    if min(outside, inside) <= 0:
        # a logarithm has no zero; the least whole number is one step away
        if (slack(1.0) >= 0) == (inside > 0):
            return min(inside, 1.0)
        outside, inside = max(outside, 1.0), max(inside, 1.0)
    root = _root(slack, outside, inside, whole)
    width = 1.0 if whole else FINEST * abs(root)
    for around in (0.0, -width, width, -2 * width, 2 * width):
        tried = _snap(root + around, whole)
        if min(outside, inside) < tried < max(outside, inside):
            outside, inside = (outside, tried) if slack(tried) >= 0 else (tried, inside)
    while abs(inside - outside) > (1 if whole else FINEST * abs(inside)):
        middle = _snap((inside + outside) / 2, whole)
        if middle in (inside, outside):
            break
        outside, inside = (outside, middle) if slack(middle) >= 0 else (middle, inside)
    return inside


def _root(slack: Slack, outside: float, inside: float, whole: bool) -> float:
    """Where the slack passes 0, about."""
    ends = {math.log(outside): outside, math.log(inside): inside}

    def bounded(logarithm: float) -> float:
        return _bounded(slack(ends.get(logarithm, _snap(math.exp(logarithm), whole))))

    if _bounded(slack(inside)) == 0:
        return inside
    # whole numbers are found to a third of one: the rest is counting
    fine = 0.3 / max(ends.values()) if whole else FINEST / 100
    found = optimize.brentq(bounded, min(ends), max(ends), xtol=max(fine, 1e-15), rtol=1e-14, maxiter=200)
    return math.exp(found)


def _with_extremes(slack: Slack, points: list[float], whole: bool) -> list[float]:
    """The points, with the tops of peaks below 0 and the bottoms of dips above it."""
    if all(right - left <= 1 for left, right in pairwise(points)) and whole:
        return points
    value = [_bounded(slack(point)) for point in points]
    more = []
    for left, at, right in zip(
        range(len(points)), range(1, len(points)), range(2, len(points)), strict=False
    ):
        sign = 1.0 if value[at] < 0 else -1.0
        around = (sign * value[left], sign * value[at], sign * value[right])
        if points[left] > 0 and around[1] >= max(around[0], around[2]) and around[1] > min(around):
            more.append(_top(slack, points[left], points[right], sign, whole))
    return sorted({*points, *more})


def _top(slack: Slack, left: float, right: float, sign: float, whole: bool) -> float:
    """Where a slack, times its sign, is largest between two points, or where it first passes 0."""

    def negative(logarithm: float) -> float:
        return -sign * _bounded(slack(_snap(math.exp(logarithm), whole)))

    best = optimize.minimize_scalar(
        negative, bounds=(math.log(left), math.log(right)), method="bounded", options={"xatol": 1e-4}
    )
    return _snap(math.exp(best.x), whole)


def _bounded(value: float) -> float:
    return min(max(value, -LARGEST_SLACK), LARGEST_SLACK)


def _snap(value: float, whole: bool) -> float:
    return float(round(value)) if whole else value


def nearest(found: Sequence[Interval], value: float | None) -> Interval:
    """The interval that a value lies in, or is nearest to by its logarithm; the first where there is none."""
    if value is None:
        return found[0]
    wanted = value

    def away(interval: Interval) -> float:
        low = -math.inf if interval.low is None else interval.low
        high = math.inf if interval.high is None else interval.high
        if low <= wanted <= high:
            return 0.0
        end = low if wanted < low else high
        return abs(math.log1p(end) - math.log1p(wanted))

    return min(found, key=away)
