"""How far a run is: a bar on a terminal's error stream, and nothing anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from headwater.simulation.store import Manifest

T = TypeVar("T")


def on_terminal() -> bool:
    """Whether the error stream is a terminal: it is asked, and not variables that tell a library to draw."""
    return sys.stderr.isatty()


def tracked(
    chunks: Iterable[tuple[int, T]], manifest: Manifest, done: int, shown: bool
) -> Iterator[tuple[int, T]]:
    """The same numbered chunks; with a bar, rate and time left if `shown` and on a terminal."""
    if not (shown and on_terminal()):
        yield from chunks
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("simulating"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("replicates"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        finished = min(done * manifest.chunk, manifest.replicates)
        bar = progress.add_task("", total=manifest.replicates, completed=finished, rate="")
        for number, content in chunks:
            yield number, content
            progress.advance(bar, manifest.replicates_of(number))
            speed = progress.tasks[0].speed
            progress.update(bar, rate=f"{speed:,.0f}/s" if speed else "")
