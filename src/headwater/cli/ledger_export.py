"""``headwater ledger export``: a ledger in a standard that others read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from headwater.ledger.exporting import Exported

MOST_TOLD = 20

_LEDGER = typer.Argument(metavar="LEDGER", help="File or URL of the ledger.", show_default=False)
_FORMAT = typer.Option("--format", "-f", metavar="FORMAT", help="openlineage, prov or croissant.")
_OUTPUT = typer.Option(
    "--output", "-o", help="File to write; for croissant a folder, with a file for each dataset."
)


def command(
    ledger: Annotated[str, _LEDGER], format_: Annotated[str, _FORMAT], output: Annotated[Path, _OUTPUT]
) -> None:
    """Write a ledger as OpenLineage events (one a line), PROV-JSON or Croissant 1.1.

    What could not be said in that format is listed on standard error.
    """
    import sys

    from headwater.ledger import Ledger
    from headwater.ledger.exporting import exporter
    from headwater.report.words import plain

    export = exporter(format_)
    with Ledger(ledger, read_only=True) as book:
        made = export(book)
    _write(made, output, folder=format_ == "croissant")
    for line in made.left_out[:MOST_TOLD]:
        typer.echo(f"left out: {plain(line, sys.maxsize)}", err=True)
    if len(made.left_out) > MOST_TOLD:
        typer.echo(f"left out: {len(made.left_out) - MOST_TOLD:,} more", err=True)


def _write(made: Exported, output: Path, folder: bool) -> None:
    from headwater.errors import InputError, OutputError
    from headwater.files import write_bytes

    if not folder:
        [content] = made.files.values()
        write_bytes(output, content)
        typer.echo(f"Wrote {output}")
        return
    if output.exists() and not output.is_dir():
        raise InputError(
            "this is a file", "name a folder: croissant has a file for each dataset", str(output)
        )
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{output}: the folder cannot be made: {error.strerror}", "choose another place"
        ) from None
    for name, content in made.files.items():
        write_bytes(output / name, content)
    typer.echo(f"Wrote {len(made.files):,} files into {output}")
