"""Where a dataset or a part of it came from, in the words of PROV and as people misspell them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from headwater.lineage.facts import Key, Place, Role
from headwater.lineage.formats.croissant.terms import Node, escaped, identifier
from headwater.lineage.formats.hugging_face.addresses import of_url
from headwater.lineage.reading import marked_json
from headwater.lineage.reading.collecting import Collector, name_problem, spelled

DERIVED: dict[str, Role] = {
    "wasDerivedFrom": "derived",
    "hadPrimarySource": "derived",
    "wasQuotedFrom": "derived",
    "wasRevisionOf": "derived",
    "isBasedOn": "derived",
    "specializationOf": "version-of",
    "alternateOf": "same-as",
}
GENERATED = "wasGeneratedBy"
AGENTS = ("wasAttributedTo", "wasAssociatedWith", "isAssociatedWith")
"""The last is in no vocabulary and in real files."""

USED = ("used", "usage")
"""Likewise."""

PROVENANCE = (*DERIVED, GENERATED, *AGENTS)
AGENT_TYPES = ("SoftwareAgent", "Person", "Organization", "Agent")

MOST_WORDS = 10
_GLOBAL = re.compile(r"(?:https?|urn|doi|did|ark|hdl|tag|info|ni):.", re.IGNORECASE)


def has_provenance(node: Node) -> bool:
    """Whether a node says anything of where it came from."""
    return any(word in node.keys for word in PROVENANCE)


def is_prose(text: str) -> bool:
    """Whether a text is a description rather than a name."""
    words = text.split()
    return "\n" in text.strip() or len(words) > MOST_WORDS or (len(words) > 3 and text.rstrip().endswith("."))


def moment(text: str) -> str:
    """A date or time as ISO 8601 with its zone, UTC where it has none; nothing where it is no time."""
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        return ""
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).isoformat()


class Provenance:
    """What one file says of the origin of its dataset `subject` and of the parts of it.

    Parameters
    ----------
    parts
        Files, record sets and fields of the dataset, by their ids.
    """

    def __init__(self, dataset: Node, subject: Key, parts: Mapping[str, Key], collector: Collector) -> None:
        self.dataset = dataset
        self.subject = subject
        self.parts = parts
        self.collector = collector
        self.nodes = _described(dataset)
        self.seen: set[Key] = set()
        self.prose: dict[str, str] = {}

    def read(self, node: Node, subject: Key) -> None:
        """Record what a node says of `subject`."""
        for word, role in DERIVED.items():
            self._others(node, subject, word, role)
        for value, place in node.values(GENERATED):
            self._activity(value, place, subject)
        self._agents(node, subject)

    def _others(self, node: Node, subject: Key, word: str, role: Role) -> None:
        for value, place in node.values(word):
            if other := self._other(value, place, word):
                self.collector.relation(subject, other, role, place, word=word)

    def _agents(self, node: Node, subject: Key) -> None:
        for word in AGENTS:
            for value, place in node.values(word):
                self._agent(value, place, subject, word)

    def _agent(self, value: object, place: Place, subject: Key, word: str) -> None:
        node = self._node(value, place)
        text = value if isinstance(value, str) and node is None else ""
        types = [kind for kind in AGENT_TYPES if node and kind in node.types]
        name = self._named(text or _label(node), node, place, word)
        if name:
            told = f"{word} {types[0]}" if types else word
            self.collector.relation(subject, Key("unknown", name), "associated", place, word=told)

    def _activity(self, value: object, place: Place, subject: Key) -> None:
        node = self._node(value, place)
        if node and any(kind in node.types for kind in AGENT_TYPES):
            said = "is given as an agent, not an activity: what the agent did stays unknown"
            self.collector.warning(place, f"{GENERATED} {said}")
            self._agent(value, place, subject, GENERATED)
            return
        label = _label(node)
        told = (node.id if node else "") or label or (value if isinstance(value, str) else "")
        if not told and node and node.data:
            # An activity without a name is one all the same, and has its place.
            told = place.pointer.strip("/")
        if not told:
            self.collector.error(place, f"{GENERATED} is {spelled(value)}, no activity; it was skipped")
            return
        if not self._is_name(told, place, GENERATED):
            return
        name = self.collector.name(self._scoped(told), GENERATED, place)
        if name is None:
            return
        run = Key("procedure", name, "" if _GLOBAL.match(told) else self.subject.version)
        self.collector.relation(subject, run, "made", place, word=GENERATED)
        if run not in self.seen:
            self.seen.add(run)
            self._run(node, run, label, place)

    def _run(self, node: Node | None, run: Key, label: str, place: Place) -> None:
        """Record an activity, once for a file."""
        if node is None:
            self.collector.entity(run, place)
            return
        labels = {"label": label, "description": node.text("description", "comment")}
        time = moment(node.text("endedAtTime", "endTime")) or moment(node.text("startedAtTime", "startTime"))
        told = {key: value[:500].encode(errors="replace").decode() for key, value in labels.items() if value}
        self.collector.entity(run, node.place, time=time, labels=told)
        for word in USED:
            self._others(node, run, word, "used")
        for value, where in node.values("wasInformedBy"):
            other = self._node(value, where)
            before = (other.id or other.text("label", "name")) if other else value
            if isinstance(before, str) and before.strip() and self._is_name(before, where, "wasInformedBy"):
                key = Key("procedure", self._scoped(before.strip()), run.version)
                self.collector.relation(run, key, "informed", where, word="wasInformedBy")
        self._agents(node, run)

    def _other(self, value: object, place: Place, word: str) -> Key | None:
        """The asset that a value means: a part, something described elsewhere in the file, or a name."""
        told = value.strip() if isinstance(value, str) else identifier(value)
        if told and told in self.parts:
            return self.parts[told]
        if told and told == self.dataset.id:
            return self.subject
        node = self._node(value, place)
        text = told if isinstance(value, str) and node is None else ""
        where = self._location(node) if node else ""
        name = self._named(text or _label(node) or where, node, place, word)
        if name is None:
            return None
        version = node.text("version") if node else ""
        typed = node is not None and "Dataset" in node.types
        key = Key("dataset" if typed else "unknown", name, "" if name_problem(version) else version)
        address = of_url(where) if where != name else None
        if address and address.id != name:
            same = Key(address.kind, address.id)
            self.collector.relation(key, same, "same-as", place, word="location")
        return key

    def _location(self, node: Node) -> str:
        for word in ("atLocation", "locatedAt", "url", "contentUrl", "location"):
            if found := next(iter(node.texts(word)), ""):
                return found
        return ""

    def _named(self, text: str, node: Node | None, place: Place, word: str) -> str | None:
        """A name: the text where there is one, else the id; prose is none."""
        if text and not self._is_name(text, place, word):
            return None
        name = text or self._scoped(node.id if node else "")
        if not name:
            self.collector.error(place, f"{word} names nothing; it was skipped")
            return None
        return self.collector.name(name, word, place)

    def _is_name(self, text: str, place: Place, word: str) -> bool:
        if not is_prose(text):
            return True
        self.prose.setdefault(word, " ".join(text[:2000].split()))
        said = f"{word} is a description, not a name: {spelled(self.prose[word])}"
        self.collector.warning(place, f"{said}; nothing was read from it")
        return False

    def _scoped(self, told: str) -> str:
        """An id under the dataset's name, unless it is one of the whole world."""
        return told if not told or _GLOBAL.match(told) else f"{self.subject.name}/{told}"

    def _node(self, value: object, place: Place) -> Node | None:
        """The object that a value is or refers to."""
        told = value.strip() if isinstance(value, str) else identifier(value)
        if isinstance(value, Mapping) and not (told and set(value) <= {"@id", "id"}):
            return Node(value, place, self.dataset.terms)
        found = self.nodes.get(told)
        return found or (Node(value, place, self.dataset.terms) if isinstance(value, Mapping) else None)


def _label(node: Node | None) -> str:
    return node.text("label", "name", "title") if node else ""


def _described(whole: Node) -> dict[str, Node]:
    """The objects inside a node by their ids; of several with an id the one that says most."""
    found: dict[str, tuple[int, Mapping[str, Any], str]] = {}
    waiting: list[tuple[Any, str]] = [(whole.data, whole.place.pointer)]
    while waiting:
        value, pointer = waiting.pop()
        if isinstance(value, Mapping):
            told = identifier(value)
            if told and len(value) > found.get(told, (1,))[0]:
                found[told] = len(value), value, pointer
            inner = ((each, f"{pointer}/{escaped(key)}") for key, each in value.items() if key != "@context")
            waiting.extend(pair for pair in inner if isinstance(pair[0], (Mapping, list)))
        else:
            pairs = ((each, f"{pointer}/{number}") for number, each in enumerate(value))
            waiting.extend(pair for pair in pairs if isinstance(pair[0], (Mapping, list)))
    return {
        told: Node(
            data, Place(whole.place.path, marked_json.line(data, whole.place.line), pointer), whole.terms
        )
        for told, (_, data, pointer) in found.items()
    }
