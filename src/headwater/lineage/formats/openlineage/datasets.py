"""What one event says about one dataset that was read, written or described."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from headwater.lineage.facts import Count, Kind
from headwater.lineage.formats.openlineage import fields
from headwater.lineage.formats.openlineage.fields import NOTHING, Scope, facet, mapping, text
from headwater.lineage.formats.openlineage.naming import Names
from headwater.lineage.reading.collecting import name_problem

Side = Literal["inputs", "outputs", "dataset"]

_DATA = ("DATASET", "TABLE", "VIEW", "TOPIC", "STREAM")
_KINDS: dict[str, Kind] = {"MODEL": "model", **dict.fromkeys(_DATA, "dataset")}
"""A file, and what other types there are, may hold anything."""

_DESCRIBING = frozenset(("datasetType", "lifecycleStateChange", "symlinks", "tags", "dataQualityMetrics"))
_SUBSETS = frozenset(("subset", "inputSubset", "outputSubset"))
_EMPTYING = ("DROP", "TRUNCATE")
_NO_LABELS: tuple[tuple[str, str], ...] = ()


class Record(NamedTuple):
    """What is said of a dataset, whoever read or wrote it.

    `held` is how much is in it, and `others` are other names of it, each with the word for that.
    """

    name: str
    version: str = ""
    kind: Kind = "unknown"
    synthetic: Literal["all", "mixed", "none"] | None = None
    generation: int | None = None
    held: Count | None = None
    labels: tuple[tuple[str, str], ...] = _NO_LABELS
    others: tuple[tuple[str, str], ...] = ()


class Saying(NamedTuple):
    """A record, and what is said of this reading or writing of it; `emptied`: nothing was written."""

    record: Record
    amount: Count | None
    word: str
    emptied: bool


def read_dataset(dataset: Mapping[str, Any], side: Side, names: Names, scope: Scope) -> Saying | None:
    """What an event says about a dataset; ``None`` where it has no name."""
    name = names.of(dataset, "a dataset", scope)
    if name is None:
        return None
    facets = mapping(dataset, "facets", scope)
    own = mapping(dataset, "inputFacets" if side == "inputs" else "outputFacets", scope)
    # Most say no more, and there may be millions.
    if _DESCRIBING.isdisjoint(facets) and _SUBSETS.isdisjoint(own):
        return Saying(Record(name, _version(facets, scope)), _count(own, side, scope), "", False)
    told = fields.tags(facets, scope)
    change = text(facet(facets, "lifecycleStateChange", scope).get("lifecycleStateChange")).upper()
    kind, type_ = _type(facets, scope)
    labels: dict[str, str] = {}
    said = [("datasetType", type_), ("lifecycle", change), ("subset", _subset(own, scope))]
    fields.add_labels(labels, [*said, *(tag.label for tag in told)], scope)
    whole = fields.amount(facet(facets, "dataQualityMetrics", scope), scope, "bytes")
    count = _count(own, side, scope)
    record = Record(
        name,
        _version(facets, scope),
        kind,
        fields.synthetic(told),
        fields.generation(told),
        whole,
        tuple(labels.items()) if labels else _NO_LABELS,
        _others(facets, name, names, scope),
    )
    if side == "inputs" and count is None:
        count = whole
    return Saying(record, count, fields.word(told), change in _EMPTYING and not (count and count.high))


def _version(facets: Mapping[str, Any], scope: Scope) -> str:
    found = facet(facets, "version", scope)
    value = found.get("datasetVersion")
    # Some producers write a number where the standard has a text.
    if isinstance(value, int) and not isinstance(value, bool):
        value = text(value)
    if value is None or value == "":
        return ""
    problem = name_problem(value)
    if problem:
        scope.warn(f"datasetVersion {problem}: the version stays unknown")
        return ""
    return str(value).strip()


def _type(facets: Mapping[str, Any], scope: Scope) -> tuple[Kind, str]:
    type_ = text(facet(facets, "datasetType", scope).get("datasetType"))
    return _KINDS.get(type_.upper(), "unknown"), type_


def _subset(own: Mapping[str, Any], scope: Scope) -> str:
    """The condition that tells which part was read or written."""
    for name in sorted(_SUBSETS & own.keys()):
        found = facet(own, name, scope)
        for condition in ("inputCondition", "outputCondition"):
            if found.get(condition) is not None:
                return text(found[condition])
    return ""


def _count(own: Mapping[str, Any], side: Side, scope: Scope) -> Count | None:
    if not own:
        return None
    statistics = facet(own, "inputStatistics" if side == "inputs" else "outputStatistics", scope)
    count = fields.amount(statistics, scope) if statistics else None
    return count or fields.amount(facet(own, "dataQualityMetrics", scope), scope, "bytes")


def _others(facets: Mapping[str, Any], name: str, names: Names, scope: Scope) -> tuple[tuple[str, str], ...]:
    """Other names of a dataset, each with the facet that gives it."""
    links = facet(facets, "symlinks", scope)
    found = [(item, "symlinks") for _, item in fields.items(links, "identifiers", scope)]
    renamed = mapping(facet(facets, "lifecycleStateChange", scope), "previousIdentifier", scope)
    if renamed is not NOTHING:
        found.append((renamed, "previousIdentifier"))
    spelled = ((names.of(item, "a dataset", scope), word) for item, word in found)
    return tuple((other, word) for other, word in spelled if other is not None and other != name)
