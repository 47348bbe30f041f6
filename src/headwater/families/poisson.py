"""Poisson counts, whose mean is fitted."""

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

EXACT = 1e12
"""Largest mean of a Poisson that the generator draws without losing digits."""


@dataclass(frozen=True, slots=True)
class Poisson:
    r"""Poisson counts of population mean `mean`.

    The variance is the mean. A closed loop that happens to emit only zeros has mean 0 and stays
    there: after k fits, counted from the first, on n samples each a chance
    :math:`e^{-n\,\mathrm{mean}\,g_k}` with :math:`g_1 = 1`, :math:`g_{k+1} = 1 - e^{-g_k}` [suresh2024rate]_.

    Raises
    ------
    FamilyError
        If the mean is not a number from 1e-50 to 1e50.
    """

    mean: float
    name: ClassVar[str] = "poisson"
    emissions: ClassVar[frozenset[str]] = frozenset()
    weights: ClassVar[bool] = True

    def __post_init__(self) -> None:
        means.checked(self.name, laws.poisson, self.mean)

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
        return laws.poisson(self.mean)

    def truth(self, replicates: int) -> Mean:
        """The population's mean."""
        return means.population(self.mean, replicates)

    def draw(self, model: Mean, ask: Ask, rng: Generator) -> Sums:
        """The sum of n counts is Poisson of n times the mean."""
        return Sums(float(ask.samples), counts(ask.samples * model.mean, rng))

    def records(self, model: Mean, ask: Ask, rng: Generator) -> Array:
        """(replicates, samples) counts."""
        return counts(means.repeated(model, ask.samples), rng)

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
        return means.measure(model, name, self.mean, lambda mean: mean)

    def size(self, samples: int) -> float:
        """Sums and a mean."""
        return means.NUMBERS


def counts(rate: Array, rng: Generator) -> Array:
    """Poisson counts of given means, as float64.

    Above `EXACT` they are rounded normals of the same mean and variance, whose distribution
    function is within 1e-6 of the Poisson's.
    """
    drawn = rng.poisson(np.minimum(rate, EXACT)).astype(float)
    large = rate > EXACT
    if large.any():
        drawn[large] = np.rint(rng.normal(rate[large], np.sqrt(rate[large])))
    return drawn
