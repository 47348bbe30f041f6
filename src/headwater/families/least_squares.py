"""Linear regression by least squares, from sufficient statistics."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from headwater.errors import FamilyError
from headwater.families.contract import Array, Ask, Measure
from headwater.families.covariates import (
    Coefficients,
    Covariates,
    GaussianDesign,
    Table,
    grams,
    real_labels,
    solve_normal,
    truth_of,
)
from headwater.families.gaussian import wishart_root
from headwater.theory import laws


class Normal(NamedTuple):
    """Normal equations: (replicates, p, p) weighted sums of x xᵀ, (replicates, p) of x y, and of weights."""

    gram: Array
    moment: Array
    mass: float | Array


@dataclass(frozen=True, slots=True, eq=False)
class LeastSquares:
    r"""Labels :math:`y = x^\top\theta + \sigma\varepsilon`, fitted by least squares.

    Risk is the excess squared prediction error :math:`e^\top \Sigma e`, with e the error of the
    coefficients and Σ the second moments of the rows; with real labels e is the difference from
    the fit on the whole table.

    Parameters
    ----------
    features
        Coefficients, p, an intercept included.
    noise
        Standard deviation of what models add to their labels, σ; 0 or more.
    covariates
        A `GaussianDesign` with identity covariance if left out; see `on_table` for a `Table`.
    coefficients
        (p,) of the truth; zeros if left out. Must be left out where a table has real labels.

    Notes
    -----
    With a Gaussian design the sums over n rows are drawn from their Wishart law by Bartlett's
    decomposition [bartlett1934theory]_, at a cost that does not depend on n. A singular fit
    (fewer rows than features) is the solution of least norm and counts as failed; its risk then
    depends on the truth's coefficients, and the law does not speak of it.

    The emission "variance" is a factor on σ², and leaves the rows as they are.

    Records are (p + 1): row and label; for a table (2): number of the row and label.
    """

    features: int
    noise: float = 1.0
    covariates: Covariates | None = None
    coefficients: Array | None = None
    rows: Covariates = field(init=False, repr=False)
    target: Array = field(init=False, repr=False)
    name: ClassVar[str] = "least-squares"
    emissions: ClassVar[frozenset[str]] = frozenset({"variance"})
    weights: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if (
            isinstance(self.noise, bool)
            or not isinstance(self.noise, int | float | np.integer | np.floating)
            or not 0 <= self.noise < math.inf
        ):
            raise FamilyError(
                f"noise is {self.noise!r:.60}", "noise is a standard deviation: a number, 0 or more"
            )
        rows = GaussianDesign(self.features) if self.covariates is None else self.covariates
        if rows.width != self.features:
            raise FamilyError(
                f"features is {self.features!r:.60}, but the rows have {rows.width} columns",
                "count the intercept as a feature, or make the family with LeastSquares.on_table",
            )
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "target", linear_truth(rows, self.coefficients))

    @classmethod
    def on_table(
        cls, table: Table, noise: float | None = None, coefficients: ArrayLike | None = None
    ) -> LeastSquares:
        """A family on real rows.

        `noise` left out is the residual standard deviation of the real labels (divisor n - p).

        Raises
        ------
        FamilyError
            If `noise` is left out and there are no labels, or as many columns as rows.
        """
        given = None if coefficients is None else truth_of(table, coefficients)
        return cls(table.width, residual(table) if noise is None else noise, table, given)

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Risk, size of the coefficients, failed fits."""
        return LINEAR_MEASURES

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Rows, noise and the coefficients of the truth."""
        return {**self.rows.parameters, "noise": self.noise, "coefficients": self.target}

    @property
    def least_samples(self) -> int:
        """With fewer rows than features a fit has least norm, and counts as failed."""
        return 1

    @property
    def unit_risk(self) -> float | None:
        r"""Trace of V Σ⁻¹, with V the second moments of :math:`x(y - x^\top\theta)`.

        That is σ²p where labels come from a model. None for fixed rows with real labels, which do
        not vary.
        """
        labels = real_labels(self.rows)
        if labels is None or not isinstance(self.rows, Table):
            return self.noise**2 * self.features
        if self.rows.rows == "fixed":
            return None
        score = self.rows.design * (labels - self.rows.design @ self.target)[:, None]
        sandwich = np.linalg.solve(self.rows.second_moment, score.T @ score / len(score))
        return float(np.trace(sandwich))

    def law(self) -> laws.LeastSquares | None:
        """Exact for a Gaussian design of any covariance with label noise; none is known for a table."""
        exact = isinstance(self.rows, GaussianDesign) and self.noise > 0
        return laws.LeastSquares(self.features, float(self.noise)) if exact else None

    def truth(self, replicates: int) -> Coefficients:
        """The truth's coefficients; with real labels, a model that emits these."""
        values = np.broadcast_to(self.target, (replicates, self.features)).copy()
        return Coefficients(values, np.zeros(replicates, bool), real_labels(self.rows) is not None)

    def draw(self, model: Coefficients, ask: Ask, rng: Generator) -> Normal:
        """Sums over new samples."""
        noise = self.noise * ask.emission.variance**0.5
        if isinstance(self.rows, GaussianDesign):
            return _draw_gaussian(self.rows, model, ask.samples, noise, rng)
        if self.rows.rows == "fixed":
            return _draw_fixed(self.rows, model, ask, noise, rng)
        return _draw_fresh(self.rows, model, ask, noise, rng)

    def records(self, model: Coefficients, ask: Ask, rng: Generator) -> NDArray[Any]:
        """(replicates, samples, p + 1) rows and labels; for a table (replicates, samples, 2)."""
        replicates = len(model.values)
        if isinstance(self.rows, Table):
            index = self.rows.pick(replicates, ask, None, rng)
            if model.real and self.rows.labels is not None:
                return np.stack([index, self.rows.labels[index]], axis=-1)
            rows = self.rows.design[index]
        else:
            rows = self.rows.sample(replicates, ask.samples, rng)
        noise = self.noise * ask.emission.variance**0.5
        labels = (rows @ model.values[:, :, None])[:, :, 0] + noise * rng.standard_normal(rows.shape[:2])
        if isinstance(self.rows, Table):
            return np.stack([index, labels], axis=-1)
        return np.concatenate([rows, labels[:, :, None]], axis=-1)

    def tell(self, records: NDArray[Any], weights: Array | None = None) -> Normal:
        """Sums over given samples."""
        table = isinstance(self.rows, Table)
        rows = (
            self.rows.design[records[:, :, 0].astype(np.int64)]
            if isinstance(self.rows, Table)
            else records[:, :, :-1]
        )
        labels = records[:, :, 1] if table else records[:, :, -1]
        weighted = rows if weights is None else rows * weights[:, :, None]
        gram = weighted.swapaxes(1, 2) @ rows
        moment = (weighted.swapaxes(1, 2) @ labels[:, :, None])[:, :, 0]
        return Normal(gram, moment, float(records.shape[1]) if weights is None else weights.sum(1))

    def combine(self, parts: Sequence[Normal], weights: Sequence[float]) -> Normal:
        """Weighted sums of sums."""
        gram, moment = weights[0] * parts[0].gram, weights[0] * parts[0].moment
        mass = weights[0] * parts[0].mass
        for part, weight in zip(parts[1:], weights[1:], strict=True):
            gram += weight * part.gram
            moment += weight * part.moment
            mass = mass + weight * part.mass
        return Normal(gram, moment, mass)

    def fit(self, evidence: Normal, rng: Generator) -> Coefficients:
        """Solve the normal equations; the solution of least norm where they are singular."""
        return Coefficients(*solve_normal(evidence.gram, evidence.moment))

    def measure(self, model: Coefficients, name: str) -> Array:
        """(replicates,) one of `measures`."""
        return measure_linear(model, self.target, self.rows.second_moment, name)

    def size(self, samples: int) -> float:
        """Sums and coefficients, whatever the number of samples."""
        return float(self.features**2 + 2 * self.features + 1)


LINEAR_MEASURES = {
    "risk": Measure("excess squared prediction error", "low", "error of predictions beyond the label noise"),
    "norm": Measure("units of the coefficients", "", "Euclidean norm of the coefficients"),
    "failed": Measure("share of fits", "low", "fits that were not determined by their samples"),
}


def measure_linear(model: Coefficients, target: Array, second_moment: Array, name: str) -> Array:
    """(replicates,) one of `LINEAR_MEASURES`."""
    if name == "risk":
        error = model.values - target
        risk: Array = ((error @ second_moment) * error).sum(1)
        return risk
    if name == "norm":
        norm: Array = np.sqrt((model.values**2).sum(1))
        return norm
    return model.failed.astype(float)


def linear_truth(rows: Covariates, coefficients: ArrayLike | None) -> Array:
    """The coefficients given, or least squares on real labels, or zeros."""
    labels = real_labels(rows)
    if labels is not None and isinstance(rows, Table):
        if coefficients is not None:
            raise FamilyError(
                "coefficients are given for a table with real labels",
                "the truth is the fit on the whole table: leave out the coefficients or the labels",
            )
        return np.asarray(np.linalg.lstsq(rows.design, labels, rcond=None)[0], float)
    return truth_of(rows, np.zeros(rows.width) if coefficients is None else coefficients)


def residual(table: Table) -> float:
    """Standard deviation of the real labels about their least-squares fit, divisor n - p."""
    if table.labels is None:
        raise FamilyError("noise is left out for a table without labels", "give noise, or the real labels")
    if table.length <= table.width:
        raise FamilyError(
            f"noise is left out for a table of {table.length} rows and {table.width} columns",
            "residuals need more rows than columns: give noise or more rows",
        )
    left = table.labels - table.design @ linear_truth(table, None)
    return float(np.sqrt((left**2).sum() / (table.length - table.width)))


def _draw_gaussian(
    design: GaussianDesign, model: Coefficients, samples: int, noise: float, rng: Generator
) -> Normal:
    """Sums of x xᵀ are root rootᵀ, the root lower trapezoidal; those of x ε are root times normals."""
    replicates, width = model.values.shape
    root = wishart_root(replicates, width, samples, rng)
    if design.covariance is not None:
        root = design.root @ root
    across = root.swapaxes(1, 2)
    shift = across @ model.values[:, :, None]
    shift += noise * rng.standard_normal(shift.shape)
    return Normal(root @ across, (root @ shift)[:, :, 0], float(samples))


def _draw_fixed(table: Table, model: Coefficients, ask: Ask, noise: float, rng: Generator) -> Normal:
    rows = table.design[table.block(ask)]
    replicates, width = model.values.shape
    gram = rows.T @ rows
    every = np.broadcast_to(gram, (replicates, width, width))
    if model.real and table.labels is not None:
        moment = np.broadcast_to(rows.T @ table.labels[table.block(ask)], (replicates, width))
        return Normal(every, moment, float(ask.samples))
    spread, axes = np.linalg.eigh(gram)
    root = axes * np.sqrt(np.maximum(spread, 0))
    return Normal(
        every,
        model.values @ gram + noise * rng.standard_normal((replicates, width)) @ root.T,
        float(ask.samples),
    )


def _draw_fresh(table: Table, model: Coefficients, ask: Ask, noise: float, rng: Generator) -> Normal:
    """Each distinct row once, with its count, where there are fewer rows than samples."""
    replicates = len(model.values)
    if ask.samples < table.length:
        index = table.pick(replicates, ask, None, rng)
        rows, counts = table.design[index], np.ones(index.shape)
        real = None if table.labels is None else table.labels[index]
    else:
        rows, counts = table.design[None], table.counts(replicates, ask, None, rng)
        real = table.labels
    gram = grams(rows, counts)
    if model.real and real is not None:
        return Normal(gram, (rows.swapaxes(1, 2) @ (counts * real)[:, :, None])[:, :, 0], float(ask.samples))
    errors = noise * np.sqrt(counts) * rng.standard_normal(counts.shape)
    moment = gram @ model.values[:, :, None] + rows.swapaxes(1, 2) @ errors[:, :, None]
    return Normal(gram, moment[:, :, 0], float(ask.samples))
