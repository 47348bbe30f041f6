"""Ridge regression: scikit-learn's solution, the closed-form mean, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.errors import FamilyError
from headwater.families.contract import Ask
from headwater.families.covariates import Table
from headwater.families.ridge import Ridge
from tests.oracles.agreement import assert_means

ROWS = np.random.default_rng(97).normal(size=(25, 3)) * [1.0, 3.0, 0.2] + [0.0, 2.0, 5.0]
LABELS = 4 + ROWS @ [0.5, -0.2, 1.0] + np.random.default_rng(96).normal(size=25)
THETA = np.array([0.5, -0.2, 1.0])


@pytest.mark.parametrize("intercept", [False, True])
def test_the_fit_on_real_labels_is_that_of_scikit_learn(intercept):
    """||y - Xw||² + alpha ||w||², the intercept free."""
    linear = pytest.importorskip("sklearn.linear_model")
    table = Table(ROWS, "fixed", intercept, LABELS)
    ours = Ridge(table.width, 3.0, covariates=table)
    theirs = linear.Ridge(alpha=3.0, fit_intercept=intercept).fit(ROWS, LABELS)
    np.testing.assert_allclose(ours.target[:3], theirs.coef_, rtol=1e-9)
    if intercept:
        assert ours.target[3] == pytest.approx(theirs.intercept_, rel=1e-9)
    rng = np.random.default_rng(1)
    model = ours.fit(ours.draw(ours.truth(2), Ask(25), rng), rng)
    np.testing.assert_allclose(ours.measure(model, "risk"), 0, atol=1e-20)


def test_every_generation_shrinks_by_the_same_matrix():
    """On fixed rows the mean after g fits is ((XᵀX + alpha)⁻¹XᵀX)^g theta; unpenalised it would stay."""
    table = Table(ROWS, "fixed", False)
    family = Ridge(3, 5.0, 0.5, table, THETA)
    rng, model = np.random.default_rng(2), family.truth(10_000)
    gram = ROWS.T @ ROWS
    shrink, expected = np.linalg.solve(gram + 5 * np.eye(3), gram), THETA
    for _ in range(3):
        model = family.fit(family.draw(model, Ask(25), rng), rng)
        expected = shrink @ expected
        assert_means(model.values, expected)
    with pytest.raises(AssertionError):
        assert_means(model.values, THETA)


def test_fewer_rows_than_features_are_no_failure():
    family, rng = Ridge(3, 0.1, coefficients=THETA), np.random.default_rng(3)
    model = family.fit(family.draw(family.truth(50), Ask(1), rng), rng)
    assert family.measure(model, "failed").sum() == 0 and np.isfinite(model.values).all()


def test_evidence_is_told_and_combined_as_in_least_squares():
    family, rng = Ridge(3, 0.1, coefficients=THETA), np.random.default_rng(4)
    records = family.records(family.truth(2), Ask(6), rng)
    whole, halves = family.tell(records), [family.tell(records[:, :2]), family.tell(records[:, 2:])]
    joined = family.fit(family.combine(halves, [1.0, 1.0]), rng)
    np.testing.assert_allclose(joined.values, family.fit(whole, rng).values)
    rows, labels = records[0, :, :-1], records[0, :, -1]
    direct = np.linalg.solve(rows.T @ rows + 0.1 * np.eye(3), rows.T @ labels)
    np.testing.assert_allclose(joined.values[0], direct)


@pytest.mark.parametrize(
    "make, told",
    [
        (lambda: Ridge(3, 0.0, coefficients=THETA), "penalty is 0.0"),
        (lambda: Ridge(3, np.inf, coefficients=THETA), "penalty is inf"),
        (lambda: Ridge(3, 1.0), "coefficients of the truth are not given"),
    ],
)
def test_parameters_that_cannot_be_right_are_refused(make, told):
    with pytest.raises(FamilyError, match=told):
        make()


def test_no_law_is_known_and_large_samples_forget_the_penalty():
    family = Ridge(3, 1.0, 0.5, coefficients=THETA)
    assert family.law() is None and family.unit_risk == 0.75
    assert Ridge(3, 1.0, covariates=Table(ROWS, "fresh", False, LABELS)).unit_risk is None
