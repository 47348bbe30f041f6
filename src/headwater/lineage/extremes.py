"""Totals without a split, at their extremes: each provider alone, and what it changes for the verdict.

A dataset of several generators with one total tells how much there is and not of whom. The truth lies
between all from one and all from another, so the condition is looked at there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from headwater.graph import InteractionGraph
from headwater.grounding import STATUSES, ground
from headwater.lineage.folding import Nodes
from headwater.lineage.generations import Node

MOST_WORK = 2_000_000
"""Flows that are looked at over all extremes; of more totals the condition is not looked at."""

EVENLY = "evenly"


@dataclass(frozen=True, slots=True)
class Extreme:
    """What the condition would be if all samples of a total came from one provider.

    `changed` are models whose status would be another, as ``(model, status)``; ``None``: not looked at.
    """

    provider: str
    changed: tuple[tuple[str, str], ...] | None


@dataclass(frozen=True, slots=True)
class SplitTotal:
    """Samples of a dataset that a model saw, from several providers in unknown shares.

    `others` are the samples that each brings beside this total; ``None``: some, unknown.
    """

    model: str
    dataset: str
    samples: int
    providers: tuple[str, ...]
    others: Mapping[str, int | None]
    extremes: tuple[Extreme, ...] = ()


def totals(nodes: Nodes, graph: InteractionGraph, labels: Mapping[Node, str]) -> Iterator[SplitTotal]:
    """Every total without a split, with its extremes."""
    found = list(_found(nodes, labels))
    work = len(graph.provider) * sum(len(total.providers) for total in found)
    status = ground(graph).status if found else None
    for total in found:
        extremes = []
        for provider in total.providers:
            changed = None if status is None or work > MOST_WORK else _changed(graph, status, total, provider)
            extremes.append(Extreme(provider, changed))
        yield replace(total, extremes=tuple(extremes))


def variants(graph: InteractionGraph, total: SplitTotal) -> Iterator[tuple[str, InteractionGraph]]:
    """The graph with all samples of a total from each provider in turn, and shared evenly."""
    for provider in total.providers:
        yield provider, _with(graph, total, {provider: total.samples})
    each, more = divmod(total.samples, len(total.providers))
    even = {provider: each + (at < more) for at, provider in enumerate(total.providers)}
    yield EVENLY, _with(graph, total, even)


def _found(nodes: Nodes, labels: Mapping[Node, str]) -> Iterator[SplitTotal]:
    flowing = {(flow.provider, flow.model): flow for flow in nodes.flows if nodes.becomes_flow(flow)}
    for model, total, providers in nodes.totals:
        given = [node for node in providers if (node, model) in flowing]
        if len(given) < 2:
            continue
        others = {labels[node]: nodes.others(node, model, total) for node in given}
        yield SplitTotal(labels[model], total.dataset.name, total.samples, tuple(others), others)


def _with(graph: InteractionGraph, total: SplitTotal, shares: Mapping[str, int]) -> InteractionGraph:
    """The graph with the samples of a total shared as `shares` say; who gives none has no flow of it."""
    at = graph.index_of(total.model)
    into = np.flatnonzero(graph.learner == at)
    samples = graph.samples.copy()
    kept = np.ones(len(samples), dtype=bool)
    for flow in into.tolist():
        provider = graph.provider_name(int(graph.provider[flow]))
        if provider not in total.providers:
            continue
        others = total.others.get(provider, 0)
        share = shares.get(provider, 0)
        # Where something else brings an unknown number, so does the sum.
        samples[flow] = np.nan if others is None else others + share or np.nan
        kept[flow] = bool(share) or others != 0
    return replace(
        graph,
        provider=graph.provider[kept],
        learner=graph.learner[kept],
        samples=samples[kept],
        weight=graph.weight[kept],
        emissions={},
        ranges={},
    )


def _changed(
    graph: InteractionGraph, status: np.ndarray, total: SplitTotal, provider: str
) -> tuple[tuple[str, str], ...]:
    """The models whose status changes when all samples come from one provider."""
    if total.model not in graph.model_index:
        return ()
    now = ground(_with(graph, total, {provider: total.samples})).status
    return tuple(
        (graph.model_names[at], STATUSES[int(now[at])]) for at in np.flatnonzero(now != status).tolist()
    )
