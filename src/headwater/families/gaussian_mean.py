"""Normal samples of known variance, whose mean is fitted."""

from __future__ import annotations

import math
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


@dataclass(frozen=True, slots=True)
class GaussianMean:
    """Normal with mean 0 in the population and known standard deviation `noise`.

    The variance is never fitted and never lost: only the mean wanders. The simplest family there
    is, and the one that large samples of any other look like.

    Raises
    ------
    FamilyError
        If noise is not a number from 1e-50 to 1e50.
    """

    noise: float = 1.0
    name: ClassVar[str] = "gaussian-mean"
    emissions: ClassVar[frozenset[str]] = frozenset({"variance"})
    weights: ClassVar[bool] = True

    def __post_init__(self) -> None:
        means.checked(self.name, laws.gaussian_mean, self.noise)

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Risk and mean."""
        return MEASURES

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The standard deviation."""
        return {"noise": self.noise}

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
        return laws.gaussian_mean(self.noise)

    def truth(self, replicates: int) -> Mean:
        """Mean 0."""
        return means.population(0.0, replicates)

    def draw(self, model: Mean, ask: Ask, rng: Generator) -> Sums:
        """The sum of n samples is normal."""
        spread = self.noise * math.sqrt(ask.emission.variance * ask.samples)
        return Sums(float(ask.samples), rng.normal(ask.samples * model.mean, spread))

    def records(self, model: Mean, ask: Ask, rng: Generator) -> Array:
        """(replicates, samples) samples."""
        spread = self.noise * math.sqrt(ask.emission.variance)
        return np.asarray(rng.normal(means.repeated(model, ask.samples), spread))

    def tell(self, records: NDArray[Any], weights: Array | None = None) -> Sums:
        """Weighted sums of given samples."""
        return means.tell(records, weights)

    def combine(self, parts: Sequence[Sums], weights: Sequence[float]) -> Sums:
        """Sums of sums."""
        return means.combine(parts, weights)

    def fit(self, evidence: Sums, rng: Generator) -> Mean:
        """The sample mean."""
        return means.fit(evidence, least=-means.LARGEST)

    def measure(self, model: Mean, name: str) -> Array:
        """(replicates,) one of `measures`."""
        return means.measure(model, name, 0.0, lambda mean: np.full_like(mean, self.noise**2))

    def size(self, samples: int) -> float:
        """Sums and a mean."""
        return means.NUMBERS


MEASURES = {"risk": means.RISK, "mean": means.MEAN}
