"""The SQLite store of MLflow, of either generation, read without a change to the file.

Only tables are read, never views or virtual tables, each from end to end without a search: what a
hostile file could make slow is not asked for. A table or column that is missing, as
``logged_models`` is before MLflow 3, holds nothing.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headwater.errors import InputError
from headwater.files import unreadable
from headwater.lineage.facts import Place
from headwater.lineage.formats.mlflow import records
from headwater.lineage.formats.mlflow.records import Input, Logged, ModelUse, Run, Store, Version, word

MAGIC = b"SQLite format 3\0"
MOST_ROWS = 5_000_000
LONGEST_VALUE = 64 * 2**20
_WAL = b"\x02\x02"
# The second comes where SQLite's complaint quotes bytes of the file that are no text.
_BROKEN = (sqlite3.Error, UnicodeDecodeError)


def is_sqlite(path: Path) -> bool:
    """Whether a file starts as SQLite files do."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def read(path: Path, shown: str, store: Store) -> None:
    """Fill `store` from the SQLite file at `path`.

    Raises
    ------
    InputError
        If it cannot be opened, or holds no table of MLflow's runs.
    """
    store.collector.files += 1
    try:
        with closing(_opened(path)) as connection:
            tables = _Tables(connection, shown, store)
            if "runs" not in tables.columns:
                raise InputError("has no table of runs", "give a database that MLflow wrote", shown)
            _Reading(tables, store, shown).all()
    except _BROKEN as error:
        raise InputError(f"is no sound SQLite file: {error}", "copy it with sqlite3 .backup", shown) from None


def _opened(path: Path) -> sqlite3.Connection:
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    pending = path.with_name(path.name + "-wal")
    # Opening a write-ahead log, even to read, makes files beside it; without pending pages none is needed.
    quiet = head[18:20] == _WAL and not (pending.exists() and pending.stat().st_size)
    uri = path.absolute().as_uri() + ("?mode=ro&immutable=1" if quiet else "?mode=ro")
    connection = sqlite3.connect(uri, uri=True, timeout=5)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
    for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


@dataclass
class _Tables:
    """The tables with their columns; rows are read with an empty value for what is missing."""

    connection: sqlite3.Connection
    shown: str
    store: Store
    columns: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found = self.connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        for name, made in found.fetchmany(10_000):
            words = str(made).upper().split(None, 2)
            if isinstance(name, str) and name.isidentifier() and words[:2] == ["CREATE", "TABLE"]:
                # Generated columns, which compute, are not among those listed.
                info = self.connection.execute(f'PRAGMA table_info("{name}")').fetchmany(1000)
                self.columns[name] = {str(column[1]) for column in info}

    def rows(self, table: str, *columns: str) -> Iterator[tuple[Any, ...]]:
        known = self.columns.get(table)
        if not known:
            return
        asked = ", ".join(f'"{column}"' if column in known else "NULL" for column in columns)
        place = Place(self.shown, pointer=table)
        try:
            for number, row in enumerate(self.connection.execute(f'SELECT {asked} FROM "{table}"')):
                if number >= MOST_ROWS:
                    self.store.collector.error(place, f"more than {MOST_ROWS:,} rows; the rest was left out")
                    return
                yield row
        except _BROKEN as error:
            self.store.collector.error(place, f"the table breaks off: {error}; the rest was left out")


@dataclass
class _Reading:
    """One pass over every table; runs first, so that what belongs to none is passed over."""

    tables: _Tables
    store: Store
    shown: str
    new: set[str] = field(default_factory=set)

    def all(self) -> None:
        self.runs()
        self.labels()
        self.inputs()
        self.models()
        self.versions()

    def place(self, table: str, row: object) -> Place:
        return Place(self.shown, pointer=f"{table}/{records.clean(row)}")

    def runs(self) -> None:
        named = {
            row[0]: (records.clean(row[1]), row[2] == "deleted")
            for row in self.tables.rows("experiments", "experiment_id", "name", "lifecycle_stage")
        }
        columns = (
            "run_uuid",
            "name",
            "experiment_id",
            "status",
            "start_time",
            "end_time",
            "lifecycle_stage",
            "artifact_uri",
        )
        for id_, name, experiment, status, start, end, stage, uri in self.tables.rows("runs", *columns):
            place = self.place("runs", id_)
            if not word(id_):
                self.store.collector.error(place, "the run has no id; it was skipped")
                continue
            title, gone = named.get(experiment, (records.clean(experiment), False))
            run = Run(word(id_), place, word(name), title, records.status(status), records.moment(end, start))
            run.started = records.moment(start)
            run.artifact_uri, run.deleted = records.address(uri), gone or stage == "deleted"
            if self.store.run(run):
                self.new.add(run.id)

    def labels(self) -> None:
        for kind, table in (("param", "params"), ("tag", "tags")):
            for id_, key, value in self.tables.rows(table, "run_uuid", "key", "value"):
                self.label(id_, kind, key, value)
        for id_, key, value, is_nan in self.tables.rows(
            "latest_metrics", "run_uuid", "key", "value", "is_nan"
        ):
            self.label(id_, "metric", key, "nan" if is_nan == 1 else value)

    def label(self, id_: object, kind: str, key: object, value: object) -> None:
        if isinstance(id_, str) and id_ in self.new and isinstance(key, str):
            self.store.runs[id_].label(kind, key, value)

    def inputs(self) -> None:
        tags: dict[str, dict[str, str]] = defaultdict(dict)
        for id_, name, value in self.tables.rows("input_tags", "input_uuid", "name", "value"):
            if isinstance(id_, str) and isinstance(name, str) and len(tags[id_]) < records.MOST_LABELS:
                tags[id_][records.clean(name)] = records.clean(value)
        datasets = self.datasets()
        ends = ("input_uuid", "source_type", "source_id", "destination_type", "destination_id")
        for id_, from_, source, to, target in self.tables.rows("inputs", *ends):
            place = self.place("inputs", id_)
            if (from_, to) == ("DATASET", "RUN") and target in self.new:
                if source in datasets:
                    self.store.inputs.append(Input(target, datasets[source], tags.get(id_, {}), place))
                else:
                    said = f"the run read the dataset {records.clean(source)!r}, which is not in the table"
                    self.store.collector.error(place, said)
            elif from_ in ("RUN_INPUT", "RUN_OUTPUT") and source in self.new and word(target):
                self.store.uses.append(ModelUse(source, word(target), from_ == "RUN_OUTPUT", place))

    def datasets(self) -> dict[object, records.Dataset]:
        columns = (
            "dataset_uuid",
            "name",
            "digest",
            "dataset_source_type",
            "dataset_source",
            "dataset_profile",
        )
        found = {}
        for id_, *values in self.tables.rows("datasets", *columns):
            said = dict(zip(("name", "digest", "source_type", "source", "profile"), values, strict=True))
            made = records.dataset(said, self.place("datasets", id_), self.store.collector)
            if made:
                found[id_] = made
        return found

    def models(self) -> None:
        tags: dict[object, dict[str, str]] = defaultdict(dict)
        for id_, key, value in self.tables.rows("logged_model_tags", "model_id", "tag_key", "tag_value"):
            if isinstance(key, str) and len(tags[id_]) < records.MOST_LABELS:
                tags[id_][records.clean(key)] = records.clean(value)
        columns = (
            "model_id",
            "name",
            "source_run_id",
            "artifact_location",
            "creation_timestamp_ms",
            "lifecycle_stage",
        )
        for id_, name, run, location, time, stage in self.tables.rows("logged_models", *columns):
            if not word(id_):
                continue
            made = Logged(
                word(id_),
                word(name),
                self.place("logged_models", id_),
                run=word(run),
                location=records.address(location),
                time=records.moment(time),
                deleted=stage == "deleted",
                tags=tags.get(id_, {}),
            )
            self.store.model(made)

    def versions(self) -> None:
        for name, key in self.tables.rows("registered_model_tags", "name", "key"):
            if key == records.IS_PROMPT:
                self.store.prompts.add(word(name))
        tags: dict[object, dict[str, str]] = defaultdict(dict)
        for name, number, key, value in self.tables.rows(
            "model_version_tags", "name", "version", "key", "value"
        ):
            if isinstance(key, str) and len(tags[name, number]) < records.MOST_LABELS:
                tags[name, number][records.clean(key)] = records.clean(value)
        columns = ("name", "version", "run_id", "source", "creation_time", "current_stage")
        for name, number, run, source, time, stage in self.tables.rows("model_versions", *columns):
            place = self.place("model_versions", f"{records.clean(name)}/{records.clean(number)}")
            said = self.store.collector.name(name, "the registered model's name", place)
            if said is None or not word(number):
                continue
            made = Version(
                said,
                word(number),
                place,
                run=word(run),
                source=records.address(source),
                time=records.moment(time),
                deleted=stage == "Deleted_Internal",
                tags=tags.get((name, number), {}),
            )
            self.store.version(made)
