"""OpenLineage events taken over HTTP: how many a second, and that a kill in the middle loses none.

Producers on the same machine send one event after the other, as fast as they are answered, and send
again what was not answered. In the middle the server is killed and started again. Afterwards every
event that was acknowledged has to be in the ledger once, and the chain of its entries whole.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import ROOT, Row, Side

PATH = "/api/v1/lineage"
PROCESSES = 2
CONNECTIONS = 16
"""Of each process."""
WANTED = 500
PAUSE = 0.05
"""Seconds before an event is sent again."""
SERVER = "import typer; from headwater.cli.ledger_serve import command; typer.run(command)"


def run(quick: bool) -> Iterator[Row]:
    """One load of a minute, with a kill after half of it."""
    seconds = 4 if quick else 60
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder) / "ledger.db"
        server = _Server(ledger)
        clients = [_client(server.port, seconds, Path(folder) / f"{at}.json") for at in range(PROCESSES)]
        time.sleep(seconds / 2)
        away = server.kill_and_restart()
        for client in clients:
            if client.wait():
                raise RuntimeError("a producer failed; see above")
        side = server.stop(seconds)
        sent = [json.loads((Path(folder) / f"{at}.json").read_bytes()) for at in range(PROCESSES)]
        _check(ledger, [run for each in sent for run in each["acknowledged"]])
    taken = 1_000 * np.array([each for told in sent for each in told["seconds"]])
    again, known = (sum(each[what] for each in sent) for what in ("again", "known"))
    yield Row(
        "ledger serve: OpenLineage events",
        f"{seconds} s, {PROCESSES} processes of {CONNECTIONS} connections, events of {_size():,} bytes",
        side,
        note=f"{len(taken) / seconds:,.0f} events a second ({WANTED} wanted), {len(taken):,} in all, "
        f"answered in {np.median(taken):.1f} ms (median) and {np.quantile(taken, 0.99):.1f} ms (99 of "
        f"100); killed in the middle and away for {away:.1f} s, {again:,} tries more, {known:,} of them of "
        "events stored already; each acknowledged event is in the ledger once, and its chain holds; "
        "producers share the cores",
    )


class _Server:
    """A server that can be killed, and started again on its port."""

    def __init__(self, ledger: Path) -> None:
        self.ledger = ledger
        self.port = 0
        self.processor, self.peak = 0.0, 0
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SERVER, str(self.ledger), "--port", str(self.port)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        said = process.stdout.readline()
        self.port = int(said.split(PATH)[0].rpartition(":")[2])
        return process

    def kill_and_restart(self) -> float:
        """How many seconds it was away."""
        started = time.perf_counter()
        self._end("kill")
        self.process = self._start()
        return time.perf_counter() - started

    def stop(self, seconds: float) -> Side:
        """What both together took."""
        self._end("terminate")
        return Side(seconds, self.processor, 1, self.peak)

    def _end(self, how: str) -> None:
        getattr(self.process, how)()
        _, _, used = os.wait4(self.process.pid, 0)
        self.process.returncode = 0
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.processor += used.ru_utime + used.ru_stime
        self.peak = max(self.peak, used.ru_maxrss * (1 if sys.platform == "darwin" else 1024))


def _client(port: int, seconds: float, file: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "benchmarks.ledger", str(port), str(seconds), str(file)]
    return subprocess.Popen(command, cwd=ROOT)


def _check(ledger: Path, acknowledged: list[str]) -> None:
    """Hold the ledger against what producers were told."""
    from headwater.ledger import Ledger

    with Ledger(ledger, read_only=True) as book:
        stored = Counter(entry.body["event"]["run"]["runId"] for entry in book.entries())
        audit = book.audit()
    twice = [run for run, times in stored.items() if times > 1]
    lost = set(acknowledged) - stored.keys()
    assert not lost, f"{len(lost)} acknowledged events are not in the ledger"
    assert not twice, f"{len(twice)} events are in the ledger more than once"
    assert audit.valid, str(audit)


def _event(run: str) -> dict[str, Any]:
    """An event of the size that trackers send."""
    about = {"_producer": "https://example.org/trainer", "_schemaURL": "https://example.org/facet.json"}
    fields = [{"name": f"column_{at}", "type": "double"} for at in range(12)]
    return {
        "eventType": "COMPLETE",
        "eventTime": "2026-05-01T12:00:00Z",
        "run": {"runId": run},
        "job": {"namespace": "trainer", "name": "fit"},
        "inputs": [{"namespace": "file", "name": "web", "facets": {"schema": {**about, "fields": fields}}}],
        "outputs": [
            {
                "namespace": "models",
                "name": "student",
                "facets": {"datasetType": {**about, "datasetType": "MODEL"}},
                "outputFacets": {"outputStatistics": {**about, "rowCount": 1_000}},
            }
        ],
        "producer": "https://example.org/trainer",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    }


def _size() -> int:
    return len(json.dumps(_event(str(uuid.uuid4()))))


class _Producer(threading.Thread):
    """One connection that sends until the time is over, and the last event until it is answered.

    It speaks just enough HTTP, so that it takes little of the processors that the server needs.
    """

    def __init__(self, port: int, until: float) -> None:
        super().__init__()
        self.port, self.until = port, until
        self.seconds: list[float] = []
        self.acknowledged: list[str] = []
        self.again = self.known = 0
        self.connection: socket.socket | None = None
        self.event = json.dumps(_event("RUN"))

    def run(self) -> None:
        while time.perf_counter() < self.until:
            run = str(uuid.uuid4())
            body = self.event.replace("RUN", run, 1).encode()
            request = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
            started = time.perf_counter()
            while (status := self._send(request.encode() + body)) not in (200, 201):
                self.again += 1
                time.sleep(PAUSE)
            self.seconds.append(time.perf_counter() - started)
            self.acknowledged.append(run)
            self.known += status == 200

    def _send(self, request: bytes) -> int:
        """The status of the answer; 0 where there is none."""
        try:
            if self.connection is None:
                self.connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
            self.connection.sendall(request)
            answer = b""
            while not answer.endswith(b"}"):
                if not (more := self.connection.recv(4_096)):
                    raise ConnectionResetError
                answer += more
        except OSError:
            if self.connection is not None:
                self.connection.close()
            self.connection = None
            return 0
        return int(answer.split(maxsplit=2)[1])


def produce(port: int, seconds: float, file: str) -> None:
    """Send from all connections, and write what came of it."""
    until = time.perf_counter() + seconds
    producers = [_Producer(port, until) for _ in range(CONNECTIONS)]
    for each in producers:
        each.start()
    for each in producers:
        each.join()
    told = {
        "seconds": [seconds for each in producers for seconds in each.seconds],
        "acknowledged": [run for each in producers for run in each.acknowledged],
        "again": sum(each.again for each in producers),
        "known": sum(each.known for each in producers),
    }
    Path(file).write_text(json.dumps(told))


if __name__ == "__main__":
    produce(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
