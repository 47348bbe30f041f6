"""Recursive training itself: one chunk of replicates, generation after generation.

Everyone draws from the models of the generation before. What a family draws and fits is its
own business; what a regime keeps, and who draws from whom, is here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from headwater.families.contract import Array, Ask, Family
from headwater.simulation.cast import ARCHIVE, FRESH, Archive, Cast, Draw, Role
from headwater.simulation.streams import stream

SORTED_UP_TO = 4_096
"""Records up to which subsets of all replicates are drawn at once."""

Snapshot = Mapping[str, Array]
"""(replicates, models) of each measure, at one generation."""


def play(
    cast: Cast,
    family: Family[Any, Any],
    generations: int,
    measures: Sequence[str],
    chunk: tuple[int, int, int],
) -> Iterator[Snapshot]:
    """Measures of every model, generation after generation from 0.

    Parameters
    ----------
    chunk
        Seed of the run, number of the chunk, replicates in it.
    """
    seed, number, replicates = chunk
    streams = partial(stream, seed, number)
    # what explodes may pass the largest double, what dies the smallest: both are results
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        real = family.truth(replicates)
        archives = [
            _Archive.of(archive, family, real, streams(0, len(cast.models) + at))
            for at, archive in enumerate(cast.archives)
        ]
        keepers = [_keeper(cast, role, family, generations) for role in cast.roles]
        models: list[Any] = []
        for at, role in enumerate(cast.roles):
            rng = streams(0, at)
            drawn = _Drawn(family, real, archives, (), rng)
            models.append(family.fit(keepers[at].keep(role.first, drawn), rng))
        yield _snapshot(family, models, measures)
        for generation in range(1, generations + 1):
            before = tuple(models)
            for at, role in enumerate(cast.roles):
                if not role.frozen:
                    rng = streams(generation, at)
                    drawn = _Drawn(family, real, archives, before, rng)
                    models[at] = family.fit(keepers[at].keep(role.later, drawn), rng)
            yield _snapshot(family, models, measures)


def _snapshot(family: Family[Any, Any], models: Sequence[Any], measures: Sequence[str]) -> Snapshot:
    return {name: np.stack([family.measure(model, name) for model in models], axis=1) for name in measures}


@dataclass(frozen=True)
class _Archive:
    """One real sample, drawn once: its records where some take only a part, else what it tells."""

    records: NDArray[Any] | None
    evidence: Any

    @classmethod
    def of(cls, archive: Archive, family: Family[Any, Any], real: Any, rng: Generator) -> _Archive:
        if not archive.size:
            return cls(None, None)
        ask = Ask(archive.size)
        if archive.partly:
            return cls(family.records(real, ask, rng), None)
        return cls(None, family.draw(real, ask, rng))


@dataclass(frozen=True)
class _Drawn:
    """What one learner's draws bring in one generation."""

    family: Family[Any, Any]
    real: Any
    archives: Sequence[_Archive]
    models: Sequence[Any]
    rng: Generator

    def evidence(self, draw: Draw) -> Any:
        """What the samples tell."""
        if draw.kind == ARCHIVE:
            archive = self.archives[draw.number]
            if archive.records is None:
                return archive.evidence
            return self.family.tell(subset(archive.records, draw.ask.samples, self.rng))
        return self.family.draw(self._provider(draw), draw.ask, self.rng)

    def records(self, draw: Draw) -> NDArray[Any]:
        """The samples themselves."""
        if draw.kind == ARCHIVE:
            archive = self.archives[draw.number].records
            assert archive is not None
            return subset(archive, draw.ask.samples, self.rng)
        return self.family.records(self._provider(draw), draw.ask, self.rng)

    def _provider(self, draw: Draw) -> Any:
        return self.real if draw.kind == FRESH else self.models[draw.number]


class _Batches:
    """Keeps the evidence of the last batches: replace and window."""

    def __init__(self, family: Family[Any, Any], window: int) -> None:
        self._family = family
        self._batches: deque[Any] = deque(maxlen=window)

    def keep(self, draws: Sequence[Draw], drawn: _Drawn) -> Any:
        parts = [drawn.evidence(draw) for draw in draws]
        self._batches.append(self._family.combine(parts, [draw.weight for draw in draws]))
        if len(self._batches) == 1:
            return self._batches[0]
        return self._family.combine(list(self._batches), [1.0] * len(self._batches))


class _Pool:
    """Keeps what every sample told: accumulate."""

    def __init__(self, family: Family[Any, Any]) -> None:
        self._family = family
        self._pool: Any = None

    def keep(self, draws: Sequence[Draw], drawn: _Drawn) -> Any:
        parts = [drawn.evidence(draw) for draw in draws]
        weights = [draw.weight for draw in draws]
        if self._pool is not None:
            parts, weights = [self._pool, *parts], [1.0, *weights]
        self._pool = self._family.combine(parts, weights)
        return self._pool


class _Records:
    """Keeps every sample, and trains on a draw from them: accumulate-subsample."""

    def __init__(self, family: Family[Any, Any], role: Role, generations: int) -> None:
        self._family, self._role = family, role
        started = sum(draw.ask.samples for draw in role.first)
        self._room = started + generations * sum(draw.ask.samples for draw in role.later)
        self._pool: NDArray[Any] | None = None
        self._weights = np.ones(self._room)
        self._held = 0

    def keep(self, draws: Sequence[Draw], drawn: _Drawn) -> Any:
        first = self._held == 0
        for draw in draws:
            records = drawn.records(draw)
            if self._pool is None:
                shape = (records.shape[0], self._room, *records.shape[2:])
                self._pool = np.empty(shape, dtype=records.dtype)
            end = self._held + draw.ask.samples
            self._pool[:, self._held : end] = records
            self._weights[self._held : end] = draw.weight
            self._held = end
        assert self._pool is not None
        pool = self._pool[:, : self._held]
        even = bool((self._weights[: self._held] == 1).all())
        if first:
            weights = None if even else np.tile(self._weights[: self._held], (len(pool), 1))
            return self._family.tell(pool, weights)
        chosen = places(len(pool), self._held, min(self._role.budget, self._held), drawn.rng)
        return self._family.tell(_taken(pool, chosen), None if even else self._weights[chosen])


def _keeper(
    cast: Cast, role: Role, family: Family[Any, Any], generations: int
) -> _Batches | _Pool | _Records:
    if cast.subsamples:
        return _Records(family, role, 0 if role.frozen else generations)
    return _Pool(family) if cast.pools else _Batches(family, cast.window)


def subset(records: NDArray[Any], samples: int, rng: Generator) -> NDArray[Any]:
    """(replicates, samples, ...) of the records of each replicate, drawn without replacement."""
    if samples == records.shape[1]:
        return records
    return _taken(records, places(len(records), records.shape[1], samples, rng))


def places(replicates: int, held: int, samples: int, rng: Generator) -> NDArray[np.intp]:
    """(replicates, samples) different places among `held`, each set of places equally likely."""
    if held <= SORTED_UP_TO:
        keys = rng.random((replicates, held))
        return np.argpartition(keys, samples - 1, axis=1)[:, :samples]
    return np.stack([rng.choice(held, samples, replace=False, shuffle=False) for _ in range(replicates)])


def _taken(records: NDArray[Any], chosen: NDArray[np.intp]) -> NDArray[Any]:
    return records[np.arange(len(records))[:, None], chosen]
