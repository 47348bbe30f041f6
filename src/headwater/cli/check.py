"""``headwater check``: from files of samples to alarms, the eight definitions, stages and causes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headwater.cli import inputs, printing

if TYPE_CHECKING:
    from headwater.diagnosis import Diagnosis
    from headwater.diagnosis.inspection import Inspection
    from headwater.samples.values import Sample

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
        str | None,
        typer.Option(help="With --pipeline: asymptotic (if left out) or gaussian-mean, whose noise is 1."),
    ] = None,
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
    form: Annotated[
        str | None, typer.Option("--format", help="table (if left out), json or prometheus.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="PATH", help="Also write the JSON document to PATH."),
    ] = None,
) -> None:
    """Tell from what models wrote whether collapse is under way, in which sense, and how surely."""
    from headwater.cli.samples import (
        Files,
        columns_of,
        handling_of,
        monitor_of,
        remembered,
        settings_of,
        shown_metrics,
    )
    from headwater.diagnosis.inspecting import inspect
    from headwater.diagnosis.inspection import Context
    from headwater.errors import InputError
    from headwater.files import write_bytes

    form = _form(form, as_json)
    if fail_on is not None:
        _check_word("--fail-on", fail_on, FAIL_ON)
    if not reference:
        raise InputError(
            "--reference is missing",
            "name real data, best some that no model was trained on: --reference real.parquet; "
            "to watch for change alone, name what generation 0 wrote",
        )
    given = (*samples, *reference, *(newer or []), *(training or []), pipeline)
    place = inputs.output_of(output, *given)
    _check_state(state, output, given)
    columns = columns_of(category, text, inputs.names(features), (generation, model))
    handling = handling_of(bad, together, pattern, (size, mode))
    diagnosis = _diagnosed(pipeline, law)
    with remembered(state):
        settings = settings_of(state, alpha, scores, seed)
        files = Files(columns, handling, settings.seed)
        with printing.told("reading") as tell:
            real = files.telling(reference, tell)
            wrote = files.written(samples, real, tell)
            _check_modelled(wrote.samples, diagnosis)
            context = Context(
                newer=files.like(newer, real, tell),
                training=files.like(training, real, tell),
                ancestry=_ancestry(ancestry, diagnosis),
                deployed=deployed,
                diagnosis=diagnosis,
                metrics=shown_metrics(metrics, real.sample.kind),
            )
            tell("fitting scores to the real data")
            monitor = monitor_of(real.sample, settings, state)
            found = inspect(wrote.samples, monitor, context=context, again=again, progress=tell)
            found = found.with_notes((*real.notes, *wrote.notes))
            document = _document(found)
        if place is not None:
            # a name that is not UTF-8 stays an escape of JSON
            write_bytes(place, document.encode(errors="backslashreplace"))
        with printing.until_reader_leaves():
            _show(found, document, form)
        if mlflow:
            _log(found)
        if state is not None:
            # last, so that whatever failed before can be repeated
            monitor.save(state)
    if (fail_on == "alarm" and found.alarms) or (fail_on == "late" and found.late):
        raise typer.Exit(1)


def _check_word(option: str, word: str, known: tuple[str, ...]) -> None:
    from headwater.errors import InputError

    if word not in known:
        raise InputError(f"{option} {word!r:.40}", f"write {option} {f' or {option} '.join(known)}")


def _form(form: str | None, as_json: bool) -> str:
    from headwater.errors import InputError

    if as_json and form not in (None, "json"):
        raise InputError(f"--json and --format {form!r:.40}", "write one of them")
    form = form or ("json" if as_json else "table")
    _check_word("--format", form, FORMATS)
    return form


def _check_state(state: str | None, output: str | None, read: Sequence[str | None]) -> None:
    """The document and the state are two files, even before they are there, and neither is read as data."""
    import os

    from headwater.errors import InputError
    from headwater.monitoring.state import lock_path

    if state is not None:
        inputs.output_of(state, *read, option="--state")
        inputs.output_of(lock_path(state), *read, option="--state")
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


def _diagnosed(pipeline: str | None, law: str | None) -> Diagnosis | None:
    from headwater.diagnosis import diagnose
    from headwater.errors import InputError
    from headwater.theory.laws import LAWS, make_law

    if pipeline is None:
        if law is not None:
            raise InputError(f"--law {law!r:.40} without a pipeline", "add --pipeline FILE, or remove --law")
        return None
    law = law or "asymptotic"
    free = [name for name, (_, needed, _) in LAWS.items() if not needed]
    if law in LAWS and law not in free:
        raise InputError(f"--law {law} needs options that this command has not", f"here: {', '.join(free)}")
    described, content = inputs.read(pipeline, None)
    with inputs.located(pipeline, content):
        return diagnose(described, make_law(law, {}))


def _check_modelled(samples: Mapping[tuple[str, int], Sample], diagnosis: Diagnosis | None) -> None:
    """The pipeline knows every model and generation, before anything is measured."""
    from headwater.diagnosis.course import lay_over

    if diagnosis is not None:
        lay_over(diagnosis, {key: {} for key in samples})


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
