"""How far a run is: a bar on a terminal's error stream, and nothing anywhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from headwater.simulation.store import Manifest

T = TypeVar("T")


def tracked(chunks: Iterable[T], manifest: Manifest, done: int, shown: bool) -> Iterator[T]:
    """The same chunks, counted as they come; with rate and time left if `shown` and on a terminal."""
    if not shown:
        yield from chunks
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield from chunks
        return
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
        for chunk in chunks:
            yield chunk
            progress.advance(bar, manifest.chunk)
            speed = progress.tasks[0].speed
            progress.update(bar, rate=f"{speed:,.0f}/s" if speed else "")
