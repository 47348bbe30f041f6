"""Events of OpenLineage for tests, and what is read from them in few words."""

from __future__ import annotations

from typing import Any

from headwater.lineage.facts import Facts, Key, Place
from headwater.lineage.formats.openlineage import collect
from headwater.lineage.reading.collecting import Collector

RUN = "0190a0b4-7c3e-7d6a-9a53-1f0f6a3f2b1c"
OTHER_RUN = "b7dce052-51a6-4d66-98b9-5fd8b78a79c7"


def event(**parts: Any) -> dict[str, Any]:
    """A run event that completed, with parts of it changed or, where ``None``, left out."""
    whole = {
        "eventType": "COMPLETE",
        "eventTime": "2026-03-01T06:00:00Z",
        "run": {"runId": RUN},
        "job": {"namespace": "lab", "name": "train"},
        "inputs": [],
        "outputs": [],
        "producer": "https://example.org",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    }
    return {name: part for name, part in (whole | parts).items() if part is not None}


def dataset(name: str, namespace: str = "s3://lab", **parts: Any) -> dict[str, Any]:
    return {"namespace": namespace, "name": name, **parts}


def model(name: str) -> dict[str, Any]:
    return dataset(name, facets={"datasetType": {"datasetType": "MODEL"}})


def facts_of(*events: object) -> Facts:
    collector = Collector("events", "openlineage")
    collect(((Place("events", number), told) for number, told in enumerate(events, start=1)), collector)
    return collector.facts()


def related(facts: Facts) -> set[tuple[str, str, str]]:
    """Relations by names with versions, without their places."""
    return {(spelled(link.subject), link.role, spelled(link.object)) for link in facts.relations}


def spelled(key: Key) -> str:
    return f"{key.name}@{key.version}" if key.version else key.name


def said(facts: Facts) -> str:
    return "\n".join(str(issue) for issue in facts.issues)


P = f"lab/train@{RUN}"


def lineage(*entries: dict[str, Any], facets: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    job = {
        "namespace": "lab",
        "name": "train",
        "facets": {"lineage": {"entries": list(entries)}} | (facets or {}),
    }
    return event(job=job, **parts)
