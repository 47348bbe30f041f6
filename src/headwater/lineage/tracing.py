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
MOST_STEPS = 20_000_000
"""Dependencies walked back over, of all models together."""
MOST_STEPS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Traced:
    """A flow: who gives, which model learns, and the dependencies from the one to the other.

    `steps` is one way of possibly several, nearest to the provider first; of a way of more than
    `MOST_STEPS_SHOWN` only those nearest to the provider, and the last.
    """

    provider: Key
    model: Key
    steps: tuple[Dependency, ...]

    @property
    def ends(self) -> tuple[Key, Key]:
        """Provider and model."""
        return self.provider, self.model

    @property
    def via(self) -> tuple[Key, ...]:
        """The assets between the two, nearest to the provider first."""
        return tuple(step.link.learner for step in self.steps if step.link.learner != self.model)

    @property
    def place(self) -> Place:
        """Where the model's own record says what it learned from."""
        return self.steps[-1].link.place


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
        collected = dependency.carries == "through-application" and dependency.link.learner.kind == "dataset"
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
        If there are more than `MOST_FLOWS`, or they take more than `MOST_STEPS`.
    """
    flows: list[Traced] = []
    merged = steps = 0
    for model in models:
        found, more, walked = _trace_one(way, model)
        flows += found
        merged += more
        steps += walked
        if len(flows) > MOST_FLOWS or steps > MOST_STEPS:
            raise InputError(
                f"the records make more than {MOST_FLOWS:,} flows, or ways of {MOST_STEPS:,} steps in all",
                "leave dependencies out with rules of role drop, or read fewer files",
            )
    return Trace(tuple(flows), merged)


def _trace_one(way: Routes, model: Key) -> tuple[list[Traced], int, int]:
    # Written out, not a library's search: it stops at models and costs only what it reaches.
    found: dict[Key, Traced] = {}
    merged = walked = 0
    towards: dict[Key, Dependency] = {}
    waiting = [model]
    for node in waiting:
        for dependency in way.into.get(node, ()):
            walked += 1
            provider = dependency.link.provider
            if way.ends_at(dependency):
                merged += provider in found
                if provider not in found:
                    found[provider] = Traced(provider, model, _steps(dependency, towards))
            elif provider not in towards:
                towards[provider] = dependency
                waiting.append(provider)
    return list(found.values()), merged, walked


def _steps(first: Dependency, towards: dict[Key, Dependency]) -> tuple[Dependency, ...]:
    steps = [first]
    last = first
    while last.link.learner in towards:
        last = towards[last.link.learner]
        if len(steps) < MOST_STEPS_SHOWN:
            steps.append(last)
    # What the model's own record says comes last, whatever was left out before it.
    steps[-1] = last
    return tuple(steps)
