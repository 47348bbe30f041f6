"""Logistic regression, without a penalty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import expit

from headwater.emission import Emission
from headwater.errors import FamilyError
from headwater.families import generalised
from headwater.families.contract import Array, Ask, Measure
from headwater.families.covariates import (
    Coefficients,
    Covariates,
    Table,
    real_labels,
)
from headwater.families.generalised import Labelled, Link

ROUNDS = 1000
"""Of drawing again what a verifier did not keep, at most."""

NODES, WEIGHTS = np.polynomial.legendre.leggauss(64)
"""Of integrals over half a normal, as far as 9 of its deviations or 40 units of log-odds."""


def _variance(eta: Array) -> Array:
    small = np.exp(-abs(eta))
    return np.asarray(small / (1 + small) ** 2)


def _partition(eta: Array) -> Array:
    # logaddexp(0, eta), at a quarter of its time.
    return np.asarray(np.maximum(eta, 0) + np.log1p(np.exp(-abs(eta))))


def _start(mean: Array) -> tuple[Array, Array]:
    # One Newton step from equal chances.
    return 4 * (mean - 0.5), np.full_like(mean, 0.25)


def _normal_risk(own: float, shared: Array, other: Array) -> Array:
    # With t and s the true and fitted η: E A(s) - E A(t) - E p(t)(s - t), and E p(t)s is
    # cov(s, t) E p'(t) by Stein's lemma. A(z) is max(z, 0) plus a smooth part in |z|.
    true, fitted = np.sqrt(np.array([own])), np.sqrt(other)
    (soft_true,), (curvature,) = _half_line(true)
    soft, _ = _half_line(fitted)
    ramp = (fitted - true) / np.sqrt(2 * np.pi)
    # Rounding can leave a divergence of zero below it.
    return np.asarray(np.maximum(ramp + soft - soft_true - (shared - own) * curvature, 0.0))


def _half_line(deviation: Array) -> tuple[Array, Array]:
    """E log(1 + exp(-|z|)) and E p(z)(1 - p(z)) of normal z of mean zero and these standard deviations."""
    end = 40 / np.maximum(deviation, 40 / 9)
    nodes = end[:, None] * (NODES + 1) / 2
    weights = end[:, None] * WEIGHTS * np.exp(-(nodes**2) / 2) / np.sqrt(2 * np.pi)
    z = deviation[:, None] * nodes
    return (weights * np.log1p(np.exp(-z))).sum(1), (weights * _variance(z)).sum(1)


LINK = Link(expit, _variance, _partition, _start, _normal_risk)


@dataclass(frozen=True, slots=True, eq=False)
class Logistic:
    r"""Labels 0 and 1, :math:`\Pr(y=1\mid x) = 1/(1+e^{-x^\top\theta})`, by maximum likelihood.

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
        (m, d) and (m,) held-out rows and labels, on which "log_loss" and "accuracy" are
        measured; an intercept is added as to the table.

    Raises
    ------
    FamilyError
        If labels are not 0 and 1, if the real labels are separable (no fit exists to be the
        truth), or if a shape is wrong.

    Notes
    -----
    Separable labels have no maximum-likelihood fit. The fit then stops where its chances are
    within about 1e-7 of the labels it separates, stays finite, and counts as failed.

    Emissions: temperature divides the log-odds; then a label that alone holds `top_p` is always
    emitted (label 1 at equal chances); then a verifier keeps labels that the truth finds the more
    probable (1 at equal chances) with `keep_right`, others with `keep_wrong`. Fresh rows come in
    proportion to the chance that their label is kept; fixed rows all come, with the law of a kept
    label. Where the verifier can keep nothing, right labels are emitted: on a table where it keeps
    no row; on a Gaussian design on rows of which 1000 in succession were not kept.

    Records are (p + 1): row and label; for a table (2): number of the row and label.
    """

    covariates: Covariates
    coefficients: Array | None = None
    test_table: Array | None = None
    test_labels: Array | None = None
    target: Array = field(init=False, repr=False)
    test_rows: Array | None = field(init=False, repr=False)
    name: ClassVar[str] = "logistic"
    emissions: ClassVar[frozenset[str]] = frozenset({"temperature", "top_p", "keep_right", "keep_wrong"})
    weights: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _binary("labels", real_labels(self.covariates))
        object.__setattr__(self, "target", generalised.truth_or_fit(LINK, self.covariates, self.coefficients))
        rows, labels = generalised.held_out(self.covariates, self.test_table, self.test_labels)
        _binary("test_labels", labels)
        object.__setattr__(self, "test_rows", rows)
        object.__setattr__(self, "test_labels", labels)

    @property
    def measures(self) -> Mapping[str, Measure]:
        """Risk, size of the coefficients, failed fits; log-loss and accuracy if there is a test table."""
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
        real = real_labels(self.covariates) is not None
        if real and self.test_rows is not None:
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
        """What new samples tell: counts of successes for each row where the table is the shorter."""
        table = self.covariates
        if not isinstance(table, Table) or (table.rows == "fresh" and ask.samples < table.length):
            return self.tell(self.records(model, ask, rng))
        kept, chance = self._emitted(model, table.design[None], ask.emission)
        mass = table.counts(len(model.values), ask, _favoured(model, kept, ask.emission), rng)
        if model.real and table.labels is not None:
            return Labelled(None, mass, mass * table.labels)
        return Labelled(None, mass, rng.binomial(mass.astype(np.int64), chance).astype(float))

    def records(self, model: Coefficients, ask: Ask, rng: Generator) -> NDArray[Any]:
        """(replicates, samples, p + 1) rows and labels; for a table (replicates, samples, 2)."""
        replicates, table = len(model.values), self.covariates
        if not isinstance(table, Table):
            rows, chance = self._gaussian(model, ask, rng)
            labels = rng.random(chance.shape) < chance
            return np.concatenate([rows, labels[:, :, None]], axis=-1)
        kept, chance = self._emitted(model, table.design[None], ask.emission)
        index = table.pick(replicates, ask, _favoured(model, kept, ask.emission), rng)
        if model.real and table.labels is not None:
            return np.stack([index, table.labels[index]], axis=-1)
        labels = rng.random(index.shape) < np.take_along_axis(chance, index, axis=1)
        return np.stack([index, labels], axis=-1)

    def tell(self, records: NDArray[Any], weights: Array | None = None) -> Labelled:
        """Weights and sums of labels, by row of a table where that is shorter."""
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
        if self.test_rows is None or self.test_labels is None:
            raise FamilyError(f"{name} needs held-out data", "give test_table and test_labels")
        eta = model.values @ self.test_rows.T
        if name == "accuracy":
            return np.asarray(((eta > 0) == (self.test_labels == 1)).mean(1))
        truth = self._log_loss(self.target @ self.test_rows.T)
        loss = self._log_loss(eta)
        return loss - truth if name == "risk" else loss

    def size(self, samples: int) -> float:
        """Weights, sums and rows of the evidence, coefficients of the model."""
        return generalised.size(self.covariates, samples)

    def _log_loss(self, eta: Array) -> Array:
        assert self.test_labels is not None
        return np.asarray((np.logaddexp(0.0, eta) - self.test_labels * eta).mean(-1))

    def _emitted(self, model: Coefficients, rows: Array, emission: Emission) -> tuple[Array, Array]:
        """(replicates, m) chances that a row's label is kept, and that a kept one is 1.

        Where none is kept, the second is that of the right label.
        """
        eta = generalised.predictor(model.values, rows)
        right = generalised.predictor(self.target[None], rows) >= 0
        chance: Array = expit(eta / emission.temperature)
        sure = np.maximum(chance, 1 - chance) >= emission.top_p
        if emission.top_p < 1:
            chance = np.where(sure, chance >= 0.5, chance)
        good = np.where(right, chance, 1 - chance) * emission.keep_right
        kept = good + np.where(right, 1 - chance, chance) * emission.keep_wrong
        share = np.divide(good, kept, out=np.ones_like(kept), where=kept > 0)
        return kept, np.where(right, share, 1 - share)

    def _gaussian(self, model: Coefficients, ask: Ask, rng: Generator) -> tuple[Array, Array]:
        """Rows in proportion to their chance of being kept, by drawing the others again.

        Those that are not kept in `ROUNDS` rounds stay, with right labels if theirs cannot be kept.
        """
        design = self.covariates
        assert not isinstance(design, Table)
        rows = design.sample(len(model.values), ask.samples, rng)
        kept, chance = self._emitted(model, rows, ask.emission)
        if not _verified(ask.emission):
            return rows, chance
        most = max(ask.emission.keep_right, ask.emission.keep_wrong)
        owner, slot = np.nonzero(rng.random(kept.shape) * most >= kept)
        for _ in range(ROUNDS):
            if not len(owner):
                break
            new = design.sample(len(owner), 1, rng)
            part = Coefficients(model.values[owner], model.failed[owner])
            kept_new, chance_new = self._emitted(part, new, ask.emission)
            rows[owner, slot], chance[owner, slot] = new[:, 0], chance_new[:, 0]
            again = rng.random(len(owner)) * most >= kept_new[:, 0]
            owner, slot = owner[again], slot[again]
        return rows, chance


_TEST_MEASURES = {
    "log_loss": Measure("nats a label", "low", "mean log-loss on the test table"),
    "accuracy": Measure("share of labels", "high", "test labels that the model finds the more probable"),
}


def _binary(what: str, labels: Array | None) -> None:
    if labels is not None and not np.isin(labels, (0.0, 1.0)).all():
        wrong = labels[~np.isin(labels, (0.0, 1.0))][0]
        raise FamilyError(f"{what} hold {wrong:g}", "labels are 0 and 1: code the two classes so")


def _verified(emission: Emission) -> bool:
    return emission.keep_right != emission.keep_wrong


def _favoured(model: Coefficients, kept: Array, emission: Emission) -> Array | None:
    """What a table's fresh rows are drawn in proportion to: all alike where none of them can be kept."""
    if model.real or not _verified(emission):
        return None
    return np.where((kept > 0).any(1, keepdims=True), kept, 1.0)
