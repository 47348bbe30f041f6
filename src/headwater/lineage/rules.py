"""What a dependency means: the rules a user writes, and the file they stand in.

A rules file is YAML; every key may be left out:

.. code-block:: yaml

    roles:                      # the first rule that fits a dependency decides
      - from: CLIP              # the name depended on
        to: LAION-*             # the asset that depends on it
        role: filtered          # CLIP chose images, it made none: no flow
    aliases:                    # a name as written, and the asset it means
      LLaMA 2: Llama 2
      PaLM 2 data: {name: PaLM 2, kind: dataset}
    applications: loops         # loops, all or none
    unresolved: source          # source or external

``from`` and ``to`` are shell patterns (``*``, ``?``, ``[abc]``; ``[[]`` is a bracket itself), case counts,
and one of the two may be left out. They are held against the name as written and the asset's name.
The roles ``generated``, ``labelled``, ``translated`` and ``trained-on`` put data into training and
make flows; ``filtered``, ``judged``, ``initialised`` and ``drop`` make none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal, TypeVar, get_args

import yaml

from headwater.errors import InputError, nearest
from headwater.lineage import marked_yaml
from headwater.lineage.facts import NOWHERE, Kind, Place

Role = Literal[
    "generated", "labelled", "translated", "trained-on", "filtered", "judged", "initialised", "drop"
]
Applications = Literal["loops", "all", "none"]
Unresolved = Literal["source", "external"]

_Text = TypeVar("_Text", bound=str)

ROLES: tuple[Role, ...] = get_args(Role)
APPLICATIONS: tuple[Applications, ...] = get_args(Applications)
UNRESOLVED: tuple[Unresolved, ...] = get_args(Unresolved)
FLOWING: frozenset[Role] = frozenset(("generated", "labelled", "translated", "trained-on"))
MADE_BY_MODEL: frozenset[Role] = frozenset(("generated", "labelled", "translated"))


@dataclass(frozen=True, slots=True)
class RoleRule:
    """What a dependency of an asset like `to` on a name like `from_` is for."""

    from_: str
    to: str
    role: Role
    place: Place = NOWHERE

    def fits(self, providers: Iterable[str], learner: str) -> bool:
        """Whether the rule is about this dependency, under any of the provider's names."""
        return fnmatchcase(learner, self.to) and any(fnmatchcase(name, self.from_) for name in providers)

    def __str__(self) -> str:
        return f"{self.from_} -> {self.to}: {self.role}"


@dataclass(frozen=True, slots=True)
class Alias:
    """The asset that a written name means; its kind where the name alone does not tell."""

    name: str
    kind: Kind | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Rules:
    """How facts become a graph, where the records leave it open.

    Parameters
    ----------
    roles
        Tried in order; the first that fits decides.
    aliases
        Written name to asset.
    applications
        Whether an application passes models' output on into datasets: only where that closes
        a cycle of the records (``loops``), always (``all``) or never (``none``).
    unresolved
        What a name that no record has is: a real ``source``, or an ``external`` model.
    """

    roles: tuple[RoleRule, ...] = ()
    aliases: Mapping[str, Alias] = field(default_factory=dict)
    applications: Applications = "loops"
    unresolved: Unresolved = "source"


def read_rules(path: str | Path) -> Rules:
    """The rules in a file.

    Raises
    ------
    InputError
        If the file cannot be read or says something that is no rule; names the line.
    """
    shown = str(path)
    root = marked_yaml.load(Path(path))
    if root is None or marked_yaml.is_null(root):
        return Rules()
    known = ("roles", "aliases", "applications", "unresolved")
    parts = _mapping(root, known, "a rules file", shown)
    return Rules(
        roles=tuple(_roles(parts["roles"], shown)) if "roles" in parts else (),
        aliases=dict(_aliases(parts["aliases"], shown)) if "aliases" in parts else {},
        applications=_choice(parts.get("applications"), APPLICATIONS, "applications", shown, "loops"),
        unresolved=_choice(parts.get("unresolved"), UNRESOLVED, "unresolved", shown, "source"),
    )


def _roles(node: yaml.Node, shown: str) -> Iterator[RoleRule]:
    if not isinstance(node, yaml.SequenceNode):
        raise _error(
            f"roles are {marked_yaml.kind(node)}, not a list",
            "write a list of {from: ..., to: ..., role: ...}",
            shown,
            node,
        )
    for item in marked_yaml.items(node):
        parts = _mapping(item, ("from", "to", "role"), "a role rule", shown)
        if "role" not in parts:
            raise _error("a role rule has no role", f"roles: {', '.join(ROLES)}", shown, item)
        if not parts.keys() & {"from", "to"}:
            raise _error(
                "a role rule without from and to would fit every dependency",
                "name at least one of them; '*' stands for any name",
                shown,
                item,
            )
        role: Role = _choice(parts["role"], ROLES, "role", shown, "drop")
        patterns = [_name(parts[key], key, shown) if key in parts else "*" for key in ("from", "to")]
        yield RoleRule(patterns[0], patterns[1], role, Place(shown, marked_yaml.line(item)))


def _aliases(node: yaml.Node, shown: str) -> Iterator[tuple[str, Alias]]:
    for written, target in _mapping(node, None, "aliases", shown).items():
        place = Place(shown, marked_yaml.line(target))
        if isinstance(target, yaml.MappingNode):
            parts = _mapping(target, ("name", "kind"), f"the alias {written!r}", shown)
            if "name" not in parts:
                raise _error(
                    f"the alias {written!r} has no name", "write {name: ..., kind: dataset}", shown, target
                )
            kinds: tuple[Kind, ...] = ("model", "dataset", "application")
            kind = _choice(parts["kind"], kinds, "kind", shown, "model") if "kind" in parts else None
            yield written, Alias(_name(parts["name"], "name", shown), kind, place)
        else:
            yield written, Alias(_name(target, f"the alias {written!r}", shown), None, place)


def _mapping(node: yaml.Node, known: tuple[str, ...] | None, what: str, shown: str) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        keys = ", ".join(f"{key}: ..." for key in known or ("WRITTEN NAME",))
        raise _error(f"{what} is {marked_yaml.kind(node)}, not a mapping", f"write {{{keys}}}", shown, node)
    parts, twice = marked_yaml.fields(node)
    if twice:
        raise _error(f"{twice[0].value!r} is written twice in {what}", "remove one of them", shown, twice[0])
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _error(f"a key of {what} is {marked_yaml.kind(key)}, not a name", "write text", shown, key)
        if known is not None and key.value not in known:
            raise _error(f"{what} has no {key.value!r}", nearest(key.value, known), shown, key)
    return parts


def _choice(node: yaml.Node | None, known: tuple[_Text, ...], what: str, shown: str, default: _Text) -> _Text:
    if node is None:
        return default
    for value in known:
        if marked_yaml.text(node) == value:
            return value
    written = marked_yaml.text(node) or ""
    raise _error(f"{what} is {marked_yaml.kind(node)}", nearest(written, known, shown=10), shown, node)


def _name(node: yaml.Node, what: str, shown: str) -> str:
    text = marked_yaml.text(node)
    if text is None:
        raise _error(
            f"{what} is {marked_yaml.kind(node)}, not a name", "write text, in quotes if need be", shown, node
        )
    return text


def _error(problem: str, remedy: str, shown: str, node: yaml.Node) -> InputError:
    return InputError(problem, remedy, shown, marked_yaml.line(node))
