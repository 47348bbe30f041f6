"""How many samples of whom a model was trained on, as far as the records tell.

What a dataset is composed of is known where one provider alone is behind it, or where the parts
are counted. Otherwise a total is known and its split is not: it is kept as a `Total`, never shared out
in silence. Units other than samples are no counts of samples.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from headwater.lineage.facts import Count, Entity, Issue, Key
from headwater.lineage.meaning import Dependency
from headwater.lineage.tracing import Routes

MOST_PARTS = 2_000
"""Providers of one dataset that are counted one by one; of more, the split stays unknown."""


@dataclass(frozen=True, slots=True)
class Total:
    """Samples that a model saw of one dataset, from several providers in unknown shares."""

    model: Key
    dataset: Key
    samples: int
    providers: tuple[Key, ...]


@dataclass(frozen=True)
class Counted:
    """Samples by provider and model; what is not in `samples` is unknown.

    Attributes
    ----------
    totals
        Where only the sum over providers is known.
    units
        How many stated counts are in a unit other than samples.
    issues
        Counts of one thing that disagree.
    """

    samples: Mapping[tuple[Key, Key], int]
    totals: tuple[Total, ...]
    units: Mapping[str, int]
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a dataset is made of: its total, and the samples of each provider where they are known."""

    total: int | None
    of: Mapping[Key, int | None]

    @property
    def known(self) -> bool:
        return all(number is not None for number in self.of.values())


def count(way: Routes, models: Iterable[Key], records_of: Mapping[Key, Sequence[Entity]]) -> Counted:
    """Samples of every flow into `models`, where they are known."""
    return _Counter(way, records_of).all(models)


@dataclass
class _Counter:
    way: Routes
    records_of: Mapping[Key, Sequence[Entity]]
    parts: dict[Key, _Parts] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    issues: list[Issue] = field(default_factory=list)
    disagreeing: set[Key] = field(default_factory=set)
    conflicts: set[tuple[Key, Key]] = field(default_factory=set)

    def all(self, models: Iterable[Key]) -> Counted:
        samples: dict[tuple[Key, Key], int] = {}
        totals: list[Total] = []
        for model in models:
            for provider, number in self.into(model, totals).items():
                if number is not None:
                    samples[provider, model] = number
        return Counted(samples, tuple(totals), dict(self.units), tuple(self.issues))

    def into(self, model: Key, totals: list[Total]) -> dict[Key, int | None]:
        """Samples of each provider in the training set of a model."""
        found: dict[Key, int | None] = {}
        for provider, dependency, stated in self._distinct(self.way.into.get(model, ())):
            if self.way.ends_at(dependency):
                total = stated if stated is not None else self.size(provider)
                _add(found, provider, total if provider not in self.way.models else stated)
                continue
            parts = self.composition(provider)
            total = parts.total if stated is None else stated
            shares = _shares(parts, total)
            if total is not None and any(number is None for number in shares.values()):
                ends = tuple(key for key in shares if key in self.way.models or key not in self.way.mixed)
                totals.append(Total(model, provider, total, ends))
            for key, number in shares.items():
                _add(found, key, number)
        return found

    def composition(self, dataset: Key) -> _Parts:
        """What a dataset is made of; datasets that hold each other are of unknown parts."""
        waiting = [dataset]
        while waiting:
            node = waiting[-1]
            missing = [key for key in self._inner(node) if key not in self.parts]
            if missing and node not in self.parts:
                # Seen before its parts are done: a dataset on a way back to itself ends there.
                self.parts[node] = _Parts(self.size(node), {node: None})
                waiting += missing
            else:
                waiting.pop()
                self.parts[node] = self._compose(node)
        return self.parts[dataset]

    def _inner(self, node: Key) -> Iterator[Key]:
        for dependency in self.way.into.get(node, ()):
            if not self.way.ends_at(dependency):
                yield dependency.link.provider

    def _compose(self, node: Key) -> _Parts:
        size = self.size(node)
        inputs: list[tuple[int | None, _Parts]] = []
        for provider, dependency, stated in self._distinct(self.way.into.get(node, ())):
            if self.way.ends_at(dependency):
                whole = None if provider in self.way.models else self.size(provider)
                part = _Parts(whole, {provider: whole})
            else:
                part = self.parts.get(provider) or _Parts(None, {provider: None})
            inputs.append((stated, part))
        if not inputs:
            return _Parts(size, {node: size})
        if len(inputs) == 1 and not self._mixed(node):
            stated, part = inputs[0]
            total = size if size is not None else stated
            return _Parts(total, _shares(part, total))
        return _Parts(size, self._several(node, size, inputs))

    def _several(
        self, node: Key, size: int | None, inputs: Sequence[tuple[int | None, _Parts]]
    ) -> dict[Key, int | None]:
        """Samples of each provider where a dataset has several parts."""
        stated = [number if number is not None else part.total for number, part in inputs]
        known = [number for number in stated if number is not None]
        whole = not self._mixed(node) and len(known) == len(stated) and (size is None or sum(known) == size)
        found: dict[Key, int | None] = {}
        for number, (_, part) in zip(stated, inputs, strict=True):
            for key, samples in _shares(part, number).items():
                _add(found, key, samples if whole else None)
        return found if len(found) <= MOST_PARTS else dict.fromkeys(found)

    def _mixed(self, node: Key) -> bool:
        return any(entity.synthetic == "mixed" for entity in self.records_of.get(node, ()))

    def size(self, key: Key) -> int | None:
        """Samples in an asset, where its records tell one number."""
        found: dict[int, Entity] = {}
        for entity in self.records_of.get(key, ()):
            number = self.stated(entity.count)
            if number is not None:
                found.setdefault(number, entity)
        if len(found) > 1 and key not in self.disagreeing:
            self.disagreeing.add(key)
            said = ", ".join(f"{number:,} ({entity.place})" for number, entity in found.items())
            message = f"{key.kind} {key.name!r} has different counts: {said}; it stays unknown"
            self.issues.append(Issue("warning", next(iter(found.values())).place, message))
        return next(iter(found)) if len(found) == 1 else None

    def _distinct(self, dependencies: Iterable[Dependency]) -> list[tuple[Key, Dependency, int | None]]:
        """One dependency for each provider with its count: a record that says a thing twice says it once."""
        found: dict[Key, tuple[Dependency, dict[int, Dependency]]] = {}
        for dependency in dependencies:
            _, counts = found.setdefault(dependency.link.provider, (dependency, {}))
            number = self.stated(dependency.link.count)
            if number is not None:
                counts.setdefault(number, dependency)
        for provider, (kept, counts) in found.items():
            if len(counts) > 1:
                self._disagree(provider, kept.link.learner, counts)
        return [
            (provider, kept, next(iter(counts)) if len(counts) == 1 else None)
            for provider, (kept, counts) in found.items()
        ]

    def _disagree(self, provider: Key, learner: Key, counts: Mapping[int, Dependency]) -> None:
        if (provider, learner) not in self.conflicts:
            self.conflicts.add((provider, learner))
            said = ", ".join(f"{number:,} ({each.link.place})" for number, each in counts.items())
            message = f"{provider.name!r} in {learner.name!r} has different counts: {said}; it stays unknown"
            self.issues.append(Issue("warning", next(iter(counts.values())).link.place, message))

    def stated(self, number: Count | None) -> int | None:
        """A stated number of samples."""
        if number is None:
            return None
        if number.unit != "samples":
            self.units[number.unit] += 1
            return None
        return number.exact


def _shares(parts: _Parts, total: int | None) -> dict[Key, int | None]:
    """Samples of each provider in `total` samples of a dataset.

    Of a dataset that is used whole the parts are known; of a part of it only if it has one provider.
    """
    if len(parts.of) == 1:
        return dict.fromkeys(parts.of, total)
    if parts.known and total is not None and total == sum(number or 0 for number in parts.of.values()):
        return dict(parts.of)
    return dict.fromkeys(parts.of)


def _add(found: dict[Key, int | None], key: Key, number: int | None) -> None:
    before = found.get(key, 0)
    found[key] = None if number is None or before is None else before + number
