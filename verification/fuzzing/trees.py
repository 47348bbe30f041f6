"""Spoiling values in a tree: wrong types, huge numbers, deep nesting, keys twice or gone, half characters.

Trees are read from JSON or YAML and written as JSON, which is YAML too; objects are lists of pairs
here, so that a key can come twice, and `Raw` text is written as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from random import Random
from typing import Any

import yaml


class Pairs(list[Any]):
    """An object: a list of ``[key, value]``."""


class Raw(str):
    """Text that is written without quotes, whatever it is."""


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

HALF = "half \ud800 character"

_WRONG: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    3.7,
    2**31,
    2**63,
    -(2**64),
    10**30,
    "",
    " ",
    "0",
    "-1",
    "1e5",
    "None",
    "generator",
    "\x00",
    "a\nb",
    "\u202e\u200b",
    "\U0001f4a5",
    "İ",
    HALF,
    "\udfff",
    "x" * 600,
    "long " * 20_000,
    "../../../etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "https://example.org/x",
    "s3://bucket/data.csv",
    "models:/m/3",
    "2026-02-30T99:00:00Z",
    "9999-12-31T23:59:59+14:00",
    "0001-01-01T00:00:00+14:00",
    "[1, 2]",
    '{"num_rows": "many"}',
    '{"num_rows": 1e999}',
    "[" * 5000,
    Raw("1e999"),
    Raw("-1e999"),
    Raw("NaN"),
    Raw("1E400000000"),
    Raw("9" * 5000),
    Raw("[" * 99 + "]" * 99),
    Raw("[" * 2000 + "]" * 2000),
    Raw('{"a":' * 400 + "1" + "}" * 400),
    Raw('"\\ud800\\u0041"'),
)
_WRONG_YAML = (
    Raw("!!python/object/apply:os.system ['false']"),
    Raw("!!binary not-base64"),
    Raw("!!timestamp never"),
    Raw("!!int ten"),
    Raw("!!float 1:2:x"),
    Raw("!!set {a, b}"),
    Raw("&a [*a]"),
    Raw("&a {b: *a}"),
    Raw("*nowhere"),
    Raw("0b"),
    Raw("0o9"),
    Raw("1_0_0"),
    Raw("190:20:30"),
    Raw(".inf"),
    Raw(".nan"),
    Raw("2026-13-45"),
    Raw("0001-01-01T00:00:00+23:59"),
    Raw("~"),
    Raw("=" * 3),
    Raw("{<<: [{a: 1}, 3]}"),
    Raw("{? [a, b] : c}"),
)


def spoil_json(data: bytes, rng: Random) -> bytes | None:
    """JSON with some values changed, or a line of it where each line is one; nothing if it is no JSON."""
    try:
        tree = json.loads(data, object_pairs_hook=_pairs)
    except (ValueError, RecursionError):
        return _spoil_line(data, rng)
    return _spoilt(tree, rng, _WRONG)


def _spoil_line(data: bytes, rng: Random) -> bytes | None:
    lines = data.split(b"\n")
    if len(lines) < 2:
        return None
    at = rng.randrange(len(lines))
    try:
        tree = json.loads(lines[at], object_pairs_hook=_pairs)
    except (ValueError, RecursionError):
        return None
    lines[at] = _spoilt(tree, rng, _WRONG).replace(b"\n", b" ")
    return b"\n".join(lines)


def spoil_yaml(data: bytes, rng: Random) -> bytes | None:
    """YAML, written as JSON, with some values changed; nothing if it is no YAML."""
    text = _as_json(data)
    if text is None:
        return None
    return _spoilt(json.loads(text, object_pairs_hook=_pairs), rng, (*_WRONG, *_WRONG_YAML))


def spoil_card(data: bytes, rng: Random) -> bytes | None:
    """A card with some values of the YAML between its first two rules changed."""
    parts = data.split(b"---\n", 2)
    if len(parts) < 3 or parts[0].strip():
        return None
    made = spoil_yaml(parts[1], rng)
    return None if made is None else b"---\n" + made + b"\n---\n" + parts[2]


@lru_cache(maxsize=4096)
def _as_json(data: bytes) -> str | None:
    try:
        return json.dumps(yaml.load(data, Loader=_LOADER), default=str)
    # The library's own readers of dates and numbers raise whatever comes where one is malformed.
    except (
        yaml.YAMLError,
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
        ArithmeticError,
        RecursionError,
    ):
        return None


def _pairs(found: list[tuple[str, Any]]) -> Pairs:
    return Pairs([key, value] for key, value in found)


def _spoilt(tree: Any, rng: Random, wrong: tuple[Any, ...]) -> bytes:
    whole = [tree]
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        slots = list(_slots(whole))
        _change(*rng.choice(slots), slots, rng, wrong)
    text = "".join(_spelled(whole[0], rng.random() < 0.3))
    return text.encode(errors="surrogatepass")


def _slots(container: list[Any]) -> Iterator[tuple[list[Any], int]]:
    """Every place in the tree that holds a value: a list, and where in it."""
    open_ = [container]
    while open_:
        here = open_.pop()
        for at, item in enumerate(here):
            # The value of a pair; a key is a place of its own only in renaming.
            holder, index = (item, 1) if isinstance(here, Pairs) else (here, at)
            yield holder, index
            if isinstance(holder[index], list):
                open_.append(holder[index])


def _change(
    holder: list[Any], at: int, slots: list[tuple[list[Any], int]], rng: Random, wrong: tuple[Any, ...]
) -> None:
    value = holder[at]
    what = rng.randrange(8)
    if what <= 2 or (what >= 5 and not (isinstance(value, list) and value)):
        holder[at] = rng.choice(wrong)
    elif what == 3:
        other, index = rng.choice(slots)
        # A value inside itself could not be written.
        holder[at] = json.loads("".join(_spelled(other[index], True, True)), object_pairs_hook=_pairs)
    elif what == 4:
        holder[at] = [value] if rng.random() < 0.5 else Pairs([["value", value]])
    elif what == 5:
        del value[rng.randrange(len(value))]
    elif what == 6:
        item = value[rng.randrange(len(value))]
        value.append([item[0], rng.choice(wrong)] if isinstance(value, Pairs) else item)
    elif isinstance(value, Pairs):
        value[rng.randrange(len(value))][0] = rng.choice(("", HALF, "@type", "name", "k" * 5000, "a/b~c"))
    else:
        rng.shuffle(value)


def _spelled(value: Any, ascii_only: bool, plain: bool = False) -> Iterator[str]:
    """The text of a tree; `plain`: without what is no JSON, for a copy."""
    if isinstance(value, Raw):
        yield "0" if plain else str(value)
    elif isinstance(value, Pairs):
        yield "{"
        for at, (key, item) in enumerate(value):
            yield f"{', ' if at else ''}{json.dumps(key, ensure_ascii=ascii_only)}: "
            yield from _spelled(item, ascii_only, plain)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for at, item in enumerate(value):
            yield ", " if at else ""
            yield from _spelled(item, ascii_only, plain)
        yield "]"
    else:
        yield json.dumps(value, ensure_ascii=ascii_only)
