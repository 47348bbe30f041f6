"""How a diagnosis words growth that the radius of a component decides."""

from __future__ import annotations

import pytest

from headwater.diagnosis import diagnose, setting
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.regimes import Window
from headwater.theory import laws


def graph(*flows):
    return InteractionGraph.from_flows(flows, sources=["web"])


def test_without_counts_a_law_that_may_explode_leaves_growth_undecided():
    """One real sample and ten of its own explode under this law; a thousand of each do not."""
    law = laws.gamma(1.0, 0.1)
    unknown = diagnose(graph(("web", "a"), ("a", "a")), law)
    assert (unknown.of("a")["growth"], unknown.verdict) == ("unknown", "bounded")
    assert any("undecided" in said for said in unknown.assumptions)
    few = diagnose(graph(("web", "a", 1), ("a", "a", 10)), law)
    assert (few.of("a")["growth"], few.verdict) == ("exponential", "collapses")
    assert diagnose(graph(("web", "a", 1000), ("a", "a", 1000)), law).of("a")["growth"] == "bounded"


def test_fitted_variances_in_a_window_are_not_said_to_grow_linearly():
    """A lone loop of 4 with ddof 1 and window 2 levels off (3.5833 after 500 generations)."""
    diagnosis = diagnose(graph(("a", "a", 4)), laws.Gaussian(1), regime=Window(2), generations=500)
    assert diagnosis.of("a")["growth"] == "unknown"
    assert diagnosis.of("a")["risk"][-1] == pytest.approx(3.583333, rel=1e-5)
    assert diagnose(graph(("a", "a", 4)), laws.Gaussian(1)).of("a")["growth"] == "linear"


def test_a_repair_promises_a_drop_only_where_a_drop_is_enough():
    """Two models of 100 under a gamma of shape .1: with one real sample among them they still explode."""
    loop = [("a", "b", 100), ("b", "a", 100)]
    law = laws.gamma(1.0, 0.1)
    (repair,) = diagnose(graph(*loop), law).repairs
    assert "large enough" in repair.why
    assert diagnose(graph(*loop, ("web", repair.model, 1)), law).of("a")["growth"] == "exponential"
    (repair,) = diagnose(graph(*loop)).repairs
    assert "large enough" not in repair.why
    assert diagnose(graph(*loop, ("web", repair.model, 1))).of("a")["growth"] == "bounded"


def test_probed_verdicts_allow_for_their_error(monkeypatch):
    """Models that each reuse all of one archive never change; estimates of 4.4 % must not say they do."""
    monkeypatch.setattr(setting, "DENSE_UP_TO", 2)
    whole = InteractionGraph.from_parts(
        [Source(f"s{at}", "fixed", 40) for at in range(60)],
        [Model(f"m{at}", initial={f"s{at}": 40}) for at in range(60)],
        [Flow(f"s{at}", f"m{at}", 40) for at in range(60)],
    )
    probed = diagnose(whole, generations=3)
    assert probed.counts["stable"] == 60
    reached = probed.inflation(-1)
    # control: without the allowance the same estimates would have said otherwise
    assert ((reached > 1.05) | (reached < 0.95)).any()
