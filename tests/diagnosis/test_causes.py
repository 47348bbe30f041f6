"""What is said of the causes: how fast, and where the list is cut."""

from __future__ import annotations

import re

import pytest

from headwater.diagnosis import causes, diagnose
from headwater.regimes import Window
from headwater.report.terminal import as_text
from headwater.theory.laws import Gaussian, bernoulli
from tests.diagnosis.gallery import flows, lone, many_loops
from tests.theory.graphs import CUT_OFF, FOUR, dense, ring


def added(diagnosis) -> float:
    """How many times the start is added in a generation, as the page says."""
    text = " ".join(as_text(diagnosis).split())
    return float(re.findall(r"a generation adds ([0-9.]+) times", text)[0])


@pytest.mark.parametrize(
    ("graph", "rate"),
    [
        (lone(100), 1.0),
        (ring(4, 120), 1.0),  # period 4: 4 · 4/16
        (dense([[30] * 4] * 4, [0] * 4), 0.25),  # complete: 4/16
        (dense(FOUR, CUT_OFF), 2 * (0.25 / 30 + 0.25 / 40) * 30),  # over the larger start, 1/30
    ],
)
def test_the_rate_of_a_collapse_is_that_of_its_martingales(graph, rate):
    """p Σ π²D a generation, in units of the largest risk at generation 0, as printed, to two decimals."""
    assert added(diagnose(graph)) == pytest.approx(rate, abs=0.0051)


@pytest.mark.parametrize("setting", [{"law": bernoulli(0.2)}, {"law": Gaussian(0)}])
def test_where_risk_has_a_ceiling_nothing_is_added_for_ever(setting):
    """The sentence would be false."""
    assert "a generation adds" not in " ".join(as_text(diagnose(lone(), **setting)).split())


def test_a_window_is_not_promised_the_rate_of_none():
    """Four batches add 4/25 a generation, not 1; where a rate is given it is that."""
    text = " ".join(as_text(diagnose(lone(), regime=Window(4))).split())
    assert "adds 1.00 times" not in text
    assert "adds 1.00 times" in " ".join(as_text(diagnose(lone(), regime=Window(1))).split())


def test_without_counts_no_rate_is_given():
    """The condition has none."""
    assert "a generation adds" not in as_text(diagnose(flows(("a", "a"), sources=())))


def test_causes_beyond_the_list_are_counted(monkeypatch):
    """Each costs a search; the page says how many there are in all."""
    monkeypatch.setattr(causes, "MOST_CAUSES", 3)
    diagnosis = diagnose(many_loops(10, 1), generations=2)
    assert len(diagnosis.causes) == len(diagnosis.repairs) == 3
    assert diagnosis.left_out["causes"] == 7
    assert "... and 7 more causes" in as_text(diagnosis)
    assert diagnosis.counts["collapses"] == 10
