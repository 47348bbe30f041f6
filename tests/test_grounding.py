"""The condition, against closure by brute force, spectral radius and absorption."""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
import pytest

from headwater.errors import GraphError
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.grounding import STATUSES, ancestors, ground, reachable
from tests.oracles import chains, recursions
from tests.theory.graphs import CUT_OFF, FOUR, RESCUED, dense, random_graph


def words(graph):
    return [STATUSES[status] for status in ground(graph).status]


def graphs(key, count, real=0.3):
    return [
        random_graph(np.random.default_rng([key, seed]), weighted=True, real=real) for seed in range(count)
    ]


def with_real_flows(graph, models):
    """The graph with one more real flow to each of these models."""
    added = [Flow("rescue", graph.model_names[model], 1) for model in models]
    return InteractionGraph.from_parts(
        [*graph.sources, Source("rescue")], list(graph.models), [*graph.flows, *added]
    )


def test_every_form_of_the_condition_agrees_on_hundreds_of_graphs():
    """Components and search; Warshall's closure; spectral radius of trained ancestors; absorption."""
    seen = set()
    for graph in graphs(22, 300):
        reach, found = chains.feeds(graph), words(graph)
        assert found == chains.conditions(graph)
        W, (ends, depth) = recursions.shares(graph), chains.walk(graph)
        models, sources = len(graph.model_names), len(graph.source_names)
        np.testing.assert_allclose(ends.sum(axis=1), 1.0)
        for at, word in enumerate(found):
            family = [j for j in range(models) if (reach[j, at] or j == at) and not graph.frozen[j]]
            radius = abs(np.linalg.eigvals(W[np.ix_(family, family)])).max(initial=0.0)
            lost, real = ends[at, models + sources :].sum(), ends[at, models : models + sources].sum()
            assert (word == "ungrounded") == (radius > 1 - 1e-9) == (lost > 1e-12) == np.isinf(depth[at])
            assert (word == "grounded") == (real > 1 - 1e-12)
            seen.add(word)
    assert seen == set(STATUSES)


def test_risk_diverges_exactly_where_the_condition_says():
    """By its definition: under replace, risk at t = 4000 against t = 2000."""
    for graph in graphs(23, 25):
        L, D = recursions.operator(graph, recursions.Asymptotic())
        size = len(recursions.nodes(graph))
        G = recursions.start(graph, 1.0).ravel()
        power, gathered, risks = L, D, []
        for _ in range(12):  # 2^12 generations by doubling
            risks.append(np.diag((power @ G + gathered).reshape(size, size))[: len(graph.model_names)])
            power, gathered = power @ power, power @ gathered + gathered
        grows = risks[-1] - risks[-2] > 0.5 * (risks[-2] - risks[-3]) + 1e-9
        assert grows.tolist() == [word == "ungrounded" for word in words(graph)]


def test_check_values():
    """*Four*: cut off, one component of two costs all four; three real samples ground them."""
    cut_off = ground(dense(FOUR, CUT_OFF))
    assert words(cut_off.graph) == ["ungrounded"] * 4
    ((members, reached),) = cut_off.causes()
    assert (members.tolist(), reached.tolist()) == ([0, 1], [0, 1, 2, 3])
    assert cut_off.is_ungrounded.all()
    rescued = ground(dense(FOUR, RESCUED))
    assert words(rescued.graph) == ["grounded"] * 4
    assert not len(rescued.ungrounded) and list(rescued.causes()) == []


def test_causes_are_the_components_of_the_closure():
    """Each with everything that it reaches, in the order of first models."""
    for graph in graphs(24, 100, real=0.15):
        reach, expected = chains.feeds(graph), chains.ungrounded_components(graph)
        found = list(ground(graph).causes())
        assert [members.tolist() for members, _ in found] == expected
        for members, reached in found:
            at = int(members[0])
            assert reached.tolist() == [j for j in range(len(graph.model_names)) if reach[at, j]]


def test_loops_are_what_reaches_itself():
    """Components of several models, and self-loops; grounded ones too."""
    for graph in graphs(25, 100):
        reach = chains.feeds(graph)
        models = range(len(graph.model_names))
        expected = {tuple(j for j in models if reach[i, j] and reach[j, i]) for i in models if reach[i, i]}
        found = [tuple(members.tolist()) for members in ground(graph).loops()]
        assert found == sorted(expected)


def test_one_real_flow_into_each_ungrounded_component_grounds_the_graph():
    """Into any of its members; and the status of what hears frozen models stays anchored."""
    for seed, graph in enumerate(graphs(26, 120, real=0.1)):
        rng = np.random.default_rng([27, seed])
        causes = [rng.choice(members) for members, _ in ground(graph).causes()]
        assert not ground(with_real_flows(graph, causes)).is_ungrounded.any()


def test_fewer_real_flows_never_ground_a_graph():
    """Every smaller set of models, by brute force; and a set that misses a component."""
    checked = 0
    for graph in graphs(28, 120, real=0.1):
        least = len(ground(graph).ungrounded)
        trained = np.flatnonzero(graph.trained)
        for size in range(least):
            for models in combinations(trained, size):
                assert ground(with_real_flows(graph, models)).is_ungrounded.any()
                checked += 1
    assert checked > 50


def test_frozen_models_anchor_and_do_not_ground():
    """A walk that ends in one is over, though not in real data."""
    graph = InteractionGraph.from_parts(
        [Source("web")],
        [Model("z", frozen=True, initial={"web": 5}), Model("v", external=True), *map(Model, "abc")],
        [Flow("z", "a"), Flow("a", "a"), Flow("web", "b"), Flow("v", "c"), Flow("b", "c")],
    )
    found = ground(graph)
    assert [found.of(name) for name in "zvabc"] == [
        "anchored",
        "anchored",
        "anchored",
        "grounded",
        "anchored",
    ]


def test_counts_are_not_needed():
    """Nor do they matter."""
    assert (
        words(InteractionGraph.from_flows([("a", "b"), ("b", "a"), ("b", "c"), ("web", "c")], ["web"]))
        == ["ungrounded"] * 3
    )


def test_an_unknown_model_is_named_with_the_nearest():
    """The error of the graph."""
    with pytest.raises(GraphError, match="did you mean 'a'"):
        ground(dense(FOUR, RESCUED)).of("aa")


def test_an_empty_graph_has_nothing_to_decide():
    """No models, no components, no causes."""
    found = ground(InteractionGraph.from_flows([]))
    assert not len(found.status) and not list(found.causes()) and not list(found.loops())


def test_searches_run_both_ways():
    """Descendants and ancestors, the starts included, against the closure."""
    for graph in graphs(29, 60):
        reach, models = chains.feeds(graph), len(graph.model_names)
        starts = np.array([0, models - 1])
        forward = [any(reach[i, j] for i in starts) or j in starts for j in range(models)]
        backward = [any(reach[j, i] for i in starts) or j in starts for j in range(models)]
        assert reachable(graph, starts).tolist() == forward
        assert ancestors(graph, starts).tolist() == backward
        assert not reachable(graph, np.zeros(0, int)).any()


def test_members_are_the_models_of_a_component():
    """In the graph's order, every model once."""
    for graph in graphs(30, 40):
        found = ground(graph)
        together = [found.members(c).tolist() for c in range(int(found.component.max()) + 1)]
        assert sorted(chain.from_iterable(together)) == list(range(len(graph.model_names)))
        assert all(members == sorted(members) for members in together)


def test_a_long_chain_needs_no_recursion():
    """200,000 models one after the other, real data at the first; then a loop in its place."""
    size = 200_000
    names = [f"m{at}" for at in range(size)]
    learner = np.arange(size, dtype=np.int32)
    provider = np.concatenate([[size], np.arange(size - 1)]).astype(np.int32)
    graph = InteractionGraph.from_arrays(names, ["web"], provider, learner, np.full(size, np.nan))
    assert (ground(graph).status == STATUSES.index("grounded")).all()
    provider[0] = size - 1
    ring = InteractionGraph.from_arrays(names, ["web"], provider, learner, np.full(size, np.nan))
    assert (ground(ring).status == STATUSES.index("ungrounded")).all()
    assert len(ground(ring).ungrounded) == 1
