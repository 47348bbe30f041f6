"""Every component, service, data item and run of the bills, by reference: what it is and is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from headwater.lineage.facts import Key, Kind, Place
from headwater.lineage.formats.cyclonedx.bills import Bill, Part
from headwater.lineage.formats.details import Namer
from headwater.lineage.reading import Collector
from headwater.lineage.reading.collecting import LONGEST_NAME, name_problem

SOFTWARE = frozenset(
    (
        "framework",
        "library",
        "container",
        "platform",
        "operating-system",
        "device",
        "device-driver",
        "firmware",
        "cryptographic-asset",
    )
)
"""Types of components that are no part of a lineage."""

PEDIGREE = ("ancestors", "descendants", "variants")

_KINDS: dict[str, Kind] = {"machine-learning-model": "model", "application": "application"}


@dataclass(frozen=True, slots=True)
class Item:
    """Something on the shelf: how it is known there, and the fields that tell of it."""

    identity: str
    part: Part
    software: bool = False


class Shelf:
    """What the bills list, by file and reference, and by the links between bills."""

    def __init__(self, collector: Collector) -> None:
        self.collector = collector
        self.namer = Namer()
        self.items: dict[str, list[Item]] = {}
        self._by_reference: dict[str, Item] = {}
        self._by_place: dict[Place, Item] = {}

    def take(self, bill: Bill) -> None:
        """Put everything of a bill on the shelf."""
        self.items[bill.path] = []
        metadata = bill.root.part("metadata")
        owner = metadata.part("component") if metadata else None
        if owner is not None:
            self._component(owner, bill)
        self._holding(bill.root, bill)
        for formula in bill.root.parts("formulation", self.collector):
            self._holding(formula, bill)
            for workflow in formula.parts("workflows", self.collector):
                self._run(workflow, "", bill)
        # What is mentioned joins the end of the list, and may mention more.
        for item in self.items[bill.path]:
            self._take_mentioned(item, bill)

    def _take_mentioned(self, item: Item, bill: Bill) -> None:
        pedigree = item.part.part("pedigree")
        for field in PEDIGREE if pedigree else ():
            for part in pedigree.objects(field) if pedigree else ():
                self._component(part, bill, listed=False)
        card = item.part.part("modelCard")
        parameters = card.part("modelParameters") if card else None
        for part in parameters.objects("datasets") if parameters else ():
            if "ref" not in part.fields:
                self._dataset(part, item.part.text("name"), bill)

    def find(self, reference: str, bill: Bill) -> Item | None:
        """What a reference means in a bill, or a link to another bill."""
        return self._by_reference.get(f"{bill.path}#{reference}") or self._by_reference.get(reference)

    def at(self, part: Part) -> Item | None:
        """What was taken from a part of a bill."""
        return self._by_place.get(part.place)

    def key(self, item: Item) -> Key:
        """The key of something on the shelf."""
        return self.namer.key(item.identity)

    def _dataset(self, part: Part, owner: str, bill: Bill) -> None:
        """Put a dataset that is written inside a model card on the shelf.

        Two of one name are one, unless their contents lie at different addresses.
        """
        contents = part.part("contents")
        url = contents.text("url") if contents else ""
        name = part.text("name") or url or part.text("bom-ref")
        number = part.place.pointer.rpartition("/")[2]
        # Without any name of its own it is known by the model it is of.
        name = f"{owner} dataset {number}" if name_problem(name) else name
        kind: Kind = "dataset" if part.text("type") in ("dataset", "") else "unknown"
        key = Key(kind, name[:LONGEST_NAME])
        identity = url if url and not name_problem(url) else _mentioned(key)
        self._put(identity, key, part, bill, everywhere=True)

    def _holding(self, part: Part, bill: Bill) -> None:
        for component in part.parts("components", self.collector):
            self._component(component, bill)
        for service in part.parts("services", self.collector):
            self._service(service, bill)

    def _component(self, part: Part, bill: Bill, *, listed: bool = True) -> None:
        self.collector.count_record("components" if listed else "components in pedigrees")
        name = self.collector.name(part.fields.get("name"), "the component's name", part.place)
        if name is not None:
            key = Key(self._kind(part), _grouped(part, name), _version(part))
            identity = self._identity(part, bill, _mentioned(key)) if listed else _mentioned(key)
            self._put(identity, key, part, bill, software=part.text("type") in SOFTWARE)
        for inner in part.parts("components", self.collector):
            self._component(inner, bill)

    def _kind(self, part: Part) -> Kind:
        written = part.text("type")
        if written == "data":
            held = [data.text("type") for data in part.parts("data", self.collector)]
            return "dataset" if not held or "dataset" in held else "unknown"
        if not written:
            self.collector.warning(part.place, "the component has no type: its kind stays unknown")
        return _KINDS.get(written, "unknown")

    def _service(self, part: Part, bill: Bill) -> None:
        name = self.collector.name(part.fields.get("name"), "the service's name", part.place)
        if name is not None:
            key = Key("application", _grouped(part, name), _version(part))
            self._put(self._identity(part, bill, _mentioned(key)), key, part, bill)
        for inner in part.parts("services", self.collector):
            self._service(inner, bill)

    def _run(self, part: Part, within: str, bill: Bill) -> None:
        """A workflow or one of its tasks, which is named after both."""
        own = part.text("name") or part.text("bom-ref") or part.text("uid") or part.place.pointer
        name = f"{within} / {own}" if within else own
        if name_problem(name):
            name = part.place.pointer
        # Runs of two bills are two, even where both are called 'train'.
        identity = self._identity(part, bill, f"{bill.path}#{part.place.pointer}")
        self._put(identity, Key("procedure", name), part, bill, everywhere=True)
        if not within:
            for task in part.parts("tasks", self.collector):
                self._run(task, name, bill)

    def _identity(self, part: Part, bill: Bill, otherwise: str) -> str:
        """The reference of a part, where it is the first to have it."""
        own = f"{bill.path}#{part.text('bom-ref')}"
        if not part.text("bom-ref"):
            return otherwise
        return f"{bill.path}#{part.place.pointer}" if own in self._by_reference else own

    def _put(
        self,
        identity: str,
        key: Key,
        part: Part,
        bill: Bill,
        *,
        software: bool = False,
        everywhere: bool = False,
    ) -> None:
        item = Item(identity, part, software)
        # What has no reference and no address of its own is whatever has its name.
        mentioned = identity == _mentioned(key)
        self.namer.add(identity, key, bill.path, everywhere=everywhere, mentioned=mentioned)
        self.items[bill.path].append(item)
        self._by_place[part.place] = item
        for ref in self._references(part):
            if f"{bill.path}#{ref}" in self._by_reference:
                said = f"the reference {ref[:60]!r} is given twice; the first counts"
                self.collector.warning(part.place, said)
            self._by_reference.setdefault(f"{bill.path}#{ref}", item)
            if bill.link:
                self._by_reference.setdefault(f"{bill.link}#{ref}", item)

    def _references(self, part: Part) -> Iterator[str]:
        if part.text("bom-ref"):
            yield part.text("bom-ref")
        data = part.fields.get("data")
        # A model card may refer to the data that a component of type data holds.
        if part.text("type") == "data" and isinstance(data, list):
            for each, _ in part.items("data"):
                ref = each.get("bom-ref") if isinstance(each, dict) else None
                if isinstance(ref, str) and ref.strip():
                    yield ref.strip()


def _mentioned(key: Key) -> str:
    return f"{key.kind}:{key.name}@{key.version}"


def _grouped(part: Part, name: str) -> str:
    full = f"{part.text('group')}/{name}" if part.text("group") else name
    return name if name_problem(full) else full


def _version(part: Part) -> str:
    version = part.text("version")
    return "" if name_problem(version) else version
