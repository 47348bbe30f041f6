"""The engine plays what graph and regime say: every mean follows the exact law, which is none of its code."""

from __future__ import annotations

import numpy as np
import pytest

from headwater import families, laws, simulate
from headwater.errors import FamilyError, GraphError
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.pipeline import Pipeline
from headwater.regimes import Accumulate, AccumulateSubsample, Replace, Window
from headwater.simulation.play import places, subset
from headwater.theory.trajectory import trajectory
from tests.oracles import simulation as naive
from tests.oracles.agreement import assert_means
from tests.theory.graphs import CUT_OFF, FOUR, RESCUED, dense, everyone, everything, in_order, random_graph

REGIMES = [Replace(), Window(3), Accumulate(), AccumulateSubsample()]


def predicted(graph, law, regime, generations):
    recursion = law.recursion(graph, regime, everyone(graph))
    return in_order(graph, recursion.system, trajectory(recursion, generations))


def risks(graph, family, regime, generations=6, replicates=4000, seed=1):
    runs = simulate(Pipeline(graph, regime, generations), family, replicates=replicates, seed=seed)
    return runs["risk"].values


@pytest.mark.parametrize("regime", REGIMES, ids=str)
@pytest.mark.parametrize("ddof", [0, 1])
def test_every_regime_on_every_kind_of_node_follows_the_exact_law(regime, ddof):
    """Archives in part and whole, frozen models, initial samples, budgets of 11 to 16.

    Control: taking each archive as fresh data, which is what drawing it anew would be.
    """
    graph = everything(weighted=False)
    fresh = InteractionGraph.from_parts([Source("web"), Source("book")], graph.models, graph.flows)
    expected = predicted(graph, laws.Gaussian(ddof), regime, 6)
    played = risks(graph, families.Gaussian(ddof=ddof), regime)
    assert_means(played, expected)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(played, predicted(fresh, laws.Gaussian(ddof), regime, 6))


@pytest.mark.parametrize("regime", [Replace(), Window(3), Accumulate()], ids=str)
def test_loss_weights_follow_the_exact_law(regime):
    """Weights from 0.5 to 3, in the mean and in the variance; ignoring them is noticed."""
    graph = everything(weighted=True)
    played = risks(graph, families.Gaussian(ddof=0), regime)
    assert_means(played, predicted(graph, laws.Gaussian(0), regime, 6))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(played, predicted(everything(weighted=False), laws.Gaussian(0), regime, 6))


@pytest.mark.parametrize("regime", REGIMES, ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_random_graphs_follow_the_exact_law(regime, seed):
    graph = random_graph(np.random.default_rng(seed), least=3)
    expected = predicted(graph, laws.Gaussian(0), regime, 5)
    assert_means(risks(graph, families.Gaussian(ddof=0), regime, 5, 2000, seed), expected)


def test_weights_under_subsampling_agree_with_drawing_every_record():
    """No law is known; a twin that keeps every record stands in for it. Two independent samples."""
    graph = everything(weighted=True)
    played = risks(graph, families.Gaussian(ddof=0), AccumulateSubsample(), 5, 6000)
    twin = naive.simulate(graph, naive.Gaussian(0), AccumulateSubsample(), 5, 6000, np.random.default_rng(3))[
        "risk"
    ]
    difference = played.mean(0) - twin.mean(0)
    error = np.sqrt(played.var(0) / 6000 + twin.var(0) / 6000)
    # 24 comparisons at |z| < 5.5: false alarm below 1e-6
    assert np.abs(difference / error).max() < 5.5


def test_a_window_longer_than_the_run_accumulates():
    """Without archives they are the same regime, and the same streams give the same numbers."""
    graph = dense(FOUR, RESCUED)
    family = families.Gaussian(ddof=1)
    longest = risks(graph, family, Window(50), 5, 300)
    np.testing.assert_allclose(longest, risks(graph, family, Accumulate(), 5, 300), rtol=1e-9)


@pytest.mark.parametrize(
    ("family", "checks"),
    [
        (families.Poisson(2.0), [1.75, 1.75, 0.5566, 0.1693]),
        (families.Exponential(1.0), [1.3685, 1.3685, 0.4311, 0.1224]),
        (families.Bernoulli(0.1), [0.0530, 0.0530, 0.0171, 0.0056]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_check_values_of_the_loop_that_is_cut_off(family, checks):
    """Risk at t = 29, printed to four digits in DESIGN.md, section 3.2; other graphs' are refused."""
    played = risks(dense(FOUR, CUT_OFF), family, Replace(), 29, replicates=20_000)[:, 29]
    error = played.std(0, ddof=1) / len(played) ** 0.5
    # four numbers, |z| < 5.2: false alarm 1e-6; half a digit of rounding beside it
    assert (np.abs(played.mean(0) - checks) < 5.2 * error + 6e-5).all()
    rescued = risks(dense(FOUR, RESCUED), family, Replace(), 29, replicates=20_000)[:, 29]
    assert (np.abs(rescued.mean(0) - checks) > 5.2 * error + 6e-5).any()


def test_a_frozen_model_stays_what_it_was():
    graph = everything(weighted=False)
    at = graph.index_of("z")
    played = risks(graph, families.Gaussian(ddof=1), Replace(), 6, 200)[:, :, at]
    assert (played == played[:, :1]).all()
    assert np.unique(played[:, 0]).size == 200


def test_models_that_start_from_one_whole_archive_start_alike():
    graph = InteractionGraph.from_parts(
        [Source("book", "fixed", 20)],
        [Model("a", initial={"book": 20}), Model("b", initial={"book": 20})],
        [Flow("a", "b", 20), Flow("b", "a", 20)],
    )
    played = risks(graph, families.Gaussian(ddof=1), Replace(), 3, 200)
    assert (played[:, 0, 0] == played[:, 0, 1]).all()
    assert (played[:, 1, 0] != played[:, 1, 1]).all()


def test_truncation_shrinks_the_variance_by_its_factor_every_generation():
    """E tr Σ_t = λ^t tr Σ_0 with ddof 1 [MAD]; λ = 0.8, and the chance of a false alarm is 1e-6."""
    from headwater import Emission

    graph = InteractionGraph.from_flows([Flow("a", "a", 12, emission=Emission(variance=0.8))])
    runs = simulate(graph, families.Gaussian(ddof=1, dimensions=3), generations=8, replicates=4000, seed=2)
    kept = runs["variance"].values[:, :, 0]
    assert_means(kept, 0.8 ** np.arange(9))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(kept, 0.81 ** np.arange(9))


def test_the_fresh_loop_settles_where_the_exact_mean_recursion_does():
    """d = 100, 100 real and 900 truncated samples: squared Wasserstein distance of the literature."""
    from headwater import Emission

    flows = [Flow("web", "a", 100), Flow("a", "a", 900, emission=Emission(variance=0.8))]
    graph = InteractionGraph.from_flows(flows, sources=["web"])
    family = families.Gaussian(ddof=1, dimensions=100)
    runs = simulate(graph, family, generations=30, replicates=12, seed=4, metrics=["variance", "wasserstein"])
    last = runs.isel(generation=-1, model=0)
    # literature: v = 0.001882, s = 0.35775, distance 20.61 with a standard error of 0.07 over 12 runs
    assert abs(last["variance"].mean() - 0.35775) < 0.004
    assert abs(last["wasserstein"].mean() - 20.61) < 0.5


@pytest.mark.parametrize("held", [7, 5000])
def test_subsets_are_even_and_without_replacement(held):
    """Every place is taken with the same chance: 3 of 7, and 3,000 of 5,000; |z| < 6 each."""
    taken = 3 if held == 7 else 3000
    rng = np.random.default_rng(5)
    chosen = places(2000 if held == 7 else 40, held, taken, rng)
    assert all(len(set(row)) == taken for row in chosen.tolist())
    share = np.bincount(chosen.ravel(), minlength=held) / len(chosen)
    p = taken / held
    assert np.abs((share - p) / np.sqrt(p * (1 - p) / len(chosen))).max() < 6
    whole = rng.random((2, held, 1))
    assert subset(whole, held, rng) is whole


def test_what_a_simulation_cannot_know_is_asked_for():
    unknown = InteractionGraph.from_flows([("web", "a"), ("a", "a", 5)], sources=["web"])
    with pytest.raises(GraphError, match="no known count") as error:
        simulate(unknown, families.Gaussian(ddof=1), generations=2, replicates=2, seed=1)
    assert error.value.place == ("flows", 0)
    assert "assume" in error.value.remedy
    external = InteractionGraph.from_flows([("x", "a", 5)], models=[Model("x", external=True)])
    with pytest.raises(GraphError, match="external"):
        simulate(external, families.Gaussian(ddof=1), generations=2, replicates=2, seed=1)
    known = external.with_external_samples(50)
    expected = predicted(known, laws.Gaussian(1), Replace(), 2)
    assert_means(risks(known, families.Gaussian(ddof=1), Replace(), 2), expected)
    with pytest.raises(GraphError, match="nothing says how many generations"):
        simulate(known, families.Gaussian(ddof=1), replicates=2, seed=1)
    with pytest.raises(FamilyError, match="fitted on 1 samples"):
        tiny = InteractionGraph.from_flows([("a", "a", 1)])
        simulate(tiny, families.Gaussian(ddof=1), generations=2, replicates=2, seed=1)


def test_a_bias_that_the_family_cannot_apply_is_refused_before_the_run():
    from headwater import Emission

    graph = InteractionGraph.from_flows([Flow("a", "a", 9, emission=Emission(temperature=0.5))])
    with pytest.raises(FamilyError, match="temperature") as error:
        simulate(graph, families.Gaussian(ddof=1), generations=2, replicates=2, seed=1)
    assert error.value.place == ("flows", 0, "temperature")


def test_the_seed_decides_every_number_and_is_required():
    graph = dense(FOUR, RESCUED)
    family = families.Gaussian(ddof=1)
    first = risks(graph, family, Replace(), 3, 120, seed=9)
    assert (first == risks(graph, family, Replace(), 3, 120, seed=9)).all()
    assert (first != risks(graph, family, Replace(), 3, 120, seed=10)).all()
    with pytest.raises(TypeError, match="seed"):
        simulate(graph, family, generations=3, replicates=5)


def test_runs_that_have_lost_all_their_variance_go_on_and_crash_nothing():
    """A closed Gaussian loop of two samples in two dimensions, 3,000 generations."""
    graph = InteractionGraph.from_flows([("a", "a", 2)])
    runs = simulate(graph, families.Gaussian(ddof=1, dimensions=2), generations=3000, replicates=20, seed=1)
    assert np.isfinite(runs["risk"].values).all()
    assert (runs["variance"].values[:, -1] == 0).any()
