"""Targets and the models that they are for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headwater.emission import Emission
from headwater.errors import InputError, UnknownCount
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.planning.targets import Target, Targets, scope_of

WEB = [Source("web")]


@pytest.mark.parametrize(
    "bounds",
    [
        {"max_inflation": 0.0},
        {"max_inflation": -1.0},
        {"max_inflation": math.nan},
        {"max_inflation": math.inf},
        {"min_diversity": 0.0},
        {"min_diversity": 1.0},
        {"min_diversity": 1.5},
        {"min_tail_sample": -5.0},
        {"min_tail_sample": math.inf},
    ],
)
def test_a_bound_that_a_quantity_cannot_have_is_refused(bounds):
    """Diversity is a share of the population's, and nothing is bounded by infinity."""
    with pytest.raises(InputError, match="write a finite number above 0"):
        Targets(**bounds)


def test_targets_are_those_that_were_given():
    """In a fixed order, spelt as in documents."""
    targets = Targets(max_inflation=1.5, min_tail_sample=5000)
    assert [target.option for target in targets] == ["max_inflation", "min_tail_sample"]
    assert [str(target) for target in targets] == ["inflation at most 1.5", "tail sample at least 5,000"]
    assert targets.quantities == ("inflation", "tail_sample")
    assert not Targets()


def test_targets_that_hold_at_no_time_are_refused():
    """A horizon, a limit, or both."""
    with pytest.raises(InputError, match="at no time"):
        Targets(1.5, times=())


def test_what_rests_on_an_external_model_is_left_out_unless_named():
    """And so is what rests on a biased flow: nothing is known of either."""
    graph = InteractionGraph.from_flows(
        [
            ("web", "a", 10),
            ("vendor", "b"),
            ("web", "b", 5),
            ("b", "c", 5),
            Flow("a", "d", 10, emission=Emission(temperature=0.5)),
            ("d", "e", 5),
        ],
        WEB,
        [Model("vendor", external=True)],
    )
    scope = scope_of(graph)
    assert [name for name, kept in zip(graph.model_names, scope.models, strict=True) if kept] == ["a"]
    assert {name: reason.split(",")[0] for name, reason in scope.left_out} == {
        "vendor": "rests on an external model",
        "b": "rests on an external model",
        "c": "rests on an external model",
        "d": "rests on a biased flow",
        "e": "rests on a biased flow",
    }
    with pytest.raises(UnknownCount, match="'c' rests on an external model"):
        scope_of(graph, ["c"])
    with pytest.raises(UnknownCount, match="'e' rests on a biased flow"):
        scope_of(graph, ["e"])
    assert scope_of(graph, ["a"]).left_out == ()


def test_an_unknown_count_that_matters_is_an_error_that_names_the_flow():
    """It could be given; what is downstream of it is not left out in silence."""
    graph = InteractionGraph.from_flows([("web", "a"), ("a", "b", 10), ("web", "c", 3)], WEB)
    with pytest.raises(UnknownCount, match=r"needs a count that is unknown: flow 'web' -> 'a'"):
        scope_of(graph)
    assert scope_of(graph, ["c"]).models.tolist() == [False, False, True]
    sized = InteractionGraph.from_flows([("web", "a", 5)], [Source("web", "fixed")])
    with pytest.raises(UnknownCount, match="the size of an archive"):
        scope_of(sized)


def test_a_scope_of_nothing_is_refused():
    """Nothing known, a name that is no model's, or no model at all."""
    external = InteractionGraph.from_parts([], [Model("vendor", external=True)], [])
    with pytest.raises(InputError, match="no model whose numbers can be known"):
        scope_of(external)
    graph = InteractionGraph.from_flows([("web", "teacher", 5)], WEB)
    with pytest.raises(InputError, match="did you mean 'teacher'"):
        scope_of(graph, ["techer"])
    with pytest.raises(InputError):
        scope_of(InteractionGraph.from_parts([], [], []))


def test_an_upper_target_is_on_inflation_alone():
    """More diversity and a larger tail sample are better."""
    assert Target("inflation", 2.0).is_upper
    assert not Target("diversity", 0.5).is_upper
    assert not Target("tail_sample", 10).is_upper
    assert np.isfinite(Target("inflation", 2.0).bound)
