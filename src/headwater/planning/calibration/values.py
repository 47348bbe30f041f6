"""What a calibration found: estimates of each model, forecasts, doubts; as values and as a document."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from headwater.errors import InputError

Quantity = Literal["risk", "inflation"]
QUANTITIES: tuple[Quantity, ...] = ("risk", "inflation")


@dataclass(frozen=True, slots=True)
class Interval:
    """A median and the interval about it; None where there is no finite number."""

    median: float | None
    low: float | None
    high: float | None

    def to_dict(self) -> dict[str, float | None]:
        """As in documents."""
        return {"median": self.median, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Limit:
    """A level that risk, or risk over that of generation 0, shall not pass.

    Raises
    ------
    InputError
        If the bound cannot be one.
    """

    quantity: Quantity
    bound: float

    def __post_init__(self) -> None:
        if self.quantity not in QUANTITIES:
            raise InputError(f"quantity is {self.quantity!r:.40}", f"it is one of {', '.join(QUANTITIES)}")
        number = isinstance(self.bound, int | float) and not isinstance(self.bound, bool)
        if not number or not math.isfinite(self.bound) or (self.quantity == "inflation" and self.bound <= 0):
            raise InputError(
                f"the limit of {self.quantity} is {self.bound!r:.40}",
                "write a number; inflation is a factor above 0: 1.5 is half as much again",
            )


@dataclass(frozen=True, slots=True)
class Passing:
    """When one run of one model passes the limit.

    Attributes
    ----------
    chance
        That it does up to the last generation looked at.
    generation
        The first one beyond; None where that is later than the last generation looked at, or never.
    """

    chance: float
    generation: Interval

    def to_dict(self) -> dict[str, Any]:
        """As in documents."""
        return {"chance": self.chance, "generation": self.generation.to_dict()}


@dataclass(frozen=True, slots=True)
class Estimates:
    """What one model's measurements say of it, with intervals.

    Attributes
    ----------
    noise
        V: risk that noise brings, times samples; a fit on N real samples has V/N of it.
    noise_each_generation
        Risk that the noise of one generation adds, at the size that risk had at generation 0.
    bias_each_generation
        Likewise, risk that the bias of one generation's fit would bring alone: bias squared.
    bias_share
        Of the rise up to the last generation: how much is bias; None where nothing rises.
    floor
        Risk of this kind of model without noise and bias.
    dimensions
        Effective ones, in which noise strays: with few, one history tells little.
    bend
        1: noise and bias add up to risk as they are; below, risk saturates; above, it speeds up.
    measuring
        Standard error of a measurement, beside those given.
    """

    noise: Interval
    noise_each_generation: Interval
    bias_each_generation: Interval
    bias_share: Interval | None
    floor: Interval
    dimensions: Interval
    bend: Interval
    measuring: Interval

    def to_dict(self) -> dict[str, Any]:
        """As in documents."""
        share = None if self.bias_share is None else self.bias_share.to_dict()
        names = ("noise", "noise_each_generation", "bias_each_generation", "floor", "dimensions", "bend")
        found: dict[str, Any] = {name: getattr(self, name).to_dict() for name in names}
        return found | {"measuring": self.measuring.to_dict(), "bias_share": share}


@dataclass(frozen=True, slots=True)
class Forecast:
    """One run of one model: what it will be measured to have, generation by generation.

    Attributes
    ----------
    run
        Empty where there is one.
    risk
        By generation, the median and the interval of a measurement.
    passing
        When it passes the limit, where one was given.
    """

    run: str
    risk: Mapping[int, Interval]
    passing: Passing | None

    def to_dict(self) -> dict[str, Any]:
        """As in documents."""
        return {
            "run": self.run,
            "forecast": [{"generation": at, **each.to_dict()} for at, each in self.risk.items()],
            "passing": None if self.passing is None else self.passing.to_dict(),
        }


@dataclass(frozen=True)
class Calibrated:
    """One model: what was measured, what it says, what comes, and what speaks against it."""

    observed: Mapping[str, Mapping[int, float]]
    estimates: Estimates
    forecasts: tuple[Forecast, ...]
    doubts: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As in documents."""
        observed = [
            {"run": run, "generation": at, "risk": risk}
            for run, series in self.observed.items()
            for at, risk in series.items()
        ]
        return {
            "observed": observed,
            "estimates": self.estimates.to_dict(),
            "runs": [each.to_dict() for each in self.forecasts],
            "doubts": list(self.doubts),
        }
