"""Any estimator with scikit-learn's `fit` and `sample`, as a family."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits

from headwater.errors import FamilyError
from headwater.families import samples
from headwater.families.contract import Array, Ask, Measure
from headwater.families.gaussian import RealRows
from headwater.families.samples import Samples

Risk = Callable[[Array, Array], float]
"""Of a sample (m, d) of a model and real rows (m', d): how far the one is from the other."""

MOST_EVALUATED = 1000
"""Samples of a model that a risk without densities is computed from, at most."""

ADDED = 1e-6
"""Variance added to a stand-in normal, in the population's variances."""

LARGEST_SEED = 2**31


class StandIn(NamedTuple):
    """The normal that stands in for a failed fit: mean (d,) and lower root (d, d) of the covariance."""

    mean: Array
    root: Array


class Fits(NamedTuple):
    """A fitted estimator or a `StandIn` of each replicate, seeds of evaluation, failed fits."""

    fitted: tuple[Any, ...]
    seeds: NDArray[np.int64]
    failed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Estimator:
    """What `from_estimator` makes; see there."""

    estimator: Any
    data: Array
    test: Array | None
    user_risk: Risk | None
    least_samples: int
    rows: Array = field(init=False, repr=False)
    """(m, d) on which risk is evaluated."""
    name: ClassVar[str] = "estimator"
    emissions: ClassVar[frozenset[str]] = frozenset()
    weights: ClassVar[bool] = False
    packages: ClassVar[tuple[str, ...]] = ("scikit-learn",)

    def __post_init__(self) -> None:
        data = samples.population(self.data)
        object.__setattr__(self, "data", data)
        if self.test is not None:
            object.__setattr__(self, "test", samples.table("test", self.test, data.shape[1]))
        object.__setattr__(self, "rows", data if self.test is None else self.test)
        kind = type(self.estimator).__name__
        for method in ("fit", "sample"):
            if isinstance(self.estimator, type) or not callable(getattr(self.estimator, method, None)):
                raise FamilyError(
                    f"{self.estimator!r:.60} has no method {method}",
                    "give an object with fit(X) and sample(n)",
                )
        if not _sample_takes_seed(self.estimator) and not _seeds_of(self.estimator):
            raise FamilyError(
                f"{kind} cannot be seeded, so that a run could not be repeated",
                "give sample(n, random_state=...), or the estimator a parameter random_state",
            )
        if self.user_risk is not None and not callable(self.user_risk):
            raise FamilyError(f"risk is {self.user_risk!r:.60}", "give a function (sample, rows) -> float")
        if isinstance(self.least_samples, bool) or not isinstance(self.least_samples, int | np.integer):
            raise FamilyError(f"least_samples is {self.least_samples!r:.60}", "write a whole number")
        if self.least_samples < 1:
            raise FamilyError(f"least_samples is {self.least_samples}", "a fit needs at least 1")

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Risk, variance, failed fits."""
        return {"risk": _RISKS[self._kind_of_risk], **_MEASURES}

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The estimator with its parameters, data, held-out rows, function of the risk."""
        return {
            "estimator": self.estimator,
            "data": self.data,
            "test": self.test,
            "risk": self.user_risk,
            "least_samples": self.least_samples,
        }

    @property
    def unit_risk(self) -> None:
        """Not known."""
        return None

    def law(self) -> None:
        """None is known."""
        return None

    def truth(self, replicates: int) -> RealRows:
        """The rows of the data."""
        return RealRows(self.data, replicates)

    def draw(self, model: Fits | RealRows, ask: Ask, rng: Generator) -> Samples:
        """The samples."""
        return self.tell(self.records(model, ask, rng))

    def records(self, model: Fits | RealRows, ask: Ask, rng: Generator) -> Array:
        """(replicates, samples, d) what each replicate's estimator samples, in random order."""
        if isinstance(model, RealRows):
            return samples.pick(model, ask.samples, rng)
        seeds = rng.integers(LARGEST_SEED, size=len(model.fitted)).tolist()
        width = self.data.shape[1]
        drawn = [
            _sampled(each, ask.samples, width, seed) for each, seed in zip(model.fitted, seeds, strict=True)
        ]
        # scikit-learn's mixture gives its samples component by component
        order = rng.random((len(drawn), ask.samples)).argsort(axis=1)
        return np.take_along_axis(np.stack(drawn), order[:, :, None], axis=1)

    def tell(self, records: NDArray[Any], weights: Array | None = None) -> Samples:
        """The records; all of one weight."""
        return samples.tell_even(records, weights, self.name)

    def combine(self, parts: Sequence[Samples], weights: Sequence[float]) -> Samples:
        """All samples; all of one weight."""
        return samples.combine_even(parts, weights, self.name)

    def fit(self, evidence: Samples, rng: Generator) -> Fits:
        """A clone of the estimator fitted in each replicate."""
        replicates = len(evidence.records)
        fitted, failed = [], np.zeros(replicates, bool)
        # sums by one thread have the same bits whatever the machine
        with threadpool_limits(limits=1):
            for at, rows in enumerate(evidence.records):
                estimator = _clone(self.estimator)
                _seed(estimator, rng)
                try:
                    estimator.fit(rows)
                except (ValueError, ArithmeticError, np.linalg.LinAlgError):
                    failed[at] = True
                    estimator = StandIn(*samples.lone_normal(rows, ADDED * self.data.var(axis=0)))
                fitted.append(estimator)
        return Fits(tuple(fitted), rng.integers(LARGEST_SEED, size=replicates), failed)

    def measure(self, model: Fits, name: str) -> Array:
        """One of `measures`."""
        if name == "failed":
            return model.failed.astype(float)
        if name == "risk" and self._kind_of_risk == "density":
            return np.array([_loss(each, self.rows) for each in model.fitted])
        width, count = self.data.shape[1], min(len(self.rows), MOST_EVALUATED)
        drawn = [
            _sampled(each, max(count, 2), width, int(seed))
            for each, seed in zip(model.fitted, model.seeds, strict=True)
        ]
        if name == "variance":
            total = self.data.var(axis=0).sum()
            return np.array([each.var(axis=0, ddof=1).sum() / total for each in drawn])
        if self.user_risk is not None:
            return np.array([float(self.user_risk(each, self.rows)) for each in drawn])
        between_rows = _mean_distance(self.rows, self.rows)
        return np.array([energy_distance(each, self.rows, between_rows) for each in drawn])

    def size(self, samples: int) -> float:
        """Samples of the evidence, and as much for the model, of which nothing is known."""
        return float(2 * samples * self.data.shape[1])

    @property
    def _kind_of_risk(self) -> str:
        if self.user_risk is not None:
            return "user"
        return "density" if hasattr(self.estimator, "score_samples") else "energy"


_RISKS = {
    "user": Measure(
        "of the function given", "low", "what the function says of a sample and real rows", "interval"
    ),
    "density": Measure(
        "nats a sample", "low", "mean negative log density on held-out rows, else on the data", "interval"
    ),
    "energy": Measure(
        "units of the data", "low", "energy distance of a sample to the held-out rows, else the data"
    ),
}

_MEASURES = {
    "variance": Measure("of the population's", "high", "trace of a sample's covariance"),
    "failed": Measure("share of fits", "low", "fits that raised, for which a normal stands in"),
}


def from_estimator(
    estimator: Any,
    data: ArrayLike,
    *,
    test: ArrayLike | None = None,
    risk: Risk | None = None,
    least_samples: int = 2,
) -> Estimator:
    """A family of anything that has scikit-learn's ``fit(X)`` and ``sample(n)``.

    A clone is fitted in each replicate, one after the other, so that this is much slower than
    the families made for the purpose.

    Parameters
    ----------
    estimator
        Not fitted, and never changed. `sample` returns (n, d), or a tuple that begins with it, as
        ``sklearn.mixture.GaussianMixture`` does. Either `sample` takes ``random_state`` or the
        estimator has a parameter of that name; both are seeded anew for each fit and draw.
    data
        (rows, d) real samples. They are the population: sources draw them with replacement.
    test
        (m, d) held-out rows that the risk is evaluated on; without them, `data`.
    risk
        Function of a sample of the model (m, d) and the held-out rows. Left out, risk is the mean
        of ``-score_samples(rows)`` in nats if the estimator has that method; else the energy
        distance 2E|X-Y| - E|X-X'| - E|Y-Y'| of a sample X to the rows Y, without bias where the
        rows are the population: 0 in the mean for a model that emits exactly these, and slightly
        negative at times. Samples hold as many rows as are held out, from 2 to 1000.
    least_samples
        Fewest samples that it can be fitted on.

    Raises
    ------
    FamilyError
        If the estimator lacks a method or cannot be seeded, or a table cannot be right; later,
        if `sample` returns another shape.

    Notes
    -----
    Where `fit` raises ValueError, ArithmeticError or LinAlgError, a normal with the mean and
    maximum-likelihood covariance of the samples stands in (plus a millionth of the population's
    variances, so that it has a density), and the fit counts as failed. Other exceptions are not
    caught, and warnings are left as they are. Loss weights are not passed on.
    """
    return Estimator(
        estimator, np.asarray(data), None if test is None else np.asarray(test), risk, least_samples
    )


def energy_distance(sample: Array, rows: Array, between_rows: float) -> float:
    """Energy distance of a sample (n, d) to rows (m, d) that are a whole population.

    `between_rows` is the mean distance of two rows, a row and itself included. Distances within
    the sample leave these out, so that the mean over samples is the distance of their law.
    """
    count = len(sample)
    within = _mean_distance(sample, sample) * count / (count - 1)
    return 2 * _mean_distance(sample, rows) - within - between_rows


def _mean_distance(first: Array, second: Array) -> float:
    total = 0.0
    for part in samples.blocks(len(first), len(second)):
        total += float(cdist(first[part], second).sum())
    return total / (len(first) * len(second))


def _clone(estimator: Any) -> Any:
    if hasattr(estimator, "get_params"):
        from sklearn.base import clone

        return clone(estimator)
    return copy.deepcopy(estimator)


def _seeds_of(estimator: Any) -> list[str]:
    """Parameters that seed it, those of its parts included."""
    if not hasattr(estimator, "get_params"):
        return []
    return sorted(key for key in estimator.get_params() if key.split("__")[-1] == "random_state")


def _seed(estimator: Any, rng: Generator) -> None:
    keys = _seeds_of(estimator)
    if keys:
        estimator.set_params(**{key: int(rng.integers(LARGEST_SEED)) for key in keys})


def _sample_takes_seed(estimator: Any) -> bool:
    return "random_state" in inspect.signature(estimator.sample).parameters


def _sampled(fitted: Any, count: int, width: int, seed: int) -> Array:
    """(count, width) samples of a fitted estimator or of a normal that stands in."""
    if isinstance(fitted, StandIn):
        noise = np.random.default_rng(seed).standard_normal((count, width))
        return np.asarray(fitted.mean + noise @ fitted.root.T)
    if _sample_takes_seed(fitted):
        drawn = fitted.sample(count, random_state=seed)
    else:
        # a copy, so that the model itself stays as it was fitted
        seeded = copy.copy(fitted)
        _seed(seeded, np.random.default_rng(seed))
        drawn = seeded.sample(count)
    values = np.asarray(drawn[0] if isinstance(drawn, tuple) else drawn, dtype=float)
    if values.shape != (count, width):
        raise FamilyError(
            f"{type(fitted).__name__}.sample({count}) has shape {values.shape}",
            f"it returns ({count}, {width}), as many columns as it was fitted on",
        )
    return values


def _loss(fitted: Any, rows: Array) -> float:
    """Mean negative log density."""
    if not isinstance(fitted, StandIn):
        return -float(np.mean(fitted.score_samples(rows)))
    white = np.linalg.solve(fitted.root, (rows - fitted.mean).T)
    scale = np.log(np.diagonal(fitted.root)).sum() + len(fitted.mean) / 2 * np.log(2 * np.pi)
    return float((0.5 * (white**2).sum(axis=0)).mean() + scale)
