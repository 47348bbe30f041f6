"""Reader of OpenLineage: events of runs, jobs and datasets, one a line, in lists or one a file.

An event tells of a run of a job and of the datasets it read and wrote. What all events of one run
say is united. A dataset is known by its namespace and name; a model is a dataset too, and only the
facet ``datasetType`` tells. The facet ``lineage`` narrows down which input an output came from.
Column lineage, schemas and queries are not read.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from headwater.errors import InputError
from headwater.lineage.facts import Facts, Place
from headwater.lineage.formats.openlineage.files import events_of
from headwater.lineage.formats.openlineage.stating import state
from headwater.lineage.formats.openlineage.telling import Told
from headwater.lineage.reading.collecting import Collector
from headwater.lineage.reading.folders import find_files, shown

FORMAT = "openlineage"

__all__ = ["FORMAT", "collect", "read"]


def read(path: str | Path) -> Facts:
    """Facts of OpenLineage events.

    A file may hold an event a line, a list of events or one event, whatever its name; of a folder
    every ``.json``, ``.jsonl`` and ``.ndjson`` file is read. A line or event that cannot be read becomes an
    issue and the rest is read.

    Raises
    ------
    InputError
        If `path` does not exist, cannot be listed or holds no such file.
    """
    root = Path(path)
    collector = Collector(shown(root), FORMAT)
    files = find_files(root, _may_hold_events, collector)
    if not files:
        raise InputError(
            "holds no .json, .jsonl or .ndjson file", "give the file or folder with the events", shown(root)
        )
    collect((event for file in files for event in events_of(file, root, collector)), collector)
    return collector.facts()


def collect(events: Iterable[tuple[Place, object]], collector: Collector) -> None:
    """Read events, each with its place, into `collector`.

    Events may come in any order and more than once; an `InputError` in place of an event is told
    as an issue. What a run read and wrote is stated when all have been seen.
    """
    told = Told(collector)
    for place, event in events:
        told.hear(place, event)
    state(told)


def _may_hold_events(name: str) -> bool:
    return name.lower().endswith((".json", ".jsonl", ".ndjson"))
