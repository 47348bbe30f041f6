"""What a monitor is told and what it tells: settings, alarms, checks, and what it knows of a model."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from headwater.errors import SampleError
from headwater.monitoring.limits import Effect, Tolerance


@dataclass(frozen=True)
class Settings:
    """What every check of a monitor has in common, and a later one must not change.

    Attributes
    ----------
    metrics
        Names of scores; all that the reference has, if None.
    alpha
        Chance of ever ringing where all models are healthy for ever.
    tolerance
        What counts as healthy.
    models
        How many models there will be, if that is known: each gets an equal part of alpha. None: the
        k-th to appear gets 1 / (k (k + 1)) of it.
    seed
        Of the halving of the reference and everything else random.
    """

    metrics: tuple[str, ...] | None = None
    alpha: float = 0.01
    tolerance: Tolerance = field(default_factory=Tolerance)
    models: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise SampleError(f"alpha is {self.alpha!r}", "give a chance between 0 and 1, such as 0.01")
        if self.models is not None and self.models < 1:
            raise SampleError(
                f"models={self.models!r}", "give the number of models, or None if it is unknown"
            )
        if self.metrics is not None and not 0 < len(self.metrics) == len(set(self.metrics)):
            raise SampleError(f"metrics={self.metrics!r}", "name at least one score, and each once")

    def weight(self, rank: int) -> float:
        """Part of alpha for the model that was the `rank`-th to appear, from 1."""
        return 1 / self.models if self.models else 1 / (rank * (rank + 1))


@dataclass(frozen=True)
class Alarm:
    """A metric of a model is worse than tolerated, at some generation up to this one.

    Attributes
    ----------
    model, generation, metric, part
        Where it rang; the part is the one with the strongest evidence.
    effect
        How far this generation is from healthy.
    log_e_value, log_threshold
        Natural logarithms of the evidence and of what it had to reach.
    """

    model: str
    generation: int
    metric: str
    part: str
    effect: Effect
    log_e_value: float
    log_threshold: float

    @property
    def e_value(self) -> float:
        """At least this; infinite beyond the range of a float."""
        return math.exp(self.log_e_value) if self.log_e_value < 709 else math.inf


@dataclass(frozen=True)
class Check:
    """What one sample told.

    Attributes
    ----------
    rows
        That were scored.
    counted
        Whether it is evidence; False where the generation was not later than all before.
    effects, log_e_values
        By metric; the evidence is that of all generations so far.
    alarms
        That ring at this generation.
    """

    model: str
    generation: int
    rows: int
    counted: bool
    effects: dict[str, Effect]
    log_e_values: dict[str, float]
    alarms: tuple[Alarm, ...]

    @property
    def alarm(self) -> bool:
        """Whether any rings."""
        return bool(self.alarms)


@dataclass(frozen=True)
class History:
    """What is known of one model.

    Attributes
    ----------
    rank
        From 1, in the order in which models appeared.
    counted
        Checks that were evidence.
    evidence
        By metric: log sums, bets by sides (`headwater.monitoring.evidence.Evidence`).
    checks
        By generation, in the order of time.
    readings
        Whatever else was noted, by generation.
    """

    rank: int
    counted: int = 0
    evidence: dict[str, list[list[float]]] = field(default_factory=dict)
    checks: dict[int, Check] = field(default_factory=dict)
    readings: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """The latest generation that was evidence; -1 before the first."""
        return max((at for at, check in self.checks.items() if check.counted), default=-1)

    def is_in(self, other: History | None) -> bool:
        """Whether another history has every check of this one, and notes where this one has some."""
        return other is not None and (
            self.checks.items() <= other.checks.items() and self.readings.keys() <= other.readings.keys()
        )
