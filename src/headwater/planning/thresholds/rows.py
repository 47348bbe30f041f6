r"""Inflation of a few models, or of all, by the rows of the powers of the shares; under replace.

Risk of model j is :math:`\sum_s \sum_i (W^s)_{ji}^2 D_i` and what persistent nodes add, so that a few
models cost a few vectors a step. After some steps only slow directions are left in
:math:`W^k \approx U B^\top`, found by a few random vectors; what those add in
all further steps is a Lyapunov equation of their number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from headwater.theory.flows import Flows
from headwater.theory.solving import factorised
from headwater.theory.system import Array, Flag, summed

Numbers = NDArray[np.signedinteger[Any]]
"""Of models."""

RANK = 16
"""Slow directions that are followed apart."""

MOST_STEPS = 1024
"""Steps after which there must be no more directions than that."""

LEFT = 1e-11
"""What may be left of a power beside them."""

BLOCK = 64
SEED = 20_260_521


@dataclass(frozen=True, eq=False)
class Slow:
    r"""What is left of a power of the shares after some `steps`: :math:`U B^\top`, and H."""

    steps: int
    left: Array
    right: Array
    gathered: Array


@dataclass(frozen=True, eq=False)
class Rows:
    """Risks of the flows' models at a horizon and in the limit, row by row.

    Parameters
    ----------
    flows
        Samples may be 0.
    ungrounded : (models,) bool
        Of the system's models: those without a limit.
    horizon
        Generations.
    guess
        Steps after which only slow directions may be left, to try first.
    """

    flows: Flows
    ungrounded: Flag
    horizon: int
    guess: int = 16

    @property
    def trained(self) -> int:
        """How many models are trained."""
        return len(self.flows.system.trained)

    @cached_property
    def _innovation(self) -> Array:
        """(trained,) D."""
        flows = self.flows
        rate = flows.share * flows.weight / flows.mass[flows.row] - flows.share**2 / flows.archive_size
        return summed(flows.row, rate, self.trained)

    @cached_property
    def _inner(self) -> sparse.csr_array:
        """(trained, trained) transposed shares between trained models."""
        return sparse.csr_array(self.flows.matrix[:, : self.trained].T)

    @cached_property
    def _outward(self) -> sparse.csr_array:
        """(persistent, trained) transposed shares of frozen models and archives."""
        return sparse.csr_array(self.flows.matrix[:, self.trained :].T)

    @cached_property
    def _settling(self) -> tuple[sparse.csr_array, Array]:
        """The same between grounded models alone, and their innovations."""
        keep = sparse.diags_array((~self.ungrounded[: self.trained]).astype(float))
        return sparse.csr_array(keep @ self._inner @ keep), self._innovation * keep.diagonal()

    @cached_property
    def slow(self) -> Slow | None:
        """None where there are too many slow directions."""
        inner, _ = self._settling
        steps = max(1, self.guess // 2)
        while steps <= MOST_STEPS:
            found = self._directions(inner, steps)
            if found is not None:
                return found
            steps *= 2
        return None

    def _directions(self, inner: sparse.csr_array, steps: int) -> Slow | None:
        forward = sparse.csr_array(inner.T)
        rng = np.random.default_rng(SEED)
        count = min(self.trained, RANK)
        tried = rng.standard_normal((self.trained, count + 4))
        tried[:, count:] = np.sign(tried[:, count:])
        for _ in range(steps):
            tried = forward @ tried
        left: Array = np.asarray(linalg.qr(tried[:, :count], mode="economic")[0], dtype=float)
        apart = tried[:, count:] - left @ (left.T @ tried[:, count:])
        if np.abs(apart).max(initial=0) > LEFT * np.sqrt(self.trained):
            return None
        right: Array = left
        gathered = np.zeros((count, count))
        for _ in range(steps):
            right = inner @ right
        power = right
        for _ in range(steps):
            gathered += (power.T * self._settling[1]) @ power
            power = inner @ power
        turned = right.T @ left
        return Slow(steps, np.asarray(left), np.asarray(right), _summed_powers(gathered, turned))

    def risks(self, models: Numbers) -> tuple[Array, Array]:
        """(models,) risk of those models at the horizon and in the limit; NaN where there is none."""
        found = [self._block(models[first : first + BLOCK]) for first in range(0, len(models), BLOCK)]
        return np.concatenate([each[0] for each in found]), np.concatenate([each[1] for each in found])

    def _block(self, models: Numbers) -> tuple[Array, Array]:
        frozen = models >= self.trained
        horizon = np.asarray(self._start_risk[models])
        limit = horizon.copy()
        rows = models[~frozen]
        if len(rows):
            horizon[~frozen], limit[~frozen] = self._trained(rows)
        return horizon, limit

    @cached_property
    def _start_risk(self) -> Array:
        """(models,) at generation 0."""
        start, flows = self.flows.system.start, self.flows
        risk = start.risk(self.flows.system.archive_size)
        default = np.flatnonzero(flows.starts_by_default)
        risk[default] = 1 / flows.budget[default]
        return np.asarray(risk)

    def inflations(self, models: Numbers) -> tuple[Array, Array]:
        """The same over the risk at generation 0; infinite in the limit where nothing grounds a model."""
        horizon, limit = self.risks(models)
        started = self._start_risk[models]
        return horizon / started, np.where(self.ungrounded[models], np.inf, limit / started)

    def _trained(self, rows: Numbers) -> tuple[Array, Array]:
        slow, innovation = self.slow, self._innovation
        steps = 0 if slow is None else slow.steps
        vectors = np.zeros((self.trained, len(rows)))
        vectors[rows, np.arange(len(rows))] = 1
        gone = np.zeros((self._outward.shape[0], len(rows)))
        total, horizon, limit = np.zeros(len(rows)), np.full(len(rows), np.nan), np.full(len(rows), np.nan)
        for step in range(max(steps, self.horizon) + 1):
            if step == self.horizon:
                horizon = total + self._persistent(vectors, gone)
            if step == steps and slow is not None:
                along = slow.left[rows]
                rest = np.einsum("ir,rs,is->i", along, slow.gathered, along)
                limit = total + rest + self._for_ever(rows)
            if step == max(steps, self.horizon):
                break
            total += innovation @ vectors**2
            gone = gone + self._outward @ vectors
            vectors = self._inner @ vectors
        return horizon, limit

    def _persistent(self, vectors: Array, gone: Array) -> Array:
        """What generation 0 adds: to models on the way, and to what walks have ended in."""
        system = self.flows.system
        start, models = system.start, len(system.models)
        whole = np.concatenate([vectors, gone])
        noise = start.noise.copy()
        default = np.flatnonzero(self.flows.starts_by_default)
        noise[default] = 1 / self.flows.budget[default]
        archived = start.archive_share.T @ whole[:models] + whole[models:]
        return np.asarray(noise @ whole[:models] ** 2 + (1 / system.archive_size) @ archived**2)

    def _for_ever(self, rows: Numbers) -> Array:
        """What persistent nodes add in the limit."""
        ends = self._ends
        if ends is None:
            return np.zeros(len(rows))
        return self._persistent(np.zeros((self.trained, len(rows))), ends[rows].T)

    @cached_property
    def _ends(self) -> Array | None:
        """(trained, persistent) where the walks of grounded models end; None where nowhere."""
        if not self._outward.nnz:
            return None
        inner, _ = self._settling
        solve: Callable[[Array], Array] = factorised(
            sparse.csr_array(sparse.eye_array(self.trained) - inner.T)
        )
        return solve(self._outward.T.toarray())


def _summed_powers(first: Array, turned: Array) -> Array:
    """Sum of ``turned^k first turned'^k`` over k, by doubling."""
    total, power = first, turned
    for _ in range(60):
        added = power @ total @ power.T
        total = total + added
        power = power @ power
        if np.abs(power).max(initial=0) ** 2 < 1e-17:
            break
    return total
