"""Reading a whole file and writing one, with one clear error for all that may go wrong.

A file is written beside its place and renamed, so that a full disk or a killed process
leaves the old file. What is in a file is the business of other modules.
"""

from __future__ import annotations

import os
import shutil
import stat
import uuid
from contextlib import suppress
from os import PathLike
from pathlib import Path

from headwater.errors import InputError, OutputError

FilePath = str | PathLike[str]


def read_bytes(path: FilePath, limit: int) -> bytes:
    """All bytes of a file of at most `limit` bytes.

    Raises
    ------
    InputError
        If the file is missing, a directory, unreadable, or larger than `limit`.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if len(content) > limit:
        raise InputError(
            f"the file has more than {limit:,} bytes",
            "that much is no description of a pipeline: is it another file? "
            "Millions of flows go into a CSV or Parquet table",
            os.fspath(path),
        )
    return content


def unreadable(path: FilePath, error: Exception) -> InputError:
    """The `InputError` for a file that the system would not open or read."""
    name = os.fspath(path)
    if isinstance(error, FileNotFoundError):
        return InputError("there is no such file", "check the spelling and the folder", name)
    if isinstance(error, IsADirectoryError) or os.path.isdir(path):
        return InputError("this is a directory, not a file", "name a file inside it", name)
    if isinstance(error, PermissionError):
        return InputError("no permission to read this file", "ask its owner, or `chmod u+r` it", name)
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return InputError(f"the file cannot be read: {reason}", "check the path and the disk", ascii(name)[1:-1])


def write_bytes(path: FilePath, content: bytes) -> None:
    """Write a file at once or not at all: beside its place, then renamed.

    A link stays a link, and an existing file keeps its permissions. What is no regular
    file (a pipe, a terminal) is written to directly.

    Raises
    ------
    OutputError
        If it cannot be written; an older file of that name is then unchanged.
    """
    try:
        target = Path(os.path.realpath(path))
        if target.is_dir():
            raise IsADirectoryError(None, "this is a directory, not a file")
        if target.exists() and not stat.S_ISREG(target.stat().st_mode):
            with open(path, "wb") as file:
                file.write(content)
        else:
            _replace(target, content)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise OutputError(
            f"{os.fspath(path)}: the file cannot be written: {reason}",
            "nothing was changed: free space or choose another place, and repeat",
        ) from None


def _replace(target: Path, content: bytes) -> None:
    beside = target.with_name(f".headwater-{uuid.uuid4().hex}.part")
    try:
        with open(beside, "xb") as file:
            file.write(content)
            file.flush()
            # Without this, a power cut after the rename may leave an empty file.
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, beside)
        os.replace(beside, target)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
