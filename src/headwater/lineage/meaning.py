"""What each dependency is for, and whether it puts data into training.

A user's rule decides where one fits; otherwise the record does, where it says so; otherwise the
kinds of the two assets, by the table `GUESSES`. Applications pass output on only where the rules
let them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from headwater.lineage.digraph import Digraph
from headwater.lineage.facts import Key, Kind
from headwater.lineage.identity import Link
from headwater.lineage.rules import FLOWING, MADE_BY_MODEL, Applications, Meaning, RoleRule, Rules

Carries = Literal["data", "nothing", "through-application"]

GUESSES: dict[tuple[Kind, Kind], tuple[Carries, str]] = {
    ("model", "dataset"): ("data", "the model generated some of the dataset"),
    ("dataset", "dataset"): ("data", "the dataset holds some of the other"),
    ("unknown", "dataset"): ("data", "the dataset holds data of that name"),
    ("procedure", "dataset"): ("data", "the procedure wrote some of the dataset"),
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

_RUNS: dict[str, str] = {
    "generated": "a run read the model and wrote the data: the model generated them",
    "trained-on": "a run read the data and wrote the model: it was trained on them",
    "initialised": "a run read one model and wrote another: its weights (initialised), no flow",
    "derived": "a run read the one and wrote the other: it holds some of it",
    "evaluated-on": "a run read the data for testing: no flow",
    "labelled": "a run read the model and wrote the data, and says that it labelled them",
    "translated": "a run read the model and wrote the data, and says that it translated them",
    "judged": "a run read the model and wrote the data, and says that it judged them: no flow",
    "filtered": "a run read the model and wrote the data, and says that it chose them: no flow",
}
PROMPT = "a run read a model and the data and wrote data: the data only steered it, no flow"
RUN_ALONE = "a run read nothing and wrote the data: a source"

_NO_PART = frozenset(
    (
        "drop",
        "filtered",
        "judged",
        "evaluated-on",
        "associated",
        "informed",
        "same-as",
        "version-of",
        "used",
        "made",
    )
)
"""What is said of two assets without one being made from the other."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """A link and what it is for.

    `rule` is the number of the user's rule that decided, if one did; `guess` is what was taken for
    granted, empty where the record or a rule says it.
    """

    link: Link
    carries: Carries
    role: Meaning | str = ""
    rule: int | None = None
    guess: str = ""

    @property
    def ends(self) -> tuple[Key, Key]:
        """Provider and learner."""
        return self.link.provider, self.link.learner

    @property
    def made_by_model(self) -> bool:
        """Whether a rule or the record says that what is depended on made data, and so is a model."""
        return self.role in MADE_BY_MODEL and (self.rule is not None or not self.guess)

    @property
    def lists_itself(self) -> bool:
        """An asset that lists itself, unless a rule says that it is trained on its own output."""
        provider, learner = self.ends
        return provider == learner and not (provider.kind == "model" and self.role in FLOWING)


def decide(links: Iterable[Link], rules: Rules) -> tuple[Dependency, ...]:
    """What every link is for."""
    decided = tuple(_decide(link, rules.roles) for link in links)
    if rules.prompts == "data":
        return decided
    # Beside a model that only judged or chose, what a run read is what it wrote.
    writing = {
        (d.link.run, d.link.learner)
        for d in decided
        if d.carries == "data" and d.link.run is not None and d.link.provider.kind == "model"
    }
    return tuple(
        replace(d, carries="nothing", role="", guess=PROMPT)
        if d.link.prompt and d.rule is None and (d.link.run, d.link.learner) in writing
        else d
        for d in decided
    )


def _decide(link: Link, rules: Sequence[RoleRule]) -> Dependency:
    names = {link.written, link.provider.name}
    for at, rule in enumerate(rules):
        if rule.fits(names, link.learner.name, link.word):
            return Dependency(link, "data" if rule.role in FLOWING else "nothing", rule.role, at)
    if link.run is not None:
        alone = link.provider == link.run
        carries: Carries = "data" if link.role in FLOWING else "nothing"
        return Dependency(link, carries, link.role, guess=RUN_ALONE if alone else _RUNS[link.role])
    if link.role == "dependency":
        carries, said = guess(link.provider.kind, link.learner.kind)
        return Dependency(link, carries, guess=said)
    # A model derived from another starts from it; nothing says that it saw its output.
    models = link.provider.kind == link.learner.kind == "model"
    if link.role == "derived" and models:
        return Dependency(link, "nothing", "initialised", guess=_RUNS["initialised"])
    return Dependency(link, "data" if link.role in FLOWING else "nothing", link.role)


def known_better(dependencies: Iterable[Dependency]) -> tuple[Dependency, ...]:
    """Without the runs that read nothing, where the record or a rule names what made their data."""
    given = tuple(dependencies)
    told = {d.link.learner for d in given if d.made_by_model and d.link.run is None}
    return tuple(d for d in given if not (d.guess == RUN_ALONE and d.link.learner in told))


def guess(provider: Kind, learner: Kind) -> tuple[Carries, str]:
    """What a dependency between two kinds carries without a rule, and the reason in words."""
    return GUESSES.get((provider, learner), _NOTHING)


def records_graph(dependencies: Iterable[Dependency]) -> Digraph[Key]:
    """The records as a graph: without what lists itself or a rule takes out of lineage."""
    return Digraph.of(
        dependency.ends
        for dependency in dependencies
        if not dependency.lists_itself and dependency.role not in _NO_PART and dependency.guess != PROMPT
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
    given = [d for d in dependencies if d.carries != "nothing" and d.link.provider.kind == "application"]
    start = {dependency.link.provider for dependency in given if dependency.carries == "data"}
    behind = [
        (learner, provider) for provider, learner in (d.ends for d in given) if learner.kind == "application"
    ]
    return frozenset(Digraph.of(behind, start).reached_from(start))


def _passes(dependency: Dependency, records: Digraph[Key], applications: Applications) -> bool:
    if dependency.carries != "through-application" or applications == "none":
        return False
    return applications == "all" or records.joined(*dependency.ends)
