"""Where training data come from in the end: the walk backwards along shares.

It stops at sources and at frozen models. Both quantities need the shares, and so the counts
wherever a model has more than one provider.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from headwater.graph import InteractionGraph
from headwater.grounding import Grounding, ancestors, reachable
from headwater.theory.solving import factorised
from headwater.theory.system import Array, Flag, Index

DIRECT_UP_TO = 2000
"""Models up to which the equations are factorised at once: factors of a random graph fill up, as a cube.

Above that they are solved by iteration, and factorised only where that fails: in chains so long
that they need more steps than are tried, and these do not fill up.
"""

TABLE_UP_TO = 20_000_000
"""Entries (models times sources) up to which shares are split by source."""


@dataclass(frozen=True)
class Ancestry:
    """Real share and depth of every model; NaN where a count that matters is unknown.

    Attributes
    ----------
    real_share : (models,)
        Probability that the backward walk ends in real data. 0 for frozen models, at which the
        walk stops.
    depth : (models,)
        Expected number of models passed, the first one included; infinite where the walk may
        never end. A bias that every model adds each generation is amplified by it.
    by_source : (models, sources) or None
        `real_share` split by source; None for graphs too large for the table.
    """

    real_share: Array
    depth: Array
    by_source: Array | None


def ancestry(grounding: Grounding, split: bool = True) -> Ancestry:
    r"""Absorption of the backward walk: :math:`R = (I - W)^{-1} r` and :math:`(I - W)^{-1} 1`.

    Sparse factorisation for small graphs, stabilised bi-conjugate gradients for large ones, with
    a residual small enough that depth is right to about nine digits [kemeny1960finite]_.

    Parameters
    ----------
    split
        Whether to split by source, one more solution a source.
    """
    graph = grounding.graph
    models, sources = len(graph.model_names), len(graph.source_names)
    known = ~reachable(graph, np.flatnonzero(_unknown_rows(graph)))
    share = _shares(graph)
    ends = ~grounding.is_ungrounded & graph.trained
    solved = _Absorption(share[:, :models], ends & known)
    to_source = share[:, models:]
    from_any_source: Array = np.asarray(to_source.sum(axis=1), dtype=float)

    real = np.full(models, np.nan)
    depth = np.full(models, np.nan)
    table = np.full((models, sources), np.nan) if split and models * sources <= TABLE_UP_TO else None
    settled = np.flatnonzero(ends & known).astype(np.int32)
    depth[settled] = solved(np.ones(len(settled)))
    depth[grounding.is_ungrounded] = np.inf
    real[settled] = np.clip(solved(from_any_source[settled]), 0, 1)
    lost = np.flatnonzero(grounding.is_ungrounded & known).astype(np.int32)
    if len(lost):
        real[lost] = _leaking(share, graph, grounding, lost, from_any_source[:, None]).ravel()
    if table is not None:
        used = np.unique(to_source.indices)
        for first in range(0, len(used), 64):
            columns = used[first : first + 64]
            right = to_source[:, columns].toarray()
            table[np.ix_(settled, columns)] = np.clip(solved(right[settled]), 0, 1)
            if len(lost):
                table[np.ix_(lost, columns)] = _leaking(share, graph, grounding, lost, right)
        table[np.ix_(np.flatnonzero(known), np.setdiff1d(np.arange(sources), used))] = 0
        table[graph.frozen] = 0
    real[grounding.status == 0] = 1.0
    real[~reachable(graph, np.unique(graph.learner[graph.provider >= models]))] = 0.0
    real[graph.frozen], depth[graph.frozen] = 0.0, 0.0
    return Ancestry(real, depth, table)


class _Absorption:
    """Solves (I - W) x = b on a set of models whose walks all end."""

    def __init__(self, between: sparse.csr_array, inside: Flag) -> None:
        members = np.flatnonzero(inside)
        whole = len(members) == len(inside)
        block = between if whole else between[members][:, members]
        self.matrix = (sparse.eye_array(len(members)) - block).tocsr()

    @cached_property
    def factor(self) -> Callable[[Array], Array]:
        """Solves with the whole matrix."""
        return factorised(self.matrix)

    def __call__(self, right: Array) -> Array:
        if self.matrix.shape[0] == 0:
            return right
        if self.matrix.shape[0] <= DIRECT_UP_TO or "factor" in self.__dict__:
            return self.factor(right)
        if right.ndim == 2:
            return np.stack([self(column) for column in right.T], axis=1)
        return self._iterate(right)

    def _iterate(self, right: Array) -> Array:
        scale = self.matrix.diagonal()
        precondition = linalg.LinearOperator(
            self.matrix.shape, matvec=lambda vector: vector / scale, dtype=np.float64
        )
        answer, before = right / scale, np.inf
        while True:
            residual = right - self.matrix @ answer
            largest = float(np.abs(residual).max())
            enough = max(1e-10, 1e-10 * float(np.abs(right).max()), 1e-14 * float(np.abs(answer).max()))
            if largest <= enough:
                return np.asarray(answer)
            if not largest < before / 10:
                return self.factor(right)
            before = largest
            # A tolerance relative to `right` is met long before each entry is right: refine what is left.
            correction, _ = linalg.bicgstab(self.matrix, residual, rtol=1e-6, maxiter=2000, M=precondition)
            answer = answer + correction


def _leaking(
    share: sparse.csr_array, graph: InteractionGraph, grounding: Grounding, lost: Index, right: Array
) -> Array:
    """Absorption for ungrounded models: their walks may also be caught in a component for ever."""
    models = len(graph.model_names)
    caught = np.zeros(models, dtype=bool)
    caught[np.isin(grounding.component, grounding.ungrounded)] = True
    inside = np.zeros(models, dtype=bool)
    inside[lost] = True
    inside = (inside | ancestors(graph, lost)) & ~caught & graph.trained
    answer = np.zeros((models, right.shape[1]))
    members = np.flatnonzero(inside)
    answer[members] = _Absorption(share[:, :models], inside)(np.asarray(right, dtype=float)[members])
    return np.asarray(np.clip(answer[lost], 0, 1))


def _shares(graph: InteractionGraph) -> sparse.csr_array:
    """(models, models + sources) shares; a model with one provider has share 1 whatever the count."""
    single = np.bincount(graph.learner, minlength=len(graph.model_names)) == 1
    mass = np.where(single[graph.learner], 1.0, graph.samples * graph.weight)
    total = np.bincount(graph.learner, mass, minlength=len(graph.model_names))
    return graph.by_provider(np.nan_to_num(mass / total[graph.learner]))


def _unknown_rows(graph: InteractionGraph) -> Flag:
    """(models,) bool: several providers, and not every count known."""
    models = len(graph.model_names)
    unknown = np.bincount(graph.learner[np.isnan(graph.samples)], minlength=models) > 0
    return np.asarray(unknown & (np.bincount(graph.learner, minlength=models) > 1))


def deepest_chain(grounding: Grounding) -> list[Index]:
    """The longest chain of models in which each learns from the one before.

    Components count as one step each, whatever the loop inside; returns the components on the
    way, each as an array of models, sources' end first. External and frozen models may begin it.
    """
    graph, component = grounding.graph, grounding.component
    models = len(graph.model_names)
    between = graph.provider < models
    giver, taker = component[graph.provider[between]], component[graph.learner[between]]
    crossing = giver != taker
    giver, taker = giver[crossing], taker[crossing]
    count = int(component.max(initial=-1)) + 1
    if count == 0:
        return []
    level, origin = _levels(count, giver, taker)
    at = int(np.argmax(level))
    chain = [at]
    while origin[at] >= 0:
        at = int(origin[at])
        chain.append(at)
    return [grounding.members(step) for step in reversed(chain)]


def _levels(count: int, giver: Index, taker: Index) -> tuple[Index, Index]:
    """Longest-path level of each component and the giver it comes from, a layer at a time."""
    order = np.argsort(giver, kind="stable")
    giver, taker = giver[order], taker[order]
    starts = np.searchsorted(giver, np.arange(count + 1))
    waiting = np.bincount(taker, minlength=count)
    level = np.zeros(count, dtype=np.int32)
    origin = np.full(count, -1, dtype=np.int32)
    front = np.flatnonzero(waiting == 0)
    while len(front):
        lengths = starts[front + 1] - starts[front]
        edges = np.repeat(starts[front] - np.r_[0, np.cumsum(lengths)[:-1]], lengths) + np.arange(
            lengths.sum()
        )
        ends = taker[edges]
        origin[ends] = giver[edges]
        level[ends] = level[giver[edges]] + 1
        np.subtract.at(waiting, ends, 1)
        front = np.unique(ends[waiting[ends] == 0])
    return level, origin
