"""Where second moments settle: the discrete Lyapunov equation, coupled through its diagonal."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from headwater.errors import NoSteadyState
from headwater.theory.recursion import (
    Invariant,
    State,
    conjugate,
    diagonal_of_conjugate,
    times,
)
from headwater.theory.system import Array

SMALL = 1e-9
"""Powers of the transition below this are dropped; moments feel its square."""

MOST_STEPS = 1_000_000
"""Sparse products tried before the steps to settle are extrapolated."""

DENSE_ADVANTAGE = 8.0
"""How many times faster a multiplication is in a dense product than in a sparse one."""


def steady_state(recursion: Invariant) -> Array:
    r"""(models,) risk where the second moments settle, whatever their start.

    The fixed point of :math:`G = M G M^\top + \mathrm{diag}(q(G))`, persistent nodes held. Sums the
    series of powers of M, one by one or by doubling [smith1968matrix]_, whichever is cheaper, and
    solves for the innovations q, as many unknowns as trained models.

    Raises
    ------
    NoSteadyState
        If errors are passed on without loss (an ungrounded component) or the solution is not a
        second moment: the recursion has no attracting fixed point.
    """
    if not len(recursion.system.trained):
        return recursion.read(recursion.start())
    solve = _solver(recursion)
    trained = len(recursion.system.trained)

    def innovation(values: Array) -> Array:
        carried, error = solve(values)
        return recursion.settled_innovation(carried, error)

    alone = innovation(np.zeros(trained))
    values = innovation(alone)
    if not np.allclose(values, alone, rtol=1e-14, atol=0):
        feedback = linalg.LinearOperator(
            (trained, trained), matvec=lambda q: q - (innovation(q) - alone), dtype=np.float64
        )
        values, failed = linalg.gmres(feedback, alone, x0=values, rtol=1e-13, atol=0.0, restart=60, maxiter=20)
        if failed:
            raise NoSteadyState("the steady state did not converge", "read the trajectory instead")
    _, error = solve(values)
    if not (np.isfinite(error).all() and (error >= 0).all()):
        raise NoSteadyState("second moments settle nowhere", "read the growth of the components")
    return error


def steps_to_settle(matrix: sparse.csr_array) -> int:
    """Smallest number of steps after which a nonnegative matrix keeps less than `SMALL` of anything.

    Raises
    ------
    NoSteadyState
        If it loses nothing.
    """
    left = np.ones(matrix.shape[0])
    check, before = 1000, 1.0
    for step in range(1, MOST_STEPS):
        left = matrix @ left
        largest = float(left.max(initial=0))
        if largest < SMALL:
            return step
        if step == check:
            if step >= 10_000:
                rate = (math.log(before) - math.log(largest)) / (step - step // 10)
                if rate <= 1e-14:
                    raise NoSteadyState("errors are passed on without loss", "ground the graph first")
                return step + math.ceil(math.log(largest / SMALL) / rate)
            before, check = largest, check * 10
    raise NoSteadyState("errors are passed on without loss", "ground the graph first")


def _solver(recursion: Invariant) -> Callable[[Array], tuple[Array, Array]]:
    """A function from innovations to (what the transition carries, risks), both diagonals."""
    transition = recursion.transition
    system = recursion.system
    moving = transition.shape[0] - (system.nodes - len(system.trained))
    moving = min(moving, transition.shape[0] - len(system.frozen))
    between = sparse.csr_array(transition[:moving, :moving])
    inflow = sparse.csr_array(transition[:moving, moving:])
    held = recursion.settled_start()
    persistent = held[moving:, moving:]
    crossed = np.zeros((moving, persistent.shape[0]))
    constant = np.zeros((moving, moving))
    if inflow.nnz:
        crossed = linalg.splu((sparse.eye_array(moving) - between).tocsc()).solve(inflow @ persistent)
        mixed = times(between, crossed) @ inflow.T
        constant = mixed + mixed.T + inflow @ (inflow @ persistent).T
    sum_series = _series(between)
    trained = len(system.trained)
    newest = sparse.csr_array(transition[:trained])

    def solve(innovation: Array) -> tuple[Array, Array]:
        added = constant.copy()
        added[np.arange(trained), np.arange(trained)] += innovation
        moments = sum_series(added)
        whole = np.block([[moments, crossed], [crossed.T, persistent]])
        return diagonal_of_conjugate(newest, whole), diagonal_of_conjugate(recursion.readout, whole)

    return solve


def _series(matrix: sparse.csr_array) -> Callable[[Array], Array]:
    r"""The map :math:`C \mapsto \sum_k A^k C A^{k\top}`, by steps or by doubling."""
    steps = steps_to_settle(matrix)
    levels = max(1, math.ceil(math.log2(steps + 1)))
    size = matrix.shape[0]
    if 2 * steps * matrix.nnz * DENSE_ADVANTAGE <= 3 * levels * size**2:

        def by_steps(start: Array) -> Array:
            total = start.copy()
            for _ in range(steps):
                total = conjugate(matrix, total)
                total += start
            return total

        return by_steps

    powers = [matrix.toarray()]
    for _ in range(levels - 1):
        powers.append(powers[-1] @ powers[-1])

    def by_doubling(start: Array) -> Array:
        total = start
        for power in powers:
            total = total + power @ total @ power.T
        return total

    return by_doubling


def settle(recursion: Invariant, generations: int) -> State:
    """The state after so many generations, for checking a steady state by its definition."""
    state = recursion.start()
    for _ in range(generations):
        state = recursion.step(state)
    return state
