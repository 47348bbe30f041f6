"""Stationary laws of backward walks, and what one real sample buys."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from headwater.graph import Flow, InteractionGraph
from headwater.theory import stationary as module
from headwater.theory.stationary import real_sample_value, stationary
from tests.oracles import recursions
from tests.theory.graphs import dense, ring


@pytest.mark.parametrize("direct", [True, False], ids=["direct", "iterated"])
@pytest.mark.parametrize("seed", range(10))
def test_it_is_the_left_eigenvector(seed, direct, monkeypatch):
    """π W = π and sums to one, rows scaled or not."""
    if not direct:
        monkeypatch.setattr(module, "DIRECT_UP_TO", 0)
    rng = np.random.default_rng([21, seed])
    size = int(rng.integers(1, 8))
    block = np.roll(np.eye(size), 1, axis=1) + rng.random((size, size)) * (rng.random((size, size)) < 0.4)
    found = stationary(sparse.csr_array(block))
    chain = block / block.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found @ chain, found, atol=1e-9)
    assert found.sum() == pytest.approx(1.0) and (found > 0).all()


@pytest.mark.parametrize("direct", [True, False], ids=["direct", "iterated"])
def test_periodic_components_have_one_too(direct, monkeypatch):
    """A ring is uniform, though the walk along it never settles."""
    if not direct:
        monkeypatch.setattr(module, "DIRECT_UP_TO", 0)
    np.testing.assert_allclose(stationary(sparse.csr_array(np.roll(np.eye(6), 1, axis=1))), 1 / 6, atol=1e-9)


def test_a_real_sample_lowers_the_leading_eigenvalue_by_its_value():
    """Eigenvalues of W with one real sample in ten million added to each model in turn."""
    counts = np.array([[0, 3, 2], [5, 0, 0], [1, 4, 2]])
    value = real_sample_value(dense(counts, (0, 0, 0)), np.arange(3))
    assert value is not None
    for at in range(3):
        flows = list(dense(counts, (0, 0, 0)).flows)
        rare = 1e-6  # the weight of the real sample
        graph = InteractionGraph.from_flows([*flows, Flow("web", "abc"[at], 1, rare)], ["web"])
        order = [graph.model_index[name] for name in "abc"]
        W = recursions.shares(graph)[np.ix_(order, order)]
        fall = 1 - abs(np.linalg.eigvals(W)).max()
        assert fall / rare == pytest.approx(value[at], rel=1e-4)


def test_the_smallest_budget_of_a_ring_is_where_a_real_sample_buys_most():
    """π is uniform there, so value goes as 1/N."""
    graph = InteractionGraph.from_flows([("a", "b", 10), ("b", "c", 40), ("c", "a", 20)])
    value = real_sample_value(graph, np.arange(3))
    assert value is not None
    found = dict(zip(graph.model_names, value, strict=True))
    assert found == pytest.approx({"b": 1 / 30, "c": 1 / 120, "a": 1 / 60})


def test_unknown_counts_have_no_value():
    """None, rather than a guess."""
    graph = InteractionGraph.from_flows([("a", "b", 10), ("b", "a")])
    assert real_sample_value(graph, np.arange(2)) is None
    assert real_sample_value(ring(3, 5), np.arange(3)) is not None
