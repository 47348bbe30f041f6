"""A plan on a terminal: what to do, what it reaches, the least that grounds, other levers, the proof."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from headwater.report.columns import Column, number, table_of
from headwater.report.levers import LeversView
from headwater.report.words import plain

if TYPE_CHECKING:
    from headwater.planning.outlook import Reached
    from headwater.planning.plan import Plan
    from headwater.planning.proving import Proof

ROWS = 20
"""Flows shown; the rest are counted."""

SMALL_GAP = 0.02
"""Relative, up to which a gap to the best there can be stands in the headline."""

NAMED = 6
"""Models left out that are named."""


class PlanView:
    """What `rich` prints for a plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        plan = self.plan
        yield _headline(plan)
        yield Text(_setting(plan), style="dim")
        if plan.allocation.given:
            yield Text()
            yield _given(plan, options.max_width)
            hidden = len(plan.allocation.given) - ROWS
            if hidden > 0:
                yield Text(f"... and {hidden:,} more flows (--json has all)", style="dim")
        if plan.before:
            yield Text()
            yield _targets(plan, options.max_width)
        for title, sentences in (
            ("Why not", list(plan.allocation.reasons)),
            ("Least grounding", _grounding(plan)),
            ("Simulated", [] if plan.proof is None else _proof(plan.proof)),
        ):
            if sentences:
                yield from section(title, sentences)
        notes = [*_bound(plan), *plan.notes, *_left_out(plan)]
        if notes:
            yield from section("About the plan", notes)
        if plan.comparison is not None:
            yield Text()
            yield LeversView(plan.comparison)


def section(title: str, sentences: Sequence[str]) -> Iterator[RenderableType]:
    """A title with bullets under it."""
    yield Text()
    yield Text(title, style="bold")
    for sentence in sentences:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row("-", Text(sentence))
        yield Padding(grid, (0, 0, 0, 2), expand=False)


def as_text(plan: Plan, width: int = 110) -> str:
    """The same as plain text of at most so many columns."""
    page = io.StringIO()
    Console(file=page, width=width, color_system=None, legacy_windows=False).print(PlanView(plan))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def _headline(plan: Plan) -> Text:
    allocation = plan.allocation
    name = f"{plain(plan.pipeline.name)}: " if plan.pipeline.name else ""
    samples = sum(count for *_, count in allocation.given)
    more = f"{samples:,} more real {'sample' if samples == 1 else 'samples'} a generation"
    if not plan.targets:
        return _best(plan, name, more)
    if allocation.met and not allocation.given:
        return Text(f"{name}the targets are met as it is", style="bold green")
    if allocation.met:
        return Text(
            f"{name}{more} meet the targets, at a cost of {number(allocation.cost)}{_least(plan)}", "bold"
        )
    if allocation.given:
        return Text(f"{name}real data cannot meet the targets; {more} come closest", style="bold red")
    return Text(f"{name}real data cannot meet the targets", style="bold red")


def _best(plan: Plan, name: str, more: str) -> Text:
    """What a budget buys where nothing is to be reached."""
    allocation = plan.allocation
    cost = f"{more}, at a cost of {number(allocation.cost)}," if allocation.given else "no more real data"
    worst = allocation.worst
    if worst is None or not math.isfinite(worst):
        return Text(f"{name}{cost} leave the worst inflation without a bound", "bold red")
    return Text(f"{name}{cost} bring the worst inflation to ×{worst:.4g}{_least(plan)}", "bold")


def _least(plan: Plan) -> str:
    allocation = plan.allocation
    if allocation.optimal:
        return ", the least there is"
    if allocation.gap is not None and allocation.gap <= SMALL_GAP:
        return f", at most {max(allocation.gap, 1e-4):.2%} above the least there is"
    return ""


def _bound(plan: Plan) -> list[str]:
    """What is proved of a plan that is not proved to be the best."""
    allocation = plan.allocation
    gap = allocation.gap
    if not allocation.met or allocation.optimal or not allocation.given or (gap or 0.0) <= SMALL_GAP:
        return list(allocation.notes) if allocation.bound is None else []
    what = "no plan can cost less than" if allocation.worst is None else "no plan can bring the worst below"
    bound = number(allocation.bound or 0.0)
    return [f"{what} {bound}, and no better one was found near this one; {'; '.join(allocation.notes)}"]


def _setting(plan: Plan) -> str:
    document = plan.to_dict()
    targets = "; ".join(str(target) for target in plan.targets) or "the best for the money"
    when = " and ".join(
        "in the limit" if when == "limit" else "at the horizon" for when in plan.targets.times
    )
    budget = "" if plan.means.budget is None else f", budget {number(plan.means.budget)}"
    return f"{targets}, {when}{budget}; regime {document['regime']}, {document['generations']} generations"


def _given(plan: Plan, width: int) -> Table:
    price = plan.means.supply.price
    rows = sorted(plan.allocation.given, key=lambda row: -row[2])[:ROWS]
    before = {change.field: change.before for change in plan.allocation.changes}
    now = [before.get(f"{source}->{model}") or 0 for source, model, _ in rows]
    return table_of(
        [
            Column("real data from", [plain(source) for source, *_ in rows], 0, "left"),
            Column("to", [plain(model) for _, model, _ in rows], 0, "left"),
            Column("samples now", [_count(value) for value in now], 3),
            Column("more", [f"+{samples:,}" for *_, samples in rows], 0),
            Column("cost", [number(samples * price(source)) for source, _, samples in rows], 2),
        ],
        width,
    )


def _count(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _targets(plan: Plan, width: int) -> Table:
    after = {each.target: each for each in plan.allocation.reached}
    rows = [(each, after[each.target]) for each in plan.before]
    return table_of(
        [
            Column("target", [str(each.target) for each, _ in rows], 0, "left"),
            Column("now", [_value(each) for each, _ in rows], 0),
            Column("at", [_where(each) for each, _ in rows], 3, "left"),
            Column("with the plan", [_value(each) for _, each in rows], 0),
            Column("at", [_where(each) for _, each in rows], 2, "left"),
            Column(
                "",
                [Text("met", "green") if each.met else Text("missed", "red") for _, each in rows],
                1,
                "left",
            ),
        ],
        width,
    )


def _value(each: Reached) -> str:
    value = each.value
    if value is None or math.isnan(value):
        return "?"
    if each.target.quantity == "inflation":
        return "∞" if math.isinf(value) else f"×{value:.4g}"
    return f"{value:.4f}" if each.target.quantity == "diversity" else f"{value:,.0f}"


def _where(each: Reached) -> str:
    return f"{plain(each.model)}, {each.when}" if each.model else ""


def _grounding(plan: Plan) -> list[str]:
    """The fewest models that need real data, and what it takes when only they get some."""
    found = plan.grounding
    if not found.entries:
        return []
    said = [
        f"real data into {plain(entry.model)!r}: {entry.why}; no closed loop holds without"
        for entry in found.entries
        if entry.model
    ]
    hidden = len(said) - ROWS
    said = said[:ROWS] + ([f"and {hidden:,} more loops (--json has all)"] if hidden > 0 else [])
    said += list(found.reasons)
    alone = found.allocation
    if alone is None:
        return said
    number_of = len(found.models)
    there = "that model alone" if number_of == 1 else f"these {number_of:,} models alone"
    if not alone.met:
        why = f": {alone.reasons[0]}" if alone.reasons else ""
        return [*said, f"that stops the collapse; the targets need more than {there} can do{why}"]
    samples = ", ".join(f"{count:,} at {plain(model)!r}" for _, model, count in alone.given[:NAMED])
    return [*said, f"with real data at {there} the targets take {samples}, at a cost of {number(alone.cost)}"]


def _proof(proof: Proof) -> list[str]:
    words = {"inflation": "inflation", "diversity": "diversity", "tail_sample": "tail sample"}
    seen = [
        f"{words[each.quantity]} of {plain(each.model)!r} after {proof.generations:,} generations: predicted "
        f"{number(each.predicted)}, simulated {number(each.simulated)} "
        f"({number(each.low)} to {number(each.high)})"
        for each in proof.seen
    ]
    return [f"{proof.sentence[0].upper()}{proof.sentence[1:]}", *seen]


def _left_out(plan: Plan) -> list[str]:
    left = plan.scope.left_out
    if not left:
        return []
    reasons: dict[str, list[str]] = {}
    for name, reason in left:
        reasons.setdefault(reason, []).append(name)
    return [
        f"not judged: {', '.join(plain(name) for name in names[:NAMED])}"
        f"{f' and {len(names) - NAMED:,} more' if len(names) > NAMED else ''}: {_each(len(names), reason)}"
        for reason, names in reasons.items()
    ]


def _each(number_of: int, reason: str) -> str:
    return reason if number_of == 1 else reason.replace("rests on", "each rests on")
