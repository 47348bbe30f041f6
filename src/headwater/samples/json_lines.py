"""JSON Lines as streams of Arrow batches, with the line of whatever is wrong in one."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.json

from headwater.errors import InputError
from headwater.samples.formats import Table, read_as
from headwater.samples.placing import Layout, shape_of
from headwater.samples.problems import one_line

BLOCK = 2**24
"""Bytes that are parsed at once."""
LONGEST_LINE = 2**26
DEEPEST = 64
"""Lists and objects within each other: Arrow's parser takes a level of the stack for each."""

WHAT = ("file of JSON Lines", "write one JSON object a line, with the same names and types in each")
BROKEN = "a line that is no JSON object"
QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
BRACKETS = np.zeros(256, np.int64)
BRACKETS[list(b"[{")] = 1
BRACKETS[list(b"]}")] = -1


def open_json_lines(path: str, omit: bool) -> Table:
    """A file of one JSON object a line.

    Parameters
    ----------
    path
        The file; may be compressed.
    omit
        Leave out and count lines that are no JSON object.
    """
    omitted: Counter[str] = Counter()
    with read_as(path, *WHAT):
        first = next(_blocks(path), None)
    if first is None:
        raise InputError("the file is empty", WHAT[1], path)
    schema = _parse(path, *first, None, omitted if omit else None).schema
    omitted.clear()

    def line(row: int) -> int | None:
        if omitted:
            return None
        with pa.input_stream(path, compression="detect") as stream:
            for number, text in enumerate(io.BufferedReader(cast(Any, stream)), start=1):
                row -= bool(text.strip())
                if row < 0:
                    return number
        return None

    def batches(layout: Layout) -> Iterator[Any]:
        types = pa.schema([(name, _type(layout, name, schema.field(name).type)) for name in layout.read])
        for lines, content in _blocks(path):
            table = _parse(path, lines, content, types, omitted if omit else None)
            if layout.kind == "numeric" and not layout.ignored:
                _check_names(path, lines, content, layout, table.column_names)
            yield from table.select(layout.read).combine_chunks().to_batches()

    return Table(path, schema, batches, False, line, omitted)


def _type(layout: Layout, name: str, found: Any) -> Any:
    """As the column's meaning wants it: whole numbers may be followed by others, dates are strings."""
    if pa.types.is_temporal(found):
        return pa.string()
    shape = shape_of(found)
    if name in layout.values and layout.kind == "numeric":
        return found if pa.types.is_boolean(found) else layout.types[name]
    if name in layout.values and pa.types.is_null(found):
        return pa.string()
    return pa.float64() if shape == "number" and name == layout.generation else found


def _check_names(path: str, before: int, content: bytes, layout: Layout, names: list[str]) -> None:
    """Refuse a name that the first lines did not have, where all of them are features."""
    new = set(names) - set(layout.read)
    for at, line in enumerate(content.split(b"\n") if new else ()):
        if line.strip() and not new.isdisjoint(json.loads(line)):
            raise InputError(
                f"the name {one_line(min(new), 60)!r} is not in the first lines",
                "give every line the same names, or name the features (--features)",
                path,
                before + at + 1,
            )


def _blocks(path: str) -> Iterator[tuple[int, bytes]]:
    """Whole lines, and how many lines were before them."""
    before, rest = 0, b""
    with read_as(path, *WHAT), pa.input_stream(path, compression="detect") as stream:
        while part := stream.read(BLOCK):
            end = part.rfind(b"\n") + 1
            if end == 0:
                rest += part
                if len(rest) > LONGEST_LINE:
                    raise InputError(f"a line of more than {LONGEST_LINE:,} bytes", WHAT[1], path, before + 1)
                continue
            content, rest = rest + part[:end], part[end:]
            if content.strip():
                yield before, content
            before += content.count(b"\n")
    if rest.strip():
        yield before, rest


def _parse(path: str, before: int, content: bytes, schema: Any, omitted: Counter[str] | None) -> Any:
    try:
        _check(path, before, content)
        return _table(content, schema)
    except (pa.ArrowException, InputError) as error:
        broken = _broken(content)
        if broken and omitted is not None:
            omitted[BROKEN] += len(broken)
            lines = content.split(b"\n")
            kept = b"\n".join(line for at, line in enumerate(lines) if at not in broken)
            if not kept.strip():
                raise InputError("no line is a JSON object", WHAT[1], path) from None
            return _parse(path, before, kept, schema, None)
        if isinstance(error, InputError):
            raise
        if broken:
            at = min(broken)
            raise InputError(
                f"the line is no JSON object: {broken[at]}", WHAT[1], path, before + at + 1
            ) from None
        raise _mixed(path, before, content, schema, error) from None


def _table(content: bytes, schema: Any) -> Any:
    return pa.json.read_json(
        cast(Any, pa.BufferReader(content)),
        pa.json.ReadOptions(use_threads=False, block_size=len(content) + 1),
        pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="infer"),
    )


def _check(path: str, before: int, content: bytes) -> None:
    """Refuse what Arrow would read as if it were right, and what it cannot survive."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = before + content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"the byte 0x{content[error.start]:02x} is not UTF-8",
            "save the file in the encoding UTF-8",
            path,
            line,
        ) from None
    if content.count(b"[") + content.count(b"{") <= DEEPEST:
        return
    for at, text in enumerate(content.split(b"\n")):
        if text.count(b"[") + text.count(b"{") > DEEPEST and _depth(text) > DEEPEST:
            raise InputError(f"lists within lists, more than {DEEPEST} deep", WHAT[1], path, before + at + 1)


def _depth(line: bytes) -> int:
    bare = np.frombuffer(QUOTED.sub(b"", line), np.uint8)
    return int(np.cumsum(BRACKETS[bare]).max(initial=0))


def _broken(content: bytes) -> dict[int, str]:
    """Lines that are no JSON object, by their number in the block, and why."""
    broken = {}
    for at, line in enumerate(content.split(b"\n")):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            broken[at] = one_line(str(error), 80)
            continue
        if not isinstance(value, dict):
            broken[at] = f"it is {one_line(line.decode(), 40)}"
        elif _depth(line) > DEEPEST:
            broken[at] = f"lists within lists, more than {DEEPEST} deep"
    return broken


def _mixed(path: str, before: int, content: bytes, schema: Any, error: Exception) -> InputError:
    """The first line that Arrow refuses after those before it."""
    lines = [(at, line) for at, line in enumerate(content.split(b"\n")) if line.strip()]
    low, high = 0, len(lines)
    # the shortest beginning that is refused ends with the line that is wrong
    while high - low > 1:
        middle = (low + high) // 2
        try:
            _table(b"\n".join(line for _, line in lines[:middle]), schema)
            low = middle
        except pa.ArrowException:
            high = middle
    place = before + lines[high - 1][0] + 1
    reason = re.sub(r"^JSON parse error: | in row \d+$", "", one_line(str(error)))
    return InputError(f"the line does not fit those before it: {reason}", WHAT[1], path, place)
