"""The comparison keeps its stated false-alarm chance on skewed samples, and has power."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from headwater.verification.comparing import compare


@pytest.mark.parametrize("replicates", [200, 1000])
def test_false_alarms_on_squared_normals_are_as_rare_as_stated(replicates):
    """40 cells of chi-square(1), skewness 2.8, 2,000 null tables at a stated 5 %.

    The count is binomial: above 8 % has a chance of 1e-8 if the rate is 5 %. An uncorrected t
    statistic fails this for 200 replicates.
    """
    rng, refused, naive = np.random.default_rng(1), 0, 0
    for _ in range(2000):
        samples = rng.chisquare(1, (replicates, 40))
        found = compare(samples, np.ones(40), false_alarm=0.05)
        refused += not found.agree
        t = (samples.mean(0) - 1) / (samples.std(0, ddof=1) / replicates**0.5)
        naive += bool(np.abs(t).max() > found.limit)
    assert refused / 2000 < 0.08
    if replicates == 200:
        assert naive / 2000 > 0.1


def test_a_prediction_that_is_two_percent_off_is_refused():
    samples = np.random.default_rng(2).chisquare(1, (100_000, 5))
    assert compare(samples, np.ones(5)).agree
    found = compare(samples, np.array([1.0, 1.0, 1.03, 1.0, 1.0]))
    assert not found.agree
    assert found.worst == (2,)
    assert found.p_value < 1e-3


@pytest.mark.parametrize("replicates", [2, 20, 99])
def test_fewer_than_a_hundred_replicates_judge_nothing(replicates):
    found = compare(np.random.default_rng(1).normal(size=(replicates, 40)) + 9, np.zeros(40))
    assert not found.judged.any()
    assert not found.agree


def test_at_the_fewest_replicates_the_stated_chance_holds():
    """Normal samples, 40 cells, 100 replicates, 4,000 null tables at 1 %: 40 expected, 84 is 7 s.d."""
    rng = np.random.default_rng(7)
    # a table's t statistics need mean and variance only, and skewness of 100 normals is little
    refused = sum(not compare(rng.normal(size=(100, 40)), np.zeros(40), 0.01).agree for _ in range(4000))
    assert refused < 40 + 7 * 40**0.5


def test_the_limit_is_bonferronis():
    found = compare(np.random.default_rng(3).normal(size=(500, 10, 4)), np.zeros((10, 4)), 0.01)
    assert found.limit == pytest.approx(stats.t.isf(0.01 / 80, 499))


def test_a_mean_that_one_replicate_carries_is_not_judged():
    samples = np.ones((1000, 2))
    samples[:, 1] = np.random.default_rng(4).normal(size=1000)
    samples[0, 0] = 1e9
    found = compare(samples, np.array([1.0, 0.0]))
    assert found.judged.tolist() == [False, True]
    assert found.agree
    assert not compare(samples[:, :1], np.ones(1)).agree


def test_what_does_not_vary_must_be_equal():
    samples = np.full((150, 2), 0.1)
    assert compare(samples, np.full(2, 0.1)).agree
    assert not compare(samples, np.array([0.1, 0.100001])).agree


def test_what_is_not_finite_is_not_judged():
    samples = np.random.default_rng(5).normal(size=(100, 3))
    samples[3, 0] = np.inf
    samples[3, 1] = np.nan
    assert compare(samples, np.zeros(3)).judged.tolist() == [False, False, True]
