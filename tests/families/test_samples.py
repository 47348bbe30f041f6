"""Samples as evidence: union, weights, draws by weight, and the normal that stands in."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.errors import FamilyError
from headwater.families import samples
from headwater.families.samples import Samples
from tests.oracles.agreement import assert_means


def test_a_union_holds_every_record_at_the_product_of_its_weights():
    rng = np.random.default_rng(1)
    first = Samples(rng.random((3, 2, 4)), None)
    second = Samples(rng.random((3, 5, 4)), rng.random((3, 5)))
    before = second.weights.copy()
    whole = samples.combine([first, second], [2.0, 0.5])
    assert whole.records.shape == (3, 7, 4)
    np.testing.assert_array_equal(whole.weights, np.hstack([np.full((3, 2), 2.0), second.weights * 0.5]))
    np.testing.assert_array_equal(second.weights, before)
    third = Samples(rng.random((3, 1, 4)), None)
    flat = samples.combine([first, second, third], [2.0, 0.5, 3.0])
    nested = samples.combine([whole, third], [1.0, 3.0])
    for one, other in zip(flat, nested, strict=True):
        np.testing.assert_array_equal(one, other)


def test_equal_weights_of_one_leave_no_weights():
    part = Samples(np.zeros((2, 3, 1)), None)
    assert samples.combine([part, part], [1.0, 1.0]).weights is None
    assert samples.combine([part], [1.0]) is part


def test_unequal_weights_are_refused_where_a_family_takes_none():
    part = Samples(np.zeros((2, 3, 1)), None)
    assert samples.combine_even([part, part], [2.0, 2.0], "x").weights is None
    with pytest.raises(FamilyError, match="family x was given"):
        samples.combine_even([part, part], [1.0, 2.0], "x")
    assert samples.tell_even(part.records, np.full((2, 3), 2.0), "x").weights is None
    with pytest.raises(FamilyError, match="unequal weight"):
        samples.tell_even(part.records, np.array([[1.0, 1, 1], [1, 2, 1]]), "x")


def test_draws_come_in_proportion_to_their_weights():
    """Shares of each place in each replicate; weights one tenth off are told apart."""
    weights = np.array([[1.0, 0.0, 3.0], [0.2, 0.2, 0.0]])
    picked = samples.places(Samples(np.zeros((2, 3)), weights), 40_000, np.random.default_rng(2))
    shares = (picked[:, :, None] == np.arange(3)).transpose(1, 0, 2).astype(float)
    expected = weights / weights.sum(1, keepdims=True)
    assert_means(shares, expected)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(shares, np.array([[0.275, 0, 0.725], [0.5, 0.5, 0]]))


def test_a_uniform_at_the_end_of_a_row_stays_in_it_and_off_places_without_mass():
    cumulative = np.tile([0.0, 1.0, 1.0], (5000, 1))
    nearly_one = np.full((5000, 1), np.nextafter(1, 0))
    np.testing.assert_array_equal(samples.choose(cumulative, nearly_one), 1)
    np.testing.assert_array_equal(samples.choose(cumulative, np.zeros((5000, 1))), 1)


def test_spread_is_numpys_weighted_mean_and_covariance():
    rng = np.random.default_rng(3)
    records, weights = rng.random((2, 6, 3)), rng.random((2, 6))
    mean, variance, count = samples.spread(Samples(records, weights))
    for at in range(2):
        cov = np.cov(records[at].T, aweights=weights[at], ddof=0)
        np.testing.assert_allclose(mean[at], np.average(records[at], axis=0, weights=weights[at]))
        np.testing.assert_allclose(variance[at], np.diag(cov))
        assert count[at] == pytest.approx(weights[at].sum() ** 2 / (weights[at] ** 2).sum())
    even = samples.spread(Samples(records, np.full((2, 6), 0.7)))
    for one, other in zip(even, samples.spread(Samples(records, None)), strict=True):
        np.testing.assert_allclose(one, other)


def test_blocks_cover_everything_once_and_stay_within_bounds():
    for items, cost in ((1, 1), (10, samples.BLOCK * 2), (7, samples.BLOCK // 3), (5, 0)):
        parts = list(samples.blocks(items, cost))
        np.testing.assert_array_equal(
            np.concatenate([np.arange(items)[part] for part in parts]), np.arange(items)
        )
        assert all(
            (part.stop - part.start) * cost <= samples.BLOCK for part in parts if part.stop - part.start > 1
        )


@pytest.mark.parametrize("count", [1, 2, 10])
def test_the_stand_in_normal_is_the_maximum_likelihood_one_with_some_variance_added(count):
    rows = np.random.default_rng(4).random((count, 3)) * 1e3
    mean, root = samples.lone_normal(rows, 0.25)
    np.testing.assert_allclose(mean, rows.mean(0))
    expected = (rows - mean).T @ (rows - mean) / count + 0.25 * np.eye(3)
    np.testing.assert_allclose(root @ root.T, expected)
    assert (np.diag(root) > 0).all() and np.allclose(root, np.tril(root))


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([1.0, 2.0], "shape"),
        (np.zeros((0, 2)), "shape"),
        ([[1.0, np.nan], [2.0, 3.0]], "missing"),
        ([[1.0, 5.0], [2.0, 5.0]], "column 1 of data is 5 in every row"),
    ],
)
def test_a_table_that_cannot_be_a_population_is_refused(rows, match):
    with pytest.raises(FamilyError, match=match):
        samples.population(rows)
