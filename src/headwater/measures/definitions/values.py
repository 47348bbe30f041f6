"""What a definition says, at which thresholds, and all eight together; nothing here is computed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from types import MappingProxyType
from typing import Any, Literal

from headwater.errors import SampleError

Stage = Literal["none", "early", "late"]

DEFINITIONS: Mapping[str, str] = MappingProxyType(
    {
        "catastrophic_risk": "catastrophic increase of population risk",
        "any_risk_increase": "any increase of population risk",
        "diverging_risk": "asymptotically diverging population risk",
        "collapsing_variance": "collapsing variance",
        "scaling_law": "change in scaling law",
        "modes": "disappearance or entanglement of real data modes",
        "tails": "disappearance of real tail data",
        "hallucination": "appearance of hallucinated data",
    }
)
"""The definitions that the literature uses, in the order of [schaeffer2025position]_, with their names."""


@dataclass(frozen=True)
class Thresholds:
    """How much it takes for each definition to hold. The literature gives no numbers: these are ours.

    Attributes
    ----------
    catastrophic, any_increase
        Rise of numeric risk, in units of what a constant output loses. Any loss at all raises a proper
        score a little, so that "any increase" needs a margin, or more data would always make it hold.
    catastrophic_bits, any_bits
        The same for labels and text. One bit: twice the perplexity.
    catastrophic_inflation, any_inflation
        Risk over that of generation 0, for a simulation's risk that is 0 at best.
    variance
        Variance or diversity kept, as a share of the baseline's.
    exponent
        Loss of the exponent with which risk falls as training data grow.
    mode, tail
        Mass kept, as a share of real data's.
    entanglement, hallucination
        Mass between modes, and off the support of real data, beyond what held-out real data have.
    weight
        Of the growth models that are unbounded, from which risk is said to diverge; below 1 less this
        it is said not to.
    level
        Confidence of each definition's intervals, all its parts together.
    """

    catastrophic: float = 0.25
    any_increase: float = 0.01
    catastrophic_bits: float = 1.0
    any_bits: float = 0.02
    catastrophic_inflation: float = 10.0
    any_inflation: float = 1.05
    variance: float = 0.5
    exponent: float = 0.1
    mode: float = 0.5
    entanglement: float = 0.1
    tail: float = 0.5
    hallucination: float = 0.02
    weight: float = 0.95
    level: float = 0.95

    def __post_init__(self) -> None:
        """Refuse what no number can be held to."""
        for each in fields(self):
            value = getattr(self, each.name)
            if not (isinstance(value, int | float) and math.isfinite(value) and value > 0):
                raise SampleError(f"{each.name}={value!r:.40}", "give a positive number")
        for name in ("variance", "mode", "tail", "entanglement", "hallucination", "weight", "level"):
            if getattr(self, name) >= 1:
                raise SampleError(f"{name}={getattr(self, name)}", "give a share between 0 and 1")
        if self.weight <= 0.5:
            raise SampleError(f"weight={self.weight}", "give more than a half: both cannot be likely")
        for name in ("catastrophic_inflation", "any_inflation"):
            if getattr(self, name) <= 1:
                raise SampleError(f"{name}={getattr(self, name)}", "give a ratio above 1: it is a rise")
        pairs = (("any_increase", "catastrophic"), ("any_bits", "catastrophic_bits"))
        for small, large in (*pairs, ("any_inflation", "catastrophic_inflation")):
            if getattr(self, small) > getattr(self, large):
                raise SampleError(
                    f"{small}={getattr(self, small)} is above {large}={getattr(self, large)}",
                    "a catastrophic rise is a rise: give the smaller one first",
                )


@dataclass(frozen=True)
class Finding:
    """What one definition says of one model.

    Attributes
    ----------
    definition
        A key of `DEFINITIONS`.
    holds
        None where it cannot be told from this.
    value, low, high
        The number and its interval; None where there is none.
    threshold
        That it is held to.
    units
        Of these.
    assumption
        On which it rests, in words; with the baseline.
    why
        One sentence: what was found, or what is missing and would tell.
    needed
        How many `needed_of` would be expected to tell, if the number stayed what it is; None where it is
        told already, or no number would.
    needed_of
        ``rows a generation``, ``generations``, ``replicates`` or ``sizes``.
    part
        The tail, mode or score that decides; empty where there is only one.
    parts
        Value, low and high of each, where there are several.
    from_start
        Whether what decides was so at generation 0 already: a misfit of the model, which no loop made.
    """

    definition: str
    holds: bool | None
    value: float | None
    low: float | None
    high: float | None
    threshold: float
    units: str
    assumption: str
    why: str
    needed: int | None = None
    needed_of: str = ""
    part: str = ""
    parts: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    from_start: bool = False

    def to_dict(self) -> dict[str, Any]:
        """For JSON: infinite and missing numbers are null."""
        made = asdict(self) | {"title": DEFINITIONS[self.definition]}
        for name in ("value", "low", "high"):
            made[name] = _finite(made[name])
        made["parts"] = {
            name: dict(zip(("value", "low", "high"), map(_finite, part), strict=True))
            for name, part in self.parts.items()
        }
        return made


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


@dataclass(frozen=True)
class Profile:
    """All eight definitions of one model, and its stage. They conflict: there is no one number.

    Attributes
    ----------
    findings
        In the order of `DEFINITIONS`.
    stage
        None where it cannot be told; see `headwater.measures.definitions.stage`.
    why
        Of the stage.
    generation
        That is judged.
    baseline
        What it is compared with, in words.
    """

    findings: tuple[Finding, ...]
    stage: Stage | None
    why: str
    generation: int
    baseline: str

    def __getitem__(self, definition: str) -> Finding:
        """The finding of one definition.

        Raises
        ------
        KeyError
            If it is no key of `DEFINITIONS`.
        """
        return {finding.definition: finding for finding in self.findings}[definition]

    @property
    def holding(self) -> tuple[str, ...]:
        """Definitions that hold."""
        return tuple(finding.definition for finding in self.findings if finding.holds)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "stage": self.stage,
            "why": self.why,
            "generation": self.generation,
            "baseline": self.baseline,
            "definitions": {finding.definition: finding.to_dict() for finding in self.findings},
        }
