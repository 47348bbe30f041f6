"""Sliced Wasserstein distance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, wasserstein_distance

from headwater.measures.numeric.resampling import signed_weights
from headwater.measures.numeric.sliced_wasserstein import (
    SlicedWasserstein,
    random_directions,
    sliced_distances,
)
from headwater.samples.values import Sample
from tests.measures.text.worlds import assert_covers, assert_halves_miss
from tests.oracles.agreement import assert_means


@pytest.mark.parametrize(("n", "m"), [(40, 40), (17, 40), (5, 3)])
def test_in_one_dimension_it_is_scipy_s(n, m):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=n), rng.gamma(2.0, size=m)
    found = SlicedWasserstein(standardise=False)(Sample.of(x), Sample.of(y)) if m > 3 else None
    rows = np.concatenate([x, y])[:, None]
    value = sliced_distances(rows, signed_weights(n, m, 0, 0), np.ones((1, 1)))[0]
    np.testing.assert_allclose(value, wasserstein_distance(x, y))
    assert found is None or np.isclose(found.value, value)


def test_weights_are_how_often_rows_were_drawn():
    """Bootstrapped and dealt-out distances are scipy's of the rows repeated, of the rows dealt out."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=9), rng.normal(1, 1, 6)
    rows, weights = np.concatenate([x, y]), signed_weights(9, 6, 10, 0)
    found = sliced_distances(rows[:, None], weights, np.ones((1, 1)))
    for value, weight in zip(found[1:11], weights[1:11], strict=True):
        expected = wasserstein_distance(x, y, weight[:9], -weight[9:])
        np.testing.assert_allclose(value, expected)
    for value, weight in zip(found[11:], weights[11:], strict=True):
        np.testing.assert_allclose(value, wasserstein_distance(rows[weight > 0], rows[weight < 0]))


def test_slices_are_averaged():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(20, 3)), rng.normal(size=(30, 3))
    along = random_directions(3, 7, 5)
    found = SlicedWasserstein(standardise=False, directions=7, seed=5)(Sample.of(x), Sample.of(y))
    expected = np.mean([wasserstein_distance(x @ each, y @ each) for each in along])
    np.testing.assert_allclose(found.value, expected)


def test_directions_are_uniform_on_the_sphere():
    """Mean 0, second moments 1 / 3; those of a cube's inside, brought to length one, are refused."""
    drawn = random_directions(3, 20_000, 0)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1)
    assert_means(drawn, np.zeros(3))
    assert_means(drawn**4, np.full(3, 1 / 5))
    cube = np.random.default_rng(3).uniform(-1, 1, (20_000, 3))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means((cube / np.linalg.norm(cube, axis=1, keepdims=True)) ** 4, np.full(3, 1 / 5))


@pytest.mark.parametrize(
    ("shift", "deviation", "truth"), [(0.0, 1.0, 0.0), (0.5, 1.0, 0.5), (0.0, 0.5, 0.5 * np.sqrt(2 / np.pi))]
)
def test_the_interval_covers_the_distance_of_normal_laws(shift, deviation, truth):
    """Of a shift, the shift; of a change of scale, the change times E|Z|."""
    rng = np.random.default_rng(4)
    metric = SlicedWasserstein(standardise=False, resamples=100)
    found = [
        metric(Sample.of(rng.normal(shift, deviation, 150)), Sample.of(rng.normal(size=150)))
        for _ in range(200)
    ]
    low, high = [each.low for each in found], [each.high for each in found]
    assert_covers(low, high, truth)
    if truth:
        assert_halves_miss(low, high, truth)


def test_a_healthy_sample_stands_where_chance_does():
    """One in twenty beyond; a shrunk one far more often."""
    rng = np.random.default_rng(5)
    metric = SlicedWasserstein(resamples=59, directions=5)

    def rejected(deviation: float) -> int:
        found = [
            metric(Sample.of(rng.normal(0, deviation, (60, 2))), Sample.of(rng.normal(size=(60, 2))))
            for _ in range(300)
        ]
        return sum(each.p_value <= 0.05 for each in found)

    limit = binom.isf(1e-6, 300, 0.05)
    assert rejected(1.0) <= limit < rejected(0.4)
