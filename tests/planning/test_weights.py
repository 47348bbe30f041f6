"""Optimal loss weights: the curve of one loop, brute force on small graphs, exact slopes, hostile input."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import solve_discrete_lyapunov
from scipy.optimize import approx_fprime

from headwater.errors import InputError, NoLaw, UnknownCount
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.pipeline import Pipeline, parse_pipeline, pipeline_to_yaml
from headwater.planning.outlook import outlook
from headwater.planning.weights import SUM, WORST, Objective, optimal_weights, parse_objective
from headwater.planning.weights.problem import Merit, Problem
from headwater.regimes import Accumulate, Window
from headwater.theory.flows import Flows
from headwater.theory.system import build
from tests.theory.graphs import everyone, everything, random_graph

PUBLISHED = {0.05: 0.2, 0.1: 0.2702, 0.5: 0.5, 1: 0.6180, 2: 0.7321, 4: 0.8284}
"""Best real share by real samples over synthetic ones, to four digits, as published."""


def loop(real: int, synthetic: int) -> InteractionGraph:
    return InteractionGraph.from_flows([("web", "a", real), ("a", "a", synthetic)], sources=["web"])


def best_share(k: float) -> float:
    return (np.sqrt(k**2 + 4 * k) - k) / 2


def pair() -> InteractionGraph:
    """Two models that learn from each other and from different amounts of real data."""
    flows = [("web", "a", 40), ("b", "a", 160), ("web", "b", 300), ("a", "b", 100)]
    return InteractionGraph.from_flows(flows, sources=["web"])


def trio() -> InteractionGraph:
    """A loop of two and a listener, with an archive that two of them share and one starts from."""
    return InteractionGraph.from_parts(
        [Source("web"), Source("book", "fixed", 50)],
        [Model("a"), Model("b", initial={"book": 30}), Model("c")],
        [
            Flow("web", "a", 20),
            Flow("b", "a", 90, 2.0),
            Flow("book", "b", 40, 0.5),
            Flow("a", "b", 60),
            Flow("a", "c", 35),
            Flow("book", "c", 25, 3.0),
        ],
    )


def naive(graph: InteractionGraph, share: np.ndarray, generations: int) -> np.ndarray:
    """(points, models) inflation by the dense recursion as it stands; share is (points, flows).

    Nodes are models, then archives, whose error never changes.
    """
    models, sources = len(graph.model_names), len(graph.source_names)
    M = np.zeros((len(share), models + sources, models + sources))
    M[:, graph.learner, graph.provider] = share
    M[:, models + np.arange(sources), models + np.arange(sources)] = 1
    M[:, :models, models + np.flatnonzero(~graph.fixed)] = 0
    size = np.where(graph.fixed, graph.size, np.inf)
    cut = np.append(np.full(models, np.inf), size)[graph.provider]
    D = np.zeros((len(share), models + sources))
    for flow, learner in enumerate(graph.learner):
        D[:, learner] += share[:, flow] ** 2 * (1 / graph.samples[flow] - 1 / cut[flow])
    G = np.diag(np.append(1 / np.bincount(graph.learner, graph.samples, models), 1 / size))
    for at, source, count in zip(
        graph.initial_model, graph.initial_source, graph.initial_samples, strict=True
    ):
        G[at, at] = 1 / count
        G[at, models + source] = G[models + source, at] = 1 / size[source]
    G = np.broadcast_to(G, M.shape)
    start = np.diagonal(G, axis1=1, axis2=2)[:, :models]
    for _ in range(generations):
        G = M @ G @ M.transpose(0, 2, 1) + D[:, :, None] * np.eye(models + sources)
    return np.diagonal(G, axis1=1, axis2=2)[:, :models] / start


def brute_force(graph: InteractionGraph, generations: int, judge) -> float:
    """Least objective over a grid of the first share of every model (two flows each) that is zoomed into."""
    models = len(graph.model_names)
    centre, reach, least = np.full(models, 0.5), 0.5, np.inf
    for _ in range(9):
        axes = [np.clip(np.linspace(at - reach, at + reach, 13), 0.0, 1.0) for at in centre]
        first = np.array(list(product(*axes)))
        share = np.stack([first, 1 - first], axis=2).reshape(len(first), -1)
        values = judge(naive(graph, share, generations))
        at = int(np.argmin(values))
        centre, reach, least = first[at], reach * 0.4, min(least, float(values[at]))
    return least


JUDGES = {
    "worst": (WORST, lambda inflation: inflation.max(axis=1)),
    "sum": (SUM, lambda inflation: inflation.sum(axis=1)),
    "one": (Objective.of("b"), lambda inflation: inflation[:, 1]),
}


@pytest.mark.parametrize("k", PUBLISHED)
def test_a_lone_loop_follows_the_published_curve(k):
    """The best real share is that of the literature, and risk on the real data's scale equals it."""
    found = optimal_weights(loop(round(10_000 * k), 10_000))
    assert found.share_after[0] == pytest.approx(best_share(k), abs=1e-6)
    assert found.share_after[0] == pytest.approx(PUBLISHED[k], abs=1e-4)
    risk = found.inflation_after[0] / (10_000 * (1 + k))
    assert risk * 10_000 * k == pytest.approx(found.share_after[0], rel=1e-9)


@given(st.integers(1, 10**6), st.integers(1, 10**6))
@settings(max_examples=15, deadline=None)
def test_every_lone_loop_follows_the_curve(real, synthetic):
    """At any counts the share is the closed form."""
    found = optimal_weights(loop(real, synthetic), SUM)
    assert found.share_after[0] == pytest.approx(best_share(real / synthetic), abs=1e-6)


def test_only_the_variance_decides_the_share_of_minimum_norm_interpolation():
    """Label noise alone gives (w^2 + (1-w)^2) / (1 - (1-w)^2): least, and w*, at the golden ratio."""
    shares = np.linspace(0.3, 0.95, 200_001)
    factor = (shares**2 + (1 - shares) ** 2) / (1 - (1 - shares) ** 2)
    found = optimal_weights(loop(500, 500))
    assert shares[np.argmin(factor)] == pytest.approx(found.share_after[0], abs=1e-5)
    assert factor.min() == pytest.approx(found.share_after[0], abs=1e-9)


@pytest.mark.parametrize("name", JUDGES)
@pytest.mark.parametrize(("graph", "generations"), [(pair, None), (pair, 4), (trio, 6)])
def test_no_grid_finds_better_weights(graph, generations, name):
    """Brute force over shares, by a recursion of its own, comes to the same optimum."""
    objective, judge = JUDGES[name]
    least = brute_force(graph(), generations or 400, judge)
    found = optimal_weights(graph(), objective, generations)
    reached = float(judge(naive(graph(), found.share_after[None], generations or 400))[0])
    assert found.value(found.inflation_after) == pytest.approx(reached, rel=1e-9)
    assert reached == pytest.approx(least, rel=2e-6)


def test_a_share_slightly_off_is_seen_to_be_worse():
    """Power of the comparison with brute force: five hundredths of a share beside the best are told apart."""
    least = brute_force(pair(), 400, JUDGES["sum"][1])
    share = optimal_weights(pair(), SUM).share_after + np.array([0.05, -0.05, 0, 0])
    assert naive(pair(), share[None], 400).sum() > least * (1 + 1e-4)


def test_the_limit_is_that_of_the_discrete_lyapunov_equation():
    """What is claimed in the limit is what scipy's solver says of the written weights."""
    graph = optimal_weights(pair()).graph
    mass = graph.samples * graph.weight
    share = mass / np.bincount(graph.learner, mass)[graph.learner]
    W = np.array([[0, share[1]], [share[3], 0]])
    D = np.bincount(graph.learner, share**2 / graph.samples)
    limit = np.diagonal(solve_discrete_lyapunov(W, np.diag(D))) * np.bincount(graph.learner, graph.samples)
    assert optimal_weights(pair()).inflation_after == pytest.approx(limit, rel=1e-10)


@pytest.mark.parametrize("horizon", [None, 3])
@pytest.mark.parametrize("sharpness", [1.0, 8.0])
def test_slopes_by_logits_are_those_of_finite_differences(sharpness, horizon):
    """The adjoint's gradient, through softmax and smooth maximum, on a graph with one of everything."""
    graph = everything(weighted=True)
    flows = Flows.of(build(graph, everyone(graph)))
    problem = Problem(flows, horizon, np.array([True, True, False]), np.array([True, False, True]))
    merit = Merit(sharpness, np.where(problem.judged, [0.3, 0.0, -0.2], -np.inf))
    logit = np.log(problem.given)[problem.moving]
    slope = problem.by_logits(logit, merit)[1]
    expected = approx_fprime(logit, lambda tried: problem.by_logits(tried, merit)[0], 1e-7)
    np.testing.assert_allclose(slope, expected, rtol=2e-5, atol=2e-7)
    assert np.abs(slope * 1.001 - slope).max() > 2e-7 and np.abs(slope).max() > 1e-3


@given(st.integers(0, 10**6), st.sampled_from(["worst", "sum"]), st.sampled_from([None, 4]))
@settings(max_examples=20, deadline=None)
def test_weights_are_never_worse_than_those_given_or_equal_ones(seed, name, horizon):
    """On graphs of every kind, as a diagnosis of the written file judges them."""
    graph = random_graph(np.random.default_rng(seed), weighted=seed % 2 == 0)
    if not graph.trained.any():
        return
    objective = JUDGES[name][0]
    found = optimal_weights(graph, objective, horizon)
    reached = {}
    for which, weight in (("given", graph.weight), ("equal", np.ones(len(graph.weight)))):
        reached[which] = found.value(diagnosed(Pipeline(replace(graph, weight=weight)), horizon))
    written = parse_pipeline(pipeline_to_yaml(found.after))
    after = diagnosed(written, horizon)
    np.testing.assert_allclose(after, found.inflation_after, rtol=1e-7)
    assert found.value(after) <= min(reached.values()) * (1 + 2e-9)


def diagnosed(pipeline: Pipeline, horizon: int | None) -> np.ndarray:
    columns = outlook(replace(pipeline, generations=horizon or 1), quantities=("inflation",)).columns
    return columns["inflation", "limit" if horizon is None else "horizon"]


def test_weights_have_mean_one_and_survive_the_file():
    """Over a model's samples the written weights average 1, and the shares come back to 1e-9."""
    found = optimal_weights(pair())
    graph = found.graph
    mean = np.bincount(graph.learner, graph.samples * graph.weight) / np.bincount(
        graph.learner, graph.samples
    )
    assert mean == pytest.approx(np.ones(2), abs=1e-9)
    again = parse_pipeline(pipeline_to_yaml(found.after)).graph
    assert again.weight.tolist() == graph.weight.tolist()


def test_the_best_weights_are_kept_as_they_are():
    """A second run changes nothing: what is as good as given is given back."""
    once = optimal_weights(loop(100, 100))
    twice = optimal_weights(once.after)
    assert not twice.changed.any() and twice.changes == ()
    assert once.changes[0].field == "web->a.weight"


def test_a_flow_that_only_copies_noise_is_left_out():
    """A model that takes a whole archive gains nothing from a twin's copy of the same archive."""
    graph = InteractionGraph.from_parts(
        [Source("book", "fixed", 100)],
        [Model("a", initial={"book": 100}), Model("b", initial={"book": 100})],
        [Flow("book", "a", 100), Flow("book", "b", 100), Flow("a", "b", 50)],
    )
    found = optimal_weights(graph, Objective.of("b"))
    assert found.left_out.tolist() == [False, False, True]
    assert found.graph.weight[2] < 1e-11
    assert found.inflation_after[1] == pytest.approx(1.0, abs=1e-9)


def test_a_closed_loop_keeps_its_weights_in_the_limit_and_not_at_a_horizon():
    """No weights give it a limit; after so many generations its listener is served by better ones."""
    flows = [("a", "a", 50), ("a", "b", 100), ("web", "b", 100), ("web", "c", 10), ("c", "c", 10)]
    graph = InteractionGraph.from_flows(flows, sources=["web"])
    found = optimal_weights(graph)
    assert [name for name, _ in found.left_alone] == ["a", "b"]
    assert np.isinf(found.inflation_after[:2]).all() and np.isfinite(found.inflation_after[2])
    assert found.graph.weight[:3].tolist() == [1, 1, 1]
    horizon = optimal_weights(graph, WORST, 10)
    assert horizon.inflation_after[0] == pytest.approx(11.0)
    assert horizon.share_after[2] > 0.9, "the worst cannot be helped, and the next worst is all the same"
    nothing = optimal_weights(graph, Objective.of("b"))
    assert not nothing.is_possible and "closed loop" in nothing.reason


def test_models_that_do_not_matter_to_the_one_named_are_left_alone():
    """With one model as objective, only its own weights and its ancestors' change."""
    flows = [
        ("web", "a", 10),
        ("a", "a", 10),
        ("a", "b", 10),
        ("web", "b", 90),
        ("b", "c", 5),
        ("web", "c", 5),
    ]
    graph = InteractionGraph.from_flows(flows, sources=["web"])
    found = optimal_weights(graph, Objective.of("b"))
    assert found.changed.tolist() == [True, True, True, True, False, False]
    assert found.inflation_after[2] != found.inflation_before[2], "it hears a model that got better"


def test_what_rests_on_an_external_model_is_left_alone_and_said():
    """Nobody knows its error; other models are served all the same."""
    graph = InteractionGraph.from_parts(
        [Source("web")],
        [Model("a"), Model("b"), Model("vendor", external=True)],
        [Flow("web", "a", 10), Flow("a", "a", 10), Flow("vendor", "b"), Flow("web", "b", 10)],
    )
    found = optimal_weights(graph)
    assert found.left_alone[0][0] == "b" and "external" in found.left_alone[0][1]
    assert found.changed.tolist() == [True, True, False, False]


def test_a_missing_count_is_asked_for():
    """Unless the model asked about does not need it."""
    flows = [("web", "a", 10), ("a", "a", 10), ("a", "b"), ("web", "b", 10)]
    graph = InteractionGraph.from_flows(flows, sources=["web"])
    with pytest.raises(UnknownCount, match="'a' -> 'b'"):
        optimal_weights(graph)
    assert optimal_weights(graph, Objective.of("a")).share_after[0] == pytest.approx(0.618034, abs=1e-6)


@pytest.mark.parametrize("regime", [Accumulate(), Window(2)])
def test_other_regimes_have_no_law_here(regime):
    """Said with a way out; a window of one generation is replace."""
    with pytest.raises(NoLaw, match="--regime replace"):
        optimal_weights(Pipeline(loop(10, 10), regime))
    assert optimal_weights(Pipeline(loop(10, 10), Window(1))).changed.all()


@pytest.mark.parametrize("horizon", [0, -1, 10**7])
def test_a_horizon_is_a_number_of_generations(horizon):
    """Anything else is refused."""
    with pytest.raises(InputError, match="horizon"):
        optimal_weights(loop(10, 10), WORST, horizon)


def test_models_called_worst_and_sum_can_be_named():
    """By model:NAME; and a model whose name begins so by saying it twice."""
    flows = [("web", name, 5) for name in ("worst", "sum", "model:worst", "plain")]
    graph = InteractionGraph.from_flows(flows, sources=["web"])
    assert parse_objective("worst", graph) == WORST and parse_objective("sum", graph) == SUM
    for name in graph.model_names:
        assert parse_objective(str(Objective.of(name)), graph) == Objective.of(name)
    with pytest.raises(InputError, match="did you mean 'plain'"):
        parse_objective("plane", graph)


def test_a_pipeline_without_a_choice_is_given_back():
    """One flow a model: its share is 1 at any weight."""
    graph = InteractionGraph.from_flows([("web", "a", 10, 3.0), ("a", "b", 10)], sources=["web"])
    found = optimal_weights(graph)
    assert not found.changed.any() and found.is_possible
    assert found.inflation_after == pytest.approx([1.0, 2.0])


def test_many_small_parts_are_searched_together():
    """A hundred loops apart from each other, a few of them pairs: each has its own best weights."""
    rng = np.random.default_rng(3)
    real, synthetic = rng.integers(5, 500, (2, 100))
    flows = [
        row
        for at, (n, m) in enumerate(zip(real, synthetic, strict=True))
        for row in (("web", f"m{at}", int(n)), (f"m{at}", f"m{at}", int(m)))
    ]
    flows += [("web", "x", 9), ("y", "x", 20), ("web", "y", 30), ("x", "y", 20)]
    found = optimal_weights(InteractionGraph.from_flows(flows, sources=["web"]))
    assert found.share_after[:200:2] == pytest.approx(best_share(real / synthetic), abs=1e-4)
    alone = optimal_weights(InteractionGraph.from_flows(flows[200:], sources=["web"]))
    assert found.inflation_after[100:] == pytest.approx(alone.inflation_after, rel=1e-6)


def test_a_real_share_next_to_nothing_is_raised():
    """Where the given weights have no limit that can be told, the best ones have."""
    graph = InteractionGraph.from_flows([("web", "a", 10, 1e-15), ("a", "a", 10, 9e15)], sources=["web"])
    found = optimal_weights(graph)
    assert found.share_after[0] == pytest.approx(0.618034, abs=1e-6)
    assert found.inflation_after[0] == pytest.approx(2 * 0.618034, abs=1e-5)
