"""How far every model is from every target at a value of the field, in logarithms; at least 0 is met."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from headwater.graph import InteractionGraph
from headwater.grounding import ground
from headwater.pipeline import Pipeline
from headwater.planning.outlook import CLOSE, horizon_of, outlook, regime_of
from headwater.planning.targets import Scope, Target, Targets, When
from headwater.planning.thresholds.rows import Numbers, Rows
from headwater.planning.thresholds.ways import Knob
from headwater.regimes import Replace, Window
from headwater.theory.flows import Flows
from headwater.theory.laws import Law
from headwater.theory.system import Array, Flag, build, has_known_counts

KEPT = 4096
"""Values whose slacks are kept."""


_NOBODY: tuple[Numbers, Array] = (np.zeros(0, dtype=np.int64), np.zeros((0, 0, 0)))


class Judge(Protocol):
    """Slacks at every value of a knob."""

    @property
    def scope(self) -> Scope:
        """Who is judged."""
        ...

    def slack(self, number: float) -> Array:
        """(targets, times, models) logarithm of how far within its bound each value is.

        Infinite where a model is out of scope or not looked at; NaN where a time is not judged.
        """
        ...


def slack_of(target: Target, values: Array) -> Array:
    """How far within the bound, up to rounding; minus infinity where a value is without bound."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if target.is_upper:
            answer = np.log(target.bound * (1 + CLOSE)) - np.log(values)
        else:
            answer = np.log(np.maximum(values, 0.0)) - np.log(target.bound * (1 - CLOSE))
    return np.asarray(answer)


def worst(slack: Array) -> Array:
    """(models,) the least over targets and times; a target of which nothing is known is not met."""
    unknown = np.isnan(slack).all(axis=1)
    least = np.where(np.isnan(slack), np.inf, slack).min(axis=1)
    return np.asarray(np.where(unknown, -np.inf, least).min(axis=0))


@dataclass(frozen=True, eq=False)
class Whole:
    """By the outlook of the changed pipeline: any law, any regime, every quantity.

    A limit that theory knows at the value `near` and does not at another (for rounding there hides
    the loss of a step) counts as missed there.
    """

    knob: Knob
    targets: Targets
    law: Law
    scope: Scope
    near: float
    _kept: dict[float, Array] = field(default_factory=dict)

    def slack(self, number: float) -> Array:
        """See `Judge.slack`."""
        if number not in self._kept:
            found = self._slack(number)
            lost = np.isnan(found) & ~np.isnan(found if number == self.near else self.slack(self.near))
            found[lost] = -np.inf
            found[:, :, ~self.scope.models] = np.inf
            if len(self._kept) < KEPT:
                self._kept[number] = found
            return found
        return self._kept[number]

    def _slack(self, number: float) -> Array:
        found = outlook(self.knob.at(number), self.law, self.targets.quantities)
        return np.array(
            [
                [slack_of(target, found.columns[target.quantity, when]) for when in self.targets.times]
                for target in self.targets
            ]
        )


@dataclass(eq=False)
class Few:
    """Inflation under replace by the asymptotic law, of `active` models only unless all are asked for."""

    knob: Knob
    targets: Targets
    scope: Scope
    active: Numbers
    _guess: int = 16
    _kept: dict[float, tuple[Numbers, Array]] = field(default_factory=dict)
    _ungrounded: dict[bytes, Flag] = field(default_factory=dict)

    def slack(self, number: float) -> Array:
        """See `Judge.slack`; infinite of models that are not active."""
        who, found = self._kept.get(number, _NOBODY)
        fresh = np.setdiff1d(self.active, who)
        if len(fresh):
            added = self._of(number, fresh)
            found = np.concatenate([found, added], axis=2) if len(who) else added
            who = np.concatenate([who, fresh])
            self._kept[number] = (who, found)
        whole = np.full((*found.shape[:2], len(self.scope.models)), np.inf)
        whole[:, :, who] = found
        return whole

    def full(self, number: float) -> Array:
        """Of every model in scope."""
        every = np.flatnonzero(self.scope.models)
        who, found = self._kept.get(number, _NOBODY)
        if len(who) < len(every):
            who, found = every, self._of(number, every)
            self._kept[number] = (who, found)
        whole = np.full((*found.shape[:2], len(self.scope.models)), np.inf)
        whole[:, :, who] = found
        return whole

    def settles(self, number: float) -> bool:
        """Whether few enough directions settle slowly there."""
        return "limit" not in self.targets.times or self._rows(number).slow is not None

    def _of(self, number: float, models: Numbers) -> Array:
        rows = self._rows(number)
        both = rows.inflations(self._place[models])
        if rows.slow is not None:
            self._guess = 2 * rows.slow.steps
        # a limit that is not found is no limit that holds
        by_time: dict[When, Array] = {
            "horizon": both[0],
            "limit": np.where(np.isnan(both[1]), np.inf, both[1]),
        }
        return np.array(
            [[slack_of(target, by_time[when]) for when in self.targets.times] for target in self.targets]
        )

    @cached_property
    def _graph(self) -> InteractionGraph:
        """With the flow that is varied, whether or not it is there."""
        graph = self.knob.pipeline.graph
        if self.knob.field.key == "samples":
            return self.knob.field.set(self.knob.pipeline, 1).graph
        return graph

    @cached_property
    def _flows(self) -> Flows:
        return Flows.of(build(self._graph, has_known_counts(self._graph)))

    @cached_property
    def _place(self) -> Numbers:
        """(models,) position among the system's."""
        place = np.full(len(self.scope.models), -1, dtype=np.int32)
        models = self._flows.system.models
        place[models] = np.arange(len(models))
        return place

    @cached_property
    def _varied(self) -> int:
        """Position of the varied flow among the flows."""
        names, graph = self.knob.field.names, self._graph
        ends = [str(graph.provider_name(int(at))) == names[0] for at in graph.provider[self._into]]
        return int(self._into[ends.index(True)])

    @cached_property
    def _into(self) -> Numbers:
        """Numbers of the flows into the model."""
        return np.flatnonzero(self._graph.learner == self._graph.index_of(self.knob.field.names[1]))

    def _rows(self, number: float) -> Rows:
        flows, knob = self._flows, self.knob
        at = np.flatnonzero(flows.number == self._varied)
        if knob.field.key == "weight":
            weight = flows.weight.copy()
            weight[at] = number
            flows = flows.with_weights(weight)
        else:
            samples = flows.samples.copy()
            samples[at] = number
            if knob.way == "replacement" and len(at):
                samples[np.searchsorted(flows.number, knob.others())] = knob.split(number)
            flows = flows.with_samples(samples)
        return Rows(flows, self._without_ground(flows), horizon_of(knob.pipeline), self._guess)

    def _without_ground(self, flows: Flows) -> Flag:
        """(models of the system,) whether none grounds them, flows of no samples left out."""
        kept = flows.samples > 0
        key = np.packbits(kept).tobytes()
        if key not in self._ungrounded:
            graph = self._graph
            there = np.ones(len(graph.provider), dtype=bool)
            there[flows.number] = kept
            self._ungrounded[key] = _ungrounded(graph, there)[flows.system.models]
        return self._ungrounded[key]


def _ungrounded(graph: InteractionGraph, there: Flag) -> Flag:
    """(models,) of the graph with only those flows; a model that is left with none loses none that counts."""
    flows = np.flatnonzero(there)
    part = InteractionGraph(
        model_names=graph.model_names,
        source_names=graph.source_names,
        frozen=graph.frozen,
        external=graph.external,
        fixed=graph.fixed,
        size=graph.size,
        provider=graph.provider[flows],
        learner=graph.learner[flows],
        samples=graph.samples[flows],
        weight=graph.weight[flows],
        initial_model=graph.initial_model,
        initial_source=graph.initial_source,
        initial_samples=graph.initial_samples,
    )
    return ground(part).is_ungrounded


def has_rows(pipeline: Pipeline, knob: Knob, targets: Targets, law: Law) -> bool:
    """Whether `Few` judges it."""
    return (
        regime_of(pipeline) in (Replace(), Window(1))
        and law.name == "asymptotic"
        and set(targets.quantities) == {"inflation"}
        and knob.field.kind == "flow"
    )
