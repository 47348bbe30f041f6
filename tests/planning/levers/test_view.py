"""Levers on a terminal: the same at 110 and at 80 columns."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from headwater.planning.levers import Prices, Verifier
from headwater.planning.targets import Targets
from headwater.report.levers import as_text
from tests.planning.levers.cases import compared, pipeline_of, plans_of, tangle, with_fields


@pytest.fixture(scope="module")
def comparison():
    allocation = with_fields(tangle(), **{"web->left": 80, "web->teacher": 400})
    weighting = with_fields(tangle(), **{"student->teacher.weight": 0.1})
    plans = plans_of(allocation, weighting, Verifier(0.9, 0.1, 0.8))
    return compared(
        tangle(), Targets(max_inflation=2, min_diversity=0.9), plans, Prices(1, 0.01, 0.02, 0.001)
    )


@pytest.mark.parametrize("width", [80, 110])
def test_no_line_is_too_long_and_nothing_is_lost(comparison, width):
    """Every lever, what is done, both sentences of advice, every front point and note."""
    page = as_text(comparison, width)
    assert max(cell_len(line) for line in page.splitlines()) <= width
    flat = "".join(page.split())
    for row in comparison.rows:
        assert row.lever in page
        if width == 80:
            assert "".join(row.done.split()) in flat
        assert "".join(row.note.split()) in flat
    for sentence in (*comparison.advice, *comparison.left_out):
        assert "".join(sentence.split()) in flat
    assert "…" not in page


def test_numbers_are_those_of_the_rows(comparison):
    """Cost, inflation, limit, risk, diversity and tail sample of the allocation's row."""
    at, row = next((at, row) for at, row in enumerate(comparison.rows, 1) if row.lever == "real data")
    line = next(line for line in as_text(comparison, 80).splitlines() if line.strip().startswith(f"{at} "))
    assert f"×{row.outcome.inflation_horizon:.2f}" in line and f"×{row.outcome.inflation_limit:.2f}" in line
    assert f"{row.outcome.tail_sample:,.0f}" in line and line.endswith({True: "yes", False: "no"}[row.met])
    assert f"{row.cost:,.0f}" in line and f"×{row.outcome.risk_ratio:.2f}" in line


def test_names_cannot_steer_a_terminal():
    """An escape sequence in a model's name is shown, not sent."""
    name = "a\x1b[2J"
    page = as_text(compared(pipeline_of([(name, name, 50)]), Targets(max_inflation=3)))
    assert "\x1b" not in page and "\\x1b[2J" in page
