"""Transactions and forks of the process: a fork waits until none is under way, and none begins meanwhile.

A child inherits the locks that other threads held, which nobody there will ever let go, and open
SQLite connections, with which it could damage the file.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Lets threads through, one by one or many at once, except while the process forks."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Forget all threads: in a child there is only the one that forked."""
        self._changed = threading.Condition()
        self._inside: dict[int, int] = {}
        self._forks = 0

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Be inside, which a fork in another thread waits for."""
        me = threading.get_ident()
        with self._changed:
            # Who is inside already must not wait for a fork that waits for it.
            self._changed.wait_for(lambda: not self._forks or me in self._inside)
            self._inside[me] = self._inside.get(me, 0) + 1
        try:
            yield
        finally:
            with self._changed:
                self._inside[me] = self._inside.get(me, 1) - 1
                if not self._inside[me]:
                    del self._inside[me]
                self._changed.notify_all()

    def shut(self, patience: float) -> None:
        """Let nobody in, and wait until the other threads are out, or as many seconds as this."""
        me = threading.get_ident()
        with self._changed:
            self._forks += 1
            self._changed.wait_for(lambda: self._inside.keys() <= {me}, patience)

    def reopen(self) -> None:
        """Let threads in again."""
        with self._changed:
            self._forks -= 1
            self._changed.notify_all()
