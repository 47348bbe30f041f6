"""``headwater sensitivity``: which counts matter most, and the verdict over counts that are uncertain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli import inputs, planned, printing

if TYPE_CHECKING:
    from headwater.graph import InteractionGraph
    from headwater.planning.sensitivity.elasticities import Objective


def command(
    file: inputs.File,
    objective: Annotated[
        str,
        typer.Option(
            metavar="worst|sum|MODEL",
            help="The worst inflation, the sum of all, or that of one model "
            "(model:NAME for one called worst or sum).",
        ),
    ] = "worst",
    horizon: Annotated[
        int | None, typer.Option(help="Inflation after so many generations; in the limit if left out.")
    ] = None,
    max_inflation: planned.MaxInflation = None,
    models: planned.Models = None,
    regime: inputs.Regime = None,
    assume: inputs.Assume = None,
    sources: inputs.Sources = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the JSON document instead of the page.")
    ] = False,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="PATH", help="Also write the JSON document to PATH."),
    ] = None,
    worst_case: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Write the pipeline at the worst of the uncertain counts."),
    ] = None,
) -> None:
    """Rank flows by how much their counts matter; where counts are ranges, find the worst of them.

    Exit 3 where --max-inflation is not met over all counts within the ranges, or that cannot be told.
    """
    from headwater.errors import InputError
    from headwater.files import write_bytes
    from headwater.planning.changes import write_changed
    from headwater.planning.sensitivity.asking import LONGEST, sensitivity
    from headwater.planning.targets import Targets
    from headwater.report.sensitivity import SensitivityView

    if horizon is not None and not 1 <= horizon <= LONGEST:
        raise InputError(f"--horizon {horizon}", f"write a number of generations from 1 to {LONGEST:,}")
    Targets(max_inflation)
    place = inputs.output_of(output, file)
    changed = inputs.output_of(worst_case, file, option="--worst-case")
    inputs.apart({"-o": place, "--worst-case": changed})
    pipeline, content = inputs.described(file, sources, regime, assume)
    with inputs.located(file, content), printing.working("searching ..."):
        found = sensitivity(
            pipeline,
            _objective(objective, pipeline.graph),
            horizon,
            max_inflation,
            planned.named(models),
        )
    if changed is not None:
        worst, changes = found.worst_case()
        write_changed(worst, changed, changes, "The worst of the uncertain counts.", file)
    document = json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False, indent=2) + "\n"
    if place is not None:
        write_bytes(place, document.encode())
    if as_json:
        typer.echo(document, nl=False)
    else:
        printing.show(SensitivityView(found))
        if changed is not None:
            typer.echo(f"\nWrote {changed}: the pipeline at the worst counts.")
    if max_inflation is not None and not found.met:
        raise typer.Exit(planned.CANNOT)


def _objective(text: str, graph: InteractionGraph) -> Objective:
    from headwater.planning.weights.objective import parse_objective

    found = parse_objective(text, graph)
    return graph.model_index[found.model] if found.kind == "model" else found.kind
