"""The server as a process: signals, kills, full disks, several writers, hosts and tokens."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="Starlette is not installed")
pytest.importorskip("uvicorn", reason="Uvicorn is not installed")
pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")

from headwater.ledger import Ledger
from headwater.ledger.serving.guarding import VARIABLE
from headwater.ledger.serving.running import MOST_CONNECTIONS
from tests.ledger.servers import PATH, START, event, running, start

TOKEN = "0123456789abcdef"


def keys_in(ledger: Path) -> list[str]:
    """Keys of its entries, in order; by another reader than ours."""
    with closing(sqlite3.connect(ledger)) as connection:
        return [key for (key,) in connection.execute("SELECT key FROM headwater_ledger ORDER BY number")]


def test_an_event_is_on_disk_when_it_is_answered(tmp_path):
    ledger = tmp_path / "a.db"
    with running(ledger) as server:
        answer = server.post(event(1))
        assert answer.status == 201
        assert keys_in(ledger) == [answer.json["key"]]
    [entry] = Ledger(ledger, read_only=True).entries()
    assert (entry.number, entry.hash, entry.kind) == (1, answer.json["hash"], "openlineage")
    assert entry.body == {"event": event(1)}


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(tmp_path, with_signal):
    with running(tmp_path / "a.db") as server:
        server.post(event(1))
        server.ask(b"{")
        code, out, err = server.stop(with_signal)
    assert code == 0
    assert "1 events stored, 0 known already, 1 requests refused" in out
    assert not err


def test_what_was_received_before_a_signal_is_answered(tmp_path):
    """A client in the middle of its body gets its 201, and finds its event in the book."""
    ledger = tmp_path / "a.db"
    body = json.dumps(event(1)).encode()
    with running(ledger) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.putrequest("POST", PATH)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:50])
        server.post(event(2))  # the first half has been seen by now
        server.process.send_signal(signal.SIGTERM)
        connection.send(body[50:])
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["status"]) == (201, "stored")
        connection.close()
        code, out, _ = server.stop()
    assert code == 0
    assert "2 events stored" in out
    assert len(keys_in(ledger)) == 2


def send_all(port: int, numbers: range, acknowledged: set[int]) -> None:
    """Send events one after the other until the server is gone."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        for number in numbers:
            connection.request("POST", PATH, json.dumps(event(number)))
            answer = connection.getresponse()
            answer.read()
            if answer.status in (200, 201):
                acknowledged.add(number)
    except (OSError, http.client.HTTPException):
        pass
    finally:
        connection.close()


def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path):
    """Killed in the middle three times; what was sent again is there once, and the chain holds."""
    ledger = tmp_path / "a.db"
    acknowledged: set[int] = set()
    for kill in range(3):
        with running(ledger) as server:
            senders = [
                threading.Thread(
                    # overlapping on purpose: each round sends what the last may have left open
                    target=send_all,
                    args=(server.port, range(at, 2_000, 4), acknowledged),
                )
                for at in range(4)
            ]
            for sender in senders:
                sender.start()
            while len(acknowledged) < 100 * (kill + 1):
                assert any(sender.is_alive() for sender in senders)
                time.sleep(0.005)
            server.process.kill()
            for sender in senders:
                sender.join()
    kept = [entry.body["event"] for entry in Ledger(ledger, read_only=True).entries()]
    numbers = [int(each["run"]["runId"][-12:]) for each in kept]
    assert len(numbers) == len(set(numbers))
    assert acknowledged <= set(numbers)
    assert all(each == event(number) for each, number in zip(kept, numbers, strict=True))
    assert Ledger(ledger, read_only=True).audit().valid


def test_two_servers_and_a_training_run_write_one_book(tmp_path):
    ledger = tmp_path / "a.db"
    counts: tuple[set[int], set[int]] = (set(), set())
    with running(ledger) as one, running(ledger) as other, Ledger(ledger) as book:
        threads = [
            threading.Thread(target=send_all, args=(server.port, range(0, 100), seen))
            for server, seen in zip((one, other), counts, strict=True)
        ]
        for thread in threads:
            thread.start()
        with book.training("student") as run:
            for number in range(20):
                run.wrote(f"samples {number}")
        for thread in threads:
            thread.join()
        stored = one.ask(path="/counters", method="GET").json["stored"]
        stored += other.ask(path="/counters", method="GET").json["stored"]
    assert counts[0] == counts[1] == set(range(100))
    assert stored == 100
    assert Ledger(ledger, read_only=True).audit().valid
    assert len(keys_in(ledger)) == 122


def test_it_writes_into_the_database_of_a_team(postgresql):
    """A kill loses nothing there either."""
    with running(postgresql) as server:
        assert [server.post(event(number)).status for number in (1, 2, 2)] == [201, 201, 200]
        server.process.kill()
    with running(postgresql) as server:
        assert [server.post(event(number)).status for number in (2, 3)] == [200, 201]
        assert server.stop()[0] == 0
    with Ledger(postgresql, read_only=True) as book:
        assert [entry.body["event"] for entry in book.entries()] == [event(1), event(2), event(3)]
        assert book.audit().valid


def limited(size: int) -> list[str]:
    """A command that lets no file grow beyond `size`, the nearest to a full disk that needs no rights."""
    code = (
        "import os, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size})); os.execv(sys.argv[1], sys.argv[1:])"
    )
    return [sys.executable, "-c", code]


def test_a_full_disk_acknowledges_nothing_that_is_not_stored(tmp_path):
    """Requests are refused with the reason, and with room again the same book goes on."""
    ledger = tmp_path / "a.db"
    answered = {}
    with running(ledger, before=limited(300_000)) as server:
        for number in range(200):
            answered[number] = server.ask(json.dumps(event(number, more="x" * 5_000))).status
        refused = server.post(event(1_000, more="x" * 5_000))
        health = server.ask(path="/health", method="GET")
        server.stop()
    stored = {number for number, status in answered.items() if status == 201}
    assert set(answered.values()) == {201, refused.status}
    assert refused.status in (503, 507)
    assert "cannot be written" in refused.json["error"]
    assert health.status == 503
    with running(ledger) as server:
        assert server.post(event(0, more="x" * 5_000)).status == 200
        assert server.post(event(1_000, more="x" * 5_000)).status == 201
    kept = [entry.body["event"] for entry in Ledger(ledger, read_only=True).entries()]
    assert {int(each["run"]["runId"][-12:]) for each in kept} >= stored
    assert len(kept) <= 201
    assert Ledger(ledger, read_only=True).audit().valid


def test_a_really_full_disk_is_answered_with_507(tmp_path):
    """A file system of one mebibyte, where this machine lets us have one."""
    ledger = tmp_path / "small" / "a.db"
    ledger.parent.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(ledger.parent)]
    if (
        shutil.which("mount") is None
        or os.geteuid() != 0
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("no file system may be mounted here")
    try:
        with running(ledger) as server:
            statuses = [server.post(event(number, more="x" * 20_000)).status for number in range(100)]
            server.stop()
        kept = len(keys_in(ledger))
    finally:
        subprocess.run(["umount", str(ledger.parent)], check=True)
    assert set(statuses) == {201, 507}
    assert statuses.count(201) == kept


def told(ledger: Path, *options: str, **environment: str) -> str:
    """What it says when it does not start."""
    done = subprocess.run(
        [sys.executable, "-c", START, str(ledger), *options],
        check=False, capture_output=True, text=True, timeout=60, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode != 0
    return done.stderr


def test_beyond_loopback_it_does_not_start_without_a_token(tmp_path):
    ledger = tmp_path / "a.db"
    assert "there is no token" in told(ledger, "--host", "0.0.0.0")
    assert not ledger.exists()


@pytest.mark.parametrize("by_file", [True, False])
def test_beyond_loopback_a_token_opens_it(tmp_path, by_file):
    file = tmp_path / "token"
    file.write_text(TOKEN)
    options = ("--token-file", str(file)) if by_file else ()
    environment = {} if by_file else {VARIABLE: TOKEN}
    with running(tmp_path / "a.db", "--host", "0.0.0.0", *options, environment=environment) as server:
        assert server.post(event(1)).status == 401
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert server.ask(json.dumps(event(1)), headers=right).status == 201
        assert server.ask(path="/health", method="GET").status == 200
        _, out, err = server.stop()
    assert TOKEN not in out + err


def test_a_port_that_is_taken_is_said_to_be(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"port {port}: Address already in use" in told(tmp_path / "a.db", "--port", port)


def test_it_listens_on_the_other_loopback_too(tmp_path):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("there is no IPv6 here")
    server = start(tmp_path / "a.db", "--host", "::1")
    try:
        connection = http.client.HTTPConnection("::1", server.port, timeout=30)
        connection.request("POST", PATH, json.dumps(event(1)))
        assert connection.getresponse().status == 201
        connection.close()
    finally:
        server.stop()


def test_a_large_body_is_answered_before_it_is_read(tmp_path):
    """The answer reaches a client that sends all of it first."""
    with running(tmp_path / "a.db") as server:
        answer = server.ask(b"x" * 6_000_000)
        assert answer.status == 413
        assert server.post(event(1)).status == 201


def test_headers_without_end_are_cut_off(tmp_path):
    """They are not kept until the memory is full."""
    with running(tmp_path / "a.db") as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\n".encode())
            with pytest.raises(OSError):  # 50 MB are more than the buffers of a connection hold
                for number in range(50):
                    connection.sendall(b"X-%d: " % number + b"a" * 1_000_000 + b"\r\n")
        assert server.post(event(1)).status == 201


IMPATIENT = """
import sys
from headwater.ledger import Ledger
from headwater.ledger.serving import Address, Limits, serve
with Ledger(sys.argv[1]) as book:
    serve(book, Address(port=0), Limits(seconds=1.0), announce=lambda url: print(url, flush=True))
"""


@pytest.fixture
def impatient(tmp_path):
    """Port of a server that waits a second for a header."""
    process = subprocess.Popen(
        [sys.executable, "-c", IMPATIENT, str(tmp_path / "a.db")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield int(process.stdout.readline().split(PATH)[0].rpartition(":")[2])
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


def test_headers_that_never_end_keep_nobody_out(impatient):
    """Connections beyond the limit that all wait with half a header are gone before the next event is."""
    address = ("127.0.0.1", impatient)
    halves = [socket.create_connection(address, timeout=30) for _ in range(MOST_CONNECTIONS + 100)]
    try:
        for half in halves:
            half.sendall(f"POST {PATH} HTTP/1.1\r\nHost: local".encode())
        until = time.monotonic() + 20
        while post(impatient, event(1)) == 503:
            assert time.monotonic() < until
            time.sleep(0.1)
        for half in halves:
            with closing(half), suppress(ConnectionError):
                assert half.recv(1) == b""
    finally:
        for half in halves:
            half.close()
    assert post(impatient, event(1)) == 200


def test_a_header_that_drips_after_an_answer_is_given_up_too(impatient):
    with socket.create_connection(("127.0.0.1", impatient), timeout=30) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200" in connection.recv(1000)
        with pytest.raises(OSError):
            for _ in range(100):
                connection.sendall(b"G")
                time.sleep(0.05)


def test_a_client_may_take_its_time_between_two_events(impatient):
    connection = http.client.HTTPConnection("127.0.0.1", impatient, timeout=30)
    for number in (1, 2):
        connection.request("POST", PATH, json.dumps(event(number)))
        assert connection.getresponse().read()
        time.sleep(1.5)
    connection.request("GET", "/counters")
    assert json.loads(connection.getresponse().read())["stored"] == 2
    connection.close()


def post(port: int, sent: dict[str, Any]) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", PATH, json.dumps(sent))
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("name", ["uvicorn", "starlette"])
def test_without_what_it_needs_no_ledger_is_begun(tmp_path, monkeypatch, name):
    from headwater.cli.ledger_serve import command
    from headwater.errors import MissingExtra

    for module in [each for each in sys.modules if each.partition(".")[0] == name]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra, match=r"headwater\[serve\]"):
        command(str(tmp_path / "a.db"))
    assert not list(tmp_path.iterdir())


def test_it_serves_on_when_nobody_reads_what_it_prints(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    read, write = os.pipe()
    os.close(read)
    process = subprocess.Popen(
        [sys.executable, "-c", START, str(tmp_path / "a.db"), "--port", str(port)], stdout=write
    )
    os.close(write)
    try:
        until = time.monotonic() + 30
        while True:
            with suppress(OSError):
                assert post(port, event(1)) == 201
                break
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\xff" * 500,
        b"POST /api/v1/lineage HTTP/9.9\r\n\r\n",
        b"POST /api/v1/lineage HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/lineage HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /api/v1/lineage HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ],
)
def test_what_is_no_http_ends_the_connection_and_nothing_else(tmp_path, sent):
    with running(tmp_path / "a.db") as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(100)
            assert not answer.startswith(b"HTTP/1.1 2")
        assert server.post(event(1)).status == 201
        assert server.stop()[0] == 0
