"""Tables of numbers and texts as files hold them, and every mistake such a file may make."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from headwater.errors import InputError, nearest
from headwater.files import FilePath, unreadable

Array = NDArray[np.float64]

LARGEST_TEXT = 2**30
"""Bytes."""

LARGEST_NUMBER = 1e100
"""In a table: squares, and sums of them, stay finite."""

IN_OTHER_UNITS = f"the largest number is {LARGEST_NUMBER:g}: write the column in other units, or drop it"

NUMBERS_ONLY = "keep columns of numbers only: encode categories as numbers, or drop the column"


@dataclass(frozen=True, eq=False)
class Numbers:
    """A table of finite numbers.

    Attributes
    ----------
    path
        Its file.
    names
        Of the columns.
    values
        (rows, columns).
    """

    path: str
    names: tuple[str, ...]
    values: Array

    def column(self, name: str) -> Array:
        """(rows,) of one column."""
        if name not in self.names:
            raise InputError(f"there is no column {name!r:.60}", nearest_column(name, self.names), self.path)
        return np.ascontiguousarray(self.values[:, self.names.index(name)])

    def without(self, name: str) -> Numbers:
        """The other columns."""
        at = self.names.index(name)
        if len(self.names) == 1:
            raise InputError(
                f"{name!r:.60} is the only column", "a regression needs covariates beside it", self.path
            )
        names = (*self.names[:at], *self.names[at + 1 :])
        return Numbers(self.path, names, np.delete(self.values, at, axis=1))


def read_text(path: FilePath) -> str:
    """A UTF-8 text.

    Raises
    ------
    InputError
        If it cannot be read, or is not UTF-8; names the line.
    """
    content = _text_bytes(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"byte 0x{content[error.start]:02x} at offset {error.start} is not UTF-8",
            "save the file in the encoding UTF-8",
            os.fspath(path),
            content.count(b"\n", 0, error.start) + 1,
        ) from None


def _text_bytes(path: FilePath) -> bytes:
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST_TEXT + 1)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if len(content) > LARGEST_TEXT:
        raise InputError(
            f"the text has more than {LARGEST_TEXT:,} bytes",
            "that is the most that is read: give a part of it",
            os.fspath(path),
        )
    return content


def read_table(path: FilePath) -> Numbers:
    """A CSV file with a header, or a Parquet file, of finite numbers only.

    Raises
    ------
    InputError
        If it cannot be read or holds something else; names the line (CSV) or row (Parquet, from 1).
    """
    name = os.fspath(path)
    try:
        with open(path, "rb") as file:
            start = file.read(4)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    parquet = start == b"PAR1"
    try:
        table = _parquet(path) if parquet else _csv(name)
        # names are decoded here
        names = table.column_names
    except OSError as error:
        raise unreadable(path, error) from None
    except UnicodeDecodeError as error:
        raise not_utf8(name, error) from None
    except (pa.ArrowException, ValueError) as error:
        if isinstance(error, InputError):
            raise
        kind = "Parquet" if parquet else "CSV"
        raise InputError(
            f"this is not a whole {kind} table: {one_line(str(error))}",
            "write a CSV file with a header and one value a column, or a Parquet file",
            name,
        ) from None
    _check_header(name, names, None if parquet else 1)
    if table.num_rows == 0:
        raise InputError("the table has no rows", "write one row a sample under the header", name)
    where = _row_of(name) if parquet else _line_of(name)
    columns = [_column(table.column(at), label, where) for at, label in enumerate(names)]
    return Numbers(name, tuple(names), np.stack(columns, axis=1))


def one_line(text: str, longest: int = 120) -> str:
    r"""What a file holds, fit for a message: its first line, cut, without what could steer a terminal.

    Examples
    --------
    >>> print(one_line("a\x1b[2Jb\nc"))
    a\x1b[2Jb
    """
    first = text.lstrip().partition("\n")[0][:longest]
    shown = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in first)
    return shown if len(shown) <= longest else f"{shown[: longest - 3]}..."


def nearest_column(name: str, names: Sequence[str]) -> str:
    """Columns there are, and the one most like `name`, each cut where it is long."""
    return nearest(name[:60], [each[:60] for each in names], shown=6)


def not_utf8(path: str, error: UnicodeDecodeError) -> InputError:
    """The `InputError` for a table whose names of columns are in another encoding."""
    return InputError(
        f"a column's name holds the byte 0x{error.object[error.start]:02x}, which is not UTF-8",
        "save the file in the encoding UTF-8",
        path,
    )


def _parquet(path: FilePath) -> pa.Table:
    with pq.ParquetFile(os.fspath(path)) as file:
        return file.read()


def _csv(path: str) -> pa.Table:
    return pa.csv.read_csv(
        path,
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            null_values=["", "NA", "N/A", "null"], strings_can_be_null=True
        ),
    )


def _check_header(path: str, names: list[str], line: int | None) -> None:
    for at, name in enumerate(names):
        if name in names[:at]:
            raise InputError(f"two columns are called {name!r:.60}", "rename one of them", path, line)
    if line is not None and names and all(_is_number(name) for name in names):
        raise InputError(
            f"the first line holds numbers ({one_line(', '.join(names), 60)}), not names of columns",
            "write a header line with a name for each column",
            path,
            line,
        )


Raiser = Callable[[int, str, str], NoReturn]
"""Raises for a row, counted from 0, with a problem and a remedy."""


def _column(column: Any, name: str, wrong: Raiser) -> Array:
    kind = column.type
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy())[0])
        wrong(row, f"column {name!r:.60} has no value", "fill it in, or drop the row or the column")
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        values = column.to_pylist()
        row = next((at for at, value in enumerate(values) if not _is_number(value)), 0)
        wrong(row, f"column {name!r:.60} holds {str(values[row])!r:.60}, not a number", NUMBERS_ONLY)
    numbers = column.cast(pa.float64(), safe=False).to_numpy()
    finite = np.isfinite(numbers)
    if not finite.all():
        row = int(np.argmin(finite))
        wrong(row, f"column {name!r:.60} holds {numbers[row]}", "drop the row, or fill in a finite number")
    large = np.abs(numbers) > LARGEST_NUMBER
    if large.any():
        row = int(np.argmax(large))
        wrong(row, f"column {name!r:.60} holds {numbers[row]:g}, which is too large", IN_OTHER_UNITS)
    return np.asarray(numbers, float)


def _row_of(path: str) -> Raiser:
    def wrong(row: int, problem: str, remedy: str) -> NoReturn:
        raise InputError(f"row {row + 1}: {problem}", remedy, path)

    return wrong


def _line_of(path: str) -> Raiser:
    def wrong(row: int, problem: str, remedy: str) -> NoReturn:
        # the header is the first line that is not empty
        with open(path, "rb") as file:
            filled = (line for line, text in enumerate(file, start=1) if text.strip(b"\r\n"))
            line = next(itertools.islice(filled, row + 1, None), None)
        raise InputError(problem, remedy, path, line)

    return wrong


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, bool) and "_" not in str(value)
