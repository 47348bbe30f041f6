"""``calibrate``: from measurements to estimates and a forecast, for every model measured."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.random import Generator

from headwater.errors import InputError, nearest
from headwater.graph import InteractionGraph
from headwater.pipeline import Pipeline
from headwater.planning.calibration.clocks import clocks
from headwater.planning.calibration.course import PRIOR, Course, History
from headwater.planning.calibration.doubting import doubts_of
from headwater.planning.calibration.observations import Observations
from headwater.planning.calibration.particles import posterior
from headwater.planning.calibration.reading import MOST_AHEAD, estimates_of, forecast_of
from headwater.planning.calibration.values import Calibrated, Forecast, Limit
from headwater.planning.outlook import horizon_of
from headwater.theory.system import Array

PARTICLES = 1000
LEAST_MEASURED = 3
"""Generations of a model without which nothing is said of it."""
MOST_MEASURED = 50
"""Generations of one run: the cost of a fit grows with their cube."""
MOST_RUNS = 30
"""Histories of one model that are fitted together."""

MOST_MODELS = 500
LATEST = 500
"""Generation, counted from 0, up to which theory's course is followed."""


@dataclass(frozen=True)
class Calibration:
    """Models whose noise and bias were found from measurements.

    Attributes
    ----------
    pipeline
        As it was measured.
    generations
        The last generation looked at.
    level
        Of intervals: 0.9 holds the truth nine times in ten.
    limit
        The level of risk that is watched for, if any.
    models
        By name, in the pipeline's order.
    notes
        What was left out or assumed.
    """

    pipeline: Pipeline
    generations: int
    level: float
    limit: Limit | None
    models: Mapping[str, Calibrated]
    notes: tuple[str, ...]
    provenance: Mapping[str, str | None]
    courses: Mapping[str, tuple[Course, tuple[str, ...], Array]]

    def forecast(self, generations: int, limit: Limit | None = None) -> dict[str, tuple[Forecast, ...]]:
        """The same measurements looked at up to another generation, or for another limit.

        Raises
        ------
        InputError
            If that is no later generation, or too far ahead.
        """
        last = max(
            int(h.generation.max()) for course, _, _ in self.courses.values() for h in course.histories
        )
        horizon = _horizon(generations, last)
        graph = self.pipeline.graph
        numbers = {name: graph.index_of(name) for name in self.courses}
        ticking = clocks(self.pipeline, list(numbers.values()), horizon)
        found = {}
        for name, (course, runs, particles) in self.courses.items():
            longer = replace(course, clock=ticking[numbers[name]])
            found[name] = _forecasts(longer, runs, particles, (horizon, self.level, limit or self.limit))
        return found

    def to_dict(self) -> dict[str, Any]:
        """The document."""
        limit = None if self.limit is None else {"quantity": self.limit.quantity, "bound": self.limit.bound}
        return {
            "schema": "headwater/calibration/1",
            "name": self.pipeline.name,
            "regime": str(self.pipeline.regime or "replace"),
            "generations": self.generations,
            "level": self.level,
            "limit": limit,
            "models": {name: each.to_dict() for name, each in self.models.items()},
            "notes": list(self.notes),
            "provenance": dict(self.provenance),
        }


def calibrate(
    pipeline: Pipeline | InteractionGraph,
    observations: Observations,
    *,
    generations: int | None = None,
    level: float = 0.9,
    floor: float | None = None,
    limit: Limit | None = None,
) -> Calibration:
    """Effective noise and bias of real models, and where their risk goes from here.

    Theory says how noise and bias build up on this graph under this regime; the first generations'
    measurements say how large they are. Each model is looked at alone. What is said of the future
    is a weighted mixture over all that the measurements leave open.

    Parameters
    ----------
    pipeline
        The one that was measured, or its graph alone (regime replace). Every count that a measured
        model rests on is known.
    observations
        Of at least three generations of a model; five or six are better. The first measured
        generation need not be 0.
    generations
        The last generation to look at; the pipeline's, or 20, where not given.
    level
        Of intervals, between 0.5 and 0.99.
    floor
        Risk of a perfect model, if it is known: none falls below.
    limit
        A level of risk: when will it be passed?

    Raises
    ------
    InputError
        If a model is unknown or measured too seldom, or an argument cannot be right.
    UnknownCount
        If a count is missing.

    Examples
    --------
    >>> from headwater import InteractionGraph
    >>> from headwater.planning.calibration import Observation, Observations, calibrate
    >>> graph = InteractionGraph.from_flows([("a", "a", 100)])
    >>> seen = [Observation("a", t, 3.0 + 0.1 * t) for t in range(6)]
    >>> found = calibrate(graph, Observations(tuple(seen)), generations=10)
    >>> 3.8 < found.models["a"].forecasts[0].risk[10].median < 4.2
    True
    """
    described = pipeline if isinstance(pipeline, Pipeline) else Pipeline(graph=pipeline)
    _check_level(level)
    grouped = _grouped(described.graph, observations)
    last = max(int(each.generation.max()) for runs in grouped.values() for each in runs.values())
    usual = max(min(horizon_of(described), last + MOST_AHEAD, LATEST), last + 1)
    horizon = _horizon(usual if generations is None else generations, last)
    numbers = {name: described.graph.index_of(name) for name in grouped}
    ticking = clocks(described, list(numbers.values()), horizon)
    models, courses = {}, {}
    for name, runs in grouped.items():
        course = Course(ticking[numbers[name]], tuple(runs.values()), _floor(floor, observations))
        particles = fit(course)
        courses[name] = (course, tuple(runs), particles)
        models[name] = Calibrated(
            observed={
                run: dict(zip(each.generation.tolist(), each.risk.tolist(), strict=True))
                for run, each in runs.items()
            },
            estimates=estimates_of(course, particles, horizon, level),
            forecasts=_forecasts(course, tuple(runs), particles, (horizon, level, limit)),
            doubts=tuple(doubts_of(course, particles, horizon, fit, stream(name))),
        )
    return Calibration(
        described,
        horizon,
        level,
        limit,
        models,
        tuple(_notes(described, grouped)),
        _provenance(described, observations),
        courses,
    )


def fit(course: Course) -> Array:
    """(particles, parameters) what the measurements leave open; the same every time."""
    return posterior(course.log_likelihood, PRIOR, PARTICLES, stream(""))


def stream(name: str) -> Generator:
    """Random numbers that are the same for one model every time."""
    return np.random.default_rng([zlib.crc32(name.encode()), 6])


def _forecasts(
    course: Course, runs: tuple[str, ...], particles: Array, what: tuple[int, float, Limit | None]
) -> tuple[Forecast, ...]:
    return tuple(
        Forecast(run, *forecast_of(course, history, particles, what, stream(run)))
        for run, history in zip(runs, course.histories, strict=True)
    )


def _grouped(graph: InteractionGraph, observations: Observations) -> dict[str, dict[str, History]]:
    """Histories by model, in the graph's order, and run, in that of the table."""
    runs: dict[str, dict[str, list[int]]] = {}
    for at, entry in enumerate(observations.entries):
        if entry.model not in graph.model_index:
            observations.wrong(
                at,
                f"the pipeline has no model {entry.model!r:.60}",
                nearest(entry.model, graph.model_names),
            )
        runs.setdefault(entry.model, {}).setdefault(entry.run, []).append(at)
    if not 0 < len(runs) <= MOST_MODELS:
        raise InputError(
            f"{len(runs):,} models are measured", f"give the measurements of 1 to {MOST_MODELS} at a time"
        )
    found = {}
    for name in sorted(runs, key=graph.index_of):
        every = sorted({observations.entries[at].generation for each in runs[name].values() for at in each})
        if len(every) < LEAST_MEASURED:
            observations.wrong(
                next(iter(runs[name].values()))[-1],
                f"model {name!r:.60} is measured at {len(every)} generation{'s' * (len(every) != 1)}",
                f"measure at least {LEAST_MEASURED}, better 5 or 6; or leave the model out",
            )
        if len(runs[name]) > MOST_RUNS:
            raise InputError(
                f"model {name!r:.60} is measured in {len(runs[name]):,} runs",
                f"give at most {MOST_RUNS} of them: more histories hardly tell more of what comes next",
            )
        longest = max(runs[name].values(), key=len)
        if len(longest) > MOST_MEASURED:
            observations.wrong(
                longest[MOST_MEASURED],
                f"model {name!r:.60} is measured at {len(longest):,} generations of one run",
                f"give at most {MOST_MEASURED} of them: every second or tenth, with the last",
            )
        found[name] = {run: _history(observations, places) for run, places in runs[name].items()}
    return found


def _history(observations: Observations, places: list[int]) -> History:
    entries = sorted((observations.entries[at] for at in places), key=lambda entry: entry.generation)
    return History(
        generation=np.array([entry.generation for entry in entries], dtype=np.int32),
        risk=np.array([entry.risk for entry in entries], dtype=float),
        variance=np.array([entry.standard_error for entry in entries], dtype=float) ** 2,
    )


def _floor(floor: float | None, observations: Observations) -> float:
    if floor is None:
        return -math.inf
    if isinstance(floor, bool) or not isinstance(floor, int | float) or not math.isfinite(floor):
        raise InputError(f"floor is {floor!r:.40}", "write the risk of a perfect model, a number")
    for at, entry in enumerate(observations.entries):
        if entry.risk <= floor:
            observations.wrong(
                at,
                f"risk is {entry.risk:g}, which is no more than the floor of {floor:g}",
                "the floor is the risk of a perfect model: lower it, or leave it out",
            )
    return float(floor)


def _horizon(generations: int, last: int) -> int:
    whole = isinstance(generations, int) and not isinstance(generations, bool)
    if not whole or not last < generations <= min(last + MOST_AHEAD, LATEST):
        raise InputError(
            f"generations is {generations!r:.40}, and the last one measured is {last}",
            f"write a later one, at most {MOST_AHEAD} ahead and at most {LATEST}: --generations {last + 15}",
        )
    return generations


def _check_level(level: float) -> None:
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0.5 <= level <= 0.99:
        raise InputError(
            f"level is {level!r:.40}", "write a number from 0.5 to 0.99: 0.9 holds 9 times in 10"
        )


def _notes(pipeline: Pipeline, grouped: Mapping[str, Any]) -> list[str]:
    notes = []
    if pipeline.regime is None:
        notes.append("Nothing says what happens to old data: regime replace is assumed.")
    if pipeline.graph.emissions:
        notes.append("What providers do to their samples (temperature and the like) counts as bias here.")
    left = [name for name in pipeline.graph.model_names if name not in grouped]
    if left:
        few, models = (
            ", ".join(left[:3]) + (", ..." if len(left) > 3 else ""),
            len(pipeline.graph.model_names),
        )
        notes.append(f"Not measured, and so not forecast: {len(left):,} of {models:,} models ({few}).")
    return notes


def _provenance(pipeline: Pipeline, observations: Observations) -> dict[str, str | None]:
    return {
        "headwater": version("headwater"),
        "input_sha256": pipeline.sha256,
        "observed_sha256": observations.sha256,
    }
