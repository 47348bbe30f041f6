"""Intervals of ratios and differences of two independent means; nothing here knows of definitions."""

from __future__ import annotations

from headwater.measures.readings import Part

Interval = tuple[float, float, float]
"""Value, low, high."""


def ratio(part: Part, real: Part, level: float) -> Interval | None:
    """Of the mean of a score to the mean of real data; None where real data have none of it.

    Of hits: given how many there are in both together, those of one are binomial
    [przyborowski1940homogeneity]_. That is exact for rare hits and errs to the wide side for others.
    Of other scores: on a log scale.
    """
    if real.mean <= 0:
        return None
    if part.hits is not None and real.hits is not None:
        return _hits(part.hits / part.units, part.units, real.hits, real.units, part.hits, level)
    value = part.mean / real.mean
    if part.mean <= 0:
        # were the mean m, all of n scores from 0 to 1 would be 0 with a chance of (1 - m)^n at most
        most = 1 - ((1 - level) / 2) ** (1 / part.units)
        return 0.0, 0.0, most / real.mean
    return log_ratio(part.mean, part.error, real.mean, real.error, level) or (value, 0.0, float("inf"))


def _hits(share: float, units: int, hits_0: int, units_0: int, hits: int, level: float) -> Interval:
    from scipy.stats import beta

    tail = (1 - level) / 2
    low = float(beta.ppf(tail, hits, hits_0 + 1)) if hits else 0.0
    high = float(beta.ppf(1 - tail, hits + 1, hits_0))
    scale = units_0 / units
    value = share / (hits_0 / units_0)
    return value, low / (1 - low) * scale, high / (1 - high) * scale if high < 1 else float("inf")


def log_ratio(
    value: float, error: float, baseline: float, baseline_error: float, level: float
) -> Interval | None:
    """Of two positive numbers, from their standard errors; None where the baseline is not positive."""
    from math import exp

    if baseline <= 0 or value < 0:
        return None
    if value == 0:
        return 0.0, 0.0, 0.0
    reach = normal(level) * ((error / value) ** 2 + (baseline_error / baseline) ** 2) ** 0.5
    # beyond e^700 is no number, and says nothing anyhow
    reach = min(reach, 700.0)
    return value / baseline, value / baseline * exp(-reach), value / baseline * exp(reach)


def difference(part: Part, real: Part, level: float) -> Interval:
    """Of two shares, from the interval of each alone [newcombe1998interval]_."""
    low, high = _alone(part, level)
    low_0, high_0 = _alone(real, level)
    value = part.mean - real.mean
    down = ((part.mean - low) ** 2 + (high_0 - real.mean) ** 2) ** 0.5
    up = ((high - part.mean) ** 2 + (real.mean - low_0) ** 2) ** 0.5
    return value, value - down, value + up


def _alone(part: Part, level: float) -> tuple[float, float]:
    """Wilson's interval of hits [wilson1927probable]_, the normal one of other means."""
    z = normal(level)
    if part.hits is None:
        return part.mean - z * part.error, part.mean + z * part.error
    n, share = part.units, part.mean
    middle = share + z * z / (2 * n)
    reach = z * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return (middle - reach) / (1 + z * z / n), (middle + reach) / (1 + z * z / n)


def normal(level: float) -> float:
    """Quantile of the normal distribution for a two-sided interval."""
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))


def student(level: float, degrees: int) -> float:
    """The same of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, (1 + level) / 2))
