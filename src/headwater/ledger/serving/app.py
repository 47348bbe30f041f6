"""The paths of the server: where events are posted, and where it tells how it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from headwater.extras import load
from headwater.ledger.serving.bodies import PACKED, PLAIN, Body, Refused, Room
from headwater.ledger.serving.counting import Counters
from headwater.ledger.serving.events import NotAnEvent, NotJson, key_of, parse
from headwater.ledger.serving.guarding import Guard
from headwater.ledger.serving.writing import Written

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.responses import Response

    from headwater.ledger.serving.writing import Writer

    Endpoint = Callable[[Request], Awaitable[Response]]

PATH = "/api/v1/lineage"
MIB = 2**20
NEEDED_BY = "headwater ledger serve"


@dataclass(frozen=True)
class Limits:
    """How much is taken.

    Attributes
    ----------
    body
        Bytes of one body, packed and unpacked.
    room
        Bytes of all bodies that are in memory at once.
    seconds
        The header of a request may take to arrive, and then its body.
    """

    body: int = 4 * MIB
    room: int = 64 * MIB
    seconds: float = 30.0


@dataclass
class Service:
    """What every path needs."""

    writer: Writer
    guard: Guard = field(default_factory=Guard)
    limits: Limits = field(default_factory=Limits)
    counters: Counters = field(default_factory=Counters)

    def __post_init__(self) -> None:
        self.room = Room(self.limits.room)
        self.responses = load("starlette.responses", NEEDED_BY)
        self.writer.told = self._count

    def application(self) -> Starlette:
        """The application, for a server to run."""
        routing = load("starlette.routing", NEEDED_BY)
        exceptions = load("starlette.exceptions", NEEDED_BY)
        app: Starlette = load("starlette.applications", NEEDED_BY).Starlette(
            routes=[
                routing.Route(PATH, self.take, methods=["POST"]),
                routing.Route("/counters", self.count, methods=["GET"]),
                routing.Route("/metrics", self.scrape, methods=["GET"]),
                routing.Route("/health", self.health, methods=["GET"]),
            ],
            exception_handlers={Refused: self._refuse, exceptions.HTTPException: self._lost},
        )
        # a redirected POST is lost on many clients; a wrong path is said to be one
        app.router.redirect_slashes = False
        return app

    async def take(self, request: Request) -> Response:
        """Take one event: 201 once it is stored, 200 if it already was."""
        self.guard.check(request.headers)
        body = Body(self.room, self.limits.body)
        try:
            content = await self._content(request, body)
            event = parse(content)
            key = key_of(event)
            entry = await self.writer.write(key, event)
        except NotJson as error:
            raise Refused(400, "malformed", error.problem) from None
        except NotAnEvent as error:
            raise Refused(422, "not_an_event", error.problem) from None
        finally:
            body.close()
        if entry is None:
            return self._json({"status": "duplicate", "key": key}, 200)
        return self._json({"status": "stored", "key": key, "number": entry.number, "hash": entry.hash}, 201)

    async def _content(self, request: Request, body: Body) -> bytes:
        coding = request.headers.get("content-encoding", "").strip().lower()
        if coding not in PACKED + PLAIN:
            raise Refused(415, "coding", f"Content-Encoding {coding[:40]!r} is not known: use gzip, or none")
        said = request.headers.get("content-length", "")
        if said.isdecimal() and int(said[:20]) > self.limits.body:
            raise Refused(413, "too_large", f"the body has more than {self.limits.body:,} bytes")
        gone = load("starlette.requests", NEEDED_BY).ClientDisconnect
        try:
            content = await body.receive(request.stream(), self.limits.seconds)
        except gone:
            raise Refused(400, "cut_off", "the connection ended before the body did") from None
        return body.unpack(content) if coding in PACKED else content

    async def count(self, request: Request) -> Response:
        """What was done since the start, as JSON."""
        self.guard.check(request.headers)
        return self._json(self._current().to_dict(), 200)

    async def scrape(self, request: Request) -> Response:
        """The same for Prometheus."""
        self.guard.check(request.headers)
        kind = "text/plain; version=0.0.4; charset=utf-8"
        answer: Response = self.responses.Response(self._current().as_prometheus(), media_type=kind)
        return answer

    async def health(self, request: Request) -> Response:
        """Whether events are stored: 200, or 503 after a transaction that failed."""
        if self.writer.alive and not self.writer.trouble:
            return self._json({"status": "ok"}, 200)
        told: dict[str, object] = {"status": "trouble"}
        # anybody may ask; the reason names the book
        with suppress(Refused):
            self.guard.check(request.headers)
            told["error"] = self.writer.trouble or "stopping"
        return self._json(told, 503)

    def _current(self) -> Counters:
        self.counters.waiting = self.writer.waiting
        self.counters.held_bytes = self.room.taken
        return self.counters

    def _count(self, written: Written) -> None:
        self.counters.commits += 1
        self.counters.commit_seconds += written.seconds
        for outcome in written.outcomes:
            if outcome is None:
                self.counters.duplicates += 1
            elif not isinstance(outcome, Refused):
                self.counters.stored += 1

    async def _refuse(self, request: Request, error: Refused) -> Response:
        self.counters.refused[error.reason] += 1
        headers = {503: {"Retry-After": "1"}, 401: {"WWW-Authenticate": "Bearer"}}.get(error.status)
        return self._json({"error": error.message, "reason": error.reason}, error.status, headers)

    async def _lost(self, request: Request, error: HTTPException) -> Response:
        reason, told = {
            404: ("path", f"there is nothing here: events are posted to {PATH}"),
            405: ("method", f"this path takes {_allowed(error)}"),
        }.get(error.status_code, ("request", error.detail))
        self.counters.refused[reason] += 1
        return self._json({"error": told, "reason": reason}, error.status_code, dict(error.headers or {}))

    def _json(
        self, content: dict[str, object], status: int, headers: dict[str, str] | None = None
    ) -> Response:
        answer: Response = self.responses.JSONResponse(content, status, headers)
        return answer


def _allowed(error: HTTPException) -> str:
    """The methods that a path takes, in an order of their own: those of the framework have none."""
    methods = (error.headers or {}).get("Allow", "other methods").split(",")
    return ", ".join(sorted(method.strip() for method in methods))
