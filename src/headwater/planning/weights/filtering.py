"""Weights of a filter: every model weighs what it hears as best serves itself, given what others know.

In a lone loop that is the optimum. In a graph a model's weights also decide how alike its error
is to those of its learners' other providers, so that it is a good start and no more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headwater.planning.weights.problem import Problem
from headwater.theory.recursion import times
from headwater.theory.system import Array, summed

GENERATIONS = 12
"""Generations that the filter is run for; fewer where the horizon is nearer."""

STIFFENING = 1e-12
"""Of the mean variance: copies of one archive carry the same error, and any split of them is as good."""


def filtered(problem: Problem) -> Array:
    """(flows,) shares that the filter comes to."""
    share, state = problem.given, problem.flows.start.copy()
    horizon = GENERATIONS if problem.horizon is None else min(GENERATIONS, problem.horizon)
    groups = _by_degree(problem)
    for _ in range(horizon):
        share = share.copy()
        for flows in groups:
            share[flows] = _least_variance(_variance(problem, state, flows))
        share = problem.floored(share)
        state = _step(problem, share, state)
    return share


def _by_degree(problem: Problem) -> list[NDArray[np.intp]]:
    """Flows of free models, (models, degree) for each number of flows into a model."""
    order = np.argsort(problem.flows.row, kind="stable")
    degree = np.bincount(problem.flows.row, minlength=problem.trained)
    first = np.cumsum(degree) - degree
    groups = []
    for size in np.unique(degree[problem.free]):
        rows = np.flatnonzero(problem.free & (degree == size))
        groups.append(order[first[rows][:, None] + np.arange(size)])
    return groups


def _variance(problem: Problem, state: Array, flows: NDArray[np.intp]) -> Array:
    """(models, degree, degree) second moments of what the flows into each model bring."""
    parts = problem.flows
    node = parts.node[flows]
    known = node >= 0
    # fresh samples carry no error but their own
    carried = state[node[:, :, None], node[:, None, :]] * (known[:, :, None] & known[:, None, :])
    drawn = 1 / parts.samples[flows] - 1 / parts.archive_size[flows]
    at = np.arange(flows.shape[1])
    carried[:, at, at] += drawn
    carried[:, at, at] += STIFFENING * np.trace(carried, axis1=1, axis2=2)[:, None]
    return carried


def _least_variance(variance: Array) -> Array:
    """(models, degree) shares of least variance; row by row where some flows are left out."""
    models, degree = variance.shape[:2]
    share = np.linalg.solve(variance, np.ones((models, degree, 1)))[:, :, 0]
    for row in np.flatnonzero((share <= 0).any(axis=1)):
        kept = np.arange(degree)
        while (share[row][kept] <= 0).any():
            kept = kept[share[row][kept] > 0]
            share[row] = 0
            share[row][kept] = np.linalg.solve(variance[row][np.ix_(kept, kept)], np.ones(len(kept)))
    return np.asarray(share / share.sum(axis=1, keepdims=True))


def _step(problem: Problem, share: Array, state: Array) -> Array:
    """Second moments of all nodes one generation on."""
    flows, trained = problem.with_shares(share), problem.trained
    image = times(flows.matrix, state)
    after = state.copy()
    after[:trained, :trained] = times(flows.matrix, np.ascontiguousarray(image.T))
    after[:trained, trained:] = image[:, trained:]
    after[trained:, :trained] = image[:, trained:].T
    drawn = share**2 * (1 / flows.samples - 1 / flows.archive_size)
    at = np.arange(trained)
    after[at, at] += summed(flows.row, drawn, trained)
    return after
