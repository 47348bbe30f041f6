"""Mutated records of every format against every importer: ``python -m verification.fuzz --number 100000``.

Files are real ones, where they are at hand, and those recorded for the tests. Each is spoilt as bytes
or as what it holds, read, and what is read made into a graph. An importer may read a case or
refuse it with `InputError`; all else is a fault, and its input and traceback are kept.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headwater.lineage.facts import Facts
from verification.fuzzing.judging import Verdict, judge
from verification.fuzzing.specimens import Specimen, specimens
from verification.fuzzing.spoiling import make

SEED = 20_260_521
LIMIT = 10.0
MOST_MEMORY = 6 * 2**30
MOST_KEPT = 5

Specimens = Mapping[str, Sequence[Specimen]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is tried on each case."""

    specimens: Specimens
    seed: int = SEED
    seconds: float = LIMIT
    facts_only: bool = False


@dataclass
class Tally:
    """How cases went, by format, and the first faults of each sort."""

    words: dict[str, Counter[str]] = field(default_factory=dict)
    faults: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)

    def add(self, number: int, name: str, verdict: Verdict) -> bool:
        """Count a case; whether its input is worth keeping."""
        self.words.setdefault(name, Counter())[verdict.word] += 1
        if not verdict.is_fault:
            return False
        same = self.faults.setdefault((name, verdict.word, _sort(verdict)), [])
        same.append(number)
        return len(same) <= MOST_KEPT

    def lines(self) -> Iterator[str]:
        """The table, and the faults below it."""
        total: Counter[str] = Counter()
        for name, words in sorted(self.words.items()):
            total.update(words)
            yield _line(name, words)
        yield _line("all", total)
        for (name, word, said), numbers in sorted(self.faults.items()):
            yield f"{word}: {name}: {said} ({len(numbers):,} times, first in case {numbers[0]})"


def _sort(verdict: Verdict) -> str:
    """What faults of one cause share: the place in the code without the values of the case."""
    return verdict.said.split(": ")[0] if verdict.word == "crash" else verdict.said[:60]


def _line(name: str, words: Mapping[str, int]) -> str:
    said = ", ".join(f"{words[word]:,} {word}" for word in ("read", "refused") if words.get(word))
    faults = ", ".join(f"{words[word]:,} {word}" for word in sorted(words) if word not in ("read", "refused"))
    return f"{name:>18}  {sum(words.values()):>9,} cases: {said}; {faults or 'no fault'}"


def cases(plan: Plan, numbers: Sequence[int], folder: Path) -> Iterator[tuple[int, str, Verdict, Path]]:
    """Judge cases in this process, one after the other."""
    to_graph = None if plan.facts_only else _to_graph()
    scratch = folder / "scratch"
    for number in numbers:
        case = make(plan.seed, number, plan.specimens, folder / "case", scratch)
        yield number, case.format, judge(case.format, case.path, plan.seconds, to_graph), folder / "case"


def _to_graph() -> Callable[[Facts], Any]:
    from headwater.lineage.to_graph import to_graph

    # The second is the report, whose text a user sees.
    return lambda facts: to_graph(facts)[1]


# -- a worker does the cases; what kills or stops it is a finding --------------------------------


def _work(plan: Plan, numbers: Sequence[int], pipe: Any, folder: Path) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    name_of = sorted(plan.specimens)
    for number in numbers:
        pipe.send((number, name_of[number % len(name_of)], None))
        for judged in cases(plan, [number], folder):
            pipe.send(judged[:3])
            # The folder is needed until the other side has kept what is in it.
            if judged[2].is_fault:
                pipe.recv()


def run(plan: Plan, numbers: Sequence[int], kept: Path, until: float, folder: Path) -> Tally:
    """Judge cases in a process of their own, which is started again where a case ends it."""
    tally = Tally()
    at = 0
    while at < len(numbers) and time.monotonic() < until:
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        worker = multiprocessing.get_context("spawn").Process(
            target=_work, args=(plan, numbers[at:], theirs, folder), daemon=True
        )
        worker.start()
        theirs.close()
        at += _follow(worker, ours, tally, Until(until, 3 * plan.seconds, len(numbers) - at), (kept, folder))
        worker.kill()
        worker.join()
        ours.close()
    return tally


@dataclass(frozen=True, slots=True)
class Until:
    """When to stop following a worker: a time, the most seconds of silence, and the number of cases."""

    time: float
    silence: float
    number: int


def _follow(worker: Any, pipe: Any, tally: Tally, until: Until, places: tuple[Path, Path]) -> int:
    """Take verdicts until all are in, time is up or the worker is no more; how many cases are done."""
    done, name, number = 0, "", -1
    while done < until.number and time.monotonic() < until.time:
        try:
            arrived = pipe.poll(until.silence)
            number, name, verdict = pipe.recv() if arrived else (number, name, Verdict("hang", "in C code"))
        except EOFError:
            worker.join()
            arrived = False
            verdict = Verdict("crash", f"process ended with {worker.exitcode}")
        if verdict is None:
            continue
        done += 1
        if tally.add(number, name, verdict):
            print(f"case {number}: {verdict.word}: {name}: {verdict.said}", file=sys.stderr, flush=True)
            _keep(places[0] / f"{name}-{number}", places[1] / "case", verdict)
        if not arrived:
            break
        if verdict.is_fault:
            pipe.send(True)
        if done % 5000 == 0:
            print(f"{done:,} of {until.number:,}", file=sys.stderr, flush=True)
    return done


def _keep(where: Path, case: Path, verdict: Verdict) -> None:
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir(parents=True)
    (where / "traceback.txt").write_text(f"{verdict.word}: {verdict.said}\n{verdict.trace}", errors="replace")
    for file in case.rglob("*"):
        if file.is_file() and not file.is_symlink():
            target = where / "case" / file.relative_to(case)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


def main() -> int:
    """Parse the command line and run; status 1 if there is a fault."""
    parser = argparse.ArgumentParser(prog="python -m verification.fuzz", description=__doc__)
    parser.add_argument("--number", type=int, default=100_000, help="cases (100,000)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this time")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of all changes ({SEED})")
    parser.add_argument("--format", action="append", help="only this importer; may be repeated")
    parser.add_argument(
        "--case", type=int, action="append", help="only the case of this number; may be repeated"
    )
    parser.add_argument("--limit", type=float, default=LIMIT, help=f"seconds a case may take ({LIMIT:g})")
    parser.add_argument("--facts-only", action="store_true", help="make no graph of what was read")
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), help="where inputs of faults go")
    given = parser.parse_args()
    found = specimens(given.format)
    if not found:
        parser.error("there is nothing to start from")
    for name, each in found.items():
        print(f"{name:>18}  {len(each):>9,} specimens", file=sys.stderr)
    plan = Plan(found, given.seed, given.limit, given.facts_only)
    started = time.monotonic()
    numbers = given.case or range(given.number)
    # Making and removing small files is most of the work: in memory where there is such a place.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="headwater-fuzz-", dir=memory) as folder:
        tally = run(plan, numbers, given.keep, started + given.seconds, Path(folder))
    spent = time.monotonic() - started
    total = sum(sum(words.values()) for words in tally.words.values())
    print("\n".join(tally.lines()))
    print(f"{total:,} cases in {spent:.0f} s ({total / spent:.0f} a second), seed {given.seed}")
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
