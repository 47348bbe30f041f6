"""JSON-LD values under plain names, however their vocabulary is abbreviated.

Only what a file says itself is used: no context is fetched. ``prov:label``, ``p:label`` with a
context that says what ``p`` is, and ``http://www.w3.org/ns/prov#label`` are all ``label``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from headwater.lineage.facts import Place
from headwater.lineage.reading import marked_json

VOCABULARIES = (
    "https://schema.org/",
    "http://schema.org/",
    "http://mlcommons.org/croissant/RAI/",
    "http://mlcommons.org/croissant/",
    "http://mlcommons.org/schema/",
    "http://www.w3.org/ns/prov#",
    "http://purl.org/dc/terms/",
    "http://www.w3.org/2000/01/rdf-schema#",
)
PREFIXES = frozenset(("sc", "schema", "cr", "ml", "rai", "prov", "dct", "dcterms", "rdfs"))
"""What the vocabularies are called where a file does not say."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_WEB = ("http://", "https://")


class Found(NamedTuple):
    """A value and where it is."""

    value: Any
    place: Place


class Terms:
    """What the keys and types of one file mean, under its context."""

    def __init__(self, context: object) -> None:
        self.prefixes: dict[str, str] = {}
        for part in context if isinstance(context, list) else [context]:
            if isinstance(part, Mapping):
                self._take(part)
        self.known: dict[str, str] = {}

    def _take(self, context: Mapping[str, Any]) -> None:
        for term, meaning in context.items():
            told = meaning.get("@id") if isinstance(meaning, Mapping) else meaning
            if isinstance(told, str) and not term.startswith("@"):
                self.prefixes[term] = told

    def plain(self, word: str) -> str:
        """The name of a key or type without its vocabulary; another vocabulary's stays as it is."""
        if word not in self.known:
            self.known[word] = self._plain(word)
        return self.known[word]

    def _plain(self, word: str) -> str:
        if word.startswith("@"):
            return word
        for _ in range(3):
            base = next((base for base in VOCABULARIES if word.startswith(base)), "")
            if base:
                return word[len(base) :]
            prefix, colon, rest = word.partition(":")
            if colon and prefix in PREFIXES and not self.prefixes.get(prefix, "").startswith(_WEB):
                return rest
            told = self.prefixes.get(prefix) if colon else self.prefixes.get(word)
            if told is None:
                break
            word = told + rest if colon else told
        return word


class Node:
    """An object of the file: its values by plain names."""

    def __init__(self, data: Mapping[str, Any], place: Place, terms: Terms) -> None:
        self.data = data
        self.place = place
        self.terms = terms
        self.keys: dict[str, list[str]] = {}
        for key in data:
            self.keys.setdefault(terms.plain(key), []).append(key)

    def values(self, name: str) -> Iterator[Found]:
        """Every value of a name but null, lists and sets taken apart, ``{"@value": ...}`` unwrapped."""
        for key in self.keys.get(name, ()):
            yield from _flat(self.data[key], self._at(key))

    def nodes(self, name: str) -> Iterator[Node]:
        """The values of a name that are objects."""
        for value, place in self.values(name):
            if isinstance(value, Mapping):
                yield Node(value, place, self.terms)

    def first(self, name: str) -> Found | None:
        """The first value of a name."""
        return next(self.values(name), None)

    def text(self, *names: str) -> str:
        """The first text among the names: English where there are several languages."""
        for name in names:
            for key in self.keys.get(name, ()):
                if said := _spoken(self.data[key]).strip():
                    return said
        return ""

    def texts(self, name: str) -> list[str]:
        """The texts of a name, and the ids of objects that stand for one."""
        found = (_spoken(value).strip() or identifier(value) for value, _ in self.values(name))
        return [said for said in found if said]

    @property
    def id(self) -> str:
        """``@id``, or ``id``, which some write instead."""
        return identifier(self.data)

    @property
    def types(self) -> list[str]:
        """The types without their vocabularies."""
        return [self.terms.plain(value) for value, _ in self.values("@type") if isinstance(value, str)]

    def _at(self, key: str) -> Place:
        value = self.data[key]
        line = marked_json.line(value, self.place.line)
        return self.place._replace(line=line, pointer=f"{self.place.pointer}/{escaped(key)}")


def identifier(value: object) -> str:
    """The id of an object, or nothing."""
    if not isinstance(value, Mapping):
        return ""
    return next(
        (
            value[key].strip()
            for key in ("@id", "id")
            if isinstance(value.get(key), str) and value[key].strip()
        ),
        "",
    )


def _flat(value: object, place: Place) -> Iterator[Found]:
    if isinstance(value, list):
        lines = value.lines if isinstance(value, marked_json.Array) else []
        for number, item in enumerate(value):
            line = lines[number] if number < len(lines) else place.line
            yield from _flat(item, place._replace(line=line, pointer=f"{place.pointer}/{number}"))
    elif isinstance(value, Mapping) and "@value" in value:
        yield from _flat(value["@value"], place)
    elif isinstance(value, Mapping) and ("@list" in value or "@set" in value):
        yield from _flat(value.get("@list", value.get("@set")), place)
    elif value is not None:
        yield Found(value, place)


def _spoken(value: object) -> str:
    """The text of a value that may be in several languages."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        english = (each for each in value if isinstance(each, Mapping) and each.get("@language") == "en")
        return next(filter(None, map(_spoken, [*english, *value])), "")
    if not isinstance(value, Mapping):
        return ""
    if "@value" in value:
        return _spoken(value["@value"])
    if (
        value
        and "id" not in value
        and all(isinstance(key, str) and _LANGUAGE.fullmatch(key) for key in value)
    ):
        return next((each for each in (value.get("en"), *value.values()) if isinstance(each, str)), "")
    return ""


def escaped(key: str) -> str:
    """A key as JSON pointers spell it."""
    return key.replace("~", "~0").replace("/", "~1")[:500]
