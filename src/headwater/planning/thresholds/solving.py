"""The search: over all models where that is cheap, else over those that decide, until no other does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from headwater.planning.targets import Scope, Targets, scope_of
from headwater.planning.thresholds.judging import Few, Judge, Whole, has_rows, worst
from headwater.planning.thresholds.rows import Numbers
from headwater.planning.thresholds.searching import PER_DECADE, Interval, grid, intervals, nearest
from headwater.planning.thresholds.values import Direction
from headwater.planning.thresholds.ways import Domain, Knob
from headwater.theory.laws import Law
from headwater.theory.system import Array, Flag

ALL_AT_ONCE = 150
"""Models up to which all are looked at from the start."""

ADDED = 8
"""Models that are looked at next, where others than those looked at miss a target."""

OUTLOOK_UP_TO = 500
"""Models up to which `Few` is held to the outlook of the changed pipeline."""

SCANNED_WHOLE_UP_TO = 50
"""Models up to which every value is scanned by the outlook; beyond, about `MANY`."""

MANY = 16

ROUNDS = 40


@dataclass(frozen=True, eq=False)
class Solved:
    """Where the targets are met: every interval, and the one that counts."""

    found: tuple[Interval, ...]
    chosen: Interval | None
    value: float | None
    direction: Direction


@dataclass(eq=False)
class Search:
    """One knob, the targets, and who judges; `points` are the values scanned."""

    knob: Knob
    targets: Targets
    law: Law
    domain: Domain
    scope: Scope
    judge: Judge
    points: list[float]

    @classmethod
    def of(
        cls, knob: Knob, targets: Targets, law: Law, names: list[str] | None, other: Search | None = None
    ) -> Search:
        """Over the models of those names, or all; `other` has found which of them decide another way."""
        domain = knob.domain()
        near = _near(domain, knob.current)
        scope = scope_of(knob.at(near).graph, names)
        judge: Judge = Whole(knob, targets, law, scope, near)
        often = PER_DECADE if scope.models.sum() <= ALL_AT_ONCE else 2
        points = grid(domain, knob.current, near, scale=knob.scale(), per_decade=often)
        if has_rows(knob.pipeline, knob, targets, law):
            few = Few(knob, targets, scope, np.zeros(0, dtype=np.int64))
            if few.settles(near):
                known = other.judge if other is not None else None
                few.active = known.active if isinstance(known, Few) else _first(few, near)
                return cls(knob, targets, law, domain, scope, few, points)
        # the same wherever it runs, however busy it is there
        if len(scope.models) > SCANNED_WHOLE_UP_TO and len(points) > MANY:
            points = sorted({*points[:: math.ceil(len(points) / MANY)], points[-1], near})
        return cls(knob, targets, law, domain, scope, judge, points)

    def least(self, number: float, models: Flag, target: int | None = None) -> float:
        """The least slack of those models at a value, over one target or all."""
        found = self.judge.slack(number)
        return float(worst(found if target is None else found[target : target + 1])[models].min())

    def solve(self, models: Flag | None = None, target: int | None = None) -> Solved:
        """The intervals for those models, and the value that counts."""
        some = self.scope.models if models is None else models
        for _ in range(ROUNDS):
            found = intervals(lambda number: self.least(number, some, target), self.points, self.domain.whole)
            solved = self._chosen(found)
            missed = self._others(solved, some, target)
            if not len(missed):
                return solved
            if isinstance(self.judge, Few):
                self.judge.active = np.union1d(self.judge.active, missed)
        return solved

    def _others(self, solved: Solved, models: Flag, target: int | None) -> Numbers:
        """Models that are not looked at, and miss a target where it is said to be met."""
        judge = self.judge
        nothing: Numbers = np.zeros(0, dtype=np.int64)
        if not isinstance(judge, Few) or solved.chosen is None or solved.value is None:
            return nothing
        if len(judge.active) == self.scope.models.sum():
            return nothing
        ends = [solved.value, solved.chosen.low, solved.chosen.high]
        for number in dict.fromkeys(end for end in ends if end is not None):
            found = judge.full(number)
            slack = worst(found if target is None else found[target : target + 1])
            missed = np.flatnonzero(models & (slack < 0))
            if len(missed):
                return missed[np.argsort(slack[missed], kind="stable")[:ADDED]]
        return nothing

    def _chosen(self, found: list[Interval]) -> Solved:
        if not found:
            return Solved((), None, None, "least")
        current, domain = self.knob.current, self.domain
        chosen = nearest(found, current)
        low, high = chosen.low, chosen.high
        above = current is not None and high is not None and current > high
        if high is not None and (above or low is None):
            return Solved(tuple(found), chosen, high, "most")
        return Solved(tuple(found), chosen, domain.low if low is None else low, "least")

    def agrees(self, solved: Solved) -> bool:
        """Whether the outlook of the changed pipeline says the same at the threshold and next to it."""
        if solved.value is None or not isinstance(self.judge, Few):
            return True
        if self.scope.models.sum() > OUTLOOK_UP_TO:
            return True
        whole = Whole(self.knob, self.targets, self.law, self.scope, _near(self.domain, self.knob.current))
        if worst(whole.slack(solved.value))[self.scope.models].min() < 0:
            return False
        beside = self.beside(solved)
        return beside is None or worst(whole.slack(beside))[self.scope.models].min() < 0

    def beside(self, solved: Solved) -> float | None:
        """The value next to the threshold, outside of the interval; None where the search ends there."""
        assert solved.value is not None and solved.chosen is not None
        sign = -1 if solved.direction == "least" else 1
        if (solved.chosen.low if sign < 0 else solved.chosen.high) is None:
            return None
        return solved.value + sign if self.domain.whole else solved.value * (1 + sign * 1e-6)

    def by_whole(self) -> Search:
        """The same by the outlook."""
        judge = Whole(self.knob, self.targets, self.law, self.scope, _near(self.domain, self.knob.current))
        return Search(self.knob, self.targets, self.law, self.domain, self.scope, judge, self.points)

    def bests(self, models: Flag) -> tuple[Array, Array]:
        """(models,) the greatest slack over the values scanned, and the value at which it is."""
        table = np.array([worst(self.judge.slack(point)) for point in self.points])
        table[:, ~models] = np.inf
        return table.max(axis=0), np.array(self.points)[table.argmax(axis=0)]

    def hopeless(self) -> Flag:
        """(models,) that meet the targets at no value, each by itself."""
        models = self.scope.models
        if isinstance(self.judge, Few):
            self._look_at_all_that_may_be(self.judge)
        best, _ = self.bests(models)
        never = models & (best < 0)
        near = np.flatnonzero(never & (best > -0.5))
        for at in near[np.argsort(-best[near])][:ADDED]:
            alone: Flag = np.zeros_like(models)
            alone[at] = True
            never[at] = not intervals(partial(self.least, models=alone), self.points, self.domain.whole)
        return np.asarray(never)

    def _look_at_all_that_may_be(self, judge: Few) -> None:
        """Every model that misses a target at the ends and the middle of the search."""
        missing = self.scope.models.copy()
        for point in dict.fromkeys((self.points[-1], self.points[len(self.points) // 2], self.points[0])):
            missing &= worst(judge.full(point)) < 0
            if not missing.any():
                return
        judge.active = np.union1d(judge.active, np.flatnonzero(missing))


def _first(judge: Few, near: float) -> Numbers:
    """All models where there are few; else the worst ones at a value."""
    models = np.flatnonzero(judge.scope.models)
    if len(models) <= ALL_AT_ONCE:
        return models
    found = worst(judge.full(near))
    return np.sort(np.argsort(found, kind="stable")[:ADDED])


def _near(domain: Domain, current: float | None) -> float:
    """A value at which everything is there: the current one, or an ordinary one."""
    if current is not None and max(domain.low, 1 if domain.whole else 0) <= current <= domain.high:
        return current
    usual = min(max(1000.0, domain.low), domain.high)
    return usual if domain.whole else math.sqrt(domain.low * domain.high)
