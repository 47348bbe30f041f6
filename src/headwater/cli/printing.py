"""How a command shows a page on whatever it is run in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
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

    with Console(stderr=True).status(text) as status:
        yield lambda now: status.update(Text(f"{now} ..."))


def show(page: RenderableType) -> None:
    """Print on standard output, as wide as it is."""
    from rich.console import Console

    console = Console()
    # a terminal that claims to have no width has a width nobody knows
    (console if console.width >= NARROWEST else Console(width=80)).print(page)
