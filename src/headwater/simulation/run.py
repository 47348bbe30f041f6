"""``simulate``: checks what is asked, splits it into chunks, has them played, and returns a Dataset."""

from __future__ import annotations

import numbers
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr

from headwater.errors import FamilyError, GraphError, InputError, nearest
from headwater.families.contract import Family
from headwater.files import FilePath
from headwater.graph import InteractionGraph
from headwater.pipeline import Pipeline
from headwater.pipeline_file.document import LONGEST_RUN
from headwater.regimes import Replace
from headwater.simulation import store as disk
from headwater.simulation.cast import Cast, cast
from headwater.simulation.execution import Executor
from headwater.simulation.identity import (
    DECIDING,
    NUMBERS,
    environment,
    family_parameters,
    fingerprint,
    graph_fingerprint,
    packages,
)
from headwater.simulation.opening import dataset, open_run
from headwater.simulation.play import Snapshot, play
from headwater.simulation.progress import tracked

LARGEST_SEED = 2**128 - 1
MOST_REPLICATES = 10**9
NUMBERS_AT_ONCE = 2**23
"""Numbers that a chunk holds at once, about: 64 MiB."""
WORTH_A_TASK = 2**25
"""Numbers that a chunk works through in all its generations, at least."""
WORTH_A_CALL = 2**14
"""Numbers that one model's generation of a chunk works through, at least."""


def simulate(  # noqa: PLR0913
    pipeline: Pipeline | InteractionGraph,
    family: Family[Any, Any],
    *,
    replicates: int,
    seed: int,
    generations: int | None = None,
    metrics: Sequence[str] | None = None,
    store: FilePath | None = None,
    executor: Executor | None = None,
    resume: bool = False,
    chunk: int | None = None,
) -> xr.Dataset:
    """Run recursive training on a graph, many times over.

    Every generation each trained model draws its training set from its providers of the
    generation before and is fitted anew. Replicates are independent repetitions of the whole
    history.

    Parameters
    ----------
    pipeline
        A pipeline, or an interaction graph alone (regime replace). Every count is known and no model
        is external; see `InteractionGraph.with_unknown_samples` and `with_external_samples`.
    family
        How samples become a model, from `headwater.families`.
    replicates
        How many histories.
    seed
        A whole number; the same seed gives the same numbers whatever the executor.
    generations
        Takes the place of the pipeline's; a graph alone needs it.
    metrics
        Names of the family's measures to keep; None keeps all. Risk is always kept.
    store
        A directory to write finished chunks into, so that a killed run can be resumed and memory
        does not grow with the number of generations.
    executor
        Who plays the chunks; this process where none is given.
    resume
        Continue the run that lies in `store`, or begin it if the directory is new or empty.
    chunk
        Replicates played together, a part of the run's identity; chosen from the sizes where not given.

    Returns
    -------
    xarray.Dataset
        Dimensions (replicate, generation, model), with ``risk`` and the family's measures; units are
        in the variables' attributes and provenance in the Dataset's. Generation 0 is the first.

    Raises
    ------
    GraphError, FamilyError
        If the pipeline or family cannot be simulated as asked.
    InputError
        If the store holds another run, or an argument is wrong.
    OutputError
        If the store cannot be written; what is finished stays, and the run resumes.

    Examples
    --------
    >>> from headwater import InteractionGraph, families, simulate
    >>> graph = InteractionGraph.from_flows([("a", "a", 10)])
    >>> runs = simulate(graph, families.Gaussian(ddof=1), generations=5, replicates=100, seed=7)
    >>> dict(runs.sizes)
    {'replicate': 100, 'generation': 6, 'model': 1}
    """
    if not hasattr(family, "measures") or isinstance(family, type):
        raise FamilyError(
            f"family is {family!r:.60}", "give a family, such as headwater.families.Gaussian(ddof=1)"
        )
    if not isinstance(store, str | os.PathLike | None):
        raise InputError(f"store is {store!r:.60}", "give the path of a directory, or None")
    if not isinstance(executor, Executor | None):
        raise InputError(f"executor is {executor!r:.60}", "give an Executor, such as Executor(workers=2)")
    run = plan(pipeline, family, replicates, seed, generations, metrics, chunk)
    return execute(run, store, executor or Executor(), resume)


@dataclass(frozen=True)
class Run:
    """A run that was checked and not yet played; a worker needs nothing else."""

    cast: Cast
    family: Family[Any, Any]
    seed: int
    manifest: disk.Manifest

    def played(self, number: int) -> Iterator[Snapshot]:
        """One chunk, generation after generation."""
        manifest = self.manifest
        size = manifest.replicates_of(number)
        return play(
            self.cast, self.family, manifest.generations, tuple(manifest.measures), (self.seed, number, size)
        )


def plan(  # noqa: PLR0913, PLR0917
    pipeline: Pipeline | InteractionGraph,
    family: Family[Any, Any],
    replicates: int,
    seed: int,
    generations: int | None = None,
    metrics: Sequence[str] | None = None,
    chunk: int | None = None,
) -> Run:
    """Check what is asked, as `simulate` takes it, and say what the run is."""
    described = pipeline if isinstance(pipeline, Pipeline) else Pipeline(graph=pipeline)
    horizon = Pipeline(described.graph, generations=generations).generations or described.generations
    if horizon is None:
        raise GraphError(
            "nothing says how many generations to simulate",
            f"write `generations: 20` into the file, or give them: 1 to {LONGEST_RUN:,}",
            ("generations",),
        )
    regime = described.regime or Replace()
    replicates = _whole(replicates, "replicates", 1, MOST_REPLICATES)
    seed = _whole(seed, "seed", 0, LARGEST_SEED)
    measures = _measures(family, metrics)
    made = cast(described.graph, regime, family)
    if chunk is None:
        chunk = default_chunk(replicates, made.numbers(family, horizon), len(made.models), horizon)
    chunk = _whole(chunk, "chunk", 1, MOST_REPLICATES)
    what = {
        "numbers": NUMBERS,
        **packages((*DECIDING, *getattr(family, "packages", ()))),
        "graph": graph_fingerprint(described.graph),
        "regime": str(regime),
        "generations": horizon,
        "family": family_parameters(family),
        "replicates": replicates,
        "chunk": chunk,
        "seed": seed,
        "measures": measures,
    }
    manifest = disk.Manifest(
        run=what,
        digest=fingerprint(what),
        replicates=replicates,
        chunk=chunk,
        generations=horizon,
        models=list(made.models),
        measures={name: asdict(family.measures[name]) for name in measures},
        provenance={
            "pipeline": described.name,
            "input_sha256": described.sha256,
            "environment": environment(),
        },
    )
    return Run(made, family, seed, manifest)


def default_chunk(replicates: int, numbers_each: float, models: int, generations: int) -> int:
    """Replicates played together: an eighth of them, or more where chunks would be too small to pay.

    Parameters
    ----------
    numbers_each
        That one replicate holds at once.
    """
    each = max(numbers_each, 1.0)
    eighth = min(-(-replicates // 8), 1000)
    # enough arithmetic a chunk to be worth a task, and a call of numpy
    worth, a_call = WORTH_A_TASK / (each * (generations + 1)), WORTH_A_CALL * models / each
    room = NUMBERS_AT_ONCE / each
    return max(1, min(int(min(max(eighth, worth, a_call), room)), replicates))


def execute(run: Run, store: FilePath | None, executor: Executor, resume: bool = False) -> xr.Dataset:
    """Play what is missing of a run, and open it."""
    manifest = run.manifest
    if store is None:
        if resume:
            raise InputError("there is no store to resume", "name the directory of the run")
        parts: dict[int, Any] = {}
        chunks = range(manifest.chunks)
        for number, arrays in tracked(executor.run(_InMemory(run), chunks), manifest, 0, executor.progress):
            parts[number] = arrays
        joined = {
            name: np.concatenate([parts[number][name] for number in chunks]) for name in manifest.measures
        }
        return dataset(manifest, joined)
    disk.prepare(store, manifest, resume)
    with ExitStack() as stack:
        stack.enter_context(disk.held(store))
        done = set(disk.finished(store, manifest))
        missing = [number for number in range(manifest.chunks) if number not in done]
        task = _ToFile(run, str(store)) if executor.shares_disk else _ToBytes(run)
        for number, content in tracked(executor.run(task, missing), manifest, len(done), executor.progress):
            if content is not None:
                disk.place_chunk(store, manifest, number, content)
    return open_run(store)


@dataclass(frozen=True)
class _InMemory:
    run: Run

    def __call__(self, number: int) -> tuple[int, Any]:
        return number, disk.as_arrays(self.run.manifest, self.run.played(number))


@dataclass(frozen=True)
class _ToFile:
    run: Run
    store: str

    def __call__(self, number: int) -> tuple[int, None]:
        disk.write_chunk(self.store, self.run.manifest, number, self.run.played(number))
        return number, None


@dataclass(frozen=True)
class _ToBytes:
    run: Run

    def __call__(self, number: int) -> tuple[int, bytes]:
        return number, disk.chunk_bytes(self.run.manifest, number, self.run.played(number))


def _whole(value: Any, what: str, low: int, high: int) -> int:
    number = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not (number and low <= value <= high):
        shown = repr(value) if not number or abs(value) < 10**40 else "a number of over 40 digits"
        raise InputError(f"{what} is {shown:.60}", f"write a whole number from {low} to {high:,}")
    return int(value)


def _measures(family: Family[Any, Any], metrics: Sequence[str] | None) -> list[str]:
    known = list(family.measures)
    if metrics is None:
        return known
    if isinstance(metrics, str) or not isinstance(metrics, Iterable):
        raise InputError(f"metrics is {metrics!r:.60}", f"give a list, such as [{known[0]!r}]")
    metrics = list(metrics)
    for name in metrics:
        if name not in known:
            raise InputError(f"family {family.name} has no metric {name!r:.60}", nearest(str(name), known))
    return [name for name in known if name in metrics or name == "risk"]
