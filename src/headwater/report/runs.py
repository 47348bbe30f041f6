"""A simulation on a terminal and as JSON: one row a model, worst first, means beside medians.

The JSON document holds ``schema`` ("headwater/simulation/1"), ``pipeline``,
``family``, ``regime``, ``generations``, ``replicates``, ``seed``, ``interval`` (coverage),
``assumptions``, ``store``, ``measures`` (units, better and text of each), ``failed_fits``
(``failed`` of ``fits``, or null), ``models`` and ``provenance``. A model holds its measures, and
"inflation" (or "change", where risk has no zero); each of these holds ``mean``,
``standard_error``, ``mean_low``, ``mean_high``, ``median``, ``median_low``, ``median_high`` and
``not_finite``, lists with one value a generation from 0. What is NaN or infinite is null.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from headwater.report import words
from headwater.report.columns import (
    GAP,
    LONGEST_NAME,
    Column,
    measured,
    number,
    table_of,
    total_width,
    within,
)
from headwater.simulation.summary import CHANGE, INFLATION, STATISTICS

if TYPE_CHECKING:
    import xarray as xr

    from headwater.graph import InteractionGraph

ROWS = 20
"""Models shown; the rest are counted."""

SHORT_NAME = 20
"""Terminal columns of a model's name where others would have to go."""

NAMED = 3
"""Models named that have replicates which are no finite number."""

FAILED = "failed"
SCHEMA = "headwater/simulation/1"
COMPARED = {
    INFLATION: "Inflation: risk over the model's own risk at generation 0, of the means and of the medians.",
    CHANGE: "Change: risk less the model's own risk at generation 0; this risk has no zero to divide by.",
}


@dataclass(frozen=True)
class RunsReport:
    """What is told of a simulation.

    Attributes
    ----------
    runs
        What `simulate` returned.
    found
        What `summarise` made of it.
    graph
        That was simulated.
    store
        Where the replicates are kept; None: nowhere.
    assumptions
        Sentences about what was not in the file.
    """

    runs: xr.Dataset
    found: xr.Dataset
    graph: InteractionGraph
    store: str | None = None
    assumptions: tuple[str, ...] = ()

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """As the run recorded it."""
        return dict(json.loads(self.runs.attrs["provenance"]))

    @property
    def run(self) -> dict[str, Any]:
        """What decided the numbers."""
        return dict(self.provenance["run"])

    @property
    def others(self) -> list[str]:
        """Measures beside risk that are shown."""
        return [str(name) for name in self.runs.data_vars if name not in ("risk", FAILED)]

    @property
    def compared(self) -> str:
        """What sets risk against generation 0: inflation, or change where it has no zero."""
        return INFLATION if INFLATION in self.found["measure"].values else CHANGE

    def worst_first(self) -> list[int]:
        """Numbers of the models, by what the mean risk became after the last generation."""
        became = self.last(self.compared, "mean")
        order = np.argsort(-np.where(np.isnan(became), np.inf, became), kind="stable")
        return [int(at) for at in order]

    def last(self, measure: str, statistic: str, generation: int = -1) -> np.ndarray:
        """(models,) after the last generation, or another."""
        return np.asarray(self.found[statistic].sel(measure=measure)[generation].values, float)

    def failed_fits(self) -> tuple[int, int] | None:
        """How many fits failed, of how many; None where the family does not tell."""
        if FAILED not in self.runs.data_vars:
            return None
        shares = np.asarray(self.found["mean"].sel(measure=FAILED).values, float)
        # a frozen model is fitted once
        fitted = np.ones(shares.shape, bool)
        fitted[1:, self.graph.frozen] = False
        replicates = self.found.attrs["replicates"]
        return round(float(np.nansum(shares[fitted])) * replicates), int(fitted.sum()) * replicates

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from _head(self)
        order = self.worst_first()[:ROWS]
        yield Text()
        names = _names(self, order, LONGEST_NAME)
        if total_width([names, *_risk_columns(self, order)]) > options.max_width:
            names = _names(self, order, SHORT_NAME)
        yield table_of([names, *_risk_columns(self, order)], options.max_width)
        if len(self.graph.model_names) > ROWS:
            hidden = len(self.graph.model_names) - ROWS
            yield Text(f"... and {hidden:,} more models, none worse (--json has all)", style="dim")
        for columns in _other_columns(self, order, options.max_width - names.width - GAP):
            yield Text()
            yield table_of([names, *columns], options.max_width)
        yield Text()
        yield from _foot(self)


def as_text(report: RunsReport, width: int = 110) -> str:
    """The same as plain text of at most so many columns."""
    page = io.StringIO()
    Console(file=page, width=width, color_system=None, legacy_windows=False).print(report)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def _head(report: RunsReport) -> Iterator[RenderableType]:
    run = report.run
    name = report.provenance["pipeline"]
    title = Text(f"{words.plain(name)}: " if name else "", style="bold")
    title.append(
        f"{_tally(run['replicates'], 'replicate')} of {_tally(run['generations'], 'generation')}",
        style="not bold",
    )
    yield title
    family = dict(run["family"])
    called = family.pop("family")
    values = ", ".join(f"{key} {_short(value)}" for key, value in family.items() if _is_short(value))
    graph = report.graph
    sizes = ((graph.model_names, "model"), (graph.source_names, "source"), (graph.provider, "flow"))
    size = ", ".join(_tally(len(each), what) for each, what in sizes)
    setting = f"family {called}" + (f" ({values})" if values else "")
    yield Text(f"{setting}, regime {run['regime']}, seed {run['seed']}; {size}", style="dim")


def _is_short(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and len(value) <= 20)


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _tally(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _names(report: RunsReport, order: Sequence[int], longest: int) -> Column:
    graph = report.graph
    labels = []
    for at in order:
        kind = " (frozen)" if graph.frozen[at] else ""
        labels.append(words.plain(graph.model_names[at], longest - len(kind)) + kind)
    return Column("model", labels, 0, "left")


def _risk_columns(report: RunsReport, order: Sequence[int]) -> list[Column]:
    after = report.run["generations"]
    start = report.last("risk", "mean", 0)
    sign = "×" if report.compared == INFLATION else ""
    return [
        Column("risk at 0", [number(start[at]) for at in order], 4),
        Column(f"after {after}", _means(report, "risk", order), 3),
        Column("median", _medians(report, "risk", order), 5),
        Column(report.compared, [sign + cell for cell in _means(report, report.compared, order)], 1),
        Column("its median", [sign + cell for cell in _medians(report, report.compared, order)], 2),
    ]


def _other_columns(report: RunsReport, order: Sequence[int], width: int) -> Iterator[list[Column]]:
    """Means and medians of the other measures, as many at a time as fit.

    The medians' intervals are shown only where there is room for all side by side.
    """
    pairs = [_pair(report, name, order, _medians(report, name, order)) for name in report.others]
    if total_width([column for pair in pairs for column in pair]) > width:
        middles = {name: report.last(name, "median") for name in report.others}
        pairs = [
            _pair(report, name, order, [number(middle[at]) for at in order])
            for name, middle in middles.items()
        ]
    together: list[Column] = []
    for pair in pairs:
        if together and total_width([*together, *pair]) > width:
            yield together
            together = []
        together += pair
    if together:
        yield together


def _pair(report: RunsReport, measure: str, order: Sequence[int], medians: list[str]) -> list[Column]:
    return [Column(measure, _means(report, measure, order), 1), Column("median", medians, 2)]


def _means(report: RunsReport, measure: str, order: Sequence[int]) -> list[str]:
    mean, error = (report.last(measure, name) for name in ("mean", "standard_error"))
    return [measured(mean[at], error[at]) for at in order]


def _medians(report: RunsReport, measure: str, order: Sequence[int]) -> list[str]:
    middle, low, high = (report.last(measure, name) for name in ("median", "median_low", "median_high"))
    return [within(middle[at], low[at], high[at]) for at in order]


def _foot(report: RunsReport) -> Iterator[RenderableType]:
    yield Text(f"Mean ± standard error, median [95 % interval]. {COMPARED[report.compared]}", style="dim")
    for name in ("risk", *report.others):
        about = report.runs[name].attrs
        units = f" ({about['units']})" if about["units"] else ""
        yield Text(f"{name}: {about['long_name']}{units}", style="dim")
    for sentence in (*report.assumptions, *_not_finite(report)):
        yield Text(sentence)
    failed = report.failed_fits()
    if failed is not None and failed[0]:
        yield Text(
            f"{failed[0]:,} of {failed[1]:,} fits failed: the samples did not determine them, and they "
            "count with the value the family gives them.",
            style="yellow",
        )
    if report.store is None:
        yield Text("Nothing was kept: repeat with -o DIRECTORY to keep every replicate.")
    else:
        yield Text(f"Kept in {report.store}; in Python: headwater.open_run({json.dumps(report.store)})")


def _not_finite(report: RunsReport) -> Iterator[str]:
    found = [
        (measure, at, int(report.last(measure, "not_finite")[at]))
        for measure in ("risk", *report.others)
        for at in report.worst_first()
        if report.last(measure, "not_finite")[at]
    ]
    for measure, at, count in found[:NAMED]:
        yield (
            f"{words.quoted([report.graph.model_names[at]])}, {measure}: {count:,} of "
            f"{report.found.attrs['replicates']:,} replicates are no finite number, so that the mean is "
            "none either; the median holds."
        )
    if len(found) > NAMED:
        yield f"... and so for {len(found) - NAMED:,} more"


def as_json_lines(report: RunsReport) -> Iterator[str]:
    """The document in pieces, a model at a time; no NaN or infinity."""
    run, names = report.run, report.graph.model_names
    failed = report.failed_fits()
    head = {
        "schema": SCHEMA,
        "pipeline": report.provenance["pipeline"],
        **{key: run[key] for key in ("family", "regime", "generations", "replicates", "seed")},
        "interval": report.found.attrs["level"],
        "assumptions": list(report.assumptions),
        "store": report.store,
        "measures": {
            str(name): {
                "units": each.attrs["units"],
                "better": each.attrs["better"],
                "text": each.attrs["long_name"],
                "scale": each.attrs["scale"],
            }
            for name, each in report.runs.data_vars.items()
        },
        "failed_fits": None if failed is None else {"failed": failed[0], "fits": failed[1]},
    }
    yield "{\n"
    for key, value in head.items():
        yield f"  {json.dumps(key)}: {_json(value)},\n"
    yield '  "models": {\n'
    for at, name in enumerate(names):
        yield f"    {_json(name)}: {_json(_entry(report, at))}{',' if at < len(names) - 1 else ''}\n"
    yield f'  }},\n  "provenance": {_json(report.provenance)}\n}}\n'


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _entry(report: RunsReport, model: int) -> dict[str, Any]:
    series: dict[str, Any] = {}
    for at, measure in enumerate(report.found["measure"].values.tolist()):
        values = {name: report.found[name].values[at, :, model].tolist() for name in STATISTICS}
        series[measure] = {
            name: [each if math.isfinite(each) else None for each in listed]
            for name, listed in values.items()
        }
    return series
