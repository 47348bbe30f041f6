"""Bounds on the spectral radius of a component, against eigenvalues of dense operators.

The operators here are written out from DESIGN.md, entry by entry through unit vectors; nothing
of the library's recursions is in them.
"""

from __future__ import annotations

import numpy as np
import pytest

from headwater.errors import LawError
from headwater.graph import Flow, InteractionGraph
from headwater.grounding import ground
from headwater.regimes import Accumulate, AccumulateSubsample, Replace, Window
from headwater.theory import growth, laws
from headwater.theory.growth import Radius, component_radius
from tests.oracles import recursions
from tests.theory.graphs import dense, everyone
from tests.theory.table import risk


def batches(graph, members, window):
    """(W, noise, N, companion, readout) of one component whose last `window` batches are kept."""
    W = recursions.shares(graph)[np.ix_(members, members)]
    place = {graph.model_names[member]: at for at, member in enumerate(members)}
    noise = np.zeros_like(W)
    for flow in graph.flows:
        if flow.model in place and flow.provider in place:
            noise[place[flow.model], place[flow.provider]] = recursions.share(graph, flow) ** 2 / flow.samples
    counts = np.array([recursions.budget(graph, name) for name in place], float)
    size = len(members)
    readout = np.hstack([np.eye(size) / window] * window)
    companion = np.zeros((window * size, window * size))
    companion[:size] = W @ readout
    companion[size:, : (window - 1) * size] = np.eye((window - 1) * size)
    return W, noise, counts, companion, readout


def eigenvalue(step, size):
    """Largest absolute eigenvalue of a linear map of vectors of that size."""
    return float(abs(np.linalg.eigvals(np.array([step(unit) for unit in np.eye(size)]).T)).max())


def quadratic_radius(graph, members, curvature, window):
    _, noise, _, companion, readout = batches(graph, members, window)
    slots, size = len(companion), len(members)

    def step(flat):
        G = flat.reshape(slots, slots)
        image = companion @ G @ companion.T
        image[:size, :size] += np.diag(noise @ (curvature * np.diag(readout @ G @ readout.T)))
        return image.ravel()

    return eigenvalue(step, slots**2)


def fitted_radius(graph, members, ddof, window):
    """State: second moments of the batches' means, and mean squares of their records."""
    W, noise, counts, companion, readout = batches(graph, members, window)
    slots, size = len(companion), len(members)

    def step(flat):
        G, square = flat[: slots**2].reshape(slots, slots), flat[slots**2 :].reshape(window, size)
        error = np.diag(readout @ G @ readout.T)
        fitted = (square.mean(axis=0) - error) * window * counts / (window * counts - ddof)
        image = companion @ G @ companion.T
        image[:size, :size] += np.diag(noise @ fitted)
        return np.concatenate([image.ravel(), W @ (fitted + error), square[:-1].ravel()])

    return eigenvalue(step, slots**2 + window * size)


def least_squares_radius(graph, members, features):
    L, _, _ = recursions.least_squares(graph, features, 1.0)
    models = len(graph.model_names)
    block = L.reshape((models,) * 4)[np.ix_(members, members, members, members)]
    return float(abs(np.linalg.eigvals(block.reshape(len(members) ** 2, -1))).max())


def loop_graph(rng, most, weighted, most_models=4):
    """A strongly connected component, grounded, with counts from 1 to `most`."""
    size = int(rng.integers(1, most_models + 1))
    names = [f"m{at}" for at in range(size)]
    flows = []
    for i in range(size):
        for j in range(size):
            if rng.random() < 0.5 or j == (i + 1) % size:
                weight = float(rng.choice([1.0, 0.5, 5.0, 30.0])) if weighted else 1.0
                flows.append(Flow(names[j], names[i], int(rng.integers(1, most + 1)), weight))
        if i == 0 or rng.random() < 0.3:
            weight = float(rng.choice([1.0, 0.5, 0.05])) if weighted else 1.0
            flows.append(Flow("web", names[i], int(rng.integers(1, 4)), weight))
    return InteractionGraph.from_flows(flows, ["web"])


def radius_of(law, graph, regime):
    """Bounds of the one component, and its members."""
    (members,) = ground(graph).loops()
    recursion = law.recursion(graph, regime, everyone(graph))
    return component_radius(recursion, members), [int(member) for member in members]


def holds(bounds, radius):
    """The bounds enclose it, and what they decide is so."""
    assert bounds.lower * (1 - 1e-9) <= radius <= bounds.upper * (1 + 1e-9), (bounds, radius)
    if bounds.growth == "bounded":
        assert radius < 1
    if bounds.growth == "exponential":
        assert radius > 1


@pytest.mark.parametrize("window", [1, 2, 3])
@pytest.mark.parametrize("shape", [1.0, 0.2, 0.05])
@pytest.mark.parametrize("seed", range(6))
def test_families_with_positive_curvature_at_budgets_of_a_few(seed, shape, window):
    """Exponentials and gammas of small shape, counts of 1 to 3, weights up to 30."""
    graph = loop_graph(np.random.default_rng([13, seed]), 3, True, most_models=5 - window)
    bounds, members = radius_of(laws.gamma(1.0, shape), graph, Window(window))
    holds(bounds, quadratic_radius(graph, members, 1 / shape, window))


@pytest.mark.parametrize("window", [1, 2, 3])
@pytest.mark.parametrize("seed", range(16))
def test_fitted_variances_with_ddof_1_at_tiny_budgets(seed, window):
    """Counts of 1 and 2: a grounded component may explode, under a window too."""
    graph = loop_graph(np.random.default_rng([14, seed]), 2, weighted=False)
    try:
        bounds, members = radius_of(laws.Gaussian(1), graph, Window(window))
    except LawError:
        return
    holds(bounds, fitted_radius(graph, members, 1, window))


@pytest.mark.parametrize("seed", range(12))
def test_fitted_variances_with_ddof_0_never_explode(seed):
    """Maximum likelihood loses variance: bounded wherever grounded, and decided so."""
    graph = loop_graph(np.random.default_rng([15, seed]), 3, weighted=True)
    bounds, members = radius_of(laws.Gaussian(0), graph, Replace())
    assert bounds.growth == "bounded"
    holds(bounds, fitted_radius(graph, members, 0, 1))


@pytest.mark.parametrize("seed", range(40))
def test_least_squares_near_as_many_features_as_samples(seed):
    """From 1 feature to two below the smallest budget."""
    rng = np.random.default_rng([16, seed])
    graph = loop_graph(rng, 9, weighted=False)
    graph = InteractionGraph.from_flows(
        [Flow(flow.provider, flow.model, flow.samples + 5) for flow in graph.flows], ["web"]
    )
    least = min(recursions.budget(graph, name) for name in graph.model_names)
    features = int(rng.integers(1, least - 1))
    bounds, members = radius_of(laws.LeastSquares(features), graph, Replace())
    holds(bounds, least_squares_radius(graph, members, features))


def test_least_squares_check_value():
    """d = 20, N = 25 of which 5 real: 1.4142 a generation, grounded all the same."""
    bounds, _ = radius_of(laws.LeastSquares(20), dense([[20]], (5,)), Replace())
    assert bounds.growth == "exponential"
    assert bounds.lower == pytest.approx(1.4142, abs=5e-5) and bounds.upper == pytest.approx(1.4142, abs=5e-5)


@pytest.mark.parametrize(
    ("n", "real", "shape"), [(4, 1, 1.0), (4, 1, 0.05), (1, 3, 0.01), (9, 2, 0.5), (1, 1, 0.34)]
)
def test_a_lone_loop_settles_where_its_closed_form_says(n, real, shape):
    """w²(1 + v2/n) against one."""
    radius = (n / (n + real)) ** 2 * (1 + 1 / shape / n)
    bounds, _ = radius_of(laws.gamma(1.0, shape), dense([[n]], (real,)), Replace())
    assert bounds.growth == ("bounded" if radius < 1 else "exponential")
    holds(bounds, radius)


def test_an_exploding_window_explodes():
    """Four models with counts of 1 and 2, ddof 1, window 2: grounded, and ×1.027 a generation in the end."""
    graph = InteractionGraph.from_flows(
        [
            *[("a", "a", 1), ("b", "a", 2), ("c", "a", 2), ("d", "a", 2), ("web", "a", 1)],
            *[("a", "b", 1), ("c", "b", 1), ("web", "b", 1), ("a", "c", 1), ("d", "c", 2)],
            *[("a", "d", 1), ("c", "d", 2)],
        ],
        ["web"],
    )
    rows = risk(laws.Gaussian(1), graph, Window(2), 500)
    factor = rows[500, 0] / rows[499, 0]
    assert factor > 1.02
    bounds, members = radius_of(laws.Gaussian(1), graph, Window(2))
    assert fitted_radius(graph, members, 1, 2) == pytest.approx(factor, rel=1e-6)
    assert bounds.growth == "exponential"


def test_two_loops_that_hardly_hear_each_other_are_not_decided_by_the_quieter_one():
    """One just below 1 and one just above: unknown, or exponential, but not bounded."""

    def row(me, other, radius):
        share = np.sqrt(radius / 2)  # one sample, exponential: radius 2 w²
        return [
            Flow(me, me, 1, share),
            Flow("web", me, 1000, (1 - share - 1e-7) / 1000),
            Flow(other, me, 1000, 1e-10),
        ]

    graph = InteractionGraph.from_flows(row("a", "b", 1 - 3e-5) + row("b", "a", 1 + 1e-5), ["web"])
    bounds, members = radius_of(laws.exponential(1.0), graph, Replace())
    radius = quadratic_radius(graph, members, 1.0, 1)
    assert radius > 1
    holds(bounds, radius)


@pytest.mark.parametrize("shape", [1.0, 0.05])
def test_pools_that_are_fitted_whole_are_bounded(shape):
    """Whatever the law: noise of generation t enters with weight 1/t², and Σ 1/t² is finite."""
    bounds, _ = radius_of(laws.gamma(1.0, shape), dense([[4]], (1,)), Accumulate())
    assert bounds.growth == "bounded"
    rows = risk(laws.gamma(1.0, shape), dense([[4]], (1,)), Accumulate(), 400)[:, 0]
    assert rows[400] < rows[200]


@pytest.mark.parametrize(
    ("law", "graph", "exponent"),
    [
        (laws.gamma(1.0, 0.05), dense([[4]], (1,)), 0.8 * 21 / 5 - 1),
        (laws.exponential(1.0), dense([[1]], (0,)), 1.0),
        (laws.Gaussian(1), dense([[4]], (0,)), 1 / 4),
    ],
    ids=["gamma", "exponential", "gaussian ddof 1"],
)
def test_pools_that_are_subsampled_can_diverge(law, graph, exponent):
    """By a power of time: a pool of mean square Q gives models of error Q/N, whose samples have h Q/N.

    With w the share of the loop, dQ = (w h/N - 1) Q dt/t, where h is 1 + v2, and N + 1 for ddof 1.
    Differences of risk over doublings of time show the power without what settles.
    """
    rows = risk(law, graph, AccumulateSubsample(), 1600)[:, 0]
    late, early = rows[1600] - rows[800], rows[800] - rows[400]
    assert np.log2(late / early) == pytest.approx(exponent, abs=0.05)
    bounds, _ = radius_of(law, graph, AccumulateSubsample())
    assert bounds.growth != "bounded"


@pytest.mark.parametrize(
    ("law", "graph"),
    [
        (laws.Asymptotic(), dense([[4]], (0,))),
        (laws.exponential(1.0), dense([[6]], (0,))),
        (laws.Gaussian(0), dense([[4]], (0,))),
        (laws.Gaussian(1), dense([[1]], (5,))),
    ],
    ids=["asymptotic", "exponential", "gaussian ddof 0", "gaussian ddof 1"],
)
def test_pools_that_are_subsampled_are_bounded_where_the_power_is_negative(law, graph):
    """Ungrounded loops of constant or shrinking variance among them."""
    rows = risk(law, graph, AccumulateSubsample(), 1200)[:, 0]
    assert abs(rows[1200] - rows[600]) < 0.99 * abs(rows[600] - rows[300])
    bounds, _ = radius_of(law, graph, AccumulateSubsample())
    assert bounds.growth == "bounded"


def test_radius_says_what_it_decides():
    """Below one, above one, or neither."""
    assert [
        Radius(*ends).growth for ends in ((0.2, 0.9), (1.1, 1.2), (0.9, 1.1), (0.0, np.inf), (1.0, 1.0))
    ] == [
        "bounded",
        "exponential",
        "unknown",
        "unknown",
        "linear",
    ]


def test_large_components_are_decided_without_eigenvalues(monkeypatch):
    """Above the size limit the settled estimate is used, and lies on the right side."""
    monkeypatch.setattr(growth, "EIGENVALUES_UP_TO", 0)
    bounds, members = radius_of(laws.LeastSquares(20), dense([[20, 3], [5, 20]], (5, 2)), Replace())
    holds(bounds, least_squares_radius(dense([[20, 3], [5, 20]], (5, 2)), members, 20))
    assert bounds.growth == "exponential"


@pytest.mark.parametrize("regime", [Replace(), Window(2), AccumulateSubsample()], ids=str)
def test_a_long_ring_with_real_data_is_bounded(regime):
    """Sixty models of 1000 samples, half of them real at one: radius of W (1/2)^(1/60) = .9885."""
    flows = [(f"m{at}", f"m{(at + 1) % 60}", 500 if at == 0 else 1000) for at in range(60)]
    graph = InteractionGraph.from_flows([*flows, ("web", "m1", 500)], sources=["web"])
    recursion = laws.Gaussian(1).recursion(graph, regime, everyone(graph))
    assert component_radius(recursion, np.arange(60)).growth == "bounded"


def test_the_factor_of_an_explosion():
    """Least squares, 20 features, 25 samples of which 5 real: c of the self-loop is 1.41419753."""
    graph = InteractionGraph.from_flows([("web", "a", 5), ("a", "a", 20)], sources=["web"])
    recursion = laws.LeastSquares(20).recursion(graph, Replace(), everyone(graph))
    assert growth.growth_factor(recursion, np.array([0])) == pytest.approx(1.41419753, rel=1e-6)


@pytest.mark.parametrize(
    ("models", "n", "real"), [(2, 10, 1), (3, 10, 1), (3, 1000, 1), (10, 100, 1), (4, 50, 9)]
)
def test_a_periodic_ring_is_decided_by_its_closed_form(models, n, real):
    """Exponential: the diagonal of a ring is a closed map of radius [(n/(n+r))² (1 + 1/n)^k]^(1/k)."""
    rows = [(f"m{at}", f"m{(at + 1) % models}", n) for at in range(models)]
    graph = InteractionGraph.from_flows([*rows, ("web", "m0", real)], sources=["web"])
    recursion = laws.exponential(1.0).recursion(graph, Replace(), everyone(graph))
    exact = ((n / (n + real)) ** 2 * (1 + 1 / n) ** models) ** (1 / models)
    expected = "linear" if abs(exact - 1) < 1e-9 else "exponential" if exact > 1 else "bounded"
    assert component_radius(recursion, np.arange(models)).growth == expected


def test_an_ungrounded_loop_of_fitted_variances_explodes_where_models_mix():
    """Two models of 4, half from each, ddof 1: S' = S + d/3, d' = S/2 with d the gap's square."""
    graph = dense([[2, 2], [2, 2]], (0, 0))
    recursion = laws.Gaussian(1).recursion(graph, Replace(), everyone(graph))
    assert growth.growth_factor(recursion, np.arange(2)) == pytest.approx((1 + np.sqrt(5 / 3)) / 2, rel=1e-6)
    assert component_radius(recursion, np.arange(2)).growth == "exponential"
