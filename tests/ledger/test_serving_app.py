"""What the paths of the server answer, and what they count; without a network."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("starlette", reason="Starlette is not installed")

from headwater.errors import InputError, OutputError
from headwater.ledger.chain import Entry
from headwater.ledger.serving.app import PATH, Limits, Service
from headwater.ledger.serving.guarding import Guard
from headwater.ledger.serving.writing import Writer
from tests.ledger.servers import Answer, ask, event

TOKEN = "0123456789abcdef-secret"
SMALL = Limits(body=10_000, room=25_000, seconds=0.5)


class Book:
    """A ledger in memory that can be slow, and can fail."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.groups: list[int] = []
        self.free = threading.Event()
        self.free.set()
        self.error: Exception | None = None

    def append_many(self, items: Any) -> list[Entry | None]:
        self.free.wait(10)
        if self.error is not None:
            raise self.error
        self.groups.append(len(items))
        return [self._one(*item) for item in items]

    def _one(self, kind: str, body: Any, key: str) -> Entry | None:
        if key in self.kept:
            return None
        self.kept[key] = body
        return Entry(len(self.kept), "", f"hash {len(self.kept)}", kind, key, body, "")


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def service(book: Book) -> Iterator[Service]:
    made = Service(Writer(book), limits=SMALL)  # type: ignore[arg-type]
    made.writer.start()
    yield made
    book.free.set()
    made.writer.close()


def asked(service: Service, body: Any = b"", **more: Any) -> Answer:
    sent = json.dumps(body).encode() if isinstance(body, dict) else body
    return asyncio.run(ask(service.application(), sent, **more))


def test_an_event_is_stored_and_answered_with_its_place_in_the_book(service, book):
    answer = asked(service, event(1))
    assert answer.status == 201
    assert answer.json["number"] == 1
    assert answer.json["hash"] == "hash 1"
    assert list(book.kept.values()) == [{"event": event(1)}]
    assert list(book.kept) == [answer.json["key"]]


def test_the_same_event_is_stored_once_however_its_fields_are_ordered(service, book):
    asked(service, event(1))
    again = asked(service, dict(reversed(event(1).items())))
    assert (again.status, again.json["status"]) == (200, "duplicate")
    assert len(book.kept) == 1
    assert asked(service, event(2)).status == 201


@pytest.mark.parametrize(
    ("body", "headers", "status", "reason"),
    [
        (b"{", {}, 400, "malformed"),
        (b"[]", {}, 422, "not_an_event"),
        (event(run={}), {}, 422, "not_an_event"),
        (json.dumps(event(more="X")).replace('"X"', "1e999").encode(), {}, 422, "not_an_event"),
        (b"x" * 10_001, {}, 413, "too_large"),
        (b"x", {"content-length": "10001"}, 413, "too_large"),
        (b"x", {"content-length": "9" * 5_000}, 413, "too_large"),
        ([b"x" * 6_000, b"x" * 6_000], {}, 413, "too_large"),
        (gzip.compress(b" " * 10_001, mtime=0), {"content-encoding": "gzip"}, 413, "too_large"),
        (gzip.compress(b" " * 6_000, mtime=0) * 2, {"content-encoding": "gzip"}, 413, "too_large"),
        (gzip.compress(b"", mtime=0)[:20] * 120, {"content-encoding": "gzip"}, 400, "malformed"),
        (gzip.compress(b"{}", mtime=0)[:-4], {"content-encoding": "gzip"}, 400, "malformed"),
        (b"{}", {"content-encoding": "gzip"}, 400, "malformed"),
        (b"{}", {"content-encoding": "br"}, 415, "coding"),
        ([b"{"], {"origin": "https://example.org"}, 403, "forbidden"),
        (b"{}", {"host": "example.org:5000"}, 403, "forbidden"),
    ],
)
def test_what_is_not_taken_is_answered_with_the_reason_and_counted(
    service, book, body, headers, status, reason
):
    answer = asked(service, body, headers=headers)
    assert (answer.status, answer.json["reason"]) == (status, reason)
    assert answer.json["error"]
    assert asked(service, path="/counters", method="GET").json["refused"] == {reason: 1}
    assert service.room.taken == 0
    assert not book.kept


def test_a_packed_event_is_taken_in_one_member_or_several(service, book):
    text = json.dumps(event(1)).encode()
    packed = gzip.compress(text[:50]) + gzip.compress(text[50:])
    assert asked(service, packed, headers={"content-encoding": "gzip"}).status == 201
    assert asked(service, gzip.compress(text), headers={"content-encoding": "GZIP"}).status == 200


def test_a_bomb_is_never_unpacked_beyond_the_limit(service):
    """A gibibyte of nothing, a thousand times packed."""
    import tracemalloc

    bomb = gzip.compress(b"\0" * 2**23)
    tracemalloc.start()
    answer = asked(service, bomb, headers={"content-encoding": "gzip"})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer.status == 413
    assert peak < 2**21


def test_a_body_that_drips_is_given_up(service):
    pieces = [b" "] * 20
    answer = asked(service, pieces, pause=0.05)
    assert (answer.status, answer.json["reason"]) == (408, "slow")
    assert service.room.taken == 0


def test_a_connection_that_ends_early_leaves_nothing(service, book):
    async def cut() -> Answer:
        sent: list[Any] = []
        messages = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": PATH, "headers": [(b"host", b"localhost")],
                 "query_string": b"", "root_path": ""}  # fmt: skip
        await service.application()(scope, receive, send)
        return Answer(sent[0]["status"], {}, sent[1]["body"])

    answer = asyncio.run(cut())
    assert (answer.status, answer.json["reason"]) == (400, "cut_off")
    assert not book.kept


@pytest.mark.parametrize(
    ("path", "method", "status", "reason"),
    [
        ("/api/v1/lineage/", "POST", 404, "path"),
        ("/", "GET", 404, "path"),
        (PATH, "GET", 405, "method"),
        ("/counters", "POST", 405, "method"),
    ],
)
def test_a_wrong_path_or_method_is_said_to_be_one(service, path, method, status, reason):
    answer = asked(service, path=path, method=method)
    assert (answer.status, answer.json["reason"]) == (status, reason)
    right = {PATH: "this path takes POST", "/counters": "this path takes GET"}
    assert right.get(path, "there is nothing here") in answer.json["error"]
    assert service.counters.refused == {reason: 1}


def test_what_waits_while_the_disk_is_busy_goes_into_one_transaction(service, book):
    """201 comes after the transaction, and not before."""

    async def many() -> list[Answer]:
        app = service.application()
        book.free.clear()
        first = asyncio.create_task(ask(app, json.dumps(event(0)).encode()))
        await asyncio.sleep(0.05)
        rest = [asyncio.create_task(ask(app, json.dumps(event(n)).encode())) for n in range(1, 21)]
        await asyncio.sleep(0.1)
        assert not any(task.done() for task in (first, *rest))
        book.free.set()
        return await asyncio.gather(first, *rest)

    answers = asyncio.run(many())
    assert {answer.status for answer in answers} == {201}
    assert book.groups == [1, 20]
    assert service.counters.commits == 2
    assert service.counters.stored == 21


def test_too_many_that_wait_are_sent_away_to_come_again(service, book):
    service.writer.most_waiting = 3

    async def many() -> list[Answer]:
        app = service.application()
        book.free.clear()
        tasks = []
        for number in range(8):
            tasks.append(asyncio.create_task(ask(app, json.dumps(event(number)).encode())))
            await asyncio.sleep(0.02)
        book.free.set()
        return await asyncio.gather(*tasks)

    answers = asyncio.run(many())
    statuses = [answer.status for answer in answers]
    assert statuses == [201] * 4 + [503] * 4  # one is being written, three wait
    assert answers[-1].headers["retry-after"] == "1"
    assert answers[-1].json["reason"] == "busy"
    assert len(book.kept) == 4


def test_bodies_that_wait_have_only_so_much_room(service, book):
    async def many() -> list[Answer]:
        app = service.application()
        book.free.clear()
        large = event(
            inputs=[{"namespace": "file", "name": "x" * 3_900}, {"namespace": "", "name": "y" * 3_900}]
        )
        sent = [json.dumps(large | {"more": number}).encode() for number in range(5)]
        tasks = []
        for each in sent:
            tasks.append(asyncio.create_task(ask(app, each)))
            await asyncio.sleep(0.02)
        book.free.set()
        return await asyncio.gather(*tasks)

    answers = asyncio.run(many())
    assert [answer.status for answer in answers] == [201, 201, 201, 503, 503]  # 8 kB each
    assert service.room.taken == 0


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OutputError("b.db: the ledger cannot be written: database or disk is full", "free space"), 507),
        (OutputError("b.db: another process has kept the ledger locked for too long"), 503),
        (InputError("the database does not answer: connection refused", "check the server"), 503),
    ],
)
def test_what_cannot_be_stored_is_not_acknowledged_and_health_tells_why(service, book, error, status):
    book.error = error
    answer = asked(service, event(1))
    assert (answer.status, answer.json["reason"]) == (status, "not_written")
    assert error.problem in answer.json["error"]
    health = asked(service, path="/health", method="GET")
    assert (health.status, health.json["error"]) == (503, error.problem)
    book.error = None
    assert asked(service, event(1)).status == 201
    assert asked(service, path="/health", method="GET").status == 200


def test_where_a_token_is_asked_for_only_who_knows_it_is_told_what_the_trouble_is(book):
    """The reason names the file of the book."""
    service = Service(Writer(book), Guard(TOKEN))
    service.writer.trouble = "/home/somebody/b.db: the ledger cannot be written"
    anybody = asked(service, path="/health", method="GET")
    assert (anybody.status, anybody.json) == (503, {"status": "trouble"})
    known = asked(service, path="/health", method="GET", headers={"authorization": f"Bearer {TOKEN}"})
    assert "somebody" in known.json["error"]
    service = Service(Writer(book))
    service.writer.trouble = "/home/somebody/b.db: the ledger cannot be written"
    page = {"host": "example.org", "origin": "https://example.org"}
    assert "error" not in asked(service, path="/health", method="GET", headers=page).json


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[" * 200, "the body is not JSON, line 1: nested more than 100 deep"),
        (b'{"a": 1,\n"b": }', "the body is not JSON, line 2: Expecting value"),
        (b"\xff", "the body is not UTF-8 text, line 1"),
        (b'{"a": NaN}', "the body is not JSON: NaN is no JSON number"),
    ],
)
def test_what_is_no_json_is_said_once(service, body, said):
    assert asked(service, body).json["error"] == said


def test_a_fault_in_the_writer_leaves_nobody_waiting(service, book):
    """It is a mistake in the program: the server ends, and says so."""
    ended = []
    service.writer.died = lambda: ended.append(True)
    book.error = KeyError("never foreseen")
    answer = asked(service, event(1))
    assert answer.status == 503
    assert asked(service, event(2)).json["reason"] == "stopping"
    assert asked(service, path="/health", method="GET").status == 503
    # The thread answers who waits before it says that it has ended.
    until = time.monotonic() + 30
    while not ended and time.monotonic() < until:
        time.sleep(0.01)
    assert ended == [True]
    assert service.writer.fault is book.error


def test_the_counters_say_the_same_to_people_and_to_prometheus(service):
    asked(service, event(1))
    asked(service, event(1))
    asked(service, b"{")
    counted = asked(service, path="/counters", method="GET").json
    assert (counted["stored"], counted["duplicates"], counted["refused"]) == (1, 1, {"malformed": 1})
    page = asked(service, path="/metrics", method="GET")
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = page.body.decode().splitlines()
    assert "headwater_ledger_stored_total 1" in lines
    assert "headwater_ledger_duplicates_total 1" in lines
    assert 'headwater_ledger_refused_total{reason="malformed"} 1' in lines
    typed = {line.split()[2]: line.split()[3] for line in lines if line.startswith("# TYPE")}
    for line in lines:
        if not line.startswith("#"):
            name = line.split("{")[0].split()[0]
            assert typed[name] == ("counter" if name.endswith("_total") else "gauge")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    body=st.binary(max_size=60)
    | ANYTHING.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from(sorted(event())), ANYTHING).map(
        lambda part: json.dumps(event(**part)).encode()
    ),
    headers=st.dictionaries(
        st.sampled_from(["content-encoding", "content-length", "content-type", "authorization", "host"]),
        st.text(st.characters(max_codepoint=255), max_size=20),
    ),
)
def test_whatever_is_sent_gets_an_answer(service, body, headers):
    """Never a fault of the server; and no body stays in memory."""
    answer = asked(service, body, headers=headers)
    assert answer.status in (200, 201, 400, 403, 413, 415, 422)
    assert service.room.taken == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": f"Bearer {TOKEN}"}, 201),
        ({"authorization": f"bearer {TOKEN}"}, 201),
        ({"authorization": f"Bearer {TOKEN}", "host": "ledger.example.org"}, 201),
        ({}, 401),
        ({"authorization": f"Bearer {TOKEN}x"}, 401),
        ({"authorization": f"Bearer {TOKEN[:-1]}"}, 401),
        ({"authorization": "Bearer "}, 401),
        ({"authorization": f"Basic {TOKEN}"}, 401),
        ({"authorization": "Bearer \xe9\xff"}, 401),
        ({"authorization": TOKEN}, 401),
    ],
)
@pytest.mark.parametrize("path", [PATH, "/counters", "/metrics"])
def test_with_a_token_only_who_knows_it_is_let_in(book, headers, status, path):
    service = Service(Writer(book), Guard(TOKEN))
    service.writer.start()
    posts = path == PATH
    answer = asked(service, event(1), path=path, headers=headers, method="POST" if posts else "GET")
    service.writer.close()
    assert answer.status == (status if posts or status == 401 else 200)
    if status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
        assert TOKEN not in answer.body.decode()
        assert not book.kept
