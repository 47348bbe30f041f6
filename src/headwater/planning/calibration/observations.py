"""Measured risk by model and generation: as a value, and as a table in a file."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import numbers
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.parquet

from headwater.errors import InputError, nearest
from headwater.files import FilePath, read_bytes
from headwater.pipeline_file.document import LONGEST_RUN

LARGEST_FILE = 64 * 2**20
"""Bytes."""
COLUMNS = ("generation", "model", "standard_error", "run")
_HEADER = "the columns are generation, model, the measured risk, and perhaps standard_error and run"
LARGEST = 1e100


@dataclass(frozen=True, slots=True)
class Observation:
    """The risk that one model of one generation was measured to have.

    Attributes
    ----------
    model
        Its name in the pipeline.
    generation
        0 is the model before any retraining.
    risk
        Any measure of error: larger is worse.
    standard_error
        Of the measurement; 0 where it is not known.
    run
        Which repetition of the whole history; one run needs no name.
    """

    model: str
    generation: int
    risk: float
    standard_error: float = 0.0
    run: str = ""


@dataclass(frozen=True)
class Observations:
    """Measurements, no two of one model, generation and run.

    Attributes
    ----------
    entries
        In the order given.
    path, sha256
        Of the file that they come from; empty and None for others.
    places
        Of each entry in the file, for errors: the line, or what a row is called.

    Raises
    ------
    InputError
        If a value cannot be right, or two entries are of one model, generation and run.
    """

    entries: tuple[Observation, ...]
    path: str = ""
    sha256: str | None = None
    places: tuple[int | str, ...] = ()

    def __post_init__(self) -> None:
        seen: dict[tuple[str, int, str], int] = {}
        for at, entry in enumerate(self.entries):
            self._check(at, entry)
            key = (entry.model, entry.generation, entry.run)
            if key in seen:
                run = f" of run {entry.run!r:.40}" if entry.run else ""
                self.wrong(
                    at,
                    f"model {entry.model!r:.60} is measured twice at generation {entry.generation}{run}",
                    "keep one of the two; repeated histories need a column run that tells them apart",
                )
            seen[key] = at

    def wrong(self, at: int, problem: str, remedy: str) -> NoReturn:
        """Raise for an entry."""
        place = self.places[at] if self.places else f"observation {at + 1}"
        line = place if isinstance(place, int) else None
        raise InputError(problem if line is not None else f"{place}: {problem}", remedy, self.path, line)

    def _check(self, at: int, entry: Observation) -> None:
        if not isinstance(entry.model, str) or not entry.model:
            self.wrong(at, f"model is {entry.model!r:.60}", "write the name of a model of the pipeline")
        generation = entry.generation
        whole = isinstance(generation, numbers.Integral) and not isinstance(generation, bool)
        if not whole or not 0 <= generation <= LONGEST_RUN:
            self.wrong(
                at,
                f"generation is {generation!r:.40}",
                f"write a whole number from 0, the model before any retraining, to {LONGEST_RUN:,}",
            )
        for name, value, least in (
            ("risk", entry.risk, -LARGEST),
            ("standard_error", entry.standard_error, 0),
        ):
            real = isinstance(value, numbers.Real) and not isinstance(value, bool)
            if not real or not least <= value <= LARGEST:
                rule = "a finite number" if name == "risk" else "a number, 0 or more, or leave it empty"
                self.wrong(at, f"{name} is {value!r:.40}", f"write {rule}; leave out what was not measured")


def read_observations(path: FilePath, column: str = "risk") -> Observations:
    """The measurements in a CSV or Parquet table.

    Parameters
    ----------
    path
        A table with the columns ``generation``, ``model`` and `column`, and perhaps
        ``standard_error`` and ``run``; other columns are left alone.
    column
        Name of the column that holds the measured risk.

    Raises
    ------
    InputError
        If it is no such table; names the file and the line (CSV) or row (Parquet, from 1).
    """
    name = os.fspath(path)
    content = read_bytes(path, LARGEST_FILE)
    if not content:
        raise InputError("the file is empty", f"write a table; {_HEADER}", name)
    rows = _parquet(content, name, column) if content[:4] == b"PAR1" else _csv(content, name, column)
    entries, places = [], []
    for place, row in rows:
        entries.append(_entry(row, column, name, place))
        places.append(place)
    if not entries:
        raise InputError("the table has no rows", "write a row for each model and generation", name)
    return Observations(tuple(entries), name, hashlib.sha256(content).hexdigest(), tuple(places))


def _parquet(content: bytes, path: str, column: str) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        with pa.parquet.ParquetFile(pa.BufferReader(content)) as file:
            names = file.schema_arrow.names
            _check_header(names, path, column, None)
            wanted = [name for name in (*COLUMNS, column) if name in names]
            for at, row in enumerate(file.read(columns=wanted).to_pylist()):
                yield f"row {at + 1}", row
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"this is not a whole Parquet table: {str(error).splitlines()[0]:.100}",
            "write or copy the file again: it may be cut short or damaged",
            path,
        ) from None


def _csv(content: bytes, path: str, column: str) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"byte 0x{content[error.start]:02x} is not UTF-8",
            "save the table as UTF-8, or as Parquet",
            path,
            line,
        ) from None
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    try:
        for row in rows:
            if header is None:
                header = [each.strip() for each in row]
                _check_header(header, path, column, rows.line_num)
            elif row:
                if len(row) != len(header):
                    raise InputError(
                        f"{len(row)} values, where the header has {len(header)}",
                        "write one value a column, with quotes around a name that holds a comma",
                        path,
                        rows.line_num,
                    )
                yield rows.line_num, dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise InputError(
            f"this is not CSV: {error}", "close every quote that is opened", path, rows.line_num
        ) from None


def _check_header(names: Sequence[str], path: str, column: str, line: int | None) -> None:
    for name in ("generation", "model", column):
        if name not in names:
            known = nearest(name, [str(each) for each in names])
            hint = f"{_HEADER}; --column perplexity names the one that holds the risk"
            raise InputError(f"there is no column {name!r:.60}", f"{hint}; {known}", path, line)
        if list(names).count(name) > 1:
            raise InputError(f"two columns are called {name!r:.60}", "drop one of them", path, line)


def _entry(row: Mapping[str, Any], column: str, path: str, place: int | str) -> Observation:
    def number(name: str, absent: float | None = None) -> float:
        value = row.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            if absent is not None:
                return absent
            _refuse(f"{name} is empty", "leave out the rows of what was not measured", path, place)
        try:
            found = float(value)
        except (TypeError, ValueError, OverflowError):
            found = math.nan
        if not math.isfinite(found):
            remedy = "write a finite number; leave out what was not measured"
            _refuse(f"{name} is {value!r:.40}", remedy, path, place)
        return found

    generation = number("generation")
    if generation != math.floor(generation):
        _refuse(f"generation is {row['generation']!r:.40}", "write a whole number, from 0", path, place)
    model, run = row.get("model"), row.get("run")
    return Observation(
        model="" if model is None else str(model),
        generation=int(generation),
        risk=number(column),
        standard_error=number("standard_error", 0.0),
        run="" if run is None else str(run),
    )


def _refuse(problem: str, remedy: str, path: str, place: int | str) -> NoReturn:
    line = place if isinstance(place, int) else None
    raise InputError(problem if line is not None else f"{place}: {problem}", remedy, path, line)
