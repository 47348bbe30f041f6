"""Safe YAML: from text to plain values, each with the line it stands on.

PyYAML splits the text into events and nothing more; values are built here, without
recursion, within a budget of depth and size, and without tags or aliases. So no text can
run code, exhaust the stack, or unfold into more than it is. What the values mean as a
pipeline is in `headwater.pipeline_file.document`.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from headwater.errors import InputError, Place
from headwater.pipeline_file.scalars import plain_value

DEEPEST = 16
"""Levels of nesting; a pipeline has four."""

MOST_VALUES = 5_000_000
"""Keys and values in one file: about 500,000 flows, and under two gigabytes of memory."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# The characters of YAML 1.2, section 5.1; the parsers in use differ slightly, so it is asked here.
_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Tree:
    """Plain values (dict, list, str, int, float, bool, None) and where they stand.

    `lines` holds the line, counted from 1, of each key and item by its path.
    """

    value: Any
    lines: dict[Place, int]

    def line(self, place: Place) -> int | None:
        """The line of a path, or of the nearest part of it that the file has."""
        for length in range(len(place), 0, -1):
            if place[:length] in self.lines:
                return self.lines[place[:length]]
        return None


def _line(event: yaml.Event) -> int:
    # Parsers always set the mark; only the types of PyYAML leave it open.
    return 0 if event.start_mark is None else event.start_mark.line + 1


@dataclass(slots=True)
class _Open:
    """A list or mapping that has begun and not ended."""

    container: dict[str, Any] | list[Any]
    place: Place
    key: str | None = None


@dataclass(slots=True)
class _Builder:
    path: str
    root: Any = None
    documents: int = 0
    values: int = 0
    lines: dict[Place, int] = field(default_factory=dict)
    open: list[_Open] = field(default_factory=list)

    def wrong(self, event: yaml.Event, problem: str, remedy: str) -> InputError:
        return InputError(problem, remedy, self.path, _line(event))

    def take(self, event: yaml.Event) -> None:
        """Add what one event says."""
        if isinstance(event, yaml.ScalarEvent):
            self.check(event)
            self.scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            self.check(event)
            self.begin(event)
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            self.open.pop()
        elif isinstance(event, yaml.AliasEvent):
            raise self.wrong(event, f"*{event.anchor} is an alias", "write the value out where it is used")
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise self.wrong(
                    event, "a second YAML document begins here", "a file holds one pipeline: split it in two"
                )

    def check(self, event: yaml.NodeEvent) -> None:
        """Refuse tags, deep nesting and too many values."""
        tag = getattr(event, "tag", None)
        if tag is not None:
            shown = tag.replace("tag:yaml.org,2002:", "!!")[:60]
            raise self.wrong(
                event,
                f"the YAML tag {shown!r} is not allowed here",
                "remove it: values are plain text, numbers, lists and mappings",
            )
        if len(self.open) >= DEEPEST:
            raise self.wrong(
                event,
                f"lists and mappings nest more than {DEEPEST} levels deep",
                "a pipeline needs four: check the brackets and the indentation",
            )
        self.values += 1
        if self.values > MOST_VALUES:
            raise self.wrong(
                event,
                f"more than {MOST_VALUES:,} values in one file",
                "put the flows into a CSV or Parquet table and read it with `headwater.read_edges`",
            )

    def scalar(self, event: yaml.ScalarEvent) -> None:
        is_key = self.open and isinstance(self.open[-1].container, dict) and self.open[-1].key is None
        value: Any = event.value
        if _HALF.search(value):
            raise self.wrong(
                event, f"half a surrogate pair in {ascii(value)[:60]}", "write the character itself"
            )
        if event.implicit[0]:
            try:
                value = plain_value(value)
            except ValueError as error:
                raise self.wrong(event, *error.args) from None
        if is_key:
            self.name(event, value)
        else:
            self.attach(event, value)

    def name(self, event: yaml.ScalarEvent, value: Any) -> None:
        """Take a scalar as the key of the innermost mapping."""
        inner = self.open[-1]
        if not isinstance(value, str):
            raise self.wrong(
                event,
                f"the name {event.value or 'null'} without quotes is not text",
                f"put it in quotes: '{event.value or 'null'}'",
            )
        place = (*inner.place, value)
        if value in inner.container:
            raise self.wrong(
                event,
                f"{value!r} is here twice, first on line {self.lines[place]}",
                "remove or rename one of the two: a name means one thing",
            )
        inner.key = value
        self.lines[place] = _line(event)

    def attach(self, event: yaml.NodeEvent, value: Any) -> Place:
        """Put a value where it belongs; its path."""
        if not self.open:
            self.root = value
            return ()
        inner = self.open[-1]
        if isinstance(inner.container, list):
            place = (*inner.place, len(inner.container))
            self.lines[place] = _line(event)
            inner.container.append(value)
            return place
        if inner.key is None:
            raise self.wrong(
                event, "a list or mapping stands where a name should", "a name is text, before a colon"
            )
        place = (*inner.place, inner.key)
        inner.container[inner.key] = value
        inner.key = None
        return place

    def begin(self, event: yaml.SequenceStartEvent | yaml.MappingStartEvent) -> None:
        container: Any = [] if isinstance(event, yaml.SequenceStartEvent) else {}
        self.open.append(_Open(container, self.attach(event, container)))


def read_tree(content: str | bytes, path: str) -> Tree:
    """The values of one YAML document and their lines.

    Parameters
    ----------
    content
        Text, or bytes in UTF-8 with or without a byte order mark.
    path
        Name of the file, for errors.

    Raises
    ------
    InputError
        If it is not UTF-8 or not one YAML document, or has tags, aliases, duplicate keys,
        names that are not text, or more depth or values than a pipeline could have.
    """
    text = decode(content, path)
    if not text.strip():
        raise InputError("the file is empty", _BEGIN, path)
    if bad := _NOT_YAML.search(text):
        raise InputError(
            f"the character U+{ord(bad[0]):04X} is not allowed in YAML text",
            'remove it, or write it as an escape inside double quotes, such as "\\u0007"',
            path,
            text.count("\n", 0, bad.start()) + 1,
        )
    builder = _Builder(path)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except InputError:
        raise
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise _not_yaml(error, path) from None
    if builder.root is None:
        raise InputError("the file holds no values", _BEGIN, path)
    return Tree(builder.root, builder.lines)


_BEGIN = "a pipeline begins with `headwater: 1`; `headwater init` writes an example"


def decode(content: str | bytes, path: str) -> str:
    """Text from bytes in UTF-8; says which byte is not."""
    if isinstance(content, str):
        return content.removeprefix("\ufeff")
    encoded = content.removeprefix(codecs.BOM_UTF8)
    try:
        return encoded.decode("utf-8")
    except UnicodeDecodeError as error:
        offset = error.start + len(content) - len(encoded)
        wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        raise InputError(
            f"byte 0x{content[offset]:02x} at offset {offset} is not UTF-8"
            + (" (the file looks like UTF-16)" if wide else ""),
            "save the file in the encoding UTF-8",
            path,
            content.count(b"\n", 0, offset) + 1,
        ) from None


def _not_yaml(error: Exception, path: str) -> InputError:
    # What a scanner trips over began where its context is: an open quote, a key without colon.
    marks = [getattr(error, "problem_mark", None), getattr(error, "context_mark", None)]
    if isinstance(error, yaml.scanner.ScannerError):
        marks.reverse()
    mark = marks[0] or marks[1]
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).split("\n")[0]
    context = getattr(error, "context", None)
    return InputError(
        f"this is not YAML: {said}" + (f", {context}" if context else ""),
        "check indentation, brackets, quotes and colons on this line and the one before",
        path,
        None if mark is None else mark.line + 1,
    )
