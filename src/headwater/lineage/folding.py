"""From flows between versions to flows between nodes, which is where loops are.

Data that only the first generation of a node saw are its start, not a flow; what every later one
saw is a flow. Real data that the latest generation did not see any more have ended: they ground
nobody. A flow of a node into itself is a loop unless its order makes it impossible.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Literal

from headwater.lineage.counting import Counted, Total
from headwater.lineage.facts import Key
from headwater.lineage.generations import Folding, Node
from headwater.lineage.rules import Varying
from headwater.lineage.tracing import Traced

MOST_MISSING = 6

Sort = Literal["flow", "initial", "artefact", "first-only", "ended"]


@dataclass(frozen=True, slots=True)
class Folded:
    """Everything that flows between two nodes.

    Attributes
    ----------
    sort
        ``flow``; ``initial``, real data of generation 0 alone; ``first-only``, a model's data in
        generation 0 alone; ``ended``, real data that the latest generation did not see;
        ``artefact``, of versions whose order makes it impossible.
    samples
        A generation; ``None``: unknown.
    counts
        The counts of each generation in order, where they differ.
    missing
        The first `MOST_MISSING` generations of the model that lack it.
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
        Models that records of generations or runs show trained once, while others were trained again.
    undisclosed
        Models of whose latest generation no record says what it was trained on.
    accumulating
        Models whose later generations keep the data of earlier ones.
    archives
        Real data that several generations used in one and the same version, and their samples.
    totals
        Totals of unknown split of the latest generation, by nodes.
    """

    flows: tuple[Folded, ...]
    once: frozenset[Node]
    undisclosed: frozenset[Node]
    accumulating: tuple[Node, ...]
    archives: Mapping[Node, int | None]
    totals: tuple[tuple[Node, Total, tuple[Node, ...]], ...]
    generations: Mapping[Node, int]
    folding: Folding
    counted: Counted

    def others(self, provider: Node, model: Node, total: Total) -> int | None:
        """Samples of the latest generation that a provider brings a model beside a total; 0 if none."""
        known: int | None = 0
        for key, numbers in self._brought.get((provider, total.model), ()):
            brought = list(numbers)
            # The total itself is one of them, and what it holds of the provider is what nobody knows.
            if key in total.providers and None in brought:
                brought.remove(None)
            part = _sum(brought)
            known = None if part is None or known is None else known + part
        return known

    @cached_property
    def _brought(self) -> dict[tuple[Node, Key], list[tuple[Key, tuple[int | None, ...]]]]:
        """What each version of a node brings each version of a model."""
        found: dict[tuple[Node, Key], list[tuple[Key, tuple[int | None, ...]]]] = defaultdict(list)
        for (key, model), numbers in self.counted.parts.items():
            found[self.folding.of(key), model].append((key, numbers))
        return found

    def becomes_flow(self, flow: Folded) -> bool:
        """Whether it is a flow of the graph."""
        trained = flow.model not in self.once and flow.model not in self.undisclosed
        return flow.sort == "flow" and trained and flow.samples != 0


def fold(
    traced: Sequence[Traced],
    counted: Counted,
    folding: Folding,
    varying: Varying,
    models: Iterable[Key] = (),
) -> Nodes:
    """The flows between nodes.

    Parameters
    ----------
    models
        All models, trained or not: one that only generates was trained too.
    """
    trained: dict[Node, dict[int | None, None]] = defaultdict(dict)
    for flow in traced:
        trained[folding.of(flow.model)][folding.generation.get(flow.model)] = None
    several = {node: list(found) for node, found in trained.items() if len(found) > 1}
    groups: dict[tuple[Node, Node], list[Traced]] = defaultdict(list)
    for flow in traced:
        groups[folding.of(flow.provider), folding.of(flow.model)].append(flow)
    folder = _Folder(counted, folding, varying, several, _earliest(folding))
    flows = tuple(folder.fold(provider, model, ways) for (provider, model), ways in groups.items())
    return Nodes(
        flows,
        _once(traced, folding, trained, frozenset(several)),
        frozenset(_undisclosed(trained, folding, models)),
        tuple(folder.accumulating),
        _archives(flows, folding, counted),
        tuple(_totals(counted.totals, folding)),
        {node: len(found) for node, found in several.items()},
        folding,
        counted,
    )


def _undisclosed(
    trained: Mapping[Node, Mapping[int | None, None]], folding: Folding, models: Iterable[Key]
) -> Iterator[Node]:
    """Models that were trained again later, and nobody says on what."""
    latest: dict[Node, int] = {}
    for key in models:
        generation = folding.generation.get(key)
        if generation is not None:
            node = folding.of(key)
            latest[node] = max(latest.get(node, generation), generation)
    for node, generation in latest.items():
        known = [at for at in trained.get(node, {}) if at is not None]
        if known and generation > max(known):
            yield node


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
    known: dict[Node, list[int]] = field(default_factory=dict)

    def fold(self, provider: Node, model: Node, ways: Sequence[Traced]) -> Folded:
        """All flows between the versions of two nodes as one."""
        if provider == model:
            possible = [way for way in ways if self._possible(way)]
            if not possible:
                return Folded(provider, model, "artefact", None, (), (), tuple(ways))
            ways = possible
        if model not in self.several:
            numbers = [self.counted.samples.get(way.ends) for way in ways]
            # Of versions that nothing puts in order each would be a generation: their sum is no count.
            one = len({way.model for way in ways}) == 1
            return Folded(provider, model, "flow", _sum(numbers) if one else None, (), (), tuple(ways))
        return self._over_generations(provider, model, ways)

    def _possible(self, way: Traced) -> bool:
        """Whether the provider's version can have come first, of which that its data were read is a sign."""
        if way.provider == way.model:
            return True
        before, after = (self.folding.generation.get(key) for key in way.ends)
        return before is None or after is None or before < after

    def _over_generations(self, provider: Node, model: Node, ways: Sequence[Traced]) -> Folded:
        by: dict[int | None, list[Traced]] = defaultdict(list)
        for way in ways:
            by[self.folding.generation.get(way.model)].append(way)
        ordered = tuple(way for at in sorted(by, key=_first_none) for way in by[at])
        known = self._generations(model)
        first = known[0] if known and known[0] == self.earliest.get(model) else None
        begun = _sum(self.counted.samples.get(way.ends) for way in by.get(first, ()))
        started = first is not None and first in by
        real = provider.kind != "model"
        seen_later = [at for at in by if at != first and (not real or not all(map(_carried, by[at])))]
        if started and not seen_later:
            if len(by) > 1:
                self.accumulating[model] = None
            sort: Sort = "initial" if real else "first-only"
            return Folded(provider, model, sort, begun, (), (), ordered, True, begun)
        last = known[-1] if known else None
        later = [at for at in sorted(by, key=_first_none) if at is not None and at != first]
        missing = self._missing(known, by, first)
        if real and last != first and last not in by:
            return Folded(provider, model, "ended", None, (), missing, ordered, started, begun)
        counts = self._counts(by, later, model)
        varied = counts if len(set(counts)) > 1 else ()
        samples = self._one(counts, bool(missing))
        return Folded(provider, model, "flow", samples, varied, missing, ordered, started, begun)

    def _generations(self, model: Node) -> list[int]:
        if model not in self.known:
            self.known[model] = sorted(at for at in self.several[model] if at is not None)
        return self.known[model]

    @staticmethod
    def _missing(
        known: Sequence[int], by: Mapping[int | None, Sequence[Traced]], first: int | None
    ) -> tuple[int, ...]:
        """The first few generations that lack a flow; one that began it need not have it."""
        return tuple(islice((at for at in known if at not in by and at != first), MOST_MISSING))

    def _counts(
        self, by: Mapping[int | None, Sequence[Traced]], generations: Sequence[int], model: Node
    ) -> tuple[int | None, ...]:
        """The samples that each generation was the first to see; of a kept version those it sees again."""
        found = []
        seen: set[tuple[Key, Key]] = set()
        for at in generations:
            new = [way for way in by[at] if _batch(way) not in seen]
            if new and len(new) < len(by[at]):
                self.accumulating[model] = None
            found.append(_sum([self.counted.samples.get(way.ends) for way in new or by[at]]))
            seen |= {_batch(way) for way in by[at]}
        return tuple(found)

    def _one(self, counts: Sequence[int | None], missing: bool) -> int | None:
        if missing or not counts or any(number is None for number in counts):
            return None
        known = [number for number in counts if number is not None]
        if len(set(known)) == 1:
            return known[0]
        chosen = {"last": known[-1], "least": min(known), "most": max(known)}
        return chosen.get(self.varying)


def _batch(way: Traced) -> tuple[Key, Key]:
    """Whose samples, and the dataset they were first put into: seen again, they are no new ones."""
    return way.provider, way.steps[0].link.learner


def _carried(way: Traced) -> bool:
    """Whether data came through an older version of what holds them: kept, and not new."""
    names = [step[:2] for step in way.via]
    return len(names) > len(set(names))


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
    several: frozenset[Node],
) -> frozenset[Node]:
    """Models that runs or generations show trained once, from real data alone, while others were again."""
    if not several:
        return frozenset()
    kept: dict[Node, bool] = {}
    for flow in traced:
        node = folding.of(flow.model)
        dated = flow.steps[-1].link.run is not None or folding.generation.get(flow.model) is not None
        real = flow.provider.kind != "model"
        kept[node] = kept.get(node, True) and dated and real
    return frozenset(node for node, once in kept.items() if once and len(trained[node]) == 1)


def _archives(flows: Iterable[Folded], folding: Folding, counted: Counted) -> dict[Node, int | None]:
    """Sources of which several generations used one stated version, and how much they hold."""
    versions: dict[Node, dict[str, None]] = defaultdict(dict)
    uses: dict[Node, set[int | None]] = defaultdict(set)
    sizes: dict[Node, set[int | None]] = defaultdict(set)
    for flow in flows:
        if flow.provider.kind == "model" or flow.sort in ("artefact", "ended"):
            continue
        for way in flow.ways:
            versions[flow.provider][way.provider.version] = None
            uses[flow.provider].add(folding.generation.get(way.model))
            sizes[flow.provider].add(counted.sizes.get(way.provider))
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
