"""One thread that writes: what arrives while it writes goes into its next transaction.

So a thousand requests cost as many waits for the disk as there were transactions. Nothing is
reported as stored before its transaction is, and what could not be stored is refused with the reason.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from headwater.errors import HeadwaterError
from headwater.ledger.serving.bodies import Refused

if TYPE_CHECKING:
    from headwater.ledger.book import Ledger
    from headwater.ledger.chain import Entry

KIND = "openlineage"
MOST_WAITING = 10_000
LARGEST_GROUP = 1_000


Outcome: TypeAlias = "Entry | Refused | None"
"""Where it was stored, why it was not, or ``None`` if it already was."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An event that somebody waits for."""

    key: str
    event: Mapping[str, Any]
    answer: asyncio.Future[Entry | None]


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a group of events."""

    outcomes: Sequence[Outcome]
    seconds: float


@dataclass
class Writer:
    """The thread that writes to `book`, from `start` to `close`.

    Attributes
    ----------
    told
        Called in the thread of the loop with each group that was tried.
    died
        Called once if the thread ends in any other way than by `close`, with `fault` why.
    trouble
        Why the last transaction failed; empty if it did not.
    """

    book: Ledger
    told: Callable[[Written], None] = lambda written: None
    died: Callable[[], None] = lambda: None
    most_waiting: int = MOST_WAITING
    trouble: str = ""
    fault: BaseException | None = None
    _queue: queue.SimpleQueue[Pending | None] = field(default_factory=queue.SimpleQueue)
    _thread: threading.Thread | None = None
    _open: bool = False

    def start(self) -> None:
        """Start the thread."""
        self._open = True
        self._thread = threading.Thread(target=self._run, name="ledger writer", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Write all that waits, and end the thread."""
        self._open = False
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join()

    @property
    def waiting(self) -> int:
        """Number of events that wait."""
        return self._queue.qsize()

    @property
    def alive(self) -> bool:
        """Whether events can be written."""
        return self._open and self._thread is not None and self._thread.is_alive()

    async def write(self, key: str, event: Mapping[str, Any]) -> Entry | None:
        """Where the event was stored, once it is; ``None`` if the book already had it.

        Raises
        ------
        Refused
            If too many wait, or it could not be stored.
        """
        if not self.alive:
            raise Refused(503, "stopping", "the server is stopping: send it again in a moment")
        if self.waiting >= self.most_waiting:
            raise Refused(503, "busy", "too many events wait to be written: send it again in a moment")
        answer: asyncio.Future[Entry | None] = asyncio.get_running_loop().create_future()
        self._queue.put(Pending(key, event, answer))
        return await answer

    def _run(self) -> None:
        group: list[Pending] = []
        try:
            while group := self._next():
                self._settle(group, self._try(group))
        except BaseException as error:
            # raised again where the server was started
            self.fault = error
        finally:
            # nobody is left waiting, and nothing more is taken, whatever ended this
            self._open = False
            rest = [*group, *self._left()]
            lost = Refused(503, "failed", "the server is stopping after an error: send it again later")
            if rest:
                self._settle(rest, Written([lost] * len(rest), 0.0))
            if self.fault is not None:
                self.died()

    def _next(self) -> list[Pending]:
        """What waits, in order; empty when the thread is to end."""
        first = self._queue.get()
        if first is None:
            if left := self._left():
                self._queue.put(None)
            return left
        group = [first]
        while len(group) < LARGEST_GROUP:
            try:
                more = self._queue.get_nowait()
            except queue.Empty:
                break
            if more is None:
                self._queue.put(None)
                break
            group.append(more)
        return group

    def _left(self) -> list[Pending]:
        left = []
        with suppress(queue.Empty):
            while True:
                if (more := self._queue.get_nowait()) is not None:
                    left.append(more)
        return left

    def _try(self, group: Sequence[Pending]) -> Written:
        started = time.perf_counter()
        outcomes = self._stored(group)
        return Written(outcomes, time.perf_counter() - started)

    def _stored(self, group: Sequence[Pending]) -> Sequence[Outcome]:
        try:
            entries = self.book.append_many([(KIND, {"event": each.event}, each.key) for each in group])
        except HeadwaterError as error:
            # what an event may be was checked before, so this is about the book
            return [self._refusal(error)] * len(group)
        self.trouble = ""
        return entries

    def _refusal(self, error: HeadwaterError) -> Refused:
        self.trouble = error.problem
        full = any(word in error.problem.lower() for word in ("is full", "no space", "quota"))
        return Refused(507 if full else 503, "not_written", f"the ledger cannot be written: {error.problem}")

    def _settle(self, group: Sequence[Pending], written: Written) -> None:
        def settle() -> None:
            self.told(written)
            for each, outcome in zip(group, written.outcomes, strict=True):
                if each.answer.done():
                    continue
                if isinstance(outcome, Refused):
                    each.answer.set_exception(outcome)
                else:
                    each.answer.set_result(outcome)

        # with the loop gone, nobody waits any more
        with suppress(RuntimeError):
            group[0].answer.get_loop().call_soon_threadsafe(settle)
