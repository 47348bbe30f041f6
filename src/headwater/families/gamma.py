"""Gamma waiting times of known shape, whose mean is fitted."""

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


@dataclass(frozen=True, slots=True)
class Gamma:
    """Gamma of known `shape` and population mean `mean`; the variance is mean²/shape.

    The risk of a closed loop grows exponentially, carried by ever fewer replicates, while the
    typical mean shrinks at an exponential rate. Below the smallest double a mean becomes 0: it
    then counts as extinct and stays.

    Raises
    ------
    FamilyError
        If a parameter is not a number from 1e-50 to 1e50.
    """

    mean: float
    shape: float
    name: ClassVar[str] = "gamma"
    emissions: ClassVar[frozenset[str]] = frozenset()
    weights: ClassVar[bool] = True

    def __post_init__(self) -> None:
        means.checked(self.name, laws.gamma, self.mean, self.shape)

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
        return laws.gamma(self.mean, self.shape)

    def truth(self, replicates: int) -> Mean:
        """The population's mean."""
        return means.population(self.mean, replicates)

    def draw(self, model: Mean, ask: Ask, rng: Generator) -> Sums:
        """The sum of n of them is gamma too, of n times the shape."""
        return Sums(float(ask.samples), waits(model.mean, self.shape, ask.samples, rng))

    def records(self, model: Mean, ask: Ask, rng: Generator) -> Array:
        """(replicates, samples) waiting times."""
        return waits(means.repeated(model, ask.samples), self.shape, 1, rng)

    def tell(self, records: NDArray[Any], weights: Array | None = None) -> Sums:
        """Weighted sums of given waiting times."""
        return means.tell(records, weights)

    def combine(self, parts: Sequence[Sums], weights: Sequence[float]) -> Sums:
        """Sums of sums."""
        return means.combine(parts, weights)

    def fit(self, evidence: Sums, rng: Generator) -> Mean:
        """The sample mean."""
        return means.fit(evidence)

    def measure(self, model: Mean, name: str) -> Array:
        """(replicates,) one of `measures`."""
        return means.measure(model, name, self.mean, lambda mean: mean**2 / self.shape)

    def size(self, samples: int) -> float:
        """Sums and a mean."""
        return means.NUMBERS


def waits(mean: Array, shape: float, samples: int, rng: Generator) -> Array:
    """Sums of so many gamma variables of given means and one shape."""
    return np.asarray(rng.standard_gamma(samples * shape, size=mean.shape) * (mean / shape))
