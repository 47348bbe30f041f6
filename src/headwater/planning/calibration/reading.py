"""From particles to numbers with intervals: estimates, forecasts, and when a limit is passed."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from headwater.planning.calibration.course import Course, History, curved
from headwater.planning.calibration.values import Estimates, Interval, Limit, Passing
from headwater.theory.system import Array

DRAWS = 2
"""Continuations of each particle."""
MOST_AHEAD = 100
"""Generations that are looked at together."""
AT_ONCE = 250
"""Particles continued together, so that memory stays small."""


def interval(values: Array, level: float) -> Interval:
    """Median and central interval of draws."""
    low, median, high = np.quantile(values, [(1 - level) / 2, 0.5, (1 + level) / 2])
    return Interval(*(float(each) if np.isfinite(each) else None for each in (median, low, high)))


def estimates_of(course: Course, particles: Array, horizon: int, level: float) -> Estimates:
    """Estimates of one model."""
    with np.errstate(all="ignore"):
        read = course.read(particles)
        first = read.noise + read.first_bias**2
        slope = (1 + read.curve * first) ** (read.bend - 1)
        depth = course.clock.depth[horizon]
        noise = read.noise * (course.clock.noise[horizon] - 1)
        bias = (read.first_bias + read.bias * depth) ** 2 - read.first_bias**2
        share = np.clip(bias / (noise + bias), 0, 1)
    rises = np.isfinite(share) & (noise + bias > 0)
    return Estimates(
        noise=interval(read.noise * slope / course.clock.start, level),
        noise_each_generation=interval(read.noise * slope, level),
        bias_each_generation=interval(read.bias**2 * slope, level),
        bias_share=interval(share[rises], level) if rises.mean() > 0.5 else None,
        floor=interval(read.floor, level),
        dimensions=interval(2 / read.scatter**2, level),
        bend=interval(read.bend, level),
        measuring=interval(read.measuring, level),
    )


def forecast_of(
    course: Course,
    history: History,
    particles: Array,
    what: tuple[int, float, Limit | None],
    rng: Generator,
) -> tuple[dict[int, Interval], Passing | None]:
    """One run's future up to a horizon, at a level, and when it passes a limit.

    Generations between the measured ones that were not measured are filled in too.
    """
    horizon, level, limit = what
    ahead = np.setdiff1d(np.arange(horizon + 1), history.generation)
    ahead = ahead[ahead > history.generation[0]][-MOST_AHEAD:].astype(np.int32)
    parts = [
        course.continued(np.repeat(some, DRAWS, axis=0), history, ahead, rng)
        for some in np.array_split(particles, max(1, -(-len(particles) // AT_ONCE)))
    ]
    risk, measured = (np.concatenate(each) for each in zip(*parts, strict=True))
    intervals = {int(at): interval(measured[:, place], level) for place, at in enumerate(ahead)}
    if limit is None:
        return intervals, None
    later = ahead > history.generation[-1]
    beyond = _beyond(course, particles, risk[:, later], limit)
    return intervals, _passing(beyond, ahead[later], level)


def _beyond(course: Course, particles: Array, risk: Array, limit: Limit) -> Array:
    """(draws, generations) whether the limit is passed."""
    if limit.quantity == "risk":
        return np.asarray(risk > limit.bound)
    read = course.read(np.repeat(particles, DRAWS, axis=0))
    floor = read.floor if np.isneginf(course.least) else np.full_like(read.floor, course.least)
    first = read.floor + curved(read.noise + read.first_bias**2, read.curve, read.bend)
    return np.asarray(risk - floor[:, None] > limit.bound * (first - floor)[:, None])


def _passing(beyond: Array, generation: Array, level: float) -> Passing:
    when = np.where(beyond.any(axis=1), generation[np.argmax(beyond, axis=1)], np.inf)
    # what lies beyond the horizon has no number, and sorts last
    ends = np.quantile(when, [0.5, (1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return Passing(
        float(np.isfinite(when).mean()),
        Interval(*(float(each) if np.isfinite(each) else None for each in ends)),
    )
