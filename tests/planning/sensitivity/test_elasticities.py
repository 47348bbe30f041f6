"""Which count matters most: closed forms, finite differences of the recursion, and what more samples do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from headwater.graph import InteractionGraph
from headwater.planning.sensitivity.elasticities import elasticities
from headwater.planning.targets import scope_of
from tests.planning.sensitivity.graphs import inflation_of, loop, small


def test_the_lone_loop_has_the_closed_form():
    """Inflation 1/(1 - w^2), w = m/(n+m): d log / d log n = -2 w^2 (1-w)/(1-w^2), and its opposite for m."""
    graph = loop(100, 900)
    found = elasticities(graph, scope_of(graph))
    w = 0.9
    expected = 2 * w**2 * (1 - w) / (1 - w**2)
    assert found.value == pytest.approx(1 / (1 - w**2))
    assert {each.flow: each.elasticity for each in found.answers} == pytest.approx(
        {0: -expected, 1: expected}
    )
    real = next(each for each in found.answers if each.flow == 0)
    assert real.more.added == 10 and real.more.exact == pytest.approx(1 / (1 - (900 / 1010) ** 2))
    assert real.real.added == 100 and real.real.exact == pytest.approx(1 / (1 - (900 / 1100) ** 2))
    assert real.real.linear == pytest.approx(found.value * (1 - expected))
    assert next(each for each in found.answers if each.flow == 1).real is None


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("generations", [None, 1, 6])
def test_elasticities_are_finite_differences_of_the_recursion(seed, generations):
    """For the worst, the sum and one model; weights, archives and given starts included."""
    graph = small(np.random.default_rng(seed), 2, 0, weighted=seed % 2 == 1)
    objective = ("worst", "sum", 0)[seed % 3]
    found = elasticities(graph, scope_of(graph), objective, generations)
    moving = graph.trained

    def value(logarithm):
        inflation = inflation_of(graph, np.exp(logarithm), generations)[moving]
        return {"worst": inflation.max, "sum": inflation.sum, 0: lambda: inflation[0]}[objective]()

    differences = approx_fprime(np.log(graph.samples), value, 1e-6) / found.value
    told = np.zeros(len(graph.samples))
    for each in found.answers:
        told[each.flow] = each.elasticity
    assert found.value == pytest.approx(value(np.log(graph.samples)))
    np.testing.assert_allclose(told, differences, atol=2e-5, rtol=1e-4)
    ranked = [abs(each.elasticity) for each in found.answers]
    assert ranked == sorted(ranked, reverse=True)


def test_diversity_answers_as_the_recursion_by_descent_does():
    """Lone loop: F = q/(1 - w^2 + w^2/m), with diversity 1 - F; finite differences of that."""
    graph = loop(20, 80)

    def diversity(logarithm):
        n, m = np.exp(logarithm)
        w = m / (n + m)
        lost = 1 / (n + m)
        return 1 - lost / (1 - w**2 + w**2 / m)

    told = {each.flow: each.diversity for each in elasticities(graph, scope_of(graph)).answers}
    expected = approx_fprime(np.log([20.0, 80.0]), diversity, 1e-7)
    assert [told[0], told[1]] == pytest.approx(expected, abs=1e-7)


def test_what_collapses_is_left_out_of_the_limit_and_not_of_a_horizon():
    """A loop without real data: its inflation is infinite, after five generations it is six."""
    graph = InteractionGraph.from_flows([("a", "a", 100), ("web", "b", 50), ("b", "b", 50)], sources=["web"])
    scope = scope_of(graph)
    limit, after = elasticities(graph, scope), elasticities(graph, scope, generations=5)
    assert limit.infinite == (0,) and graph.model_names[limit.model] == "b"
    assert after.infinite == () and after.value == pytest.approx(6) and after.model == 0
    assert elasticities(graph, scope, 0).answers == () and np.isnan(elasticities(graph, scope, 0).value)


def test_every_model_has_its_own_row():
    """Elasticities of each, not of the worst alone."""
    graph = small(np.random.default_rng(1), 3, 0)
    found = elasticities(graph, scope_of(graph))
    for row, model in zip(found.each, found.models, strict=True):
        alone = elasticities(graph, scope_of(graph), int(model))
        told = dict(zip(found.flows.tolist(), row, strict=True))
        for each in alone.answers:
            assert told[each.flow] == pytest.approx(each.elasticity, abs=1e-12)
