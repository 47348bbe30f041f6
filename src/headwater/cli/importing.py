"""``headwater import``: records of some format to a pipeline file, with a report of what was assumed."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from headwater.lineage import Report, Rules
    from headwater.pipeline import Pipeline

Applications = Literal["loops", "all", "none"]
Unresolved = Literal["source", "external"]

_FORMAT = typer.Argument(metavar="FORMAT", help="What the records are: ecosystem-graphs.", show_default=False)
_PATH = typer.Argument(
    metavar="PATH", help="Where they are: for ecosystem-graphs, a folder.", show_default=False
)
_APPLICATIONS = typer.Option(
    help="Where applications pass models' output on into datasets: only where that closes a cycle "
    "of the records (loops, the default), always, or never."
)
_UNRESOLVED = typer.Option(
    help="Take names that no record has as real sources (the default) or as external models."
)


def command(
    format_: Annotated[str, _FORMAT],
    path: Annotated[Path, _PATH],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Pipeline file to write; without it, only report.")
    ] = None,
    rules: Annotated[Path | None, typer.Option(help="Rules file (YAML): roles and aliases.")] = None,
    applications: Annotated[Applications | None, _APPLICATIONS] = None,
    unresolved: Annotated[Unresolved | None, _UNRESOLVED] = None,
    report: Annotated[Path | None, typer.Option(help="Also write the whole report as JSON.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Fail if anything was left out.")] = False,
    name: Annotated[str, typer.Option(help="Name of the pipeline; if not given, that of the folder.")] = "",
    regime: Annotated[
        str | None, typer.Option(help="replace, accumulate, accumulate-subsample or window:3.")
    ] = None,
    generations: Annotated[int | None, typer.Option(help="Rounds of retraining.")] = None,
) -> None:
    """Read records of who was trained on what, and write the pipeline they tell of.

    Nothing is guessed in silence: the report lists what was read, left out and assumed.
    """
    from headwater.lineage import importer, to_graph
    from headwater.pipeline import Pipeline
    from headwater.regimes import parse_regime

    read = importer(format_)
    stated = _rules(rules, applications, unresolved)
    pace = parse_regime(regime) if regime else None
    graph, found = to_graph(read(path), stated)
    typer.echo(str(found))
    if report is not None:
        _write_report(found, report)
    _refuse(found, path, strict)
    _finish(Pipeline(graph, pace, generations, name or _name_of(path)), output)


def _rules(path: Path | None, applications: Applications | None, unresolved: Unresolved | None) -> Rules:
    """The rules of the file, where there is one, with what the command line says put over them."""
    from dataclasses import replace

    from headwater.lineage import Rules, read_rules

    stated = read_rules(path) if path else Rules()
    return replace(
        stated,
        applications=applications or stated.applications,
        unresolved=unresolved or stated.unresolved,
    )


def _write_report(found: Report, path: Path) -> None:
    import json

    from headwater.files import write_bytes

    document = json.dumps(found.to_dict(), ensure_ascii=False, indent=2)
    write_bytes(path, f"{document}\n".encode())
    typer.echo(f"\nWrote the whole report to {path}")


def _refuse(found: Report, path: Path, strict: bool) -> None:
    from headwater.errors import InputError

    if strict and found.errors:
        raise InputError(
            f"--strict: {len(found.errors)} left out, first {found.errors[0]}",
            "correct the records, or import without --strict",
            str(path),
        )
    if not found.made.models:
        raise InputError("no model was read", "check that this is the folder with the records", str(path))


def _name_of(path: Path) -> str:
    folder = path.resolve()
    return folder.parent.name if folder.name == "assets" else folder.name


def _finish(pipeline: Pipeline, output: Path | None) -> None:
    from headwater.pipeline import write_pipeline

    if output is None:
        typer.echo("\nNothing was written; to go on, repeat with -o pipeline.yaml")
        return
    write_pipeline(pipeline, output)
    typer.echo(f"\nWrote {output}; to go on: headwater diagnose {shlex.quote(str(output))}")
