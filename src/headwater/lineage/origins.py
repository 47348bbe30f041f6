"""Where data come from when no relation says so: what must not pass for real.

A dataset that a record flags as synthetic has a generator, named or not. What models made in all
holds nothing of what it was made from. A version of which nobody says how it came about is like
its other versions. Each of these keeps somebody's output from grounding a model by omission.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from headwater.lineage.digraph import Digraph
from headwater.lineage.facts import Entity, Key, Place, Role
from headwater.lineage.identity import Link
from headwater.lineage.meaning import RUN_ALONE, Dependency

UNNAMED = "the record says that models made it and names none: an external model"
REST = "the record says that only part of it was generated: the rest is of unknown origin, external"
STEERED = "the record says that models made all of it: what it came from only steered them, no flow"
SIBLING = "no record says how this version came about; another was generated, so it is taken as made of it"

_DATA = ("dataset", "unknown")
_Flag = Literal["all", "mixed", "none"]


@dataclass(frozen=True)
class Known:
    """What is known of assets beside their dependencies.

    Attributes
    ----------
    records_of
        The records of each asset.
    same
        What versions of one thing have in common.
    seen
        When each asset was first read or written.
    """

    records_of: Mapping[Key, Sequence[Entity]]
    same: Callable[[Key], Key]
    seen: Mapping[Key, datetime]


def add(dependencies: Iterable[Dependency], known: Known) -> tuple[Dependency, ...]:
    """The dependencies with what flags and other versions say of the origin of data."""
    given = tuple(dependencies)
    flags = _flags(given, known)
    if flags:
        # That a run wrote them without reading anything says nothing beside what their flag says.
        given = tuple(d for d in given if d.guess != RUN_ALONE or d.link.learner not in flags)
        given = (*given, *_unnamed(given, flags))
        given = _without_steering(given, frozenset(key for key, (flag, _) in flags.items() if flag == "all"))
        given = (*given, *_rest(given, flags))
    return (*given, *_siblings(given, known))


def _generated(given: Iterable[Dependency]) -> frozenset[Key]:
    """What some model's output reaches, the models with it."""
    data = [dependency for dependency in given if dependency.carries != "nothing"]
    models = {d.link.provider for d in data if d.link.provider.kind == "model" or d.made_by_model}
    return frozenset(Digraph.of((d.ends for d in data), models).reached_from(models))


def _into(given: Iterable[Dependency]) -> dict[Key, list[Dependency]]:
    found: dict[Key, list[Dependency]] = defaultdict(list)
    for dependency in given:
        if dependency.carries != "nothing":
            found[dependency.link.learner].append(dependency)
    return found


def _flags(given: Iterable[Dependency], known: Known) -> dict[Key, tuple[_Flag, Place]]:
    """The flag of every dataset: its own, or else that of another version."""
    by_name: dict[Key, tuple[_Flag, Place]] = {}
    own: dict[Key, tuple[_Flag, Place]] = {}
    for key, records in known.records_of.items():
        for entity in records:
            if key.kind == "dataset" and entity.synthetic is not None:
                own.setdefault(key, (entity.synthetic, entity.place))
                if entity.synthetic != "none":
                    by_name.setdefault(known.same(key), (entity.synthetic, entity.place))
    if not by_name:
        return {}
    keys = dict.fromkeys((*known.records_of, *(end for d in given for end in d.ends)))
    found = {key: own.get(key) or by_name.get(known.same(key)) for key in keys if key.kind == "dataset"}
    return {key: flag for key, flag in found.items() if flag and flag[0] != "none"}


def _unnamed(given: Sequence[Dependency], flags: Mapping[Key, tuple[_Flag, Place]]) -> Iterator[Dependency]:
    generated = _generated(given)
    for key, (_, place) in flags.items():
        if key not in generated:
            yield _said(Key("model", f"unnamed generator of {key.name}"), key, place, "generated", UNNAMED)


def _without_steering(given: Sequence[Dependency], whole: frozenset[Key]) -> tuple[Dependency, ...]:
    generated = _generated(given)
    return tuple(
        replace(d, carries="nothing", role="", guess=STEERED)
        if d.link.learner in whole and d.link.provider not in generated and d.rule is None and _brings(d)
        else d
        for d in given
    )


def _brings(dependency: Dependency) -> bool:
    return dependency.role in ("derived", "") and dependency.carries != "nothing"


def _rest(given: Sequence[Dependency], flags: Mapping[Key, tuple[_Flag, Place]]) -> Iterator[Dependency]:
    generated = _generated(given)
    into = _into(given)
    for key, (flag, place) in flags.items():
        named = any(d.link.provider not in generated for d in into.get(key, ()))
        if flag == "mixed" and not named:
            yield _said(Key("model", f"rest of {key.name}"), key, place, "derived", REST)


def _siblings(given: Sequence[Dependency], known: Known) -> Iterator[Dependency]:
    generated = _generated(given)
    into = _into(given)
    versions: dict[Key, dict[Key, Place]] = defaultdict(dict)
    for dependency in given:
        for key in dependency.ends:
            if key.kind in _DATA:
                versions[known.same(key)].setdefault(key, dependency.link.place)
    for found in versions.values():
        made = [key for key in found if key in generated]
        for key, place in found.items() if made and len(found) > 1 else ():
            # Nobody has to say how real data came about that were there before any were generated.
            if key not in generated and not into.get(key) and not _before(key, made, known):
                for other in made:
                    yield _said(other, key, place, "derived", SIBLING)


def _before(key: Key, others: Iterable[Key], known: Known) -> bool:
    if key.version == "as found":
        return True
    when = known.seen.get(key)
    times = [known.seen.get(other) for other in others]
    return when is not None and all(time is not None and when < time for time in times)


def _said(provider: Key, learner: Key, place: Place, role: Role, guess: str) -> Dependency:
    link = Link(provider, learner, role, (place,), provider.name, word="synthetic")
    return Dependency(link, "data", role, guess=guess)
