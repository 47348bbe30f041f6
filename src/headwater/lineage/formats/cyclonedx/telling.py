"""Facts from bills of materials: assets, model cards, pedigrees, dependencies and runs."""

from __future__ import annotations

from collections.abc import Iterator

from headwater.lineage.facts import Key, Place, Role
from headwater.lineage.formats.cyclonedx.bills import Bill, Part
from headwater.lineage.formats.cyclonedx.components import PEDIGREE, Item, Shelf
from headwater.lineage.formats.details import labels, mappings, moment
from headwater.lineage.reading import Collector
from headwater.lineage.reading.collecting import name_problem

_TOLD = (
    "bom-ref",
    "purl",
    "description",
    "publisher",
    "classification",
    "uid",
    "type",
)
_CARD = "modelCard.datasets"

End = Item | Key
"""One end of a relation: something listed, or the address of something outside."""


def tell(bill: Bill, shelf: Shelf, collector: Collector) -> None:
    """Collect the facts of a bill; `shelf` holds those of all bills."""
    _Teller(bill, shelf, collector).whole()


class _Teller:
    """One bill, with what all the bills list."""

    def __init__(self, bill: Bill, shelf: Shelf, collector: Collector) -> None:
        self.bill = bill
        self.shelf = shelf
        self.collector = collector
        self.pending: list[tuple[End, End, Role, Place, str]] = []
        self.wanted: set[str] = set()

    def whole(self) -> None:
        """Entities first, then what relates them."""
        for item in self.shelf.items[self.bill.path]:
            if item.part.fields.get("pedigree") is not None:
                self._pedigree(item)
            if item.part.fields.get("modelCard") is not None:
                self._card(item)
            if self.shelf.key(item).kind == "procedure":
                self._run(item)
        self._dependencies()
        for item in self.shelf.items[self.bill.path]:
            if self._is_told(item):
                self._entity(item)
        for subject, object_, role, place, word in self.pending:
            self.collector.relation(self._key(subject), self._key(object_), role, place, word=word)

    def _is_told(self, item: Item) -> bool:
        return item.identity in self.wanted or self.shelf.key(item).kind != "unknown"

    def _relate(self, subject: End, object_: End, role: Role, place: Place, word: str) -> None:
        self.pending.append((subject, object_, role, place, word))
        self.wanted |= {end.identity for end in (subject, object_) if isinstance(end, Item)}

    def _key(self, end: End) -> Key:
        return self.shelf.key(end) if isinstance(end, Item) else end

    def _find(self, reference: object, what: str, place: Place) -> Item | None:
        """What a reference means; an issue where it is none or nothing has it."""
        problem = name_problem(reference)
        if problem:
            self.collector.error(place, f"{what} {problem}; it was skipped")
            return None
        found = self.shelf.find(str(reference).strip(), self.bill)
        if found is None:
            said = f"{what} is {str(reference)[:60]!r}, which no bill read here has; it was skipped"
            self.collector.error(place, said)
        return found

    def _card(self, item: Item) -> None:
        card = item.part.part("modelCard")
        parameters = card.part("modelParameters") if card else None
        if parameters is None:
            return
        name = self.shelf.key(item).name
        listed = 0
        for part in parameters.parts("datasets", self.collector):
            if "ref" in part.fields:
                found = self._find(part.fields["ref"], f"a dataset of {name!r}", part.place)
            else:
                found = self.shelf.at(part)
            if found is not None:
                listed += 1
                self._relate(item, found, "trained-on", part.place, _CARD)
        if listed:
            number = "1 dataset" if listed == 1 else f"{listed} datasets"
            said = f"the model card of {name!r} lists {number} and does not tell training from evaluation"
            self.collector.warning(parameters.place, f"{said}: all is read as training data")

    def _pedigree(self, item: Item) -> None:
        pedigree = item.part.part("pedigree")
        if pedigree is None:
            return
        for field in PEDIGREE:
            for part in pedigree.parts(field, self.collector):
                other = self.shelf.at(part)
                if other is None or other.software or item.software:
                    continue
                self._relation_of_pedigree(item, other, field, part.place)

    def _relation_of_pedigree(self, item: Item, other: Item, field: str, place: Place) -> None:
        word = f"pedigree.{field}"
        if field == "variants":
            self._relate(item, other, "same-as", place, word)
            return
        models = self.shelf.key(item).kind == self.shelf.key(other).kind == "model"
        role: Role = "initialised" if models else "derived"
        younger, older = (item, other) if field == "ancestors" else (other, item)
        self._relate(younger, older, role, place, word)

    def _dependencies(self) -> None:
        for part in self.bill.root.parts("dependencies", self.collector):
            self.collector.count_record("dependencies")
            reference = part.fields.get("ref")
            listed = list(part.items("dependsOn"))
            if not listed:
                continue
            subject = self._find(reference, "the 'ref' of a dependency", part.place)
            if subject is None or subject.software:
                continue
            for reference, place in listed:
                found = self._find(reference, "a dependency", place)
                if found is not None and not found.software:
                    self._relate(subject, found, "dependency", place, "dependsOn")

    def _run(self, item: Item) -> None:
        for part in item.part.parts("inputs", self.collector):
            for other in self._resource(part.part("resource")):
                self._relate(item, other, "used", part.place, "formulation.inputs")
        for part in item.part.parts("resourceReferences", self.collector):
            for other in self._resource(part):
                self._relate(item, other, "used", part.place, "formulation.resourceReferences")
        for part in item.part.parts("outputs", self.collector):
            for other in self._resource(part.part("resource")):
                self._relate(other, item, "made", part.place, "formulation.outputs")
        for part in item.part.parts("taskDependencies", self.collector):
            self._order(part)

    def _order(self, part: Part) -> None:
        """What task came after what."""
        later = self._find(part.fields.get("ref"), "the 'ref' of a task dependency", part.place)
        for reference, place in part.items("dependsOn"):
            earlier = self._find(reference, "a task dependency", place)
            if later is not None and earlier is not None:
                self._relate(later, earlier, "informed", place, "taskDependencies")

    def _resource(self, resource: Part | None) -> Iterator[End]:
        """What an input or output is: something listed, or an address outside."""
        if resource is None:
            return
        outside = resource.part("externalReference")
        if "ref" in resource.fields:
            found = self._find(resource.fields["ref"], "a resource", resource.place)
            if found is not None and not found.software:
                yield found
        elif outside is not None:
            url = self.collector.name(outside.fields.get("url"), "the address of a resource", outside.place)
            if url is not None:
                yield Key("unknown", url)

    def _entity(self, item: Item) -> None:
        part = item.part
        time = moment(part.text("timeEnd")) or moment(part.text("timeStart"))
        self.collector.entity(self.shelf.key(item), part.place, time=time, labels=labels(self._labels(part)))

    def _labels(self, part: Part) -> Iterator[tuple[str, object]]:
        for field in _TOLD:
            yield field, part.text(field)
        contents = part.part("contents")
        if contents is not None:
            yield "url", contents.text("url")
        for field in ("tags", "taskTypes"):
            for said, _ in part.items(field):
                yield field, said
        for entry in mappings(part.fields.get("properties")):
            yield f"property.{entry.get('name')}", entry.get("value")
        # Environment variables are left alone: they may hold passwords.
        for given, _ in part.items("inputs"):
            for entry in mappings(given.get("parameters") if isinstance(given, dict) else None):
                yield f"param.{entry.get('name')}", entry.get("value")
