"""Connections that end when a request does not come: the server's own wait only for the first byte.

Who opens hundreds of them, sends the beginning of a header and then nothing, would keep all others out.
"""

from __future__ import annotations

import asyncio
from typing import Any

from headwater.extras import load
from headwater.ledger.serving.app import NEEDED_BY


def timed(seconds: float) -> Any:
    """A protocol for Uvicorn that ends a connection whose next header takes longer than `seconds`.

    What follows an answer is timed from its first byte: until then the server waits for another request
    as long as it wants to.
    """
    plain: Any = load("uvicorn.protocols.http.h11_impl", NEEDED_BY).H11Protocol

    class Timed(plain):  # type: ignore[misc]
        """One connection."""

        _ending: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(transport)
            self._begin()

        def data_received(self, data: bytes) -> None:
            # this timer runs while nothing has come since an answer
            if self.timeout_keep_alive_task is not None:
                self._begin()
            super().data_received(data)

        def handle_events(self) -> None:
            before = self.cycle
            super().handle_events()
            if self.cycle is not before:
                self._end()

        def connection_lost(self, exc: Exception | None) -> None:
            self._end()
            super().connection_lost(exc)

        def _begin(self) -> None:
            self._end()
            self._ending = self.loop.call_later(seconds, self.transport.abort)

        def _end(self) -> None:
            if self._ending is not None:
                self._ending.cancel()
                self._ending = None

    return Timed
