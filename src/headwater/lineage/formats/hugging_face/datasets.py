"""What a dataset card says of its samples: how many there are, and whether models made them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from headwater.lineage.facts import Count, Place
from headwater.lineage.formats.hugging_face.cards import Card
from headwater.lineage.reading.collecting import Collector, spelled

MACHINE = "machine-generated"
PEOPLE = frozenset(("crowdsourced", "expert-generated"))
NO_LABELS = "no-annotation"

WRITTEN_BY_MODELS = frozenset(("synthetic", "synthetic-data"))
"""Tags that call a dataset synthetic."""

TOUCHED_BY_MODELS = frozenset(("distilabel", "rlaif", "datadreamer"))
"""Tags of tools and methods that put something a model made into a dataset: text, or only ratings."""

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12}
_BELOW = re.compile(r"n\s*<\s*(\d{1,4})([kmbt]?)", re.IGNORECASE)
_ABOVE = re.compile(r"n\s*>\s*(\d{1,4})([kmbt]?)", re.IGNORECASE)
_BETWEEN = re.compile(r"(\d{1,4})([kmbt]?)\s*<\s*n\s*<\s*(\d{1,4})([kmbt]?)", re.IGNORECASE)
_WHOLE = re.compile(r"(0|[1-9][0-9_]{0,30})(?:\.0{0,5})?", re.ASCII)


class Split(NamedTuple):
    """A split of a configuration and the samples it holds, where the card says."""

    config: str
    name: str
    samples: Count | None


def read_count(card: Card, collector: Collector) -> tuple[Count | None, dict[str, str]]:
    """How many samples a card says a dataset holds, and a label for each split.

    Of one configuration it is the sum of the splits whose name starts with ``train``, or of all
    where none does. Several configurations may hold the same samples or others: the count is
    then from the largest of them to all together. Without splits the size category is the range.
    """
    splits = _splits(card, collector)
    bucket = _bucket(card, collector)
    labels = {
        ".".join(filter(None, ("split", split.config, split.name))): str(split.samples.low)
        for split in splits
        if split.samples
    }
    by_config: dict[str, list[Split]] = {}
    for split in splits:
        by_config.setdefault(split.config, []).append(split)
    totals = [total for total in map(_total, by_config.values()) if total]
    if not totals:
        return bucket, labels
    count = _together(totals) if len(by_config) > 1 else totals[0]
    if bucket and (_above(bucket.low, count.high) or _above(count.low, bucket.high)):
        said = f"dataset_info holds {count}, but size_categories says {bucket}: the first counts"
        collector.warning(card.place("size_categories"), said)
    return count, labels


def read_synthetic(card: Card) -> Literal["all", "mixed", "none"] | None:
    """Whether a card says that models made a dataset.

    All of it, where it is called synthetic or its text machine-generated and nobody else is
    named; some, where others are named too, or only labels or ratings are a machine's; none,
    where people wrote both text and labels.
    """
    text, notes = set(card.words("language_creators")), set(card.words("annotations_creators"))
    tags = {tag.casefold().replace(" ", "-").replace("_", "-") for tag in card.words("tags")}
    if MACHINE in text or tags & WRITTEN_BY_MODELS:
        return "all" if text <= {MACHINE} else "mixed"
    if MACHINE in notes or tags & TOUCHED_BY_MODELS:
        return "mixed"
    if text and text <= PEOPLE and notes and notes <= {*PEOPLE, NO_LABELS}:
        return "none"
    return None


def _splits(card: Card, collector: Collector) -> list[Split]:
    info, place = card.data.get("dataset_info"), card.place("dataset_info")
    if isinstance(info, list):
        configs = list(enumerate(info))
        return [
            split
            for number, config in configs
            for split in _of_config(card, config, f"{number + 1}", ("dataset_info", number), collector)
        ]
    info = card.mapping(info, "dataset_info", place, collector)
    if "splits" not in info and any(isinstance(each, Mapping) and "splits" in each for each in info.values()):
        return [
            split
            for name, config in info.items()
            for split in _of_config(card, config, name, ("dataset_info", name), collector)
        ]
    return _of_config(card, info, "", ("dataset_info",), collector)


def _of_config(
    card: Card, config: object, otherwise: str, steps: tuple[str | int, ...], collector: Collector
) -> list[Split]:
    """The splits of a configuration, which is called `otherwise` where it has no name."""
    info = card.mapping(config, "a configuration in dataset_info", card.place(*steps), collector)
    named = info.get("config_name")
    name = named.strip() if isinstance(named, str) and otherwise else otherwise
    splits, place = info.get("splits"), card.place(*steps, "splits")
    if isinstance(splits, Mapping):
        splits = [
            {"name": key, **(each if isinstance(each, Mapping) else {"num_examples": each})}
            for key, each in splits.items()
        ]
    if splits is None:
        return []
    if not isinstance(splits, list):
        collector.warning(place, f"splits are {spelled(splits)}, not a list: the count stays unknown")
        return []
    found = []
    for number, split in enumerate(splits):
        at = card.place(*steps, "splits", number)
        fields = card.mapping(split, "a split", at, collector)
        if fields:
            called = fields.get("name")
            count = _samples(fields.get("num_examples"), at, collector)
            found.append(Split(name, called if isinstance(called, str) else str(number + 1), count))
    return found


def _samples(value: Any, place: Place, collector: Collector) -> Count | None:
    if isinstance(value, str) and (whole := _WHOLE.fullmatch(value.strip())):
        value = int(whole[1].replace("_", ""))
    return collector.samples(value, "num_examples", place)


def _total(splits: list[Split]) -> Count | None:
    """The sum of the training splits, else of all; without an upper end where one is not counted."""
    taken = [split for split in splits if split.name.strip().lower().startswith("train")] or splits
    known = [split.samples.low for split in taken if split.samples]
    if not known:
        return None
    return Count(sum(known), sum(known) if len(known) == len(taken) else None)


def _together(totals: list[Count]) -> Count:
    highs = [total.high for total in totals if total.high is not None]
    return Count(max(total.low for total in totals), sum(highs) if len(highs) == len(totals) else None)


def _bucket(card: Card, collector: Collector) -> Count | None:
    """The range of the size categories; of several, from the least to all together."""
    found = []
    for value, place in card.listed("size_categories", collector):
        count = _range(value) if isinstance(value, str) else None
        if count:
            found.append(count)
        elif value not in ("unknown", None):
            collector.warning(place, f"size_categories has {spelled(value)}, no such range: it stays unknown")
    if not found:
        return None
    highs = [count.high for count in found if count.high is not None]
    return Count(min(count.low for count in found), sum(highs) if len(highs) == len(found) else None)


def _range(text: str) -> Count | None:
    text = text.strip()
    if below := _BELOW.fullmatch(text):
        return Count(0, _size(below[1], below[2]))
    if above := _ABOVE.fullmatch(text):
        return Count(_size(above[1], above[2]), None)
    if between := _BETWEEN.fullmatch(text):
        low, high = _size(between[1], between[2]), _size(between[3], between[4])
        return Count(low, high) if low <= high else None
    return None


def _size(number: str, unit: str) -> int:
    return int(number) * _UNITS[unit.lower()]


def _above(low: int, high: int | None) -> bool:
    return high is not None and low > high
