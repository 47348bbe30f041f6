"""From flows between versions to flows between nodes, which is where loops are.

Data that only the first generation of a node saw are its start, not a flow; what every later one
saw is a flow. A flow of a node into itself is a loop only where an earlier version feeds a later one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from headwater.lineage.counting import Counted, Total
from headwater.lineage.facts import Key
from headwater.lineage.generations import Folding, Node
from headwater.lineage.rules import Varying
from headwater.lineage.tracing import Traced

Sort = Literal["flow", "initial", "artefact", "first-only"]


@dataclass(frozen=True, slots=True)
class Folded:
    """Everything that flows between two nodes.

    Attributes
    ----------
    sort
        ``flow``; ``initial``, real data of generation 0 alone; ``first-only``, a model's data in
        generation 0 alone; ``artefact``, of versions whose order makes it impossible.
    samples
        A generation; ``None``: unknown.
    counts
        The counts of each generation in order, where they differ.
    missing
        Generations of the model that lack it.
    started, start
        Whether generation 0 of a model of several had it, and its samples then; ``None``: unknown.
    ways
        The flows between versions, in the order of the model's generations.
    """

    provider: Node
    model: Node
    sort: Sort
    samples: int | None
    counts: tuple[int | None, ...]
    missing: tuple[int, ...]
    ways: tuple[Traced, ...]
    started: bool = False
    start: int | None = None


@dataclass(frozen=True)
class Nodes:
    """The folded flows, and what folding tells of the nodes.

    Attributes
    ----------
    flows
        In the order of the records.
    once
        Models trained in one generation only, by runs, while others were trained again.
    accumulating
        Models whose later generations keep the data of earlier ones.
    archives
        Real data that several generations used in one and the same version, and their samples.
    totals
        Totals of unknown split of the latest generation, by nodes.
    """

    flows: tuple[Folded, ...]
    once: frozenset[Node]
    accumulating: tuple[Node, ...]
    archives: Mapping[Node, int | None]
    totals: tuple[tuple[Node, Total, tuple[Node, ...]], ...]
    generations: Mapping[Node, int]


def fold(traced: Sequence[Traced], counted: Counted, folding: Folding, varying: Varying) -> Nodes:
    """The flows between nodes."""
    trained: dict[Node, dict[int | None, None]] = defaultdict(dict)
    for flow in traced:
        trained[folding.of(flow.model)][folding.generation.get(flow.model)] = None
    several = {node for node, found in trained.items() if len(found) > 1}
    earliest = _earliest(folding)
    groups: dict[tuple[Node, Node], list[Traced]] = defaultdict(list)
    for flow in traced:
        groups[folding.of(flow.provider), folding.of(flow.model)].append(flow)
    folder = _Folder(counted, folding, varying, {node: list(trained[node]) for node in several}, earliest)
    flows = tuple(folder.fold(provider, model, ways) for (provider, model), ways in groups.items())
    once = _once(traced, folding, trained, several)
    return Nodes(
        flows,
        once,
        tuple(folder.accumulating),
        _archives(flows, folding, counted),
        tuple(_totals(counted.totals, folding)),
        {node: len(trained[node]) for node in several},
    )


def _earliest(folding: Folding) -> dict[Node, int]:
    found: dict[Node, int] = {}
    for key, node in folding.node.items():
        generation = folding.generation.get(key)
        if generation is not None:
            found[node] = min(found.get(node, generation), generation)
    return found


@dataclass
class _Folder:
    counted: Counted
    folding: Folding
    varying: Varying
    several: Mapping[Node, list[int | None]]
    earliest: Mapping[Node, int]
    accumulating: dict[Node, None] = field(default_factory=dict)

    def fold(self, provider: Node, model: Node, ways: Sequence[Traced]) -> Folded:
        """All flows between the versions of two nodes as one."""
        if provider == model:
            possible = [way for way in ways if self._possible(way)]
            if not possible:
                return Folded(provider, model, "artefact", None, (), (), tuple(ways))
            ways = possible
        if model not in self.several:
            numbers = [self.counted.samples.get(way.ends) for way in ways]
            return Folded(provider, model, "flow", _sum(numbers), (), (), tuple(ways))
        return self._over_generations(provider, model, ways)

    def _possible(self, way: Traced) -> bool:
        """Whether the provider's version can have come before the model's."""
        before, after = (self.folding.generation.get(key) for key in way.ends)
        if before is None and after is None:
            # One asset that feeds itself, as catalogues without versions have it.
            return way.provider == way.model
        # A version without a generation, such as one found before the first write, came first.
        return before is None or (after is not None and before < after)

    def _over_generations(self, provider: Node, model: Node, ways: Sequence[Traced]) -> Folded:
        by: dict[int | None, list[Traced]] = defaultdict(list)
        for way in ways:
            by[self.folding.generation.get(way.model)].append(way)
        ordered = tuple(way for at in sorted(by, key=_first_none) for way in by[at])
        known = sorted(at for at in self.several[model] if at is not None)
        first = known[0] if known and known[0] == self.earliest.get(model) else None
        begun = _sum(self.counted.samples.get(way.ends) for way in by.get(first, ()))
        if first is not None and set(by) == {first}:
            sort: Sort = "first-only" if provider.kind == "model" else "initial"
            return Folded(provider, model, sort, begun, (), (), ordered, True, begun)
        later = [at for at in known if at != first]
        counts = self._counts(by, [at for at in later if at in by])
        if any(len(by[at]) > 1 for at in by) and self._keeps(by):
            self.accumulating[model] = None
        missing = tuple(at for at in later if at not in by)
        varied = counts if len(set(counts)) > 1 else ()
        samples = self._one(counts, bool(missing))
        started = first is not None and first in by
        return Folded(provider, model, "flow", samples, varied, missing, ordered, started, begun)

    def _counts(
        self, by: Mapping[int | None, Sequence[Traced]], generations: Sequence[int]
    ) -> tuple[int | None, ...]:
        """The samples that each generation was the first to see; of a kept version those it sees again."""
        found = []
        seen: set[Key] = set()
        for at in generations:
            new = [way for way in by[at] if way.provider not in seen]
            found.append(_sum([self.counted.samples.get(way.ends) for way in new or by[at]]))
            seen |= {way.provider for way in by[at]}
        return tuple(found)

    def _keeps(self, by: Mapping[int | None, Sequence[Traced]]) -> bool:
        """Whether every generation has all versions that the one before had, and more."""
        before: set[Key] = set()
        grown = 0
        for at in sorted(by, key=_first_none):
            now = {way.provider for way in by[at]}
            if not before <= now:
                return False
            grown += bool(before) and before < now
            before = now
        return grown > 0

    def _one(self, counts: Sequence[int | None], missing: bool) -> int | None:
        if missing or not counts or any(number is None for number in counts):
            return None
        known = [number for number in counts if number is not None]
        if len(set(known)) == 1:
            return known[0]
        chosen = {"last": known[-1], "least": min(known), "most": max(known)}
        return chosen.get(self.varying)


def _first_none(at: int | None) -> tuple[bool, int]:
    return at is not None, at or 0


def _sum(numbers: Iterable[int | None]) -> int | None:
    total = 0
    for number in numbers:
        if number is None:
            return None
        total += number
    return total


def _once(
    traced: Sequence[Traced],
    folding: Folding,
    trained: Mapping[Node, Mapping[int | None, None]],
    several: set[Node],
) -> frozenset[Node]:
    """Models that runs trained once, from real data alone, while others were trained again."""
    if not several:
        return frozenset()
    kept: dict[Node, bool] = {}
    for flow in traced:
        node = folding.of(flow.model)
        by_run = flow.steps[-1].link.run is not None
        real = flow.provider.kind != "model"
        kept[node] = kept.get(node, True) and by_run and real
    return frozenset(node for node, once in kept.items() if once and len(trained[node]) == 1)


def _archives(flows: Iterable[Folded], folding: Folding, counted: Counted) -> dict[Node, int | None]:
    """Sources of which several generations used one stated version."""
    versions: dict[Node, dict[str, None]] = defaultdict(dict)
    uses: dict[Node, set[int | None]] = defaultdict(set)
    sizes: dict[Node, set[int | None]] = defaultdict(set)
    for flow in flows:
        if flow.provider.kind == "model" or flow.sort == "artefact":
            continue
        for way in flow.ways:
            versions[flow.provider][way.provider.version] = None
            uses[flow.provider].add(folding.generation.get(way.model))
            sizes[flow.provider].add(counted.samples.get(way.ends))
    return {
        node: next(iter(sizes[node])) if len(sizes[node]) == 1 else None
        for node, found in versions.items()
        if len(found) == 1 and next(iter(found)) not in ("", "as found") and len(uses[node]) > 1
    }


def _totals(totals: Iterable[Total], folding: Folding) -> Iterable[tuple[Node, Total, tuple[Node, ...]]]:
    latest: dict[tuple[Node, Node], Total] = {}
    for total in totals:
        at = folding.of(total.model), folding.of(total.dataset)
        before = latest.get(at)
        if before is None or _age(before, folding) <= _age(total, folding):
            latest[at] = total
    for (model, _), total in latest.items():
        yield model, total, tuple(dict.fromkeys(folding.of(key) for key in total.providers))


def _age(total: Total, folding: Folding) -> int:
    found = folding.generation.get(total.model)
    return -1 if found is None else found
