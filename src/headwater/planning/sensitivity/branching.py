"""The least and the most of a goal over a box of counts: found by search, proved by branch and bound."""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.optimize import Bounds, minimize

from headwater.errors import NoSteadyState
from headwater.planning.sensitivity.bounding import (
    MOST_CORNERS,
    Bound,
    falls_always,
    highest_within,
    lowest_within,
)
from headwater.planning.sensitivity.goal import Box, Goal
from headwater.theory.system import Array

GAP = 1e-4
"""Relative gap between found and proved at which a search ends."""

WORK = 1e10
"""Multiplications that a search may take."""

SMALLEST = 1e-12
"""Width, in logarithms, of a box that is not split."""

ALL_CORNERS = 10
"""Counts up to which the search begins from every corner."""

Extreme = Literal["most", "least"]


@dataclass(frozen=True, slots=True, eq=False)
class Bracket:
    """The extreme of a goal over a box.

    Attributes
    ----------
    found
        Its value at `counts`, which are whole.
    proved
        No counts of the box pass it, whole or not.
    counts : (counts,)
        Where it was found, in the order of `Goal.free`.
    regions
        How many parts of the box were bounded.
    """

    found: float
    proved: float
    counts: Array
    regions: int

    @property
    def gap(self) -> float:
        """Relative distance of the two."""
        return abs(self.proved - self.found) / self.found


def extreme(goal: Goal, box: Box, which: Extreme, gap: float = GAP, work: float = WORK) -> Bracket:
    """The most or the least of a goal over a box.

    Counts by which the goal falls whatever the others are go to one end at once. The rest is best
    first: the box whose bound is furthest is split where its bound is loosest, until no bound is
    further from what was found than `gap`, or the work is spent.

    Parameters
    ----------
    work
        Multiplications, about; the answer is a bracket either way.
    """
    falls = falls_always(goal)[goal.free] | (box.low == box.high)
    end = np.where(falls, box.low if which == "most" else box.high, box.low)
    reduced = replace(goal, samples=goal.settings(end[None])[0], free=goal.free[~falls])
    search = _Search(reduced, Box(box.low[~falls], box.high[~falls]), which, gap, work)
    search.run()
    counts = end.copy()
    counts[~falls] = search.best_at
    return Bracket(math.exp(search.best), math.exp(search.proved), counts, search.regions)


class _Search:
    """One search; scores are the goal times a sign, so that more is always further."""

    def __init__(self, goal: Goal, box: Box, which: Extreme, gap: float, work: float) -> None:
        self.goal, self.box, self.which = goal, box, which
        self.effort = goal.counted.effort
        self.reserve = self.effort.left - work
        # a table of corners is made some times over
        most = math.log2(max(1.0, work / (8 * goal.counted.work)))
        self.together = min(MOST_CORNERS, int(most))
        self.sign = 1.0 if which == "most" else -1.0
        self.slack = math.log1p(gap)
        self.regions = 0
        self.best, self.best_at = -math.inf, box.low
        self.proved = -math.inf
        self.leverage = np.zeros(len(goal.free))

    def run(self) -> None:
        """Search, then split until it is proved; `best` and `proved` are then logarithms."""
        self._begin()
        order = itertools.count()
        bound = self._bounded(self.box)
        heap = [(-bound.value, next(order), self.box, bound.loosest)]
        while -heap[0][0] > self.best + self.slack and self.effort.left > self.reserve:
            if not (heap[0][2].widths > SMALLEST).any():
                break
            above, _, box, at = heapq.heappop(heap)
            for half in box.halves(at):
                bound = self._bounded(half)
                heapq.heappush(heap, (-min(-above, bound.value), next(order), half, bound.loosest))
        self.proved = self.sign * max(self.best, -heap[0][0])
        self.best *= self.sign

    def _begin(self) -> None:
        """Corners, and the ends of two ascents."""
        box, starts = self.box, [self.box.middle]
        free = len(self.goal.free)
        if free <= min(ALL_CORNERS, self.together):
            self._try(box.corners(np.ones(free, dtype=bool)))
        else:
            self._try(self._flipped())
        starts.append(self.best_at)
        if free:
            for start in starts:
                self._try(self._climbed(start)[None])
            self._weigh()

    def _flipped(self) -> Array:
        """(1, counts) a corner that is no worse than its neighbours, from the one that slopes point to."""
        box = self.box
        _, slope = self._slope(box.middle)
        at = np.where(self.sign * slope > 0, box.high, box.low)
        score = -math.inf
        while self.effort.left > self.reserve:
            around = np.repeat(at[None], len(at) + 1, axis=0)
            each = np.arange(len(at))
            around[each, each] = box.low + box.high - around[each, each]
            scores = self._scores(around)
            best = int(np.argmax(scores))
            if scores[best] <= score:
                break
            at, score = around[best], float(scores[best])
        return at[None]

    def _climbed(self, start: Array) -> Array:
        """(counts,) where the goal is locally furthest, from a point."""
        box = self.box

        def downhill(logarithm: Array) -> tuple[float, Array]:
            value, slope = self._slope(box.nearest(np.exp(logarithm)))
            return -self.sign * value, -self.sign * slope

        found = minimize(
            downhill,
            np.log(start),
            jac=True,
            method="L-BFGS-B",
            bounds=Bounds(np.log(box.low), np.log(box.high)),
            options={"maxiter": 60, "maxfun": 90},
        )
        return box.nearest(np.exp(found.x))

    def _weigh(self) -> None:
        """How much each count moves a bound: visits to its training set, times the spread of its share."""
        flows = self.goal.counted.flows
        samples = self.goal.settings(self.best_at[None])
        parts = self.goal.parts(self.goal.counted.moments(samples[0]), samples[0])
        mass = self.goal.counted.mass(samples)[0]
        share = (samples[0] * flows.weight / mass[flows.row])[self.goal.free]
        self.leverage = parts.mass[flows.row[self.goal.free]] * share * (1 - share) + 1e-12

    def _bounded(self, box: Box) -> Bound:
        """How far the goal can go in a box, at most; what is tried on the way may become the best."""
        self.regions += 1
        near = box.nearest(self.best_at)
        if self.which == "least":
            bound = self._low(box, near)
            self._try(bound.at[None])
            return Bound(-bound.value, bound.at, bound.loosest)
        bound = highest_within(self.goal, box, near, self.leverage, self.together)
        if bound.value <= self.best + self.slack:
            return bound
        self._try(bound.at[None])
        again = highest_within(self.goal, box, bound.at, self.leverage, self.together)
        return min(bound, again, key=lambda each: each.value)

    def _low(self, box: Box, near: Array) -> Bound:
        enough = -self.best - self.slack
        try:
            return lowest_within(self.goal, box, near, self.leverage, enough)
        except NoSteadyState:
            return Bound(-math.inf, near, int(np.argmax(box.widths)))

    def _slope(self, counts: Array) -> tuple[float, Array]:
        return self.goal.slope(counts)

    def _scores(self, counts: Array) -> Array:
        return self.sign * self.goal.values(counts)

    def _try(self, counts: Array) -> None:
        """Keep the furthest of some points, with whole counts."""
        whole = np.clip(np.round(counts), self.box.low, self.box.high)
        scores = self._scores(whole)
        best = int(np.argmax(scores))
        if scores[best] > self.best:
            self.best, self.best_at = float(scores[best]), whole[best]
