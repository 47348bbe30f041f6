"""``headwater weights``: from a pipeline to the loss weights that serve it best."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli import inputs, printing
from headwater.cli.planned import CANNOT

if TYPE_CHECKING:
    from headwater.pipeline import Pipeline
    from headwater.planning.weights.weighting import Weighting

REPLICATES = 2000


def command(
    file: inputs.File,
    objective: Annotated[
        str,
        typer.Option(
            metavar="worst|sum|MODEL",
            help="What to make small: the largest inflation, the sum over trained models, or one model's "
            "(model:NAME for one called worst or sum).",
        ),
    ] = "worst",
    horizon: Annotated[
        int | None, typer.Option(help="Generations after which inflation counts; the limit if left out.")
    ] = None,
    assume: inputs.Assume = None,
    regime: inputs.Regime = None,
    sources: inputs.Sources = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="NEW.yaml", help="Write the pipeline with the new weights."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the JSON document instead of the tables.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Also simulate it, before and after; needs --seed.")
    ] = False,
    seed: inputs.Seed = None,
    replicates: inputs.Replicates = REPLICATES,
) -> None:
    """Choose the loss weight of every flow so that inflation is least, at the counts as they are.

    Exit 3 where no weights help: what counts learns from a closed loop.
    """
    from headwater.planning.weights.document import to_dict
    from headwater.planning.weights.objective import parse_objective
    from headwater.planning.weights.proving import recomputed, simulated
    from headwater.planning.weights.weighting import optimal_weights
    from headwater.report.weights import WeightsReport

    place = inputs.output_of(output, file)
    chosen_seed = inputs.seeded(seed) if verify else 0
    pipeline, content = inputs.described(file, sources, regime, assume)
    with inputs.located(file, content), printing.working("choosing weights ..."):
        found = optimal_weights(pipeline, parse_objective(objective, pipeline.graph), horizon)
        again = recomputed(found)
        proof = simulated(found, replicates, chosen_seed) if verify and found.is_possible else None
    holds = found.is_possible and again.agree and (proof is None or proof.agree)
    if place is not None and found.is_possible and again.agree:
        _write(found, str(place), file, pipeline, assume or [])
    if as_json:
        document = to_dict(found, again, proof)
        typer.echo(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False))
    else:
        printing.show(WeightsReport(found, again, proof))
        if place is not None and found.is_possible and again.agree:
            typer.echo(f"\nWritten: {place}")
    if not holds:
        raise typer.Exit(CANNOT)


def _write(found: Weighting, place: str, file: str, pipeline: Pipeline, assume: list[str]) -> None:
    from headwater.planning.changes import write_changed

    when = "in the limit" if found.horizon is None else f"after {found.horizon:,} generations"
    why = f"Loss weights for the least inflation ({found.objective}) {when}."
    if assume:
        why += f" Assumed, and no facts: {', '.join(assume)}."
    digest = f" (sha256 {pipeline.sha256})" if pipeline.sha256 else ""
    write_changed(replace(found.after), place, found.changes, why, f"{file}{digest}")
