"""How a time and a peak of memory are measured, and the row that a measurement becomes."""

from __future__ import annotations

import importlib
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
GIB = 2**30


@dataclass(frozen=True)
class Side:
    """One way to an answer, measured.

    Attributes
    ----------
    seconds
        Median over the runs.
    processor
        Median seconds of processor time, all threads together: steadier on a busy machine.
    runs
        How many.
    peak
        Largest resident memory of the process that did nothing else, in bytes.
    """

    seconds: float
    processor: float
    runs: int
    peak: int | None = None


@dataclass(frozen=True)
class Row:
    """Headwater against an alternative.

    Attributes
    ----------
    target
        The ratio of seconds, alternative over Headwater, that is wanted.
    memory_target
        The peak in bytes that Headwater is wanted to stay under.
    """

    what: str
    size: str
    headwater: Side
    other: Side | None = None
    alternative: str = ""
    target: float | None = None
    memory_target: int | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times longer the alternative takes."""
        return self.other.seconds / self.headwater.seconds if self.other else None

    @property
    def missed(self) -> bool:
        """Whether a target was set and not met."""
        slow = self.target is not None and self.ratio is not None and self.ratio < self.target
        return slow or (self.memory_target is not None and (self.headwater.peak or 0) > self.memory_target)


@dataclass(frozen=True)
class Watch:
    """A stopwatch, started when it is made."""

    clock: float = field(default_factory=time.perf_counter)
    processor: float = field(default_factory=time.process_time)

    def stop(self) -> dict[str, float]:
        """Seconds by the clock and on processors, and this process's peak of memory so far, in bytes."""
        clock, processor = time.perf_counter() - self.clock, time.process_time() - self.processor
        unit = 1 if sys.platform == "darwin" else 1024
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        return {"seconds": clock, "processor": processor, "peak": peak}


def timed(function: Callable[[], Any], runs: int) -> tuple[Side, Any]:
    """Some runs in this process, and the answer of the last."""
    taken = []
    for _ in range(runs):
        watch = Watch()
        answer = function()
        taken.append(watch.stop())
    return replace(_side(taken), peak=None), answer


def alone(function: str, arguments: dict[str, Any], runs: int = 1) -> tuple[Side, dict[str, Any]]:
    """The same, each run in a fresh process, with its peak of memory.

    Parameters
    ----------
    function
        Such as ``"condition:with_networkx"``, in this package. It returns a dictionary that JSON
        can hold, with what its own `Watch` says, so that starting Python counts for neither side.
    """
    # A new process starts from the peak of the one that made it, so the caller must stay small.
    command = [sys.executable, "-m", "benchmarks.measure", function, json.dumps(arguments)]
    answers = [
        json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
        for _ in range(runs)
    ]
    return _side(answers), answers[-1]


def _side(taken: list[dict[str, Any]]) -> Side:
    seconds, processor = (statistics.median(run[key] for run in taken) for key in ("seconds", "processor"))
    return Side(seconds, processor, len(taken), max(run["peak"] for run in taken))


if __name__ == "__main__":
    module, name = sys.argv[1].split(":")
    measured = getattr(importlib.import_module(f"benchmarks.{module}"), name)
    print(json.dumps(measured(**json.loads(sys.argv[2]))))
