"""Whether a book is as it was written: every row held against its hash and its neighbours.

A changed, missing, moved or inserted row breaks the chain and is named. Only who kept the hash
of an entry elsewhere can tell that the rows from there on were cut off or all written anew.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from headwater.ledger.chain import GENESIS, hash_of, well_formed

Wrong = Literal["changed", "replaced", "missing", "moved", "inserted", "cut"]

MOST_FINDINGS = 1_000

_NEARBY = 1_000
"""How many places off a moved row is looked for."""

_BUDGET = 64 * 2**20
"""Most characters hashed, and most kept, to find where strange rows belong."""

_RECENT = 64

_NOT_SEEN = "that entries were cut off the end is seen only with the head of an earlier audit (--head)"

Row = Sequence[Any]
"""Number, previous, hash, kind, key, body and time, as the database has them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with entries `first` to `last`, by the numbers they were written under."""

    wrong: Wrong
    first: int
    last: int
    said: str

    def __str__(self) -> str:
        numbers = f"entry {self.first}" if self.first == self.last else f"entries {self.first} to {self.last}"
        return f"{numbers}: {self.said}"


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit of a book found.

    Attributes
    ----------
    entries
        How many rows there are.
    head
        Hash of the last one; kept elsewhere, it finds a cut-off tail: ``audit(head=...)``.
    findings
        What is wrong, in order; at most `MOST_FINDINGS` of them.
    unlisted
        How many further findings there are.
    against
        Hash of the entry that was looked for; ``None``: of none, so that a cut-off tail is not seen.
    """

    entries: int
    head: str
    findings: tuple[Finding, ...] = ()
    unlisted: int = 0
    against: str | None = None

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def __str__(self) -> str:
        if self.valid:
            cut = f"{_NOT_SEEN}\n" if self.against is None else ""
            return f"{self.entries:,} entries, each as it was written\n{cut}head: {self.head}"
        found = len(self.findings) + self.unlisted
        lines = [f"{self.entries:,} entries, {found:,} finding{'s'[: found != 1]}", *map(str, self.findings)]
        if self.unlisted:
            lines.append(f"and {self.unlisted:,} more")
        return "\n".join(lines)


@dataclass(slots=True)
class _Stretch:
    """Rows `first` to `last` by the numbers they have now, written under `origin` and on."""

    first: int
    last: int
    origin: int

    @property
    def end(self) -> int:
        """Number that the last row was written under."""
        return self.origin + self.last - self.first


@dataclass
class Auditor:
    """Takes rows in the order of their numbers and tells at the end what is wrong with them.

    Parameters
    ----------
    head
        Hash of an entry that was in the book once.
    """

    head: str | None = None
    rows: int = 0
    last: str = GENESIS
    before: str = GENESIS
    stretches: list[_Stretch] = field(default_factory=list)
    strange: list[int] = field(default_factory=list)
    kept: list[Row] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    recent: dict[str, int] = field(default_factory=lambda: {GENESIS: 0})
    head_seen: bool = False
    budget: int = _BUDGET
    room: int = _BUDGET

    def take(self, row: Row) -> None:
        """Look at the next row."""
        number, previous, hash_ = row[0], row[1], row[2]
        self.rows += 1
        origin = number if number > 0 and _valid(row, number) else self._origin(row)
        if origin is None:
            self._keep(row)
        else:
            self._place(number, origin, broken=previous != self.before)
            self.head_seen |= hash_ == self.head
            self._remember(hash_, origin)
            self.before = hash_
        self.last = hash_ if isinstance(hash_, str) and hash_.isascii() else ascii(hash_)

    def audit(self) -> Audit:
        """Everything found."""
        self._find_far()
        found = sorted(self._findings(), key=lambda each: (each.first, each.last, each.wrong))
        if self.head is not None and not self.head_seen:
            end = max((each.end for each in self.stretches), default=0) + 1
            said = f"no entry has the hash {self.head}: cut off from about here on, or written anew before"
            found.append(Finding("cut", end, end, said))
        unlisted = max(0, len(found) - MOST_FINDINGS)
        # The cut tail comes last and is what was asked for.
        listed = found if not unlisted else [*found[: MOST_FINDINGS - 1], found[-1]]
        return Audit(self.rows, self.last, tuple(listed), unlisted, self.head)

    def _keep(self, row: Row) -> None:
        self.strange.append(row[0])
        size = len(str(row[5]))
        if size <= self.room:
            self.room -= size
            self.kept.append(row)

    def _place(self, number: int, origin: int, broken: bool) -> None:
        now = self.stretches[-1] if self.stretches else None
        if now and number == now.last + 1 and origin == now.end + 1:
            now.last = number
            follows = True
        else:
            follows = now is None and origin == 1
            self.stretches.append(_Stretch(number, number, origin))
        if broken and follows:
            self.broken.append(origin)

    def _remember(self, hash_: str, origin: int) -> None:
        self.recent[hash_] = origin
        if len(self.recent) > _RECENT:
            del self.recent[next(iter(self.recent))]

    def _origin(self, row: Row) -> int | None:
        """The number that a row was written under, where its hash tells that it is another one."""
        before = self.recent.get(row[1])
        nearby = (row[0] + sign * step for step in range(1, _NEARBY) for sign in (1, -1))
        return self._first_valid(row, nearby if before is None else iter([before + 1]))

    def _first_valid(self, row: Row, numbers: Iterator[int]) -> int | None:
        size = len(str(row[5])) + 300
        for number in islice(numbers, self.budget // size):
            self.budget -= size
            if number > 0 and _valid(row, number):
                return number
        return None

    def _find_far(self) -> None:
        """Look for strange rows among the numbers that no row has."""
        gaps = [number for first, last in self._gaps() for number in range(first, min(last, first + 64) + 1)]
        for row in self.kept:
            origin = self._first_valid(row, iter(gaps[:_NEARBY]))
            if origin is not None:
                self.strange.remove(row[0])
                self.stretches.append(_Stretch(row[0], row[0], origin))
                self.head_seen |= row[2] == self.head

    def _gaps(self) -> Iterator[tuple[int, int]]:
        """Numbers that no row was written under, up to the highest that one was or has."""
        reached = 0
        for each in sorted(self.stretches, key=lambda stretch: stretch.origin):
            if each.origin > reached + 1:
                yield reached + 1, each.origin - 1
            reached = max(reached, each.end)
        highest = max(self.strange, default=0)
        if highest > reached:
            yield reached + 1, highest

    def _findings(self) -> Iterator[Finding]:
        missing = _Numbers(self._gaps())
        changed = [number for number in self.strange if number in missing]
        inserted = [number for number in self.strange if number not in missing]
        yield from _all("changed", changed, "not what was written")
        yield from _all("inserted", inserted, "stands there and was never written under that number")
        for first, last in missing.without(changed):
            yield Finding("missing", first, last, "missing")
        for each in self.stretches:
            if each.origin != each.first:
                yield _moved(each)
        yield from self._twice()
        for number in self._replaced():
            yield Finding("replaced", number, number, "not the one that the next entry was written after")

    def _twice(self) -> Iterator[Finding]:
        reached = 0
        for each in sorted(self.stretches, key=lambda stretch: stretch.origin):
            if each.origin <= reached:
                said = "there more than once: all but one were inserted"
                yield Finding("inserted", each.origin, min(reached, each.end), said)
            reached = max(reached, each.end)

    def _replaced(self) -> Iterator[int]:
        """Of two breaks in a row, the row between them is to blame; of one, the row before it."""
        blamed = 0
        breaks = set(self.broken)
        for number in self.broken:
            if number == blamed:
                continue
            blamed = number if number + 1 in breaks else max(number - 1, 1)
            yield blamed
            blamed = max(blamed, number + 1 if number + 1 in breaks else 0)


class _Numbers:
    """Ranges of numbers, in order, to look a number up in."""

    def __init__(self, ranges: Iterator[tuple[int, int]]) -> None:
        self.ranges = list(ranges)
        self.starts = [first for first, _ in self.ranges]

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self.starts, number) - 1
        return at >= 0 and number <= self.ranges[at][1]

    def without(self, numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
        """The ranges with `numbers`, which are in order, taken out."""
        rest = iter([*numbers, None])
        out = next(rest)
        for first, last in self.ranges:
            start = first
            while out is not None and out <= last:
                if out > start:
                    yield start, out - 1
                start = out + 1
                out = next(rest)
            if start <= last:
                yield start, last


def _valid(row: Row, number: int) -> bool:
    """Whether a row's hash is that of its content, written under this number."""
    _, previous, hash_, kind, key, body, at = row
    return well_formed(row) and bool(hash_of(number, previous, kind, key, body, at) == hash_)


def _all(wrong: Wrong, numbers: Sequence[int], said: str) -> Iterator[Finding]:
    """One finding for each stretch of neighbouring numbers."""
    start = 0
    for at in range(1, len(numbers) + 1):
        if at == len(numbers) or numbers[at] != numbers[at - 1] + 1:
            yield Finding(wrong, numbers[start], numbers[at - 1], said)
            start = at


def _moved(stretch: _Stretch) -> Finding:
    steps = stretch.first - stretch.origin
    now = f"{stretch.first}" if stretch.first == stretch.last else f"{stretch.first} to {stretch.last}"
    places = f"{abs(steps):,} place{'s'[: abs(steps) != 1]} {'further on' if steps > 0 else 'further up'}"
    return Finding("moved", stretch.origin, stretch.end, f"now under {now}, {places}")
