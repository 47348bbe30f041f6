"""Models that really train on each other's samples, one record at a time.

Here live the families (how to draw records, how to fit them) and `simulate`, which keeps
actual arrays of records: archives, batches, pools. Vectorised over replicates and over
nothing else. No law and no expected value is here; those are in `recursions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from headwater.graph import InteractionGraph
from headwater.regimes import Accumulate, AccumulateSubsample, Regime, Replace, Window

Array = NDArray[np.float64]


class Family(Protocol):
    """What is estimated: how records are drawn from a parameter, and how it is fitted to them."""

    @property
    def truth(self) -> Array:
        """(width,) the parameter of the real data."""

    def draw(self, parameter: Array, count: int, rng: Generator) -> Array:
        """(replicates, count, record) records, from a (replicates, width) parameter."""

    def fit(self, records: Array, weights: Array) -> Array:
        """(replicates, width) parameter that minimises the weighted loss."""


def weighted_mean(records: Array, weights: Array) -> Array:
    """(replicates, record) mean of (replicates, count, record) with (replicates, count) weights."""
    total: Array = (weights[:, :, None] * records).sum(1)
    return total / weights.sum(1)[:, None]


@dataclass(frozen=True)
class NormalMean:
    """Normal with known variance."""

    mean: float = 0.0
    variance: float = 1.0

    @property
    def truth(self) -> Array:
        return np.array([self.mean])

    def draw(self, parameter: Array, count: int, rng: Generator) -> Array:
        return rng.normal(parameter[:, None, :], self.variance**0.5, (len(parameter), count, 1))

    fit = staticmethod(weighted_mean)


@dataclass(frozen=True)
class Poisson:
    """Counts of mean m: variance m."""

    mean: float

    @property
    def truth(self) -> Array:
        return np.array([self.mean])

    def draw(self, parameter: Array, count: int, rng: Generator) -> Array:
        return rng.poisson(parameter[:, None, :], (len(parameter), count, 1)).astype(float)

    fit = staticmethod(weighted_mean)


@dataclass(frozen=True)
class Binomial:
    """Successes in `trials`, mean m: variance m - m²/trials. One trial is Bernoulli."""

    mean: float
    trials: int = 1

    @property
    def truth(self) -> Array:
        return np.array([self.mean])

    def draw(self, parameter: Array, count: int, rng: Generator) -> Array:
        chance = np.clip(parameter / self.trials, 0.0, 1.0)  # a weighted mean may exceed 1 by rounding
        return rng.binomial(self.trials, chance[:, None, :], (len(parameter), count, 1)).astype(float)

    fit = staticmethod(weighted_mean)


def Bernoulli(mean: float) -> Binomial:
    """One trial."""
    return Binomial(mean, 1)


@dataclass(frozen=True)
class Gamma:
    """Gamma of known shape, mean m: variance m²/shape. Shape 1 is exponential."""

    mean: float
    shape: float = 1.0

    @property
    def truth(self) -> Array:
        return np.array([self.mean])

    def draw(self, parameter: Array, count: int, rng: Generator) -> Array:
        return rng.gamma(self.shape, parameter[:, None, :] / self.shape, (len(parameter), count, 1))

    fit = staticmethod(weighted_mean)


def Exponential(mean: float) -> Gamma:
    """Shape 1."""
    return Gamma(mean, 1.0)


@dataclass(frozen=True)
class NegativeBinomial:
    """Poisson whose rate is gamma of known shape, mean m: variance m + m²/shape."""

    mean: float
    shape: float

    @property
    def truth(self) -> Array:
        return np.array([self.mean])

    def draw(self, parameter: Array, count: int, rng: Generator) -> Array:
        size = (len(parameter), count, 1)
        return rng.poisson(rng.gamma(self.shape, parameter[:, None, :] / self.shape, size)).astype(float)

    fit = staticmethod(weighted_mean)


@dataclass(frozen=True)
class Gaussian:
    """Normal whose mean and variance are both fitted; the parameter is (mean, variance).

    With weights ω the squares are divided by Σω - ddof Σω²/Σω, which is count - ddof for
    equal weights and does not change the variance when all weights are doubled.
    """

    ddof: int
    mean: float = 0.0
    variance: float = 1.0

    @property
    def truth(self) -> Array:
        return np.array([self.mean, self.variance])

    def draw(self, parameter: Array, count: int, rng: Generator) -> Array:
        mean, variance = parameter[:, None, :1], parameter[:, None, 1:]
        return rng.normal(mean, np.sqrt(variance), (len(parameter), count, 1))

    def fit(self, records: Array, weights: Array) -> Array:
        mean = weighted_mean(records, weights)
        squares = (weights * (records[:, :, 0] - mean) ** 2).sum(1)
        total = weights.sum(1)
        variance = squares / (total - self.ddof * (weights**2).sum(1) / total)
        return np.stack([mean[:, 0], variance], axis=1)


@dataclass(frozen=True)
class LeastSquares:
    """y = x'θ + σε with x ~ N(0, I) and true θ = 0; a record is (x, y)."""

    features: int
    sigma: float = 1.0

    @property
    def truth(self) -> Array:
        return np.zeros(self.features)

    def draw(self, parameter: Array, count: int, rng: Generator) -> Array:
        x = rng.standard_normal((len(parameter), count, self.features))
        y = np.einsum("rnd,rd->rn", x, parameter) + self.sigma * rng.standard_normal(x.shape[:2])
        return np.concatenate([x, y[:, :, None]], axis=2)

    def fit(self, records: Array, weights: Array) -> Array:
        x, y = records[:, :, :-1], records[:, :, -1:]
        weighted = (weights[:, :, None] * x).transpose(0, 2, 1)
        solved: Array = np.linalg.solve(weighted @ x, weighted @ y).astype(np.float64, copy=False)
        return solved[:, :, 0]


@dataclass(frozen=True)
class Categorical:
    """Symbols 0, 1, 2, ... of a vocabulary; a record is one symbol, symbol 0 is the one watched."""

    probabilities: tuple[float, ...]

    @property
    def truth(self) -> Array:
        return np.array(self.probabilities)

    def draw(self, parameter: Array, count: int, rng: Generator) -> Array:
        below = np.cumsum(parameter, axis=1)[:, None, :-1]
        uniform = rng.random((len(parameter), count, 1))
        return (uniform >= below).sum(2, keepdims=True).astype(np.float64)

    def fit(self, records: Array, weights: Array) -> Array:
        symbols = np.arange(len(self.probabilities))
        return weighted_mean((records == symbols).astype(float), weights)


@dataclass(frozen=True)
class Batch:
    """Records a model got at once, and what each weighs in its loss."""

    records: Array  # (replicates, count, record)
    weights: Array  # (replicates, count)


def simulate(
    graph: InteractionGraph,
    family: Family,
    regime: Regime,
    generations: int,
    replicates: int,
    rng: Generator,
) -> dict[str, Array]:
    """Play the whole history, `replicates` times over.

    Returns
    -------
    dict
        Arrays (replicates, generations + 1, models): ``error`` (of the first coordinate of
        the parameter: the mean), ``risk`` (squared norm of the error of all coordinates,
        for `Gaussian` of the mean). `Gaussian` adds ``variance``; `Categorical` adds
        ``diversity`` (Gini-Simpson) and ``absent`` (1 where symbol 0 was not seen).
        ``parameter`` has one more axis, the width.
    """
    if graph.external.any():
        raise ValueError("an external model cannot be simulated: nobody knows its error")
    keeps_pool = isinstance(regime, Accumulate | AccumulateSubsample)
    models = list(graph.models)
    real = np.tile(family.truth, (replicates, 1))
    archives = {
        source.name: family.draw(real, int(source.size or 0), rng)
        for source in graph.sources
        if source.sampling == "fixed"
    }
    fitted = np.empty((replicates, generations + 1, len(models), len(family.truth)))
    received: list[list[Batch]] = []
    for at in range(len(models)):
        received.append([_first_batch(graph, at, keeps_pool, family, real, archives, rng)])
        everything = received[at][0]
        fitted[:, 0, at] = family.fit(everything.records, everything.weights)
    for generation in range(1, generations + 1):
        before = fitted[:, generation - 1]
        for at, model in enumerate(models):
            if model.frozen:
                fitted[:, generation, at] = before[:, at]
                continue
            received[at].append(_next_batch(graph, at, keeps_pool, family, before, real, archives, rng))
            budget = sum(flow.samples or 0 for flow in graph.flows if flow.model == model.name)
            training = _training_set(received[at], regime, budget, rng)
            fitted[:, generation, at] = family.fit(training.records, training.weights)
    return _measure(family, fitted)


def _first_batch(
    graph: InteractionGraph,
    at: int,
    keeps_pool: bool,
    family: Family,
    real: Array,
    archives: dict[str, Array],
    rng: Generator,
) -> Batch:
    """Generation 0: the initial samples; where a pool is kept, also the archives it will reuse."""
    model = list(graph.models)[at]
    flows = [flow for flow in graph.flows if flow.model == model.name]
    parts = []
    for source, count in model.initial.items():
        if source in archives:
            parts.append(_batch(_without_replacement(archives[source], count, rng), 1.0))
        else:
            parts.append(_batch(family.draw(real, count, rng), 1.0))
    fresh = 0 if model.initial else sum(flow.samples or 0 for flow in flows)
    if keeps_pool:
        for flow in flows:
            if flow.provider in archives and flow.provider not in model.initial:
                count = flow.samples or 0
                drawn = _without_replacement(archives[flow.provider], count, rng)
                parts.append(_batch(drawn, flow.weight))
                fresh -= 0 if model.initial else count
    if fresh:
        parts.append(_batch(family.draw(real, fresh, rng), 1.0))
    return _union(parts)


def _next_batch(
    graph: InteractionGraph,
    at: int,
    keeps_pool: bool,
    family: Family,
    before: Array,
    real: Array,
    archives: dict[str, Array],
    rng: Generator,
) -> Batch:
    """What the flows bring; an archive brings nothing new to a pool that has it."""
    parts = [_batch(family.draw(real, 0, rng), 1.0)]
    for flow in graph.flows:
        count = flow.samples or 0
        if flow.model != graph.model_names[at]:
            continue
        if flow.provider in graph.model_index:
            records = family.draw(before[:, graph.model_index[flow.provider]], count, rng)
        elif flow.provider not in archives:
            records = family.draw(real, count, rng)
        elif not keeps_pool:
            records = _without_replacement(archives[flow.provider], count, rng)
        else:
            continue
        parts.append(_batch(records, flow.weight))
    return _union(parts)


def _training_set(received: list[Batch], regime: Regime, budget: int, rng: Generator) -> Batch:
    match regime:
        case Replace():
            return received[-1]
        case Window():
            return _union(received[-regime.generations :])
        case Accumulate():
            return _union(received)
        case AccumulateSubsample():
            pool = _union(received)
            count = min(budget, pool.records.shape[1])
            chosen = _choice(pool.records.shape[:2], count, rng)
            return Batch(
                np.take_along_axis(pool.records, chosen[:, :, None], 1),
                np.take_along_axis(pool.weights, chosen, 1),
            )


def _choice(shape: tuple[int, int], count: int, rng: Generator) -> NDArray[np.intp]:
    """(replicates, count) places in a pool, each set of places equally likely."""
    order = rng.random(shape).argsort(axis=1)
    return order[:, :count]


def _without_replacement(archive: Array, count: int, rng: Generator) -> Array:
    return np.take_along_axis(archive, _choice(archive.shape[:2], count, rng)[:, :, None], 1)


def _batch(records: Array, weight: float) -> Batch:
    return Batch(records, np.full(records.shape[:2], weight))


def _union(parts: list[Batch]) -> Batch:
    return Batch(
        np.concatenate([part.records for part in parts], axis=1),
        np.concatenate([part.weights for part in parts], axis=1),
    )


def _measure(family: Family, fitted: Array) -> dict[str, Array]:
    error = fitted - family.truth
    result = {"parameter": fitted, "error": error[..., 0], "risk": (error**2).sum(-1)}
    if isinstance(family, Gaussian):
        result |= {"risk": error[..., 0] ** 2, "variance": fitted[..., 1]}
    if isinstance(family, Categorical):
        result |= {"diversity": 1 - (fitted**2).sum(-1), "absent": (fitted[..., 0] == 0).astype(float)}
    return result
