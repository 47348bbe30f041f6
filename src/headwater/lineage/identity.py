"""Which asset a written name means: by exact spelling, by alias, or none.

Nothing that is merely similar is merged; what looks similar is listed as a suggestion.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from headwater.errors import InputError, nearest
from headwater.lineage.facts import Facts, Key, Kind, Relation
from headwater.lineage.rules import Alias

SAYS_NOTHING = frozenset(("unknown", "none", "n/a", "na", "undisclosed", "unspecified", "tbd", "-"))
"""What people write where a name should be; no two uses need mean the same thing."""

_MOST_CANDIDATES = 8

_PREFERRED: tuple[Kind, ...] = ("dataset", "model", "application", "unknown")
_PREFERRED_BY_APPLICATIONS: tuple[Kind, ...] = ("model", "application", "dataset", "unknown")


@dataclass(frozen=True, slots=True)
class Link:
    """A relation whose name has been looked up.

    A name that no record has is an asset of unknown kind. `others` are the assets that have
    the same name and were not chosen.
    """

    provider: Key
    learner: Key
    relation: Relation
    resolved: bool = True
    others: tuple[Key, ...] = ()

    @property
    def says_nothing(self) -> bool:
        """Whether the written name is a word for not knowing, such as 'Unknown'."""
        return not self.resolved and self.provider[1].strip().casefold() in SAYS_NOTHING


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A name that no record has, and names it may be another spelling of."""

    written: str
    uses: int
    candidates: tuple[str, ...]
    recorded: bool


@dataclass(frozen=True)
class Catalogue:
    """The assets by key and by name, in the order of the records."""

    keys: tuple[Key, ...]

    @cached_property
    def kinds(self) -> dict[str, list[Kind]]:
        """The kinds that each name is recorded as."""
        found: dict[str, list[Kind]] = defaultdict(list)
        for kind, name in self.keys:
            found[name].append(kind)
        return dict(found)

    def choose(self, name: str, learner: Key) -> tuple[Key | None, tuple[Key, ...]]:
        """The asset that `name` means to `learner`, and those of the same name it does not.

        Training takes data before it takes a model, an application runs on models; an asset
        lists itself only if nothing else has its name.
        """
        order = _PREFERRED_BY_APPLICATIONS if learner[0] == "application" else _PREFERRED
        kinds = sorted(self.kinds.get(name, ()), key=order.index)
        others = [(kind, name) for kind in kinds if (kind, name) != learner]
        found = others or [(kind, name) for kind in kinds]
        return (found[0], tuple(found[1:])) if found else (None, ())


def catalogue(facts: Facts) -> Catalogue:
    """The distinct assets of the facts."""
    return Catalogue(tuple(dict.fromkeys(entity.key for entity in facts.entities)))


def links(facts: Facts, aliases: Mapping[str, Alias]) -> tuple[Link, ...]:
    """Every relation with its name looked up.

    Raises
    ------
    InputError
        If an alias means an asset that is nowhere in the records; names its line.
    """
    known = catalogue(facts)
    written = dict.fromkeys(relation.object for relation in facts.relations)
    for name, alias in aliases.items():
        _check_alias(name, alias, known, written)
    return tuple(_link(relation, known, aliases) for relation in facts.relations)


def _link(relation: Relation, known: Catalogue, aliases: Mapping[str, Alias]) -> Link:
    alias = aliases.get(relation.object)
    name = alias.name if alias else relation.object
    if alias and alias.kind:
        return Link((alias.kind, name), relation.subject, relation)
    found, others = known.choose(name, relation.subject)
    if found is None:
        return Link(("unknown", name), relation.subject, relation, resolved=False)
    return Link(found, relation.subject, relation, others=others)


def _check_alias(name: str, alias: Alias, known: Catalogue, written: Mapping[str, None]) -> None:
    kinds = known.kinds.get(alias.name, [])
    if alias.kind and alias.kind not in kinds:
        recorded = (
            ", ".join(f"{kind} {alias.name!r}" for kind in kinds) or f"nothing is called {alias.name!r}"
        )
        problem, remedy = f"no {alias.kind} is called {alias.name!r}", f"recorded: {recorded}"
    elif not kinds and alias.name not in written:
        problem, remedy = f"no record is called {alias.name!r}", nearest(alias.name, known.kinds)
    else:
        return
    raise InputError(f"alias {name!r}: {problem}", remedy, alias.place.path, alias.place.line or None)


def suggestions(found: Iterable[Link], known: Catalogue) -> Iterator[Suggestion]:
    """Names without a record that differ from a recorded name, or from each other, only in case or marks."""
    uses = Counter(link.provider[1] for link in found if not link.resolved and not link.says_nothing)
    recorded = _by_fold(known.kinds)
    missing = _by_fold(uses)
    for key, names in missing.items():
        if key in recorded:
            for name in names:
                yield Suggestion(name, uses[name], tuple(recorded[key][:_MOST_CANDIDATES]), recorded=True)
        elif len(names) > 1:
            most, *others = sorted(names, key=lambda name: -uses[name])
            yield Suggestion(most, uses[most], tuple(others[:_MOST_CANDIDATES]), recorded=False)


def _by_fold(names: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name in names:
        found[fold(name)].append(name)
    found.pop("", None)
    return dict(found)


def fold(name: str) -> str:
    """A name without case, marks and blanks, for likeness only: 'Command R+' folds to 'Command R'.

    Examples
    --------
    >>> fold("LLaMA 2") == fold("Llama-2")
    True
    """
    return "".join(letter for letter in unicodedata.normalize("NFKC", name).casefold() if letter.isalnum())
