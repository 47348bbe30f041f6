"""Counts of successes among a known number of trials, whose mean is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from headwater.families import means
from headwater.families.contract import Array, Ask, Measure
from headwater.families.means import Mean, Sums
from headwater.theory import laws

EXACT = 1e15
"""Most trials that the generator draws without losing digits."""


@dataclass(frozen=True, slots=True)
class Binomial:
    """Successes among `shape` trials, of population mean `mean`.

    `mean` is that of the count, so a trial succeeds with chance mean/shape. At 0 and at `shape`
    all variance is lost for ever. With one trial, see `Bernoulli`.

    Raises
    ------
    FamilyError
        If shape is not a whole number, or the mean is not between 0 and it.
    """

    mean: float
    shape: float
    name: ClassVar[str] = "binomial"
    emissions: ClassVar[frozenset[str]] = frozenset()
    weights: ClassVar[bool] = True

    def __post_init__(self) -> None:
        means.checked(self.name, laws.binomial, self.mean, self.shape)

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Risk, mean, variance kept, extinction."""
        return means.MEASURES

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The population's mean, and the shape."""
        return {"mean": self.mean, "shape": self.shape}

    @property
    def least_samples(self) -> int:
        """One."""
        return 1

    @property
    def unit_risk(self) -> float:
        """The population's variance."""
        return self.law().variance

    def law(self) -> laws.QuadraticVariance:
        """Exact at every number of samples."""
        return laws.binomial(self.mean, self.shape)

    def truth(self, replicates: int) -> Mean:
        """The population's mean."""
        return means.population(self.mean, replicates)

    def draw(self, model: Mean, ask: Ask, rng: Generator) -> Sums:
        """The sum of n counts is binomial too, of n times the trials."""
        return Sums(
            float(ask.samples), successes(float(ask.samples) * self.shape, model.mean / self.shape, rng)
        )

    def records(self, model: Mean, ask: Ask, rng: Generator) -> Array:
        """(replicates, samples) counts."""
        return successes(self.shape, means.repeated(model, ask.samples) / self.shape, rng)

    def tell(self, records: NDArray[Any], weights: Array | None = None) -> Sums:
        """Weighted sums of given counts."""
        return means.tell(records, weights)

    def combine(self, parts: Sequence[Sums], weights: Sequence[float]) -> Sums:
        """Sums of sums."""
        return means.combine(parts, weights)

    def fit(self, evidence: Sums, rng: Generator) -> Mean:
        """The sample mean, at most the number of trials."""
        return means.fit(evidence, most=self.shape)

    def measure(self, model: Mean, name: str) -> Array:
        """(replicates,) one of `measures`."""
        return means.measure(model, name, self.mean, lambda mean: mean * (1 - mean / self.shape), self.shape)

    def size(self, samples: int) -> float:
        """Sums and a mean."""
        return means.NUMBERS


def successes(trials: float, chance: Array, rng: Generator) -> Array:
    """Binomial counts of given chances, as float64.

    With more than `EXACT` trials they are rounded normals of the same mean and variance: right
    where both outcomes are expected many times.
    """
    if trials <= EXACT:
        return rng.binomial(int(trials), chance).astype(float)
    spread = np.sqrt(trials * chance * (1 - chance))
    return np.clip(np.rint(rng.normal(trials * chance, spread)), 0.0, trials)
