"""How many generations the monitor needs to ring, where a collapse was planted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from scipy.stats import chi2

from headwater.monitoring.monitor import Monitor
from headwater.samples.values import Array

SEED = 20_260_612
FEATURES = 4
REFERENCE = 4000
HEALTHY = 5
"""Generations before the collapse begins."""
LONGEST = 60
"""Generations of a collapse after which one gives up."""

Draw = Callable[[Generator, int, int], Array]
"""(rng, rows, generations of collapse, 0 for none) to (rows, features)."""


@dataclass(frozen=True)
class World:
    """A collapse: of the last of some models, with the others well."""

    name: str
    draw: Draw
    models: int = 1


def shrinking(factor: float) -> Draw:
    """Variance times this every generation."""
    return lambda rng, rows, age: rng.normal(size=(rows, FEATURES)) * factor ** (age / 2)


def tails_only(rng: Generator, rows: int, age: int) -> Array:
    """Of the outermost 5 % of rows four fifths survive each generation; what is lost comes from the bulk."""
    edge = chi2.isf(0.05, FEATURES)
    drawn = rng.normal(size=(3 * rows + 100, FEATURES))
    outer = (drawn**2).sum(axis=1) > edge
    return drawn[~outer | (rng.random(len(drawn)) < 0.8**age)][:rows]


WORLDS = (
    World("fast: variance × 0.8 a generation", shrinking(0.8)),
    World("slow: variance × 0.95 a generation", shrinking(0.95)),
    World("tails only: × 0.8 a generation of the outer 5 %", tails_only),
    World("one model of five: variance × 0.8 a generation", shrinking(0.8), models=5),
)


@dataclass(frozen=True)
class Delay:
    """What many runs of one world showed.

    Attributes
    ----------
    delays
        Generations of collapse seen when it first rang, 1 for the very first; infinite if it never did.
    first
        Metrics that rang first, with the number of runs.
    false
        Runs with an alarm on a healthy generation or model.
    checks
        Healthy samples that were checked.
    """

    world: World
    rows: int
    delays: tuple[float, ...]
    first: Counter[str] = field(default_factory=Counter)
    false: int = 0
    checks: int = 0

    def quantile(self, share: float) -> float:
        """Delay that this share of the runs needed at most."""
        return float(np.quantile(self.delays, share, method="inverted_cdf"))


def measure(world: World, rows: int, runs: int, seed: int = SEED) -> Delay:
    """Each run with its own reference and seed."""
    delays, first, false, checks = [], Counter[str](), 0, 0
    for run in range(runs):
        rng = np.random.default_rng([seed, rows, run])
        monitor = Monitor(rng.normal(size=(REFERENCE, FEATURES)), seed=run)
        delay, metrics, wrong, checked = _run(monitor, world, rows, rng)
        delays.append(delay)
        first.update(metrics)
        false += wrong
        checks += checked
    return Delay(world, rows, tuple(delays), first, false, checks)


def _run(
    monitor: Monitor, world: World, rows: int, rng: Generator
) -> tuple[float, tuple[str, ...], bool, int]:
    """Delay, metrics that rang first, whether anything healthy rang, and healthy samples."""
    wrong, checked = False, 0
    for generation in range(HEALTHY + LONGEST):
        age = max(generation - HEALTHY + 1, 0)
        for model in range(1, world.models + 1):
            ill = age > 0 and model == world.models
            sample = world.draw(rng, rows, age if ill else 0)
            check = monitor.check(generation, sample, f"model {model}")
            if ill and check.alarm:
                return age, tuple(alarm.metric for alarm in check.alarms), wrong, checked
            wrong |= check.alarm
            checked += not ill
    return np.inf, (), wrong, checked


def table(runs: int, sizes: tuple[int, ...] = (200, 1000, 5000)) -> Iterator[Delay]:
    """All worlds at all sizes."""
    for world in WORLDS:
        for rows in sizes:
            yield measure(world, rows, runs)
