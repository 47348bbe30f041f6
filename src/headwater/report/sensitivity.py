"""Sensitivity on a terminal: flows in rank, then every model over its box, then the target."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
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
    from headwater.planning.sensitivity.elasticities import Answer, Elasticities, Step
    from headwater.planning.sensitivity.ranged import ModelRange, Ranged

FLOWS = 10
"""Flows shown; the rest are counted."""

MODELS = 20
"""Models shown; the rest are counted."""

RANGES = 12
"""Ranges told one by one."""

OF_RISK, MORE, SLOPE, REAL = "of risk", "with 10 % more", "slope alone says", "with 100 more real"
"""Columns that a legend explains where they are shown."""

RISKS = "risk at best / worst"
"""Likewise, of models over the box."""

SEEN = 5e-4
"""Relative change from which a number is said to change."""

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
            table = table_of(_flow_columns(found), options.max_width)
            yield table
            yield from _flow_notes(found, [str(column.header) for column in table.columns])
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
        Column("samples", [f"{int(graph.samples[each.flow]):,}" for each in shown], 3),
        Column("elasticity", [f"{each.elasticity:+.3f}" for each in shown], 0),
        Column(OF_RISK, [f"{each.risk_elasticity:+.3f}" for each in shown], 1),
        Column(MORE, [_step(each.more) for each in shown], 2),
        Column(SLOPE, [_step(each.more, exact=False) for each in shown], 6),
    ]
    if any(each.real for each in shown):
        columns.append(Column(REAL, [_step(each.real) for each in shown], 4))
    return columns


def _flow_notes(found: Sensitivity, titles: Sequence[str]) -> Iterator[Text]:
    """What the columns that are shown mean, and what counts most."""
    answers = found.elasticities.answers
    if len(answers) > FLOWS:
        yield Text(
            f"... and {len(answers) - FLOWS:,} more flows, none that matters more (--json has all)",
            style="dim",
        )
    yield Text(_legend(answers[:FLOWS], titles), style="dim")
    if answers[0].more is not None:
        yield Text(_advice(found.elasticities, answers[0], answers[0].more))


def _legend(shown: Sequence[Answer], titles: Sequence[str]) -> str:
    risk = ", and risk itself," if OF_RISK in titles else ""
    said = [f"Elasticity: 1 % more samples in that flow change inflation{risk} by so many per cent."]
    if any(each.risk_elasticity < each.elasticity for each in shown):
        said.append(
            "Inflation is over generation 0, which the same samples make better: where it rises, risk may "
            "still fall."
        )
    if MORE in titles or REAL in titles:
        slope = "; slope alone: what the derivative makes of the same 10 %" if SLOPE in titles else ""
        said.append(f"Inflation with more samples is computed anew{slope}.")
    return " ".join(said)


def _advice(asked: Elasticities, first: Answer, more: Step) -> str:
    """What counts most, what more of it does to inflation and to risk, and so what to do."""
    graph = asked.graph
    whose = "risk itself" if asked.model is None else f"the risk of {_who(graph, asked.model)}"
    inflation, risk = _way(asked.value, more.exact), _way(1.0, more.risk)
    changed = None if more.model == asked.model else more.model
    then = "" if changed is None else f" (then {_who(graph, changed)} is the worst)"
    now = _times(asked.value)
    reached = f"at {now}" if inflation == "leave" else f"from {now} to {_times(more.exact)}"
    joint = "and yet" if (inflation, risk) == ("raise", "lower") else "and"
    verb = "" if inflation == risk else f"{risk} "
    by = "as it is" if risk == "leave" else f"by {abs(more.risk - 1):.1%}".replace("%", " %")
    return (
        f"What counts most: {_flow(graph, first.flow)}. {more.added:,} more samples there {inflation} it "
        f"{reached}{then}, {joint} {verb}{whose} {by}{_so(inflation, risk, first, changed is not None)}."
    )


def _so(inflation: str, risk: str, first: Answer, changed: bool) -> str:
    """What to do about it."""
    if risk == "lower" and inflation == "raise":
        return (
            ": more there helps the one and hurts the other"
            if changed
            else ", for generation 0 gains even more: more there helps where risk itself is what matters"
        )
    if risk == "lower":
        return ": more there helps"
    if "raise" in (inflation, risk) and first.elasticity > 0 and first.risk_elasticity >= 0:
        return ": fewer there help"
    return ""


def _way(before: float, after: float) -> str:
    """The verb, of a change that can be seen."""
    if abs(after / before - 1) < SEEN:
        return "leave"
    return "lower" if after < before else "raise"


def _who(graph: InteractionGraph, model: int) -> str:
    return f"'{words.plain(graph.model_names[model])}'"


def _box(found: Sensitivity, box: Ranged, width: int) -> Iterator[Text | Table]:
    yield Text("Over the whole box of uncertain counts", style="bold")
    told = [f"{_flow(box.graph, at)} {low:,} to {high:,}" for at, (low, high) in box.ranges[:RANGES]]
    more = len(box.ranges) - len(told)
    yield Text(f"{'; '.join(told)}{f'; and {more:,} more' if more else ''}")
    yield Text()
    table = table_of(_model_columns(box), width)
    yield table
    if len(box.models) > MODELS:
        yield Text(
            f"... and {len(box.models) - MODELS:,} more models, none worse (--json has all)", style="dim"
        )
    yield Text(
        f"Inflation {_when(box.generations)}, found at those counts. The whole box was bounded, not "
        "sampled, fractions of samples included.",
        style="dim",
    )
    yield from _parted(box, any(column.header == RISKS for column in table.columns))
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
    if any(box.may_part(each.model) for each in shown):
        columns.insert(4, Column(RISKS, [_risks(each) for each in shown], 3))
    return [*columns, Column("worst at", [_where(box, each.worst) for each in shown], 4, "left")]


def _parted(box: Ranged, is_shown: bool) -> Iterator[Text]:
    """What worst means, where risk itself may be worst at other counts."""
    first = next((each for each in box.models[:MODELS] if box.may_part(each.model)), None)
    if first is None:
        return
    beside = (
        f"The column '{RISKS}' is risk itself at those counts, over that at the middle."
        if is_shown
        else f"That of {_who(box.graph, first.model)} at its best / worst counts, over that at the middle: "
        f"{_risks(first)}."
    )
    yield Text(
        "Worst means the largest inflation. It is over generation 0, which uncertain counts make too, so "
        f"that risk itself may be largest at other counts. {beside}",
        style="dim",
    )


def _risks(each: ModelRange) -> str:
    if each.collapses:
        return "∞"
    return " / ".join(_times(risk / each.middle_risk) for risk in (each.best_risk, each.worst_risk))


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
