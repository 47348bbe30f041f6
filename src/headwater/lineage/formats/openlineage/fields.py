"""Parts of an event, whatever stands there: what is not of the right type is told and passed over."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from headwater.lineage.facts import Count, Place, Unit
from headwater.lineage.reading.collecting import Collector, spelled

MOST_LABELS = 200
LONGEST_LABEL = 500

NOTHING: Mapping[str, Any] = {}

_HALF = re.compile("[\ud800-\udfff]")
_WHOLE = re.compile("[0-9]{1,9}", re.ASCII)
_SYNTHETIC: dict[str, Literal["all", "mixed", "none"]] = {
    **dict.fromkeys(("true", "yes", "1", "all"), "all"),
    **dict.fromkeys(("mixed", "partly", "partial", "some"), "mixed"),
    **dict.fromkeys(("false", "no", "0", "none"), "none"),
}


class Scope(NamedTuple):
    """Where an event is looked at, and who is told what is wrong there."""

    collector: Collector
    place: Place

    def below(self, part: str) -> Scope:
        """The same for a part of what stands here."""
        path, line, pointer = self.place
        return Scope(self.collector, Place(path, line, f"{pointer}/{part}"))

    def warn(self, message: str) -> None:
        """Say that something here is doubtful."""
        self.collector.warning(self.place, message)


class Tag(NamedTuple):
    """A tag of a dataset, job or run; `field` is the column it is about, or empty."""

    key: str
    value: str
    field: str

    @property
    def label(self) -> tuple[str, str]:
        """The tag as a label."""
        return (f"tag.{self.key}[{self.field}]" if self.field else f"tag.{self.key}", self.value)


def mapping(holder: Mapping[str, Any], name: str, scope: Scope) -> Mapping[str, Any]:
    """The mapping called `name`; an empty one where there is none."""
    value = holder.get(name)
    if isinstance(value, dict):
        return value
    if value is not None:
        scope.warn(f"{name} is {spelled(value)}, not a mapping; it was passed over")
    return NOTHING


def facet(facets: Mapping[str, Any], name: str, scope: Scope) -> Mapping[str, Any]:
    """The facet called `name`; an empty one where there is none or it was deleted."""
    if name not in facets:
        return NOTHING
    found = mapping(facets, name, scope)
    return NOTHING if found.get("_deleted") is True else found


def items(holder: Mapping[str, Any], name: str, scope: Scope) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The mappings in the list called `name`, with where in the list they stand."""
    value = holder.get(name)
    if value is None:
        return
    if not isinstance(value, list):
        scope.warn(f"{name} is {spelled(value)}, not a list; it was passed over")
        return
    for at, item in enumerate(value):
        if isinstance(item, dict):
            yield at, item
        else:
            scope.below(f"{name}/{at}").warn(f"is {spelled(item)}, not a mapping; it was passed over")


def text(value: object) -> str:
    """A value as the text of a label, cut to `LONGEST_LABEL`; empty for what is no text or number."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        value = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    elif isinstance(value, int):
        # Above this Python refuses to spell an integer.
        value = str(value) if abs(value) < 10**100 else ""
    elif isinstance(value, float):
        value = repr(value)
    if not isinstance(value, str):
        return ""
    return _HALF.sub("?", value[:LONGEST_LABEL]).strip()


def moment(event: Mapping[str, Any], scope: Scope) -> datetime | None:
    """When an event happened: taken as UTC where it names no zone."""
    value = event.get("eventTime")
    if value is None:
        return None
    try:
        when = datetime.fromisoformat(value)
        return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        scope.warn(f"eventTime is {spelled(value)}, not a time: it stays unknown")
        return None


def tags(facets: Mapping[str, Any], scope: Scope) -> list[Tag]:
    """The tags in the facet ``tags``."""
    found = facet(facets, "tags", scope)
    if not found:
        return []
    read = (
        Tag(text(item.get("key")), text(item.get("value")), text(item.get("field")))
        for _, item in items(found, "tags", scope)
    )
    return [tag for tag in read if tag.key]


def generation(told: Sequence[Tag]) -> int | None:
    """The generation that a tag of that name tells."""
    for tag in told:
        if not tag.field and tag.key.casefold() == "generation" and _WHOLE.fullmatch(tag.value):
            return int(tag.value)
    return None


def synthetic(told: Sequence[Tag]) -> Literal["all", "mixed", "none"] | None:
    """What a tag ``synthetic`` says of the whole dataset."""
    for tag in told:
        if not tag.field and tag.key.casefold() == "synthetic":
            return _SYNTHETIC.get(tag.value.casefold())
    return None


def word(told: Sequence[Tag]) -> str:
    """What a tag ``role`` says the dataset is read or written for."""
    return next((tag.value for tag in told if not tag.field and tag.key.casefold() == "role"), "")


def amount(statistics: Mapping[str, Any], scope: Scope, bytes_: str = "size") -> Count | None:
    """How much a facet of statistics counts: rows, else bytes, else files."""
    fields: tuple[tuple[str, Unit], ...] = (
        ("rowCount", "samples"),
        (bytes_, "bytes"),
        ("fileCount", "files"),
    )
    for name, unit in fields:
        if statistics.get(name) is not None:
            count = scope.collector.samples(statistics[name], name, scope.place)
            if count is not None:
                return count if unit == count.unit else count._replace(unit=unit)
    return None


def add_labels(labels: dict[str, str], more: Sequence[tuple[str, str]], scope: Scope) -> None:
    """Take in labels that say something, up to `MOST_LABELS`."""
    for name, value in more:
        if not value:
            continue
        if len(labels) >= MOST_LABELS and name not in labels:
            scope.warn(f"has more than {MOST_LABELS} labels; the others were passed over")
            return
        labels[name[:LONGEST_LABEL]] = value
