"""Which count matters most: closed forms, finite differences of the recursion, and what more samples do."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from headwater.graph import InteractionGraph
from headwater.planning.sensitivity.elasticities import elasticities
from headwater.planning.targets import scope_of
from tests.planning.allocation.naive import seeds
from tests.planning.sensitivity.graphs import inflation_of, loop, risks_of, small


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


@pytest.mark.parametrize("seed", seeds(0, 3, 8))
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
    assert ranked == pytest.approx(sorted(ranked, reverse=True), abs=2e-9)


@pytest.mark.parametrize("seed", seeds(0, 3, 8))
@pytest.mark.parametrize("generations", [None, 1, 6])
def test_risk_elasticities_are_finite_differences_of_risk_itself(seed, generations):
    """Over generation 0 as it is now, which tells models of a sum apart; steps are exact."""
    graph = small(np.random.default_rng(seed), 2, 0, weighted=seed % 2 == 1)
    found = elasticities(graph, scope_of(graph), ("worst", "sum", 0)[seed % 3], generations)
    counted = graph.trained if found.model is None else np.arange(len(graph.model_names)) == found.model
    first = risks_of(graph, graph.samples, generations)[0]

    def risk(samples):
        return (risks_of(graph, samples, generations)[1] / np.where(first > 0, first, 1))[counted].sum()

    now = risk(graph.samples)
    differences = approx_fprime(np.log(graph.samples), lambda u: risk(np.exp(u)), 1e-6) / now
    told = np.zeros(len(graph.samples))
    for each in found.answers:
        told[each.flow] = each.risk_elasticity
    np.testing.assert_allclose(told, differences, atol=2e-5, rtol=1e-4)
    for each in found.answers:
        if each.more is not None:
            samples = graph.samples + each.more.added * (np.arange(len(told)) == each.flow)
            assert each.more.risk == pytest.approx(risk(samples) / now, rel=1e-8)


def test_more_samples_may_raise_inflation_and_lower_risk():
    """Of a student that is taught nothing else: its start is 1/n, its risk the teacher's and 1/n."""
    graph = InteractionGraph.from_flows([("web", "t", 100), ("t", "s", 1000)], sources=["web"])
    answer = next(
        each
        for each in elasticities(graph, scope_of(graph), graph.model_index["s"]).answers
        if each.flow == 1
    )
    assert answer.elasticity == pytest.approx(10 / 11) and answer.risk_elasticity == pytest.approx(-1 / 11)
    assert answer.more.risk == pytest.approx((1 / 100 + 1 / 1100) / (1 / 100 + 1 / 1000))


def test_a_step_says_which_model_is_worst_then():
    """Two loops, nearly as bad: what helps the one leaves the other."""
    rows = [("web", "a", 100), ("a", "a", 910), ("web", "b", 100), ("b", "b", 900)]
    graph = InteractionGraph.from_flows(rows, sources=["web"])
    found = elasticities(graph, scope_of(graph))
    names = [graph.model_names[each] for each in (found.model, found.answers[0].more.model)]
    assert names == ["a", "b"] and found.answers[0].more.exact == pytest.approx(1 / 0.19)
    assert elasticities(graph, scope_of(graph), "sum").answers[0].more.model is None


def test_flows_of_which_inflation_tells_none_apart_are_ranked_by_risk():
    """Both flows of a lone loop: as much up as down. The real one moves risk more."""
    for real, own in ((100, 900), (100, 910), (7, 333), (41, 59)):
        graph = InteractionGraph.from_flows([("a", "a", own), ("web", "a", real)], sources=["web"])
        assert [each.flow for each in elasticities(graph, scope_of(graph)).answers] == [1, 0]


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
