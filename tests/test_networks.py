"""There and back between interaction graphs and networkx graphs."""

from __future__ import annotations

import sys

import networkx as nx
import pytest

from headwater.errors import GraphError, MissingExtra
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.networks import from_networkx, to_networkx

GRAPH = InteractionGraph.from_parts(
    [Source("web"), Source("archive", "fixed", 100), Source("old", "fixed")],
    [
        Model("b", initial={"archive": 7}),
        Model("a"),
        Model("judge", frozen=True, initial={"web": 3}),
        Model("v", external=True),
    ],
    [Flow("a", "b", 5, 0.5), Flow("web", "a"), Flow("b", "b", 2), Flow("a", "a", 1), Flow("v", "a", 9)],
)


def test_a_graph_comes_back_exactly():
    """With the order of flows, which networkx would not keep by itself."""
    assert from_networkx(to_networkx(GRAPH)) == GRAPH
    assert [edge[:2] for edge in to_networkx(GRAPH).edges] != [
        (flow.provider, flow.model) for flow in GRAPH.flows
    ]


def test_plain_edges_are_models_with_unknown_counts():
    """The least one can say in networkx."""
    plain = nx.DiGraph([("a", "b"), ("b", "a")])
    assert from_networkx(plain) == InteractionGraph.from_flows([("a", "b"), ("b", "a")])


@pytest.mark.parametrize(
    ("graph", "problem"),
    [
        (nx.Graph([("a", "b")]), "a Graph has no directions"),
        (nx.MultiDiGraph([("a", "b")]), "a MultiDiGraph has parallel edges"),
        (nx.DiGraph([("a", "a", {"count": 3})]), "flow 'a' -> 'a' has the attribute 'count'"),
        (nx.DiGraph([("a", "a", {"samples": -3})]), "samples of flow 'a' -> 'a' is -3"),
        (nx.DiGraph([("a", "a", {"order": "x"})]), "order 'x'"),
        (nx.DiGraph([(1, 1)]), "model name 1"),
    ],
)
def test_what_is_no_interaction_graph_is_one_error(graph, problem):
    """Attributes are not dropped in silence."""
    with pytest.raises(GraphError, match=problem):
        from_networkx(graph)


def test_an_unknown_kind_is_an_error():
    """A kind is a source or a model."""
    graph = nx.DiGraph([("a", "a")])
    graph.nodes["a"]["kind"] = "dataset"
    with pytest.raises(GraphError, match="kind 'dataset'"):
        from_networkx(graph)


def test_without_networkx_the_error_says_what_to_install(monkeypatch):
    """It is an optional dependency."""
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(MissingExtra, match=r"pip install 'headwater\[networkx\]'"):
        to_networkx(GRAPH)
