"""How a command shows a page on whatever it is run in."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType

NARROWEST = 10


def working(text: str) -> AbstractContextManager[Any]:
    """A spinner on a terminal's error stream; nothing elsewhere."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console

    return Console(stderr=True).status(text)


@contextmanager
def told(text: str) -> Iterator[Callable[[str], None]]:
    """The same, with a function that says what is being done now."""
    if not sys.stderr.isatty():
        yield lambda now: None
        return
    from rich.console import Console
    from rich.text import Text

    from headwater.report.words import plain

    with Console(stderr=True).status(text) as status:
        yield lambda now: status.update(Text(f"{plain(now)} ..."))


def show(page: RenderableType) -> None:
    """Print on standard output, as wide as it is.

    Raises
    ------
    OSError
        If it cannot be written, or (BrokenPipeError) the reader has left.
    """
    from rich.console import Console

    console = Console()
    try:
        # a terminal that claims to have no width has a width nobody knows
        (console if console.width >= NARROWEST else Console(width=80)).print(page)
    except SystemExit:
        # the way of rich when a pipe is closed; that is for the command to judge
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from None


@contextmanager
def until_reader_leaves() -> Iterator[None]:
    """Print here; who closes the pipe early (``| head``) has read what was wanted, and all goes on."""
    try:
        yield
    except BrokenPipeError:
        # what is left in the buffer goes nowhere when the process ends
        with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
