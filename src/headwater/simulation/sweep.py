"""Sweeps: a pipeline simulated over a grid of values of some of its fields, as one tidy table.

Finished points wait beside the table that is to be written, so that a killed sweep goes on where
it stopped.
"""

from __future__ import annotations

import io
import itertools
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xarray as xr

from headwater.errors import FamilyError, GraphError, InputError
from headwater.families.contract import Family
from headwater.fields import Field, Value, parse_field
from headwater.files import FilePath, unreadable, write_bytes
from headwater.graph import InteractionGraph
from headwater.pipeline import Pipeline
from headwater.simulation import store as disk
from headwater.simulation.execution import Executor
from headwater.simulation.identity import environment, fingerprint
from headwater.simulation.points import Points, lies_there
from headwater.simulation.progress import on_terminal
from headwater.simulation.run import Run, execute, plan
from headwater.simulation.summary import summarise

MOST_POINTS = 100_000
PROVENANCE = b"headwater_provenance"
DIGEST = b"headwater_digest"
STATISTICS = ("mean", "standard_error", "median", "median_low", "median_high")


def sweep(  # noqa: PLR0913
    pipeline: Pipeline | InteractionGraph,
    family: Family[Any, Any],
    vary: Mapping[str, Sequence[Value]],
    *,
    replicates: int,
    seed: int,
    generations: int | None = None,
    metrics: Sequence[str] | None = None,
    output: FilePath | None = None,
    resume: bool = False,
    executor: Executor | None = None,
) -> pa.Table:
    """Simulate every combination of values of some fields of a pipeline.

    Every point of the grid has the same seed and the same chunks, on purpose: where two points
    draw alike they draw the same numbers (common random numbers), so that what differs between
    neighbours is the field and little else. Errors of different points are therefore correlated.

    Parameters
    ----------
    pipeline
        A pipeline, or an interaction graph alone (regime replace).
    vary
        Values by name of the field, as `headwater.fields.parse_field` reads it: ``{"web->teacher":
        [0, 100]}``. The last field varies fastest.
    output
        A Parquet file to write at the end. Until then finished points lie in a directory beside
        it, ``OUTPUT.points``.
    resume
        Go on with what lies in that directory.
    replicates, seed, generations, metrics, executor
        As for `simulate`, at every point.

    Returns
    -------
    pyarrow.Table
        A row a point, measure, generation and model; one column a varied field, by its name, then
        ``generation``, ``model``, ``measure``, ``mean``, ``standard_error``, ``median``,
        ``median_low``, ``median_high``, ``replicates`` and ``not_finite``, all as `summarise` has
        them. The measure "inflation" (or "change") is among them. The schema's metadata hold the provenance.

    Raises
    ------
    GraphError, FamilyError
        If a field, a value or a point cannot be right; before anything is simulated.
    InputError
        If `vary` names no values, `output` exists, or another sweep or anything else lies beside it.
    OutputError
        If `output` cannot be written.

    Examples
    --------
    >>> from headwater import InteractionGraph, families
    >>> pipeline = Pipeline(InteractionGraph.from_flows([("web", "a", 5), ("a", "a", 5)], ["web"]))
    >>> table = sweep(
    ...     pipeline, families.Gaussian(ddof=1), {"web->a": [0, 5]}, replicates=50, seed=7, generations=3
    ... )
    >>> table.column_names[:4], table.num_rows
    (['web->a', 'generation', 'model', 'measure'], 32)
    """
    described = pipeline if isinstance(pipeline, Pipeline) else Pipeline(graph=pipeline)
    grid = plan_sweep(described, family, vary, (replicates, seed, generations, metrics))
    chosen = executor or Executor()
    if output is None:
        if resume:
            raise InputError("there is no sweep to resume", "name the file that it was to write")
        return grid.joined(
            _table(grid, number, execute(run, None, _quiet(chosen))) for number, run in _tracked(grid, chosen)
        )
    if not os.fspath(output):
        raise InputError("the name of the output is empty", "name a Parquet file to write")
    return _with_output(grid, Path(output), chosen, resume)


@dataclass(frozen=True)
class Grid:
    """A sweep that was checked and not yet played.

    Attributes
    ----------
    names
        Of the varied fields, as typed.
    points
        Values of these fields, one tuple a point.
    runs
        One a point.
    provenance
        For the record.
    """

    names: tuple[str, ...]
    points: tuple[tuple[Value, ...], ...]
    runs: tuple[Run, ...]
    provenance: dict[str, Any]

    @property
    def digest(self) -> str:
        """SHA-256 of everything that decides the numbers."""
        return fingerprint([self.names, self.points, [run.manifest.digest for run in self.runs]])

    def joined(self, tables: Iterable[pa.Table]) -> pa.Table:
        """One table of all points, in the order of the grid."""
        whole = pa.concat_tables(list(tables)).unify_dictionaries().combine_chunks()
        return whole.replace_schema_metadata(
            {PROVENANCE: json.dumps(self.provenance).encode(), DIGEST: self.digest.encode()}
        )


def plan_sweep(
    pipeline: Pipeline,
    family: Family[Any, Any],
    vary: Mapping[str, Sequence[Value]],
    how: tuple[int, int, int | None, Sequence[str] | None],
) -> Grid:
    """Check every point of a sweep; `how` is replicates, seed, generations and metrics, as in `sweep`."""
    vary = _listed(vary)
    fields = {name: parse_field(name, pipeline) for name in vary}
    _check_grid(fields, vary, how[2])
    points = tuple(itertools.product(*vary.values()))
    pipelines = [_at(pipeline, list(zip(fields.items(), point, strict=True))) for point in points]
    runs = [_planned(each, family, how, said, None) for each, said in pipelines]
    # one size of chunk for all: numbers are common where chunks are
    chunk = min(run.manifest.chunk for run in runs)
    runs = [
        run if run.manifest.chunk == chunk else _planned(each, family, how, said, chunk)
        for run, (each, said) in zip(runs, pipelines, strict=True)
    ]
    replicates, seed, _, _ = how
    first = runs[0].manifest
    provenance = {
        "title": "a sweep of recursive training, simulated by Headwater",
        "pipeline": pipeline.name,
        "input_sha256": pipeline.sha256,
        "vary": {name: list(values) for name, values in vary.items()},
        "family": first.run["family"],
        "replicates": replicates,
        "seed": seed,
        "chunk": chunk,
        "environment": environment(),
    }
    return Grid(tuple(vary), points, tuple(runs), provenance)


def _listed(vary: Any) -> dict[str, list[Value]]:
    """Values in lists, numbers of numpy as Python's."""
    if not isinstance(vary, Mapping):
        raise InputError(
            f"vary is {vary!r:.60}", "map names of fields to values, such as {'web->teacher': [0, 100]}"
        )
    lists: dict[str, list[Value]] = {}
    for name, values in vary.items():
        if not isinstance(name, str):
            raise InputError(
                f"a varied field is called {name!r:.60}", "a field is named by text, such as 'web->teacher'"
            )
        # the order of a set is not the same in every process
        unordered = isinstance(values, str | bytes | Mapping | Set)
        if unordered or not isinstance(values, Iterable) or getattr(values, "ndim", 1) != 1:
            raise _no_values(name, values)
        some = itertools.islice(values, MOST_POINTS + 1)
        lists[name] = [value.item() if isinstance(value, np.generic) else value for value in some]
        for value in lists[name]:
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                raise InputError(
                    f"a value of {name} is {value!r:.60}", "a value is a number, or a regime as text"
                )
    return lists


def _no_values(name: str, values: Any) -> InputError:
    said = f"{values!r:.60}".splitlines()[0]
    return InputError(f"the values of {name} are {said}", "give a list of different values, at least one")


def _check_grid(
    fields: Mapping[str, Field], vary: Mapping[str, Sequence[Value]], generations: int | None
) -> None:
    if not fields:
        raise InputError(
            "nothing is varied", "name a field and its values, such as {'web->teacher': [0, 100]}"
        )
    if len(set(fields.values())) < len(fields):
        raise InputError(
            f"two names mean the same field: {', '.join(fields)}", "vary each field once, with all its values"
        )
    if generations is not None and any(field.kind == "generations" for field in fields.values()):
        raise InputError(
            "generations are both given and varied", "leave one of the two out: they say the same thing"
        )
    points = 1
    for name, values in vary.items():
        points *= len(values)
        if len(values) == 0 or len(set(values)) < len(values):
            raise _no_values(name, values)
    if points > MOST_POINTS:
        raise InputError(
            f"the grid has {points:,} points", f"the most is {MOST_POINTS:,}: vary fewer fields or values"
        )


def _at(pipeline: Pipeline, values: list[tuple[tuple[str, Field], Value]]) -> tuple[Pipeline, str]:
    """The pipeline at one point, and how that point is called in errors."""
    said = ", ".join(f"{name}={value}" for (name, _), value in values)

    removed = {field.names for (_, field), value in values if field.key == "samples" and value == 0}
    # flows come before their weights, and a flow that is not there has none
    for (_, field), value in sorted(values, key=lambda item: item[0][1].key != "samples"):
        if field.names in removed and field.key != "samples":
            continue
        try:
            pipeline = field.set(pipeline, value)
        except GraphError as error:
            raise GraphError(f"at {said}: {error.problem}", error.remedy) from None
    return pipeline, said


def _planned(
    pipeline: Pipeline,
    family: Family[Any, Any],
    how: tuple[int, int, int | None, Sequence[str] | None],
    said: str,
    chunk: int | None,
) -> Run:
    try:
        return plan(pipeline, family, *how, chunk)
    except (GraphError, FamilyError) as error:
        # a place would be one of the changed pipeline, not of the file
        raise type(error)(f"at {said}: {error.problem}", error.remedy) from None


def _with_output(grid: Grid, output: Path, executor: Executor, resume: bool) -> pa.Table:
    if lies_there(output):
        return _read_again(grid, output, resume)
    points = Points(output.with_name(f"{output.name}.points"), len(grid.points))
    points.prepare(grid.digest, grid.provenance, resume)
    with ExitStack() as stack:
        stack.enter_context(disk.held(points.path))
        for number, run in _tracked(grid, executor):
            part = points.part(number)
            if not part.exists():
                # a point is a run of its own, which resumes too
                played = execute(run, points.play(number), _quiet(executor), resume=True)
                write_bytes(part, _as_bytes(_table(grid, number, played)))
            points.clear_play(number, run.manifest.chunks)
        table = grid.joined(_read(points.part(number)) for number in range(len(grid.points)))
        write_bytes(output, _as_bytes(table))
    points.clear()
    return table


def _read_again(grid: Grid, output: Path, resume: bool) -> pa.Table:
    """The table of a sweep that is finished."""
    if not resume:
        raise InputError(
            "the file exists", "name another file after -o, or remove this one", os.fspath(output)
        )
    table = _read(output)
    if (table.schema.metadata or {}).get(DIGEST) != grid.digest.encode():
        raise InputError(
            "the file holds another table, not this sweep",
            "resume with the values of the first run, or name another file",
            os.fspath(output),
        )
    return table


def _table(grid: Grid, number: int, runs: xr.Dataset) -> pa.Table:
    """Rows of one point: by measure, then generation, then model."""
    found = summarise(runs)
    shape = tuple(found.sizes[name] for name in ("measure", "generation", "model"))
    rows = int(np.prod(shape))
    measure, generation, model = (each.ravel() for each in np.indices(shape, dtype=np.int32))
    columns: dict[str, Any] = {
        name: pa.array([value] * rows, _kind([point[at] for point in grid.points]))
        for at, (name, value) in enumerate(zip(grid.names, grid.points[number], strict=True))
    }
    columns["generation"] = pa.array(found["generation"].values[generation], pa.int32())
    columns["model"] = pa.DictionaryArray.from_arrays(
        model, pa.array(list(found["model"].values), pa.string())
    )
    columns["measure"] = pa.DictionaryArray.from_arrays(
        measure, pa.array(list(found["measure"].values), pa.string())
    )
    for name in STATISTICS:
        columns[name] = found[name].values.ravel()
    columns["replicates"] = pa.array(np.full(rows, found.attrs["replicates"], np.int64))
    columns["not_finite"] = pa.array(found["not_finite"].values.ravel().astype(np.int64))
    return pa.table(columns)


def _kind(values: Sequence[Value]) -> pa.DataType:
    if any(isinstance(value, str) for value in values):
        return pa.string()
    whole = all(isinstance(value, int) for value in values)
    return pa.int64() if whole else pa.float64()


def _as_bytes(table: pa.Table) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    return file.getvalue()


def _read(path: Path) -> pa.Table:
    try:
        with pq.ParquetFile(path) as file:
            return file.read()
    except OSError as error:
        raise unreadable(path, error) from None
    except pa.ArrowException as error:
        raise InputError(
            f"this is not a whole Parquet table: {str(error).splitlines()[0][:120]}",
            "remove the file and repeat with --resume",
            os.fspath(path),
        ) from None


def _quiet(executor: Executor) -> Executor:
    """The same without a bar of its own, of which a terminal shows one at a time."""
    return replace(executor, progress=False)


def _tracked(grid: Grid, executor: Executor) -> Iterator[tuple[int, Run]]:
    """The points in order, counted on a terminal's error stream if the executor shows progress."""
    if not (executor.progress and on_terminal()):
        yield from enumerate(grid.runs)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("sweeping"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("points"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=len(grid.runs))
        for numbered in enumerate(grid.runs):
            yield numbered
            progress.advance(bar)
