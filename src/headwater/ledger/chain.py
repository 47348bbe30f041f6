"""What an entry is, how it is spelled, and how its hash holds it and all before it in place.

Nothing here reads or writes a book.
"""

from __future__ import annotations

import hashlib
import json
import math
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headwater.errors import InputError

GENESIS = hashlib.sha256(b"headwater ledger 1").hexdigest()
"""What the first entry names as the hash before it."""

KINDS = (
    "run-started",
    "used",
    "wrote",
    "vouched",
    "marked",
    "run-finished",
    "run-failed",
    "openlineage",
)

LARGEST_BODY = 4 * 2**20
LONGEST_KEY = 500
DEEPEST = 100
LAST = 2**62
"""Numbers are below this, so that there is always a next one."""

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the book.

    Attributes
    ----------
    number
        From 1, without a gap.
    previous, hash
        Hash of the entry before, and of this one: `hash_of`.
    kind
        One of `KINDS`.
    key
        What makes it the same entry when it is sent again; ``None``: nothing does.
    body
        What it says: what JSON can hold.
    at
        When it was written: ISO 8601, UTC.
    """

    number: int
    previous: str
    hash: str
    kind: str
    key: str | None
    body: Mapping[str, Any]
    at: str


def hash_of(number: int, previous: str, kind: str, key: str | None, body: str, at: str) -> str:
    """SHA-256, in hex, of the canonical JSON of the list of these; `body` is canonical JSON already."""
    before = f"{number},{json.dumps(previous)},{json.dumps(kind)},{json.dumps(key)}"
    return hashlib.sha256(f"[{before},{body},{json.dumps(at)}]".encode()).hexdigest()


def well_formed(row: Sequence[Any]) -> bool:
    """Whether a row is of a number and texts, as every row of a book; its hash is not looked at."""
    number, previous, hash_, kind, key, body, at = row
    texts = (previous, hash_, kind, body, at)
    return (
        isinstance(number, int)
        and all(isinstance(each, str) and each.isascii() for each in texts)
        and (key is None or (isinstance(key, str) and not _UNPRINTABLE.search(key)))
    )


def canonical(body: object) -> str:
    """The one spelling of a body: ASCII, sorted keys, no blanks.

    Raises
    ------
    InputError
        If it is no mapping, holds what JSON cannot hold, nests deeper than `DEEPEST`, or is
        longer than `LARGEST_BODY`.
    """
    if not isinstance(body, Mapping):
        raise InputError(f"the body of an entry is {type(body).__name__}", "write a mapping")
    try:
        text = json.dumps(_plain(body, 0), sort_keys=True, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"the body of an entry cannot be written as JSON: {error}", "leave the value out"
        ) from None
    if len(text) > LARGEST_BODY:
        raise InputError(
            f"the body of an entry has {len(text):,} characters",
            f"at most {LARGEST_BODY:,}: record a hash of what is large, or split it",
        )
    return text


def _plain(value: Any, depth: int) -> Any:
    """`value` with mappings as dictionaries and sequences as lists, if JSON can hold it unchanged."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if depth < DEEPEST and isinstance(value, Mapping):
        strange = [key for key in value if not isinstance(key, str)]
        if strange:
            raise InputError(f"the key {strange[0]!r:.60} of a body is not text", "write it as text")
        return {key: _plain(each, depth + 1) for key, each in value.items()}
    if depth < DEEPEST and isinstance(value, (list, tuple)):
        return [_plain(each, depth + 1) for each in value]
    raise InputError(
        f"a body holds {value!r:.60}",
        f"what JSON can hold: texts, finite numbers, true, false, null, lists and mappings, {DEEPEST} deep",
    )


def check_kind(kind: object) -> None:
    """Raise `InputError` where an entry's kind is unknown."""
    if kind not in KINDS:
        raise InputError(f"no entry is of kind {kind!r:.60}", f"known: {', '.join(KINDS)}")


def check_number(after: Any) -> int:
    """The number of an entry, or 0; `InputError` for all else."""
    try:
        number = operator.index(after)
    except TypeError:
        number = -1
    if isinstance(after, bool) or not 0 <= number < LAST:
        given = f"{number:.2g}" if isinstance(after, int) and abs(number) < 10**300 else type(after).__name__
        raise InputError(f"after={given} is no number of an entry", "write a whole number, at least 0")
    return number


def check_key(key: object) -> None:
    """Raise `InputError` where an entry's key is no short text."""
    if key is None:
        return
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY or _UNPRINTABLE.search(key):
        raise InputError(
            f"the key of an entry is {key!r:.60}",
            f"write a text of 1 to {LONGEST_KEY} characters, without control characters, or None",
        )


def is_hash(value: object) -> bool:
    """Whether it is a hash as a book writes it."""
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def check_hash(head: object) -> str | None:
    """A hash in small letters, or ``None``; `InputError` for all else."""
    if head is None:
        return None
    if not isinstance(head, str) or not re.fullmatch("[0-9a-fA-F]{64}", head.strip()):
        raise InputError(
            f"head {head!r:.80} is no hash", "write the 64 hexadecimal digits that an audit printed"
        )
    return head.strip().lower()
