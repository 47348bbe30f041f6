"""A field of a pipeline by its name, and the pipeline with that field changed.

Sweeps, thresholds and plans all name what they change in the same words. What a value may be is
checked where it always is, by the graph and the pipeline.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headwater import validation
from headwater.emission import PLAIN, Emission
from headwater.errors import GraphError, nearest
from headwater.graph import Flow, InteractionGraph
from headwater.pipeline import Pipeline
from headwater.regimes import parse_regime

Value = int | float | str
Kind = Literal["flow", "size", "initial", "generations", "regime"]

EMISSIONS = tuple(item.name for item in dataclasses.fields(Emission))
OF_A_FLOW = ("samples", "weight", *EMISSIONS)
SPELLINGS = (
    f"A->B, A->B.{{{'|'.join(OF_A_FLOW[1:])}}}, SOURCE.size, MODEL.initial.SOURCE, generations, regime"
)
MOST_LISTED = 1000
"""Flows among which the nearest to a wrong name is looked for."""


@dataclass(frozen=True, slots=True)
class Field:
    """One number of a pipeline, or its regime; `parse_field` makes one of its name.

    Attributes
    ----------
    kind
        What it belongs to.
    names
        Provider and model of a flow, the source of a size, model and source of initial samples.
    key
        Which value of a flow: samples, weight, or a name of `Emission`; else empty.
    """

    kind: Kind
    names: tuple[str, ...] = ()
    key: str = ""

    def __str__(self) -> str:
        if self.kind == "flow":
            return "->".join(self.names) + ("" if self.key == "samples" else f".{self.key}")
        if self.kind == "size":
            return f"{self.names[0]}.size"
        return ".initial.".join(self.names) if self.kind == "initial" else self.kind

    @property
    def is_whole(self) -> bool:
        """Whether its values are whole numbers."""
        return self.key == "samples" or self.kind in ("size", "initial", "generations")

    def parse(self, text: str) -> Value:
        """The value that `text` spells.

        Raises
        ------
        GraphError
            If it is no number, no whole number where one is wanted, or no regime.
        """
        if self.kind == "regime":
            return str(parse_regime(text.strip()))
        number = _whole(text) if self.is_whole else _decimal(text)
        if number is None:
            most = f" of at most {validation.LARGEST_COUNT:,}"
            what = f"a whole number{most}" if self.is_whole else "a number"
            raise GraphError(f"{self} is {text!r:.60}", f"write {what}, such as {self}=1")
        return number

    def get(self, pipeline: Pipeline) -> Value | None:
        """Its value; None where it is not known or not said, 0 samples where there is no such flow.

        Samples of which only a range is known are not known.
        """
        if self.kind == "generations":
            return pipeline.generations
        if self.kind == "regime":
            return None if pipeline.regime is None else str(pipeline.regime)
        graph = pipeline.graph
        if self.kind == "size":
            return _known(graph.size[_source(graph, self.names[0])])
        if self.kind == "initial":
            at = _initial(graph, self.names)
            return None if at is None else int(graph.initial_samples[at])
        return _of_flow(graph, self)

    def set(self, pipeline: Pipeline, value: Value) -> Pipeline:
        """The same pipeline with this value in its place.

        0 samples remove a flow; samples of a flow that is not there add it, and samples of one that
        has a range of them take its place. 0 initial samples remove that entry, unless it is the
        model's last.

        Raises
        ------
        GraphError
            If the value, or the pipeline with it, cannot be right.
        """
        if self.kind == "generations":
            horizon: Any = value
            return dataclasses.replace(pipeline, generations=horizon)
        if self.kind == "regime":
            return dataclasses.replace(pipeline, regime=parse_regime(str(value)))
        change = {"size": _set_size, "initial": _set_initial, "flow": _set_flow}[self.kind]
        return dataclasses.replace(pipeline, graph=change(pipeline.graph, self, value))


def _decimal(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) or "_" in text else number


def _whole(text: str) -> int | None:
    # a float would round what is beyond its whole numbers, in silence
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    most = validation.LARGEST_COUNT
    whole = number.is_finite() and -most <= number <= most and number == number.to_integral_value()
    return int(number) if whole and "_" not in text else None


def parse_field(text: str, pipeline: Pipeline) -> Field:
    """The field of that name in a pipeline.

    Names are matched against those that exist, the longest first, so that they may hold dots
    and arrows. A flow need not exist, but both of its ends do.

    Raises
    ------
    GraphError
        If there is no such field, or the name may mean two; says what there is.

    Examples
    --------
    >>> graph = InteractionGraph.from_flows([("web", "a", 10), ("a", "a", 90)], sources=["web"])
    >>> field = parse_field("web->a", Pipeline(graph))
    >>> field.get(Pipeline(graph)), field.get(field.set(Pipeline(graph), 30))
    (10, 30)
    """
    wanted = text.strip()
    if wanted in ("generations", "regime"):
        return Field("generations" if wanted == "generations" else "regime")
    found = sorted(set(_readings(wanted, pipeline.graph)), key=_matched, reverse=True)
    if not found:
        raise _no_field(wanted, pipeline.graph)
    if len(found) > 1 and _matched(found[0]) == _matched(found[1]):
        both = " or ".join(" and ".join(repr(name) for name in field.names) for field in found[:2])
        raise GraphError(
            f"{wanted!r:.120} may mean two fields: of {both}", "rename a model or a source in the pipeline"
        )
    return found[0]


def _matched(field: Field) -> int:
    return sum(map(len, field.names))


def _readings(text: str, graph: InteractionGraph) -> Iterator[Field]:
    """Everything that the text may mean."""
    sources = set(graph.source_names)
    for left, right in _splits(text, "->"):
        if left in sources or left in graph.model_index:
            for key in OF_A_FLOW:
                model = right.removesuffix(f".{key}")
                if model != right and model in graph.model_index:
                    yield Field("flow", (left, model), key)
            if right in graph.model_index:
                yield Field("flow", (left, right), "samples")
    if text.removesuffix(".size") != text and text.removesuffix(".size") in sources:
        yield Field("size", (text.removesuffix(".size"),))
    for left, right in _splits(text, ".initial."):
        if left in graph.model_index and right in sources:
            yield Field("initial", (left, right))


def _splits(text: str, mark: str) -> Iterator[tuple[str, str]]:
    at = text.find(mark)
    while at >= 0:
        left, right = text[:at], text[at + len(mark) :]
        # names with blanks at their ends are rare, blanks around an arrow are not
        yield from dict.fromkeys([(left, right), (left.strip(), right.strip())])
        at = text.find(mark, at + 1)


def _no_field(text: str, graph: InteractionGraph) -> GraphError:
    left, arrow, right = text.partition("->")
    if not arrow:
        known = [*(f"{flow.provider}->{flow.model}" for flow in _some_flows(graph)), "generations", "regime"]
        known += [
            f"{name}.size" for name, fixed in zip(graph.source_names, graph.fixed, strict=True) if fixed
        ]
        return GraphError(f"no field is called {text!r:.120}", f"fields: {SPELLINGS}; {nearest(text, known)}")
    givers = [*graph.model_names, *graph.source_names]
    if left.strip() not in givers:
        return GraphError(
            f"field {text!r:.120}: no model or source is called {left.strip()!r:.80}",
            nearest(left.strip(), givers),
        )
    if right.strip() in graph.source_names:
        return GraphError(
            f"field {text!r:.120}: {right.strip()!r:.80} is a source, and nothing flows into a source",
            f"name a model after the arrow; {nearest(right.strip(), graph.model_names)}",
        )
    model, _, key = right.strip().rpartition(".")
    if model in graph.model_index:
        return GraphError(
            f"field {text!r:.120}: a flow has no {key!r:.60}", f"of a flow: {nearest(key, OF_A_FLOW)}"
        )
    return GraphError(
        f"field {text!r:.120}: no model is called {right.strip()!r:.80}",
        nearest(right.strip(), graph.model_names),
    )


def _some_flows(graph: InteractionGraph) -> list[Flow]:
    return [graph.flow(at) for at in range(min(len(graph.provider), MOST_LISTED))]


def _no_flow(graph: InteractionGraph, field: Field) -> GraphError:
    into = [
        f"{graph.provider_name(int(graph.provider[at]))}->{field.names[1]}"
        for at in np.flatnonzero(graph.learner == graph.model_index[field.names[1]])[:MOST_LISTED]
    ]
    missing = "->".join(field.names)
    return GraphError(
        f"{field}: there is no flow {missing}",
        f"give it samples first ({missing}=100); {nearest(missing, into)}",
    )


def _known(value: float) -> int | None:
    return None if np.isnan(value) else int(value)


def _source(graph: InteractionGraph, name: str) -> int:
    return graph.source_names.index(name)


def _provider(graph: InteractionGraph, name: str) -> int:
    at = graph.model_index.get(name)
    return len(graph.model_names) + _source(graph, name) if at is None else at


def _flow(graph: InteractionGraph, names: tuple[str, ...]) -> int | None:
    ends = (graph.provider == _provider(graph, names[0])) & (graph.learner == graph.index_of(names[1]))
    at = np.flatnonzero(ends)
    return int(at[0]) if len(at) else None


def _initial(graph: InteractionGraph, names: tuple[str, ...]) -> int | None:
    model, source = graph.index_of(names[0]), _source(graph, names[1])
    at = np.flatnonzero((graph.initial_model == model) & (graph.initial_source == source))
    return int(at[0]) if len(at) else None


def _of_flow(graph: InteractionGraph, field: Field) -> Value | None:
    flow = _flow(graph, field.names)
    if field.key == "samples":
        return 0 if flow is None else _known(graph.samples[flow])
    if flow is None:
        raise _no_flow(graph, field)
    if field.key == "weight":
        return float(graph.weight[flow])
    return float(getattr(graph.emissions.get(flow, PLAIN), field.key))


def _set_size(graph: InteractionGraph, field: Field, value: Value) -> InteractionGraph:
    place = ("sources", field.names[0], "size")
    size = graph.size.copy()
    size[_source(graph, field.names[0])] = validation.count(value, str(field), place)
    return dataclasses.replace(graph, size=size)


def _set_initial(graph: InteractionGraph, field: Field, value: Value) -> InteractionGraph:
    model, source = graph.index_of(field.names[0]), _source(graph, field.names[1])
    place = ("models", field.names[0], "initial", field.names[1])
    rest = ~((graph.initial_model == model) & (graph.initial_source == source))
    if value == 0 and not (rest & (graph.initial_model == model)).any():
        raise GraphError(
            f"{field} is 0 and the model has no other initial samples",
            "a model starts from real samples: write at least 1, or vary what flows into it",
            place,
        )
    at = _initial(graph, field.names)
    if value == 0:
        return _with_initial(graph, np.flatnonzero(rest))
    count = validation.count(value, str(field), place)
    if at is None:
        return _with_initial(graph, np.arange(len(rest)), [(model, source, count)])
    samples = graph.initial_samples.copy()
    samples[at] = count
    return dataclasses.replace(graph, initial_samples=samples)


def _with_initial(
    graph: InteractionGraph, kept: NDArray[np.intp], more: Sequence[tuple[int, int, float]] = ()
) -> InteractionGraph:
    models, sources, counts = (np.array([row[at] for row in more]) for at in range(3))
    return dataclasses.replace(
        graph,
        initial_model=np.append(graph.initial_model[kept], models.astype(np.int32)),
        initial_source=np.append(graph.initial_source[kept], sources.astype(np.int32)),
        initial_samples=np.append(graph.initial_samples[kept], counts),
    )


def _set_flow(graph: InteractionGraph, field: Field, value: Value) -> InteractionGraph:
    at = _flow(graph, field.names)
    if field.key == "samples":
        return _set_samples(graph, field, at, value)
    if at is None:
        raise _no_flow(graph, field)
    place = ("flows", at, field.key)
    if field.key == "weight":
        weight = graph.weight.copy()
        weight[at] = validation.weight(value, str(field), place)
        return dataclasses.replace(graph, weight=weight)
    bias: Any = {field.key: value}
    try:
        changed = dataclasses.replace(graph.emissions.get(at, PLAIN), **bias)
    except GraphError as error:
        raise GraphError(f"{field}: {error.problem}", error.remedy, place) from None
    return dataclasses.replace(graph, emissions={**graph.emissions, at: changed})


def _set_samples(graph: InteractionGraph, field: Field, at: int | None, value: Value) -> InteractionGraph:
    if value == 0:
        return graph if at is None else _without(graph, at)
    count = validation.count(
        value, str(field), ("flows", len(graph.provider) if at is None else at, "samples")
    )
    if at is not None:
        samples = graph.samples.copy()
        samples[at] = count
        return dataclasses.replace(graph, samples=samples)
    return dataclasses.replace(
        graph,
        provider=np.append(graph.provider, np.int32(_provider(graph, field.names[0]))),
        learner=np.append(graph.learner, np.int32(graph.index_of(field.names[1]))),
        samples=np.append(graph.samples, count),
        weight=np.append(graph.weight, 1.0),
    )


def _without(graph: InteractionGraph, flow: int) -> InteractionGraph:
    return dataclasses.replace(
        graph,
        provider=np.delete(graph.provider, flow),
        learner=np.delete(graph.learner, flow),
        samples=np.delete(graph.samples, flow),
        weight=np.delete(graph.weight, flow),
        emissions=_renumbered(graph.emissions, flow),
        ranges=_renumbered(graph.ranges, flow),
    )


def _renumbered(by_flow: Mapping[int, Any], gone: int) -> dict[int, Any]:
    return {at - (at > gone): value for at, value in by_flow.items() if at != gone}
