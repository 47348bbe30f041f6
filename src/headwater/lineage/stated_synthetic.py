"""What flags of synthetic content say beyond the relations: data of a model nobody names, and the rest.

A dataset whose record says that models made it, and names none, must not pass for real data; one
that is only partly generated holds something else beside what its generators wrote.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from headwater.lineage.digraph import Digraph
from headwater.lineage.facts import Entity, Key, Role
from headwater.lineage.identity import Link
from headwater.lineage.meaning import Dependency

UNNAMED = "the record says that models made it and names none: an external model"
STEERED = "the record says that models made all of it: what it came from only steered them, no flow"
REST = "the record says that only part of it was generated: the rest is a source"


def add(
    dependencies: Iterable[Dependency], records_of: Mapping[Key, Sequence[Entity]]
) -> tuple[Dependency, ...]:
    """The dependencies with those that the flags of datasets add."""
    given = tuple(dependencies)
    given = _without_steering(given, records_of)
    into: dict[Key, list[Dependency]] = defaultdict(list)
    for dependency in given:
        if dependency.carries != "nothing":
            into[dependency.link.learner].append(dependency)
    added = [
        more
        for key, records in records_of.items()
        if key.kind == "dataset"
        for more in _missing(key, records, into.get(key, ()))
    ]
    return (*given, *added)


def _without_steering(
    given: tuple[Dependency, ...], records_of: Mapping[Key, Sequence[Entity]]
) -> tuple[Dependency, ...]:
    """What a dataset that models made in all was derived from brought them to it, and is not in it."""
    whole = {key for key, records in records_of.items() if any(each.synthetic == "all" for each in records)}
    if not whole:
        return given
    models = {d.link.provider for d in given if d.link.provider.kind == "model" or d.made_by_model}
    ways = Digraph.of((d.ends for d in given if d.carries != "nothing"), models)
    generated = frozenset(ways.reached_from(models))
    made = {d.link.learner for d in given if d.carries == "data" and d.link.provider in generated} & whole
    return tuple(
        replace(d, carries="nothing", role="", guess=STEERED)
        if d.link.learner in made and d.link.provider not in generated and d.rule is None and _brings(d)
        else d
        for d in given
    )


def _brings(dependency: Dependency) -> bool:
    return dependency.role in ("derived", "") and dependency.carries != "nothing"


def _missing(key: Key, records: Sequence[Entity], into: Sequence[Dependency]) -> Iterator[Dependency]:
    flagged = next((entity for entity in records if entity.synthetic in ("all", "mixed")), None)
    if flagged is None:
        return
    providers = [dependency.link.provider for dependency in into]
    # What other data bring may itself be generated: a flag then adds nothing that is known.
    if not providers:
        yield _said(Key("model", f"unnamed generator of {key.name}"), key, flagged, "generated", UNNAMED)
    if flagged.synthetic == "mixed" and all(provider.kind == "model" for provider in providers):
        yield _said(Key("dataset", f"{key.name} (not generated)"), key, flagged, "derived", REST)


def _said(provider: Key, learner: Key, record: Entity, role: Role, guess: str) -> Dependency:
    link = Link(provider, learner, role, (record.place,), provider.name, word="synthetic")
    return Dependency(link, "data", role, guess=guess)
