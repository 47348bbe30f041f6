"""What speaks against a calibration: too little measured, or a course that its parts do not explain.

Each doubt is one sentence. None changes the forecast: that a forecast is doubtful is said beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from headwater.planning.calibration.course import Course, History
from headwater.theory.system import Array

FEW = 5
"""Generations measured; below, intervals rest on what is usual."""
FAR = 4.0
"""Times the stretch that was measured: how far ahead the study of coverage looked."""
STRAYING = 4.0
"""Effective dimensions, below which one history says little of what is to be expected."""
UNEXPLAINED = 0.25
"""Of the range of the measurements."""
SPEEDING = 1.5
"""Times the pace of the first half of what was measured."""
HELD_OUT = 0.02
"""Chance of a doubt where the last measurement is as the earlier ones let expect."""

Fit = Callable[[Course], Array]


def doubts_of(course: Course, particles: Array, horizon: int, fit: Fit, rng: Generator) -> Iterator[str]:
    """Reasons to trust a forecast less.

    Parameters
    ----------
    particles
        Of the posterior.
    fit
        Finds a course's particles, to try what would have been forecast from fewer measurements.
    """
    measured = np.unique(np.concatenate([each.generation for each in course.histories]))
    read = course.read(particles)
    if len(measured) < FEW:
        yield f"Only {len(measured)} generations are measured: the interval rests on what is usual."
    stretch = float(measured[-1] - measured[0])
    if horizon - measured[-1] > FAR * stretch:
        yield (
            f"Generation {horizon} lies further ahead than {FAR:g} times what was measured: nobody tried how "
            "well intervals hold there."
        )
    if np.median(2 / read.scatter**2) < STRAYING:
        yield (
            "Risk strays as if the model had few parameters: another run may go another way. "
            "Measure a second run (column run) if you can."
        )
    if np.median(read.measuring) > UNEXPLAINED * course.scale:
        yield (
            "Measurements jump about more than noise and bias explain: measure each generation on more data, "
            "or give standard_error."
        )
    if any(_speeds_up(each) for each in course.histories):
        yield (
            "Risk rises faster and faster: fits that feed on worse fits can run away, and then it ends above "
            "the interval more often than it should."
        )
    yield from _held_out(course, measured, fit, rng)


def _speeds_up(history: History) -> bool:
    """Whether the second half of a history rises faster than its first."""
    return _quickening(history) > SPEEDING


def _quickening(history: History) -> float:
    """Pace of the second half of what was measured over that of the first; 0 where it does not rise."""
    time, risk = history.generation, history.risk
    if len(time) < FEW:
        return 0.0
    middle = len(time) // 2
    first, second = (
        float((risk[end] - risk[start]) / (time[end] - time[start]))
        for start, end in ((0, middle), (middle, -1))
    )
    return max(second, 0.0) / first if first > 0 else 0.0


def _held_out(course: Course, measured: Array, fit: Fit, rng: Generator) -> Iterator[str]:
    """Forecast the last measured generation from the ones before, and compare."""
    if len(measured) < FEW:
        return
    last = measured[-1]
    shorter = [_before(each, int(last)) for each in course.histories]
    shorter = [each for each in shorter if len(each.generation)]
    cut = replace(course, histories=shorter)
    particles = fit(cut)
    for history in course.histories:
        known = _before(history, int(last))
        if history.generation[-1] != last or len(known.generation) == 0:
            continue
        with np.errstate(all="ignore"):
            _, draws = cut.continued(np.repeat(particles, 4, axis=0), known, np.array([last]), rng)
        below = float((draws[:, 0] < history.risk[-1]).mean())
        if min(below, 1 - below) < HELD_OUT / 2:
            way = "higher" if below > 0.5 else "lower"
            yield (
                f"Generation {last} is {way} than those before it let expect: did the pipeline, its data or "
                "the test change? If so, give the new pipeline and the measurements since."
            )
            return


def _before(history: History, generation: int) -> History:
    early = history.generation < generation
    return History(history.generation[early], history.risk[early], history.variance[early])
