"""``headwater schema``: JSON Schemas of the pipeline file and of what ``headwater check --json`` prints."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    of: Annotated[str, typer.Argument(metavar="pipeline|check", help="What to describe.")] = "pipeline",
) -> None:
    """Print the JSON Schema of the pipeline file, or of what `headwater check --json` prints."""
    import json
    from importlib.resources import files

    from headwater.errors import InputError
    from headwater.pipeline import pipeline_schema

    if of == "check":
        typer.echo(files("headwater.report").joinpath("check.schema.json").read_text("utf-8"), nl=False)
    elif of == "pipeline":
        typer.echo(json.dumps(pipeline_schema(), indent=2, ensure_ascii=False))
    else:
        raise InputError(f"there is no schema of {of!r:.40}", "write headwater schema pipeline, or check")
