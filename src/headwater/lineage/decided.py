"""The records with every name looked up and the meaning of every dependency decided."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from headwater.lineage import identity, meaning, tracing
from headwater.lineage.digraph import Digraph
from headwater.lineage.facts import Facts, Key
from headwater.lineage.meaning import Dependency
from headwater.lineage.rules import Applications, Rules


@dataclass(frozen=True)
class Lineage:
    """The records with every dependency decided, before flows are traced."""

    facts: Facts
    rules: Rules
    known: identity.Catalogue
    dependencies: tuple[Dependency, ...]
    records: Digraph[Key]

    @cached_property
    def models(self) -> list[Key]:
        """The recorded models, in order."""
        return [key for key in self.known.keys if key[0] == "model"]

    @cached_property
    def named_models(self) -> list[Key]:
        """Assets of unknown kind that the rules take as external models."""
        return list(
            dict.fromkeys(
                dependency.link.provider
                for dependency in self.dependencies
                if dependency.link.provider[0] == "unknown"
                and not dependency.link.says_nothing
                and (self.rules.unresolved == "external" or dependency.made_by_model)
            )
        )

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
    dependencies = meaning.decide(identity.links(facts, rules.aliases), rules.roles)
    return Lineage(facts, rules, identity.catalogue(facts), dependencies, meaning.records_graph(dependencies))
