"""Mixtures of normals fitted by expectation-maximisation, on a real table."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import logsumexp
from threadpoolctl import threadpool_limits

from headwater.errors import FamilyError
from headwater.families import samples
from headwater.families.contract import Array, Ask, Measure
from headwater.families.gaussian import RealRows
from headwater.families.samples import Samples

COVARIANCES = ("full", "tied", "diag", "spherical")
STARTS = 10
"""Of the fit on the whole table, which is the truth that risk is measured from."""
LARGEST_SEED = 2**31


class Mixture(NamedTuple):
    """Mixtures of k normals in d dimensions, one a replicate.

    Shares (replicates, k), means (replicates, k, d) and lower roots of the covariances
    (replicates, k, d, d); which fits failed, and which did not converge, (replicates,).
    """

    shares: Array
    means: Array
    roots: Array
    failed: NDArray[np.bool_]
    unconverged: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class GaussianMixture:
    r"""A mixture of normals, fitted anew from k-means in each generation by scikit-learn's EM.

    Risk is the mean negative log density on held-out rows, less that of the mixture fitted to the
    whole table (the best of 10 starts); it can be negative. One component is the normal of
    maximum likelihood plus the added variance c, and a lone loop of it on n samples follows
    :math:`E\,v_{t+1} = (1-1/n)\,E\,v_t + c`, v the variance in one coordinate.

    Parameters
    ----------
    data
        (rows, d) real samples. They are the population: sources draw them with replacement.
    components
        How many normals.
    covariance_type
        "full"; "tied": one for all components; "diag"; "spherical": a multiple of the identity.
    test
        (m, d) held-out rows, on which risk is evaluated. Without them it is evaluated on `data`:
        the expected loss of a new real sample.
    tolerance, iterations
        EM stops where the mean log likelihood gains less than `tolerance`, in nats, or after so
        many iterations: then the fit counts as "unconverged" and is used as it is.
    added_variance
        Added to the diagonal of every covariance (scikit-learn's ``reg_covar``), above 0, in
        squared units of the data: components never collapse below it.

    Raises
    ------
    FamilyError
        If a parameter cannot be right, or the table itself cannot be fitted.

    Notes
    -----
    Where scikit-learn refuses the samples (fewer than components, a covariance that is singular
    beside rounding), the fit is one normal with their mean and maximum-likelihood covariance plus
    `added_variance`, and counts as failed. A loop runs over replicates; sampling does not.

    The emission "variance" multiplies each component's covariance, and leaves means and shares.
    """

    data: Array
    components: int
    covariance_type: Literal["full", "tied", "diag", "spherical"] = "full"
    test: Array | None = None
    tolerance: float = 1e-3
    iterations: int = 100
    added_variance: float = 1e-6
    rows: Array = field(init=False, repr=False)
    """(m, d) on which risk is evaluated."""
    best: float = field(init=False, repr=False)
    """Mean negative log density there of the fit on the whole table, in nats."""
    name: ClassVar[str] = "gaussian-mixture"
    emissions: ClassVar[frozenset[str]] = frozenset({"variance"})
    weights: ClassVar[bool] = False
    packages: ClassVar[tuple[str, ...]] = ("scikit-learn",)

    def __post_init__(self) -> None:
        data = samples.population(self.data)
        object.__setattr__(self, "data", data)
        if self.test is not None:
            object.__setattr__(self, "test", samples.table("test", self.test, data.shape[1]))
        object.__setattr__(self, "rows", data if self.test is None else self.test)
        if self.covariance_type not in COVARIANCES:
            raise FamilyError(
                f"covariance_type is {self.covariance_type!r:.60}", f"it is one of {', '.join(COVARIANCES)}"
            )
        for what in ("components", "iterations"):
            count = getattr(self, what)
            if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
                raise FamilyError(f"{what} is {count!r:.60}", "write a whole number, at least 1")
        for what in ("tolerance", "added_variance"):
            value = getattr(self, what)
            if (
                isinstance(value, bool)
                or not isinstance(value, int | float | np.integer | np.floating)
                or not 0 < value < math.inf
            ):
                raise FamilyError(f"{what} is {value!r:.60}", "write a number above 0")
        truth = self._fitted(data[None], [0], STARTS)
        if truth.failed[0]:
            raise FamilyError(
                f"{self.components} components cannot be fitted to the {len(data)} rows of data",
                "lower components, raise added_variance, or scale the columns alike",
            )
        object.__setattr__(self, "best", float(-log_density(truth, self.rows).mean()))

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Risk, variance, error of the mean, components in use, failed and unconverged fits."""
        return MEASURES

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Data, components and the options of the fit."""
        names = ("data", "components", "covariance_type", "test", "tolerance", "iterations", "added_variance")
        return {name: getattr(self, name) for name in names}

    @property
    def least_samples(self) -> int:
        """One a component, and two in all."""
        return max(2, self.components)

    @property
    def unit_risk(self) -> None:
        """Not known: the table is no mixture."""
        return None

    def law(self) -> None:
        """None is known."""
        return None

    def truth(self, replicates: int) -> RealRows:
        """The rows of the data."""
        return RealRows(self.data, replicates)

    def draw(self, model: Mixture | RealRows, ask: Ask, rng: Generator) -> Samples:
        """The samples."""
        return self.tell(self.records(model, ask, rng))

    def records(self, model: Mixture | RealRows, ask: Ask, rng: Generator) -> Array:
        """(replicates, samples, d): a component in proportion to its share, then its normal."""
        if isinstance(model, RealRows):
            return samples.pick(model, ask.samples, rng)
        replicates, _, d = model.means.shape
        chosen = samples.choose(np.cumsum(model.shares, axis=1), rng.random((replicates, ask.samples)))
        noise = rng.standard_normal((replicates, ask.samples, d)) * ask.emission.variance**0.5
        out = np.take_along_axis(model.means, chosen[:, :, None], axis=1)
        for at in range(self.components):
            out += np.where((chosen == at)[:, :, None], noise @ model.roots[:, at].swapaxes(1, 2), 0.0)
        return out

    def tell(self, records: NDArray[Any], weights: Array | None = None) -> Samples:
        """The records; all of one weight."""
        return samples.tell_even(records, weights, self.name)

    def combine(self, parts: Sequence[Samples], weights: Sequence[float]) -> Samples:
        """All samples; all of one weight."""
        return samples.combine_even(parts, weights, self.name)

    def fit(self, evidence: Samples, rng: Generator) -> Mixture:
        """EM in each replicate, started by k-means from seeds of `rng`."""
        seeds = rng.integers(LARGEST_SEED, size=len(evidence.records)).tolist()
        return self._fitted(evidence.records, seeds, 1)

    def measure(self, model: Mixture, name: str) -> Array:
        """One of `MEASURES`."""
        if name == "risk":
            return np.asarray(-log_density(model, self.rows).mean(axis=1) - self.best)
        if name in ("failed", "unconverged"):
            return np.asarray(getattr(model, name), dtype=float)
        if name == "components":
            return np.asarray((model.shares > 0.1 / self.components).sum(axis=1), dtype=float)
        mean = (model.shares[:, :, None] * model.means).sum(axis=1)
        total = self.data.var(axis=0).sum()
        if name == "mean_error":
            return np.asarray(((mean - self.data.mean(axis=0)) ** 2).sum(axis=1) / total)
        between = ((model.means - mean[:, None, :]) ** 2).sum(axis=2)
        within = (model.roots**2).sum(axis=(2, 3))
        return np.asarray((model.shares * (within + between)).sum(axis=1) / total)

    def size(self, samples: int) -> float:
        """Samples of the evidence; shares, means and roots of the model."""
        d = self.data.shape[1]
        return float(samples * d + self.components * (1 + d + d * d))

    def _fitted(self, records: Array, seeds: Sequence[int], starts: int) -> Mixture:
        """The fit of every replicate of records (replicates, n, d)."""
        from sklearn import exceptions, mixture

        replicates, _, d = records.shape
        k = self.components
        out = Mixture(
            np.zeros((replicates, k)),
            np.zeros((replicates, k, d)),
            np.zeros((replicates, k, d, d)),
            np.zeros(replicates, bool),
            np.zeros(replicates, bool),
        )
        # fits as small as these lose more to threads than they gain
        with threadpool_limits(limits=1), warnings.catch_warnings():
            # k-means on fewer distinct rows than components, and EM that ran out of iterations
            warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
            for at, (rows, seed) in enumerate(zip(records, seeds, strict=True)):
                estimator = mixture.GaussianMixture(
                    k,
                    covariance_type=self.covariance_type,
                    tol=self.tolerance,
                    reg_covar=self.added_variance,
                    max_iter=self.iterations,
                    n_init=starts,
                    random_state=seed,
                )
                try:
                    estimator.fit(rows)
                    out.roots[at] = _roots(estimator.covariances_, self.covariance_type, k, d)
                except (ValueError, np.linalg.LinAlgError):
                    out.failed[at], out.shares[at, 0] = True, 1.0
                    out.means[at], out.roots[at] = samples.lone_normal(rows, self.added_variance)
                    continue
                out.shares[at], out.means[at] = estimator.weights_, estimator.means_
                out.unconverged[at] = not estimator.converged_
        return out


MEASURES = {
    "risk": Measure(
        "nats a sample",
        "low",
        "mean negative log density on held-out rows, else on the data, less the truth's",
        "interval",
    ),
    "variance": Measure("of the population's", "high", "trace of the mixture's covariance"),
    "mean_error": Measure(
        "traces of the population's covariance", "low", "squared distance of the mean from the population's"
    ),
    "components": Measure("components", "high", "components with over a tenth of an equal share"),
    "failed": Measure("share of fits", "low", "samples that no mixture could be fitted to"),
    "unconverged": Measure("share of fits", "low", "EM that used all of its iterations"),
}


def log_density(model: Mixture, rows: Array) -> Array:
    """(replicates, m) log density of each replicate's mixture at the same rows (m, d), in nats."""
    replicates, k, d = model.means.shape
    out = np.empty((replicates, len(rows)))
    for part in samples.blocks(replicates, k * d * len(rows)):
        roots = model.roots[part]
        apart = rows[None, None] - model.means[part][:, :, None, :]
        white = np.linalg.solve(roots, apart.swapaxes(2, 3))
        scale = np.log(np.diagonal(roots, axis1=2, axis2=3)).sum(axis=2) + d / 2 * math.log(2 * math.pi)
        logs = -0.5 * (white**2).sum(axis=2) - scale[:, :, None]
        out[part] = logsumexp(logs, axis=1, b=model.shares[part][:, :, None])
    return out


def _roots(covariances: Array, kind: str, k: int, d: int) -> Array:
    """(k, d, d) lower roots of scikit-learn's covariances, whatever their kind."""
    if kind in ("full", "tied"):
        return np.broadcast_to(np.linalg.cholesky(covariances), (k, d, d))
    deviations = np.sqrt(covariances) if kind == "diag" else np.sqrt(covariances)[:, None]
    return np.asarray(deviations[:, :, None] * np.eye(d))
