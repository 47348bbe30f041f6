"""Risk generation by generation: the quick route for constant variances equals stepping."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.graph import Flow, InteractionGraph
from headwater.regimes import Replace, Window
from headwater.theory import laws
from headwater.theory.trajectory import trajectory
from headwater.theory.windowed import Windowed
from tests.oracles import recursions
from tests.theory.graphs import dense, everyone, random_graph
from tests.theory.table import risk

HALF = recursions.Quadratic(0.25, -1.0)


@pytest.mark.parametrize("seed", range(12))
def test_powers_equal_steps(seed):
    """The sum over powers of W is the recursion, archives and frozen models included."""
    graph = random_graph(np.random.default_rng([5, seed]), weighted=True)
    recursion = laws.poisson(2.0).recursion(graph, Replace(), everyone(graph))
    state, rows = recursion.start(), []
    for _ in range(8):
        rows.append(recursion.read(state))
        state = recursion.step(state)
    np.testing.assert_allclose(trajectory(recursion, 7), rows, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("seed", range(8))
def test_long_runs_equal_the_dense_map(seed):
    """A hundred generations, against the (models², models²) matrix of the twin."""
    graph = random_graph(np.random.default_rng([6, seed]), weighted=True)
    for law, twin in ((laws.Asymptotic(), recursions.Asymptotic()), (laws.bernoulli(0.5), HALF)):
        expected = np.diagonal(recursions.replace(graph, twin, 100), axis1=1, axis2=2)
        np.testing.assert_allclose(risk(law, graph, Replace(), 100), expected, rtol=1e-9, atol=1e-14)


def test_no_generations_is_generation_zero():
    """One row: what the initial samples give."""
    graph = dense([[3, 0], [4, 0]], (2, 4))
    np.testing.assert_allclose(risk(laws.Asymptotic(), graph, Replace(), 0), [[1 / 5, 1 / 8]])
    np.testing.assert_allclose(risk(laws.Asymptotic(), graph, Window(3), 0), [[1 / 5, 1 / 8]])


def test_a_chain_adds_one_fit_a_link():
    """Model k of a chain rooted in real data has risk Σ 1/N up to it, from generation k on."""
    counts = np.array([10, 20, 5, 8])
    flows = [Flow("web", "m0", 10)]
    flows += [Flow(f"m{at - 1}", f"m{at}", int(counts[at])) for at in range(1, 4)]
    graph = InteractionGraph.from_flows(flows, ["web"])
    rows = risk(laws.Asymptotic(), graph, Replace(), 9)
    for generation in range(10):
        expected = [(1 / counts)[max(0, at - generation) : at + 1].sum() for at in range(4)]
        np.testing.assert_allclose(rows[generation], expected, rtol=1e-12)


def test_an_ungrounded_loop_grows_and_drags_its_readers_along():
    """Downstream of a ring of two a model grows by Σ h_c², not (Σ h_c)², of each lineage."""
    graph = dense([[0, 30, 0], [30, 0, 0], [15, 15, 0]], (0, 0, 0))
    rows = risk(laws.Asymptotic(), graph, Replace(), 300)
    np.testing.assert_allclose((rows[300] - rows[200]) / 100 * 30, (1, 1, 0.5), rtol=1e-10)


def test_only_constant_variances_take_the_quick_route():
    """A family with curvature goes step by step, and differs."""
    graph = dense([[5]], (2,))
    recursion = laws.exponential(1.0).recursion(graph, Replace(), everyone(graph))
    assert isinstance(recursion, Windowed)
    G, w = 1 / 7, 5 / 7
    for generation in range(5):
        assert trajectory(recursion, generation)[generation, 0] == pytest.approx(G, rel=1e-12)
        G = w**2 * G + (w**2 / 5) * (1 + G) + (2 / 7) ** 2 / 2
