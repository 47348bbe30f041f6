"""``headwater check``: from files of samples to alarms, the eight definitions, stages and causes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from headwater.cli import inputs, printing

if TYPE_CHECKING:
    from headwater.diagnosis import Diagnosis
    from headwater.diagnosis.inspection import Inspection

FORMATS = ("table", "json", "prometheus")
FAIL_ON = ("alarm", "late")


def command(
    samples: Annotated[
        list[str],
        typer.Argument(
            metavar="SAMPLES...",
            help="Parquet, CSV, JSON Lines, NumPy, or folders of images: one table with columns generation "
            "and model, or one file a generation and model.",
        ),
    ],
    reference: Annotated[
        list[str] | None,
        typer.Option(help="Real data that no model was trained on, if you have it. May be repeated."),
    ] = None,
    newer: Annotated[
        list[str] | None, typer.Option(help="Newer real data: tells drift of the world from collapse.")
    ] = None,
    training: Annotated[
        list[str] | None, typer.Option(help="What generation 0 was trained on: tells mode collapse.")
    ] = None,
    state: Annotated[
        str | None, typer.Option(metavar="PATH", help="Remembers earlier runs: one JSON file.")
    ] = None,
    alpha: Annotated[
        float | None, typer.Option(help="Chance of ever ringing where all is well (0.01, or the state's).")
    ] = None,
    scores: Annotated[
        str | None, typer.Option(metavar="NAME,...", help="Scores that may ring; all if left out.")
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="Metrics to measure beside; default for those usual, or all."),
    ] = None,
    pipeline: Annotated[
        str | None, typer.Option(metavar="FILE", help="Lay what was measured over what theory predicts.")
    ] = None,
    law: Annotated[
        str, typer.Option(help="With --pipeline: asymptotic, or another law without options.")
    ] = "asymptotic",
    fail_on: Annotated[
        str | None,
        typer.Option(metavar="alarm|late", help="Exit 1 if one rings, or a model is in late collapse."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Allow generations that were checked before; no evidence then.")
    ] = False,
    category: Annotated[str | None, typer.Option(metavar="COLUMN", help="Of labels, one a row.")] = None,
    text: Annotated[str | None, typer.Option(metavar="COLUMN", help="Of documents (text).")] = None,
    features: Annotated[
        str | None, typer.Option(metavar="COLUMN,...", help="Of numbers, or one of embeddings; all others.")
    ] = None,
    generation: Annotated[str, typer.Option(metavar="COLUMN", help="Of the generation.")] = "generation",
    model: Annotated[str, typer.Option(metavar="COLUMN", help="Of the model's name.")] = "model",
    size: Annotated[str | None, typer.Option(metavar="WxH", help="Images: brought to this size.")] = None,
    mode: Annotated[str | None, typer.Option(metavar="grey|rgb", help="Images: brought to this.")] = None,
    pattern: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="Of file names, such as '{model}-{generation}'."),
    ] = None,
    bad: Annotated[
        str, typer.Option(help="Rows that cannot be measured: error, or omit and count.")
    ] = "error",
    together: Annotated[
        bool, typer.Option("--together", help="A model's generation may be in several files.")
    ] = False,
    ancestry: Annotated[
        str | None,
        typer.Option(
            help="synthetic, mixed or real: what later generations learned from; the pipeline says it too."
        ),
    ] = None,
    deployed: Annotated[
        bool | None, typer.Option("--deployed/--not-deployed", help="Whether the world sees the output.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(help="Of halving the real data and all else that is random (0, or the state's)."),
    ] = None,
    mlflow: Annotated[
        bool,
        typer.Option("--mlflow", help="Log effects and alarms to MLflow: run MLFLOW_RUN_ID, or a new one."),
    ] = False,
    form: Annotated[str, typer.Option("--format", help="table, json or prometheus.")] = "table",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="PATH", help="Also write the JSON document to PATH."),
    ] = None,
) -> None:
    """Tell from what models wrote whether collapse is under way, in which sense, and how surely."""
    from headwater.cli.samples import Files, columns_of, handling_of, monitor_of, remembered, shown_metrics
    from headwater.diagnosis.inspecting import inspect
    from headwater.diagnosis.inspection import Context
    from headwater.errors import InputError
    from headwater.files import write_bytes

    form = "json" if as_json else form
    _check_word("--format", form, FORMATS)
    if fail_on is not None:
        _check_word("--fail-on", fail_on, FAIL_ON)
    if not reference:
        raise InputError(
            "--reference is missing",
            "name real data, best some that no model was trained on: --reference real.parquet; "
            "to watch for change alone, name what generation 0 wrote",
        )
    place = inputs.output_of(output, *samples, *reference, *(newer or []), *(training or []), pipeline)
    _check_apart(output, state)
    files = Files(
        columns_of(category, text, inputs.names(features), (generation, model)),
        handling_of(bad, together, pattern, (size, mode)),
        0 if seed is None else seed,
    )
    diagnosis = None if pipeline is None else _diagnosed(pipeline, law)
    with remembered(state), printing.told("reading") as tell:
        real = files.real(reference, tell)
        wrote = files.written(samples, real, tell)
        context = Context(
            newer=files.like(newer, real, tell),
            training=files.like(training, real, tell),
            ancestry=_ancestry(ancestry, diagnosis),
            deployed=deployed,
            diagnosis=diagnosis,
            metrics=shown_metrics(metrics, real.sample.kind),
        )
        tell("fitting scores to the real data")
        monitor = monitor_of(real.sample, state, alpha, scores, seed)
        found = inspect(wrote.samples, monitor, context=context, again=again, progress=tell)
        found = found.with_notes((*real.notes, *wrote.notes))
        document = _document(found)
        if place is not None:
            write_bytes(place, document.encode())
        if mlflow:
            _log(found)
        if state is not None:
            # last, so that whatever failed before can be repeated
            monitor.save(state)
    _show(found, document, form)
    if (fail_on == "alarm" and found.alarms) or (fail_on == "late" and found.late):
        raise typer.Exit(1)


def _check_word(option: str, word: str, known: tuple[str, ...]) -> None:
    from headwater.errors import InputError

    if word not in known:
        raise InputError(f"{option} {word!r:.40}", f"write {option} {f' or {option} '.join(known)}")


def _check_apart(output: str | None, state: str | None) -> None:
    """The document and the state are two files, even before they are there."""
    import os

    from headwater.errors import InputError

    if output is not None and state is not None and os.path.realpath(output) == os.path.realpath(state):
        raise InputError("-o and --state name one file", "give the document another name", output)


def _log(found: Inspection) -> None:
    """Every check of this run, in the run of MLFLOW_RUN_ID or in a new one."""
    from headwater import extras
    from headwater.monitoring.tracking import log_to_mlflow

    run = extras.load("mlflow", "--mlflow").start_run()
    with run:
        for model, generation in found.new:
            log_to_mlflow(found.models[model].checks[generation])


def _diagnosed(pipeline: str, law: str) -> Diagnosis:
    from headwater.diagnosis import diagnose
    from headwater.theory.laws import make_law

    described, content = inputs.read(pipeline, None)
    with inputs.located(pipeline, content):
        return diagnose(described, make_law(law, {}))


def _ancestry(given: str | None, diagnosis: Diagnosis | None) -> dict[str, Any]:
    """What each model learned from, as said, or as the pipeline says."""
    from headwater.diagnosis.inspecting import ancestry_of

    if given is not None:
        _check_word("--ancestry", given, ("synthetic", "mixed", "real"))
        return {"": given}
    return {} if diagnosis is None else dict(ancestry_of(diagnosis))


def _document(found: Inspection) -> str:
    import json

    return json.dumps(found.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _show(found: Inspection, document: str, form: str) -> None:
    from headwater.report.inspection import InspectionView
    from headwater.report.prometheus import as_prometheus

    if form == "table":
        printing.show(InspectionView(found))
    else:
        typer.echo(document if form == "json" else as_prometheus(found), nl=False)
