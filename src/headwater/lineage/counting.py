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
"""Providers of one dataset that are counted; of more nothing is known but that they flow."""


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
    parts
        By provider and model, the samples of each dataset that brings some, in order.
    sizes
        Samples in each provider that is an asset of known size.
    totals
        Where only the sum over providers is known.
    units
        How many stated counts are in a unit other than samples.
    issues
        Counts of one thing that disagree.
    """

    samples: Mapping[tuple[Key, Key], int]
    parts: Mapping[tuple[Key, Key], tuple[int | None, ...]]
    sizes: Mapping[Key, int]
    totals: tuple[Total, ...]
    units: Mapping[str, int]
    issues: tuple[Issue, ...]


@dataclass(frozen=True, slots=True)
class _Said:
    """What is said of how much of something was used: a number, nothing, or what is no one number."""

    number: int | None
    silent: bool

    def of(self, whole: int | None) -> int | None:
        """The number; the whole only where nothing was said."""
        return whole if self.silent else self.number


_SILENT = _Said(None, True)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a dataset is made of: its total, and the samples of each provider where they are known.

    `whole` is whether the providers are known to be all there is in it.
    """

    total: int | None
    of: Mapping[Key, int | None]
    whole: bool = True

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
    composed: set[Key] = field(default_factory=set)

    def all(self, models: Iterable[Key]) -> Counted:
        samples: dict[tuple[Key, Key], int] = {}
        parts: dict[tuple[Key, Key], tuple[int | None, ...]] = {}
        totals: list[Total] = []
        for model in models:
            for provider, numbers in self.into(model, totals).items():
                parts[provider, model] = tuple(numbers)
                known = [number for number in numbers if number is not None]
                if len(known) == len(numbers):
                    samples[provider, model] = sum(known)
        ends = {provider for provider, _ in parts if provider not in self.way.models}
        sizes = {key: size for key in ends if (size := self.size(key)) is not None}
        return Counted(samples, parts, sizes, tuple(totals), dict(self.units), tuple(self.issues))

    def into(self, model: Key, totals: list[Total]) -> dict[Key, list[int | None]]:
        """Samples of each provider in the training set of a model, by dataset."""
        found: dict[Key, list[int | None]] = defaultdict(list)
        for provider, dependency, said in self._distinct(self.way.into.get(model, ())):
            if self.way.ends_at(dependency):
                whole = None if provider in self.way.models else self.size(provider)
                found[provider].append(said.of(whole))
                continue
            parts = self.composition(provider)
            total = said.of(parts.total)
            shares = _shares(parts, total)
            if total is not None and any(number is None for number in shares.values()):
                ends = tuple(key for key in shares if key in self.way.models or key not in self.way.mixed)
                totals.append(Total(model, provider, total, ends))
            for key, number in shares.items():
                found[key].append(number)
        return found

    def composition(self, dataset: Key) -> _Parts:
        """What a dataset is made of; datasets that hold each other are of unknown parts."""
        waiting = [dataset]
        while waiting:
            node = waiting[-1]
            if node in self.composed:
                waiting.pop()
                continue
            missing = [key for key in self._inner(node) if key not in self.parts]
            if missing and node not in self.parts:
                # Seen before its parts are done: a dataset on a way back to itself ends there.
                self.parts[node] = _Parts(self.size(node), {node: None})
                waiting += missing
            else:
                waiting.pop()
                self.parts[node] = self._compose(node)
                self.composed.add(node)
        return self.parts[dataset]

    def _inner(self, node: Key) -> Iterator[Key]:
        for dependency in self.way.into.get(node, ()):
            if not self.way.ends_at(dependency):
                yield dependency.link.provider

    def _compose(self, node: Key) -> _Parts:
        size = self.size(node)
        inputs: list[tuple[int | None, _Parts]] = []
        said_alone = _SILENT
        for provider, dependency, said in self._distinct(self.way.into.get(node, ())):
            if self.way.ends_at(dependency):
                whole = None if provider in self.way.models else self.size(provider)
                part = _Parts(whole, {provider: whole})
            else:
                part = self.parts.get(provider) or _Parts(None, {provider: None})
            said_alone = said
            inputs.append((said.of(part.total), part))
        if not inputs:
            return _Parts(size, {node: size})
        if len(inputs) > 1 or self._mixed(node):
            return _Parts(size, self._several(node, size, inputs), whole=not self._mixed(node))
        part = inputs[0][1]
        stated = said_alone.of(None)
        if size is not None and stated is not None and stated < size:
            self._unlike(node, size, stated)
            return _Parts(size, dict.fromkeys(part.of), whole=False)
        # Nothing else is in it, so what it holds is what it was given, were that counted or not.
        return _Parts(
            size if size is not None else stated, _shares(part, size if size is not None else stated)
        )

    def _unlike(self, node: Key, size: int, stated: int) -> None:
        if node not in self.disagreeing:
            self.disagreeing.add(node)
            place = self.records_of[node][0].place
            said = (
                f"{node.kind} {node.name!r} holds {size:,} samples, and what is said to be in it {stated:,}"
            )
            self.issues.append(Issue("warning", place, f"{said}: whose the others are stays unknown"))

    def _several(
        self, node: Key, size: int | None, inputs: Sequence[tuple[int | None, _Parts]]
    ) -> dict[Key, int | None]:
        """Samples of each provider where a dataset has several parts."""
        stated = [number for number, _ in inputs]
        known = [number for number in stated if number is not None]
        whole = not self._mixed(node) and len(known) == len(stated) and (size is None or sum(known) == size)
        found: dict[Key, int | None] = {}
        for number, (_, part) in zip(stated, inputs, strict=True):
            for key, samples in _shares(part, number).items():
                _add(found, key, samples if whole else None)
        return found if len(found) <= MOST_PARTS else {}

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

    def _distinct(self, dependencies: Iterable[Dependency]) -> list[tuple[Key, Dependency, _Said]]:
        """One dependency for each provider, with what is said of its count.

        A record that says a thing twice says it once; what two runs did they did twice.
        """
        found: dict[Key, dict[Key | None, tuple[Dependency, dict[int, Dependency], bool]]] = {}
        for dependency in dependencies:
            by_run = found.setdefault(dependency.link.provider, {})
            kept, counts, odd = by_run.get(dependency.link.run, (dependency, {}, False))
            number = self.stated(dependency.link.count)
            if number is not None:
                counts.setdefault(number, dependency)
            odd = odd or (number is None and dependency.link.count is not None)
            by_run[dependency.link.run] = (kept, counts, odd)
        return [
            (provider, *self._said(provider, list(by_run.values()))) for provider, by_run in found.items()
        ]

    def _said(
        self, provider: Key, runs: Sequence[tuple[Dependency, dict[int, Dependency], bool]]
    ) -> tuple[Dependency, _Said]:
        total: int | None = 0
        silent = True
        for kept, counts, odd in runs:
            if len(counts) > 1:
                self._disagree(provider, kept.link.learner, counts)
            number = next(iter(counts)) if len(counts) == 1 and not odd else None
            total = None if number is None or total is None else total + number
            silent = silent and not counts and not odd
        return runs[0][0], _Said(total, silent and len(runs) == 1)

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
        return dict.fromkeys(parts.of, total if parts.whole else None)
    if parts.known and total is not None and total == sum(number or 0 for number in parts.of.values()):
        return dict(parts.of)
    return dict.fromkeys(parts.of)


def _add(found: dict[Key, int | None], key: Key, number: int | None) -> None:
    before = found.get(key, 0)
    found[key] = None if number is None or before is None else before + number
