"""Backward walks, against dense solutions, check values and brute force."""

from __future__ import annotations

from itertools import pairwise

import networkx
import numpy as np
import pytest

from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.grounding import ground
from headwater.theory import ancestry as module
from headwater.theory.ancestry import ancestry, deepest_chain
from tests.oracles import chains, recursions
from tests.theory.graphs import CUT_OFF, FOUR, RESCUED, dense, random_graph


def graphs(count):
    return [random_graph(np.random.default_rng([20, seed]), weighted=True) for seed in range(count)]


def compare(graph):
    """Real share, its split and depth are those of the dense solution."""
    found = ancestry(ground(graph))
    ends, depth = chains.walk(graph)
    models, sources = len(graph.model_names), len(graph.source_names)
    by_source = ends[:, models : models + sources]
    np.testing.assert_allclose(found.depth, depth, rtol=1e-8)
    np.testing.assert_allclose(found.real_share, by_source.sum(axis=1), atol=1e-9)
    assert found.by_source is not None
    np.testing.assert_allclose(found.by_source, by_source, atol=1e-9)
    np.testing.assert_allclose(found.by_source.sum(axis=1), found.real_share, atol=1e-9)
    assert (found.real_share >= 0).all() and (found.real_share <= 1).all()


@pytest.mark.parametrize("graph", graphs(80), ids=lambda _: "")
def test_absorption_is_that_of_the_dense_chain(graph):
    """Grounded, anchored and ungrounded models alike; every share sums to what is real."""
    compare(graph)


@pytest.mark.parametrize("graph", graphs(15), ids=lambda _: "")
def test_iteration_finds_what_factors_find(graph, monkeypatch):
    """The branch for graphs too large to factorise."""
    monkeypatch.setattr(module, "DIRECT_UP_TO", 0)
    compare(graph)


def test_a_large_sparse_ring_is_solved_by_iteration(monkeypatch):
    """2,000 models in a ring, a tenth real each: depth 10 everywhere, the whole of it real."""
    monkeypatch.setattr(module, "DIRECT_UP_TO", 100)
    flows = [(f"m{at}", f"m{(at + 1) % 2000}", 90) for at in range(2000)]
    graph = InteractionGraph.from_flows(flows + [("web", f"m{at}", 10) for at in range(2000)], ["web"])
    found = ancestry(ground(graph))
    np.testing.assert_allclose(found.depth, 10.0, rtol=1e-8)
    np.testing.assert_allclose(found.real_share, 1.0)


def test_check_values():
    """*Four, rescued*: depth (21, 22, 16, 10.222); *cut off*: real shares 1/3 and 17/27."""
    rescued = ancestry(ground(dense(FOUR, RESCUED)))
    np.testing.assert_allclose(rescued.depth, (21, 22, 16, 10.222), atol=5e-4)
    np.testing.assert_array_equal(rescued.real_share, 1.0)
    cut_off = ancestry(ground(dense(FOUR, CUT_OFF)))
    np.testing.assert_allclose(cut_off.real_share, (0, 0, 1 / 3, 17 / 27), atol=1e-12)
    assert np.isinf(cut_off.depth).all()
    graph = dense([[0, 9000], [7000, 0]], (1000, 0))
    np.testing.assert_allclose(ancestry(ground(graph)).depth, (19, 20))


def test_depth_is_the_amplification_of_a_constant_bias():
    """e = W e + 1, iterated."""
    graph = dense(FOUR, RESCUED)
    bias = np.zeros(4)
    for _ in range(2000):
        bias = recursions.shares(graph) @ bias + 1.0
    np.testing.assert_allclose(ancestry(ground(graph)).depth, bias)


def test_unknown_counts_are_unknown_only_where_they_matter():
    """A model with one provider needs none; one with two, and all its descendants, do."""
    graph = InteractionGraph.from_flows(
        [("web", "a"), ("a", "b"), ("web", "c"), ("a", "c"), ("c", "d", 5), ("web", "e", 3)], ["web"]
    )
    found = ancestry(ground(graph))
    np.testing.assert_allclose(found.depth, [1, 2, np.nan, np.nan, 1])
    # their real share is known all the same: whatever the counts, every walk ends in real data
    np.testing.assert_allclose(found.real_share, 1.0)
    assert found.by_source is not None
    assert np.isnan(found.by_source[2:4]).all() and not np.isnan(found.by_source[[0, 1, 4]]).any()


def test_unknown_counts_below_a_frozen_model_leave_the_share_unknown():
    """Between all and nothing real: only counts could say."""
    graph = InteractionGraph.from_parts(
        [Source("web")],
        [Model("z", external=True), Model("a"), Model("b")],
        [Flow("web", "a"), Flow("z", "a"), Flow("z", "b", 4)],
    )
    found = ancestry(ground(graph))
    np.testing.assert_array_equal(found.real_share, [0, np.nan, 0])
    np.testing.assert_array_equal(found.depth, [0, np.nan, 1])


def test_shares_are_not_split_unless_asked():
    """One solution instead of one a source."""
    assert ancestry(ground(dense(FOUR, RESCUED)), split=False).by_source is None


def longest(graph):
    """Length of the longest path among strong components, by networkx."""
    whole = networkx.DiGraph()
    whole.add_nodes_from(graph.model_names)
    for flow in graph.flows:
        if flow.provider in graph.model_index:
            whole.add_edge(flow.provider, flow.model)
    return networkx.dag_longest_path_length(networkx.condensation(whole)) + 1


@pytest.mark.parametrize("graph", graphs(60), ids=lambda _: "")
def test_the_deepest_chain_is_a_longest_path_of_components(graph):
    """As long as brute force finds, and each step learns from the one before."""
    chain = deepest_chain(ground(graph))
    assert len(chain) == longest(graph)
    taken = {(int(p), int(m)) for p, m in zip(graph.provider, graph.learner, strict=True)}
    for before, after in pairwise(chain):
        assert any((int(p), int(m)) in taken for p in before for m in after)
    reach = chains.feeds(graph)
    for step in chain:
        assert all(reach[a, b] for a in step for b in step if a != b)


def test_an_empty_graph_has_no_chain():
    """Nothing to report."""
    assert deepest_chain(ground(InteractionGraph.from_flows([]))) == []
