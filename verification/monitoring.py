"""The page on the monitor: false alarms and delays; ``python -m verification.monitoring``.

Status 1 if a count is not as it should be.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from headwater.files import write_bytes
from verification.delays import FEATURES, HEALTHY, LONGEST, REFERENCE, Delay, table
from verification.false_alarms import (
    CHANCE,
    LABELS,
    NORMAL,
    WORDS,
    Count,
    Streams,
    count,
    count_known,
    count_monitors,
)

PAGE = Path(__file__).parents[1] / "docs" / "monitoring.md"

HEAD = """# How often the monitor rings in vain, and how soon it rings

`headwater.Monitor` promises that the chance of *ever* ringing on healthy models is at most alpha, however
long they run, over all metrics and models together, and that what is within the tolerance is healthy,
however many rows there are. The proof is in its documentation; here it is counted. This page was made by
`python -m verification.monitoring`, which draws the same numbers again.
"""

ALARMS = f"""## False alarms

Each stream has its own finite reference. *Allowed* is the exact binomial bound on the number of
streams with any alarm: one that keeps alpha exceeds it with a chance of {CHANCE:g}. Twins that see the same
draws and are too greedy have to exceed it: a count that nothing can fail shows nothing.
The uncertain reference and the split of alpha over metrics, sides and models make the monitor's count far
smaller than it may be; the first row shows how much of alpha the evidence itself uses up.

| what | streams | alpha | with any alarm | allowed | outcome |
|---|--:|--:|--:|--:|---|"""

DELAYS = f"""
## Delays

Normal samples of {FEATURES} features, a reference of {REFERENCE:,} rows, alpha 0.01 and the tolerance as they
come. After {HEALTHY} healthy generations one model begins to collapse. A delay of 1 is an alarm at the
first generation that is any worse; ∞ is none within {LONGEST}. False are runs with an alarm before, or of a
model that is well.

How soon it can ring has three parts: until the loss exceeds the tolerance (at once where variance is
lost fast, in three generations where slowly), until it exceeds what the reference leaves open, and until
the evidence has gathered.

| collapse | rows a generation | runs | median delay | 90 % of runs | rang first | false |
|---|--:|--:|--:|--:|---|--:|"""


def main() -> int:
    """Count, measure, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m verification.monitoring", description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="of each collapse (10)")
    parser.add_argument("--streams", type=int, default=4000, help="of plain numbers (4,000)")
    parser.add_argument("--monitors", type=int, default=200, help="streams through whole monitors (200)")
    parser.add_argument("--output", type=Path, default=PAGE)
    given = parser.parse_args()
    started = time.perf_counter()
    counts = []
    for each in _counts(given.streams, given.monitors):
        counts.append(each)
        _report(f"{each.rung} of {each.streams} streams: {each.what}", started)
    delays = []
    for delay in table(given.runs):
        delays.append(delay)
        _report(f"{delay.quantile(0.5):g} generations, {delay.rows} rows: {delay.world.name}", started)
    write_bytes(given.output, ("\n".join(page(counts, delays)) + "\n").encode())
    return 0 if all(each.right for each in counts) and not any(each.false for each in delays) else 1


def _counts(streams: int, monitors: int) -> Iterator[Count]:
    yield count_known(streams)
    yield from count(Streams(streams, models=2, rows=50))
    yield count_monitors(monitors, NORMAL)
    yield count_monitors(monitors, LABELS)
    yield count_monitors(monitors, WORDS, rows=100, generations=5)


def _report(line: str, started: float) -> None:
    print(f"{time.perf_counter() - started:5.0f} s  {line}", file=sys.stderr, flush=True)


def page(counts: list[Count], delays: list[Delay]) -> Iterator[str]:
    """The page, line by line."""
    yield HEAD
    yield ALARMS
    for each in counts:
        outcome = ("refused, as it must be" if each.greedy else "kept") if each.right else "WRONG"
        yield (
            f"| {each.what} | {each.streams:,} | {each.alpha:g} | "
            f"{each.rung:,} | {each.allowed:,} | {outcome} |"
        )
    yield DELAYS
    for delay in delays:
        first = ", ".join(f"{name} {number}" for name, number in delay.first.most_common(3))
        yield (
            f"| {delay.world.name} | {delay.rows:,} | {len(delay.delays)} | {_plain(delay.quantile(0.5))} | "
            f"{_plain(delay.quantile(0.9))} | {first or 'nothing'} | {delay.false} |"
        )
    healthy, false = sum(delay.checks for delay in delays), sum(delay.false for delay in delays)
    yield f"\n{healthy:,} healthy samples were checked in these runs; in {false} of the runs one rang."


def _plain(delay: float) -> str:
    return f"{delay:g}" if math.isfinite(delay) else "∞"


if __name__ == "__main__":
    sys.exit(main())
