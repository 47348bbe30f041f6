"""The flows behind a system, against the system itself and graphs written anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from headwater.theory.flows import Flows
from headwater.theory.system import build
from tests.theory.graphs import everyone, everything, random_graph

GRAPHS = [everything(False), everything(True)] + [
    random_graph(np.random.default_rng([37, seed]), weighted=seed % 2 == 1) for seed in range(8)
]


@pytest.mark.parametrize("graph", GRAPHS, ids=range(len(GRAPHS)))
def test_they_say_of_a_graph_what_its_system_says(graph):
    """Shares, budgets, masses and the second moments of generation 0."""
    system = build(graph, everyone(graph))
    flows = Flows.of(system)
    np.testing.assert_allclose(flows.matrix.toarray(), system.share.toarray(), rtol=1e-14)
    np.testing.assert_allclose(flows.budget, system.budget, rtol=1e-14)
    np.testing.assert_allclose(flows.mass, system.mass, rtol=1e-14)
    np.testing.assert_allclose(
        flows.start, system.start.second_moments(system.archive_size), rtol=1e-14, atol=1e-16
    )
    np.testing.assert_allclose(flows.start_risk, system.start.risk(system.archive_size), rtol=1e-14)
    np.testing.assert_array_equal(graph.learner[flows.number], system.trained[flows.row])


@pytest.mark.parametrize("graph", GRAPHS, ids=range(len(GRAPHS)))
def test_providers_are_found(graph):
    """Nodes are trained models, frozen models, archives, in this order; -1 is fresh."""
    system = build(graph, everyone(graph))
    flows = Flows.of(system)
    models = len(graph.model_names)
    nodes = np.concatenate([system.models, system.archives + models, [-1]])
    fresh = flows.node < 0
    np.testing.assert_array_equal(nodes[flows.node[~fresh]], graph.provider[flows.number[~fresh]])
    assert not graph.fixed[graph.provider[flows.number[fresh]] - models].any()
    np.testing.assert_array_equal(flows.from_model, graph.provider[flows.number] < models)
    finite = np.isfinite(flows.archive_size)
    np.testing.assert_array_equal(finite, flows.node >= len(system.models))
    drawn = graph.provider[flows.number[finite]] - models
    np.testing.assert_array_equal(flows.archive_size[finite], graph.size[drawn])


def test_other_samples_and_weights_are_those_of_another_graph():
    """No new graph is needed: what changes is what a new one would say."""
    graph = everything(True)
    samples, weight = graph.samples + 1, np.linspace(0.5, 2, len(graph.samples))
    other = replace(graph, samples=samples, weight=weight)
    varied = Flows.of(build(graph, everyone(graph))).with_samples(samples).with_weights(weight)
    system = build(other, everyone(other))
    np.testing.assert_allclose(varied.matrix.toarray(), system.share.toarray(), rtol=1e-14)
    np.testing.assert_allclose(
        varied.start, system.start.second_moments(system.archive_size), rtol=1e-14, atol=1e-16
    )


@pytest.mark.parametrize("graph", GRAPHS, ids=range(len(GRAPHS)))
def test_risks_at_generation_0_are_found_without_the_matrix_they_are_the_diagonal_of(graph):
    """Default starts follow the counts; thousands of models need no second moments between them."""
    flows = Flows.of(build(graph, everyone(graph)))
    flows = flows.with_samples(flows.samples + 1)
    found = flows.start_risk
    assert "start" not in vars(flows)
    np.testing.assert_allclose(found, np.diagonal(flows.start)[: len(found)], rtol=1e-14)


def test_a_default_start_follows_the_budget_and_a_given_one_does_not():
    """Model a starts from its budget, b and c from what is written, the frozen one too."""
    flows = Flows.of(build(everything(False), everyone(everything(False))))
    np.testing.assert_array_equal(flows.starts_by_default, [True, False, False, False])
    doubled = flows.with_samples(2 * flows.samples)
    np.testing.assert_allclose(doubled.start_risk[0], flows.start_risk[0] / 2, rtol=1e-14)
    np.testing.assert_array_equal(doubled.start_risk[1:], flows.start_risk[1:])


def test_part_of_a_graph_has_the_flows_of_that_part():
    """Flows into models that are not kept are left out; numbers stay those of the graph."""
    graph = everything(False)
    flows = Flows.of(build(graph, np.array([True, True, False, False])))
    np.testing.assert_array_equal(flows.number, [0, 1, 2, 3, 4, 5])
