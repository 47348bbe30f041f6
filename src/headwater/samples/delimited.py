"""CSV files as streams of Arrow batches, with the line of whatever is wrong in one."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, cast

import pyarrow as pa
import pyarrow.csv

from headwater.errors import InputError
from headwater.samples.formats import Table, read_as, suffix_of
from headwater.samples.placing import Layout
from headwater.samples.problems import one_line

BLOCK = 2**24
"""Bytes that are parsed at once; a row has to fit."""
NO_VALUE = ["", "NA", "N/A", "null", "NULL"]
"""In a column of numbers."""

WHAT = ("CSV table", "write a header line, and under it the same number of values in every line")
NOT_CONVERTED = re.compile(r"In CSV column #(\d+): Row #(\d+): .*?invalid value '(.*)'", re.DOTALL)
RAGGED = "a line with too many or too few values"


def open_csv(path: str, omit: bool) -> Table:
    """A CSV file with a header; with tabs between the values where it is called .tsv.

    Parameters
    ----------
    path
        The file; may be compressed.
    omit
        Leave out and count lines with too many or too few values.
    """
    omitted: Counter[str] = Counter()
    refused: list[Any] = []

    def ragged(row: Any) -> Literal["skip", "error"]:
        if not omit:
            refused.append(row)
            return "error"
        omitted[RAGGED] += 1
        return "skip"

    def line(row: int) -> int | None:
        # the lines that were left out are not among the rows
        return None if omitted else line_of(path, row + 2)

    with read_as(path, *WHAT), _placed(path, refused), _reader(path, ragged, {}) as reader:
        schema = reader.schema
        names = list(schema.names)
    if names and all(_is_number(name) for name in names):
        raise InputError(
            f"the first line holds numbers ({one_line(', '.join(names), 60)}), not names of columns",
            "write a header line with a name for each column",
            path,
            line_of(path, 1),
        )
    omitted.clear()
    text = pa.schema([(field.name, _guess(field.type)) for field in schema])

    def batches(layout: Layout) -> Iterator[Any]:
        types = dict(layout.types)
        with (
            read_as(path, *WHAT),
            _placed(path, refused, names),
            _reader(path, ragged, types, layout.read) as reader,
        ):
            yield from reader

    return Table(path, text, batches, True, line, omitted)


@contextmanager
def _reader(path: str, ragged: Any, types: dict[str, Any], read: list[str] | None = None) -> Iterator[Any]:
    parse = pa.csv.ParseOptions(
        delimiter="\t" if suffix_of(path) == ".tsv" else ",",
        newlines_in_values=True,
        invalid_row_handler=ragged,
    )
    convert = pa.csv.ConvertOptions(column_types=types, null_values=NO_VALUE, include_columns=read)
    # with threads, Arrow does not tell the row of an error
    options = pa.csv.ReadOptions(use_threads=False, block_size=BLOCK)
    with (
        pa.input_stream(path, compression="detect") as stream,
        pa.csv.open_csv(cast(Any, _Utf8(path, stream)), options, parse, convert) as reader,
    ):
        yield reader


class _Utf8:
    """A stream of bytes that is checked to be UTF-8: Arrow checks late, and not all of it."""

    def __init__(self, path: str, stream: Any) -> None:
        self.path = path
        self.stream = stream
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.line = 1
        self.closed = False

    def read(self, size: int) -> bytes:
        """The next bytes."""
        content: bytes = self.stream.read(size)
        pending = self.decoder.getstate()[0]
        try:
            self.decoder.decode(content, final=not content)
        except UnicodeDecodeError as error:
            at = max(error.start - len(pending), 0)
            raise InputError(
                f"the byte 0x{error.object[error.start]:02x} is not UTF-8",
                "save the file in the encoding UTF-8",
                self.path,
                self.line + content.count(b"\n", 0, at),
            ) from None
        self.line += content.count(b"\n")
        return content

    def close(self) -> None:
        """End reading; the stream below is closed by who opened it."""
        self.closed = True


def line_of(path: str, record: int) -> int | None:
    """Line, from 1, on which a record begins; the header is record 1, blank lines are none."""
    with pa.input_stream(path, compression="detect") as stream:
        text = io.TextIOWrapper(cast(Any, stream), "utf-8", "replace", newline="")
        reader = csv.reader(text, delimiter="\t" if suffix_of(path) == ".tsv" else ",")
        try:
            before = 0
            for row in _numbered(reader):
                record -= bool(row[1])
                if record == 0:
                    return before + 1
                before = row[0]
        except csv.Error:
            return None
    return None


def _numbered(reader: Any) -> Iterator[tuple[int, list[str]]]:
    for row in reader:
        yield reader.line_num, row


def _ragged(path: str, row: Any) -> InputError:
    return InputError(
        f"{row.actual_columns:,} values in a line, {row.expected_columns:,} names in the header: "
        f"{one_line(row.text, 60)!r}",
        "mend the line, or have such lines left out and counted (--bad omit)",
        path,
        None if row.number is None else line_of(path, row.number),
    )


@contextmanager
def _placed(path: str, refused: list[Any], names: Sequence[str] = ()) -> Iterator[None]:
    """Say line and column of an error, where Arrow tells them."""
    try:
        yield
    except pa.ArrowInvalid as error:
        if refused:
            raise _ragged(path, refused[0]) from None
        found = NOT_CONVERTED.search(str(error))
        if found is None:
            raise
        # columns are counted as they lie in the file
        name = one_line(names[int(found[1])] if int(found[1]) < len(names) else "?", 60)
        raise InputError(
            f"column {name!r} holds {one_line(found[3], 60)!r}, not a number",
            "mend the value; where a column is no feature, name those that are (--features), "
            "or the one of labels (--category) or documents (--text)",
            path,
            line_of(path, int(found[2])),
        ) from None


def _guess(kind: Any) -> Any:
    """Dates and times are read as the strings they are written as."""
    return pa.string() if pa.types.is_temporal(kind) else kind


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
