"""Running the server until a signal ends it; then everything that was received is answered first."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from headwater.errors import InputError
from headwater.extras import load
from headwater.ledger.serving.app import NEEDED_BY, PATH, Limits, Service
from headwater.ledger.serving.connections import timed
from headwater.ledger.serving.counting import Counters
from headwater.ledger.serving.guarding import Guard, check_host
from headwater.ledger.serving.writing import Writer

if TYPE_CHECKING:
    from headwater.ledger.book import Ledger

MOST_CONNECTIONS = 500
IDLE_SECONDS = 60
GRACE_SECONDS = 30
PORT = 5000
"""Where OpenLineage producers look by default."""


@dataclass(frozen=True)
class Address:
    """Where to listen, and the token that is asked for there; port 0 is any that is free."""

    host: str = "127.0.0.1"
    port: int = PORT
    token: str | None = field(default=None, repr=False)


def check_installed() -> None:
    """Raise `MissingExtra` where what the server needs is not installed."""
    for module in ("starlette.applications", "uvicorn"):
        load(module, NEEDED_BY)


def serve(
    book: Ledger,
    address: Address,
    limits: Limits | None = None,
    announce: Callable[[str], None] = lambda url: None,
) -> Counters:
    """Take events into `book` until SIGTERM or SIGINT; what was done.

    Parameters
    ----------
    announce
        Called with the address for producers once connections are taken.

    Raises
    ------
    InputError
        If it may not, or cannot, listen there.
    """
    check_host(address.host, address.token)
    writer = Writer(book)
    service = Service(writer, Guard(address.token), limits or Limits())
    server = _server(service)

    def died() -> None:
        server.should_exit = True

    writer.died = died
    with _listening(address) as sock, _signals_kept():
        writer.start()
        try:
            announce(_url(address.host, sock.getsockname()[1]))
            server.run(sockets=[sock])
        finally:
            writer.close()
    if writer.fault is not None:
        raise writer.fault
    return service.counters


def _server(service: Service) -> Any:
    uvicorn = load("uvicorn", NEEDED_BY)
    return uvicorn.Server(
        uvicorn.Config(
            service.application(),
            loop="asyncio",
            # the faster one that may be installed takes headers without end into memory
            http=timed(service.limits.seconds),
            ws="none",
            lifespan="off",
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )


@contextmanager
def _listening(address: Address) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        sock = socket.create_server((address.host, address.port), family=family, backlog=2048)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InputError(
            f"cannot listen on {address.host!r:.80} port {address.port}: {reason}",
            "choose another --port, or 0 for any that is free",
        ) from None
    with sock:
        yield sock


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Signals end the server only: it sends them on when it is done, before the last events are written."""
    kept = {each: signal.signal(each, lambda *_: None) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in kept.items():
            signal.signal(each, handler)


def _url(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}"
