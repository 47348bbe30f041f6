"""What a ledger says happened, step by step: the one reading of its entries that all exports share.

A step is a training run, the writing of samples by the model it made, or the work of another
model that an entry names. Events of others are not steps: they are told as they came.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from headwater.ledger.book import Ledger
from headwater.ledger.chain import Entry
from headwater.ledger.runs import DEEDS, USES
from headwater.lineage.facts import Issue, Kind, Place
from headwater.lineage.reading.collecting import Collector, spelled

DEED = {
    "trained": "training of",
    "generated": "generation by",
    "labelled": "labelling by",
    "translated": "translation by",
    "judged": "judging by",
    "filtered": "filtering by",
}
"""A step in words, by what was done."""

WORDS = {"trained-on": "training", "evaluated-on": "evaluation", "initialised": "initialisation"}
"""What others call what a training run reads something for."""

State = Literal["running", "finished", "failed"]


class Asset(NamedTuple):
    """A model of one generation, or a dataset of one content.

    `version` is the SHA-256 of a dataset; of a model its generation, or ``run 7`` where it has none.
    """

    kind: Kind
    name: str
    version: str = ""
    generation: int | None = None


class Flow(NamedTuple):
    """What went into a step or came out of it; `word` is what for, `samples` how much, if known."""

    asset: Asset
    word: str
    samples: int | None = None


class Evidence(NamedTuple):
    """What somebody, or a mark, says of a dataset; `says`: all, mixed or none of it is synthetic."""

    source: str
    says: str | None
    words: str
    at: str


@dataclass
class Step:
    """Something that was done.

    Attributes
    ----------
    id
        The same whenever the same ledger is exported.
    part_of
        The run that it was a part of.
    what
        ``trained``, or what a model did: ``generated``, ``labelled`` and so on.
    began, ended
        ISO 8601; empty where the ledger does not know.
    recorded
        When the ledger was told.
    job
        What others call it; empty for what the ledger itself tells of.
    """

    id: uuid.UUID
    what: str
    doers: tuple[Asset, ...]
    recorded: str
    part_of: uuid.UUID | None = None
    state: State = "running"
    began: str = ""
    ended: str = ""
    error: str = ""
    job: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    inputs: list[Flow] = field(default_factory=list)
    outputs: list[Flow] = field(default_factory=list)

    @property
    def about(self) -> str:
        """What was done, and to or by which models, such as ``training of student``."""
        return self.job or f"{DEED[self.what]} {' + '.join(each.name for each in self.doers)}"


@dataclass
class History:
    """All steps, in the order of the ledger, and what is known of each dataset."""

    steps: list[Step] = field(default_factory=list)
    held: dict[Asset, int | None] = field(default_factory=dict)
    names: dict[Asset, list[str]] = field(default_factory=dict)
    weights: dict[Asset, list[Asset]] = field(default_factory=dict)
    evidence: dict[Asset, list[Evidence]] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()

    def judged(self, asset: Asset) -> str | None:
        """How much of it the evidence says is synthetic; ``None`` where it says nothing, or two things."""
        said = {each.says for each in self.evidence.get(asset, []) if each.says}
        return said.pop() if len(said) == 1 else None


@dataclass
class _Run:
    step: Step
    used: list[tuple[Entry, Asset]] = field(default_factory=list)
    wrote: list[tuple[Entry, Asset]] = field(default_factory=list)


def read(ledger: Ledger) -> History:
    """The history that a ledger tells; what of it cannot be read is among its issues."""
    told = _Told(Collector(ledger.name, "ledger"))
    for entry in ledger.entries():
        told.take(entry)
    return told.history()


@dataclass
class _Told:
    """What has been read so far."""

    collector: Collector
    runs: dict[str, _Run] = field(default_factory=dict)
    by_hash: dict[str, Asset] = field(default_factory=dict)
    found: History = field(default_factory=History)

    def take(self, entry: Entry) -> None:
        """Read one entry."""
        if entry.kind == "openlineage":
            return
        if entry.kind == "run-started":
            self._start(entry)
        elif entry.kind in ("vouched", "marked"):
            self._evidence(entry)
        elif (run := self._run(entry)) is None:
            return
        elif entry.kind in ("run-finished", "run-failed"):
            run.step.state = "finished" if entry.kind == "run-finished" else "failed"
            run.step.ended = entry.at
            run.step.error = " ".join(str(entry.body.get(each) or "") for each in ("error", "said")).strip()
        elif (dataset := self._dataset(entry)) is not None:
            (run.used if entry.kind == "used" else run.wrote).append((entry, dataset))

    def history(self) -> History:
        """The steps, once all ends are known."""
        weights = self._weights()
        for run in self.runs.values():
            self._finish(run, weights)
        seen: set[tuple[Asset, tuple[Asset, ...], str]] = set()
        for run in self.runs.values():
            self.found.steps += [step for step in self._makers(run, weights) if _is_new(step, seen)]
            self.found.steps += [run.step, *self._samples(run, weights)]
        self.found.issues = tuple(self.collector.issues)
        return self.found

    def _start(self, entry: Entry) -> None:
        body, place = entry.body, self._place(entry)
        name, run = self.collector.name(body.get("model"), "the model of a run", place), body.get("run")
        if name is None or not isinstance(run, str):
            return
        generation = self._whole(body, "generation", place)
        version = f"run {entry.number}" if generation is None else str(generation)
        model = Asset("model", name, version, generation)
        told = body.get("labels")
        labels = {key: str(value) for key, value in told.items()} if isinstance(told, Mapping) else {}
        step = Step(_id(run), "trained", (model,), entry.at, began=entry.at, labels=labels)
        self.runs[run] = _Run(step)

    def _run(self, entry: Entry) -> _Run | None:
        run = entry.body.get("run")
        found = self.runs.get(run) if isinstance(run, str) else None
        if found is None:
            self.collector.error(self._place(entry), f"{entry.kind} of a run that no entry started")
        return found

    def _dataset(self, entry: Entry) -> Asset | None:
        place = self._place(entry)
        told = entry.body.get("dataset")
        told = told if isinstance(told, Mapping) else {}
        name = self.collector.name(told.get("name"), "the name of a dataset", place)
        if name is None:
            return None
        sha256 = told.get("sha256")
        asset = Asset("dataset", name, sha256 if isinstance(sha256, str) else "")
        if asset.version:
            asset = self.by_hash.setdefault(asset.version, asset)
        names = self.found.names.setdefault(asset, [])
        if name not in names:
            names.append(name)
        held = self._whole(told, "samples", place)
        self.found.held[asset] = held if self.found.held.get(asset) is None else self.found.held[asset]
        return asset

    def _evidence(self, entry: Entry) -> None:
        dataset, body = self._dataset(entry), entry.body
        if dataset is None:
            return
        if entry.kind == "vouched":
            said = Evidence(f"vouched by {body.get('by')}", "none", str(body.get("note") or ""), entry.at)
        else:
            words = body.get("words")
            text = ", ".join(map(str, words)) if isinstance(words, list) else ""
            says = body.get("says")
            said = Evidence(
                f"mark {body.get('mark')}", says if isinstance(says, str) else None, text, entry.at
            )
        self.found.evidence.setdefault(dataset, []).append(said)

    def _weights(self) -> dict[Asset, Asset]:
        """Files that are the weights of a model, because it is said or a run started from them."""
        runs = self.runs.values()
        started = {
            each for run in runs for entry, each in run.used if entry.body.get("role") == "initialised"
        }
        found = {
            each: run.step.doers[0]
            for run in runs
            for entry, each in run.wrote
            if entry.body.get("kind") == "model" or each in started
        }
        for file, model in found.items():
            self.found.weights.setdefault(model, []).append(file)
        return found

    def _finish(self, run: _Run, weights: Mapping[Asset, Asset]) -> None:
        """Fill in what a run read, and the model that came of it if one did."""
        for entry, dataset in run.used:
            role, place = entry.body.get("role"), self._place(entry)
            if role not in USES:
                self.collector.error(place, f"role is {spelled(role)}, none of {', '.join(USES)}")
                continue
            asset = weights.get(dataset, dataset)
            if role == "initialised" and asset.kind == "dataset":
                generation = self._whole(entry.body, "generation", place)
                asset = Asset("model", asset.name, _text(generation), generation)
            run.step.inputs.append(Flow(asset, WORDS[role], self._whole(entry.body, "samples", place)))
        if run.step.state == "finished" or run.wrote:
            run.step.outputs.append(Flow(run.step.doers[0], "trained"))

    def _samples(self, run: _Run, weights: Mapping[Asset, Asset]) -> Iterator[Step]:
        """What the model of a run wrote."""
        wrote = [(entry, each) for entry, each in run.wrote if each not in weights]
        if not wrote:
            return
        whole = run.step
        last = wrote[-1][0].at
        made = Step(uuid.uuid5(whole.id, "generated"), "generated", whole.doers, last, whole.id, "finished")
        made.began, made.ended = wrote[0][0].at, last
        made.inputs.append(Flow(whole.doers[0], "generator"))
        for entry, dataset in wrote:
            samples = self._whole(entry.body, "samples", self._place(entry))
            made.outputs.append(Flow(dataset, "generated", samples))
        yield made

    def _makers(self, run: _Run, weights: Mapping[Asset, Asset]) -> Iterator[Step]:
        """What other models did to a dataset before the run read it; nobody says when."""
        for entry, dataset in run.used:
            told, deed = entry.body.get("generated_by"), entry.body.get("deed")
            place = self._place(entry)
            if not isinstance(told, list) or dataset in weights or entry.body.get("role") == "initialised":
                continue
            generation = self._whole(entry.body, "generation", place)
            named = [self.collector.name(each, "generated_by", place) for each in told]
            makers = tuple(
                Asset("model", each, _text(generation), generation) for each in named if each is not None
            )
            if not makers:
                continue
            what = deed if deed in DEEDS else "generated"
            id_ = uuid.uuid5(run.step.id, f"{what} {entry.number}")
            step = Step(id_, what, makers, run.step.began, None, "finished")
            step.inputs += [Flow(each, "generator" if what == "generated" else what) for each in makers]
            step.outputs.append(Flow(dataset, what))
            yield step

    def _whole(self, body: Mapping[str, Any], what: str, place: Place) -> int | None:
        found = self.collector.samples(body.get(what), what, place)
        return found.low if found else None

    def _place(self, entry: Entry) -> Place:
        return Place(self.collector.origin, entry.number)


def _is_new(step: Step, seen: set[tuple[Asset, tuple[Asset, ...], str]]) -> bool:
    """Whether it was not said before: every run that reads a dataset may say who made it."""
    what = (step.outputs[0].asset, step.doers, step.what)
    if what in seen:
        return False
    seen.add(what)
    return True


def _id(run: str) -> uuid.UUID:
    try:
        return uuid.UUID(run)
    except ValueError:
        return uuid.uuid5(uuid.NAMESPACE_OID, ascii(run))


def _text(generation: int | None) -> str:
    return "" if generation is None else str(generation)
