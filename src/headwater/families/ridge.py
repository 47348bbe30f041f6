"""Linear regression with a ridge penalty; everything but the fit is least squares."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from headwater.errors import FamilyError
from headwater.families.contract import Array, Ask, Measure
from headwater.families.covariates import Coefficients, Covariates, Table, real_labels, solve_normal, truth_of
from headwater.families.least_squares import LINEAR_MEASURES, LeastSquares, Normal, measure_linear


@dataclass(frozen=True, slots=True, eq=False)
class Ridge:
    r"""Labels :math:`y = x^\top\theta + \sigma\varepsilon`, fitted with a penalty on the coefficients.

    The fit minimises :math:`\sum_i \omega_i (y_i - x_i^\top\theta)^2 + \alpha\|\theta\|^2`: the
    penalty α does not grow with the number of samples, and an intercept is not penalised, both as
    in scikit-learn. Risk as for `LeastSquares`: the excess squared prediction error. Every
    generation shrinks again what the one before has shrunk.

    Parameters
    ----------
    features, noise, covariates
        As for `LeastSquares`.
    penalty
        α, above 0.
    coefficients
        (p,) of the truth, which must be given: at zero, where least squares has it, the penalty
        pulls towards the truth. Left out where a table has real labels; the truth then is the
        ridge fit on the whole table.

    Raises
    ------
    FamilyError
        If a parameter cannot be right.
    """

    features: int
    penalty: float
    noise: float = 1.0
    covariates: Covariates | None = None
    coefficients: Array | None = None
    base: LeastSquares = field(init=False, repr=False)
    target: Array = field(init=False, repr=False)
    name: ClassVar[str] = "ridge"
    emissions: ClassVar[frozenset[str]] = LeastSquares.emissions
    weights: ClassVar[bool] = True

    def __post_init__(self) -> None:
        number = isinstance(self.penalty, int | float | np.integer | np.floating) and not isinstance(
            self.penalty, bool
        )
        if not number or not 0 < self.penalty < math.inf:
            raise FamilyError(
                f"penalty is {self.penalty!r:.60}", "a number above 0; without one, use LeastSquares"
            )
        base = LeastSquares(self.features, self.noise, self.covariates, self.coefficients)
        object.__setattr__(self, "base", base)
        labels = real_labels(base.rows)
        if labels is None or not isinstance(base.rows, Table):
            object.__setattr__(self, "target", truth_of(base.rows, self.coefficients))
            return
        design = base.rows.design
        values, _ = self._solve((design.T @ design)[None], (design.T @ labels)[None])
        object.__setattr__(self, "target", values[0])

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Risk, size of the coefficients, failed fits."""
        return LINEAR_MEASURES

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Those of least squares, and the penalty."""
        return {**self.base.parameters, "coefficients": self.target, "penalty": self.penalty}

    @property
    def least_samples(self) -> int:
        """The penalty determines what samples do not."""
        return 1

    @property
    def unit_risk(self) -> float | None:
        """σ²p, as the penalty fades; None with real labels, whose large-sample fit is not the truth."""
        return None if real_labels(self.base.rows) is not None else self.base.unit_risk

    def law(self) -> None:
        """None is known."""
        return None

    def truth(self, replicates: int) -> Coefficients:
        """The truth's coefficients; with real labels, a model that emits these."""
        return self.base.truth(replicates)._replace(values=np.tile(self.target, (replicates, 1)))

    def draw(self, model: Coefficients, ask: Ask, rng: Generator) -> Normal:
        """As least squares."""
        return self.base.draw(model, ask, rng)

    def records(self, model: Coefficients, ask: Ask, rng: Generator) -> NDArray[Any]:
        """As least squares."""
        return self.base.records(model, ask, rng)

    def tell(self, records: NDArray[Any], weights: Array | None = None) -> Normal:
        """As least squares."""
        return self.base.tell(records, weights)

    def combine(self, parts: Sequence[Normal], weights: Sequence[float]) -> Normal:
        """As least squares."""
        return self.base.combine(parts, weights)

    def fit(self, evidence: Normal, rng: Generator) -> Coefficients:
        """Solve the penalised normal equations."""
        return Coefficients(*self._solve(evidence.gram, evidence.moment))

    def measure(self, model: Coefficients, name: str) -> Array:
        """(replicates,) one of `measures`."""
        return measure_linear(model, self.target, self.base.rows.second_moment, name)

    def size(self, samples: int) -> float:
        """As least squares."""
        return self.base.size(samples)

    def _solve(self, gram: Array, moment: Array) -> tuple[Array, NDArray[np.bool_]]:
        penalty = np.full(self.features, float(self.penalty))
        if isinstance(self.base.rows, Table) and self.base.rows.intercept:
            penalty[-1] = 0.0
        return solve_normal(gram + np.diag(penalty), moment)
