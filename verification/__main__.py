"""Judge every claim, and write the table; status 1 if one is not as it should be."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from headwater.files import write_bytes
from headwater.simulation.execution import Executor
from verification.matrix import SEED, Judged, Table, judge, matrix
from verification.page import number, page, rows_as_text, summary

PAGE = Path(__file__).parents[1] / "docs" / "verification.md"


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m verification", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the part that runs with the tests")
    parser.add_argument("--workers", type=int, default=1, help="processes (1)")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of all draws ({SEED})")
    parser.add_argument("--only", metavar="TEXT", help="claims with a sentence or section that contains TEXT")
    parser.add_argument(
        "--output",
        type=Path,
        help="the page; docs/verification.md where everything is judged, else none is written",
    )
    given = parser.parse_args()
    claims = matrix(given.quick)
    words = [f"{claim.section} {' '.join(test.sentence for test in claim.tests)}" for claim in claims]
    numbers = [at for at, text in enumerate(words) if given.only is None or given.only in text]
    if not numbers:
        parser.error(f"no claim contains {given.only!r}")
    done: list[Judged] = []
    for judged in judge(numbers, given.quick, given.seed, Executor(workers=given.workers)):
        done.append(judged)
        _report(judged, len(done), len(numbers))
    table = Table(tuple(sorted(done, key=lambda judged: judged.number)))
    output = given.output or (None if given.quick or given.only else PAGE)
    if output is None:
        print(rows_as_text(table.findings, table.threshold))
    else:
        write_bytes(output, page(table, given.seed).encode())
    print(summary(table, given.seed))
    for finding in table.wrong:
        print(f"{finding.outcome(table.threshold)}: {finding.section}: {finding.sentence}: {finding.place}")
    return 0 if table.right else 1


def _report(judged: Judged, done: int, claims: int) -> None:
    values = ", ".join(number(finding.p_value) for finding in judged.findings)
    first = judged.findings[0].sentence
    print(f"[{done}/{claims}] {judged.seconds:5.1f} s  {first:.90}  p {values}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
