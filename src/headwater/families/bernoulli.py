"""Yes or no, whose probability is fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.random import Generator
from numpy.typing import NDArray

from headwater.families import means
from headwater.families.binomial import successes
from headwater.families.contract import Array, Ask, Measure
from headwater.families.means import Mean, Sums
from headwater.theory import laws


@dataclass(frozen=True, slots=True)
class Bernoulli:
    """Ones with probability `mean`, else zeros.

    At 0 and at 1 all variance is lost for ever: a closed loop ends at 1 with chance `mean`
    [wright1931evolution]_.

    Raises
    ------
    FamilyError
        If the mean is not between 0 and 1.
    """

    mean: float
    name: ClassVar[str] = "bernoulli"
    emissions: ClassVar[frozenset[str]] = frozenset()
    weights: ClassVar[bool] = True

    def __post_init__(self) -> None:
        means.checked(self.name, laws.bernoulli, self.mean)

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
        return laws.bernoulli(self.mean)

    def truth(self, replicates: int) -> Mean:
        """The population's mean."""
        return means.population(self.mean, replicates)

    def draw(self, model: Mean, ask: Ask, rng: Generator) -> Sums:
        """The sum of n of them is binomial."""
        return Sums(float(ask.samples), successes(float(ask.samples), model.mean, rng))

    def records(self, model: Mean, ask: Ask, rng: Generator) -> Array:
        """(replicates, samples) zeros and ones."""
        return successes(1.0, means.repeated(model, ask.samples), rng)

    def tell(self, records: NDArray[Any], weights: Array | None = None) -> Sums:
        """Weighted sums of given zeros and ones."""
        return means.tell(records, weights)

    def combine(self, parts: Sequence[Sums], weights: Sequence[float]) -> Sums:
        """Sums of sums."""
        return means.combine(parts, weights)

    def fit(self, evidence: Sums, rng: Generator) -> Mean:
        """The share of ones."""
        return means.fit(evidence, most=1.0)

    def measure(self, model: Mean, name: str) -> Array:
        """(replicates,) one of `measures`."""
        return means.measure(model, name, self.mean, lambda mean: mean * (1 - mean), 1.0)

    def size(self, samples: int) -> float:
        """Sums and a mean."""
        return means.NUMBERS
