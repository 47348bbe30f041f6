"""Totals without a split, at their extremes: each provider alone, and what it changes for the verdict.

A dataset of several generators with one total tells how much there is and not of whom. The truth lies
between all from one and all from another, so the condition is looked at there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from headwater.graph import Flow, InteractionGraph
from headwater.grounding import STATUSES, ground
from headwater.lineage.folding import Nodes
from headwater.lineage.generations import Node

MOST_WORK = 20_000_000
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

    `loose` are the providers whose flow nothing else tells of: at an extreme it may be empty.
    """

    model: str
    dataset: str
    samples: int
    providers: tuple[str, ...]
    loose: tuple[str, ...]
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
    ways = Counter((provider, model) for model, _, providers in nodes.totals for provider in providers)
    known = {(flow.provider, flow.model) for flow in nodes.flows if flow.samples is not None}
    flowing = {(flow.provider, flow.model) for flow in nodes.flows if nodes.becomes_flow(flow)}
    for model, total, providers in nodes.totals:
        given = [node for node in providers if (node, model) in flowing]
        if len(given) < 2:
            continue
        # A flow that another total or a count also tells of stays, whatever this one holds.
        loose = [node for node in given if ways[node, model] == 1 and (node, model) not in known]
        yield SplitTotal(
            labels[model],
            total.dataset.name,
            total.samples,
            tuple(labels[node] for node in given),
            tuple(labels[node] for node in loose),
        )


def _with(graph: InteractionGraph, total: SplitTotal, shares: Mapping[str, int]) -> InteractionGraph:
    """The graph with the samples of a total shared as `shares` say; who gives none has no flow."""
    flows: list[Flow] = []
    for flow in graph.flows:
        if flow.model != total.model or flow.provider not in total.loose:
            flows.append(flow)
        elif shares.get(flow.provider):
            flows.append(replace(flow, samples=shares[flow.provider]))
    return InteractionGraph.from_parts(graph.sources, graph.models, flows)


def _changed(
    graph: InteractionGraph, status: np.ndarray, total: SplitTotal, provider: str
) -> tuple[tuple[str, str], ...]:
    """The models whose status changes when all samples come from one provider."""
    if total.model not in graph.model_index or not set(total.loose) - {provider}:
        return ()
    now = ground(_with(graph, total, {provider: total.samples})).status
    return tuple(
        (graph.model_names[at], STATUSES[int(now[at])]) for at in np.flatnonzero(now != status).tolist()
    )
