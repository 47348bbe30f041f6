"""What the OpenLineage events in a ledger say, as steps beside those of its own runs."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from headwater.ledger.book import Ledger
from headwater.ledger.exporting.history import Asset, Flow, Step
from headwater.lineage.facts import Count, Entity, Key, Place, Relation
from headwater.lineage.formats import openlineage
from headwater.lineage.reading.collecting import Collector

RAN = "ran"


def steps_of_others(ledger: Ledger) -> tuple[list[Step], tuple[str, ...]]:
    """A step for each run that events tell of, and what of the events could not be read."""
    collector = Collector(ledger.name, "openlineage")
    openlineage.collect(_events(ledger), collector)
    facts = collector.facts()
    steps = {entity.key: _step(entity) for entity in facts.entities if entity.kind == "procedure"}
    generations = {each.key: each.generation for each in facts.entities if each.generation is not None}
    for relation in facts.relations:
        _add(relation, steps, generations)
    return list(steps.values()), tuple(str(issue) for issue in facts.issues if issue.severity == "error")


def _events(ledger: Ledger) -> Iterator[tuple[Place, object]]:
    for entry in ledger.entries(kind="openlineage"):
        yield Place(ledger.name, entry.number), entry.body.get("event")


def _step(entity: Entity) -> Step:
    run, job = entity.key.version, entity.name
    try:
        id_ = uuid.UUID(run)
    except ValueError:
        id_ = uuid.uuid5(uuid.NAMESPACE_OID, ascii((job, run)))
    return Step(id_, RAN, (), entity.time, None, "finished", ended=entity.time, job=job, labels=entity.labels)


def _add(relation: Relation, steps: dict[Key, Step], generations: dict[Key, int]) -> None:
    """Give a step what it read or wrote."""
    if relation.role == "used" and (step := steps.get(relation.subject)) is not None:
        flows, key = step.inputs, relation.object
    elif relation.role == "made" and (step := steps.get(relation.object)) is not None:
        flows, key = step.outputs, relation.subject
    else:
        return
    if key.kind != "procedure":
        asset = Asset(key.kind, key.name, key.version, generations.get(key))
        flows.append(Flow(asset, relation.word, _samples(relation.count)))


def _samples(count: Count | None) -> int | None:
    return count.exact if count is not None and count.unit == "samples" else None
