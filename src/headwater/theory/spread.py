"""How the variance that a model emits follows from the moments of its own error.

This is all that tells the mean-fitting laws apart; `headwater.theory.windowed` and
`headwater.theory.pooled` carry the recursion that they share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from headwater.theory.system import Array


class Spread(Protocol):
    """Expected variance of what a model emits, given moments of its fit."""

    @property
    def variance(self) -> float:
        """The population's variance, in the law's units."""
        ...

    @property
    def exact(self) -> bool:
        """Whether it holds at every budget, rather than for large ones."""
        ...

    def within(self, error: Array, raw: Array, count: Array) -> Array:
        """(models,) expected variance within each model.

        Parameters
        ----------
        error : (models,)
            Second moment of the error of the model's mean.
        raw : (models,)
            Expected mean square, about the truth, of the records it was fitted on.
        count : (models,)
            How many records that were.
        """
        ...


@dataclass(frozen=True, slots=True)
class Quadratic:
    """Variance as a quadratic function of the mean: ``variance + curvature * error``.

    Morris' natural exponential families have no other [morris1982natural]_; curvature 0 with
    ``exact=False`` is the large-sample law of any regular estimator.
    """

    variance: float
    curvature: float
    exact: bool = True

    def within(self, error: Array, raw: Array, count: Array) -> Array:
        """Exact for the families; does not look at `raw` or `count`."""
        return self.variance + self.curvature * error


@dataclass(frozen=True, slots=True)
class Fitted:
    """Variance fitted beside the mean, with divisor ``count - ddof``."""

    variance: float
    ddof: int
    exact: bool = True

    def within(self, error: Array, raw: Array, count: Array) -> Array:
        """Expected sample variance of records with mean square `raw` and mean `error` about the truth."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return count / (count - self.ddof) * (raw - error)
