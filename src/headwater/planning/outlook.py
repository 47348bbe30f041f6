"""What theory says of a pipeline where targets look: at the horizon and in the limit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from headwater.diagnosis import GENERATIONS
from headwater.diagnosis.growths import GROWTHS, growths
from headwater.diagnosis.quantities import diversity_of, tails_of
from headwater.diagnosis.setting import Setting
from headwater.grounding import Grounding, ground
from headwater.pipeline import Pipeline
from headwater.planning.targets import QUANTITIES, Quantity, Scope, Target, Targets, When
from headwater.regimes import Regime, Replace
from headwater.theory.laws import Asymptotic, Law
from headwater.theory.system import Array, has_known_counts

CLOSE = 1e-9
"""Relative, by which rounding may pass a bound."""


@dataclass(frozen=True, eq=False)
class Outlook:
    """Quantities of every model of a pipeline, by ``(quantity, when)``.

    Each column is ``(models,)``; inflation is infinite, and diversity and tail sample 0, where
    collapse is certain; NaN where theory knows no value (such as limits under regimes that keep
    old data, or what rests on unknown counts).
    """

    pipeline: Pipeline
    grounding: Grounding
    columns: dict[tuple[Quantity, When], Array]
    notes: tuple[str, ...]

    def worst(self, target: Target, when: When, scope: Scope) -> tuple[float, int]:
        """The value furthest from the target among the scope's models, and whose it is.

        NaN and -1 where no value is known.
        """
        column = np.where(scope.models, self.columns[target.quantity, when], math.nan)
        if np.isnan(column).all():
            return math.nan, -1
        at = int(np.nanargmax(column) if target.is_upper else np.nanargmin(column))
        return float(column[at]), at


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a pipeline comes with one target: the worst of its models at the worst time.

    `value` is None where nothing is known; `model` and `when` say where it is worst.
    """

    target: Target
    value: float | None
    model: str
    when: When
    met: bool

    def to_dict(self) -> dict[str, object]:
        """As in documents; what has no bound is None."""
        finite = self.value is not None and math.isfinite(self.value)
        return {
            "bound": self.target.bound if math.isfinite(self.target.bound) else None,
            "value": self.value if finite else None,
            "infinite": self.value is not None and math.isinf(self.value),
            "model": self.model,
            "when": self.when,
            "met": self.met,
        }


def regime_of(pipeline: Pipeline) -> Regime:
    """The pipeline's regime, or replace."""
    return pipeline.regime or Replace()


def horizon_of(pipeline: Pipeline) -> int:
    """The pipeline's generations, or those of a diagnosis."""
    return pipeline.generations or GENERATIONS


def outlook(
    pipeline: Pipeline, law: Law | None = None, quantities: Iterable[Quantity] = QUANTITIES
) -> Outlook:
    """Every wanted quantity at the horizon and in the limit, as `headwater.diagnose` finds them.

    Raises
    ------
    NoLaw, LawError
        As `headwater.diagnose`.
    """
    law = law or Asymptotic()
    grounding = ground(pipeline.graph)
    known = has_known_counts(pipeline.graph)
    setting = Setting(grounding, regime_of(pipeline), horizon_of(pipeline), known)
    columns: dict[tuple[Quantity, When], Array] = {}
    wanted = set(quantities)
    if "inflation" in wanted:
        columns |= _inflation(setting, law)
    lost = known & grounding.is_ungrounded & (not setting.pools)
    for quantity, find in (("diversity", diversity_of), ("tail_sample", tails_of)):
        if quantity not in wanted:
            continue
        table, limit = find(setting)
        nothing = np.full(setting.models, math.nan)
        columns[quantity, "horizon"] = nothing if table is None else table[-1]
        columns[quantity, "limit"] = np.where(lost & np.isnan(limit), 0.0, limit)
    return Outlook(pipeline, grounding, columns, tuple(setting.notes))


def _inflation(setting: Setting, law: Law) -> dict[tuple[Quantity, When], Array]:
    known, graph = setting.keep, setting.graph
    nothing = np.full(setting.models, math.nan)
    if not known.any():
        return {("inflation", "horizon"): nothing, ("inflation", "limit"): nothing}
    recursion = law.recursion(graph, setting.regime, known)
    growth, _ = growths(setting, law, recursion)
    risk = setting.followed(recursion)
    bounded = growth == GROWTHS.index("bounded")
    limit = setting.limit(law, recursion, known & bounded & ~setting.grounding.is_ungrounded)
    grows = (growth == GROWTHS.index("linear")) | (growth == GROWTHS.index("exponential"))
    limit = np.where(known & grows, math.inf, limit)
    if risk is None:
        return {("inflation", "horizon"): nothing, ("inflation", "limit"): nothing}
    with np.errstate(divide="ignore", invalid="ignore"):
        return {("inflation", "horizon"): risk[-1] / risk[0], ("inflation", "limit"): limit / risk[0]}


def reached(found: Outlook, targets: Targets, scope: Scope) -> tuple[Reached, ...]:
    """How far each target is reached; one entry a target, at the model and time furthest from it.

    A limit that theory does not know is not judged; a target of which nothing is known is not met.
    """
    answers = []
    for target in targets:
        best: Reached | None = None
        for when in targets.times:
            value, at = found.worst(target, when, scope)
            if at < 0:
                continue
            one = Reached(target, value, found.pipeline.graph.model_names[at], when, is_met(target, value))
            if best is None or best.value is None or _further(target, value, best.value):
                best = one
        answers.append(best or Reached(target, None, "", targets.times[0], False))
    return tuple(answers)


def is_met(target: Target, value: float) -> bool:
    """Whether a value meets a target, up to rounding."""
    if target.is_upper:
        return value <= target.bound * (1 + CLOSE)
    return value >= target.bound * (1 - CLOSE)


def _further(target: Target, value: float, than: float) -> bool:
    return value > than if target.is_upper else value < than
