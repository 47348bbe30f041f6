"""A plan held to a simulation."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from headwater.errors import InputError
from headwater.graph import InteractionGraph, Model, Source
from headwater.pipeline import Pipeline
from headwater.planning import proving
from headwater.planning.outlook import outlook
from headwater.planning.proving import prove
from headwater.planning.targets import Targets, scope_of
from headwater.regimes import Accumulate


def pipeline(real: int = 20) -> Pipeline:
    graph = InteractionGraph.from_flows(
        [("web", "a", real), ("b", "a", 30), ("a", "b", 40), ("vendor", "c"), ("b", "c", 10)],
        [Source("web")],
        [Model("vendor", external=True)],
    )
    return Pipeline(graph, generations=6)


def test_a_plan_that_holds_is_confirmed():
    """Inflation, diversity and tails, each by its own simulation; a right plan fails once in 300."""
    made = pipeline()
    proof = prove(made, Targets(3.0, 0.9, 20), scope_of(made.graph), seed=7, replicates=1500)
    assert proof.agree
    assert proof.confirmed
    assert "confirm it" in proof.sentence
    assert [each.quantity for each in proof.seen] == ["inflation", "diversity", "tail_sample"]
    for each in proof.seen:
        assert each.low <= each.simulated <= each.high
        assert each.low <= each.predicted <= each.high


def test_a_plan_that_misses_its_target_is_not_confirmed():
    """Theory and simulation agree that it does."""
    made = pipeline(real=2)
    proof = prove(made, Targets(1.2), scope_of(made.graph), seed=7, replicates=1500)
    assert proof.agree
    assert not proof.confirmed
    assert "do not keep the targets" in proof.sentence


def test_a_wrong_theory_is_seen(monkeypatch):
    """Power: predictions for other counts are refused by the same histories."""
    made = pipeline()
    judged = scope_of(made.graph).models
    wrong = {
        quantity: outlook(pipeline(real=12)).columns[quantity, "horizon"][judged]
        for quantity in ("diversity", "tail_sample")
    }

    def other(part, law=None, quantities=()):
        found = outlook(part, law, quantities)
        columns = {key: wrong[key[0]] for key in found.columns}
        return dataclasses.replace(found, columns=columns)

    monkeypatch.setattr(proving, "outlook", other)
    for targets in (Targets(min_diversity=0.5), Targets(min_tail_sample=5)):
        assert not prove(made, targets, scope_of(made.graph), seed=7, replicates=1500).agree


def test_only_what_is_judged_is_played():
    """The external model and its learner need not be known."""
    made = pipeline()
    proof = prove(made, Targets(3.0), scope_of(made.graph, ["a"]), seed=1, replicates=1500)
    assert [each.model for each in proof.seen] == ["a"]


def test_too_few_histories_are_refused():
    """Nothing could be judged."""
    made = pipeline()
    with pytest.raises(InputError, match="too few"):
        prove(made, Targets(3.0), scope_of(made.graph), seed=1, replicates=10)


def test_the_same_seed_gives_the_same_proof():
    """A proof can be repeated."""
    made = pipeline()
    first, again = (
        prove(made, Targets(3.0), scope_of(made.graph), seed=3, replicates=1500).to_dict() for _ in range(2)
    )
    assert first == again
    assert np.isfinite(first["seen"][0]["simulated"])


def test_a_limit_is_played_until_it_is_near():
    """One generation says little of a limit ten times as far off; a hundred do."""
    graph = InteractionGraph.from_flows([("web", "a", 5), ("a", "a", 95)], [Source("web")])
    made = Pipeline(graph, generations=1)
    # the limit, 1/(1 - 0.95^2), is 10.26
    proof = prove(made, Targets(10.5), scope_of(graph), seed=5, replicates=1500)
    assert proof.confirmed
    assert proof.generations > 30
    assert abs(proof.seen[0].predicted - 10.26) < 0.3
    assert not prove(made, Targets(8.0), scope_of(graph), seed=5, replicates=1500).confirmed
    near = prove(made, Targets(10.5, times=("horizon",)), scope_of(graph), seed=5, replicates=1500)
    assert near.generations == 1


def test_a_target_for_the_limit_is_not_broken_on_the_way():
    """Where everything is kept inflation falls for ever: it is far above its limit at the horizon."""
    graph = InteractionGraph.from_flows([("web", "a", 50), ("a", "a", 50)], [Source("web")])
    made = Pipeline(graph, Accumulate(), generations=400)
    proof = prove(made, Targets(0.001, times=("limit",)), scope_of(graph), seed=5, replicates=1500)
    assert proof.seen[0].simulated > 0.001
    assert proof.confirmed
    assert "not simulated" in proof.sentence
