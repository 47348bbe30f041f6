"""Where a book is kept: an SQLite file or a PostgreSQL database, opened so that a commit is on disk.

Also home of the words for whatever a database may refuse, without passwords. What an entry
says is the business of `chain`.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from headwater import extras
from headwater.errors import HeadwaterError, InputError, OutputError
from headwater.ledger.forking import Gate
from headwater.ledger.tables import LAYOUT, METADATA, TRIGGERS, VERSION

PATIENCE = 60.0
"""Seconds to wait for other writers."""

_LOCK = 0x6865616477617465
"""Of writers on PostgreSQL, held until the transaction ends."""

_PERMISSION = "check that it and its folder may be read and written"
_KNOWN = "a path such as ledger.db, or postgresql://user@host/database"


def address(place: str | os.PathLike[str]) -> URL:
    """The URL of a book; what is no URL is the path of an SQLite file.

    Raises
    ------
    InputError
        If it is a URL of something else.
    """
    spelled = os.fspath(place) if isinstance(place, (str, os.PathLike)) else None
    if not isinstance(spelled, str) or not spelled.strip() or "\0" in spelled:
        raise InputError("the place of a ledger is empty or not text", f"write {_KNOWN}")
    if spelled == ":memory:":
        raise InputError("a ledger in memory would be lost", f"write {_KNOWN}")
    if "://" not in spelled:
        return URL.create("sqlite", database=spelled)
    try:
        url = make_url(spelled)
    except (ArgumentError, ValueError):
        # The URL itself is not shown: it may hold a password.
        scheme = _quoted(spelled.partition("://")[0])
        raise InputError(f"the URL {scheme}://... cannot be read", f"write {_KNOWN}") from None
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        if url.database in (None, "", ":memory:") or url.query:
            raise InputError(f"{url.drivername}://... names no file", "write sqlite:///ledger.db")
        return url.set(drivername="sqlite")
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    raise InputError(f"no ledger is kept in {_quoted(url.drivername)}://...", f"write {_KNOWN}")


def _quoted(scheme: str) -> str:
    """The start of a URL, as far as it may be shown."""
    return ascii(scheme)[1:-1][:40]


def shown(url: URL) -> str:
    """A URL without its password and options, or the path of a file."""
    if url.drivername == "sqlite":
        return ascii(url.database)[1:-1] if not str(url.database).isprintable() else str(url.database)
    where = f"{url.host or ''}{f':{url.port}' if url.port else ''}"
    user = f"{url.username}@" if url.username else ""
    return f"postgresql://{user}{where}/{url.database or ''}"


class Store:
    """An opened book: transactions to read in and to write in.

    Raises
    ------
    InputError
        If there is no book, or something else, or one of a newer layout.
    OutputError
        If a new book cannot be made there.
    """

    def __init__(self, place: str | os.PathLike[str], read_only: bool) -> None:
        self.url = address(place)
        self.shown = shown(self.url)
        self.sqlite = self.url.drivername == "sqlite"
        self.read_only = read_only
        self._opened_once = False
        # Threads that write take turns here, and not each with a connection of its own.
        self._turn = threading.Lock()
        self._engine = self._opened()
        _OPEN.add(self)
        # A ledger that nobody closed is closed when nobody has it any more.
        weakref.finalize(self, self._engine.dispose)
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise
        self._opened_once = True

    def close(self) -> None:
        """Let go of idle connections; the next use opens new ones."""
        self._engine.dispose()

    def renew(self) -> None:
        """In a child process: leave the locks and connections of the parent alone, and take new ones."""
        self._turn = threading.Lock()
        self._engine.dispose(close=False)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the book."""
        with _GATE.passing(), self._told(), self._engine.connect() as connection:
            if not self.sqlite:
                # Otherwise every statement would see what was committed since the one before.
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that no other writer is in; on disk when it ends without an error."""
        if self.read_only:
            raise OutputError(f"{self.shown}: the ledger was opened for reading", "open it without read_only")
        with self._turn, _GATE.passing(), self._told(), self._engine.connect() as connection:
            alone = connection.execution_options(headwater_writes=True)
            with alone.begin():
                if not self.sqlite:
                    alone.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                yield alone

    def _opened(self) -> Engine:
        if not self.sqlite:
            extras.load("psycopg", "a ledger on PostgreSQL")
            # Whatever the server's default: a writer must see what was committed while it waited for
            # the lock, which in a stricter level it does not.
            engine = create_engine(
                self.url,
                pool_pre_ping=True,
                isolation_level="READ COMMITTED",
                connect_args={"connect_timeout": 10},
            )
            event.listen(engine, "connect", _make_durable)
            return engine
        try:
            # found again even if the process changes its folder
            path = Path(str(self.url.database)).resolve()
            self._check_file(path)
        except HeadwaterError:
            raise
        except (OSError, RuntimeError) as error:
            # A loop of links is a RuntimeError to some versions of Python.
            said = (error.strerror if isinstance(error, OSError) else None) or "its links lead in a circle"
            raise InputError(f"the ledger cannot be opened: {said}", _PERMISSION, self.shown) from None
        connect = partial(_sqlite, path, self.read_only)
        engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)
        event.listen(engine, "begin", _begin)
        return engine

    def _check_file(self, path: Path) -> None:
        """Raise where SQLite would say only that it cannot open the file."""
        if path.is_dir():
            raise InputError("this is a folder, not a ledger", "name a file in it", self.shown)
        if path.exists() and not path.is_file():
            raise InputError("this is no regular file", "name another file", self.shown)
        if path.exists():
            return
        if self.read_only:
            raise InputError("there is no such ledger", "check the spelling and the folder", self.shown)
        if not path.parent.is_dir():
            raise OutputError(f"{self.shown}: there is no folder for the ledger", "make the folder first")

    def _prepare(self) -> None:
        """Make the tables where there are none, and refuse what is no book or a newer one."""
        with self.reading() as connection:
            names = set(inspect(connection).get_table_names())
        if METADATA.tables.keys() <= names:
            return self._check_layout()
        if self.sqlite and names and not names & METADATA.tables.keys():
            raise InputError(
                f"this SQLite file holds something else: {min(map(str, names))[:60]!r}",
                "name another file",
                self.shown,
            )
        if self.read_only:
            raise InputError("there is no ledger in it", "check the spelling", self.shown)
        if self.sqlite:
            self._keep_log()
        with self.writing() as connection:
            # another process may have made them since
            if METADATA.tables.keys() <= set(inspect(connection).get_table_names()):
                return None
            METADATA.create_all(connection)
            for statement in TRIGGERS[connection.dialect.name]:
                connection.exec_driver_sql(statement)
            connection.execute(LAYOUT.insert(), {"version": VERSION})
        return None

    def _check_layout(self) -> None:
        with self.reading() as connection:
            versions = connection.execute(select(LAYOUT.c.version)).scalars().all()
        if versions != [VERSION]:
            newer = any(isinstance(found, int) and found > VERSION for found in versions)
            said = ", ".join(repr(found)[:40] for found in versions[:3]) or "none"
            raise InputError(
                f"the ledger has layout {said}, and this version of Headwater reads layout {VERSION}",
                "update Headwater" if newer else "name another file",
                self.shown,
            )

    def _keep_log(self) -> None:
        """Turn write-ahead logging on, which asks for the file alone and does not wait for it by itself."""
        until = time.monotonic() + PATIENCE
        while not self._logs_ahead(until):
            time.sleep(0.01)

    def _logs_ahead(self, until: float) -> bool:
        with _GATE.passing(), self._told(), self._engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            try:
                raw.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                return False
        return True

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in one error of ours whatever the database refuses."""
        try:
            yield
        except HeadwaterError:
            raise
        except DBAPIError as error:
            raise self._error(error.orig) from None
        except sqlite3.Error as error:
            raise self._error(error) from None
        except SQLAlchemyError as error:
            raise OutputError(f"{self.shown}: {_first_line(error)}", _AGAIN) from None
        except UnicodeError:
            # Of what SQLite says about a damaged file, which quotes it.
            raise InputError("this is no ledger, or a damaged one", "name another file", self.shown) from None

    def _error(self, error: BaseException | None) -> HeadwaterError:
        if isinstance(error, sqlite3.Error):
            return _of_sqlite(error, self.shown)
        secrets = (str(self.url.password or ""), str(self.url.query.get("password", "")))
        return _of_postgresql(error, self.shown, secrets, self._opened_once)


_GATE = Gate()
_OPEN: weakref.WeakSet[Store] = weakref.WeakSet()


def _before_fork() -> None:
    _GATE.shut(PATIENCE)
    for store in list(_OPEN):
        store.close()


def _in_child() -> None:
    _GATE.renew()
    for store in list(_OPEN):
        store.renew()


os.register_at_fork(before=_before_fork, after_in_parent=_GATE.reopen, after_in_child=_in_child)


def _sqlite(path: Path, read_only: bool) -> sqlite3.Connection:
    """A connection whose transactions are begun by us, and whose commits wait for the disk."""
    mode = "mode=ro" if read_only else "mode=rwc"
    log = path.with_name(f"{path.name}-wal")
    if read_only and not os.path.exists(log) and not os.access(path.parent, os.W_OK):
        # Where no file may be made beside it, nobody can be writing either.
        mode += "&immutable=1"
    place = f"{path.as_uri()}?{mode}"
    connection = sqlite3.connect(
        place, uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False
    )
    # An audit must be able to look at whatever someone wrote into the file.
    connection.text_factory = lambda data: data.decode(errors="surrogateescape")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _begin(connection: Connection) -> None:
    # A reader that turned writer half way could be refused with no way to wait.
    writes = connection.get_execution_options().get("headwater_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _make_durable(connection: Any, _: object) -> None:
    """Where the server would answer before a commit is on disk, ask it not to."""
    if connection.execute("SHOW synchronous_commit").fetchone()[0] == "off":
        connection.execute("SET synchronous_commit = on")
    connection.commit()


_AGAIN = "the ledger holds what was committed before: repeat this call when that is mended"
_UNSURE = "whether it had been written already is unknown, and a key makes it safe to send again"


_NO_LEDGER = (
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_CORRUPT,
    # A statement that fails on its own tables meets tables of another make.
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_SCHEMA,
    sqlite3.SQLITE_MISMATCH,
)


def _of_sqlite(error: sqlite3.Error, place: str) -> HeadwaterError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _NO_LEDGER:
        return InputError(f"this is no ledger, or a damaged one: {error}", "name another file", place)
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return OutputError(f"{place}: the ledger cannot be written: {error}", f"free space; {_AGAIN}")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return OutputError(f"{place}: another process has kept the ledger locked for too long", _AGAIN)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return OutputError(f"{place}: the ledger may only be read", "ask its owner, or `chmod u+w` it")
    if code == sqlite3.SQLITE_CANTOPEN:
        return InputError("the ledger cannot be opened", _PERMISSION, place)
    return OutputError(f"{place}: {_first_line(error)}", _AGAIN)


def _of_postgresql(
    error: BaseException | None, place: str, secrets: tuple[str, ...], opened: bool
) -> HeadwaterError:
    said = _first_line(error)
    for secret in filter(None, secrets):
        said = said.replace(secret, "***")
    state = getattr(error, "sqlstate", None)
    if state is not None and not state.startswith(("08", "28", "3D", "57P")):
        return OutputError(f"{place}: {said}", _AGAIN)
    if opened:
        return OutputError(f"{place}: the database was lost: {said}", f"{_AGAIN}; {_UNSURE}")
    return InputError(f"the database cannot be opened: {said}", "check the URL and the server", place)


def _first_line(error: BaseException | None) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
