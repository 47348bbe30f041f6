"""Exponential waiting times, whose mean is fitted."""

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
from headwater.theory import laws


@dataclass(frozen=True, slots=True)
class Exponential:
    """Exponential of population mean `mean`: a gamma of shape 1, whose variance is mean².

    What becomes of a mean that vanishes or explodes is said at `Gamma`.

    Raises
    ------
    FamilyError
        If the mean is not a number from 1e-50 to 1e50.
    """

    mean: float
    name: ClassVar[str] = "exponential"
    emissions: ClassVar[frozenset[str]] = frozenset()
    weights: ClassVar[bool] = True

    def __post_init__(self) -> None:
        means.checked(self.name, laws.exponential, self.mean)

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Risk, mean, variance kept, extinction."""
        return means.MEASURES

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The population's mean."""
        return {"mean": self.mean}

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
        return laws.exponential(self.mean)

    def truth(self, replicates: int) -> Mean:
        """The population's mean."""
        return means.population(self.mean, replicates)

    def draw(self, model: Mean, ask: Ask, rng: Generator) -> Sums:
        """The sum of n of them is gamma of shape n."""
        return Sums(float(ask.samples), waits(model.mean, 1.0, ask.samples, rng))

    def records(self, model: Mean, ask: Ask, rng: Generator) -> Array:
        """(replicates, samples) waiting times."""
        return waits(means.repeated(model, ask.samples), 1.0, 1, rng)

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
        return means.measure(model, name, self.mean, lambda mean: mean**2)

    def size(self, samples: int) -> float:
        """Sums and a mean."""
        return means.NUMBERS
