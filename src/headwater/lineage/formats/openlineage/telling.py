"""What all events say together: runs united by their identifier, jobs, and datasets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from headwater.errors import InputError
from headwater.lineage.facts import Count, Place
from headwater.lineage.formats.openlineage import explicit, fields
from headwater.lineage.formats.openlineage.datasets import Record, Saying, Side, read_dataset
from headwater.lineage.formats.openlineage.explicit import OWN, End, Flow
from headwater.lineage.formats.openlineage.fields import Scope, facet, mapping, text
from headwater.lineage.formats.openlineage.naming import Names
from headwater.lineage.reading.collecting import Collector, name_problem, spelled

STATES = ("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER")
BROKEN_OFF = frozenset(("ABORT", "FAIL"))

_OF_RUN = frozenset(("run", "job", "inputs", "outputs"))
_EVENT = _OF_RUN | {"dataset"}
_UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_TEMPLATE = re.compile(r"\{\{|\$\{")


@dataclass(slots=True)
class Mention:
    """One dataset, in one version, that a run read or wrote."""

    place: Place
    records: dict[Record, Place]
    count: Count | None = None
    counted: datetime | None = None
    word: str = ""
    emptied: bool = False

    def add(self, saying: Saying, place: Place, when: datetime | None, collector: Collector) -> None:
        """Take in what a further event of the run says; of two counts the later one counts."""
        self.records.setdefault(saying.record, place)
        self.word = self.word or saying.word
        self.emptied = self.emptied and saying.emptied
        if saying.amount is None or saying.amount == self.count:
            return
        later = self.counted is None or when is None or when >= self.counted
        old, new = (self.count, saying.amount) if later else (saying.amount, self.count)
        if self.count is None or later:
            self.count, self.counted, self.place = saying.amount, when, place
        if old is not None and new is not None and old.unit == new.unit and new.low < old.low:
            said = f"{saying.record.name!r} has {old} in one event of the run and {new} in a later one"
            collector.warning(place, f"{said}: the later one counts")


@dataclass(slots=True)
class Run:
    """What is known of one run, or of a job whose events name no runs.

    Attributes
    ----------
    job, run
        The name of the job and the identifier of the run; empty where there is none.
    """

    place: Place
    job: str = ""
    run: str = ""
    states: set[str] = field(default_factory=set)
    began: datetime | None = None
    first: datetime | None = None
    last: datetime | None = None
    ended: datetime | None = None
    generation: int | None = None
    is_model: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    inputs: dict[tuple[str, str], Mention] = field(default_factory=dict)
    outputs: dict[tuple[str, str], Mention] = field(default_factory=dict)
    flows: dict[End, Flow] = field(default_factory=dict)

    @property
    def broken_off(self) -> bool:
        """Whether it failed or was aborted, and never completed."""
        return bool(self.states & BROKEN_OFF) and "COMPLETE" not in self.states

    @property
    def time(self) -> str:
        """When it ended, or was last heard of."""
        when = self.ended or self.last
        return when.isoformat() if when else ""

    @property
    def started(self) -> str:
        """When it began, or was first heard of."""
        when = self.began or self.first
        return when.isoformat() if when else ""

    def heard(self, state: str, when: datetime | None) -> None:
        """Take in the type and time of an event."""
        if state:
            self.states.add(state)
        # A job is described at any time; that is not when it ran.
        if when is None or not (state or self.run):
            return
        if self.first is None or when < self.first:
            self.first = when
        if self.last is None or when > self.last:
            self.last = when
        if state == "START" and (self.began is None or when < self.began):
            self.began = when
        if state == "COMPLETE" and (self.ended is None or when > self.ended):
            self.ended = when

    def flow(self, target: End, flow: Flow) -> None:
        """Take in an explicit flow."""
        known = self.flows.setdefault(target, flow)
        for source, place in flow.sources.items():
            known.sources.setdefault(source, place)


@dataclass(slots=True)
class Told:
    """Everything that the events have said so far.

    Attributes
    ----------
    runs
        Runs and jobs, by what tells them apart.
    described
        Datasets told of outside of runs.
    fed
        Explicit flows into datasets that no run of the record wrote, with when they were told.
    """

    collector: Collector
    names: Names = field(default_factory=Names)
    runs: dict[tuple[str, ...], Run] = field(default_factory=dict)
    described: dict[Record, Place] = field(default_factory=dict)
    fed: dict[str, Run] = field(default_factory=dict)
    _same: dict[Record, Record] = field(default_factory=dict)
    _foreign: dict[str, tuple[Place, int]] = field(default_factory=dict)
    _two_jobs: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for noun in ("events", "runs"):
            self.collector.records.setdefault(noun, 0)

    def hear(self, place: Place, event: object) -> None:
        """Take in one event."""
        if isinstance(event, InputError):
            said = event.problem.removeprefix(f"{event.path}:{event.line}: ")
            self.collector.error(place, f"{said}; it was skipped")
            return
        if not isinstance(event, dict) or _EVENT.isdisjoint(event):
            first, number = self._foreign.get(place.path, (place, 0))
            self._foreign[place.path] = first, number + 1
            return
        self.collector.count_record("events")
        scope = Scope(self.collector, place)
        when = fields.moment(event, scope)
        if "dataset" in event:
            self._hear_dataset(event, when, scope)
        if not _OF_RUN.isdisjoint(event):
            self._hear_run(event, when, scope)

    def finish(self) -> None:
        """Say what was no event, once for every file."""
        for place, number in self._foreign.values():
            which = "is" if number == 1 else f"is the first of {number:,} values that are"
            self.collector.warning(place, f"{which} no OpenLineage event: passed over")
        self._foreign.clear()

    def _hear_dataset(self, event: Mapping[str, Any], when: datetime | None, scope: Scope) -> None:
        below = scope.below("dataset")
        dataset = mapping(event, "dataset", scope)
        saying = read_dataset(dataset, "dataset", self.names, below)
        if saying is not None:
            self.described.setdefault(saying.record, below.place)
            self._feed(dataset, saying, when, below)

    def _feed(self, dataset: Mapping[str, Any], saying: Saying, when: datetime | None, scope: Scope) -> None:
        """Take in what a dataset says of its own sources, outside of the run that wrote it."""
        flow = explicit.of_dataset(mapping(dataset, "facets", scope), self.names, scope)
        if flow is None:
            return
        if flow.sources.pop(OWN, None):
            scope.warn("the facet lineage names the job of the event, which has none here: passed over")
        if flow.sources:
            name = saying.record.name
            run = self.fed.setdefault(name, Run(flow.place, f"lineage of {name}"))
            run.heard("", when)
            run.flow(End("DATASET", name), flow)

    def _hear_run(self, event: Mapping[str, Any], when: datetime | None, scope: Scope) -> None:
        state = self._state(event, scope)
        job = mapping(event, "job", scope)
        named = "name" in job
        name = (self.names.of(job, "a job", scope.below("job")) or "") if named else ""
        told = mapping(event, "run", scope)
        id_ = self._id(told, scope) if told or state else ""
        if (told or state) and not id_ and state in BROKEN_OFF:
            scope.warn(f"a run without a runId ended with {state}: what it read and wrote was left out")
            return
        run = self._run(id_, name, scope)
        run.heard(state, when)
        self._label(run, told, job, scope)
        for target, flow in explicit.of_job(mapping(job, "facets", scope), self.names, scope):
            run.flow(target, flow)
        for saying, where, dataset in self._datasets(event, "inputs", scope):
            self._mention(run.inputs, saying, where, when)
            self._feed(dataset, saying, when, where)
        for saying, where, dataset in self._datasets(event, "outputs", scope):
            self._mention(run.outputs, saying, where, when)
            flow_in = explicit.of_dataset(mapping(dataset, "facets", where), self.names, where)
            if flow_in is not None:
                run.flow(End("DATASET", saying.record.name), flow_in)

    def _run(self, id_: str, job: str, scope: Scope) -> Run:
        """The run that an event is of: found by its identifier, else by its job, else its own."""
        key: tuple[str, ...]
        if id_:
            key = (id_.lower(),) if is_unique(id_) else (id_, job)
        else:
            key = ("job", job, "") if job else ("event", "", str(scope.place))
        run = self.runs.get(key)
        if run is None:
            run = self.runs[key] = Run(scope.place, job, id_)
            if id_:
                self.collector.count_record("runs")
        elif job and run.job != job:
            if run.job and id_ not in self._two_jobs:
                self._two_jobs.add(id_)
                scope.warn(f"run {id_!r} is of the job {run.job!r} and of {job!r}: read as one, of the first")
            run.job = run.job or job
        return run

    def _state(self, event: Mapping[str, Any], scope: Scope) -> str:
        value = event.get("eventType")
        if value is None:
            return ""
        state = value.upper() if isinstance(value, str) else ""
        if state not in STATES:
            scope.warn(f"eventType is {spelled(value)}, not one of {', '.join(STATES)}; it is read as OTHER")
            return "OTHER"
        return state

    def _id(self, told: Mapping[str, Any], scope: Scope) -> str:
        """The identifier of a run; empty where it has none that tells it from others."""
        value = told.get("runId")
        if value is None:
            return ""
        problem = name_problem(value)
        if problem:
            scope.warn(f"runId {problem}")
            return ""
        # A test writes what any identifier fits, so that many runs share it.
        return "" if _TEMPLATE.search(value) else str(value).strip()

    def _label(self, run: Run, told: Mapping[str, Any], job: Mapping[str, Any], scope: Scope) -> None:
        of_run = mapping(told, "facets", scope)
        of_job = mapping(job, "facets", scope)
        if not of_run and not of_job:
            return
        type_ = facet(of_job, "jobType", scope)
        integration, word = text(type_.get("integration")), text(type_.get("jobType"))
        # A model of dbt is a query.
        if word.upper() == "MODEL" and integration.upper() != "DBT":
            run.is_model = True
        tags = [*fields.tags(of_job, scope), *fields.tags(of_run, scope)]
        generation = fields.generation(tags)
        run.generation = run.generation if generation is None else generation
        said = [("jobType", word), ("integration", integration), *_of_run(of_run, scope)]
        fields.add_labels(run.labels, [*said, *(tag.label for tag in tags)], scope)

    def _datasets(
        self, event: Mapping[str, Any], side: Side, scope: Scope
    ) -> Iterator[tuple[Saying, Scope, Mapping[str, Any]]]:
        for at, dataset in fields.items(event, side, scope):
            below = scope.below(f"{side}/{at}")
            saying = read_dataset(dataset, side, self.names, below)
            if saying is not None:
                yield saying, below, dataset

    def _mention(
        self,
        mentions: dict[tuple[str, str], Mention],
        saying: Saying,
        scope: Scope,
        when: datetime | None,
    ) -> None:
        # Thousands of runs say the same of a dataset: it is kept once.
        record = self._same.setdefault(saying.record, saying.record)
        key = record.name, record.version
        known = mentions.get(key)
        if known is not None:
            known.add(saying, scope.place, when, self.collector)
            return
        counted = when if saying.amount else None
        mentions[key] = Mention(
            scope.place, {record: scope.place}, saying.amount, counted, saying.word, saying.emptied
        )


def is_unique(run: str) -> bool:
    """Whether an identifier tells a run from those of all other jobs: no other than a UUID does."""
    return _UUID.fullmatch(run) is not None


def _of_run(facets: Mapping[str, Any], scope: Scope) -> Iterator[tuple[str, str]]:
    """What the facets of a run say that a rule may ask for."""
    if nominal := facet(facets, "nominalTime", scope):
        for name in ("nominalStartTime", "nominalEndTime"):
            yield name, text(nominal.get(name))
    if parent := facet(facets, "parent", scope):
        yield "parent.run", text(mapping(parent, "run", scope).get("runId"))
        of = mapping(parent, "job", scope)
        parts = (text(of.get("namespace")), text(of.get("name")))
        yield "parent.job", "/".join(part for part in parts if part)
    parameters = facet(facets, "executionParameters", scope)
    for _, item in fields.items(parameters, "parameters", scope):
        if key := text(item.get("key")):
            yield f"param.{key}", text(item.get("value"))
