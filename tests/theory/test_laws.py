"""Laws as values: what they refuse, and that real draws follow them."""

from __future__ import annotations

from functools import cache
from itertools import product

import numpy as np
import pytest

from headwater.errors import LawError, NoLaw
from headwater.graph import InteractionGraph, Source
from headwater.regimes import Accumulate, AccumulateSubsample, Replace, Window
from headwater.theory import laws
from tests.oracles import simulation
from tests.oracles.agreement import assert_means
from tests.theory.graphs import dense, everything
from tests.theory.table import FAMILIES, LAWS, risk

REGIMES = (Replace(), Window(3), Accumulate(), AccumulateSubsample())
REPLICATES = 8_000
CURVED = {
    "bernoulli": 0.16,
    "binomial": 2 / 3,
    "exponential": 1.69,
    "gamma": 1.6,
    "negative binomial": 10 / 3,
    "gaussian ddof 0": 1.0,
}


def allowed(name, regime, weighted):
    """Whether an exact law is known."""
    return not (weighted and (name == "gaussian ddof 1" or regime == AccumulateSubsample()))


# every family under a regime and under both weightings somewhere, every regime several times
CASES = [
    (name, regime, weighted)
    for at, (name, (step, weighted)) in enumerate(product(FAMILIES, enumerate((False, True))))
    for regime in (REGIMES[(at // 2 + 2 * step) % 4],)
    if allowed(name, regime, weighted)
]


@cache
def played(name, regime, weighted):
    rng = np.random.default_rng([2027, *name.encode(), *str(regime).encode(), weighted])
    return simulation.simulate(everything(weighted), FAMILIES[name], regime, 5, REPLICATES, rng)["error"] ** 2


@pytest.mark.parametrize(("name", "regime", "weighted"), CASES, ids=str)
def test_real_draws_follow_the_law(name, regime, weighted):
    """Squared errors of the mean at budgets of 11 to 16; false alarm one in a million each.

    Control: the same draws reject the law that takes the archive of 12 for fresh data.
    """
    graph, law = everything(weighted), LAWS[name][0]
    assert_means(played(name, regime, weighted), risk(law, graph, regime, 5))
    forgetful = InteractionGraph.from_parts([Source("web"), Source("book")], graph.models, graph.flows)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(played(name, regime, weighted), risk(law, forgetful, regime, 5))


@pytest.mark.parametrize("name", CURVED)
def test_a_lone_loop_at_small_budgets_rejects_the_large_sample_law(name):
    """Where variance depends on error the exact law holds at four samples, and the asymptotic does not."""
    graph, law = dense([[4]], (0,)), LAWS[name][0]
    rng = np.random.default_rng([2028, *name.encode()])
    drawn = simulation.simulate(graph, FAMILIES[name], Replace(), 4, 40_000, rng)["error"] ** 2
    assert_means(drawn, risk(law, graph, Replace(), 4))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(drawn, CURVED[name] * risk(laws.Asymptotic(), graph, Replace(), 4))


def test_diversity_of_a_real_vocabulary():
    """Gini-Simpson over the population's is 1 - F, the Bernoulli recursion with V = 1."""
    graph, vocabulary = everything(True), simulation.Categorical((0.1, 0.2, 0.3, 0.4))
    law = laws.QuadraticVariance("diversity", {}, 1.0, -1.0)
    rng = np.random.default_rng(2029)
    drawn = simulation.simulate(graph, vocabulary, Replace(), 5, REPLICATES, rng)["diversity"] / 0.7
    assert_means(drawn, 1 - risk(law, graph, Replace(), 5))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(drawn, 1 - risk(laws.Asymptotic(), graph, Replace(), 5))


def test_diversity_has_its_check_values():
    """*Four*, cut off and rescued, t = 11; a lone loop without real data keeps (1 - 1/n)^(t+1)."""
    law = laws.QuadraticVariance("diversity", {}, 1.0, -1.0)
    four = [[0, 30, 0, 0], [40, 0, 0, 0], [0, 20, 10, 0], [0, 0, 25, 15]]
    for real, expected in (
        ((0, 0, 10, 20), (0.7010, 0.7010, 0.8966, 0.9600)),
        ((3, 0, 10, 20), (0.8234, 0.8084, 0.9223, 0.9653)),
    ):
        np.testing.assert_allclose(1 - risk(law, dense(four, real), Replace(), 11)[11], expected, atol=5e-5)
    rows = risk(law, dense([[7]], (0,)), Replace(), 5)[:, 0]
    np.testing.assert_allclose(1 - rows, (6 / 7) ** np.arange(1, 7))


# -- parameters ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: laws.Gaussian(2), "ddof is 2"),
        (lambda: laws.Gaussian(True), "ddof is True"),
        (lambda: laws.LeastSquares(0), "features is 0"),
        (lambda: laws.LeastSquares(2.5), "features is 2.5"),
        (lambda: laws.LeastSquares(True), "features is True"),
        (lambda: laws.LeastSquares(3, 0.0), "noise is 0.0"),
        (lambda: laws.LeastSquares(3, float("nan")), "noise is nan"),
        (lambda: laws.gaussian_mean(-1.0), "noise is -1.0"),
        (lambda: laws.gaussian_mean(float("inf")), "noise is inf"),
        (lambda: laws.gaussian_mean("1"), "noise is '1'"),
        (lambda: laws.poisson(0), "mean is 0"),
        (lambda: laws.bernoulli(1.0), "mean is 1.0"),
        (lambda: laws.bernoulli(0.0), "mean is 0.0"),
        (lambda: laws.binomial(1.0, 2.5), "shape 2.5"),
        (lambda: laws.binomial(3.0, 3), "mean 3.0"),
        (lambda: laws.exponential(True), "mean is True"),
        (lambda: laws.gamma(1.0, 0.0), "shape is 0.0"),
        (lambda: laws.negative_binomial(1.0, -2.0), "shape is -2.0"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_when_the_law_is_made(make, said):
    """What is wrong with the value, and what would be right."""
    with pytest.raises(LawError) as caught:
        make()
    assert said in caught.value.problem
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("law", "variance", "curvature"),
    [
        (laws.gaussian_mean(3.0), 9.0, 0.0),
        (laws.poisson(2.0), 2.0, 0.0),
        (laws.bernoulli(0.25), 0.1875, -1.0),
        (laws.binomial(2.0, 8), 1.5, -0.125),
        (laws.exponential(3.0), 9.0, 1.0),
        (laws.gamma(3.0, 2.0), 4.5, 0.5),
        (laws.negative_binomial(2.0, 4.0), 3.0, 0.25),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_families_have_the_variance_functions_of_morris(law, variance, curvature):
    """V(m) = v0 + v1 m + v2 m² at the mean, and v2."""
    assert (law.variance, law.curvature) == pytest.approx((variance, curvature))


def test_ceilings_are_where_all_variance_is_lost():
    """-V/v2 for proportions; the truth's variance for maximum likelihood; none elsewhere."""
    assert laws.bernoulli(0.25).ceiling == pytest.approx(0.1875)
    assert laws.binomial(2.0, 8).ceiling == pytest.approx(2.0 * (8 - 2.0))
    assert laws.Gaussian(0).ceiling == 1.0
    for law in (
        laws.Asymptotic(),
        laws.poisson(1.0),
        laws.exponential(1.0),
        laws.Gaussian(1),
        laws.LeastSquares(2),
    ):
        assert np.isinf(law.ceiling)


@pytest.mark.parametrize("name", ["bernoulli", "binomial", "gaussian ddof 0"])
def test_an_ungrounded_loop_ends_at_the_ceiling(name):
    """It is reached, from below, and never passed."""
    law = LAWS[name][0]
    rows = risk(law, dense([[3]], (0,)), Replace(), 120)[:, 0]
    assert (np.diff(rows) > -1e-15).all() and rows[-1] == pytest.approx(law.ceiling, rel=1e-6)
    assert rows.max() <= law.ceiling * (1 + 1e-12)


@pytest.mark.parametrize("regime", REGIMES, ids=str)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", LAWS)
def test_every_combination_has_a_law_or_names_simulation(name, weighted, regime):
    """Nothing in between: numbers, or `NoLaw` with the way out."""
    known = name == "asymptotic" or allowed(name, regime, weighted)
    if known:
        assert np.isfinite(risk(LAWS[name][0], everything(weighted), regime, 3)).all()
        return
    with pytest.raises(NoLaw) as caught:
        risk(LAWS[name][0], everything(weighted), regime, 3)
    assert "simulate" in caught.value.remedy and "no exact law" in caught.value.problem


def test_weights_that_a_window_mixes_with_the_start_have_no_unbiased_variance():
    """A common weight of 2 is equal under replace; a window still holds initial records of weight 1."""
    graph = InteractionGraph.from_flows([("web", "a", 5, 2.0), ("a", "a", 5, 2.0)], ["web"])
    plain = dense([[5]], (5,))
    np.testing.assert_allclose(
        risk(laws.Gaussian(1), graph, Replace(), 4), risk(laws.Gaussian(1), plain, Replace(), 4)
    )
    with pytest.raises(NoLaw, match="simulate"):
        risk(laws.Gaussian(1), graph, Window(2), 4)


def test_laws_say_what_they_were_given():
    """Name and parameters, for the record."""
    assert (laws.LeastSquares(4, 0.5).name, laws.LeastSquares(4, 0.5).parameters) == (
        "least-squares",
        {"features": 4, "noise": 0.5},
    )
    assert (laws.Gaussian(1).name, laws.Gaussian(1).parameters) == ("gaussian", {"ddof": 1})
    assert laws.Asymptotic().parameters == {}
    assert laws.gamma(2.0, 3.0).parameters == {"mean": 2.0, "shape": 3.0}
    assert all(law.units for law, _ in LAWS.values())
