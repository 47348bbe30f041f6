"""PROV-JSON files taken apart into statements, each with its scope and place.

What the statements mean for lineage is the business of `relations` and `names`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from headwater.errors import InputError, nearest
from headwater.lineage.facts import Place
from headwater.lineage.formats.prov_json.forms import ELEMENTS, FORMS
from headwater.lineage.reading import Collector, marked_json
from headwater.lineage.reading.collecting import MOST_FACTS, name_problem, spelled

SECTIONS = frozenset((*ELEMENTS, *FORMS))

_BUILT_IN = {
    "prov": "http://www.w3.org/ns/prov#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance#",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """A document or one of its bundles: where names are declared, and what their prefixes mean."""

    path: str
    bundle: str = ""
    prefixes: Mapping[str, str] = field(default_factory=lambda: dict(_BUILT_IN))

    @property
    def shown(self) -> str:
        """The bundle, or the file for what is in none."""
        return self.bundle or self.path


class Statement(NamedTuple):
    """One record: its section such as ``wasGeneratedBy``, its id as written, its attributes."""

    section: str
    id: str
    body: Mapping[str, Any]
    scope: Scope
    place: Place


def statements(file: Path, path: str, collector: Collector) -> Iterator[Statement]:
    """The records of a file, its bundles included; what cannot be read becomes an issue."""
    try:
        root = marked_json.load(file, path)
    except InputError as error:
        collector.broken(path, error)
        return
    place = Place(path, marked_json.line(root, 1))
    if not isinstance(root, marked_json.Object):
        collector.error(place, f"the document is {spelled(root)}, not an object; nothing was read from it")
    elif "@graph" in root or "@context" in root:
        said = "is JSON-LD, not PROV-JSON; nothing was read from it. `prov-convert` turns one into the other"
        collector.error(place, said)
    elif root and not SECTIONS & root.keys() and not {"bundle", "prefix"} & root.keys():
        listed = ", ".join(repr(key[:40]) for key in list(root)[:3])
        collector.error(place, f"holds no PROV record but {listed}; nothing was read from it")
    else:
        if not root:
            collector.warning(place, "is empty")
        collector.count_record("documents")
        yield from _document(root, Scope(path), "", collector)


def _document(
    document: marked_json.Object, outer: Scope, pointer: str, collector: Collector
) -> Iterator[Statement]:
    place = Place(outer.path, document.line, pointer)
    for key in document.twice:
        collector.warning(place, f"{key[:40]!r} is written twice; the last one counts")
    scope = _with_prefixes(outer, document.get("prefix"), place, collector)
    for section, records in document.items():
        here = Place(scope.path, marked_json.line(records, place.line), _step(pointer, section))
        if section == "prefix":
            continue
        if section == "bundle":
            yield from _bundles(records, scope, here, collector)
        elif section not in SECTIONS:
            hint = nearest(section[:40], SECTIONS)
            collector.error(here, f"{section[:40]!r} is no kind of PROV record; it was skipped ({hint})")
        elif not isinstance(records, dict):
            said = f"{section!r} is {spelled(records)}, not an object of records; it was skipped"
            collector.error(here, said)
        else:
            yield from _section(section, records, scope, here, collector)


def _section(
    section: str, records: dict[str, Any], scope: Scope, at: Place, collector: Collector
) -> Iterator[Statement]:
    for key in getattr(records, "twice", ()):
        collector.warning(at, f"{key[:40]!r} is written twice in {section!r}; the last one counts")
    for id_, record in records.items():
        pointer = _step(at.pointer, id_)
        several = isinstance(record, list)
        for number, body in enumerate(record if several else [record]):
            where = f"{pointer}/{number}" if several else pointer
            place = Place(at.path, marked_json.line(body, marked_json.line(record, at.line)), where)
            if not isinstance(body, dict):
                said = f"the record {id_[:40]!r} is {spelled(body)}, not an object; it was skipped"
                collector.error(place, said)
                continue
            if collector.records.get("records", 0) >= MOST_FACTS:
                remedy = "import them in parts and merge them"
                raise InputError(f"hold more than {MOST_FACTS:,} records", remedy, collector.origin)
            collector.count_record("records")
            yield Statement(section, id_, body, scope, place)


def _bundles(records: object, scope: Scope, at: Place, collector: Collector) -> Iterator[Statement]:
    if not isinstance(records, dict):
        collector.error(at, f"'bundle' is {spelled(records)}, not an object of bundles; it was skipped")
        return
    for name, document in records.items():
        pointer = _step(at.pointer, name)
        place = Place(at.path, marked_json.line(document, at.line), pointer)
        if not isinstance(document, marked_json.Object):
            said = f"the bundle {name[:40]!r} is {spelled(document)}, not an object; it was skipped"
            collector.error(place, said)
            continue
        problem = name_problem(name)
        if problem:
            collector.error(place, f"the bundle's name {problem}; it was skipped")
            continue
        collector.count_record("bundles")
        yield from _document(document, Scope(scope.path, name, scope.prefixes), pointer, collector)


def _with_prefixes(scope: Scope, declared: object, place: Place, collector: Collector) -> Scope:
    if declared is None:
        return scope
    if not isinstance(declared, dict):
        said = f"'prefix' is {spelled(declared)}, not an object; names are read as they are written"
        collector.error(place, said)
        return scope
    prefixes = dict(scope.prefixes)
    for prefix, iri in declared.items():
        problem = name_problem(iri)
        if problem:
            at = Place(scope.path, marked_json.line(declared, place.line), f"{place.pointer}/prefix")
            said = f"the prefix {prefix[:40]!r} {problem}; names with it are read as they are written"
            collector.error(at, said)
        else:
            prefixes[prefix] = str(iri).strip()
    return Scope(scope.path, scope.bundle, prefixes)


def _step(pointer: str, key: str) -> str:
    """A JSON pointer one step deeper; what cannot be printed or is overlong in it is cut."""
    shown = key[:100].encode("utf-8", "backslashreplace").decode()
    return f"{pointer}/{shown.replace('~', '~0').replace('/', '~1')}"
