"""Maximum mean discrepancy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from scipy.stats import binom
from sklearn.metrics.pairwise import rbf_kernel

from headwater.errors import SampleError
from headwater.measures.numeric.mmd import MaximumMeanDiscrepancy, median_distance
from headwater.samples.values import Sample
from tests.measures.text.worlds import assert_covers, assert_halves_miss
from tests.oracles.agreement import assert_means


def mean_kernel(shift: float, variance: float) -> float:
    """E exp(-Z^2 / 2) of a normal law with this mean and variance."""
    return np.exp(-(shift**2) / (2 * (1 + variance))) / np.sqrt(1 + variance)


def of_normals(shift: float, deviation: float) -> float:
    """Squared discrepancy at bandwidth 1 of N(shift, deviation^2) and N(0, 1)."""
    square = deviation**2
    return mean_kernel(0, 2 * square) + mean_kernel(0, 2) - 2 * mean_kernel(shift, square + 1)


def plain(**options) -> MaximumMeanDiscrepancy:
    return MaximumMeanDiscrepancy(bandwidth=1.0, standardise=False, resamples=100, **options)


def test_the_value_is_that_of_sklearn_s_kernel():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 3)), rng.normal(size=(25, 3))
    inside, other, across = (rbf_kernel(a, b, gamma=0.5) for a, b in ((x, x), (y, y), (x, y)))
    expected = (inside.sum() - 20) / 380 + (other.sum() - 25) / 600 - 2 * across.mean()
    np.testing.assert_allclose(plain()(Sample.of(x), Sample.of(y)).value, expected)


def test_the_bandwidth_is_the_median_distance_of_real_rows():
    """The sample has no say in it, nor have its units."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(20, 2)), rng.normal(size=(25, 2)) * [1, 50]
    unit = y.std(axis=0, ddof=1)
    width = np.median(pdist(y / unit))
    found = MaximumMeanDiscrepancy()(Sample.of(x), Sample.of(y))
    assert f"bandwidth {width:.4g}" in found.notes
    same = MaximumMeanDiscrepancy(bandwidth=width)(Sample.of(x), Sample.of(y))
    np.testing.assert_allclose(found.value, same.value)


def test_equal_rows_do_not_make_the_bandwidth_zero():
    rows = np.repeat([0.0, 3.0], [9, 1])[:, None]
    assert median_distance(squareform(pdist(rows)) ** 2) == 3
    with pytest.raises(SampleError, match="all rows of the reference are equal"):
        median_distance(np.zeros((4, 4)))


def test_the_estimate_is_unbiased():
    """At ten rows; with the pairs of a row with itself, the same draws refuse it."""
    rng = np.random.default_rng(2)
    x, y = rng.normal(0.5, 0.7, (1000, 10)), rng.normal(size=(1000, 10))
    metric = MaximumMeanDiscrepancy(bandwidth=1.0, standardise=False, resamples=20)
    values = np.array([[metric(Sample.of(a), Sample.of(b)).value] for a, b in zip(x, y, strict=True)])
    expected = np.array([of_normals(0.5, 0.7)])
    assert_means(values, expected)
    biased = [
        [
            sum(
                rbf_kernel(a[:, None], b[:, None], gamma=0.5).mean() * s
                for a, b, s in ((c, c, 1), (d, d, 1), (c, d, -2))
            )
        ]
        for c, d in zip(x[:300], y[:300], strict=True)
    ]
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(np.array(biased), expected)


@pytest.mark.parametrize(("shift", "deviation"), [(0.0, 1.0), (0.3, 0.8), (1.0, 1.0)])
def test_the_interval_covers_the_discrepancy_of_normal_laws(shift, deviation):
    rng = np.random.default_rng(3)
    found = [
        plain()(Sample.of(rng.normal(shift, deviation, 100)), Sample.of(rng.normal(size=120)))
        for _ in range(200)
    ]
    low, high = [each.low for each in found], [each.high for each in found]
    truth = of_normals(shift, deviation)
    assert_covers(low, high, truth)
    if shift:
        assert_halves_miss(low, high, truth)


def test_the_test_keeps_its_level():
    """One healthy sample in twenty has a p-value of 0.05 or less; a shrunk one has it far more often."""
    rng = np.random.default_rng(4)
    metric = MaximumMeanDiscrepancy(resamples=59)

    def rejected(deviation: float) -> int:
        found = [
            metric(Sample.of(rng.normal(0, deviation, (60, 2))), Sample.of(rng.normal(size=(60, 2))))
            for _ in range(300)
        ]
        return sum(each.p_value <= 0.05 for each in found)

    limit = binom.isf(1e-6, 300, 0.05)
    assert rejected(1.0) <= limit < rejected(0.5)


@pytest.mark.parametrize("bandwidth", [0.0, -1.0, np.inf, np.nan])
def test_a_bandwidth_is_positive(bandwidth):
    with pytest.raises(SampleError, match="bandwidth"):
        MaximumMeanDiscrepancy(bandwidth=bandwidth)
