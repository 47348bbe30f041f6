"""The directory beside a sweep's table in which finished points wait: made, checked and cleared.

Only what a sweep wrote itself is ever removed, by its names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headwater.errors import InputError, OutputError
from headwater.files import read_bytes, write_bytes
from headwater.simulation import store as disk

RECORD = "sweep.json"


@dataclass(frozen=True)
class Points:
    """Where the points of one sweep lie.

    Attributes
    ----------
    path
        The directory.
    count
        Points of the grid.
    """

    path: Path
    count: int

    def part(self, number: int) -> Path:
        """Where the rows of a finished point lie."""
        return self.path / f"point-{number:06d}.parquet"

    def play(self, number: int) -> Path:
        """Where the run of a point lies while it is played."""
        return self.path / f"point-{number:06d}"

    def prepare(self, digest: str, provenance: Mapping[str, Any], resume: bool) -> None:
        """Make the directory and its record, or check that it is this sweep's.

        Raises
        ------
        InputError
            If it holds another sweep or anything else, or this sweep and `resume` is false.
        OutputError
            If it cannot be made.
        """
        record = self.path / RECORD
        if not lies_there(record):
            self._make()
            write_bytes(record, json.dumps({"digest": digest, **provenance}, indent=1).encode())
            return
        try:
            there = json.loads(read_bytes(record, disk.LARGEST_MANIFEST)).get("digest")
        except (ValueError, AttributeError):
            there = None
        if there != digest:
            raise InputError(
                "another sweep lies here, unfinished",
                "resume with the values of the first run, name another file after -o, "
                "or remove this directory",
                os.fspath(self.path),
            )
        if not resume:
            done = sum(self.part(number).is_file() for number in range(self.count))
            raise InputError(
                f"this very sweep lies here, {done} of {self.count} points finished",
                "continue it with --resume (in Python resume=True), or remove this directory",
                os.fspath(self.path),
            )

    def _make(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            names = sorted(each.name for each in self.path.iterdir())
        except (OSError, ValueError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise OutputError(
                f"{os.fspath(self.path)!a:.120}: the directory cannot be made: {reason}",
                "choose another place",
            ) from None
        # a process killed while it wrote the record leaves a part of it
        others = [name for name in names if not (name.startswith(".headwater-") and name.endswith(".part"))]
        if others:
            raise InputError(
                f"the directory holds files of something else, such as {others[0]!r:.60}",
                "finished points would lie here: move it away, or name another file after -o",
                os.fspath(self.path),
            )

    def clear_play(self, number: int, chunks: int) -> None:
        """Remove the run of a point that is finished."""
        play = self.play(number)
        own = [play / disk.MANIFEST, *(disk.chunk_path(play, at) for at in range(chunks))]
        _remove(own, play)

    def clear(self) -> None:
        """Remove the finished points, and the directory if nothing else lies in it."""
        own = [*(self.part(number) for number in range(self.count)), self.path / RECORD]
        _remove(own, self.path)


def lies_there(path: Path) -> bool:
    """Whether there is such a file or directory.

    Raises
    ------
    OutputError
        If there cannot be one: the name is too long, or may not be looked at.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise OutputError(
            f"{os.fspath(path)!a:.120}: the file cannot be written: {reason}",
            "nothing was changed: choose another name or place, and repeat",
        ) from None
    return True


def _remove(files: list[Path], directory: Path) -> None:
    for each in files:
        with suppress(OSError):
            each.unlink()
    with suppress(OSError):
        directory.rmdir()
