r"""How far a number of added samples is from the targets, and linear cuts that say what more it takes.

Under replace and the asymptotic law, with equal weights in every model that samples may be added to,
risks, inflations and identity by descent F are sums of products with nonnegative coefficients
of :math:`y_i = 1/M_i`, :math:`M_i` the weighted samples of model i: the shares are
:math:`n_{ij} \omega_{ij} y_i`, an innovation and what an archive adds to it :math:`y_i`, and what F takes
from an innovation is less than what its own carrying adds. So each logarithm is convex in
:math:`v_i = \log M_i` [boyd2007tutorial]_, and its tangent is a bound that holds everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np

from headwater.errors import NoSteadyState
from headwater.planning.allocation.problem import Problem
from headwater.planning.outlook import CLOSE, horizon_of
from headwater.planning.targets import Target, When
from headwater.theory.derivatives import Moments, followed, inflation_slopes, settled
from headwater.theory.flows import Flows
from headwater.theory.system import Array
from headwater.theory.tail_slopes import tail_slopes

FORGIVEN = CLOSE / 2
"""Relative, by which a quantity may pass its bound: half of what a target forgives."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One target at one time; `log` is the logarithm of the most that its quantity may be.

    The quantities are inflation, one minus diversity, and one over the tail sample.
    """

    target: Target
    when: When
    log: float

    @classmethod
    def of(cls, target: Target, when: When) -> Bound:
        """As a target has it."""
        most = {
            "inflation": target.bound * (1 + FORGIVEN),
            "diversity": 1 - target.bound * (1 - FORGIVEN),
            "tail_sample": (1 + FORGIVEN) / target.bound,
        }[target.quantity]
        return cls(target, when, math.log(most))

    def loosened(self, by: float) -> Bound:
        """The same with the logarithm so much higher."""
        return replace(self, log=self.log + by)


@dataclass(frozen=True, eq=False)
class Cut:
    r"""A model that needs :math:`\sum_p a_p v_p \ge b`, v the logarithm of each pot's weighted samples."""

    slope: Array
    least: float


class Seen(Protocol):
    """The bounds where so many samples are added."""

    @property
    def excess(self) -> Array:
        """(bounds, models of the graph) logarithm of each quantity over its bound; -inf out of scope.

        Infinite where there is no limit.
        """
        ...

    def cut(self, row: int, model: int) -> Cut:
        """The tangent of one excess, by bound and number of the model."""
        ...


class Judge(Protocol):
    """Says how far from its bounds a problem is, wherever asked."""

    @property
    def problem(self) -> Problem:
        """What it judges."""
        ...

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """What is to hold."""
        ...

    @property
    def proves(self) -> bool:
        """Whether its cuts hold everywhere."""
        ...

    @property
    def needs_ground(self) -> bool:
        """Whether nothing that leaves a component ungrounded can do."""
        ...

    @property
    def zero(self) -> Array:
        """(pots,) weighted samples with nothing added."""
        ...

    @property
    def weight(self) -> Array:
        """(unknowns,) by which one sample of each adds to its pot."""
        ...

    def point(self, added: Array) -> Seen:
        """Where so many samples lead."""
        ...

    def judging(self, bounds: tuple[Bound, ...]) -> Judge:
        """The same of other bounds."""
        ...


def worst(seen: Seen) -> float:
    """The largest excess; -inf where nothing is judged."""
    return float(seen.excess.max(initial=-math.inf))


def met(seen: Seen) -> bool:
    """Whether every bound holds."""
    return worst(seen) <= 0


@dataclass(frozen=True, eq=False)
class Oracle:
    """Values and cuts by exact derivatives: replace, any regular estimator at large budgets.

    Attributes
    ----------
    flows
        Of the kept models; counts are put in.
    scale : (flows,)
        Times which the samples of a flow are taken.
    offset : (models,)
        Added to the logarithm of the inflation of each model of the system.
    """

    problem: Problem
    bounds: tuple[Bound, ...]
    flows: Flows
    scale: Array
    offset: Array

    @property
    def proves(self) -> bool:
        """See `Judge.proves`; of tail samples nothing is proved."""
        tails = any(bound.target.quantity == "tail_sample" for bound in self.bounds)
        return not tails and is_even(self.problem, self.flows)

    @property
    def needs_ground(self) -> bool:
        """See `Judge.needs_ground`."""
        return any(bound.when == "limit" for bound in self.bounds)

    @cached_property
    def zero(self) -> Array:
        """See `Judge.zero`."""
        return self.counted(np.zeros(self.problem.unknowns)).mass[self.problem.pots]

    @cached_property
    def weight(self) -> Array:
        """See `Judge.weight`."""
        at = self.problem.at
        return np.asarray(self.scale[at] * self.flows.weight[at])

    def counted(self, added: Array) -> Flows:
        """The flows with so many samples added."""
        return self.flows.with_samples(self.problem.samples(added) * self.scale)

    def point(self, added: Array) -> Point:
        """See `Judge.point`."""
        return Point(self, self.counted(added))

    def judging(self, bounds: tuple[Bound, ...]) -> Oracle:
        """See `Judge.judging`."""
        return replace(self, bounds=bounds)


@dataclass(frozen=True, eq=False)
class Point:
    """See `Seen`."""

    oracle: Oracle
    flows: Flows

    @cached_property
    def _moments(self) -> dict[tuple[When, float], Moments]:
        return {}

    @cached_property
    def _tails(self) -> dict[tuple[When, int], tuple[float, Array]]:
        return {}

    @property
    def _horizon(self) -> int:
        return horizon_of(self.oracle.problem.pipeline)

    def _found(self, bound: Bound) -> Moments:
        key = (bound.when, 0.0 if bound.target.is_upper else -1.0)
        if key not in self._moments:
            limit = key[0] == "limit"
            self._moments[key] = (
                settled(self.flows, key[1]) if limit else followed(self.flows, self._horizon, key[1])
            )
        return self._moments[key]

    def _tail(self, when: When, place: int) -> tuple[float, Array]:
        if (when, place) not in self._tails:
            horizon = None if when == "limit" else self._horizon
            self._tails[when, place] = tail_slopes(self.flows, place, horizon)
        return self._tails[when, place]

    @cached_property
    def excess(self) -> Array:
        """See `Seen.excess`."""
        oracle, system = self.oracle, self.flows.system
        rows = np.full((len(oracle.bounds), len(oracle.problem.scope.models)), -math.inf)
        inside = np.flatnonzero(oracle.problem.scope.models[system.models])
        for row, bound in zip(rows, oracle.bounds, strict=True):
            row[system.models[inside]] = self._logs(bound, inside) - bound.log
        return rows

    def _logs(self, bound: Bound, inside: np.ndarray) -> Array:
        """(inside,) logarithms of a bound's quantity."""
        if bound.when == "limit" and self._is_loose:
            return np.full(len(inside), math.inf)
        if bound.target.quantity == "tail_sample":
            values = np.array([self._tail(bound.when, int(place))[0] for place in inside])
            # a limit that is too much work is not judged
            return np.where(np.isnan(values), -math.inf, -np.log(np.maximum(values, 1e-300)))
        try:
            risk = self._found(bound).risk
        except NoSteadyState:
            return np.full(len(inside), math.inf)
        if not bound.target.is_upper:
            return np.asarray(np.log(risk[inside]))
        return np.asarray((np.log(risk / self.flows.start_risk) + self.oracle.offset)[inside])

    @cached_property
    def _is_loose(self) -> bool:
        """Whether a component has no real data."""
        problem = self.oracle.problem
        samples = self.flows.samples[problem.at]
        return any(not samples[unknowns].any() for unknowns in problem.ungrounded)

    def cut(self, row: int, model: int) -> Cut:
        """See `Seen.cut`."""
        oracle, flows = self.oracle, self.flows
        bound, problem = oracle.bounds[row], oracle.problem
        excess = float(self.excess[row, model])
        place = int(np.flatnonzero(flows.system.models == model)[0])
        if place >= len(flows.system.trained):
            return Cut(np.zeros(len(problem.pots)), excess)
        slopes = self._slopes(bound, place)
        mass = flows.mass[problem.pots]
        by_log = -slopes[problem.at] * mass[problem.pot] / flows.weight[problem.at]
        count = np.bincount(problem.pot, minlength=len(problem.pots))
        slope = np.maximum(np.bincount(problem.pot, by_log, len(problem.pots)) / count, 0.0)
        return Cut(slope, excess + float(slope @ np.log(mass)))

    def _slopes(self, bound: Bound, place: int) -> Array:
        """(flows,) derivative of a logarithm by samples."""
        flows = self.flows
        if bound.target.quantity == "tail_sample":
            value, slopes = self._tail(bound.when, place)
            return -slopes / value
        chosen = np.zeros(len(flows.system.trained))
        chosen[place] = 1.0
        found = self._found(bound)
        if bound.target.is_upper:
            return inflation_slopes(found, chosen) * float(flows.start_risk[place] / found.risk[place])
        return np.asarray(found.slopes(chosen).by_samples() / found.risk[place])


def oracle_of(problem: Problem, bounds: Sequence[Bound]) -> Oracle:
    r"""The true values; see `Oracle.proves` for where their cuts hold everywhere.

    Where every model starts on as many real samples as flow into it, risk and identity by descent
    only grow, for :math:`G(1) \ge G(0)` entry by entry and the recursion keeps the order: what
    holds in the limit then held before, and its horizon is left out.
    """
    flows = problem.flows
    grows = bool(flows.starts_by_default[: len(flows.system.trained)].all())
    limits = {bound.target for bound in bounds if bound.when == "limit"}
    wanted = tuple(
        bound
        for bound in bounds
        if bound.when == "limit"
        or bound.target not in limits
        or bound.target.quantity == "tail_sample"
        or not grows
    )
    return Oracle(problem, wanted, flows, np.ones(len(flows.row)), np.zeros(len(flows.system.models)))


def is_even(problem: Problem, flows: Flows) -> bool:
    """Whether every model that samples may be added to weighs all of its samples alike."""
    low = np.full(len(flows.system.trained), math.inf)
    high = np.zeros(len(flows.system.trained))
    np.minimum.at(low, flows.row, flows.weight)
    np.maximum.at(high, flows.row, flows.weight)
    return bool(np.allclose(low[problem.pots], high[problem.pots], rtol=1e-12, atol=0))


def relaxed(oracle: Oracle) -> Oracle | None:
    r"""An oracle whose cuts hold everywhere and which nowhere finds more; None where there is none.

    With :math:`\kappa_i` the least weight of an added sample or :math:`M_i/N_i`, if that is less, both the
    innovation and the risk at generation 0 are at least :math:`\kappa_i / M_i` whatever is added: these are
    those of a model whose samples all weigh :math:`\kappa_i` and are :math:`n_{ij}\omega_{ij}/\kappa_i`. What
    inflation is over is at most :math:`1/(\rho_i M_i)`, :math:`\rho_i` the least of
    :math:`N_i/M_i` and of one over the weight of an added sample.
    """
    bounds = tuple(bound for bound in oracle.bounds if bound.target.quantity != "tail_sample")
    if not bounds:
        return None
    oracle = replace(oracle, bounds=bounds)
    problem, flows = oracle.problem, oracle.flows
    if is_even(problem, flows):
        return oracle
    bare = oracle.counted(np.zeros(problem.unknowns))
    pots, of_added = problem.pots, flows.weight[problem.at]
    least, largest = np.full(len(pots), math.inf), np.zeros(len(pots))
    np.minimum.at(least, problem.pot, of_added)
    np.maximum.at(largest, problem.pot, of_added)
    even = bare.mass[pots] / bare.budget[pots]
    kappa = np.minimum(least, even)
    rho = np.minimum(1 / even, 1 / largest)
    weight, scale = flows.weight.copy(), oracle.scale.copy()
    place = np.full(len(flows.system.trained), -1)
    place[pots] = np.arange(len(pots))
    touched = place[flows.row] >= 0
    own = kappa[place[flows.row[touched]]]
    scale[touched] = weight[touched] / own
    weight[touched] = own
    offset = oracle.offset.copy()
    by_default = flows.starts_by_default[pots]
    offset[pots[by_default]] += np.log(kappa * rho)[by_default]
    present = (bare.samples > 0) & touched
    # identity by descent needs a sample or more of each flow to be convex
    if (
        any(not bound.target.is_upper for bound in oracle.bounds)
        and (bare.samples[present] * scale[present] < 1).any()
    ):
        return None
    return replace(oracle, flows=flows.with_weights(weight), scale=scale, offset=offset)
