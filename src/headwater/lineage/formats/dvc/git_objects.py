"""Objects of a git repository that nobody vouches for, read from the disk and in no other way.

Git itself is never started: settings in a repository can make it run programs. Of dulwich only
the readers of one packed and of one loose object are used. They know of no settings, hooks,
filters, submodules or borrowed objects, so that nothing in a repository is run and nothing
outside it is opened. What an object claims as its size is looked at before it is unpacked.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any

from headwater.errors import InputError
from headwater.extras import load
from headwater.lineage.reading.folders import shown

LARGEST_OBJECT = 32 * 2**20
LONGEST_CHAIN = 5_000
MOST_ENTRIES = 2_000_000
_CACHED = 16 * 2**20
_OFFSET_DELTA, _NAMED_DELTA = 6, 7

_FAILURES: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


class Objects:
    """The objects below ``.git/objects``.

    Parameters
    ----------
    folder
        The ``objects`` folder.

    Raises
    ------
    MissingExtra
        If dulwich is not installed.
    InputError
        If the folder holds links or what is no regular file, or borrows objects from another folder.
    """

    def __init__(self, folder: Path) -> None:
        self._pack: Any = load("dulwich.pack", "the history of a DVC project")
        self._kinds: Any = load("dulwich.objects", "the history of a DVC project")
        said: Any = load("dulwich.errors", "the history of a DVC project")
        self.failures = (
            *_FAILURES,
            said.ApplyDeltaError,
            said.ChecksumMismatch,
            said.FileFormatException,
            said.WrongObjectException,
            self._pack.PackFileDisappeared,
            self._pack.UnresolvedDeltas,
        )
        self._format: Any = load(
            "dulwich.object_format", "the history of a DVC project"
        ).DEFAULT_OBJECT_FORMAT
        hold_to_regular(folder)
        if (folder / "info" / "alternates").exists():
            raise InputError(
                "objects are borrowed from another folder, which is not followed", "", shown(folder)
            )
        self._folder = folder
        self._packs = [self._opened(path) for path in sorted((folder / "pack").glob("*.pack"))]

    def _opened(self, path: Path) -> tuple[Path, Any]:
        base = os.fspath(path.with_suffix(""))
        return path, self._pack.Pack(base, object_format=self._format, delta_base_cache_limit=_CACHED)

    def close(self) -> None:
        """Let go of the files."""
        for _, pack in self._packs:
            pack.close()

    def commit(self, name: str) -> Any:
        """The commit of that name, as dulwich reads it.

        Raises
        ------
        InputError
            If it is not here or is no commit.
        """
        return self._parsed(name, self._kinds.Commit, _whole)

    def tag(self, name: str) -> Any:
        """The annotated tag of that name.

        Raises
        ------
        InputError
            If it is not here or is no tag.
        """
        return self._parsed(name, self._kinds.Tag, lambda tag: (tag.object, tag)[1])

    def tree(self, name: str) -> list[tuple[bytes, int, str]]:
        """What a folder holds: name, mode and object.

        Raises
        ------
        InputError
            If it is not here or is no tree.
        """
        entries = self._parsed(name, self._kinds.Tree, lambda tree: list(tree.iteritems()))
        return [(entry.path, entry.mode, entry.sha.decode("ascii", "replace")) for entry in entries]

    def blob(self, name: str) -> bytes:
        """What a file holds.

        Raises
        ------
        InputError
            If it is not here or is no file.
        """
        data: bytes = self._parsed(name, self._kinds.Blob, lambda blob: blob.data)
        return data

    def _parsed(self, name: str, kind: Any, take: Callable[[Any], Any]) -> Any:
        """What `take` gets out of an object: fields are only found to be wrong when they are asked for."""
        try:
            number, data = self._raw(name)
            if number != kind.type_num:
                raise ValueError(f"it is no {kind.type_name.decode()}")
            return take(kind.from_string(data))
        except self.failures as error:
            said = str(error) if isinstance(error, (LookupError, ValueError)) else type(error).__name__
        # Not raised above: the failure would keep the pack in use, which then could not be closed.
        raise InputError(f"object {name[:10]} of the history cannot be read: {said[:100]}", "")

    def _raw(self, name: str) -> tuple[int, bytes]:
        key = bytes.fromhex(name)
        if len(key) != 20:
            raise ValueError("its name is no SHA-1")
        for path, pack in self._packs:
            try:
                offset = pack.index.object_offset(key)
            except KeyError:
                continue
            self._weigh(path, pack, offset)
            number, data = pack.get_raw(key)
            return int(number), bytes(data)
        file = self._folder / name[:2] / name[2:]
        if not file.exists():
            raise LookupError("it is not in this repository")
        if file.stat().st_size > LARGEST_OBJECT:
            raise ValueError("it is too large")
        loose = self._kinds.ShaFile.from_path(
            os.fspath(file), name.encode("ascii"), object_format=self._format, max_size=LARGEST_OBJECT
        )
        return int(loose.type_num), bytes(loose.as_raw_string())

    def _weigh(self, path: Path, pack: Any, offset: int) -> None:
        """Raise `ValueError` where an object, or one that it is told by its differences to, is too large."""
        whole = 0
        with path.open("rb") as file:
            for _ in range(LONGEST_CHAIN):
                file.seek(offset)
                head = file.read(4096)
                kind, size, at = _header(head)
                whole += size
                if whole > LARGEST_OBJECT:
                    raise ValueError("it is too large")
                if kind == _OFFSET_DELTA:
                    back, at = _distance(head, at)
                    base = offset - back
                elif kind == _NAMED_DELTA:
                    base, at = pack.index.object_offset(head[at : at + 20]), at + 20
                else:
                    return
                if max(_delta_sizes(head[at:])) > LARGEST_OBJECT or base < 0 or base == offset:
                    raise ValueError("it is too large, or told by its difference to itself")
                offset = base
        raise ValueError("it is told by too many differences")


def _whole(commit: Any) -> Any:
    if not (isinstance(commit.commit_time, int) and isinstance(commit.commit_timezone, int)):
        raise ValueError("it has no time")
    for name in (commit.tree, *commit.parents):
        if len(bytes.fromhex(name.decode("ascii"))) != 20:
            raise ValueError("it names what is no SHA-1")
    return commit


def hold_to_regular(folder: Path) -> None:
    """Raise `InputError` where a folder of git's holds a link, a pipe or too many files."""
    for seen, entry in enumerate(_entries(folder, 0), start=1):
        mode = entry.stat(follow_symlinks=False).st_mode
        if not (S_ISREG(mode) or S_ISDIR(mode)):
            raise InputError("is a link or no regular file; it is not followed", "", shown(Path(entry.path)))
        if seen > MOST_ENTRIES:
            raise InputError(f"holds more than {MOST_ENTRIES:,} files", "pack it: git gc", shown(folder))


def _entries(folder: Path, depth: int) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            listed = list(found)
    except OSError as error:
        raise InputError(f"cannot be listed: {error.strerror}", "", shown(folder)) from None
    for entry in listed:
        yield entry
        if entry.is_dir(follow_symlinks=False) and depth < 10:
            yield from _entries(Path(entry.path), depth + 1)


def _header(head: bytes) -> tuple[int, int, int]:
    """Kind and size of a packed object, and where its header ends."""
    kind, size, shift, at = (head[0] >> 4) & 7, head[0] & 15, 4, 1
    while head[at - 1] & 0x80:
        if at > 9:
            raise ValueError("its size is no number")
        size |= (head[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return kind, size, at


def _distance(head: bytes, at: int) -> tuple[int, int]:
    """How far back the base of a difference lies, and where that number ends."""
    back, start = head[at] & 0x7F, at
    while head[at] & 0x80:
        if at - start > 9:
            raise ValueError("its distance is no number")
        at += 1
        back = ((back + 1) << 7) | (head[at] & 0x7F)
    return back, at + 1


def _delta_sizes(packed: bytes) -> tuple[int, int]:
    """The sizes that a difference states: before and after."""
    told = zlib.decompressobj().decompress(packed, 20)
    sizes, at = [], 0
    for _ in range(2):
        size = shift = 0
        while True:
            size |= (told[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if not told[at - 1] & 0x80:
                break
        sizes.append(size)
    return sizes[0], sizes[1]
