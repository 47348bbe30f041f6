"""How pipelines are judged against the targets: fully for a row, and shortly while looking for one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from headwater.diagnosis.setting import DENSE_UP_TO
from headwater.errors import LawError, NoLaw
from headwater.grounding import ground
from headwater.pipeline import Pipeline
from headwater.planning.changes import Change
from headwater.planning.levers.costing import added_cost
from headwater.planning.levers.values import Distance, Outcome, Prices, Row
from headwater.planning.outlook import CLOSE, Outlook, horizon_of, outlook, reached, regime_of
from headwater.planning.outlook import is_met as meets
from headwater.planning.targets import TIMES, Quantity, Scope, Target, Targets, When
from headwater.regimes import Accumulate, AccumulateSubsample
from headwater.theory.system import Array, Flag, build, has_known_counts

UNKNOWN: Distance = (math.inf, 2**31, math.inf)


@dataclass(frozen=True, eq=False)
class Judge:
    """One pipeline, what it is to reach at which models, and what changes cost.

    Attributes
    ----------
    say
        Told what is being done.
    """

    pipeline: Pipeline
    targets: Targets
    scope: Scope
    prices: Prices
    say: Callable[[str], None]

    @cached_property
    def before(self) -> Row:
        """The pipeline as it is.

        Raises
        ------
        NoLaw, LawError
            As `headwater.diagnose`.
        """
        outcome = self._outcome(self.pipeline, None)
        return Row("nothing", "the pipeline as it is", (), 0.0, outcome, self.pipeline)

    @cached_property
    def distance_before(self) -> Distance:
        """Of the pipeline as it is."""
        return self.distance(self.pipeline)

    @cached_property
    def is_ungrounded(self) -> bool:
        """Whether some model in scope rests on a closed loop."""
        return bool((ground(self.pipeline.graph).is_ungrounded & self.scope.models).any())

    @property
    def pools(self) -> bool:
        """Whether the pipeline keeps every sample already."""
        return isinstance(regime_of(self.pipeline), Accumulate | AccumulateSubsample)

    @property
    def is_hopeless(self) -> bool:
        """Whether no limit can be met while a closed loop stays one and old data are dropped."""
        return self.is_ungrounded and "limit" in self.targets.times and not self.pools

    @property
    def known(self) -> int:
        """Models that theory follows."""
        return int(has_known_counts(self.pipeline.graph).sum())

    def row(
        self, lever: str, done: str, changed: Pipeline, changes: tuple[Change, ...], note: str = ""
    ) -> Row:
        """What a changed pipeline reaches and costs."""
        cost = added_cost(self.pipeline, changed, self.prices)
        base = self.before.outcome
        outcome: Outcome | None
        try:
            outcome = self._outcome(changed, base.risk if base else None)
        except (NoLaw, LawError) as reason:
            outcome, said = None, f"no law is known for it: {reason.problem}"
        else:
            unknown = [each.target.quantity for each in outcome.reached if each.value is None]
            names = " and ".join(unknown).replace("_", " ")
            said = f"theory has no {names} for it" if unknown else ""
        whole = "; ".join(each for each in (note, said) if each)
        return Row(lever, done, changes, cost, outcome, changed, whole)

    def distance(self, changed: Pipeline) -> Distance:
        """How far a pipeline is from the targets; only what these need is worked out."""
        try:
            found = outlook(changed, None, self.targets.quantities)
        except (NoLaw, LawError):
            return UNKNOWN
        return self._distance(found, self._scope_in(changed))

    def _distance(self, found: Outlook, scope: Scope) -> Distance:
        ratios = {when: self._ratios(found, when, scope.models) for when in TIMES}
        judged = np.array([ratios[when] for when in self.targets.times])
        if np.isnan(judged).all():
            return UNKNOWN
        missed = (np.nan_to_num(judged, nan=0.0, posinf=math.inf) > 1 + CLOSE).any(axis=0)
        missed |= any(self._is_unknown(found, target, scope) for target in self.targets)
        now = ratios["horizon"]
        return (
            float(np.nanmax(judged)),
            int(missed.sum()),
            math.inf if np.isnan(now).all() else float(np.nanmax(now)),
        )

    def _is_unknown(self, found: Outlook, target: Target, scope: Scope) -> bool:
        """Whether nothing is known of a target, at any time at which it is to hold."""
        return all(found.worst(target, when, scope)[1] < 0 for when in self.targets.times)

    def _met_when(self, found: Outlook, scope: Scope) -> tuple[When, ...]:
        """Times at which every target is known to be met, at every model in scope."""

        def known_to_be_met(target: Target, when: When) -> bool:
            known = not np.isnan(found.columns[target.quantity, when][scope.models]).any()
            return known and meets(target, found.worst(target, when, scope)[0])

        return tuple(
            when
            for when in self.targets.times
            if all(known_to_be_met(target, when) for target in self.targets)
        )

    def _ratios(self, found: Outlook, when: When, models: Flag) -> Array:
        """(models in scope,) the worst value over its bound, of all targets; NaN where none is known."""
        worst = np.full(int(models.sum()), np.nan)
        for target in self.targets:
            values = found.columns[target.quantity, when][models]
            with np.errstate(divide="ignore"):
                worst = np.fmax(worst, values / target.bound if target.is_upper else target.bound / values)
        return worst

    def _outcome(self, changed: Pipeline, risk_before: float | None) -> Outcome:
        found = outlook(changed)
        scope = self._scope_in(changed)

        def worst(quantity: Quantity, when: When) -> float | None:
            value, at = found.worst(Target(quantity, 1.0), when, scope)
            return None if at < 0 else value

        def least(quantity: Quantity) -> float | None:
            both = [value for when in TIMES if (value := worst(quantity, when)) is not None]
            return min(both, default=None)

        risk = _worst_risk(found, scope)
        return Outcome(
            worst("inflation", "horizon"),
            worst("inflation", "limit"),
            least("diversity"),
            least("tail_sample"),
            risk,
            risk / (risk_before or risk) if risk else None,
            reached(found, self.targets, scope),
            self._distance(found, scope),
            self._met_when(found, scope),
        )

    def _scope_in(self, changed: Pipeline) -> Scope:
        """The same models in a pipeline that may have more of them."""
        names = changed.graph.model_names
        if len(names) == len(self.scope.models):
            return self.scope
        models = np.zeros(len(names), dtype=bool)
        models[: len(self.scope.models)] = self.scope.models
        return Scope(models, self.scope.left_out)


def is_met(distance: Distance) -> bool:
    """Whether every target is met."""
    return distance[1] == 0


def is_closer(distance: Distance, than: Distance) -> bool:
    """Whether a lever brings some target closer, by more than rounding."""
    for one, other in zip(distance, than, strict=True):
        if one < other - CLOSE * min(abs(other), 1e300):
            return True
        if one > other:
            return False
    return False


def horizon_in(judge: Judge) -> int:
    """The generation at which a horizon's targets hold."""
    return horizon_of(judge.pipeline)


def _worst_risk(found: Outlook, scope: Scope) -> float | None:
    """The most risk at the horizon, in units of the population's variance."""
    graph = found.pipeline.graph
    known = has_known_counts(graph)
    if int(known.sum()) > DENSE_UP_TO or not known.any():
        return None
    pools = isinstance(regime_of(found.pipeline), Accumulate | AccumulateSubsample)
    system = build(graph, known, archives_once=pools)
    risk = np.full(len(known), np.nan)
    risk[system.models] = system.start.risk(system.archive_size)
    risk *= found.columns["inflation", "horizon"]
    inside = risk[scope.models]
    return None if np.isnan(inside).all() else float(np.nanmax(inside))
