"""What readers of provenance and of bills of materials share: labels, times, and names for ids.

How a format is laid out is the business of its reader.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from headwater.lineage.facts import Key
from headwater.lineage.reading.collecting import LONGEST_NAME

MOST_LABELS = 200
LONGEST_LABEL = 500


def text(value: object) -> str | None:
    """A JSON scalar as text that can be printed; ``None`` for nothing, objects and lists."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, str):
        return None
    # Half a surrogate pair is no character: it can be neither printed nor stored.
    return value.encode("utf-8", "replace").decode()


def labels(pairs: Iterable[tuple[str, object]]) -> dict[str, str]:
    """Labels from names and scalars, within limits; several values of one name are listed."""
    found: dict[str, str] = {}
    for name, value in pairs:
        key, said = text(name), text(value)
        if not key or len(key) > LONGEST_LABEL or said is None or not said.strip():
            continue
        if key in found:
            found[key] = f"{found[key]}, {said.strip()}"[:LONGEST_LABEL]
        elif len(found) < MOST_LABELS:
            found[key] = said.strip()[:LONGEST_LABEL]
    return found


def moment(value: object) -> str:
    """A time as ISO 8601 in UTC, empty where it is none; one without a zone is taken as UTC.

    Examples
    --------
    >>> moment("2024-06-23T12:28:41.760+01:00")
    '2024-06-23T11:28:41.760000+00:00'
    """
    if not isinstance(value, str) or not value[:4].isdigit():
        return ""
    try:
        read = datetime.fromisoformat(value.strip())
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        return ""


def strings(value: object) -> Iterator[str]:
    """The text, or the texts of the list, that a field holds; nothing else of it."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str):
            yield item


def mappings(value: object) -> Iterator[Mapping[str, object]]:
    """The object, or the objects of the list, that a field holds; nothing else of it."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            yield item


class Namer:
    """Keys of assets that their records tell apart by ids.

    An asset keeps its name alone wherever that tells it from the others of its file, or from all
    others where the name is one that every folder may have; otherwise its id is added.
    """

    def __init__(self) -> None:
        self._keys: dict[str, tuple[Key, str]] = {}
        self._owners: dict[tuple[str, Key], set[str]] = defaultdict(set)

    def add(
        self, identity: str, key: Key, file: str, *, everywhere: bool = False, mentioned: bool = False
    ) -> None:
        """Note that `file` has an asset of that identity; the first key counts.

        `everywhere` says that its name may well mean something else in another file, `mentioned` that
        it has no id, and is whatever has its name.
        """
        found, scope = self._keys.setdefault(identity, (key, "" if everywhere else file))
        if not mentioned:
            self._owners[scope, found].add(identity)

    def __contains__(self, identity: str) -> bool:
        return identity in self._keys

    def key(self, identity: str) -> Key:
        """The key of an identity that was added."""
        key, scope = self._keys[identity]
        owners = self._owners.get((scope, key), set())
        alone = identity not in owners or len(owners) == 1
        return key if alone else key._replace(name=with_id(key.name, identity))


def with_id(name: str, identity: str) -> str:
    """A name and what tells it from others of that name, at most as long as a name may be."""
    full = f"{name} ({identity})"
    if len(full) <= LONGEST_NAME:
        return full
    mark = hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:12]
    return f"{name[: LONGEST_NAME - 20]} ({mark})"
