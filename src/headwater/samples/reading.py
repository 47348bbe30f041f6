"""Files of samples read once, in batches, keeping of each model at each generation what measures need."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from headwater.errors import InputError, SampleError
from headwater.files import FilePath
from headwater.samples.gathering import Gathered, Gathering
from headwater.samples.placing import Columns
from headwater.samples.source import REFERENCE, Handling, Source
from headwater.samples.summary import Keep, Summary

__all__ = ["Columns", "Gathered", "Handling", "Keep", "Summary", "gather", "read_reference"]

Progress = Callable[[int], None]
"""Is told the number of rows read so far."""

USUAL = Columns()
STRICT = Handling()
ENOUGH = Keep()
"""What is meant where nothing is said."""


def gather(
    paths: FilePath | Sequence[FilePath],
    columns: Columns = USUAL,
    handling: Handling = STRICT,
    keep: Keep = ENOUGH,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> Gathered:
    """Read files once and keep of each model at each generation what the measures need.

    Memory does not grow with the number of rows: it is that of a batch, of the rows that `keep`
    allows, and of the moments and sketches, some 12 KiB a feature, of each model and generation.

    Parameters
    ----------
    paths
        Parquet, CSV, JSON Lines, .npy or .npz files, or folders of images.
    columns
        What the columns are.
    handling
        What to do with bad rows and with parts, and how names of files are understood.
    keep
        How many rows are kept.
    seed
        Which rows are kept: with the same seed the same, however the files are divided among machines.
    progress
        Called after each batch.

    Raises
    ------
    InputError
        If a file cannot be read, or files do not fit together; names the file and, if known, the line.
    MissingExtra
        If there are images and Pillow is not installed.
    """
    gathering = Gathering(seed, keep)
    counted = _counting(progress)
    for path in _listed(paths):
        source = Source(path, columns, handling, keep, seed)
        _add(gathering, source, counted, handling.together)
    gathered = gathering.result()
    if not len(gathered):
        raise InputError("no row is left", "; ".join(gathered.notes[:3]), _listed(paths)[0])
    return gathered


def read_reference(
    paths: FilePath | Sequence[FilePath],
    columns: Columns = USUAL,
    handling: Handling = STRICT,
    keep: Keep = ENOUGH,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> Summary:
    """Read real data: as `gather`, but it has no models and no generations.

    Columns of these names are ignored, and the notes say so. Several files are taken together.
    """
    gathering = Gathering(seed, keep)
    counted = _counting(progress)
    for path in _listed(paths):
        source = Source(path, columns, handling, keep, seed, keyed=False)
        _add(gathering, source, counted, together=True)
    summary = gathering.result().summaries[REFERENCE]
    if not summary.count:
        raise InputError("no row is left", "give real data that can be measured", summary.places[0])
    return summary


def _add(gathering: Gathering, source: Source, counted: Progress, together: bool) -> None:
    from threadpoolctl import threadpool_limits

    # small products of matrices between batches: threads of BLAS would only wait for each other
    with threadpool_limits(1, "blas"):
        part = source.read(counted, gathering.like)
    try:
        gathering.add(part, together)
    except SampleError as error:
        raise InputError(error.problem, error.remedy, source.path) from None


def _listed(paths: FilePath | Sequence[FilePath]) -> list[str]:
    listed = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    if not listed:
        raise InputError("there are no files to read", "name at least one")
    return [os.fspath(path) for path in listed]


def _counting(progress: Progress | None) -> Progress:
    total = 0

    def counted(rows: int) -> None:
        nonlocal total
        total += rows
        if progress is not None:
            progress(total)

    return counted
