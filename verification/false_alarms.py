"""False alarms of the monitor, counted on streams whose truth is known, beside tests that are too greedy.

Thousands of streams run at once through the lines that the monitor runs; hundreds go through the
monitor as a user calls it. Each draws its own reference. A count is held to an exact binomial bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.stats import binom, norm

from headwater.monitoring.evidence import Evidence, log_wealth, log_wealth_of_counts
from headwater.monitoring.limits import Measured, Tolerance, limits
from headwater.monitoring.monitor import REFERENCE_SHARE, Monitor
from headwater.monitoring.values import Settings
from headwater.samples.values import Array, Sample

SEED = 20_260_611
NONE = Tolerance(relative=0.0, absolute=0.0, shift=0.0)
"""Everything worse is too much."""

CHANCE = 1e-6
"""Of refusing a monitor that keeps its word, for each count."""

Draw = Callable[[Generator, tuple[int, ...]], Array]


@dataclass(frozen=True)
class Harm:
    """Harms of one metric on healthy data: how they are drawn, and their true mean."""

    measured: Measured
    sides: int
    draw: Draw
    mean: float


HARMS = (
    Harm("loss", 4, lambda rng, shape: (rng.random(shape) >= 0.05).astype(float), 0.95),
    Harm("rise", 1, lambda rng, shape: (rng.random(shape) < 0.02).astype(float), 0.02),
    Harm("loss", 1, lambda rng, shape: 1 - rng.beta(2, 4, shape), 2 / 3),
    Harm("shift", 2, lambda rng, shape: rng.beta(2, 2, shape), 0.5),
)
"""Tails in four directions, hallucinations, spread, location."""


@dataclass(frozen=True)
class Streams:
    """A monitor of several metrics and models, many times over.

    Attributes
    ----------
    heldout
        Rows of real data that say what healthy is: half of a reference.
    rows
        Of a generation.
    tolerance
        0 is the hardest: healthy is then at the very limit.
    """

    streams: int
    alpha: float = 0.01
    generations: int = 30
    models: int = 3
    heldout: int = 100
    rows: int = 200
    tolerance: Tolerance = NONE
    harms: tuple[Harm, ...] = HARMS


@dataclass(frozen=True)
class Count:
    """Streams with any alarm, and the most there can be at a chance of `CHANCE` if alpha holds."""

    what: str
    streams: int
    rung: int
    alpha: float
    greedy: bool = False

    @property
    def allowed(self) -> int:
        """Exact binomial bound."""
        return int(binom.isf(CHANCE, self.streams, self.alpha))

    @property
    def right(self) -> bool:
        """Within the bound; a greedy one must be beyond it."""
        return (self.rung > self.allowed) is self.greedy


def count(plan: Streams, seed: int = SEED) -> Iterator[Count]:
    """Of the monitor and of two twins on the same draws.

    The first twin takes the means of the held-out rows for the truth. The second knows the truth, and
    tests every generation anew, at alpha divided by metrics and models, but not by generations.
    """
    rng = np.random.default_rng(seed)
    rung: dict[str, NDArray[np.bool_]] = {
        name: np.zeros(plan.streams, bool) for name in ("monitor", "trusting", "greedy")
    }
    for harm in plan.harms:
        heldout = harm.draw(rng, (plan.heldout, plan.streams * harm.sides))
        error = REFERENCE_SHARE * plan.alpha / len(plan.harms) / harm.sides
        bounds = {
            "monitor": limits(heldout, harm.measured, plan.tolerance, error),
            "trusting": heldout.mean(axis=0),
        }
        for model in range(plan.models):
            share = (1 - REFERENCE_SHARE) * Settings().weight(model + 1) / len(plan.harms)
            values = [harm.draw(rng, (plan.streams, plan.rows, harm.sides)) for _ in range(plan.generations)]
            for name, bound in bounds.items():
                limit = bound.reshape(plan.streams, harm.sides)
                rung[name] |= _ever(values, limit, -math.log(plan.alpha * share))
            rung["greedy"] |= _greedy(values, harm.mean, plan.alpha / len(plan.harms) / plan.models)
    about = (
        f"{len(plan.harms)} metrics, {plan.models} models, {plan.generations} generations of {plan.rows} rows"
    )
    names = {
        "monitor": f"the monitor, healthy at the very limit: {about}",
        "trusting": "the same, with the held-out means taken for the truth",
        "greedy": "a test of each generation anew, which knows the truth",
    }
    for name, each in rung.items():
        yield Count(names[name], plan.streams, int(each.sum()), plan.alpha, name != "monitor")


def count_known(streams: int, alpha: float = 0.05, checks: int = 60, seed: int = SEED) -> Count:
    """One metric and model with a known limit, at the very limit: nothing of alpha is spent elsewhere."""
    rng, rows, mean = np.random.default_rng(seed), 100, 0.3
    evidence, ever = Evidence.none(1, (streams,)), np.zeros(streams, bool)
    for _ in range(checks):
        ones = rng.binomial(rows, mean, (streams, 1))
        gains = log_wealth_of_counts(ones, np.full((streams, 1), rows), np.array([mean]))
        evidence = evidence.after(gains)
        ever |= evidence.log_e >= -math.log(alpha)
    what = f"one metric and model whose healthy mean is known, {checks} generations of {rows} rows"
    return Count(what, streams, int(ever.sum()), alpha)


def _ever(values: list[Array], limit: Array, log_threshold: float) -> NDArray[np.bool_]:
    """Streams where evidence ever reaches the threshold."""
    evidence = Evidence.none(limit.shape[-1], limit.shape[:1])
    ever = np.zeros(len(limit), bool)
    for each in values:
        evidence = evidence.after(log_wealth(each, limit))
        ever |= evidence.log_e >= log_threshold
    return ever


def _greedy(values: list[Array], mean: float, error: float) -> NDArray[np.bool_]:
    """Streams where the mean of any generation is too high for a test of fixed size.

    Exact for indicators, else by the normal approximation.
    """
    ever = np.zeros(len(values[0]), bool)
    for each in values:
        rows, sides = each.shape[1:]
        sums = each.sum(axis=1)
        if ((each == 0) | (each == 1)).all():
            chance = binom.sf(sums - 1, rows, mean)
        else:
            chance = norm.sf((sums / rows - mean) / (each.std(axis=1) / rows**0.5))
        ever |= (chance <= error / sides).any(axis=1)
    return ever


@dataclass(frozen=True)
class World:
    """Healthy samples as a user has them."""

    name: str
    draw: Callable[[Generator, int], Sample]


def _zipf(rng: Generator, shape: tuple[int, ...], size: int) -> NDArray[np.object_]:
    """Words of which the k-th is drawn with a chance proportional to 1 / k."""
    weights = 1 / np.arange(1, size + 1)
    words = np.array([f"w{number}" for number in range(size)], object)
    return rng.choice(words, shape, p=weights / weights.sum())


def _documents(rng: Generator, rows: int) -> Sample:
    return Sample.of([" ".join(words) for words in _zipf(rng, (rows, 12), 1000)], "text")


NORMAL = World("normal samples", lambda rng, rows: Sample.of(rng.normal(size=(rows, 2))))
LABELS = World("Zipf labels", lambda rng, rows: Sample.of(_zipf(rng, (rows,), 300), "categorical"))
WORDS = World("texts of Zipf words", _documents)


def count_monitors(
    streams: int, world: World, rows: int = 200, generations: int = 10, seed: int = SEED
) -> Count:
    """Healthy samples of two models, through `Monitor`, each stream with its own reference; no tolerance."""
    rung = 0
    for stream in range(streams):
        rng = np.random.default_rng([seed, stream])
        monitor = Monitor(world.draw(rng, 200), tolerance=NONE, seed=stream)
        for generation in range(generations):
            for model in ("first", "second"):
                monitor.check(generation, world.draw(rng, rows), model)
        rung += bool(monitor.alarms)
    about = f"a reference of 200, 2 models, {generations} generations of {rows}; no tolerance"
    return Count(f"`Monitor` on {world.name}: {about}", streams, rung, 0.01)
