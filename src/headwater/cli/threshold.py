"""``headwater threshold``: the least or most of a field at which targets are met."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headwater.cli import inputs, planned, printing

if TYPE_CHECKING:
    from headwater.pipeline import Pipeline
    from headwater.planning.proving import Proof
    from headwater.planning.targets import Targets
    from headwater.planning.thresholds import Threshold


def command(
    file: inputs.File,
    vary: Annotated[
        str | None,
        typer.Option(
            metavar="FIELD",
            help="What is varied: 'web->teacher' (samples of that flow, which may be new), 'A->B.weight', "
            "SOURCE.size, MODEL.initial.SOURCE, generations, regime (the window). Quote a flow: to the "
            "shell, > means a file.",
        ),
    ] = None,
    max_inflation: planned.MaxInflation = None,
    min_diversity: planned.MinDiversity = None,
    min_tail_sample: planned.MinTailSample = None,
    way: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="WAY",
            help="addition (other flows unchanged) or replacement (the model's budget is kept: its other "
            "flows from models give way in proportion).",
        ),
    ] = "addition",
    at: planned.At = None,
    models: planned.Models = None,
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
    assume: inputs.Assume = None,
    sources: inputs.Sources = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="PATH", help="Write the changed pipeline to PATH."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the JSON document instead of the page.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Simulate the changed pipeline beside the theory; needs --seed.")
    ] = False,
    replicates: Annotated[int, typer.Option(help="Histories simulated with --verify.")] = 2000,
    seed: inputs.Seed = None,
) -> None:
    """Find the least (or most) of a field at which targets are met, or say why none meets them.

    Such as: headwater threshold pipeline.yaml --vary 'web->teacher' --max-inflation 1.5. Exit code 3 where
    no value meets the targets, or a simulation denies it; nothing is written then.
    """
    from headwater.fields import parse_field
    from headwater.planning.thresholds import threshold
    from headwater.report.thresholds import ThresholdView
    from headwater.theory.laws import make_law

    targets = planned.targets_of(max_inflation, min_diversity, min_tail_sample, at)
    options = {"features": features, "noise": noise, "mean": mean, "shape": shape, "ddof": ddof}
    chosen = make_law(law, {key: value for key, value in options.items() if value is not None})
    place = inputs.output_of(output, file)
    number = inputs.seeded(seed) if verify else 0
    given: Any = _way(way)
    names = planned.named(models)
    pipeline, content = inputs.described(file, sources, regime, assume)
    pipeline = _with_horizon(pipeline, generations)
    field = parse_field(_named(vary), pipeline)
    with inputs.located(file, content), printing.working("searching ..."):
        found = threshold(pipeline, field, targets, law=chosen, way=given, models=names)
        proof = _proof(found, targets, names, replicates, number) if verify else None
    denied = _denied(found, proof)
    if place is not None and not denied:
        _write(found, str(place), file, assume or [])
    if as_json:
        document = found.to_dict() | {"simulation": None if proof is None else proof.to_dict()}
        typer.echo(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2))
    else:
        printing.show(ThresholdView(found, proof, None if place is None or denied else str(place)))
    if denied:
        if place is not None:
            typer.echo(f"nothing was written to {place}: {denied}", err=True)
        raise typer.Exit(planned.CANNOT)


def _named(vary: str | None) -> str:
    from headwater.errors import InputError

    if vary is None:
        raise InputError("--vary is missing", "write what is varied: --vary 'web->teacher'")
    return vary


def _way(way: str) -> str:
    from headwater.errors import InputError
    from headwater.planning.thresholds.ways import WAYS

    if way not in WAYS:
        raise InputError(f"--as {way!r:.40}", "write --as addition or --as replacement")
    return way


def _with_horizon(pipeline: Pipeline, generations: int | None) -> Pipeline:
    from dataclasses import replace

    return pipeline if generations is None else replace(pipeline, generations=generations)


def _denied(found: Threshold, proof: Proof | None) -> str:
    """Why there is no threshold to be used; empty where there is one."""
    if found.value is None:
        return "no value meets the targets"
    return "" if proof is None or proof.confirmed else "the simulation does not confirm it"


def _write(found: Threshold, place: str, file: str, assume: Sequence[str]) -> None:
    """The changed pipeline."""
    from headwater.planning.changes import write_changed

    sha256 = found.knob.pipeline.sha256
    origin = file if sha256 is None else f"{file} (sha256 {sha256})"
    wanted = ", ".join(str(single.target) for single in found.targets)
    why = f"So that {wanted}.{planned.assumed(assume)}"
    write_changed(found.pipeline, place, found.changes, why, origin)


def _proof(
    found: Threshold, targets: Targets, names: Sequence[str] | None, replicates: int, seed: int
) -> Proof | None:
    """The changed pipeline, simulated; None where there is none."""
    from headwater.planning.proving import prove
    from headwater.planning.targets import scope_of

    if found.value is None:
        return None
    scope = scope_of(found.pipeline.graph, names)
    return prove(found.pipeline, targets, scope, seed=seed, replicates=replicates)
