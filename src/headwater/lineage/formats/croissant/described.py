"""What a Croissant file says of a dataset itself: parts, version, records, labels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from headwater.lineage.facts import Count, Key
from headwater.lineage.formats.croissant.terms import Found, Node
from headwater.lineage.reading.collecting import Collector, name_problem, spelled

MOST_LABELS = 200
LONGEST_LABEL = 500

LABELS = (
    *("url", "license", "datePublished", "dateCreated", "dateModified", "sdVersion", "keywords", "sameAs"),
    *("conformsTo", "isLiveDataset"),
)
RAI = (
    *("dataCollection", "dataCollectionType", "dataCollectionRawData", "dataPreprocessingProtocol"),
    *("dataManipulationProtocol", "dataImputationProtocol", "dataAnnotationProtocol"),
    *("dataAnnotationPlatform", "machineAnnotationTools"),
)
"""What the vocabulary for responsible AI says of origins, all of it free text."""

COUNT = re.compile(r"(?:wd:|https?://(?:www\.)?wikidata\.org/(?:entity|wiki)/)Q4049983")
"""How an annotation says that it is the number of records."""

NO_HASH = "https://github.com/mlcommons/croissant/issues/80"
"""What the hub writes where a hash should be."""

_HASH = re.compile(r"[0-9a-fA-F]{64}")
_NESTED = {
    "": ("distribution", "recordSet"),
    "recordSet": ("field",),
    "field": ("subField",),
    "subField": ("subField",),
}


class Part(NamedTuple):
    """A file, record set or field of a dataset; `word` is the field that lists it."""

    node: Node
    key: Key
    word: str


def all_parts(dataset: Node, subject: Key, collector: Collector) -> list[Part]:
    """Every part of a dataset, those of parts too; a part without a name is called by its place."""
    found: list[Part] = []
    waiting = [(dataset, "")]
    while waiting:
        node, of = waiting.pop()
        for word in _NESTED.get(of, ()):
            for part in node.nodes(word):
                told = part.id or part.text("name") or part.place.pointer.strip("/")
                name = f"{subject.name}/{told}"
                if name_problem(name):
                    name = f"{subject.name}/{part.place.pointer.strip('/')}"
                if problem := name_problem(name):
                    collector.error(part.place, f"the name of a part {problem}; it was skipped")
                    continue
                found.append(Part(part, Key("dataset", name, subject.version), word))
                waiting.append((part, word))
    return found


def read_version(node: Node, collector: Collector) -> str:
    """The version as it is spelled; empty where there is none."""
    found = node.first("version")
    if found is None:
        return ""
    value = found.value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 10**20:
        value = str(value)
    if problem := name_problem(value):
        collector.warning(found.place, f"version {problem}: it stays unknown")
        return ""
    return str(value).strip()[:LONGEST_LABEL]


def read_synthetic(node: Node, collector: Collector) -> Literal["mixed", "none"] | None:
    """Whether a node says that it has synthetic data; having some does not say how much."""
    found = node.first("hasSyntheticData")
    if found is None:
        return None
    value = found.value
    told = str(value).strip().lower() if isinstance(value, (bool, str)) else ""
    if told not in ("true", "false"):
        collector.warning(found.place, f"hasSyntheticData is {spelled(value)}, neither true nor false")
        return None
    return "mixed" if told == "true" else "none"


def read_count(record_sets: list[Node], collector: Collector) -> Count | None:
    """The records of a record set, where an annotation counts them; of several sets nothing is added up."""
    if len(record_sets) != 1:
        return None
    for note in record_sets[0].nodes("annotation"):
        kind = note.first("dataType")
        told = (
            (
                kind.value
                if isinstance(kind.value, str)
                else Node(kind.value, kind.place, note.terms).id
                if isinstance(kind.value, Mapping)
                else ""
            )
            if kind
            else ""
        )
        value = note.first("value")
        if value and COUNT.fullmatch(told):
            return collector.samples(value.value, "the number of records", value.place)
    return None


def read_labels(node: Node, prose: Mapping[str, str], collector: Collector) -> dict[str, str]:
    """What rules may ask for, and the hashes of files: as many as there is room for."""
    labels = {word: _joined(node, word) for word in LABELS}
    labels |= {f"rai.{word}": _joined(node, word) for word in RAI}
    labels |= {f"prose.{word}": text for word, text in prose.items()}
    wrong: list[tuple[str, Found]] = []
    for file in node.nodes("distribution"):
        found = file.first("sha256")
        name = file.id or file.text("name")
        if found is None or found.value in (NO_HASH, ""):
            continue
        if isinstance(found.value, str) and _HASH.fullmatch(found.value):
            labels[f"sha256.{name}"] = found.value.lower()
        else:
            wrong.append((name, found))
    if wrong:
        name, found = wrong[0]
        more = f", and {len(wrong) - 1} more like it" if len(wrong) > 1 else ""
        said = f"sha256 of {spelled(name)} is {spelled(found.value)}, not 64 hexadecimal digits{more}"
        collector.warning(found.place, f"{said}; it was passed over")
    kept = [(_cut(key), _cut(value)) for key, value in labels.items() if value]
    return dict(kept[:MOST_LABELS])


def _joined(node: Node, word: str) -> str:
    if (found := node.first(word)) and isinstance(found.value, bool):
        return str(found.value).lower()
    return ", ".join(node.texts(word)[:100])


def _cut(text: str) -> str:
    # Half a surrogate pair can be neither printed nor stored.
    return text[:LONGEST_LABEL].encode(errors="replace").decode()
