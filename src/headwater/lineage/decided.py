"""The records with every name looked up, runs taken out and the meaning of every dependency decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from headwater.lineage import (
    generations,
    identity,
    inferring,
    meaning,
    origins,
    runs,
    stated_runs,
    tracing,
)
from headwater.lineage.digraph import Digraph
from headwater.lineage.facts import Entity, Facts, Key
from headwater.lineage.generations import Folding, Told
from headwater.lineage.identity import Link
from headwater.lineage.meaning import Dependency
from headwater.lineage.rules import Applications, Rules
from headwater.lineage.runs import Joined


@dataclass(frozen=True)
class Lineage:
    """The records with every dependency decided, before flows are traced.

    Attributes
    ----------
    facts
        Those of the records and of the rules about runs.
    known
        The assets that have a record.
    joined
        The links with runs taken out.
    inferred
        Assets of unknown kind whose relations tell their kind.
    records
        The dependencies as a graph.
    records_of
        The records of each asset and run.
    fitted
        How many runs each rule about runs fits.
    """

    facts: Facts
    rules: Rules
    known: identity.Catalogue
    joined: Joined
    inferred: Mapping[Key, Key]
    dependencies: tuple[Dependency, ...]
    records: Digraph[Key]
    records_of: Mapping[Key, Sequence[Entity]]
    links: tuple[Link, ...]
    fitted: tuple[int, ...]

    @cached_property
    def models(self) -> list[Key]:
        """The models, recorded or only named, in order."""
        ends = (end for dependency in self.dependencies for end in dependency.ends[::-1])
        return list(dict.fromkeys(key for key in (*self.assets, *ends) if key.kind == "model"))

    @cached_property
    def assets(self) -> tuple[Key, ...]:
        """The recorded assets under the keys they have in the dependencies; no procedures."""
        unrolled: dict[Key, list[Key]] = defaultdict(list)
        for key in self.joined.written:
            unrolled[key._replace(version="")].append(key)
        found: dict[Key, None] = {}
        for key in self.known.keys:
            if key.kind != "procedure":
                asset = self.inferred.get(key, key)
                found |= dict.fromkeys(unrolled.get(asset, [asset]))
        return tuple(found)

    @cached_property
    def named_models(self) -> list[Key]:
        """What is taken as an external model without being recorded as one.

        Names that somebody says generated data, or that are spelled nearly like a recorded model; rule-based
        generators; names that stand for no dataset in particular; and, if the rules say so, all
        names without a record and runs of unknown input.
        """
        return list(
            dict.fromkeys(
                dependency.link.provider
                for dependency in self.dependencies
                if dependency.carries != "nothing"
                and not dependency.link.says_nothing
                and dependency.link.provider.kind in ("unknown", "procedure")
                and self._is_external(dependency)
            )
        )

    def _is_external(self, dependency: Dependency) -> bool:
        link = dependency.link
        if link.provider.kind == "procedure":
            # A run that read nothing may have fetched real data; a generator that is no model did not.
            return link.provider != link.run or self.rules.unresolved == "external"
        return (
            self.rules.unresolved == "external"
            or dependency.made_by_model
            or link.placeholder
            or link.like_model
        )

    @cached_property
    def folding(self) -> Folding:
        """The node and generation of every asset."""
        ends = (end for dependency in self.dependencies for end in dependency.ends[::-1])
        keys = tuple(dict.fromkeys(key for key in (*self.assets, *ends) if key.kind != "procedure"))
        versions_of = {link.learner: link.provider for link in self.links if link.role == "version-of"}
        told = Told(keys, self.records_of, self.joined.makers, self.joined.written, versions_of, self.records)
        return generations.fold(told, self.rules.fold)

    def routes(self, applications: Applications) -> tracing.Routes:
        """The ways of data, with applications passing as `applications` lets them."""
        passing = meaning.carrying(self.dependencies, self.records, applications)
        return tracing.routes(self.dependencies, passing, frozenset((*self.models, *self.named_models)))


def decide_all(facts: Facts, rules: Rules) -> Lineage:
    """Facts under rules.

    Raises
    ------
    InputError
        If an alias means an asset that is not in the records.
    """
    facts, fitted = stated_runs.add(facts, rules.runs)
    names = identity.names(facts, rules)
    agents = {names.asset(each.key) for each in facts.entities if each.labels.get("agent") == "software"}
    links, inferred = inferring.tell_kinds(tuple(names.link(each) for each in facts.relations), agents)
    records_of: dict[Key, list[Entity]] = defaultdict(list)
    for entity in facts.entities:
        asset = names.asset(entity.key)
        records_of[inferred.get(asset, asset)].append(entity)
    times = {
        key: (entity.started, entity.time)
        for key, found in records_of.items()
        for entity in found
        if entity.started or entity.time
    }
    joined = runs.join(links, times, rules)
    for key in joined.written:
        records_of.setdefault(key, [])
    decided = meaning.known_better(meaning.decide(joined.links, rules))
    known = origins.Known(records_of, _sameness(links), _first_seen(joined.links, times))
    dependencies = origins.add(decided, known)
    records = meaning.records_graph(dependencies)
    return Lineage(
        facts, rules, names.known, joined, inferred, dependencies, records, records_of, links, fitted
    )


def _sameness(links: Iterable[Link]) -> Callable[[Key], Key]:
    """What versions of one thing have in common, by name or because the record says that they are one."""
    said = Digraph.of(
        ends
        for link in links
        if link.role in ("same-as", "version-of")
        for ends in (
            (_plain(link.provider), _plain(link.learner)),
            (_plain(link.learner), _plain(link.provider)),
        )
    )
    first = {key: found[0] for found in said.members.values() for key in found}

    def same(key: Key) -> Key:
        plain = _plain(key)
        return first.get(plain, plain)

    return same


def _plain(key: Key) -> Key:
    # What one record calls a dataset another may leave without a kind.
    return Key("dataset" if key.kind == "unknown" else key.kind, key.name)


def _first_seen(links: Iterable[Link], times: Mapping[Key, tuple[str, str]]) -> dict[Key, datetime]:
    """When each asset was first read or written by a run."""
    found: dict[Key, datetime] = {}
    for link in links:
        began, ended = times.get(link.run, ("", "")) if link.run else ("", "")
        when = runs.moment(began or ended)
        if when:
            for key in (link.provider, link.learner):
                found[key] = min(found.get(key, when), when)
    return found
