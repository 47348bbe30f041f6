"""A judge for regimes that keep old data: the diagnosis itself, and differences instead of derivatives."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from headwater.errors import NoLaw
from headwater.planning.allocation.oracle import Bound, Cut
from headwater.planning.allocation.problem import Problem
from headwater.planning.outlook import outlook, regime_of
from headwater.regimes import Accumulate, AccumulateSubsample
from headwater.theory.system import Array

MOST_UNKNOWNS = 100
"""Pairs of source and model whose differences are taken."""

STEP = 0.02
"""Of a model's samples, by which differences are taken."""


@dataclass(frozen=True, eq=False)
class Differences:
    """See `headwater.planning.allocation.oracle.Judge`; its cuts prove nothing."""

    problem: Problem
    bounds: tuple[Bound, ...]

    @property
    def proves(self) -> bool:
        """No."""
        return False

    @property
    def needs_ground(self) -> bool:
        """See `Judge.needs_ground`; pools bound every risk."""
        pools = isinstance(regime_of(self.problem.pipeline), Accumulate | AccumulateSubsample)
        return not pools and any(bound.when == "limit" for bound in self.bounds)

    @cached_property
    def zero(self) -> Array:
        """See `Judge.zero`."""
        problem = self.problem
        flows = problem.flows.with_samples(problem.samples(np.zeros(problem.unknowns)))
        return flows.mass[problem.pots]

    @cached_property
    def weight(self) -> Array:
        """See `Judge.weight`."""
        return np.asarray(self.problem.flows.weight[self.problem.at])

    def point(self, added: Array) -> Diagnosed:
        """See `Judge.point`; fractions of samples are rounded up."""
        return Diagnosed(self, np.ceil(added - 1e-7))

    def judging(self, bounds: tuple[Bound, ...]) -> Differences:
        """See `Judge.judging`."""
        return replace(self, bounds=bounds)


@dataclass(frozen=True, eq=False)
class Diagnosed:
    """See `headwater.planning.allocation.oracle.Seen`."""

    judge: Differences
    added: Array

    @cached_property
    def excess(self) -> Array:
        """See `Seen.excess`."""
        return self._at(self.added)

    def _at(self, added: Array) -> Array:
        problem, bounds = self.judge.problem, self.judge.bounds
        found = outlook(problem.changed(added), quantities={bound.target.quantity for bound in bounds})
        rows = np.full((len(bounds), len(problem.scope.models)), -math.inf)
        for row, bound in zip(rows, bounds, strict=True):
            column = found.columns[bound.target.quantity, bound.when]
            kind = bound.target.quantity
            value = (
                column
                if kind == "inflation"
                else 1 - column
                if kind == "diversity"
                else 1 / np.maximum(column, 1e-300)
            )
            judged = problem.scope.models & ~np.isnan(value)
            row[judged] = np.log(np.maximum(value[judged], 1e-300)) - bound.log
        return rows

    @cached_property
    def _mass(self) -> Array:
        problem = self.judge.problem
        more = np.bincount(problem.pot, self.judge.weight * self.added, len(problem.pots))
        return np.asarray(self.judge.zero + more)

    @cached_property
    def _by_log(self) -> Array:
        """(unknowns, bounds, models) by how much each excess falls per logarithm of a pot."""
        problem = self.judge.problem
        answer = []
        for at in range(problem.unknowns):
            mass, weight = self._mass[problem.pot[at]], self.judge.weight[at]
            step = max(1.0, math.ceil(STEP * mass / weight))
            more = self.added.copy()
            more[at] += step
            with np.errstate(invalid="ignore"):
                fall = self.excess - self._at(more)
            answer.append(
                np.nan_to_num(fall, nan=0.0, posinf=0.0, neginf=0.0) / math.log1p(weight * step / mass)
            )
        return np.array(answer)

    def cut(self, row: int, model: int) -> Cut:
        """See `Seen.cut`."""
        problem = self.judge.problem
        by_log = self._by_log[:, row, model]
        count = np.bincount(problem.pot, minlength=len(problem.pots))
        slope = np.maximum(np.bincount(problem.pot, by_log, len(problem.pots)) / count, 0.0)
        return Cut(slope, float(self.excess[row, model]) + float(slope @ np.log(self._mass)))


def differences(problem: Problem, bounds: tuple[Bound, ...]) -> Differences:
    """The judge of a pipeline whose regime keeps old data.

    Raises
    ------
    NoLaw
        If there are too many unknowns.
    """
    if problem.unknowns > MOST_UNKNOWNS:
        raise NoLaw(
            f"under {regime_of(problem.pipeline)}, plans are for up to {MOST_UNKNOWNS} pairs of source and "
            f"model that may have more samples; here are {problem.unknowns:,}",
            "name the models that may be touched or judged, or plan under replace, which needs no less",
        )
    return Differences(problem, bounds)
