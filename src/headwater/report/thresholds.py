"""A threshold on a terminal: the value, both ways to put it in, each target, and what cannot be met."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from headwater.report import words
from headwater.report.columns import LONGEST_NAME, Column, number, table_of

if TYPE_CHECKING:
    from headwater.planning.proving import Proof
    from headwater.planning.thresholds import Interval, Threshold
    from headwater.planning.thresholds.values import Single

WAYS = {
    "addition": "added to what flows already",
    "replacement": "in place of what comes from models, the budget kept",
}


class ThresholdView:
    """What `rich` prints for a threshold, with the simulation of it and where it was written."""

    def __init__(self, found: Threshold, proof: Proof | None = None, written: str | None = None) -> None:
        self.found = found
        self.proof = proof
        self.written = written

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        found = self.found
        yield _headline(found)
        yield Text(_setting(found), style="dim")
        yield Text()
        yield table_of(_columns(found), options.max_width, 3)
        for title, sentences in (
            ("Ways", _ways(found)),
            ("Where", _where(found)),
            ("Why not" if found.value is None else "What binds", _models(found)),
            ("Simulated", _simulated(self.proof)),
            ("Left out", _left_out(found)),
        ):
            if sentences:
                yield Text()
                yield Text(title, style="bold")
                yield from _bullets(sentences)
        if self.written is not None:
            yield Text()
            yield Text(
                f"Wrote {words.plain(self.written)}: {'; '.join(map(str, found.changes)) or 'no change'}."
            )


def as_text(found: Threshold, proof: Proof | None = None, width: int = 110) -> str:
    """The same as plain text of at most so many columns."""
    page = io.StringIO()
    Console(file=page, width=width, color_system=None, legacy_windows=False).print(
        ThresholdView(found, proof)
    )
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def _headline(found: Threshold) -> Text:
    name = words.plain(str(found.knob.field))
    text = Text(f"{name}: ", style="bold")
    if found.value is None:
        return text.append("the targets cannot be met", style="bold red")
    text.append(f"at {found.direction} {_value(found, found.value)}", style="bold green")
    if found.met:
        return text.append(f"  (met already at {_value(found, found.current)})", style="not bold")
    return text.append(f"  (now {_value(found, found.current)}, and missed)", style="not bold")


def _setting(found: Threshold) -> str:
    knob = found.knob
    regime = knob.pipeline.regime or "replace"
    targets = ", ".join(str(single.target) for single in found.targets)
    way = f"; as {knob.way}" if knob.field.key == "samples" else ""
    return f"{targets}; regime {regime}{way}"


def _columns(found: Threshold) -> list[Column]:
    singles = found.targets
    return [
        Column("target", [str(single.target) for single in singles], 0, "left"),
        Column("alone met at", [_alone(found, single) for single in singles], 0),
        Column("now", [_now(single) for single in singles], 1),
        Column("at model", [words.plain(single.model, LONGEST_NAME) for single in singles], 2, "left"),
        Column("when", [single.when if single.model else "" for single in singles], 3, "left"),
    ]


def _alone(found: Threshold, single: Single) -> str:
    return "never" if single.value is None else _value(found, single.value)


def _now(single: Single) -> str:
    if single.reached is None:
        return "?"
    return number(single.reached) if math.isfinite(single.reached) else "∞"


def _value(found: Threshold, value: float | None) -> str:
    if value is None:
        return "unknown"
    if found.knob.field.is_whole or found.knob.field.kind == "regime":
        return f"{int(value):,}"
    return f"{value:.7g}"


def _ways(found: Threshold) -> list[str]:
    if len(found.ways) < 2:
        return []
    return [
        f"as {way} ({WAYS[way]}): {'cannot be met' if value is None else _value(found, value)}"
        for way, value in found.ways.items()
    ]


def _where(found: Threshold) -> list[str]:
    """Only what the headline does not say: a second end, or a second interval."""
    if found.value is None:
        return []
    both = found.interval.low is not None and found.interval.high is not None
    said = []
    if both or found.elsewhere:
        said.append(f"met {_interval(found, found.interval)}")
    said += [f"met again {_interval(found, each)}" for each in found.elsewhere[:3]]
    if len(found.elsewhere) > 3:
        said.append(f"... and in {len(found.elsewhere) - 3:,} more intervals")
    if found.interval.low is None and found.interval.high is None:
        said.append("met at every value that was tried")
    return said


def _interval(found: Threshold, interval: Interval) -> str:
    low, high = (None if end is None else _value(found, end) for end in (interval.low, interval.high))
    if low is None:
        return "at every value" if high is None else f"up to {high}"
    return f"from {low} on" if high is None else f"from {low} to {high}"


def _models(found: Threshold) -> list[str]:
    if found.value is not None:
        binding = [
            f"{words.quoted([name])} misses a target at one less"
            if found.direction == "least" and found.knob.field.is_whole
            else f"{words.quoted([name])} misses a target beyond it"
            for name in found.models
        ]
        return [*binding, found.reason] if found.reason else binding
    reasons = [reason for _, reason in found.models.values()] or [found.reason]
    said = reasons[: words.ITEMS]
    if len(reasons) > words.ITEMS:
        said.append(f"... and {len(reasons) - words.ITEMS:,} more models (--json has their reasons)")
    rest = found.rest
    if rest is not None:
        which = "model" if rest.models == 1 else f"{rest.models:,} models"
        at = (
            "no value suits all" if rest.value is None else f"at {rest.direction} {_value(found, rest.value)}"
        )
        said.append(f"at the other {which}: {at}")
    return said


def _simulated(proof: Proof | None) -> list[str]:
    if proof is None:
        return []
    said = [
        f"{each.quantity.replace('_', ' ')} of {words.quoted([each.model])} at generation "
        f"{proof.generations:,}: {number(each.predicted)} by theory, {number(each.simulated)} simulated "
        f"({number(each.low)} to {number(each.high)})"
        for each in proof.seen
    ]
    return [*said, proof.sentence]


def _left_out(found: Threshold) -> list[str]:
    said = [f"{words.quoted([name])} {reason}" for name, reason in found.left_out[: words.ITEMS]]
    more = len(found.left_out) - words.ITEMS
    return [*said, f"... and {more:,} more models"] if more > 0 else said


def _bullets(sentences: list[str]) -> Iterator[RenderableType]:
    for sentence in sentences:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row("-", Text(sentence))
        yield Padding(grid, (0, 0, 0, 2), expand=False)
