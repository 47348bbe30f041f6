"""Levers on a terminal: the same at 110 and at 80 columns."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from headwater.planning.levers import Prices, Verifier
from headwater.planning.targets import Targets
from headwater.report.levers import as_text
from tests.planning.levers.cases import compared, lone, pipeline_of, plans_of, tangle, with_fields


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


def test_at_80_columns_what_is_done_stands_right_below_the_table(comparison):
    """With its row's number, and the legend after it; at 110 it stands in the table."""
    lines = as_text(comparison, 80).splitlines()
    table = next(at for at, line in enumerate(lines) if line.startswith(f"{len(comparison.rows)} "))
    first = next(at for at, line in enumerate(lines) if comparison.rows[0].done[:30] in line)
    legend = next(at for at, line in enumerate(lines) if line.startswith("Cost: extra"))
    assert first == table + 1 < legend and lines[first].split()[0] == "1"
    assert not lines[legend - 1]


def test_the_legend_names_the_horizon_and_says_alone_only_where_it_is_so(comparison):
    """A row of real data and weights together is no lever alone."""
    page = " ".join(as_text(comparison).split())
    assert "real data + weights" in page and "Each lever alone" not in page
    assert "Risk: the worst risk after 5 generations over that of the pipeline as it is" in page
    assert "'to 5': met up to generation 5, and no theory beyond." in page
    single = " ".join(as_text(compared(lone(generations=1), Targets(max_inflation=3))).split())
    assert "Each lever alone. Cost: extra per generation (below 0: saved). After 1, limit:" in single
    assert "the worst risk after 1 generation over" in single
    assert "About the levers" in single and "Notes" not in single


def test_a_limit_without_theory_is_met_up_to_the_horizon():
    """Subsampling has no known limit on a graph, a frozen flow has."""
    lines = as_text(compared(tangle(), Targets(max_inflation=3))).splitlines()
    ends = {line.split()[1]: line.split()[-1] for line in lines if line[:2].strip().isdigit()}
    assert ends["accumulate-subsample"] == "5" and ends["freeze"] in ("yes", "no")


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
