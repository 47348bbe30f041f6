"""From what runs read and wrote to what assets are made of.

A record of runs says that a run read some assets and wrote others, not what for. Here each run is
taken out, and every asset it wrote is joined to every asset it read, in the role that their kinds
suggest. An asset that several runs wrote under one name becomes one version a run, and a run
that reads it reads the latest before: so a loop written over itself unrolls.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import cast

from headwater.errors import InputError
from headwater.lineage.digraph import Digraph
from headwater.lineage.facts import Count, Issue, Key, Role
from headwater.lineage.identity import Link
from headwater.lineage.rules import MADE_BY_MODEL, Rules

MOST_LINKS = 5_000_000
MOST_PAIRS = 10_000
"""Of the assets that one run read and wrote; of more, all are joined through what it read together."""
_When = tuple[datetime, int]

_TESTING = frozenset(("eval", "evaluate", "evaluated", "evaluation", "test", "tested", "testing"))
_HELD_OUT = frozenset(("validate", "validation", "valid", "val", "dev", "holdout"))
_TRAINING = frozenset(("train", "training", "trained"))
_WORDS = re.compile(r"[a-z]+")
_DATA = frozenset(("dataset", "unknown"))
_NO_DATA = frozenset(("procedure", "application"))
_SAID: dict[str, Role] = {
    "labelled": "labelled",
    "translated": "translated",
    "judged": "judged",
    "filtered": "filtered",
}
"""Words of a record for what a model did to data, where it has them."""
_MEASURED = frozenset(("metrics or plots", "metrics", "plots"))


@dataclass(frozen=True)
class Joined:
    """The links with runs taken out.

    Attributes
    ----------
    links
        Those that pass through no run, and one for each pair of a run's assets.
    written
        Generation of each asset that several runs wrote under one name, in order of time from 0.
    makers
        The runs that wrote each asset.
    both
        Runs that wrote a model and data.
    issues
        What could not be told.
    """

    links: tuple[Link, ...]
    written: Mapping[Key, int]
    makers: Mapping[Key, tuple[Key, ...]]
    both: tuple[Key, ...]
    issues: tuple[Issue, ...]


def join(links: Iterable[Link], times: Mapping[Key, tuple[str, str]], rules: Rules) -> Joined:
    """Links with every run taken out.

    Parameters
    ----------
    times
        When each run began and ended, in ISO 8601; runs without are in no order.

    Raises
    ------
    InputError
        If the runs join more than `MOST_LINKS` pairs.
    """
    given = tuple(links)
    runs, others = _gather(_as_one(given) if rules.siblings == "together" else given)
    versions = _Versions(_clock(runs, times, 1), _clock(runs, times, 0))
    if rules.overwrites == "generations":
        versions.unroll(runs)
    made: list[Link] = []
    makers: dict[Key, dict[Key, None]] = defaultdict(dict)
    for name, run in runs.items():
        for link in run.wrote:
            makers[link.learner][name] = None
        made += _pairs(run) if len(run.read) * len(run.wrote) <= MOST_PAIRS else _through_hub(run)
        if len(made) > MOST_LINKS:
            raise InputError(
                f"the runs join more than {MOST_LINKS:,} pairs of assets", "import fewer records at a time"
            )
    told = (link for other in others for link in _by_models(other, runs))
    return Joined(
        (*told, *made, *versions.added),
        versions.generation,
        {key: tuple(found) for key, found in makers.items()},
        tuple(name for name, run in runs.items() if run.wrote_both),
        tuple(versions.issues),
    )


def _clock(runs: Iterable[Key], times: Mapping[Key, tuple[str, str]], which: int) -> dict[Key, _When]:
    """When each run began (0) or ended (1), or the other where that is all that is known.

    Clocks are coarse: of two runs of one second the one recorded first came first.
    """
    found = {}
    for at, name in enumerate(runs):
        both = times.get(name, ("", ""))
        when = moment(both[which]) or moment(both[1 - which])
        if when:
            found[name] = (when, at)
    return found


def moment(text: str) -> datetime | None:
    """A time in ISO 8601, taken as UTC where it has no zone; ``None`` for anything else."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None


@dataclass
class _Run:
    """What one run read and wrote."""

    key: Key
    read: list[Link] = field(default_factory=list)
    wrote: list[Link] = field(default_factory=list)

    @property
    def data_and_models(self) -> list[Link]:
        """What it wrote that something can be trained on, or that is trained."""
        return [link for link in self.wrote if link.word not in _MEASURED]

    @property
    def with_model(self) -> bool:
        return any(link.provider.kind == "model" for link in self.read)

    @property
    def wrote_both(self) -> bool:
        kinds = {link.learner.kind for link in self.data_and_models}
        return "model" in kinds and "dataset" in kinds


def _gather(links: Iterable[Link]) -> tuple[dict[Key, _Run], list[Link]]:
    runs: dict[Key, _Run] = {}
    others: list[Link] = []
    for link in map(_of_model, links):
        if link.role == "used" and link.learner.kind == "procedure":
            runs.setdefault(link.learner, _Run(link.learner)).read.append(link)
        elif link.role == "made" and link.provider.kind == "procedure":
            runs.setdefault(link.provider, _Run(link.provider)).wrote.append(link)
        else:
            others.append(link)
    return runs, others


def _as_one(links: tuple[Link, ...]) -> tuple[Link, ...]:
    """The links with runs that the record puts one after another taken as the first of them."""
    after = Digraph.of(
        ends
        for link in links
        if link.role == "informed" and link.learner.kind == link.provider.kind == "procedure"
        for ends in ((link.provider, link.learner), (link.learner, link.provider))
    )
    first = {key: found[0] for found in after.members.values() for key in found}
    return tuple(
        replace(
            link,
            provider=first.get(link.provider, link.provider),
            learner=first.get(link.learner, link.learner),
        )
        for link in links
    )


def _of_model(link: Link) -> Link:
    """A model that is recorded as an agent is one that a run read, or that wrote what is attributed to it."""
    if link.role != "associated" or link.provider.kind != "model" or link.learner.kind == "model":
        return link
    return replace(link, role="used" if link.learner.kind == "procedure" else "generated")


def _by_models(link: Link, runs: Mapping[Key, _Run]) -> Iterator[Link]:
    """A run that is said to have generated data did so with the model that it made, or else read."""
    run = runs.get(link.provider) if link.role in MADE_BY_MODEL else None
    wrote = [each.learner for each in run.wrote if each.learner.kind == "model"] if run else []
    models = wrote or ([each.provider for each in run.read if each.provider.kind == "model"] if run else [])
    if not models:
        yield link
    for model in dict.fromkeys(models):
        yield replace(link, provider=model, resolved=True)


def _tests(link: Link) -> bool:
    words = set(_WORDS.findall(link.word.casefold()))
    return bool(words & (_TESTING | _HELD_OUT)) and not words & _TRAINING


def _pairs(run: _Run) -> Iterator[Link]:
    """Every asset the run wrote, joined to every asset it read; to the run if it read nothing."""
    read = [link for link in run.read if not _tests(link) and link.provider.kind not in _NO_DATA]
    for wrote in run.data_and_models:
        for used in run.read:
            role = _role(used, wrote)
            if role is not None and used.provider != wrote.learner:
                # How much the run wrote is the count of what the model generated.
                count = wrote.count if role in MADE_BY_MODEL else used.count
                yield replace(
                    used,
                    learner=wrote.learner,
                    role=role,
                    places=(*wrote.places, *used.places),
                    count=count,
                    run=run.key,
                    prompt=role == "derived" and run.with_model and wrote.learner.kind in _DATA,
                )
        if not read and wrote.learner.kind in _DATA:
            yield replace(wrote, role="generated", run=run.key)


def _through_hub(run: _Run) -> Iterator[Link]:
    """The same through two datasets: what the run read, and the data that it made of it."""
    held, made = (
        Key("dataset", f"{what} {run.key.name}", run.key.version) for what in ("read by", "data of")
    )
    for used in run.read:
        data = used.provider.kind in _DATA
        role = _role(used, replace(used, learner=held if data else made))
        if role is not None and (data or used.provider.kind == "model"):
            into = held if data else made
            yield replace(used, learner=into, role="derived" if data else role, run=run.key)
    first = run.read[0]
    steer = replace(
        first, provider=held, learner=made, role="derived", count=None, run=run.key, prompt=run.with_model
    )
    yield steer
    for wrote in run.data_and_models:
        trained = wrote.learner.kind == "model"
        provider, role = (held, "trained-on") if trained else (made, "derived")
        yield replace(wrote, provider=provider, role=cast(Role, role), count=None, run=run.key)


def _role(used: Link, wrote: Link) -> Role | None:
    provider, learner = used.provider.kind, wrote.learner.kind
    if provider in _NO_DATA:
        return None
    if _tests(used):
        return "evaluated-on" if learner == "model" else None
    if provider == "model":
        return "initialised" if learner == "model" else _SAID.get(used.word.casefold(), "generated")
    return "trained-on" if learner == "model" else "derived"


@dataclass
class _Written:
    """The writes of one asset in order: when each ended, its version, and the samples it says."""

    times: list[_When]
    versions: list[Key]
    counts: list[int | None]


@dataclass
class _Versions:
    """Versions of assets that runs wrote over, and the version that each run read.

    Attributes
    ----------
    ended, began
        When each run did.
    generation
        Of each version made here.
    added
        What a reading of several writes together is made of.
    """

    ended: Mapping[Key, _When]
    began: Mapping[Key, _When]
    generation: dict[Key, int] = field(default_factory=dict)
    added: list[Link] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    def unroll(self, runs: Mapping[Key, _Run]) -> None:
        """Give every write of an asset without versions its own, and every reading the latest before."""
        writers: dict[Key, dict[Key, Link]] = defaultdict(dict)
        for name, run in runs.items():
            for link in run.wrote:
                writers[link.learner._replace(version="")][name] = link
        renamed: dict[tuple[Key, Key], Key] = {}
        written: dict[Key, _Written] = {}
        for asset, by in writers.items():
            if not all(name in self.ended for name in by):
                if sum(not link.learner.version for link in by.values()) > 1:
                    self._untold(asset, next(iter(by.values())))
                continue
            ordered = sorted(by, key=lambda name: self.ended[name])
            writes = [by[name] for name in ordered]
            versions = self._versions(asset, writes)
            renamed |= {(name, asset): key for name, key in zip(ordered, versions, strict=True)}
            counts = [_samples(link) for link in writes]
            written[asset] = _Written([self.ended[name] for name in ordered], versions, counts)
        for name, run in runs.items():
            run.wrote[:] = [self._wrote(name, link, renamed) for link in run.wrote]
            run.read[:] = [self._read(name, link, written) for link in run.read]

    def _versions(self, asset: Key, writes: list[Link]) -> list[Key]:
        plain = sum(not link.learner.version for link in writes)
        if plain < 2:
            return [link.learner for link in writes]
        found = []
        for at, link in enumerate(writes):
            key = link.learner if link.learner.version else asset._replace(version=f"write {at + 1}")
            if not link.learner.version:
                self.generation[key] = at
            found.append(key)
        return found

    def _wrote(self, run: Key, link: Link, renamed: Mapping[tuple[Key, Key], Key]) -> Link:
        if link.learner.version:
            return link
        key = renamed.get((run, link.learner))
        return replace(link, learner=key) if key else link

    def _read(self, run: Key, link: Link, written: Mapping[Key, _Written]) -> Link:
        if link.provider.version or link.provider not in written:
            return link
        found = written[link.provider]
        # It read what was there when it began, whatever was written while it ran.
        when = self.began.get(run)
        if when is None or all(not key.version for key in found.versions):
            return link
        at = bisect_left(found.times, when)
        if not at:
            # What was there before the first recorded write is no version of the record.
            return replace(link, provider=link.provider._replace(version="as found"), resolved=True)
        return replace(link, provider=self._held(link, found, at), resolved=True)

    def _held(self, link: Link, found: _Written, at: int) -> Key:
        """What an asset held after its first `at` writes: the last, or more where more was read than that."""
        read, last = _samples(link), found.counts[at - 1]
        if link.provider.kind == "model" or read is None or last is None or read <= last or at == 1:
            return found.versions[at - 1]
        first = at - 1
        while first and sum(number or 0 for number in found.counts[first:at]) < read:
            first -= 1
        key = link.provider._replace(version=f"writes {first + 1} to {at}")
        if key not in self.generation:
            self.generation[key] = at - 1
            for version, number in zip(found.versions[first:at], found.counts[first:at], strict=True):
                count = None if number is None else Count.exactly(number)
                part = replace(
                    link, provider=version, learner=key, role="derived", count=count, resolved=True
                )
                self.added.append(part)
            said = (
                f"{key.kind} {key.name!r} was read with {read:,} samples, and its last write had {last:,}: "
                f"taken as what writes {first + 1} to {at} hold together"
            )
            self.issues.append(Issue("warning", link.place, said))
        return key

    def _untold(self, asset: Key, link: Link) -> None:
        said = (
            f"{asset.kind} {asset.name!r} was written by several runs, and not all have a time: "
            "it is taken as one asset, so that generations cannot be told"
        )
        self.issues.append(Issue("warning", link.place, said))


def _samples(link: Link) -> int | None:
    return link.count.exact if link.count and link.count.unit == "samples" else None
