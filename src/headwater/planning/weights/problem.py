r"""Shares to choose, the inflation they lead to, and its exact slopes.

A model's shares lie on a simplex; inside it they are followed as logits,
:math:`w_{ij} = e^{z_{ij}} / \sum_k e^{z_{ik}}`. What is made small is a smooth maximum of
inflations,

.. math:: \frac1p \log \sum_i \lambda_i\, (G_{ii} / G_{ii}(0))^p ,

at :math:`p = 1` with equal multipliers the logarithm of their sum. Slopes by share come from the
adjoint of the second moments' own equation (`headwater.theory.derivatives`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from headwater.errors import NoSteadyState
from headwater.theory.derivatives import Moments, followed, settled
from headwater.theory.flows import Flows
from headwater.theory.system import Array, Flag, summed

LEAST_SHARE = 1e-12
"""Of a flow that is best left out: the file's weights are above zero."""

BEYOND = 1e6
"""Logarithm of an inflation that stands for none at all."""


@dataclass(frozen=True, eq=False)
class Merit:
    r"""How inflations become one number: sharpness p and logarithms of the multipliers.

    Attributes
    ----------
    sharpness
        1 for a sum; the larger, the closer to the largest.
    offset : (trained,)
        :math:`\log \lambda_i`; minus infinity for a model that does not count.
    """

    sharpness: float
    offset: Array

    def value(self, inflation: Array) -> tuple[float, Array]:
        """The number, and how much of it each model is: (trained,), of sum 1."""
        level = self.sharpness * np.log(inflation) + self.offset
        top = level.max()
        part = np.exp(level - top)
        total = part.sum()
        return float((top + np.log(total)) / self.sharpness), part / total


@dataclass(frozen=True, eq=False)
class Problem:
    """Flows whose shares may change, and models whose inflation counts.

    Attributes
    ----------
    flows
        Of models and all of their ancestors.
    horizon
        Generations; None: the limit.
    free : (trained,)
        Models whose shares may change.
    judged : (trained,)
        Models whose inflation counts.
    """

    flows: Flows
    horizon: int | None
    free: Flag
    judged: Flag

    def at(self, share: Array, free: Flag, judged: Flag) -> Problem:
        """The same with those shares given, and other models free and judged."""
        return replace(self, flows=self.with_shares(share), free=free, judged=judged)

    def with_weights(self, weight: Array) -> Problem:
        """The same with those loss weights given."""
        return replace(self, flows=self.flows.with_weights(weight))

    @property
    def trained(self) -> int:
        """How many models are trained."""
        return len(self.flows.system.trained)

    @cached_property
    def moving(self) -> Flag:
        """(flows,) whether the share may change."""
        return np.asarray(self.free[self.flows.row])

    @cached_property
    def start(self) -> Array:
        """(trained,) risk at generation 0, which no weight changes."""
        return self.flows.start_risk[: self.trained]

    @cached_property
    def evaluation_work(self) -> float:
        """Multiplications of one value with its slopes, roughly."""
        nodes = self.flows.system.nodes
        if self.horizon is None:
            return 50.0 * self.trained**3
        return 10.0 * self.horizon * nodes * (len(self.flows.row) + nodes)

    def total(self, values: Array) -> Array:
        """(flows,) sum of one value a flow over the flow's learner."""
        return summed(self.flows.row, values, self.trained)[self.flows.row]

    @cached_property
    def given(self) -> Array:
        """(flows,) shares as they are."""
        return self.flows.share

    @cached_property
    def inflation_given(self) -> Array:
        """(trained,) at the shares as they are."""
        return self.inflation(self.given)

    @cached_property
    def equal(self) -> Array:
        """(flows,) shares at equal weights wherever they may change."""
        return self.where_free(self.flows.samples / self.total(self.flows.samples))

    def where_free(self, share: Array) -> Array:
        """Those shares where they may change, the given ones elsewhere."""
        return np.where(self.moving, share, self.given)

    def floored(self, share: Array) -> Array:
        """Shares of sum 1, none below the least."""
        raised = np.maximum(share, LEAST_SHARE)
        return self.where_free(raised / self.total(raised))

    def with_shares(self, share: Array) -> Flows:
        """The flows with weights that make these shares."""
        return self.flows.with_weights(share / self.flows.samples)

    def moments(self, share: Array) -> Moments:
        """Second moments at the time that counts.

        Raises
        ------
        NoSteadyState
            If there is no limit.
        """
        flows = self.with_shares(share)
        return settled(flows) if self.horizon is None else followed(flows, self.horizon)

    def inflation(self, share: Array) -> Array:
        """(trained,) risk over that at generation 0; infinite everywhere if some has no limit."""
        try:
            found = self.moments(share).risk[: self.trained] / self.start
        except NoSteadyState:
            return np.full(self.trained, np.inf)
        return np.where(np.isfinite(found) & (found > 0), found, np.inf)

    def slopes(self, share: Array, merit: Merit) -> tuple[float, Array, Array]:
        """The merit, its derivative by share (0 where fixed; rows not held to sum 1), and inflations."""
        nothing = (BEYOND, np.zeros(len(share)), np.full(self.trained, np.inf))
        try:
            moments = self.moments(share)
        except NoSteadyState:
            return nothing
        risk = moments.risk[: self.trained]
        if not (np.isfinite(risk) & (risk > 0)).all():
            return nothing
        value, part = merit.value(risk / self.start)
        slope = moments.slopes(part / risk).by_share()
        return value, np.where(self.moving, slope, 0.0), risk / self.start

    def by_logits(self, logit: Array, merit: Merit) -> tuple[float, Array, Array]:
        """The same by the logits of the moving flows."""
        share = self.from_logits(logit)
        value, slope, inflation = self.slopes(share, merit)
        return value, (share * (slope - self.total(slope * share)))[self.moving], inflation

    def from_logits(self, logit: Array) -> Array:
        """(flows,) shares of logits of the moving flows, (moving,)."""
        every = np.zeros(len(self.given))
        every[self.moving] = logit
        top = np.full(self.trained, -np.inf)
        np.maximum.at(top, self.flows.row, every)
        part = np.exp(every - top[self.flows.row])
        return self.where_free(part / self.total(part))
