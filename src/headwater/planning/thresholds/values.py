"""What a search for a threshold found, for people and for programs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal

from headwater.fields import Value
from headwater.pipeline import Pipeline
from headwater.planning.changes import Change
from headwater.planning.outlook import horizon_of, regime_of
from headwater.planning.targets import Target, When
from headwater.planning.thresholds.searching import Interval
from headwater.planning.thresholds.ways import Knob, Way

Direction = Literal["least", "most"]


@dataclass(frozen=True)
class Single:
    """One target by itself.

    Attributes
    ----------
    value
        Threshold for it alone; None where it cannot be met.
    reached, model, when
        What the pipeline as it is comes to, at which model and when; None where it is not known.
    met
        Whether the pipeline as it is meets it.
    reason
        Why it cannot be met; else empty.
    """

    target: Target
    value: float | None
    reached: float | None
    model: str
    when: When
    met: bool
    reason: str = ""


@dataclass(frozen=True)
class Part:
    """The threshold over the models that the field can help, where it cannot help all.

    `models` is how many those are; `value` is None where no value suits all of them either.
    """

    models: int
    value: float | None
    direction: Direction


@dataclass(frozen=True, eq=False)
class Threshold:
    """The least or most of a field at which every target is met at every model.

    Attributes
    ----------
    knob
        Pipeline, field, and how values are put in.
    current
        The value that the pipeline has; None where none is known.
    met
        Whether that one meets the targets.
    value, direction, interval
        The threshold; None where the targets cannot be met. Ends of the interval of values that
        meet them are None where the search ended.
    elsewhere
        Other intervals in which they are met, too.
    reason
        Why there is no value; else what there is to add, often nothing.
    ways
        The threshold by way: None where it cannot be met that way.
    targets
        Each by itself.
    models
        Name to (threshold of that model alone or None, reason), of those that bind or cannot.
    rest
        Threshold at the others, where some models cannot.
    left_out
        Names and reasons of models that are not judged.
    times
        When the targets are to hold.
    """

    knob: Knob
    current: float | None
    met: bool
    value: float | None
    direction: Direction
    interval: Interval
    elsewhere: tuple[Interval, ...]
    reason: str
    ways: Mapping[Way, float | None]
    targets: tuple[Single, ...]
    models: Mapping[str, tuple[float | None, str]]
    rest: Part | None
    left_out: tuple[tuple[str, str], ...]
    times: tuple[When, ...]

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline with the threshold in place; unchanged where there is none."""
        return self.knob.pipeline if self.value is None else self.knob.at(self.value)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What that changes."""
        knob = self.knob
        if self.value is None:
            return ()
        before = knob.field.get(knob.pipeline)
        named = [Change(str(knob.field), before or None, knob.value(self.value) or None)]
        if knob.way == "replacement":
            graph = knob.pipeline.graph
            for at, after in zip(knob.others(), knob.split(self.value), strict=True):
                name = f"{graph.provider_name(int(graph.provider[at]))}->{knob.field.names[1]}"
                named.append(Change(name, int(graph.samples[at]), int(after) or None))
        return tuple(change for change in named if change.before != change.after)

    def to_dict(self) -> dict[str, Any]:
        """The document that ``headwater threshold --json`` prints, but for the simulation."""
        return {
            "schema": "headwater/threshold/1",
            "pipeline": self.knob.pipeline.name,
            "regime": str(regime_of(self.knob.pipeline)),
            "generations": horizon_of(self.knob.pipeline),
            "times": list(self.times),
            "field": str(self.knob.field),
            "value": self._number(self.value),
            "reason": self.reason or None,
            "direction": self.direction,
            "interval": [self._number(self.interval.low), self._number(self.interval.high)],
            "elsewhere": [[self._number(each.low), self._number(each.high)] for each in self.elsewhere],
            "current": self._number(self.current),
            "met": self.met,
            "way": self.knob.way,
            "as": {way: self._number(value) for way, value in self.ways.items()},
            "targets": {single.target.option: self._single(single) for single in self.targets},
            "models": {
                name: {"value": self._number(value), "reason": reason or None}
                for name, (value, reason) in self.models.items()
            },
            "rest": None
            if self.rest is None
            else {"models": self.rest.models, "value": self._number(self.rest.value)},
            "left_out": [{"model": name, "reason": reason} for name, reason in self.left_out],
            "provenance": {
                "headwater": version("headwater"),
                "input_sha256": self.knob.pipeline.sha256,
            },
        }

    def _single(self, single: Single) -> dict[str, Any]:
        known = single.reached is not None and math.isfinite(single.reached)
        return {
            "bound": single.target.bound,
            "value": self._number(single.value),
            "reached": single.reached if known else None,
            "infinite": single.reached is not None and math.isinf(single.reached),
            "model": single.model or None,
            "when": single.when,
            "met": single.met,
            "reason": single.reason or None,
        }

    def _number(self, value: float | None) -> Value | None:
        if value is None or isinstance(value, str):
            return value
        whole = self.knob.field.is_whole or self.knob.field.kind == "regime"
        return int(value) if whole else float(value)
