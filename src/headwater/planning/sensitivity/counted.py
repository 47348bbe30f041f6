r"""Risks at many settings of the counts at once, also where the sums over a training set are let loose.

With :math:`y_i = 1/M_i` (M the weighted samples of a training set) and :math:`z_i = 1/N_i` (those of
generation 0) taken for free, every second moment is a sum of products of counts, y and z with
nonnegative exponents and factors: shares are :math:`n_{ij} \omega_{ij} y_i`, innovations
:math:`\sum_j n_{ij} \omega_{ij}^2 y_i^2`, and what an archive has in common with itself is paid out of
the difference. So its logarithm is convex in the logarithms, and rises in each: what bounds a box of
counts rests on that. Whether a bound is proved is in `bounding`; here are values only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np
from scipy import sparse

from headwater.graph import InteractionGraph
from headwater.theory.derivatives import Followed, Settled, followed, settled
from headwater.theory.flows import Flows
from headwater.theory.steady import Settling
from headwater.theory.system import Array, Flag, build

SMALL = 1e-14
"""Rows of a power of the transition that sum to less are dropped."""

MOST_LEVELS = 48
"""Squarings after which errors that are still passed on count as never lost."""

GROWN = 1e60
"""Rows of a power that sum to more grow without end."""

MOST_ENTRIES = 2_000_000
"""Of the matrices that are carried at once."""

WORTH_KEEPING = 16
"""Settings from which a table of risks is kept: models of one loop ask for the same."""

MOST_KEPT = 64
"""Tables kept."""

SQUARED_UP_TO = 200
"""Models up to which the limit is always summed by squaring."""

MANY = 10**6
"""Steps from which squaring is chosen."""

CALL = 1e7
"""Multiplications in the time that one call with derivatives takes beside its arithmetic."""


PLENTY = 1e15
"""Multiplications that nobody counts."""


@dataclass(slots=True)
class Effort:
    """Multiplications that may still be spent; who computes takes them off."""

    left: float


@dataclass(frozen=True, eq=False)
class Loosened(Flows):
    """Flows whose training sets sum to something else than their samples.

    Attributes
    ----------
    free_mass, free_budget : (trained,)
        Taken for the weighted and for the plain samples of each model.
    """

    free_mass: Array
    free_budget: Array

    @classmethod
    def like(cls, flows: Flows, samples: Array, mass: Array, budget: Array) -> Loosened:
        """The flows with these counts and sums."""
        same = {item.name: getattr(flows, item.name) for item in fields(Flows)}
        return cls(**same | {"samples": samples}, free_mass=mass, free_budget=budget)

    @cached_property
    def mass(self) -> Array:
        """(trained,) as given."""
        return self.free_mass

    @cached_property
    def budget(self) -> Array:
        """(trained,) as given."""
        return self.free_budget


@dataclass(frozen=True, eq=False)
class Counted:
    """Second moments of the models of a system as a function of the counts of its flows.

    Attributes
    ----------
    flows
        Of the system; counts that vary are read nowhere.
    generations
        The horizon; None: the limit.
    """

    flows: Flows
    generations: int | None
    effort: Effort = field(default_factory=lambda: Effort(PLENTY))
    _kept: dict[bytes, Array] = field(default_factory=dict)

    @classmethod
    def of(
        cls, graph: InteractionGraph, keep: Flag, generations: int | None, effort: Effort | None = None
    ) -> Counted:
        """For the models in `keep`, which holds every ancestor of its own."""
        return cls(Flows.of(build(graph, keep)), generations, effort or Effort(PLENTY))

    @cached_property
    def into(self) -> sparse.csr_array:
        """(flows, trained) 1 where a flow enters a model."""
        row = self.flows.row
        ends = (np.arange(len(row)), row)
        return sparse.csr_array((np.ones(len(row)), ends), shape=(len(row), len(self.flows.system.trained)))

    def mass(self, samples: Array) -> Array:
        """(settings, trained) weighted samples of each training set.

        Parameters
        ----------
        samples : (settings, flows)
        """
        return np.asarray((samples * self.flows.weight) @ self.into)

    def budget(self, samples: Array) -> Array:
        """(settings, trained) samples of each training set."""
        return np.asarray(samples @ self.into)

    def moments(self, samples: Array) -> Settled | Followed:
        """Moments at one setting, with derivatives.

        Raises
        ------
        NoSteadyState
            If there is no limit.
        """
        return self._at(self.flows.with_samples(samples))

    def loosened(self, samples: Array, mass: Array, budget: Array) -> Settled | Followed:
        """The same with other sums.

        Raises
        ------
        NoSteadyState
            If there is no limit.
        """
        return self._at(Loosened.like(self.flows, samples, mass, budget))

    def _at(self, flows: Flows) -> Settled | Followed:
        self.effort.left -= 4 * self.work + CALL
        if self.generations is not None:
            return followed(flows, self.generations)
        trained = len(flows.system.trained)
        if not 0 < trained <= SQUARED_UP_TO:
            return settled(flows)
        # counting the steps would cost more than the squarings that they are for
        return Settled(flows, 0.0, Settling(sparse.csr_array(flows.matrix[:, :trained]), MANY))

    def start(self, budget: Array) -> Array:
        """(settings, trained) risk at generation 0.

        Parameters
        ----------
        budget : (settings, trained)
        """
        trained = len(self.flows.system.trained)
        given = self.flows.start_risk[:trained]
        return np.where(self.flows.starts_by_default[:trained], 1 / budget, given)

    def risks(self, samples: Array, mass: Array, budget: Array) -> Array:
        """(settings, trained) risk of every trained model; infinite where there is no limit.

        Parameters
        ----------
        samples : (settings, flows)
        mass, budget : (settings, trained)
            The sums, which need not be those of `samples`.
        """
        if len(samples) < WORTH_KEEPING:
            return self._computed(samples, mass, budget)
        name = hashlib.blake2b(samples.tobytes() + mass.tobytes() + budget.tobytes()).digest()
        if name not in self._kept:
            if len(self._kept) >= MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[name] = self._computed(samples, mass, budget)
        return self._kept[name]

    def _computed(self, samples: Array, mass: Array, budget: Array) -> Array:
        """The same in pieces that fit into memory."""
        self.effort.left -= len(samples) * self.work
        every = max(1, MOST_ENTRIES // max(1, self.flows.system.nodes) ** 2)
        parts = [
            self._risks(samples[at : at + every], mass[at : at + every], budget[at : at + every])
            for at in range(0, len(samples), every)
        ]
        return np.concatenate(parts)

    @property
    def work(self) -> float:
        """Multiplications that one setting takes, about."""
        return 24.0 * self.flows.system.nodes**3 + 1e4

    def _risks(self, samples: Array, mass: Array, budget: Array) -> Array:
        flows, system = self.flows, self.flows.system
        nodes, trained = system.nodes, len(system.trained)
        share = samples * flows.weight / mass[:, flows.row]
        transition = np.zeros((len(samples), nodes, nodes))
        known = flows.node >= 0
        transition[:, flows.row[known], flows.node[known]] = share[:, known]
        held = np.arange(trained, nodes)
        transition[:, held, held] = 1.0
        first, innovation = np.arange(trained), np.zeros_like(transition)
        drawn = share**2 * (1 / samples - 1 / flows.archive_size)
        innovation[:, first, first] = np.asarray(drawn @ self.into)
        with np.errstate(over="ignore", invalid="ignore"):
            if self.generations is None:
                total, power = _in_the_limit(transition, innovation, trained)
            else:
                total, power = _after(transition, innovation, self.generations)
            reached = power[:, :trained]
            carried = np.einsum("bij,bij->bi", reached @ self._starts(budget), reached)
            answer = np.diagonal(total, axis1=1, axis2=2)[:, :trained] + carried
        return np.where(np.isnan(answer), np.inf, answer)

    def _starts(self, budget: Array) -> Array:
        """(settings, nodes, nodes) second moments at generation 0."""
        starts = np.repeat(self._start[None], len(budget), axis=0)
        default = np.flatnonzero(self.flows.starts_by_default)
        starts[:, default, default] = 1 / budget[:, default]
        return starts

    @cached_property
    def _start(self) -> Array:
        return self.flows.start


def _in_the_limit(transition: Array, innovation: Array, trained: int) -> tuple[Array, Array]:
    """Sum of the series, and what the transition tends to; infinite where it tends to nothing."""
    total, power = innovation, transition
    for _ in range(MOST_LEVELS):
        total = total + power @ total @ power.transpose(0, 2, 1)
        power = power @ power
        left = power[:, :trained, :trained].sum(axis=2).max(axis=1, initial=0.0)
        lost = ~(left < GROWN)
        if lost.any():
            # their powers would overflow, and keep the others from being found settled
            power[lost], total[lost], left[lost] = 0.0, np.inf, 0.0
        if (left < SMALL).all():
            return total, power
    total[~(left < SMALL)] = np.inf
    return total, power


def _after(transition: Array, innovation: Array, generations: int) -> tuple[Array, Array]:
    """Sum of so many terms of the series, and that power of the transition, by squaring."""
    total, power = innovation, transition
    for digit in bin(generations)[3:]:
        total = total + power @ total @ power.transpose(0, 2, 1)
        power = power @ power
        if digit == "1":
            total = innovation + transition @ total @ transition.transpose(0, 2, 1)
            power = transition @ power
    return total, power
