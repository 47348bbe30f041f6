"""From what the events say together to facts.

A run is a procedure that read its inputs and wrote its outputs. Where the facet ``lineage`` names the
sources of an output, that part of the run is a procedure of its own, so that the output is not
taken to come from everything the run read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from headwater.lineage.facts import Count, Key, Kind, Place
from headwater.lineage.formats.openlineage.datasets import Record
from headwater.lineage.formats.openlineage.explicit import OWN, End, Flow
from headwater.lineage.formats.openlineage.telling import BROKEN_OFF, Mention, Run, Told, is_unique
from headwater.lineage.reading.collecting import Collector

MOST_FLOWS = 1_000_000

_Mentions = dict[str, dict[str, Mention | None]]


def state(told: Told) -> None:
    """State what runs read and wrote, and what was said of datasets."""
    told.finish()
    runs = [run for run in told.runs.values() if _counts(run, told.collector)]
    records = dict(told.described)
    for run in runs:
        for side in (run.inputs, run.outputs):
            _settle(side)
            for mention in side.values():
                for record, place in mention.records.items():
                    records.setdefault(record, place)
    writer = _Writer(
        told.collector,
        _kinds(records, told.collector),
        {run.run.lower(): _procedure(run) for run in runs if is_unique(run.run)},
    )
    writer.assets(records)
    for run in runs:
        writer.run(run)
    for run in told.fed.values():
        writer.flows(run.flows, run)


def _counts(run: Run, collector: Collector) -> bool:
    """Whether what a run says is taken: one that broke off, and one of nothing, are not."""
    if run.broken_off:
        how = " and ".join(sorted(run.states & BROKEN_OFF))
        said = f"run {run.run!r} of {run.job!r} ended with {how}: what it read and wrote was left out"
        collector.warning(run.place, said)
        return False
    if not run.job and not run.run and not (run.inputs or run.outputs or run.flows):
        collector.warning(
            run.place, "the event names no job, no run and no dataset: nothing was read from it"
        )
        return False
    if run.states and not run.run:
        said = (
            f"runs of {run.job!r} have no runId of their own: all"
            if run.job
            else "the run has no runId and no job: it"
        )
        collector.warning(run.place, f"{said} {'are read as one' if run.job else 'is read by itself'}")
    elif run.states == {"START"} and run.outputs:
        said = f"run {run.run!r} of {run.job!r} began and is not seen to end: what it wrote may be partial"
        collector.warning(run.place, said)
    return True


def _settle(mentions: dict[tuple[str, str], Mention]) -> None:
    """Join the mention of a dataset without its version to the ones with."""
    if len(mentions) < 2:
        return
    versions: dict[str, list[str]] = defaultdict(list)
    for name, version in mentions:
        if version:
            versions[name].append(version)
    for name, found in versions.items():
        bare = mentions.pop((name, ""), None)
        if bare is None:
            continue
        known = mentions[name, found[0]]
        known.records.update(bare.records)
        if len(found) == 1 and known.count is None:
            known.count = bare.count


def _kinds(records: Mapping[Record, Place], collector: Collector) -> dict[str, Kind]:
    """What the events say each dataset is: said of one version, it holds for all."""
    kinds: dict[str, Kind] = {}
    for record, place in records.items():
        if record.kind == "unknown":
            continue
        known = kinds.setdefault(record.name, record.kind)
        if known != record.kind:
            said = f"{record.name!r} is a {known} in one event and a {record.kind} here: the first counts"
            collector.warning(place, said)
    return kinds


def _procedure(run: Run) -> Key:
    """A run is a version of its job."""
    if run.job:
        return Key("procedure", run.job, run.run)
    return Key("procedure", run.run or f"event at {run.place}")


def _by_name(mentions: Mapping[tuple[str, str], Mention]) -> _Mentions:
    found: _Mentions = defaultdict(dict)
    for (name, version), mention in mentions.items():
        found[name][version] = mention
    return found


@dataclass(slots=True)
class _Writer:
    """Writes facts to a collector; `by_id` finds the procedure of a run."""

    collector: Collector
    kinds: Mapping[str, Kind]
    by_id: Mapping[str, Key]
    stated: set[Key] = field(default_factory=set)

    def asset(self, name: str, version: str = "") -> Key:
        return Key(self.kinds.get(name, "unknown"), name, version)

    def assets(self, records: Mapping[Record, Place]) -> None:
        same: set[tuple[str, str]] = set()
        for record, place in records.items():
            self.collector.entity(
                self.asset(record.name, record.version),
                place,
                count=record.held,
                generation=record.generation,
                synthetic=record.synthetic,
                labels=dict(record.labels),
            )
            for other, word in record.others:
                if (record.name, other) not in same:
                    same.add((record.name, other))
                    self.collector.relation(
                        self.asset(record.name), self.asset(other), "same-as", place, word=word
                    )

    def run(self, run: Run) -> None:
        """State a run, what it read, and what it wrote that no explicit flow tells of."""
        key = _procedure(run)
        self.procedure(key, run)
        for (name, version), mention in run.inputs.items():
            self.used(key, self.asset(name, version), mention.place, mention.count, mention.word or "inputs")
        if run.is_model and run.job:
            model = self.collector.entity(Key("model", run.job), run.place)
            self.used(key, model, run.place, None, "jobType")
        flows = {} if self.too_many(run) else run.flows
        told = {target.name for target, flow in flows.items() if _is_own(target, flow, run)}
        for (name, version), mention in run.outputs.items():
            if name not in told and not mention.emptied:
                self.made(key, self.asset(name, version), mention.place, mention.count, mention.word)
        self.flows(flows, run)

    def too_many(self, run: Run) -> bool:
        """Whether the explicit flows would be more facts than events can mean; says so."""
        read = Counter(name for name, _ in run.inputs)
        wrote = Counter(name for name, _ in run.outputs)
        facts = 0
        for target, flow in run.flows.items():
            facts += sum(max(read[source.name], 1) for source in flow.sources)
            facts += len(run.inputs) + max(wrote[target.name], 1) * (1 + len(flow.sources))
        if facts > MOST_FLOWS:
            self.collector.warning(
                run.place,
                f"run {run.run!r} of {run.job!r} tells of too many explicit flows: they were passed over, "
                "and what it wrote is taken to come from everything it read",
            )
        return facts > MOST_FLOWS

    def procedure(self, key: Key, run: Run) -> None:
        self.stated.add(key)
        self.collector.entity(
            key,
            run.place,
            generation=run.generation,
            time=run.time,
            started=run.started,
            labels=dict(run.labels),
        )

    def used(
        self, run: Key, asset: Key, place: Place, count: Count | None = None, word: str = "lineage"
    ) -> None:
        self.collector.relation(run, asset, "used", place, count=count, word=word)

    def made(self, run: Key, asset: Key, place: Place, count: Count | None = None, word: str = "") -> None:
        self.collector.relation(asset, run, "made", place, count=count, word=word or "outputs")

    def flows(self, flows: Mapping[End, Flow], run: Run) -> None:
        """State what explicitly fed datasets or jobs."""
        if not flows:
            return
        own = _procedure(run)
        read, wrote = _by_name(run.inputs), _by_name(run.outputs)
        parts: dict[frozenset[End], Key] = {}
        for target, flow in flows.items():
            if target.type == "JOB":
                self.into_job(self.job(target, own, flow.place), flow, own, read)
                continue
            makers = {
                self.job(source, own, place): place
                for source, place in flow.sources.items()
                if source.type == "JOB" and not _is_own_job(source, run)
            }
            if _is_own(target, flow, run):
                makers[self.part(parts, flow, run, read)] = flow.place
            for asset, mention in self.mentioned(wrote, target.name):
                for maker, place in makers.items():
                    count = mention.count if mention and place == flow.place else None
                    self.made(maker, asset, place, count, "lineage")

    def part(self, parts: dict[frozenset[End], Key], flow: Flow, run: Run, read: _Mentions) -> Key:
        """The part of a run that wrote from certain sources, stated where it is new."""
        sources = frozenset(flow.sources)
        if sources not in parts:
            own = _procedure(run)
            part = parts[sources] = own._replace(version=f"{own.version}#{len(parts) + 1}")
            self.procedure(part, run)
            self.sources(part, flow, run, read)
        return parts[sources]

    def into_job(self, job: Key, flow: Flow, own: Key, read: _Mentions) -> None:
        for source, place in flow.sources.items():
            if source.type == "DATASET":
                for asset, mention in self.mentioned(read, source.name):
                    if mention is None or job != own:
                        self.used(job, asset, place)
            else:
                other = self.job(source, own, place)
                if other != job:
                    self.collector.relation(job, other, "informed", place, word="lineage")

    def sources(self, part: Key, flow: Flow, run: Run, read: _Mentions) -> None:
        """State what one part of a run read."""
        named = {source.name for source in flow.sources if source.type == "DATASET"}
        for source, place in flow.sources.items():
            if source.type == "DATASET":
                for asset, mention in self.mentioned(read, source.name):
                    self.used(part, asset, place, mention.count if mention else None)
        # A model is seldom named as a source of data; that it is not does not tell it had no part.
        # Of what the job made up itself, an input of unknown kind may be the model.
        ran = ("model", "unknown") if any(_is_own_job(source, run) for source in flow.sources) else ("model",)
        for (name, version), mention in run.inputs.items():
            asset = self.asset(name, version)
            if name not in named and asset.kind in ran:
                self.used(part, asset, mention.place, mention.count, mention.word or "inputs")
        if run.is_model and run.job:
            self.used(part, Key("model", run.job), run.place, None, "jobType")

    def mentioned(self, by_name: _Mentions, name: str) -> Iterator[tuple[Key, Mention | None]]:
        """The versions of a dataset that a run mentions; without a version where it mentions none."""
        for version, mention in by_name.get(name, {"": None}).items():
            yield self.asset(name, version), mention

    def job(self, end: End, own: Key, place: Place) -> Key:
        """The procedure that is meant by a job, of a run where one is named."""
        if end == OWN:
            return own
        key = self.by_id.get(end.run.lower()) if end.run else None
        if key is None:
            key = Key("procedure", end.name, end.run)
            if key not in self.stated and key != own:
                self.stated.add(key)
                self.collector.entity(key, place)
        return key


def _is_own_job(source: End, run: Run) -> bool:
    if source.type != "JOB":
        return False
    same = source.name == run.job and source.run.lower() in ("", run.run.lower())
    return source == OWN or same


def _is_own(target: End, flow: Flow, run: Run) -> bool:
    """Whether a flow tells of what the run itself wrote: not where other jobs alone fed it."""
    others = [source for source in flow.sources if source.type == "JOB" and not _is_own_job(source, run)]
    return target.type == "DATASET" and (not others or len(others) < len(flow.sources))
