"""A book keeps what was written, in order, once a key, on disk, in SQLite and in PostgreSQL."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import HeadwaterError, InputError
from headwater.ledger import Ledger
from headwater.ledger.chain import GENESIS, LARGEST_BODY, canonical


def by_hand(number, previous, kind, key, body, at):
    """The hash as the documentation words it, with nothing of the code under test."""
    entry = [number, previous, kind, key, body, at]
    return hashlib.sha256(json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def test_entries_come_back_as_they_were_written_and_in_order(place):
    with Ledger(place) as book:
        written = [book.append("used", {"at": at, "deep": {"ä": [1.5, None, True]}}) for at in range(5)]
    with Ledger(place) as book:
        assert list(book.entries()) == written
        assert [entry.number for entry in written] == [1, 2, 3, 4, 5]
        assert [entry.number for entry in book.entries(after=3)] == [4, 5]
        assert book.head() == (5, written[-1].hash)


def test_each_hash_is_that_of_the_documented_json_and_holds_the_one_before(place):
    with Ledger(place) as book:
        book.append_many(
            [("used", {"b": 1, "a": "\u00e9\n"}, "k"), ("wrote", {}, None), ("used", {"x": 2**70}, None)]
        )
        previous = GENESIS
        for each in book.entries():
            assert each.previous == previous
            assert each.hash == by_hand(each.number, previous, each.kind, each.key, each.body, each.at)
            previous = each.hash


def test_entries_say_when_in_utc(place):
    with Ledger(place) as book:
        at = datetime.fromisoformat(book.append("used", {}).at)
    assert at.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)


def test_an_empty_book_has_no_entries_and_the_genesis_head(place):
    with Ledger(place) as book:
        assert list(book.entries()) == []
        assert book.head() == (0, GENESIS)
        assert book.append_many([]) == []
        assert book.audit().valid


def test_a_key_is_written_once_and_the_first_entry_is_given_back(place):
    with Ledger(place) as book:
        first = book.append("openlineage", {"event": 1}, "k")
        assert book.append("openlineage", {"event": 2}, "k") == first
        many = book.append_many(
            [("used", {}, "k"), ("used", {}, "n"), ("used", {"x": 1}, "n"), ("used", {}, None)]
        )
        assert [each and each.number for each in many] == [None, 2, None, 3]
        assert len(list(book.entries())) == 3


def test_more_keys_than_a_statement_may_hold_are_told_apart(place):
    with Ledger(place) as book:
        items = [("openlineage", {"event": at}, f"k{at}") for at in range(1_700)]
        assert all(book.append_many(items[::2]))
        again = book.append_many(items)
        assert [each is None for each in again] == [at % 2 == 0 for at in range(1_700)]
        assert len(list(book.entries())) == 1_700


def test_entries_of_one_kind_are_found_across_pages(place):
    with Ledger(place) as book:
        book.append_many([("used" if at % 3 else "wrote", {"at": at}, None) for at in range(1_501)])
        assert [each.body["at"] for each in book.entries(kind="wrote")] == list(range(0, 1_501, 3))
        assert [each.body["at"] for each in book.entries(after=700)] == list(range(700, 1_501))


def test_one_may_append_while_reading_and_reads_what_was_there_at_the_start(place):
    with Ledger(place) as book:
        book.append_many([("used", {"at": at}, None) for at in range(450)])
        seen = 0
        for _ in book.entries():
            book.append("wrote", {})
            seen += 1
        assert seen == 450
        assert book.head()[0] == 900


@pytest.mark.parametrize(
    ("kind", "body", "key", "said"),
    [
        ("uses", {}, None, "no entry is of kind 'uses'"),
        (["used"], {}, None, "no entry is of kind"),
        ("used", [], None, "the body of an entry is list"),
        ("used", None, None, "the body of an entry is NoneType"),
        ("used", {1: 2}, None, "the key 1 of a body is not text"),
        ("used", {"a": {None: 2}}, None, "the key None"),
        ("used", {"a": float("nan")}, None, "holds nan"),
        ("used", {"a": float("inf")}, None, "holds inf"),
        ("used", {"a": {1, 2}}, None, r"holds \{1, 2\}"),
        ("used", {"a": b"x"}, None, "holds b'x'"),
        ("used", {"a": "x" * LARGEST_BODY}, None, "4,194,"),
        ("used", {"a": 10**5000}, None, "cannot be written as JSON"),
        ("used", {}, "", "the key of an entry is ''"),
        ("used", {}, 7, "the key of an entry is 7"),
        ("used", {}, "a\0b", "the key of an entry"),
        ("used", {}, "\ud800", "the key of an entry"),
        ("used", {}, "k" * 501, "the key of an entry"),
    ],
)
def test_what_is_no_entry_is_refused_and_nothing_of_the_call_is_written(tmp_path, kind, body, key, said):
    with Ledger(tmp_path / "a.db") as book:
        with pytest.raises(InputError, match=said):
            book.append_many([("used", {}, None), (kind, body, key)])
        assert book.head() == (0, GENESIS)


def test_a_body_that_nests_without_end_is_refused(tmp_path):
    body = {}
    body["again"] = body
    with Ledger(tmp_path / "a.db") as book, pytest.raises(InputError, match="100 deep"):
        book.append("used", body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), JSON, max_size=5))
def test_a_body_has_one_spelling_however_often_it_is_read_and_written(body):
    text = canonical(body)
    assert text.isascii()
    assert json.loads(text) == body
    assert canonical(json.loads(text)) == text


def test_hard_texts_come_back_from_the_database(place):
    body = {"nul": "a\0b", "half": "\ud800", "sign": "\u202e\U0001f600", "": "\\u0000 ' \" ;--"}
    with Ledger(place) as book:
        book.append("used", body, "schlüssel '\"%s:x")
        assert next(book.entries()).body == body
        assert book.audit().valid


def test_threads_append_to_one_ledger(place):
    with Ledger(place) as book:
        threads = [
            threading.Thread(target=lambda who=who: [book.append("used", {"who": who}) for _ in range(20)])
            for who in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = [entry.body["who"] for entry in book.entries()]
        assert sorted(found) == sorted(list(range(6)) * 20)
        assert book.audit().valid


WRITER = """
import sys
from headwater.ledger import Ledger
place, who, times = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with Ledger(place) as book:
    for at in range(times):
        book.append("used", {"who": who, "at": at})
        book.append_many([("wrote", {"who": who, "at": at}, f"shared/{at}"), ("wrote", {}, None)])
"""


def start(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_eight_processes_begin_one_book_and_write_a_single_chain(place):
    """Each writes in its own order; a key that all send is written once."""
    times = 25
    processes = [start(WRITER, place, who, times) for who in range(8)]
    assert [process.communicate()[1] for process in processes] == [""] * 8
    with Ledger(place) as book:
        assert book.audit().valid
        used = [(each.body["who"], each.body["at"]) for each in book.entries(kind="used")]
        for who in range(8):
            assert [at for one, at in used if one == who] == list(range(times))
        assert sum(each.key is not None for each in book.entries(kind="wrote")) == times
        assert book.head()[0] == 8 * times + times + 8 * times


@pytest.mark.parametrize("level", ["repeatable read", "serializable"])
def test_writers_of_a_database_with_a_stricter_level_do_not_meet(server, level):
    """A writer whose view is older than the lock it waited for would number its entry as the one before."""
    import psycopg

    from tests.ledger.conftest import make_database

    url = make_database(server)
    name = re.search(r"/(book\d+)", url)[1]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = '{level}'")
    processes = [start(WRITER, url, who, 10) for who in range(4)]
    assert [process.communicate()[1] for process in processes] == [""] * 4
    with Ledger(url) as book:
        assert book.audit().valid
        assert book.head()[0] == 4 * 10 + 10 + 4 * 10


def test_a_reader_sees_one_state(place):
    """Of a transaction with two statements, also where another commits between them."""
    from sqlalchemy import text

    with Ledger(place) as book, Ledger(place) as other:
        book.append("used", {})
        with book._store.reading() as connection:
            count = text("SELECT count(*) FROM headwater_ledger")
            before = connection.execute(count).scalar()
            other.append("used", {})
            assert connection.execute(count).scalar() == before == 1
        assert book.head()[0] == 2


@pytest.mark.parametrize(
    "after", [None, "1", 1.5, True, -1, -(10**30), 10**30, pytest.param(10**5_000, id="huge"), [1]]
)
def test_what_is_no_number_of_an_entry_is_refused(tmp_path, after):
    with Ledger(tmp_path / "a.db") as book:
        book.append("used", {})
        with pytest.raises(InputError, match="is no number of an entry"):
            book.entries(after)


@pytest.mark.parametrize(
    "items", [None, 5, "used", b"used", {"used": {}}, [5], ["abc"], [("used", {})], [("used", {}, None, 1)]]
)
def test_what_is_no_list_of_entries_is_refused(tmp_path, items):
    with Ledger(tmp_path / "a.db") as book:
        with pytest.raises(InputError, match="triple"):
            book.append_many(items)
        assert book.head() == (0, GENESIS)


def test_a_book_opened_for_reading_is_not_written_or_begun(place, tmp_path):
    with pytest.raises(InputError, match="there is no"):
        Ledger(place, read_only=True)
    Ledger(place).append("used", {})
    with Ledger(place, read_only=True) as book:
        with pytest.raises(HeadwaterError, match="was opened for reading"):
            book.append("used", {})
        assert len(list(book.entries())) == 1
    assert not list(tmp_path.glob("*other*"))


@pytest.mark.parametrize(
    "change", ["UPDATE headwater_ledger SET kind = 'wrote'", "DELETE FROM headwater_ledger"]
)
def test_the_database_itself_refuses_changes(place, change):
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import DBAPIError

    with Ledger(place) as book:
        book.append("used", {})
        url = (
            f"sqlite:///{place}"
            if "://" not in place
            else place.replace("postgresql:", "postgresql+psycopg:")
        )
        engine = create_engine(url)
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
            connection.execute(text(change))
        engine.dispose()
        assert book.audit().valid


def test_postgresql_refuses_to_empty_the_book(postgresql):
    import psycopg

    Ledger(postgresql).append("used", {})
    with psycopg.connect(postgresql) as connection, pytest.raises(psycopg.Error, match="append-only"):
        connection.execute("TRUNCATE headwater_ledger")


@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_sqlite_refuses_a_row_that_does_not_follow_or_takes_the_place_of_another(tmp_path, number):
    import sqlite3

    place = tmp_path / "a.db"
    with Ledger(place) as book:
        book.append("used", {}, "k")
        book.append("used", {})
    connection = sqlite3.connect(place)
    row = (number, "a" * 64, "b" * 64, "used", "k", "{}", "now")
    with pytest.raises(sqlite3.IntegrityError, match="follows the last one"):
        connection.execute("INSERT OR REPLACE INTO headwater_ledger VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    connection.close()


def test_a_ledger_shows_where_it_is_and_no_password():
    from headwater.ledger.storing import address, shown

    url = address("postgresql://me:se%40cret@host:5433/lab?password=other&sslmode=require")
    assert shown(url) == "postgresql://me@host:5433/lab"
    assert shown(address("books/ledger.db")) == "books/ledger.db"
    assert shown(address("sqlite:////tmp/a.db")) == "/tmp/a.db"


def test_a_commit_is_durable_even_where_the_server_would_not_wait(server):
    """`synchronous_commit = off` answers before the disk does."""
    import psycopg

    from headwater.ledger.storing import Store
    from tests.ledger.conftest import make_database

    url = make_database(server)
    name = re.search(r"/(book\d+)", url)[1]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    store = Store(url, read_only=False)
    with store.writing() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    store.close()


def test_sqlite_waits_for_the_disk_and_logs_ahead(tmp_path):
    from headwater.ledger.storing import Store

    store = Store(tmp_path / "a.db", read_only=False)
    with store.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    store.close()
