"""The records of Data Provenance summaries, of which only what is used is kept, and their names."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headwater.errors import InputError
from headwater.lineage.facts import Place
from headwater.lineage.reading import LONGEST_NAME, Collector, marked_json, shown
from headwater.lineage.reading.collecting import name_problem, spelled

SOURCES = ("Text Sources", "Source", "Video Sources")
"""Fields that list where the content was found; the last two are those of speech and of video."""

HOURS = ("Hours", "Video Hours")
LABELS = {
    "Collection": "collection",
    "Dataset Name": "dataset_name",
    "Hugging Face URL": "hugging_face",
    "Dataset URL": "url",
}
_FIELDS = (
    *LABELS,
    *SOURCES,
    *HOURS,
    "Unique Dataset Identifier",
    "Model Generated",
    "Derived from Datasets",
    "Human Annotation",
    "Text Metrics",
    "Inferred Metadata",
)


@dataclass(frozen=True, slots=True)
class Record:
    """One dataset, of whose fields only those used are kept."""

    identifier: str
    collection: str
    name: str
    place: Place
    fields: dict[str, Any]

    def at(self, *steps: str | int, line: int = 0) -> Place:
        """The place of a field or of an item of it."""
        pointer = "/".join((self.place.pointer, *(escaped(str(step)) for step in steps)))
        return Place(self.place.path, line or self.place.line, pointer)

    @property
    def identity(self) -> tuple[str, str]:
        """What tells the dataset from all others."""
        return self.collection, self.identifier


def records_of(file: Path, root: Path, collector: Collector) -> Iterator[Record]:
    """The records of a summary, those that cannot be read left out with an issue."""
    path = shown(file.relative_to(root)) if file != root else shown(Path(file.name))
    try:
        whole = marked_json.load(file, path)
    except InputError as error:
        collector.broken(path, error)
        return
    if not isinstance(whole, dict):
        said = f"the file is {spelled(whole)}, not an object of datasets; nothing was read from it"
        collector.error(Place(path, marked_json.line(whole, 1)), said)
        return
    for twice in whole.twice if isinstance(whole, marked_json.Object) else ():
        collector.warning(Place(path, 1), f"{twice!r:.60} is written twice; the last one counts")
    for key, record in whole.items():
        place = Place(path, marked_json.line(record, 1), _pointer(key))
        if not isinstance(record, dict):
            collector.error(place, f"the record is {spelled(record)}, not an object; it was skipped")
            continue
        made = _record(key, record, place, collector)
        if made:
            collector.count_record("records")
            yield made


def _record(key: str, record: dict[str, Any], place: Place, collector: Collector) -> Record | None:
    identifier = text(record, "Unique Dataset Identifier", place, collector) or collector.name(
        key, "the key of the record", place
    )
    if identifier is None:
        return None
    name = text(record, "Dataset Name", place, collector) or identifier
    stem = Path(place.path).stem.strip()
    collection = text(record, "Collection", place, collector) or stem or identifier
    # Two names at their limit would together be beyond it.
    if len(collection) + max(len(name), len(identifier)) >= LONGEST_NAME:
        collector.error(place, "the names of collection and dataset are too long; the record was skipped")
        return None
    kept = {field: record[field] for field in _FIELDS if field in record}
    return Record(identifier, collection, name, place, kept)


def text(record: dict[str, Any], field: str, place: Place, collector: Collector) -> str:
    """A field that should hold a name; empty, with a warning unless it is missing, where it does not."""
    value = record.get(field)
    if value is None or value == "":
        return ""
    problem = name_problem(value)
    if problem:
        collector.warning(place, f"{field!r} {problem}; it was passed over")
        return ""
    return str(value).strip()


def names(records: Iterable[Record]) -> dict[tuple[str, str], str]:
    """What each dataset is called, so that no two of a collection have the same name."""
    identifiers: dict[str, set[str]] = defaultdict(set)
    alike: dict[tuple[str, str], set[str]] = defaultdict(set)
    for record in records:
        identifiers[record.collection].add(record.identifier)
        alike[record.collection, record.name].add(record.identifier)
    found: dict[tuple[str, str], str] = {}
    for record in records:
        alone = len(identifiers[record.collection]) == 1
        if alone and letters(record.collection) == letters(record.name):
            called = record.collection
        elif len(alike[record.collection, record.name]) > 1:
            called = f"{record.collection}/{record.identifier}"
        else:
            called = f"{record.collection}/{record.name}"
        found[record.identity] = called
    return found


def letters(name: str) -> str:
    """A name without case, marks and blanks, for likeness only."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(letter for letter in folded if letter.isalnum())


def _pointer(key: str) -> str:
    return "/" + escaped(key)


def escaped(step: str) -> str:
    """A step of a JSON pointer that can be printed."""
    cut = step if len(step) <= LONGEST_NAME else step[:LONGEST_NAME]
    printable = cut.encode(errors="backslashreplace").decode()
    return printable.replace("~", "~0").replace("/", "~1")
