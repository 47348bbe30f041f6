"""Names, numbers and lists as the text of a report writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

SHOWN = 6
"""Entries of a list that the text shows; the JSON document has all."""

_Item = TypeVar("_Item")


def printable(name: str) -> str:
    """A name on one line, without characters that would steer a terminal."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in name
    )


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun.

    Examples
    --------
    >>> count(1, "model"), count(1200, "model")
    ('1 model', '1,200 models')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(names: Iterable[str], shown: int = SHOWN) -> str:
    """The first names with commas between them, and how many more there are."""
    listed = list(names)
    text = ", ".join(printable(name) for name in listed[:shown])
    return f"{text}, ... and {len(listed) - shown} more" if len(listed) > shown else text


def cut(items: Sequence[_Item], line: Callable[[_Item], str], shown: int = SHOWN) -> Iterator[str]:
    """A line for each of the first items, and how many more there are."""
    for item in items[:shown]:
        yield f"  {line(item)}"
    if len(items) > shown:
        yield f"  ... and {len(items) - shown} more; --report lists all"


def arrows(steps: Sequence[Sequence[str]]) -> str:
    """Steps with arrows between them; of many, the first and the last."""
    hidden = max(len(steps) - 2 * SHOWN, 0)
    begin, end = steps[: SHOWN if hidden else None], steps[-SHOWN:] if hidden else ()
    between = [f"... {hidden} more ..."] if hidden else []
    return " -> ".join([*map(together, begin), *between, *map(together, end)])


def together(names: Sequence[str], shown: int = 4) -> str:
    """Names of one step."""
    more = [f"{len(names) - shown} more"] if len(names) > shown else []
    return " + ".join([*map(printable, names[:shown]), *more])
