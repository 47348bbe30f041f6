"""Thresholds held to closed forms, naive recursions and exhaustive search."""

from __future__ import annotations

import itertools
import math
import time

import numpy as np
import pytest
from scipy import optimize

from headwater.errors import InputError, NoLaw
from headwater.fields import parse_field
from headwater.graph import InteractionGraph, Model, Source
from headwater.pipeline import Pipeline
from headwater.planning.targets import Targets
from headwater.planning.thresholds import Threshold, threshold, ways
from headwater.planning.thresholds.solving import MANY, Search
from headwater.planning.thresholds.ways import Knob, Way
from headwater.regimes import Regime
from headwater.theory.laws import Asymptotic, gaussian_mean

LIMIT = ("limit",)
HORIZON = ("horizon",)


def loop(real: int, made: int, generations: int = 20, regime: Regime | None = None) -> Pipeline:
    flows = [("a", "a", made)] if made else []
    flows += [("w", "a", real)] if real else []
    return Pipeline(InteractionGraph.from_flows(flows, ["w"]), regime, generations)


def found(pipeline: Pipeline, name: str, targets: Targets, way: Way = "addition", **options) -> Threshold:
    return threshold(pipeline, parse_field(name, pipeline), targets, way=way, **options)


@pytest.mark.parametrize(("made", "most"), [(1000, 1.5), (777, 1.1), (10**6, 1.01)])
def test_a_lone_loop_needs_the_real_samples_of_the_closed_form(made, most):
    """Limit 1/(1 - w^2) with w = m/(n + m): n = m (1/sqrt(1 - 1/L) - 1), or a share of 1 - sqrt(1 - 1/L)."""
    kept = math.sqrt(1 - 1 / most)
    answer = found(loop(0, made), "w->a", Targets(most, times=LIMIT))
    assert answer.value == math.ceil(made * (1 / kept - 1))
    assert answer.ways == {"addition": answer.value, "replacement": math.ceil(made * (1 - kept))}
    assert (answer.direction, answer.interval.high) == ("least", None)


def test_a_horizon_is_met_by_the_naive_recursion():
    """G <- w^2 G + 1/N from 1/N, one generation at a time; the least count by trying all."""

    def inflation(real: int) -> float:
        share, risk = 1000 / (1000 + real), 1.0
        for _ in range(7):
            risk = share**2 * risk + 1
        return risk

    least = next(real for real in range(1000) if inflation(real) <= 3)
    assert found(loop(0, 1000, 7), "w->a", Targets(3.0, times=HORIZON)).value == least


def test_diversity_needs_a_number_of_real_samples():
    """The fixed point F = w^2 F + (w^2/m)(1 - F) + u^2/n of the lone loop; F is about 1/(1 + 2n)."""

    def lost(real: int) -> float:
        total = 300 + real
        share = 300 / total
        return (300 + real) / total**2 / (1 - share**2 + 300 / total**2)

    least = next(real for real in range(1, 2000) if 1 - lost(real) >= 0.99)
    answer = found(loop(0, 300), "w->a", Targets(min_diversity=0.99, times=LIMIT))
    assert answer.value == least
    assert lost(least) == pytest.approx(1 / (1 + 2 * least), rel=0.2)


def test_a_tail_sample_needs_the_backward_recursion():
    """A of the lone loop: s <- 1 - exp(-s m/N), A = n times the sum of s, as one would write it."""

    def tail(real: int) -> float:
        total, alive, known = 200 + real, 1.0, 0.0
        for _ in range(12):
            known += alive * real
            alive = -math.expm1(-alive * 200 / total)
        return known + alive * total

    least = next(real for real in range(1, 1000) if tail(real) >= 180)
    answer = found(loop(0, 200, 12), "w->a", Targets(min_tail_sample=180, times=HORIZON))
    assert answer.value == least


def curve(weight: float) -> float:
    """Steady inflation of the lone loop at one to one, over the budget of 2,000 that it starts from."""
    share = weight / (1 + weight)
    return 2 * (share**2 + (1 - share) ** 2) / (1 - (1 - share) ** 2)


def test_a_weight_has_two_crossings():
    """Inflation of the golden-ratio curve falls to 1.236 at a share of 0.618 and rises again."""
    low = optimize.brentq(lambda weight: curve(weight) - 1.3, 0.1, 1.6)
    high = optimize.brentq(lambda weight: curve(weight) - 1.3, 1.7, 50)
    answer = found(loop(1000, 1000), "w->a.weight", Targets(1.3, times=LIMIT))
    assert (answer.interval.low, answer.interval.high) == pytest.approx((low, high), rel=1e-6)
    assert (answer.value, answer.direction) == (answer.interval.low, "least")


def test_the_narrowest_interval_is_found():
    """A level a millionth above the least of the curve, between two values of the scan."""
    golden = (math.sqrt(5) - 1) / 2
    least = 2 * golden
    answer = found(loop(1000, 1000), "w->a.weight", Targets(least * (1 + 1e-6), times=LIMIT))
    assert answer.interval.low < golden / (1 - golden) < answer.interval.high
    below = found(loop(1000, 1000), "w->a.weight", Targets(least * (1 - 1e-6), times=LIMIT))
    assert below.value is None


def test_too_large_a_weight_is_brought_down():
    """From beyond the second crossing the answer is the most that meets the target."""
    high = optimize.brentq(lambda weight: curve(weight) - 1.3, 1.7, 50)
    graph = InteractionGraph.from_flows([("w", "a", 1000, 9.0), ("a", "a", 1000)], ["w"])
    answer = found(Pipeline(graph), "w->a.weight", Targets(1.3, times=LIMIT))
    assert (answer.direction, answer.value) == ("most", pytest.approx(high, rel=1e-6))


def archive(size: int = 50) -> Pipeline:
    graph = InteractionGraph.from_flows(
        [("ar", "m", 50), ("m", "m", 150)], [Source("ar", "fixed", size)], [Model("m", initial={"ar": 50})]
    )
    return Pipeline(graph, generations=20)


def test_the_archive_sets_a_floor_of_ten_sevenths():
    """An archive of 50 reused with 150 of its own settles at 10/7; its size decides."""
    met = found(archive(), "ar.size", Targets(10 / 7 + 1e-6, times=LIMIT))
    assert met.met
    tried = found(archive(), "ar->m", Targets(10 / 7 - 1e-3, times=LIMIT))
    assert tried.value is None
    assert "fixed archive 'ar' (50 samples)" in tried.reason


def test_the_most_of_synthetic_data_is_found():
    """The lone loop with 1,000 real: w <= sqrt(1 - 1/L) is m <= n w/(1 - w)."""
    share = math.sqrt(1 - 1 / 1.2)
    answer = found(loop(1000, 5000), "a->a", Targets(1.2, times=LIMIT))
    assert (answer.direction, answer.value) == ("most", math.floor(1000 * share / (1 - share)))


SPOILT = "only because they make generation 0 worse"


def test_synthetic_data_that_lower_the_risk_are_not_called_harmful():
    """Risk (n + m)/(n(n + 2m)) of the lone loop falls with m: fewer only start worse, and it is said."""
    risks = [(1000 + made) / (1000 * (1000 + 2 * made)) for made in (690, 5000)]
    assert risks[0] > risks[1]
    assert SPOILT in found(loop(1000, 5000), "a->a", Targets(1.2, times=LIMIT)).reason


def test_synthetic_data_that_raise_the_risk_are_called_so_by_silence():
    """Beside a provider of 10 samples fewer do help: w^2/10 + 1/N is least near none of them."""
    flows = [("w", "b", 10), ("w", "a", 100), ("b", "a", 500)]
    risks = [(made / (100 + made)) ** 2 / 10 + 1 / (100 + made) for made in (50, 500)]
    assert risks[0] < risks[1]
    pipeline = Pipeline(InteractionGraph.from_flows(flows, ["w"]))
    answer = found(pipeline, "b->a", Targets(1.5, times=LIMIT))
    assert (answer.direction, answer.reason) == ("most", "")


def test_the_scan_does_not_heed_the_clock(monkeypatch):
    """A machine on which everything takes an hour scans the same values, and finds the same."""
    targets = Targets(min_diversity=0.99, times=HORIZON)
    pipeline = loop(0, 300, 3)
    knob = Knob(pipeline, parse_field("w->a", pipeline))
    before = Search.of(knob, targets, Asymptotic(), None).points
    hours = itertools.count(step=3600.0)
    monkeypatch.setattr(time, "perf_counter", lambda: next(hours))
    assert Search.of(knob, targets, Asymptotic(), None).points == before
    assert len(before) > MANY


def test_large_pipelines_are_scanned_coarsely():
    """Beyond 50 models the outlook is asked for few values; the rows engine does not need that."""
    flows = [(f"m{at}", f"m{at}", 100) for at in range(51)] + [("w", f"m{at}", 100) for at in range(51)]
    pipeline = Pipeline(InteractionGraph.from_flows(flows, ["w"]), generations=2)
    knob = Knob(pipeline, parse_field("w->m0", pipeline))
    coarse = Search.of(knob, Targets(min_diversity=0.9, times=HORIZON), Asymptotic(), None)
    fine = Search.of(knob, Targets(1.5, times=HORIZON), Asymptotic(), None)
    assert len(coarse.points) <= MANY + 2 < len(fine.points)
    assert {coarse.points[0], coarse.points[-1]} == {fine.points[0], fine.points[-1]}


def test_the_most_generations_are_counted():
    """Without real data inflation is t + 1: at most 5 after 4 generations."""
    answer = found(loop(0, 100), "generations", Targets(5.0, times=HORIZON))
    assert (answer.direction, answer.value) == ("most", 4)


def test_a_window_lasts_a_while(monkeypatch):
    """The least window whose recursion, batch by batch, stays below 3 after 8 generations."""

    def inflation(window: int) -> float:
        batches = np.eye(9)  # each batch as a sum of independent noises
        for now in range(1, 9):
            batches[now, :] += batches[max(0, now - window) : now].mean(axis=0)
        last = batches[max(0, 9 - window) :].mean(axis=0)
        return float((last**2).sum())

    monkeypatch.setattr(ways, "WIDEST", 8)
    least = next(window for window in range(1, 8) if inflation(window) <= 3)
    assert least > 1
    assert found(loop(0, 100, 8), "regime", Targets(3.0, times=HORIZON)).value == least


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("way", ["addition", "replacement"])
def test_small_graphs_agree_with_trying_every_number(seed, way):
    """Every whole number of the search, judged by dense solution: the threshold is where it turns."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 30, (4, 5)) * (rng.random((4, 5)) < 0.6)
    counts[np.arange(4), (np.arange(4) + 1) % 4] += 5
    counts[:, 4] = [0, 0, 7, 0]
    flows = [
        (f"m{giver}" if giver < 4 else "w", f"m{learner}", int(counts[learner, giver]))
        for learner, giver in np.argwhere(counts)
    ]
    pipeline = Pipeline(InteractionGraph.from_flows(flows, ["w"]), generations=5)
    budget = int(counts[0, :4].sum())
    spread = [worst_at(counts, real, way) for real in range(budget + 1)]
    bound = float(np.quantile(spread, 0.4)) * 1.0001
    held = [value <= bound for value in spread]
    answer = found(pipeline, "w->m0", Targets(bound), way)
    if answer.value is None or answer.value > budget:
        assert not any(held)
    elif answer.direction == "least" and answer.value > 0:
        assert held[int(answer.value)]
        assert not held[int(answer.value) - 1]
    else:
        assert held[int(answer.value)]


def worst_at(counts: np.ndarray, real: int, way: str) -> float:
    """Largest inflation after 5 generations and in the limit, dense."""
    changed = counts.astype(float).copy()
    if way == "replacement":
        left = changed[0, :4].sum() - real
        exact = changed[0, :4] * left / changed[0, :4].sum()
        changed[0, :4] = np.floor(exact)
        order = np.argsort(-(exact - np.floor(exact)), kind="stable")
        providers = [at for at in order if counts[0, at]]
        changed[0, providers[: round(left - changed[0, :4].sum())]] += 1
    changed[0, 4] = real
    budget = changed.sum(axis=1)
    shares = changed[:, :4] / budget[:, None]
    risk = np.diag(1 / budget)
    for _ in range(5):
        risk = shares @ risk @ shares.T + np.diag(1 / budget)
    limit = np.linalg.solve(np.eye(16) - np.kron(shares, shares), np.diag(1 / budget).ravel()).reshape(4, 4)
    return float(max((np.diag(risk) * budget).max(), (np.diag(limit) * budget).max()))


def test_a_law_without_feedback_gives_the_same_by_the_outlook():
    """Second route: the Gaussian mean has the asymptotic law, but goes through the whole diagnosis."""
    flows = [("a", "b", 40), ("b", "a", 30), ("b", "c", 10), ("c", "c", 20), ("w", "c", 5)]
    pipeline = Pipeline(InteractionGraph.from_flows(flows, ["w"]), generations=9)
    fast = found(pipeline, "w->a", Targets(4.0))
    slow = found(pipeline, "w->a", Targets(4.0), law=gaussian_mean())
    assert fast.value == slow.value
    assert fast.ways == slow.ways


def test_what_cannot_be_met_is_told_by_model():
    """The loop of c has no ground, and the change does not enter it: the others are solved apart."""
    flows = [("a", "a", 100), ("c", "c", 50)]
    pipeline = Pipeline(InteractionGraph.from_flows(flows, ["w"]), generations=9)
    answer = found(pipeline, "w->a", Targets(1.5))
    assert answer.value is None
    assert "'c' learns only from itself and stays ungrounded" in answer.models["c"][1]
    assert answer.rest is not None
    assert (answer.rest.models, answer.rest.value) == (1, math.ceil(100 * (1 / math.sqrt(1 / 3) - 1)))


def test_targets_that_pull_apart_are_named_so():
    """More initial samples lower risk at generation 0, and so raise inflation: no count meets both bounds."""
    graph = InteractionGraph.from_flows([("a", "b", 100), ("w", "a", 50), ("b", "b", 100)], ["w"])
    pipeline = Pipeline(graph, generations=4)
    answer = found(pipeline, "a->b", Targets(1.0, None, 10_000.0, times=HORIZON))
    assert answer.value is None
    assert answer.reason


def test_a_target_that_is_met_says_so():
    """The least that still meets it is below the current count."""
    answer = found(loop(5000, 1000), "w->a", Targets(1.5, times=LIMIT))
    assert answer.met
    assert (answer.current, answer.value) == (5000, 733)


def test_written_changes_keep_the_budget():
    """As replacement the whole numbers add up, and the changes tell all of them."""
    flows = [("a", "m", 33), ("b", "m", 67), ("w", "a", 9), ("w", "b", 9), ("m", "m", 101)]
    pipeline = Pipeline(InteractionGraph.from_flows(flows, ["w"]), generations=9)
    answer = found(
        pipeline, "w->m", Targets(1.1, times=LIMIT, min_tail_sample=20), "replacement", models=["m"]
    )
    if answer.value is None:
        pytest.fail(answer.reason)
    graph = answer.pipeline.graph
    assert graph.samples[graph.learner == graph.index_of("m")].sum() == 201
    assert {change.field for change in answer.changes} <= {"w->m", "a->m", "b->m", "m->m"}


def test_emissions_have_no_threshold():
    """No law covers them, and the message says to simulate."""
    with pytest.raises(NoLaw, match="sweep"):
        found(loop(10, 10), "a->a.temperature", Targets(1.5))


def test_replacement_is_of_samples():
    """A weight takes nobody's place."""
    with pytest.raises(InputError, match="replacement does not go with"):
        found(loop(10, 10), "a->a.weight", Targets(1.5), "replacement")


def test_nothing_to_replace_is_a_reason():
    """A model of real data alone has no flow that could give way."""
    answer = found(loop(10, 0), "w->a", Targets(0.5), "replacement")
    assert answer.value is None
    assert "nothing to replace" in answer.reason


def test_the_weight_of_all_that_a_model_learns_from_is_no_question():
    """Its share is 1 at any weight: nothing is told that could pass for a target that cannot be met."""
    graph = InteractionGraph.from_flows([("web", "a", 20), ("web", "b", 20), ("b", "b", 20)], sources=["web"])
    pipeline = Pipeline(graph, generations=20)
    with pytest.raises(InputError, match="all that 'a' learns from"):
        threshold(pipeline, parse_field("web->a.weight", pipeline), Targets(max_inflation=3))
