"""The quantity whose least and most over a box of counts are sought: inflations times coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from headwater.graph import InteractionGraph
from headwater.planning.sensitivity.counted import Counted
from headwater.theory.derivatives import Followed, Settled
from headwater.theory.system import Array, Flag, Index


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """Bounds of some counts, which may be one point.

    Attributes
    ----------
    low, high : (counts,)
        In samples.
    """

    low: Array
    high: Array

    @property
    def widths(self) -> Array:
        """(counts,) in logarithms."""
        return np.asarray(np.log(self.high / self.low))

    @property
    def middle(self) -> Array:
        """(counts,) halfway in logarithms."""
        return np.clip(np.sqrt(self.low * self.high), self.low, self.high)

    def nearest(self, counts: Array) -> Array:
        """(counts,) the point of the box nearest to some counts."""
        return np.clip(counts, self.low, self.high)

    def corner(self, counts: Array) -> Array:
        """(counts,) the corner nearest to them."""
        return np.where(counts > self.middle, self.high, self.low)

    def corners(self, where: Flag) -> Array:
        """(corners, counts) every corner of the counts in `where`; the others are at their low end."""
        chosen = np.flatnonzero(where & (self.high > self.low))
        answer = np.repeat(self.low[None], 2 ** len(chosen), axis=0)
        for place, at in enumerate(chosen):
            answer[(np.arange(len(answer)) >> place) & 1 == 1, at] = self.high[at]
        return answer

    def halves(self, at: int) -> tuple[Box, Box]:
        """The box in two along one count."""
        below, above = self.high.copy(), self.low.copy()
        below[at] = above[at] = self.middle[at]
        return Box(self.low, below), Box(above, self.high)


@dataclass(frozen=True, eq=False)
class Goal:
    r"""The logarithm of :math:`\sum_j c_j G_{jj} / G_{jj}(0)` as a function of some counts.

    Attributes
    ----------
    counted
        Second moments; a system without models that the goal does not rest on is quickest.
    coefficient : (trained,)
        :math:`c_j \ge 0`, not all 0.
    free : (counts,)
        Which flows of the system vary, by position.
    samples : (flows,)
        Counts of the others.
    """

    counted: Counted
    coefficient: Array
    free: Index
    samples: Array

    @classmethod
    def of(cls, graph: InteractionGraph, keep: Flag, coefficient: Array, generations: int | None) -> Goal:
        """With nothing free yet.

        Parameters
        ----------
        keep, coefficient : (models,)
            `keep` holds every ancestor of its own.
        """
        counted = Counted.of(graph, keep, generations)
        nothing = np.zeros(0, dtype=np.int32)
        chosen = coefficient[counted.flows.system.trained]
        return cls(counted, chosen, nothing, counted.flows.samples)

    def settings(self, counts: Array) -> Array:
        """(settings, flows) samples of every flow.

        Parameters
        ----------
        counts : (settings, counts)
        """
        answer = np.repeat(self.samples[None], len(counts), axis=0)
        answer[:, self.free] = counts
        return answer

    @cached_property
    def is_by_default(self) -> Flag:
        """(trained,) whether the model's generation 0 follows its training set."""
        return self.counted.flows.starts_by_default[: len(self.coefficient)]

    def total(self, risks: Array, budget: Array) -> Array:
        """(settings,) logarithm of the sum, from risks and from the samples that models start from."""
        with np.errstate(invalid="ignore"):
            parts = np.where(self.coefficient > 0, self.coefficient * risks / self.counted.start(budget), 0)
        return np.asarray(np.log(parts.sum(axis=1)))

    def values(self, counts: Array) -> Array:
        """(settings,) the goal.

        Parameters
        ----------
        counts : (settings, counts)
        """
        samples = self.settings(counts)
        mass, budget = self.counted.mass(samples), self.counted.budget(samples)
        return self.total(self.counted.risks(samples, mass, budget), budget)

    def value(self, counts: Sequence[float] | Array) -> float:
        """The goal at one setting."""
        return float(self.values(np.asarray(counts, dtype=float)[None])[0])

    def slope(self, counts: Array) -> tuple[float, Array]:
        """The goal and (counts,) its derivatives by the logarithm of each count."""
        samples = self.settings(counts[None])
        moments = self.counted.moments(samples[0])
        parts = self.parts(moments, samples[0])
        mass, budget = self.counted.mass(samples)[0], self.counted.budget(samples)[0]
        row, weight = self.counted.flows.row, self.counted.flows.weight
        return parts.value, parts.along(samples[0] * weight / mass[row], samples[0] / budget[row])[self.free]

    def parts(self, moments: Settled | Followed, samples: Array) -> Parts:
        """How the goal answers to counts and to the sums over training sets, these let loose.

        Parameters
        ----------
        moments
            At `samples`, and at sums that may be others.
        samples : (flows,)
        """
        flows, trained = moments.flows, len(self.coefficient)
        start = self.counted.start(self.counted.budget(samples[None]))[0]
        inflation = self.coefficient * moments.risk[:trained] / start
        total = float(inflation.sum())
        found = moments.slopes(self.coefficient / start)
        carried, innovation = 2 * found.carried * flows.share, found.innovation[flows.row]
        fresh, again = flows.share**2 / samples, flows.share**2 / flows.archive_size
        twice = carried + 2 * innovation * (fresh - again)
        begun = np.where(self.is_by_default, found.start[:trained] / flows.budget, 0)
        return Parts(
            value=float(np.log(total)),
            count=(carried + innovation * (fresh - 2 * again)) / total,
            mass=np.asarray(twice @ self.counted.into) / total,
            budget=begun / total,
            own=np.where(self.is_by_default, inflation, 0) / total,
            row=flows.row,
            own_share=samples / self.counted.budget(samples[None])[0][flows.row],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A goal and its derivatives by logarithms of what it rests on, each taken for free.

    Attributes
    ----------
    value
        The goal.
    count : (flows,)
        By each count; 0 or more.
    mass, budget : (trained,)
        By one over the weighted samples of a training set, and over those of generation 0.
    own : (trained,)
        By the samples of generation 0 that the model's own inflation is over.
    row : (flows,)
        Who learns.
    own_share : (flows,)
        Share of the learner's plain samples.
    """

    value: float
    count: Array
    mass: Array
    budget: Array
    own: Array
    row: Index
    own_share: Array

    def along(self, of_mass: Array, of_budget: Array) -> Array:
        """(flows,) by each count, where the logarithms of the sums follow it with these slopes."""
        followed = of_mass * self.mass[self.row] + of_budget * self.budget[self.row]
        return np.asarray(self.count - followed + self.own_share * self.own[self.row])
