"""Levers on a terminal: one row each, best first, then advice, the front and more about them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from headwater.report.words import plain

if TYPE_CHECKING:
    from headwater.planning.levers import Comparison, Row
    from headwater.planning.outlook import Reached

WIDE = 100
"""Terminal columns from which what is done stands beside the numbers, and not below them."""

FRONT = 12
"""Points of the front shown."""

LONGEST = 200
"""Letters of what is done."""

UNKNOWN = "?"
MEETS = {True: ("yes", "green"), False: ("no", "red"), None: (UNKNOWN, "yellow")}
ALONE = "Each lever alone. "
LEGEND = (
    "Cost: extra per generation (below 0: saved). After {horizon}, limit: the worst model's risk over its "
    "own generation 0. Risk: the worst risk after {generations} over that of the pipeline as it is. "
    "'to {horizon}': met up to generation {horizon}, and no theory beyond."
)


class LeversView:
    """What `rich` prints for a comparison of levers."""

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        comparison = self.comparison
        rows = [comparison.before, *comparison.rows]
        wide = options.max_width >= WIDE
        yield Text("Levers compared", style="bold")
        yield _table(comparison, rows, wide)
        if not wide:
            yield from _items([(f"{at}", Text(_done(row))) for at, row in enumerate(rows) if at])
            yield Text()
        yield Text(_legend(comparison), style="dim")
        yield from _section("Advice", comparison.advice)
        yield from _section("Front", _front(comparison))
        yield from _section("About the levers", _notes(comparison.rows))
        yield from _section("Left out", comparison.left_out)


def as_text(comparison: Comparison, width: int = 110) -> str:
    """The same as plain text of at most so many columns."""
    page = io.StringIO()
    Console(file=page, width=width, color_system=None, legacy_windows=False).print(LeversView(comparison))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def _legend(comparison: Comparison) -> str:
    horizon = comparison.horizon
    generations = f"{horizon} generation{'' if horizon == 1 else 's'}"
    is_pair = any("+" in row.lever for row in comparison.rows)
    return ("" if is_pair else ALONE) + LEGEND.format(horizon=horizon, generations=generations)


def _table(comparison: Comparison, rows: Sequence[Row], wide: bool) -> Table:
    horizon = comparison.horizon
    table = Table(box=None, pad_edge=False, padding=(0, 2 if wide else 1, 0, 0), header_style="dim")
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("lever", no_wrap=True)
    if wide:
        table.add_column("what is done", overflow="fold", min_width=20, ratio=1)
    for title in ("cost", f"after {horizon}", "limit", "risk", "diversity", "tail"):
        table.add_column(title, justify="right", overflow="fold")
    table.add_column("meets", no_wrap=True)
    for at, row in enumerate(rows):
        done = [Text(_done(row))] if wide else []
        said, colour = _meets(row, comparison)
        table.add_row(
            Text(f"{at}" if at else ""), Text(row.lever), *done, *_numbers(row), Text(said, style=colour)
        )
    return table


def _meets(row: Row, comparison: Comparison) -> tuple[str, str]:
    """Whether the row meets the targets; up to the horizon, where theory knows no limit."""
    known = ("horizon", "limit") if row.outcome is None else row.outcome.met_when
    if row.met and "limit" in comparison.targets.times and known == ("horizon",):
        return f"to {comparison.horizon}", MEETS[True][1]
    return MEETS[row.met]


def _numbers(row: Row) -> list[Text]:
    outcome = row.outcome
    values: list[str] = [UNKNOWN] * 5
    if outcome is not None:
        values = [
            _times(outcome.inflation_horizon),
            _times(outcome.inflation_limit),
            _times(outcome.risk_ratio),
            _percent(outcome.diversity),
            _count(outcome.tail_sample),
        ]
    return [Text(_money(row.cost)), *map(Text, values)]


def _done(row: Row) -> str:
    return plain(row.done, LONGEST)


def _notes(rows: Sequence[Row]) -> list[str]:
    """Notes, each once, with the numbers of the rows that they are about."""
    about: dict[str, list[str]] = {}
    for at, row in enumerate(rows, 1):
        if row.note:
            about.setdefault(row.note, []).append(f"{at}")
    return [f"{', '.join(numbers)}: {plain(note, 1_000)}." for note, numbers in about.items()]


def _front(comparison: Comparison) -> list[str]:
    """Points that no other beats, cheapest first; nothing where there is only one."""
    points = comparison.front
    if len(points) < 2:
        return []
    number = {id(row): f"row {at}" for at, row in enumerate(comparison.rows, 1)}
    said = []
    for row in points[:FRONT]:
        which = number.get(id(row), row.lever if row is comparison.before else f"{row.lever}: {_done(row)}")
        assert row.outcome is not None
        said.append(f"cost {_money(row.cost)}: {', '.join(map(_reached, row.outcome.reached))} ({which})")
    more = len(points) - FRONT
    return [*said, f"... and {more:,} more (--json has all)"] if more > 0 else said


def _reached(each: Reached) -> str:
    quantity = each.target.quantity
    show = {"inflation": _times, "diversity": _percent, "tail_sample": _count}[quantity]
    return f"{quantity.replace('_', ' ')} {show(each.value)}"


def _section(title: str, sentences: Sequence[str]) -> Iterator[RenderableType]:
    if sentences:
        yield Text()
        yield Text(title, style="bold")
        yield from _items([("-", Text(sentence)) for sentence in sentences])


def _items(items: Sequence[tuple[str, Text]]) -> Iterator[RenderableType]:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, justify="right")
    grid.add_column(overflow="fold")
    for mark, text in items:
        grid.add_row(mark, text)
    yield Padding(grid, (0, 0, 0, 2), expand=False)


def _money(cost: float) -> str:
    if abs(cost) < 0.005:
        return "0"
    return f"{cost:,.2f}" if abs(cost) < 1000 else f"{cost:,.0f}" if abs(cost) < 1e6 else f"{cost:.3g}"


def _times(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return "∞" if value > 1e300 else f"×{value:.2f}" if value < 100 else f"×{value:.3g}"


def _percent(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    if value == 1 or value <= 0:
        return f"{max(value, 0):.0%}"
    return (
        f"{value:.0%}" if 0.01 <= value <= 0.99 else f"{value:.1%}" if 1e-3 <= value <= 0.999 else _rim(value)
    )


def _rim(value: float) -> str:
    return "<0.1%" if value < 0.5 else ">99.9%"


def _count(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return "0" if value <= 0 else "<3" if value < 3 else f"{value:,.0f}" if value < 1e6 else f"{value:.3g}"
