"""Logistic regression: the exact fit, real data of the literature, separable labels, emissions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import linprog
from scipy.special import expit, log_expit

from headwater.emission import Emission
from headwater.errors import FamilyError
from headwater.families import logistic
from headwater.families.contract import Ask
from headwater.families.covariates import GaussianDesign, Table
from headwater.families.logistic import Logistic
from tests.oracles.agreement import assert_means

ROWS = np.array([[-1.5], [-0.5], [0.0], [0.7], [2.0]])
THETA = np.array([1.2, -0.4])
CHANCE = expit(ROWS[:, 0] * 1.2 - 0.4)


def on_rows(rows="fresh", **changes):
    return Logistic(Table(ROWS, rows, True), THETA, **changes)


def diabetes(rows="fixed"):
    """Disease progression above 100, split 70 to 30 as by Dey and Donoho, and their held-out part."""
    data = pytest.importorskip("sklearn.datasets")
    selection = pytest.importorskip("sklearn.model_selection")
    x, y = data.load_diabetes(return_X_y=True)
    train, test, labels, held = selection.train_test_split(x, y > 100, test_size=0.3, random_state=123456)
    family = Logistic(Table(train, rows, True, labels), test_table=test, test_labels=held)
    return family, train, labels, test, held


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_fit_on_real_data_is_the_exact_maximum():
    """scikit-learn's Newton solver at a tight tolerance; held-out log-loss 0.4304827, accuracy 108/133."""
    linear = pytest.importorskip("sklearn.linear_model")
    family, train, labels, _, _ = diabetes()
    peer = linear.LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12).fit(train, labels)
    np.testing.assert_allclose(family.target, np.r_[peer.coef_[0], peer.intercept_], rtol=1e-7)
    truth = family.truth(1)
    assert family.measure(truth, "log_loss")[0] == pytest.approx(0.4304827453, abs=1e-9)
    assert family.measure(truth, "accuracy")[0] == pytest.approx(108 / 133)
    assert family.measure(truth, "risk")[0] == 0


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_logged_loss_of_the_literature_is_that_of_a_solver_stopped_early():
    """0.4284598 and 0.804511 [dey2024universality]: lbfgs at its default tolerance, not the maximum."""
    linear = pytest.importorskip("sklearn.linear_model")
    family, train, labels, _, _ = diabetes()
    early = linear.LogisticRegression(C=np.inf, max_iter=10_000).fit(train, labels)
    model = family.truth(1)._replace(values=np.r_[early.coef_[0], early.intercept_][None])
    assert family.measure(model, "log_loss")[0] == pytest.approx(0.4284598, abs=1e-6)
    in_sample = Logistic(family.covariates)
    assert in_sample.measure(model, "risk")[0] > 1e-4
    assert family.measure(family.truth(1), "log_loss")[0] != pytest.approx(0.4284598, abs=1e-3)


def test_on_real_data_replacing_collapses_and_accumulating_does_not():
    """Generation 50, median of 40: above 3 where the literature has 8.10, below 0.50 where it has 0.456."""
    family, train, *_ = diabetes()
    ask, rng = Ask(len(train)), np.random.default_rng(1)
    model = family.fit(family.draw(family.truth(40), ask, rng), rng)
    np.testing.assert_allclose(family.measure(model, "risk"), 0, atol=1e-12)
    pooled, pool = model, family.draw(family.truth(40), ask, rng)
    for _ in range(49):
        model = family.fit(family.draw(model, ask, rng), rng)
        pool = family.combine([pool, family.draw(pooled, ask, rng)], [1.0, 1.0])
        pooled = family.fit(pool, rng)
    assert np.median(family.measure(model, "log_loss")) > 3
    assert np.median(family.measure(pooled, "log_loss")) < 0.50
    assert family.measure(model, "failed").mean() > 0.5 and np.isfinite(model.values).all()
    assert family.measure(pooled, "failed").sum() == 0
    assert pool.mass.shape == (40, len(train)) and pool.rows is None


def test_real_labels_that_are_separable_are_refused_as_a_truth():
    """The 398 training rows of breast_cancer: a hyperplane parts them, as a linear programme shows."""
    data = pytest.importorskip("sklearn.datasets")
    selection = pytest.importorskip("sklearn.model_selection")
    x, y = data.load_breast_cancer(return_X_y=True)
    train, _, labels, _ = selection.train_test_split(x, y, test_size=0.3, random_state=123456)
    signed = (2 * labels - 1)[:, None] * np.column_stack([train / train.mean(0), np.ones(len(train))])
    margin = linprog(np.zeros(31), A_ub=-signed, b_ub=-np.ones(398), bounds=(None, None))
    assert margin.status == 0
    with pytest.raises(FamilyError, match="no maximum-likelihood fit"):
        Logistic(Table(train, "fixed", True, labels))


def test_a_saturated_fit_has_the_log_odds_of_its_cells():
    """A 0-1 covariate and an intercept: closed form; a cell without variance is a failed, finite fit."""
    family = Logistic(Table([[0.0], [1.0]], "fresh", True), [1.0, 0.0])
    seen = family.draw(family.truth(3), Ask(10), np.random.default_rng(1))
    mass = np.tile([10.0, 8.0], (3, 1))
    seen = seen._replace(mass=mass, total=np.array([[4.0, 2.0], [10.0, 2.0], [0.0, 0.0]]))
    model = family.fit(seen, np.random.default_rng(1))
    np.testing.assert_allclose(model.values[0], [np.log(2 / 6) - np.log(4 / 6), np.log(4 / 6)], rtol=1e-12)
    np.testing.assert_array_equal(model.failed, [False, True, True])
    eta = model.values @ np.array([[0.0, 1.0], [1.0, 1.0]])
    assert np.isfinite(eta).all() and (abs(expit(eta[1, 0]) - 1) < 1e-6) and (expit(eta[2]) < 1e-6).all()
    assert eta[1, 1] == pytest.approx(np.log(2 / 6), abs=1e-5)


def test_fits_fail_exactly_where_a_hyperplane_parts_the_labels():
    """Decided by a linear programme: its optimum is positive if and only if there is no maximum."""
    rng = np.random.default_rng(9)
    x = rng.normal(size=(60, 12, 3))
    labels = rng.random((60, 12)) < expit(1.5 * x.sum(2))
    family = Logistic(GaussianDesign(3), np.ones(3))
    model = family.fit(family.tell(np.concatenate([x * [1e-4, 1, 1e4], labels[:, :, None]], -1)), rng)
    signed = (2 * labels - 1)[:, :, None] * x
    best = [linprog(-s.sum(0), A_ub=-s, b_ub=np.zeros(12), bounds=(-1, 1)).fun for s in signed]
    np.testing.assert_array_equal(model.failed, np.array(best) < -1e-9)
    assert 5 < model.failed.sum() < 55


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_units_of_the_columns_change_nothing(scale):
    rng = np.random.default_rng(2)
    x, labels = rng.normal(size=(40, 2)), rng.integers(0, 2, 40)
    plain = Logistic(Table(x, "fixed", True, labels)).target
    other = Logistic(Table(x * [scale, 1.0], "fixed", True, labels)).target
    np.testing.assert_allclose(other, plain / [scale, 1, 1], rtol=1e-8)


EMISSIONS = [
    (Emission(), CHANCE, np.ones(5)),
    (Emission(temperature=0.5), CHANCE**2 / (CHANCE**2 + (1 - CHANCE) ** 2), np.ones(5)),
    (Emission(top_p=0.7), np.where(abs(CHANCE - 0.5) >= 0.2, CHANCE >= 0.5, CHANCE), np.ones(5)),
]
_RIGHT = CHANCE >= 0.5
_GOOD = np.where(_RIGHT, CHANCE, 1 - CHANCE)
_KEPT = 0.9 * _GOOD + 0.3 * (1 - _GOOD)
EMISSIONS.append(
    (
        Emission(keep_right=0.9, keep_wrong=0.3),
        np.where(_RIGHT, 0.9 * _GOOD / _KEPT, 0.3 * (1 - _GOOD) / _KEPT),
        _KEPT,
    )
)


@pytest.mark.parametrize("emission, chance, kept", EMISSIONS)
@pytest.mark.parametrize("rows, samples", [("fresh", 3), ("fresh", 7), ("fixed", 5)])
def test_emitted_labels_follow_their_law_row_by_row(emission, chance, kept, rows, samples):
    """Drawn as counts and as records, both against the law, with its second moments."""
    family, rng, n = on_rows(rows), np.random.default_rng(samples), 20_000
    ask, model = Ask(samples, emission), family.truth(n)
    shares = kept / kept.sum() if rows == "fresh" else np.ones(5) / 5
    first = samples * shares * chance
    wrong = samples * np.roll(shares * chance, 1)
    if rows == "fresh":
        second = np.diag(first) + samples * (samples - 1) * np.outer(shares * chance, shares * chance)
    else:
        second = np.diag(first * (1 - chance)) + np.outer(first, first)
    records = family.records(model, ask, rng)
    told = np.zeros((n, 5))
    np.add.at(told, (np.arange(n)[:, None], records[:, :, 0].astype(int)), records[:, :, 1])
    drawn = family.combine([family.draw(model, ask, rng), family.tell(records)], [1.0, 0.0])
    if drawn.rows is None:
        totals = drawn.total
        assert_means(np.column_stack([drawn.mass, totals]), samples * np.r_[shares, shares * chance])
        assert_means(totals[:, :, None] * totals[:, None, :], second)
    assert_means(told[:, :, None] * told[:, None, :], second)
    with pytest.raises(AssertionError):
        assert_means(told, wrong)


def test_a_verifier_picks_normal_rows_in_proportion_to_what_it_keeps():
    """Mean and second moment of kept rows against a quadrature over one covariate."""
    family = Logistic(GaussianDesign(1), [1.0])
    model = family.truth(20_000)._replace(values=np.full((20_000, 1), 0.3))
    ask = Ask(1, Emission(keep_right=1.0, keep_wrong=0.2))
    records = family.records(model, ask, np.random.default_rng(3))[:, 0]
    x = np.linspace(-9, 9, 20_001)
    right = np.where(x >= 0, expit(0.3 * x), 1 - expit(0.3 * x))
    kept = np.exp(-x * x / 2) * (right + 0.2 * (1 - right))
    one = np.where(x >= 0, right, 0.2 * (1 - right)) / (right + 0.2 * (1 - right))
    mean = lambda values: (values * kept).sum() / kept.sum()
    seen = np.column_stack([records[:, 0] ** 2, records[:, 1], records[:, 0] * records[:, 1]])
    assert_means(seen, np.array([mean(x**2), mean(one), mean(x * one)]))
    with pytest.raises(AssertionError):
        assert_means(seen[:, :1], np.ones(1))


@pytest.mark.parametrize("samples", [1, 40])
def test_a_verifier_never_keeps_a_normal_row_that_it_must_reject(samples):
    """Labels by the sign of x2, the truth's by that of x1: kept rows have both alike, half do unverified."""
    family = Logistic(GaussianDesign(2), [1.0, 0.0])
    replicates = 400 // samples
    model = family.truth(replicates)._replace(values=np.tile([0.0, 1.0], (replicates, 1)))
    emission = Emission(top_p=0.5, keep_wrong=0.0)
    kept = family.records(model, Ask(samples, emission), np.random.default_rng(11)).reshape(-1, 3)
    assert (np.sign(kept[:, 0]) == np.sign(kept[:, 1])).all()
    assert ((kept[:, 0] > 0) == kept[:, 2]).all()
    plain = family.records(model, Ask(samples, Emission(top_p=0.5)), np.random.default_rng(11)).reshape(-1, 3)
    assert (np.sign(plain[:, 0]) != np.sign(plain[:, 1])).mean() > 0.3


def test_on_normal_rows_right_labels_are_emitted_after_the_last_round_only(monkeypatch):
    """A model that is always wrong: no row can be kept, in however many rounds."""
    monkeypatch.setattr(logistic, "ROUNDS", 3)
    family = Logistic(GaussianDesign(2), [1.0, 0.0])
    model = family.truth(2)._replace(values=np.tile([-1.0, 0.0], (2, 1)))
    ask = Ask(50, Emission(top_p=0.5, keep_wrong=0.0))
    records = family.records(model, ask, np.random.default_rng(12))
    np.testing.assert_array_equal(records[:, :, 2], records[:, :, 0] > 0)


def test_where_nothing_can_be_kept_right_labels_are_emitted():
    """A model that is always wrong, told so by its own rule, and a verifier that keeps only right labels."""
    family = on_rows("fixed")
    model = family.truth(2)._replace(values=np.tile(-THETA, (2, 1)))
    ask = Ask(5, Emission(top_p=0.5, keep_wrong=0.0))
    np.testing.assert_array_equal(
        family.draw(model, ask, np.random.default_rng(1)).total, np.tile(_RIGHT, (2, 1))
    )


def test_risk_on_a_table_is_the_mean_divergence_and_with_its_labels_the_excess_loss():
    rng = np.random.default_rng(4)
    x, labels = rng.normal(size=(40, 2)), rng.integers(0, 2, 40).astype(float)
    family = Logistic(Table(x, "fixed", True, labels))
    values = family.target + rng.normal(size=(3, 3))
    model = family.truth(3)._replace(values=values)
    design = np.column_stack([x, np.ones(40)])
    loss = lambda b: (np.log1p(np.exp(design @ b)) - labels * (design @ b)).mean()
    np.testing.assert_allclose(family.measure(model, "risk"), [loss(b) - loss(family.target) for b in values])
    p, q = expit(design @ family.target), expit(design @ values.T).T
    divergence = (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))).mean(1)
    np.testing.assert_allclose(family.measure(model, "risk"), divergence)


def test_risk_over_a_normal_design_is_its_integral():
    covariance = np.array([[1.0, 0.4], [0.4, 2.0]])
    family = Logistic(GaussianDesign(2, covariance), [1.0, -0.5])
    values = np.array([[0.2, 0.9], [1.0, -0.5], [-4.0, 1.0]])
    model = family.truth(3)._replace(values=values)
    grid = np.linspace(-8, 8, 801)
    z = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
    weight = np.exp(-(z**2).sum(1) / 2)
    x = z @ np.linalg.cholesky(covariance).T
    true, eta = x @ family.target, x @ values.T
    gap = expit(true)[:, None] * (true[:, None] - eta) - np.logaddexp(0, true)[:, None] + np.logaddexp(0, eta)
    expected = (gap * weight[:, None]).sum(0) / weight.sum()
    np.testing.assert_allclose(family.measure(model, "risk"), expected, atol=1e-4)
    assert abs(family.measure(model, "risk")[1]) < 1e-12


@pytest.mark.parametrize("size", [0.01, 0.3, 1.0, 5.0, 10.0, 50.0, 100.0])
def test_risk_over_normal_rows_is_exact_for_coefficients_of_any_size(size):
    """Adaptive quadrature of the divergence, cut where its integrand bends; models near and far."""
    family = Logistic(GaussianDesign(1), [size])
    values = size * np.array([1.1, 0.9, 0.0, -1.0, 3.0])
    model = family.truth(5)._replace(values=values[:, None])

    def divergence(x, b):
        t, s = x * size, x * b
        gap = expit(t) * (log_expit(t) - log_expit(s)) + expit(-t) * (log_expit(-t) - log_expit(-s))
        return 2 * gap * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)

    cuts = [0, *np.minimum(np.array([1.0, 4.0, 15.0, 60.0]) / max(size, 5), 12), 12]
    pairs = list(pairwise(cuts))
    expected = [
        sum(quad(divergence, low, high, (b,), epsabs=0, epsrel=1e-9)[0] for low, high in pairs if low < high)
        for b in values
    ]
    risk = family.measure(model, "risk")
    np.testing.assert_allclose(risk, expected, rtol=1e-6)
    np.testing.assert_allclose(family.measure(family.truth(1), "risk"), 0, atol=1e-13)


@pytest.mark.parametrize("labelled", [False, True])
def test_unit_risk_is_what_many_real_samples_leave(labelled):
    """p/2 for labels from the model; the sandwich trace for rows with their own labels."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(30, 1))
    labels = (rng.random(30) < expit(3 * x[:, 0] ** 2 - 2)).astype(float)
    table = Table(x, "fresh", True, labels if labelled else None)
    family = Logistic(table, None if labelled else THETA)
    model = family.fit(family.draw(family.truth(6000), Ask(20_000), rng), rng)
    risk = 20_000 * family.measure(model, "risk")[:, None]
    assert_means(risk, np.array([family.unit_risk]))
    with pytest.raises(AssertionError):
        assert_means(risk, np.array([0.9 * family.unit_risk]))
    assert labelled == (family.unit_risk != 1.0)


def test_lists_of_rows_become_sums_once_these_are_shorter_and_fits_agree():
    family, rng = on_rows(), np.random.default_rng(6)
    records = family.records(family.truth(20), Ask(40), rng)
    weights = rng.uniform(0.5, 2.0, (20, 40))
    cut = [slice(0, 2), slice(2, 4), slice(4, 40)]
    parts = [family.tell(records[:, at], weights[:, at]) for at in cut]
    assert parts[0].rows is not None and parts[2].rows is None
    short = family.combine(parts[:2], [2.0, 2.0])
    assert short.rows is not None and short.mass.shape == (20, 4)
    joined = family.fit(family.combine([short, parts[2]], [1.0, 2.0]), rng)
    whole = family.fit(family.tell(records, weights), rng)
    sound = ~whole.failed
    np.testing.assert_allclose(joined.values[sound], whole.values[sound], rtol=1e-7)
    assert sound.sum() > 10


def test_a_gaussian_design_is_fitted_on_its_rows():
    """The score of the weighted raw rows is zero at the fit."""
    family, rng = Logistic(GaussianDesign(2), [1.0, -0.5]), np.random.default_rng(7)
    parts = [family.draw(family.truth(8), Ask(n), rng) for n in (60, 40)]
    model = family.fit(family.combine(parts, [1.0, 0.5]), rng)
    rows = np.concatenate([part.rows for part in parts], axis=1)
    weight = np.r_[np.ones(60), np.full(40, 0.5)]
    labels = np.concatenate([part.total for part in parts], axis=1)
    error = weight * (labels - expit(np.einsum("rnp,rp->rn", rows, model.values)))
    np.testing.assert_allclose(np.einsum("rn,rnp->rp", error, rows), 0, atol=1e-9)
    assert not model.failed.any()


@pytest.mark.parametrize("samples", [1, 2, 3])
def test_few_samples_fail_and_stay_finite(samples):
    family, rng = Logistic(GaussianDesign(4), np.ones(4)), np.random.default_rng(8)
    model = family.fit(family.draw(family.truth(30), Ask(samples), rng), rng)
    assert np.isfinite(model.values).all() and model.failed.all()
    assert np.isfinite(family.measure(model, "risk")).all()


@pytest.mark.parametrize(
    "make, told",
    [
        (lambda: Logistic(GaussianDesign(2)), "coefficients of the truth are not given"),
        (lambda: Logistic(Table(ROWS, "fresh", True, [0, 1, 2, 0, 1])), "labels hold 2"),
        (lambda: Logistic(Table(ROWS, "fresh", True, [0, 0, 0, 1, 1])), "no maximum-likelihood fit"),
        (lambda: on_rows(test_table=ROWS), "only one of test_table and test_labels"),
        (lambda: on_rows(test_table=np.ones((2, 2)), test_labels=[0, 1]), "test_table has 3 columns"),
        (lambda: Logistic(Table(ROWS, "fresh", True, [0, 1, 0, 1, 0]), THETA), "real labels"),
        (lambda: on_rows().measure(on_rows().truth(1), "log_loss"), "needs held-out data"),
    ],
)
def test_what_cannot_be_right_is_refused(make, told):
    with pytest.raises(FamilyError, match=told):
        make()
