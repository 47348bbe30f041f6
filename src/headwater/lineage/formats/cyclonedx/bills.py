"""One bill of materials, and safe ways to look into it: every value may be of any type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headwater.errors import InputError
from headwater.lineage.facts import Place
from headwater.lineage.reading import Collector, marked_json
from headwater.lineage.reading.collecting import spelled

VERSIONS = ("1.5", "1.6", "1.7")


@dataclass(frozen=True, slots=True)
class Part:
    """An object of a bill and where it is."""

    fields: marked_json.Object
    place: Place

    def text(self, field: str) -> str:
        """The text of a field; empty where it is none."""
        value = self.fields.get(field)
        return value.strip() if isinstance(value, str) else ""

    def part(self, field: str) -> Part | None:
        """The object of a field, where it is one."""
        value = self.fields.get(field)
        return Part(value, self._at(field, value)) if isinstance(value, marked_json.Object) else None

    def items(self, field: str) -> Iterator[tuple[Any, Place]]:
        """The items of a list, whatever they are; none where the field is no list."""
        value = self.fields.get(field)
        if not isinstance(value, list):
            return
        lines = getattr(value, "lines", [])
        for number, item in enumerate(value):
            line = lines[number] if number < len(lines) else self.place.line
            yield item, Place(self.place.path, line, f"{self.place.pointer}/{field}/{number}")

    def objects(self, field: str) -> Iterator[Part]:
        """The objects of a list, and nothing else of it."""
        for item, place in self.items(field):
            if isinstance(item, marked_json.Object):
                yield Part(item, place)

    def parts(self, field: str, collector: Collector) -> Iterator[Part]:
        """The objects of a list; what is none becomes an issue."""
        value = self.fields.get(field)
        if value is not None and not isinstance(value, list):
            collector.error(
                self._at(field, value), f"{field!r} is {spelled(value)}, not a list; it was skipped"
            )
        for item, place in self.items(field):
            if isinstance(item, marked_json.Object):
                yield Part(item, place)
            else:
                said = f"an item of {field!r} is {spelled(item)}, not an object; it was skipped"
                collector.error(place, said)

    def _at(self, field: str, value: object) -> Place:
        line = marked_json.line(value, self.place.line)
        return Place(self.place.path, line, f"{self.place.pointer}/{field}")


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill: its file, its root, and the start of the links that other bills have to it."""

    path: str
    root: Part
    link: str


def load(file: Path, path: str, collector: Collector) -> Bill | None:
    """The bill in a file; ``None``, and an issue, where there is none."""
    try:
        root = marked_json.load(file, path)
    except InputError as error:
        collector.broken(path, error)
        return None
    place = Place(path, marked_json.line(root, 1))
    if not isinstance(root, marked_json.Object):
        collector.error(place, f"the bill is {spelled(root)}, not an object; nothing was read from it")
        return None
    if root.get("bomFormat") != "CycloneDX":
        said = f"'bomFormat' is {spelled(root.get('bomFormat'))}, not 'CycloneDX'; nothing was read from it"
        collector.error(place, said)
        return None
    version = root.get("specVersion")
    if version not in VERSIONS:
        known = f"{VERSIONS[0]} to {VERSIONS[-1]}"
        collector.warning(place, f"'specVersion' is {spelled(version)}: it is read as if it were {known}")
    collector.count_record("bills")
    whole = Part(root, place._replace(pointer=""))
    number = root.get("version")
    number = number if isinstance(number, int) else 1
    serial = re.sub("^urn:uuid:", "", whole.text("serialNumber"))
    return Bill(path, whole, f"urn:cdx:{serial}/{number}" if serial else "")
