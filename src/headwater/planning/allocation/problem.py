"""The unknowns of an allocation: a graph with every flow that may be added, their prices and caps."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headwater.graph import InteractionGraph
from headwater.grounding import ancestors, ground
from headwater.pipeline import Pipeline
from headwater.planning.allocation.supply import Offer
from headwater.planning.changes import Change
from headwater.planning.targets import Scope
from headwater.theory.flows import Flows
from headwater.theory.system import Array, Flag, Index, build
from headwater.validation import LARGEST_COUNT

NEARLY = 1e-7
"""Samples that are none."""

PLENTY = LARGEST_COUNT // 4
"""Samples that stand for as many as could ever be had."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Samples to add, one unknown a pair of source and model.

    Attributes
    ----------
    pipeline
        As it is.
    offer
        What may be added.
    scope
        The models that targets are for.
    graph
        With a flow for every unknown; of 1 sample where there was none.
    base : (flows,)
        Samples of those flows as they are; 0 where there is none.
    source, model, flow : (unknowns,)
        Numbers in the graph.
    price : (unknowns,)
        Of a sample.
    keep : (models,) bool
        The scope's models and their ancestors: no other matters.
    caps : (rows, unknowns) sparse, room : (rows,)
        No more than `room` samples over the unknowns of a row.
    """

    pipeline: Pipeline
    offer: Offer
    scope: Scope
    graph: InteractionGraph
    base: Array
    source: Index
    model: Index
    flow: Index
    price: Array
    keep: Flag
    caps: sparse.csr_array
    room: Array

    @property
    def unknowns(self) -> int:
        """How many."""
        return len(self.model)

    @cached_property
    def flows(self) -> Flows:
        """Flows of the kept models; their counts are not those of the pipeline."""
        return Flows.of(build(self.graph, self.keep))

    @cached_property
    def at(self) -> Index:
        """(unknowns,) position of each among `flows`."""
        return np.searchsorted(self.flows.number, self.flow).astype(np.int32)

    @cached_property
    def pots(self) -> Index:
        """(pots,) position among the trained models of each that samples may be added to."""
        return np.unique(self.flows.row[self.at])

    @cached_property
    def pot(self) -> Index:
        """(unknowns,) position of each unknown's model among `pots`."""
        return np.searchsorted(self.pots, self.flows.row[self.at]).astype(np.int32)

    @cached_property
    def ungrounded(self) -> tuple[NDArray[np.intp], ...]:
        """Unknowns, for every ungrounded component among the kept models."""
        grounding = ground(self.pipeline.graph)
        answer = []
        for component in grounding.ungrounded:
            members = grounding.members(component)
            if self.keep[members].any():
                answer.append(np.flatnonzero(np.isin(self.model, members)))
        return tuple(answer)

    @cached_property
    def components(self) -> Index:
        """(models,) number of each model's strong component."""
        return ground(self.pipeline.graph).component

    @cached_property
    def most(self) -> Array:
        """(unknowns,) most samples that each may be alone."""
        most = np.full(self.unknowns, float(PLENTY))
        for row in range(self.caps.shape[0]):
            inside = self.caps.indices[self.caps.indptr[row] : self.caps.indptr[row + 1]]
            most[inside] = np.minimum(most[inside], self.room[row])
        return most

    @cached_property
    def are_joint(self) -> bool:
        """Whether a cap is over more than one unknown."""
        return bool((np.diff(self.caps.indptr) > 1).any())

    def cost(self, added: Array) -> float:
        """Of so many samples."""
        return float(self.price @ added)

    def allows(self, added: Array) -> bool:
        """Whether the caps do."""
        return bool((self.caps @ added <= self.room * (1 + 1e-12)).all() and (added <= self.most).all())

    def fitted(self, added: Array) -> Array:
        """As many as the caps allow of these; what a model loses comes from its sources without caps."""
        fitted = np.minimum(added, self.most)
        for row in range(self.caps.shape[0]):
            inside = self.caps.indices[self.caps.indptr[row] : self.caps.indptr[row + 1]]
            total = float(fitted[inside].sum())
            if total > self.room[row]:
                fitted[inside] *= self.room[row] / total
        # the first of each model's unknowns that no cap is over
        open_to = np.full(len(self.pots), -1)
        free = np.flatnonzero(np.bincount(self.caps.indices, minlength=self.unknowns) == 0)
        open_to[self.pot[free[::-1]]] = free[::-1]
        lost = np.bincount(self.pot, added - fitted, len(self.pots))
        has = open_to >= 0
        fitted[open_to[has]] += np.maximum(lost[has], 0.0)
        return fitted

    def rounded(self, added: Array) -> Array:
        """Whole samples, for every model at least as many as these where the caps allow it."""
        if self.allows(np.ceil(added - NEARLY)):
            return np.ceil(added - NEARLY)
        down = np.floor(self.fitted(added) + NEARLY)
        lost = np.bincount(self.pot, added - down, len(self.pots))
        for at in np.argsort(down - added, kind="stable"):
            if lost[self.pot[at]] > NEARLY:
                more = down.copy()
                more[at] += 1
                if self.allows(more):
                    down, lost[self.pot[at]] = more, lost[self.pot[at]] - 1
        free = np.flatnonzero(np.bincount(self.caps.indices, minlength=self.unknowns) == 0)
        for at in free:
            if lost[self.pot[at]] > NEARLY:
                down[at] += math.ceil(lost[self.pot[at]] - NEARLY)
                lost[self.pot[at]] = 0.0
        return down

    def samples(self, added: Array) -> Array:
        """(flows,) of the kept models, with so many added."""
        samples = self.base[self.flows.number].copy()
        samples[self.at] += added
        return samples

    def changed(self, added: Array) -> Pipeline:
        """The pipeline with so many whole samples added."""
        if not added.any():
            return self.pipeline
        samples = self.base.copy()
        samples[self.flow] += added
        # flows that are not new come first and are all kept, so that their numbers stay
        kept = np.flatnonzero(~(samples <= 0))
        graph = dataclasses.replace(
            self.graph,
            provider=self.graph.provider[kept],
            learner=self.graph.learner[kept],
            samples=samples[kept],
            weight=self.graph.weight[kept],
        )
        return dataclasses.replace(self.pipeline, graph=graph, sha256=None)

    def given(self, added: Array) -> tuple[tuple[str, str, int], ...]:
        """Source, model and samples, of those that are any."""
        sources, models = self.graph.source_names, self.graph.model_names
        return tuple(
            (sources[self.source[at]], models[self.model[at]], int(added[at])) for at in np.flatnonzero(added)
        )

    def changes(self, added: Array) -> tuple[Change, ...]:
        """The same as changes of fields."""
        answer = []
        if self.offer.new_source and added.any():
            answer.append(Change(f"source {self.offer.new_source}", None, "fresh"))
        for at in np.flatnonzero(added):
            before = int(self.base[self.flow[at]])
            names = self.graph.source_names[self.source[at]], self.graph.model_names[self.model[at]]
            answer.append(Change("->".join(names), before or None, before + int(added[at])))
        return tuple(answer)


def problem_of(pipeline: Pipeline, offer: Offer, scope: Scope) -> Problem:
    """The unknowns of an allocation: every giving source into every touchable model that matters."""
    graph = offer.graph
    models = len(graph.model_names)
    keep = ancestors(graph, np.flatnonzero(scope.models))
    candidates = np.flatnonzero(keep & offer.touchable)
    source = np.repeat(np.array(offer.givers, dtype=np.int32), len(candidates))
    model = np.tile(candidates, len(offer.givers)).astype(np.int32)
    price = np.repeat(np.array(offer.prices), len(candidates))
    pair = graph.learner.astype(np.int64) * (models + len(graph.source_names)) + graph.provider
    order = np.argsort(pair, kind="stable")
    wanted = model.astype(np.int64) * (models + len(graph.source_names)) + models + source
    place = np.minimum(np.searchsorted(pair[order], wanted), max(len(pair) - 1, 0))
    exists = pair[order][place] == wanted if len(pair) else np.zeros(len(wanted), dtype=bool)
    flow = np.empty(len(wanted), dtype=np.int32)
    flow[exists] = order[place[exists]]
    new = np.flatnonzero(~exists)
    flow[new] = len(pair) + np.arange(len(new))
    wide = dataclasses.replace(
        graph,
        provider=np.append(graph.provider, (models + source[new]).astype(np.int32)),
        learner=np.append(graph.learner, model[new]),
        samples=np.append(graph.samples, np.ones(len(new))),
        weight=np.append(graph.weight, np.ones(len(new))),
    )
    own = _undominated(offer, model, price, wide.weight[flow])
    source, model, price, flow = source[own], model[own], price[own], flow[own]
    caps, room = _caps(offer, source, model)
    return Problem(
        pipeline=pipeline,
        offer=offer,
        scope=scope,
        graph=wide,
        base=np.append(graph.samples, np.zeros(len(new))),
        source=source,
        model=model,
        flow=flow,
        price=price,
        keep=keep,
        caps=caps,
        room=room,
    )


def _undominated(offer: Offer, model: Index, price: Array, weight: Array) -> NDArray[np.intp]:
    """Unknowns but those that another source without a cap of its own gives for no more money."""
    capped = frozenset().union(*(limit.sources for limit in offer.limits if limit.sources))
    free = [at for at, giver in enumerate(offer.givers) if giver not in capped]
    candidates = len(model) // len(offer.givers)
    if not free or not candidates:
        return np.arange(len(model))
    best = min(free, key=lambda at: (offer.prices[at], at))
    mine = slice(best * candidates, (best + 1) * candidates)
    price_of, weight_of = (np.tile(values[mine], len(offer.givers)) for values in (price, weight))
    worse = (price >= price_of) & (weight == weight_of)
    worse[mine] = False
    return np.flatnonzero(~worse)


def _caps(offer: Offer, source: Index, model: Index) -> tuple[sparse.csr_array, Array]:
    rows = []
    for limit in offer.limits:
        inside = np.ones(len(source), dtype=bool)
        if limit.sources is not None:
            inside &= np.isin(source, list(limit.sources))
        if limit.models is not None:
            inside &= np.isin(model, list(limit.models))
        rows.append(inside)
    matrix = sparse.csr_array(np.array(rows, dtype=float).reshape(len(rows), len(source)))
    return matrix, np.array([limit.most for limit in offer.limits], dtype=float)
