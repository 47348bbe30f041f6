"""The rows of a table of edges, CSV or Parquet, one by one and with their lines.

What the columns mean is the business of `edge_lists`. A row that is not like its header
becomes an issue; only a table without a header that can be read is refused.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, TextIO, cast

import pyarrow as pa
import pyarrow.parquet

from headwater.errors import InputError, nearest
from headwater.files import unreadable
from headwater.lineage.facts import Place
from headwater.lineage.reading import Collector

Row = tuple[int, Sequence[object]]
"""The line of a CSV file or the row of a Parquet file, from 1, and a value for each column asked for."""

LONGEST_LINE = 2**20
MOST_ROWS = 20_000_000

_BATCH = 16_384
_FAILURES = (pa.ArrowException, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Table:
    """A table that has the columns it needs.

    Attributes
    ----------
    shown
        What issues call the file.
    at
        Where each of the columns asked for stands; -1 for one that the table lacks.
    width
        How many columns it has.
    """

    file: Path
    shown: str
    is_csv: bool
    at: tuple[int, ...]
    width: int

    def place(self, number: int, said: str = "") -> Place:
        """Where a row is, and what its own evidence says."""
        if self.is_csv:
            return Place(self.shown, number, said)
        return Place(self.shown, 0, f"row {number}: {said}" if said else f"row {number}")

    def rows(self, collector: Collector) -> Iterator[Row]:
        """The rows, a value for each column asked for; broken ones become issues.

        Raises
        ------
        InputError
            If there are more than `MOST_ROWS` rows.
        """
        return _csv_rows(self, collector) if self.is_csv else _parquet_rows(self, collector)

    def hold_to_limit(self, row: int) -> None:
        """Raise `InputError` where a row is beyond the most there may be."""
        if row > MOST_ROWS:
            said = f"has more than {MOST_ROWS:,} rows"
            raise InputError(said, "import it in parts and merge them", self.shown)


def open_table(
    file: Path, shown: str, known: Sequence[str], needed: Sequence[str], collector: Collector
) -> Table:
    """The table in a file, its header checked: of the columns, some are `known` and some `needed`.

    An unknown column is passed over with a warning. Case and blanks around a name do not count.

    Raises
    ------
    InputError
        If the file cannot be read, a needed column is missing, or a known one comes twice.
    """
    is_csv = _is_csv(file)
    header = _csv_header(file, shown) if is_csv else _parquet_header(file, shown, known)
    line = 1 if is_csv else None
    names = [name.strip().casefold() for name in header]
    listed = f"the columns are {', '.join(known)}; only {' and '.join(needed)} must be there"
    for name in needed:
        if name not in names:
            said = "has one column; separate values by commas" if len(names) == 1 else listed
            raise InputError(f"there is no column {name!r}", said, shown, line)
    for name in known:
        if names.count(name) > 1:
            raise InputError(f"two columns are called {name!r}", "drop one of them", shown, line)
    for name in [name for name in header if name.strip().casefold() not in known][:20]:
        place = Place(shown, line or 0)
        collector.warning(place, f"the column {name!r:.60} was not read; {nearest(name[:60], known, 20)}")
    at = tuple(names.index(name) if name in names else -1 for name in known)
    return Table(file, shown, is_csv, at, len(names))


def _is_csv(file: Path) -> bool:
    suffix = file.suffix.lower()
    try:
        with file.open("rb") as opened:
            start = opened.read(4)
    except (OSError, ValueError) as error:
        raise unreadable(file, error) from None
    if not start:
        raise InputError("the file is empty", "write a header and a row for each edge", str(file))
    return suffix == ".csv" or (suffix not in (".parquet", ".pq") and start != b"PAR1")


# -- CSV: read by the standard library, which knows the line of every row ------------------------


def _opened(file: Path) -> TextIO:
    # Bytes that are no UTF-8 become half characters, so that only the rows that hold them are lost.
    return file.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


def _lines(opened: TextIO) -> Iterator[str]:
    while line := opened.readline(LONGEST_LINE):
        if len(line) >= LONGEST_LINE and not line.endswith(("\n", "\r")):
            raise csv.Error(f"a line has more than {LONGEST_LINE:,} characters")
        yield line


def _csv_header(file: Path, shown: str) -> list[str]:
    try:
        with _opened(file) as opened:
            return next(iter(csv.reader(_lines(opened))), [])
    except csv.Error as error:
        raise InputError(f"this is not CSV: {error}", "write a header and a row an edge", shown, 1) from None
    except (OSError, ValueError) as error:
        raise unreadable(file, error) from None


def _csv_rows(table: Table, collector: Collector) -> Iterator[Row]:
    line = 1
    try:
        with _opened(table.file) as opened:
            reader = csv.reader(_lines(opened))
            next(reader, None)
            line = reader.line_num + 1
            asked = itemgetter(*table.at)
            for values in reader:
                if len(values) == table.width:
                    values.append("")
                    yield line, asked(values)
                elif values:
                    said = f"{len(values)} values, where the header has {table.width}; the row was skipped"
                    collector.error(table.place(line), said)
                line = reader.line_num + 1
                table.hold_to_limit(line)
    except csv.Error as error:
        collector.error(table.place(line), f"this is not CSV: {error}; nothing was read from here on")
    except OSError as error:
        said = f"the file cannot be read: {error.strerror}; nothing was read from here on"
        collector.error(table.place(line), said)


# -- Parquet -------------------------------------------------------------------------------------


def _parquet_header(file: Path, shown: str, known: Sequence[str]) -> list[str]:
    try:
        with pa.parquet.ParquetFile(file, memory_map=False) as opened:
            for each in opened.schema_arrow:
                if each.name.strip().casefold() in known and not _is_plain(each.type):
                    said = f"the column {each.name!r} holds {str(each.type)[:60]}, not text or numbers"
                    raise InputError(said, "write it as text, numbers or times", shown)
            return list(opened.schema_arrow.names)
    except InputError:
        raise
    except _FAILURES as error:
        raise InputError(
            f"this is not a whole Parquet table: {_said(error)}",
            "write or copy the file again: it may be cut short or damaged",
            shown,
        ) from None


def _parquet_rows(table: Table, collector: Collector) -> Iterator[Row]:
    row = 0
    try:
        # A short file can spell out a long text millions of times: as a dictionary it stays short.
        with pa.parquet.ParquetFile(table.file, memory_map=False) as opened:
            names = [opened.schema_arrow.names[at] for at in table.at if at >= 0]
            texts = [name for name in names if _is_text(opened.schema_arrow.field(name).type)]
        with pa.parquet.ParquetFile(table.file, memory_map=False, read_dictionary=texts) as opened:
            for batch in opened.iter_batches(_BATCH, columns=names):
                found = iter([_values(batch.column(name)) for name in names])
                absent = [None] * batch.num_rows
                columns = [next(found) if at >= 0 else absent for at in table.at]
                for values in zip(*columns, strict=True):
                    row += 1
                    yield row, values
                table.hold_to_limit(row)
    except InputError:
        raise
    except _FAILURES as error:
        said = f"this is not a whole Parquet table: {_said(error)}; nothing was read from here on"
        collector.error(table.place(row + 1), said)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _is_plain(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return number or _is_text(kind) or pa.types.is_temporal(kind) or pa.types.is_null(kind)


def _values(column: Any) -> list[object]:
    """The values of a column as Python values, times as text."""
    kind = column.type
    # A damaged file may point outside its own dictionary.
    column.validate(full=True)
    if pa.types.is_dictionary(kind):
        words = column.dictionary.to_pylist()
        return [None if at is None else words[at] for at in column.indices.to_pylist()]
    if pa.types.is_temporal(kind) and not pa.types.is_duration(kind):
        return cast("list[object]", column.cast(pa.string()).to_pylist())
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    return cast("list[object]", column.to_pylist())


def _said(error: Exception) -> str:
    return str(error).split("\n")[0].rstrip(".")[:200]
