"""Precision, recall, density and coverage, against prdc and a plain loop over scikit-learn's blocks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import GIB, Row, Side, Watch, alone

FEATURES = 64
NEAREST = 5
SEED = 20240917
THREADS = 2
RUNS = 3
FASTER = 3
LEANER = 10
Array = NDArray[np.float64]
Answer = dict[str, Any]


def run(quick: bool) -> Iterator[Row]:
    """Two sizes that fit everyone, and one of which the distances alone would fill 75 GiB."""
    small, middle, large = (500, 1_000, 2_000) if quick else (5_000, 20_000, 100_000)
    measured = {rows: _ours(rows, 1 if rows == large else RUNS) for rows in (small, middle, large)}
    for rows in (small, middle):
        yield _row(rows, measured[rows], "with_scikit_learn", "scikit-learn, block by block", RUNS)
    side, _ = measured[large]
    note = f"a matrix of the distances would take {large**2 * 8 / GIB:,.3g} GiB, three are needed"
    yield Row(_what(large), _size(large), side, note=note)
    # One run of the middle size: it takes most of a small machine's memory.
    for rows, runs in ((small, RUNS), (middle, 1)):
        row = _row(rows, measured[rows], "with_prdc", "prdc", runs)
        peak = row.other.peak if row.other and rows == middle else None
        yield replace(row, target=FASTER, memory_target=peak // LEANER) if peak else row


def _ours(rows: int, runs: int) -> tuple[Side, Answer]:
    return alone("neighbours:with_headwater", {"rows": rows}, runs)


def _row(rows: int, ours: tuple[Side, Answer], function: str, name: str, runs: int) -> Row:
    other, answer = alone(f"neighbours:{function}", {"rows": rows}, runs)
    worst = max(abs(answer["values"][key] - value) for key, value in ours[1]["values"].items())
    assert worst < 1e-9, f"{name} differs by {worst:.3g}"
    cpu = other.processor / ours[0].processor
    memory = (other.peak or 0) / (ours[0].peak or 1)
    return Row(
        f"{_what(rows)}, {name}",
        _size(rows),
        ours[0],
        other,
        name,
        note=f"{THREADS} threads on {THREADS} cores for both sides; in processor time {cpu:.1f}x, in memory "
        f"{memory:.1f}x; "
        f"scikit-learn {version('scikit-learn')}, prdc {version('prdc')}",
    )


def _what(rows: int) -> str:
    return f"precision, recall, density, coverage: {rows:,} rows"


def _size(rows: int) -> str:
    return f"{rows:,} x {rows:,} x {FEATURES}"


def with_headwater(rows: int) -> Answer:
    from headwater.measures.numeric.neighbours import neighbourhoods

    real, fake = _samples(rows)
    neighbourhoods(real[:10], fake[:10], NEAREST)  # imports what it needs
    with _two_threads():
        watch = Watch()
        found = neighbourhoods(real, fake, NEAREST)
        return _answer(watch, found.precision, found.recall, found.density, found.coverage)


def with_prdc(rows: int) -> Answer:
    import contextlib
    import sys

    from prdc import compute_prdc

    real, fake = _samples(rows)
    with _two_threads(), contextlib.redirect_stdout(sys.stderr):  # it prints
        watch = Watch()
        found = compute_prdc(real, fake, NEAREST)
        return _answer(watch, *(float(found[key]) for key in ("precision", "recall", "density", "coverage")))


def with_scikit_learn(rows: int) -> Answer:
    """What one writes who knows that the matrix does not fit: a nearest-neighbour search and chunks."""
    from sklearn.metrics import pairwise_distances_chunked
    from sklearn.neighbors import NearestNeighbors

    real, fake = _samples(rows)
    with _two_threads():
        watch = Watch()
        real_radii, fake_radii = (
            NearestNeighbors(n_neighbors=NEAREST).fit(each).kneighbors()[0][:, -1] for each in (real, fake)
        )
        balls = np.zeros(rows)
        covered, recalled = np.zeros(rows, bool), np.zeros(rows, bool)
        start = 0
        for block in pairwise_distances_chunked(real, fake, working_memory=64):
            some = slice(start, start + len(block))
            inside = block < real_radii[some, None]
            balls += inside.sum(axis=0)
            covered[some] = inside.any(axis=1)
            recalled[some] = (block < fake_radii).any(axis=1)
            start += len(block)
        return _answer(
            watch,
            float((balls > 0).mean()),
            float(recalled.mean()),
            float(balls.mean() / NEAREST),
            float(covered.mean()),
        )


def _answer(watch: Watch, precision: float, recall: float, density: float, coverage: float) -> Answer:
    values = {"precision": precision, "recall": recall, "density": density, "coverage": coverage}
    return {"values": values, **watch.stop()}


def _samples(rows: int) -> tuple[Array, Array]:
    """A standard normal law, and one that is a little narrower."""
    rng = np.random.default_rng(SEED)
    return rng.standard_normal((rows, FEATURES)), 0.95 * rng.standard_normal((rows, FEATURES))


@contextmanager
def _two_threads() -> Iterator[None]:
    """As many cores for this process, where the system allows that, and as many threads for its libraries."""
    from threadpoolctl import threadpool_limits

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    with threadpool_limits(THREADS):
        yield
