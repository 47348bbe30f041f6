"""``headwater init``: a commented example of a pipeline file."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    path: Annotated[
        str, typer.Argument(help="File to write; - prints it.", metavar="[PATH]")
    ] = "pipeline.yaml",
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
) -> None:
    """Write a commented example of a pipeline file."""
    import os
    import shlex

    from headwater.errors import OutputError
    from headwater.files import write_bytes

    text = example()
    if path == "-":
        typer.echo(text, nl=False)
        return
    if os.path.lexists(path) and not force:
        raise OutputError(f"{path}: this file exists already", "name another file, or overwrite it: --force")
    write_bytes(path, text.encode("utf-8"))
    typer.echo(f"Wrote {path}; to go on: headwater diagnose {shlex.quote(path)}")


def example() -> str:
    """The text of the example."""
    from importlib.resources import files

    return files("headwater.cli").joinpath("example.yaml").read_text(encoding="utf-8")
