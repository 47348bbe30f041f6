"""Energy distance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from headwater.errors import SampleError
from headwater.measures.numeric.energy import BLOCK, Energy, energy_distance
from headwater.samples.values import Sample
from tests.measures.text.worlds import assert_covers, assert_halves_miss
from tests.oracles.agreement import assert_means


def mean_distance(shift: float, variance: float) -> float:
    """E|Z| of a normal law with this mean and variance: the mean of a folded normal."""
    return stats.foldnorm(abs(shift) / variance**0.5, scale=variance**0.5).mean()


def of_normals(shift: float, deviation: float) -> float:
    """Squared energy distance of N(shift, deviation^2) and N(0, 1)."""
    square = deviation**2
    across = mean_distance(shift, square + 1)
    return 2 * across - mean_distance(0, 2 * square) - mean_distance(0, 2)


def naive(x: np.ndarray, y: np.ndarray) -> float:
    def mean(a, b, same):
        each = [np.linalg.norm(p - q) for i, p in enumerate(a) for j, q in enumerate(b) if not same or i != j]
        return np.mean(each)

    return 2 * mean(x, y, False) - mean(x, x, True) - mean(y, y, True)


def test_the_distance_is_the_double_loop_s():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(13, 3)), rng.normal(size=(8, 3))
    np.testing.assert_allclose(energy_distance(x, y), naive(x, y))
    found = Energy(standardise=False)(Sample.of(x), Sample.of(y))
    np.testing.assert_allclose(found.value, naive(x, y))
    unit = y.std(axis=0, ddof=1)
    np.testing.assert_allclose(Energy()(Sample.of(x), Sample.of(y)).value, naive(x / unit, y / unit))


def test_it_is_scipy_s_but_for_the_pairs_of_a_row_with_itself():
    """scipy's is the root of the V-statistic, which divides by n^2 where this divides by n (n - 1)."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=30), rng.gamma(2.0, size=40)
    mine, real = (np.abs(each[:, None] - each).mean() for each in (x, y))
    expected = stats.energy_distance(x, y) ** 2 - mine / 29 - real / 39
    np.testing.assert_allclose(energy_distance(x[:, None], y[:, None]), expected)


def test_blocks_make_no_difference():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=BLOCK + 5), rng.normal(size=2 * BLOCK)
    mine, real = (np.abs(each[:, None] - each).sum() / (len(each) * (len(each) - 1)) for each in (x, y))
    expected = 2 * np.abs(x[:, None] - y).mean() - mine - real
    np.testing.assert_allclose(energy_distance(x[:, None], y[:, None]), expected, atol=1e-12)


def test_the_estimate_is_unbiased():
    """At ten rows; the V-statistic of the same draws is refused."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(0.5, 0.7, (4000, 10, 1)), rng.normal(size=(4000, 12, 1))
    expected = np.array([of_normals(0.5, 0.7)])
    assert_means(np.array([[energy_distance(a, b)] for a, b in zip(x, y, strict=True)]), expected)
    biased = [[stats.energy_distance(a[:, 0], b[:, 0]) ** 2] for a, b in zip(x, y, strict=True)]
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(np.array(biased), expected)


@pytest.mark.parametrize(("shift", "deviation"), [(0.0, 1.0), (0.3, 0.8), (1.0, 1.0)])
def test_the_interval_covers_the_distance_of_normal_laws(shift, deviation):
    rng = np.random.default_rng(4)
    metric = Energy(standardise=False, resamples=100)
    found = [
        metric(Sample.of(rng.normal(shift, deviation, 100)), Sample.of(rng.normal(size=120)))
        for _ in range(200)
    ]
    low, high = [each.low for each in found], [each.high for each in found]
    truth = of_normals(shift, deviation)
    assert_covers(low, high, truth)
    if shift:
        assert_halves_miss(low, high, truth)


def test_the_test_keeps_its_level():
    """One healthy sample in twenty has a p-value of 0.05 or less; a shrunk one has it far more often."""
    rng = np.random.default_rng(5)
    metric = Energy(resamples=59)

    def rejected(deviation: float) -> int:
        found = [
            metric(Sample.of(rng.normal(0, deviation, (60, 2))), Sample.of(rng.normal(size=(60, 2))))
            for _ in range(300)
        ]
        return sum(each.p_value <= 0.05 for each in found)

    limit = stats.binom.isf(1e-6, 300, 0.05)
    assert rejected(1.0) <= limit < rejected(0.5)


def test_inhomogeneity_is_a_share():
    """1 for two points apart; the distance over twice the mean distance across."""
    rng = np.random.default_rng(6)
    x, y = np.zeros((5, 1)), np.ones((6, 1))
    assert Energy(standardise=False)(Sample.of(x), Sample.of(y)).parts["inhomogeneity"][0] == 1
    x, y = rng.normal(1, 1, 50), rng.normal(size=60)
    found = Energy(standardise=False)(Sample.of(x), Sample.of(y))
    np.testing.assert_allclose(
        found.parts["inhomogeneity"][0], found.value / (2 * np.abs(x[:, None] - y).mean())
    )


def test_one_point_beside_itself_is_no_distance_away():
    found = Energy()(Sample.of(np.ones((5, 2))), Sample.of(np.ones((5, 2))))
    assert (found.value, found.p_value) == (0, 1)
    assert found.parts["inhomogeneity"] == (0, 0, 0)


def test_few_rows_are_refused_and_many_thinned():
    rows = np.random.default_rng(7).normal(size=(30, 2))
    with pytest.raises(SampleError, match="at least 4"):
        Energy()(Sample.of(rows[:3]), Sample.of(rows))
    found = Energy(most=20)(Sample.of(rows), Sample.of(rows[:10]))
    assert found.notes == ("sample: measured on 20 of 30 rows",)
