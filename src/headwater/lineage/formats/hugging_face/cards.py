"""A card as plain values, each with the place it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from headwater.lineage.facts import Place
from headwater.lineage.reading.collecting import Collector, spelled

Step = str | int

MOST_LABELS = 200
LONGEST_LABEL = 500


@dataclass(frozen=True, slots=True)
class Card:
    """The fields of one card.

    Attributes
    ----------
    path
        The file, as places call it.
    data
        Its fields: text, truth values, lists and mappings; numbers of YAML as they are spelled.
    line
        Where it starts.
    lines
        Where the values are that have a line of their own, by the keys and indices to them.
    pointer
        JSON pointer to the fields, where the file is a dump.
    outside
        Pointers of the fields that stand elsewhere in the dump.
    """

    path: str
    data: Mapping[str, Any]
    line: int = 1
    lines: Mapping[tuple[Step, ...], int] = field(default_factory=dict)
    pointer: str | None = None
    outside: Mapping[str, str] = field(default_factory=dict)

    def place(self, *steps: Step) -> Place:
        """The place of the value under these keys and indices, or of the nearest around it."""
        line = next((self.lines[steps[:n]] for n in range(len(steps), 0, -1) if steps[:n] in self.lines), 0)
        return Place(self.path, line or self.line, self._pointer(*steps))

    def _pointer(self, *steps: Step) -> str:
        if self.pointer is None:
            return ""
        if steps and steps[0] in self.outside:
            return self.outside[str(steps[0])]
        return self.pointer + "".join(f"/{_escaped(step)}" for step in steps)

    def listed(self, key: str, collector: Collector) -> Iterator[tuple[Any, Place]]:
        """The values of a field that may be one value or a list of them; nothing where it is empty."""
        value = self.data.get(key)
        if value is None or value == "":
            return
        if isinstance(value, Mapping):
            collector.error(self.place(key), f"{key} is a mapping, not a name or a list; it was skipped")
        elif isinstance(value, list):
            yield from ((item, self.place(key, number)) for number, item in enumerate(value))
        else:
            yield value, self.place(key)

    def words(self, key: str) -> list[str]:
        """The texts of a field that may be one or a list of them; whatever is no text is passed over."""
        value = self.data.get(key)
        return [
            each.strip() for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)
        ]

    def labels(self) -> dict[str, str]:
        """Every field that is a text, a number, or a list of such, in a few words each."""
        found = ((key, _said(value)) for key, value in self.data.items())
        return {key: said for key, said in found if said}

    def mapping(self, value: object, what: str, place: Place, collector: Collector) -> Mapping[str, Any]:
        """`value`, where it is a mapping; otherwise an empty one, with a warning."""
        if isinstance(value, Mapping):
            return value
        if value is not None:
            collector.warning(place, f"{what} is {spelled(value)}, not a mapping; it was skipped")
        return {}


def trimmed(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels within limits: the first so many, and the start of each."""
    return {
        str(key)[:LONGEST_LABEL]: value[:LONGEST_LABEL] for key, value in list(labels.items())[:MOST_LABELS]
    }


def _said(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, (int, float)):
        # More digits than Python writes out are no label either.
        return str(value) if abs(value) < 10**20 else ""
    if isinstance(value, list):
        return ", ".join(filter(None, (_said(each) for each in value[:200] if not isinstance(each, list))))
    return ""


def _whole(value: str) -> str:
    # Half a surrogate pair can be neither printed nor stored.
    return value.strip()[: 2 * LONGEST_LABEL].encode(errors="replace").decode()


def _escaped(step: Step) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")[:LONGEST_LABEL]
