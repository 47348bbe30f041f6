"""What runs, datasets and models of an MLflow store are called in facts.

A model that is registered is called by its registered name and number, whatever else it is
called; any other by experiment, run and name, with its id as version. Most of these are just
called ``model``, so that the name alone would make versions of one model of all that an experiment
ever logged. A dataset has its digest as version. MLflow calls what was logged without a name
``dataset``: such a one is called by where its source lies, if the record says that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from headwater.lineage.facts import Key
from headwater.lineage.formats.mlflow import records
from headwater.lineage.formats.mlflow.records import Dataset, Logged, Run, Store, Version
from headwater.lineage.reading import LONGEST_NAME

_MODELS = "models:/"
_RUNS = "runs:/"


@dataclass
class Names:
    """The key of everything in a store.

    Attributes
    ----------
    versions
        The registered versions, in order, without prompts and deleted ones.
    passed_over
        How many of those there are.
    recorded
        The models that have a record.
    """

    store: Store
    versions: list[Version] = field(default_factory=list)
    passed_over: dict[str, int] = field(default_factory=dict)
    recorded: set[Key] = field(default_factory=set)
    _models: dict[str, Key] = field(default_factory=dict)
    _groups: dict[object, Key] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _add_from_history(self.store)
        _add_from_tags(self.store)
        located = {model.location: model.id for model in self.store.models.values() if model.location}
        for version in sorted(self.store.versions.values(), key=_order):
            if version.deleted or records.IS_PROMPT in version.tags or version.name in self.store.prompts:
                noun = "deleted model versions" if version.deleted else "prompts"
                self.passed_over[noun] = self.passed_over.get(noun, 0) + 1
                continue
            self.versions.append(version)
            key = Key("model", version.name, version.version)
            self.recorded.add(key)
            model = version.model or _id_in(version.source) or located.get(version.source, "")
            # The same address in two runs may hold two models, so the run counts too.
            group = model or (version.run, version.source if version.run else key)
            self._groups[version.name, version.version] = self._groups.setdefault(group, key)
            if model:
                self._models.setdefault(model, key)
        self.recorded.update(self.model(id_) for id_ in self.store.models)

    def run(self, run: Run) -> Key:
        """A run: experiment and run name, the id as version."""
        name = run.name or run.id
        whole = f"{run.experiment}/{name}" if run.experiment else name
        return Key("procedure", whole if len(whole) <= LONGEST_NAME else name, run.id)

    def model(self, id_: str) -> Key:
        """A logged model."""
        if id_ not in self._models:
            model = self.store.models.get(id_)
            self._models[id_] = self._logged(model) if model else Key("model", id_)
        return self._models[id_]

    def _logged(self, model: Logged) -> Key:
        run = self.store.runs.get(model.run)
        name = model.name or model.id
        # A model that no run of the store logged has nothing else to tell it apart by.
        found = [f"{run.id}/{name}" if run else f"{name}/{model.id}", model.id]
        if run:
            found.insert(0, "/".join(filter(None, (run.experiment, run.name or run.id, name))))
        return Key("model", next(each for each in found if len(each) <= LONGEST_NAME), model.id)

    def first(self, version: Version) -> Key:
        """The first version that the same logged model was registered as, or was copied from."""
        copied = self._version(version.source)
        if copied in self.recorded:
            return copied
        return self._groups[version.name, version.version]

    def dataset(self, said: Dataset) -> Key:
        """A dataset, the digest as version."""
        named = said.name != records.PLACEHOLDER or not said.address or len(said.address) > LONGEST_NAME
        return Key("dataset", said.name if named else said.address, said.digest)

    def referred(self, written: str) -> tuple[Key | None, str]:
        """What ``models:/NAME/NUMBER``, ``models:/ID``, ``runs:/ID`` or a run's id means, or why nothing."""
        if written.startswith(_MODELS):
            if _id_in(written) in self.store.models:
                return self.model(_id_in(written)), ""
            found = self._version(written)
            wrong = f"{records.clean(written)!r} names no version: write models:/NAME/NUMBER"
            return (found, "") if found.name else (None, wrong)
        id_ = written.removeprefix(_RUNS).partition("/")[0]
        run = self.store.runs.get(id_)
        if run is None or run.deleted:
            said = f"{records.clean(written)!r} is no run of this store"
            return None, f"{said}: write models:/NAME/NUMBER or a run's id"
        return self.run(run), ""

    def _version(self, written: str) -> Key:
        """The version that ``models:/NAME/NUMBER`` names; a key without a name where it names none."""
        name, _, number = written.removeprefix(_MODELS).rpartition("/")
        fits = written.startswith(_MODELS) and number.isascii() and number.isdigit() and len(number) < 20
        return Key("model", records.word(name) if fits else "", number if fits else "")


@dataclass
class Artifacts:
    """The artifact folders of runs."""

    runs: Iterable[Run]
    folders: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for run in self.runs:
            folder = _folder(run.artifact_uri)
            if folder:
                # A folder that two runs share tells of neither.
                self.folders[folder] = "" if self.folders.get(folder, run.id) != run.id else run.id

    def holds(self, address: str) -> str:
        """The id of the run in whose folder an address lies; empty where there is none."""
        if address.startswith(_RUNS):
            return address.removeprefix(_RUNS).partition("/")[0]
        folder = _folder(address)
        while folder:
            if folder in self.folders:
                return self.folders[folder]
            folder = folder.rpartition("/")[0]
        return ""


def _folder(address: str) -> str:
    """An address in one spelling; empty where it climbs with '..' or names no folder of its own."""
    text = address.removeprefix("file://").removeprefix("file:").rstrip("/")
    return "" if ".." in text.split("/") or text.count("/") < 2 else text


def _id_in(source: str) -> str:
    """The id of the logged model in ``models:/m-...``, or nothing."""
    id_ = source.removeprefix(_MODELS)
    return id_ if source.startswith(_MODELS) and "/" not in id_ and "@" not in id_ else ""


def _order(version: Version) -> tuple[str, int, str]:
    number = version.version
    plain = number.isascii() and number.isdigit()
    return version.name, int(number) if plain else 0, number


def _add_from_history(store: Store) -> None:
    """Models that runs before MLflow 3 tell only in a tag, those registered aside."""
    told = {use.run for use in store.uses if use.made} | {model.run for model in store.models.values()}
    registered: dict[str, list[str]] = {}
    for version in store.versions.values():
        registered.setdefault(version.run, []).append(version.source)
    for run in store.runs.values():
        if run.id in told or run.deleted:
            continue
        for path, id_ in records.history(run.told.get(records.HISTORY)):
            if not any(source.endswith(f"/{path}") for source in registered.get(run.id, ())):
                store.model(Logged(id_ or f"{run.id}/{path}", path, run.place, run=run.id))


def _add_from_tags(store: Store) -> None:
    """Registered versions that only a logged model tells of, in a tag."""
    for model in store.models.values():
        run = store.runs.get(model.run)
        if model.deleted or (run and run.deleted):
            continue
        for name, number in _named(model):
            known = store.versions.get((name, number))
            if known is None or not (known.model or _id_in(known.source)):
                tags = known.tags if known else {}
                source = known.source if known else ""
                place = known.place if known else model.place
                made = Version(name, number, place, model.run, model.id, source, model.time, tags=tags)
                store.versions[name, number] = made


def _named(model: Logged) -> Iterator[tuple[str, str]]:
    return records.named_versions(model.tags.get(records.MODEL_VERSIONS))
