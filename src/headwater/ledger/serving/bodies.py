"""Bodies of requests, received and unpacked within limits.

A body may arrive packed, in small pieces, slowly, or without end. It is held to a size packed and
unpacked, to a time, and all bodies together to a room, before anything looks inside.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterable
from dataclasses import dataclass

GZIP = 16 + zlib.MAX_WBITS
PACKED = ("gzip", "x-gzip")
PLAIN = ("", "identity")
MOST_MEMBERS = 100
"""Each member of a gzip stream copies what is left of it: thousands of empty ones would cost the square."""


class Refused(Exception):
    """A request that gets no 201.

    Parameters
    ----------
    status
        Of the answer.
    reason
        The word it is counted under.
    message
        What is wrong and what would be right.
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message


@dataclass
class Room:
    """How many bytes of bodies may be in memory at once, from the first piece until the commit."""

    size: int
    taken: int = 0

    def take(self, number: int) -> None:
        """Take room for that many bytes.

        Raises
        ------
        Refused
            If there is not so much left.
        """
        if self.taken + number > self.size:
            raise Refused(503, "busy", "too much is waiting to be written: send it again in a moment")
        self.taken += number

    def give(self, number: int) -> None:
        """Give it back."""
        self.taken -= number


@dataclass
class Body:
    """One body on its way in; `close` gives its room back."""

    room: Room
    limit: int
    held: int = 0

    async def receive(self, pieces: AsyncIterable[bytes], seconds: float) -> bytes:
        """All of it, as it came.

        Raises
        ------
        Refused
            If it is too large, too slow, or there is no room.
        """
        received = bytearray()
        try:
            async with asyncio.timeout(seconds):
                async for piece in pieces:
                    self.hold(len(received) + len(piece), len(piece))
                    received += piece
        except TimeoutError:
            raise Refused(408, "slow", f"the body took more than {seconds:g} s to arrive") from None
        return bytes(received)

    def unpack(self, packed: bytes) -> bytes:
        """What a gzip stream of one or more members holds.

        Raises
        ------
        Refused
            If it is no gzip, cut off, or holds more than the limit.
        """
        parts: list[bytes] = []
        total = 0
        while packed:
            if len(parts) == MOST_MEMBERS:
                raise Refused(400, "malformed", f"the gzip body has more than {MOST_MEMBERS} members")
            stream = zlib.decompressobj(GZIP)
            try:
                part = stream.decompress(packed, self.limit - total + 1)
            except zlib.error:
                raise Refused(400, "malformed", "the body is not the gzip that its header says") from None
            total += len(part)
            self.hold(total, len(part))
            if not stream.eof:
                raise Refused(400, "malformed", "the gzip body is cut off")
            parts.append(part)
            packed = stream.unused_data
        return b"".join(parts)

    def hold(self, size: int, more: int) -> None:
        """Keep room for `more` bytes of a body that now has `size`."""
        if size > self.limit:
            raise Refused(413, "too_large", f"the body has more than {self.limit:,} bytes")
        self.room.take(more)
        self.held += more

    def close(self) -> None:
        """Give the room back."""
        self.room.give(self.held)
        self.held = 0
