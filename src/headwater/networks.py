"""Between interaction graphs and networkx graphs.

For drawing, and for people who already hold their graph there. Nothing else in the package
needs networkx, so it is imported when asked for.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headwater import extras
from headwater.errors import GraphError, nearest
from headwater.graph import Flow, InteractionGraph, Model, Source

if TYPE_CHECKING:
    import networkx as nx

_SOURCE = {"sampling", "size"}
_MODEL = {"frozen", "external", "initial"}
_FLOW = {"samples", "samples_range", "weight", "emission", "order"}


def from_networkx(graph: nx.DiGraph) -> InteractionGraph:
    """The interaction graph of a directed graph whose nodes and edges carry attributes.

    Nodes: ``kind`` is ``"source"`` or ``"model"``, and without it a model; a source may have
    ``sampling`` and ``size``, a model ``frozen``, ``external`` and ``initial`` (samples by
    source). Edges: ``samples`` (absent or ``None``: unknown), ``samples_range`` (a pair, where
    only bounds are known), ``weight``, and ``order``, by which the flows are sorted (absent: last,
    as networkx lists them). Names are strings; other attributes are an error, so that none is
    lost unseen.

    Raises
    ------
    GraphError
        If the graph is undirected, has parallel edges, other attributes, or is no
        interaction graph.
    MissingExtra
        If networkx is not installed.

    Examples
    --------
    >>> import networkx as nx
    >>> plain = nx.DiGraph([("web", "a", {"samples": 10})])
    >>> plain.nodes["web"]["kind"] = "source"
    >>> from_networkx(plain)
    InteractionGraph(1 models, 1 sources, 1 flows)
    """
    _networkx()
    if not graph.is_directed() or graph.is_multigraph():
        raise GraphError(
            f"a {type(graph).__name__} has {'parallel edges' if graph.is_directed() else 'no directions'}",
            "pass a networkx.DiGraph: one edge from each giver to each learner",
        )
    sources: list[Source] = []
    models: list[Model] = []
    for name, attributes in graph.nodes(data=True):
        kind = attributes.get("kind", "model")
        rest = {key: value for key, value in attributes.items() if key != "kind"}
        if kind == "source":
            sources.append(Source(name, **_only(rest, _SOURCE, f"source {name!r}", ("sources", name))))
        elif kind == "model":
            models.append(Model(name, **_only(rest, _MODEL, f"model {name!r}", ("models", name))))
        else:
            raise GraphError(
                f"node {name!r} has kind {kind!r}", "a kind is 'source' or 'model'", ("models", name)
            )
    edges = sorted(graph.edges(data=True), key=_order)
    flows = []
    for at, (provider, model, attributes) in enumerate(edges):
        known = _only(attributes, _FLOW, f"flow {provider!r} -> {model!r}", ("flows", at))
        known.pop("order", None)
        flows.append(Flow(provider, model, **known))
    return InteractionGraph.from_parts(sources, models, flows)


def to_networkx(graph: InteractionGraph) -> nx.DiGraph:
    """A `networkx.DiGraph` with the attributes that `from_networkx` reads.

    networkx lists edges by giver; ``order`` keeps the order of the flows.

    Raises
    ------
    MissingExtra
        If networkx is not installed.
    """
    made = _networkx().DiGraph()
    for model in graph.models:
        made.add_node(
            model.name,
            kind="model",
            frozen=model.frozen,
            external=model.external,
            initial=dict(model.initial),
        )
    for source in graph.sources:
        made.add_node(source.name, kind="source", sampling=source.sampling, size=source.size)
    for at, flow in enumerate(graph.flows):
        made.add_edge(flow.provider, flow.model, samples=flow.samples, weight=flow.weight, order=at)
        if flow.samples_range is not None:
            made.edges[flow.provider, flow.model]["samples_range"] = flow.samples_range
        if flow.emission.changed:
            made.edges[flow.provider, flow.model]["emission"] = flow.emission
    return made


def _order(edge: tuple[Any, Any, Mapping[str, Any]]) -> float:
    order = edge[2].get("order", math.inf)
    if not isinstance(order, numbers.Real):
        raise GraphError(
            f"flow {edge[0]!r} -> {edge[1]!r} has order {order!r:.60}",
            "an order is a number: remove or mend it",
        )
    return float(order)


def _only(attributes: Mapping[str, Any], known: set[str], what: str, place: Any) -> dict[str, Any]:
    for key in attributes:
        if key not in known:
            raise GraphError(
                f"{what} has the attribute {key!r}",
                f"remove or rename it; {nearest(str(key), known)}",
                place,
            )
    return dict(attributes)


def _networkx() -> Any:
    return extras.load("networkx", "this")
