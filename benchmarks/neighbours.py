"""Precision, recall, density and coverage, against prdc and a plain loop over scikit-learn's blocks."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
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
OTHERS = {"scikit_learn": "scikit-learn, block by block", "prdc": "prdc"}
Array = NDArray[np.float64]
Answer = dict[str, Any]


def run(quick: bool) -> Iterator[Row]:
    """Two sizes that fit everyone, and one of which the distances alone would fill 75 GiB, three times."""
    small, middle, large = (500, 1_000, 2_000) if quick else (5_000, 20_000, 100_000)
    for rows in (small, middle):
        sides = _in_turn(rows, 1 if rows == middle else RUNS)
        for name in OTHERS:
            yield _row(rows, sides["headwater"], sides[name], name)
    side, _ = alone("neighbours:with_headwater", {"rows": large})
    note = f"a matrix of the distances would take {large**2 * 8 / GIB:,.3g} GiB, and prdc holds several"
    yield Row(_what(large), _size(large), side, note=note)


def _in_turn(rows: int, prdc_runs: int) -> dict[str, tuple[Side, Answer]]:
    """All, one after the other and again, so that a busy machine is busy for all.

    prdc once for the middle size: it takes most of a small machine's memory.
    """
    taken: dict[str, list[tuple[Side, Answer]]] = {"headwater": [], "scikit_learn": [], "prdc": []}
    for number in range(RUNS):
        for name, sides in taken.items():
            if name != "prdc" or number < prdc_runs:
                sides.append(alone(f"neighbours:with_{name}", {"rows": rows}))
    return {name: (_median([side for side, _ in sides]), sides[-1][1]) for name, sides in taken.items()}


def _median(sides: list[Side]) -> Side:
    seconds, processor = (
        statistics.median(getattr(s, key) for s in sides) for key in ("seconds", "processor")
    )
    return Side(seconds, processor, len(sides), max(side.peak or 0 for side in sides))


def _row(rows: int, ours: tuple[Side, Answer], theirs: tuple[Side, Answer], name: str) -> Row:
    (side, answer), (other, other_answer) = ours, theirs
    worst = max(abs(answer["values"][key] - value) for key, value in other_answer["values"].items())
    assert worst < 1e-9, f"{name} differs by {worst:.3g}"
    wanted = name == "prdc" and rows >= 20_000
    memory = (other.peak or 0) / (side.peak or 1)
    return Row(
        f"{_what(rows)}, {OTHERS[name]}",
        _size(rows),
        side,
        other,
        OTHERS[name],
        target=FASTER if wanted else None,
        memory_target=(other.peak or 0) // LEANER if wanted else None,
        note=f"{THREADS} threads on {THREADS} cores for either; in processor time "
        f"{other.processor / side.processor:.1f}x, in memory {memory:.1f}x; "
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
