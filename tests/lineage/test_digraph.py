"""Cycles and chains, held to another library's answers on any small graph."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.lineage.digraph import Digraph

nodes = st.integers(0, 7)
edges = st.lists(st.tuples(nodes, nodes), max_size=20)


@settings(max_examples=200, deadline=None)
@given(edges)
def test_cycles_are_the_strong_components_of_several_nodes_and_self_edges(pairs):
    other = nx.DiGraph(pairs)
    expected = {frozenset(part) for part in nx.strongly_connected_components(other) if len(part) > 1}
    expected |= {
        frozenset([node])
        for node in nx.nodes_with_selfloops(other)
        if not any(node in part for part in expected)
    }
    assert {
        frozenset(node for step in steps for node in step) for steps in Digraph.of(pairs).cycles()
    } == expected


@settings(max_examples=200, deadline=None)
@given(edges)
def test_the_deepest_chain_is_as_long_as_the_condensations_longest_path(pairs):
    chain, _ = Digraph.of(pairs).deepest()
    assert max(len(chain) - 1, 0) == nx.dag_longest_path_length(nx.condensation(nx.DiGraph(pairs)))
    for before, after in pairwise(chain):
        assert any((start, end) in pairs for start in before for end in after)


@settings(max_examples=100, deadline=None)
@given(edges, st.lists(nodes, max_size=3))
def test_reached_are_the_descendants(pairs, starts):
    other = nx.DiGraph(pairs)
    other.add_nodes_from(starts)
    expected = set(starts).union(*(nx.descendants(other, start) for start in starts))
    assert set(Digraph.of(pairs, starts).reached_from(starts)) == expected


def test_a_cycle_is_told_in_steps_from_the_node_asked_for():
    graph = Digraph.of([("app", "d"), ("app", "e"), ("d", "m"), ("e", "m"), ("m", "app")])
    assert graph.cycles(first=["m"]) == [(("m",), ("app",), ("d", "e"))]


def test_a_chain_longer_than_the_stack_is_found():
    chain, others = Digraph.of([(at, at + 1) for at in range(5_000)]).deepest()
    assert (len(chain), others) == (5_001, [])


def test_no_nodes_have_no_chain():
    assert Digraph.of([]).deepest() == ((), [])
    assert Digraph.of([]).cycles() == []
    assert Digraph.of([]).reached_from([]) == []
