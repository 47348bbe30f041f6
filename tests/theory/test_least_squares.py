"""Pooled least squares, against published coefficients, its twin and real regressions."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.errors import LawError, NoLaw
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.regimes import Accumulate, AccumulateSubsample, Replace, Window
from headwater.theory import laws
from headwater.theory.least_squares import PooledLeastSquares
from headwater.theory.system import build
from tests.oracles import recursions, simulation
from tests.oracles.agreement import assert_means, products
from tests.theory.graphs import CUT_OFF, FOUR, RESCUED, dense, everyone, random_graph, ring
from tests.theory.table import risk

REGRESSION = InteractionGraph.from_parts(
    [Source("web")],
    [Model("a"), Model("b"), Model("c", initial={"web": 14}), Model("z", True, initial={"web": 12})],
    [
        Flow("a", "a", 8),
        Flow("b", "a", 5),
        Flow("web", "a", 4),
        Flow("a", "b", 16),
        Flow("b", "c", 5),
        Flow("c", "c", 6),
        Flow("z", "c", 5),
    ],
)


def put_on(graph: InteractionGraph, features: int) -> PooledLeastSquares:
    recursion = laws.LeastSquares(features).recursion(graph, Replace(), everyone(graph))
    assert isinstance(recursion, PooledLeastSquares)
    return recursion


def test_coefficients_have_their_check_values():
    """Counts (10, 20), d = 5: c = κ n nᵀ + γ diag(n), and it sums to 1."""
    recursion = put_on(dense([[10, 20], [0, 9]], (0, 3)), 5)
    own, cross = recursion.coefficients()
    counts = np.array([10.0, 20.0])
    c = cross[0] / 30**2 * np.outer(counts, counts) + own[0] * np.diag(counts)
    np.testing.assert_allclose(c, [[0.16212, 0.17122], [0.17122, 0.49545]], atol=5e-6)
    assert c.sum() == pytest.approx(1.0, abs=1e-12)


def test_the_self_loop_coefficient_can_exceed_one():
    """d = 20, N = 25 of which 5 real: 1.4142, so risk grows by that factor though real data arrive."""
    own, cross = put_on(dense([[20]], (5,)), 20).coefficients()
    assert own[0] * 20 + cross[0] * (20 / 25) ** 2 == pytest.approx(1.4142, abs=5e-5)
    rows = risk(laws.LeastSquares(20), dense([[20]], (5,)), Replace(), 60)[:, 0]
    assert rows[60] / rows[59] == pytest.approx(1.4142, abs=5e-5)


@pytest.mark.parametrize(
    ("real", "generation", "expected"),
    [
        (CUT_OFF, 0, (0.261, 0.182, 0.182, 0.113)),
        (CUT_OFF, 1, (0.443, 0.443, 0.254, 0.160)),
        (CUT_OFF, 5, (1.328, 1.328, 0.568, 0.247)),
        (CUT_OFF, 11, (2.656, 2.656, 1.049, 0.382)),
        (RESCUED, 11, (1.587, 1.701, 0.769, 0.318)),
    ],
)
def test_risk_has_its_check_values(real, generation, expected):
    """Four models, d = 6, unit noise."""
    rows = risk(laws.LeastSquares(6), dense(FOUR, real), Replace(), generation)
    np.testing.assert_allclose(rows[generation], expected, atol=5.01e-4)


@pytest.mark.parametrize(
    ("graph", "slope"),
    [
        (dense([[120]], (0,)), 1.0),
        (ring(4, 120), 1.0),
        (dense(np.full((4, 4), 30), (0,) * 4), 0.270),
    ],
    ids=["self-loop", "ring of four", "complete graph of four"],
)
def test_slopes_have_their_check_values(graph, slope):
    """d = 10, N = 120: risk per generation in units of D = 10/109."""
    rows = risk(laws.LeastSquares(10), graph, Replace(), 400)[:, 0]
    assert (rows[400] - rows[300]) / 100 / (10 / 109) == pytest.approx(slope, abs=5e-4)


@pytest.mark.parametrize("seed", range(40))
def test_random_graphs_follow_the_twin(seed):
    """The full coefficient matrix of DESIGN.md section 3.3, against κ and γ; frozen models included."""
    rng = np.random.default_rng([4, seed])
    graph = random_graph(rng, archives=False, least=5)
    counts = [recursions.budget(graph, model.name) for model in graph.models if not model.frozen]
    counts += [sum(model.initial.values()) for model in graph.models if model.initial]
    features = int(rng.integers(1, min(counts) - 1))
    noise = rng.uniform(0.5, 2.0)
    L, D, G = recursions.least_squares(graph, features, noise)
    expected = recursions.iterate(L, D, G, 8, len(graph.model_names))
    np.testing.assert_allclose(
        risk(laws.LeastSquares(features, noise), graph, Replace(), 8),
        np.diagonal(expected, axis1=1, axis2=2),
        rtol=1e-10,
    )


def test_large_samples_return_to_the_asymptotic_law():
    """A thousand times the counts: d times the asymptotic law, up to 1/N."""
    counts = 1000 * np.array(FOUR)
    graph = dense(counts, 1000 * np.array(RESCUED))
    np.testing.assert_allclose(
        risk(laws.LeastSquares(6), graph, Replace(), 10),
        6 * risk(laws.Asymptotic(), graph, Replace(), 10),
        rtol=5e-3,
    )


def test_real_regressions_follow_the_law():
    """d = 3, budgets of 16 and 17, a frozen model; false alarm one in a million."""
    family = simulation.LeastSquares(3, 1.3)
    drawn = simulation.simulate(REGRESSION, family, Replace(), 5, 10_000, np.random.default_rng(41))["risk"]
    assert_means(drawn, risk(laws.LeastSquares(3, 1.3), REGRESSION, Replace(), 5))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(drawn, 3 * 1.3**2 * risk(laws.Asymptotic(), REGRESSION, Replace(), 5))


def test_models_fitted_on_one_whole_archive_are_one_model():
    """Their errors at generation 0 are the same, not merely as large."""
    graph = InteractionGraph.from_parts(
        [Source("web"), Source("book", "fixed", 9)],
        [Model("a", initial={"book": 9}), Model("b", initial={"book": 9})],
        [Flow("a", "a", 6), Flow("b", "a", 6), Flow("web", "b", 10)],
    )
    start = put_on(graph, 2).start().second
    np.testing.assert_allclose(start, np.full((2, 2), 2 / 6))
    family = simulation.LeastSquares(2)
    drawn = simulation.simulate(graph, family, Replace(), 2, 10_000, np.random.default_rng(43))["risk"]
    assert_means(drawn, risk(laws.LeastSquares(2), graph, Replace(), 2))
    apart = InteractionGraph.from_parts([Source("web"), Source("book")], graph.models, graph.flows)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(drawn, risk(laws.LeastSquares(2), apart, Replace(), 2))
    assert products(np.ones(2)).shape == (2, 2)


@pytest.mark.parametrize("regime", [Window(2), Accumulate(), AccumulateSubsample()], ids=str)
def test_other_regimes_have_no_exact_law(regime):
    """Rows that stay make designs that depend on each other."""
    with pytest.raises(NoLaw, match="simulate") as caught:
        risk(laws.LeastSquares(3), REGRESSION, regime, 1)
    assert str(regime) in str(caught.value)


def test_a_window_of_one_is_replace():
    """The same thing under another name has the same law."""
    np.testing.assert_array_equal(
        risk(laws.LeastSquares(3), REGRESSION, Window(1), 4),
        risk(laws.LeastSquares(3), REGRESSION, Replace(), 4),
    )


@pytest.mark.parametrize(
    "graph",
    [
        InteractionGraph.from_flows([("book", "a", 9)], [Source("book", "fixed", 20)]),
        InteractionGraph.from_flows([("web", "a", 9, 2.0), ("a", "a", 9)], ["web"]),
        InteractionGraph.from_parts(
            [Source("web"), Source("book", "fixed", 20)],
            [Model("a", initial={"book": 9}), Model("b", initial={"book": 20})],
            [Flow("a", "a", 9), Flow("web", "b", 9)],
        ),
    ],
    ids=["an archive reused", "unequal weights", "parts of one archive"],
)
def test_what_breaks_independence_has_no_exact_law(graph):
    """Refused, and simulation is named as the way out."""
    with pytest.raises(NoLaw, match="simulate"):
        put_on(graph, 3)


def test_weights_alike_in_each_model_are_no_weights():
    """A factor common to all flows of a model cancels."""
    graph = InteractionGraph.from_flows([("web", "a", 9, 2.0), ("a", "a", 9, 2.0)], ["web"])
    plain = dense([[9]], (9,))
    np.testing.assert_allclose(
        risk(laws.LeastSquares(3), graph, Replace(), 4), risk(laws.LeastSquares(3), plain, Replace(), 4)
    )


@pytest.mark.parametrize(
    ("graph", "when"),
    [
        (dense([[4]], (1,)), "a generation"),
        (
            InteractionGraph.from_parts(
                [Source("web")], [Model("a", initial={"web": 5})], [Flow("web", "a", 9)]
            ),
            "at generation 0",
        ),
    ],
)
def test_too_few_samples_are_refused(graph, when):
    """Risk is infinite below features + 2 samples: names the model, the count, and the least count."""
    with pytest.raises(LawError) as caught:
        PooledLeastSquares(build(graph, everyone(graph)), 4, 1.0)
    assert f"model 'a' is fitted on 5 samples {when}" in caught.value.problem
    assert "features + 2 = 6" in caught.value.remedy
