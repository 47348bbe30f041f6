"""Along how many directions rows spread."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import entropy

from headwater.errors import SampleError
from headwater.measures.numeric.effective_dimension import (
    EffectiveDimension,
    entropy_rank,
    participation_ratio,
)
from headwater.samples.values import Sample
from tests.measures.text.worlds import assert_covers, assert_halves_miss
from tests.oracles.agreement import assert_means

SPECTRUM = np.array([9.0, 4.0, 1.0, 1.0, 0.25])
TRUE = SPECTRUM.sum() ** 2 / (SPECTRUM**2).sum()


@pytest.mark.parametrize("directions", [1, 3, 6])
def test_equal_directions_are_counted(directions):
    """However they are turned."""
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0]
    covariance = turn[:, :directions] @ turn[:, :directions].T * 7
    np.testing.assert_allclose(participation_ratio(covariance), directions)
    np.testing.assert_allclose(entropy_rank(covariance), directions, rtol=1e-6)


def test_the_spectrum_decides():
    np.testing.assert_allclose(participation_ratio(np.diag(SPECTRUM)), TRUE)
    np.testing.assert_allclose(entropy_rank(np.diag(SPECTRUM)), np.exp(entropy(SPECTRUM)))
    assert participation_ratio(np.zeros((2, 2))) == entropy_rank(np.zeros((2, 2))) == 0


def test_the_interval_covers_a_known_ratio():
    rng = np.random.default_rng(1)
    metric = EffectiveDimension(standardise=False)
    found = [
        metric(Sample.of(rng.normal(size=(400, 5)) * np.sqrt(SPECTRUM)), Sample.of(rng.normal(size=(400, 5))))
        for _ in range(120)
    ]
    low, high = [each.low for each in found], [each.high for each in found]
    assert_covers(low, high, TRUE / 5)
    assert_halves_miss(low, high, TRUE / 5)


def test_few_rows_do_not_look_like_few_dimensions():
    """Twenty directions, two hundred rows: the jackknife takes away nine tenths of the bias and more."""
    rng = np.random.default_rng(2)
    spectrum = np.linspace(0.2, 1, 20)
    true = spectrum.sum() ** 2 / (spectrum**2).sum()
    reference = Sample.of(rng.normal(size=(2000, 20)))
    rows = [rng.normal(size=(200, 20)) * np.sqrt(spectrum) for _ in range(60)]
    metric = EffectiveDimension(standardise=False)
    corrected = np.array([[metric(Sample.of(each), reference).parts["sample"][0]] for each in rows])
    plain = np.array([[participation_ratio(np.cov(each.T))] for each in rows])
    assert abs(plain.mean() - true) > 10 * abs(corrected.mean() - true)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(plain, np.array([true]))


def test_too_few_rows_are_noted():
    rows = np.random.default_rng(3).normal(size=(20, 6))
    assert (
        "20 rows for 6 features: bias is not small"
        in EffectiveDimension()(Sample.of(rows), Sample.of(rows)).notes
    )


def test_one_point_has_no_dimension():
    rows = np.random.default_rng(4).normal(size=(30, 2))
    found = EffectiveDimension()(Sample.of(np.zeros((30, 2))), Sample.of(rows))
    assert found.value == 0 and "all rows of the sample are alike" in found.notes
    with pytest.raises(SampleError, match="no feature"):
        EffectiveDimension()(Sample.of(rows), Sample.of(np.zeros((30, 2))))
