"""Reader of Data Provenance Initiative summaries: JSON files, each of one collection of datasets.

A record names what wrote its text (`Model Generated`), the datasets and text sources it was
derived from, and how many dialogs it holds. Names of datasets are short there: the ``c4`` of
the collection Longform is not C4. So a dataset is called ``Longform/c4``, collection first.
It has the bare name of its collection where the collection holds nothing else and calls it
the same but for case and punctuation (``Alpaca``), and its identifier in place of its name
where others of the collection have that name (``xP3x/xp3x-flores-ace_arab``).

A collection of several datasets is a dataset too, that holds them all.

A web address on the Hugging Face hub is kept as a label only: many a record that a model wrote
gives the address of the human dataset it was made from.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from headwater.errors import InputError
from headwater.lineage.facts import Count, Facts, Key, Kind, Place
from headwater.lineage.formats.data_provenance.records import (
    HOURS,
    LABELS,
    SOURCES,
    Record,
    letters,
    names,
    records_of,
)
from headwater.lineage.reading import Collector, find_files, marked_json, shown
from headwater.lineage.reading.collecting import LARGEST_COUNT, name_problem, spelled

FORMAT = "data-provenance"

NO_MODELS = frozenset(("other", "templates", "wmt", "wikisql", "svm", "nbc"))
"""Values of `Model Generated` that name no generative model, in lower case.

The collection's own list of values, ``constants/model_groups.json``, does not tell them from
models, so that they are told apart here: templates, two classifiers, two human-made datasets, and
`Other`, which may be anything.
"""


def read(path: str | Path) -> Facts:
    """Facts of a folder of summaries, or of one summary.

    Where `path` has a folder ``data_summaries``, as the repository has, only what is below that is
    read. Templates (``_template...``) are passed over. A generator is called as it is spelled
    first; other spellings of the same letters in another case are kept as labels.

    `Relation.count` of a generator is the whole dataset only where the record leaves no one else to
    have written a part: one generator, no human annotation, no dataset and no text source
    it was derived from.

    Raises
    ------
    InputError
        If there is no JSON file, or `path` cannot be read at all.
    """
    root = Path(path)
    folder = root / "data_summaries"
    is_whole = folder.is_dir() and not folder.is_symlink()
    beside = _unread(root) if is_whole else []
    root = folder if is_whole else root
    collector = Collector(shown(root), FORMAT)
    files = find_files(root, _is_summary, collector)
    if not files:
        raise InputError(
            "holds no .json file", "give the folder with the summaries, usually data_summaries", shown(root)
        )
    collector.files = len(files)
    for name in beside:
        collector.warning(
            Place(f"../{name}"), "was not read: text only; import it by its own name for the rest"
        )
    records = [record for file in files for record in records_of(file, root, collector)]
    reading = _Reading(collector, names(records))
    for record in records:
        _read_record(record, reading)
    _collections(records, reading)
    _tell_of_references(reading)
    return collector.facts()


@dataclass(slots=True)
class _Reading:
    """What more than one record has a part in."""

    collector: Collector
    names: dict[tuple[str, str], str]
    first: dict[str, Place] = field(default_factory=dict)
    generators: dict[str, Key] = field(default_factory=dict)
    spellings: set[str] = field(default_factory=set)
    references: Counter[str] = field(default_factory=Counter)
    by_identifier: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        for (_, identifier), name in self.names.items():
            self.by_identifier[identifier].add(name)


def _is_summary(name: str) -> bool:
    return name.lower().endswith(".json") and not name.startswith("_template")


def _unread(root: Path) -> list[str]:
    try:
        return sorted(shown(Path(each.name)) for each in root.glob("data_summaries-*") if each.is_dir())
    except OSError:
        return []


# -- what a record says --------------------------------------------------------------------------


def _read_record(record: Record, reading: _Reading) -> None:
    collector = reading.collector
    dataset = Key("dataset", reading.names[record.identity])
    before = reading.first.setdefault(dataset.name, record.place)
    if before is not record.place:
        collector.warning(record.place, f"{dataset.name!r} is already at {before}: both are read as one")
    makers = _items(record, "Model Generated", collector)
    models = [value for value, _ in makers if value.casefold() not in NO_MODELS]
    collector.count_record("model generated", bool(makers))
    collector.count_record("several generators", len(makers) > 1)
    collector.entity(
        dataset,
        record.place,
        count=_count(record, collector),
        synthetic=_synthetic(record) if models else None,
        time=_time(record, collector),
        labels=_labels(record),
    )
    sources = list(_sources(record, collector))
    parents = _items(record, "Derived from Datasets", collector)
    alone = len(makers) == 1 and not sources and not parents and _annotation(record) == "No"
    whole = collector.entities[-1].count if alone else None
    for value, place in makers:
        maker = _generator(value, place, reading)
        collector.relation(dataset, maker, "generated", place, count=whole, word="Model Generated")
    for value, place in parents:
        collector.relation(dataset, _parent(value, reading), "derived", place, word="Derived from Datasets")
    for value, place, word in sources:
        collector.relation(dataset, Key("unknown", value), "derived", place, word=word)


def _collections(records: Iterable[Record], reading: _Reading) -> None:
    """Record what several datasets are together: other catalogues know a collection by its own name alone."""
    members: dict[str, dict[str, Record]] = defaultdict(dict)
    for record in records:
        members[record.collection].setdefault(reading.names[record.identity], record)
    told = {entity.name: entity for entity in reading.collector.entities if entity.kind == "dataset"}
    for collection, held in members.items():
        if len(held) < 2 or collection in told:
            continue
        known = [count.exact for name in held if (count := told[name].count) and count.unit == "samples"]
        numbers = [number for number in known if number is not None]
        whole = Count.exactly(sum(numbers)) if len(numbers) == len(held) else None
        key = Key("dataset", collection)
        flags = {told[name].synthetic for name in held}
        reading.collector.entity(
            key,
            next(iter(held.values())).place,
            count=whole,
            synthetic="all" if flags == {"all"} else None,
            labels={"holds": str(len(held))},
        )
        for name, record in held.items():
            part = told[name].count
            reading.collector.relation(
                key, Key("dataset", name), "derived", record.place, count=part, word="Collection"
            )


def _items(record: Record, field: str, collector: Collector) -> list[tuple[str, Place]]:
    """The names that a field lists, each once, with their places."""
    listed = record.fields.get(field)
    if listed is None or listed == "":
        return []
    if isinstance(listed, str):
        listed = [listed]
    if not isinstance(listed, list):
        collector.error(record.at(field), f"{field!r} is {spelled(listed)}, not a list; it was skipped")
        return []
    lines = listed.lines if isinstance(listed, marked_json.Array) else []
    found: dict[str, Place] = {}
    for at, value in enumerate(listed):
        place = record.at(field, at, line=lines[at] if at < len(lines) else 0)
        name = collector.name(value, f"an item of {field!r}", place)
        if name is not None:
            found.setdefault(name, place)
    return list(found.items())


def _sources(record: Record, collector: Collector) -> Iterator[tuple[str, Place, str]]:
    seen: set[str] = set()
    for word in SOURCES:
        for value, place in _items(record, word, collector):
            if value not in seen:
                yield value, place, word
            seen.add(value)


def _generator(value: str, place: Place, reading: _Reading) -> Key:
    """What wrote a dataset: spellings that differ in case alone are one here, under the first of them."""
    folded = value.casefold()
    kind: Kind = "procedure" if folded in NO_MODELS else "model"
    key = reading.generators.setdefault(folded, Key(kind, value))
    if value not in reading.spellings:
        reading.spellings.add(value)
        reading.collector.entity(key, place, labels={} if value == key.name else {"spelling": value})
    return key


def _parent(value: str, reading: _Reading) -> Key:
    """The dataset of that identifier, if there is exactly one; otherwise just the name."""
    names = reading.by_identifier.get(value, ())
    if len(names) == 1:
        return Key("dataset", next(iter(names)))
    reading.references[value] += 1
    return Key("dataset", value)


def _count(record: Record, collector: Collector) -> Count | None:
    metrics = record.fields.get("Text Metrics")
    if isinstance(metrics, dict):
        place = record.at("Text Metrics", "Num Dialogs", line=marked_json.line(metrics))
        return collector.samples(metrics.get("Num Dialogs"), "'Num Dialogs'", place)
    if metrics is not None:
        said = f"'Text Metrics' is {spelled(metrics)}, not an object: the count stays unknown"
        collector.warning(record.at("Text Metrics"), said)
    for unit in HOURS:
        hours = record.fields.get(unit)
        if isinstance(hours, (int, float)) and not isinstance(hours, bool) and 0 <= hours <= LARGEST_COUNT:
            low = int(hours)
            return Count(low, low + (hours > low), "hours")
    return None


def _annotation(record: Record) -> str:
    """``Yes``, ``No``, or empty; written as text or as a list."""
    said = record.fields.get("Human Annotation")
    said = said if isinstance(said, list) else [said]
    return "Yes" if "Yes" in said else "No" if "No" in said else ""


def _synthetic(record: Record) -> Literal["all", "mixed"]:
    return "mixed" if _annotation(record) == "Yes" else "all"


def _time(record: Record, collector: Collector) -> str:
    found = record.fields.get("Inferred Metadata")
    written = found.get("HF Date") if isinstance(found, dict) else None
    if not isinstance(written, str) or not written:
        return ""
    try:
        return date.fromisoformat(written.strip()).isoformat()
    except ValueError:
        place = record.at("Inferred Metadata", "HF Date", line=marked_json.line(found))
        collector.warning(place, f"'HF Date' is {spelled(written)}, not a date such as 2024-02-22")
        return ""


def _labels(record: Record) -> dict[str, str]:
    found = {label: record.fields.get(field) for field, label in LABELS.items()}
    found["identifier"] = record.identifier
    found["human_annotation"] = _annotation(record)
    return {label: str(value).strip() for label, value in found.items() if not name_problem(value)}


def _tell_of_references(reading: _Reading) -> None:
    """Say in one warning how many names of other datasets are no identifier here."""
    unknown = reading.references.total()
    if not unknown:
        return
    known: dict[str, set[str]] = defaultdict(set)
    for (collection, identifier), name in reading.names.items():
        for written in (collection, identifier, name, name.removeprefix(f"{collection}/")):
            known[letters(written)].add(name)
    like = Counter({value: uses for value, uses in reading.references.items() if known.get(letters(value))})
    several = sum(uses for value, uses in like.items() if len(known[letters(value)]) > 1)
    shown_first = ", ".join(repr(value) for value, _ in like.most_common(5))
    said = f"{unknown:,} references to other datasets are no identifier of a record here and stay names"
    if like:
        said += (
            f"; {like.total():,} of them are spelled like a dataset or collection here "
            f"({several:,} like several), such as {shown_first}: join those that are the same by an alias"
        )
    reading.collector.warning(Place(reading.collector.origin), said)
