"""A place for a book: a file, and a database of a PostgreSQL server that is started for the tests."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

SECRET = "open-sesame"
"""Password of the role `guarded`; every other role needs none."""


@pytest.fixture(scope="session")
def server():
    """Folder of the socket of a real PostgreSQL server; skips with the reason where there is none."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL server here: initdb is neither on PATH nor in /usr/lib/postgresql")
    user = _unprivileged()
    # A socket's path has at most 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    process = None
    try:
        if user:
            os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        process = _started(programs, folder, user)
        yield folder
    finally:
        if process is not None:
            _stopped(process)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgresql(server):
    """URL of an empty database."""
    return make_database(server)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Where a book may be begun, of each kind."""
    if request.param == "sqlite":
        return str(tmp_path / "ledger.db")
    return request.getfixturevalue("postgresql")


_NUMBERS = itertools.count()


def make_database(server):
    """An empty database of the server."""
    import psycopg

    name = f"book{next(_NUMBERS)}"
    with psycopg.connect(host=str(server), user="owner", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql://owner@/{name}?host={server}"


def _programs():
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next(
        (each for each in folders if (each / "initdb").exists() and (each / "postgres").exists()), None
    )


def _unprivileged():
    """Who the server runs as, where we are root: it refuses to."""
    if os.getuid():
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in ("postgres", "nobody") if name in known), None)
    if user is None:
        pytest.skip("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")
    return user


def _started(programs, folder, user):
    data = folder / "data"
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    options = {"user": user, "cwd": folder, "env": environment, "text": True}
    made = subprocess.run(
        [programs / "initdb", "-D", data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-sync"],
        **options,
        check=False,
        capture_output=True,
    )
    assert made.returncode == 0, made.stderr
    rules = data / "pg_hba.conf"
    rules.write_text(f"local all guarded scram-sha-256\n{rules.read_text()}")
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses="],
            **options,
            stdout=log,
            stderr=log,
        )
    try:
        until = time.monotonic() + 60
        while not _answers(folder):
            assert process.poll() is None and time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.1)
    except BaseException:
        _stopped(process)
        raise
    return process


def _stopped(process):
    process.send_signal(signal.SIGINT)  # without waiting for clients to leave
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers(folder):
    import psycopg

    try:
        with psycopg.connect(
            host=str(folder), user="owner", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(f"CREATE ROLE guarded LOGIN PASSWORD '{SECRET}'")
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def unlocked(place, locked=True):
    """Statements on a book whose triggers were taken away, as somebody who owns the database can."""
    from sqlalchemy import create_engine, text

    url = f"sqlite:///{place}" if "://" not in place else place.replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url)
    with engine.begin() as connection:
        if not locked:
            pass
        elif "://" in place:
            connection.execute(text("DROP TRIGGER headwater_ledger_fixed ON headwater_ledger"))
        else:
            for name in ("no_update", "no_delete", "next"):
                connection.execute(text(f"DROP TRIGGER headwater_ledger_{name}"))
        yield lambda statement: connection.execute(text(statement))
    engine.dispose()
