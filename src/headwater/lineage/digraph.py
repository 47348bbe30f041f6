"""Cycles and deepest chains of a directed graph whose nodes have names.

Strong components and distances are scipy's and the order is the standard library's; this
gives them in terms of the nodes. Used for the records as they stand and for the flows.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

Node = TypeVar("Node", bound=Hashable)


@dataclass(frozen=True)
class Digraph(Generic[Node]):
    """Nodes and edges ``(from, to)``; both in a stated order, so that answers have one too."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[Node, Node], ...]

    @classmethod
    def of(cls, edges: Iterable[tuple[Node, Node]], nodes: Iterable[Node] = ()) -> Digraph[Node]:
        """The graph of some edges, with `nodes` and the edges' ends as nodes."""
        kept = tuple(dict.fromkeys(edges))
        return cls(tuple(dict.fromkeys((*nodes, *(end for edge in kept for end in edge)))), kept)

    @cached_property
    def number(self) -> dict[Node, int]:
        """Position of each node."""
        return {node: at for at, node in enumerate(self.nodes)}

    @cached_property
    def _matrix(self) -> sparse.csr_array:
        rows = [self.number[start] for start, _ in self.edges]
        columns = [self.number[end] for _, end in self.edges]
        return sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(self.nodes),) * 2)

    @cached_property
    def component(self) -> NDArray[np.int32]:
        """(nodes,) number of each node's strong component."""
        if not self.nodes:
            return np.empty(0, dtype=np.int32)
        return np.asarray(csgraph.connected_components(self._matrix, connection="strong")[1], dtype=np.int32)

    def joined(self, start: Node, end: Node) -> bool:
        """Whether two different nodes reach each other."""
        return start != end and bool(self.component[self.number[start]] == self.component[self.number[end]])

    @cached_property
    def members(self) -> dict[int, list[Node]]:
        """Nodes by component, in order."""
        found: dict[int, list[Node]] = {}
        for node, component in zip(self.nodes, self.component.tolist(), strict=True):
            found.setdefault(component, []).append(node)
        return found

    def reached_from(self, starts: Iterable[Node]) -> list[Node]:
        """The nodes that some walk from `starts` reaches, `starts` included."""
        at = [self.number[node] for node in starts]
        size = len(self.nodes)
        rows = sparse.csr_array((np.ones(len(at)), ([0] * len(at), at)), shape=(1, size + 1))
        padded = sparse.hstack([self._matrix, sparse.csr_array((size, 1))], format="csr")
        whole = sparse.vstack([padded, rows], format="csr")
        order = csgraph.breadth_first_order(whole, size, return_predecessors=False)
        return [self.nodes[found] for found in order.tolist() if found < size]

    def cycles(self, first: Iterable[Node] = ()) -> list[tuple[tuple[Node, ...], ...]]:
        """Each strong component of several nodes, or of one with an edge to itself, as steps.

        A component begins at its first node, or at one of `first` if it has one; each step is
        the nodes that many edges away. The last step leads back to the first.
        """
        begin = set(first)
        selves = {start for start, end in self.edges if start == end}
        found = []
        for nodes in self.members.values():
            if len(nodes) > 1:
                found.append(self._steps(next((node for node in nodes if node in begin), nodes[0]), nodes))
            elif nodes[0] in selves:
                found.append(((nodes[0],),))
        return found

    def _steps(self, start: Node, nodes: list[Node]) -> tuple[tuple[Node, ...], ...]:
        # Written out: a call of a library for each of many small components takes a hundred times longer.
        within = set(nodes)
        away = {start: 0}
        waiting = [start]
        for node in waiting:
            for after in self._after.get(node, ()):
                if after in within and after not in away:
                    away[after] = away[node] + 1
                    waiting.append(after)
        steps: dict[int, list[Node]] = {}
        for node in nodes:
            steps.setdefault(away[node], []).append(node)
        return tuple(tuple(steps[distance]) for distance in sorted(steps))

    @cached_property
    def _after(self) -> dict[Node, list[Node]]:
        found: dict[Node, list[Node]] = {}
        for start, end in self.edges:
            found.setdefault(start, []).append(end)
        return found

    def depth(self, node: Node) -> int:
        """Components on the longest way to a node, its own aside."""
        return self._depths[0][int(self.component[self.number[node]])]

    @cached_property
    def _depths(self) -> tuple[dict[int, int], dict[int, int]]:
        """Depth of each component, and the component before it on a longest way."""
        before: dict[int, dict[int, None]] = {component: {} for component in self.members}
        for start, end in self.edges:
            tail, head = (int(self.component[self.number[node]]) for node in (start, end))
            if tail != head:
                before[head][tail] = None
        depth: dict[int, int] = {}
        parent: dict[int, int] = {}
        for component in TopologicalSorter(before).static_order():
            depth[component] = 0
            for tail in before[component]:
                if depth[tail] + 1 > depth[component]:
                    depth[component], parent[component] = depth[tail] + 1, tail
        return depth, parent

    def deepest(self) -> tuple[tuple[tuple[Node, ...], ...], list[Node]]:
        """The longest chain that passes no component twice, and the ends of others as long.

        Each step is a component: one node, or all nodes of a cycle. Of several the first is taken.
        """
        depth, parent = self._depths
        if not depth:
            return (), []
        deepest = max(depth.values())
        ends = [component for component in self.members if depth[component] == deepest]
        chain = [ends[0]]
        while chain[-1] in parent:
            chain.append(parent[chain[-1]])
        others = [node for component in ends[1:] for node in self.members[component]]
        return tuple(tuple(self.members[component]) for component in reversed(chain)), others
