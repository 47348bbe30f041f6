"""What a run reads and writes, named by the hash of its content.

How content is hashed is the business of `hashing`.
"""

from __future__ import annotations

import hashlib
import operator
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headwater.errors import InputError
from headwater.files import unreadable

_SHA256 = re.compile("[0-9a-f]{64}")

LONGEST_PART = 255

Content = Any
"""A path, bytes, a NumPy array, an Arrow table, a data frame, or a `Dataset`."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset by name and content, wherever it is kept.

    Two with the same hash are the same dataset, whatever their names. One without a hash is
    known by its name alone.

    Parameters
    ----------
    name
        As it is to be read in reports.
    sha256
        64 hexadecimal digits; empty: unknown.
    samples
        How many it holds in all; ``None``: unknown.

    Examples
    --------
    >>> Dataset.of(b"abc", "letters").sha256[:8]
    'ba7816bf'
    """

    name: str
    sha256: str = ""
    samples: int | None = None

    def __post_init__(self) -> None:
        checked_name(self.name, "the name of a dataset")
        if not isinstance(self.sha256, str) or (self.sha256 and not _SHA256.fullmatch(self.sha256)):
            raise InputError(
                f"the sha256 of {self.name!r} is {self.sha256!r:.80}",
                "write 64 hexadecimal digits in small letters, or leave it out",
            )
        object.__setattr__(self, "samples", checked_count(self.samples, f"samples of {self.name!r}"))

    @classmethod
    def of(cls, content: Content, name: str = "") -> Dataset:
        """The dataset that has this content.

        Parameters
        ----------
        content
            Path of a file or folder, bytes, a NumPy array, an Arrow table or whatever offers
            itself as one (pandas, Polars), or a `Dataset`.
        name
            What it is called; by default its path, or what it is and the start of its hash.

        Raises
        ------
        InputError
            If it cannot be read, or is nothing of the kind.
        """
        if isinstance(content, Dataset):
            return content if not name else cls(name, content.sha256, content.samples)
        if isinstance(content, (str, os.PathLike)):
            return _of_path(content, name)
        what, sha256, samples = _hashed(content)
        return cls(name or f"{what} {sha256[:12]}", sha256, samples)

    def to_dict(self) -> dict[str, Any]:
        """As an entry holds it."""
        return {"name": self.name, "sha256": self.sha256, "samples": self.samples}


def checked_name(value: object, what: str) -> str:
    """`value`, or `InputError` where it is no name."""
    from headwater.lineage.reading.collecting import name_problem

    problem = name_problem(value)
    if problem:
        raise InputError(f"{what} {problem}", "write a name of at most 500 characters")
    return str(value).strip()


def checked_count(value: Any, what: str) -> int | None:
    """A whole number from 0, or ``None``; `InputError` for all else."""
    from headwater.lineage.reading.collecting import LARGEST_COUNT, spelled

    if value is None:
        return None
    try:
        number = operator.index(value)
    except TypeError:
        number = -1
    if isinstance(value, bool) or not 0 <= number <= LARGEST_COUNT:
        raise InputError(f"{what}: {spelled(value)}", "write a whole number, at least 0, or leave it out")
    return number


def _of_path(path: str | os.PathLike[str], name: str) -> Dataset:
    from headwater.ledger import hashing
    from headwater.lineage.reading.folders import shown

    if not str(path).strip():
        # Path("") is the current folder
        raise InputError("the path of a dataset is empty", "give the path of a file or folder")
    place = Path(path)
    if len(max(place.parts, default="", key=len)) > LONGEST_PART:
        raise InputError(
            f"the path {shown(place)[:40]!r}... has a part of more than {LONGEST_PART} characters",
            "no file has such a name; name a dataset with Dataset(name), and give content as bytes",
        )
    try:
        if place.is_dir():
            sha256 = hashing.of_folder(place)
        elif place.exists():
            sha256 = hashing.of_file(place)
        else:
            raise InputError(
                "there is no such file or folder",
                f"for one that is kept elsewhere: Dataset({shown(place)!r}, sha256=...)",
                shown(place),
            )
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    return Dataset(name or shown(place), sha256)


def _of_bytes(content: bytes | bytearray | memoryview) -> str:
    if not isinstance(content, memoryview):
        return hashlib.sha256(content).hexdigest()
    try:
        plain = content.c_contiguous and content.ndim == 1
        return hashlib.sha256(content if plain else content.tobytes()).hexdigest()
    except (ValueError, BufferError) as error:
        raise InputError(f"the memory of a dataset cannot be read: {error}", "give bytes") from None


def _hashed(content: Any) -> tuple[str, str, int | None]:
    """What it is, its hash, and how many rows it has."""
    if isinstance(content, (bytes, bytearray, memoryview)):
        return "bytes", _of_bytes(content), None
    import numpy as np
    import pyarrow as pa

    from headwater.ledger import hashing

    if isinstance(content, np.ndarray):
        return "array", hashing.of_array(content), len(content) if content.ndim else None
    if isinstance(content, pa.RecordBatch):
        content = pa.Table.from_batches([content])
    if isinstance(content, Mapping) or not hasattr(content, "__arrow_c_stream__"):
        raise InputError(
            f"a dataset is given as {type(content).__name__}",
            "give a path, bytes, a NumPy array, an Arrow table, a data frame, or Dataset(name, sha256)",
        )
    try:
        table = content if isinstance(content, pa.Table) else pa.table(content)
    except (pa.ArrowException, TypeError, ValueError) as error:
        said = str(error).partition("\n")[0][:200]
        raise InputError(f"the frame cannot be read as a table: {said}", "convert its columns") from None
    return "table", hashing.of_table(table), table.num_rows
