"""The flows behind a system's shares, so that samples and loss weights can be varied without a new graph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headwater.theory.system import Array, Index, System, summed


@dataclass(frozen=True, eq=False)
class Flows:
    r"""Flows into the trained models of a system, one entry a flow, in the graph's order.

    Attributes
    ----------
    system
        Who is trained, frozen, an archive; its shares are not read, so that these may differ.
    number : (flows,)
        Number of each flow in the graph.
    row : (flows,)
        Who learns: position among the trained models.
    node : (flows,)
        Who provides: position among trained models, frozen models, archives; -1 for fresh sources.
    samples, weight : (flows,)
        Samples per generation (0 is allowed here) and the loss weight of each.
    archive_size : (flows,)
        Size of the archive that the flow draws from; infinite where it draws from none.
    """

    system: System
    number: Index
    row: Index
    node: Index
    samples: Array
    weight: Array
    archive_size: Array

    @classmethod
    def of(cls, system: System) -> Flows:
        """Those of the system's graph."""
        graph = system.graph
        models, moving = len(graph.model_names), len(system.models)
        row_of = np.full(models, -1, dtype=np.int32)
        row_of[system.trained] = np.arange(len(system.trained))
        node_of = np.full(models + len(graph.source_names), -1, dtype=np.int32)
        node_of[system.models] = np.arange(moving)
        node_of[models + system.archives] = np.arange(len(system.archives)) + moving
        number = np.flatnonzero(row_of[graph.learner] >= 0).astype(np.int32)
        node = node_of[graph.provider[number]]
        drawn = node >= moving
        size = np.full(len(number), np.inf)
        size[drawn] = system.archive_size[node[drawn] - moving]
        return cls(
            system=system,
            number=number,
            row=row_of[graph.learner[number]],
            node=node,
            samples=graph.samples[number],
            weight=graph.weight[number],
            archive_size=size,
        )

    def with_samples(self, samples: Array) -> Flows:
        """The same flows with other counts; a model that starts by default starts from as many."""
        return replace(self, samples=np.asarray(samples, dtype=float))

    def with_weights(self, weight: Array) -> Flows:
        """The same flows with other loss weights."""
        return replace(self, weight=np.asarray(weight, dtype=float))

    @cached_property
    def mass(self) -> Array:
        r"""(trained,) weighted samples of each model, :math:`M_i = \sum_j n_{ij} \omega_{ij}`."""
        return summed(self.row, self.samples * self.weight, len(self.system.trained))

    @cached_property
    def budget(self) -> Array:
        """(trained,) samples of each model."""
        return summed(self.row, self.samples, len(self.system.trained))

    @cached_property
    def share(self) -> Array:
        r"""(flows,) :math:`w_{ij} = n_{ij} \omega_{ij} / M_i`."""
        return np.asarray(self.samples * self.weight / self.mass[self.row])

    @cached_property
    def matrix(self) -> sparse.csr_array:
        """(trained, nodes) shares of models and archives."""
        known = self.node >= 0
        ends = (self.row[known], self.node[known])
        return sparse.csr_array(
            (self.share[known], ends), shape=(len(self.system.trained), self.system.nodes)
        )

    @property
    def from_model(self) -> NDArray[np.bool_]:
        """(flows,) whether a model provides."""
        return (self.node >= 0) & (self.node < len(self.system.models))

    @cached_property
    def starts_by_default(self) -> NDArray[np.bool_]:
        """(models,) whether generation 0 is as many fresh real samples as the flows bring."""
        graph = self.system.graph
        given = np.zeros(len(graph.model_names), dtype=bool)
        given[graph.initial_model] = True
        answer: NDArray[np.bool_] = ~given[self.system.models]
        answer[len(self.system.trained) :] = False
        return answer

    @cached_property
    def start(self) -> Array:
        """(nodes, nodes) second moments at generation 0, in units of the variance."""
        moments = self.system.start.second_moments(self.system.archive_size)
        default = np.flatnonzero(self.starts_by_default)
        moments[default, default] = 1 / self.budget[default]
        return moments

    @property
    def start_risk(self) -> Array:
        """(models,) risk at generation 0: the diagonal of `start`, without the rest of it."""
        risk = self.system.start.risk(self.system.archive_size)
        default = np.flatnonzero(self.starts_by_default)
        risk[default] = 1 / self.budget[default]
        return risk
