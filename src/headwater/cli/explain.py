"""``headwater explain``: why a model of an imported pipeline learns from what it does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headwater.cli import printing


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
    """Tell from which real data a model comes, with file and line of the records at every step."""
    import json

    from headwater.files import read_bytes
    from headwater.lineage.evidence import beside, read_evidence
    from headwater.lineage.explaining import explain
    from headwater.pipeline import LARGEST_FILE, parse_pipeline
    from headwater.pipeline_file.tree import read_tree

    content = read_bytes(pipeline, LARGEST_FILE)
    read = parse_pipeline(content, pipeline)
    place = evidence or beside(pipeline)
    kept = read_evidence(place) if evidence is not None or place.exists() else None
    found = explain(read.graph, kept, model, read_tree(content, pipeline).line, pipeline)
    with printing.until_reader_leaves():
        if as_json:
            typer.echo(json.dumps(found.to_dict(), ensure_ascii=False, indent=2))
            return
        if kept is None:
            typer.echo(f"{place} is not there: only what the pipeline file says is told.\n")
        typer.echo(str(found))
