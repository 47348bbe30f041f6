"""A sweep on a terminal: one row a point of the grid, for the worst model there or a chosen one."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from headwater.report import words
from headwater.report.columns import LONGEST_NAME, Column, measured, number, table_of, within
from headwater.report.runs import COMPARED
from headwater.simulation.summary import CHANGE, INFLATION
from headwater.simulation.sweep import PROVENANCE

ROWS = 40
"""Points shown; the rest are counted."""


@dataclass(frozen=True)
class SweepReport:
    """What is told of a sweep.

    Attributes
    ----------
    table
        What `sweep` returned.
    names
        Of the varied fields.
    model
        Whose numbers are shown; None: at each point those of the worst model.
    path
        Where the table was written; None: nowhere.
    """

    table: pa.Table
    names: tuple[str, ...]
    model: str | None = None
    path: str | None = None

    @cached_property
    def compared(self) -> str:
        """What sets risk against generation 0: inflation, or change where it has no zero."""
        return INFLATION if INFLATION in pc.unique(self.table["measure"]).to_pylist() else CHANGE

    def rows(self) -> list[dict[str, Any]]:
        """One a point, after its last generation: inflation or change, with the mean risk as ``risk``."""
        last = self._last()
        found: dict[tuple[Any, ...], dict[str, Any]] = {}
        risk = {(*self._point(row), row["model"]): row["mean"] for row in last if row["measure"] == "risk"}
        for row in last:
            wanted = row["measure"] == self.compared and self.model in (None, row["model"])
            point = self._point(row)
            if wanted and (point not in found or _badness(row) > _badness(found[point])):
                found[point] = row | {"risk": risk[*point, row["model"]]}
        return list(found.values())

    def _last(self) -> list[dict[str, Any]]:
        """Rows of risk and what it became after the last generation of their point."""
        horizon = next((name for name in self.names if name.strip() == "generations"), None)
        generation: Any = self.table["generation"]
        last: Any = pc.max(generation) if horizon is None else self.table[horizon].cast(pa.int32())
        told = pc.or_(_is(self.table, self.compared), _is(self.table, "risk"))
        return list(self.table.filter(pc.and_(told, pc.equal(generation, last))).to_pylist())

    def _point(self, row: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(row[name] for name in self.names)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        about = json.loads(self.table.schema.metadata[PROVENANCE])
        rows = self.rows()
        yield _headline(about, len(rows))
        yield Text()
        yield table_of(_columns(self, rows[:ROWS]), options.max_width, len(self.names) + 1)
        if len(rows) > ROWS:
            yield Text(f"... and {len(rows) - ROWS:,} more points", style="dim")
        yield Text()
        yield from _foot(self)


def as_text(report: SweepReport, width: int = 110) -> str:
    """The same as plain text of at most so many columns."""
    page = io.StringIO()
    Console(file=page, width=width, color_system=None, legacy_windows=False).print(report)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def _is(table: pa.Table, measure: str) -> Any:
    """Which rows are of that measure."""
    column: Any = table["measure"].cast(pa.string())
    return pc.equal(column, pa.scalar(measure))


def _badness(row: dict[str, Any]) -> float:
    return math.inf if math.isnan(row["mean"]) else float(row["mean"])


def _headline(about: dict[str, Any], points: int) -> Text:
    text = Text(f"{words.plain(about['pipeline'])}: " if about["pipeline"] else "", style="bold")
    family = about["family"]["family"]
    how = f"{points:,} points of {about['replicates']:,} replicates, family {family}, seed {about['seed']}"
    return text.append(how, style="not bold")


def _columns(report: SweepReport, rows: list[dict[str, Any]]) -> list[Column]:
    columns = [
        Column(words.plain(name, LONGEST_NAME), [_value(row[name]) for row in rows], 0)
        for name in report.names
    ]
    which = "model" if report.model is not None else "worst model"
    sign = "×" if report.compared == INFLATION else ""
    return [
        *columns,
        Column(which, [words.plain(row["model"], LONGEST_NAME) for row in rows], 3, "left"),
        Column("risk", [number(row["risk"]) for row in rows], 4),
        Column(report.compared, [sign + measured(row["mean"], row["standard_error"]) for row in rows], 1),
        Column(
            "its median",
            [sign + within(row["median"], row["median_low"], row["median_high"]) for row in rows],
            2,
        ),
    ]


def _value(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _foot(report: SweepReport) -> Iterator[Text]:
    yield Text(
        "After the last generation; mean ± standard error, median [95 % interval]. "
        f"{COMPARED[report.compared]}",
        style="dim",
    )
    # of one measure alone: others say the same of the same replicates
    compared = report.table.filter(_is(report.table, report.compared))
    if any(compared["not_finite"].to_numpy()):
        yield Text("Some replicates are no finite number: see the column not_finite of the table.")
    if report.path is None:
        yield Text(
            "Nothing was written: repeat with -o sweep.parquet for every model, generation and measure."
        )
    else:
        rows = report.table.num_rows
        yield Text(f"Wrote {report.path}: {rows:,} rows, every point, model, generation and measure.")
