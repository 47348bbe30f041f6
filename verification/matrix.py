"""All claims, and the decision about all of them together."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from scipy.stats import kstest

from headwater.simulation.execution import Executor
from verification import condition, exact, large, normals, pools, survival
from verification.claims import SHOWN, Claim, Finding

FALSE_ALARM = 1e-3
"""Chance that anything is refused although everything is right, over the whole table."""

SEED = 1


@dataclass(frozen=True)
class Judged:
    """What came of one claim."""

    number: int
    findings: tuple[Finding, ...]
    seconds: float


@dataclass(frozen=True)
class Table:
    """Every finding, and what follows from all of them.

    Attributes
    ----------
    threshold
        P-value below which a right claim is refused, and a wrong one, or something to be shown, is settled:
        `FALSE_ALARM` over the number of rows (Bonferroni), one row more for `too_small`.
    too_small
        Chance that the p-values of right claims are at least this small as a whole: the one-sided test of
        Kolmogorov and Smirnov, on the first row of each claim, whose draws are independent. They are
        bounds, so that they may well be too large.
    """

    claims: tuple[Judged, ...]

    @property
    def findings(self) -> list[Finding]:
        """Every row."""
        return [finding for judged in self.claims for finding in judged.findings]

    @property
    def threshold(self) -> float:
        """See above."""
        return FALSE_ALARM / (len(self.findings) + 1)

    @property
    def independent(self) -> list[float]:
        """The first p-value of every claim that may be refused."""
        firsts = [judged.findings[0] for judged in self.claims]
        return [each.p_value for each in firsts if each.how not in SHOWN and not each.wrong]

    @property
    def too_small(self) -> float:
        """See above."""
        values = self.independent
        return float(kstest(values, "uniform", alternative="greater").pvalue) if values else 1.0

    @property
    def wrong(self) -> list[Finding]:
        """Rows that are not as they should be."""
        return [finding for finding in self.findings if not finding.right(self.threshold)]

    @property
    def right(self) -> bool:
        """Whether everything is as it should be."""
        return not self.wrong and self.too_small >= self.threshold


@cache
def matrix(quick: bool = False) -> list[Claim]:
    """Every claim; quick: those that are cheap, on fewer graphs."""
    made = [
        claim
        for module in (exact, large, condition, normals, pools, survival)
        for claim in module.claims(quick)
    ]
    return [claim for claim in made if claim.quick is not None] if quick else made


def judge(numbers: Sequence[int], quick: bool, seed: int, executor: Executor) -> Iterator[Judged]:
    """Judge claims of the matrix, in whatever order they are finished."""
    return executor.run(_Task(quick, seed), numbers)


@dataclass(frozen=True)
class _Task:
    """Claims hold functions that cannot be sent to a process, so each process makes them anew."""

    quick: bool
    seed: int

    def __call__(self, number: int) -> Judged:
        started = time.perf_counter()
        claim = matrix(self.quick)[number]
        replicates = claim.quick if self.quick and claim.quick else claim.replicates
        findings = claim.judge(replicates, self.seed)
        return Judged(number, tuple(findings), time.perf_counter() - started)
