"""Whether fewer samples help a model, or only make the generation worse that it is compared with."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from headwater.grounding import ancestors
from headwater.pipeline import Pipeline
from headwater.planning.outlook import CLOSE, outlook
from headwater.planning.reasons import upstream_part
from headwater.planning.targets import When
from headwater.planning.thresholds.solving import Search, Solved
from headwater.theory.system import Array

LOOKED_AT = 200
"""Models that a model rests on, up to which it is computed."""

FURTHER = 1.1
"""Times the threshold: how far beyond it is looked at least."""

ONLY = "fewer samples lower inflation only because they make generation 0 worse"


def only_by_the_start(search: Search, solved: Solved, binding: Iterable[str]) -> str:
    """A sentence, where fewer samples lower inflation and not the error; else nothing.

    A model that starts by default starts from its budget. So its inflation is computed from one
    fixed start, at the threshold and at more samples: where it is no higher at more, only
    the start makes the difference.
    """
    knob = search.knob
    graph, value = knob.pipeline.graph, solved.value
    samples = knob.field.key == "samples" and knob.way == "addition"
    if value is None or solved.direction != "most" or not samples:
        return ""
    name = knob.field.names[1]
    model = graph.index_of(name)
    if "inflation" not in search.targets.quantities or name not in binding or model in graph.initial_model:
        return ""
    more = float(min(max(knob.current or 0, np.ceil(FURTHER * value), value + 1), search.domain.high))
    if ancestors(knob.at(more).graph, np.array([model])).sum() > LOOKED_AT:
        return ""
    started = dataclasses.replace(knob, pipeline=_started(knob.at(more), name))
    few, many = (_inflation(search, started.at(number), name) for number in (value, more))
    helps = few < many * (1 - CLOSE)
    return "" if helps.any() or not np.isfinite(few).any() else ONLY


def _started(pipeline: Pipeline, name: str) -> Pipeline:
    """What the model rests on alone; the model starts from as many fresh samples as flow into it here."""
    graph, model = upstream_part(pipeline.graph, pipeline.graph.index_of(name))
    own = "start"
    while own in graph.source_names or own in graph.model_index:
        own += "'"
    graph = dataclasses.replace(
        graph,
        source_names=(*graph.source_names, own),
        fixed=np.append(graph.fixed, False),
        size=np.append(graph.size, np.nan),
        initial_model=np.append(graph.initial_model, np.int32(model)),
        initial_source=np.append(graph.initial_source, np.int32(len(graph.source_names))),
        initial_samples=np.append(graph.initial_samples, graph.samples[graph.learner == model].sum()),
    )
    return dataclasses.replace(pipeline, graph=graph)


def _inflation(search: Search, pipeline: Pipeline, name: str) -> Array:
    """(times,) of one model."""
    found = outlook(pipeline, search.law, ["inflation"])
    times: tuple[When, ...] = search.targets.times
    at = pipeline.graph.index_of(name)
    return np.array([found.columns["inflation", when][at] for when in times])
