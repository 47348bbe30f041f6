"""Mass beyond real quantiles against closed forms, and intervals against how often they miss."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest, chi2, norm

from headwater.errors import SampleError
from headwater.measures.contract import Metric
from headwater.measures.numeric.tail_mass import TailMass, directions, mass_ratio
from headwater.measures.scores.principal import fit_principal
from headwater.samples.values import Sample
from tests.oracles.agreement import assert_means

rng = np.random.default_rng(20240917)


def normal(rows, features=3, scale=1.0):
    return scale * rng.standard_normal((rows, features))


def of(sample, reference, **given):
    return TailMass(**given)(Sample.of(sample), Sample.of(reference))


def test_mass_ratios_are_those_of_a_binomial_given_the_sum():
    """Against scipy's Clopper-Pearson ends, turned from a chance into a ratio by hand."""
    counts, real = np.array([0, 3, 40, 7]), np.array([5, 0, 38, 21])
    low, high = mass_ratio(counts, 100, real, 300, 0.9)
    for place in range(4):
        ends = binomtest(counts[place], counts[place] + real[place]).proportion_ci(0.9)
        assert low[place] == pytest.approx(3 * ends.low / (1 - ends.low))
        assert high[place] == (pytest.approx(3 * ends.high / (1 - ends.high)) if real[place] else np.inf)


@pytest.mark.parametrize(("share", "ratio"), [(0.01, 1.0), (0.02, 0.3), (0.4, 1.5)])
def test_mass_ratios_hold_at_least_as_often_as_they_say(share, ratio):
    rounds = 20_000
    here, there = rng.binomial(500, share * ratio, rounds), rng.binomial(800, share, rounds)
    low, high = mass_ratio(here, 500, there, 800, 0.95)
    missed = ((low > ratio) | (high < ratio)).sum()
    assert missed <= binom.isf(1e-6, rounds, 0.05)
    wrong = ((low > 2.2 * ratio) | (high < 2.2 * ratio)).sum()
    assert wrong > binom.isf(1e-6, rounds, 0.05)


def test_ends_are_quantiles_in_every_direction():
    rows = normal(100_000)
    tails = directions(fit_principal(Sample.of(rows[:50_000])), rows[50_000:], 0.02)
    assert tails.parts == ("x0 low", "x1 low", "x2 low", "x0 high", "x1 high", "x2 high", "outer")
    at, out = norm.isf(0.02), chi2.isf(0.02, 3) ** 0.5
    edges = np.zeros((8, 3))
    edges[:3], edges[3:6] = -1.05 * at * np.eye(3), 1.05 * at * np.eye(3)
    edges[6], edges[7] = 1.05 * out / 3**0.5, 0.95 * out / 3**0.5
    expected = np.zeros((8, 7), bool)
    expected[:6, :6] = np.eye(6)
    expected[6, 6] = True
    np.testing.assert_array_equal(tails.beyond(edges), expected)
    np.testing.assert_allclose(tails.expected, 0.02, rtol=1e-3)


def test_wide_rows_have_eight_principal_directions():
    rows = normal(500, 20)
    tails = directions(fit_principal(Sample.of(rows[:200])), rows[200:], 0.02)
    assert len(tails.parts) == 17
    assert tails.parts[0] == "direction 1 low"


@pytest.mark.parametrize("features", [1, 3, 30])
def test_the_same_law_has_a_value_of_one_with_few_real_rows_too(features):
    """Few rows make in-sample quantiles and radii too small: 90 real rows, 30 of which fit the geometry."""
    draws = [of(normal(60, features), normal(90, features)) for _ in range(250)]
    parts = np.array([[part[0] for part in found.parts.values()] for found in draws])
    assert_means(parts, np.ones(parts.shape[1]))
    assert_means(np.array([[found.value] for found in draws]), np.ones(1))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(np.array([[found.value] for found in draws]), np.array([1.5]))


def test_a_narrower_law_loses_what_its_distribution_function_says():
    """P(s Z > z) = sf(z / s); the value is the mean over both ends and the radius, which is |z| here."""
    at, out, scale = norm.isf(0.02), norm.isf(0.01), 0.8
    expected = (2 * norm.sf(at / scale) + 2 * norm.sf(out / scale)) / 0.06
    draws = np.array([[of(normal(5000, 1, scale), normal(30_000, 1)).value] for _ in range(60)])
    assert_means(draws, np.array([expected]))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(draws, np.array([1.2 * expected]))


@pytest.mark.parametrize("features", [2, 12])
def test_intervals_hold_for_the_same_law_and_refuse_a_narrower_one(features):
    rounds = 150
    found = [of(normal(400, features), normal(900, features)) for _ in range(rounds)]
    narrow = [of(normal(400, features, 0.75), normal(900, features)) for _ in range(rounds)]
    limit = binom.isf(1e-6, rounds, 0.05)
    assert sum(not each.low <= 1 <= each.high for each in found) <= limit
    assert sum(not each.low <= 1 <= each.high for each in narrow) > limit
    for part in ("outer", next(iter(found[0].parts))):
        ends = np.array([each.parts[part][1:] for each in found])
        assert ((ends[:, 0] > 1) | (ends[:, 1] < 1)).sum() <= limit


def test_a_sample_without_tails_has_none_and_a_finite_upper_end():
    found = of(np.zeros((300, 3)), normal(600))
    assert (found.value, found.low) == (0, 0)
    assert 0 < found.high < 0.2
    assert isinstance(TailMass(), Metric)


def test_a_constant_feature_and_a_pile_of_zeros_have_no_end():
    rows = np.column_stack([np.ones(600), np.maximum(normal(600, 1)[:, 0], 0), normal(600, 1)[:, 0]])
    found = of(rows[:300], rows)
    assert set(found.parts) == {"x1 high", "x2 low", "x2 high", "outer"}


def test_what_means_nothing_is_refused():
    with pytest.raises(SampleError, match="no two differ"):
        of(np.ones((10, 2)), np.ones((10, 2)))
    with pytest.raises(SampleError, match="share of rows at one end"):
        TailMass(tail=0.5)
    with pytest.raises(SampleError, match="tails of 2 real rows"):
        of(normal(10), normal(2))
