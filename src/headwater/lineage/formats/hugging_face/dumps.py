"""Cards in a dump: JSON or JSON lines of what the hub's interface says of each repository.

An object has `id` or `modelId`, `tags`, and the fields of its card as `cardData`; or the card
itself as the text `card`, as in collections of cards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from headwater.errors import InputError
from headwater.lineage.facts import Kind, Place
from headwater.lineage.formats.hugging_face import front_matter
from headwater.lineage.formats.hugging_face.addresses import FOLDERS, Address, of_url
from headwater.lineage.formats.hugging_face.cards import Card
from headwater.lineage.reading import marked_json
from headwater.lineage.reading.collecting import Collector, spelled

SUFFIXES = (".json", ".jsonl", ".ndjson")

_PEEK = 64 * 1024
_MARKS = (b'"cardData"', b'"card_data"', b'"modelId"')
_KEPT = ("pipeline_tag", "library_name", "sha", "author", "sdk", "modelId", "paperswithcode_id")
_SPELLED = {
    "cardData": ("cardData", "card_data"),
    "lastModified": ("lastModified", "last_modified"),
    "createdAt": ("createdAt", "created_at"),
}


def looks_like_one(file: Path) -> bool:
    """Whether a file found in a folder starts as a dump does; most JSON beside cards is none."""
    try:
        with file.open("rb") as opened:
            head = opened.read(_PEEK)
    except OSError:
        return False
    return any(mark in head for mark in _MARKS)


def read_dump(file: Path, shown: str, collector: Collector) -> Iterator[tuple[Address, Card]]:
    """The cards of a dump with what they are of."""
    stem = file.stem.lower()
    kinds: list[Kind] = [kind for word, kind in FOLDERS.items() if stem.startswith(word[:-1])]
    kind = kinds[0] if kinds else "unknown"
    try:
        for value, line, pointer in _values(file, shown):
            place = Place(shown, line, pointer)
            if isinstance(value, InputError):
                collector.error(place, f"the record {_said(value)}; it was skipped")
            elif not isinstance(value, Mapping):
                collector.error(place, f"the record is {spelled(value)}, not an object; it was skipped")
            elif found := _card(value, place, kind, collector):
                yield found
    except InputError as error:
        collector.broken(shown, error)


def _values(file: Path, shown: str) -> Iterator[tuple[Any, int, str]]:
    if file.suffix.lower() != ".json" or _is_lines(file):
        yield from ((value, line, "") for line, value in marked_json.lines(file, shown))
        return
    whole = marked_json.load(file, shown)
    if isinstance(whole, list):
        for number, value in enumerate(whole):
            yield value, marked_json.line(value, 1), f"/{number}"
    else:
        yield whole, marked_json.line(whole, 1), ""


def _is_lines(file: Path) -> bool:
    """Whether the first line is an object and another follows, whatever the name of the file says."""
    try:
        with file.open("rb") as opened:
            first = opened.readline(marked_json.LONGEST_LINE).strip()
            return first.startswith(b"{") and first.endswith(b"}") and opened.readline(16).startswith(b"{")
    except OSError:
        return False


def _card(
    value: Mapping[str, Any], place: Place, kind: Kind, collector: Collector
) -> tuple[Address, Card] | None:
    name = collector.name(value.get("id") or value.get("modelId"), "the id of a record", place)
    if name is None:
        return None
    address = of_url(name) or Address(kind, name)
    data, pointer = _fields(value, place, collector)
    top = {key: value[key] for key in _KEPT if value.get(key) is not None}
    for key in ("lastModified", "createdAt"):
        told = next((value[word] for word in _SPELLED[key] if isinstance(value.get(word), str)), None)
        top |= {key: told} if told else {}
    if tags := list(dict.fromkeys([*_list(value.get("tags")), *_list(data.get("tags"))])):
        data = {**data, "tags": tags}
    outside = {key: f"{place.pointer}/{key}" for key in (*top, "tags") if key in value}
    if pointer == "/card":
        outside |= dict.fromkeys(data.keys() - outside.keys(), f"{place.pointer}/card")
    merged = {**top, **data}
    return address, Card(place.path, merged, place.line, pointer=f"{place.pointer}{pointer}", outside=outside)


def _fields(value: Mapping[str, Any], place: Place, collector: Collector) -> tuple[Mapping[str, Any], str]:
    """The fields of the card in a record, and the pointer to them."""
    for key in _SPELLED["cardData"]:
        if isinstance(value.get(key), Mapping):
            return value[key], f"/{key}"
        if value.get(key) is not None:
            collector.warning(place, f"{key} is {spelled(value[key])}, not an object; it was passed over")
    text = value.get("card")
    if not isinstance(text, str):
        return {}, ""
    try:
        return front_matter.parse(text.encode(errors="replace"), place.path).fields, "/card"
    except InputError as error:
        collector.error(place, f"the card {_said(error)}; it was passed over")
        return {}, ""


def _said(error: InputError) -> str:
    return error.problem.removeprefix(f"{error.path}:{error.line}: ").removeprefix(f"{error.path}: ")


def _list(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
