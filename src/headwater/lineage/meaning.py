"""What each dependency is for, and whether it puts data into training.

A user's rule decides where one fits; otherwise the kinds of the two assets do, by the table
`GUESSES`. Applications pass output on only where the rules let them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from headwater.lineage.digraph import Digraph
from headwater.lineage.facts import Key, Kind
from headwater.lineage.identity import Link
from headwater.lineage.rules import FLOWING, MADE_BY_MODEL, Applications, Role, RoleRule

Carries = Literal["data", "nothing", "through-application"]

GUESSES: dict[tuple[Kind, Kind], tuple[Carries, str]] = {
    ("model", "dataset"): ("data", "the model generated some of the dataset"),
    ("dataset", "dataset"): ("data", "the dataset holds some of the other"),
    ("unknown", "dataset"): ("data", "the dataset holds data of that name"),
    ("application", "dataset"): ("through-application", "the dataset was collected through the application"),
    ("dataset", "model"): ("data", "the model is trained on the dataset"),
    ("unknown", "model"): ("data", "the model is trained on data of that name"),
    ("model", "model"): ("nothing", "the model starts from the other's weights (initialised): no flow"),
    ("application", "model"): ("nothing", "the model needs the application, not its data: no flow"),
    ("model", "application"): ("through-application", "the application serves the model's output"),
    ("application", "application"): ("through-application", "the application uses the other"),
    ("dataset", "application"): ("through-application", "the application shows the dataset"),
    ("unknown", "application"): ("through-application", "the application uses what has that name"),
}
"""Meaning of a dependency by the kinds of what is depended on and what depends."""

_NOTHING: tuple[Carries, str] = ("nothing", "the record's type is unknown: not used")


@dataclass(frozen=True, slots=True)
class Dependency:
    """A link and what it is for; `rule` is the number of the rule that decided, if one did."""

    link: Link
    carries: Carries
    role: Role | None = None
    rule: int | None = None

    @property
    def ends(self) -> tuple[Key, Key]:
        """Provider and learner."""
        return self.link.provider, self.link.learner

    @property
    def made_by_model(self) -> bool:
        """Whether a rule says that what is depended on made data, and so is a model."""
        return self.role in MADE_BY_MODEL

    @property
    def lists_itself(self) -> bool:
        """An asset that lists itself, unless a rule says that it is trained on its own output."""
        provider, learner = self.ends
        return provider == learner and not (provider[0] == "model" and self.role in FLOWING)


def decide(links: Iterable[Link], rules: Sequence[RoleRule]) -> tuple[Dependency, ...]:
    """What every link is for."""
    return tuple(_decide(link, rules) for link in links)


def _decide(link: Link, rules: Sequence[RoleRule]) -> Dependency:
    names = {link.relation.object, link.provider[1]}
    for at, rule in enumerate(rules):
        if rule.fits(names, link.learner[1]):
            return Dependency(link, "data" if rule.role in FLOWING else "nothing", rule.role, at)
    carries, _ = guess(link.provider[0], link.learner[0])
    return Dependency(link, carries)


def guess(provider: Kind, learner: Kind) -> tuple[Carries, str]:
    """What a dependency between two kinds carries without a rule, and the reason in words."""
    return GUESSES.get((provider, learner), _NOTHING)


def records_graph(dependencies: Iterable[Dependency]) -> Digraph[Key]:
    """The records as a graph: without what lists itself or a rule takes out of lineage."""
    return Digraph.of(
        dependency.ends
        for dependency in dependencies
        if not dependency.lists_itself and dependency.role not in ("drop", "filtered", "judged")
    )


def carrying(
    dependencies: Sequence[Dependency], records: Digraph[Key], applications: Applications
) -> list[Dependency]:
    """The dependencies that bring data, those through applications as `applications` lets them.

    An application that a rule says gives data is followed back to its models all the same.
    """
    opened = _opened(dependencies)
    return [
        dependency
        for dependency in dependencies
        if not dependency.lists_itself
        and not dependency.link.says_nothing
        and (
            dependency.carries == "data"
            or (dependency.carries == "through-application" and dependency.link.learner in opened)
            or _passes(dependency, records, applications)
        )
    ]


def _opened(dependencies: Iterable[Dependency]) -> frozenset[Key]:
    """Applications that a rule says give data, and those behind them."""
    given = [d for d in dependencies if d.carries != "nothing" and d.link.provider[0] == "application"]
    start = {dependency.link.provider for dependency in given if dependency.carries == "data"}
    behind = [
        (learner, provider) for provider, learner in (d.ends for d in given) if learner[0] == "application"
    ]
    return frozenset(Digraph.of(behind, start).reached_from(start))


def _passes(dependency: Dependency, records: Digraph[Key], applications: Applications) -> bool:
    if dependency.carries != "through-application" or applications == "none":
        return False
    return applications == "all" or records.joined(*dependency.ends)
