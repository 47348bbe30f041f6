"""A run on disk: a directory with one Parquet file a finished chunk and a manifest.

A chunk is written beside its place and renamed, so that its name means it is whole: what is
finished is what lies there. Array stores with concurrent append lose data silently; this one
never appends. The files read as they are in polars, pandas or DuckDB.
"""

from __future__ import annotations

import io
import json
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from headwater.errors import InputError, OutputError
from headwater.files import FilePath, read_bytes, write_bytes
from headwater.simulation.play import Snapshot

MANIFEST = "manifest.json"
VERSION = 1
LARGEST_MANIFEST = 256 * 2**20
ROWS_AT_ONCE = 2**18
"""Rows of a chunk held before they are written, about."""


@dataclass(frozen=True)
class Manifest:
    """What a store holds, or will hold when every chunk is finished.

    Attributes
    ----------
    run
        Everything that decides the numbers, as plain values; a store of another run is refused.
    digest
        SHA-256 of `run`.
    replicates, chunk, generations
        Replicates in all and in a chunk; generations beside generation 0.
    models
        Names, in order.
    measures
        For each measure its units, direction and meaning.
    provenance
        Environment and input, for the record.
    """

    run: dict[str, Any]
    digest: str
    replicates: int
    chunk: int
    generations: int
    models: list[str]
    measures: dict[str, dict[str, str]]
    provenance: dict[str, Any]

    @property
    def chunks(self) -> int:
        """How many chunks the run has."""
        return -(-self.replicates // self.chunk)

    def replicates_of(self, number: int) -> int:
        """Replicates in one chunk; the last may be smaller."""
        return min(self.chunk, self.replicates - number * self.chunk)

    @property
    def block(self) -> int:
        """Generations written at once: a row group of a file."""
        return max(1, ROWS_AT_ONCE // (self.chunk * max(len(self.models), 1)))


def chunk_path(store: FilePath, number: int) -> Path:
    """Where a chunk lies when it is finished."""
    return Path(store) / f"chunk-{number:06d}.parquet"


def finished(store: FilePath, manifest: Manifest) -> list[int]:
    """Numbers of the chunks that are finished."""
    return [number for number in range(manifest.chunks) if chunk_path(store, number).is_file()]


def read_manifest(store: FilePath) -> Manifest:
    """The manifest of a store.

    Raises
    ------
    InputError
        If there is none, or it is none of ours.
    """
    path = Path(store) / MANIFEST
    if not Path(store).is_dir():
        raise InputError(
            "there is no such store", "name a directory that a simulation wrote", os.fspath(store)
        )
    content = read_bytes(path, LARGEST_MANIFEST)
    try:
        values = json.loads(content)
        if values.pop("headwater_store") != VERSION:
            raise KeyError
        return Manifest(**values)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(
            "this is no manifest of a simulation that this release can read",
            "was it made by another release, or edited? run the simulation again into another directory",
            os.fspath(path),
        ) from None


def prepare(store: FilePath, manifest: Manifest, resume: bool) -> None:
    """Make the directory and its manifest, or check that what lies there is this run.

    Raises
    ------
    InputError
        If the directory holds another run, something else, or this run and `resume` is false.
    OutputError
        If it cannot be written.
    """
    path = Path(store)
    if (path / MANIFEST).exists():
        _check_same(path, read_manifest(path), manifest, resume)
        for left in path.glob("*.part"):
            with suppress(OSError):
                left.unlink()
        return
    try:
        path.mkdir(parents=True, exist_ok=True)
        strangers = [each.name for each in path.iterdir() if not each.name.endswith(".part")]
    except OSError as error:
        raise OutputError(
            f"{path}: the directory cannot be made: {error.strerror}", "choose another place"
        ) from None
    if strangers:
        raise InputError(
            f"the directory holds other things, such as {strangers[0]!r:.60}, and no run",
            "a store is a directory of its own: name one that is new or empty",
            os.fspath(path),
        )
    values = {"headwater_store": VERSION, **asdict(manifest)}
    write_bytes(path / MANIFEST, (json.dumps(values, indent=1) + "\n").encode())


def _check_same(path: Path, there: Manifest, here: Manifest, resume: bool) -> None:
    if there.digest != here.digest:
        differing = [key for key in here.run if here.run[key] != there.run.get(key)]
        key = differing[0] if differing else "run"
        raise InputError(
            f"the directory holds another run: {key} is {_shown(there.run.get(key))} there "
            f"and {_shown(here.run.get(key))} here",
            "resume with the values of the first run, or name another directory",
            os.fspath(path),
        )
    if not resume:
        done = len(finished(path, there))
        state = "finished" if done == there.chunks else f"{done} of {there.chunks} chunks finished"
        raise InputError(
            f"the directory holds this very run already ({state})",
            "continue it with --resume (in Python resume=True), or name another directory",
            os.fspath(path),
        )


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


@contextmanager
def held(store: FilePath) -> Iterator[None]:
    """Hold a store, so that two runs do not write into it at once.

    The system lets go of it when the process ends, however it ends.

    Raises
    ------
    InputError
        If another process holds it.
    """
    try:
        import fcntl
    except ImportError:  # no such lock on this system
        yield
        return
    try:
        lock = os.open(Path(store), os.O_RDONLY)
    except OSError as error:
        raise OutputError(f"{store}: the store cannot be opened: {error.strerror}") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                "another process is writing this store", "wait for it, or stop it", os.fspath(store)
            ) from None
        except OSError:
            pass  # a file system without locks
        yield
    finally:
        os.close(lock)


def write_chunk(store: FilePath, manifest: Manifest, number: int, played: Iterable[Snapshot]) -> None:
    """Write a chunk as it is played, a block of generations at a time; rename it when it is whole.

    Raises
    ------
    OutputError
        If it cannot be written; the store still resumes.
    """
    place = chunk_path(store, number)
    beside = place.with_name(f"{place.name}.{uuid.uuid4().hex}.part")
    try:
        with open(beside, "xb") as file:
            _write_rows(file, manifest, number, played)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, place)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise unwritable(store, manifest, error) from None
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


def unwritable(store: FilePath, manifest: Manifest, error: OSError) -> OutputError:
    """The one error for a chunk that the system would not take."""
    done = len(finished(store, manifest))
    return OutputError(
        f"{os.fspath(store)}: a chunk cannot be written: {error.strerror or error}",
        f"{done} of {manifest.chunks} chunks are finished and nothing is lost: make room, then --resume",
    )


def chunk_bytes(manifest: Manifest, number: int, played: Iterable[Snapshot]) -> bytes:
    """The file of a chunk, for a worker that does not share the store's disk."""
    file = io.BytesIO()
    _write_rows(file, manifest, number, played)
    return file.getvalue()


def _write_rows(file: Any, manifest: Manifest, number: int, played: Iterable[Snapshot]) -> None:
    schema = _schema(manifest, number)
    held_back: list[Snapshot] = []
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        generation = 0
        for snapshot in played:
            held_back.append(snapshot)
            if len(held_back) == manifest.block:
                writer.write_table(_table(schema, manifest, number, generation, held_back))
                generation += len(held_back)
                held_back = []
        if held_back:
            writer.write_table(_table(schema, manifest, number, generation, held_back))


def _schema(manifest: Manifest, number: int) -> pa.Schema:
    return pa.schema(
        [
            pa.field("replicate", pa.int32()),
            pa.field("generation", pa.int32()),
            pa.field("model", pa.dictionary(pa.int32(), pa.string())),
            *(pa.field(name, pa.float64()) for name in manifest.measures),
        ],
        metadata={"headwater_digest": manifest.digest, "headwater_chunk": str(number)},
    )


def _table(
    schema: pa.Schema, manifest: Manifest, number: int, generation: int, block: list[Snapshot]
) -> pa.Table:
    """Rows by generation, then replicate, then model."""
    models, replicates = len(manifest.models), manifest.replicates_of(number)
    first = number * manifest.chunk
    shape = (len(block), replicates, models)
    generations = np.arange(generation, generation + len(block), dtype=np.int32)
    numbered = np.arange(first, first + replicates, dtype=np.int32)
    which = np.arange(models, dtype=np.int32)
    columns: list[Any] = [
        np.broadcast_to(numbered[None, :, None], shape).ravel(),
        np.broadcast_to(generations[:, None, None], shape).ravel(),
        pa.DictionaryArray.from_arrays(
            pa.array(np.broadcast_to(which, shape).ravel()), pa.array(manifest.models, pa.string())
        ),
    ]
    for name in manifest.measures:
        columns.append(np.stack([snapshot[name] for snapshot in block]).ravel())
    return pa.table(columns, schema=schema)


Direction = Literal["low", "high", ""]


def as_arrays(manifest: Manifest, played: Iterable[Snapshot]) -> Mapping[str, np.ndarray]:
    """(replicates, generations + 1, models) of each measure, for a run without a store."""
    snapshots = list(played)
    return {name: np.stack([each[name] for each in snapshots], axis=1) for name in manifest.measures}
