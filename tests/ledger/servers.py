"""Servers to talk to: an application without a network, and a process of its own."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATH = "/api/v1/lineage"
START = "import typer; from headwater.cli.ledger_serve import command; typer.run(command)"


def event(number: int = 0, **changes: Any) -> dict[str, Any]:
    """A run event that the specification allows."""
    return {
        "eventType": "COMPLETE",
        "eventTime": f"2026-05-01T12:00:00.{number:06d}Z",
        "run": {"runId": f"ea041791-68bc-4ae1-bd89-{number:012d}"},
        "job": {"namespace": "trainer", "name": "fit"},
        "inputs": [{"namespace": "file", "name": "web"}],
        "outputs": [{"namespace": "models", "name": "student"}],
        "producer": "https://example.org/trainer",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        **changes,
    }


@dataclass
class Answer:
    """An answer of a server."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def ask(
    app: Any,
    body: bytes | Sequence[bytes] = b"",
    path: str = PATH,
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
    pause: float = 0.0,
) -> Answer:
    """Ask an application by its interface (ASGI); a body in pieces arrives with pauses."""
    pieces = [body] if isinstance(body, bytes) else list(body)
    given = {"host": "localhost:5000", **(headers or {})}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in given.items()],
        "server": ("127.0.0.1", 5000),
        "client": ("127.0.0.1", 40000),
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not pieces:
            return {"type": "http.disconnect"}
        await asyncio.sleep(pause)
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], found, b"".join(each.get("body", b"") for each in sent[1:]))


@dataclass
class Server:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    port: int
    said: list[str] = field(default_factory=list)

    def ask(
        self,
        body: bytes | str = b"",
        path: str = PATH,
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
    ) -> Answer:
        """Ask over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def post(self, sent: Mapping[str, Any]) -> Answer:
        return self.ask(json.dumps(sent))

    def stop(self, with_signal: int = signal.SIGTERM) -> tuple[int, str, str]:
        """End it; exit code and what it wrote on both streams."""
        self.process.send_signal(with_signal)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, "".join(self.said) + out, err


def start(
    ledger: Path | str,
    *options: str,
    environment: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
) -> Server:
    """Start a server on a free port and wait until it listens; `before` stands before its command."""
    import os

    wanted = () if "--port" in options else ("--port", "0")
    process = subprocess.Popen(
        [*before, sys.executable, "-c", START, str(ledger), *wanted, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    if PATH not in said:
        _, err = process.communicate(timeout=30)
        raise AssertionError(f"the server did not start: {said}{err}")
    return Server(process, int(said.split(PATH)[0].rpartition(":")[2]), [said])


@contextmanager
def running(ledger: Path | str, *options: str, **more: Any) -> Iterator[Server]:
    """A server that is gone afterwards, however it ended."""
    server = start(ledger, *options, **more)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.process.communicate(timeout=60)
