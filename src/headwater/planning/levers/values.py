"""What a comparison of levers is made of: prices, what a lever reaches, its row, and the whole."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from headwater.errors import InputError
from headwater.pipeline import Pipeline
from headwater.planning.changes import Change
from headwater.planning.outlook import Reached
from headwater.planning.targets import Targets, When

LEVERS = {
    "nothing": "doing nothing",
    "real data": "adding real data",
    "weights": "changing loss weights",
    "real data + weights": "adding real data and changing loss weights",
    "accumulate": "accumulating",
    "accumulate-subsample": "accumulating with subsampling",
    "window": "a window of several generations",
    "synthetic budget": "a larger synthetic budget",
    "verifier": "a verifier",
    "cut": "cutting a flow",
    "freeze": "freezing a flow",
}
"""Kinds of levers, and how sentences call them."""

Distance = tuple[float, int, float]
"""How far from the targets: the worst value over its bound, the models that miss one (all of them, where
nothing is known of a target; none: met), and the worst at the horizon."""

KINDS = ("real", "synthetic", "checked", "kept")
"""What has a price: a real sample, one that a model makes, one that a verifier looks at, an old one kept."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Money per sample and generation.

    Attributes
    ----------
    real
        Of a real sample, from sources that `of_source` does not name.
    synthetic
        Of a sample that a model makes for another or for itself.
    checked
        Of a sample that a verifier looks at.
    kept
        Of an old sample that is stored, every generation.
    of_source
        Of a real sample, by the name of its source.

    Raises
    ------
    InputError
        If a price is negative or not finite.
    """

    real: float = 1.0
    synthetic: float = 0.0
    checked: float = 0.0
    kept: float = 0.0
    of_source: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        named = [(name, getattr(self, name)) for name in KINDS]
        for name, price in [*named, *self.of_source.items()]:
            if isinstance(price, bool) or not (isinstance(price, int | float) and 0 <= price < math.inf):
                raise InputError(
                    f"the price of {name!r:.80} is {price!r:.40}",
                    "a price is a finite number, 0 or more, for each sample: --cost real=1.0",
                )

    def of(self, source: str) -> float:
        """Of a real sample from that source."""
        return self.of_source.get(source, self.real)


class Allocated(Protocol):
    """Real samples over models, as `headwater.planning.allocation` finds them."""

    @property
    def pipeline(self) -> Pipeline:
        """With the samples in place."""
        ...


class Weighted(Protocol):
    """Loss weights, as `headwater.planning.weights` finds them."""

    @property
    def after(self) -> Pipeline:
        """With the weights in place."""
        ...


@dataclass(frozen=True, slots=True)
class Verifier:
    r"""Somebody or something that looks at samples and keeps some.

    What it keeps is more often right than wrong if and only if
    :math:`p \phi > (1 - p) \psi` [feng2024verification]_.

    Attributes
    ----------
    keep_right, keep_wrong
        Chances :math:`\phi`, :math:`\psi` that it keeps a right and a wrong sample.
    accuracy
        Chance p that what the model makes is right.

    Raises
    ------
    InputError
        If one lies outside 0 to 1, or nothing would be kept.
    """

    keep_right: float
    keep_wrong: float
    accuracy: float

    def __post_init__(self) -> None:
        for name in ("keep_right", "keep_wrong", "accuracy"):
            value = getattr(self, name)
            if isinstance(value, bool) or not (isinstance(value, int | float) and 0 <= value <= 1):
                raise InputError(f"the verifier's {name} is {value!r:.40}", "it is a chance, between 0 and 1")
        if not self.kept_fraction > 0:
            raise InputError(
                f"a verifier that keeps right samples with chance {self.keep_right:g} and wrong ones with "
                f"{self.keep_wrong:g} keeps nothing where {self.accuracy:g} of them are right",
                "raise keep_right, or cut the flows",
            )

    @property
    def kept_fraction(self) -> float:
        """Samples kept, of those checked."""
        return self.accuracy * self.keep_right + (1 - self.accuracy) * self.keep_wrong

    @property
    def accuracy_after(self) -> float:
        """Right ones, of those kept."""
        return self.accuracy * self.keep_right / self.kept_fraction

    @property
    def threshold(self) -> float:
        """Accuracy above which most of what is kept is right."""
        return self.keep_wrong / (self.keep_right + self.keep_wrong)

    @property
    def is_enough(self) -> bool:
        """Whether most of what is kept is right."""
        return self.accuracy * self.keep_right > (1 - self.accuracy) * self.keep_wrong


@dataclass(frozen=True, slots=True)
class Plans:
    """What other planning has found for the same targets, and what is known of a verifier.

    Attributes
    ----------
    allocation
        Real samples over models; None: that lever is left out.
    weighting
        Loss weights; None: that lever is left out.
    verifier
        None: that lever is left out.
    allocate
        Finds an allocation for another pipeline, at the same targets and supply; for pairs.
    weigh
        Finds loss weights for another pipeline; for pairs.
    """

    allocation: Allocated | None = None
    weighting: Weighted | None = None
    verifier: Verifier | None = None
    allocate: Callable[[Pipeline], Allocated] | None = None
    weigh: Callable[[Pipeline], Weighted] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is reached over the models in scope; None where theory knows no value.

    Attributes
    ----------
    inflation_horizon, inflation_limit
        The most, at the horizon and in the limit; infinite where risk grows without bound.
    diversity, tail_sample
        The least, at the horizon or in the limit.
    risk
        The most at the horizon, in units of the population's variance.
    risk_ratio
        That, over the same before any lever: generation 0 of the two may differ.
    reached
        One entry a target.
    distance
        How far from the targets, to rank by.
    met_when
        Of the times at which targets are to hold, those at which every target is known to be met at
        every model in scope.
    """

    inflation_horizon: float | None
    inflation_limit: float | None
    diversity: float | None
    tail_sample: float | None
    risk: float | None
    risk_ratio: float | None
    reached: tuple[Reached, ...]
    distance: Distance
    met_when: tuple[When, ...]

    @property
    def met(self) -> bool | None:
        """Whether every target is; None where that rests on one of which nothing is known."""
        if any(each.value is not None and not each.met for each in self.reached):
            return False
        return None if any(each.value is None for each in self.reached) else True

    def to_dict(self) -> dict[str, object]:
        """As in documents; what is infinite is None, and `infinite` says so."""
        values = (self.inflation_horizon, self.inflation_limit, self.tail_sample, self.risk_ratio)
        return {
            "inflation_horizon": _finite(self.inflation_horizon),
            "inflation_limit": _finite(self.inflation_limit),
            "infinite": math.inf in values,
            "diversity": self.diversity,
            "tail_sample": _finite(self.tail_sample),
            "risk_ratio": _finite(self.risk_ratio),
            "targets": {each.target.option: each.to_dict() for each in self.reached},
        }


@dataclass(frozen=True, eq=False)
class Row:
    """One lever, pulled alone (or a pair that says so).

    Attributes
    ----------
    lever
        What kind, one of `LEVERS`.
    done
        What is done, in words.
    changes
        The same, field by field.
    cost
        Money per generation beside what the pipeline costs as it is; below 0 it saves.
    outcome
        None where no theory covers it; `note` says why.
    pipeline
        With the changes made.
    note
        What else to know; may be empty.
    """

    lever: str
    done: str
    changes: tuple[Change, ...]
    cost: float
    outcome: Outcome | None
    pipeline: Pipeline | None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether every target is met; None where theory does not know."""
        return None if self.outcome is None else self.outcome.met

    def to_dict(self) -> dict[str, object]:
        """As in documents."""
        return {
            "lever": self.lever,
            "done": self.done,
            "cost": self.cost,
            "met": self.met,
            "met_when": [] if self.outcome is None else list(self.outcome.met_when),
            "reached": None if self.outcome is None else self.outcome.to_dict(),
            "changes": [change.to_dict() for change in self.changes],
            "note": self.note,
        }


@dataclass(frozen=True, eq=False)
class Comparison:
    """Levers side by side.

    Attributes
    ----------
    targets, horizon
        What is to be reached, and the generation that "horizon" means.
    before
        The pipeline as it is.
    rows
        Those that meet the targets, cheapest first; then the rest, closest first.
    front
        What no other beats both in cost and in every target, cheapest first; the pipeline as it is and
        other sizes of a lever are among what is compared.
    advice
        Two sentences.
    left_out
        What was not looked at, or of no use, in sentences.
    """

    targets: Targets
    horizon: int
    before: Row
    rows: tuple[Row, ...]
    front: tuple[Row, ...]
    advice: tuple[str, str]
    left_out: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """As in documents."""
        return {
            "horizon": self.horizon,
            "targets": {target.option: target.bound for target in self.targets},
            "before": self.before.to_dict(),
            "rows": [row.to_dict() for row in self.rows],
            "front": [row.to_dict() for row in self.front],
            "advice": list(self.advice),
            "left_out": list(self.left_out),
        }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
