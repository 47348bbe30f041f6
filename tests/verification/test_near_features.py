"""The loop with hardly more samples than features: which one, how fast, and on which rows."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.verification.datasets import make
from headwater.verification.near_features import near_features


def kept(n: int, real: int, d: int) -> float:
    """c of DESIGN.md section 3.3 for one self-loop, written out again."""
    j = n - real
    top = j * ((n * n - n + 2) * (j + d + 1) - 2 * n * d * j - 4 * n)
    return top / (n * (n + 2) * (n - 1) * (n - d - 1))


@pytest.fixture(scope="module")
def found():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(5000, 10))
    return near_features(make("made", rows, rows.sum(1) + rng.normal(size=5000), []), 4000, 2)


def test_the_growth_is_c_of_the_law(found):
    """16 samples, 3 real, 11 coefficients: 1.0608; with one real sample more it would be another loop."""
    assert (found.features, found.budget, found.real) == (11, 16, 3)
    assert found.growth == pytest.approx(kept(16, 3, 11), rel=1e-12)
    assert found.growth == pytest.approx(1.0608, abs=5e-5)
    assert kept(25, 5, 20) == pytest.approx(1.41, abs=5e-3)


def test_normal_covariates_start_where_the_closed_form_says(found):
    """d/(N - d - 1) = 11/4 at generation 0, and 2.75 more by each later one's c; |z| < 6 for three means."""
    predicted = [11 / 4]
    for _ in range(2):
        predicted.append(kept(16, 3, 11) * predicted[-1] + 11 / 4)
    np.testing.assert_allclose(found.predicted[:3], predicted)
    z = (found.normal_mean[:3] - predicted) / found.normal_error[:3]
    assert np.abs(z).max() < 6
    wrong = (found.normal_mean[:3] - 0.8 * np.array(predicted)) / found.normal_error[:3]
    assert np.abs(wrong).max() > 6


def test_real_rows_that_are_normal_grow_as_normal_covariates_do(found):
    """But for the column of ones, and a table of 5,000 rows."""
    assert found.failed == 0
    assert found.real_growth > 1.05
    assert found.normal_growth > 1.05
