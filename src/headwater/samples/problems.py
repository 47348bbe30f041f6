"""What is said of a file that cannot be read as samples: the one error, with its place."""

from __future__ import annotations

import os
import stat
from typing import NoReturn, Protocol

from headwater.errors import InputError
from headwater.files import unreadable

LEAVE_OUT = "mend the file, or have such rows left out and counted (--bad omit)"


ODD = {
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}
"""What is neither a file nor a folder: to read it may never end, and it can be read but once."""


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


def odd_kind(path: str) -> str | None:
    """What a path is, if it is neither a file nor a folder."""
    return ODD.get(stat.S_IFMT(os.stat(path).st_mode))


def check_file(path: str) -> None:
    """Refuse what is neither a file nor a folder, and what is not there.

    Raises
    ------
    InputError
        If it is.
    """
    try:
        kind = odd_kind(path)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if kind is not None:
        raise InputError(f"this is a {kind}, not a file", "save what comes from it, and name that file", path)
