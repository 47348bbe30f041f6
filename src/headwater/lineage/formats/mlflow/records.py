"""What an MLflow store holds, whichever way it is kept: runs, inputs, models, registered versions.

The readers of the three ways fill a `Store`; what becomes of it is in `telling`. Text is
cleaned and cut here, and counts are read out of profiles.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from headwater.errors import InputError
from headwater.lineage.facts import Count, Place
from headwater.lineage.reading import marked_json
from headwater.lineage.reading.collecting import LONGEST_NAME, Collector

MOST_LABELS = 150
"""Of a run's own: with its name, experiment and parent an entity stays below 200."""

LONGEST_LABEL = 500
LONGEST_JSON = 2**20
LONGEST_ADDRESS = 2000
PLACEHOLDER = "dataset"
"""What MLflow calls a dataset that was logged without a name."""

GENERATED_BY = "headwater.generated_by"
PARENT = "mlflow.parentRunId"
CONTEXT = "mlflow.data.context"
HISTORY = "mlflow.log-model.history"
IS_PROMPT = "mlflow.prompt.is_prompt"
MODEL_VERSIONS = "mlflow.modelVersions"

_HALF = re.compile("[\ud800-\udfff\0]")
_ADDRESSES = ("url", "uri", "path", "delta_table_name", "table_name", "dataset_id")
_LATEST = 253_402_300_799_000
_MOST_PROFILE = 20
_TOLD = (PARENT, HISTORY, GENERATED_BY)


@dataclass(slots=True)
class Run:
    """A run; `labels` are its parameters, tags and last metrics, `told` the tags that say lineage."""

    id: str
    place: Place
    name: str = ""
    experiment: str = ""
    status: str = ""
    time: str = ""
    started: str = ""
    artifact_uri: str = ""
    deleted: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    told: dict[str, object] = field(default_factory=dict)
    left_out: int = 0

    def label(self, kind: str, key: str, value: object) -> None:
        """Keep a parameter, tag or metric, as long as there is room."""
        if kind == "tag" and key.startswith(_TOLD):
            self.told[key] = value
            if key == HISTORY:
                return
        if len(self.labels) >= MOST_LABELS:
            self.left_out += 1
        else:
            self.labels[clean(f"{kind}.{key}")] = clean(value)


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset as MLflow describes it; `address` is where its source lies, as far as that is said."""

    name: str
    digest: str
    address: str
    rows: Count | None
    labels: Mapping[str, str]
    place: Place


@dataclass(frozen=True, slots=True)
class Input:
    """A dataset that a run says it read, and the tags of that use."""

    run: str
    dataset: Dataset
    tags: Mapping[str, str]
    place: Place


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A logged model that a run made, or read."""

    run: str
    model: str
    made: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Logged:
    """A logged model (MLflow 3), or an entry of a run's history of logged models (before)."""

    id: str
    name: str
    place: Place
    run: str = ""
    location: str = ""
    time: str = ""
    deleted: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a registered model."""

    name: str
    version: str
    place: Place
    run: str = ""
    model: str = ""
    source: str = ""
    time: str = ""
    deleted: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Store:
    """All that was read; of a run, model or version read twice the first counts."""

    collector: Collector
    runs: dict[str, Run] = field(default_factory=dict)
    inputs: list[Input] = field(default_factory=list)
    uses: list[ModelUse] = field(default_factory=list)
    models: dict[str, Logged] = field(default_factory=dict)
    versions: dict[tuple[str, str], Version] = field(default_factory=dict)
    prompts: set[str] = field(default_factory=set)

    def run(self, run: Run) -> bool:
        """Add a run; whether it is new."""
        return self.runs.setdefault(run.id, run) is run

    def model(self, model: Logged) -> None:
        """Add a logged model."""
        self.models.setdefault(model.id, model)

    def version(self, version: Version) -> None:
        """Add a registered version."""
        self.versions.setdefault((version.name, version.version), version)


def dataset(said: Mapping[str, object], place: Place, collector: Collector) -> Dataset | None:
    """A dataset from its fields, source and profile as JSON text or as values; ``None``: it has no name."""
    name = collector.name(said.get("name"), "the dataset's name", place)
    if name is None:
        return None
    source = _json(said.get("source"), "source", place, collector)
    profile = _json(said.get("profile"), "profile", place, collector)
    labels = {"source_type": clean(said.get("source_type") or "")}
    labels["source"] = clean(address(source) or _code(source))
    rows = None
    if isinstance(profile, Mapping):
        rows = _rows(profile, place, collector)
        for key, value in list(profile.items())[:_MOST_PROFILE]:
            labels[clean(f"profile.{key}")] = clean(value)
    labels = {key: value for key, value in labels.items() if value}
    return Dataset(name, word(said.get("digest")), address(source), rows, labels, place)


def address(source: object) -> str:
    """Where a source says that data lie: an address, a path or a table; empty where it says none."""
    found = source
    if isinstance(source, Mapping):
        found = next((source[key] for key in _ADDRESSES if isinstance(source.get(key), str)), "")
    fits = isinstance(found, str) and len(found) <= LONGEST_ADDRESS and not _HALF.search(found)
    return str(found).strip() if fits else ""


def _code(source: object) -> str:
    tags = source.get("tags") if isinstance(source, Mapping) else None
    name = tags.get("mlflow.source.name") if isinstance(tags, Mapping) else None
    return name if isinstance(name, str) else ""


def _rows(profile: Mapping[str, object], place: Place, collector: Collector) -> Count | None:
    if "num_rows" in profile:
        return collector.samples(profile["num_rows"], "num_rows of the profile", place)
    # Arrays have no num_rows; MLflow's own schema of them leaves the first axis open.
    shape = profile.get("features_shape")
    shapes = list(shape.values()) if isinstance(shape, Mapping) else [shape]
    firsts = [axes[0] for axes in shapes if isinstance(axes, list) and axes]
    if not firsts or len(firsts) != len(shapes) or any(first != firsts[0] for first in firsts):
        return None
    return collector.samples(firsts[0], "the first axis of features_shape in the profile", place)


def _json(value: object, what: str, place: Place, collector: Collector) -> object:
    """JSON text as its value; other values as they are."""
    if not isinstance(value, str) or not value.strip():
        return value
    if len(value) > LONGEST_JSON:
        collector.warning(place, f"the {what} has {len(value):,} characters: it was not read")
        return None
    try:
        return marked_json.plain(value, what)
    except InputError:
        # A source may be a plain address; a profile is always JSON.
        if what == "source":
            return value
        collector.warning(place, f"the {what} is no JSON: what it counts stays unknown")
        return None


def entries(value: object) -> Iterator[tuple[str, Any]]:
    """Tags, parameters or metrics by key: a mapping, or a list of ``{"key": ..., "value": ...}``."""
    if isinstance(value, Mapping):
        yield from ((key, item) for key, item in value.items() if isinstance(key, str))
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, Mapping) and isinstance(item.get("key"), str):
                yield item["key"], item.get("value")


def texts(value: object) -> dict[str, str]:
    """`entries` as cleaned text, held to the limit of labels."""
    found: dict[str, str] = {}
    for key, item in entries(value):
        if len(found) >= MOST_LABELS:
            break
        found[clean(key)] = clean(item)
    return found


def history(told: object) -> Iterator[tuple[str, str]]:
    """Path and id of the models that a run's tag of logged models names."""
    for item in _listed(told):
        if word(item.get("artifact_path")):
            yield word(item["artifact_path"]), word(item.get("model_uuid"))


def named_versions(told: object) -> Iterator[tuple[str, str]]:
    """Name and number of the registered versions that a logged model's tag names."""
    for item in _listed(told):
        if word(item.get("name")) and word(item.get("version")):
            yield word(item["name"]), word(item["version"])


def _listed(told: object) -> Iterator[Mapping[str, Any]]:
    """The mappings in a list, which tags keep as JSON text; nothing where it is none or was cut."""
    if isinstance(told, str) and len(told) <= LONGEST_JSON:
        try:
            told = marked_json.plain(told, "tag")
        except InputError:
            return
    yield from (item for item in told if isinstance(item, Mapping)) if isinstance(told, list) else ()


def clean(value: object) -> str:
    """A value as text that can be printed and stored, cut to the length of a label."""
    if isinstance(value, float):
        # MLflow keeps every metric as a float; a count should read as one.
        value = int(value) if value.is_integer() and abs(value) < 1e15 else value
    elif isinstance(value, int) and abs(value) >= 10**100:
        return ""
    text = value if isinstance(value, str) else "" if value is None else _spelled(value)
    text = text[:LONGEST_LABEL]
    return text if text.isascii() and "\0" not in text else _HALF.sub("\ufffd", text)


def _spelled(value: object) -> str:
    if isinstance(value, (list, Mapping)) and len(value) > 20:
        return f"{len(value)} items"
    return str(value)


def word(value: object) -> str:
    """An id, a digest or a version: text or a whole number; empty for all else."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    if isinstance(value, int):
        return str(value) if abs(value) < 10**20 else ""
    value = value.strip()
    return "" if len(value) > LONGEST_NAME or _HALF.search(value) else value


def moment(*milliseconds: object) -> str:
    """The first of the times that is one, as ISO 8601; empty where none is."""
    for value in milliseconds:
        text = word(value)
        if text.isascii() and text.isdigit() and 0 < int(text) <= _LATEST:
            return datetime.fromtimestamp(int(text) / 1000, UTC).isoformat(timespec="milliseconds")
    return ""


def status(value: object) -> str:
    """A run's status as a word: file stores keep its number."""
    known = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}
    return known.get(word(value), word(value))
