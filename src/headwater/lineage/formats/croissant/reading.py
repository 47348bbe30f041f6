"""Croissant files, one after another, into facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from headwater.errors import InputError
from headwater.lineage.facts import Facts, Key, Place
from headwater.lineage.formats.croissant.described import (
    all_parts,
    read_count,
    read_labels,
    read_synthetic,
    read_version,
)
from headwater.lineage.formats.croissant.provenance import Provenance, has_provenance, moment
from headwater.lineage.formats.croissant.terms import Node, Terms
from headwater.lineage.formats.hugging_face.addresses import of_url
from headwater.lineage.reading import Collector, find_files, marked_json, shown
from headwater.lineage.reading.collecting import name_problem

FORMAT = "croissant"

SUFFIXES = (".json", ".jsonld")
LARGEST_FILE = 32 * 2**20

_PEEK = 2**20


def read(path: str | Path) -> Facts:
    """Facts of one Croissant file, or of every one in a folder.

    Other JSON files of a folder, such as the data that is described, are counted and passed over.

    Raises
    ------
    InputError
        If `path` does not exist or cannot be listed, or holds no Croissant file.
    """
    root = Path(path)
    collector = Collector(shown(root), FORMAT)
    reading = _Reading(collector)
    for file in find_files(root, lambda name: name.lower().endswith(SUFFIXES), collector):
        reading.read_file(file, shown(file.relative_to(root)) if file != root else shown(Path(file.name)))
    if not collector.records.get("files") and not collector.issues:
        raise InputError(
            "holds no Croissant file",
            "give a .json file whose @type is sc:Dataset, or a folder with some",
            shown(root),
        )
    reading.join()
    return collector.facts()


class _Reading:
    """What was read so far, for names that are used twice and references between files."""

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.titles: dict[str, dict[str, str]] = {}
        self.addresses: dict[str, set[Key]] = {}

    def read_file(self, file: Path, name: str) -> None:
        """Record what a file says, where it is Croissant."""
        self.collector.files += 1
        try:
            datasets = list(_datasets(_loaded(file, name), name))
        except InputError as error:
            self.collector.broken(name, error)
            return
        if not datasets:
            self.collector.count_record("other JSON files")
        for node in datasets:
            self._dataset(node)

    def join(self) -> None:
        """Let an address that is the address of one of the datasets read mean that dataset."""
        relations = self.collector.relations
        for number, relation in enumerate(relations):
            if relation.object.kind != "unknown":
                continue
            known = self.addresses.get(_bare(relation.object.name), set())
            if len({key.name for key in known}) == 1:
                first = next(iter(known))
                meant = first if len(known) == 1 else first._replace(version="")
                relations[number] = replace(relation, object=meant)

    def _dataset(self, node: Node) -> None:
        collector = self.collector
        collector.count_record("files")
        if "conformsTo" not in node.keys:
            collector.count_record("files without conformsTo")
        url = next(iter(node.texts("url")), "")
        subject = Key("dataset", self._title(node, url), read_version(node, collector))
        for address in filter(None, (url, node.id)):
            self.addresses.setdefault(_bare(address), set()).add(subject)
        parts = all_parts(node, subject, collector)
        provenance = Provenance(node, subject, {part.node.id: part.key for part in parts}, collector)
        provenance.read(node, subject)
        collector.entity(
            subject,
            node.place,
            count=read_count([part.node for part in parts if part.word == "recordSet"], collector),
            synthetic=read_synthetic(node, collector),
            time=moment(node.text("dateModified")) or moment(node.text("datePublished")),
            labels=read_labels(node, provenance.prose, collector),
        )
        self._other_names(node, subject, url)
        told = has_provenance(node)
        for part in parts:
            told = has_provenance(part.node) or told
            if has_provenance(part.node) or "hasSyntheticData" in part.node.keys:
                count = read_count([part.node], collector) if part.word == "recordSet" else None
                synthetic = read_synthetic(part.node, collector)
                collector.entity(part.key, part.node.place, count=count, synthetic=synthetic)
                collector.relation(subject, part.key, "derived", part.node.place, word=part.word)
                provenance.read(part.node, part.key)
        if told:
            collector.count_record("files with provenance")

    def _title(self, node: Node, url: str) -> str:
        """The name of a dataset; with its address, where another has the name."""
        name, place = node.text("name"), node.place
        # A language map, a list or nothing may have been in place of the name.
        if problem := "has no name" if not name else name_problem(name):
            stem = Path(place.path).with_suffix("")
            otherwise = stem.parent if stem.name == "metadata" and stem.parent.name else stem
            told = shown(otherwise)[-500:]
            self.collector.warning(place, f"the dataset {problem}: it is called {told!r}, as its file")
            return told
        known = self.titles.setdefault(name, {})
        address = _bare(url)
        if not known or not address or address in known or set(known) == {""}:
            return known.setdefault(address, name)
        told = f"{name} ({url})"[:500]
        if name_problem(told):
            return name
        said = f"another dataset is called {name!r} and has another address: this one is {told!r}"
        self.collector.warning(place, said)
        return known.setdefault(address, told)

    def _other_names(self, node: Node, subject: Key, url: str) -> None:
        """Record the other names that a file states: they are offered as aliases, never applied."""
        names: dict[str, tuple[str, Place]] = {}
        for word in ("alternateName", "sameAs"):
            for value, place in node.values(word):
                address = of_url(value) if isinstance(value, str) else None
                name = address.id if address else value if word == "alternateName" else None
                if isinstance(name, str) and not name_problem(name):
                    names.setdefault(name.strip(), (word, place))
        if address := of_url(url):
            names.setdefault(address.id, ("url", node.place))
        for name, (word, place) in names.items():
            if name != subject.name:
                self.collector.relation(subject, Key("dataset", name), "same-as", place, word=word)


def _loaded(file: Path, name: str) -> Any:
    """The JSON of a file that may be Croissant; nothing, unread, of one that cannot be."""
    try:
        with file.open("rb") as opened:
            head = opened.read(_PEEK)
            size = opened.seek(0, 2)
    except (OSError, ValueError):
        return marked_json.load(file, name)
    if b'"@' not in head and size > len(head):
        return None
    if size > LARGEST_FILE:
        remedy = "leave inline data out of it"
        raise InputError(f"is larger than {LARGEST_FILE // 2**20} MiB", remedy, name)
    return marked_json.load(file, name)


def _datasets(whole: object, path: str) -> Iterator[Node]:
    """The descriptions of datasets in a file: itself, those of a list, or those of a graph."""
    tops = (
        [(item, f"/{number}") for number, item in enumerate(whole)]
        if isinstance(whole, list)
        else [(whole, "")]
    )
    for top, pointer in tops:
        if not isinstance(top, Mapping):
            continue
        terms = Terms(top.get("@context"))
        graph = top.get("@graph")
        inner = (
            [(item, f"{pointer}/@graph/{at}") for at, item in enumerate(graph)]
            if isinstance(graph, list)
            else []
        )
        for data, where in [(top, pointer), *inner]:
            if isinstance(data, Mapping):
                node = Node(data, Place(path, marked_json.line(data, 1), where), terms)
                if "Dataset" in node.types:
                    yield node


def _bare(address: str) -> str:
    """An address for comparison: without its scheme and the slash at its end."""
    text = address.strip().rstrip("/")
    return text.removeprefix("https://").removeprefix("http://").removeprefix("www.").casefold()
