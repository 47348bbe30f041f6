"""JSON exports of MLflow: by mlflow-export-import, by mlflow-tools, and answers of its REST interface.

They nest the same records in different ways and keep sources, profiles and tags as mappings or
as JSON text. Known keys are followed wherever they stand; what is under other keys is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headwater.errors import InputError
from headwater.files import read_bytes
from headwater.lineage.facts import Place
from headwater.lineage.formats.mlflow import records
from headwater.lineage.formats.mlflow.records import Input, Logged, ModelUse, Run, Store, Version, word
from headwater.lineage.reading import marked_json

_WRAPPERS = ("mlflow", "run", "runs", "version_runs", "experiment", "experiments")
_REGISTERED = ("registered_model", "registered_models")
_VERSIONS = ("model_version", "model_versions", "registered_model_version", "versions", "latest_versions")
_LOGGED = ("logged_model", "logged_models", "model", "models")
_KNOWN = (*_WRAPPERS, *_REGISTERED, *_VERSIONS, *_LOGGED)
_OF_VERSIONS = {"current_stage", "run_id", "source"}
_DEEPEST = 8
_NO_NUMBER = re.compile(r'"(?:[^"\\]|\\.)*+"|-?(?:NaN|Infinity)', re.DOTALL)


@dataclass
class Exports:
    """Exports on their way into a store: a run may be read before the experiment that it is part of."""

    store: Store
    experiments: dict[str, str] = field(default_factory=dict)
    part_of: dict[str, str] = field(default_factory=dict)

    def read(self, path: Path, shown: str) -> bool:
        """Fill the store from a JSON file; whether there was a record of MLflow in it.

        Raises
        ------
        InputError
            If the file is no JSON.
        """
        self.store.collector.files += 1
        reading = _Reading(self, shown)
        reading.look(_loaded(path, shown), "", 0)
        return reading.found

    def name_experiments(self) -> None:
        """Give every run the name of its experiment, where some file told it."""
        for id_, experiment in self.part_of.items():
            run = self.store.runs[id_]
            run.experiment = run.experiment or self.experiments.get(experiment, experiment)


@dataclass
class _Reading:
    exports: Exports
    shown: str
    found: bool = False

    @property
    def store(self) -> Store:
        return self.exports.store

    def look(self, value: object, pointer: str, depth: int) -> None:
        """Take `value` for what it is, and look under the keys that lead on."""
        if depth > _DEEPEST:
            return
        if isinstance(value, list):
            for number, item in enumerate(value):
                self.look(item, f"{pointer}/{number}", depth + 1)
        elif isinstance(value, Mapping):
            self.take(value, Place(self.shown, marked_json.line(value, 1), pointer))
            for key in _KNOWN:
                if isinstance(value.get(key), (Mapping, list)):
                    self.look(value[key], f"{pointer}/{key}", depth + 1)

    def take(self, value: Mapping[str, Any], place: Place) -> None:
        info = value.get("info")
        if isinstance(info, Mapping) and (word(info.get("run_id")) or word(info.get("run_uuid"))):
            self.run(value, info, place)
        elif isinstance(info, Mapping) and word(info.get("model_id")):
            data = value.get("data")
            self.model({**info, **(data if isinstance(data, Mapping) else {})}, place)
        elif word(value.get("model_id")) and "artifact_location" in value:
            self.model(value, place)
        elif word(value.get("experiment_id")) and word(value.get("name")) and "artifact_location" in value:
            self.found = True
            self.exports.experiments[word(value["experiment_id"])] = word(value["name"])
        elif word(value.get("name")) and word(value.get("version")) and value.keys() & _OF_VERSIONS:
            self.version(value, place)
        elif word(value.get("name")) and ("latest_versions" in value or "creation_timestamp" in value):
            self.found = True
            if records.IS_PROMPT in records.texts(value.get("tags")):
                self.store.prompts.add(word(value["name"]))

    def run(self, value: Mapping[str, Any], info: Mapping[str, Any], place: Place) -> None:
        self.found = True
        run = Run(word(info.get("run_id")) or word(info.get("run_uuid")), place, word(info.get("run_name")))
        run.experiment = records.clean(info.get("_experiment_name"))
        run.status = records.status(info.get("status"))
        run.time = records.moment(info.get("end_time"), info.get("start_time"))
        run.started = records.moment(info.get("start_time"))
        run.artifact_uri = records.address(info.get("artifact_uri"))
        run.deleted = info.get("lifecycle_stage") == "deleted"
        if not self.store.run(run):
            return
        self.exports.part_of[run.id] = word(info.get("experiment_id"))
        data = value.get("data")
        held = data if isinstance(data, Mapping) else value
        for kind in ("param", "tag"):
            for key, item in records.entries(held.get(f"{kind}s")):
                # The exporter repeats every tag under a name of its own.
                if not key.startswith("mlflow_export_import."):
                    run.label(kind, key, item)
        for key, item in records.entries(held.get("metrics")):
            run.label("metric", key, _last(item))
        self.inputs(value.get("inputs"), run)
        self.models(value.get("outputs"), "model_outputs", run, place)
        self.models(value.get("inputs"), "model_inputs", run, place)

    def inputs(self, inputs: object, run: Run) -> None:
        listed = inputs.get("dataset_inputs") if isinstance(inputs, Mapping) else None
        for number, item in enumerate(listed if isinstance(listed, list) else ()):
            place = Place(
                self.shown,
                marked_json.line(item, run.place.line),
                f"{run.place.pointer}/inputs/dataset_inputs/{number}",
            )
            said = item.get("dataset") if isinstance(item, Mapping) else None
            if not isinstance(said, Mapping):
                self.store.collector.error(place, "the input describes no dataset; it was skipped")
                continue
            dataset = records.dataset(said, place, self.store.collector)
            if dataset:
                self.store.inputs.append(Input(run.id, dataset, records.texts(item.get("tags")), place))

    def models(self, holder: object, key: str, run: Run, place: Place) -> None:
        listed = holder.get(key) if isinstance(holder, Mapping) else None
        for item in listed if isinstance(listed, list) else ():
            model = word(item.get("model_id")) if isinstance(item, Mapping) else ""
            if model:
                at = Place(self.shown, marked_json.line(item, place.line), place.pointer)
                self.store.uses.append(ModelUse(run.id, model, key == "model_outputs", at))

    def model(self, value: Mapping[str, Any], place: Place) -> None:
        self.found = True
        made = Logged(
            word(value.get("model_id")),
            word(value.get("name")),
            place,
            run=word(value.get("source_run_id")),
            location=records.address(value.get("artifact_location") or value.get("artifact_uri")),
            time=records.moment(value.get("creation_time"), value.get("creation_timestamp_ms")),
            tags=records.texts(value.get("tags")),
        )
        self.store.model(made)

    def version(self, value: Mapping[str, Any], place: Place) -> None:
        self.found = True
        name = self.store.collector.name(value["name"], "the registered model's name", place)
        if name is None:
            return
        made = Version(
            name,
            word(value["version"]),
            place,
            run=word(value.get("run_id")),
            model=word(value.get("model_id")),
            source=records.address(value.get("source")),
            time=records.moment(value.get("creation_timestamp")),
            tags=records.texts(value.get("tags")),
        )
        self.store.version(made)


def read(files: list[tuple[Path, str]], store: Store) -> int:
    """Fill `store` from JSON files with what issues call them; how many held a record of MLflow.

    A file that is no JSON becomes an issue.
    """
    exports = Exports(store)
    found = 0
    for path, shown in files:
        try:
            found += exports.read(path, shown)
        except InputError as error:
            store.collector.broken(shown, error)
    exports.name_experiments()
    return found


def _loaded(path: Path, shown: str) -> object:
    """The value in a file: Python's writers spell metrics ``NaN`` and ``Infinity``, which JSON lacks."""
    text = read_bytes(path, marked_json.LARGEST).decode("utf-8-sig", "replace")
    if "NaN" in text or "Infinity" in text:
        text = _NO_NUMBER.sub(lambda found: found[0] if found[0][0] == '"' else f'"{found[0]}"', text)
    return marked_json.parse(text, shown)


def _last(value: object) -> object:
    """The value of a metric at its last step, where a list tells its history."""
    if not isinstance(value, list):
        return value
    points = [item for item in value if isinstance(item, Mapping)]
    return max(points, key=_when).get("value") if points else None


def _when(point: Mapping[str, Any]) -> tuple[int, int]:
    step, time = (point.get(key) for key in ("step", "timestamp"))
    return step if isinstance(step, int) else 0, time if isinstance(time, int) else 0
