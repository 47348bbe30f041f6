"""Pipelines and stand-ins for other planning that the tests of levers share."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from headwater.fields import parse_field
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.pipeline import Pipeline
from headwater.planning.levers import Comparison, Plans, Prices, Row, compare
from headwater.planning.levers.judging import Judge
from headwater.planning.targets import Targets, scope_of


@dataclass(frozen=True)
class Found:
    """Stands in for an allocation or a weighting."""

    pipeline: Pipeline

    @property
    def after(self) -> Pipeline:
        return self.pipeline


def pipeline_of(flows, sources=(), models=(), generations=5, regime=None) -> Pipeline:
    return Pipeline(InteractionGraph.from_flows(flows, sources, models), regime, generations)


def lone(samples=100, **more) -> Pipeline:
    return pipeline_of([("a", "a", samples)], **more)


def grounded(real=100, synthetic=900, **more) -> Pipeline:
    return pipeline_of([("web", "a", real), ("a", "a", synthetic)], ["web"], **more)


def tangle() -> Pipeline:
    """A closed loop, models downstream of it, weights, an archive, a frozen model."""
    return pipeline_of(
        [
            ("web", "teacher", 300),
            Flow("student", "teacher", 700, 0.5),
            ("teacher", "student", 1000),
            ("books", "student", 50),
            ("left", "right", 400),
            ("right", "left", 500),
            ("left", "writer", 300),
            ("web", "writer", 100),
            ("judge", "writer", 200),
        ],
        ["web", Source("books", "fixed", 5000)],
        [Model("judge", frozen=True, initial={"books": 2000}), Model("left", initial={"books": 400})],
    )


def with_fields(pipeline: Pipeline, **values) -> Pipeline:
    for name, value in values.items():
        field = parse_field(name, pipeline)
        pipeline = field.set(pipeline, value)
    return pipeline


def with_samples(pipeline: Pipeline, samples) -> Pipeline:
    return replace(pipeline, graph=replace(pipeline.graph, samples=np.asarray(samples, dtype=float)))


def compared(pipeline: Pipeline, targets: Targets, plans=None, prices=None, names=None) -> Comparison:
    return compare(pipeline, targets, scope_of(pipeline.graph, names), prices or Prices(), plans)


def judged(pipeline: Pipeline, targets: Targets) -> Judge:
    return Judge(pipeline, targets, scope_of(pipeline.graph), Prices(), lambda said: None)


def row_of(comparison: Comparison, lever: str, done: str = "") -> Row:
    found = [row for row in comparison.rows if row.lever == lever and done in row.done]
    assert len(found) == 1, [row.done for row in comparison.rows if row.lever == lever]
    return found[0]


def plans_of(allocation=None, weighting=None, verifier=None, allocate=None) -> Plans:
    return Plans(
        None if allocation is None else Found(allocation),
        None if weighting is None else Found(weighting),
        verifier,
        allocate,
    )
