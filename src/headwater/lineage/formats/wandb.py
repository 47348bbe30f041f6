"""Reader of Weights & Biases exports: JSON lines that ``examples/export-wandb.py`` writes.

Weights & Biases keep no lineage on disk, so that a script of the user's asks their service; here,
nothing is asked of anybody. An export has one record a line, or all of them in one JSON list::

    {"run": {"path": "team/loop/a1b2", "name": "train", "config": {...}, "used": [...], "logged": [...]}}
    {"artifact": {"name": "team/loop/texts:v3", "type": "dataset", "metadata": {...}, "logged_by": "..."}}

An artifact is named by its collection, with its project in front only where two collections of the
export have one name; ``:v3`` is its version. The type ``dataset`` or ``model`` says what it is. How
many samples it holds is taken from its metadata under the names in `COUNTS`, and from no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headwater.errors import InputError
from headwater.lineage.facts import Count, Facts, Key, Kind, Place
from headwater.lineage.reading import Collector, find_files, marked_json, shown
from headwater.lineage.reading.collecting import name_problem, spelled

COUNTS = ("num_rows", "num_samples", "num_examples", "n_samples", "samples", "rows", "examples")
"""Names in an artifact's metadata that say how many samples it holds."""

MOST_LABELS = 150
LONGEST_LABEL = 500
DEEPEST_CONFIG = 8

_KINDS: dict[str, Kind] = {"model": "model", "dataset": "dataset"}
_LINES = (".jsonl", ".ndjson")


def read(path: str | Path) -> Facts:
    """Facts of one export, or of all exports below a folder.

    Raises
    ------
    InputError
        If there is no file ``.jsonl``, ``.ndjson`` or ``.json``, or none holds a run or an artifact.
    """
    root = Path(path)
    collector = Collector(shown(root), "wandb")
    export = _Export(collector)
    for file in find_files(root, lambda name: name.lower().endswith((*_LINES, ".json")), collector):
        name = file.name if file == root else shown(file.relative_to(root))
        collector.files += 1
        try:
            for place, record in _records(file, name):
                if isinstance(record, InputError):
                    collector.broken(name, record)
                else:
                    export.take(record, place)
        except InputError as error:
            collector.broken(name, error)
    if not export.runs and not export.artifacts:
        first = f"; first: {collector.issues[0]}" if collector.issues else ""
        raise InputError(
            f"holds no run and no artifact of a Weights & Biases export{first}",
            "write one with examples/export-wandb.py",
            shown(root),
        )
    export.tell()
    return collector.facts()


def _records(file: Path, name: str) -> Iterator[tuple[Place, Any]]:
    if not file.name.lower().endswith(".json"):
        for line, value in marked_json.lines(file, name):
            yield Place(name, line), value
        return
    held = marked_json.load(file, name)
    for number, value in enumerate(held if isinstance(held, list) else [held]):
        pointer = f"/{number}" if isinstance(held, list) else ""
        yield Place(name, marked_json.line(value, 1), pointer), value


@dataclass(frozen=True, slots=True)
class _Run:
    path: str
    place: Place
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Artifact:
    name: str
    place: Place
    fields: Mapping[str, Any]


@dataclass
class _Export:
    collector: Collector
    runs: dict[str, _Run] = field(default_factory=dict)
    artifacts: dict[str, _Artifact] = field(default_factory=dict)
    said: list[tuple[str, str, bool, Place]] = field(default_factory=list)

    def take(self, record: Any, place: Place) -> None:
        """Note a record; which short names are unique is known after the last one."""
        if not isinstance(record, dict):
            self.collector.error(place, f"the record is {spelled(record)}, not an object; it was skipped")
        elif isinstance(record.get("run"), dict):
            self._take_run(record["run"], place)
        elif isinstance(record.get("artifact"), dict):
            self._take_artifact(record["artifact"], place)
        elif "export" not in record:
            said = "the record has neither 'run' nor 'artifact', an object each; it was skipped"
            self.collector.error(place, said)

    def _take_run(self, fields: dict[str, Any], place: Place) -> None:
        path = self.collector.name(fields.get("path"), "the 'path' of a run", place)
        if path is None:
            return
        if path in self.runs:
            self.collector.warning(
                place, f"run {path!r} is already at {self.runs[path].place}; both are read"
            )
        self.runs.setdefault(path, _Run(path, place, fields))
        self.collector.count_record("runs")
        for list_, made in (("used", False), ("logged", True)):
            for name in self._names(fields.get(list_), f"'{list_}' of run {path!r}", place):
                self.said.append((path, name, made, place))

    def _take_artifact(self, fields: dict[str, Any], place: Place) -> None:
        name = self.collector.name(fields.get("name"), "the 'name' of an artifact", place)
        if name is None:
            return
        if name in self.artifacts:
            said = f"artifact {name!r} is already at {self.artifacts[name].place}; the first one counts"
            self.collector.warning(place, said)
            return
        self.artifacts[name] = _Artifact(name, place, fields)
        self.collector.count_record("artifacts")
        by = fields.get("logged_by")
        if by is not None:
            maker = self.collector.name(by, f"'logged_by' of {name!r}", place)
            self.said += [(maker, name, True, place)] if maker else []
        for user in self._names(fields.get("used_by"), f"'used_by' of {name!r}", place):
            self.said.append((user, name, False, place))

    def _names(self, value: Any, what: str, place: Place) -> list[str]:
        if value is None:
            return []
        if not isinstance(value, list):
            self.collector.error(place, f"{what} is {spelled(value)}, not a list of names; it was skipped")
            return []
        found = [self.collector.name(each, f"a name in {what}", place) for each in value]
        return [each for each in found if each]

    def tell(self) -> None:
        """Write down all facts."""
        named = {name for _, name, _, _ in self.said} | set(self.artifacts)
        keys = _keys(named, self.artifacts)
        for artifact in self.artifacts.values():
            self._tell_artifact(artifact, keys[artifact.name])
        for run in self.runs.values():
            self._tell_run(run)
        told: set[tuple[str, str, bool]] = set()
        for path, name, made, place in self.said:
            if (path, name, made) in told:
                continue
            told.add((path, name, made))
            procedure, asset = self._procedure(path, place), keys[name]
            if made:
                self.collector.relation(asset, procedure, "made", place, word="logged")
            else:
                self.collector.relation(procedure, asset, "used", place, word="used")

    def _procedure(self, path: str, place: Place) -> Key:
        if path in self.runs:
            return _run_key(self.runs[path])
        # A run of a project that was not exported: only its name is known.
        key = Key("procedure", path, path.rpartition("/")[2])
        self.runs[path] = _Run(path, place, {"name": path})
        return self.collector.entity(key, place)

    def _tell_run(self, run: _Run) -> None:
        fields = run.fields
        labels = {name: _text(fields.get(name)) for name in ("group", "job_type", "state", "created_at")}
        labels |= {"run_name": _text(fields.get("name")), "run": _text(run.path)}
        config = self._object(fields.get("config"), f"the config of run {run.path!r}", run.place)
        labels |= {"tags": _text(fields.get("tags")), **dict(_flat(config, "param"))}
        started = self._started(run)
        time = self._time(fields.get("ended_at"), run.place) or started
        told = {name: value for name, value in labels.items() if value}
        self.collector.entity(_run_key(run), run.place, time=time, started=started, labels=told)

    def _started(self, run: _Run) -> str:
        """When a run began; one that is created begins at once, unless it waits in a queue."""
        fields = run.fields
        return self._time(fields.get("started_at"), run.place) or self._time(
            fields.get("created_at"), run.place
        )

    def _tell_artifact(self, artifact: _Artifact, key: Key) -> None:
        fields, place = artifact.fields, artifact.place
        labels = {name: _text(fields.get(name)) for name in ("type", "digest", "aliases", "tags", "size")}
        labels |= {"artifact": _text(artifact.name), "nfiles": _text(fields.get("file_count"))}
        metadata = self._object(fields.get("metadata"), f"the metadata of {artifact.name!r}", place)
        labels |= dict(_flat(metadata, "metadata"))
        told = {name: value for name, value in labels.items() if value}
        count = self._count(metadata, artifact)
        time = self._time(fields.get("created_at"), place)
        self.collector.entity(key, place, count=count, time=time, labels=told)

    def _count(self, metadata: Mapping[str, Any], artifact: _Artifact) -> Count | None:
        counts = {
            name: self.collector.samples(metadata[name], f"{name!r} of {artifact.name!r}", artifact.place)
            for name in COUNTS
            if name in metadata
        }
        different = {count for count in counts.values() if count}
        if len(different) > 1:
            told = ", ".join(f"{name} {count.low:,}" for name, count in counts.items() if count)
            said = f"the metadata of {artifact.name!r} say different counts ({told}): it stays unknown"
            self.collector.warning(artifact.place, said)
        return different.pop() if len(different) == 1 else None

    def _object(self, value: Any, what: str, place: Place) -> dict[str, Any]:
        if value is not None and not isinstance(value, dict):
            self.collector.error(place, f"{what} is {spelled(value)}, not an object; it was skipped")
        return value if isinstance(value, dict) else {}

    def _time(self, value: Any, place: Place) -> str:
        """A time with its zone; the service writes UTC and often leaves that out."""
        if value in (None, ""):
            return ""
        try:
            time = datetime.fromisoformat(value)
            return (time if time.tzinfo else time.replace(tzinfo=UTC)).isoformat()
        except (TypeError, ValueError, OverflowError):
            self.collector.warning(place, f"{spelled(value)} is no time; it was skipped")
            return ""


def _keys(names: set[str], artifacts: Mapping[str, _Artifact]) -> dict[str, Key]:
    """The keys of artifacts: with the project in the name only where the short one is taken twice."""
    longs: dict[str, set[str]] = {}
    parts = {name: _parts(name) for name in names}
    for long, _ in parts.values():
        longs.setdefault(long.rpartition("/")[2], set()).add(long)
    keys = {}
    for name, (long, version) in parts.items():
        short = long.rpartition("/")[2]
        type_ = artifacts[name].fields.get("type") if name in artifacts else None
        kind = _KINDS.get(type_.strip().lower(), "unknown") if isinstance(type_, str) else "unknown"
        keys[name] = Key(kind, long if len(longs[short]) > 1 or not short else short, version)
    return keys


def _parts(name: str) -> tuple[str, str]:
    """Name and version of ``team/project/texts:v3``."""
    long, mark, version = name.rpartition(":")
    return (long, version) if mark and long and "/" not in version else (name, "")


def _run_key(run: _Run) -> Key:
    name = run.fields.get("name")
    short = run.path.rpartition("/")[2] or run.path
    return Key("procedure", short if name_problem(name) else str(name).strip(), short)


def _flat(value: Any, name: str, depth: int = 0, left: list[int] | None = None) -> Iterator[tuple[str, str]]:
    """Every single value below an object, with its dotted name."""
    left = [MOST_LABELS] if left is None else left
    if isinstance(value, dict) and depth < DEEPEST_CONFIG:
        if depth and set(value) <= {"value", "desc"} and "value" in value:
            # How the oldest exports write a setting.
            yield from _flat(value["value"], name, depth + 1, left)
            return
        for key, inner in value.items():
            if left[0] <= 0:
                return
            if not key.startswith("_wandb"):
                yield from _flat(inner, f"{name}.{_cut(key)}", depth + 1, left)
    elif depth and not isinstance(value, dict):
        text = _text(value)
        if text:
            left[0] -= 1
            yield _cut(name), text


def _text(value: Any) -> str:
    """A value as a label: lists with commas, nothing for nothing and for what is not single values."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return _cut(str(value))
    if isinstance(value, str):
        return _cut(value.strip())
    if isinstance(value, list):
        return _cut(", ".join(_text(each) for each in value[:LONGEST_LABEL] if not isinstance(each, list)))
    return ""


def _cut(text: str) -> str:
    text = text.encode(errors="replace").decode()
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 3] + "..."
