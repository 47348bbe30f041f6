"""The condition, ancestry and tails, by closure, dense solves and loops over flows.

Second moments are in `recursions`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headwater.graph import Flow, InteractionGraph
from headwater.regimes import Accumulate, AccumulateSubsample, Regime, Replace, Window

from .recursions import archive_sizes, budget, first_records, flows_into, share

Array = NDArray[np.float64]


# -- condition and ancestry ----------------------------------------------------------------------


def feeds(graph: InteractionGraph) -> NDArray[np.bool_]:
    """(providers, providers) whether one reaches the other along flows; Warshall's closure."""
    size = len(graph.model_names) + len(graph.source_names)
    reach = np.zeros((size, size), bool)
    for provider, learner in zip(graph.provider, graph.learner, strict=True):
        reach[provider, learner] = True
    for via in range(size):
        for first in range(size):
            for last in range(size):
                reach[first, last] |= reach[first, via] & reach[via, last]
    return reach


def ungrounded_components(graph: InteractionGraph) -> list[list[int]]:
    """Sets of trained models that reach each other, and that nothing else reaches."""
    reach, models = feeds(graph), len(graph.model_names)
    found = []
    for model in range(models):
        component = [other for other in range(models) if reach[model, other] and reach[other, model]]
        outside = [other for other in range(len(reach)) if reach[other, model] and other not in component]
        if component and component[0] == model and not outside:
            found.append(component)
    return found


def conditions(graph: InteractionGraph) -> list[str]:
    """(models,) 'grounded', 'anchored' or 'ungrounded'. Frozen models: by what they are.

    A frozen model's own error is that of the real data it was fitted on, but walks end in
    it, not in them: it is anchored, and so is whatever descends from it.
    """
    reach, models = feeds(graph), len(graph.model_names)
    lost = {model for component in ungrounded_components(graph) for model in component}
    words = []
    for model in range(models):
        ancestors = [other for other in range(models) if reach[other, model] or other == model]
        if any(ancestor in lost for ancestor in ancestors):
            words.append("ungrounded")
        elif any(graph.frozen[ancestor] for ancestor in ancestors):
            words.append("anchored")
        else:
            words.append("grounded")
    return words


def walk(graph: InteractionGraph) -> tuple[Array, Array]:
    """Where backward walks end, and how long they last.

    Returns
    -------
    ends : (models, models + sources + ungrounded components)
        Probability to end in each frozen model (trained ones are 0), source, or component
        that the walk never leaves.
    depth : (models,)
        Expected number of trained models passed, the first included; infinite if the walk may never end.
    """
    models, sources = len(graph.model_names), len(graph.source_names)
    components = ungrounded_components(graph)
    lost = sorted(model for component in components for model in component)
    width = models + sources + len(components)
    Q, exits = np.zeros((models, models)), np.zeros((models, width))
    for flow in graph.flows:
        i, j, w = graph.model_index[flow.model], graph.model_index.get(flow.provider), share(graph, flow)
        if j is None:
            exits[i, models + graph.source_names.index(flow.provider)] = w
        elif graph.frozen[j]:
            exits[i, j] = w
        elif j in lost:
            exits[i, models + sources + next(at for at, c in enumerate(components) if j in c)] += w
        else:
            Q[i, j] = w
    passing = [model for model in range(models) if model not in lost and not graph.frozen[model]]
    solved = np.linalg.inv(np.eye(len(passing)) - Q[np.ix_(passing, passing)])
    ends, depth = np.zeros((models, width)), np.zeros(models)
    ends[passing] = solved @ exits[passing]
    depth[passing] = solved.sum(1)
    for model in range(models):
        if graph.frozen[model]:
            ends[model, model] = 1.0
    for at, component in enumerate(components):
        for model in component:
            ends[model, models + sources + at] = 1.0
    depth[ends[:, models + sources :].sum(1) > 0] = np.inf
    return ends, depth


# -- tails ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Pools:
    """How many records each model holds in each generation, what they weigh, and which it fits."""

    graph: InteractionGraph
    regime: Regime

    def brings(self, flow: Flow) -> bool:
        """Whether a flow adds records after generation 0: an archive adds none to a pool that has it."""
        keeps_pool = isinstance(self.regime, Accumulate | AccumulateSubsample)
        return not (keeps_pool and flow.provider in archive_sizes(self.graph))

    def batch(self, at: int, generation: int) -> tuple[int, float]:
        """Count and weight of what a model receives in one generation."""
        if generation == 0:
            first = first_records(self.graph, at, self.regime)
            return sum(count for _, count, _ in first), sum(count * weight for _, count, weight in first)
        flows = [f for f in flows_into(self.graph, self.graph.model_names[at]) if self.brings(f)]
        return sum(f.samples or 0 for f in flows), sum((f.samples or 0) * f.weight for f in flows)

    def holds(self, at: int, born: int, generation: int) -> bool:
        """Whether a record received at `born` is still there."""
        if self.graph.frozen[at]:
            return born == 0
        if isinstance(self.regime, Replace):
            return born == generation
        if isinstance(self.regime, Window):
            return born > generation - self.regime.generations
        return True

    def fitted(self, at: int, generation: int) -> tuple[float, float]:
        """Chance that a record held is fitted, and what all fitted records weigh."""
        batches = [self.batch(at, born) for born in range(generation + 1) if self.holds(at, born, generation)]
        count, weight = sum(count for count, _ in batches), sum(weight for _, weight in batches)
        if not isinstance(self.regime, AccumulateSubsample) or generation == 0 or self.graph.frozen[at]:
            return 1.0, weight
        chance = min(budget(self.graph, self.graph.model_names[at]) / count, 1.0)
        return chance, chance * weight


def tail_sample(graph: InteractionGraph, regime: Regime, target: int, horizon: int) -> float:
    """A: a rare item of chance p is absent from the target's training set with chance exp(-pA).

    A copy of the item is followed from the training set it enters to whether anything of it
    is in the target's at the horizon. In a model whose records weigh Ω in all, a copy that
    weighs ω is drawn n ω/Ω times (Poisson) by a flow of n samples. ``seen[t, f]`` is the
    chance that a copy brought by flow f in generation t is seen; flows into one model differ
    in it only by their weight. An item of an archive is one item, however many flows take it.
    Exact for Poisson records of mean p under replace, accumulate and window
    without archives; otherwise the limit of rare items and many samples.
    """
    archives, pools = archive_sizes(graph), _Pools(graph, regime)
    seen: dict[tuple[int, Flow], float] = {}
    real: list[tuple[str | None, int, float]] = []  # source, count, chance of each to be seen
    for generation in range(horizon, 0, -1):
        for flow in filter(pools.brings, graph.flows):
            learner = graph.model_index[flow.model]
            chance = _chance_seen(pools, seen, (learner, generation, flow.weight), target, horizon)
            seen[generation, flow] = chance
            if flow.provider in graph.source_names:
                real.append((flow.provider, flow.samples or 0, chance))
    for at in range(len(graph.model_names)):
        for source, count, weight in first_records(graph, at, regime):
            real.append((source, count, _chance_seen(pools, seen, (at, 0, weight), target, horizon)))
    A = sum(count * chance for source, count, chance in real if source not in archives)
    for name, size in archives.items():
        unseen = [1 - count / size * chance for source, count, chance in real if source == name]
        A += size * (1 - float(np.prod(unseen)))
    return A


def _chance_seen(
    pools: _Pools,
    seen: dict[tuple[int, Flow], float],
    copy: tuple[int, int, float],
    target: int,
    horizon: int,
) -> float:
    """Chance that something of a copy (model, generation received, weight) is seen at the horizon."""
    at, born, weight = copy
    unseen = 1.0
    for generation in range(born, horizon + 1):
        if not pools.holds(at, born, generation):
            continue
        fitted, total = pools.fitted(at, generation)
        if generation == horizon:
            unseen *= 1 - fitted * (at == target)
            continue
        heirs = 0.0
        for flow in pools.graph.flows:
            if flow.provider == pools.graph.model_names[at]:
                heirs += (flow.samples or 0) * weight / total * seen[generation + 1, flow]
        unseen *= 1 - fitted * (1 - np.exp(-heirs))
    return float(1 - unseen)


def plain_tail_sample(counts: Array, real: Array, target: int, horizon: int) -> float:
    """The same for replace, fresh sources and equal weights, in six lines."""
    budgets = counts.sum(1) + real
    s = np.eye(len(counts))[target]
    A = 0.0
    for _ in range(horizon):
        A += s @ real
        s = 1 - np.exp(-(s @ counts) / budgets)
    return float(A + s @ budgets)
