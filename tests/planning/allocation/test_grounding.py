"""The least grounding is held to trying every smaller set, and its choice to the law's own limits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from headwater import diagnose
from headwater.errors import InputError
from headwater.graph import InteractionGraph, Model
from headwater.grounding import ground
from headwater.pipeline import Pipeline
from headwater.planning.allocation import Supply, least_grounding
from headwater.planning.targets import Targets, scope_of


@pytest.mark.parametrize("seed", range(25))
def test_no_smaller_set_grounds_the_pipeline(seed):
    """On random graphs of five models, without counts: the set grounds it, and no smaller one does."""
    rng = np.random.default_rng(seed)
    names = [f"m{at}" for at in range(5)]
    flows = [(a, b) for a in names for b in names if rng.random() < 0.2]
    flows += [("web", name) for name in names if rng.random() < 0.15]
    flows += [(name, name) for name in names if not any(flow[1] == name for flow in flows)]
    found = least_grounding(Pipeline(InteractionGraph.from_flows(flows, sources=["web"])))

    def grounds(models):
        more = [("web", name) for name in models if ("web", name) not in flows]
        graph = InteractionGraph.from_flows([*flows, *more], sources=["web"])
        return not ground(graph).is_ungrounded.any()

    assert found.possible and grounds(found.models)
    if found.models:
        assert not any(grounds(each) for each in itertools.combinations(names, len(found.models) - 1))


def test_the_model_chosen_is_where_few_samples_lower_the_limit_most():
    """By the diagnosis with ten real samples at each model in turn."""
    flows = [("a", "b", 3000), ("b", "a", 500), ("c", "a", 500), ("a", "c", 4000)]
    found = least_grounding(Pipeline(InteractionGraph.from_flows(flows)))

    def risk(model):
        graph = InteractionGraph.from_flows([*flows, ("web", model, 10)], sources=["web"])
        told = diagnose(graph)
        return sum(told.of(name)["inflation_limit"] for name in "abc")

    assert found.models == (min("abc", key=risk),)


def test_samples_for_targets_go_to_that_set_alone():
    """As many as the set needs, confirmed; elsewhere nothing is added."""
    flows = [("a", "b", 100), ("b", "a", 80), ("c", "c", 50)]
    pipeline = Pipeline(InteractionGraph.from_flows(flows), generations=20)
    found = least_grounding(pipeline, None, Targets(max_inflation=3.0), scope_of(pipeline.graph))
    assert found.allocation is not None and found.allocation.met
    assert {model for _, model, _ in found.allocation.given} == set(found.models)


def test_untouched_loops_are_explained():
    """Another of the loop takes its place; where none may, it is said which loop."""
    pipeline = Pipeline(InteractionGraph.from_flows([("a", "b", 100), ("b", "a", 80), ("c", "c", 50)]))
    first = least_grounding(pipeline)
    other = least_grounding(pipeline, Supply(untouched=frozenset(first.models[:1])))
    assert other.possible and first.models[0] not in other.models
    none = least_grounding(
        pipeline, Supply(untouched=frozenset("ab")), Targets(max_inflation=3.0), scope_of(pipeline.graph)
    )
    assert not none.possible and "'a' and 'b'" in none.reasons[0] and none.allocation is None
    assert none.models == ("c",)


def test_a_grounded_pipeline_needs_nothing():
    """No entries; frozen and external models anchor."""
    flows = [("a", "b"), ("web", "a"), ("vendor", "c")]
    graph = InteractionGraph.from_flows(flows, ["web"], [Model("vendor", external=True)])
    found = least_grounding(Pipeline(graph))
    assert found.possible and found.models == () and found.to_dict()["models"] == []


def test_unknown_names_are_refused():
    """As everywhere."""
    pipeline = Pipeline(InteractionGraph.from_flows([("a", "a")]))
    with pytest.raises(InputError):
        least_grounding(pipeline, Supply(untouched=frozenset({"nobody"})))


def test_real_data_go_where_a_sample_buys_most_not_to_the_first_of_a_loop():
    """The fall of the leading eigenvalue, by differences: at the smaller budget, here the second."""
    graph = InteractionGraph.from_flows([("b", "a", 900), ("a", "b", 100)])
    assert least_grounding(Pipeline(graph)).models == ("b",)

    def radius(at_first: float, at_second: float) -> float:
        return float(np.sqrt(900 / (900 + at_first) * 100 / (100 + at_second)))

    assert 1 - radius(0, 1) > 1 - radius(1, 0)


def test_a_pipeline_that_is_grounded_needs_no_allocation_for_it():
    """And none that failed is reported."""
    graph = InteractionGraph.from_flows([("web", "a", 10), ("a", "a", 90)], ["web"])
    found = least_grounding(Pipeline(graph), None, Targets(max_inflation=1.2), scope_of(graph))
    assert found.entries == ()
    assert found.allocation is None
