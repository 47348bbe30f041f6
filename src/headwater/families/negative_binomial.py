"""Overdispersed counts of known shape, whose mean is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.random import Generator
from numpy.typing import NDArray

from headwater.families import means
from headwater.families.contract import Array, Ask, Measure
from headwater.families.gamma import waits
from headwater.families.means import Mean, Sums
from headwater.families.poisson import counts
from headwater.theory import laws


@dataclass(frozen=True, slots=True)
class NegativeBinomial:
    """Poisson counts whose rates are gamma of known `shape`; population mean `mean`.

    The variance is mean + mean²/shape. Mean 0 is never left; what becomes of one that explodes
    is said at `Gamma` and `Poisson`.

    Raises
    ------
    FamilyError
        If a parameter is not a number from 1e-50 to 1e50.
    """

    mean: float
    shape: float
    name: ClassVar[str] = "negative-binomial"
    emissions: ClassVar[frozenset[str]] = frozenset()
    weights: ClassVar[bool] = True

    def __post_init__(self) -> None:
        means.checked(self.name, laws.negative_binomial, self.mean, self.shape)

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
        return laws.negative_binomial(self.mean, self.shape)

    def truth(self, replicates: int) -> Mean:
        """The population's mean."""
        return means.population(self.mean, replicates)

    def draw(self, model: Mean, ask: Ask, rng: Generator) -> Sums:
        """The sum of n counts is Poisson, its rate the sum of n gamma rates."""
        return Sums(float(ask.samples), counts(waits(model.mean, self.shape, ask.samples, rng), rng))

    def records(self, model: Mean, ask: Ask, rng: Generator) -> Array:
        """(replicates, samples) counts."""
        return counts(waits(means.repeated(model, ask.samples), self.shape, 1, rng), rng)

    def tell(self, records: NDArray[Any], weights: Array | None = None) -> Sums:
        """Weighted sums of given counts."""
        return means.tell(records, weights)

    def combine(self, parts: Sequence[Sums], weights: Sequence[float]) -> Sums:
        """Sums of sums."""
        return means.combine(parts, weights)

    def fit(self, evidence: Sums, rng: Generator) -> Mean:
        """The sample mean."""
        return means.fit(evidence)

    def measure(self, model: Mean, name: str) -> Array:
        """(replicates,) one of `measures`."""
        return means.measure(model, name, self.mean, lambda mean: mean + mean**2 / self.shape)

    def size(self, samples: int) -> float:
        """Sums and a mean."""
        return means.NUMBERS
