"""What changed from commit to commit, and in the work tree: the stages that ran, the data that came.

A stage whose entry in the lock is that of a parent commit did not run again. DVC files are parsed
once, however many commits hold them.
"""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from headwater.errors import InputError, MissingExtra
from headwater.lineage.facts import Place
from headwater.lineage.formats.dvc.files import (
    Lock,
    Plan,
    Stage,
    Tracked,
    read_lock,
    read_plan,
    read_tracked,
)
from headwater.lineage.formats.dvc.history import Commit, History, is_dvc_file
from headwater.lineage.formats.dvc.nodes import Notes
from headwater.lineage.reading import Collector, find_files, shown

LARGEST_FILE = 8 * 2**20
MOST_BYTES = 128 * 2**20
MOST_REMEMBERED = 16 * 2**20

Parsed = TypeVar("Parsed", Lock, Plan, Tracked)


@dataclass(frozen=True, slots=True)
class Moment:
    """A commit or, without one, the work tree; `follows` where that comes after a history."""

    commit: Commit | None = None
    follows: bool = False

    def place(self, path: str, line: int = 0) -> Place:
        """A line of a file at this moment."""
        return Place(path, line, self.commit.short if self.commit else "")


@dataclass(frozen=True, slots=True)
class State:
    """The DVC files at a moment, and those of the commits before it: path and git's name for the content."""

    files: dict[str, str]
    moment: Moment = Moment()
    parents: tuple[dict[str, str], ...] = ()
    earlier: frozenset[str] = frozenset()

    def changed(self) -> Iterator[tuple[str, str]]:
        """Files that no parent holds like that under their name."""
        for path, blob in sorted(self.files.items()):
            if not any(parent.get(path) == blob for parent in self.parents):
                yield path, blob

    def before(self, path: str) -> list[str]:
        """The content that a file had in the parents."""
        return [parent[path] for parent in self.parents if path in parent]


@dataclass(frozen=True, slots=True)
class Run:
    """A stage as one commit first records it."""

    stage: Stage
    moment: Moment
    path: str
    wdir: str
    measured: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Came:
    """Data that DVC tracks, as one commit first records them."""

    tracked: Tracked
    moment: Moment
    path: str


@dataclass
class Project:
    """A DVC project: its states, and its files parsed.

    Attributes
    ----------
    why_no_history
        Why only the work tree is read; empty where the commits are read too.
    """

    root: Path
    collector: Collector
    why_no_history: str = ""
    history: History | None = None
    _bytes: int = 0
    _work: dict[str, bytes] = field(default_factory=dict)
    _parsed: OrderedDict[str, tuple[int, Lock | Plan | Tracked | None]] = field(default_factory=OrderedDict)
    _remembered: int = 0
    _told: set[str] = field(default_factory=set)

    def open(self) -> None:
        """Find the history, or say why there is none."""
        inside = self.root / ".git"
        bare = all((self.root / name).exists() for name in ("HEAD", "objects", "refs"))
        folder = self.root if bare and not inside.exists() else inside
        if not folder.exists():
            self.why_no_history = "there is no .git folder here"
        elif folder.is_symlink() or not folder.is_dir():
            self.why_no_history = "its history is kept in another folder, which is not followed"
        else:
            try:
                self.history = History(folder)
            except (InputError, MissingExtra) as error:
                self.why_no_history = f"{error.problem} ({error.remedy})" if error.remedy else error.problem

    def close(self) -> None:
        """Let go of the files."""
        if self.history:
            self.history.close()

    def states(self) -> Iterator[State]:
        """Every commit whose DVC files are not those of a parent, oldest first; the work tree last."""
        commits = self.history.commits if self.history else []
        children = Counter(parent for commit in commits for parent in commit.parents)
        held: dict[str, dict[str, str]] = {}
        head: dict[str, str] = {}
        for commit in commits:
            parents = tuple(held[parent] for parent in commit.parents if parent in held)
            head = held[commit.name] = self._files_of(commit, parents)
            children.subtract(commit.parents)
            for parent in commit.parents:
                # What no later commit is compared with is let go.
                if children[parent] <= 0:
                    held.pop(parent, None)
            if not any(head == parent for parent in parents or ({},)):
                yield _state(head, Moment(commit), parents)
        work = self._work_tree()
        if work and work != head:
            follows = self.history is not None
            yield _state(work, Moment(None, follows), (head,) if follows else ())

    def _files_of(self, commit: Commit, parents: tuple[dict[str, str], ...]) -> dict[str, str]:
        assert self.history is not None
        try:
            files = self.history.files(commit)
        except InputError as error:
            self.collector.error(
                Place(".git", 0, commit.short), f"{error.problem}; the commit was passed over"
            )
            return parents[0] if parents else {}
        # The same files are one object: a long history holds few different ones.
        return next((parent for parent in parents if parent == files), files)

    def _work_tree(self) -> dict[str, str]:
        found: dict[str, str] = {}
        held = 0
        for file in find_files(self.root, is_dvc_file, self.collector):
            path = shown(file.relative_to(self.root)) if file != self.root else file.name
            try:
                with file.open("rb") as opened:
                    data = opened.read(LARGEST_FILE + 1)
            except OSError as error:
                self.collector.error(
                    Place(path), f"cannot be read: {error.strerror}; nothing was read from it"
                )
                continue
            if len(data) + held > MOST_BYTES:
                said = f"the files of DVC have more than {MOST_BYTES // 2**20} MiB; this one was not read"
                self.collector.error(Place(path), said)
                continue
            held += len(data)
            blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
            self._work[blob] = data
            found[path] = blob
        return found

    def lock(self, state: State, path: str, blob: str) -> Lock | None:
        """A ``dvc.lock``, or ``None`` where it cannot be read."""
        return self._read(state, path, blob, read_lock)

    def plan(self, state: State, path: str, blob: str) -> Plan | None:
        """A ``dvc.yaml``, or ``None`` where it cannot be read."""
        return self._read(state, path, blob, read_plan)

    def tracked(self, state: State, path: str, blob: str) -> Tracked | None:
        """A ``*.dvc`` file, or ``None`` where it cannot be read."""
        return self._read(state, path, blob, read_tracked)

    def _read(
        self, state: State, path: str, blob: str, parse: Callable[[bytes, str], Parsed]
    ) -> Parsed | None:
        # One content may be a lock here and, by its name, something else there.
        known = f"{parse.__name__}:{blob}"
        if known not in self._parsed:
            self._parse(known, state, path, blob, parse)
        self._parsed.move_to_end(known)
        return self._parsed[known][1]  # type: ignore[return-value]

    def _parse(
        self, known: str, state: State, path: str, blob: str, parse: Callable[[bytes, str], Parsed]
    ) -> None:
        made: Parsed | None = None
        size = 0
        try:
            data = self._content(blob)
            size = len(data)
            self._hold_to_limit(known, size)
            made = parse(data, path)
            self._tell(known, state, path, made.notes)
        except InputError as error:
            if known not in self._told:
                said = error.problem.removeprefix(f"{error.path}:{error.line}: ").removeprefix(
                    f"{error.path}: "
                )
                place = state.moment.place(path, error.line or 0)
                self.collector.error(place, f"{said}; nothing was read from the file")
        self._told.add(known)
        self._parsed[known] = size, made
        self._remembered += size
        while self._remembered > MOST_REMEMBERED and len(self._parsed) > 1:
            _, (forgotten, _) = self._parsed.popitem(last=False)
            self._remembered -= forgotten

    def _content(self, blob: str) -> bytes:
        if blob in self._work or self.history is None:
            return self._work[blob]
        return self.history.objects.blob(blob)

    def _hold_to_limit(self, known: str, size: int) -> None:
        if known not in self._told:
            self._bytes += size
            self.collector.files += 1
        if self._bytes > MOST_BYTES:
            raise InputError(f"the files of DVC in the history have more than {MOST_BYTES // 2**20} MiB", "")

    def _tell(self, known: str, state: State, path: str, notes: Notes) -> None:
        if known in self._told:
            return
        for severity, line, message in notes.told:
            tell = self.collector.error if severity == "error" else self.collector.warning
            tell(state.moment.place(path, line), message)


def _state(files: dict[str, str], moment: Moment, parents: tuple[dict[str, str], ...]) -> State:
    return State(files, moment, parents, frozenset(blob for parent in parents for blob in parent.values()))
