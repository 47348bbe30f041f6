"""The elements of SPDX 3 files, whichever way JSON-LD spells them, under one set of field names.

``ai_AIPackage``, ``AIPackage`` and ``https://spdx.org/rdf/3.0.1/terms/AI/AIPackage`` are one type, and
likewise for fields: only the part behind the profile is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headwater.errors import InputError
from headwater.lineage.facts import Kind, Place
from headwater.lineage.formats.details import strings
from headwater.lineage.reading import Collector, marked_json
from headwater.lineage.reading.collecting import MOST_FACTS, name_problem, spelled

RELATIONSHIPS = frozenset(("Relationship", "LifecycleScopedRelationship"))
SOFTWARE = frozenset(("Package", "File", "Snippet", "SoftwareArtifact"))
AGENTS = frozenset(("Agent", "Person", "Organization", "SoftwareAgent"))

_TYPES: dict[str, Kind] = {"AIPackage": "model", "DatasetPackage": "dataset", "Build": "procedure"}
_PURPOSES: dict[str, Kind] = {"model": "model", "data": "dataset", "application": "application"}
_KNOWN = frozenset(
    (*_TYPES, *RELATIONSHIPS, *SOFTWARE, *AGENTS, "SpdxDocument", "CreationInfo", "Sbom", "Bom")
)


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its id, made unique where it is blank; its type and fields without profiles."""

    id: str
    type: str
    fields: Mapping[str, Any]
    place: Place

    @property
    def kind(self) -> Kind:
        """What the element says it is: by its type, or by the purpose of software."""
        if self.type in SOFTWARE:
            return _PURPOSES.get(local(self.one("primaryPurpose")), "unknown")
        return _TYPES.get(self.type, "unknown")

    def one(self, field: str) -> str:
        """The text of a field, or its first; empty where there is none."""
        return next(strings(self.fields.get(field)), "")


def elements(file: Path, path: str, collector: Collector) -> Iterator[Element]:
    """The elements of a file, nested ones too; what cannot be read becomes an issue."""
    try:
        root = marked_json.load(file, path)
    except InputError as error:
        collector.broken(path, error)
        return
    place = Place(path, marked_json.line(root, 1))
    problem = _problem(root)
    if problem:
        collector.error(place, f"{problem}; nothing was read from it")
        return
    found = list(_walk(_records(root), path, place, collector))
    if not any(element.type in _KNOWN for element in found):
        collector.error(place, "holds no SPDX 3 element; nothing was read from it")
        return
    collector.count_record("documents")
    collector.count_record("elements", len(found))
    if collector.records["elements"] > MOST_FACTS:
        remedy = "import them in parts and merge them"
        raise InputError(f"hold more than {MOST_FACTS:,} elements", remedy, collector.origin)
    yield from found


def _problem(root: object) -> str:
    """Why a document is not SPDX 3, where that is plain."""
    if isinstance(root, list):
        return ""
    if not isinstance(root, dict):
        return f"the document is {spelled(root)}, not an object"
    version = root.get("spdxVersion")
    if isinstance(version, str) or "SPDXID" in root:
        said = version[:20] if isinstance(version, str) else "SPDX 2"
        return (
            f"is {said}, which has no models, datasets or training; SPDX 3 is read here, so convert it first"
        )
    if "@graph" not in root and not {"type", "@type"} & root.keys():
        return "has neither '@graph' nor a type, as an SPDX 3 document does"
    graph = root.get("@graph", [])
    return "" if isinstance(graph, (list, dict)) else f"'@graph' is {spelled(graph)}, not a list"


def _records(root: Any) -> tuple[list[Any], list[int], str]:
    """The records of a document, their lines where these are known, and the pointer to them."""
    graph = root.get("@graph", root) if isinstance(root, dict) else root
    if isinstance(graph, dict):
        return [graph], [marked_json.line(graph, 1)], ""
    pointer = "/@graph" if isinstance(root, dict) else ""
    return graph, getattr(graph, "lines", []), pointer


def _walk(
    records: tuple[list[Any], list[int], str], path: str, at: Place, collector: Collector
) -> Iterator[Element]:
    graph, lines, pointer = records
    for number, record in enumerate(graph):
        line = lines[number] if number < len(lines) else at.line
        place = Place(path, line, f"{pointer}/{number}" if graph is not record else pointer)
        if not isinstance(record, dict):
            collector.error(place, f"the element is {spelled(record)}, not an object; it was skipped")
            continue
        yield from _element(record, place, collector)


def _element(record: Mapping[str, Any], place: Place, collector: Collector) -> Iterator[Element]:
    """An element and those nested in it, which stay as ids."""
    fields: dict[str, Any] = {}
    for key, value in record.items():
        kept, nested = _plain(value)
        fields[_field(key)] = kept
        for each in nested:
            inner = Place(place.path, marked_json.line(each, place.line), f"{place.pointer}/{key[:60]}")
            yield from _element(each, inner, collector)
    type_ = local(next(strings(fields.get("type")), ""))
    id_ = next(strings(fields.get("spdxId")), "") or next(strings(fields.get("id")), "")
    problem = name_problem(id_)
    if problem and type_ in _KNOWN:
        collector.error(place, f"the spdxId of a {type_} {problem}; it was skipped")
    elif not problem and type_:
        yield Element(identity(id_, place.path), type_, fields, place)
    elif not type_:
        collector.error(place, "the element has no type; it was skipped")


def _plain(value: Any) -> tuple[Any, list[Mapping[str, Any]]]:
    """A value without the wrapping of JSON-LD, and the elements that are written inside it."""
    if isinstance(value, list):
        parts = [_plain(item) for item in value]
        return [kept for kept, _ in parts], [each for _, nested in parts for each in nested]
    if not isinstance(value, dict):
        return value, []
    if "@value" in value:
        return value["@value"], []
    id_ = value.get("spdxId", value.get("@id"))
    if isinstance(id_, str):
        return id_, [value] if {"type", "@type"} & value.keys() else []
    return {_field(key): _plain(item)[0] for key, item in value.items()}, []


def _field(key: str) -> str:
    return local(key.removeprefix("@"))


def identity(id_: str, path: str) -> str:
    """An id that is unique among all files: a blank one only means something in its own."""
    return f"{path}#{id_.strip()}" if id_.strip().startswith("_:") else id_.strip()


def local(name: str) -> str:
    """A name without its profile or address.

    Examples
    --------
    >>> local("ai_AIPackage"), local("https://spdx.org/rdf/3.0.1/terms/Core/NoneElement")
    ('AIPackage', 'NoneElement')
    """
    # Not a regular expression: one that looks for the end tries every start of a long name.
    return name[max(name.rfind(mark) for mark in "/#:_") + 1 :]
