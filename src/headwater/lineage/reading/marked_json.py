"""JSON values that know their lines, from files that nobody vouches for.

Objects and lists are `dict` and `list` with the line they start on. Nesting, size and numbers
are limited; ``NaN`` and ``Infinity`` are no JSON. Of a key written twice the last one counts, as
everywhere; readers that care ask `Object.twice`.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from headwater.errors import InputError
from headwater.files import unreadable

LARGEST = 256 * 2**20
LONGEST_LINE = 32 * 2**20
DEEPEST = 100

_BLANK = re.compile(r"[ \t\n\r]*")
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)


class Object(dict[str, Any]):
    """A JSON object; `line` is where it starts, `twice` the keys that came more than once."""

    __slots__ = ("line", "twice")

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.twice: list[str] = []


class Array(list[Any]):
    """A JSON list; `line` is where it starts and `lines` where each item does."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


def load(path: Path, shown: str = "") -> Any:
    """The value in a JSON file.

    Parameters
    ----------
    shown
        What errors call the file; its path by default.

    Raises
    ------
    InputError
        If the file cannot be read, is no JSON, or is beyond the limits; names the line.
    """
    shown = shown or str(path)
    return parse(_decoded(_read(path, LARGEST, shown), shown), shown)


def lines(path: Path, shown: str = "") -> Iterator[tuple[int, Any]]:
    """The values of a file with one JSON value a line, with their lines; blank lines are passed over.

    A line that is no JSON gives its `InputError` in place of a value.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    shown = shown or str(path)
    try:
        with path.open("rb") as file:
            number = 0
            while text := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(text) > LONGEST_LINE:
                    yield number, InputError("the line is too long", "", shown, number)
                    while text and not text.endswith(b"\n"):
                        text = file.readline(LONGEST_LINE)
                elif text.strip():
                    yield number, _line(text, number, shown)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None


def parse(text: str, shown: str) -> Any:
    """The value that a JSON text spells, its objects and lists with their lines.

    Raises
    ------
    InputError
        If it is no JSON, or nests more than `DEEPEST`; names the line.
    """
    return _Parser(text, shown).whole()


def line(value: object, otherwise: int = 0) -> int:
    """The line of an object or list; `otherwise` for what has none."""
    return value.line if isinstance(value, (Object, Array)) else otherwise


def plain(text: str | bytes, shown: str) -> Any:
    """The value that a JSON text spells, without lines: faster.

    Raises
    ------
    InputError
        If it is no JSON, or nests more than `DEEPEST`.
    """
    text = text if isinstance(text, str) else _decoded(text, shown)
    try:
        _hold_to_depth(text, shown)
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise _no_json(error.msg, shown, error.lineno) from None
    except (ValueError, RecursionError) as error:
        raise _no_json(str(error), shown, None) from None


def _line(text: bytes, number: int, shown: str) -> Any:
    try:
        return plain(text, shown)
    except InputError as error:
        said = error.problem.removeprefix(f"{error.path}:{error.line}: ").removeprefix(f"{error.path}: ")
        return InputError(said, error.remedy, shown, number)


def _hold_to_depth(text: str, shown: str) -> None:
    if max(text.count("["), text.count("{")) <= DEEPEST // 2:
        return
    depth = 0
    for found in _BRACKETS.finditer(text):
        mark = found.group()
        depth += (mark in "[{") - (mark in "]}")
        if depth > DEEPEST:
            raise _no_json(f"nested more than {DEEPEST} deep", shown, text.count("\n", 0, found.start()) + 1)


def _read(path: Path, limit: int, shown: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if len(data) > limit:
        raise InputError(f"is larger than {limit // 2**20} MiB", "split it into several files", shown)
    return data


def _decoded(data: bytes, shown: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = data.count(b"\n", 0, error.start) + 1
        raise InputError("is not UTF-8 text", "save it as UTF-8", shown, at) from None


def _no_json(said: str, shown: str, at: int | None) -> InputError:
    return InputError(f"is not JSON: {said}", "correct it, or leave the file out", shown, at)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


class _Parser:
    """Objects and lists are walked here, for their lines; texts and numbers by the library."""

    def __init__(self, text: str, shown: str) -> None:
        self.text = text
        self.shown = shown
        self.starts = [found.end() for found in re.finditer("\n", text)]

    def whole(self) -> Any:
        value, at = self.value(self.skip(0), 0)
        at = self.skip(at)
        if at != len(self.text):
            raise self.error("more follows after its end", at)
        return value

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        mark = self.text[at : at + 1]
        if mark in ("{", "[") and depth >= DEEPEST:
            raise self.error(f"nested more than {DEEPEST} deep", at)
        if mark == "{":
            return self.object(at, depth + 1)
        if mark == "[":
            return self.array(at, depth + 1)
        try:
            return _DECODER.raw_decode(self.text, at)
        except json.JSONDecodeError as error:
            raise self.error(error.msg, error.pos) from None
        except ValueError as error:
            raise self.error(str(error).split(";")[0], at) from None

    def object(self, at: int, depth: int) -> tuple[Object, int]:
        made = Object(self.line(at))
        at = self.skip(at + 1)
        if self.text[at : at + 1] == "}":
            return made, at + 1
        while True:
            if self.text[at : at + 1] != '"':
                raise self.error("a key in quotes is missing", at)
            key, at = self.value(at, depth)
            at = self.skip(at)
            if self.text[at : at + 1] != ":":
                raise self.error("':' is missing after a key", at)
            if key in made:
                made.twice.append(key)
            made[key], at = self.value(self.skip(at + 1), depth)
            at, ended = self.next(at, "}")
            if ended:
                return made, at

    def array(self, at: int, depth: int) -> tuple[Array, int]:
        made = Array(self.line(at))
        at = self.skip(at + 1)
        if self.text[at : at + 1] == "]":
            return made, at + 1
        while True:
            made.lines.append(self.line(at))
            item, at = self.value(at, depth)
            made.append(item)
            at, ended = self.next(at, "]")
            if ended:
                return made, at

    def next(self, at: int, end: str) -> tuple[int, bool]:
        """Where the next item starts, or what follows the end."""
        at = self.skip(at)
        mark = self.text[at : at + 1]
        if mark == end:
            return at + 1, True
        if mark != ",":
            raise self.error(f"',' or '{end}' is missing", at)
        return self.skip(at + 1), False

    def skip(self, at: int) -> int:
        found = _BLANK.match(self.text, at)
        return found.end() if found else at

    def line(self, at: int) -> int:
        return bisect_right(self.starts, at) + 1

    def error(self, said: str, at: int) -> InputError:
        return _no_json(said, self.shown, self.line(min(at, len(self.text))))
