"""Whatever is wrong with the place of a book is said once and clearly, without passwords."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
import threading

import pytest

from headwater.errors import HeadwaterError, InputError, MissingExtra, OutputError
from headwater.ledger import Ledger, storing
from tests.ledger.conftest import SECRET


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://me:hush@host/db", r"no ledger is kept in mysql://\.\.\."),
        ("postgresql+asyncpg://me:hush@host/db", r"no ledger is kept in postgresql\+asyncpg"),
        ("hush://x:hush@", "no ledger is kept in"),
        ("postgresql://me:hush@host:port/db", r"the URL postgresql://\.\.\. cannot be read"),
        ("://hush", "cannot be read"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///a.db?mode=ro", "names no file"),
        (":memory:", "in memory would be lost"),
        ("", "is empty"),
        ("a\0b", "is empty or not text"),
    ],
)
def test_a_place_that_cannot_hold_a_ledger_is_refused_with_what_could(url, said):
    with pytest.raises(InputError, match=said) as caught:
        Ledger(url)
    assert "ledger.db" in caught.value.remedy
    assert ":hush" not in str(caught.value)
    assert "'" not in str(caught.value)


@pytest.mark.parametrize("place", [5, None, b"a.db", ["a.db"], object()])
def test_a_place_of_another_type_is_refused(place):
    with pytest.raises(InputError, match="is empty or not text"):
        Ledger(place)


def test_a_loop_of_links_and_a_name_without_end_are_refused(tmp_path):
    (tmp_path / "a.db").symlink_to("b.db")
    (tmp_path / "b.db").symlink_to("a.db")
    for read_only in (False, True):
        with pytest.raises(InputError, match="the ledger cannot be opened"):
            Ledger(tmp_path / "a.db", read_only=read_only)
        with pytest.raises(HeadwaterError):
            Ledger("a" * 5_000, read_only=read_only)
        with pytest.raises(HeadwaterError):
            Ledger(tmp_path / ("a" * 253), read_only=read_only)


def test_a_file_that_is_no_sqlite_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a database at all, and long enough to be looked at" * 50)
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(InputError, match=r"notes\.txt: this is no ledger"):
            Ledger(path, read_only=read_only)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["notes.txt"]


def test_an_sqlite_file_of_something_else_is_refused_and_left_as_it_is(tmp_path):
    path = tmp_path / "mlflow.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE runs (a)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(InputError, match="holds something else: 'runs'"):
        Ledger(path)
    assert path.read_bytes() == before


def test_a_layout_of_the_future_is_refused(place):
    from sqlalchemy import create_engine, text

    Ledger(place).append("used", {})
    url = f"sqlite:///{place}" if "://" not in place else place.replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE headwater_ledger_layout SET version = 2"))
    engine.dispose()
    with pytest.raises(InputError, match="layout 2, and this version of Headwater reads layout 1") as caught:
        Ledger(place)
    assert caught.value.remedy == "update Headwater"


def test_a_folder_a_pipe_and_a_missing_folder_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="this is a folder"):
        Ledger(tmp_path)
    with pytest.raises(InputError, match="no regular file"):
        Ledger(tmp_path / "pipe")
    with pytest.raises(OutputError, match="there is no folder for the ledger"):
        Ledger(tmp_path / "no" / "ledger.db")
    with pytest.raises(InputError, match="there is no such ledger"):
        Ledger(tmp_path / "none.db", read_only=True)
    assert os.listdir(tmp_path) == ["pipe"]


def test_a_ledger_that_another_process_keeps_locked_is_said_after_waiting(tmp_path, monkeypatch):
    path = tmp_path / "a.db"
    Ledger(path).append("used", {})
    monkeypatch.setattr(storing, "PATIENCE", 0.2)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Ledger(path) as book:
        with pytest.raises(OutputError, match="another process has kept the ledger locked"):
            book.append("used", {"lost": True})
        assert len(list(book.entries())) == 1
        other.execute("ROLLBACK")
        other.close()
        assert book.append("used", {}).number == 2


def as_nobody(code, *arguments):
    """Run it as somebody whom permissions bind: root may write everywhere."""
    drop = "import os\nif os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
    # what is imported later could be where only root may read
    imports = (
        "from headwater.ledger import Dataset, Ledger, hashing, storing\n"
        "import sys, sqlalchemy.dialects.sqlite, sqlite3\n"
    )
    script = imports + drop + textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)], capture_output=True, text=True, check=False
    )


SAY = """
    from headwater.errors import HeadwaterError
    def say(do):
        try:
            print(do())
        except HeadwaterError as error:
            print(type(error).__name__, str(error).split(chr(10))[0])
"""


@pytest.fixture
def open_folder(tmp_path):
    """A folder that anybody may enter."""
    import pathlib
    import shutil
    import tempfile

    folder = pathlib.Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def test_a_file_that_may_only_be_read_is_read_and_not_written(open_folder):
    path = open_folder / "a.db"
    with Ledger(path) as book:
        book.append("used", {})
    path.chmod(0o444)
    done = as_nobody(
        SAY + "    say(lambda: len(list(Ledger(sys.argv[1], read_only=True).entries())))\n"
        "    say(lambda: Ledger(sys.argv[1], read_only=True).audit().valid)\n"
        "    say(lambda: Ledger(sys.argv[1]).append('used', {}))\n",
        path,
    )
    assert done.stdout.splitlines() == [
        "1",
        "True",
        f"OutputError {path}: the ledger may only be read",
    ], done.stderr


def test_a_file_in_a_folder_that_may_only_be_read_is_read(open_folder):
    folder = open_folder / "archive"
    folder.mkdir()
    path = folder / "a.db"
    with Ledger(path) as book:
        book.append("used", {})
    folder.chmod(0o555)
    done = as_nobody(
        SAY + "    say(lambda: len(list(Ledger(sys.argv[1], read_only=True).entries())))\n"
        "    say(lambda: Ledger(sys.argv[1] + 'new'))\n",
        path,
    )
    first, second = done.stdout.splitlines()
    assert first == "1", done
    assert second.startswith("InputError") and "the ledger cannot be opened" in second
    assert os.listdir(folder) == ["a.db"]


def test_a_folder_without_permission_is_refused(open_folder):
    closed = open_folder / "closed"
    closed.mkdir()
    Ledger(closed / "a.db").append("used", {})
    closed.chmod(0)
    done = as_nobody(
        SAY + "    say(lambda: Ledger(sys.argv[1], read_only=True))\n"
        "    say(lambda: Ledger(sys.argv[1]))\n"
        "    say(lambda: Dataset.of(sys.argv[1]))\n",
        closed / "a.db",
    )
    closed.chmod(0o700)
    said = f"InputError {closed / 'a.db'}: the ledger cannot be opened: Permission denied"
    unread = f"InputError {closed / 'a.db'}: no permission to read this file"
    assert done.stdout.splitlines() == [said, said, unread], done.stderr


@pytest.mark.parametrize(
    "place", ["postgresql://nobody:hush@127.0.0.1:1/db", "postgresql:///db?host=/no/where"]
)
def test_a_server_that_does_not_answer_is_said(place):
    pytest.importorskip("psycopg")
    with pytest.raises(InputError, match="the database cannot be opened") as caught:
        Ledger(place)
    assert "hush" not in str(caught.value)


def test_a_wrong_password_is_said_and_never_shown(server, postgresql):
    name = postgresql.split("/")[3].partition("?")[0]
    for url in (
        f"postgresql://guarded:wrong-word@/{name}?host={server}",
        f"postgresql://guarded@/{name}?host={server}&password=wrong-word",
    ):
        with pytest.raises(InputError, match="password authentication failed") as caught:
            Ledger(url)
        assert "wrong-word" not in str(caught.value)
        assert caught.value.__cause__ is None and caught.value.__suppress_context__
    with pytest.raises(HeadwaterError, match="permission denied") as caught:
        Ledger(f"postgresql://guarded:{SECRET}@/{name}?host={server}")
    assert SECRET not in str(caught.value)


def test_who_may_only_add_and_read_can_use_a_book_that_is_there(server, postgresql):
    import psycopg

    Ledger(postgresql).append("used", {})
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute("GRANT SELECT, INSERT ON headwater_ledger TO guarded")
        connection.execute("GRANT SELECT ON headwater_ledger_layout TO guarded")
    name = postgresql.split("/")[3].partition("?")[0]
    with Ledger(f"postgresql://guarded:{SECRET}@/{name}?host={server}") as book:
        assert book.append("wrote", {}).number == 2
        assert SECRET not in repr(book) + book.name


def test_a_full_disk_of_the_server_is_said_and_nothing_of_the_call_is_there(postgresql):
    """The server's own error for it, raised by a trigger."""
    import psycopg

    with Ledger(postgresql) as book:
        book.append("used", {})
        with psycopg.connect(postgresql, autocommit=True) as connection:
            connection.execute(
                "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                "IF NEW.body LIKE '%last%' THEN "
                "RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END IF; "
                "RETURN NEW; END $$"
            )
            connection.execute(
                "CREATE TRIGGER no_room BEFORE INSERT ON headwater_ledger "
                "FOR EACH ROW EXECUTE FUNCTION no_room()"
            )
        with pytest.raises(OutputError, match="no space left"):
            book.append_many([("used", {}, None), ("used", {"last": 1}, None)])
        assert book.head()[0] == 1
        assert book.append("used", {}).number == 2
        assert book.audit().valid


def test_a_server_that_goes_away_is_said_and_found_again_when_it_is_back(postgresql):
    import psycopg

    with Ledger(postgresql) as book:
        book.append("used", {})
        with (
            pytest.raises(OutputError, match="the database was lost") as caught,
            book._store.writing() as mine,
        ):
            number = mine.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            with psycopg.connect(postgresql, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s)", [number])
            mine.exec_driver_sql("SELECT 1")
        assert "a key makes it safe" in caught.value.remedy
        assert book.append("used", {}).number == 2


def test_without_sqlalchemy_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(MissingExtra, match=r"(?s)a ledger needs SQLAlchemy.*headwater\[ledger\]"):
        Ledger(tmp_path / "a.db")


def test_without_psycopg_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"(?s)PostgreSQL needs psycopg.*headwater\[postgresql\]"):
        Ledger("postgresql://host/db")


def test_a_relative_path_means_the_same_file_after_a_change_of_folder(tmp_path, monkeypatch):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    monkeypatch.chdir(tmp_path / "one")
    with Ledger("a.db") as book:
        book.append("used", {})
        book.close()
        monkeypatch.chdir(tmp_path / "two")
        book.append("used", {})
    assert os.listdir(tmp_path / "two") == []
    assert Ledger(tmp_path / "one" / "a.db", read_only=True).head()[0] == 2


def test_strange_names_of_files_are_taken(tmp_path):
    for name in ("a b%20?x#y.db", "ünï.db", os.fsdecode(b"\xff\xfe.db")):
        with Ledger(tmp_path / name) as book:
            book.append("used", {})
            book.name.encode()
        assert (tmp_path / name).exists()


def test_who_finds_a_book_that_another_just_begins_waits_for_it(tmp_path):
    """Turning the log on needs the file alone, and SQLite does not always wait for that by itself."""
    path = tmp_path / "a.db"
    path.touch()
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    done = threading.Timer(0.5, lambda: other.execute("ROLLBACK"))
    done.start()
    with Ledger(path) as book:
        assert not done.is_alive() or done.finished.is_set()
        assert book.append("used", {}).number == 1
    done.join()
    other.close()
