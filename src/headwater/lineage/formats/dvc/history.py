"""The commits of a repository, oldest first, and the DVC files that each of them holds.

All commits are walked that lead to ``HEAD``, parents before children and otherwise by their time:
a generation that was trained on a branch and merged is seen where it was recorded. Other branches,
stashes and DVC's own experiments are not walked. What was cut off by a shallow clone is not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from graphlib import TopologicalSorter
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from headwater.errors import InputError
from headwater.lineage.formats.dvc.git_objects import Objects, hold_to_regular
from headwater.lineage.formats.dvc.nodes import cut
from headwater.lineage.reading.folders import DEEPEST, shown

MOST_COMMITS = 300_000
MOST_DVC_FILES = 50_000
MOST_FOLDERS = 5_000_000
MOST_REMEMBERED = 500_000
SHORT = 10
_NAME = re.compile(r"[0-9a-f]{40}")
_REF = re.compile(r"refs/[A-Za-z0-9._/@+#,=-]{1,200}")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: `time` is when it was committed, ISO 8601 with zone; `tags` are git's names for it."""

    name: str
    tree: str
    parents: tuple[str, ...]
    time: str
    seconds: int
    subject: str
    tags: str = ""

    @property
    def short(self) -> str:
        """The first letters of its hash, as records of it are versioned."""
        return self.name[:SHORT]


class History:
    """The commits that lead to ``HEAD``.

    Parameters
    ----------
    folder
        The ``.git`` folder.

    Raises
    ------
    MissingExtra
        If dulwich is not installed.
    InputError
        If there is no history that can be read safely.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("HEAD", "packed-refs"):
            if (folder / name).is_symlink() or ((folder / name).exists() and not (folder / name).is_file()):
                raise InputError("is a link or no regular file; it is not followed", "", shown(folder / name))
        hold_to_regular(folder / "refs")
        self._packed = dict(self._packed_refs())
        head = self._head()
        self.objects = Objects(folder / "objects")
        self.missing: dict[str, str] = {}
        self._trees: dict[str, tuple[tuple[str, str], ...]] = {}
        self._remembered = self._read = 0
        try:
            self.commits = self._ordered(head)
        except InputError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the files."""
        self.objects.close()

    def files(self, commit: Commit) -> dict[str, str]:
        """The DVC files of a commit: path and object.

        Raises
        ------
        InputError
            If its folders cannot be read or hold too many such files.
        """
        return dict(self._below(commit.tree, 0))

    def _below(self, tree: str, depth: int) -> tuple[tuple[str, str], ...]:
        if tree in self._trees:
            return self._trees[tree]
        # A folder that claims to hold itself holds nothing the second time.
        self._trees[tree] = ()
        found: list[tuple[str, str]] = []
        for raw, mode, name in self._entries(tree):
            path = raw.decode("utf-8", "backslashreplace")
            if S_ISREG(mode) and is_dvc_file(path):
                found.append((path, name))
            elif S_ISDIR(mode) and depth < DEEPEST and not path.startswith("."):
                found += [(f"{path}/{below}", blob) for below, blob in self._below(name, depth + 1)]
            if len(found) > MOST_DVC_FILES:
                raise InputError(f"a commit holds more than {MOST_DVC_FILES:,} DVC files", "")
        return self._remember(tree, tuple(found))

    def _remember(self, tree: str, found: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        self._remembered += 1 + len(found)
        if self._remembered > MOST_REMEMBERED:
            self._trees.clear()
            self._remembered = 1 + len(found)
        self._trees[tree] = found
        return found

    def _entries(self, tree: str) -> list[tuple[bytes, int, str]]:
        self._read += 1
        if self._read > MOST_FOLDERS:
            raise InputError(f"the history holds more than {MOST_FOLDERS:,} folders", "clone a part of it")
        try:
            return self.objects.tree(tree)
        except InputError:
            self.missing[tree] = "folder"
            return []

    def _ordered(self, head: str) -> list[Commit]:
        tags = self._tags()
        known: dict[str, Commit] = {}
        waiting = [head]
        while waiting:
            name = waiting.pop()
            if name in known or name in self.missing:
                continue
            try:
                known[name] = self._commit(name, tags.get(name, ""))
            except InputError:
                if name == head:
                    raise
                self.missing[name] = "commit"
                continue
            waiting += known[name].parents
            if len(known) > MOST_COMMITS:
                raise InputError(f"the history has more than {MOST_COMMITS:,} commits", "clone a part of it")
        order: TopologicalSorter[str] = TopologicalSorter()
        for commit in sorted(known.values(), key=lambda each: (each.seconds, each.name)):
            order.add(commit.name, *(parent for parent in commit.parents if parent in known))
        try:
            return [known[name] for name in order.static_order()]
        except ValueError:
            raise InputError("the history claims a commit among its own ancestors", "") from None

    def _commit(self, name: str, tags: str) -> Commit:
        read = self.objects.commit(name)
        subject = bytes(read.message or b"").split(b"\n", 1)[0][:2_000].decode("utf-8", "replace")
        return Commit(
            name,
            read.tree.decode("ascii"),
            tuple(parent.decode("ascii") for parent in read.parents),
            _iso(read.commit_time, read.commit_timezone),
            int(read.commit_time),
            cut(subject.replace("\0", " ").strip()),
            tags,
        )

    def _head(self) -> str:
        said = self._text("HEAD")
        for _ in range(5):
            if not said.startswith("ref:"):
                break
            said = self._ref(said[4:].strip())
        if not _NAME.fullmatch(said):
            raise InputError("names no commit: the history is empty, or kept in another way", "", "HEAD")
        return said

    def _ref(self, name: str) -> str:
        if not _REF.fullmatch(name) or ".." in name:
            return ""
        return self._text(name) or self._packed.get(name, "")

    def _text(self, name: str) -> str:
        try:
            with (self._folder / name).open("rb") as file:
                return file.read(1_000).decode("ascii", "replace").strip()
        except (OSError, ValueError):
            return ""

    def _packed_refs(self) -> Iterator[tuple[str, str]]:
        """Names and objects in ``packed-refs``; a line with a roof says what the tag before it stands for."""
        try:
            text = (self._folder / "packed-refs").read_bytes()[: 64 * 2**20].decode("ascii", "replace")
        except OSError:
            return
        last = ""
        for line in text.splitlines():
            name, _, ref = line.partition(" ")
            if line.startswith("^") and last:
                yield last, line[1:41]
            elif _NAME.fullmatch(name) and _REF.fullmatch(ref):
                last = ref
                yield ref, name

    def _tags(self) -> dict[str, str]:
        """The tags of every commit, by its name, with commas."""
        here = self._folder / "refs" / "tags"
        loose = sorted(
            file.relative_to(self._folder).as_posix() for file in here.rglob("*") if file.is_file()
        )
        named: dict[str, list[str]] = {}
        for ref in dict.fromkeys([*loose, *(name for name in self._packed if name.startswith("refs/tags/"))]):
            target = self._ref(ref)
            # An annotated tag names an object of its own, which names the commit.
            with suppress(InputError):
                target = self.objects.tag(target).object[1].decode("ascii", "replace")
            named.setdefault(target, []).append(ref.removeprefix("refs/tags/"))
        return {target: cut(", ".join(names)) for target, names in named.items()}


def is_dvc_file(path: str) -> bool:
    """Whether a file of that name is one of DVC's."""
    name = path.rpartition("/")[2]
    return not name.startswith(".") and (name in ("dvc.lock", "dvc.yaml") or name.endswith(".dvc"))


def _iso(seconds: int, offset: int) -> str:
    try:
        zone = timezone(timedelta(seconds=offset)) if offset else UTC
        return datetime.fromtimestamp(seconds, zone).isoformat()
    except (ArithmeticError, OSError, ValueError):
        return ""
