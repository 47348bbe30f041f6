"""What an inspection is: what is known beside the samples, and what was found; nothing is computed here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar

from headwater.diagnosis.course import Point
from headwater.diagnosis.values import Diagnosis
from headwater.measures.causes.diagnosing import Differential
from headwater.measures.causes.evidence import Ancestry
from headwater.measures.contract import About, Estimate, Metric
from headwater.measures.definitions.scaling import Scaling
from headwater.measures.definitions.values import Profile, Stage, Thresholds
from headwater.monitoring.values import Alarm, Check
from headwater.samples.values import Sample

SCHEMA = "headwater/check/1"

Key = tuple[str, int]
"""Model and generation."""


@dataclass(frozen=True)
class Context:
    """What is known beside the samples; all of it may be missing.

    Attributes
    ----------
    newer
        Real data from now. Without it drift of the world cannot be told from collapse.
    training
        What generation 0 was trained on.
    ancestry
        What each model's later generations learned from; the key ``""`` stands for every other model.
    deployed
        Whether the world sees the output.
    diagnosis
        Of the pipeline: what was measured is laid over what it predicts.
    thresholds
        That the definitions are held to; None: the usual ones.
    scaling
        Risk at several sizes of the training set, by model; without it one definition cannot be told.
    metrics
        To compute of every sample beside what the definitions need, by name.
    """

    newer: Sample | None = None
    training: Sample | None = None
    ancestry: Mapping[str, Ancestry] = field(default_factory=dict)
    deployed: bool | None = None
    diagnosis: Diagnosis | None = None
    thresholds: Thresholds | None = None
    scaling: Mapping[str, Scaling] = field(default_factory=dict)
    metrics: Mapping[str, Metric] = field(default_factory=dict)


@dataclass(frozen=True)
class Untold:
    """Stands where a metric of a sample would be, if it could be computed.

    Attributes
    ----------
    why
        What is wrong with the sample, for this metric; one line.
    """

    value: ClassVar[float] = math.nan
    low: ClassVar[float] = math.nan
    high: ClassVar[float] = math.nan
    why: str


@dataclass(frozen=True, eq=False)
class Inspected:
    """One model.

    Attributes
    ----------
    checks
        By generation, all that the monitor remembers.
    profile
        Of the newest generation.
    stages
        By generation: what it was when that one was the newest.
    causes
        None where there are too few rows.
    metrics
        By generation of this run, and name; `Untold` where one cannot be computed.
    """

    model: str
    checks: Mapping[int, Check]
    profile: Profile
    stages: Mapping[int, Stage | None]
    causes: Differential | None
    metrics: Mapping[int, Mapping[str, Estimate | Untold]]

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """All that ever rang, oldest first."""
        return tuple(alarm for check in self.checks.values() for alarm in check.alarms)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            **self.profile.to_dict(),
            "stages": {str(generation): stage for generation, stage in self.stages.items()},
            "generations": sorted(self.checks),
            "scores": {name: self._score(name) for name in self.checks[max(self.checks)].effects},
            "causes": self.causes and self.causes.to_dict(),
            "metrics": {
                str(generation): {name: _estimate(each) for name, each in found.items()}
                for generation, found in self.metrics.items()
            },
        }

    def _score(self, name: str) -> dict[str, Any]:
        """What one score is at the newest generation, whether it rings or not."""
        check = self.checks[max(self.checks)]
        made = {
            key: _finite(each) if isinstance(each, float) else each
            for key, each in asdict(check.effects[name]).items()
        }
        made["effect"] = made.pop("value")
        del made["metric"]
        return made | {"log_e_value": check.log_e_values.get(name)}


@dataclass(frozen=True, eq=False)
class Inspection:
    """Everything about all models. Printing it gives a table; `to_dict` is what ``--json`` prints.

    Attributes
    ----------
    models
        By name, in the order in which they appeared.
    new
        Generations that were checked in this run.
    reference
        Real data that the monitor compares with.
    alpha
        Chance of ever ringing where all is well.
    course
        Measured beside predicted, if there is a diagnosis.
    abouts
        Of the metrics that were asked for.
    notes
        What a reader has to know: what is missing, what was left out.
    """

    models: Mapping[str, Inspected]
    new: tuple[Key, ...]
    reference: Sample
    alpha: float
    course: tuple[Point, ...]
    abouts: Mapping[str, About]
    notes: tuple[str, ...]

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """Those of the generations that were checked in this run."""
        new = set(self.new)
        return tuple(
            alarm
            for found in self.models.values()
            for alarm in found.alarms
            if (alarm.model, alarm.generation) in new
        )

    def with_notes(self, notes: Iterable[str]) -> Inspection:
        """With these said first: what was found while files were read."""
        return replace(self, notes=(*notes, *self.notes))

    def since(self, alarm: Alarm) -> int:
        """The first generation at which that score of that model rang, in this run or an earlier one."""
        rang = self.models[alarm.model].alarms
        return min(each.generation for each in rang if each.metric == alarm.metric)

    @property
    def late(self) -> tuple[str, ...]:
        """Models in late collapse, of those that were checked in this run."""
        new = {model for model, _ in self.new}
        return tuple(name for name in new if self.models[name].profile.stage == "late")

    def to_dict(self) -> dict[str, Any]:
        """The document that ``headwater check --json`` prints."""
        return {
            "schema": SCHEMA,
            "alarm": bool(self.alarms),
            "alarms": [_alarm(alarm) | {"since": self.since(alarm)} for alarm in self.alarms],
            "models": {name: found.to_dict() for name, found in self.models.items()},
            "course": [point.to_dict() for point in self.course],
            "checked": [{"model": model, "generation": generation} for model, generation in self.new],
            "reference": {"kind": self.reference.kind, "rows": self.reference.count},
            "alpha": self.alpha,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        from headwater.report.inspection import as_text

        return as_text(self)


def _alarm(alarm: Alarm) -> dict[str, Any]:
    effect = alarm.effect
    return {
        "model": alarm.model,
        "generation": alarm.generation,
        "metric": alarm.metric,
        "part": alarm.part,
        "effect": effect.value,
        "measured": effect.measured,
        "low": effect.low,
        "high": effect.high,
        "tolerated": effect.tolerated,
        "log_e_value": alarm.log_e_value,
        "log_threshold": alarm.log_threshold,
    }


def _estimate(found: Estimate | Untold) -> dict[str, Any]:
    if isinstance(found, Untold):
        return {"value": None, "low": None, "high": None, "why": found.why}
    made = asdict(found)
    made["parts"] = {name: [_finite(each) for each in part] for name, part in found.parts.items()}
    return {key: _finite(value) if isinstance(value, float) else value for key, value in made.items()}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
