"""A ledger: entries appended to a book, each holding those before it in place, and read back.

Where the book is kept is the business of `storing`, what runs of training say that of `runs`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from headwater import extras
from headwater.errors import InputError
from headwater.ledger import marks, runs
from headwater.ledger.auditing import Audit, Auditor, Row
from headwater.ledger.chain import (
    GENESIS,
    LAST,
    Entry,
    canonical,
    check_hash,
    check_key,
    check_kind,
    check_number,
    hash_of,
    is_hash,
    well_formed,
)
from headwater.ledger.datasets import Content, Dataset

if TYPE_CHECKING:
    from sqlalchemy import Connection

Item = tuple[str, Mapping[str, Any], str | None]
"""Kind, body and key of an entry to be."""

_ITEMS = "write a list of triples: kind, body, and a key or None"

PAGE = 200
"""Entries read at once: a body may be large."""


class Ledger:
    """An append-only book of who trained on what.

    Every call is committed and on disk when it returns. Several threads and processes may
    append to one book at once.

    Parameters
    ----------
    place
        Path of an SQLite file, or a URL: ``sqlite:///ledger.db``,
        ``postgresql://user@host/database``. A book that is not there is begun.
    read_only
        Neither begin a book nor write to it.

    Raises
    ------
    InputError
        If there is something else at that place, or nothing to be read.
    OutputError
        If a book cannot be begun there.
    MissingExtra
        If SQLAlchemy, or psycopg for PostgreSQL, is not installed.
    """

    def __init__(self, place: str | os.PathLike[str], *, read_only: bool = False) -> None:
        extras.load("sqlalchemy", "a ledger")
        from headwater.ledger.storing import Store

        self._store = Store(place, read_only)

    @property
    def name(self) -> str:
        """Path or URL of the book, without a password."""
        return self._store.shown

    def __repr__(self) -> str:
        return f"Ledger({self.name!r})"

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the book; the next call opens it again."""
        self._store.close()

    def append(self, kind: str, body: Mapping[str, Any], key: str | None = None) -> Entry:
        """Write one entry; where its key is in the book already, the entry that has it.

        Raises
        ------
        InputError
            If the kind is unknown, or the body is no JSON.
        OutputError
            If it cannot be written; the book is then as it was.
        """
        written = self.append_many([(kind, body, key)])[0]
        if written is not None:
            return written
        return self._keyed(str(key))

    def append_many(self, items: Sequence[Item]) -> list[Entry | None]:
        """Write entries in one transaction: all or none; ``None`` for each whose key the book has.

        Raises
        ------
        InputError
            If a kind is unknown, or a body is no JSON.
        OutputError
            If they cannot be written; the book is then as it was.
        """
        checked = _checked(items)
        if not checked:
            return []
        with self._store.writing() as connection:
            return _write(connection, checked, self.name)

    def entries(self, after: int = 0, kind: str | None = None) -> Iterator[Entry]:
        """Entries with a number above `after`, in order, up to the last one there is at the first step.

        No transaction is open between two steps.

        Raises
        ------
        InputError
            If the kind is unknown or `after` no number, or an entry is not what was written.
        """
        if kind is not None:
            check_kind(kind)
        return self._entries(check_number(after), kind)

    def _entries(self, after: int, kind: str | None) -> Iterator[Entry]:
        last = self._last_number()
        while after < last:
            page = self._page(after, last, kind)
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1].number

    def head(self) -> tuple[int, str]:
        """Number and hash of the last entry; 0 and the genesis value where there is none."""
        with self._store.reading() as connection:
            return _head(connection, self.name)

    def training(
        self, model: str, *, generation: int | None = None, labels: Mapping[str, str] | None = None
    ) -> AbstractContextManager[runs.Run]:
        """A run of training, to say in a `with` block what it reads and writes.

        It has finished when the block ends, and failed where an exception leaves the block.

        Parameters
        ----------
        model
            Name of the model that is trained, the same in every generation.
        generation
            Its round of retraining; ``None``: unknown.
        labels
            Whatever else is to be kept, such as parameters.
        """
        return runs.training(self, model, generation, labels)

    def vouch(self, dataset: Content, *, by: str, note: str = "") -> Entry:
        """Write down who vouches that a dataset is real: made by no model."""
        return self.append("vouched", runs.vouched(Dataset.of(dataset), by, note))

    def mark(self, dataset: Content, kind: str, evidence: marks.Evidence) -> Entry:
        """Write down evidence on whether models made a dataset.

        Parameters
        ----------
        kind, evidence
            ``c2pa``: what c2patool prints, as a JSON file or a mapping, or a list of them.
            ``croissant``: a JSON-LD file or a mapping. ``card``: a Hugging Face card, as a file
            or the mapping of its head.

        Raises
        ------
        InputError
            If the evidence cannot be read as what it should be.
        """
        return self.append("marked", marks.marked(Dataset.of(dataset), kind, evidence))

    def audit(self, head: str | None = None) -> Audit:
        """Hold every entry against its hash and its neighbours.

        Parameters
        ----------
        head
            Hash of an entry, kept elsewhere: the audit then also finds that the book was cut
            off before it, or written anew.
        """
        auditor = Auditor(check_hash(head))
        for row in self._rows():
            auditor.take(row)
        return auditor.audit()

    def _last_number(self) -> int:
        with self._store.reading() as connection:
            row = _last(connection)
        return int(row[0]) if row else 0

    def _rows(self) -> Iterator[Row]:
        """Every row there is, as the database has it, whatever its number."""
        last = self._last_number()
        page = self._read(None, last, None)
        while page:
            yield from page
            page = self._read(page[-1][0], last, None)

    def _page(self, after: int, last: int, kind: str | None) -> list[Entry]:
        return [_entry(row, self.name) for row in self._read(after, last, kind)]

    def _read(self, after: int | None, last: int, kind: str | None) -> Sequence[Row]:
        from sqlalchemy import select

        from headwater.ledger.tables import ENTRIES

        columns = ENTRIES.c
        wanted = select(ENTRIES).where(columns.number <= last)
        if after is not None:
            wanted = wanted.where(columns.number > after)
        if kind is not None:
            wanted = wanted.where(columns.kind == kind)
        with self._store.reading() as connection:
            return connection.execute(wanted.order_by(columns.number).limit(PAGE)).all()

    def _keyed(self, key: str) -> Entry:
        from sqlalchemy import select

        from headwater.ledger.tables import ENTRIES

        with self._store.reading() as connection:
            row = connection.execute(select(ENTRIES).where(ENTRIES.c.key == key)).one()
        return _entry(row, self.name)


def _checked(items: object) -> list[tuple[str, str, str | None]]:
    if isinstance(items, (str, bytes, Mapping)) or not isinstance(items, Iterable):
        raise InputError(f"the items are {type(items).__name__}", _ITEMS)
    checked = []
    for item in items:
        if not isinstance(item, (tuple, list)) or len(item) != 3:
            raise InputError(f"an item is {type(item).__name__}, and no triple", _ITEMS)
        kind, body, key = item
        check_kind(kind)
        check_key(key)
        checked.append((kind, canonical(body), key))
    return checked


def _entry(row: Row, place: str) -> Entry:
    number, previous, hash_, kind, key, text, at = row
    try:
        body = json.loads(text) if well_formed(row) else None
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise _altered(number, place)
    return Entry(number, previous, hash_, kind, key, body, at)


def _altered(number: object, place: str) -> InputError:
    return InputError(
        f"entry {number!r:.60} is not what was written",
        "find out what was changed: headwater ledger audit",
        place,
    )


def _last(connection: Connection) -> Row | None:
    from sqlalchemy import select

    from headwater.ledger.tables import ENTRIES

    last = select(ENTRIES.c.number, ENTRIES.c.hash).order_by(ENTRIES.c.number.desc()).limit(1)
    return connection.execute(last).first()


def _head(connection: Connection, place: str) -> tuple[int, str]:
    row = _last(connection)
    if row is None:
        return 0, GENESIS
    number, hash_ = row
    if not isinstance(number, int) or not 0 < number < LAST or not is_hash(hash_):
        # Whatever were written after it would hold it in place.
        raise _altered(number, place)
    return number, hash_


def _write(
    connection: Connection, items: Sequence[tuple[str, str, str | None]], place: str
) -> list[Entry | None]:
    from headwater.ledger.tables import ENTRIES

    number, previous = _head(connection, place)
    known = _known(connection, [key for _, _, key in items if key is not None])
    at = datetime.now(UTC).isoformat(timespec="microseconds")
    rows: list[dict[str, Any]] = []
    written: list[Entry | None] = []
    for kind, body, key in items:
        if key in known:
            written.append(None)
            continue
        if key is not None:
            known.add(key)
        number += 1
        hash_ = hash_of(number, previous, kind, key, body, at)
        row = (number, previous, hash_, kind, key, body, at)
        rows.append(dict(zip(ENTRIES.columns.keys(), row, strict=True)))
        written.append(Entry(number, previous, hash_, kind, key, json.loads(body), at))
        previous = hash_
    if rows:
        connection.execute(ENTRIES.insert(), rows)
    return written


def _known(connection: Connection, keys: Sequence[str]) -> set[str]:
    """Which keys are in the book."""
    from sqlalchemy import select

    from headwater.ledger.tables import ENTRIES

    found: set[str] = set()
    for start in range(0, len(keys), 500):
        some = select(ENTRIES.c.key).where(ENTRIES.c.key.in_(keys[start : start + 500]))
        found.update(key for key in connection.execute(some).scalars() if key is not None)
    return found
