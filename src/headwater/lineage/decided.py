"""The records with every name looked up, runs taken out and the meaning of every dependency decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from headwater.lineage import (
    generations,
    identity,
    inferring,
    meaning,
    runs,
    stated_runs,
    stated_synthetic,
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
        """What the rules take as external models: assets of unknown kind, runs of unknown input."""
        kinds = ("unknown", "procedure") if self.rules.unresolved == "external" else ("unknown",)
        return list(
            dict.fromkeys(
                dependency.link.provider
                for dependency in self.dependencies
                if dependency.link.provider.kind in kinds
                and dependency.carries != "nothing"
                and not dependency.link.says_nothing
                and (self.rules.unresolved == "external" or dependency.made_by_model)
            )
        )

    @cached_property
    def folding(self) -> Folding:
        """The node and generation of every asset."""
        ends = (end for dependency in self.dependencies for end in dependency.ends[::-1])
        keys = tuple(dict.fromkeys(key for key in (*self.assets, *ends) if key.kind != "procedure"))
        versions_of = {link.learner: link.provider for link in self.links if link.role == "version-of"}
        told = Told(keys, self.records_of, self.joined.makers, self.joined.written, versions_of)
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
    links, inferred = inferring.tell_kinds(tuple(names.link(each) for each in facts.relations))
    records_of: dict[Key, list[Entity]] = defaultdict(list)
    for entity in facts.entities:
        asset = names.asset(entity.key)
        records_of[inferred.get(asset, asset)].append(entity)
    times = {key: entity.time for key, found in records_of.items() for entity in found if entity.time}
    joined = runs.join(links, times, rules)
    for key in joined.written:
        records_of.setdefault(key, [])
    decided = meaning.known_better(meaning.decide(joined.links, rules))
    dependencies = stated_synthetic.add(decided, records_of)
    records = meaning.records_graph(dependencies)
    return Lineage(
        facts, rules, names.known, joined, inferred, dependencies, records, records_of, links, fitted
    )
