"""From what an MLflow store holds to facts.

A run is a procedure, named ``experiment/run name`` with its id as version. It used its dataset and
model inputs and made its models. A dataset whose source lies below a run's artifact folder was
made by that run. Only the user's own tag ``headwater.generated_by`` says who generated what.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from headwater.lineage.facts import Key, Place, Role
from headwater.lineage.formats.mlflow import records
from headwater.lineage.formats.mlflow.naming import Artifacts, Names
from headwater.lineage.formats.mlflow.records import GENERATED_BY, Input, Run, Store
from headwater.lineage.reading import Collector

_MOST_OF_PARENT = 40
_MOST_LABELS = 200


def tell(store: Store) -> None:
    """Give everything in `store` to its collector."""
    _Telling(store, store.collector, Names(store), Artifacts(store.runs.values())).all()


@dataclass
class _Telling:
    store: Store
    collector: Collector
    names: Names
    artifacts: Artifacts
    related: set[tuple[Key, Key, str, str]] = field(default_factory=set)
    described: set[tuple[object, ...]] = field(default_factory=set)

    def all(self) -> None:
        self.runs()
        self.models()
        self.versions()
        self.inputs()
        self.model_uses()
        self.stated_on_runs()
        runs = self.collector.records.get("runs", 0)
        if runs and not self.store.inputs and not self.store.uses:
            place = next(iter(self.store.runs.values())).place
            said = f"none of the {runs:,} runs says what it read; parameters and metrics are kept for rules"
            self.collector.warning(Place(place.path), said)

    def run(self, id_: str) -> Run | None:
        """A run that was read and not deleted."""
        run = self.store.runs.get(id_)
        return run if run and not run.deleted else None

    def runs(self) -> None:
        left_out = 0
        for run in self.store.runs.values():
            if run.deleted:
                self.collector.count_record("deleted runs")
                continue
            self.collector.count_record("runs")
            left_out += run.left_out
            self.collector.entity(
                self.names.run(run),
                run.place,
                time=run.time,
                started=run.started,
                labels={**self.about(run), **self.of_parent(run)},
            )
        if left_out:
            place = Place(next(iter(self.store.runs.values())).place.path)
            most = records.MOST_LABELS
            said = f"{left_out:,} parameters, tags and metrics beyond {most} a run were left out"
            self.collector.warning(place, said)

    def about(self, run: Run) -> dict[str, str]:
        said = {"run_name": run.name, "run_id": run.id, "experiment": run.experiment, "status": run.status}
        return {key: value for key, value in said.items() if value} | run.labels

    def of_parent(self, run: Run) -> dict[str, str]:
        """Name, parameters and own tags of the parent: rounds are often told only there."""
        parent = self.run(records.word(run.told.get(records.PARENT)))
        if parent is None or parent is run:
            return {}
        own = [
            (f"parent.{key}"[: records.LONGEST_LABEL], value)
            for key, value in parent.labels.items()
            if key.startswith(("param.", "tag.")) and not key.startswith("tag.mlflow.")
        ]
        return {"parent_run": parent.name or parent.id, **dict(own[:_MOST_OF_PARENT])}

    def models(self) -> None:
        """Logged models that are no registered version; such a one is told as the version it is."""
        for model in self.store.models.values():
            run = self.store.runs.get(model.run)
            if model.deleted or (run and run.deleted):
                self.collector.count_record("deleted logged models")
                continue
            self.collector.count_record("logged models")
            key = self.names.model(model.id)
            labels = self.about(run) if run else {}
            labels |= {f"tag.{name}": value for name, value in model.tags.items()}
            labels |= {"logged_model": model.name, "logged_model_id": model.id}
            self.collector.entity(key, model.place, time=model.time, labels=_held(labels))
            if run:
                self.relate(key, self.names.run(run), "made", model.place, "source_run_id")

    def versions(self) -> None:
        for version in self.names.versions:
            self.collector.count_record("model versions")
            run = self.store.runs.get(version.run)
            labels = self.about(run) if run and not run.deleted else {}
            labels |= {f"tag.{name}": value for name, value in version.tags.items()}
            labels["source"] = version.source
            key = Key("model", version.name, version.version)
            self.collector.entity(key, version.place, time=version.time, labels=_held(labels))
            if run and run.deleted:
                self.collector.warning(
                    version.place, "the run that made this version was deleted: its data are unknown"
                )
            elif run:
                self.relate(key, self.names.run(run), "made", version.place, "model_version")
            first = self.names.first(version)
            if first != key:
                self.relate(key, first, "same-as", version.place, "source")
        for noun, number in self.names.passed_over.items():
            self.collector.count_record(noun, number)

    def inputs(self) -> None:
        for used in self.store.inputs:
            run = self.run(used.run)
            if run is None:
                continue
            self.collector.count_record("dataset inputs")
            maker = self.maker(used)
            key = self.dataset(used, maker)
            context = used.tags.get(records.CONTEXT, "")
            self.relate(self.names.run(run), key, "used", used.place, context)
            if maker:
                self.relate(key, self.names.run(maker), "made", used.dataset.place, "artifact_uri")
            if GENERATED_BY in used.tags:
                self.generated(key, used.tags[GENERATED_BY], used.place)

    def maker(self, used: Input) -> Run | None:
        """The run in whose artifact folder the data lie."""
        found = self.store.runs.get(self.artifacts.holds(used.dataset.address))
        # A run that logs its own artifact as its input says nothing about where the data came from.
        if found is None or found.id == used.run:
            return None
        if found.deleted:
            said = "the data are an artifact of a deleted run: who made them is unknown"
            self.collector.warning(used.place, said)
            return None
        return found

    def dataset(self, used: Input, maker: Run | None) -> Key:
        """Tell the dataset of a use, once for each set of tags; what made it lends its labels."""
        said = used.dataset
        key = self.names.dataset(said)
        labels = {**said.labels}
        if key.name != said.name:
            labels["name"] = said.name
        labels |= {f"tag.{name}": value for name, value in used.tags.items() if name != records.CONTEXT}
        known = (key, said.rows, tuple(labels.items()), maker.id if maker else "")
        if known not in self.described:
            self.described.add(known)
            lent = self.about(maker) if maker else {}
            self.collector.entity(key, said.place, count=said.rows, labels=_held({**lent, **labels}))
        return key

    def model_uses(self) -> None:
        for use in self.store.uses:
            run = self.run(use.run)
            if run is None:
                continue
            self.collector.count_record("model outputs" if use.made else "model inputs")
            key = self.names.model(use.model)
            if use.model not in self.store.models:
                self.collector.entity(key, use.place)
            if use.made:
                self.relate(key, self.names.run(run), "made", use.place, "model_output")
            else:
                self.relate(self.names.run(run), key, "used", use.place, "model_input")

    def stated_on_runs(self) -> None:
        """A run's tag speaks of its one training input, or of the input whose name follows the tag's."""
        tagged = [run for run in self.store.runs.values() if not run.deleted and any(_stated(run))]
        wanted = {run.id for run in tagged}
        inputs: dict[str, list[Input]] = {}
        for used in self.store.inputs:
            if used.run in wanted:
                inputs.setdefault(used.run, []).append(used)
        for run in tagged:
            for name, value in _stated(run):
                chosen = _meant(inputs.get(run.id, []), name)
                if len(chosen) == 1:
                    self.generated(self.names.dataset(chosen[0].dataset), value, run.place)
                else:
                    self.collector.warning(run.place, _unclear(name, len(chosen)))

    def generated(self, dataset: Key, value: str, place: Place) -> None:
        for written in value.split(","):
            found, problem = self.names.referred(written.strip())
            if found is None:
                self.collector.warning(place, f"{GENERATED_BY} {problem}; it was left out")
                continue
            if found.kind == "model" and found not in self.names.recorded:
                self.names.recorded.add(found)
                self.collector.entity(found, place)
            self.relate(dataset, found, "generated", place, GENERATED_BY)

    def relate(self, subject: Key, object_: Key, role: Role, place: Place, word: str) -> None:
        # A model's run is told by its output, its own record and its version: once is enough.
        said = (subject, object_, role, word if role == "used" else "")
        if said not in self.related:
            self.related.add(said)
            self.collector.relation(subject, object_, role, place, word=word)


def _stated(run: Run) -> Iterator[tuple[str, str]]:
    """Name of an input, or nothing, and what the user says generated it."""
    for key, value in run.told.items():
        if isinstance(value, str) and (key == GENERATED_BY or key.startswith(f"{GENERATED_BY}.")):
            yield key[len(GENERATED_BY) + 1 :], value


def _meant(inputs: list[Input], name: str) -> list[Input]:
    """The inputs of that name; without a name the training inputs, or all where none is called so."""
    if name:
        return [used for used in inputs if used.dataset.name == name]
    training = [used for used in inputs if used.tags.get(records.CONTEXT) == "training"]
    return training or inputs


def _unclear(name: str, number: int) -> str:
    if name:
        said = f"{GENERATED_BY}.{records.clean(name)}: {number} inputs of the run have that name"
        return f"{said}; it was left out"
    said = f"{GENERATED_BY} does not say which of the run's {number} inputs it is about; it was left out"
    return (
        f"{said}: write {GENERATED_BY}.NAME"
        if number
        else f"{GENERATED_BY}: the run has no input; it was left out"
    )


def _held(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels that say something, at most as many as an entity has."""
    kept = [(key, value) for key, value in labels.items() if value]
    return dict(kept[:_MOST_LABELS])
