r"""The linear program behind an allocation: what every cut so far asks for, at least cost or at best result.

Unknowns are the samples x, for every pot :math:`V_p = K_p \log(M_p / K_p)` with :math:`M_p` its weighted
samples and :math:`K_p` those it has already, and, for a budget, a bound on the logarithm of the worst excess.
V is held below the tangents of that logarithm, so that the program asks for no more than
is needed; solutions are rounded nowhere here.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp

from headwater.planning.allocation.oracle import Cut, Judge
from headwater.theory.system import Array

GRID = np.concatenate([1.35 ** np.arange(0, 6), 6.0 * 4.0 ** np.arange(0, 5)])
"""Times a pot's samples, at which tangents are laid at first."""

MOST_TANGENTS = 25
"""Rounds of tangents in one solution over whole samples."""

FEW_TANGENTS = 2
"""The same over fractions, where a round of cuts is worth as much."""

TOLERANCE = 1e-7
"""Of the programs, in samples."""

FINE = 100.0
"""Samples of a model up to which rows count in samples; beyond, in such a part of the model's."""

MARGIN = 2e-6
"""By which cuts are eased, for what the programs round."""

EASE = 1e-8
"""Logarithm by which they are, for what derivatives and recursions round."""

LONGEST = 1e6
"""Seconds that stand for no limit."""


@dataclass(frozen=True, eq=False)
class Answer:
    """A solution of the program.

    Attributes
    ----------
    added : (unknowns,)
        Samples; None where there is no solution.
    bound
        Proved: the objective is nowhere less; -inf where nothing is.
    impossible
        Whether it was proved that the cuts and caps contradict each other.
    """

    added: Array | None
    bound: float
    impossible: bool


@dataclass(eq=False)
class Master:
    """Cuts and tangents, as rows of a linear program that grows.

    Attributes
    ----------
    oracle
        Whose cuts they are.
    budget
        Money; None where the least is asked for.
    ceiling
        A cost that is known to do.
    """

    oracle: Judge
    budget: float | None
    rows: list[Array] = field(default_factory=list)
    least: list[float] = field(default_factory=list)
    tangent_pots: list[np.ndarray] = field(default_factory=list)
    tangent_mass: list[Array] = field(default_factory=list)
    ceiling: float = math.inf

    def __post_init__(self) -> None:
        problem = self.oracle.problem
        self.problem = problem
        self.pots = len(problem.pots)
        self.size = problem.unknowns + self.pots + 1
        self.unit = float(np.median(self.oracle.zero)) if self.pots else 1.0
        pots = np.tile(np.arange(self.pots), len(GRID))
        self.tangent_pots.append(pots)
        self.tangent_mass.append(self.oracle.zero[pots] * np.repeat(GRID, self.pots))
        pull = (self.oracle.weight, (problem.pot, np.arange(problem.unknowns)))
        self.pull = sparse.csr_array(pull, shape=(self.pots, problem.unknowns))

    def add_cuts(self, cuts: Iterable[Cut]) -> None:
        """Every solution from now on meets these too."""
        zero = self.oracle.zero
        for cut in cuts:
            per_sample = cut.slope / zero
            scale = min(1.0, FINE / self.unit) / max(float(per_sample.max(initial=0.0)), 1e-300)
            row = np.zeros(self.size)
            row[self.problem.unknowns : -1] = per_sample
            row[-1] = 1.0 / self.unit if self.budget is not None else 0.0
            need = cut.least - float(cut.slope @ np.log(zero))
            if not per_sample.any():
                scale = 1.0
            self.rows.append(row * scale)
            self.least.append((need - EASE) * scale - MARGIN)

    def solve(self, whole: bool = False, seconds: float = math.inf) -> Answer:
        """The solution of all rows so far, in whole samples if so wanted."""
        answer = Answer(None, -math.inf, False)
        until = time.monotonic() + seconds
        for _ in range(MOST_TANGENTS if whole else FEW_TANGENTS):
            left = until - time.monotonic()
            if left <= 0:
                break
            with quiet():
                result = self._solved(whole, left)
            if result.status == 2:
                return Answer(None, math.inf, True)
            bound = result.mip_dual_bound if whole else result.fun if result.status == 0 else None
            bound = -math.inf if bound is None else float(bound)
            if result.x is None:
                return Answer(answer.added, max(answer.bound, self._value(bound)), False)
            added = np.maximum(result.x[: self.problem.unknowns], 0.0)
            added = np.round(added) if whole else added
            answer = Answer(added, max(answer.bound, self._value(bound)), False)
            if not self._refine(added, result.x[self.problem.unknowns : -1]):
                break
        return answer

    def _value(self, bound: float) -> float:
        return bound if self.budget is None else bound / self.unit

    def _refine(self, added: Array, levels: Array) -> bool:
        """Lay tangents where V is above its logarithm; whether there were any."""
        zero = self.oracle.zero
        mass = zero + self.pull @ added
        above = levels - zero * np.log(mass / zero)
        loose = np.flatnonzero(above > 10 * TOLERANCE + 1e-10 * mass)
        self.tangent_pots.append(loose)
        self.tangent_mass.append(mass[loose])
        return bool(len(loose))

    def _solved(self, whole: bool, seconds: float) -> OptimizeResult:
        problem, unknowns = self.problem, self.problem.unknowns
        objective = np.zeros(self.size)
        if self.budget is None:
            objective[:unknowns] = problem.price
        else:
            objective[-1] = 1.0
        lower = np.zeros(self.size)
        upper = np.append(self._most(), np.full(self.pots + 1, math.inf))
        lower[-1] = -math.inf if self.budget is not None else 0.0
        upper[-1] = math.inf if self.budget is not None else 0.0
        return milp(
            objective,
            integrality=np.append(np.full(unknowns, int(whole)), np.zeros(self.pots + 1)),
            bounds=Bounds(lower, upper),
            constraints=self._constraints(),
            options={"mip_rel_gap": 0.0, "time_limit": min(seconds, LONGEST)},
        )

    def _most(self) -> Array:
        """(unknowns,) samples beyond which nothing can be better."""
        price, money = self.problem.price, self.ceiling if self.budget is None else self.budget
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            affordable = np.where(price > 0, np.floor(money / price * (1 + 1e-9)), math.inf)
        return np.minimum(self.problem.most, affordable)

    def _constraints(self) -> list[LinearConstraint]:
        problem, zero = self.problem, self.oracle.zero
        answer = []
        pots, mass = np.concatenate(self.tangent_pots), np.concatenate(self.tangent_mass)
        # V <= K (log(m/K) + (M - m) / m), M = K + pull x
        rate = zero[pots] / mass
        left = sparse.csr_array(sparse.diags_array(-rate) @ self.pull[pots])
        right = sparse.csr_array(
            (np.ones(len(pots)), (np.arange(len(pots)), pots)), shape=(len(pots), self.pots)
        )
        last = sparse.csr_array((len(pots), 1))
        top = zero[pots] * (np.log(mass / zero[pots]) - 1) + rate * zero[pots]
        fine = np.minimum(1.0, FINE / zero[pots])
        tangents = sparse.diags_array(fine) @ sparse.hstack([left, right, last])
        answer.append(LinearConstraint(tangents.tocsc(), -math.inf, top * fine))
        if self.rows:
            answer.append(LinearConstraint(sparse.csc_array(np.array(self.rows)), self.least, math.inf))
        extra, low, high = [], [], []
        if self.oracle.needs_ground:
            for inside in problem.ungrounded:
                row = np.zeros(self.size)
                row[inside] = 1.0
                extra.append(row)
                low.append(1.0)
                high.append(math.inf)
        if self.budget is not None:
            row = np.zeros(self.size)
            row[: problem.unknowns] = problem.price
            extra.append(row)
            low.append(-math.inf)
            high.append(self.budget)
        if extra:
            answer.append(LinearConstraint(sparse.csc_array(np.array(extra)), low, high))
        if problem.caps.shape[0]:
            padded = sparse.hstack([problem.caps, sparse.csr_array((problem.caps.shape[0], self.pots + 1))])
            answer.append(LinearConstraint(padded.tocsc(), -math.inf, problem.room))
        return answer


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Standard output without the line that HiGHS prints while it mends a solution, whatever it is told."""
    # the line comes from C, past sys.stdout, and would end up in the middle of a document
    try:
        kept = os.dup(1)
    except OSError:
        yield
        return
    _flush()
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        _flush()
        os.dup2(kept, 1)
        os.close(kept)


def _flush() -> None:
    """Everything that C has yet to write."""
    with contextlib.suppress(OSError, TypeError, AttributeError):
        ctypes.CDLL(None).fflush(None)
