"""A diagnosis on a terminal: one row a model, worst first, then causes and repairs in sentences."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from headwater.report import words
from headwater.report.columns import LONGEST_NAME, Column, table_of

if TYPE_CHECKING:
    from headwater.diagnosis import Diagnosis
    from headwater.graph import InteractionGraph

ROWS = 20
"""Models shown; the rest are counted."""

COLOURS = {
    "collapses": "bold red",
    "degrades": "yellow",
    "bounded": "blue",
    "stable": "green",
    "improves": "bold green",
}
BARS = "▁▂▃▄▅▆▇█"
SPARKS = 10
UNKNOWN = "?"
LEGEND = (
    "×: times the model's own risk at generation 0. Diversity: of the population's. Tail sample: as many "
    "real samples know rare cases as well."
)


class DiagnosisView:
    """What `rich` prints for a diagnosis."""

    def __init__(self, diagnosis: Diagnosis) -> None:
        self.diagnosis = diagnosis

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        diagnosis = self.diagnosis
        yield _headline(diagnosis)
        yield Text(_setting(diagnosis), style="dim")
        yield Text()
        if len(diagnosis.graph.model_names):
            yield _table(diagnosis, options.max_width)
            if diagnosis.quantities.risk is not None:
                yield Text(LEGEND, style="dim")
            if len(diagnosis.graph.model_names) > ROWS:
                hidden = len(diagnosis.graph.model_names) - ROWS
                yield Text(f"... and {hidden:,} more, none worse (--json has all)", style="dim")
        for title, sentences in (
            ("Why", words.causes(diagnosis)),
            ("What to do", words.repairs(diagnosis)),
            ("Structure", words.structure(diagnosis)),
            ("Unknown", words.unknown(diagnosis)),
            ("Assumed", list(diagnosis.assumptions)),
        ):
            if sentences:
                yield Text()
                yield Text(title, style="bold")
                yield from _bullets(sentences)


def as_text(diagnosis: Diagnosis, width: int = 110) -> str:
    """The same as plain text of at most so many columns."""
    page = io.StringIO()
    Console(file=page, width=width, color_system=None, legacy_windows=False).print(DiagnosisView(diagnosis))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def _headline(diagnosis: Diagnosis) -> Text:
    text = Text(f"{words.plain(diagnosis.name)}: " if diagnosis.name else "", style="bold")
    text.append(diagnosis.verdict, style=COLOURS[diagnosis.verdict])
    tally = [
        f"{number:,} {_plural(verdict, number)}" for verdict, number in diagnosis.counts.items() if number
    ]
    text.append(f"  ({', '.join(tally)})" if tally else "  (no models)", style="not bold")
    return text


def _plural(verdict: str, number: int) -> str:
    verbs = {"collapses": "collapse", "degrades": "degrade", "improves": "improve"}
    return verdict if number == 1 else verbs.get(verdict, verdict)


def _setting(diagnosis: Diagnosis) -> str:
    parameters = ", ".join(f"{key} {value:g}" for key, value in diagnosis.law.parameters.items())
    law = f"law {diagnosis.law.name}" + (f" ({parameters})" if parameters else "")
    graph = diagnosis.graph
    models, sources, flows = len(graph.model_names), len(graph.source_names), len(graph.provider)
    size = ", ".join(_number_of(*each) for each in ((models, "model"), (sources, "source"), (flows, "flow")))
    return f"regime {diagnosis.regime}, {diagnosis.generations} generations, {law}; {size}"


def _number_of(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _table(diagnosis: Diagnosis, width: int) -> Table:
    """One row a model; the least important columns go first where the terminal is narrow."""
    order = diagnosis.worst_first()
    entries = [(int(at), diagnosis.entry(int(at))) for at in order[:ROWS]]
    return table_of(_columns(diagnosis, entries), width)


def _columns(diagnosis: Diagnosis, entries: list[tuple[int, dict[str, Any]]]) -> list[Column]:
    def cells(show: Callable[[dict[str, Any]], str]) -> list[Text]:
        return [Text(show(entry)) for _, entry in entries]

    graph = diagnosis.graph
    columns = [
        Column("model", [Text(_label(graph, at)) for at, _ in entries], 0, "left"),
        Column("verdict", [Text(e["verdict"], COLOURS[e["verdict"]]) for _, e in entries], 1, "left"),
    ]
    if diagnosis.quantities.risk is not None:
        about = "≈" if diagnosis.quantities.relative_error else ""
        scale = _scale(entry["inflation"] or [] for _, entry in entries)
        columns += [
            Column("inflation", cells(lambda e: sparkline(e["inflation"] or [], scale)), 6, "left"),
            Column(
                f"after {diagnosis.generations}", cells(lambda e: about + _times(_last(e["inflation"]))), 2
            ),
            Column("limit", cells(_limit), 3),
            Column("vs own data", cells(lambda e: _times(e["vs_isolated"], "-")), 9),
            Column("diversity", cells(lambda e: _percent(_last(e["diversity_retained"]))), 5),
            Column("tail sample", cells(lambda e: _count(_last(e["tail_sample"]))), 7),
        ]
    walked = [graph.trained[at] for at, _ in entries]
    real = [
        Text(_percent(e["real_share"]) if walks else "-")
        for walks, (_, e) in zip(walked, entries, strict=True)
    ]
    depth = [
        Text(_depth(float(diagnosis.quantities.ancestry.depth[at])) if walks else "-")
        for walks, (at, _) in zip(walked, entries, strict=True)
    ]
    return [*columns, Column("real share", real, 4), Column("depth", depth, 8)]


def _label(graph: InteractionGraph, at: int) -> str:
    kind = " (external)" if graph.external[at] else " (frozen)" if graph.frozen[at] else ""
    return words.plain(graph.model_names[at], LONGEST_NAME - len(kind)) + kind


def _last(series: list[float | None] | None) -> float | None:
    return series[-1] if series else None


def _limit(entry: dict[str, Any]) -> str:
    return "∞" if entry["growth"] in ("linear", "exponential") else _times(entry["inflation_limit"])


def _depth(depth: float) -> str:
    return "∞" if math.isinf(depth) else UNKNOWN if math.isnan(depth) else f"{depth:.1f}"


def _scale(every: Iterable[Sequence[float | None]]) -> tuple[float, float]:
    """One scale for all rows: from a third or less of generation 0's risk to thrice it or more."""
    known = [value for values in every for value in values if value is not None and value > 0]
    return min(1 / 3, *known, 1.0), max(3.0, *known, 1.0)


def sparkline(values: Sequence[float | None], scale: tuple[float, float]) -> str:
    """Bars on a log scale between two values; None is beyond it.

    Examples
    --------
    >>> sparkline([1.0, 1.0, 2.0, 8.0], (1 / 2, 8.0))
    '▂▂▄█'
    """
    if not values:
        return ""
    low, high = scale
    picked = [values[round(at)] for at in np.linspace(0, len(values) - 1, min(SPARKS, len(values)))]
    places = [
        1.0 if value is None else math.log(max(value, low) / low) / math.log(high / low) for value in picked
    ]
    return "".join(BARS[int(place * (len(BARS) - 1))] for place in places)


def _times(value: float | None, absent: str = UNKNOWN) -> str:
    if value is None:
        return absent
    return f"×{value:.2f}" if value < 100 else f"×{value:.3g}"


def _percent(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    if value in (0, 1) or 0.01 <= value <= 0.99:
        return f"{value:.0%}"
    return "<0.1%" if value < 0.001 else ">99.9%" if value > 0.999 else f"{value:.1%}"


def _count(value: float | None) -> str:
    return UNKNOWN if value is None else "<3" if value < 3 else f"{value:,.0f}"


def _bullets(sentences: list[str]) -> Iterator[RenderableType]:
    for sentence in sentences:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row("-", Text(sentence))
        yield Padding(grid, (0, 0, 0, 2), expand=False)
