"""Which things the names of PROV documents mean, and what they are called among the facts.

A PROV name is a prefix and a local part, and means the address that the two make: the same in
every document and bundle. Names are shown as written. The address is shown only where one
spelling means two things, and the file for a blank name, which has its meaning from its own
document alone. A name whose prefix nobody declares means the same wherever it is written so.
Where a bundle or another file uses the name of an activity for an entity (or the other way
round), the later one is shown with its bundle or file.
"""

from __future__ import annotations

from collections import defaultdict

from headwater.lineage.facts import Key, Kind, Place
from headwater.lineage.formats.details import with_id
from headwater.lineage.formats.prov_json.documents import Scope, Statement
from headwater.lineage.formats.prov_json.forms import Class
from headwater.lineage.formats.prov_json.values import kinds
from headwater.lineage.reading import Collector
from headwater.lineage.reading.collecting import LONGEST_NAME

_ADDRESSES = ("http", "https", "urn", "file", "ftp", "doi", "_")


class Names:
    """Every name of the documents, and the keys they have."""

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self._spelling: dict[str, str] = {}
        self._meanings: dict[str, set[str]] = defaultdict(set)
        self._declared: dict[str, dict[str, set[Class]]] = defaultdict(dict)
        self._kinds: dict[str, set[Kind]] = defaultdict(set)
        self._strange: set[tuple[str, str]] = set()
        self._keys: dict[tuple[str, str, bool], Key] = {}

    def note(self, written: str, scope: Scope, place: Place) -> str:
        """What a name means in its scope; remembers how it is spelled."""
        identity, known = _expanded(written, scope)
        if not known:
            self._warn_of_prefix(written.partition(":")[0], scope, place)
        self._meanings[self._spelling.setdefault(identity, written)].add(identity)
        return identity

    def declare(self, class_: Class, statement: Statement) -> None:
        """Note the record of an entity, activity or agent."""
        identity = self.note(statement.id.strip(), statement.scope, statement.place)
        classes = self._declared[identity].setdefault(_scope(statement.scope), set())
        if class_ not in classes and "activity" in {class_, *classes} and classes:
            other = next(iter(classes))
            said = f"{statement.id[:60]!r} is both {other} and {class_}; they are read as two things"
            self.collector.warning(statement.place, said)
        classes.add(class_)
        self._kinds[identity] |= kinds(statement.body) if class_ != "activity" else set()

    def is_activity(self, identity: str, scope: Scope) -> bool:
        """Whether a name that may be of anything has a record as an activity and as nothing else."""
        declared = self._declared.get(identity, {})
        here = declared.get(_scope(scope)) or next(iter(declared.values()), set())
        return here == {"activity"}

    def key(self, identity: str, scope: Scope, activity: bool) -> Key:
        """The key of a thing."""
        asked = (identity, _scope(scope), activity)
        if asked not in self._keys:
            kind: Kind = "procedure" if activity else self._kind(identity)
            self._keys[asked] = Key(kind, self._name(identity, scope, activity))
        return self._keys[asked]

    def disputed(self, identity: str) -> bool:
        """Whether records state more than one kind."""
        return len(self._kinds.get(identity, ())) > 1

    def _kind(self, identity: str) -> Kind:
        stated = self._kinds.get(identity, set())
        return next(iter(stated)) if len(stated) == 1 else "unknown"

    def _name(self, identity: str, scope: Scope, activity: bool) -> str:
        spelling = self._spelled_out(identity)
        return with_id(spelling, scope.shown) if self._stands_apart(identity, scope, activity) else spelling

    def _spelled_out(self, identity: str) -> str:
        spelling = self._spelling[identity]
        others = self._meanings[spelling] - {identity}
        if not others or others == {spelling}:
            return spelling
        if identity == spelling:
            return with_id(spelling, "undeclared")
        if spelling.startswith("_:"):
            return with_id(spelling, identity.removeprefix(f"{spelling} "))
        return identity if len(identity) <= LONGEST_NAME else with_id(spelling, identity)

    def _stands_apart(self, identity: str, scope: Scope, activity: bool) -> bool:
        """Whether the first record of the name is of another class, and the scope has its own."""
        declared = self._declared.get(identity, {})
        first = next(iter(declared.values()), set())
        here = declared.get(_scope(scope), set())
        return bool(here) and activity == ("activity" in here) and activity != ("activity" in first)

    def _warn_of_prefix(self, prefix: str, scope: Scope, place: Place) -> None:
        if (scope.path, prefix) not in self._strange:
            self._strange.add((scope.path, prefix))
            said = f"the prefix {prefix[:40]!r} is not declared; names with it are read as they are written"
            self.collector.warning(place, said)


def _scope(scope: Scope) -> str:
    return f"{scope.path}\n{scope.bundle}"


def _expanded(written: str, scope: Scope) -> tuple[str, bool]:
    """The address that a name means, and whether its prefix is declared."""
    prefix, colon, rest = written.partition(":")
    if prefix == "_" and colon:
        return f"{written} {scope.path}", True
    if colon and prefix in scope.prefixes:
        return scope.prefixes[prefix] + rest, True
    if not colon and "default" in scope.prefixes:
        return scope.prefixes["default"] + written, True
    return written, not colon or prefix in _ADDRESSES
