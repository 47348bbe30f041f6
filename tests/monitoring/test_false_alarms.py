"""The quick part of the count of false alarms and of the delays."""

from __future__ import annotations

import pytest

from headwater.monitoring import limits
from verification.delays import WORLDS, measure
from verification.false_alarms import LABELS, NORMAL, Count, Streams, count, count_monitors
from verification.monitoring import page


def test_the_monitor_keeps_alpha_and_greedy_twins_do_not():
    """1,000 null streams, each with its own reference of 200 rows; counts against exact binomial bounds.

    Losses, rises and shifts.
    """
    monitor, trusting, greedy = count(Streams(1000, generations=8, models=2, rows=40))
    assert monitor.rung <= monitor.allowed, monitor
    assert trusting.rung > trusting.allowed, trusting
    assert greedy.rung > greedy.allowed, greedy
    assert monitor.right
    assert trusting.right
    assert greedy.right


@pytest.mark.parametrize("world", [NORMAL, LABELS], ids=["normal", "labels"])
def test_whole_monitors_keep_alpha(monkeypatch, world):
    """Twelve of them as a user calls them, without tolerance; the verification counts hundreds.

    The same draws refuse monitors that take the held-out means for the truth.
    """
    found = count_monitors(12, world, generations=8)
    assert found.rung <= found.allowed < 6
    assert found.right
    monkeypatch.setattr(limits, "upper_bounds", lambda values, error: values.mean(axis=0))
    assert not count_monitors(12, world, generations=8).right


def test_planted_collapses_ring_soon_and_only_they():
    """One of five models loses a fifth of its variance a generation: it rings within four."""
    found = measure(WORLDS[-1], 500, runs=1)
    assert max(found.delays) <= 4
    assert found.false == 0
    assert "spread" in found.first


def test_a_count_beyond_the_bound_is_told():
    """On the page, too."""
    wrong = Count("some", 100, 60, 0.01)
    assert not wrong.right
    assert any("| WRONG |" in line for line in page([wrong], []))
    assert Count("some", 100, 60, 0.01, greedy=True).right
