"""Facts from SPDX elements: which relationships tell of lineage, and the assets they are about."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from headwater.lineage.facts import Count, Key, Kind, Place, Role
from headwater.lineage.formats.details import Namer, labels, mappings, moment, strings
from headwater.lineage.formats.spdx.elements import (
    RELATIONSHIPS,
    Element,
    identity,
    local,
)
from headwater.lineage.reading import Collector
from headwater.lineage.reading.collecting import name_problem

ALWAYS: dict[str, tuple[Role, bool]] = {
    "trainedOn": ("trained-on", True),
    "testedOn": ("evaluated-on", True),
    "generates": ("made", False),
    "hasOutput": ("made", False),
    "hasOutputs": ("made", False),
    "hasInput": ("used", True),
    "hasInputs": ("used", True),
}
"""Relationships read whatever their ends are: the role, and whether ``from`` is its subject."""

OF_ASSETS: dict[str, tuple[Role, bool]] = {
    "ancestorOf": ("derived", False),
    "descendantOf": ("derived", True),
    "expandsTo": ("derived", False),
    "contains": ("derived", True),
    "hasDataFile": ("dependency", True),
    "hasVariant": ("version-of", False),
    "copiedTo": ("same-as", False),
    "packagedBy": ("same-as", False),
    "hasDistributionArtifact": ("same-as", False),
    "dependsOn": ("dependency", True),
    "hasOptionalDependency": ("dependency", True),
    "hasProvidedDependency": ("dependency", True),
    "hasPrerequisite": ("dependency", True),
    "hasRequirement": ("dependency", True),
    "usesTool": ("dependency", True),
}
"""Relationships read where both ends are assets: plain software has many of them."""

_RUNS = frozenset(("generates", "hasOutput", "hasOutputs", "hasInput", "hasInputs"))
_BY_LETTERS = {"".join(filter(str.isalnum, name)).casefold(): name for name in (*ALWAYS, *OF_ASSETS)}
_UNSTATED = {"NoneElement": "none", "NoAssertionElement": "no assertion"}
_TOLD = (
    "summary",
    "description",
    "comment",
    "primaryPurpose",
    "downloadLocation",
    "typeOfModel",
    "domain",
    "informationAboutTraining",
    "datasetType",
    "dataCollectionProcess",
    "buildType",
    "buildId",
)


class _Related(NamedTuple):
    """A relationship that is read: ids of its ends, and its name in the specification's spelling."""

    name: str
    start: str
    end: str
    place: Place


def tell(elements: Sequence[Element], collector: Collector) -> None:
    """Collect the facts that elements tell of."""
    teller = _Teller(elements, collector)
    related = [each for element in elements for each in teller.relationships(element)]
    told, wanted = _wanted([each for each in related if teller.tells(each)])
    collector.count_record("relationships read", len(told))
    for element in elements:
        alone = element.type != "File" and teller.kind(element.id) != "unknown"
        if element.id in wanted or alone:
            teller.entity(element)
    for each in told:
        teller.relation(each)


def _wanted(related: Sequence[_Related]) -> tuple[list[_Related], set[str]]:
    """What is recorded, and the elements it is about.

    That one thing contains another only matters if the other matters: a folder of weights is
    said to hold many files of a model, none of which is one.
    """
    wanted = {id_ for each in related if each.name != "contains" for id_ in (each.start, each.end)}
    holders: dict[str, list[str]] = defaultdict(list)
    for each in related:
        if each.name == "contains":
            holders[each.end].append(each.start)
    left = list(wanted)
    while left:
        for holder in holders.get(left.pop(), ()):
            if holder not in wanted:
                wanted.add(holder)
                left.append(holder)
    return [each for each in related if each.end in wanted], wanted


class _Teller:
    """The elements by id, and what their relationships say of them."""

    def __init__(self, elements: Sequence[Element], collector: Collector) -> None:
        self.collector = collector
        self.namer = Namer()
        self.known: dict[str, Element] = {}
        self.runs = {
            identity(start, element.place.path)
            for element in elements
            if element.type in RELATIONSHIPS and _name(element) in _RUNS
            for start in strings(element.fields.get("from"))
        }
        self.notes: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for element in elements:
            first = self.known.setdefault(element.id, element)
            if first is not element and first.place.path == element.place.path:
                said = f"the id {element.id[:80]!r} is already at {first.place}: both are read as one"
                collector.warning(element.place, said)
        for element in self.known.values():
            self.namer.add(
                element.id, self._own_key(element), element.place.path, everywhere=element.type == "File"
            )

    def kind(self, id_: str) -> Kind:
        """What an element is; what has outputs and is nothing else is a procedure."""
        element = self.known.get(id_)
        kind = element.kind if element else "unknown"
        return "procedure" if kind == "unknown" and id_ in self.runs else kind

    def key(self, id_: str) -> Key:
        """The key of an element; of one that no file has, its id."""
        return self.namer.key(id_) if id_ in self.namer else Key(self.kind(id_), id_)

    def _own_key(self, element: Element) -> Key:
        name = element.one("name") or element.one("buildId")
        version = element.one("packageVersion").strip()
        return Key(
            self.kind(element.id),
            element.id if name_problem(name) else name.strip(),
            "" if name_problem(version) else version,
        )

    def relationships(self, element: Element) -> Iterator[_Related]:
        """What a relationship relates, and the agents of software that an element came from."""
        if element.type in RELATIONSHIPS:
            yield from self._relationship(element)
        else:
            for agent in strings(element.fields.get("originatedBy")):
                found = self.known.get(identity(agent, element.place.path))
                if found and found.type == "SoftwareAgent":
                    yield _Related("originatedBy", element.id, found.id, element.place)

    def _relationship(self, element: Element) -> Iterator[_Related]:
        self.collector.count_record("relationships")
        name, place = _name(element), element.place
        if name not in ALWAYS and name not in OF_ASSETS:
            return
        start, ends = element.one("from"), element.fields.get("to")
        problem = name_problem(start)
        if problem:
            self.collector.error(place, f"'from' of the relationship {name!r} {problem}; it was skipped")
            return
        start = identity(start, place.path)
        completeness = local(element.one("completeness"))
        if completeness:
            self.notes[start].append((f"{name}.completeness", completeness))
        for end in ends if isinstance(ends, list) else [ends]:
            problem = name_problem(end)
            if problem:
                self.collector.error(place, f"'to' of the relationship {name!r} {problem}; it was skipped")
            elif local(str(end)) in _UNSTATED:
                self.notes[start].append((name, _UNSTATED[local(str(end))]))
            else:
                yield _Related(name, start, identity(str(end), place.path), place)

    def tells(self, related: _Related) -> bool:
        """Whether a relationship is about assets, not about plain software."""
        if related.name in ALWAYS or related.name == "originatedBy":
            return True
        start, end = self.kind(related.start), self.kind(related.end)
        if related.name == "contains":
            return start == "dataset" or (end == "dataset" and start == "unknown") or start == end == "model"
        outside = related.end not in self.known
        return start != "unknown" and (end != "unknown" or outside)

    def relation(self, related: _Related) -> None:
        """Record what a relationship relates."""
        name, place = related.name, related.place
        start, end = self.key(related.start), self.key(related.end)
        if name == "originatedBy":
            self.collector.relation(start, end, "associated", place, word=name)
            return
        role, forward = (ALWAYS | OF_ASSETS)[name]
        subject, object_ = (start, end) if forward else (end, start)
        self.collector.relation(subject, object_, _role(name, role, start, end), place, word=name)

    def entity(self, element: Element) -> None:
        """Record an element that is an asset, or that some relationship read is about."""
        size = element.fields.get("datasetSize", element.fields.get("artifactSize"))
        size = size[0] if isinstance(size, list) and size else size
        count = self.collector.samples(size, f"the size of {element.one('name')[:60]!r}", element.place)
        times = (
            element.one(field) for field in ("buildEndTime", "buildStartTime", "builtTime", "releaseTime")
        )
        self.collector.entity(
            self.key(element.id),
            element.place,
            count=None if count is None else Count.exactly(count.low, "bytes"),
            time=next(filter(None, map(moment, times)), ""),
            labels=labels(self._labels(element)),
        )

    def _labels(self, element: Element) -> Iterator[tuple[str, object]]:
        yield "spdxId", element.id
        yield from self.notes.get(element.id, ())
        for field in _TOLD:
            for said in strings(element.fields.get(field)):
                yield field, said
        for field in ("hyperparameter", "parameter", "parameters"):
            for entry in mappings(element.fields.get(field)):
                if isinstance(entry.get("key"), str):
                    yield f"param.{entry['key']}", entry.get("value")
        for field in ("originatedBy", "suppliedBy"):
            for agent in strings(element.fields.get(field)):
                found = self.known.get(identity(agent, element.place.path))
                yield field, (found.one("name") if found else "") or agent


def _name(element: Element) -> str:
    """The type of a relationship in the spelling of the specification, where it is one that is read."""
    written = element.fields.get("relationshipType")
    if not isinstance(written, str):
        written = next(strings(written), "")
    # Local names of other elements hold no '_'; TRAINED_ON is how SPDX 2 would have spelled it.
    last = re.split("[/#:]", written)[-1]
    return _BY_LETTERS.get("".join(filter(str.isalnum, last)).casefold(), last)


def _role(name: str, role: Role, start: Key, end: Key) -> Role:
    """The role that a relationship has between these two: a model's is more than a file's."""
    if role == "made" and start.kind in ("model", "application"):
        return "generated"
    if name in ("usesTool", "hasDataFile") and start.kind == "procedure":
        return "used"
    if name == "hasDataFile" and start.kind == "dataset":
        return "derived"
    if name in ("ancestorOf", "descendantOf") and start.kind == end.kind == "model":
        return "initialised"
    return role
