"""An interaction graph from a table with a row for each flow: CSV or Parquet.

For graphs that a program wrote: millions of models, ten million flows. Rows are never
touched one by one unless something is wrong with one. All models are trained and all
sources fresh; what needs more saying goes into a pipeline file.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NoReturn, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from headwater.errors import GraphError, InputError, nearest
from headwater.files import FilePath, unreadable
from headwater.graph import InteractionGraph
from headwater.validation import LARGEST_COUNT

COLUMNS = ("from", "to", "samples", "weight")
_NEEDED = COLUMNS[:2]
_HEADER = "the columns are from, to, samples and weight; the last two may be missing"
_EMPTY = "leave the value empty (null) if the count is unknown"
_LONGEST_HEADER = 2**16
_FAILURES = (pa.ArrowException, OSError, ValueError, csv.Error)


def read_edges(path: FilePath, sources: Iterable[str]) -> InteractionGraph:
    """The graph of a table with the columns ``from``, ``to``, ``samples`` and ``weight``.

    An empty count, or no column of counts, is an unknown count; an empty weight is 1.
    Models come in the order in which they first appear in the column ``to``, sources in the
    order given.

    Parameters
    ----------
    path
        A CSV file with a header, or a Parquet file; told apart by ``.csv`` and ``.parquet``,
        otherwise by content.
    sources
        Names in the column ``from`` that bring fresh real data.

    Raises
    ------
    InputError
        If the table is not such a table; names the file and the line (CSV) or row (Parquet,
        counted from 1).
    """
    table = _Table(os.fspath(path), is_csv=_is_csv(path))
    wanted = [sources] if isinstance(sources, str) else list(dict.fromkeys(sources))
    columns = table.read()
    if columns.num_rows == 0:
        raise InputError("the table has no rows", "write a row for each flow", table.path)
    names, learner, provider = _encode(table, columns)
    _check_names(table, names, learner, provider)
    models = int(learner.max()) + 1
    _check_sources(table, names, wanted, learner)
    _number_sources(table, _strings(names[models:]), wanted, models, provider)
    samples = _samples(table, columns)
    weight = _weight(table, columns)
    model_names = _strings(names[:models])
    # The text columns are by far the largest thing here; the checks below need the room.
    del columns, names
    try:
        return InteractionGraph.from_arrays(model_names, wanted, provider, learner, samples, weight)
    except GraphError as error:
        if len(error.place) > 1 and error.place[0] == "flows":
            table.wrong(int(error.place[1]), error.problem, error.remedy)
        raise InputError(error.problem, error.remedy, table.path) from None


@dataclass(frozen=True)
class _Table:
    """A file that holds flows, and how its rows are called in errors."""

    path: str
    is_csv: bool

    def read(self) -> pa.Table:
        """The columns, checked by name and, in CSV, converted."""
        try:
            return _read_csv(self) if self.is_csv else _read_parquet(self)
        except InputError:
            raise
        except MemoryError:
            raise InputError(
                "the table does not fit into memory", "use a larger machine", self.path
            ) from None
        except OSError as error:
            if not self.is_csv and error.errno is None:
                self.damaged(error)
            raise unreadable(self.path, error) from None
        except _FAILURES as error:
            self.damaged(error)

    def damaged(self, error: Exception) -> NoReturn:
        """Say where a table cannot be read."""
        if self.is_csv:
            _find_bad_line(self)
        said = str(error).split("\n")[0].rstrip(".")
        raise InputError(
            f"this is not a whole {'CSV' if self.is_csv else 'Parquet'} table: {said}",
            "write or copy the file again: it may be cut short or damaged",
            self.path,
        ) from None

    def wrong(self, row: int, problem: str, remedy: str) -> NoReturn:
        """Raise for a row, counted from 0."""
        if self.is_csv:
            raise InputError(problem, remedy, self.path, _line_of(self.path, row))
        raise InputError(f"row {row + 1}: {problem}", remedy, self.path)

    def check_header(self, names: Sequence[str]) -> None:
        line = 1 if self.is_csv else None
        for at, name in enumerate(names):
            if name not in COLUMNS:
                hint = f"{_HEADER}: rename or drop it; {nearest(name, COLUMNS)}"
                raise InputError(f"unknown column {name!r:.60}", hint, self.path, line)
            if name in names[:at]:
                raise InputError(f"two columns are called {name!r}", "drop one of them", self.path, line)
        for name in _NEEDED:
            if name not in names:
                raise InputError(f"there is no column {name!r}", _HEADER, self.path, line)


def _strings(names: pa.Array[Any]) -> list[str]:
    return cast("list[str]", names.to_pylist())


def _is_csv(path: FilePath) -> bool:
    suffix = os.path.splitext(os.fspath(path))[1].lower()
    try:
        with open(path, "rb") as file:
            start = file.read(4)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if not start:
        raise InputError("the file is empty", f"write a table; {_HEADER}", os.fspath(path))
    return suffix == ".csv" or (suffix != ".parquet" and start != b"PAR1")


def _read_parquet(table: _Table) -> pa.Table:
    with pa.parquet.ParquetFile(table.path, memory_map=False) as file:
        table.check_header(file.schema_arrow.names)
        return file.read()


def _read_csv(table: _Table) -> pa.Table:
    with open(table.path, "rb") as file:
        header = file.readline(_LONGEST_HEADER)
    try:
        rows = list(csv.reader([header.decode("utf-8-sig")]))
    except (UnicodeDecodeError, csv.Error):
        _find_bad_line(table)
        raise
    table.check_header(rows[0] if rows else [])
    return pa.csv.read_csv(
        table.path,
        convert_options=pa.csv.ConvertOptions(
            column_types={
                "from": pa.string(),
                "to": pa.string(),
                "samples": pa.float64(),
                "weight": pa.float64(),
            },
            null_values=[""],
            strings_can_be_null=False,
        ),
    )


def _encode(table: _Table, columns: pa.Table) -> tuple[pa.Array[Any], NDArray[np.int32], NDArray[np.int32]]:
    """Unique names, and the number of each learner and provider: learners come first."""
    texts = [_texts(table, columns, name) for name in ("to", "from")]
    if texts[0].type != texts[1].type:
        texts = [text.cast(pa.large_string()) for text in texts]
    try:
        # Hashing tens of millions of names is where the time goes; it runs outside Python's lock.
        with ThreadPoolExecutor(2) as pool:
            (taught, learner), (givers, giver) = pool.map(_codes, texts)
        at = pc.index_in(givers, value_set=taught)
        names = pa.concat_arrays([taught, givers.filter(at.is_null())])
        names.validate(full=True)
    except _FAILURES as error:
        table.damaged(error)
    number = at.fill_null(-1).to_numpy().astype(np.int32)
    number[number < 0] = np.arange(len(taught), len(names))
    provider = number[giver]
    return names, learner, provider


def _check_names(
    table: _Table, names: pa.Array[Any], learner: NDArray[np.int32], provider: NDArray[np.int32]
) -> None:
    if table.is_csv and pc.any(pc.match_substring_regex(names, "[\r\n]")).as_py():
        _find_bad_line(table)
    blank = np.flatnonzero(
        pc.equal(pc.utf8_trim_whitespace(names), pa.scalar("", names.type)).to_numpy(zero_copy_only=False)
    )
    if len(blank):
        row = int(np.flatnonzero((learner == blank[0]) | (provider == blank[0]))[0])
        name = "to" if learner[row] == blank[0] else "from"
        table.wrong(row, f"the name in column {name!r} is blank", "write the name of a model or source")


def _codes(texts: pa.ChunkedArray[Any]) -> tuple[pa.Array[Any], NDArray[np.int32]]:
    """Unique values in the order of first appearance, and the number of each row's value."""
    chunks = cast("list[Any]", texts.dictionary_encode().chunks)
    # One table of values serves all chunks: the last one holds it whole.
    return chunks[-1].dictionary, np.concatenate([chunk.indices.to_numpy() for chunk in chunks])


def _texts(table: _Table, columns: pa.Table, name: str) -> pa.ChunkedArray[Any]:
    column = columns[name]
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy())[0])
        table.wrong(row, f"column {name!r} has no value", "write the name of a model or source")
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (_is_text(kind) or pa.types.is_integer(kind)):
        raise InputError(
            f"column {name!r} holds {column.type}, not names", "write it as a column of strings", table.path
        )
    return column.cast(pa.large_string() if pa.types.is_large_string(kind) else pa.string())


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _check_sources(
    table: _Table, names: pa.Array[Any], sources: list[str], learner: NDArray[np.int32]
) -> None:
    """Each source must give, and only give."""
    models = int(learner.max()) + 1
    try:
        asked = pa.array(sources, type=names.type)
    except (*_FAILURES, TypeError):
        raise InputError(
            f"the sources {sources!r:.60} are not all text",
            "name sources as they are written in the column 'from'",
            table.path,
        ) from None
    at = pc.index_in(asked, value_set=names).to_pylist()
    for source, code in zip(sources, at, strict=True):
        if code is None:
            known = names[models:] if len(names) > models else names[:10_000]
            raise InputError(
                f"no flow comes from the source {source!r}", nearest(source, _strings(known)), table.path
            )
        if code < models:
            table.wrong(
                int(np.argmax(learner == code)),
                f"{source!r} is named as a source, but this flow goes into it",
                "nothing flows into a source: remove the flow, or do not name it in sources",
            )


def _number_sources(
    table: _Table, givers: list[str], sources: list[str], models: int, provider: NDArray[np.int32]
) -> None:
    """Number the sources after the models, in place; who only gives must be one."""
    place = {source: at for at, source in enumerate(sources)}
    unnamed = [at for at, name in enumerate(givers) if name not in place]
    if unnamed:
        name = givers[unnamed[0]]
        others = f" (and so do {len(unnamed) - 1:,} other names)" if len(unnamed) > 1 else ""
        table.wrong(
            int(np.argmax(provider == models + unnamed[0])),
            f"{name!r} gives samples, but nothing flows into it{others}",
            f"if it brings real data, name it in sources (--sources {name!r}); "
            "if it is a model, add the flows it learns from",
        )
    number = np.array([place[name] for name in givers], dtype=np.int32)
    gives = provider >= models
    provider[gives] = models + number[provider[gives] - models]


def _samples(table: _Table, columns: pa.Table) -> NDArray[np.float64]:
    if "samples" not in columns.column_names:
        return np.full(columns.num_rows, np.nan)
    column = _numbers(table, columns["samples"], "samples")
    absent = column.is_null().to_numpy()
    values = column.to_numpy()
    bad = np.isnan(values) & ~absent
    if bad.any():
        table.wrong(int(np.argmax(bad)), "samples is NaN", _EMPTY)
    return cast("NDArray[np.float64]", values)


def _weight(table: _Table, columns: pa.Table) -> NDArray[np.float64] | None:
    if "weight" not in columns.column_names:
        return None
    column = _numbers(table, columns["weight"], "weight").fill_null(pa.scalar(1.0))
    return cast("NDArray[np.float64]", column.to_numpy())


def _numbers(table: _Table, column: Any, name: str) -> pa.ChunkedArray[Any]:
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)):
        raise InputError(
            f"column {name!r} holds {kind}, not numbers",
            f"write it as whole numbers; {_EMPTY}" if name == "samples" else "write it as numbers",
            table.path,
        )
    try:
        return cast("pa.ChunkedArray[Any]", column.cast(pa.float64()))
    except pa.ArrowInvalid:
        # Only whole numbers beyond those that a float holds exactly fail to convert.
        values = column.fill_null(pa.scalar(0, kind)).to_numpy()
        row = int(np.argmax((values > LARGEST_COUNT) | (values < -LARGEST_COUNT)))
        table.wrong(row, f"{name} is {column[row]}", f"the largest number is {LARGEST_COUNT:,}")


# -- only when something is wrong ---------------------------------------------------------------


def _line_of(path: str, row: int) -> int:
    """The line of a row counted from 0; empty lines are no rows."""
    with open(path, "rb") as file:
        for line, text in enumerate(file, start=1):
            if text.strip(b"\r\n"):
                row -= 1
            if row < -1:
                return line
    return line


def _find_bad_line(table: _Table) -> None:
    """Raise for the first line of a CSV file that is not like its header."""
    header: list[str] | None = None
    with open(table.path, "rb") as file:
        offset = 0
        for line, encoded in enumerate(file, start=1):
            try:
                text = encoded.decode("utf-8-sig" if line == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise InputError(
                    f"byte 0x{encoded[error.start]:02x} at offset {offset + error.start} is not UTF-8",
                    "save the file in the encoding UTF-8",
                    table.path,
                    line,
                ) from None
            offset += len(encoded)
            row = _row(table, line, text)
            if header is not None and row:
                _check_row(table, line, header, row)
            header = header or row


def _row(table: _Table, line: int, text: str) -> list[str]:
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error as error:
        raise InputError(
            f"this is not CSV: {error}",
            "close every quote on the line where it opens, and double a quote inside quotes",
            table.path,
            line,
        ) from None
    return rows[0] if rows else []


def _check_row(table: _Table, line: int, header: Sequence[str], row: Sequence[str]) -> None:
    if len(row) != len(header):
        raise InputError(
            f"{len(row)} values, where the header has {len(header)}",
            "write one value a column, with quotes around a name that holds a comma",
            table.path,
            line,
        )
    for name, value in zip(header, row, strict=True):
        if name not in _NEEDED and value and not _is_number(value):
            what = f"write a whole number; {_EMPTY}" if name == "samples" else "write a number above zero"
            raise InputError(f"{name} is {value!r:.60}, not a number", what, table.path, line)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text
