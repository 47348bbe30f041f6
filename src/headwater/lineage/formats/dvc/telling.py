"""Runs and data of a DVC project as facts.

A stage is a procedure, in the version of the commit that first records it; what it read and wrote
are assets, named by their path from the top of the repository, in the version of their hash. The
same content under another name, as when a round's samples are copied to where the next round
trains, is derived from what wrote it, because DVC gives both the same hash.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field

from headwater.lineage.facts import Count, Key, Kind, Place
from headwater.lineage.formats.dvc.files import Artifact, Item, Planned
from headwater.lineage.formats.dvc.states import Came, Moment, Run
from headwater.lineage.reading import LONGEST_NAME, Collector

NOT_COMMITTED = "work-tree"
"""The version of what ran in the work tree and is in no commit."""

_KINDS: dict[str, Kind] = {"model": "model", "dataset": "dataset"}
_EMPTY = ("d41d8cd98f00b204e9800998ecf8427e", "d751713988987e9331980363e24189ce.dir")
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|/|\\")


@dataclass
class Teller:
    """Facts of one project.

    Parameters
    ----------
    artifacts
        What ``dvc.yaml`` says about paths, from the top of the repository.
    """

    collector: Collector
    artifacts: dict[str, Artifact]
    made: dict[str, Key] = field(default_factory=dict)
    written: set[Key] = field(default_factory=set)
    first: dict[Key, tuple[Place, Item]] = field(default_factory=dict)
    told: set[tuple[Key, Count | None]] = field(default_factory=set)

    def run(self, run: Run) -> None:
        """A stage that ran."""
        stage = run.stage
        key = Key("procedure", _stage_name(run.path, stage.name), _version(run.moment))
        labels = {f"param.{name}": value for name, value in stage.params}
        self._procedure(key, run.moment.place(run.path, stage.line), run.moment, stage.cmd, labels)
        self.collector.count_record("stages")
        measured = {joined(run.path, run.wdir, path) for path in run.measured}
        for item in stage.deps:
            self._used(key, item, run.moment, run.path, run.wdir)
        for item in stage.outs:
            self._made(key, item, run.moment.place(run.path, item.line), run.path, run.wdir, measured)

    def came(self, came: Came) -> None:
        """Data that were added by hand or imported, or that a stage of the oldest DVC wrote."""
        tracked, moment, path = came.tracked, came.moment, came.path
        self.collector.count_record("tracked")
        if tracked.cmd:
            key = Key("procedure", path, _version(moment))
            self._procedure(key, moment.place(path, tracked.line), moment, tracked.cmd, {})
            for item in tracked.deps:
                self._used(key, item, moment, path, tracked.wdir)
            for item in tracked.outs:
                self._made(key, item, moment.place(path, item.line), path, tracked.wdir, set())
            return
        sources = [
            self._asset(item, moment.place(path, item.line), joined(path, tracked.wdir, item.path))
            for item in tracked.deps
        ]
        for item in tracked.outs:
            place = moment.place(path, item.line)
            asset = self._asset(item, place, joined(path, tracked.wdir, item.path))
            for source in sources:
                self.collector.relation(asset, source, "derived", place, word="import")

    def _procedure(self, key: Key, place: Place, moment: Moment, cmd: str, labels: dict[str, str]) -> None:
        labels = labels | _labels(moment) | ({"cmd": cmd} if cmd else {})
        self.collector.entity(key, place, time=moment.commit.time if moment.commit else "", labels=labels)

    def _used(self, key: Key, item: Item, moment: Moment, path: str, wdir: str) -> None:
        place = moment.place(path, item.line)
        asset = self._asset(item, place, joined(path, wdir, item.path))
        self.collector.relation(key, asset, "used", place, count=_size(item), word="deps")

    def _made(self, key: Key, item: Item, place: Place, path: str, wdir: str, measured: set[str]) -> None:
        full = joined(path, wdir, item.path)
        asset = self._asset(item, place, full, _listed(full, measured))
        word = "metrics or plots" if full in measured else "outs"
        self.collector.relation(asset, key, "made", place, count=_size(item), word=word)
        self.written.add(asset)
        if item.by == "md5" and item.version not in _EMPTY and item.size != 0:
            self.made.setdefault(item.version, asset)

    def planned(self, name: str, planned: Planned, moment: Moment, path: str) -> None:
        """A stage that has not run, as ``dvc.yaml`` writes it; a template says too little."""
        place = moment.place(path, planned.line)
        if planned.template:
            said = f"stage {name!r} is a template, which only DVC resolves, and has not run; it was skipped"
            self.collector.warning(place, said)
            return
        key = Key("procedure", _stage_name(path, name), "")
        self._procedure(key, place, moment, planned.cmd, {"state": "planned"})
        self.collector.count_record("planned stages")
        measured = {joined(path, planned.wdir, each) for each in planned.measured}
        for item in planned.deps:
            self._used(key, item, moment, path, planned.wdir)
        for item in planned.outs:
            self._made(key, item, moment.place(path, item.line), path, planned.wdir, measured)

    def same(self) -> None:
        """Relate what no stage wrote to what one did write, where DVC gives both the same hash."""
        for asset, (place, item) in self.first.items():
            source = self.made.get(item.version) if item.by == "md5" else None
            if source and source != asset and asset not in self.written:
                self.collector.relation(asset, source, "derived", place, word="md5")

    def _asset(self, item: Item, place: Place, full: str, labels: dict[str, str] | None = None) -> Key:
        artifact = self.artifacts.get(full)
        key = Key(_KINDS.get(artifact.type, "unknown") if artifact else "unknown", full, item.version)
        self.first.setdefault(key, (place, item))
        count = _size(item)
        if (key, count) not in self.told:
            self.told.add((key, count))
            files = {"nfiles": str(item.files)} if item.files is not None else {}
            self.collector.entity(
                key, place, count=count, labels=(labels or {}) | files | _artifact_labels(artifact)
            )
        return key


def joined(file: str, wdir: str, path: str) -> str:
    """A path as seen from the top of the repository; what lies elsewhere keeps its address."""
    if _ELSEWHERE.match(path):
        return path
    if _ELSEWHERE.match(wdir):
        return f"{wdir.rstrip('/')}/{path}"[:LONGEST_NAME]
    # A path deeper than a name may be long is no path that anybody wrote.
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), wdir, path))[:LONGEST_NAME]


def _stage_name(file: str, name: str) -> str:
    """As DVC addresses a stage: by its name alone in the top folder."""
    folder = posixpath.dirname(file)
    return (f"{folder}/dvc.yaml:{name}" if folder else name)[:LONGEST_NAME]


def _listed(full: str, measured: set[str]) -> dict[str, str]:
    return {"listed-as": "metrics or plots"} if full in measured else {}


def _version(moment: Moment) -> str:
    if moment.commit:
        return moment.commit.short
    return NOT_COMMITTED if moment.follows else ""


def _labels(moment: Moment) -> dict[str, str]:
    commit = moment.commit
    if not commit:
        return {}
    told = {"commit": commit.name, "message": commit.subject, "tags": commit.tags}
    return {name: value for name, value in told.items() if value}


def _artifact_labels(artifact: Artifact | None) -> dict[str, str]:
    if not artifact:
        return {}
    told = {"artifact": artifact.name, "artifact.type": artifact.type, "artifact.labels": artifact.labels}
    return {name: value for name, value in told.items() if value}


def _size(item: Item) -> Count | None:
    return None if item.size is None else Count.exactly(item.size, "bytes")
