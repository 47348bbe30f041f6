"""A check of real generations on a terminal: alarms, each model by the eight definitions, causes."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from headwater.report import words
from headwater.report.columns import LONGEST_NAME, UNKNOWN, Column, number, table_of, within

if TYPE_CHECKING:
    from headwater.diagnosis.course import Point
    from headwater.diagnosis.inspection import Inspected, Inspection, Untold
    from headwater.measures.causes.diagnosing import Differential
    from headwater.measures.contract import About, Estimate
    from headwater.measures.definitions.values import Finding, Profile
    from headwater.monitoring.values import Alarm

MODELS = 8
"""Told in full; the others in one line each."""
ALARMS = 12
NOTES = 8
POINTS = 20
LONGEST_SENTENCE = 10_000

STYLES = {"late": "bold red", "early": "yellow", "none": "green", None: "dim"}
SHORT = {
    "catastrophic_risk": "catastrophic rise of risk",
    "any_risk_increase": "any rise of risk",
    "diverging_risk": "diverging risk",
    "collapsing_variance": "collapsing variance",
    "scaling_law": "change in scaling law",
    "modes": "modes lost or entangled",
    "tails": "tails lost",
    "hallucination": "hallucinated data",
}
HOLDS = {True: "holds", False: "no", None: "cannot be told"}
HOLDING = {True: "bold red", False: "green", None: "dim"}
COURSES = {"worse": "bold red", "better": "green", "on course": "", "cannot be told": "dim"}


class InspectionView:
    """What `rich` prints for an inspection."""

    def __init__(self, inspection: Inspection) -> None:
        self.inspection = inspection

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        found = self.inspection
        yield _headline(found)
        yield Text(_setting(found), style="dim")
        alarms = found.alarms
        if alarms:
            yield Text()
            yield from _listed(
                "Alarms",
                [_alarm(alarm, found.since(alarm)) for alarm in _last_of_each(alarms)],
                "red",
                ALARMS,
            )
        worst = sorted(found.models.values(), key=_badness)
        for each in worst[:MODELS]:
            yield Text()
            yield from _model(each, found.abouts, options.max_width)
        if len(worst) > MODELS:
            yield Text(
                f"... and {len(worst) - MODELS:,} models more, none worse (--json has all)", style="dim"
            )
        if found.course:
            yield Text()
            yield from _course(found.course, options.max_width)
        if found.notes:
            yield Text()
            yield from _listed("Notes", list(found.notes), "dim", NOTES)


def as_text(found: Inspection, width: int = 110) -> str:
    """The page as plain text of at most so many columns."""
    page = io.StringIO()
    Console(file=page, width=width, color_system=None, legacy_windows=False).print(InspectionView(found))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def _headline(found: Inspection) -> Text:
    stages = [each.profile.stage for each in found.models.values()]
    tally = ", ".join(
        f"{stages.count(stage)} {words_}"
        for stage, words_ in (
            ("late", "late"),
            ("early", "early"),
            ("none", "none"),
            (None, "cannot be told"),
        )
        if stage in stages
    )
    worst = next((stage for stage in ("late", "early") if stage in stages), stages[0] if stages else None)
    rings = len({(alarm.model, alarm.metric) for alarm in found.alarms})
    alarm = f"{rings} alarm{'s' if rings != 1 else ''}" if rings else "no alarm"
    told = "" if len(found.models) == len({model for model, _ in found.new}) else " (remembered models too)"
    return Text(f"{alarm}; stage of collapse{told}: {tally}", style=STYLES[worst])


def _setting(found: Inspection) -> str:
    models = len({model for model, _ in found.new})
    return (
        f"{_some(len(found.new), 'sample')} of {_some(models, 'model')} against {found.reference.count:,} "
        f"{found.reference.kind} rows of real data; chance of ever ringing where all is well: {found.alpha:g}"
    )


def _some(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _badness(each: Inspected) -> tuple[int, int]:
    order = {"late": 0, "early": 1, None: 2, "none": 3}
    return order[each.profile.stage], -len(each.alarms)


def _listed(title: str, sentences: list[str], style: str, most: int) -> Iterator[RenderableType]:
    yield Text(title, style="bold")
    for sentence in sentences[:most]:
        table = Table.grid(padding=0)
        table.add_row(Text("  - "), Text(_plain(sentence), style=style))
        yield table
    if len(sentences) > most:
        yield Text(f"    ... and {len(sentences) - most:,} more (--json has all)", style="dim")


def _plain(sentence: str) -> str:
    """Sentences quote names from files."""
    return words.plain(sentence, LONGEST_SENTENCE)


def _last_of_each(alarms: tuple[Alarm, ...]) -> list[Alarm]:
    """The last time that a score of a model rings in this run: how far it is now."""
    return list({(alarm.model, alarm.metric): alarm for alarm in alarms}.values())


def _alarm(alarm: Alarm, since: int) -> str:
    effect = alarm.effect
    name = words.plain(alarm.model, LONGEST_NAME)
    where = (
        f" ({words.plain(effect.part, LONGEST_NAME)})" if effect.part and effect.part != alarm.metric else ""
    )
    value, low, high = effect.value, effect.low, effect.high
    if effect.measured == "loss":
        what = f"{value:.0%} lost, {max(low, -1):.0%} to {min(high, 1):.0%}"
        most = f"{effect.tolerated:.0%}"
    else:
        verb = "more" if effect.measured == "rise" else "moved"
        what = f"{value:+.3f} {verb}, {low:+.3f} to {high:+.3f}"
        most = f"{effect.tolerated:.3f}"
    when = f"generation {alarm.generation}" + (f", since {since}" if since < alarm.generation else "")
    return f"{name}, {when}: {alarm.metric}{where}: {what}; {most} is tolerated"


def _model(each: Inspected, abouts: Mapping[str, About], width: int) -> Iterator[RenderableType]:
    profile = each.profile
    name = words.plain(each.model, LONGEST_NAME)
    stage = profile.stage or "cannot be told"
    yield Text.assemble(
        (name, "bold"), f", generation {profile.generation}: stage ", (stage, STYLES[profile.stage])
    )
    path = _path(each)
    if path:
        yield Text(f"  {path}", style="dim")
    yield Padding(_definitions(profile, width - 2), (0, 0, 0, 2))
    yield Text(f"  compared with {_plain(profile.baseline)}", style="dim")
    if each.causes is not None:
        yield from _causes(each.causes)
    if any(each.metrics.values()):
        yield Padding(_metrics(each, abouts, width - 2), (0, 0, 0, 2))


def _path(each: Inspected) -> str:
    """When the stage changed."""
    steps: list[str] = []
    last: object = ()
    for generation, stage in each.stages.items():
        if stage != last:
            steps.append(f"{generation}: {stage or 'cannot be told'}")
            last = stage
    return f"by generation, from {'; '.join(steps)}" if len(steps) > 1 else ""


def _definitions(profile: Profile, width: int) -> Table:
    findings = profile.findings
    return table_of(
        [
            Column("definition", [SHORT[finding.definition] for finding in findings], 0, "left"),
            Column(
                "",
                [_holds(finding) for finding in findings],
                0,
                "left",
            ),
            Column("number", [_number(finding) for finding in findings], 1),
            Column("bar", [f"{finding.threshold:g}" for finding in findings], 2),
            Column("units", [finding.units for finding in findings], 4, "left"),
            Column("where", [words.plain(finding.part, LONGEST_NAME) for finding in findings], 5, "left"),
            Column("would tell", [_needed(finding) for finding in findings], 3, "left"),
        ],
        width,
    )


def _holds(finding: Finding) -> Text:
    """A misfit that no loop made is no alarm."""
    if finding.from_start:
        return Text("holds from 0", style="yellow")
    return Text(HOLDS[finding.holds], style=HOLDING[finding.holds])


def _number(finding: Finding) -> str:
    if finding.value is None:
        return "–"
    if finding.low is None and finding.high is None:
        return number(finding.value)
    low = -math.inf if finding.low is None else finding.low
    high = math.inf if finding.high is None else finding.high
    return within(finding.value, low, high)


def _needed(finding: Finding) -> str:
    if finding.holds is not None:
        return ""
    return f"{finding.needed:,} {finding.needed_of}" if finding.needed else ""


def _causes(causes: Differential) -> Iterator[RenderableType]:
    yield Text()
    yield Text.assemble("  Is it collapse? ", (_answer(causes), "bold"))
    for each in causes.weighings:
        yield Text(f"    {each.cause}: {each.support}", style="" if each.support == "for" else "dim")
        for sign, sentences in (("+", each.for_), ("-", each.against), ("?", each.would_decide)):
            if sign == "?" and each.support != "unknown":
                continue
            for sentence in sentences:
                table = Table.grid(padding=0)
                table.add_row(Text(f"      {sign} "), Text(_plain(sentence), style="dim"))
                yield table


def _answer(causes: Differential) -> str:
    """Of the question that is asked; what else it may be follows."""
    collapse = next(each for each in causes.weighings if each.cause == "collapse")
    others = [
        cause for cause in (causes.answer, *causes.also) if cause not in ("collapse", "none", "cannot tell")
    ]
    besides = f"; {', '.join(others)} is shown" if others else ""
    return {"for": "yes", "against": "no", "unknown": "cannot tell"}[collapse.support] + besides


def _metrics(each: Inspected, abouts: Mapping[str, About], width: int) -> Table:
    newest = max(each.metrics)
    found = each.metrics[newest]
    return table_of(
        [
            Column("metric", list(found), 0, "left"),
            Column(f"at {newest}", [_estimate(estimate) for estimate in found.values()], 1),
            Column("healthy", [abouts[name].healthy for name in found], 3, "left"),
        ],
        width,
    )


def _estimate(estimate: Estimate | Untold) -> str:
    if math.isnan(estimate.value):
        return "–"
    return within(estimate.value, estimate.low, estimate.high)


def _course(points: tuple[Point, ...], width: int) -> Iterator[RenderableType]:
    yield Text("Measured beside predicted", style="bold")
    shown = points[-POINTS:]
    yield table_of(
        [
            Column("model", [words.plain(point.model, LONGEST_NAME) for point in shown], 1, "left"),
            Column("generation", [str(point.generation) for point in shown], 0),
            Column("quantity", [point.quantity for point in shown], 0, "left"),
            Column("measured", [within(point.value, point.low, point.high) for point in shown], 0),
            Column(
                "predicted",
                [UNKNOWN if point.predicted is None else number(point.predicted) for point in shown],
                0,
            ),
            Column("course", [Text(point.course, style=COURSES[point.course]) for point in shown], 0, "left"),
        ],
        width,
    )
    if len(points) > POINTS:
        yield Text(f"... the last {POINTS} of {len(points):,} (--json has all)", style="dim")
