"""Simulation at length: memory with a store against generations, and two workers against one."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import Row, Side, Watch, alone

RUNS = 3
SEED = 20240917
SLACK = 1.1
"""How much more memory than the shortest run a longer one may take and still count as flat."""


def run(quick: bool) -> Iterator[Row]:
    """Memory first: a process starts from the peak of its parent, which must be small until then."""
    yield from _memory((200, 400) if quick else (200, 2_000, 10_000), 100 if quick else 1_000)
    yield _workers(*(200, 400) if quick else (2_000, 4_000), runs=1 if quick else RUNS)


def _memory(lengths: tuple[int, ...], replicates: int) -> Iterator[Row]:
    """The shortest run says how much is flat; the longest stands beside the same without a store."""
    sides = []
    for generations in lengths:
        given = {"generations": generations, "replicates": replicates}
        side, answer = alone("simulation_scale:stored", given)
        assert answer["peak"] > answer["before"], "the parent is too large: name this benchmark first"
        sides.append(side)
    unstored, other = alone("simulation_scale:unstored", given)
    assert other["risk"] == answer["risk"], "a store changes the numbers"
    limit = SLACK * (sides[0].peak or 0)
    listed = ", ".join(
        f"{generations:,} generations {(side.peak or 0) / 2**20:.0f} MiB"
        for generations, side in zip(lengths, sides, strict=True)
    )
    for generations, side in zip(lengths, sides, strict=True):
        last = generations == lengths[-1]
        yield Row(
            "simulation: memory with a store",
            f"{generations:,} generations, a loop with real data, {replicates:,} replicates",
            side,
            unstored if last else None,
            "the same without a store" if last else "",
            memory_target=None if generations == lengths[0] else int(limit),
            note=f"peak of {listed}, Python and its packages among it" if last else "",
        )


def stored(generations: int, replicates: int) -> dict[str, Any]:
    """A run into a store, and its last risk read from there."""
    with tempfile.TemporaryDirectory() as folder:
        return _looped(generations, replicates, Path(folder) / "run")


def unstored(generations: int, replicates: int) -> dict[str, Any]:
    """The same run in memory."""
    return _looped(generations, replicates, None)


def _looped(generations: int, replicates: int, store: Path | None) -> dict[str, Any]:
    from headwater import InteractionGraph, families, simulate

    before = Watch().stop()["peak"]
    graph = InteractionGraph.from_flows([("a", "a", 90), ("web", "a", 10)], sources=["web"])
    watch = Watch()
    runs = simulate(
        graph,
        families.Gaussian(ddof=1),
        generations=generations,
        replicates=replicates,
        seed=SEED,
        metrics=["risk"],
        store=store,
    )
    risk = float(runs["risk"].isel(generation=-1).mean())
    return watch.stop() | {"before": before, "risk": risk}


def _workers(generations: int, replicates: int, runs: int) -> Row:
    """One and two in turn; the second starts its processes anew each time."""
    from joblib.externals.loky import get_reusable_executor

    d, samples = 10, 1_000
    taken: tuple[list[Side], list[Side]] = ([], [])
    loads, answers = [os.getloadavg()[0]], []
    for _ in range(runs):
        for workers, sides in zip((2, 1), taken, strict=True):
            watch, processor = Watch(), _processor()
            answers.append(_risk(d, samples, generations, replicates, workers))
            seconds = watch.stop()["seconds"]
            get_reusable_executor().shutdown(wait=True)  # children count when they have ended
            sides.append(Side(seconds, _processor() - processor, 1))
        loads.append(os.getloadavg()[0])
    for answer in answers[1:]:
        np.testing.assert_array_equal(answer, answers[0])
    two, one = (
        Side(statistics.median(each.seconds for each in sides), _median_processor(sides), runs)
        for sides in taken
    )
    return Row(
        "simulation: two workers",
        f"Gaussian d = {d}, n = {samples:,}, {generations:,} generations, {replicates:,} replicates",
        two,
        one,
        "one worker",
        target=1.6,
        note="the same numbers bit for bit; starting the processes counts; processor seconds "
        f"{two.processor:.1f} against {one.processor:.1f}; load, this run's own included, {min(loads):.1f} "
        f"to {max(loads):.1f}: two workers need two idle cores; pairs in turn {_pairs(*taken)}",
    )


def _risk(d: int, samples: int, generations: int, replicates: int, workers: int) -> np.ndarray:
    from headwater import Executor, InteractionGraph, families, simulate

    graph = InteractionGraph.from_flows([("a", "a", samples)])
    runs = simulate(
        graph,
        families.Gaussian(ddof=1, dimensions=d),
        generations=generations,
        replicates=replicates,
        seed=SEED,
        metrics=["risk"],
        executor=Executor(workers=workers),
    )
    return runs["risk"].to_numpy()


def _pairs(two: list[Side], one: list[Side]) -> str:
    return ", ".join(f"{slow.seconds / quick.seconds:.2f}x" for quick, slow in zip(two, one, strict=True))


def _median_processor(sides: list[Side]) -> float:
    return statistics.median(each.processor for each in sides)


def _processor() -> float:
    """Seconds of processor time so far, of this process and of its children that have ended."""
    return sum(os.times()[:4])
