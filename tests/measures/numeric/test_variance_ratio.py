"""How much variance is left."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.errors import SampleError
from headwater.measures.numeric.variance_ratio import VarianceRatio
from headwater.samples.values import Moments, Sample
from tests.measures.text.worlds import assert_covers, assert_halves_miss

UNITS = np.array([1.0, 100.0])


def pair(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(80, 2)) * [0.5, 1] * UNITS, rng.normal(size=(90, 2)) * UNITS


def test_the_ratio_of_traces_is_numpy_s():
    mine, real = pair()
    found = VarianceRatio(standardise=False)(Sample.of(mine), Sample.of(real))
    np.testing.assert_allclose(found.value, np.trace(np.cov(mine.T)) / np.trace(np.cov(real.T)))
    ratios = mine.var(axis=0, ddof=1) / real.var(axis=0, ddof=1)
    np.testing.assert_allclose([found.parts["x0"][0], found.parts["x1"][0]], ratios)


def test_standardised_every_feature_has_a_say():
    mine, real = pair()
    found = VarianceRatio()(Sample.of(mine), Sample.of(real))
    ratios = mine.var(axis=0, ddof=1) / real.var(axis=0, ddof=1)
    np.testing.assert_allclose(found.value, ratios.mean())


def test_all_rows_seen_count():
    """Ten thousand rows seen, two hundred kept: the value is that of all, and the interval is short."""
    rng = np.random.default_rng(1)
    every = rng.normal(size=(10_000, 2))
    kept, real = Sample.of(every[:200]), Sample.of(rng.normal(size=(10_000, 2)))
    stream = Sample("numeric", kept.rows, kept.names, len(every), Moments.of(every))
    found, alone = VarianceRatio()(stream, real), VarianceRatio()(kept, real)
    np.testing.assert_allclose(
        found.value, (every.var(axis=0, ddof=1) / real.rows.var(axis=0, ddof=1)).mean()
    )
    assert 3 * (found.high - found.low) < alone.high - alone.low


@pytest.mark.parametrize("standardise", [True, False])
def test_the_interval_covers_a_known_ratio(standardise):
    rng = np.random.default_rng(2)
    metric = VarianceRatio(standardise=standardise, groups=25)
    found = [
        metric(Sample.of(0.9 * rng.normal(size=(300, 2))), Sample.of(rng.normal(size=(400, 2))))
        for _ in range(200)
    ]
    low, high = [each.low for each in found], [each.high for each in found]
    assert_covers(low, high, 0.81)
    assert_halves_miss(low, high, 0.81)


def test_a_sample_that_is_one_point_has_no_variance():
    found = VarianceRatio()(Sample.of(np.ones((10, 2))), Sample.of(pair()[1]))
    assert (found.value, found.low, found.high) == (0, 0, 0)
    assert "all rows of the sample are alike" in found.notes


def test_constant_features_have_no_part():
    rows = pair()[1] * [1, 0]
    found = VarianceRatio()(Sample.of(rows * 2), Sample.of(rows))
    assert list(found.parts) == ["x0"]
    with pytest.raises(SampleError, match="no feature"):
        VarianceRatio()(Sample.of(rows), Sample.of(0 * rows))
