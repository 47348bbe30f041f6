"""Repairs: where they are put, and that they work."""

from __future__ import annotations

import pytest

from headwater.diagnosis import diagnose
from headwater.graph import Flow, InteractionGraph, Source
from headwater.theory.laws import LeastSquares
from tests.diagnosis.gallery import flows, mixed


def repaired(graph: InteractionGraph, model: str, samples: int) -> InteractionGraph:
    """The graph with so many more real samples into one model."""
    sources = [*graph.sources, Source("cure")]
    return InteractionGraph.from_parts(sources, graph.models, [*graph.flows, Flow("cure", model, samples)])


def test_real_data_go_where_one_sample_buys_most():
    """In a pair both are visited equally often; a sample is a larger share of 10 than of 1,000."""
    graph = flows(("a", "b", 10), ("b", "a", 1000), sources=())
    assert [repair.model for repair in diagnose(graph).repairs] == ["b"]
    limits = {name: diagnose(repaired(graph, name, 1)).of("a")["inflation_limit"] for name in "ab"}
    assert limits["b"] < limits["a"]


def test_the_repair_stops_the_collapse_of_all_it_names():
    """One real sample is enough for the condition."""
    graph = flows(("a", "b", 90), ("b", "a", 90), ("b", "c", 90), sources=())
    diagnosis = diagnose(graph)
    assert diagnosis.counts["collapses"] == 3
    (repair,) = diagnosis.repairs
    assert "of 'a' and 'b', and of the model downstream" in repair.why
    assert diagnose(repaired(graph, repair.model, 1)).counts["collapses"] == 0


def test_without_counts_any_model_of_the_loop_will_do_and_it_says_so():
    """The condition is decided, the best place is not."""
    (repair,) = diagnose(flows(("a", "b"), ("b", "a"), sources=())).repairs
    assert repair.model in "ab"
    assert "any" in repair.why and "count" in repair.why


@pytest.mark.parametrize("features", [5, 20])
def test_more_samples_stop_a_finite_sample_explosion(features):
    """As many as the sentence says: 2d + 1."""
    real, synthetic = 1, features + 2
    diagnosis = diagnose(mixed(real, synthetic), LeastSquares(features))
    (repair,) = diagnosis.repairs
    assert repair.model == "a"
    assert f"{real + synthetic} samples" in repair.why and str(2 * features + 1) in repair.why
    enough = mixed(2 * features + 1 - synthetic, synthetic)
    assert diagnose(enough, LeastSquares(features)).repairs == ()
