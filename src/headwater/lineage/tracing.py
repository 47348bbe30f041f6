"""Flows: whose data reach each model, followed backwards through datasets and applications.

A walk back from a model ends in models, which generate, and in datasets without any model
behind them, which are real sources. Datasets with models behind them are walked through.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from headwater.errors import InputError
from headwater.lineage.digraph import Digraph
from headwater.lineage.facts import Key, Place
from headwater.lineage.meaning import Dependency

MOST_FLOWS = 5_000_000
MOST_STEPS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Traced:
    """A flow: who gives, which model learns, through which assets, and the line that says so.

    `via` is one way of possibly several, the nearest to the model last; of a way through more
    than `MOST_STEPS_SHOWN` assets, only those nearest to the provider.
    """

    provider: Key
    model: Key
    via: tuple[Key, ...]
    place: Place

    @property
    def ends(self) -> tuple[Key, Key]:
        """Provider and model."""
        return self.provider, self.model


@dataclass(frozen=True, slots=True)
class Trace:
    """All flows, and how many more ways the same data take between the same two."""

    flows: tuple[Traced, ...]
    merged: int


@dataclass(frozen=True)
class Routes:
    """What is known about each step back.

    Attributes
    ----------
    into
        Dependencies by learner, those that carry nothing left out.
    passing
        The dependencies that let generated data through; others end the walk in a source.
    models
        What generates: the recorded models, and names taken as external models.
    mixed
        Datasets and applications that some model's output reaches.
    """

    into: dict[Key, list[Dependency]]
    passing: frozenset[Dependency]
    models: frozenset[Key]
    mixed: frozenset[Key]

    def ends_at(self, dependency: Dependency) -> bool:
        """Whether the walk back ends at what is depended on."""
        provider = dependency.link.provider
        return provider in self.models or provider not in self.mixed or dependency not in self.passing


def routes(
    dependencies: Iterable[Dependency], passing: Iterable[Dependency], models: frozenset[Key]
) -> Routes:
    """The steps back that `passing` allows.

    A dataset collected through an application that passes nothing on has data of its users,
    so the application is among its providers all the same.
    """
    passed = frozenset(passing)
    into: dict[Key, list[Dependency]] = {}
    for dependency in dependencies:
        collected = dependency.carries == "through-application" and dependency.link.learner[0] == "dataset"
        if dependency in passed or (collected and not dependency.lists_itself):
            into.setdefault(dependency.link.learner, []).append(dependency)
    forward: Digraph[Key] = Digraph.of(
        (dependency.ends for dependency in passed if dependency.link.learner not in models), models
    )
    return Routes(into, passed, models, frozenset(forward.reached_from(models)) - models)


def trace(way: Routes, models: Iterable[Key]) -> Trace:
    """The flows into each of `models`.

    Raises
    ------
    InputError
        If there are more than `MOST_FLOWS`.
    """
    flows: list[Traced] = []
    merged = 0
    for model in models:
        found, more = _trace_one(way, model)
        flows += found
        merged += more
        if len(flows) > MOST_FLOWS:
            raise InputError(
                f"the records make more than {MOST_FLOWS:,} flows",
                "leave dependencies out with rules of role drop, or read fewer files",
            )
    return Trace(tuple(flows), merged)


def _trace_one(way: Routes, model: Key) -> tuple[list[Traced], int]:
    # Written out, not a library's search: it stops at models and costs only what it reaches.
    found: dict[Key, Traced] = {}
    merged = 0
    towards: dict[Key, Key] = {}
    said: dict[Key, Place] = {}
    waiting = [model]
    for node in waiting:
        for dependency in way.into.get(node, ()):
            provider = dependency.link.provider
            place = said.get(node, dependency.link.relation.place)
            if way.ends_at(dependency):
                merged += provider in found
                if provider not in found:
                    found[provider] = Traced(provider, model, _via(node, towards), place)
            elif provider not in towards:
                towards[provider], said[provider] = node, place
                waiting.append(provider)
    return list(found.values()), merged


def _via(node: Key, towards: dict[Key, Key]) -> tuple[Key, ...]:
    steps: list[Key] = []
    while node in towards and len(steps) < MOST_STEPS_SHOWN:
        steps.append(node)
        node = towards[node]
    return tuple(steps)
