"""``headwater import``: records of some format to a pipeline file, with a report of what was assumed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli import imported, printing
from headwater.cli.imported import Applications, Unresolved

if TYPE_CHECKING:
    from headwater.errors import HeadwaterError
    from headwater.lineage import Facts, Report, Rules
    from headwater.lineage.rules import Record
    from headwater.pipeline import Pipeline

_RECORDS = typer.Argument(
    metavar="FORMAT PATH... [+ FORMAT PATH...]",
    help="What the records are and where: croissant, cyclonedx, data-provenance, dvc, ecosystem-graphs, "
    "edges, hugging-face, ledger, mlflow, openlineage, prov-json, spdx or wandb. With +, several make "
    "one graph. Left out: those that the rules file lists.",
    show_default=False,
)
_APPLICATIONS = typer.Option(
    help="Where applications pass models' output on into datasets: only where that closes a cycle "
    "of the records (loops, the default), always, or never."
)
_UNRESOLVED = typer.Option(
    help="Take names that no record has as real sources (the default) or as external models."
)


def command(
    records: Annotated[list[str] | None, _RECORDS] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="Pipeline file to write, its evidence beside it; without it, only report.",
        ),
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(help="Rules file (YAML): roles, kinds, folding, aliases and more.")
    ] = None,
    applications: Annotated[Applications | None, _APPLICATIONS] = None,
    unresolved: Annotated[Unresolved | None, _UNRESOLVED] = None,
    report: Annotated[str | None, typer.Option(help="Also write the whole report as JSON.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail if anything was left out.")] = False,
    online: Annotated[
        bool, typer.Option("--online", help="hugging-face: paths are ids, read from the hub.")
    ] = False,
    depth: Annotated[
        int, typer.Option(min=0, max=10, help="--online: also cards that these name, so many steps away.")
    ] = 0,
    name: Annotated[
        str, typer.Option(help="Name of the pipeline; if not given, that of the first folder.")
    ] = "",
    regime: Annotated[
        str | None, typer.Option(help="replace, accumulate, accumulate-subsample or window:3.")
    ] = None,
    generations: Annotated[int | None, typer.Option(help="Rounds of retraining.")] = None,
) -> None:
    """Read records of who was trained on what, and write the pipeline they tell of.

    Nothing is guessed in silence: the report lists what was read, left out and assumed.
    """
    from headwater.errors import OutputError
    from headwater.lineage import import_facts
    from headwater.lineage.gathering import gather
    from headwater.pipeline import Pipeline
    from headwater.regimes import parse_regime

    stated = imported.rules_of(rules, applications, unresolved)
    wanted = _records(records or (), stated, rules)
    read = [str(rules) if rules else None, *(record.path for record in wanted)]
    into = imported.targets(output, report, *read)
    pace = parse_regime(regime) if regime else None
    with printing.told("Reading") as say:
        facts = _from_hub(wanted, depth) if online else gather(wanted, say)
    made = import_facts(facts, stated)
    pipeline = Pipeline(made.graph, pace, generations, name or _name_of(wanted[0].path))
    failed = _refusal(made.report, wanted[0].path, strict, into.pipeline is not None)
    said: list[str] = []
    try:
        # before anything is printed: who reads only the beginning gets the files all the same
        if into.report is not None:
            said.append(_write_report(made.report, into.report))
        if failed is None:
            said += imported.write(made, pipeline, into)
    except OutputError as error:
        failed = error
    with printing.until_reader_leaves():
        typer.echo(str(made.report))
        _say_extremes(made.report, pipeline)
        if said:
            typer.echo("\n" + "\n".join(said))
    if failed is not None:
        raise failed


def _records(words: Sequence[str], stated: Rules, rules: Path | None) -> tuple[Record, ...]:
    """What to read: the command line's, or else what the rules list."""
    from headwater.errors import InputError
    from headwater.lineage.gathering import from_rules, spelled

    if words:
        return spelled(words)
    if rules is None or not stated.records:
        raise InputError(
            "no records are named",
            "write FORMAT PATH, or list records in the file of --rules",
            "" if rules is None else str(rules),
        )
    return from_rules(stated, rules)


def _from_hub(wanted: Sequence[Record], depth: int) -> Facts:
    from headwater.errors import InputError
    from headwater.lineage.formats.hugging_face import read_hub

    other = next((record for record in wanted if record.format != "hugging-face"), None)
    if other is not None:
        raise InputError(
            f"--online reads cards from the hub and no {other.format}", "import hugging-face ids alone"
        )
    return read_hub([record.path for record in wanted], depth=depth)


def _say_extremes(found: Report, pipeline: Pipeline) -> None:
    """What becomes of a model whoever gave a total that several gave together."""
    from headwater.diagnosis.extremes import at_extremes
    from headwater.lineage.wording import cut, printable

    by: dict[tuple[str, str], dict[str, str]] = {}
    for end in at_extremes(pipeline, found.totals):
        inflation = "" if end.inflation is None else f", inflation ×{end.inflation:,.2f}"
        by.setdefault((end.dataset, end.model), {})[end.provider] = end.verdict + inflation
    if not by:
        return
    typer.echo("\nVerdict, if all samples of such a total came from one provider, or evenly from all")
    lines = []
    for (dataset, model), said in by.items():
        if len(set(said.values())) == 1:
            lines.append(
                f"{printable(dataset)} in {printable(model)}: {next(iter(said.values()))}, whoever gave"
            )
        else:
            lines += [
                f"{printable(dataset)} in {printable(model)}, {printable(who)}: {what}"
                for who, what in said.items()
            ]
    for line in cut(lines, str, shown=12):
        typer.echo(line)


def _write_report(found: Report, path: Path) -> str:
    import json

    from headwater.files import write_bytes

    document = json.dumps(found.to_dict(), ensure_ascii=False, indent=2)
    write_bytes(path, f"{document}\n".encode("utf-8", "backslashreplace"))
    return f"Wrote the whole report to {path}"


def _refusal(found: Report, path: str, strict: bool, writes: bool) -> HeadwaterError | None:
    """Why no pipeline is written."""
    from headwater.errors import InputError
    from headwater.lineage.gathering import without_password

    shown = without_password(path)
    if strict and found.errors:
        return InputError(
            f"--strict: {len(found.errors)} left out, first {found.errors[0]}",
            "correct the records, or import without --strict",
            shown,
        )
    return imported.missing(found, shown) if writes and not found.made.models else None


def _name_of(path: str) -> str:
    if "://" in path:
        # An address may hold a password; what follows the last slash does not.
        return path.rpartition("/")[2].partition("?")[0]
    folder = Path(path).resolve()
    return folder.parent.name if folder.name == "assets" else folder.name
