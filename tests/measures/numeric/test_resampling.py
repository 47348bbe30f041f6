"""Held to naive loops, closed forms and simulated coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from headwater.errors import SampleError
from headwater.measures.numeric.resampling import (
    Resampled,
    around_ratio,
    check_count,
    check_level,
    check_rows,
    discrepancy,
    half_width,
    jackknife,
    permutation_p_value,
    signed_weights,
    thin_pair,
    weighed,
)
from headwater.samples.values import Moments, Sample
from tests.oracles.agreement import assert_means


def mean_of_first(sample: Moments, reference: Moments) -> np.ndarray:
    return np.array([sample.mean[0] - reference.mean[0]])


def test_the_jackknife_of_means_is_the_error_of_textbooks():
    """With a group a row, the error of a difference of means is that of Welch's test."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=30), rng.gamma(2.0, size=20)
    found = jackknife(mean_of_first, Sample.of(first), Sample.of(second), 30, 0)
    expected = np.sqrt(first.var(ddof=1) / 30 + second.var(ddof=1) / 20)
    np.testing.assert_allclose(found.error, expected)
    np.testing.assert_allclose(found.bias, 0, atol=1e-12)
    assert found.freedom == 19


def test_leaving_out_groups_is_leaving_out_their_rows():
    """Against a loop that takes the rows away and starts anew."""
    rows = np.random.default_rng(1).normal(size=(23, 2)) + 100

    def statistic(sample, reference):
        return np.array([np.linalg.det(sample.covariance) * np.prod(reference.mean)])

    sample = Sample.of(rows)
    found = jackknife(statistic, sample, Sample.of(rows[:9]), 5, 3)
    biases, variances = [], []
    for side, each in enumerate((rows, rows[:9])):
        order = np.random.default_rng((3, side)).permutation(len(each))
        leaves = []
        for group in np.array_split(order, 5):
            pair = [Moments.of(rows), Moments.of(rows[:9])]
            pair[side] = Moments.of(np.delete(each, group, axis=0))
            leaves.append(statistic(*pair)[0])
        biases.append(4 * (np.mean(leaves) - found.value[0]))
        variances.append(4 * np.var(leaves))
    np.testing.assert_allclose(found.bias[0], sum(biases), rtol=1e-6)
    np.testing.assert_allclose(found.error[0] ** 2, sum(variances), rtol=1e-6)


def test_the_jackknife_takes_bias_away():
    """A variance divided by n instead of n - 1 is mended; the same draws refuse it as it was."""
    rng = np.random.default_rng(2)

    def biased(sample, reference):
        return np.diag(sample.scatter) / sample.count

    rows = rng.normal(size=(800, 5, 1))
    found = [jackknife(biased, Sample.of(each), Sample.of(each), 5, 0) for each in rows]
    mended = np.array([each.value - each.bias for each in found])
    assert_means(mended, np.ones(1))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(np.array([each.value for each in found]), np.ones(1))


def test_rows_seen_but_not_kept_count():
    """A tenth of the rows kept: the value is that of all, the variance a tenth of that of the kept."""
    rng = np.random.default_rng(3)
    every, reference = rng.normal(size=(1000, 1)), Sample.of(rng.normal(size=(10**6, 1)))
    kept = Sample.of(every[:100])
    stream = Sample("numeric", kept.rows, kept.names, 1000, Moments.of(every))
    alone = jackknife(mean_of_first, kept, reference, 50, 0)
    found = jackknife(mean_of_first, stream, reference, 50, 0)
    np.testing.assert_allclose(found.value, every.mean() - reference.rows.mean())
    np.testing.assert_allclose(alone.error**2 / found.error**2, 10, rtol=0.01)


@pytest.mark.parametrize(("n", "m"), [(4, 7), (6, 5)])
def test_the_discrepancy_is_a_mean_over_different_rows(n, m):
    """Against a double loop."""
    rng = np.random.default_rng(4)
    matrix = rng.normal(size=(n + m, n + m))
    matrix += matrix.T
    np.fill_diagonal(matrix, 0)
    inside = [matrix[i, j] for i in range(n) for j in range(n) if i != j]
    other = [matrix[i, j] for i in range(n, n + m) for j in range(n, n + m) if i != j]
    across = [matrix[i, j] for i in range(n) for j in range(n, n + m)]
    expected = np.mean(inside) + np.mean(other) - 2 * np.mean(across)
    np.testing.assert_allclose(discrepancy(matrix, n), expected)


def test_weights_are_those_of_the_rows_then_drawn_then_dealt():
    """Drawn ones count rows of either sample; dealt ones are the observed in another order."""
    weights = signed_weights(5, 3, 40, 0)
    assert weights.shape == (81, 8)
    np.testing.assert_allclose(weights[0], [0.2] * 5 + [-1 / 3] * 3)
    np.testing.assert_allclose(weights[:41, :5].sum(axis=1), 1)
    np.testing.assert_allclose(weights[:41, 5:].sum(axis=1), -1)
    np.testing.assert_allclose(weights[1:41, :5] * 5 % 1, 0, atol=1e-12)
    np.testing.assert_allclose(np.sort(weights[41:], axis=1), np.sort(weights[:1], axis=1).repeat(40, 0))
    assert len(np.unique(weights[41:], axis=0)) > 20


def test_weighed_is_the_quadratic_form():
    rng = np.random.default_rng(5)
    matrix, weights = rng.normal(size=(6, 6)), rng.normal(size=(4, 6))
    expected = [each @ matrix @ each for each in weights]
    np.testing.assert_allclose(weighed(matrix, weights), expected)


def test_p_values_of_exchangeable_numbers_are_uniform():
    """At every level of 19 permutations, as often as that; without the 1 they would be too small."""
    drawn = np.random.default_rng(6).normal(size=(20_000, 20))
    p_values = np.array([permutation_p_value(row[0], row[1:]) for row in drawn])
    assert p_values.min() == 1 / 20
    levels = np.arange(1, 20) / 20
    assert_means((p_values[:, None] <= levels + 1e-9).astype(float), levels)
    greedy, levels = (p_values * 20 - 1) / 19, np.arange(19) / 19
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means((greedy[:, None] <= levels + 1e-9).astype(float), levels)


def test_ties_count_against_the_alternative():
    assert permutation_p_value(1.0, np.ones(9)) == 1
    assert permutation_p_value(1.0, np.full(9, 1 - 1e-14)) == 1


def test_an_interval_holds_zero_unless_the_permutations_reject():
    """The same bootstrap; only what chance gives differs."""
    again = np.linspace(4.9, 5.1, 200)
    rejected = Resampled(5.0, again, np.zeros(200)).around(5.0, 0.95)
    kept = Resampled(5.0, again, np.full(200, 6.0)).around(5.0, 0.95)
    np.testing.assert_allclose(rejected, (4.905, 5.095))
    np.testing.assert_allclose(kept, (0.0, 5.095))


def test_a_ratio_has_an_interval_above_zero():
    low, high = around_ratio(2.0, 0.5, 0.95, 1e6)
    np.testing.assert_allclose(low * high, 4)
    np.testing.assert_allclose(np.log(high / 2), 0.25 * stats.norm.ppf(0.975), rtol=1e-4)
    assert around_ratio(0.0, 0.0, 0.95, 10) == (0.0, 0.0)


def test_widths_are_student_s():
    np.testing.assert_allclose(half_width(2.0, 0.9, 7), 2 * stats.t.ppf(0.95, 7))


def test_thinning_says_so():
    rows = np.arange(50.0)
    ours, real, notes = thin_pair(Sample.of(rows), Sample.of(rows), 20, 0)
    assert len(ours) == len(real) == 20
    assert notes == ("sample: measured on 20 of 50 rows", "reference: measured on 20 of 50 rows")
    assert not np.array_equal(ours.rows, real.rows)
    assert thin_pair(ours, real, 20, 0) == (ours, real, ())


@pytest.mark.parametrize("value", [0, 2.5, True, "7"])
def test_counts_are_whole_numbers(value):
    with pytest.raises(SampleError, match="at least 1"):
        check_count("groups", value, 1)


def test_levels_and_rows_are_checked():
    check_level(0.5)
    with pytest.raises(SampleError, match="not a confidence"):
        check_level(1.0)
    with pytest.raises(SampleError, match="at least 4"):
        check_rows(4, Sample.of([1.0, 2.0, 3.0]))
