"""What a card says its asset came from: weights, training data, sources, and what it was tested on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from headwater.lineage.facts import Key, Kind, Place, Role
from headwater.lineage.formats.hugging_face.addresses import of_url
from headwater.lineage.formats.hugging_face.cards import Card
from headwater.lineage.reading.collecting import Collector, spelled


class _Field(NamedTuple):
    """A field that lists others: of which kind of card, what it lists and the role of that."""

    of: Kind
    lists: Kind
    role: Role


FIELDS = {
    "base_model": _Field("model", "model", "initialised"),
    "datasets": _Field("model", "dataset", "trained-on"),
    "source_datasets": _Field("dataset", "dataset", "derived"),
    "models": _Field("application", "model", "dependency"),
}
TAGS = {"base_model": "base_model", "dataset": "datasets"}
"""Tags in which the hub repeats a field, such as ``base_model:merge:org/name``."""

_RELATION = re.compile(r"(finetune|adapter|merge|quantized):(.+)", re.DOTALL)
_EXTENDED = re.compile(r"extended\s*\|\s*(.+)", re.DOTALL)


class Named(NamedTuple):
    """Another asset that a card names, with the words it does it in."""

    name: str
    word: str
    place: Place


def read_relations(card: Card, subject: Key, collector: Collector) -> None:
    """Record everything that the card names."""
    tagged = list(_tagged(card))
    for field, meaning in FIELDS.items():
        listed = list(_listed(card, field, collector))
        found = _once(listed, [named for key, named in tagged if key == field], field, collector)
        role = meaning.role
        if found and subject.kind not in (meaning.of, "unknown"):
            role = "dependency"
            if (subject.kind, field) != ("application", "datasets"):
                said = f"{field} is no field of a {subject.kind} card: what it is for stays unknown"
                collector.warning(found[0].place, said)
        for named in found:
            collector.relation(subject, Key(meaning.lists, named.name), role, named.place, word=named.word)
    for name, place in _tested_on(card, collector):
        collector.relation(subject, Key("dataset", name), "evaluated-on", place, word="model-index")


def _listed(card: Card, field: str, collector: Collector) -> Iterator[Named]:
    stated = card.data.get("base_model_relation") if field == "base_model" else None
    if stated is not None and not isinstance(stated, str):
        said = f"base_model_relation is {spelled(stated)}, not text: it stays unknown"
        collector.warning(card.place("base_model_relation"), said)
    # The hub spells it so in its tags.
    word = f"{field}:{stated[:50]}" if isinstance(stated, str) and stated else field
    for value, place in card.listed(field, collector):
        name = collector.name(value, field, place)
        if name is None:
            continue
        if field == "source_datasets":
            if name in ("original", "extended"):
                continue
            if extended := _EXTENDED.fullmatch(name):
                yield Named(extended[1].strip(), "source_datasets:extended", place)
                continue
        yield Named(_without_address(name, field, place, collector), word, place)


def _tagged(card: Card) -> Iterator[tuple[str, Named]]:
    tags = card.data.get("tags")
    for number, tag in enumerate(tags if isinstance(tags, list) else []):
        if not isinstance(tag, str) or len(tag) > 300:
            continue
        prefix, colon, name = tag.partition(":")
        if not colon or prefix not in TAGS or not name.strip() or "\ud800" <= max(tag) <= "\udfff":
            continue
        field, place = TAGS[prefix], card.place("tags", number)
        relation = _RELATION.fullmatch(name) if prefix == "base_model" else None
        if relation:
            yield field, Named(relation[2].strip(), f"{field}:{relation[1]}", place)
        else:
            yield field, Named(name.strip(), field, place)


def _once(listed: list[Named], tagged: list[Named], field: str, collector: Collector) -> list[Named]:
    """Each name once, at its first place and in the words that say most."""
    first: dict[str, Named] = {}
    for named in listed:
        if named.name in first:
            said = f"{field} lists {spelled(named.name)} again: it was read once"
            collector.warning(named.place, said)
        first.setdefault(named.name, named)
    for named in tagged:
        known = first.setdefault(named.name, named)
        if len(named.word) > len(known.word):
            first[named.name] = known._replace(word=named.word)
    return list(first.values())


def _without_address(name: str, field: str, place: Place, collector: Collector) -> str:
    address = of_url(name)
    if address is None:
        return name
    collector.warning(place, f"{field} is the web address {spelled(name)}: it was read as {address.id!r}")
    return address.id


def _tested_on(card: Card, collector: Collector) -> Iterator[tuple[str, Place]]:
    """The datasets of ``model-index``, each once: by their name on the hub, else as they are called."""
    seen: set[str] = set()
    index = card.data.get("model-index")
    if index is not None and not isinstance(index, list):
        collector.warning(card.place("model-index"), f"model-index is {spelled(index)}, not a list")
        return
    for number, model in enumerate(index or []):
        results = model.get("results") if isinstance(model, dict) else None
        for at, result in enumerate(results if isinstance(results, list) else []):
            steps = ("model-index", number, "results", at, "dataset")
            dataset = result.get("dataset") if isinstance(result, dict) else None
            if not isinstance(dataset, dict):
                continue
            name = dataset.get("type") or dataset.get("name")
            if name is None or (isinstance(name, str) and name.strip() in seen):
                continue
            checked = collector.name(name, "the dataset of a result in model-index", card.place(*steps))
            if checked:
                seen.add(checked)
                yield checked, card.place(*steps)
