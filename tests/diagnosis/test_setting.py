"""Graphs too large for whole matrices: what is estimated, what is left out, and that it is said."""

from __future__ import annotations

import json

import jsonschema
import numpy as np
import pytest
from scipy import stats

from headwater.diagnosis import diagnose, setting
from headwater.report.terminal import as_text
from headwater.theory.laws import LeastSquares
from tests.diagnosis.gallery import flows, many_loops
from tests.diagnosis.schema import diagnosis_schema


@pytest.fixture
def small(monkeypatch):
    """Takes more than two models for large."""
    monkeypatch.setattr(setting, "DENSE_UP_TO", 2)


def test_risk_of_a_large_graph_is_estimated_within_its_stated_error(small):
    """A lone loop of n carries t/n and adds 1/n; the carried part over t/n is a mean of 1,024 squares.

    Chance of a false alarm: one in a million, shared among all comparisons.
    """
    generations, loops = 10, 3
    models = diagnose(many_loops(loops, 0), generations=generations).to_dict()["models"]
    risk = np.array([model["risk"] for model in models.values()])
    carried = (risk[:, 1:] - 1 / 100) / (np.arange(1, generations + 1) / 100)
    tail = 0.5e-6 / carried.size
    low, high = stats.chi2(setting.PROBES).ppf([tail, 1 - tail]) / setting.PROBES
    assert ((low < carried) & (carried < high)).all()
    assert not ((low < 1.3 * carried) & (1.3 * carried < high)).all()  # power: three tenths too much


def test_an_estimate_is_confessed_and_the_same_every_time(small):
    """How many probes, how large an error, and what is left out."""
    first, second = (diagnose(many_loops(3, 2), generations=4) for _ in range(2))
    assert json.dumps(first.to_dict()) == json.dumps(second.to_dict())
    jsonschema.validate(first.to_dict(), diagnosis_schema(4))
    assert any("1024 probes" in said and "4.4%" in said for said in first.assumptions)
    assert "probes" in as_text(first)
    entry = first.of("sound-0")
    assert entry["inflation_limit"] is entry["diversity_retained"] is entry["tail_sample"] is None
    assert first.of("loop-0")["verdict"] == "collapses"


@pytest.mark.parametrize("law", [None, LeastSquares(3)])
def test_where_nothing_can_be_estimated_the_condition_still_decides(small, monkeypatch, law):
    """Too many for probes, or a law that has none: grounded is bounded, ungrounded collapses."""
    monkeypatch.setattr(setting, "PROBED_UP_TO", 2)
    diagnosis = diagnose(many_loops(2, 2), law, generations=4)
    jsonschema.validate(diagnosis.to_dict(), diagnosis_schema(4))
    assert [diagnosis.of(name)["verdict"] for name in ("loop-0", "sound-0")] == ["collapses", "bounded"]
    assert diagnosis.of("loop-0")["risk"] is None
    assert any("risk is left out" in said for said in diagnosis.assumptions)


def test_only_models_that_can_be_followed_count_as_large(small):
    """Two with counts fit; a hundred without do not make them large."""
    rows = [("web", "a", 50), ("a", "b", 50), *(("web", f"unknown-{at}") for at in range(100))]
    assert diagnose(flows(*rows)).of("b")["inflation_limit"] == pytest.approx(2)
