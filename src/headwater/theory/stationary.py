"""The stationary law of a component's backward walk, and how fast an ungrounded one grows."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph, linalg

from headwater.graph import InteractionGraph
from headwater.theory.system import Array, System, summed

DIRECT_UP_TO = 20_000


def stationary(block: sparse.csr_array) -> Array:
    r"""(members,) left eigenvector :math:`\pi W = \pi` of an irreducible block, rows scaled to 1.

    Direct for components of up to `DIRECT_UP_TO` models, else by the averaged power iteration
    (so that periodic components converge too).
    """
    size = block.shape[0]
    total = np.asarray(block.sum(axis=1)).ravel()
    if size == 1:
        return np.ones(1)
    chain = sparse.csr_array(sparse.diags_array(1 / total) @ block)
    if size <= DIRECT_UP_TO:
        equations = (sparse.eye_array(size) - chain.T).tolil()
        equations[0] = np.ones((1, size))
        return np.asarray(linalg.spsolve(equations.tocsc(), np.eye(1, size).ravel()))
    law = np.full(size, 1 / size)
    for _ in range(10_000):
        after = (law + chain.T @ law) / 2
        if np.abs(after - law).sum() < 1e-12:
            break
        law = after
    return law


def real_sample_value(graph: InteractionGraph, members: np.ndarray) -> Array | None:
    r"""(members,) what one real sample buys at each model of an ungrounded component.

    The first-order fall of the leading eigenvalue, :math:`\pi_k / \sum_j n_{kj}\omega_{kj}`. None where
    a count in the component is unknown.
    """
    place = np.full(len(graph.model_names), -1)
    place[members] = np.arange(len(members))
    flows = np.flatnonzero(place[graph.learner] >= 0)
    mass = graph.samples[flows] * graph.weight[flows]
    if np.isnan(mass).any():
        return None
    row = place[graph.learner[flows]]
    total = summed(row, mass, len(members))
    ends = (row, place[graph.provider[flows]])
    block = sparse.csr_array((mass / total[row], ends), shape=(len(members), len(members)))
    return stationary(block) / total


def period(block: sparse.csr_array) -> int:
    """Greatest common divisor of the cycle lengths of an irreducible block; 1 if aperiodic."""
    order, before = csgraph.breadth_first_order(block, 0)
    level = np.zeros(block.shape[0], dtype=np.int64)
    for member in order[1:]:
        level[member] = level[before[member]] + 1
    edges = block.tocoo()
    return int(np.gcd.reduce(np.abs(level[edges.row] + 1 - level[edges.col])))


def linear_growth(system: System, members: np.ndarray) -> float:
    r"""Risk that every model of an ungrounded component gains a generation, in the long run.

    :math:`p \sum_j \pi_j^2 D_j`, with D the innovations at constant variance, :math:`\pi` the stationary law
    of the backward walk and p its period (averaged over a period). In units of the variance; for
    laws without curvature under replace.

    Parameters
    ----------
    members : (members,) int
        Positions of the component's models among ``system.trained``.
    """
    block = sparse.csr_array(system.share[members][:, members])
    innovation = np.asarray(system.noise[members].sum(axis=1)).ravel() + system.source_noise[members]
    return period(block) * float(stationary(block) ** 2 @ innovation)
