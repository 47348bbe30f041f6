"""Tail coverage against its closed form under the same law, a naive twin, and samples that lost tails."""

import numpy as np
import pytest
from scipy.stats import binom

from headwater.errors import SampleError
from headwater.measures.contract import Metric
from headwater.measures.numeric.tail_coverage import TailCoverage, same_law_tail_coverage
from headwater.measures.scores.principal import fit_principal
from headwater.samples.values import Sample
from tests.oracles.agreement import assert_means

rng = np.random.default_rng(20240917)


def normal(rows, features=2, scale=1.0):
    return scale * rng.standard_normal((rows, features))


def of(sample, reference, **given):
    return TailCoverage(**given)(Sample.of(sample), Sample.of(reference))


@pytest.mark.parametrize(("real", "sample", "nearest"), [(10, 10, 1), (20, 7, 3), (5, 40, 2)])
def test_chance_of_a_real_sample_is_that_of_ranks(real, sample, nearest):
    """Dealt like cards: the first cards are all real, or one is not."""
    cards = np.arange(real + sample) < real
    dealt = rng.permuted(np.tile(cards, (20_000, 1)), axis=1)
    covered = ~dealt[:, :nearest].all(axis=1, keepdims=True)
    assert_means(covered.astype(float), np.array([same_law_tail_coverage(real, sample, nearest)]))


def test_value_is_that_of_the_double_loop():
    """The same halves and tail rows, but every distance taken."""
    sample, reference = Sample.of(normal(300, 3, 0.7)), Sample.of(normal(400, 3))
    principal = fit_principal(reference)
    limit = np.quantile(principal.radius(reference.rows), 0.9)
    halves, covered = reference.split(4), []
    for half, base in (halves, halves[::-1]):
        for row in half.rows[principal.radius(half.rows) > limit]:
            at = principal.standardised(row[None])
            radius = np.sort(((principal.standardised(base.rows) - at) ** 2).sum(1))[2]
            covered.append(((principal.standardised(sample.rows) - at) ** 2).sum(1).min() < radius)
    healthy = 1 - (200 * 199 * 198) / (500 * 499 * 498)
    found = TailCoverage(tail=0.1, nearest=3, seed=4)(sample, reference)
    assert len(covered) == 40 and 0 < sum(covered) < 40
    assert found.value == pytest.approx(np.mean(covered) / healthy)
    assert isinstance(TailCoverage(), Metric)


@pytest.mark.parametrize("law", [rng.standard_normal, rng.standard_cauchy], ids=["normal", "Cauchy"])
def test_the_same_law_has_a_value_of_one(law):
    draws = np.array([[of(law((150, 3)), law((200, 3)), tail=0.1).value] for _ in range(200)])
    assert_means(draws, np.ones(1))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(draws, np.array([1.15]))


def test_intervals_hold_for_the_same_law_and_refuse_lost_tails():
    rounds = 150
    limit = binom.isf(1e-6, rounds, 0.05)
    found = [of(normal(500), normal(1000)) for _ in range(rounds)]
    narrow = [of(normal(500, scale=0.6), normal(1000)) for _ in range(rounds)]
    assert sum(not each.low <= 1 <= each.high for each in found) <= limit
    assert sum(not each.low <= 1 <= each.high for each in narrow) > limit


def test_tails_in_one_place_only_are_not_coverage():
    """As much mass far out as real data has, but all of it on one side."""
    reference, sample = normal(2000), normal(2000)
    out = np.linalg.norm(sample, axis=1) > 2
    sample[out] = np.abs(sample[out])
    assert of(sample, reference).high < 0.8


def test_a_collapsed_sample_covers_nothing_and_says_how_surely():
    """None of 20 tail rows: the upper end is Clopper-Pearson's, over what a real sample covers."""
    found = of(np.zeros((100, 2)), normal(1000))
    assert (found.value, found.low) == (0, 0)
    assert found.high == pytest.approx((1 - 0.025 ** (1 / 20)) / same_law_tail_coverage(500, 100, 3))


def test_many_features_are_noted():
    assert any("see tail-mass" in note for note in of(normal(100, 30), normal(100, 30)).notes)
    assert not any("see tail-mass" in note for note in of(normal(100), normal(100)).notes)


def test_what_means_nothing_is_refused():
    for wrong in ({"tail": 0}, {"nearest": 0}, {"most": 5}, {"level": 0}):
        with pytest.raises(SampleError):
            TailCoverage(**wrong)
    with pytest.raises(SampleError, match="no tail"):
        of(np.ones((10, 2)), np.ones((10, 2)))
    with pytest.raises(SampleError, match="at least 2 sample and 6 real rows"):
        of(normal(1), normal(10))
