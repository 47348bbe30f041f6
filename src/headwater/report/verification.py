"""Theory beside simulation on a terminal: a verification, and the benchmark on public data."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from headwater.report import words
from headwater.report.columns import LONGEST_NAME

if TYPE_CHECKING:
    from headwater.verification.public import Benchmark, Sweep
    from headwater.verification.survival import Survival
    from headwater.verification.verifying import Verification

ROWS = 20
GENERATIONS_SHOWN = 6
NONE = "–"


class VerificationView:
    """What `rich` prints for a verification: the models that are furthest off first."""

    def __init__(self, verification: Verification) -> None:
        self.verification = verification

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        found = self.verification
        yield Text(found.sentence, style="bold green" if found.agree else "bold red")
        yield Text(
            f"law {found.law.name}, family {found.family.name}, regime {found.regime}, "
            f"{found.replicates:,} replicates, seed {found.seed}; "
            f"risk: {found.family.measures['risk'].units}",
            style="dim",
        )
        yield Text()
        yield self._table()
        hidden = len(found.models) - ROWS
        if hidden > 0:
            yield Text(f"... and {hidden:,} more models, none further off (--json has all)", style="dim")
        if not found.comparison.judged.all():
            yield Text(f"{NONE}: not judged, because a few replicates carry the mean", style="dim")

    def _table(self) -> Table:
        found = self.verification
        comparison = found.comparison
        size = np.where(comparison.judged, np.abs(comparison.z), -1.0).max(axis=0)
        table = _columns(["model", "generation", "predicted", "simulated", "± s.e.", "z"], left=("model",))
        shown = spaced(len(comparison.predicted), GENERATIONS_SHOWN)
        for model in np.argsort(-size, kind="stable")[:ROWS]:
            for at, generation in enumerate(shown):
                z = comparison.z[generation, model]
                table.add_row(
                    words.plain(found.models[model], LONGEST_NAME) if at == 0 else "",
                    str(generation),
                    number(comparison.predicted[generation, model]),
                    number(comparison.simulated[generation, model]),
                    number(comparison.standard_error[generation, model]),
                    f"{z:+.2f}" if np.isfinite(z) else NONE,
                    style="red" if abs(z) > comparison.limit else None,
                )
        return table


class BenchmarkView:
    """What `rich` prints for the benchmark of one data set."""

    def __init__(self, benchmark: Benchmark) -> None:
        self.benchmark = benchmark

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        found = self.benchmark
        yield Text(found.data.name, style="bold")
        yield Text(_about(found), style="dim")
        for note in found.data.notes:
            yield Text(f"  {note}", style="dim")
        for title, text, table in _sections(found):
            yield Text()
            yield Text(title, style="bold")
            if text:
                yield Text(text, style="dim")
            yield table


def as_text(view: VerificationView | BenchmarkView, width: int = 110) -> str:
    """The page as plain text of at most so many columns."""
    page = io.StringIO()
    Console(file=page, width=width, color_system=None, legacy_windows=False).print(view)
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines())


def _about(found: Benchmark) -> str:
    if found.family is None or found.law is None:
        return f"words as categories; {found.survival[0].budget:,} a generation, seed {found.seed}"
    rows, columns = found.data.covariates.shape
    return (
        f"{found.family.name} on {rows:,} real rows of {columns} covariates; law {found.law.name}; "
        f"{found.generations} generations, {found.replicates:,} replicates, seed {found.seed}"
    )


def _sections(found: Benchmark) -> Iterator[tuple[str, str, RenderableType]]:
    if found.sweeps:
        yield (
            "Real share at which inflation comes down to a level",
            "ρ: risk that a model's own labels leave over the one that real labels do, measured; two noises: "
            "the law with it",
            _thresholds(found),
        )
        failed = max(point.values.get("failed", 0.0) for sweep in found.sweeps for point in sweep.points)
        for sweep in found.sweeps:
            yield (
                f"Inflation after {found.generations} generations, budget {sweep.budget}",
                _failed(failed),
                _curve(sweep),
            )
    kept = found.survival[0]
    yield (
        f"Distinct items and diversity after {len(kept.tail) - 1} generations, {kept.budget:,} samples each",
        f"{len(found.data.counts):,} real items; tail sample: rare ones are known as well as that many real "
        "samples would",
        _survivals(found),
    )
    closed = found.survival[0]
    yield "Without real data, generation by generation", "", _by_generation(closed)
    if found.near is not None:
        yield from _near(found)
    if found.relabelled is not None:
        yield from _relabelled(found)


def _failed(share: float) -> str:
    return f"up to {share:.1%} of fits failed, and count with the family's value" if share else ""


def _thresholds(found: Benchmark) -> Table:
    table = _columns(["budget", "inflation", "predicted", "ρ", "two noises", "observed", "± s.e."])
    for sweep in found.sweeps:
        for each in sweep.thresholds:
            values = (each.predicted, sweep.noise_ratio, each.two_noise, each.observed, each.standard_error)
            table.add_row(str(each.budget), f"{each.level:g}", *(_share(value) for value in values))
    return table


def _curve(sweep: Sweep) -> Table:
    table = _columns(["real share", "predicted", "two noises", "simulated", "± s.e."])
    for point in sweep.points:
        table.add_row(
            f"{point.share:.3f}",
            number(point.predicted["inflation"]),
            number(point.predicted["two_noise"]),
            number(point.values["inflation"]),
            number(point.errors["inflation"]),
        )
    return table


def _survivals(found: Benchmark) -> Table:
    table = _columns(
        ["real share", "tail sample", "distinct: predicted", "observed", "± s.e.", "diversity: predicted",
         "observed", "± s.e."]
    )  # fmt: skip
    for each in found.survival:
        table.add_row(f"{each.real / each.budget:.3f}", *_survival(each, -1))
    return table


def _by_generation(each: Survival) -> Table:
    table = _columns(
        ["generation", "tail sample", "distinct: predicted", "observed", "± s.e.", "diversity: predicted",
         "observed", "± s.e."]
    )  # fmt: skip
    for generation in spaced(len(each.tail), 8):
        table.add_row(str(generation), *_survival(each, generation))
    return table


def _survival(each: Survival, at: int) -> list[str]:
    return [
        f"{each.tail[at]:,.0f}",
        f"{each.distinct_predicted[at]:,.1f}",
        f"{each.distinct[at]:,.1f}",
        f"{each.distinct_error[at]:,.1f}",
        f"{each.diversity_predicted[at]:.4f}",
        f"{each.diversity[at]:.4f}",
        f"{each.diversity_error[at]:.4f}",
    ]


def _near(found: Benchmark) -> Iterator[tuple[str, str, RenderableType]]:
    near = found.near
    assert near is not None
    explodes = "explode" if near.growth > 1 else "stay bounded"
    table = _columns(
        [
            "generation",
            "predicted mean",
            "normal: mean",
            "± s.e.",
            "median",
            "real rows: mean",
            "± s.e.",
            "median",
        ]
    )
    for at in spaced(len(near.predicted), 7):
        table.add_row(
            str(at),
            number(near.predicted[at]),
            number(near.normal_mean[at]),
            number(near.normal_error[at]),
            number(near.normal_median[at]),
            number(near.real_mean[at]),
            number(near.real_error[at]),
            number(near.real_median[at]),
        )
    yield (
        f"Near as many features as samples: {near.features} features, {near.budget} samples, "
        f"{near.real} real",
        f"grounded, and yet predicted to {explodes}: excess mean × {near.growth:.3f} a generation for normal "
        f"covariates. Medians grow by × {near.normal_growth:.3f} on normal covariates and by × "
        f"{near.real_growth:.3f} on the real rows ({near.failed:.2%} of fits on them singular)",
        table,
    )


def _relabelled(found: Benchmark) -> Iterator[tuple[str, str, RenderableType]]:
    each = found.relabelled
    assert each is not None
    table = _columns(["test log-loss", "published", "here"], left=("test log-loss",))
    table.add_row("fit 1, where the default optimiser stops", f"{each.logged.first:.7g}", f"{each.first:.7f}")
    exact = "none: labels separable" if each.maximum_likelihood is None else f"{each.maximum_likelihood:.7f}"
    table.add_row("fit 1, maximum likelihood", NONE, exact)
    for name, values, published in (
        ("fit 50, discard", each.discard, each.logged.discard),
        ("fit 50, augment", each.augment, each.logged.augment),
    ):
        if len(values):
            low, middle, high = np.quantile(values[:, -1], [0, 0.5, 1])
            table.add_row(name, f"{published:.4f}", f"{middle:.4f} (median; {low:.3f} to {high:.3f})")
        else:
            table.add_row(name, f"{published:.4f}", "not played: minutes a run")
    yield "Labels drawn anew on the same rows, as published [dey2024universality]", "", table


def _columns(names: list[str], left: tuple[str, ...] = ()) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, justify="left" if name in left else "right", overflow="fold")
    return table


def spaced(count: int, most: int) -> list[int]:
    """At most so many indices below `count`, from the first to the last, evenly spread."""
    return sorted({round(at) for at in np.linspace(0, count - 1, min(most, count)).tolist()})


def number(value: Any) -> str:
    """Four significant digits."""
    return NONE if value is None or not np.isfinite(value) else f"{value:.4g}"


def _share(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}"
