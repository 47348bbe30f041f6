"""``headwater ledger export``: a ledger in a standard that others read."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli import inputs, printing

if TYPE_CHECKING:
    from headwater.ledger.exporting import Exported

MOST_TOLD = 20

_LEDGER = typer.Argument(metavar="LEDGER", help="File or URL of the ledger.", show_default=False)
_FORMAT = typer.Option("--format", "-f", metavar="FORMAT", help="openlineage, prov or croissant.")
_OUTPUT = typer.Option(
    "--output", "-o", help="File to write; for croissant a folder, with a file for each dataset."
)


def command(
    ledger: Annotated[str, _LEDGER], format_: Annotated[str, _FORMAT], output: Annotated[str, _OUTPUT]
) -> None:
    """Write a ledger as OpenLineage events (one a line), PROV-JSON or Croissant 1.1.

    What could not be said in that format is listed on standard error.
    """
    from headwater.ledger import Ledger
    from headwater.ledger.exporting import exporter
    from headwater.report.words import plain

    export = exporter(format_)
    folder = format_ == "croissant"
    place = _checked(output, ledger, folder)
    with Ledger(ledger, read_only=True) as book:
        made = export(book)
    said = _write_folder(made, place, ledger) if folder else _write_file(made, place)
    with printing.until_reader_leaves():
        typer.echo(said)
    with printing.until_reader_leaves():
        for line in made.left_out[:MOST_TOLD]:
            typer.echo(f"left out: {plain(line, sys.maxsize)}", err=True)
        if len(made.left_out) > MOST_TOLD:
            typer.echo(f"left out: {len(made.left_out) - MOST_TOLD:,} more", err=True)


def _checked(output: str, ledger: str, folder: bool) -> Path:
    """Where to write, which is not the ledger and what there should be."""
    from headwater.errors import InputError

    place = inputs.output_of(output, ledger) or Path(output)
    if folder and os.path.lexists(place) and not place.is_dir():
        raise InputError("this is a file", "name a folder: croissant has a file for each dataset", output)
    return place


def _write_file(made: Exported, output: Path) -> str:
    from headwater.files import write_bytes

    [content] = made.files.values()
    write_bytes(output, content)
    return f"Wrote {output}"


def _write_folder(made: Exported, output: Path, ledger: str) -> str:
    """Write a file for each dataset; none where one of them would go through a link or into the ledger."""
    from headwater.errors import InputError, OutputError
    from headwater.files import write_bytes

    for name in made.files:
        inputs.output_of(str(output / name), ledger)
        if (output / name).is_symlink():
            raise InputError("this is a link", "remove it, or name another folder", str(output / name))
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{output}: the folder cannot be made: {error.strerror}", "choose another place"
        ) from None
    for name, content in made.files.items():
        write_bytes(output / name, content)
    return f"Wrote {len(made.files):,} files into {output}"
