"""A run on disk: a directory with one Parquet file a finished chunk and a manifest.

A chunk is written beside its place and renamed, so that its name means it is whole: what is
finished is what lies there. Array stores with concurrent append lose data silently; this one
never appends. The files read as they are in polars, pandas or DuckDB.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from headwater.errors import InputError, OutputError
from headwater.files import FilePath, read_bytes, write_bytes
from headwater.simulation.play import Snapshot

MANIFEST = "_manifest.json"
"""With the underscore, readers of Parquet directories leave it alone."""
OWN_PARTS = ("chunk-*.parquet.*.part", ".headwater-*.part")
"""What a killed run may leave; other files are other people's."""
VERSION = 1
LARGEST_MANIFEST = 256 * 2**20
ROWS_AT_ONCE = 2**18
GENERATIONS_AT_ONCE = 2**10
"""Rows, about, and generations of a chunk that are held before they are written."""


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
        rows = max(1, ROWS_AT_ONCE // (self.chunk * max(len(self.models), 1)))
        return min(rows, GENERATIONS_AT_ONCE)


def chunk_path(store: FilePath, number: int) -> Path:
    """Where a chunk lies when it is finished."""
    return Path(store) / f"chunk-{number:06d}.parquet"


def finished(store: FilePath, manifest: Manifest) -> list[int]:
    """Numbers of the chunks that are finished."""
    # one look at the directory: a run may have millions of chunks
    with os.scandir(store) as entries:
        files = {entry.name for entry in entries if entry.name.startswith("chunk-") and entry.is_file()}
    return [number for number in range(manifest.chunks) if f"chunk-{number:06d}.parquet" in files]


def read_manifest(store: FilePath) -> Manifest:
    """The manifest of a store.

    Raises
    ------
    InputError
        If there is none, or it is not as a simulation wrote it.
    """
    path = Path(store) / MANIFEST
    if not Path(store).is_dir():
        raise InputError(
            "there is no such store", "name a directory that a simulation wrote", os.fspath(store)
        )
    content = read_bytes(path, LARGEST_MANIFEST)
    try:
        values = json.loads(content)
        if values.pop("headwater_store") != VERSION or values.pop("sha256") != _checksum(values):
            raise KeyError
        return Manifest(**values)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(
            "this is no manifest of a simulation that this release can read",
            "was it made by another release, or edited? run the simulation again into another directory",
            os.fspath(path),
        ) from None


def _checksum(values: Mapping[str, Any]) -> str:
    """SHA-256 of a manifest's values, so that an edited one is noticed."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def prepare(store: FilePath, manifest: Manifest, resume: bool) -> None:
    """Make the directory and its manifest, or check that what lies there is this run.

    Raises
    ------
    InputError
        If the directory holds another run, something else, or this run and `resume` is false; or if
        another process is writing it.
    OutputError
        If it cannot be written.
    """
    path = Path(store)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise _no_directory(path, error) from None
    with held(path):
        try:
            names = sorted(each.name for each in path.iterdir())
        except OSError as error:
            raise _no_directory(path, error) from None
        if MANIFEST in names:
            _check_same(path, read_manifest(path), manifest, resume)
            return
        if names:
            raise InputError(
                f"the directory holds other things, such as {names[0]!r:.60}, and no run",
                "a store is a directory of its own: name one that is new or empty",
                os.fspath(path),
            )
        values = asdict(manifest)
        values = {"headwater_store": VERSION, "sha256": _checksum(values), **values}
        write_bytes(path / MANIFEST, (json.dumps(values, indent=1) + "\n").encode())


def _no_directory(path: Path, error: Exception) -> OutputError:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return OutputError(
        f"{os.fspath(path)}: this cannot be a store, a directory of its own: {reason}",
        "name a directory that is new or empty, where you may write",
    )


def _check_same(path: Path, there: Manifest, here: Manifest, resume: bool) -> None:
    if there.digest != here.digest:
        first, second = _flat(there.run), _flat(here.run)
        keys = [key for key in {**second, **first} if first.get(key) != second.get(key)] or ["run"]
        said = [f"{key} is {_shown(first.get(key))} there, {_shown(second.get(key))} here" for key in keys]
        more = f"; and {len(said) - 3} more" if len(said) > 3 else ""
        raise InputError(
            f"the directory holds another run: {'; '.join(said[:3])}{more}",
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


def _flat(run: Mapping[str, Any]) -> dict[str, str]:
    """Every value of a run as text, those of the family under its own names."""
    flat: dict[str, str] = {}
    for key, value in run.items():
        inner = {f"{key} {name}": each for name, each in value.items()} if isinstance(value, dict) else {}
        flat |= {name: json.dumps(each) for name, each in (inner or {key: value}).items()}
    return flat


def _shown(value: str | None) -> str:
    if value is None:
        return "not given"
    return value if len(value) <= 60 else value[:57] + "..."


@contextmanager
def held(store: FilePath) -> Iterator[None]:
    """Hold a store, so that two runs do not write into it at once; remove what a killed one left.

    The system lets go of it when the process ends, however it ends.

    Raises
    ------
    InputError
        If another process holds it.
    """
    lock = _lock(Path(store))
    try:
        _clear(Path(store))
        yield
    finally:
        _clear(Path(store))
        if lock is not None:
            os.close(lock)


def _clear(path: Path) -> None:
    # workers outlive a killed run by a moment, and may yet finish a chunk (the same bytes) or leave a part
    for pattern in OWN_PARTS:
        for left in path.glob(pattern):
            with suppress(OSError):
                left.unlink()


def _lock(path: Path) -> int | None:
    try:
        import fcntl
    except ImportError:  # no such lock on this system
        return None
    lock = None
    try:
        lock = os.open(path, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        assert lock is not None
        os.close(lock)
        raise InputError(
            "another process is writing this store", "wait for it, or stop it", os.fspath(path)
        ) from None
    except OSError as error:
        if lock is None:
            raise _no_directory(path, error) from None
        # else a file system without locks
    return lock


def write_chunk(store: FilePath, manifest: Manifest, number: int, played: Iterable[Snapshot]) -> None:
    """Write a chunk as it is played, a block of generations at a time; rename it when it is whole.

    Raises
    ------
    OutputError
        If it cannot be written; the store still resumes.
    """
    with _placed(store, manifest, number) as file:
        _write_rows(file, manifest, number, played)


def place_chunk(store: FilePath, manifest: Manifest, number: int, content: bytes) -> None:
    """Write a chunk that `chunk_bytes` made elsewhere.

    Raises
    ------
    OutputError
        If it cannot be written; the store still resumes.
    """
    with _placed(store, manifest, number) as file:
        file.write(content)


@contextmanager
def _placed(store: FilePath, manifest: Manifest, number: int) -> Iterator[BinaryIO]:
    place = chunk_path(store, number)
    beside = place.with_name(f"{place.name}.{uuid.uuid4().hex}.part")
    try:
        with open(beside, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, place)
    except OSError as error:
        done = len(finished(store, manifest))
        raise OutputError(
            f"{os.fspath(store)}: a chunk cannot be written: {error.strerror or error}",
            f"{done} of {manifest.chunks} chunks are finished and nothing is lost: "
            "mend it, for instance make room, and continue with --resume (in Python resume=True)",
        ) from None
    finally:
        with suppress(OSError):
            beside.unlink()


def chunk_bytes(manifest: Manifest, number: int, played: Iterable[Snapshot]) -> bytes:
    """The file of a chunk, for a worker that does not share the store's disk."""
    file = io.BytesIO()
    _write_rows(file, manifest, number, played)
    return file.getvalue()


def _write_rows(file: Any, manifest: Manifest, number: int, played: Iterable[Snapshot]) -> None:
    schema = _schema(manifest, number)
    held_back: list[Snapshot] = []
    # measures hardly repeat: a dictionary of them takes time and saves nothing
    keys: Any = ["replicate", "generation", "model"]
    with pq.ParquetWriter(
        file, schema, compression="zstd", use_dictionary=keys, write_page_checksum=True
    ) as writer:
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
            np.broadcast_to(which, shape).ravel(), pa.array(manifest.models, pa.string())
        ),
    ]
    for name in manifest.measures:
        columns.append(np.stack([snapshot[name] for snapshot in block]).ravel())
    return pa.table(columns, schema=schema)


def as_arrays(manifest: Manifest, played: Iterable[Snapshot]) -> Mapping[str, np.ndarray]:
    """(replicates, generations + 1, models) of each measure, for a run without a store."""
    snapshots = list(played)
    return {name: np.stack([each[name] for each in snapshots], axis=1) for name in manifest.measures}
