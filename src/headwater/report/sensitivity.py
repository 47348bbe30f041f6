"""Sensitivity on a terminal: flows in rank, then every model over its box, then the target."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from headwater.report import words
from headwater.report.columns import LONGEST_NAME, Column, table_of

if TYPE_CHECKING:
    from headwater.graph import InteractionGraph
    from headwater.planning.sensitivity.asking import Sensitivity
    from headwater.planning.sensitivity.branching import Bracket
    from headwater.planning.sensitivity.elasticities import Step
    from headwater.planning.sensitivity.ranged import ModelRange, Ranged

FLOWS = 10
"""Flows shown; the rest are counted."""

MODELS = 20
"""Models shown; the rest are counted."""

RANGES = 12
"""Ranges told one by one."""

OPEN = 1.5e-4
"""Relative gap from which a bracket is told as one; below it the search was closed."""


class SensitivityView:
    """What `rich` prints for a sensitivity."""

    def __init__(self, found: Sensitivity) -> None:
        self.found = found

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        found = self.found
        yield _headline(found)
        yield from _apart(found)
        if found.elasticities.answers:
            yield Text()
            yield table_of(_flow_columns(found), options.max_width)
            yield from _flow_notes(found)
        if found.pipeline.graph.ranges and found.boxes:
            yield Text()
            yield from _box(found, found.boxes[0], options.max_width)
        if found.max_inflation is not None:
            yield Text()
            yield from _target(found, found.max_inflation)


def as_text(found: Sensitivity, width: int = 110) -> str:
    """The same as plain text of at most so many columns."""
    page = io.StringIO()
    Console(file=page, width=width, color_system=None, legacy_windows=False).print(SensitivityView(found))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def _headline(found: Sensitivity) -> Text:
    asked, graph = found.elasticities, found.elasticities.graph
    text = Text(f"{words.plain(found.pipeline.name)}: " if found.pipeline.name else "", style="bold")
    when = _when(asked.generations)
    what = {"worst": "worst inflation", "sum": "sum of inflations"}.get(str(asked.objective), "inflation")
    if math.isnan(asked.value) and not asked.infinite:
        text.append("no model here is trained again, so no count of a flow matters")
        return text
    if math.isnan(asked.value):
        text.append(f"{what} {when} is without bound, whatever the counts")
        return text
    middle = ", uncertain counts at the middle of their ranges" if found.pipeline.graph.ranges else ""
    of = "" if asked.model is None else f", of '{words.plain(graph.model_names[asked.model])}'"
    text.append(f"{what} {when} {_times(asked.value)}{of}{middle}")
    return text


def _apart(found: Sensitivity) -> Iterator[Text]:
    """Models that the numbers are not about."""
    graph = found.elasticities.graph
    infinite = found.elasticities.infinite
    if infinite:
        who = words.quoted(graph.model_names[at] for at in infinite)
        verb = "collapses" if len(infinite) == 1 else "collapse"
        yield Text(
            f"{who} {verb} whatever the counts: no real data enter the loop behind. What counts do to "
            "them until then: --horizon 20",
            style="dim",
        )
    if found.left_out:
        who = words.quoted(name for name, _ in found.left_out)
        why = words.plain(found.left_out[0][1], 120)
        yield Text(
            f"Left out: {who} (the first {why})" if len(found.left_out) > 1 else f"Left out: {who} ({why})",
            style="dim",
        )


def _flow_columns(found: Sensitivity) -> list[Column]:
    graph, shown = found.elasticities.graph, found.elasticities.answers[:FLOWS]
    columns = [
        Column("flow", [_flow(graph, each.flow, LONGEST_NAME) for each in shown], 0, "left"),
        Column("samples", [f"{int(graph.samples[each.flow]):,}" for each in shown], 2),
        Column("elasticity", [f"{each.elasticity:+.3f}" for each in shown], 1),
        Column("with 10 % more", [_step(each.more) for each in shown], 1),
        Column("slope alone says", [_step(each.more, exact=False) for each in shown], 6),
    ]
    if any(each.real for each in shown):
        columns.append(Column("with 100 more real", [_step(each.real) for each in shown], 4))
    return columns


def _flow_notes(found: Sensitivity) -> Iterator[Text]:
    answers, graph = found.elasticities.answers, found.elasticities.graph
    if len(answers) > FLOWS:
        yield Text(
            f"... and {len(answers) - FLOWS:,} more flows, none that matters more (--json has all)",
            style="dim",
        )
    yield Text(
        "Elasticity: per cent that it changes for each per cent more samples in that flow; below 0, more "
        "samples help. Exact derivatives; what 10 % and 100 do is computed anew.",
        style="dim",
    )
    first = answers[0]
    if first.more is not None:
        yield Text(
            f"What counts most: {_flow(graph, first.flow)}. {first.more.added:,} more samples there "
            f"{'lower' if first.elasticity < 0 else 'raise'} it from {_times(found.elasticities.value)} to "
            f"{_times(first.more.exact)}."
        )


def _box(found: Sensitivity, box: Ranged, width: int) -> Iterator[Text | Table]:
    yield Text("Over the whole box of uncertain counts", style="bold")
    told = [f"{_flow(box.graph, at)} {low:,} to {high:,}" for at, (low, high) in box.ranges[:RANGES]]
    more = len(box.ranges) - len(told)
    yield Text(f"{'; '.join(told)}{f'; and {more:,} more' if more else ''}")
    yield Text()
    yield table_of(_model_columns(box), width)
    if len(box.models) > MODELS:
        yield Text(
            f"... and {len(box.models) - MODELS:,} more models, none worse (--json has all)", style="dim"
        )
    yield Text(
        f"Inflation {_when(box.generations)}, found at those counts. The whole box was bounded, not "
        "sampled, fractions of samples included.",
        style="dim",
    )
    yield Text(_proof(found))
    for at, reason in box.unsearched[:1]:
        rest = f", and {len(box.unsearched) - 1:,} more" if len(box.unsearched) > 1 else ""
        yield Text(f"Not searched: '{words.plain(box.graph.model_names[at])}'{rest}: {reason}")


def _model_columns(box: Ranged) -> list[Column]:
    shown = box.models[:MODELS]
    names = [words.plain(box.graph.model_names[each.model], LONGEST_NAME) for each in shown]
    columns = [
        Column("model", names, 0, "left"),
        Column("best", [_end(each, each.best) for each in shown], 3),
        Column("at the middle", [_times(each.middle) for each in shown], 5),
        Column("worst", [_end(each, each.worst) for each in shown], 1),
    ]
    if box.generations is None:
        columns.append(Column("verdict", [_verdicts(each) for each in shown], 2, "left"))
    return [*columns, Column("worst at", [_where(box, each.worst) for each in shown], 4, "left")]


def _end(each: ModelRange, bracket: Bracket | None) -> str:
    if each.collapses:
        return "∞"
    if bracket is None:
        return "?"
    if bracket.gap < OPEN:
        return _times(bracket.found)
    # a bound that is not reached: the worst may lie beyond what was found
    low, high = sorted((bracket.found, bracket.proved))
    return _times(low) if _times(low) == _times(high) else f"{_times(low)} to {_times(high)}"


def _verdicts(each: ModelRange) -> str:
    (best, sure), (worst, certain) = each.best_verdict, each.worst_verdict
    told = worst if best == worst else f"{best} to {worst}"
    return told if sure and certain else f"{told} (at least)"


def _where(box: Ranged, bracket: Bracket | None) -> str:
    """The counts of a worst case that are not in the middle."""
    if bracket is None:
        return "-"
    counts = box.counts_at(bracket)
    told = [
        f"{_flow(box.graph, at)} {counts[at]:,}"
        for at, _ in box.ranges
        if counts[at] != box.graph.samples[at]
    ]
    if not told:
        return "any"
    return words.plain(told[0], LONGEST_NAME) if len(told) == 1 else f"{len(told)} counts (--json)"


def _at(box: Ranged, bracket: Bracket) -> str:
    """Every count of a worst case that is not in the middle."""
    moved = [(at, count) for at, count in box.counts_at(bracket).items() if count != box.graph.samples[at]]
    told = ", ".join(f"{_flow(box.graph, at)} {count:,}" for at, count in moved[:RANGES]) or "any counts"
    return f"{told} and {len(moved) - RANGES:,} more" if len(moved) > RANGES else told


def _proof(found: Sensitivity) -> str:
    worst = found.worst
    if worst is None:
        return "No count changes that it grows without bound."
    low, high, bracket = worst
    where = _at(found.boxes[0], bracket)
    if high - low <= OPEN * low:
        return f"Worst case {_times(low)}, at {where}. Proved: no counts of the box are worse."
    return (
        f"Worst case between {_times(low)}, found at {where}, and {_times(high)}, proved. Narrow the "
        "ranges to close the gap."
    )


def _target(found: Sensitivity, most: float) -> Iterator[Text]:
    over = " over the whole box" if found.pipeline.graph.ranges else ""
    times = " and ".join(_when(box.generations) for box in found.boxes)
    style, said = {
        True: ("bold green", "met"),
        False: ("bold red", "not met"),
        None: ("bold yellow", "cannot be told whether met"),
    }[found.met]
    yield Text(f"Inflation at most {_times(most)} {times}: {said}{over}", style=style)
    for box in found.boxes:
        yield from _against(box, most)


def _against(box: Ranged, most: float) -> Iterator[Text]:
    """Why a target is not met, or not proved, in one box."""
    if box.met(most) is not False:
        if box.met(most) is None:
            yield Text(
                f"{_when(box.generations)}: none above it was found, only {_times(box.proved)} is proved"
            )
        return
    each = box.models[0]
    name = words.plain(box.graph.model_names[each.model])
    if each.collapses:
        yield Text(
            f"'{name}' collapses whatever the counts: {_when(box.generations)} its inflation is infinite"
        )
        return
    where = "" if each.worst is None or not box.ranges else f" at {_at(box, each.worst)}"
    reached = each.worst.found if each.worst else each.middle
    yield Text(f"'{name}' reaches {_times(reached)} {_when(box.generations)}{where}")


def _flow(graph: InteractionGraph, at: int, longest: int = 2 * words.LONGEST_NAME) -> str:
    name = f"{graph.provider_name(int(graph.provider[at]))}->{graph.model_names[graph.learner[at]]}"
    return words.plain(name, longest)


def _step(step: Step | None, exact: bool = True) -> str:
    return "-" if step is None else _times(step.exact if exact else step.linear)


def _when(generations: int | None) -> str:
    if generations is None:
        return "in the limit"
    return "after 1 generation" if generations == 1 else f"after {generations:,} generations"


def _times(value: float) -> str:
    if math.isnan(value):
        return "?"
    if math.isinf(value):
        return "∞"
    return f"×{value:.2f}" if value < 100 else f"×{value:.3g}"
