"""``headwater simulate``: recursive training itself, many times over, from a pipeline and a family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from headwater.cli import inputs, printing


def command(
    context: typer.Context,
    file: inputs.File,
    family: inputs.Family = None,
    replicates: inputs.Replicates = 1000,
    seed: inputs.Seed = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="DIRECTORY", help="Keep every replicate here, as Parquet files."
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run that lies in the directory.")
    ] = False,
    generations: inputs.Generations = None,
    regime: inputs.Regime = None,
    assume: inputs.Assume = None,
    sources: inputs.Sources = None,
    metrics: inputs.Metrics = None,
    workers: inputs.Workers = None,
    backend: inputs.Backend = "processes",
    address: inputs.Address = None,
    chunk: Annotated[
        int | None, typer.Option(help="Replicates played together; part of what the run is.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the JSON document instead of the table.")
    ] = False,
    ddof: inputs.Ddof = None,
    dimensions: inputs.Dimensions = None,
    mean: inputs.Mean = None,
    shape: inputs.Shape = None,
    noise: inputs.Noise = None,
    features: inputs.Features = None,
    penalty: inputs.Penalty = None,
    table: inputs.Table = None,
    target: inputs.Target = None,
    rows: inputs.Rows = None,
    symbols: inputs.Symbols = None,
    exponent: inputs.Exponent = None,
    shift: inputs.Shift = None,
    text: inputs.TextFile = None,
    components: inputs.Components = None,
    bandwidth: inputs.Bandwidth = None,
    order: inputs.Order = None,
    smoothing: inputs.Smoothing = None,
    level: inputs.Level = None,
) -> None:
    """Train the models on each other's output, again and again, and tell what is left of them."""
    from headwater.report.runs import RunsReport, as_json_lines
    from headwater.simulation import simulate
    from headwater.simulation.summary import summarise

    place = inputs.output_of(output, file, table, text)
    chosen, number = inputs.family_of(family, context.params), inputs.seeded(seed)
    executor = inputs.executor_of(backend, workers, address)
    pipeline, content = inputs.described(file, sources, regime, assume)
    try:
        with inputs.located(file, content):
            runs = simulate(
                pipeline,
                chosen,
                replicates=replicates,
                seed=number,
                generations=generations,
                metrics=None if metrics is None else inputs.names(metrics),
                store=place,
                executor=executor,
                resume=resume,
                chunk=chunk,
            )
    except KeyboardInterrupt:
        if place is not None:
            typer.echo(f"stopped; what is finished lies in {place}: repeat with --resume", err=True)
        raise
    with printing.working("reading ..."):
        found = summarise(runs)
    report = RunsReport(
        runs, found, pipeline.graph, None if place is None else str(place), _assumptions(assume or [])
    )
    if not as_json:
        printing.show(report)
        return
    for line in as_json_lines(report):
        typer.echo(line, nl=False)


def _assumptions(assume: Sequence[str]) -> tuple[str, ...]:
    """Sentences about the stand-ins that were given."""
    from headwater.graph import ENDS

    what = {
        "samples": "Assumed: unknown counts of flows are {:,} samples.",
        "range": "Assumed: counts given as a range are {} of it.",
        "external": "Assumed: external models were fitted on {:,} real samples each.",
    }
    given: dict[str, Any] = {**inputs.assumed(assume)}
    return tuple(what[key].format(ENDS[value] if key == "range" else value) for key, value in given.items())
