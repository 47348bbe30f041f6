"""The naive twins against real draws, one record at a time.

Every comparison with draws has a false-alarm chance of at most 1e-6 (see `assert_means`); there
are under 300 of them, so a right set of twins fails here with a chance below 3e-4 over all seeds,
and, the seeds being fixed, either always or never.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.special import digamma
from scipy.stats import binom

from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.regimes import Accumulate, AccumulateSubsample, Replace, Window
from tests.oracles import chains, recursions, simulation
from tests.oracles.agreement import assert_means, products
from tests.theory.graphs import dense, everything

REGIMES = (Replace(), Window(3), Accumulate(), AccumulateSubsample())
FAMILIES: dict[str, tuple[simulation.Family, recursions.Law]] = {
    "normal": (simulation.NormalMean(1.0, 2.0), recursions.Quadratic(2.0, 0.0)),
    "poisson": (simulation.Poisson(2.0), recursions.Quadratic(2.0, 0.0)),
    "bernoulli": (simulation.Bernoulli(0.2), recursions.Quadratic(0.16, -1.0)),
    "binomial": (simulation.Binomial(1.0, 3), recursions.Quadratic(2 / 3, -1 / 3)),
    "exponential": (simulation.Exponential(1.0), recursions.Quadratic(1.0, 1.0)),
    "gamma": (simulation.Gamma(2.0, 2.5), recursions.Quadratic(1.6, 0.4)),
    "negative binomial": (simulation.NegativeBinomial(2.0, 3.0), recursions.Quadratic(10 / 3, 1 / 3)),
    "gaussian ddof 0": (simulation.Gaussian(0, 0.5, 2.0), recursions.Gaussian(2.0, 0)),
    "gaussian ddof 1": (simulation.Gaussian(1, 0.5, 2.0), recursions.Gaussian(2.0, 1)),
}
VOCABULARY = simulation.Categorical((0.1, 0.2, 0.3, 0.4))


@cache
def played(family: str, regime, weighted: bool):
    rng = np.random.default_rng([2026, *family.encode()])
    return simulation.simulate(everything(weighted), FAMILIES[family][0], regime, 5, 20_000, rng)


# -- real draws ----------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("regime", REGIMES, ids=str)
@pytest.mark.parametrize("family", FAMILIES)
def test_draws_follow_the_recursion(family, regime, weighted):
    """All second moments and the expected inner variance, with an archive, a frozen model and weights."""
    law = FAMILIES[family][1]
    if weighted and isinstance(regime, AccumulateSubsample):
        with pytest.raises(ValueError, match="ratio"):
            recursions.moments(everything(True), law, regime, 5)
        return
    result = played(family, regime, weighted)
    second_moments, inner = recursions.moments(everything(weighted), law, regime, 5)
    assert_means(products(result["error"]), second_moments)
    assert_means(result["error"], np.zeros(second_moments.shape[:2]))
    if "variance" in result:
        assert_means(result["variance"], inner)


@pytest.mark.parametrize(
    ("family", "regime"),
    [("bernoulli", Replace()), ("gaussian ddof 0", Replace())],
    ids=str,
)
def test_the_same_draws_reject_the_large_sample_law(family, regime):
    """Power: what is off by one part in the budget is seen."""
    asymptotic = recursions.Asymptotic(FAMILIES[family][1].variance)
    wrong, _ = recursions.moments(everything(True), asymptotic, regime, 5)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(products(played(family, regime, True)["error"]), wrong)


def test_the_same_draws_reject_the_other_divisor():
    """Power: ddof 1 is not ddof 0."""
    _, wrong = recursions.moments(everything(True), recursions.Gaussian(2.0, 0), Accumulate(), 5)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(played("gaussian ddof 1", Accumulate(), True)["variance"], wrong)


def test_the_same_draws_reject_an_archive_taken_for_fresh():
    """Power: a law that forgets that an archive's error comes back every generation."""
    graph = everything(True)
    forgetful = InteractionGraph.from_parts([Source("web"), Source("book")], graph.models, graph.flows)
    wrong, _ = recursions.moments(forgetful, recursions.Quadratic(2.0, 0.0), Replace(), 5)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(products(played("normal", Replace(), True)["error"]), wrong)


@pytest.mark.parametrize("family", ["bernoulli", "exponential"])
def test_subsampling_noise_is_that_of_the_pool(family):
    """Records of a pool vary among themselves by its own spread, not by the variance of real data."""
    graph = dense([[5]], (0,))
    draw, law = FAMILIES[family]
    rng = np.random.default_rng([7, *family.encode()])
    result = products(simulation.simulate(graph, draw, AccumulateSubsample(), 6, 60_000, rng)["error"])
    assert_means(result, recursions.moments(graph, law, AccumulateSubsample(), 6)[0])
    wrong, _ = recursions.moments(graph, recursions.Asymptotic(law.variance), AccumulateSubsample(), 6)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(result, wrong)


@pytest.mark.parametrize(
    ("regime", "weighted"),
    [(regime, False) for regime in REGIMES] + [(regime, True) for regime in REGIMES[:3]],
    ids=str,
)
def test_diversity_of_real_vocabularies(regime, weighted):
    """Gini-Simpson retained is 1 - F, whatever the vocabulary, archives and frozen models included."""
    graph = everything(weighted)
    rng = np.random.default_rng(11)
    result = simulation.simulate(graph, VOCABULARY, regime, 5, 20_000, rng)
    _, retained = recursions.moments(graph, recursions.DIVERSITY, regime, 5)
    assert_means(result["diversity"] / 0.7, retained)
    forgetful = InteractionGraph.from_parts([Source("web"), Source("book")], graph.models, graph.flows)
    with pytest.raises(AssertionError, match="differ from theory"):
        _, wrong = recursions.moments(forgetful, recursions.DIVERSITY, regime, 5)
        assert_means(result["diversity"] / 0.7, wrong)


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


def regressions(graph, regime, replicates, seed):
    family = simulation.LeastSquares(3, 1.3)
    rng = np.random.default_rng(seed)
    errors = simulation.simulate(graph, family, regime, 5, replicates, rng)["parameter"]
    return np.einsum("rtid,rtkd->rtik", errors, errors)


def test_least_squares_draws_follow_the_recursion():
    """d = 3, budgets of 16 and 17, a frozen model: exact, and the large-sample law is rejected."""
    L, D, G = recursions.least_squares(REGRESSION, 3, 1.3)
    result = regressions(REGRESSION, Replace(), 20_000, 13)
    assert_means(result, recursions.iterate(L, D, G, 5, 4))
    wrong, _ = recursions.moments(REGRESSION, recursions.Asymptotic(1.69), Replace(), 5)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(result, 3 * wrong)


def test_least_squares_of_an_accumulating_lone_loop():
    """Exact: σ² d Σ_s 1 / ((s + 1) (n (s + 1) - d - 1)); its inflation stays below π²/6."""
    s = np.arange(6)
    expected = 1.69 * 3 * np.cumsum(1 / ((s + 1) * (11 * (s + 1) - 4)))
    assert_means(regressions(dense([[11]], (0,)), Accumulate(), 20_000, 17)[..., 0, 0], expected)


def test_weights_do_not_pass_through_least_squares():
    """With few samples a provider's share is drawn from w_ij towards its share of the counts."""
    rng = np.random.default_rng(19)
    grams = []
    for count in (8, 5, 4):
        x = rng.standard_normal((20_000, count, 3))
        grams.append(x.transpose(0, 2, 1) @ x)
    grams[2] *= 4.0
    kept = [np.linalg.solve(sum(grams), gram) for gram in grams]
    got = np.stack([np.trace(each, axis1=1, axis2=2) / 3 for each in kept], axis=1)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(got, np.array([8, 5, 16]) / 29)
    shift = got.mean(0) - np.array([8, 5, 16]) / 29
    assert (np.sign(shift) == (1, 1, -1)).all()


def test_typical_variance_of_a_lone_loop():
    """ddof 1: E log σ² falls by log((n - 1) / 2) - ψ((n - 1) / 2) a generation."""
    rng = np.random.default_rng(23)
    result = simulation.simulate(dense([[6]], (0,)), simulation.Gaussian(1), Replace(), 5, 20_000, rng)
    t = np.arange(1, 7)
    assert_means(np.log(result["variance"][..., 0]), t * (digamma(2.5) - np.log(2.5)))


# -- tails ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True], ids=["equal", "weighted"])
@pytest.mark.parametrize("regime", [Replace(), Window(3), Accumulate()], ids=str)
def test_tail_sample_is_exact_for_poisson_records(regime, weighted):
    """Records that hold a Poisson number of the item: exp(-pA) at any budget and any p, here 0.1."""
    graph = everything(weighted)
    fresh = InteractionGraph.from_parts([Source("web"), Source("book")], graph.models, graph.flows)
    rng = np.random.default_rng(29)
    result = simulation.simulate(fresh, simulation.Poisson(0.1), regime, 4, 20_000, rng)
    unseen = result["parameter"][..., 0] == 0
    A = np.array([[chains.tail_sample(fresh, regime, at, t) for at in range(4)] for t in range(5)])
    assert_means(unseen, np.exp(-0.1 * A))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(unseen, np.exp(-0.1 * 1.05 * A))


@pytest.mark.parametrize("regime", REGIMES, ids=str)
def test_tail_sample_of_a_rare_symbol_with_an_archive_and_a_frozen_model(regime):
    """The limit of rare items: p = 0.005 in an archive of 100 and budgets of 90."""
    graph = InteractionGraph.from_parts(
        [Source("book", "fixed", 100)],
        [Model("z", True, initial={"book": 40}), Model("a")],
        [Flow("book", "a", 30), Flow("a", "a", 40), Flow("z", "a", 20)],
    )
    rng = np.random.default_rng(31)
    rare = simulation.Categorical((0.005, 0.995))
    absent = simulation.simulate(graph, rare, regime, 4, 5_000, rng)["absent"]
    A = np.array([[chains.tail_sample(graph, regime, at, t) for at in range(2)] for t in range(5)])
    assert_means(absent, np.exp(-0.005 * A))
    graph = InteractionGraph.from_parts([Source("book")], graph.models, graph.flows)
    wrong = np.array([[chains.tail_sample(graph, regime, at, t) for at in range(2)] for t in range(5)])
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(absent, np.exp(-0.005 * wrong))


def test_tail_sample_stays_positive_downstream_of_a_collapse():
    """Fresh records of its own keep A at or above their number, however ungrounded the model is."""
    graph = dense([[6, 0], [6, 0]], (0, 6))
    assert chains.conditions(graph)[1] == "ungrounded"
    assert 6.0 < chains.tail_sample(graph, Replace(), 1, 60) < 6.5


def test_binomial_draws_keep_more_of_the_tail_than_the_rare_limit():
    """A copy is drawn n times with chance 1/n, not Poisson(1): A is too small, by less than one sample."""
    size, p, generations = 10, 0.01, 5
    count = np.arange(size + 1)
    step = binom.pmf(count, size, count[:, None] / size)
    absent = (binom.pmf(count, size, p) @ np.linalg.matrix_power(step, generations))[0]
    A = chains.plain_tail_sample(np.array([[10.0]]), np.zeros(1), 0, generations)
    assert A < -np.log(absent) / p < A + 1
    rng = np.random.default_rng(37)
    result = simulation.simulate(
        dense([[size]], (0,)), simulation.Bernoulli(p), Replace(), generations, 40_000, rng
    )
    assert_means(result["parameter"][:, -1, 0] == 0, np.array([absent]))
