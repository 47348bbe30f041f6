"""What is said of a file that cannot be read as samples: the one error, with its place."""

from __future__ import annotations

from typing import NoReturn, Protocol

from headwater.errors import InputError

LEAVE_OUT = "mend the file, or have such rows left out and counted (--bad omit; in Python bad='omit')"


class Placed(Protocol):
    """What knows its file and the lines of its rows."""

    @property
    def path(self) -> str:
        """The file."""
        ...

    def line(self, row: int) -> int | None:
        """Line of a row, counted from 0, where the format has lines and the row can be found."""
        ...


def wrong(table: Placed, row: int, problem: str, remedy: str) -> NoReturn:
    """Raise the `InputError` of a row, counted from 0: with its line, or with its number from 1."""
    line = table.line(row)
    if line is None:
        raise InputError(f"row {row + 1:,}: {problem}", remedy, table.path)
    raise InputError(problem, remedy, table.path, line)


def one_line(text: str, longest: int = 120) -> str:
    r"""What a file holds, fit for a message: its first line, cut, without what could steer a terminal.

    Examples
    --------
    >>> print(one_line("a\x1b[2Jb\nc"))
    a\x1b[2Jb
    """
    first = text.lstrip().partition("\n")[0][: longest + 1]
    clean = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in first)
    return clean if len(clean) <= longest else f"{clean[: longest - 3]}..."
