"""A diagnosis on a terminal: one row a model, worst first, then causes and repairs in sentences."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from headwater.diagnosis import Diagnosis
    from headwater.graph import InteractionGraph

ROWS = 20
"""Models shown; the rest are counted."""

ITEMS = 6
"""Causes, repairs and the like shown."""

NAMED = 5
"""Names listed in one sentence."""

COLOURS = {
    "collapses": "bold red",
    "degrades": "yellow",
    "bounded": "blue",
    "stable": "green",
    "improves": "bold green",
}
BARS = "▁▂▃▄▅▆▇█"
SPARKS = 10
GAP = 2
LONGEST_NAME = 34
UNKNOWN = "?"


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
            if len(diagnosis.graph.model_names) > ROWS:
                hidden = len(diagnosis.graph.model_names) - ROWS
                yield Text(f"... and {hidden:,} more, none worse (--json has all)", style="dim")
        for title, sentences in (
            ("Why", _causes(diagnosis)),
            ("What to do", _repairs(diagnosis)),
            ("Structure", _structure(diagnosis)),
            ("Unknown", _unknown(diagnosis)),
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
    text = Text(f"{diagnosis.name}: " if diagnosis.name else "", style="bold")
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
    columns = _columns(diagnosis, entries)
    while sum(column.width + GAP for column in columns) - GAP > width and len(columns) > 2:
        columns.remove(max(columns, key=lambda column: column.dispensable))
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column.title, justify=column.justify, no_wrap=True, max_width=LONGEST_NAME)
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*row)
    return table


@dataclass(frozen=True)
class _Column:
    """One quantity over the rows shown; the most `dispensable` is dropped first."""

    title: str
    cells: list[Text]
    dispensable: int
    justify: Literal["left", "right"] = "right"

    @property
    def width(self) -> int:
        return max([cell_len(self.title), *(min(cell.cell_len, LONGEST_NAME) for cell in self.cells)])


def _columns(diagnosis: Diagnosis, entries: list[tuple[int, dict[str, Any]]]) -> list[_Column]:
    def cells(show: Callable[[dict[str, Any]], str]) -> list[Text]:
        return [Text(show(entry)) for _, entry in entries]

    graph = diagnosis.graph
    columns = [
        _Column("model", [Text(_label(graph, at)) for at, _ in entries], 0, "left"),
        _Column("verdict", [Text(e["verdict"], COLOURS[e["verdict"]]) for _, e in entries], 1, "left"),
    ]
    if diagnosis.quantities.risk is not None:
        columns += [
            _Column("risk", cells(lambda e: sparkline(e["inflation"] or [])), 6, "left"),
            _Column(f"after {diagnosis.generations}", cells(lambda e: _times(_last(e["inflation"]))), 2),
            _Column("limit", cells(_limit), 3),
            _Column("vs own data", cells(lambda e: _times(e["vs_isolated"], "-")), 9),
            _Column("diversity", cells(lambda e: _percent(_last(e["diversity_retained"]))), 5),
            _Column("tail sample", cells(lambda e: _count(_last(e["tail_sample"]))), 7),
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
    return [*columns, _Column("real share", real, 4), _Column("depth", depth, 8)]


def _label(graph: InteractionGraph, at: int) -> str:
    kind = " (external)" if graph.external[at] else " (frozen)" if graph.frozen[at] else ""
    return graph.model_names[at] + kind


def _last(series: list[float | None] | None) -> float | None:
    return series[-1] if series else None


def _limit(entry: dict[str, Any]) -> str:
    return "∞" if entry["growth"] in ("linear", "exponential") else _times(entry["inflation_limit"])


def _depth(depth: float) -> str:
    return "∞" if math.isinf(depth) else UNKNOWN if math.isnan(depth) else f"{depth:.1f}"


def sparkline(values: Sequence[float | None]) -> str:
    """Bars for values of which the first is 1, on a log scale from a third of it to at least thrice.

    Examples
    --------
    >>> sparkline([1.0, 1.0, 2.0, 8.0])
    '▃▃▅█'
    """
    if not values:
        return ""
    finite = [value if value is not None else math.inf for value in values]
    picked = [finite[round(at)] for at in np.linspace(0, len(finite) - 1, min(SPARKS, len(finite)))]
    known = [value for value in finite if math.isfinite(value) and value > 0]
    low, high = min(1 / 3, *known), max(3.0, *known)
    scale = math.log(high / low)
    levels = [
        len(BARS) - 1 if math.isinf(value) else math.log(max(value, low) / low) / scale * (len(BARS) - 1)
        for value in picked
    ]
    return "".join(BARS[int(level)] for level in levels)


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


def _shortened(sentences: list[str], total: int, what: str) -> list[str]:
    return (
        sentences
        if total <= len(sentences)
        else [*sentences, f"... and {total - len(sentences):,} more {what}"]
    )


def _causes(diagnosis: Diagnosis) -> list[str]:
    said = []
    for cause in diagnosis.causes[:ITEMS]:
        others = [name for name in cause.collapses if name not in set(cause.component)]
        reach = f" It takes {_names(others)} with it." if others else ""
        reach += f" {cause.speed}" if cause.speed else ""
        if cause.kind == "ungrounded":
            alone = len(cause.component) == 1
            who = f"{cause.component[0]!r} learns" if alone else f"{_names(cause.component)} learn"
            only = "only from itself" if alone else "only from each other"
            said.append(f"{who} {only}: no real data, frozen model or other model enters the loop.{reach}")
        else:
            who = _names(cause.component)
            said.append(f"{who}: real data arrive, but too few samples for this law, so errors grow.{reach}")
    return _shortened(said, len(diagnosis.causes) + diagnosis.causes_left_out, "causes")


def _repairs(diagnosis: Diagnosis) -> list[str]:
    said = [f"{repair.why[0].upper()}{repair.why[1:]}." for repair in diagnosis.repairs[:ITEMS]]
    return _shortened(said, len(diagnosis.repairs) + diagnosis.causes_left_out, "repairs")


def _structure(diagnosis: Diagnosis) -> list[str]:
    """Loops that are no cause, since one flow less may make them one, and the deepest chain."""
    chain = diagnosis.longest_chain
    if len(chain) < 2:
        return _loops(diagnosis)
    steps = [repr(step[0]) if len(step) == 1 else f"loop of {_names(step)}" for step in chain]
    shown = steps if len(steps) <= 2 * NAMED else [*steps[:NAMED], "...", *steps[-NAMED:]]
    deepest = f"Deepest chain, {len(chain)} steps of models: {' -> '.join(shown)}."
    return [*_loops(diagnosis), deepest]


def _loops(diagnosis: Diagnosis) -> list[str]:
    known = {cause.component for cause in diagnosis.causes}
    rest = [loop for loop in diagnosis.loops if loop not in known]
    said = []
    for loop in rest[:ITEMS]:
        status = diagnosis.grounding.of(loop[0])
        entering = _entering(diagnosis, loop)
        held = f"from outside come {entering}" if entering else "nothing comes from outside"
        held += "" if status != "ungrounded" else ", but not every way back ends in real data"
        itself = len(loop) == 1
        who = f"{loop[0]!r} learns from itself" if itself else f"{_names(loop)} learn from each other"
        said.append(f"{who}; {held}.")
    return _shortened(said, len(rest), "loops")


def _entering(diagnosis: Diagnosis, loop: tuple[str, ...]) -> str:
    """What enters a loop from outside: sources, then frozen models, then others, a few by name."""
    graph = diagnosis.graph
    inside = np.zeros(len(graph.model_names), dtype=bool)
    inside[[graph.index_of(name) for name in loop]] = True
    models = len(graph.model_names)
    providers = np.unique(graph.provider[inside[graph.learner]])
    outside = [int(at) for at in providers if at >= models or not inside[at]]
    outside.sort(key=lambda at: (at < models, at < models and not graph.frozen[at], at))
    return _names([graph.provider_name(at) for at in outside]) if outside else ""


def _unknown(diagnosis: Diagnosis) -> list[str]:
    if not diagnosis.missing:
        return []
    unknown = int(np.isnan(diagnosis.graph.samples).sum())
    first = "; ".join(f"{item.what} of {item.place}" for item in diagnosis.missing[:3])
    more = ", and so on" if len(diagnosis.missing) > 3 else ""
    known = int(diagnosis.quantities.known.sum())
    return [
        f"{first}{more} ({unknown:,} of {len(diagnosis.graph.samples):,} counts).",
        f"The condition needs no counts; risk, diversity and tails do, and are known for {known:,} of "
        f"{len(diagnosis.graph.model_names):,} models. Fill them in, or try --assume samples=1000.",
    ]


def _names(items: list[str] | tuple[str, ...]) -> str:
    shown = [repr(name) for name in items[:NAMED]]
    if len(items) > NAMED:
        return f"{', '.join(shown)} and {len(items) - NAMED:,} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
