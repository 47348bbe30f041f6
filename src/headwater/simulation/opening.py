"""A run as an xarray Dataset: from arrays, or from a store that is read when it is looked at."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from headwater.errors import InputError
from headwater.files import FilePath
from headwater.simulation.store import Manifest, chunk_path, finished, read_manifest

DIMENSIONS = ("replicate", "generation", "model")


def open_run(path: FilePath, *, unfinished: bool = False) -> xr.Dataset:
    """The Dataset of a store, the same as `simulate` returned; values are read when they are used.

    Parameters
    ----------
    unfinished
        Take the replicates that are finished instead of refusing a run that is not.

    Raises
    ------
    InputError
        If there is no store, it is unfinished, or a file of it is not what the manifest says.
    """
    if not isinstance(path, str | os.PathLike):
        raise InputError(f"path is {path!r:.60}", "give the path of a store's directory")
    manifest = read_manifest(path)
    done = finished(path, manifest)
    if len(done) < manifest.chunks and not unfinished:
        raise InputError(
            f"the run is unfinished: {len(done)} of {manifest.chunks} chunks lie here",
            "continue it with --resume (in Python resume=True), or open_run(path, unfinished=True)",
            os.fspath(path),
        )
    variables = {
        name: xr.Variable(DIMENSIONS, _lazy(StoredMeasure(Path(path), manifest, tuple(done), name)))
        for name in manifest.measures
    }
    replicates = [
        number * manifest.chunk + at for number in done for at in range(manifest.replicates_of(number))
    ]
    return _dataset(manifest, variables, np.array(replicates, dtype=np.int64))


def _lazy(measure: StoredMeasure) -> Any:
    # what is assigned to stays in memory, as in any Dataset that xarray opens
    lazily: Any = indexing.LazilyIndexedArray(measure)
    return indexing.CopyOnWriteArray(lazily)


def dataset(manifest: Manifest, arrays: Mapping[str, np.ndarray]) -> xr.Dataset:
    """The Dataset of a run whose arrays are in memory."""
    variables = {name: xr.Variable(DIMENSIONS, values) for name, values in arrays.items()}
    return _dataset(manifest, variables, np.arange(manifest.replicates))


def _dataset(manifest: Manifest, variables: Mapping[str, Any], replicates: np.ndarray) -> xr.Dataset:
    for name, variable in variables.items():
        about = manifest.measures[name]
        variable.attrs.update(
            units=about["units"], better=about["better"], long_name=about["text"], scale=about["scale"]
        )
    return xr.Dataset(
        variables,
        coords={
            "replicate": replicates,
            "generation": np.arange(manifest.generations + 1),
            "model": np.array(manifest.models, dtype=object),
        },
        attrs={
            "title": "recursive training, simulated by Headwater",
            "provenance": json.dumps({"run": manifest.run, **manifest.provenance}),
            "digest": manifest.digest,
        },
    )


@dataclass(eq=False)
class StoredMeasure(BackendArray):
    """(replicates, generations + 1, models) of one measure in a store's files."""

    path: Path
    manifest: Manifest
    chunks: tuple[int, ...]
    measure: str

    def __post_init__(self) -> None:
        replicates = sum(self.manifest.replicates_of(number) for number in self.chunks)
        self.shape = (replicates, self.manifest.generations + 1, len(self.manifest.models))
        self.dtype = np.dtype(float)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        if isinstance(key, indexing.VectorizedIndexer):
            support = indexing.IndexingSupport.OUTER
            return indexing.explicit_indexing_adapter(key, self.shape, support, self._read)
        # not by the adapter, which fails on empty slices with a negative step
        return self._read(key.tuple)

    def _read(self, key: tuple[Any, ...]) -> np.ndarray:
        picked = [np.arange(size)[each] for size, each in zip(self.shape, key, strict=True)]
        replicate, generation, model = (np.atleast_1d(each) for each in picked)
        values = np.empty((len(replicate), len(generation), len(model)))
        counts = np.array([self.manifest.replicates_of(number) for number in self.chunks], dtype=int)
        ends = np.cumsum(counts)
        chunk = np.searchsorted(ends, replicate, side="right")
        by_chunk = np.argsort(chunk, kind="stable")
        if values.size:
            for inside in np.split(by_chunk, np.flatnonzero(np.diff(chunk[by_chunk])) + 1):
                at = chunk[inside[0]]
                within = replicate[inside] - (ends[at] - counts[at])
                for when, rows in self._blocks(self.chunks[at], generation):
                    values[np.ix_(inside, when)] = rows[:, within][:, :, model].swapaxes(0, 1)
        return values[tuple(0 if np.ndim(each) == 0 else slice(None) for each in picked)]

    def _blocks(self, number: int, generation: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Of each row group that is needed: which of the asked generations it has, and their values.

        Values are (generations, replicates of the chunk, models).
        """
        path, shape = chunk_path(self.path, number), (self.manifest.replicates_of(number), self.shape[2])
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                block = self._block(file, number, shape)
                for group in np.unique(generation // block).tolist():
                    column = file.read_row_group(group, columns=[self.measure])[self.measure]
                    rows = column.to_numpy().reshape(-1, *shape)
                    when = np.flatnonzero(generation // block == group)
                    yield when, rows[generation[when] - group * block]
        except (OSError, pa.ArrowException, KeyError, IndexError, ValueError) as error:
            reason = str(error).partition("\n")[0][:120]
            raise InputError(
                f"a file of the run cannot be read: {reason}",
                "delete that file and continue the run with --resume: it is played again",
                os.fspath(path),
            ) from None

    def _block(self, file: pq.ParquetFile, number: int, shape: tuple[int, int]) -> int:
        """Generations in a row group; the last may hold fewer."""
        about = file.schema_arrow.metadata or {}
        if about.get(b"headwater_digest") != self.manifest.digest.encode():
            raise ValueError("it belongs to another run")
        if about.get(b"headwater_chunk") != str(number).encode():
            raise ValueError("it is another chunk")
        if file.metadata.num_rows != math.prod(shape) * self.shape[1]:
            raise ValueError("it has another number of rows")
        return int(file.metadata.row_group(0).num_rows) // math.prod(shape)
