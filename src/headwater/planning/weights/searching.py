"""The search: from good starts downhill by exact slopes, and for the worst model by multipliers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csgraph, csr_array

from headwater.planning.weights.filtering import filtered
from headwater.planning.weights.problem import LEAST_SHARE, Merit, Problem
from headwater.theory.system import Array, Flag

TIE = 1e-9
"""Relative, below which an objective is the same."""

WORK = 1.5e11
"""Multiplications that a search may take, roughly; it is cut short there."""

FEWEST, MOST = 12, 3000
"""Evaluations, whatever the work."""

SMALL = 60
"""Flows up to which many starts and many rounds are cheap."""

SHARPNESS = (8.0, 32.0, 64.0)
"""Of the smooth maximum, round by round; later rounds keep the last and move the multipliers."""

CHEAP = 1e9
"""Multiplications of an evaluation, below which the optimum is followed further down."""

STARTS = 2
"""Starts of a small problem besides the best, at most; of a large one the best has to do."""

OF_A_ROUND = 8
"""Evaluations before the multipliers of a large problem are moved; it need not be solved for old ones."""

ROUNDS = 40
SMALLEST_MULTIPLIER = 1e-10
BEGIN_AT = 1e-4
"""Least share at the start of a descent: the logit of a share near zero would hardly move."""

NEGLIGIBLE = 1e-4
"""Shares below it are tried at zero."""


@dataclass
class Budget:
    """Evaluations left."""

    left: int

    @classmethod
    def of(cls, problem: Problem) -> Budget:
        """As many as the work allows."""
        return cls(int(np.clip(WORK / max(problem.evaluation_work, 1.0), FEWEST, MOST)))


@dataclass
class Best:
    """The best shares seen so far."""

    share: Array
    value: float = field(default=np.inf)

    def offer(self, share: Array, value: float) -> None:
        """Keep them if they are better."""
        if value < self.value:
            self.share, self.value = share, value


def improved(problem: Problem, worst: bool) -> Array:
    """(flows,) shares at which the objective is least, as far as could be found.

    Under the worst objective the models that it hangs on, and their ancestors, are settled first;
    then what is left is made as good as it can be, and so on.
    """
    share, budget = problem.given, Budget.of(problem)
    free, judged = problem.free.copy(), problem.judged.copy()
    while (free & _has_choice(problem)).any() and judged.any() and budget.left > 0:
        share = _Stage(problem.at(share, free, judged), worst, problem.given).searched(budget)
        if not worst:
            break
        inflation = problem.inflation(share)
        settled = _ancestors(problem, int(np.argmax(np.where(judged, inflation, -np.inf))))
        free, judged = free & ~settled, judged & ~settled
    return share


def value_of(problem: Problem, inflation: Array, worst: bool) -> float:
    """The objective at some inflations: the largest or the sum of the judged models' ones."""
    reached = inflation[problem.judged]
    return float(reached.max(initial=0.0) if worst else reached.sum())


def _has_choice(problem: Problem) -> Flag:
    """(trained,) whether a model hears more than one provider."""
    return np.asarray(np.bincount(problem.flows.row, minlength=problem.trained) > 1)


def _ancestors(problem: Problem, model: int) -> Flag:
    """(trained,) the models whose shares the model's risk depends on, itself included."""
    inner = csr_array(problem.flows.matrix[:, : problem.trained])
    answer = np.zeros(problem.trained, dtype=bool)
    answer[csgraph.breadth_first_order(inner, model, return_predecessors=False)] = True
    return answer


@dataclass(frozen=True)
class _Stage:
    """One search from some shares, of which `origin` are those that nobody has changed yet."""

    problem: Problem
    worst: bool
    origin: Array

    def searched(self, budget: Budget) -> Array:
        """The best shares; the original ones unless others are better by more than rounding."""
        starts = list(self._starts())
        values = [self._value(share) for share in starts]
        best = Best(starts[0], values[0])
        for share, value in zip(starts, values, strict=True):
            best.offer(share, value)
        several = self.worst and self.problem.judged.sum() > 1
        for at in np.argsort(values, kind="stable")[: self._descents(several)]:
            if np.isfinite(values[at]) and budget.left > 0:
                (self._level if several else self._descend)(starts[at], best, budget)
        self._leave_out(best)
        return best.share if best.value < values[0] * (1 - TIE) else starts[0]

    def _descents(self, several: bool) -> int:
        return (1 if several else STARTS) + 1 if self._is_small else 1

    @property
    def _is_small(self) -> bool:
        return int(self.problem.moving.sum()) <= SMALL

    @property
    def _tolerance(self) -> float:
        """Relative change of the objective at which a search ends."""
        if self._is_small:
            return 1e-11
        return 1e-9 if self.problem.evaluation_work < CHEAP else 1e-6

    def _value(self, share: Array) -> float:
        return value_of(self.problem, self.problem.inflation(share), self.worst)

    def _starts(self) -> Iterator[Array]:
        """Where to begin; the first is what nobody has changed."""
        problem = self.problem
        yield problem.where_free(self.origin)
        yield problem.given
        yield problem.equal
        yield filtered(problem)
        rng = np.random.default_rng(0)
        for _ in range(2 if self._is_small else 0):
            drawn = rng.exponential(size=len(self.origin))
            yield problem.where_free(drawn / problem.total(drawn))

    def _descend(self, start: Array, best: Best, budget: Budget) -> None:
        self._down(start, Merit(1.0, np.where(self.problem.judged, 0.0, -np.inf)), best, budget)

    def _level(self, start: Array, best: Best, budget: Budget) -> None:
        """The exponential method of multipliers: models that stay worst come to weigh more."""
        judged, share = self.problem.judged, start
        offset = np.where(judged, 0.0, -np.inf)
        last = np.inf
        for turn in range(ROUNDS):
            if budget.left <= 0:
                return
            merit = Merit(SHARPNESS[min(turn, len(SHARPNESS) - 1)], offset)
            share = self._down(share, merit, best, budget, MOST if self._is_small else OF_A_ROUND)
            inflation = self.problem.inflation(share)
            if not np.isfinite(inflation[judged]).all():
                return
            part = merit.value(inflation)[1]
            offset = np.where(judged, np.log(np.maximum(part, SMALLEST_MULTIPLIER)), -np.inf)
            if turn >= len(SHARPNESS) and abs(last - best.value) <= self._tolerance * best.value:
                return
            last = best.value

    def _down(self, start: Array, merit: Merit, best: Best, budget: Budget, most: int = MOST) -> Array:
        """Quasi-Newton steps on logits; returns the last shares and offers all to `best`."""
        problem = self.problem

        def evaluated(logit: Array) -> tuple[float, Array]:
            value, slope, inflation = problem.by_logits(logit, merit)
            best.offer(problem.from_logits(logit), value_of(problem, inflation, self.worst))
            return value, slope

        exact = self._is_small and merit.sharpness == 1
        found = minimize(
            evaluated,
            np.log(np.maximum(start, BEGIN_AT))[problem.moving],
            jac=True,
            method="L-BFGS-B",
            options={
                "maxfun": max(min(budget.left, most), 1),
                "maxiter": MOST,
                "maxcor": 20,
                "ftol": self._tolerance / (1000 if exact else 10),
                "gtol": self._tolerance / 100,
            },
        )
        budget.left -= int(found.nfev)
        return problem.from_logits(found.x)

    def _leave_out(self, best: Best) -> None:
        """Shares that went towards zero are put there, if that is no worse."""
        gone = self.problem.moving & (best.share < NEGLIGIBLE) & (best.share > LEAST_SHARE)
        if gone.any():
            tried = self.problem.floored(np.where(gone, 0.0, best.share))
            value = self._value(tried)
            if value <= best.value * (1 + 1e-12):
                best.share, best.value = tried, value
