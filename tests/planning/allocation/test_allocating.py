"""Allocations are held to closed forms, to trying everything by a second recursion, and to `diagnose`."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest

from headwater import diagnose
from headwater.errors import HeadwaterError, InputError, NoLaw, UnknownCount
from headwater.graph import InteractionGraph, Model, Source
from headwater.pipeline import Pipeline
from headwater.planning.allocation import Supply, allocate
from headwater.planning.targets import Targets, scope_of
from headwater.regimes import Accumulate, Window
from tests.planning.allocation.naive import GENERATIONS, seeds, spendings, worst

MOST_TRIED = 3_000
"""Ways to spend that are all tried."""


def pipeline_of(samples, archive=None, start=None, sources=("web",)):
    """A pipeline of small counts: row takes from column, the last column from the first source."""
    flows = []
    for model, row in enumerate(samples):
        flows += [(f"m{giver}", f"m{model}", int(n)) for giver, n in enumerate(row[:-1]) if n]
        if row[-1]:
            flows.append((sources[0], f"m{model}", int(row[-1])))
        if archive is not None and archive[model]:
            flows.append(("old", f"m{model}", int(archive[model])))
    given = [Source(name) for name in sources]
    if archive is not None:
        given.append(Source("old", "fixed", 1000))
    models = [
        Model(f"m{at}", initial={} if start is None else {sources[0]: int(start[at])})
        for at in range(len(samples))
    ]
    return Pipeline(InteractionGraph.from_flows(flows, given, models), generations=GENERATIONS)


def plan(pipeline, targets, supply=None, budget=None):
    return allocate(pipeline, targets, scope_of(pipeline.graph), supply, budget)


def random_case(seed):
    """One to four models with counts of up to a dozen, some without real data."""
    rng = np.random.default_rng(seed)
    models = int(rng.integers(1, 5))
    samples = rng.integers(1, 13, size=(models, models + 1)) * (rng.random((models, models + 1)) < 0.6)
    samples[:, -1] *= rng.random(models) < 0.5
    for model in range(models):
        if not samples[model].any():
            samples[model, (model + 1) % models] = 5
    archive = rng.integers(1, 5, size=models) * (rng.random(models) < 0.4) if seed % 3 == 0 else None
    start = rng.integers(4, 20, size=models) if seed % 2 else None
    return rng, samples, archive, start


@pytest.mark.parametrize("seed", seeds(0, 10, 40))
def test_the_least_cost_is_that_of_trying_everything(seed):
    """Prices, caps by model and a cap by source; default and given starts; archives: cost and proof agree."""
    rng, samples, archive, start = random_case(seed)
    models = len(samples)
    pipeline = pipeline_of(samples, archive, start)
    bound = float(rng.uniform(1.4, 3.0))
    capped = int(rng.integers(models))
    cap, total = int(rng.integers(2, 20)), int(rng.integers(10, 40))
    caps = {f"m{capped}": cap, "web": total + int(samples[:, -1].sum())}
    found = plan(pipeline, Targets(max_inflation=bound), Supply(caps=caps))
    limits = [total] * models
    limits[capped] = cap

    def meets(added):
        return worst(samples, np.array(added), archive, start) <= bound * (1 + 1e-9)

    if found.met:
        assert found.optimal and found.bound == pytest.approx(found.cost)
        assert meets(added_by(found, models))
        # more samples never hurt, so that it is enough to try all ways to spend one sample less
        if found.cost and math.comb(int(found.cost) + models - 2, models - 1) < MOST_TRIED:
            assert not any(map(meets, spendings(models, limits, int(found.cost) - 1)))
    else:
        assert found.reasons and not found.given
        assert not any(meets(tried) for tried in spendings(models, [min(each, 9) for each in limits], 9))


def added_by(found, models):
    added = np.zeros(models)
    for _, model, count in found.given:
        added[int(model[1:])] += count
    return added


@pytest.mark.parametrize("seed", seeds(100, 104, 112))
def test_two_sources_with_prices_agree_with_trying_everything(seed):
    """The cheap source has a cap; what is left comes from the dear one, where that is least in all."""
    rng, samples, _, _ = random_case(seed)
    samples = samples[:2, [0, 1, -1]] if len(samples) > 2 else samples
    models = len(samples)
    for model in range(models):
        samples[model, model] = max(samples[model, model], 2)
    pipeline = pipeline_of(samples, sources=("web", "panel"))
    bound = float(rng.uniform(1.5, 2.5))
    supply = Supply(prices={"web": 2.0, "panel": 1.5}, caps={"panel": 4})
    found = plan(pipeline, Targets(max_inflation=bound), supply)
    assert found.met and found.optimal

    def meets(added):
        cheap, dear = np.array(added[:models]), np.array(added[models:])
        return cheap.sum() <= 4 and worst(samples, cheap + dear) <= bound * (1 + 1e-9)

    for cheap in itertools.product(range(5), repeat=models):
        dear = math.ceil((found.cost - 1.5 * sum(cheap)) / 2) - 1
        if sum(cheap) <= 4 and 0 <= dear <= 60:
            assert not any(meets((*cheap, *tried)) for tried in spendings(models, [99] * models, dear))


@pytest.mark.parametrize("seed", seeds(200, 204, 212))
def test_diversity_targets_agree_with_trying_everything(seed):
    """The same for identity by descent, in the limit and at the horizon."""
    rng, samples, archive, start = random_case(seed)
    models = len(samples)
    pipeline = pipeline_of(samples, archive, start)
    least = float(rng.uniform(0.6, 0.85))
    found = plan(pipeline, Targets(min_diversity=least))

    def meets(added):
        return 1 - worst(samples, np.array(added), archive, start, "diversity") >= least * (1 - 1e-9)

    if found.met:
        assert found.optimal
        assert meets(added_by(found, models))
        if found.cost and math.comb(int(found.cost) + models - 2, models - 1) < MOST_TRIED:
            assert not any(map(meets, spendings(models, [999] * models, int(found.cost) - 1)))
    else:
        assert found.reasons


@pytest.mark.parametrize("seed", seeds(300, 304, 312))
def test_the_best_result_for_a_budget_is_that_of_trying_everything(seed):
    """Least worst inflation over every way to spend a small budget, and the bound is that value."""
    _, samples, archive, start = random_case(seed)
    models = len(samples)
    pipeline = pipeline_of(samples, archive, start)
    money = 8
    found = plan(pipeline, None, budget=money)
    best = math.inf
    for tried in spendings(models, [money] * models, money):
        best = min(best, worst(samples, np.array(tried), archive, start))
    assert found.worst == pytest.approx(best, rel=1e-6)
    if math.isfinite(best):
        assert found.optimal and found.bound == pytest.approx(best, rel=1e-5)


def test_a_lone_loop_has_the_samples_of_the_closed_form():
    """A loop of N with x real has inflation 1/(1 - (N/(N+x))^2) in the limit: x = N (sqrt(L/(L-1)) - 1)."""
    pipeline = Pipeline(InteractionGraph.from_flows([("a", "a", 1000)]), generations=20)
    for most in (1.1, 1.5, 4.0):
        found = plan(pipeline, Targets(max_inflation=most))
        assert found.cost == math.ceil(1000 * (math.sqrt(most / (most - 1)) - 1))
        assert found.optimal and found.given[0][:2] == ("real", "a")
        assert "real" in found.pipeline.graph.source_names


def test_one_sample_less_breaks_the_target():
    """Negative control: by the diagnosis of the changed pipeline, wherever the sample is taken from."""
    flows = [("a", "b", 300), ("b", "a", 200), ("b", "c", 100), ("web", "c", 40), ("a", "a", 50)]
    pipeline = Pipeline(InteractionGraph.from_flows(flows, sources=["web"]), generations=20)
    found = plan(pipeline, Targets(max_inflation=1.6))
    assert found.met
    kept = {(flow.provider, flow.model): flow for flow in found.pipeline.graph.flows}
    for source, model, count in found.given:
        flow = kept[source, model]
        less = [
            dataclasses.replace(each, samples=each.samples - 1) if each == flow else each
            for each in kept.values()
            if each != flow or flow.samples > 1
        ]
        graph = InteractionGraph.from_flows(less, sources=["web"])
        values = [diagnose(graph, generations=20).of(name)["inflation_limit"] for name in "abc"]
        assert count >= 1 and any(value is None or value > 1.6 for value in values)


def test_the_diagnosis_confirms_what_is_met():
    """`met` rests on the diagnosis of the changed pipeline, and `reached` quotes it."""
    flows = [("a", "b", 300), ("b", "a", 200), ("b", "c", 100), ("web", "c", 40)]
    pipeline = Pipeline(InteractionGraph.from_flows(flows, sources=["web"]), generations=20)
    found = plan(pipeline, Targets(max_inflation=1.4, min_diversity=0.99))
    told = diagnose(found.pipeline)
    assert found.met
    assert max(told.of(name)["inflation_limit"] for name in "abc") == pytest.approx(found.reached[0].value)
    assert found.reached[0].value <= 1.4 * (1 + 1e-9)


def test_what_is_met_already_costs_nothing():
    """No samples, no changes, and that is optimal."""
    graph = InteractionGraph.from_flows([("web", "a", 10)], sources=["web"])
    found = plan(Pipeline(graph), Targets(max_inflation=1.2))
    assert found.met and found.optimal and found.cost == 0 and not found.given and not found.changes


def test_looser_targets_and_more_supply_never_cost_more():
    """Monotone in the target, in caps and in prices."""
    flows = [("a", "b", 300), ("b", "a", 200), ("b", "c", 100), ("web", "c", 40)]
    pipeline = Pipeline(InteractionGraph.from_flows(flows, sources=["web"]), generations=20)
    costs = [plan(pipeline, Targets(max_inflation=most)).cost for most in (1.2, 1.5, 2.0, 4.0)]
    assert costs == sorted(costs, reverse=True)
    free = plan(pipeline, Targets(max_inflation=1.5))
    capped = plan(pipeline, Targets(max_inflation=1.5), Supply(caps={"a": 20}))
    assert capped.met and capped.cost >= free.cost


def test_twice_the_counts_take_twice_the_samples():
    """The law is for large budgets: only shares matter, so samples scale with counts."""
    flows = [("a", "b", 300), ("b", "a", 200), ("b", "c", 100), ("web", "c", 40)]

    def cost(times):
        scaled = [(giver, model, count * times) for giver, model, count in flows]
        graph = InteractionGraph.from_flows(scaled, sources=["web"])
        return plan(Pipeline(graph, generations=20), Targets(max_inflation=1.5)).cost

    assert cost(20) == pytest.approx(2 * cost(10), rel=2e-3)


def test_a_cheaper_source_gives_instead_and_a_cap_brings_the_other_back():
    """Prices move samples from one source to the other, up to what it has."""
    flows = [("a", "b", 300), ("b", "a", 200), ("web", "b", 10)]
    graph = InteractionGraph.from_flows(flows, sources=["web", "panel"])
    pipeline, targets = Pipeline(graph, generations=20), Targets(max_inflation=1.5)
    by_web = plan(pipeline, targets, Supply(prices={"panel": 1.1}))
    by_panel = plan(pipeline, targets, Supply(prices={"panel": 0.9}))
    both = plan(pipeline, targets, Supply(prices={"panel": 0.9}, caps={"panel": 50}))
    assert {source for source, _, _ in by_web.given} == {"web"}
    assert {source for source, _, _ in by_panel.given} == {"panel"}
    assert sum(count for source, _, count in both.given if source == "panel") == 50
    assert by_panel.cost == pytest.approx(0.9 * by_web.cost)
    assert by_panel.cost < both.cost < by_web.cost
    assert both.optimal


def test_a_budget_and_its_target_are_dual():
    """The best inflation for the least cost of a target is that target, or a rounding below."""
    flows = [("a", "b", 900), ("b", "a", 700), ("b", "c", 400), ("web", "c", 40)]
    pipeline = Pipeline(InteractionGraph.from_flows(flows, sources=["web"]), generations=20)
    least = plan(pipeline, Targets(max_inflation=1.5))
    spent = plan(pipeline, None, budget=least.cost)
    assert spent.worst == pytest.approx(1.5, rel=2e-3) and spent.worst <= 1.5
    assert spent.cost <= least.cost and spent.optimal


def test_a_budget_below_the_least_cost_says_the_least_cost_and_what_it_reaches():
    """Not met; the reason holds both numbers, and `reached` is the best for the money."""
    pipeline = Pipeline(InteractionGraph.from_flows([("a", "a", 1000)]), generations=20)
    found = plan(pipeline, Targets(max_inflation=1.5), budget=300)
    assert not found.met and found.cost == 300
    assert "733" in found.reasons[0] and "300" in found.reasons[0]
    assert found.reached[0].value == pytest.approx(1 / (1 - (1000 / 1300) ** 2))
    assert found.worst == pytest.approx(found.reached[0].value / 1.5)
    assert plan(pipeline, Targets(max_inflation=1.5), budget=733).met


def test_a_budget_too_small_to_ground_every_loop_says_so():
    """Two loops and one sample: no limit; the money goes to the horizon."""
    graph = InteractionGraph.from_flows([("a", "a", 10), ("b", "b", 10)])
    found = plan(Pipeline(graph, generations=5), None, budget=1)
    assert math.isinf(found.worst) and found.bound is None
    assert "2 of them" in found.notes[0] and found.cost <= 1


def test_groups_and_untouched_models_are_kept_to():
    """A cap on a group is over its members together; nothing is added to what may not be touched."""
    flows = [("a", "b", 100), ("b", "a", 100), ("c", "c", 100)]
    pipeline = Pipeline(InteractionGraph.from_flows(flows), generations=20)
    supply = Supply(caps={"team": 90}, groups={"team": ("a", "b")}, untouched=frozenset({"a"}))
    found = plan(pipeline, Targets(max_inflation=3.0), supply)
    assert found.met and {model for _, model, _ in found.given} == {"b", "c"}
    assert sum(count for _, model, count in found.given if model in "ab") <= 90
    none = plan(pipeline, Targets(max_inflation=3.0), Supply(groups={"g": ("a", "b")}, untouched={"g"}))
    assert not none.met and none.reasons and none.bound is None


def test_caps_below_what_grounding_needs_cannot_be_met_and_say_so():
    """A cap of 0 on the only loop; and one sample for two loops."""
    lone = Pipeline(InteractionGraph.from_flows([("a", "a", 100)]), generations=20)
    found = plan(lone, Targets(max_inflation=50.0), Supply(caps={"a": 0}))
    assert not found.met and "cap of 'a'" in found.reasons[0]
    two = InteractionGraph.from_flows([("a", "a", 10), ("b", "b", 10)])
    found = plan(Pipeline(two, generations=20), Targets(max_inflation=50.0), Supply(caps={"real": 1}))
    assert not found.met and "cap of 'real'" in found.reasons[0]


def test_an_inflation_of_one_cannot_be_had_below_and_says_why():
    """No model that starts as it goes on is below its own generation 0."""
    pipeline = Pipeline(InteractionGraph.from_flows([("a", "a", 100)]), generations=20)
    found = plan(pipeline, Targets(max_inflation=0.9))
    assert not found.met and found.reasons and found.given == ()


def test_unequal_weights_come_with_a_bound_below_the_cost():
    """Weighted flows: the bound is a relaxation's, and exhaustive search lies between."""
    graph = InteractionGraph.from_flows([("a", "a", 12, 0.5), ("web", "a", 1)], sources=["web"])
    pipeline = Pipeline(graph, generations=12)
    found = plan(pipeline, Targets(max_inflation=1.4))
    assert found.met and found.bound <= found.cost
    for count in range(int(found.cost)):
        flows = [("a", "a", 12, 0.5), ("web", "a", 1 + count)]
        told = diagnose(InteractionGraph.from_flows(flows, sources=["web"]), generations=12)
        assert told.of("a")["inflation_limit"] > 1.4
    assert found.bound <= found.cost


def test_a_tail_sample_is_reached_with_no_more_than_trying_everything_takes():
    """No bound is proved, and on a lone loop the least count is found all the same."""
    pipeline = Pipeline(InteractionGraph.from_flows([("a", "a", 40)]), generations=12)
    found = plan(pipeline, Targets(min_tail_sample=60))
    assert found.met and found.bound is None and "tail" in found.notes[0]
    flows = [("a", "a", 40), ("real", "a", int(found.cost) - 1)]
    told = diagnose(InteractionGraph.from_flows(flows, sources=["real"]), generations=12)
    assert told.of("a")["tail_sample_limit"] < 60


@pytest.mark.parametrize("regime", [Accumulate(), Window(3)])
def test_other_regimes_are_searched_without_a_bound(regime):
    """Confirmed by the diagnosis; on one model one sample less breaks the target."""
    graph = InteractionGraph.from_flows([("a", "a", 100)])
    pipeline = Pipeline(graph, regime, generations=12)
    found = plan(pipeline, Targets(max_inflation=1.2))
    assert found.met and found.bound is None and found.notes
    flows = [("a", "a", 100), ("real", "a", int(found.cost) - 1)]
    less = Pipeline(InteractionGraph.from_flows(flows, sources=["real"]), regime, generations=12)
    told = diagnose(less).of("a")
    assert max(told["inflation"][-1], told["inflation_limit"] or 0) > 1.2


def test_too_many_models_under_another_regime_are_refused_with_a_way_out():
    """Differences are for a hundred pairs."""
    flows = [(f"m{at}", f"m{(at + 1) % 120}", 10) for at in range(120)]
    with pytest.raises(NoLaw, match="pairs"):
        plan(Pipeline(InteractionGraph.from_flows(flows), Accumulate(), 5), Targets(max_inflation=0.01))


def test_what_costs_nothing_is_given_no_more_than_it_takes():
    """A price of 0 does not buy the world."""
    pipeline = Pipeline(InteractionGraph.from_flows([("a", "a", 100)]), generations=12)
    found = plan(pipeline, Targets(max_inflation=1.5), Supply(prices={"real": 0.0}))
    assert found.met and found.cost == 0 and found.given == (("real", "a", 74),)


def test_odd_names_and_no_flows_do_no_harm():
    """Names with arrows, dots and newlines; a graph without models."""
    graph = InteractionGraph.from_flows([("a->b.c\nd", "a->b.c\nd", 50)])
    assert plan(Pipeline(graph, generations=5), Targets(max_inflation=2.0)).met
    empty = InteractionGraph.from_flows([])
    with pytest.raises(InputError):
        scope_of(empty)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prices": {"web": -1.0}}, "price"),
        ({"prices": {"web": math.nan}}, "price"),
        ({"prices": {"wbe": 1.0}}, "wbe"),
        ({"caps": {"web": 2.5}}, "cap"),
        ({"caps": {"web": 39}}, "flow from it already"),
        ({"caps": {"nobody": 5}}, "nobody"),
        ({"groups": {"a": ("b",)}}, "both a group and a model"),
        ({"groups": {"web": ("b",)}}, "both a group and a source"),
        ({"groups": {"g": ("nobody",)}}, "nobody"),
        ({"groups": {"g": ()}}, "one or more"),
        ({"untouched": frozenset({"nobody"})}, "nobody"),
        ({"sources": ("old",)}, "archive"),
        ({"sources": ("nobody",)}, "nobody"),
        ({"sources": ()}, "no source"),
    ],
)
def test_a_supply_that_cannot_be_is_one_clear_error(arguments, message):
    """What is wrong, with the value, and what would be right."""
    graph = InteractionGraph.from_flows(
        [("a", "b", 30), ("b", "a", 20), ("web", "b", 40), ("old", "a", 5)],
        sources=[Source("web"), Source("old", "fixed", 100)],
    )
    with pytest.raises(HeadwaterError, match=message) as raised:
        plan(Pipeline(graph), Targets(max_inflation=1.1), Supply(**arguments))
    assert raised.value.remedy


def test_neither_target_nor_budget_and_budgets_that_cannot_be_are_refused():
    """One error each."""
    pipeline = Pipeline(InteractionGraph.from_flows([("a", "a", 10)]))
    for budget in (None, -1.0, math.nan, math.inf):
        with pytest.raises(InputError):
            plan(pipeline, None, budget=budget)


def test_a_capped_source_with_an_unknown_flow_is_refused():
    """What flows already counts towards the cap."""
    graph = InteractionGraph.from_flows([("web", "a", None), ("b", "b", 5)], sources=["web"])
    with pytest.raises(UnknownCount):
        allocate(
            Pipeline(graph), Targets(max_inflation=2.0), scope_of(graph, ["b"]), Supply(caps={"web": 100})
        )


def test_a_budget_for_the_horizon_alone_is_spent_on_the_horizon():
    """Every way to spend 20 samples over two models, by two steps of the recursion."""
    graph = InteractionGraph.from_flows(
        [("web", "a", 2), ("a", "a", 60), ("b", "b", 10), ("web", "b", 5)],
        ["web"],
        [Model("b", initial={"web": 40})],
    )

    def worst_after_two(more: int) -> float:
        answers = []
        for own, real, start in ((60, 2 + more, None), (10, 25 - more, 40)):
            total = own + real
            first = 1 / (total if start is None else start)
            risk = first
            for _ in range(2):
                risk = (own / total) ** 2 * risk + 1 / total
            answers.append(risk / first)
        return max(answers)

    best = min(range(21), key=worst_after_two)
    found = allocate(
        Pipeline(graph, generations=2), Targets(times=("horizon",)), scope_of(graph), budget=20.0
    )
    given = {model: samples for _, model, samples in found.given}
    assert given == {"a": best, "b": 20 - best}
    assert found.worst == pytest.approx(worst_after_two(best))
