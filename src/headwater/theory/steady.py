"""Where second moments settle: the discrete Lyapunov equation, coupled through its diagonal."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from headwater.errors import NoSteadyState
from headwater.theory.recursion import (
    Invariant,
    add_to_diagonal,
    column_blocks,
    conjugate,
    diagonal_of_conjugate,
    identity_columns,
    times,
)
from headwater.theory.solving import factorised
from headwater.theory.system import Array

SMALL = 1e-7
"""Powers of the transition below this are dropped; moments feel its square."""

MOST_STEPS = 10_000
"""Sparse products tried before the steps to settle are bounded instead."""

DEEPEST = 1e13
"""Depth above which rounding hides the loss of a step."""

MOST_LEVELS = 64
"""Squarings of the transition tried."""

DENSE_ADVANTAGE = 8.0
"""How many times faster a multiplication is in a dense product than in a sparse one."""

WORTH_SPLITTING = 128
"""Rows from which it is looked whether few directions are left in a power."""

FIRST_SPLITTING = 3
"""Squarings before that is looked for at all."""

DIRECTIONS = 24
"""So many, at most."""

LEFT_OUT = 1e-14
"""Largest entry of a power that may be left out."""

SPLITTING_SEED = 2011

RESPONSE_WORTH = 4.0
"""Sums by doubling that one response matrix replaces, as a rule."""


def steady_state(recursion: Invariant, settling: Settling | None = None) -> Array:
    r"""(models,) risk where the second moments settle, whatever their start.

    The fixed point of :math:`G = M G M^\top + \mathrm{diag}(q(G))`, persistent nodes held. Solves for
    the innovations q, as many unknowns as trained models, by GMRES on the affine map q -> q(G(q)).

    Parameters
    ----------
    settling
        Of a recursion with the same transition, to share the work that does not depend on the law.

    Raises
    ------
    NoSteadyState
        If errors are passed on without loss (an ungrounded component) or the solution is not a
        second moment: the recursion has no attracting fixed point.
    """
    trained = len(recursion.system.trained)
    if not trained:
        return recursion.read(recursion.start())
    solve = _solver(recursion, settling or Settling.of(recursion))
    zero, apart = np.zeros(trained), np.zeros(len(recursion.system.models))
    values = recursion.settled_innovation(zero, apart)

    def innovation(tried: Array) -> Array:
        return recursion.settled_innovation(*solve(tried))

    if recursion.feeds_back:
        alone = innovation(zero)
        feedback = linalg.LinearOperator(
            (trained, trained), matvec=lambda tried: tried - (innovation(tried) - alone), dtype=np.float64
        )
        values, failed = linalg.gmres(feedback, alone, x0=alone, rtol=1e-12, atol=0.0, restart=60, maxiter=20)
        if failed:
            raise NoSteadyState("the steady state did not converge", "read the trajectory instead")
    _, error = solve(values)
    if not (np.isfinite(error).all() and (error >= 0).all()):
        raise NoSteadyState("second moments settle nowhere", "read the growth of the components")
    return error


@dataclass(frozen=True)
class Settling:
    r"""Sums of the series of powers of the moving part A of a transition.

    By steps where few are needed; else by doubling [smith1968matrix]_, whose powers are kept.
    """

    matrix: sparse.csr_array
    steps: int

    @classmethod
    def of(cls, recursion: Invariant) -> Settling:
        """For the moving slots of `recursion`.

        Raises
        ------
        NoSteadyState
            If errors are passed on without loss.
        """
        moving = _moving(recursion)
        matrix = sparse.csr_array(recursion.transition[:moving, :moving])
        return cls(matrix, steps_to_settle(matrix))

    @cached_property
    def response(self) -> Array | None:
        r"""(moving, moving) :math:`\sum_k (A^k)_{ij}^2`: diagonal from diagonal; None if too many steps."""
        if self._sparse_work > RESPONSE_WORTH * self._doubling_work:
            return None
        size = self.matrix.shape[0]
        total = np.zeros((size, size))
        for columns in column_blocks(size):
            power = identity_columns(size, columns)
            squares, gathered = np.empty_like(power), np.zeros_like(power)
            for _ in range(self.steps):
                gathered += np.multiply(power, power, out=squares)
                power = self.matrix @ power
            total[:, columns] = gathered
        return total

    def sum(self, start: Array) -> Array:
        r""":math:`\sum_k A^k C A^{k\top}` for symmetric C."""
        if 2 * self._sparse_work <= self._doubling_work:
            total = start.copy()
            for _ in range(self.steps):
                total = conjugate(self.matrix, total)
                total += start
            return total
        total = start
        for power in self._powers:
            total = total + power @ total @ power.T
        return total if self._slow is None else self._slow.beyond(total)

    def adjoint_sum(self, start: Array) -> Array:
        r""":math:`\sum_k A^{k\top} C A^k` for symmetric C: the adjoint of `sum`."""
        if 2 * self._sparse_work <= self._doubling_work:
            backward = sparse.csr_array(self.matrix.T)
            total = start.copy()
            for _ in range(self.steps):
                total = conjugate(backward, total)
                total += start
            return total
        total = start
        for power in self._powers:
            total = total + power.T @ total @ power
        return total if self._slow is None else self._slow.adjoint.beyond(total)

    @property
    def _powers(self) -> list[Array]:
        """Powers to 1, 2, 4, ... of the matrix, as far as they are summed one by one."""
        return self._doubled[0]

    @property
    def _slow(self) -> _Slow | None:
        """The power after those, where only a few directions are left in it."""
        return self._doubled[1]

    @cached_property
    def _doubled(self) -> tuple[list[Array], _Slow | None]:
        powers: list[Array] = []
        power = self.matrix.toarray()
        while True:
            slow = _Slow.of(power) if len(powers) >= FIRST_SPLITTING else None
            if slow is not None:
                return powers, slow
            powers.append(power)
            # as many as it takes: the steps may have been extrapolated
            if float(power.sum(axis=1).max()) <= SMALL or len(powers) >= MOST_LEVELS:
                return powers, None
            power = power @ power

    @property
    def levels(self) -> int:
        """Squarings that a sum by doubling takes."""
        return max(1, math.ceil(math.log2(self.steps + 1)))

    @property
    def _sparse_work(self) -> float:
        """Of one product a step, in units of a dense multiplication."""
        return float(self.steps) * (self.matrix.nnz * DENSE_ADVANTAGE + 4 * self.matrix.shape[0])

    @property
    def _doubling_work(self) -> float:
        """Of one sum by doubling, likewise, the powers included."""
        return 3.0 * self.levels * self.matrix.shape[0] ** 2


@dataclass(frozen=True, eq=False)
class _Slow:
    r"""A power of a matrix, :math:`P = U V` with few columns: what is left when all else has died out.

    A random sample of its range, orthonormal, holds it to `LEFT_OUT` [halko2011finding]_.
    """

    left: Array
    right: Array

    @classmethod
    def of(cls, power: Array) -> _Slow | None:
        """None where the matrix is small or has more directions."""
        size = len(power)
        if size < WORTH_SPLITTING:
            return None
        probes = np.random.default_rng(SPLITTING_SEED).standard_normal((size, DIRECTIONS))
        basis = np.linalg.qr(power @ probes)[0]
        right = basis.T @ power
        if float(np.abs(power - basis @ right).max()) > LEFT_OUT:
            return None
        return cls(basis, right)

    @property
    def adjoint(self) -> _Slow:
        """Of the transpose."""
        return _Slow(self.right.T, self.left.T)

    def beyond(self, total: Array) -> Array:
        r""":math:`\sum_m P^m C P^{m\top}`, by doubling in the few directions."""
        turn, inside = self.right @ self.left, self.right @ total @ self.right.T
        for _ in range(MOST_LEVELS):
            inside = inside + turn @ inside @ turn.T
            turn = turn @ turn
            if float(np.abs(turn).max()) < SMALL:
                break
        return np.asarray(total + self.left @ inside @ self.left.T)


def steps_to_settle(matrix: sparse.csr_array) -> int:
    """Smallest number of steps after which a nonnegative matrix keeps less than `SMALL` of anything.

    Raises
    ------
    NoSteadyState
        If it loses nothing.
    """
    left: Array = np.ones(matrix.shape[0])
    for step in range(1, MOST_STEPS + 1):
        left = matrix @ left
        if left.max(initial=0) < SMALL:
            return step
    # With x = (I - A)^-1 1 of largest entry D, A x = x - 1 <= (1 - 1/D) x, and so for every power.
    depth = factorised(sparse.csr_array(sparse.eye_array(len(left)) - matrix))(np.ones(len(left)))
    if not (depth > 0).all() or depth.max() > DEEPEST:
        raise NoSteadyState(
            "errors are passed on without a loss that can be told from none", "ground the graph"
        )
    return math.ceil(math.log(depth.max() / SMALL) / -math.log1p(-1 / depth.max()))


def _moving(recursion: Invariant) -> int:
    """Slots before the persistent ones."""
    slots, system = recursion.transition.shape[0], recursion.system
    return slots - (len(system.frozen) + len(system.archives)) * (slots > len(system.trained))


def _solver(recursion: Invariant, settling: Settling) -> Callable[[Array], tuple[Array, Array]]:
    """A function from innovations to (what the transition carries, risks), both diagonals."""
    transition, trained = recursion.transition, len(recursion.system.trained)
    moving = settling.matrix.shape[0]
    held = recursion.settled_start()
    persistent = held[moving:, moving:]
    crossed, constant = _held(settling.matrix, transition, persistent)
    newest = sparse.csr_array(transition[:trained])
    # With one batch a slot is a model, so diagonals are all that is needed.
    response = settling.response if moving == trained else None
    if response is not None:
        risk = np.diagonal(held)[: len(recursion.system.models)].copy()
        fixed = np.diagonal(settling.sum(constant)) if constant.any() else np.zeros(trained)

        def respond(innovation: Array) -> tuple[Array, Array]:
            risk[:trained] = response @ innovation + fixed
            return risk[:trained] - innovation, risk.copy()

        return respond

    def solve(innovation: Array) -> tuple[Array, Array]:
        added = constant.copy()
        add_to_diagonal(added, innovation)
        whole = np.block([[settling.sum(added), crossed], [crossed.T, persistent]])
        return diagonal_of_conjugate(newest, whole), diagonal_of_conjugate(recursion.readout, whole)

    return solve


def _held(between: sparse.csr_array, transition: sparse.csr_array, persistent: Array) -> tuple[Array, Array]:
    """Moments of moving with persistent slots, and what persistent slots put into moving ones."""
    moving = between.shape[0]
    inflow = sparse.csr_array(transition[:moving, moving:])
    if not inflow.nnz:
        return np.zeros((moving, persistent.shape[0])), np.zeros((moving, moving))
    crossed = factorised(sparse.csr_array(sparse.eye_array(moving) - between))(inflow @ persistent)
    mixed = times(between, crossed) @ inflow.T
    return crossed, mixed + mixed.T + inflow @ (inflow @ persistent).T
