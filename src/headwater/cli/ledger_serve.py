"""``headwater ledger serve``: take OpenLineage events over HTTP into a ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from headwater.cli import printing

_LEDGER = typer.Argument(
    metavar="LEDGER", help="File or URL of the ledger; begun if it is not there.", show_default=False
)
_HOST = typer.Option(help="Address to listen on; beyond this machine only with a token.")
_PORT = typer.Option(min=0, max=65_535, help="Port to listen on; 0 takes any that is free.")
_TOKEN = typer.Option(
    help="File with the token that producers send as api key; else from HEADWATER_LEDGER_TOKEN."
)


def command(
    ledger: Annotated[str, _LEDGER],
    host: Annotated[str, _HOST] = "127.0.0.1",
    port: Annotated[int, _PORT] = 5000,
    token_file: Annotated[Path | None, _TOKEN] = None,
) -> None:
    """Take OpenLineage events over HTTP into a ledger, until interrupted.

    Producers are pointed at it with OPENLINEAGE_URL=http://127.0.0.1:5000. An event is answered with
    201 once it is on disk. /counters and /metrics tell what was done, /health whether all is well.
    There is no encryption here: beyond a trusted network, put a proxy with TLS in front.
    """
    from headwater.ledger import Ledger
    from headwater.ledger.serving import Address, read_token, serve
    from headwater.ledger.serving.guarding import check_host
    from headwater.ledger.serving.running import check_installed

    token = read_token(token_file)
    # before a ledger is begun for nothing
    check_installed()
    check_host(host, token)
    with Ledger(ledger) as book:
        done = serve(
            book,
            Address(host, port, token),
            announce=lambda url: _say(f"Taking OpenLineage events at {url} into {book.name}"),
        )
    known, refused = done.duplicates, sum(done.refused.values())
    _say(f"Stopped: {done.stored:,} events stored, {known:,} known already, {refused:,} requests refused")


def _say(text: str) -> None:
    """Say it to whoever still reads: events are taken whether somebody does or not."""
    with printing.until_reader_leaves():
        typer.echo(text)
