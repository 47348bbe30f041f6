"""Where the covariate rows of a regression come from, and the coefficients that it fits.

A Gaussian design brings new rows for every sample; a table is real rows, used again and again.
Labels are the families' business, except real ones, which belong to their rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from headwater.errors import FamilyError
from headwater.families.contract import Array, Ask

Index = NDArray[np.int64]
Flags = NDArray[np.bool_]

SINGULAR = 1e-12
"""Share of a column's squares that the columns before it leave unexplained, below which it is one of them."""


LARGEST_PRODUCTS = 4_000_000
"""Products of columns of a shared table, up to which all are held at once."""


class Coefficients(NamedTuple):
    """(replicates, p) coefficients, (replicates,) which fits failed, and whether labels are the real ones."""

    values: Array
    failed: Flags
    real: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class GaussianDesign:
    """New normal rows with mean zero for every sample.

    Parameters
    ----------
    features
        Covariates of a row, d.
    covariance
        (d, d); the identity if left out.

    Raises
    ------
    FamilyError
        If the covariance is not a finite positive definite (d, d) matrix.
    """

    features: int
    covariance: Array | None = None
    second_moment: Array = field(init=False, repr=False)
    root: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if (
            isinstance(self.features, bool)
            or not isinstance(self.features, int | np.integer)
            or self.features < 1
        ):
            raise FamilyError(
                f"features is {self.features!r:.60}", "a row has a whole number of features, 1 or more"
            )
        matrix = np.eye(self.features) if self.covariance is None else numbers("covariance", self.covariance)
        right = (
            f"a covariance is a symmetric positive definite matrix, here {self.features} x {self.features}"
        )
        if matrix.shape != (self.features, self.features):
            raise FamilyError(f"covariance has shape {matrix.shape}", right)
        if not np.allclose(matrix, matrix.T, rtol=1e-10, atol=0):
            raise FamilyError("covariance is not symmetric", right)
        try:
            root = np.linalg.cholesky(matrix)
        except np.linalg.LinAlgError:
            raise FamilyError("covariance is not positive definite", right) from None
        object.__setattr__(self, "second_moment", matrix)
        object.__setattr__(self, "root", root)

    @property
    def width(self) -> int:
        """Coefficients, p."""
        return self.features

    @property
    def parameters(self) -> Mapping[str, Any]:
        """For the record."""
        return {"features": self.features, "covariance": self.second_moment}

    def sample(self, replicates: int, samples: int, rng: Generator) -> Array:
        """(replicates, samples, p) rows."""
        plain = rng.standard_normal((replicates, samples, self.features))
        return plain if self.covariance is None else plain @ self.root.T


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Real covariate rows, and perhaps their real labels.

    With ``rows="fresh"`` a sample's row is drawn from the table with replacement. With
    ``rows="fixed"`` the samples of a learner always are the first rows of the table, in order, and
    only labels are drawn anew. Accumulated, fixed rows come to π²/6 times the first risk
    [dey2024universality]_ and fresh ones stay below, so neither is a default.

    Parameters
    ----------
    values
        (n_rows, d) covariates.
    rows
        "fresh" or "fixed".
    intercept
        Whether a column of ones is added, as the last.
    labels
        (n_rows,) real labels: then real data are rows with their own labels, and the truth is
        what the family fits on the whole table.

    Raises
    ------
    FamilyError
        If values or labels are not finite numbers of these shapes, or if a column is a
        combination of others.
    """

    values: Array
    rows: Literal["fresh", "fixed"]
    intercept: bool
    labels: Array | None = None
    design: Array = field(init=False, repr=False)
    second_moment: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.rows not in ("fresh", "fixed"):
            raise FamilyError(
                f"rows is {self.rows!r:.60}",
                "say 'fresh' to draw rows with replacement, 'fixed' to use the first rows every time",
            )
        design = with_intercept(self.values, self.intercept)
        if self.labels is not None:
            object.__setattr__(self, "labels", labels_of(self.labels, len(design)))
        if deficient(design):
            raise FamilyError(
                f"a table of {design.shape[0]} rows and {design.shape[1]} columns (intercept included) "
                "whose columns are not linearly independent",
                "no coefficients are determined by it: give more rows, or drop repeated or constant columns",
            )
        object.__setattr__(self, "values", numbers("table", self.values))
        object.__setattr__(self, "design", design)
        object.__setattr__(self, "second_moment", design.T @ design / len(design))

    @property
    def width(self) -> int:
        """Coefficients, p, the intercept included."""
        return int(self.design.shape[1])

    @property
    def length(self) -> int:
        """Rows."""
        return len(self.design)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """For the record."""
        return {"table": self.values, "rows": self.rows, "intercept": self.intercept, "labels": self.labels}

    def block(self, ask: Ask) -> slice:
        """The fixed rows of a flow.

        Raises
        ------
        FamilyError
            If the table is too short.
        """
        last = ask.first_row + ask.samples
        if last > self.length:
            raise FamilyError(
                f"a learner asks for rows {ask.first_row + 1} to {last} of a table of {self.length}",
                "fixed rows are never repeated: lower its samples, give a longer table, or use rows='fresh'",
            )
        return slice(ask.first_row, last)

    def pick(self, replicates: int, ask: Ask, chances: Array | None, rng: Generator) -> Index:
        """(replicates, samples) row numbers; `chances` (replicates, n_rows) favour some of fresh rows."""
        if self.rows == "fixed":
            block = self.block(ask)
            return np.broadcast_to(np.arange(block.start, block.stop), (replicates, ask.samples))
        if chances is None:
            return rng.integers(self.length, size=(replicates, ask.samples))
        heights = np.cumsum(chances, axis=1)
        uniform = rng.random((replicates, ask.samples)) * heights[:, -1:]
        found = [np.searchsorted(steps, at, "right") for steps, at in zip(heights, uniform, strict=True)]
        return np.asarray(np.minimum(found, self.length - 1), np.int64)

    def counts(self, replicates: int, ask: Ask, chances: Array | None, rng: Generator) -> Array:
        """(replicates, n_rows) how often each row is taken: as often as `pick` would."""
        if self.rows == "fixed":
            taken = np.zeros((replicates, self.length))
            taken[:, self.block(ask)] = 1.0
            return taken
        if chances is None:
            shares = np.full((1, self.length), 1 / self.length)
        else:
            shares = chances / chances.sum(1, keepdims=True)
        return rng.multinomial(ask.samples, shares, size=(replicates,)).astype(float)


Covariates = GaussianDesign | Table


def with_intercept(values: ArrayLike, intercept: bool) -> Array:
    """A checked (n_rows, p) design, with a last column of ones if wanted."""
    checked = numbers("table", values)
    if checked.ndim != 2 or 0 in checked.shape:
        raise FamilyError(
            f"a table of shape {checked.shape}", "a table has shape (rows, features), at least one of each"
        )
    return np.column_stack([checked, np.ones(len(checked))]) if intercept else checked


def labels_of(labels: ArrayLike, rows: int) -> Array:
    """Checked labels, one a row."""
    checked = numbers("labels", labels)
    if checked.shape != (rows,):
        raise FamilyError(f"labels of shape {checked.shape}", f"one label a row: shape ({rows},)")
    return checked


def truth_of(covariates: Covariates, coefficients: ArrayLike | None) -> Array:
    """Checked (p,) coefficients of the truth."""
    if coefficients is None:
        raise FamilyError(
            "coefficients of the truth are not given", "give coefficients, or a table with real labels"
        )
    checked = numbers("coefficients", coefficients)
    if checked.shape != (covariates.width,):
        raise FamilyError(
            f"coefficients of shape {checked.shape}",
            f"one a column, the intercept (if any) last: shape ({covariates.width},)",
        )
    return checked


def real_labels(covariates: Covariates) -> Array | None:
    """Of a table that has them."""
    return covariates.labels if isinstance(covariates, Table) else None


def numbers(what: str, values: ArrayLike) -> Array:
    """A read-only float copy.

    Raises
    ------
    FamilyError
        If something in it is not a finite number.
    """
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise FamilyError(f"{what} is not an array of numbers", f"give {what} as finite numbers") from None
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise FamilyError(
            f"{what} holds {array[where]} at {where}",
            "every entry is a finite number: drop or fill in such rows",
        )
    array.flags.writeable = False
    return array


def deficient(design: Array) -> bool:
    """Whether some column is a combination of others, whatever their scales."""
    scale = np.sqrt((design**2).sum(0))
    if design.shape[0] < design.shape[1] or not scale.all():
        return True
    return bool(np.linalg.matrix_rank(design / scale, tol=SINGULAR**0.5) < design.shape[1])


def grams(rows: Array, weight: Array) -> Array:
    """(replicates, p, p) sums of x xᵀ over (1 or replicates, m, p) rows, with (replicates, m) weights."""
    many, width = rows.shape[1:]
    if len(rows) == 1 and many * width**2 <= LARGEST_PRODUCTS:
        products = (rows[0, :, :, None] * rows[0, :, None, :]).reshape(many, width**2)
        return np.asarray(weight @ products).reshape(-1, width, width)
    return np.asarray(rows.swapaxes(1, 2) @ (rows * weight[:, :, None]))


def solve_normal(gram: Array, moment: Array) -> tuple[Array, Flags]:
    """Solve (replicates, p, p) normal equations for (replicates, p); say which were singular.

    A singular one gets its solution of least norm. Singular: the other columns explain one up to
    a share of 1e-12 of its squares.
    """
    try:
        lower = np.linalg.cholesky(gram)
    except np.linalg.LinAlgError:
        lower = None
    if lower is not None:
        left = np.diagonal(lower, axis1=1, axis2=2) ** 2
        share = (left / np.diagonal(gram, axis1=1, axis2=2)).min(1)
        failed: Flags = share <= SINGULAR
        if not failed.any():
            return np.asarray(np.linalg.solve(gram, moment[:, :, None])[:, :, 0], float), failed
    return _solve_singular(gram, moment)


def _solve_singular(gram: Array, moment: Array) -> tuple[Array, Flags]:
    size = np.sqrt(np.diagonal(gram, axis1=1, axis2=2))
    size = np.where(size > 0, size, 1.0)
    scaled = gram / (size[:, :, None] * size[:, None, :])
    failed: Flags = np.asarray(np.linalg.eigvalsh(scaled)[:, 0], float) <= SINGULAR
    solved = np.empty(moment.shape)
    if not failed.all():
        solved[~failed] = np.linalg.solve(gram[~failed], moment[~failed, :, None])[:, :, 0]
    if failed.any():
        inverse = np.linalg.pinv(gram[failed], rcond=SINGULAR, hermitian=True)
        solved[failed] = (inverse @ moment[failed, :, None])[:, :, 0]
    return solved, failed
