"""How a command shows a page on whatever it is run in."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
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


def show(page: RenderableType) -> None:
    """Print on standard output, as wide as it is."""
    from rich.console import Console

    console = Console()
    # a terminal that claims to have no width has a width nobody knows
    (console if console.width >= NARROWEST else Console(width=80)).print(page)
