"""``headwater sweep``: a simulation at every combination of values of some fields, into one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli import inputs, printing

if TYPE_CHECKING:
    from headwater.fields import Value
    from headwater.pipeline import Pipeline


def command(
    context: typer.Context,
    file: inputs.File,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=A,B,...",
            help="A field and its values: web->teacher=0,100,1000 (samples of that flow). May be repeated: "
            "every combination is simulated. Fields: A->B, A->B.weight, A->B.temperature, A->B.top_p, "
            "A->B.variance, A->B.keep_right, A->B.keep_wrong, SOURCE.size, MODEL.initial.SOURCE, "
            "generations, regime.",
        ),
    ] = None,
    family: inputs.Family = None,
    replicates: inputs.Replicates = 1000,
    seed: inputs.Seed = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="PATH", help="Write the table here, as one Parquet file."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the sweep that was stopped.")] = False,
    model: Annotated[
        str | None, typer.Option(help="Model to print; at each point the worst if left out.")
    ] = None,
    generations: inputs.Generations = None,
    regime: inputs.Regime = None,
    assume: inputs.Assume = None,
    sources: inputs.Sources = None,
    metrics: inputs.Metrics = None,
    workers: inputs.Workers = None,
    backend: inputs.Backend = "processes",
    address: inputs.Address = None,
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
    """Simulate a pipeline over a grid of values, and write one tidy table."""
    from headwater.errors import InputError
    from headwater.report.sweeps import SweepReport
    from headwater.simulation.sweep import sweep

    place = inputs.output_of(output, file, table, text)
    chosen, number = inputs.family_of(family, context.params), inputs.seeded(seed)
    executor = inputs.executor_of(backend, workers, address)
    pipeline, _ = inputs.described(file, sources, regime, assume)
    if model is not None:
        pipeline.graph.index_of(model)
    grid = _grid(vary or [], pipeline)
    if regime is not None and "regime" in grid:
        raise InputError(
            "regime is both given and varied", "leave one of the two out: they say the same thing"
        )
    try:
        found = sweep(
            pipeline,
            chosen,
            grid,
            replicates=replicates,
            seed=number,
            generations=generations,
            metrics=None if metrics is None else inputs.names(metrics),
            output=place,
            resume=resume,
            executor=executor,
        )
    except KeyboardInterrupt:
        if place is not None:
            typer.echo(f"stopped; finished points lie in {place}.points: repeat with --resume", err=True)
        raise
    printing.show(SweepReport(found, tuple(grid), model, None if place is None else str(place)))


def _grid(texts: Sequence[str], pipeline: Pipeline) -> dict[str, list[Value]]:
    """Fields and values, as `headwater.simulation.sweep.sweep` takes them."""
    from headwater.errors import InputError
    from headwater.fields import parse_field

    grid: dict[str, list[Value]] = {}
    for text in texts:
        # a name may hold an equals sign, a value never does
        name, equals, values = text.rpartition("=")
        name = name.strip()
        if not equals or not name or not values.strip():
            raise InputError(
                f"--vary {text!r:.80}",
                "write a field and its values, such as --vary 'web->teacher=0,100,1000'",
            )
        if name in grid:
            raise InputError(f"--vary {name} is given twice", f"write all its values at once: {name}=A,B,C")
        field = parse_field(name, pipeline)
        grid[name] = [field.parse(value) for value in values.split(",")]
    if not grid:
        raise InputError(
            "--vary is missing", "write a field and its values: --vary 'web->teacher=0,100,1000'"
        )
    return grid
