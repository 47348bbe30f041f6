"""``headwater schema``: the JSON Schema of the pipeline file."""

from __future__ import annotations

import typer


def command() -> None:
    """Print the JSON Schema of the pipeline file."""
    import json

    from headwater.pipeline import pipeline_schema

    typer.echo(json.dumps(pipeline_schema(), indent=2, ensure_ascii=False))
