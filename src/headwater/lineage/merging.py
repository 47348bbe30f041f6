"""Several readings as one: the same kind, name and version is the same asset, and nothing else is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

from headwater.lineage.facts import Facts, Place


def merge(readings: Sequence[Facts]) -> Facts:
    """The facts of several records together, each place with the record it is in.

    Raises
    ------
    ValueError
        If there is no reading.
    """
    if not readings:
        raise ValueError("nothing to merge: give at least one reading")
    if len(readings) == 1:
        return readings[0]
    moved = [_moved(facts) for facts in readings]
    records: Counter[str] = Counter()
    for facts in moved:
        records.update(facts.records)
    return Facts(
        origin=", ".join(facts.origin for facts in moved),
        files=sum(facts.files for facts in moved),
        entities=tuple(entity for facts in moved for entity in facts.entities),
        relations=tuple(relation for facts in moved for relation in facts.relations),
        issues=tuple(issue for facts in moved for issue in facts.issues),
        format=" + ".join(dict.fromkeys(facts.format for facts in moved)),
        records=dict(records),
    )


def _moved(facts: Facts) -> Facts:
    """The facts with `origin` before the path of every place."""
    known: dict[str, str] = {}

    def move(place: Place) -> Place:
        if place.path not in known:
            known[place.path] = _joined(facts.origin, place.path)
        return place._replace(path=known[place.path])

    return replace(
        facts,
        entities=tuple(replace(entity, place=move(entity.place)) for entity in facts.entities),
        relations=tuple(replace(relation, place=move(relation.place)) for relation in facts.relations),
        issues=tuple(replace(issue, place=move(issue.place)) for issue in facts.issues),
    )


def _joined(origin: str, path: str) -> str:
    whole, part = PurePath(origin), PurePath(path)
    if not path or whole.parts[-len(part.parts) :] == part.parts:
        return origin
    return (whole / part).as_posix()
