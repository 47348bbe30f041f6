"""What flags of synthetic content say beyond the relations: data of a model nobody names, and the rest.

A dataset whose record says that models made it, and names none, must not pass for real data; one
that is only partly generated holds something else beside what its generators wrote.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from headwater.lineage.facts import Entity, Key, Role
from headwater.lineage.identity import Link
from headwater.lineage.meaning import Dependency

UNNAMED = "the record says that models made it and names none: an external model"
REST = "the record says that only part of it was generated: the rest is a source"


def add(
    dependencies: Iterable[Dependency], records_of: Mapping[Key, Sequence[Entity]]
) -> tuple[Dependency, ...]:
    """The dependencies with those that the flags of datasets add."""
    given = tuple(dependencies)
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
