"""``headwater diagnose``: from a pipeline file or an edge list to a verdict."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli import inputs, printing

if TYPE_CHECKING:
    from headwater.pipeline import Pipeline


def command(
    file: inputs.File,
    law: Annotated[
        str,
        typer.Option(
            help="asymptotic, gaussian-mean, poisson, bernoulli, binomial, exponential, gamma, "
            "negative-binomial, least-squares, gaussian."
        ),
    ] = "asymptotic",
    features: Annotated[int | None, typer.Option(help="least-squares: number of features.")] = None,
    noise: Annotated[
        float | None, typer.Option(help="least-squares, gaussian-mean: standard deviation (1).")
    ] = None,
    mean: Annotated[
        float | None, typer.Option(help="Count and lifetime laws: mean of the real data.")
    ] = None,
    shape: Annotated[
        float | None, typer.Option(help="gamma: shape; binomial: trials; negative-binomial: successes.")
    ] = None,
    ddof: inputs.Ddof = None,
    generations: inputs.Generations = None,
    regime: inputs.Regime = None,
    assume: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT=N",
            help="samples=N: stand-in for unknown counts; range=low, middle or high: where in its range "
            "a count is taken to be. Listed under assumptions; may be repeated.",
        ),
    ] = None,
    sources: inputs.Sources = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the JSON document instead of the table.")
    ] = False,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="PATH", help="Also write the JSON document to PATH."),
    ] = None,
    fail_on: Annotated[
        str | None, typer.Option(metavar="VERDICT", help="Exit 1 if it collapses, or degrades or worse.")
    ] = None,
) -> None:
    """Tell which models collapse, how fast, because of what, and what would stop it."""
    from headwater.diagnosis import diagnose as run
    from headwater.files import write_bytes
    from headwater.regimes import parse_regime
    from headwater.report.document import as_json_lines
    from headwater.report.terminal import DiagnosisView
    from headwater.theory.laws import make_law

    _check_fail_on(fail_on)
    options = {"features": features, "noise": noise, "mean": mean, "shape": shape, "ddof": ddof}
    chosen = make_law(law, {key: value for key, value in options.items() if value is not None})
    place = inputs.output_of(output, file)
    pipeline, content = inputs.read(file, sources)
    stand_ins = inputs.assumed(assume or [], ["samples", "range"])
    with inputs.located(file, content), printing.working("diagnosing ..."):
        diagnosis = run(
            pipeline,
            chosen,
            regime=None if regime is None else parse_regime(regime),
            generations=generations,
            assume_samples=stand_ins.get("samples"),
            assume_range=stand_ins.get("range"),
        )
    if place is not None:
        write_bytes(place, "".join(as_json_lines(diagnosis)).encode())
    if as_json:
        for line in as_json_lines(diagnosis):
            typer.echo(line, nl=False)
    else:
        printing.show(DiagnosisView(diagnosis))
        _say_origin(file, pipeline)
    if fail_on is not None and _at_least(diagnosis.verdict, fail_on):
        raise typer.Exit(1)


def _say_origin(file: str, pipeline: Pipeline) -> None:
    """What an import took for granted, where the pipeline is of one."""
    from headwater.lineage.evidence import beside
    from headwater.lineage.wording import count, listed

    sources = pipeline.graph.source_names
    if sources and beside(file).is_file():
        taken = f"{count(len(sources), 'source')} taken as real, for no record says who made the data"
        typer.echo(f"\nImported: {taken}: {listed(sources)}")
        typer.echo(f"Where the records say what: headwater explain {shlex.quote(file)} MODEL")


def _check_fail_on(fail_on: str | None) -> None:
    from headwater.errors import InputError

    if fail_on not in (None, "collapses", "degrades"):
        raise InputError(f"--fail-on {fail_on!r}", "write --fail-on collapses or --fail-on degrades")


def _at_least(verdict: str, threshold: str) -> bool:
    from headwater.diagnosis.verdict import VERDICTS

    return VERDICTS.index(verdict) <= VERDICTS.index(threshold)
