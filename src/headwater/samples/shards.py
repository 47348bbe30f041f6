"""Summaries in a file, so that parts are gathered on many machines and merged on one.

One Parquet file, a row group for each model and generation; nothing in it is executed when it
is read, and pages have checksums. Rows and moments are plain columns; sketches are the bytes
that datasketches writes, which its libraries in C++ and Java read too.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from headwater.errors import OutputError
from headwater.files import FilePath
from headwater.samples import sketches
from headwater.samples.formats import read_as
from headwater.samples.gathering import Gathered
from headwater.samples.kept import ALL, Kept
from headwater.samples.placing import LARGEST_DIMENSION, LARGEST_GENERATION, Key
from headwater.samples.problems import one_line
from headwater.samples.rows import LARGEST_NUMBER
from headwater.samples.summary import Keep, Summary
from headwater.samples.tally import MOST_QUANTILES
from headwater.samples.values import Moments

VERSION = 1
ABOUT = b"headwater_shard"
WHAT = ("shard", "write it again with write_shard; was it made by another release, cut short or edited?")

COLUMNS: list[tuple[str, Any]] = [
    ("model", pa.string()),
    ("generation", pa.int64()),
    ("count", pa.int64()),
    ("priorities", pa.list_(pa.uint64())),
    ("threshold", pa.uint64()),
    ("numbers", pa.list_(pa.float64())),
    ("strings", pa.list_(pa.large_string())),
    ("mean", pa.list_(pa.float64())),
    ("scatter", pa.list_(pa.float64())),
    ("quantiles", pa.list_(pa.binary())),
    ("rows_seen", pa.binary()),
    ("words_seen", pa.binary()),
    ("items", pa.binary()),
    ("omitted", pa.list_(pa.struct([("reason", pa.string()), ("rows", pa.int64())]))),
    ("places", pa.list_(pa.string())),
    ("notes", pa.list_(pa.string())),
]

SCHEMA = pa.schema(COLUMNS)


def write_shard(path: FilePath, gathered: Gathered) -> None:
    """Write what was gathered: at once or not at all, beside its place and renamed.

    Raises
    ------
    OutputError
        If it cannot be written; an older file of that name is then unchanged.
    """
    about = {
        "version": VERSION,
        "kind": gathered.kind,
        "names": list(gathered.names),
        "seed": gathered.seed,
        "keep": asdict(gathered.keep),
        "lost": dict(gathered.lost),
    }
    schema = SCHEMA.with_metadata({ABOUT: json.dumps(about).encode()})
    try:
        target = Path(os.path.realpath(path))
        beside = target.with_name(f".headwater-{uuid.uuid4().hex}.part")
        try:
            with pq.ParquetWriter(str(beside), schema, write_page_checksum=True) as writer:
                for key, summary in sorted(gathered.summaries.items()):
                    writer.write_table(_row(key, summary, schema))
            with open(beside, "rb+") as file:
                # without this, a power cut after the rename may leave an empty file
                os.fsync(file.fileno())
            os.replace(beside, target)
        finally:
            with suppress(OSError):
                beside.unlink()
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or one_line(str(error))
        raise OutputError(
            f"{os.fspath(path)}: the shard cannot be written: {reason}",
            "nothing was changed: free space or choose another place, and repeat",
        ) from None


def read_shard(path: FilePath) -> Gathered:
    """What `write_shard` wrote.

    Raises
    ------
    InputError
        If it is no shard, of another release, or damaged.
    """
    name = os.fspath(path)
    with (
        read_as(name, *WHAT),
        pq.ParquetFile(name, page_checksum_verification=True) as file,
    ):
        schema = file.schema_arrow
        about = (schema.metadata or {}).get(ABOUT)
        if about is None or not schema.remove_metadata().equals(SCHEMA):
            raise ValueError("it was not written as a shard")
        return _gathered(_about(about), _rows(file))


def _rows(file: Any) -> Iterator[Any]:
    for group in range(file.num_row_groups):
        if file.metadata.row_group(group).num_rows != 1:
            raise ValueError("a row group has more than one row")
        yield file.read_row_group(group).combine_chunks().to_batches()[0]


def _about(content: bytes) -> dict[str, Any]:
    try:
        about = json.loads(content)
        if about.pop("version") != VERSION:
            raise ValueError("it is of another version")
        about["keep"] = Keep(**about["keep"])
        about["names"] = tuple(about["names"])
        _need(about["kind"] in ("numeric", "categorical", "text"), "kind")
        _need(isinstance(about["seed"], int), "seed")
        _need(all(isinstance(each, str) for each in about["names"]), "names")
        _need(len(about["names"]) <= LARGEST_DIMENSION, "names")
        _need(_counts(about["lost"]), "lost")
        return dict(about)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"its description is damaged: {type(error).__name__}") from None


def _gathered(about: dict[str, Any], rows: Iterator[Any]) -> Gathered:
    summaries: dict[Key, Summary] = {}
    for row in rows:
        cells = {name: row.column(name)[0] for name in SCHEMA.names}
        key = cells["model"].as_py(), cells["generation"].as_py()
        _need(key not in summaries and isinstance(key[0], str), "model")
        _need(isinstance(key[1], int) and 0 <= key[1] <= LARGEST_GENERATION, "generation")
        try:
            summaries[key] = _summary(about["kind"], about["names"], cells)
        except sketches.BROKEN as error:
            raise ValueError(str(error)) from None
    _need(bool(summaries), "number of row groups")
    return Gathered(**about, summaries=summaries)


def _counts(values: Any) -> bool:
    return isinstance(values, Mapping) and all(
        isinstance(reason, str) and isinstance(rows, int) and rows > 0 for reason, rows in values.items()
    )


def _need(right: bool, what: str) -> None:
    if not right:
        raise ValueError(f"its {what} cannot be right")


def _row(key: Key, summary: Summary, schema: Any) -> Any:
    numeric = summary.kind == "numeric"
    moments = summary.moments
    cells = {
        "model": key[0],
        "generation": key[1],
        "count": summary.count,
        "threshold": summary.kept.threshold,
        "quantiles": [each.serialize() for each in summary.quantiles],
        "rows_seen": summary.rows_seen.serialize(),
        "words_seen": None if summary.words_seen is None else summary.words_seen.serialize(),
        "items": None if summary.items is None else summary.items.serialize(),
        "omitted": [{"reason": why, "rows": rows} for why, rows in summary.omitted.items()],
        "places": list(summary.places),
        "notes": list(summary.notes),
    }
    lists = {
        "priorities": summary.kept.priorities,
        "numbers": summary.kept.rows.ravel() if numeric else None,
        "strings": None if numeric else summary.kept.rows,
        "mean": None if moments is None else moments.mean,
        "scatter": None if moments is None else moments.scatter.ravel(),
    }
    columns = [
        _one_list(lists[field.name], field.type)
        if field.name in lists
        else pa.array([cells[field.name]], field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _one_list(values: Any, kind: Any) -> Any:
    """A column of one cell that is a list, without a Python object for each entry."""
    if values is None:
        return pa.array([None], kind)
    flat = pa.array(values, kind.value_type)
    return pa.ListArray.from_arrays(pa.array([0, len(flat)], pa.int32()), flat)


def _summary(kind: Any, names: tuple[str, ...], cells: dict[str, Any]) -> Summary:
    count = cells["count"].as_py()
    _need(isinstance(count, int) and count >= 0, "count")
    numeric = kind == "numeric"
    kept = _kept(cells, names, numeric, count)
    omitted = {each["reason"]: each["rows"] for each in cells["omitted"].as_py()}
    _need(_counts(omitted), "omitted rows")
    sketched = numeric and len(names) <= MOST_QUANTILES
    quantiles = tuple(sketches.read_quantiles(each) for each in cells["quantiles"].as_py())
    _need(len(quantiles) == (len(names) if sketched else 0) or not count, "quantiles")
    _need(all(each.n == count for each in quantiles), "quantiles")
    words = sketches.read_distinct(cells["words_seen"].as_py()) if kind == "text" else None
    places, notes = cells["places"].as_py(), cells["notes"].as_py()
    _need(bool(places) and all(isinstance(each, str) for each in (*places, *notes)), "places")
    return Summary(
        kind,
        names,
        count,
        kept,
        _moments(cells, len(names), count) if numeric and count else None,
        quantiles,
        sketches.read_distinct(cells["rows_seen"].as_py()),
        words,
        None if numeric else sketches.read_frequent(cells["items"].as_py()),
        omitted,
        tuple(places),
        tuple(notes),
    )


def _kept(cells: dict[str, Any], names: tuple[str, ...], numeric: bool, count: int) -> Kept:
    priorities = _flat(cells["priorities"]).to_numpy().copy()
    threshold = cells["threshold"].as_py()
    kept = len(priorities)
    _need(min(count, 1) <= kept <= count and isinstance(threshold, int), "number of rows")
    _need((threshold == ALL) == (kept == count), "threshold")
    ordered = bool((priorities[:-1] <= priorities[1:]).all())
    _need(ordered and (kept == 0 or int(priorities[-1]) <= threshold), "order of rows")
    if numeric:
        rows = _finite(cells["numbers"], (kept, len(names)), "rows")
        _need(bool((np.abs(rows) <= LARGEST_NUMBER).all()), "rows")
        return Kept(priorities, rows, threshold)
    strings = _flat(cells["strings"])
    _need(len(strings) == kept and strings.null_count == 0, "rows")
    strings.validate(full=True)
    return Kept(priorities, strings, threshold)


def _moments(cells: dict[str, Any], features: int, count: int) -> Moments:
    mean = _finite(cells["mean"], (features,), "mean")
    scatter = _finite(cells["scatter"], (features, features), "scatter")
    _need(bool((np.diag(scatter) >= 0).all()), "scatter")
    return Moments(count, mean, scatter)


def _flat(cell: Any) -> Any:
    _need(cell.is_valid, "lists")
    values = cell.values
    _need(values.null_count == 0, "lists")
    return values


def _finite(cell: Any, shape: tuple[int, ...], what: str) -> Any:
    values = np.array(_flat(cell).to_numpy(), float)
    _need(values.size == np.prod(shape, dtype=int) and bool(np.isfinite(values).all()), what)
    return values.reshape(shape)
