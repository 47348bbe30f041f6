"""Many models, judged in parts: loops with few ancestors alone, the rest once those are nearly right."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from headwater.grounding import ancestors
from headwater.planning.allocation.oracle import Bound, Cut, Oracle, Point, Seen, is_even, worst
from headwater.planning.allocation.problem import Problem
from headwater.theory.system import Array, Flag

SMALL_PART = 0.25
"""Of the models, that a part may have as ancestors and still be judged alone."""

MOST_PARTS = 300
"""Strong components that are looked at one by one."""

WAIT = 0.01
"""Logarithm of the worst excess of the parts, above which the rest is not looked at."""


@dataclass(frozen=True, eq=False)
class Part:
    """Some models with all of their ancestors.

    Attributes
    ----------
    oracle
        Of these alone.
    unknowns, pots
        Positions of its unknowns and pots among the whole problem's.
    """

    oracle: Oracle
    unknowns: NDArray[np.intp]
    pots: NDArray[np.intp]

    def cut(self, seen: Seen, row: int, model: int, pots: int) -> Cut:
        """A cut of the part, as one of the whole."""
        own = seen.cut(row, model)
        slope = np.zeros(pots)
        slope[self.pots] = own.slope
        return Cut(slope, own.least)


@dataclass(frozen=True, eq=False)
class Split:
    """See `headwater.planning.allocation.oracle.Judge`."""

    whole: Oracle
    parts: tuple[Part, ...]

    @property
    def problem(self) -> Problem:
        """See `Judge.problem`."""
        return self.whole.problem

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """See `Judge.bounds`."""
        return self.whole.bounds

    @property
    def proves(self) -> bool:
        """See `Judge.proves`."""
        return self.whole.proves

    @property
    def needs_ground(self) -> bool:
        """See `Judge.needs_ground`."""
        return self.whole.needs_ground

    @property
    def zero(self) -> Array:
        """See `Judge.zero`."""
        return self.whole.zero

    @property
    def weight(self) -> Array:
        """See `Judge.weight`."""
        return self.whole.weight

    def point(self, added: Array) -> SplitPoint:
        """See `Judge.point`."""
        return SplitPoint(self, added)

    def judging(self, bounds: tuple[Bound, ...]) -> Split:
        """See `Judge.judging`."""
        parts = tuple(replace(part, oracle=part.oracle.judging(bounds)) for part in self.parts)
        return Split(self.whole.judging(bounds), parts)


@dataclass(frozen=True, eq=False)
class SplitPoint:
    """See `Seen`; models that were not looked at have no excess, and then another is above its bound."""

    split: Split
    added: Array

    @cached_property
    def _parts(self) -> list[Point]:
        return [part.oracle.point(self.added[part.unknowns]) for part in self.split.parts]

    @cached_property
    def _rest(self) -> Point:
        return self.split.whole.point(self.added)

    @cached_property
    def partial(self) -> bool:
        """Whether only the parts were looked at."""
        return max(map(worst, self._parts)) > WAIT

    @cached_property
    def excess(self) -> Array:
        """See `Seen.excess`."""
        if not self.partial:
            return self._rest.excess
        return np.asarray(np.max([point.excess for point in self._parts], axis=0))

    def cut(self, row: int, model: int) -> Cut:
        """See `Seen.cut`; by the part that the model is in."""
        for part, point in zip(self.split.parts, self._parts, strict=True):
            if part.oracle.problem.scope.models[model]:
                return part.cut(point, row, model, len(self.split.problem.pots))
        return self._rest.cut(row, model)


def split(oracle: Oracle) -> Oracle | Split:
    """The same judge in parts, where any are small enough."""
    problem = oracle.problem
    components = np.unique(problem.components[problem.keep])
    if len(components) > MOST_PARTS or not is_even(problem, oracle.flows):
        return oracle
    most = SMALL_PART * problem.keep.sum()
    graph = problem.pipeline.graph
    closures = [ancestors(graph, np.flatnonzero(problem.components == each)) for each in components]
    closures = sorted((each for each in closures if each.sum() <= most), key=lambda each: -int(each.sum()))
    covered = np.zeros(len(problem.keep), dtype=bool)
    parts = []
    for closure in closures:
        judged = closure & problem.scope.models & ~covered
        if not judged.any():
            continue
        covered |= closure
        part = _part(oracle, closure, judged)
        if part is not None:
            parts.append(part)
    return Split(oracle, tuple(parts)) if parts else oracle


def _part(oracle: Oracle, closure: Flag, judged: Flag) -> Part | None:
    problem = oracle.problem
    unknowns = np.flatnonzero(closure[problem.model])
    if not len(unknowns):
        return None
    own = replace(
        problem,
        keep=closure,
        scope=replace(problem.scope, models=judged),
        source=problem.source[unknowns],
        model=problem.model[unknowns],
        flow=problem.flow[unknowns],
        price=problem.price[unknowns],
        caps=problem.caps[:, unknowns],
    )
    flows = own.flows
    alone = Oracle(own, oracle.bounds, flows, np.ones(len(flows.row)), np.zeros(len(flows.system.models)))
    numbers = flows.system.trained[own.pots]
    whole = problem.flows.system.trained[problem.pots]
    return Part(alone, unknowns, np.searchsorted(whole, numbers))


def is_partial(seen: Seen) -> bool:
    """Whether some models were not looked at."""
    return isinstance(seen, SplitPoint) and seen.partial
