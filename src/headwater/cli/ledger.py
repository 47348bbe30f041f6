"""``headwater ledger``: look into a ledger, hold it against its hashes, and go on to the verdict."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headwater.cli import imported, inputs, printing

if TYPE_CHECKING:
    from headwater.diagnosis import Diagnosis
    from headwater.ledger import Entry
    from headwater.lineage import Report

ELSEWHERE = {"export": "headwater.cli.ledger_export", "serve": "headwater.cli.ledger_serve"}
"""Name of each command that has a file of its own, and that file."""

app = typer.Typer(
    name="ledger",
    help="The book of who trained on what: check it, read it, and go on to the verdict.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Place = Annotated[
    str, typer.Argument(metavar="LEDGER", help="File or URL of the ledger.", show_default=False)
]
_HEAD = typer.Option(
    metavar="HASH", help="Hash that an earlier audit printed: finds that the book was cut off since."
)
_KIND = typer.Option(help="Only entries of this kind, such as used.")
_JSON_LINES = typer.Option("--json", help="Print whole entries, one JSON document a line.")
_RULES = typer.Option(help="Rules file (YAML): what the entries leave open.")
_ASSUME = typer.Option(metavar="samples=N", help="Stand-in for unknown counts; listed under assumptions.")
_OUTPUT = typer.Option(
    "--output", "-o", help="Also write the pipeline that was diagnosed, its evidence beside it."
)
_JSON = typer.Option("--json", help="Print the JSON document of the diagnosis, and nothing else.")
_FAIL_ON = typer.Option(metavar="VERDICT", help="Exit 1 if it collapses, or degrades or worse.")


@app.command()
def audit(ledger: Place, head: Annotated[str | None, _HEAD] = None) -> None:
    """Hold every entry against its hash and its neighbours; exit 1 if anything is wrong.

    A changed, missing, moved or inserted entry is found and named. Keep the printed head
    somewhere else: with it, a later audit also finds that the end was cut off.
    """
    from headwater.ledger import Ledger
    from headwater.report.words import plain

    with Ledger(ledger, read_only=True) as book, printing.working("auditing ..."):
        found = book.audit(head)
    with printing.until_reader_leaves():
        for line in str(found).split("\n"):
            typer.echo(plain(line, sys.maxsize))
    if not found.valid:
        raise typer.Exit(1)


@app.command("list")
def list_(
    ledger: Place,
    kind: Annotated[str | None, _KIND] = None,
    after: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Only entries with a higher number.")] = 0,
    as_json: Annotated[bool, _JSON_LINES] = False,
) -> None:
    """Print the entries, one a line."""
    from headwater.ledger import Ledger

    with Ledger(ledger, read_only=True) as book, printing.until_reader_leaves():
        for entry in book.entries(after, kind):
            typer.echo(_document(entry) if as_json else _line(entry))


@app.command()
def diagnose(
    ledger: Place,
    rules: Annotated[Path | None, _RULES] = None,
    assume: Annotated[str | None, _ASSUME] = None,
    generations: inputs.Generations = None,
    regime: inputs.Regime = None,
    output: Annotated[str | None, _OUTPUT] = None,
    as_json: Annotated[bool, _JSON] = False,
    fail_on: Annotated[str | None, _FAIL_ON] = None,
) -> None:
    """Tell which of the models in the ledger collapse, how fast, because of what, and what would stop it.

    For another law, write the pipeline with -o and give it to `headwater diagnose`.
    """
    from headwater.diagnosis import diagnose as run
    from headwater.lineage import import_facts
    from headwater.lineage.gathering import gather
    from headwater.lineage.rules import Record
    from headwater.pipeline import Pipeline
    from headwater.regimes import parse_regime

    _check_fail_on(fail_on)
    pace = None if regime is None else parse_regime(regime)
    samples = inputs.assumed([] if assume is None else [assume], ["samples"]).get("samples")
    into = imported.targets(output, None, ledger, str(rules) if rules else None)
    with printing.working("diagnosing ..."):
        made = import_facts(gather([Record("ledger", ledger)]), imported.rules_of(rules))
        lacking = imported.missing(made.report, made.report.read.origin)
        if lacking is not None and not made.report.made.models:
            raise lacking
        pipeline = Pipeline(made.graph, name="ledger")
        diagnosis = run(pipeline, regime=pace, generations=generations, assume_samples=samples)
    said = [] if into.pipeline is None else imported.write(made, pipeline, into)
    if lacking is not None and not said:
        said = str(lacking).split("\n")
    with printing.until_reader_leaves():
        _show(diagnosis, made.report, as_json)
        for line in said:
            typer.echo(line, err=as_json)
    if fail_on is not None and _at_least(diagnosis.verdict, fail_on):
        raise typer.Exit(1)


def _show(diagnosis: Diagnosis, report: Report, as_json: bool) -> None:
    from headwater.report.document import as_json_lines
    from headwater.report.terminal import DiagnosisView

    if as_json:
        for line in as_json_lines(diagnosis):
            typer.echo(line, nl=False)
        return
    typer.echo(f"{report}\n")
    printing.show(DiagnosisView(diagnosis))


def _check_fail_on(fail_on: str | None) -> None:
    from headwater.errors import InputError

    if fail_on not in (None, "collapses", "degrades"):
        raise InputError(f"--fail-on {fail_on!r:.40}", "write --fail-on collapses or --fail-on degrades")


def _at_least(verdict: str, threshold: str) -> bool:
    from headwater.diagnosis.verdict import VERDICTS

    return VERDICTS.index(verdict) <= VERDICTS.index(threshold)


def _document(entry: Entry) -> str:
    import json
    from dataclasses import asdict

    return json.dumps(asdict(entry))


def _line(entry: Entry) -> str:
    """An entry in a line; nothing in it can steer a terminal."""
    from headwater.report.words import plain

    return plain(f"{entry.number:>6}  {entry.at[:19]}  {entry.kind:<12}  {_told(entry)}", 200)


def _told(entry: Entry) -> str:
    """What an entry says, in a few words."""
    body = entry.body
    dataset = body.get("dataset")
    run = f"run {str(body['run'])[:8]}" if "run" in body else ""
    parts = [str(body["model"])] if "model" in body else []
    if isinstance(dataset, dict):
        parts.append(f"{dataset.get('name')} ({str(dataset.get('sha256') or 'no hash')[:12]})")
    for key, form in _FORMS.items():
        if body.get(key) not in (None, [], {}, ""):
            parts.append(form.format(_listed(body[key])))
    return ", ".join([*parts, run] if run else parts)


_FORMS = {
    "generation": "generation {}",
    "samples": "{} samples",
    "role": "{}",
    "generated_by": "by {}",
    "by": "vouched for by {}",
    "mark": "{}",
    "says": "made by models: {}",
    "error": "{}",
    "said": "{}",
    "event": "{}",
}


def _listed(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        job = value.get("job")
        name = job.get("name") if isinstance(job, dict) else None
        return " ".join(str(part) for part in (value.get("eventType"), name) if part) or "event"
    return str(value)


for _name, _module in ELSEWHERE.items():
    app.command(_name)(import_module(_module).command)
