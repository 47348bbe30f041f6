"""Poisson regression with a log link, without a penalty."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import gammaln

from headwater.errors import FamilyError
from headwater.families import generalised, means
from headwater.families.contract import Array, Ask, Measure
from headwater.families.covariates import Coefficients, Covariates, Table, real_labels
from headwater.families.generalised import Labelled, Link
from headwater.families.poisson import counts

LARGEST = 40.0
"""Log rate at which labels are drawn at most: e^40 counts are more than a float holds exactly."""

MOST = math.log(means.LARGEST)
"""Log rate at which a rate, and a risk, stops growing."""


def _exp(eta: Array) -> Array:
    return np.asarray(np.exp(np.minimum(eta, MOST)))


def _start(mean: Array) -> tuple[Array, Array]:
    # Log of the labels, and their variance; a tenth keeps zeros off minus infinity.
    return np.log(mean + 0.1), mean + 0.1


def _normal_risk(own: float, shared: Array, other: Array) -> Array:
    # E e^t (t - s) - E e^t + E e^s of normal t and s.
    log_mean = min(own / 2, MOST)
    grown = np.expm1(np.minimum((other - own) / 2, MOST - log_mean))
    return np.asarray(np.maximum(math.exp(log_mean) * (own - shared + grown), 0.0))


LINK = Link(_exp, _exp, _exp, _start, _normal_risk)


@dataclass(frozen=True, slots=True, eq=False)
class PoissonRegression:
    r"""Counts with mean :math:`e^{x^\top\theta}`, fitted by maximum likelihood.

    Risk is the excess log-loss in nats a label: the mean over the rows of the divergence from
    the true label law to the fitted one; with real labels and a test table, the mean log-loss
    there less that of the truth, which can be negative.

    Parameters
    ----------
    covariates
        A `GaussianDesign` or a `Table`. With real labels the truth is the fit on the whole table.
    coefficients
        (p,) of the truth, the intercept (if any) last; left out where the table has real labels.
    test_table, test_labels
        (m, d) and (m,) held-out rows and counts, on which "log_loss" is measured.

    Raises
    ------
    FamilyError
        If labels are not counts, if they have no fit, or if a shape is wrong.

    Notes
    -----
    Where all counts of some direction are zero there is no maximum: the fit stops at rates of
    about 1e-7, counts as failed, and emits zeros for ever on the rows it has seen. Its rate on
    others may be past any number: rates above e^40 are drawn as e^40, and count as 1e150 at most
    in the risk. Counts of a mean above 1e12 are rounded normals.

    Records are (p + 1): row and count; for a table (2): number of the row and count.
    """

    covariates: Covariates
    coefficients: Array | None = None
    test_table: Array | None = None
    test_labels: Array | None = None
    target: Array = field(init=False, repr=False)
    test_rows: Array | None = field(init=False, repr=False)
    name: ClassVar[str] = "poisson-regression"
    emissions: ClassVar[frozenset[str]] = frozenset()
    weights: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _counts("labels", real_labels(self.covariates))
        object.__setattr__(self, "target", generalised.truth_or_fit(LINK, self.covariates, self.coefficients))
        rows, labels = generalised.held_out(self.covariates, self.test_table, self.test_labels)
        _counts("test_labels", labels)
        object.__setattr__(self, "test_rows", rows)
        object.__setattr__(self, "test_labels", labels)

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Risk, size of the coefficients, failed fits; log-loss if there is a test table."""
        test = {} if self.test_rows is None else _TEST_MEASURES
        return {**generalised.MEASURES, **test}

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Rows, coefficients of the truth, test table."""
        return {
            **self.covariates.parameters,
            "coefficients": self.target,
            "test_table": self.test_table,
            "test_labels": self.test_labels,
        }

    @property
    def least_samples(self) -> int:
        """Fits that samples do not determine count as failed."""
        return 1

    @property
    def unit_risk(self) -> float | None:
        """Half the trace of H⁻¹V, p/2 for model labels; None for real labels, fixed or tested elsewhere."""
        if real_labels(self.covariates) is not None and self.test_rows is not None:
            return None
        return generalised.sandwich(LINK, self.covariates, self.target)

    def law(self) -> None:
        """None is known."""
        return None

    def truth(self, replicates: int) -> Coefficients:
        """The truth's coefficients; with real labels, a model that emits these."""
        values = np.tile(self.target, (replicates, 1))
        return Coefficients(values, np.zeros(replicates, bool), real_labels(self.covariates) is not None)

    def draw(self, model: Coefficients, ask: Ask, rng: Generator) -> Labelled:
        """What new samples tell: sums of counts for each row where the table is the shorter."""
        table = self.covariates
        if not isinstance(table, Table) or (table.rows == "fresh" and ask.samples < table.length):
            return self.tell(self.records(model, ask, rng))
        mass = table.counts(len(model.values), ask, None, rng)
        if model.real and table.labels is not None:
            return Labelled(None, mass, mass * table.labels)
        return Labelled(None, mass, counts(mass * _rate(model.values @ table.design.T), rng))

    def records(self, model: Coefficients, ask: Ask, rng: Generator) -> NDArray[Any]:
        """(replicates, samples, p + 1) rows and counts; for a table (replicates, samples, 2)."""
        replicates, table = len(model.values), self.covariates
        if not isinstance(table, Table):
            rows = table.sample(replicates, ask.samples, rng)
            labels = counts(_rate(generalised.predictor(model.values, rows)), rng)
            return np.concatenate([rows, labels[:, :, None]], axis=-1)
        index = table.pick(replicates, ask, None, rng)
        if model.real and table.labels is not None:
            return np.stack([index, table.labels[index]], axis=-1)
        eta = np.take_along_axis(model.values @ table.design.T, index, axis=1)
        return np.stack([index, counts(_rate(eta), rng)], axis=-1)

    def tell(self, records: NDArray[Any], weights: Array | None = None) -> Labelled:
        """Weights and sums of counts, by row of a table where that is shorter."""
        return generalised.tell(self.covariates, records, weights)

    def combine(self, parts: Sequence[Labelled], weights: Sequence[float]) -> Labelled:
        """All rows; sums over the table's rows where that is shorter."""
        return generalised.combine(self.covariates, parts, weights)

    def fit(self, evidence: Labelled, rng: Generator) -> Coefficients:
        """Maximum likelihood; failed where there is no maximum."""
        return generalised.fit(LINK, self.covariates, evidence)

    def measure(self, model: Coefficients, name: str) -> Array:
        """(replicates,) one of `measures`."""
        if name == "norm":
            norm: Array = np.sqrt((model.values**2).sum(1))
            return norm
        if name == "failed":
            return model.failed.astype(float)
        if name == "risk" and (real_labels(self.covariates) is None or self.test_rows is None):
            return generalised.divergence(LINK, self.covariates, self.target, model.values)
        if self.test_rows is None:
            raise FamilyError(f"{name} needs held-out data", "give test_table and test_labels")
        loss = self._log_loss(model.values @ self.test_rows.T)
        return loss - self._log_loss(self.target @ self.test_rows.T) if name == "risk" else loss

    def size(self, samples: int) -> float:
        """Weights, sums and rows of the evidence, coefficients of the model."""
        return generalised.size(self.covariates, samples)

    def _log_loss(self, eta: Array) -> Array:
        assert self.test_labels is not None
        constant = gammaln(self.test_labels + 1)
        return np.asarray((_exp(eta) - self.test_labels * eta + constant).mean(-1))


_TEST_MEASURES = {"log_loss": Measure("nats a label", "low", "mean log-loss on the test table")}


def _counts(what: str, labels: Array | None) -> None:
    if labels is None:
        return
    wrong = (labels < 0) | (labels != np.floor(labels))
    if wrong.any():
        raise FamilyError(f"{what} hold {labels[wrong][0]:g}", "labels are counts: whole numbers, 0 or more")


def _rate(eta: Array) -> Array:
    return np.exp(np.minimum(eta, LARGEST))
