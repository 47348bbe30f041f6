"""Rows of regressions: what is refused, which rows a flow gets, how often."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.errors import FamilyError
from headwater.families.contract import Ask
from headwater.families.covariates import GaussianDesign, Table, solve_normal
from tests.oracles.agreement import assert_means

VALUES = np.array([[1.0, 2.0], [0.0, 1.0], [3.0, -1.0], [2.0, 2.0], [-1.0, 0.5]])


def table(**changes):
    return Table(**{"values": VALUES, "rows": "fresh", "intercept": False, **changes})


@pytest.mark.parametrize(
    "changes, told",
    [
        ({"values": np.where(VALUES == 3, np.nan, VALUES)}, r"nan at \(2, 0\)"),
        ({"values": VALUES[:, 0]}, r"shape \(5,\)"),
        ({"values": [["a", "b"]]}, "not an array of numbers"),
        ({"values": VALUES[:1]}, "not linearly independent"),
        ({"values": np.column_stack([VALUES, VALUES.sum(1)])}, "not linearly independent"),
        (
            {"values": np.column_stack([VALUES, np.full(5, 1e6)]), "intercept": True},
            "not linearly independent",
        ),
        ({"rows": "random"}, "rows is 'random'"),
        ({"labels": [1.0, 2.0]}, r"labels of shape \(2,\)"),
        ({"labels": [1, 2, 3, 4, np.inf]}, "labels holds inf"),
    ],
)
def test_a_table_that_cannot_be_right_is_refused(changes, told):
    with pytest.raises(FamilyError, match=told):
        table(**changes)


@pytest.mark.parametrize(
    "features, covariance, told",
    [
        (0, None, "features is 0"),
        (True, None, "features is True"),
        (2, np.eye(3), r"shape \(3, 3\)"),
        (2, [[1.0, 0.5], [0.2, 1.0]], "not symmetric"),
        (2, [[1.0, 2.0], [2.0, 1.0]], "not positive definite"),
    ],
)
def test_a_design_that_cannot_be_right_is_refused(features, covariance, told):
    with pytest.raises(FamilyError, match=told):
        GaussianDesign(features, covariance)


def test_columns_of_very_different_scale_are_no_reason_to_refuse_a_table():
    assert table(values=VALUES * [1e-9, 1e9]).width == 2


def test_an_intercept_is_the_last_column():
    made = table(intercept=True)
    np.testing.assert_array_equal(made.design, np.column_stack([VALUES, np.ones(5)]))
    np.testing.assert_allclose(made.second_moment, made.design.T @ made.design / 5)


def test_fixed_rows_are_a_block_and_never_run_past_the_table():
    made = table(rows="fixed")
    rng = np.random.default_rng(1)
    np.testing.assert_array_equal(made.pick(2, Ask(2, first_row=3), None, rng), [[3, 4], [3, 4]])
    np.testing.assert_array_equal(made.counts(1, Ask(2, first_row=3), None, rng), [[0, 0, 0, 1, 1]])
    with pytest.raises(FamilyError, match="rows 4 to 6 of a table of 5"):
        made.pick(1, Ask(3, first_row=3), None, rng)


@pytest.mark.parametrize("favoured", [False, True])
def test_picked_and_counted_rows_follow_the_multinomial_law(favoured):
    """Means and second moments of the counts, for both ways of drawing; a shifted law is caught."""
    chances = np.tile([0.5, 0.0, 1.0, 0.25, 0.25], (20_000, 1)) if favoured else None
    p = np.array([0.25, 0.0, 0.5, 0.125, 0.125]) if favoured else np.full(5, 0.2)
    ask, rng = Ask(3), np.random.default_rng(2)
    picked = table().pick(20_000, ask, chances, rng)
    listed = (picked[:, :, None] == np.arange(5)).sum(1).astype(float)
    second = 3 * np.diag(p) + 6 * np.outer(p, p)
    for counts in (listed, table().counts(20_000, ask, chances, rng)):
        assert_means(counts[:, :, None] * counts[:, None, :], second)
        with pytest.raises(AssertionError):
            assert_means(counts, 3 * np.roll(p, 1) + [0.1, 0, 0, 0, 0])


def test_normal_rows_have_their_covariance():
    covariance = np.array([[2.0, 0.6], [0.6, 1.0]])
    rows = GaussianDesign(2, covariance).sample(20_000, 1, np.random.default_rng(3))[:, 0]
    assert_means(rows[:, :, None] * rows[:, None, :], covariance)
    with pytest.raises(AssertionError):
        assert_means(rows[:, :, None] * rows[:, None, :], covariance * 1.1)


def test_singular_equations_among_sound_ones_get_their_solution_of_least_norm():
    rng = np.random.default_rng(4)
    rows = [rng.standard_normal((count, 3)) for count in (5, 2, 4)]
    labels = [rng.standard_normal(len(each)) for each in rows]
    gram = np.array([each.T @ each for each in rows])
    moment = np.array([each.T @ label for each, label in zip(rows, labels, strict=True)])
    solved, failed = solve_normal(gram, moment)
    expected = [np.linalg.lstsq(each, label, rcond=None)[0] for each, label in zip(rows, labels, strict=True)]
    np.testing.assert_allclose(solved, expected, rtol=1e-8)
    np.testing.assert_array_equal(failed, [False, True, False])
