"""Optimal weights are confirmed by a diagnosis of what is written, and by a simulation."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.pipeline import Pipeline
from headwater.planning.weights import SUM, WORST, optimal_weights
from headwater.planning.weights.document import to_dict
from headwater.planning.weights.proving import recomputed, simulated
from headwater.report.weights import WeightsReport, as_text


def graph() -> InteractionGraph:
    """A loop of two with an archive, a frozen model, and a model that hears only them."""
    return InteractionGraph.from_parts(
        [Source("web"), Source("book", "fixed", 60)],
        [
            Model("a"),
            Model("b", initial={"book": 40}),
            Model("c"),
            Model("judge", frozen=True, initial={"web": 30}),
        ],
        [
            Flow("web", "a", 30),
            Flow("b", "a", 120, 2.0),
            Flow("a", "b", 50),
            Flow("book", "b", 30),
            Flow("b", "c", 60),
            Flow("judge", "c", 40),
        ],
    )


@pytest.mark.parametrize("objective", [WORST, SUM])
def test_a_simulation_confirms_the_weights(objective):
    """Theory and play agree before and after, and the objective falls by as much as was said.

    A right answer fails with a chance of about 0.002 (two laws held to play) and 0.00006.
    """
    proof = simulated(optimal_weights(graph(), objective), replicates=3000, seed=11)
    assert proof.agree
    assert proof.expected_change < -0.1
    assert abs(proof.change - proof.expected_change) < 4 * proof.standard_error
    assert proof.change < -4 * proof.standard_error, "the fall itself is beyond noise"


def test_a_simulation_refuses_weights_that_do_harm():
    """Negative control: with before and after exchanged, what was promised to fall is seen to rise."""
    found = optimal_weights(graph(), SUM)
    wrong = replace(
        found,
        before=found.after,
        after=found.before,
        inflation_before=found.inflation_after,
        inflation_after=found.inflation_before,
    )
    proof = simulated(wrong, replicates=3000, seed=11)
    assert proof.change > 4 * proof.standard_error
    assert not replace(
        proof, expected_change=found.value(found.inflation_after) - found.value(found.inflation_before)
    ).agree


def test_a_wrong_inflation_is_not_confirmed():
    """Negative control: a diagnosis of the file is off by more than rounding from what is claimed."""
    found = optimal_weights(graph())
    assert recomputed(found).agree and recomputed(found).difference < 1e-9
    wrong = replace(found, inflation_after=found.inflation_after * 1.001)
    assert not recomputed(wrong).agree
    unlimited = replace(found, inflation_after=np.where([1, 0, 0, 0], np.inf, found.inflation_after))
    assert not recomputed(unlimited).agree
    assert to_dict(unlimited, recomputed(unlimited))["verified"]["theory"]["largest_difference"] is None
    assert "NOT CONFIRMED" in as_text(WeightsReport(wrong, recomputed(wrong)))


def test_a_simulation_leaves_out_what_nobody_can_know():
    """Models that rest on an external one are not played; the others are."""
    parts = graph()
    flows = [*parts.flows, Flow("vendor", "d", 5), Flow("web", "d", 5)]
    more = InteractionGraph.from_parts(
        parts.sources, [*parts.models, Model("d"), Model("vendor", external=True)], flows
    )
    proof = simulated(optimal_weights(more, WORST, 3), replicates=200, seed=3)
    assert proof.before.models == ("a", "b", "c", "judge") and proof.generations == 3


def test_the_document_holds_no_infinity():
    """What has no limit, or is not known, is null; shares of a model add up to 1."""
    flows = [("a", "a", 5), ("a", "b", 5), ("web", "b", 5), ("web", "c", 5), ("c", "c", 5)]
    found = optimal_weights(Pipeline(InteractionGraph.from_flows(flows, sources=["web"])))
    document = json.loads(json.dumps(to_dict(found, recomputed(found)), allow_nan=False))
    assert document["models"]["a"] == {"inflation_before": None, "inflation_after": None}
    assert document["models"]["c"]["inflation_after"] == pytest.approx(2 * 0.618034, abs=1e-5)
    shares = [flow["share"] for flow in document["flows"] if flow["to"] == "b"]
    assert sum(shares) == pytest.approx(1)


def test_the_page_shows_flows_models_and_sentences():
    """Weights and shares before and after, inflations, what to do, and that it was checked."""
    found = optimal_weights(Pipeline(graph(), name="a team"))
    page = as_text(WeightsReport(found, recomputed(found)))
    assert page.startswith("a team: optimal loss weights for the least largest inflation in the limit")
    assert "judge" in page and "falls from ×" in page and "Checked:" in page
    assert max(map(len, page.splitlines())) <= 110
    narrow = as_text(WeightsReport(found, recomputed(found)), width=40)
    assert max(map(len, narrow.splitlines())) <= 40
