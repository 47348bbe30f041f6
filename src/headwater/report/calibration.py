"""A calibration on a terminal: where each model's risk goes, what noise and bias have to do with it."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from headwater.report.columns import LONGEST_NAME, UNKNOWN, Column, number, table_of, within
from headwater.report.terminal import BARS, SPARKS
from headwater.report.words import ITEMS, plain

if TYPE_CHECKING:
    from headwater.planning.calibration import Calibrated, Calibration, Forecast, Interval, Limit, Passing

ROWS = 20
"""Runs shown; the rest are counted."""
HALF = 0.5
MOSTLY = 0.6
"""Share of a rise that is most of it."""
LEGEND = {
    "noise V": "Noise: V is risk times samples; more samples make less of it.",
    "bias a generation": "Bias: what every fit adds in the same direction; samples do not help.",
    "floor": "Floor: risk without either.",
    "dimensions": "Dimensions: directions in which noise strays; with few, one history tells little.",
}
"""What a column means, said where it is shown."""
SIZES = "All are effective sizes: those that make theory's course the measured one."


class CalibrationView:
    """What `rich` prints for a calibration."""

    def __init__(self, calibration: Calibration) -> None:
        self.calibration = calibration

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        found = self.calibration
        rows = [(name, model, run) for name, model in found.models.items() for run in model.forecasts]
        yield _headline(found)
        yield Text(_setting(found), style="dim")
        yield Text()
        yield table_of(_courses(found, rows[:ROWS]), options.max_width)
        yield Text()
        sizes = table_of(_sizes(list(found.models.items())[:ROWS]), options.max_width)
        yield sizes
        yield Text(_legend(sizes), style="dim")
        hidden = len(rows) - ROWS
        if hidden > 0:
            yield Text(f"... and {hidden:,} more runs (--json and -o have all)", style="dim")
        for title, sentences in (
            ("What it means", _meanings(found)),
            ("The limit", _passings(found, rows)),
            ("Doubts", _doubts(found)),
            ("Notes", list(found.notes)),
        ):
            if sentences:
                yield Text()
                yield Text(title, style="bold")
                yield from _listed(sentences)


def as_text(calibration: Calibration, width: int = 110) -> str:
    """The same as plain text of at most so many columns."""
    page = io.StringIO()
    Console(file=page, width=width, color_system=None, legacy_windows=False).print(
        CalibrationView(calibration)
    )
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def spark(values: Sequence[float]) -> str:
    """Bars from the least to the largest of some values, evenly picked.

    Examples
    --------
    >>> spark([1.0, 2.0, 8.0]), spark([2.0, 2.0])
    ('▁▂█', '▁▁')
    """
    picked = [values[round(at)] for at in np.linspace(0, len(values) - 1, min(SPARKS, len(values)))]
    low, reach = min(picked), max(picked) - min(picked)
    return "".join(BARS[int((each - low) / reach * (len(BARS) - 1)) if reach > 0 else 0] for each in picked)


def _headline(found: Calibration) -> Text:
    text = Text(f"{plain(found.pipeline.name)}: " if found.pipeline.name else "", style="bold")
    models = len(found.models)
    return text.append(
        f"{models:,} model{'s' * (models != 1)} calibrated, forecast to generation {found.generations}"
    )


def _setting(found: Calibration) -> str:
    intervals = f"{found.level:.0%} intervals; how often such intervals held in tests: docs/calibration.md"
    return f"regime {found.pipeline.regime or 'replace'}; {intervals}"


def _courses(found: Calibration, rows: Sequence[tuple[str, Calibrated, Forecast]]) -> list[Column]:
    """One row a run: what was measured, and three looks ahead."""
    last = max(max(model.observed[run.run]) for _, model, run in rows)
    looks = sorted({last + 1, (last + 1 + found.generations) // 2, found.generations})
    columns = [Column("model", [plain(name, LONGEST_NAME) for name, _, _ in rows], 0, "left")]
    if any(run.run for _, _, run in rows):
        columns.append(Column("run", [plain(run.run, LONGEST_NAME) for _, _, run in rows], 1, "left"))
    columns += [
        Column("course", [spark(_course(model, run)) for _, model, run in rows], 7, "left"),
        Column("measured", [_measured(model.observed[run.run]) for _, model, run in rows], 4, "left"),
    ]
    for at in looks:
        ends = [_shown(run.risk.get(at)) for _, _, run in rows]
        columns.append(Column(f"generation {at}", ends, 2 if at == found.generations else 3))
    return columns


def _course(model: Calibrated, run: Forecast) -> list[float]:
    known = {at: each.median for at, each in run.risk.items() if each.median is not None}
    both = {**known, **model.observed[run.run]}
    return [both[at] for at in sorted(both)]


def _measured(observed: Mapping[int, float]) -> str:
    first, last = min(observed), max(observed)
    return f"{number(observed[first])} at {first}, {number(observed[last])} at {last}"


def _sizes(models: Sequence[tuple[str, Calibrated]]) -> list[Column]:
    """One row a model: its estimates."""
    sizes = [model.estimates for _, model in models]

    def cells(every: Iterable[Interval | None]) -> list[str]:
        return [_shown(each) for each in every]

    return [
        Column("model", [plain(name, LONGEST_NAME) for name, _ in models], 0, "left"),
        Column("noise V", cells(each.noise for each in sizes), 3),
        Column("noise a generation", cells(each.noise_each_generation for each in sizes), 6),
        Column("bias a generation", cells(each.bias_each_generation for each in sizes), 4),
        Column("bias, of the rise", [_share(each.bias_share) for each in sizes], 1),
        Column("floor", cells(each.floor for each in sizes), 5),
        Column("dimensions", cells(each.dimensions for each in sizes), 8),
    ]


def _legend(sizes: Table) -> str:
    """Of the columns that fitted, and of no others."""
    said = [LEGEND[str(column.header)] for column in sizes.columns if column.header in LEGEND]
    return " ".join([*said, SIZES])


def _shown(interval: Interval | None) -> str:
    if interval is None or interval.median is None:
        return UNKNOWN
    low, high = (float("nan") if each is None else each for each in (interval.low, interval.high))
    return within(interval.median, low, high)


def _share(share: Interval | None) -> str:
    if share is None or share.median is None or share.low is None or share.high is None:
        return "-"
    return f"{share.median:.0%} [{share.low:.0%}, {share.high:.0%}]"


def _meanings(found: Calibration) -> list[str]:
    said = [f"'{plain(name)}': {_meaning(model, found.generations)}" for name, model in found.models.items()]
    return [*said[:ITEMS], *([f"... and {len(said) - ITEMS:,} more models"] if len(said) > ITEMS else [])]


def _meaning(model: Calibrated, horizon: int) -> str:
    share = model.estimates.bias_share
    if share is None or share.median is None or share.low is None or share.high is None:
        return (
            "no rise is seen, so there is nothing to split. Where theory has risk build up on this pipeline, "
            "the file, the regime or the measure is not what happened."
        )
    if share.median > MOSTLY and share.low > 1 - MOSTLY:
        return (
            f"bias explains {share.median:.0%} of the rise to generation {horizon}: more samples will "
            "not help. More real data will, which cut the loop short, or a model whose fits err less."
        )
    if share.median < 1 - MOSTLY and share.high < MOSTLY:
        return (
            f"noise explains {1 - share.median:.0%} of the rise to generation {horizon}: twice the samples "
            "halve that part, and so does whatever else lowers noise."
        )
    return (
        f"how much of the rise to generation {horizon} is bias cannot be told yet ({share.low:.0%} to "
        f"{share.high:.0%}): measure more generations, or a run with more samples, which has less noise."
    )


def _passings(found: Calibration, rows: Sequence[tuple[str, Calibrated, Forecast]]) -> list[str]:
    if found.limit is None:
        return []
    said = []
    for name, model, run in rows[:ITEMS]:
        who = f"'{plain(name)}'" + (f", run '{plain(run.run)}'" if run.run else "")
        if run.passing is not None:
            span = (max(model.observed[run.run]) + 1, found.generations)
            chance = _chance(run, run.passing, found.limit, span)
            said.append(f"{who}: {chance}{_when(run.passing, found.level, found.generations)}.")
    return [*said, *([f"... and {len(rows) - ITEMS:,} more runs"] if len(rows) > ITEMS else [])]


def _chance(run: Forecast, passing: Passing, limit: Limit, span: tuple[int, int]) -> str:
    """Of passing the limit in any generation, which is more than that of a given one."""
    first, last = span
    what = (
        f"risk is above {limit.bound:g}"
        if limit.quantity == "risk"
        else f"risk above the floor is more than {limit.bound:g} times that of generation 0"
    )
    when = f"in at least one generation from {first} to {last}" if first < last else f"at generation {last}"
    said = f"chance {passing.chance:.0%} that {what} {when}"
    # the page shows no forecast of inflation that could seem to say otherwise
    middles = [each.median for at, each in run.risk.items() if at >= first and limit.quantity == "risk"]
    stays = bool(middles) and all(each is not None and each <= limit.bound for each in middles)
    return said + (", though the middle forecast stays below" if stays and passing.chance >= HALF else "")


def _when(passing: Passing, level: float, horizon: int) -> str:
    when = passing.generation
    if when.low is None:
        return ""
    if when.median is None:
        return f"; {50 * (1 - level):.3g}% of all histories pass it by generation {when.low:g}"
    high = f"after {horizon}" if when.high is None else f"{when.high:g}"
    between = f"{level:.0%}: {when.low:g} to {high}"
    return f"; half of all histories pass it by generation {when.median:g} ({between})"


def _doubts(found: Calibration) -> list[str]:
    said: dict[str, list[str]] = {}
    for name, model in found.models.items():
        for doubt in model.doubts:
            said.setdefault(doubt, []).append(f"'{plain(name)}'")
    return [
        f"{', '.join(who[:3])}{' and more' if len(who) > 3 else ''}: {doubt}" for doubt, who in said.items()
    ]


def _listed(sentences: list[str]) -> Iterator[Padding]:
    for sentence in sentences:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row("-", Text(sentence))
        yield Padding(grid, (0, 0, 0, 2), expand=False)
