"""The condition: which models' training data go back to reality, and which loops break it.

It needs the graph alone, no counts: one pass for strong components and one search forward,
linear in models and flows. How fast risk grows is in `headwater.theory`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from headwater.graph import InteractionGraph

Flag = NDArray[np.bool_]
Index = NDArray[np.int32]
Status = Literal["grounded", "anchored", "ungrounded"]

STATUSES: tuple[Status, ...] = ("grounded", "anchored", "ungrounded")


@dataclass(frozen=True, eq=False)
class Grounding:
    """What `ground` found.

    Attributes
    ----------
    graph
        The graph it was found in.
    status : (models,) int8
        Position in `STATUSES`.
    component : (models,) int32
        Number of each model's strong component.
    ungrounded : (components,) int32
        Numbers of the components that no edge enters from outside.
    """

    graph: InteractionGraph
    status: NDArray[np.int8]
    component: Index
    ungrounded: Index

    def of(self, model: str) -> Status:
        """Status of one model by name."""
        return STATUSES[int(self.status[self.graph.index_of(model)])]

    @property
    def is_ungrounded(self) -> Flag:
        """(models,) bool: in, or reachable from, an ungrounded component."""
        return np.asarray(self.status == STATUSES.index("ungrounded"))

    @cached_property
    def _members(self) -> tuple[Index, Index]:
        """Models ordered by component, and where each component starts."""
        order = np.argsort(self.component, kind="stable").astype(np.int32)
        starts = np.searchsorted(self.component[order], np.arange(self.component.max(initial=-1) + 2))
        return order, starts.astype(np.int32)

    def members(self, component: int) -> Index:
        """Models of one component, in the graph's order."""
        order, starts = self._members
        return order[starts[component] : starts[component + 1]]

    def causes(self) -> Iterator[tuple[Index, Index]]:
        """Every ungrounded component, with every model it reaches (its own included).

        Lazy: each costs one search forward. In the order of the components' first models.
        """
        firsts = sorted(self.ungrounded, key=lambda component: int(self.members(component)[0]))
        forward = _forward(self.graph)
        for component in firsts:
            members = self.members(component)
            # One member reaches the others, and all that they reach.
            reached = csgraph.breadth_first_order(forward, members[0], return_predecessors=False)
            yield members, np.sort(reached).astype(np.int32)

    def loops(self) -> Iterator[Index]:
        """Every component that feeds on itself, grounded or not: two models or more, or a self-loop."""
        sizes = np.bincount(self.component, minlength=1)
        itself = self.graph.learner[self.graph.provider == self.graph.learner]
        cyclic = np.union1d(np.flatnonzero(sizes > 1), self.component[itself])
        for component in sorted(cyclic, key=lambda component: int(self.members(component)[0])):
            yield self.members(int(component))


def ground(graph: InteractionGraph) -> Grounding:
    """Decide for every model whether its backward walks end in real data.

    A strong component of trained models that no edge enters from outside (from no source, no
    frozen model, no other component) is ungrounded. A model in or reachable from one is
    ungrounded: under `Replace` its error never settles. Otherwise it is anchored if a frozen
    model is among its ancestors, and grounded if not. A frozen model is anchored in itself.

    Notes
    -----
    Equivalent to: the spectral radius of the shares among the model and its trained ancestors
    is 1; the backward random walk along the shares is not absorbed. Linear in models and flows
    [tarjan1972depth]_.

    Examples
    --------
    >>> flows = [("a", "b"), ("b", "a"), ("b", "c"), ("web", "c")]
    >>> graph = InteractionGraph.from_flows(flows, sources=["web"])
    >>> ground(graph).of("c")
    'ungrounded'
    """
    models = len(graph.model_names)
    if models == 0:
        return Grounding(graph, np.zeros(0, np.int8), np.zeros(0, np.int32), np.zeros(0, np.int32))
    forward = _forward(graph)
    _, component = csgraph.connected_components(forward, directed=True, connection="strong")
    component = component.astype(np.int32)
    entered = np.zeros(component.max() + 1, dtype=bool)
    from_source = graph.provider >= models
    entered[component[graph.learner[from_source]]] = True
    provider, learner = graph.provider[~from_source], graph.learner[~from_source]
    crossing = component[provider] != component[learner]
    entered[component[learner[crossing]]] = True
    entered[component[graph.frozen]] = True
    ungrounded = np.flatnonzero(~entered).astype(np.int32)

    status = np.zeros(models, dtype=np.int8)
    status[_search(forward, np.flatnonzero(graph.frozen))] = STATUSES.index("anchored")
    status[_search(forward, np.flatnonzero(~entered[component]))] = STATUSES.index("ungrounded")
    return Grounding(graph, status, component, ungrounded)


def reachable(graph: InteractionGraph, starts: NDArray[np.integer]) -> Flag:
    """(models,) bool: the models that some walk along flows reaches from `starts`, these included."""
    return _search(_forward(graph), starts)


def ancestors(graph: InteractionGraph, ends: NDArray[np.integer]) -> Flag:
    """(models,) bool: the models from which some walk along flows reaches `ends`, these included."""
    return _search(_forward(graph).T.tocsr(), ends)


def _forward(graph: InteractionGraph) -> sparse.csr_array:
    """(models, models) adjacency, row gives to column."""
    models = len(graph.model_names)
    between = graph.provider < models
    ends = (graph.provider[between], graph.learner[between])
    return sparse.csr_array((np.ones(len(ends[0])), ends), shape=(models, models))


def _search(adjacency: sparse.csr_array, starts: NDArray[np.integer]) -> Flag:
    """Breadth-first search from many starts at once: from one extra node that leads to all of them."""
    models = adjacency.shape[0]
    found = np.zeros(models + 1, dtype=bool)
    if len(starts):
        indices = np.concatenate([adjacency.indices, np.asarray(starts, dtype=adjacency.indices.dtype)])
        indptr = np.append(adjacency.indptr, len(indices)).astype(adjacency.indptr.dtype)
        extended = sparse.csr_array((np.ones(len(indices)), indices, indptr), shape=(models + 1, models + 1))
        found[csgraph.breadth_first_order(extended, models, return_predecessors=False)] = True
    return found[:models]
