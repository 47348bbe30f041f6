"""Who draws what from whom: a pipeline as the lists that a chunk of replicates is played from.

A cast is plain data, checked once; nothing is random here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from headwater.emission import PLAIN, Emission
from headwater.errors import FamilyError, GraphError
from headwater.families.contract import Ask, Family
from headwater.graph import InteractionGraph
from headwater.regimes import Accumulate, AccumulateSubsample, Regime, Replace, Window

MODEL, FRESH, ARCHIVE = range(3)


@dataclass(frozen=True, slots=True)
class Draw:
    """Samples that a learner takes at once: from a model, fresh real ones, or from an archive.

    `number` is that of the model or archive among its kind; 0 for fresh samples.
    """

    kind: int
    number: int
    ask: Ask
    weight: float


@dataclass(frozen=True, slots=True)
class Role:
    """One model: its training set at generation 0, and what each later generation brings.

    `budget` is the samples of all its flows, those from archives included.
    """

    frozen: bool
    first: tuple[Draw, ...]
    later: tuple[Draw, ...]
    budget: int


@dataclass(frozen=True, slots=True)
class Archive:
    """A fixed source: its size (0: nobody uses it), and whether its single records are needed."""

    size: int
    partly: bool


@dataclass(frozen=True)
class Cast:
    """A pipeline ready to be played.

    Attributes
    ----------
    models
        Names, in the graph's order.
    roles
        One a model.
    archives
        The fixed sources that are used.
    pools
        Whether every sample is kept.
    subsamples
        Whether each generation is trained on a draw from what is kept.
    window
        Batches that are kept, where not everything is.
    """

    models: tuple[str, ...]
    roles: tuple[Role, ...]
    archives: tuple[Archive, ...]
    pools: bool
    subsamples: bool
    window: int

    def numbers(self, family: Family[Any, Any], generations: int) -> float:
        """Numbers that one replicate holds at once, about."""
        total = sum(family.size(archive.size) for archive in self.archives)
        for role in self.roles:
            started = sum(draw.ask.samples for draw in role.first)
            batch = sum(draw.ask.samples for draw in role.later)
            if self.subsamples:
                total += family.size(started + generations * batch)
            elif self.pools:
                kept = started + generations * batch if family.size(2) > family.size(1) else batch
                total += family.size(max(kept, 1))
            else:
                total += family.size(max(started, batch, 1)) * min(self.window, generations + 1)
        return float(total)


def cast(graph: InteractionGraph, regime: Regime, family: Family[Any, Any]) -> Cast:
    """The cast of a graph under a regime, for a family.

    Raises
    ------
    GraphError
        If a count is unknown, an archive has no size, or a model is external.
    FamilyError
        If a budget is too small for the family, or it cannot weight or bias samples as asked.
    """
    _check_known(graph)
    models = len(graph.model_names)
    pools = isinstance(regime, Accumulate | AccumulateSubsample)
    archive_number = {models + int(at): number for number, at in enumerate(np.flatnonzero(graph.fixed))}
    flows: list[list[int]] = [[] for _ in range(models)]
    for at, learner in enumerate(graph.learner.tolist()):
        flows[learner].append(at)
    initial: list[list[int]] = [[] for _ in range(models)]
    for at, model in enumerate(graph.initial_model.tolist()):
        initial[model].append(at)
    roles = tuple(
        _role(graph, model, flows[model], initial[model], archive_number, pools) for model in range(models)
    )
    made = Cast(
        models=graph.model_names,
        roles=roles,
        archives=_archives(graph, roles, isinstance(regime, AccumulateSubsample)),
        pools=pools,
        subsamples=isinstance(regime, AccumulateSubsample),
        window=regime.generations if isinstance(regime, Window) else 1,
    )
    _check_family(graph, made, regime, family)
    return made


def _role(
    graph: InteractionGraph,
    model: int,
    flows: list[int],
    initial: list[int],
    archive_number: dict[int, int],
    pools: bool,
) -> Role:
    models = len(graph.model_names)
    later: list[Draw] = []
    archived: list[Draw] = []
    row = budget = 0
    for at in flows:
        provider, samples = int(graph.provider[at]), int(graph.samples[at])
        ask = Ask(samples, graph.emissions.get(at, PLAIN), row)
        draw = _draw(provider, models, archive_number, ask, float(graph.weight[at]))
        # a pool holds an archive's samples from the start: the same record twice tells nothing new
        (archived if pools and draw.kind == ARCHIVE else later).append(draw)
        row += samples
        budget += samples
    first = []
    row = 0
    for at in initial:
        samples = int(graph.initial_samples[at])
        provider = models + int(graph.initial_source[at])
        first.append(_draw(provider, models, archive_number, Ask(samples, PLAIN, row), 1.0))
        row += samples
    named = {draw.number for draw in first if draw.kind == ARCHIVE}
    fresh = 0 if initial else budget
    for draw in archived:
        fresh -= 0 if initial else draw.ask.samples
        if draw.number not in named:
            first.append(Draw(ARCHIVE, draw.number, Ask(draw.ask.samples, PLAIN, row), draw.weight))
            row += draw.ask.samples
    if fresh:
        first.append(Draw(FRESH, 0, Ask(fresh, PLAIN, row), 1.0))
    return Role(bool(graph.frozen[model]), tuple(first), tuple(later), budget)


def _draw(provider: int, models: int, archive_number: dict[int, int], ask: Ask, weight: float) -> Draw:
    if provider < models:
        return Draw(MODEL, provider, ask, weight)
    if provider in archive_number:
        return Draw(ARCHIVE, archive_number[provider], ask, weight)
    return Draw(FRESH, 0, ask, weight)


def _archives(graph: InteractionGraph, roles: tuple[Role, ...], subsamples: bool) -> tuple[Archive, ...]:
    sizes = [None if np.isnan(size) else int(size) for size in graph.size[graph.fixed]]
    partly = [subsamples] * len(sizes)
    used = [False] * len(sizes)
    for role in roles:
        for draw in (*role.first, *role.later):
            if draw.kind == ARCHIVE:
                used[draw.number] = True
                partly[draw.number] |= draw.ask.samples != sizes[draw.number]
    # an archive that nobody uses is not drawn
    return tuple(
        Archive(size if taken and size else 0, some)
        for size, taken, some in zip(sizes, used, partly, strict=True)
    )


def _check_known(graph: InteractionGraph) -> None:
    unknown = np.flatnonzero(np.isnan(graph.samples))
    if len(unknown):
        at = int(unknown[0])
        only = "only a range" if at in graph.ranges else "no known count"
        ways = [
            *(["--assume samples=1000, graph.with_unknown_samples"] * (len(unknown) > len(graph.ranges))),
            *(["ranges: --assume range=middle, graph.with_samples_at"] * bool(graph.ranges)),
        ]
        raise GraphError(
            f"flow {graph.flow(at)} has {only} of samples",
            f"{len(unknown):,} flows have no known count, and a simulation draws them: give the counts, or "
            f"assume them ({'; '.join(ways)})",
            ("flows", at),
        )
    models = len(graph.model_names)
    used = np.zeros(len(graph.source_names), dtype=bool)
    used[graph.provider[graph.provider >= models] - models] = True
    used[graph.initial_source] = True
    unsized = np.flatnonzero(used & graph.fixed & np.isnan(graph.size))
    if len(unsized):
        name = graph.source_names[int(unsized[0])]
        raise GraphError(
            f"source {name!r} is an archive of unknown size",
            "a simulation draws the archive: give its `size`",
            ("sources", name),
        )
    external = np.flatnonzero(graph.external)
    if len(external):
        name = graph.model_names[int(external[0])]
        raise GraphError(
            f"model {name!r} is external: nobody knows its error, so nobody can draw from it",
            "say on how many real samples it may be taken as fitted "
            "(--assume external=10000, graph.with_external_samples)",
            ("models", name),
        )


def _check_family(graph: InteractionGraph, made: Cast, regime: Regime, family: Family[Any, Any]) -> None:
    for at, emission in graph.emissions.items():
        _check_emission(graph, at, emission, family)
    drawn = [draw for role in made.roles for draw in (*role.first, *role.later)]
    if not family.weights and any(draw.weight != 1 for draw in drawn):
        at = int(np.flatnonzero(graph.weight != 1)[0])
        raise FamilyError(
            f"flow {graph.flow(at)} has weight {graph.weight[at]:g}; family {family.name} takes no weights",
            "remove the weight, or choose another family",
            ("flows", at, "weight"),
        )
    replaces = regime in (Replace(), Window(1))
    for name, role in zip(made.models, made.roles, strict=True):
        batch = sum(draw.ask.samples for draw in role.later)
        smallest = sum(draw.ask.samples for draw in role.first)
        if not role.frozen and replaces:
            smallest = min(smallest, batch)
        elif not role.frozen and made.subsamples:
            smallest = min(smallest, role.budget)
        if smallest < family.least_samples:
            raise FamilyError(
                f"model {name!r} is fitted on {smallest} samples",
                f"family {family.name} needs at least {family.least_samples}: raise its budget",
                ("models", name),
            )


def _check_emission(graph: InteractionGraph, at: int, emission: Emission, family: Family[Any, Any]) -> None:
    for name in emission.changed:
        if name not in family.emissions:
            takes = ", ".join(sorted(family.emissions)) or "none"
            raise FamilyError(
                f"flow {graph.flow(at)} has {name}, which family {family.name} cannot apply",
                f"biases it can apply: {takes}; remove it, or choose another family",
                ("flows", at, name),
            )
