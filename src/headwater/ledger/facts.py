"""Entries of a ledger as facts: who was trained on what, how much of it, and who had written it.

A dataset is known by its hash, so that what one run wrote is found again where another used it.
What the entries do not say stays unknown.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any, Literal, get_args

from headwater.ledger.book import Ledger
from headwater.ledger.chain import Entry
from headwater.ledger.runs import DEEDS, USES
from headwater.lineage.facts import Count, Facts, Key, Place, Role
from headwater.lineage.reading.collecting import LONGEST_NAME, Collector, name_problem, spelled
from headwater.lineage.rules import MADE_BY_MODEL
from headwater.lineage.runs import moment

FORMAT = "ledger"

_ROLES = set(get_args(Role))
_SYNTHETIC = {"all", "mixed", "none"}
_MOST_DOUBTS = 20
_MOST_LABELS = 200
_BEFORE = datetime.min.replace(tzinfo=UTC)
_SHA256 = re.compile("[0-9a-f]{64}")


def read(path: str | os.PathLike[str]) -> Facts:
    """Facts of a ledger, by its path or URL; the place of each is the number of its entry.

    Raises
    ------
    InputError
        If there is no ledger, or its entries are not what was written.
    """
    with Ledger(path, read_only=True) as ledger:
        return of_ledger(ledger)


def of_ledger(ledger: Ledger) -> Facts:
    """Facts of an open ledger."""
    name = PurePath(ledger.name).name if "://" not in ledger.name else ledger.name
    collector = Collector(ledger.name, FORMAT, files=1)
    told = _Told(collector, name)
    _collect_events(ledger, told)
    told.state()
    return collector.facts()


def _collect_events(ledger: Ledger, told: _Told) -> None:
    """Give each entry to the reader of its kind: ours here, events of others to theirs."""

    def events() -> Iterator[tuple[Place, object]]:
        for entry in ledger.entries():
            told.collector.count_record("entries")
            if entry.kind == "openlineage":
                yield told.place(entry), entry.body.get("event")
            else:
                told.take(entry)

    from headwater.lineage.formats import openlineage

    openlineage.collect(events(), told.collector)
    if not told.collector.records.get("events"):
        told.collector.records.pop("events", None)


_AUTOMATIC = re.compile("(?:array|bytes|table) [0-9a-f]{12}")


@dataclass(slots=True)
class _Use:
    """An entry about a dataset, which has its key when all names of it are known."""

    place: Place
    named: Key
    body: Mapping[str, Any]
    kind: str
    dataset: Key


@dataclass(slots=True)
class _Run:
    """What the entries of one run say."""

    place: Place
    model: Key
    generation: int | None
    labels: dict[str, str]
    run: Key
    started: str
    end: Literal["", "run-finished", "run-failed"] = ""
    time: str = ""
    used: list[_Use] = field(default_factory=list)
    wrote: list[_Use] = field(default_factory=list)


@dataclass
class _Told:
    """What has been read; stated when all of it has, for an end may come late."""

    collector: Collector
    name: str
    now: datetime = _BEFORE
    runs: dict[str, _Run] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    evidence: list[_Use] = field(default_factory=list)
    makers: dict[Key, list[Key]] = field(default_factory=dict)
    vouched: dict[Key, Place] = field(default_factory=dict)
    named: set[Key] = field(default_factory=set)
    stated: set[tuple[Key, Key, str]] = field(default_factory=set)
    learned: dict[Key, Place] = field(default_factory=dict)
    known: set[Key] = field(default_factory=set)

    def place(self, entry: Entry) -> Place:
        """Where an entry stands."""
        return Place(self.name, entry.number)

    def take(self, entry: Entry) -> None:
        """Read one entry."""
        place = self.place(entry)
        if entry.kind == "run-started":
            self._start(entry, place)
        elif entry.kind in ("vouched", "marked"):
            self._add(self.evidence, entry, place)
        elif (run := self._run(entry, place)) is None:
            pass
        elif entry.kind in ("run-finished", "run-failed"):
            run.end = "run-finished" if entry.kind == "run-finished" else "run-failed"
            run.time = self._time(entry)
        elif entry.kind in ("used", "wrote"):
            self._add(run.used if entry.kind == "used" else run.wrote, entry, place)
        else:
            self.collector.error(place, f"an entry of kind {spelled(entry.kind)}; it was skipped")

    def state(self) -> None:
        """Put everything into the collector."""
        runs = [run for run in self.runs.values() if not self._left_out(run)]
        self._tell_apart(runs)
        for use in (*self.evidence, *(use for run in runs for use in (*run.used, *run.wrote))):
            use.dataset = use.named._replace(name=self.names.get(use.named.version, use.named.name))
        weights = self._weights(runs)
        for use in self.evidence:
            self._evidence(use)
        for run in runs:
            self._model(run)
            for use in run.wrote:
                self._wrote(run, use, weights)
            for use in run.used:
                self._used(run, use, weights)
        self._doubts()

    def _start(self, entry: Entry, place: Place) -> None:
        name = self.collector.name(entry.body.get("model"), "the model of a run", place)
        run = entry.body.get("run")
        if name is None or not isinstance(run, str):
            return
        self.collector.count_record("runs")
        generation = self._whole(entry.body.get("generation"), "generation", place)
        told = entry.body.get("labels")
        pairs = list(told.items())[:_MOST_LABELS] if isinstance(told, Mapping) else []
        labels = {f"param.{key[:LONGEST_NAME]}": str(value)[:LONGEST_NAME] for key, value in pairs}
        version = "" if generation is None else str(generation)
        called = Key("procedure", f"run {run}" if not name_problem(f"run {run}") else f"run at {place.line}")
        self.runs[run] = _Run(
            place, Key("model", name, version), generation, labels, called, self._time(entry)
        )

    def _time(self, entry: Entry) -> str:
        """When an entry was written: not before those above it, whatever clock its writer had."""
        self.now = max(self.now, moment(entry.at) or self.now)
        return self.now.isoformat()

    def _run(self, entry: Entry, place: Place) -> _Run | None:
        run = entry.body.get("run")
        found = self.runs.get(run) if isinstance(run, str) else None
        if found is None:
            self.collector.error(place, f"{entry.kind} of a run that no entry started; it was skipped")
        return found

    def _add(self, uses: list[_Use], entry: Entry, place: Place) -> None:
        """Remember an entry about a dataset, and what the dataset is called.

        One with a hash has the first name that somebody gave it.
        """
        told = entry.body.get("dataset")
        told = told if isinstance(told, Mapping) else {}
        name = self.collector.name(told.get("name"), "the name of a dataset", place)
        if name is None:
            return
        sha256 = told.get("sha256")
        version = sha256 if isinstance(sha256, str) and _SHA256.fullmatch(sha256) else ""
        if version and (version not in self.names or _AUTOMATIC.fullmatch(self.names[version])):
            self.names[version] = name
        key = Key("dataset", name, version)
        uses.append(_Use(place, key, entry.body, entry.kind, key))

    def _tell_apart(self, runs: list[_Run]) -> None:
        """Where several runs trained a model, those without a stated generation are versions by their run.

        What generation each is stays open: when its run ended says it, once versions are folded.
        """
        times = Counter(run.model.name for run in runs)
        for run in runs:
            if run.generation is None and times[run.model.name] > 1:
                run.model = run.model._replace(version=run.run.name)

    def _weights(self, runs: list[_Run]) -> dict[Key, Key]:
        """Files that are a model's weights, because it is said or a run started from them."""
        started = {use.dataset for run in runs for use in run.used if use.body.get("role") == "initialised"}
        return {
            use.dataset: run.model
            for run in runs
            for use in run.wrote
            if use.body.get("kind") == "model" or use.dataset in started
        }

    def _left_out(self, run: _Run) -> bool:
        """Whether nothing came of a run; what it wrote before it failed is still there."""
        if run.end == "run-finished":
            return False
        what = "failed" if run.end else "has not finished"
        then = "what it wrote is read" if run.wrote else "it is left out"
        self.collector.warning(run.place, f"the run of {run.model.name!r} {what}; {then}")
        return not run.wrote

    def _model(self, run: _Run) -> None:
        self.collector.entity(
            run.model, run.place, generation=run.generation, time=run.time, labels=run.labels
        )
        self.collector.entity(run.run, run.place, time=run.time or run.started, started=run.started)
        self.collector.relation(run.model, run.run, "made", run.place, word="run-started")

    def _wrote(self, run: _Run, use: _Use, weights: Mapping[Key, Key]) -> None:
        if use.dataset in weights:
            return
        count = self.collector.samples(use.body.get("samples"), "samples", use.place)
        self.collector.entity(use.dataset, use.place, count=self._held(use))
        self._made(use, run.model, "generated", count, "wrote")

    def _used(self, run: _Run, use: _Use, weights: Mapping[Key, Key]) -> None:
        role = use.body.get("role")
        if role not in USES:
            self.collector.error(use.place, f"role is {spelled(role)}, none of {', '.join(USES)}; skipped")
            return
        count = self.collector.samples(use.body.get("samples"), "samples", use.place)
        asset = weights.get(use.dataset, use.dataset)
        if role == "initialised" and asset.kind == "dataset":
            generation = self._whole(use.body.get("generation"), "generation", use.place)
            asset = self._named_model(asset.name, generation, use.place)
        if asset.kind == "dataset":
            self.collector.entity(asset, use.place, count=self._held(use))
            self._generators(use)
        if asset.kind == "dataset" and role == "trained-on":
            self.learned.setdefault(asset, use.place)
        self.collector.relation(run.model, asset, role, use.place, count=count, word="used")

    def _held(self, use: _Use) -> Count | None:
        told = use.body.get("dataset")
        held = told.get("samples") if isinstance(told, Mapping) else None
        return self.collector.samples(held, "samples of the dataset", use.place)

    def _generators(self, use: _Use) -> None:
        """The models that the entry names as those that made the dataset."""
        told = use.body.get("generated_by")
        deed = use.body.get("deed")
        generation = self._whole(use.body.get("generation"), "generation", use.place)
        for maker in told if isinstance(told, list) else []:
            name = self.collector.name(maker, "generated_by", use.place)
            if name is not None:
                key = self._named_model(name, generation, use.place)
                role = deed if deed in DEEDS and deed in _ROLES else "generated"
                self._made(use, key, role, None, "generated_by")

    def _named_model(self, name: str, generation: int | None, place: Place) -> Key:
        """A model that an entry names, which need not have a run in this book."""
        key = Key("model", name, "" if generation is None else str(generation))
        if key not in self.named:
            self.named.add(key)
            self.collector.entity(key, place, generation=generation)
        return key

    def _made(self, use: _Use, maker: Key, role: Any, count: Count | None, word: str) -> None:
        if (use.dataset, maker, role) in self.stated:
            return
        self.stated.add((use.dataset, maker, role))
        if role in MADE_BY_MODEL:
            self.known.add(use.dataset)
        if role == "generated":
            self.makers.setdefault(use.dataset, []).append(maker)
        self.collector.relation(use.dataset, maker, role, use.place, count=count, word=word)

    def _evidence(self, use: _Use) -> None:
        body = use.body
        if use.kind == "vouched":
            said = {"vouched_by": body.get("by"), "vouched_note": body.get("note")}
            self.vouched.setdefault(use.dataset, use.place)
            self.known.add(use.dataset)
            self._label(use, "none", said)
            return
        says = body.get("says")
        words = body.get("words")
        text = ", ".join(str(word) for word in words) if isinstance(words, list) else ""
        stated = says if isinstance(says, str) and says in _SYNTHETIC else None
        if stated:
            self.known.add(use.dataset)
        self._label(use, stated, {f"mark.{body.get('mark')}": text or "yes"})

    def _label(self, use: _Use, synthetic: Any, said: Mapping[str, object]) -> None:
        labels = {key[:LONGEST_NAME]: str(text)[:LONGEST_NAME] for key, text in said.items() if text}
        self.collector.entity(use.dataset, use.place, synthetic=synthetic, labels=labels)

    def _whole(self, value: object, what: str, place: Place) -> int | None:
        found = self.collector.samples(value, what, place)
        return found.low if found else None

    def _doubts(self) -> None:
        for dataset, place in self.vouched.items():
            if dataset in self.makers:
                made = ", ".join(sorted({maker.name for maker in self.makers[dataset]}))
                self.collector.warning(
                    place, f"{dataset.name!r} is vouched for as real, and {made} is said to have made it"
                )
        self._unknown_makers()

    def _unknown_makers(self) -> None:
        """Doubt what a model learned from and nobody says anything of: it is taken as real."""
        doubted = [(data, place) for data, place in self.learned.items() if data not in self.known]
        remedy = "`ledger.vouch` or `generated_by` would tell"
        for dataset, place in doubted[:_MOST_DOUBTS]:
            said = f"nobody vouches that {dataset.name!r} is real, and no entry says who made it"
            self.collector.warning(place, f"{said}; {remedy}")
        if more := doubted[_MOST_DOUBTS:]:
            said = f"nobody vouches for {len(more):,} further datasets, and no entry says who made them"
            self.collector.warning(more[0][1], f"{said}; {remedy}")
