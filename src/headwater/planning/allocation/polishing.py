"""A search among neighbouring whole numbers, for what no cut proves anything of."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from headwater.planning.allocation.oracle import Judge, worst
from headwater.theory.system import Array

MOST_UNKNOWNS = 100
"""Beyond these, pairs are too many to try."""

LESS = 1e-12
"""By which a worst excess has to fall to be less."""


WORK = 400_000
"""Evaluations, times 700 and the square of the models: counted, so that every machine finds the same."""

TAILS = 10.0
"""Evaluations without tail samples that one with them costs."""


@dataclass(eq=False)
class _Polish:
    """Whole samples that are made better, a move at a time."""

    judge: Judge
    budget: float | None
    left: float
    added: Array
    score: float

    @property
    def late(self) -> bool:
        return self.left <= 0

    def excess(self, added: Array) -> float:
        """The worst, which is counted."""
        self.left -= 1
        return worst(self.judge.point(added))

    def scored(self, added: Array) -> float:
        """Cost of samples that meet every bound, or their worst excess within the budget; else infinite."""
        problem = self.judge.problem
        if (added < 0).any() or not problem.allows(added):
            return math.inf
        if self.budget is None:
            cost = problem.cost(added)
            return cost if cost < self.score and self.excess(added) <= 0 else math.inf
        if problem.cost(added) > self.budget * (1 + 1e-12):
            return math.inf
        return self.excess(added)

    def take(self, added: Array) -> bool:
        """Take them if they are better."""
        score = self.scored(added)
        better = score < self.score - (0.0 if self.budget is None else LESS)
        if better:
            self.added, self.score = added, score
        return better

    def trim(self) -> None:
        """As few of each as still meet every bound, the dearest first; those that cost nothing too."""
        problem = self.judge.problem
        for at in np.argsort(-problem.price * self.added, kind="stable"):
            low, high = -1.0, float(self.added[at])
            while high - low > 1 and not self.late:
                middle = math.floor((low + high) / 2)
                tried = self.added.copy()
                tried[at] = middle
                if problem.allows(tried) and self.excess(tried) <= 0:
                    high = middle
                else:
                    low = middle
            self.added = self.added.copy()
            self.added[at] = high
        self.score = problem.cost(self.added)

    def exchange(self, step: float) -> bool:
        """Fewer of one for more of another, for less money or for the same; whether any was better."""
        price, better = self.judge.problem.price, False
        for down in np.flatnonzero(self.added):
            for up in range(len(price)):
                less = min(step, float(self.added[down]))
                if up == down or less < 1 or self.late:
                    continue
                for most in self._replacements(price[down] * less, price[up]):
                    tried = self.added.copy()
                    tried[down] -= less
                    tried[up] += most
                    if self.take(tried):
                        better = True
                        break
        return better

    def _replacements(self, money: float, price: float) -> list[float]:
        """Samples to buy instead."""
        if self.budget is not None:
            money += self.budget - self.judge.problem.cost(self.added)
        if price <= 0:
            return [1.0]
        most = math.floor(money / price * (1 + 1e-12))
        if self.budget is not None:
            return [float(most)] if most >= 1 else []
        return sorted({float(math.floor(most * part)) for part in (0.25, 0.5, 0.75, 0.9, 1.0)} | {most - 1.0})


def polished(judge: Judge, added: Array, budget: float | None) -> Array:
    """Whole samples that are no worse than those given, and no neighbour of which was found better."""
    problem = judge.problem
    if problem.unknowns > MOST_UNKNOWNS:
        return added
    score = problem.cost(added) if budget is None else worst(judge.point(added))
    state = _Polish(judge, budget, _tries(judge), added, score)
    if budget is None:
        state.trim()
    step = float(2 ** math.floor(math.log2(max(1.0, state.added.max(initial=1.0)))))
    while step >= 1 and not state.late:
        if not state.exchange(step):
            step //= 2
    if budget is None:
        state.trim()
    return state.added


def _tries(judge: Judge) -> float:
    models = len(judge.problem.scope.models)
    tails = any(bound.target.quantity == "tail_sample" for bound in judge.bounds)
    return max(30.0, WORK / (models**2 + 700.0) / (TAILS if tails else 1.0))


def without_crumbs(judge: Judge, added: Array) -> Array:
    """The same without as many of its cheapest additions as every bound can do without."""
    problem = judge.problem
    some = np.flatnonzero(added)
    order = some[np.argsort((problem.price * added)[some], kind="stable")]

    def rest(count: int) -> Array:
        left = added.copy()
        left[order[:count]] = 0.0
        return left

    low, high = 0, len(order)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if worst(judge.point(rest(middle))) <= 0 else (low, middle)
    return rest(low)


def trimmed_free(judge: Judge, added: Array) -> Array:
    """The same with as few of the samples that cost nothing as do."""
    free = (judge.problem.price == 0) & (added > 0)
    if not free.any() or judge.problem.unknowns > MOST_UNKNOWNS:
        return added
    state = _Polish(judge, None, math.inf, added, judge.problem.cost(added))
    state.trim()
    return state.added
