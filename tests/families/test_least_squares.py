"""Least squares: the Wishart shortcut, the loop's closed forms, tables, singular fits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headwater.emission import Emission
from headwater.errors import FamilyError
from headwater.families.contract import Ask
from headwater.families.covariates import GaussianDesign, Table
from headwater.families.least_squares import LeastSquares
from headwater.theory import laws
from tests.oracles.agreement import assert_means

COVARIANCE = np.array([[2.0, 0.6, 0.0], [0.6, 1.0, -0.3], [0.0, -0.3, 0.5]])
THETA = np.array([0.5, -1.0, 2.0])
ROWS = np.random.default_rng(99).normal(size=(30, 2)) * [1.0, 3.0] + [0.0, 2.0]
LABELS = 1 + ROWS @ [0.5, -0.2] + np.random.default_rng(98).normal(size=30) * (0.3 + ROWS[:, 0] ** 2)


def moments(n, noise=2.0):
    """Means of vec(gram), moment, and their products, from the Wishart law."""
    s, a, d = COVARIANCE, COVARIANCE @ THETA, 3
    grams = n * n * np.einsum("ab,cd->abcd", s, s)
    grams += n * (np.einsum("ac,bd->abcd", s, s) + np.einsum("ad,bc->abcd", s, s))
    moment = np.einsum("abcd,b,d->ac", grams, THETA, THETA) + noise**2 * n * s
    return np.concatenate([(n * s).ravel(), n * a, grams.reshape(d**4), moment.ravel()])


def seen(evidence):
    gram, moment = evidence.gram, evidence.moment
    squares = np.einsum("rab,rcd->rabcd", gram, gram).reshape(len(gram), -1)
    products = (moment[:, :, None] * moment[:, None, :]).reshape(len(gram), -1)
    return np.concatenate([gram.reshape(len(gram), -1), moment, squares, products], axis=1)


@pytest.mark.parametrize("n", [1, 2, 3, 7])
@pytest.mark.parametrize("raw", [False, True])
def test_sums_have_the_first_two_moments_of_the_wishart_law(n, raw):
    """Drawn from sufficient statistics or told by raw rows, with fewer samples than features too."""
    family = LeastSquares(3, 2.0, GaussianDesign(3, COVARIANCE), THETA)
    model, rng = family.truth(20_000), np.random.default_rng(n)
    drawn = family.tell(family.records(model, Ask(n), rng)) if raw else family.draw(model, Ask(n), rng)
    assert_means(seen(drawn), moments(n))
    with pytest.raises(AssertionError):
        assert_means(seen(drawn), moments(n, noise=2.5))


@pytest.mark.parametrize("design", [None, GaussianDesign(10, np.diag(np.arange(1.0, 11)))])
def test_a_lone_loop_gains_one_unit_of_risk_a_generation(design):
    """d = 10, N = 120: 1, 2 and 11 units of D = 10/109, whatever the covariance."""
    family, rng = LeastSquares(10, covariates=design), np.random.default_rng(5)
    model = family.truth(4000)
    risks = []
    for _ in range(11):
        model = family.fit(family.draw(model, Ask(120), rng), rng)
        risks.append(family.measure(model, "risk"))
    risks = np.array(risks).T[:, [0, 1, 10]]
    assert_means(risks, np.array([1.0, 2.0, 11.0]) * 10 / 109)
    with pytest.raises(AssertionError):
        assert_means(risks, np.array([1.0, 2.0, 11.0]) * 10 / 120)


def accumulate(family, samples, generations, replicates, rng):
    model = family.truth(replicates)
    pool = family.draw(model, Ask(samples), rng)
    risks = []
    for _ in range(generations):
        model = family.fit(pool, rng)
        risks.append(family.measure(model, "risk"))
        pool = family.combine([pool, family.draw(model, Ask(samples), rng)], [1.0, 1.0])
    return np.array(risks).T


def test_accumulating_on_fixed_rows_adds_one_over_the_square_of_the_generation():
    rng = np.random.default_rng(6)
    family = LeastSquares.on_table(Table(rng.normal(size=(50, 10)), "fixed", False), noise=1.0)
    risks = accumulate(family, 50, 20, 4000, rng)
    expected = 10 / 50 * np.cumsum(1 / np.arange(1, 21) ** 2.0)
    assert_means(risks, expected)
    with pytest.raises(AssertionError):
        assert_means(risks, 10 / 39 * np.cumsum(1 / np.arange(1, 21) ** 2.0))


def test_replacing_on_fixed_rows_multiplies_risk_by_the_generation():
    rng = np.random.default_rng(7)
    family = LeastSquares.on_table(Table(rng.normal(size=(50, 10)), "fixed", False), noise=1.0)
    model, risks = family.truth(4000), []
    for _ in range(20):
        model = family.fit(family.draw(model, Ask(50), rng), rng)
        risks.append(family.measure(model, "risk"))
    assert_means(np.array(risks).T, 10 / 50 * np.arange(1, 21))


def test_accumulating_on_fresh_rows_stays_below_pi_squared_over_six():
    """d = 10, T = 50: about 1.504 at generation 20; the fixed-row sum 1.596 is refused."""
    risks = accumulate(LeastSquares(10), 50, 20, 4000, np.random.default_rng(8))
    ratio = risks[:, [19]] / (10 / 39)
    error = ratio.std() / math.sqrt(4000)
    assert abs(ratio.mean() - 1.504) < 0.03
    assert ratio.mean() + 4.9 * error < 1.596 < math.pi**2 / 6
    with pytest.raises(AssertionError):
        assert_means(ratio, np.array([1.596]))


def test_without_noise_and_with_fewer_rows_than_features_the_signal_is_forgotten():
    """E|w - w*|² = (1 - (n/d)^g)|w*|²: every fit projects on n random directions."""
    theta = np.array([1.0, -2.0, 0.5, 0.0, 1.0])
    family, rng = LeastSquares(5, 0.0, coefficients=theta), np.random.default_rng(9)
    model, risks = family.truth(8000), []
    for _ in range(3):
        model = family.fit(family.draw(model, Ask(3), rng), rng)
        risks.append(family.measure(model, "risk"))
        assert family.measure(model, "failed").mean() == 1
    assert_means(np.array(risks).T, (1 - 0.6 ** np.arange(1, 4)) * (theta @ theta))
    with pytest.raises(AssertionError):
        assert_means(np.array(risks).T, (1 - 0.5 ** np.arange(1, 4)) * (theta @ theta))
    assert family.law() is None


@pytest.mark.parametrize("samples", [6, 45])
@pytest.mark.parametrize("labelled", [False, True])
def test_fresh_rows_of_a_table_tell_what_their_records_tell(samples, labelled):
    """Few samples (rows) and many (counts): drawn and told, against closed-form moments."""
    table = Table(ROWS, "fresh", True, LABELS if labelled else None)
    family = LeastSquares.on_table(table, None if labelled else 0.7, None if labelled else THETA)
    model, rng = family.truth(20_000), np.random.default_rng(samples)
    design = table.design
    labels = LABELS if labelled else design @ THETA
    score = design * labels[:, None]
    mean, noise = score.mean(0), 0.0 if labelled else 0.7
    spread = score.T @ score / 30 - np.outer(mean, mean) + noise**2 * table.second_moment
    expected = samples**2 * np.outer(mean, mean) + samples * spread
    for evidence in (
        family.draw(model, Ask(samples), rng),
        family.tell(family.records(model, Ask(samples), rng)),
    ):
        assert_means(evidence.gram, samples * table.second_moment)
        products = evidence.moment[:, :, None] * evidence.moment[:, None, :]
        assert_means(products, expected)
        with pytest.raises(AssertionError):
            assert_means(products, samples**2 * np.outer(mean, mean) + 1.3 * samples * spread)


def test_with_real_labels_the_truth_is_the_fit_on_the_whole_table_and_risk_starts_from_there():
    family = LeastSquares.on_table(Table(ROWS, "fixed", True, LABELS))
    design = np.column_stack([ROWS, np.ones(30)])
    best, rss = np.linalg.lstsq(design, LABELS, rcond=None)[:2]
    np.testing.assert_allclose(family.target, best)
    assert family.noise == pytest.approx(math.sqrt(rss[0] / 27))
    rng = np.random.default_rng(10)
    model = family.fit(family.draw(family.truth(3), Ask(30), rng), rng)
    np.testing.assert_allclose(family.measure(model, "risk"), 0, atol=1e-20)
    np.testing.assert_allclose(family.measure(model, "norm"), np.linalg.norm(best))
    np.testing.assert_allclose(
        family.tell(family.records(family.truth(1), Ask(30), rng)).moment[0], design.T @ LABELS
    )
    assert family.unit_risk is None


def test_unit_risk_is_what_many_real_samples_leave():
    """Rows and labels redrawn together: the sandwich trace, which the plain noise² p misses."""
    family = LeastSquares.on_table(Table(ROWS, "fresh", True, LABELS))
    rng, samples = np.random.default_rng(11), 30_000
    model = family.fit(family.draw(family.truth(6000), Ask(samples), rng), rng)
    risk = family.measure(model, "risk")[:, None] * samples
    assert_means(risk, np.array([family.unit_risk]))
    with pytest.raises(AssertionError):
        assert_means(risk, np.array([family.noise**2 * 3]))
    assert LeastSquares(4, 0.5).unit_risk == 1.0


def test_weights_multiply_the_loss_of_their_samples():
    """Parts with weights are one weighted regression, here solved from raw rows."""
    family, rng = LeastSquares(3, 0.7, coefficients=THETA), np.random.default_rng(12)
    first, second = (family.records(family.truth(2), Ask(n), rng) for n in (5, 8))
    parts = [family.tell(first), family.tell(second, np.full((2, 8), 0.5))]
    before = parts[0].gram.copy()
    model = family.fit(family.combine(parts, [2.0, 3.0]), rng)
    np.testing.assert_array_equal(parts[0].gram, before)
    root = np.sqrt(np.r_[np.full(5, 2.0), np.full(8, 1.5)])[:, None]
    for replicate in range(2):
        rows = np.concatenate([first, second], axis=1)[replicate] * root
        expected = np.linalg.lstsq(rows[:, :-1], rows[:, -1], rcond=None)[0]
        np.testing.assert_allclose(model.values[replicate], expected)


def test_a_variance_factor_shrinks_label_noise_alone():
    family, rng = LeastSquares(3, coefficients=THETA), np.random.default_rng(13)
    quiet = Ask(10, Emission(variance=0.25))
    risk = family.measure(family.fit(family.draw(family.truth(8000), quiet, rng), rng), "risk")
    assert_means(risk[:, None], np.array([0.25 * 3 / 6]))


def test_the_law_is_that_of_a_gaussian_design_only():
    assert LeastSquares(3, 0.5, GaussianDesign(3, COVARIANCE)).law() == laws.LeastSquares(3, 0.5)
    assert LeastSquares.on_table(Table(ROWS, "fresh", True), noise=1.0).law() is None


@pytest.mark.parametrize(
    "make, told",
    [
        (lambda: LeastSquares(3, -1.0), "noise is -1.0"),
        (lambda: LeastSquares(3, math.nan), "noise is nan"),
        (lambda: LeastSquares(3, covariates=GaussianDesign(2)), "rows have 2 columns"),
        (lambda: LeastSquares(3, coefficients=[1.0]), r"coefficients of shape \(1,\)"),
        (lambda: LeastSquares.on_table(Table(ROWS, "fresh", False)), "noise is left out"),
        (lambda: LeastSquares.on_table(Table(ROWS[:3], "fresh", True, LABELS[:3])), "3 rows and 3 columns"),
        (lambda: LeastSquares.on_table(Table(ROWS, "fresh", False, LABELS), 1.0, [0.0, 0.0]), "real labels"),
    ],
)
def test_parameters_that_cannot_be_right_are_refused(make, told):
    with pytest.raises(FamilyError, match=told):
        make()


def test_equal_generators_give_equal_bits():
    family = LeastSquares(3)
    first, second = (family.draw(family.truth(4), Ask(9), np.random.default_rng(1)) for _ in range(2))
    assert (first.gram == second.gram).all() and (first.moment == second.moment).all()
