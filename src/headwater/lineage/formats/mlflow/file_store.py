"""The file store of MLflow: a folder ``mlruns`` of small YAML and text files.

Which run an input belongs to is told by its path alone: MLflow writes the input's own id where
the run's should be. No path is ever taken from a file; links are not followed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from headwater.errors import InputError
from headwater.lineage.facts import Place
from headwater.lineage.formats.mlflow import records
from headwater.lineage.formats.mlflow.records import Input, Logged, ModelUse, Run, Store, Version, word
from headwater.lineage.reading import marked_yaml, shown

META = "meta.yaml"
TRASH = ".trash"
MODELS = "models"
MOST_ENTRIES = 3_000_000
DEEPEST_KEY = 8
_LONGEST_VALUE = 2**16
_LAST_OF_METRIC = 2**16

Meta = dict[str, yaml.Node]


def is_file_store(folder: Path) -> bool:
    """Whether a folder holds experiments or their runs, or is an experiment."""
    children = _children(folder)
    return any(map(_is_mlflows, (folder, *children))) or any(
        _is_mlflows(run) for child in children for run in _children(child)
    )


def _children(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as found:
            return [Path(entry.path) for entry in found if _is_folder(entry)]
    except OSError:
        return []


def _is_mlflows(folder: Path) -> bool:
    """Whether a folder's description is one of MLflow: other tools call theirs ``meta.yaml`` too."""
    if not _has_meta(folder):
        return False
    try:
        with (folder / META).open("rb") as file:
            return b"experiment_id" in file.read(_LONGEST_VALUE)
    except OSError:
        return False


def read(folder: Path, root: Path, store: Store) -> None:
    """Fill `store` from the file store in `folder`; places are relative to `root`.

    Raises
    ------
    InputError
        If it holds more than `MOST_ENTRIES` files and folders.
    """
    reading = _Reading(root, store)
    if _has_meta(folder):
        reading.experiment(folder)
        return
    for child in reading.folders(folder):
        if child.name == MODELS:
            reading.registry(child)
        else:
            reading.experiment(child)
    reading.trash(folder / TRASH)


def _has_meta(folder: Path) -> bool:
    file = folder / META
    try:
        return file.is_file() and not file.is_symlink()
    except OSError:
        return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


@dataclass
class _Reading:
    """One walk through a file store."""

    root: Path
    store: Store
    seen: int = 0
    datasets: dict[Path, records.Dataset | None] = field(default_factory=dict)

    def place(self, path: Path, line: int = 1) -> Place:
        return Place(shown(path.relative_to(self.root)), line)

    def entries(self, folder: Path) -> list[os.DirEntry[str]]:
        """What is in a folder, in order; nothing where there is no such folder."""
        if folder.is_symlink():
            self.store.collector.warning(self.place(folder, 0), "is a link; links are not followed")
            return []
        try:
            with os.scandir(folder) as found:
                listed = sorted(found, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            said = f"the folder cannot be listed: {error.strerror}; nothing was read from it"
            self.store.collector.error(self.place(folder, 0), said)
            return []
        self.seen += len(listed)
        if self.seen > MOST_ENTRIES:
            raise InputError(f"holds more than {MOST_ENTRIES:,} files", "import it in parts", shown(folder))
        return listed

    def folders(self, folder: Path) -> Iterator[Path]:
        """The folders in a folder, hidden ones and links aside."""
        for entry in self.entries(folder):
            if entry.is_symlink():
                self.store.collector.warning(
                    self.place(Path(entry.path), 0), "is a link; links are not followed"
                )
            elif not entry.name.startswith(".") and _is_folder(entry):
                yield Path(entry.path)

    def meta(self, folder: Path) -> Meta | None:
        """The fields of a folder's description, where it has one that can be read."""
        file = folder / META
        if not _has_meta(folder):
            return None
        self.store.collector.files += 1
        at = shown(file.relative_to(self.root))
        try:
            node = marked_yaml.load(file, at)
        except InputError as error:
            self.store.collector.broken(at, error)
            return None
        if not isinstance(node, yaml.MappingNode):
            said = f"the file is {marked_yaml.kind(node)}, not a mapping; nothing was read from it"
            self.store.collector.error(self.place(file), said)
            return None
        return marked_yaml.fields(node)[0]

    def trash(self, folder: Path) -> None:
        for experiment in self.folders(folder) if folder.is_dir() else ():
            if _has_meta(experiment):
                self.store.collector.count_record("deleted experiments")
                gone = sum(_has_meta(run) for run in self.folders(experiment))
                if gone:
                    self.store.collector.count_record("deleted runs", gone)

    def experiment(self, folder: Path) -> None:
        meta = self.meta(folder)
        name = _text(meta, "name") or shown(Path(folder.name))
        for child in self.folders(folder):
            if child.name == MODELS:
                for model in self.folders(child):
                    self.model(model)
            elif child.name not in ("datasets", "tags", "traces") and _has_meta(child):
                self.run(child, name, _text(meta, "lifecycle_stage") == "deleted")

    def run(self, folder: Path, experiment: str, gone: bool) -> None:
        meta = self.meta(folder)
        if meta is None:
            return
        place = self.place(folder / META)
        id_ = word(_text(meta, "run_id") or _text(meta, "run_uuid"))
        if not id_:
            self.store.collector.error(place, "the run has no run_id; it was skipped")
            return
        run = Run(id_, place, word(_text(meta, "run_name")), records.clean(experiment))
        run.status = records.status(_text(meta, "status"))
        run.time = records.moment(_text(meta, "end_time"), _text(meta, "start_time"))
        run.started = records.moment(_text(meta, "start_time"))
        run.artifact_uri = records.address(_text(meta, "artifact_uri"))
        run.deleted = gone or _text(meta, "lifecycle_stage") == "deleted"
        if not self.store.run(run) or run.deleted:
            return
        for kind in ("param", "tag", "metric"):
            for key, value in self.values(folder / f"{kind}s", kind == "metric"):
                run.label(kind, key, value)
        self.inputs(folder, run)
        self.outputs(folder, run)

    def values(self, folder: Path, is_metric: bool = False) -> Iterator[tuple[str, object]]:
        """Parameters, tags or metrics: a file each, in folders where their keys have slashes."""
        waiting = [(folder, "")]
        for here, before in waiting:
            for entry in self.entries(here):
                key = before + shown(Path(entry.name))
                if _is_folder(entry) and key.count("/") < DEEPEST_KEY:
                    waiting.append((Path(entry.path), key + "/"))
                elif entry.is_file(follow_symlinks=False):
                    yield key, self.last(Path(entry.path)) if is_metric else self.value(Path(entry.path))

    def value(self, file: Path) -> str:
        self.store.collector.files += 1
        try:
            with file.open("rb") as opened:
                return opened.read(_LONGEST_VALUE).decode("utf-8", "replace").rstrip("\n")
        except OSError as error:
            self.store.collector.error(self.place(file, 0), f"cannot be read: {error.strerror}")
            return ""

    def last(self, file: Path) -> object:
        """The metric at its last step: MLflow may write an earlier one again below it."""
        self.store.collector.files += 1
        try:
            with file.open("rb") as opened:
                opened.seek(max(0, os.fstat(opened.fileno()).st_size - _LAST_OF_METRIC))
                lines = opened.read(_LAST_OF_METRIC).decode("utf-8", "replace").splitlines()
        except OSError as error:
            self.store.collector.error(self.place(file, 0), f"cannot be read: {error.strerror}")
            return ""
        found = [parts for line in lines if len(parts := line.split()) >= 2]
        return max(map(_metric, found))[2] if found else ""

    def inputs(self, folder: Path, run: Run) -> None:
        for child in self.folders(folder / "inputs"):
            meta = self.meta(child)
            if meta is None:
                continue
            place = self.place(child / META)
            source = word(_text(meta, "source_id"))
            if _text(meta, "source_type") == "MODEL":
                if source:
                    self.store.uses.append(ModelUse(run.id, source, False, place))
                continue
            dataset = self.dataset(folder.parent, source)
            if dataset is None:
                said = f"the run read the dataset {source!r}, which the experiment does not describe"
                self.store.collector.error(place, said)
                continue
            self.store.inputs.append(Input(run.id, dataset, _tags(meta.get("tags")), place))

    def dataset(self, experiment: Path, source: str) -> records.Dataset | None:
        listed = experiment / "datasets"
        if listed not in self.datasets:
            self.datasets[listed] = None
            for child in self.folders(listed):
                self.datasets[child] = self.described(child)
        # What is listed is looked up by name: an id with '..' in it is no key.
        return self.datasets.get(listed / source) if source else None

    def described(self, folder: Path) -> records.Dataset | None:
        meta = self.meta(folder)
        if meta is None:
            return None
        said = {key: _text(meta, key) for key in ("name", "digest", "source_type", "source", "profile")}
        return records.dataset(said, self.place(folder / META), self.store.collector)

    def outputs(self, folder: Path, run: Run) -> None:
        for child in self.folders(folder / "outputs"):
            meta = self.meta(child)
            model = word(_text(meta, "destination_id"))
            if model:
                self.store.uses.append(ModelUse(run.id, model, True, self.place(child / META)))

    def model(self, folder: Path) -> None:
        meta = self.meta(folder)
        id_ = word(_text(meta, "model_id"))
        if not id_:
            return
        made = Logged(
            id_,
            word(_text(meta, "name")),
            self.place(folder / META),
            run=word(_text(meta, "source_run_id")),
            location=records.address(_text(meta, "artifact_location")),
            time=records.moment(_text(meta, "creation_timestamp")),
            deleted=_text(meta, "lifecycle_stage") == "deleted",
            tags=records.texts(dict(self.values(folder / "tags"))),
        )
        self.store.model(made)

    def registry(self, folder: Path) -> None:
        for registered in self.folders(folder):
            if _has_meta(registered):
                self.registered(registered)

    def registered(self, folder: Path) -> None:
        name = word(_text(self.meta(folder), "name")) or shown(Path(folder.name))
        if any(key == records.IS_PROMPT for key, _ in self.values(folder / "tags")):
            self.store.prompts.add(name)
        for child in self.folders(folder):
            meta = self.meta(child)
            number = word(_text(meta, "version"))
            if not child.name.startswith("version-") or not number:
                continue
            made = Version(
                name,
                number,
                self.place(child / META),
                run=word(_text(meta, "run_id")),
                model=word(_text(meta, "model_id")),
                source=records.address(_text(meta, "source")),
                time=records.moment(_text(meta, "creation_timestamp")),
                deleted=_text(meta, "current_stage") == "Deleted_Internal",
                tags=records.texts(dict(self.values(child / "tags"))),
            )
            self.store.version(made)


def _metric(parts: list[str]) -> tuple[int, int, str]:
    """Step, time and value of a line 'time value step'."""
    time, value, step = parts[0], parts[1], parts[2] if len(parts) > 2 else "0"
    numbers = [int(text) if text.lstrip("-").isdecimal() and len(text) < 20 else 0 for text in (step, time)]
    return numbers[0], numbers[1], value.removesuffix(".0")


def _text(meta: Meta | None, key: str) -> str | None:
    return marked_yaml.text(meta.get(key)) if meta else None


def _tags(node: yaml.Node | None) -> dict[str, str]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return records.texts({key: marked_yaml.text(value) for key, value in marked_yaml.fields(node)[0].items()})
