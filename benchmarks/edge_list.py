"""A large edge list with every kind of structure the condition tells apart, made once and kept.

Three worlds share the models. Half a world is one giant component, a quarter are loops of 1
to 12 models, and a quarter are chains of up to 400 models that hang from it.

- *grounded* (half of the models): a third of them also take from fresh sources;
- *anchored* (a fifth): likewise, and from frozen teachers;
- *lost* (the rest): its giant is cut off, and so is every twentieth loop. Of its other loops and of
  its chains a third take from the giant; the others take from the grounded world, and only
  those that hang from a loop that is cut off are lost too.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from benchmarks.measure import Watch

Index = NDArray[np.int64]

SOURCES, TEACHERS = 500, 50
TEACHER_NAMES = [f"teacher-{at:03d}" for at in range(TEACHERS)]
SOURCE_NAMES = [f"web-{at:03d}" for at in range(SOURCES)]
GROUNDED, ANCHORED, LOST = range(3)
WORLDS = (0.5, 0.2, 0.3)
VERSION = 1
"""Counted up when the graph changes, so that no stale one is read."""


def path_of(models: int, flows: int) -> Path:
    """Where the edge list of this size is kept."""
    folder = Path(tempfile.gettempdir()) / "headwater-benchmarks"
    return folder / f"edges-{VERSION}-{models}-{flows}.parquet"


def write(models: int, flows: int) -> dict[str, Any]:
    """Write the edge list, unless it is there; in a process of its own, for it takes much memory."""
    watch, path = Watch(), path_of(models, flows)
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        beside = path.with_suffix(f".{os.getpid()}.part")
        pa.parquet.write_table(_table(models, flows, np.random.default_rng(20240917)), beside)
        beside.replace(path)
    return dict(watch.stop())


@dataclass(frozen=True)
class _Plan:
    """Flows that make the structure, and from which giant each model may take more.

    Attributes
    ----------
    provider, learner : (flows,)
    home : (models,)
        World whose giant the model takes further flows from; -1 for none.
    real : (models,)
        World in whose manner it may take from outside; `LOST` for not at all.
    giants
        First and last but one model of each world's giant.
    """

    provider: list[Index]
    learner: list[Index]
    home: NDArray[np.int8]
    real: NDArray[np.int8]
    giants: list[tuple[int, int]]


def _table(models: int, flows: int, rng: np.random.Generator) -> pa.Table:
    plan = _structure(models, rng)
    _from_outside(plan, models, rng)
    provider, learner = np.concatenate(plan.provider), np.concatenate(plan.learner)
    more = _more(plan, np.unique(_pair(provider, learner)), flows - len(provider), rng)
    provider = np.concatenate([provider, more & 0xFFFFFFFF])
    learner = np.concatenate([learner, more >> 32])
    order = rng.permutation(flows)
    numbers = rng.permutation(models)
    names = np.concatenate(
        [
            pa.array([f"model-{number:07d}" for number in numbers]).to_numpy(zero_copy_only=False),
            np.array(TEACHER_NAMES + SOURCE_NAMES, dtype=object),
        ]
    )
    dictionary = pa.array(names, type=pa.string())
    return pa.table(
        {
            "from": dictionary.take(pa.array(provider[order])),
            "to": dictionary.take(pa.array(learner[order])),
            "samples": pa.array(rng.integers(10, 1000, flows)),
        }
    )


def _structure(models: int, rng: np.random.Generator) -> _Plan:
    """Giants, loops and chains: one flow a model."""
    home = np.empty(models, dtype=np.int8)
    real = np.empty(models, dtype=np.int8)
    plan = _Plan([], [], home, real, [])
    bounds = np.r_[0, np.cumsum(np.array(WORLDS) * models).astype(np.int64)]
    for world, (first, last) in enumerate(pairwise(bounds.tolist())):
        half, three_quarters = first + (last - first) // 2, first + 3 * (last - first) // 4
        plan.giants.append((first, half))
        home[first:last], real[first:last] = world, world
        _ring(plan, np.array([first, half]))
        ends = _cuts(half, three_quarters, 12, rng)
        _ring(plan, ends)
        heads = _cuts(three_quarters, last, 400, rng)
        _chain(plan, heads, (half, three_quarters) if world == LOST else (first, half), rng)
        if world == LOST:
            outside = slice(half, last)
            home[outside] = np.where(rng.random(last - half) < 1 / 3, LOST, GROUNDED)
            real[outside] = GROUNDED
            cut_off = np.repeat(rng.random(len(ends) - 1) < 1 / 20, np.diff(ends))
            home[half:three_quarters][cut_off], real[half:three_quarters][cut_off] = -1, LOST
    return plan


def _cuts(first: int, last: int, longest: int, rng: np.random.Generator) -> Index:
    """Bounds that cut a range into pieces of at most `longest`."""
    inner = first + np.cumsum(rng.integers(1, longest + 1, size=last - first))
    return np.r_[first, inner[inner < last], last]


def _ring(plan: _Plan, bounds: Index) -> None:
    """Each piece of a range becomes a ring; one of a single model takes from itself."""
    learner = np.arange(bounds[0], bounds[-1])
    provider = learner - 1
    provider[bounds[:-1] - bounds[0]] = bounds[1:] - 1
    plan.provider.append(provider)
    plan.learner.append(learner)


def _chain(plan: _Plan, bounds: Index, above: tuple[int, int], rng: np.random.Generator) -> None:
    """Each piece of a range becomes a chain that hangs from some model `above`."""
    learner = np.arange(bounds[0], bounds[-1])
    provider = learner - 1
    provider[bounds[:-1] - bounds[0]] = rng.integers(*above, size=len(bounds) - 1)
    plan.provider.append(provider)
    plan.learner.append(learner)


def _from_outside(plan: _Plan, models: int, rng: np.random.Generator) -> None:
    """A third of the models that may take from sources; and in the anchored world from teachers."""
    takes = np.flatnonzero((plan.real != LOST) & (rng.random(models) < 1 / 3))
    # Every source and teacher gives to at least one model; the first model takes from all sources.
    first = plan.giants[ANCHORED][0]
    source = rng.integers(SOURCES, size=len(takes)) + models + TEACHERS
    beside = takes != 0
    plan.provider.extend([source[beside], np.arange(SOURCES) + models + TEACHERS])
    plan.learner.extend([takes[beside], np.zeros(SOURCES, dtype=np.int64)])
    taught = takes[(plan.real[takes] == ANCHORED) & (takes != first) & (rng.random(len(takes)) < 0.03)]
    plan.provider.extend([rng.integers(TEACHERS, size=len(taught)) + models, np.arange(TEACHERS) + models])
    plan.learner.extend([taught, np.full(TEACHERS, first)])


def _more(plan: _Plan, taken: Index, wanted: int, rng: np.random.Generator) -> Index:
    """Further flows from the giants, as pairs, none of which is `taken`."""
    open_to = np.flatnonzero(plan.home >= 0)
    learner = rng.choice(open_to, size=int(wanted * 1.02) + 100)
    first, last = np.array(plan.giants)[plan.home[learner]].T
    pair = np.setdiff1d(_pair(rng.integers(first, last), learner), taken)
    return rng.permutation(pair)[:wanted]


def _pair(provider: Index, learner: Index) -> Index:
    return learner << 32 | provider
