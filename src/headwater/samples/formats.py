"""Files as streams of Arrow batches: which format a file is of, Parquet and NumPy.

CSV, JSON Lines and folders of images have modules of their own. What the columns mean is
the business of `headwater.samples.placing`.
"""

from __future__ import annotations

import math
import os
import tokenize
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from headwater.errors import InputError
from headwater.files import unreadable
from headwater.samples.placing import Layout
from headwater.samples.problems import one_line

ROWS = 2**16
"""Rows of a batch, at most."""
BATCH = 2**25
"""Bytes of a batch, about."""
READ = 2**20
"""Bytes of a column that are read at once."""
LARGEST_ARCHIVE = 2**31
"""Bytes of an .npz file's arrays, which have to be held in memory."""
COMPRESSED = (".gz", ".bz2", ".zst", ".lz4")

MAGIC = {
    b"\x1f\x8b": ("compressed by gzip", ".gz"),
    b"BZh91AY&SY": ("compressed by bzip2", ".bz2"),
    b"\x28\xb5\x2f\xfd": ("compressed by zstd", ".zst"),
    b"\x04\x22\x4d\x18": ("compressed by lz4", ".lz4"),
    b"PK\x03\x04": ("a zip archive or a workbook", ""),
}
"""First bytes of compressed files, what these are, and the suffix that tells."""

Batches = Callable[[Layout], Iterator[Any]]


def no_line(row: int) -> int | None:
    """For formats without lines."""
    del row
    return None


@dataclass(frozen=True)
class Table:
    """A file that is open for reading in batches.

    Attributes
    ----------
    path
        The file.
    schema
        Columns and their types, or a guess of these from the first rows.
    batches
        Reads it, once.
    guessed
        Whether numbers and words may still turn up in one column.
    line
        Line of a row, counted from 0, where it is known.
    omitted
        What was left out before it became a row, by reason; counts while it is read.
    """

    path: str
    schema: pa.Schema
    batches: Batches
    guessed: bool = False
    line: Callable[[int], int | None] = no_line
    omitted: Counter[str] = field(default_factory=Counter)


@contextmanager
def read_as(path: str, what: str, remedy: str) -> Iterator[None]:
    """Turn whatever is wrong with a file into one `InputError`."""
    try:
        yield
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise InputError(
            f"a name or a text holds the byte 0x{byte:02x}, which is not UTF-8",
            "save the file in the encoding UTF-8",
            path,
        ) from None
    except OSError as error:
        if error.errno is not None:
            raise unreadable(path, error) from None
        if "truncated compressed" in str(error).lower():
            raise InputError(
                "the compressed file is cut short", "copy it again, or write it again", path
            ) from None
        raise _broken(path, what, remedy, error) from None
    except (pa.ArrowException, ValueError, EOFError, OverflowError, zipfile.BadZipFile) as error:
        if isinstance(error, InputError):
            raise
        raise _broken(path, what, remedy, error) from None


def _broken(path: str, what: str, remedy: str, error: Exception) -> InputError:
    return InputError(
        f"this is not a whole {what}: {one_line(str(error)) or 'it ends too early'}", remedy, path
    )


def suffix_of(path: str) -> str:
    """The suffix that tells the format, in lower case, whatever compression is on top."""
    name = PurePath(path)
    inner = name.with_suffix("") if name.suffix.lower() in COMPRESSED else name
    return inner.suffix.lower()


def stem_of(path: str) -> str:
    """The name of a file or folder without suffixes."""
    if os.path.isdir(path):
        return PurePath(os.path.abspath(path)).name
    name = PurePath(path)
    inner = name.with_suffix("") if name.suffix.lower() in COMPRESSED else name
    return inner.stem


def is_parquet(path: str) -> bool:
    """Whether a file begins as Parquet does."""
    try:
        with open(path, "rb") as file:
            return file.read(4) == b"PAR1"
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None


def check_name(path: str) -> None:
    """Refuse a compressed file whose name does not say so: it would be read as it is.

    Raises
    ------
    InputError
        If it is one.
    """
    if PurePath(path).suffix.lower() in (*COMPRESSED, ".npz"):
        return
    with open(path, "rb") as file:
        head = file.read(max(map(len, MAGIC)))
    for magic, (what, suffix) in MAGIC.items():
        if head.startswith(magic):
            remedy = f"call it {PurePath(path).name}{suffix}" if suffix else "unpack it first"
            raise InputError(f"this is {what}, and its name does not say so", remedy, path)


def open_parquet(path: str) -> Table:
    """A Parquet file; what does not fit in a batch is never in memory, however large its row groups."""
    what = ("Parquet table", "write it again; was the copy or the writing cut short?")
    with read_as(path, *what), pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        _names_of(schema)
        meta = file.metadata
        size = sum(meta.row_group(at).total_byte_size for at in range(meta.num_row_groups))
        rows = meta.num_rows

    def batches(layout: Layout) -> Iterator[Any]:
        at_once = int(min(max(BATCH * rows // max(size, 1), 1), ROWS))
        # buffered ahead, whole row groups stay in memory until the file is closed
        with read_as(path, *what), pq.ParquetFile(path, buffer_size=READ, pre_buffer=False) as file:
            yield from file.iter_batches(at_once, columns=layout.read)

    return Table(path, schema, batches)


def _names_of(schema: pa.Schema) -> list[str]:
    """Names are decoded here, and may not be UTF-8."""
    return list(schema.names)


def open_numpy(path: str) -> Table:
    """An array in a .npy file, mapped; or the arrays of a .npz file, one a column or block of columns."""
    what = (
        "NumPy file",
        "write it with numpy.save or numpy.savez, without objects: numbers, or strings as dtype str",
    )
    with read_as(path, *what):
        arrays = _archive(path) if suffix_of(path) == ".npz" else {"x": _mapped(path)}
        columns = {name: _rows(path, name, array) for name, array in arrays.items()}
    if suffix_of(path) == ".npy" and columns["x"].ndim == 1 and columns["x"].dtype.kind != "U":
        columns["x"] = columns["x"][:, None]
    lengths = {name: len(array) for name, array in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{one_line(name, 30)} {rows:,}" for name, rows in list(lengths.items())[:4])
        raise InputError(f"arrays of unequal lengths: {shown}", "give each one entry a row", path)
    schema = pa.schema([(name, _type_of(array)) for name, array in columns.items()])
    rows = next(iter(lengths.values()), 0)

    def batches(layout: Layout) -> Iterator[Any]:
        width = sum(columns[name][:1].nbytes for name in layout.read)
        at_once = int(min(max(BATCH // max(width, 1), 1), ROWS))
        for start in range(0, rows, at_once):
            parts = {name: _column(columns[name][start : start + at_once]) for name in layout.read}
            yield pa.RecordBatch.from_arrays(list(parts.values()), names=list(parts))

    return Table(path, schema, batches)


def _mapped(path: str) -> NDArray[Any]:
    with _numpy_errors():
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(array, np.ndarray):
        raise ValueError("it holds no array")
    return array


@contextmanager
def _numpy_errors() -> Iterator[None]:
    """What NumPy, and the parsers below it, raise for damaged files."""
    try:
        with warnings.catch_warnings():
            # headers of long ago
            warnings.simplefilter("ignore")
            yield
    except (SyntaxError, tokenize.TokenError, NotImplementedError, RuntimeError, KeyError, TypeError,
            MemoryError, zlib.error) as error:  # fmt: skip
        raise ValueError(one_line(str(error)) or "it is damaged") from None


def _archive(path: str) -> dict[str, NDArray[Any]]:
    with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
        size = sum(each.file_size for each in archive.infolist())
        if size > LARGEST_ARCHIVE:
            raise InputError(
                f"its arrays have {size:,} bytes, and an .npz file has to be read whole",
                "write .npy or Parquet files, which are read in parts",
                path,
            )
    with _numpy_errors(), np.load(path, allow_pickle=False) as content:
        arrays = {name: content[name] for name in content.files}
    if len(arrays) == 1 and "arr_0" in arrays:
        arrays = {"x": arrays["arr_0"]}
    for array in arrays.values():
        if not isinstance(array, np.ndarray):
            raise ValueError("a member is no array")
    return arrays


def _rows(path: str, name: str, array: NDArray[Any]) -> NDArray[Any]:
    label = one_line(name, 30)
    if array.ndim == 0:
        raise InputError(f"the array {label!r} is a single value", "give one entry a row", path)
    if array.dtype.kind not in "fiubU" or array.dtype.names is not None:
        raise InputError(
            f"the array {label!r} is of type {one_line(str(array.dtype), 40)}",
            "write plain numbers, or strings as dtype str; columns of several types as .npz or Parquet",
            path,
        )
    if array.dtype.kind == "U" and array.ndim > 1:
        raise InputError(f"the array {label!r} has more than one string a row", "give one a row", path)
    if array.ndim == 1:
        return array
    width = math.prod(array.shape[1:])
    if width == 0:
        raise InputError(f"the array {label!r} has no columns", "give one number or more a row", path)
    return array.reshape(len(array), width)


def _type_of(array: NDArray[Any]) -> pa.DataType:
    if array.dtype.kind == "U":
        return pa.string()
    return pa.float64() if array.ndim == 1 else pa.list_(pa.float64(), array.shape[1])


def _column(part: NDArray[Any]) -> Any:
    if part.dtype.kind == "U":
        return pa.array(part.tolist(), pa.string())
    values = np.ascontiguousarray(part, dtype=float)
    if values.ndim == 1:
        return pa.array(values)
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
