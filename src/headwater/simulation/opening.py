"""A run as an xarray Dataset: from arrays, or from a store that is read when it is looked at."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
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
    manifest = read_manifest(path)
    done = finished(path, manifest)
    if len(done) < manifest.chunks and not unfinished:
        raise InputError(
            f"the run is unfinished: {len(done)} of {manifest.chunks} chunks lie here",
            "continue it with --resume (in Python resume=True), or open_run(path, unfinished=True)",
            os.fspath(path),
        )
    variables = {
        name: xr.Variable(
            DIMENSIONS, indexing.LazilyIndexedArray(StoredMeasure(Path(path), manifest, tuple(done), name))
        )
        for name in manifest.measures
    }
    replicates = [
        number * manifest.chunk + at for number in done for at in range(manifest.replicates_of(number))
    ]
    return _dataset(manifest, variables, np.array(replicates, dtype=np.int64))


def dataset(manifest: Manifest, arrays: Mapping[str, np.ndarray]) -> xr.Dataset:
    """The Dataset of a run whose arrays are in memory."""
    variables = {name: xr.Variable(DIMENSIONS, values) for name, values in arrays.items()}
    return _dataset(manifest, variables, np.arange(manifest.replicates))


def _dataset(manifest: Manifest, variables: Mapping[str, Any], replicates: np.ndarray) -> xr.Dataset:
    for name, variable in variables.items():
        about = manifest.measures[name]
        variable.attrs.update(units=about["units"], better=about["better"], long_name=about["text"])
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
class StoredMeasure(BackendArray):  # type: ignore[misc]
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
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple[Any, ...]) -> np.ndarray:
        picked = [np.arange(size)[each] for size, each in zip(self.shape, key, strict=True)]
        replicate, generation, model = (np.atleast_1d(each) for each in picked)
        values = np.empty((len(replicate), len(generation), len(model)))
        first = 0
        for number in self.chunks:
            count = self.manifest.replicates_of(number)
            inside = np.flatnonzero((replicate >= first) & (replicate < first + count))
            if len(inside) and len(generation) and len(model):
                table = self._generations(number, generation)
                values[inside] = table[:, replicate[inside] - first][:, :, model].swapaxes(0, 1)
            first += count
        return values[tuple(0 if np.ndim(each) == 0 else slice(None) for each in picked)]

    def _generations(self, number: int, generations: np.ndarray) -> np.ndarray:
        """(asked generations, replicates of the chunk, models), from the row groups that hold them."""
        replicates, models = self.manifest.replicates_of(number), len(self.manifest.models)
        block = self.manifest.block
        path = chunk_path(self.path, number)
        try:
            with pq.ParquetFile(path) as file:
                if file.metadata.num_rows != replicates * (self.manifest.generations + 1) * models:
                    raise pa.ArrowInvalid("it has another number of rows")
                needed = np.unique(generations // block).tolist()
                tables = {
                    group: file.read_row_group(group, columns=[self.measure])[self.measure].to_numpy()
                    for group in needed
                }
        except (OSError, pa.ArrowException, KeyError, IndexError) as error:
            raise InputError(
                f"a file of the run cannot be read: {str(error).splitlines()[0][:120]}",
                "delete that file and continue the run with --resume: it is played again",
                os.fspath(path),
            ) from None
        return np.stack(
            [
                tables[generation // block].reshape(-1, replicates, models)[generation % block]
                for generation in generations.tolist()
            ]
        )
