"""Which asset a written name means: by exact spelling, by alias, or none.

Nothing that is merely similar is merged; what looks similar is listed as a suggestion.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

from headwater.errors import InputError, nearest
from headwater.lineage.facts import Count, Facts, Key, Kind, Place, Relation, Role
from headwater.lineage.rules import Alias, KindRule, Rules

SAYS_NOTHING = frozenset(("unknown", "none", "null", "n/a", "na", "undisclosed", "unspecified", "tbd", "-"))
"""What people write where a name should be; no two uses need mean the same thing."""

_MOST_CANDIDATES = 8

_PREFERRED: tuple[Kind, ...] = ("dataset", "model", "application", "procedure", "unknown")
_PREFERRED_BY_APPLICATIONS: tuple[Kind, ...] = ("model", "application", "dataset", "procedure", "unknown")


@dataclass(frozen=True, slots=True)
class Link:
    """A relation whose names have been looked up; or one through a run, joined from its two.

    Attributes
    ----------
    provider, learner
        The assets; a name that no record has is an asset of unknown kind.
    role, word, count
        As in `Relation`.
    places
        Where the records say it, nearest to the learner first.
    written
        The provider's name as the record spells it.
    resolved
        Whether some record is of the provider.
    placeholder
        Whether the written name stands for no dataset in particular.
    like_model
        Whether no record has the name, and that of a recorded model differs only in case or marks.
    others
        The assets that have the same name and were not chosen.
    run
        The procedure between the two, where there is one.
    prompt
        Whether that run also read a model and wrote data, so that these may only have steered it.
    """

    provider: Key
    learner: Key
    role: Role
    places: tuple[Place, ...]
    written: str
    word: str = ""
    count: Count | None = None
    resolved: bool = True
    placeholder: bool = False
    like_model: bool = False
    others: tuple[Key, ...] = ()
    run: Key | None = None
    prompt: bool = False

    @property
    def place(self) -> Place:
        """The first place."""
        return self.places[0]

    @property
    def says_nothing(self) -> bool:
        """Whether the written name is a word for not knowing, such as 'Unknown'."""
        return not self.resolved and self.provider.name.strip().casefold() in SAYS_NOTHING


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
    def recorded(self) -> frozenset[Key]:
        """The keys as a set."""
        return frozenset(self.keys)

    @cached_property
    def kinds(self) -> dict[str, list[Kind]]:
        """The kinds that each name is recorded as."""
        found: dict[str, dict[Kind, None]] = defaultdict(dict)
        for kind, name, _ in self.keys:
            found[name][kind] = None
        return {name: list(kinds) for name, kinds in found.items()}

    def choose(self, name: str, learner: Key) -> tuple[Key | None, tuple[Key, ...]]:
        """The asset that `name` means to `learner`, and those of the same name it does not.

        Training takes data before it takes a model, an application runs on models; an asset
        lists itself only if nothing else has its name.
        """
        order = _PREFERRED_BY_APPLICATIONS if learner.kind == "application" else _PREFERRED
        kinds = sorted(self.kinds.get(name, ()), key=order.index)
        others = [Key(kind, name) for kind in kinds if (kind, name) != learner[:2]]
        found = others or [Key(kind, name) for kind in kinds]
        return (found[0], tuple(found[1:])) if found else (None, ())


def names(facts: Facts, rules: Rules) -> Names:
    """What the names in facts mean under rules.

    Raises
    ------
    InputError
        If an alias means an asset that is nowhere in the records; names its line.
    """
    told = _by_rule(rules.kinds)
    written = Catalogue(tuple(dict.fromkeys(told(key) for key in _subjects(facts))))
    if rules.aliases:
        objects = {relation.object.name for relation in facts.relations}
        for name, alias in rules.aliases.items():
            _check_alias(name, alias, written, objects)
    return Names(facts, rules, written)


class Names:
    """What the names of facts mean.

    Attributes
    ----------
    known
        The assets that have a record, under their aliases.
    """

    def __init__(self, facts: Facts, rules: Rules, written: Catalogue) -> None:
        self.written = written
        self.aliases = rules.aliases
        self.placeholders = _any_of(rules.placeholders)
        self.told = _by_rule(rules.kinds)
        self.models = frozenset(fold(key.name) for key in written.keys if key.kind == "model")
        self.known = Catalogue(tuple(dict.fromkeys(self.asset(key) for key in _subjects(facts))))

    def asset(self, key: Key) -> Key:
        """The asset that a record of `key` is about."""
        alias = self.aliases.get(key.name)
        key = self.told(key)
        if alias is None or key.kind == "procedure" or (alias.kind and alias.kind != key.kind):
            return key
        # One spelling may be of a model in one record and of its dataset in another.
        if alias.kind or key.kind in self.written.kinds.get(alias.name, ()):
            return key._replace(name=alias.name)
        return key

    def link(self, relation: Relation) -> Link:
        """The relation with both names looked up."""
        learner = self.asset(relation.subject)
        provider, resolved, others = self._object(relation.object, learner)
        # A procedure or model that nobody recorded is somebody all the same.
        data = relation.object.kind in ("dataset", "unknown")
        placeholder = data and not resolved and self.placeholders(relation.object.name.strip().casefold())
        if placeholder:
            provider = Key("unknown", f"{provider.name} (of {learner.name})", learner.version)
        return Link(
            provider,
            learner,
            relation.role,
            (relation.place,),
            relation.object.name,
            relation.word,
            relation.count,
            resolved,
            placeholder,
            not resolved and provider.kind == "unknown" and fold(provider.name) in self.models,
            others,
        )

    def _object(self, key: Key, learner: Key) -> tuple[Key, bool, tuple[Key, ...]]:
        if key.kind != "unknown":
            meant = self.asset(key)
            return meant, meant.kind in self.known.kinds.get(meant.name, ()), ()
        alias = self.aliases.get(key.name)
        name = alias.name if alias else key.name
        if alias and alias.kind:
            return Key(alias.kind, name, key.version), True, ()
        told = self.told(Key("unknown", name, key.version))
        if told in self.known.recorded:
            return told, True, ()
        found, others = self.known.choose(name, learner)
        if found is None:
            return told, False, ()
        return found._replace(version=key.version), True, others


def _any_of(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Whether a name in small letters fits one of the patterns."""
    small = [pattern.casefold() for pattern in patterns]
    plain = frozenset(pattern for pattern in small if not set(pattern) & set("*?["))
    globs = [pattern for pattern in small if pattern not in plain]
    return lambda name: name in plain or any(fnmatchcase(name, pattern) for pattern in globs)


def _subjects(facts: Facts) -> Iterator[Key]:
    """What the records are about."""
    yield from (entity.key for entity in facts.entities)
    yield from (relation.subject for relation in facts.relations)


def _by_rule(kinds: Iterable[KindRule]) -> Callable[[Key], Key]:
    """What the rules say that an asset of unknown kind is."""
    rules = tuple(kinds)
    known: dict[str, Kind] = {}

    def told(key: Key) -> Key:
        if key.kind != "unknown" or not rules:
            return key
        if key.name not in known:
            fitting = (rule.kind for rule in rules if fnmatchcase(key.name, rule.name))
            known[key.name] = next(fitting, "unknown")
        return key._replace(kind=known[key.name])

    return told


def fitted(rules: Iterable[KindRule], facts: Facts) -> list[int]:
    """How many assets of unknown kind, or names without a record, each kind rule is the first to fit."""
    given = tuple(rules)
    ends = (relation.object for relation in facts.relations)
    keys = {key for key in (*(entity.key for entity in facts.entities), *ends) if key.kind == "unknown"}
    found = [0] * len(given)
    for key in keys:
        first = next((at for at, rule in enumerate(given) if fnmatchcase(key.name, rule.name)), None)
        if first is not None:
            found[first] += 1
    return found


def _check_alias(name: str, alias: Alias, known: Catalogue, written: Container[str]) -> None:
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
    uses = Counter(
        link.provider.name
        for link in found
        if not link.resolved and not link.says_nothing and not link.placeholder
    )
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
