"""Every error a caller may see, each also a built-in so that `except ValueError` works.

Messages have three parts: what is wrong with the value and its place, what would be
right, what to do. Nothing here prints or exits; the command line does.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

Place = tuple[str | int, ...]
"""A path inside a description, such as ``("flows", 2, "samples")``."""


class HeadwaterError(Exception):
    """Whatever went wrong for a reason the caller can mend.

    Parameters
    ----------
    problem
        What is wrong, with the value; one line.
    remedy
        What would be right and what to do; may be empty.
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}\n{remedy}" if remedy else problem)


class GraphError(HeadwaterError, ValueError):
    """Sources, models and flows that do not make an interaction graph.

    ``place`` says where in the description, so that a reader of files can add the line.
    """

    def __init__(self, problem: str, remedy: str = "", place: Place = ()) -> None:
        super().__init__(problem, remedy)
        self.place = place


class InputError(HeadwaterError, ValueError):
    """A file that cannot be read as what it should be: names the file and, if known, the line."""

    def __init__(self, problem: str, remedy: str = "", path: str = "", line: int | None = None) -> None:
        self.path = path
        self.line = line
        prefix = ":".join(str(part) for part in (path, line) if part not in ("", None))
        super().__init__(f"{prefix}: {problem}" if prefix else problem, remedy)


class OutputError(HeadwaterError, OSError):
    """A file that cannot be written; an older one of that name is unchanged."""


class MissingExtra(HeadwaterError, ImportError):
    """A package that only this needs is not installed; says how to install it."""


class LawError(HeadwaterError, ValueError):
    """A law whose parameters, or whose use on this graph, cannot be right; ``place`` as in `GraphError`."""

    def __init__(self, problem: str, remedy: str = "", place: Place = ()) -> None:
        super().__init__(problem, remedy)
        self.place = place


class FamilyError(HeadwaterError, ValueError):
    """A family whose parameters, or whose use here, cannot be right; ``place`` as in `GraphError`."""

    def __init__(self, problem: str, remedy: str = "", place: Place = ()) -> None:
        super().__init__(problem, remedy)
        self.place = place


class SampleError(HeadwaterError, ValueError):
    """A sample that cannot be measured: empty, not finite, or unlike its reference in kind or dimension."""


class NoLaw(HeadwaterError, NotImplementedError):
    """No exact recursion is known for this law under this regime or graph; simulate instead."""


class NoSteadyState(HeadwaterError, ArithmeticError):
    """Second moments that settle nowhere; names the components that cause it."""


class UnknownCount(HeadwaterError, LookupError):
    """A quantity was asked for that needs a sample count the graph does not know."""


def nearest(name: str, known: Iterable[str], shown: int = 8) -> str:
    """Known names, and the one most like `name`, as the second line of an error.

    Examples
    --------
    >>> nearest("techer", ["student", "teacher"])
    "known: student, teacher; did you mean 'teacher'?"
    """
    names = sorted(known)
    listed = ", ".join(_plain(each) for each in names[:shown])
    listed += f", ... ({len(names)} in all)" if len(names) > shown else ""
    close = difflib.get_close_matches(name, names, n=1) if len(names) <= 10_000 else []
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"known: {listed or 'none'}{hint}"


def _plain(name: str) -> str:
    """A name as it is, or quoted and cut where it would break the line."""
    return name if name.isprintable() and len(name) <= 60 else repr(name[:60])
