"""Kernel density estimates with normal kernels, on a real table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from headwater.errors import FamilyError
from headwater.families import samples
from headwater.families.contract import Array, Ask, Measure
from headwater.families.gaussian import RealRows
from headwater.families.samples import Samples

RULES = ("scott", "silverman")
NO_SPREAD = 1e-6
"""Bandwidth, in the population's standard deviations, where a rule finds no spread to scale."""


class Kernels(NamedTuple):
    """Training points (replicates, n, d) with weights, bandwidths (replicates, d), and failed fits."""

    points: Samples
    bandwidth: Array
    failed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class KernelDensity:
    r"""A normal kernel on every training point: smoothing adds variance, sampling removes it.

    With a fixed bandwidth h a lone loop on n samples follows, for the variance v of the model in
    one coordinate, :math:`E\,v_{t+1} = (1-1/n)\,E\,v_t + h^2`: it widens towards nh². With a rule
    of factor f it is :math:`E\,v_{t+1} = (1 - 1/n + f^2)\,E\,v_t`, which grows without end.

    Parameters
    ----------
    data
        (rows, d) real samples. They are the population: sources draw them with replacement.
    bandwidth
        Standard deviation of the kernel in every coordinate, in units of the data; or the rule
        that finds one for each coordinate: "scott" or "silverman".
    test
        (m, d) held-out rows, on which risk is evaluated. Without them it is evaluated on `data`:
        the expected loss of a new real sample, which rewards bandwidths too small.

    Raises
    ------
    FamilyError
        If a table or the bandwidth cannot be right, or a column of `data` does not vary.

    Notes
    -----
    The rules multiply each coordinate's standard deviation (divisor Σω - Σω²/Σω, N - 1 for equal
    weights) by a factor: N^(-1/(d+4)) for Scott, (N(d+2)/4)^(-1/(d+4)) for Silverman, N being the
    effective count (Σω)²/Σω². In one dimension that is ``scipy.stats.gaussian_kde``, which in
    more scales the whole covariance instead. ``sklearn.neighbors.KernelDensity`` uses the bare
    factor, so there the data should have been scaled first. KDEpy's rules, for one dimension, take
    the smaller of the standard deviation and the interquartile range over 1.349.

    A coordinate in which all training points are equal gives the rules no scale: it gets a
    bandwidth of 1e-6 of the population's standard deviation, and the fit counts as failed.
    Evidence and model hold every sample.
    """

    data: Array
    bandwidth: float | str
    test: Array | None = None
    rows: Array = field(init=False, repr=False)
    """(m, d) on which risk is evaluated."""
    name: ClassVar[str] = "kernel-density"
    emissions: ClassVar[frozenset[str]] = frozenset()
    weights: ClassVar[bool] = True

    def __post_init__(self) -> None:
        data = samples.population(self.data)
        object.__setattr__(self, "data", data)
        if self.test is not None:
            object.__setattr__(self, "test", samples.table("test", self.test, data.shape[1]))
        object.__setattr__(self, "rows", data if self.test is None else self.test)
        width = self.bandwidth
        good = width in RULES if isinstance(width, str) else samples.is_number(width) and width > 0
        if not good:
            raise FamilyError(
                f"bandwidth is {samples.shown(width)}",
                "give a number above 0, in units of the data, or one of 'scott' and 'silverman'",
            )

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Risk, variance, error of the mean, and failed fits."""
        return MEASURES

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Data, bandwidth, held-out rows."""
        return {"data": self.data, "bandwidth": self.bandwidth, "test": self.test}

    @property
    def least_samples(self) -> int:
        """A rule needs two to see a spread."""
        return 2 if isinstance(self.bandwidth, str) else 1

    @property
    def unit_risk(self) -> None:
        """Not known: the risk has no parametric rate."""
        return None

    def law(self) -> None:
        """None is known of the risk."""
        return None

    def truth(self, replicates: int) -> RealRows:
        """The rows of the data."""
        return RealRows(self.data, replicates)

    def draw(self, model: Kernels | RealRows, ask: Ask, rng: Generator) -> Samples:
        """The samples."""
        return self.tell(self.records(model, ask, rng))

    def records(self, model: Kernels | RealRows, ask: Ask, rng: Generator) -> Array:
        """(replicates, samples, d): a training point in proportion to its weight, plus kernel noise."""
        if isinstance(model, RealRows):
            return samples.pick(model, ask.samples, rng)
        chosen = samples.places(model.points, ask.samples, rng)
        points = np.take_along_axis(model.points.records, chosen[:, :, None], axis=1)
        noise = rng.standard_normal(points.shape)
        return np.asarray(points + model.bandwidth[:, None, :] * noise)

    def tell(self, records: NDArray[Any], weights: Array | None = None) -> Samples:
        """The records, with their weights."""
        return Samples(records, weights)

    def combine(self, parts: Sequence[Samples], weights: Sequence[float]) -> Samples:
        """All samples, with their weights."""
        return samples.combine(parts, weights)

    def fit(self, evidence: Samples, rng: Generator) -> Kernels:
        """Keep the samples; find the bandwidth."""
        replicates, _, d = evidence.records.shape
        if not isinstance(self.bandwidth, str):
            width = np.full((replicates, d), float(self.bandwidth))
            return Kernels(evidence, width, np.zeros(replicates, bool))
        _, variance, count = samples.spread(evidence)
        # Σω - Σω²/Σω is (1 - 1/N) Σω; a lone sample has no variance whatever its divisor
        unbiased = variance / (1 - 1 / np.maximum(count, 1 + 1e-9))[:, None]
        if self.bandwidth == "silverman":
            count = count * (d + 2) / 4
        factor = count ** (-1 / (d + 4))
        still = (evidence.records == evidence.records[:, :1]).all(axis=1)
        width = np.where(still, NO_SPREAD * self.data.std(axis=0), factor[:, None] * np.sqrt(unbiased))
        return Kernels(evidence, width, still.any(axis=1))

    def measure(self, model: Kernels, name: str) -> Array:
        """One of `MEASURES`."""
        if name == "risk":
            return np.asarray(-log_density(model, self.rows).mean(axis=1))
        if name == "failed":
            return model.failed.astype(float)
        mean, variance, _ = samples.spread(model.points)
        total = self.data.var(axis=0).sum()
        if name == "variance":
            return np.asarray((variance + model.bandwidth**2).sum(axis=1) / total)
        return np.asarray(((mean - self.data.mean(axis=0)) ** 2).sum(axis=1) / total)

    def size(self, samples: int) -> float:
        """Samples and weights, held by evidence and model; a bandwidth."""
        d = self.data.shape[1]
        return float(2 * samples * (d + 1) + d)


MEASURES = {
    "risk": Measure(
        "nats a sample", "low", "mean negative log density on held-out rows, else on the data", "interval"
    ),
    "variance": Measure("of the population's", "", "trace of the covariance"),
    "mean_error": Measure(
        "traces of the population's covariance", "low", "squared distance of the mean from the population's"
    ),
    "failed": Measure("share of fits", "low", "rules that found a coordinate without spread"),
}


def log_density(model: Kernels, rows: Array) -> Array:
    """(replicates, m) log density of each replicate's model at the same rows (m, d), in nats."""
    replicates, count, d = model.points.records.shape
    out = np.empty((replicates, len(rows)))
    for part in samples.blocks(replicates, count * len(rows)):
        points, width = model.points.records[part], model.bandwidth[part]
        weights = None if model.points.weights is None else model.points.weights[part]
        for some in samples.blocks(len(rows), count * len(points)):
            out[part, some] = _sum_of_kernels(points, weights, width, rows[some])
    scale = np.log(model.bandwidth).sum(axis=1) + d / 2 * math.log(2 * math.pi)
    return np.asarray(out - scale[:, None])


def _sum_of_kernels(points: Array, weights: Array | None, width: Array, rows: Array) -> Array:
    """Log of the weighted mean of exp(-distance²/2), distances in bandwidths."""
    squares = np.zeros((len(points), len(rows), points.shape[1]))
    for at in range(points.shape[2]):
        apart = rows[None, :, None, at] - points[:, None, :, at]
        apart /= width[:, None, None, at]
        squares += np.square(apart, out=apart)
    if weights is not None:
        squares += np.where(weights > 0, 0.0, np.inf)[:, None, :]
    nearest = squares.min(axis=2)
    squares -= nearest[:, :, None]
    squares *= -0.5
    # far kernels may be below the smallest double: nothing is lost
    with np.errstate(under="ignore"):
        heights = np.exp(squares, out=squares)
    if weights is None:
        mean = heights.mean(axis=2)
    else:
        mean = np.einsum("rmn,rn->rm", heights, weights / weights.sum(axis=1, keepdims=True))
    # a nearest point of tiny weight leaves a mean that is tiny, not 0
    return np.asarray(np.log(mean) - nearest / 2)
