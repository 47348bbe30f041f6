"""Normal distribution of any dimension, with mean and covariance fitted."""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from headwater.errors import FamilyError
from headwater.families.contract import Array, Ask, Measure
from headwater.families.covariates import numbers as numbers_of
from headwater.theory import laws


class Normal(NamedTuple):
    """(replicates, d) means and (replicates, d, k) roots of the covariances: covariance = root rootᵀ."""

    mean: Array
    root: Array


class RealRows(NamedTuple):
    """(rows, d) real samples that are drawn with replacement, for so many replicates."""

    values: Array
    replicates: int


class Moments(NamedTuple):
    """Weighted moments of samples.

    `mass` and `square_mass` are the sums of weights and of their squares; `mean` is
    (replicates, d); the scatter about the mean is ``root @ rootᵀ``, root (replicates, d, k).
    """

    mass: float | Array
    square_mass: float | Array
    mean: Array
    root: Array


@dataclass(frozen=True, slots=True, eq=False)
class Gaussian:
    """Normal distribution fitted by sample mean and covariance.

    The covariance divides by ``N - ddof``; with loss weights ω by Σω - ddof Σω²/Σω, which is the
    same for equal ones. ``ddof=0`` (maximum likelihood) loses variance at 1 - 1/N a generation in
    the mean, ``ddof=1`` along the typical path only. There is no default.

    Parameters
    ----------
    ddof
        0 or 1.
    dimensions
        Coordinates of a sample.
    mean, covariance
        Of the population: (d,) and (d, d); zeros and the identity if left out.
    rows
        (rows, d) real samples, see `on_rows`: then the population is they, normal or not.

    Notes
    -----
    Scatter is drawn from its Wishart law by Bartlett's decomposition [bartlett1934theory]_, so
    that a generation costs the same whatever the number of samples. Covariances are carried as
    square roots, which stay real when the variance has shrunk to almost nothing. Fits on fewer
    samples than coordinates are singular normals, as they should be.
    """

    ddof: int
    dimensions: int = 1
    mean: NDArray[np.float64] | None = field(default=None)
    covariance: NDArray[np.float64] | None = field(default=None)
    rows: NDArray[np.float64] | None = field(default=None)
    name: ClassVar[str] = "gaussian"
    emissions: ClassVar[frozenset[str]] = frozenset({"variance"})
    weights: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.ddof not in (0, 1) or isinstance(self.ddof, bool):
            raise FamilyError(f"ddof is {self.ddof!r}", "ddof is 0 (maximum likelihood) or 1 (unbiased)")
        whole = isinstance(self.dimensions, numbers.Integral) and not isinstance(self.dimensions, bool)
        if not (whole and self.dimensions >= 1):
            raise FamilyError(f"dimensions is {self.dimensions!r}", "write a whole number, at least 1")
        d = int(self.dimensions)
        mean = np.zeros(d) if self.mean is None else numbers_of("mean", self.mean)
        covariance = np.eye(d) if self.covariance is None else numbers_of("covariance", self.covariance)
        if mean.shape != (d,):
            raise FamilyError(f"the mean has shape {mean.shape}", f"give {d} finite numbers, one a dimension")
        if covariance.shape != (d, d) or not _is_positive_definite(covariance):
            raise FamilyError(
                f"the covariance of shape {covariance.shape} is no covariance of {d} dimensions",
                f"give a symmetric positive definite ({d}, {d}) matrix",
            )
        mean.flags.writeable = covariance.flags.writeable = False
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "covariance", covariance)
        object.__setattr__(self, "ddof", int(self.ddof))
        object.__setattr__(self, "dimensions", d)

    @classmethod
    def on_rows(cls, rows: ArrayLike, ddof: int) -> Gaussian:
        """The family on a real table (rows, d): sources bring its rows, drawn with replacement.

        The exact law of the means holds all the same: it needs the population's variance only.

        Raises
        ------
        FamilyError
            If the rows are not finite, or span fewer than d dimensions.
        """
        table = numbers_of("rows", rows)
        if table.ndim != 2 or 0 in table.shape:
            raise FamilyError(
                f"rows of shape {table.shape}", "give a table (rows, d) of finite numbers, d at least 1"
            )
        covariance = np.atleast_2d(np.cov(table.T, ddof=0))
        return cls(ddof, table.shape[1], table.mean(axis=0), covariance, table)

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Risk, variance kept, and the Wasserstein distance to the population."""
        return MEASURES

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Divisor and population."""
        return {
            "ddof": self.ddof,
            "dimensions": self.dimensions,
            "mean": self.mean,
            "covariance": self.covariance,
            "rows": self.rows,
        }

    @property
    def least_samples(self) -> int:
        """A variance with ddof 1 needs two."""
        return self.ddof + 1

    @property
    def unit_risk(self) -> float:
        """The population's variance, per coordinate and in its own units."""
        return 1.0

    def law(self) -> laws.Law:
        """Exact means, per coordinate."""
        return laws.Gaussian(self.ddof)

    def truth(self, replicates: int) -> Normal | RealRows:
        """The population."""
        if self.rows is not None:
            return RealRows(self.rows, replicates)
        d = self.dimensions
        return Normal(
            np.broadcast_to(self._mean, (replicates, d)), np.broadcast_to(self._root, (replicates, d, d))
        )

    def draw(self, model: Normal | RealRows, ask: Ask, rng: Generator) -> Moments:
        """Mean and scatter of the samples, from their exact joint law."""
        if isinstance(model, RealRows):
            return self.tell(self.records(model, ask, rng))
        n, width = ask.samples, model.root.shape[2]
        root = model.root if ask.emission.variance == 1 else model.root * ask.emission.variance**0.5
        shift = rng.standard_normal((len(model.mean), width, 1))
        mean = model.mean + (root @ shift)[:, :, 0] / n**0.5
        return Moments(n, n, mean, root @ wishart_root(len(model.mean), width, n - 1, rng))

    def records(self, model: Normal | RealRows, ask: Ask, rng: Generator) -> Array:
        """(replicates, samples, d) samples."""
        if isinstance(model, RealRows):
            return model.values[rng.integers(len(model.values), size=(model.replicates, ask.samples))]
        root = model.root * ask.emission.variance**0.5
        noise = rng.standard_normal((len(model.mean), ask.samples, root.shape[2]))
        return np.asarray(model.mean[:, None, :] + noise @ root.swapaxes(1, 2))

    def tell(self, records: NDArray[Any], weights: Array | None = None) -> Moments:
        """Weighted moments of given samples."""
        if weights is None:
            count = records.shape[1]
            mean = records.mean(axis=1)
            return Moments(count, count, mean, _compressed((records - mean[:, None, :]).swapaxes(1, 2)))
        mass = weights.sum(axis=1)
        mean = (weights[:, :, None] * records).sum(axis=1) / mass[:, None]
        apart = (records - mean[:, None, :]) * np.sqrt(weights)[:, :, None]
        return Moments(mass, (weights**2).sum(axis=1), mean, _compressed(apart.swapaxes(1, 2)))

    def combine(self, parts: Sequence[Moments], weights: Sequence[float]) -> Moments:
        """Pooled mean; scatter within the parts and between them."""
        if len(parts) == 1 and weights[0] == 1:
            return parts[0]
        masses = [part.mass * weight for part, weight in zip(parts, weights, strict=True)]
        mass = sum(masses)
        mean = sum(_column(each / mass) * part.mean for part, each in zip(parts, masses, strict=True))
        blocks = []
        for part, each, weight in zip(parts, masses, weights, strict=True):
            blocks.append(part.root if weight == 1 else part.root * weight**0.5)
            blocks.append((_column(np.sqrt(each)) * (part.mean - mean))[:, :, None])
        squares = sum(part.square_mass * weight**2 for part, weight in zip(parts, weights, strict=True))
        return Moments(mass, squares, np.asarray(mean), _compressed(np.concatenate(blocks, axis=2)))

    def fit(self, evidence: Moments, rng: Generator) -> Normal:
        """Match mean and covariance."""
        divisor = evidence.mass - self.ddof * evidence.square_mass / evidence.mass
        return Normal(evidence.mean, evidence.root / _column(np.sqrt(divisor))[..., None])

    def measure(self, model: Normal, name: str) -> Array:
        """One of `MEASURES`."""
        whitening = np.linalg.inv(self._root)
        error = (model.mean - self._mean) @ whitening.T
        if name == "risk":
            return np.asarray((error**2).mean(axis=1))
        if name == "variance":
            return np.asarray(((whitening @ model.root) ** 2).sum(axis=(1, 2)) / self.dimensions)
        # the trace of (Σ*^½ Σ Σ*^½)^½ is the sum of the singular values of rootᵀ rootᵤ
        overlap = np.linalg.svd(self._root.T @ model.root, compute_uv=False).sum(axis=1)
        spreads = (self._root**2).sum() + (model.root**2).sum(axis=(1, 2)) - 2 * overlap
        return np.asarray(((model.mean - self._mean) ** 2).sum(axis=1) + np.maximum(spreads, 0.0))

    def size(self, samples: int) -> float:
        """Mean and root, for evidence and model."""
        return 2.0 * self.dimensions * (self.dimensions + 1)

    @property
    def _mean(self) -> Array:
        assert self.mean is not None
        return self.mean

    @property
    def _root(self) -> Array:
        assert self.covariance is not None
        return np.asarray(np.linalg.cholesky(self.covariance))


MEASURES = {
    "risk": Measure("the population's variance, per coordinate", "low", "squared error of the mean"),
    "variance": Measure("of the population's", "high", "variance kept, mean over coordinates"),
    "wasserstein": Measure(
        "squared units of the data", "low", "squared 2-Wasserstein distance to the population"
    ),
}


def wishart_root(replicates: int, width: int, freedom: int, rng: Generator) -> Array:
    """(replicates, width, min(width, freedom)) lower roots of Wishart matrices of identity scale.

    Bartlett's decomposition [bartlett1934theory]_: chi variables on the diagonal, normals below
    it. With fewer degrees of freedom than coordinates the root is a trapezoid.
    """
    columns = min(width, freedom)
    root = np.zeros((replicates, width, columns))
    if columns == 0:
        return root
    below, across = np.tril_indices(width, -1, columns)
    root[:, below, across] = rng.standard_normal((replicates, len(below)))
    diagonal = np.arange(columns)
    root[:, diagonal, diagonal] = np.sqrt(rng.chisquare(freedom - diagonal, (replicates, columns)))
    return root


def _compressed(root: Array) -> Array:
    """(replicates, d, d) root of the same matrix, from one with any number of columns."""
    d, columns = root.shape[1:]
    if columns <= d:
        return root
    if d == 1:
        return np.asarray(np.linalg.norm(root, axis=2, keepdims=True))
    try:
        return np.asarray(np.linalg.cholesky(root @ root.swapaxes(1, 2)))
    except np.linalg.LinAlgError:
        # singular in some replicate: QR needs no squares
        triangle: Any = np.linalg.qr(root.swapaxes(1, 2), mode="r")
        return np.asarray(triangle.swapaxes(1, 2))


def _column(values: float | Array) -> Array:
    """Values a replicate, or one for all, as a column."""
    return np.asarray(values)[..., None]


def _is_positive_definite(matrix: Array) -> bool:
    if not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T, rtol=1e-12, atol=0):
        return False
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True
