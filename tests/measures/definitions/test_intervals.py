"""Intervals of ratios and differences: counted coverage, and independent implementations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from headwater.measures.definitions.intervals import difference, log_ratio, normal, ratio, student
from headwater.measures.readings import Part

DRAWS = 2000


def hits(count: int, units: int) -> Part:
    share = count / units
    return Part(share, (share * (1 - share) / units) ** 0.5, units, count)


@pytest.mark.parametrize(("share", "real"), [(0.02, 0.02), (0.005, 0.02), (0.3, 0.35)])
def test_intervals_of_ratios_of_hits_cover_the_truth(share, real):
    rng = np.random.default_rng(1)
    covered = narrow = 0
    for _ in range(DRAWS):
        part, healthy = hits(rng.binomial(900, share), 900), hits(rng.binomial(700, real), 700)
        value, low, high = ratio(part, healthy, 0.95)
        covered += low <= share / real <= high
        narrow += (low + 2 * value) / 3 <= share / real <= (high + 2 * value) / 3
    assert covered >= stats.binom.ppf(1e-6, DRAWS, 0.95)
    assert narrow < stats.binom.ppf(1e-6, DRAWS, 0.95)


@pytest.mark.parametrize(("share", "real"), [(0.01, 0.01), (0.05, 0.01), (0.2, 0.1)])
def test_intervals_of_differences_of_hits_cover_the_truth_to_a_percent(share, real):
    """Newcombe's are a little narrow in places, by less than two in a hundred."""
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(DRAWS):
        part, healthy = hits(rng.binomial(900, share), 900), hits(rng.binomial(700, real), 700)
        _, low, high = difference(part, healthy, 0.95)
        covered += low <= share - real <= high
    assert covered >= stats.binom.ppf(1e-6, DRAWS, 0.93)


def test_ratios_of_hits_are_those_of_a_binomial_test():
    """The ends are the ratios that the exact test of hits among all hits just does not reject."""
    value, low, high = ratio(hits(12, 400), hits(30, 600), 0.9)
    assert value == pytest.approx(0.6)
    chances = stats.binomtest(12, 42).proportion_ci(0.9, "exact")
    for end, chance in ((low, chances.low), (high, chances.high)):
        assert end == pytest.approx(chance / (1 - chance) * 600 / 400)


def test_differences_are_made_of_wilsons_intervals():
    part, real = hits(40, 500), hits(5, 300)
    one = stats.binomtest(40, 500).proportion_ci(0.95, "wilson")
    other = stats.binomtest(5, 300).proportion_ci(0.95, "wilson")
    value, low, high = difference(part, real, 0.95)
    assert value == pytest.approx(0.08 - 5 / 300)
    assert low == pytest.approx(value - np.hypot(0.08 - one.low, other.high - 5 / 300))
    assert high == pytest.approx(value + np.hypot(one.high - 0.08, 5 / 300 - other.low))


def test_a_part_without_hits_has_an_upper_end_and_one_that_real_data_lack_has_no_ratio():
    value, low, high = ratio(hits(0, 300), hits(12, 300), 0.95)
    assert (value, low) == (0, 0)
    assert 0 < high < 0.5
    assert ratio(hits(3, 300), hits(0, 300), 0.95) is None
    scores = Part(0.0, 0.0, 300, None), Part(0.2, 0.01, 300, None)
    value, low, high = ratio(*scores, 0.95)
    assert (value, low) == (0, 0)
    # a mean of this would leave 300 scores from 0 to 1 at 0 with a chance of 2.5 % at most
    assert (1 - high * 0.2) ** 300 == pytest.approx(0.025)


def test_ratios_of_means_are_symmetric_on_a_log_scale():
    value, low, high = log_ratio(2.0, 0.2, 4.0, 0.3, 0.95)
    assert value == 0.5
    assert np.log(high / value) == pytest.approx(1.959964 * np.hypot(0.1, 0.075), rel=1e-5)
    assert value / low == pytest.approx(high / value)
    assert log_ratio(0.0, 0.0, 4.0, 0.3, 0.95) == (0, 0, 0)
    assert log_ratio(1.0, 0.1, 0.0, 0.0, 0.95) is None
    part, real = Part(0.2, 0.02, 300, None), Part(0.4, 0.03, 300, None)
    assert ratio(part, real, 0.95) == pytest.approx((value, low, high))


def test_quantiles_are_scipys():
    assert normal(0.99) == pytest.approx(stats.norm.ppf(0.995))
    assert student(0.9, 7) == pytest.approx(stats.t.ppf(0.95, 7))
