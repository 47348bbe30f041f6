"""Levers on single flows between models: cut one, or let its learner hear its provider's first self."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from headwater.errors import NoSteadyState
from headwater.fields import Field
from headwater.graph import InteractionGraph
from headwater.grounding import ground
from headwater.pipeline import Pipeline
from headwater.planning.changes import Change
from headwater.planning.levers.judging import Judge, horizon_in, is_closer, is_met
from headwater.planning.levers.values import Row
from headwater.planning.outlook import outlook, regime_of
from headwater.planning.targets import Target, When
from headwater.regimes import Replace, Window
from headwater.report.words import plain
from headwater.theory.derivatives import followed, inflation_slopes, settled
from headwater.theory.flows import Flows
from headwater.theory.system import Array, Flag, Index, build, has_known_counts

BEST = 3
"""Flows shown of each lever."""

EVERY = 200
"""Flows up to which each is looked at, and that many are at most."""

LEAST = 12
"""Flows looked at, at least."""

WORK = 4_000
"""Models times flows that are looked at, about."""

LARGEST = 2_000
"""Models up to which any flow is looked at."""

Changed = tuple[Pipeline, tuple[Change, ...]]


def cutting(judge: Judge) -> tuple[list[Row], list[str]]:
    """Flows whose removal helps most; never a learner's last."""
    graph = judge.pipeline.graph
    fed = np.bincount(graph.learner, minlength=len(graph.model_names))
    able = _between_models(graph) & (fed[graph.learner] > 1)
    only = int((_between_models(graph) & ~able).sum())
    note = f"{only:,} flows were not tried: each is all that its model learns from"
    if only < 2:
        note = "1 flow was not tried: it is all that its model learns from" if only else ""
    return _best(judge, "cut", able, _cut, note)


def freezing(judge: Judge) -> tuple[list[Row], list[str]]:
    """Flows that help most where their provider's first self takes the provider's place."""
    graph = judge.pipeline.graph
    models = len(graph.model_names)
    given = np.zeros(models, dtype=bool)
    given[graph.initial_model] = True
    batch = np.bincount(graph.learner, graph.samples, models)
    ready = graph.trained & (given | ~np.isnan(batch))
    able = _between_models(graph)
    able[able] = ready[graph.provider[able]]
    return _best(judge, "freeze", able, _freeze, "")


def _best(
    judge: Judge, lever: str, able: Flag, pull: Callable[[Pipeline, int], Changed], note: str
) -> tuple[list[Row], list[str]]:
    verb = "cutting" if lever == "cut" else "freezing"
    total = int(able.sum())
    if not total:
        return [], [f"{verb} a flow: there is none between models that could be{note and '; '}{note}"]
    if judge.known > LARGEST:
        return [], [f"{verb} a flow: {judge.known:,} models are many for it"]
    chosen = _candidates(judge, able, lever)
    found = []
    for number, at in enumerate(chosen):
        judge.say(f"{verb} flows, {number + 1} of {len(chosen)}")
        distance = judge.distance(pull(judge.pipeline, at)[0])
        if is_met(distance) or is_closer(distance, judge.distance_before):
            found.append((distance, at))
    found.sort(key=lambda each: ((0.0, 0, 0.0) if is_met(each[0]) else each[0], -_samples(judge, each[1])))
    some = f"looked at {len(chosen):,} of {total:,} flows, the most promising" if len(chosen) < total else ""
    looked = "; ".join(each for each in (some, note) if each)
    if not found:
        return [], [
            f"{verb} any one of {len(chosen):,} flows brings no target closer{looked and '; '}{looked}"
        ]
    rows = []
    for _, at in found[:BEST]:
        changed, changes = pull(judge.pipeline, at)
        rows.append(judge.row(lever, _done(judge.pipeline, lever, at), changed, changes, looked))
    return rows, []


def _samples(judge: Judge, at: int) -> float:
    return float(np.nan_to_num(judge.pipeline.graph.samples[at]))


def _candidates(judge: Judge, able: Flag, lever: str) -> list[int]:
    """Numbers of the flows to look at: by the condition first, then by exact derivatives."""
    graph = judge.pipeline.graph
    flows = np.flatnonzero(able)
    room = max(LEAST, min(EVERY, WORK // max(judge.known, 1)))
    if len(flows) <= room:
        return [int(at) for at in flows]
    grounding = ground(graph)
    closed = np.isin(grounding.component, grounding.ungrounded)
    inside = closed[graph.learner[flows]]
    leaves = closed[graph.provider[flows]] & ~inside
    first = leaves * 2 + ~inside if lever == "cut" else inside * 2 + leaves
    order = np.lexsort((-_harm(judge)[flows], -first))
    return [int(at) for at in flows[order][:room]]


def _harm(judge: Judge) -> Array:
    """(flows,) what the worst inflation would lose without each flow, to first order; else its samples."""
    graph, regime = judge.pipeline.graph, regime_of(judge.pipeline)
    known = has_known_counts(graph)
    harm = np.nan_to_num(graph.samples)
    if not isinstance(regime, Replace) and regime != Window(1):
        return harm
    system = build(graph, known)
    flows = Flows.of(system)
    found = outlook(judge.pipeline, None, ("inflation",))
    when: When = "horizon" if judge.is_ungrounded else "limit"
    _, worst = found.worst(Target("inflation", 1.0), when, judge.scope)
    place = np.flatnonzero(system.trained == worst)
    if not len(place):
        return harm
    coefficient = np.zeros(len(system.trained))
    coefficient[place] = 1.0
    harm = np.full(len(graph.provider), -np.inf)
    harm[flows.number] = _slopes(flows, coefficient, horizon_in(judge)) * flows.samples
    return harm


def _slopes(flows: Flows, coefficient: Array, horizon: int) -> Array:
    """(flows,) by samples, in the limit; at the horizon where there is none."""
    try:
        return inflation_slopes(settled(flows), coefficient)
    except NoSteadyState:
        return inflation_slopes(followed(flows, horizon), coefficient)


def _cut(pipeline: Pipeline, at: int) -> Changed:
    flow = pipeline.graph.flow(at)
    field = Field("flow", (flow.provider, flow.model), "samples")
    return field.set(pipeline, 0), (Change(str(field), flow.samples, None),)


def _freeze(pipeline: Pipeline, at: int) -> Changed:
    """A new frozen model in the provider's place, from the provider's initial samples."""
    graph, flow = pipeline.graph, pipeline.graph.flow(at)
    provider, models = int(graph.provider[at]), len(graph.model_names)
    name = _free_name(graph, f"{flow.provider} (generation 0)")
    sources, counts, new_source = _first_samples(graph, provider)
    shifted = graph.provider + (graph.provider >= models)
    shifted[at] = models
    size, fixed, names = graph.size, graph.fixed, graph.source_names
    if new_source:
        size, fixed, names = np.append(size, np.nan), np.append(fixed, False), (*names, new_source)
    changed = replace(
        graph,
        model_names=(*graph.model_names, name),
        source_names=names,
        fixed=fixed,
        size=size,
        frozen=np.append(graph.frozen, True),
        external=np.append(graph.external, False),
        provider=shifted.astype(np.int32),
        initial_model=np.append(graph.initial_model, np.full(len(sources), models)).astype(np.int32),
        initial_source=np.append(graph.initial_source, sources).astype(np.int32),
        initial_samples=np.append(graph.initial_samples, counts),
    )
    changes = [Change(f"{flow.provider}->{flow.model}", flow.samples, None)]
    changes.append(Change(f"frozen model {name}", None, "a copy, as it is at generation 0"))
    changes += [
        Change(f"{name}.initial.{names[source]}", None, int(count))
        for source, count in zip(sources, counts, strict=True)
    ]
    changes.append(Change(f"{name}->{flow.model}", None, flow.samples))
    return replace(pipeline, graph=changed), tuple(changes)


def _first_samples(graph: InteractionGraph, model: int) -> tuple[Index, Array, str]:
    """Sources and counts of a model's generation 0, and the name of the source where it is new."""
    given = graph.initial_model == model
    if given.any():
        return graph.initial_source[given], graph.initial_samples[given], ""
    into = graph.learner == model
    count = np.array([graph.samples[into].sum()])
    models = len(graph.model_names)
    own = graph.provider[into] - models
    fresh = [*(int(at) for at in own if at >= 0 and not graph.fixed[at]), *np.flatnonzero(~graph.fixed)]
    if fresh:
        return np.array(fresh[:1], dtype=np.int32), count, ""
    new = np.array([len(graph.source_names)], dtype=np.int32)
    return new, count, _free_name(graph, "real data (generation 0)")


def _free_name(graph: InteractionGraph, name: str) -> str:
    taken = {*graph.model_names, *graph.source_names}
    free, number = name, 2
    while free in taken:
        free, number = f"{name} {number}", number + 1
    return free


def _between_models(graph: InteractionGraph) -> Flag:
    return np.asarray(graph.provider < len(graph.model_names))


def _done(pipeline: Pipeline, lever: str, at: int) -> str:
    flow = pipeline.graph.flow(at)
    provider, learner = plain(flow.provider), plain(flow.model)
    if lever == "cut":
        return f"{provider}->{learner} is removed"
    return f"{learner} hears {provider} as it was at generation 0, for ever"
