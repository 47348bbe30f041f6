"""Which node each asset is a version of, and of which generation: folding.

Trackers record every version as a thing of its own, so a loop of models looks like a chain. A node
is the asset without its version; its generation is told, in this order, by a rule of the user, by
the record, by the order in which runs wrote over it, by a version that is a whole number, by the
times at which runs made the versions, or by how much of the records lies behind each.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from headwater.lineage.digraph import Digraph
from headwater.lineage.facts import Entity, Issue, Key, Kind
from headwater.lineage.rules import FoldRule
from headwater.lineage.runs import moment

Way = Literal["rule", "record", "writes", "version", "time", "lineage", "none"]

_NUMBER = re.compile(r"v?0*([0-9]{1,9})", re.IGNORECASE)
_EDGES = " _-/.:#@"


class Node(NamedTuple):
    """What versions have in common: a kind and a name."""

    kind: Kind
    name: str


@dataclass(frozen=True)
class Folding:
    """The node and generation of every asset.

    Attributes
    ----------
    node, generation, way
        By asset; the generation is ``None`` where nothing tells it, and `way` is what told it.
    fitted
        How many assets each rule decided.
    issues
        Versions of one generation that were told apart by nothing, and more.
    """

    node: Mapping[Key, Node]
    generation: Mapping[Key, int | None]
    way: Mapping[Key, Way]
    fitted: tuple[int, ...]
    issues: tuple[Issue, ...] = ()

    def of(self, key: Key) -> Node:
        """The node of an asset."""
        return self.node.get(key) or Node(key.kind, key.name)

    def versions(self) -> dict[Node, list[Key]]:
        """The assets of each node that has several."""
        found: dict[Node, list[Key]] = defaultdict(list)
        for key, node in self.node.items():
            found[node].append(key)
        return {node: keys for node, keys in found.items() if len(keys) > 1}


@dataclass(frozen=True)
class Told:
    """What is known about assets when they are folded.

    Attributes
    ----------
    keys
        The assets.
    records
        Their records, and those of runs.
    makers
        The runs that wrote each asset.
    written
        Generation by the order of writes.
    versions_of
        Assets that the records call versions of another.
    dependencies
        What came about from what.
    """

    keys: Sequence[Key]
    records: Mapping[Key, Sequence[Entity]]
    makers: Mapping[Key, Sequence[Key]]
    written: Mapping[Key, int]
    versions_of: Mapping[Key, Key] = field(default_factory=dict)
    dependencies: Digraph[Key] | None = None


def fold(told: Told, rules: Sequence[FoldRule]) -> Folding:
    """The node and generation of every asset."""
    node: dict[Key, Node] = {}
    generation: dict[Key, int | None] = {}
    way: dict[Key, Way] = {}
    fitted = [0] * len(rules)
    issues: list[Issue] = []
    for key in told.keys:
        node[key], generation[key], way[key] = _unfolded(key, told)
        for at, rule in enumerate(rules):
            if rule.kind in (None, key.kind) and (found := _by_rule(key, rule, told)):
                node[key], generation[key], way[key] = *found, "rule"
                fitted[at] += 1
                break
        issues += _disagreeing(key, told)
    _by_time(told, node, generation, way)
    _by_lineage(told, node, generation, way)
    return Folding(node, generation, way, tuple(fitted), tuple(issues))


def _unfolded(key: Key, told: Told) -> tuple[Node, int | None, Way]:
    """The node and generation of an asset that no rule fits."""
    base = told.versions_of.get(key, key)
    node = Node(base.kind if base.kind != "unknown" else key.kind, base.name)
    stated = _stated(key, told)
    if stated:
        return node, stated[0], "record"
    if key in told.written:
        return node, told.written[key], "writes"
    number = _NUMBER.fullmatch(key.version)
    if number:
        return node, int(number.group(1)), "version"
    return node, None, "none"


def _stated(key: Key, told: Told) -> list[int]:
    found = (entity.generation for entity in told.records.get(key, ()))
    return list(dict.fromkeys(each for each in found if each is not None))


def _disagreeing(key: Key, told: Told) -> Iterator[Issue]:
    stated = _stated(key, told)
    if len(stated) > 1:
        place = told.records[key][0].place
        said = ", ".join(map(str, stated))
        yield Issue(
            "warning",
            place,
            f"{key.kind} {key.name!r} is of generation {said}, by different records: "
            f"{stated[0]} is taken; a fold rule decides",
        )


def _by_rule(key: Key, rule: FoldRule, told: Told) -> tuple[Node, int] | None:
    for text in _texts(key, rule.text, told):
        found = rule.match.search(text)
        number = found.group("gen") if found else None
        if found is None or not number or not number.isascii() or not number.isdigit() or len(number) > 9:
            continue
        name = key.name
        if rule.text == "name":
            named = found.groupdict().get("name")
            name = named or (text[: found.start()] + text[found.end() :]).strip(_EDGES) or key.name
        return Node(key.kind, name), int(number)
    return None


def _texts(key: Key, what: str, told: Told) -> Iterator[str]:
    if what == "name":
        yield key.name
    elif what == "version":
        yield key.version
    else:
        for about in (key, *told.makers.get(key, ())):
            for entity in told.records.get(about, ()):
                if what in entity.labels:
                    yield entity.labels[what]


def _by_time(
    told: Told, node: Mapping[Key, Node], generation: dict[Key, int | None], way: dict[Key, Way]
) -> None:
    """Number the versions of a node by when runs made them, where nothing else tells any of them."""
    versions: dict[Node, list[Key]] = defaultdict(list)
    for key, of in node.items():
        versions[of].append(key)
    for keys in versions.values():
        made = [key for key in keys if told.makers.get(key)]
        if len(made) < 2 or any(generation[key] is not None for key in keys):
            continue
        times = {key: _first_time(told.makers[key], told) for key in made}
        if any(time is None for time in times.values()):
            continue
        for at, key in enumerate(sorted(made, key=lambda each: str(times[each]))):
            generation[key], way[key] = at, "time"


def _by_lineage(
    told: Told, node: Mapping[Key, Node], generation: dict[Key, int | None], way: dict[Key, Way]
) -> None:
    """Number the versions of a node by how many steps of the records lie behind each."""
    graph = told.dependencies
    versions: dict[Node, list[Key]] = defaultdict(list)
    for key, of in node.items():
        if graph is not None and key in graph.number and generation[key] is None:
            versions[of].append(key)
    several = [keys for of, keys in versions.items() if len(keys) > 1 and of.kind == "model"]
    if graph is None:
        return
    for keys in several:
        depths = {key: graph.depth(key) for key in keys}
        if len(set(depths.values())) == len(keys):
            for at, key in enumerate(sorted(keys, key=depths.__getitem__)):
                generation[key], way[key] = at, "lineage"


def _first_time(runs: Iterable[Key], told: Told) -> str | None:
    found = [
        when.isoformat()
        for run in runs
        for entity in told.records.get(run, ())
        if (when := moment(entity.time))
    ]
    return min(found, default=None)
