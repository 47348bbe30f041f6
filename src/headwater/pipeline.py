"""A pipeline, as a value and as a file: interaction graph, regime and horizon.

How the file is spelt is in `headwater.pipeline_file`; what it means is here.
"""

from __future__ import annotations

import hashlib
import numbers
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from headwater.emission import Emission
from headwater.errors import GraphError, InputError
from headwater.files import FilePath, read_bytes, write_bytes
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.pipeline_file.document import (
    LONGEST_RUN,
    VERSIONS,
    Document,
    FlowEntry,
    read_document,
    schema,
)
from headwater.pipeline_file.tree import Tree, read_tree
from headwater.pipeline_file.writing import to_yaml
from headwater.regimes import NAMED, Regime, Window, parse_regime

LARGEST_FILE = 64 * 2**20
"""Bytes."""


@dataclass(frozen=True)
class Pipeline:
    """An interaction graph, what happens to old data, and for how long: what a file holds.

    Attributes
    ----------
    graph
        Sources, models and flows.
    regime
        What happens to old training data; ``None``: not said.
    generations
        Rounds of retraining, 1 to 1,000,000; ``None``: not said.
    name
        What people call it; may be empty.
    sha256
        Of the bytes of the file it was read from, in hexadecimal; takes no part in ``==``.

    Raises
    ------
    GraphError
        If `generations` is no such number.

    Examples
    --------
    >>> graph = InteractionGraph.from_flows([("web", "a", 10)], sources=["web"])
    >>> Pipeline(graph, generations=20).generations
    20
    """

    graph: InteractionGraph
    regime: Regime | None = None
    generations: int | None = None
    name: str = ""
    sha256: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.generations is not None:
            object.__setattr__(self, "generations", _horizon(self.generations))


def read_pipeline(path: FilePath) -> Pipeline:
    """The pipeline in a YAML file.

    Raises
    ------
    InputError
        For the first thing wrong with the file or what is in it; names file and line.
    """
    return parse_pipeline(read_bytes(path, LARGEST_FILE), os.fspath(path))


def parse_pipeline(content: str | bytes, path: str = "<text>") -> Pipeline:
    """The pipeline in YAML text; `path` is what errors call it.

    Raises
    ------
    InputError
        For the first thing wrong; names `path` and the line.

    Examples
    --------
    >>> text = "{headwater: 1, models: {a: {}}, flows: [{from: a, to: a, samples: 100}]}"
    >>> parse_pipeline(text).graph
    InteractionGraph(1 models, 0 sources, 1 flows)
    """
    tree = read_tree(content, path)
    with _located(tree, path):
        document = read_document(tree)
        encoded = content.encode("utf-8") if isinstance(content, str) else content
        return Pipeline(
            graph=_graph(document),
            regime=_regime(document),
            generations=document.generations,
            name=document.name,
            sha256=hashlib.sha256(encoded).hexdigest(),
        )


def pipeline_to_yaml(pipeline: Pipeline) -> str:
    """The file of a pipeline, as text; `parse_pipeline` makes an equal one of it."""
    values: dict[str, Any] = {"headwater": VERSIONS[-1]}
    if pipeline.name:
        values["name"] = pipeline.name
    if pipeline.regime is not None:
        values["regime"] = _regime_value(pipeline.regime)
    if pipeline.generations is not None:
        values["generations"] = pipeline.generations
    graph = pipeline.graph
    values["sources"] = {source.name: _source_values(source) for source in graph.sources}
    values["models"] = {model.name: _model_values(model) for model in graph.models}
    values["flows"] = [_flow_values(flow) for flow in graph.flows]
    return to_yaml(values)


def write_pipeline(pipeline: Pipeline, path: FilePath) -> None:
    """Write the file of a pipeline, at once or not at all.

    Raises
    ------
    OutputError
        If it cannot be written; an older file of that name is then unchanged.
    """
    write_bytes(path, pipeline_to_yaml(pipeline).encode("utf-8"))


def pipeline_schema() -> dict[str, Any]:
    """JSON Schema of the pipeline file, for editors and other programs."""
    return schema()


@contextmanager
def _located(tree: Tree, path: str) -> Iterator[None]:
    """Give an error about a place in the description the file and line of that place."""
    try:
        yield
    except GraphError as error:
        raise InputError(error.problem, error.remedy, path, tree.line(error.place)) from None


def _graph(document: Document) -> InteractionGraph:
    return InteractionGraph.from_parts(
        [Source(name, entry.sampling, entry.size) for name, entry in document.sources.items()],
        [
            Model(name, bool(entry.frozen), entry.external, entry.initial)
            for name, entry in document.models.items()
        ],
        [_flow(entry, at) for at, entry in enumerate(document.flows)],
    )


def _flow(entry: FlowEntry, at: int) -> Flow:
    try:
        emission = Emission(
            entry.temperature, entry.top_p, entry.variance, entry.keep_right, entry.keep_wrong
        )
    except GraphError as error:
        flow = Flow(entry.provider, entry.learner)
        raise GraphError(f"flow {flow}: {error.problem}", error.remedy, ("flows", at, *error.place)) from None
    # a list is bounds, right or not; any other value is, or is to be, a count
    given: Any = entry.samples
    if isinstance(given, list):
        return Flow(entry.provider, entry.learner, None, entry.weight, emission, cast("Any", given))
    return Flow(entry.provider, entry.learner, given, entry.weight, emission)


def _regime(document: Document) -> Regime | None:
    value = document.regime
    if value is None:
        return None
    if isinstance(value, str):
        return parse_regime(value)
    if isinstance(value, dict) and list(value) == ["window"]:
        kept = value["window"]
        return Window(int(kept) if isinstance(kept, float) and kept.is_integer() else kept)
    raise GraphError(
        f"the regime is {value!r:.60}",
        f"write {', '.join(NAMED)} or {{window: 3}}",
        ("regime",),
    )


def _horizon(value: Any) -> int:
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    # Comparing first keeps NaN and numbers of many digits away from int().
    if not (number and 1 <= value <= LONGEST_RUN and value == int(value)):
        raise GraphError(
            f"generations is {value!r:.60}",
            f"write how many rounds of retraining, a whole number from 1 to {LONGEST_RUN:,}, or leave it out",
            ("generations",),
        )
    return int(value)


def _regime_value(regime: Regime) -> Any:
    return {"window": regime.generations} if isinstance(regime, Window) else str(regime)


def _source_values(source: Source) -> dict[str, Any]:
    values: dict[str, Any] = {"sampling": source.sampling}
    return values if source.size is None else values | {"size": source.size}


def _model_values(model: Model) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if model.external:
        values["external"] = True
    elif model.frozen:
        values["frozen"] = True
    return values | {"initial": dict(model.initial)} if model.initial else values


def _flow_values(flow: Flow) -> dict[str, Any]:
    values: dict[str, Any] = {"from": flow.provider, "to": flow.model}
    if flow.samples is not None:
        values["samples"] = flow.samples
    elif flow.samples_range is not None:
        values["samples"] = list(flow.samples_range)
    if flow.weight != 1:
        values["weight"] = flow.weight
    return values | flow.emission.to_dict()
