"""Regressions with a canonical link: what their samples tell, and Newton's method on it.

Labels and rows enter the likelihood only through each row's loss weight and weighted sum of
labels, so a table's evidence never grows beyond the table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headwater.errors import FamilyError
from headwater.families.contract import Array, Measure
from headwater.families.covariates import (
    Coefficients,
    Covariates,
    Flags,
    GaussianDesign,
    Index,
    Table,
    grams,
    labels_of,
    solve_normal,
    truth_of,
    with_intercept,
)

STEPS = 50
"""Newton steps at most."""
HALVINGS = 30
"""Of one step, at most."""
STEP = 1e-7
"""A fit has converged when no linear predictor moves by more than this, relative to 1 or itself."""
FLAT = 1e-7
"""A gradient of this size, over the sums of absolute covariates, while steps stay long: the fit runs away."""


@dataclass(frozen=True, slots=True)
class Link:
    """A canonical link, as functions of the linear predictor η, and where Newton starts.

    `partition` is A in the log-likelihood yη - A(η); `start` maps labels to a first η and its weight.
    `normal_risk` is the mean divergence where true and fitted η are normal of mean zero, as a function
    of the variance of the true one, (replicates,) covariances, and (replicates,) variances of the fitted.
    """

    mean: Callable[[Array], Array]
    variance: Callable[[Array], Array]
    partition: Callable[[Array], Array]
    start: Callable[[Array], tuple[Array, Array]]
    normal_risk: Callable[[float, Array, Array], Array]


class Labelled(NamedTuple):
    """Rows with their (replicates, m) loss weight `mass` and weighted sum of labels `total`.

    `rows` is (replicates, m, p) covariates, or (replicates, m) row numbers of the family's table,
    or None for all its rows in order.
    """

    rows: Array | Index | None
    mass: Array
    total: Array


def tell(covariates: Covariates, records: NDArray[Any], weights: Array | None) -> Labelled:
    """Evidence of (replicates, m, p + 1) rows and labels, for a table (replicates, m, 2)."""
    mass = np.ones(records.shape[:2]) if weights is None else np.asarray(weights, float)
    if isinstance(covariates, GaussianDesign):
        return Labelled(records[:, :, :-1], mass, mass * records[:, :, -1])
    seen = Labelled(records[:, :, 0].astype(np.int64), mass, mass * records[:, :, 1])
    whole = covariates.rows == "fixed" or records.shape[1] >= covariates.length
    return on_table(covariates, seen) if whole else seen


def combine(covariates: Covariates, parts: Sequence[Labelled], weights: Sequence[float]) -> Labelled:
    """All parts, each weight multiplied; added row by row once that is shorter than a list."""
    if isinstance(covariates, Table):
        long = sum(part.mass.shape[1] for part in parts) >= covariates.length
        if long or any(part.rows is None for part in parts):
            whole = [on_table(covariates, part) for part in parts]
            mass = sum(weight * part.mass for part, weight in zip(whole, weights, strict=True))
            total = sum(weight * part.total for part, weight in zip(whole, weights, strict=True))
            return Labelled(None, np.asarray(mass), np.asarray(total))
    return Labelled(
        np.concatenate([part.rows for part in parts if part.rows is not None], axis=1),
        np.concatenate([weight * part.mass for part, weight in zip(parts, weights, strict=True)], axis=1),
        np.concatenate([weight * part.total for part, weight in zip(parts, weights, strict=True)], axis=1),
    )


def on_table(table: Table, seen: Labelled) -> Labelled:
    """The same evidence as sums over the rows of the table."""
    if seen.rows is None:
        return seen
    replicates = len(seen.mass)
    first = table.length * np.arange(replicates)[:, None]
    flat = (seen.rows.astype(np.int64) + first).ravel()
    shape, cells = (replicates, table.length), replicates * table.length
    mass = np.bincount(flat, seen.mass.ravel(), cells).astype(float).reshape(shape)
    total = np.bincount(flat, seen.total.ravel(), cells).astype(float).reshape(shape)
    return Labelled(None, mass, total)


def predictor(values: Array, rows: Array) -> Array:
    """(replicates, m) η from (replicates, p) coefficients and (1 or replicates, m, p) rows."""
    if len(rows) == 1:
        return np.asarray(values @ rows[0].T)
    eta: Array = (rows @ values[:, :, None])[:, :, 0]
    return eta


def fit(link: Link, covariates: Covariates, seen: Labelled) -> Coefficients:
    """Maximum likelihood in each replicate, by Newton's method with step halving.

    A fit has converged when its last full step moves no η by more than 1e-7 (relative to |η|
    above 1), which leaves an error of order 1e-14. Where the likelihood has no maximum (separable
    labels, a level of labels without variance, fewer rows than columns) coefficients run away: they are
    kept where the gradient has fallen to 1e-7 of the sums of absolute covariates while steps
    stay long, or after 50 steps. Such a fit is finite and counts as failed.
    """
    rows = rows_of(covariates, seen)
    values, _ = _start(link, rows, seen)
    failed = np.ones(len(values), bool)
    active = np.arange(len(values))
    for _ in range(STEPS):
        every = len(active) == len(values)
        part_rows = rows if every or len(rows) == 1 else rows[active]
        part = seen if every else Labelled(None, seen.mass[active], seen.total[active])
        moved, converged, stuck = _step(link, part_rows, part, values[active])
        values[active] = moved
        failed[active[converged]] = False
        active = active[~(converged | stuck)]
        if not len(active):
            break
    return Coefficients(values, failed)


def rows_of(covariates: Covariates, seen: Labelled) -> Array:
    """(1 or replicates, m, p) covariates of the evidence."""
    if isinstance(covariates, GaussianDesign):
        return np.asarray(seen.rows, float)
    return covariates.design[None] if seen.rows is None else covariates.design[seen.rows.astype(np.int64)]


def _start(link: Link, rows: Array, seen: Labelled) -> tuple[Array, Flags]:
    taken = seen.mass > 0
    mean = np.divide(seen.total, seen.mass, out=np.zeros_like(seen.total), where=taken)
    eta, weight = link.start(mean)
    weight = np.where(taken, weight * seen.mass, 0.0)
    return _solve(rows, weight, weight * eta)


def _solve(rows: Array, weight: Array, residual: Array) -> tuple[Array, Flags]:
    """Solve Xᵀ diag(weight) X b = Xᵀ residual, columns brought to one scale."""
    hessian = grams(rows, weight)
    scale = np.sqrt(np.diagonal(hessian, axis1=1, axis2=2))
    scale = np.where(scale > 0, scale, 1.0)
    slope = _gradient(rows, residual) / scale
    solved, failed = solve_normal(hessian / (scale[:, :, None] * scale[:, None, :]), slope)
    return solved / scale, failed


def _gradient(rows: Array, residual: Array) -> Array:
    if len(rows) == 1:
        return np.asarray(residual @ rows[0])
    gradient: Array = (residual[:, None, :] @ rows)[:, 0, :]
    return gradient


def _loss(link: Link, seen: Labelled, eta: Array) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        loss = (seen.mass * link.partition(eta) - seen.total * eta).sum(1)
    return np.where(np.isfinite(loss), loss, np.inf)


def _step(link: Link, rows: Array, seen: Labelled, values: Array) -> tuple[Array, Flags, Flags]:
    """Move once: new values, which have converged, which run away."""
    # Rows without samples bound nothing: theirs may be past any number.
    eta = np.where(seen.mass > 0, predictor(values, rows), 0.0)
    residual = seen.total - seen.mass * link.mean(eta)
    step, singular = _solve(rows, seen.mass * link.variance(eta), residual)
    move = np.where(seen.mass > 0, predictor(step, rows), 0.0)
    sums = _gradient(abs(rows), seen.mass + abs(seen.total))
    flat = (abs(_gradient(rows, residual)) <= FLAT * sums).all(1)
    longest = (abs(move) / np.maximum(1.0, abs(eta))).max(1)
    before = _loss(link, seen, eta)
    # Rounding of the sum, which near the optimum exceeds what a step gains.
    slack = 1e-12 * (1 + abs(before))
    length = np.ones(len(values))
    for _ in range(HALVINGS):
        tried = _loss(link, seen, eta + length[:, None] * move)
        worse = tried > before + slack
        if not worse.any():
            break
        length[worse] /= 2
    else:
        length[~np.isfinite(tried)] = 0
    converged = (longest <= STEP) & ~singular
    return values + length[:, None] * step, converged, ~converged & flat & ((longest > 0.01) | singular)


def divergence(link: Link, covariates: Covariates, truth: Array, values: Array) -> Array:
    """(replicates,) mean over the rows of the divergence KL of fitted from true labels.

    Over a table's rows exactly; over a Gaussian design by the link's `normal_risk`.
    """
    if isinstance(covariates, Table):
        true, eta = (covariates.design @ truth)[None], values @ covariates.design.T
        return np.asarray(_gap(link, true, eta).mean(1))
    # Lengths along the root keep squares from falling below zero by rounding.
    true, fitted = truth @ covariates.root, values @ covariates.root
    return link.normal_risk(float(true @ true), fitted @ true, (fitted**2).sum(1))


def _gap(link: Link, true: Array, eta: Array) -> Array:
    with np.errstate(over="ignore"):
        return link.mean(true) * (true - eta) - link.partition(true) + link.partition(eta)


def sandwich(link: Link, covariates: Covariates, truth: Array) -> float | None:
    """Half the trace of H⁻¹V, the excess log-loss of one sample: p/2 for labels from a model.

    H is the mean curvature of the loss and V the second moments of its gradient. None for fixed
    rows with real labels, which do not vary.
    """
    if not isinstance(covariates, Table) or covariates.labels is None:
        return covariates.width / 2
    if covariates.rows == "fixed":
        return None
    eta = covariates.design @ truth
    score = covariates.design * (covariates.labels - link.mean(eta))[:, None]
    curvature = (covariates.design * link.variance(eta)[:, None]).T @ covariates.design
    return float(np.trace(np.linalg.solve(curvature, score.T @ score)) / 2)


def truth_from_labels(link: Link, table: Table) -> Coefficients:
    """The fit on all rows of a table with real labels; one replicate."""
    labels = np.zeros(table.length) if table.labels is None else table.labels
    return fit(link, table, Labelled(None, np.ones((1, table.length)), labels[None]))


def size(covariates: Covariates, samples: int) -> float:
    """Numbers in the evidence of so many samples, and coefficients."""
    if isinstance(covariates, Table):
        whole = covariates.rows == "fixed" or samples >= covariates.length
        return float((2 * covariates.length if whole else 3 * samples) + covariates.width + 1)
    return float(samples * (covariates.width + 2) + covariates.width + 1)


def truth_or_fit(link: Link, covariates: Covariates, coefficients: Array | None) -> Array:
    """Coefficients given, or fitted to the real labels."""
    if not isinstance(covariates, Table) or covariates.labels is None:
        return truth_of(covariates, coefficients)
    if coefficients is not None:
        raise FamilyError(
            "coefficients are given for a table with real labels",
            "the truth is the fit on the whole table: leave out the coefficients or the labels",
        )
    fitted = truth_from_labels(link, covariates)
    if fitted.failed.any():
        raise FamilyError(
            "the real labels have no maximum-likelihood fit: some combination of the columns separates them",
            "give more rows or fewer columns, or give coefficients of a truth in place of labels",
        )
    return np.asarray(fitted.values[0])


def held_out(
    covariates: Covariates, rows: Array | None, labels: Array | None
) -> tuple[Array | None, Array | None]:
    """Checked held-out rows, with the intercept, and labels."""
    if rows is None and labels is None:
        return None, None
    if rows is None or labels is None:
        raise FamilyError("only one of test_table and test_labels is given", "give both, or neither")
    design = with_intercept(rows, isinstance(covariates, Table) and covariates.intercept)
    if design.shape[1] != covariates.width:
        raise FamilyError(
            f"test_table has {design.shape[1]} columns (with the intercept, if any)",
            f"it has the columns of the rows, {covariates.width}",
        )
    return design, labels_of(labels, len(design))


MEASURES = {
    "risk": Measure("nats a label", "low", "log-loss beyond that of the truth"),
    "norm": Measure("units of the coefficients", "", "Euclidean norm of the coefficients"),
    "failed": Measure("share of fits", "low", "fits without a maximum of the likelihood"),
}
