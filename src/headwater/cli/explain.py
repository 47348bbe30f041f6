"""``headwater explain``: why a model of an imported pipeline learns from what it does."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli import printing

if TYPE_CHECKING:
    from headwater.lineage.evidence import Evidence
    from headwater.pipeline import Pipeline


def command(
    pipeline: Annotated[str, typer.Argument(metavar="FILE", help="A pipeline file, as an import wrote it.")],
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model of it.")],
    evidence: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="The import's evidence, if it is not beside the file."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the JSON document instead of the text.")
    ] = False,
) -> None:
    """Tell from which data taken as real a model comes, with file and line of the records at every step."""
    import json

    from headwater.files import read_bytes
    from headwater.lineage.evidence import beside, read_evidence
    from headwater.lineage.explaining import explain
    from headwater.pipeline import LARGEST_FILE, parse_pipeline
    from headwater.pipeline_file.tree import read_tree

    content = read_bytes(pipeline, LARGEST_FILE)
    read = parse_pipeline(content, pipeline)
    place = evidence or beside(pipeline)
    kept = read_evidence(place) if evidence is not None or os.path.lexists(place) else None
    note = _note(content, read, kept, place)
    found = explain(read.graph, kept, model, read_tree(content, pipeline).line, pipeline)
    with printing.until_reader_leaves():
        if as_json:
            document = {"note": note or None, **found.to_dict()}
            typer.echo(json.dumps(document, ensure_ascii=False, indent=2))
            return
        if note:
            typer.echo(f"{note}\n")
        typer.echo(str(found))


def _note(content: bytes, read: Pipeline, kept: Evidence | None, place: Path) -> str:
    """What is to be known about the evidence; raises where it is that of another pipeline."""
    from headwater.errors import InputError

    if kept is None:
        return f"{place} is not there: only what the pipeline file says is told."
    if kept.is_of(content):
        return ""
    if not kept.shares(read.graph):
        raise InputError(
            "this is the evidence of another pipeline: they have no flow in common",
            "name the right one with --evidence, or import the records again with -o",
            str(place),
        )
    return (
        "The pipeline was changed after the import: flows it has no evidence for are told as written by hand."
    )
