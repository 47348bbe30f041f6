"""Bets and bounds, against enumeration, naive twins and the package ville."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from headwater.monitoring.evidence import (
    BETS,
    Evidence,
    betting_bound,
    log_wealth,
    log_wealth_of_counts,
    lower_bounds,
    upper_bounds,
)


def test_wealth_is_the_product_of_its_factors():
    """Against a loop in plain Python, with numbers of units around the block."""
    rng = np.random.default_rng(1)
    for units in (1, 15, 16, 17, 40):
        values, limit = rng.random((units, 2)), np.array([0.3, 0.8])
        for bet, row in zip(BETS, log_wealth(values, limit), strict=True):
            for side in range(2):
                wealth = 1.0
                for value in values[:, side]:
                    wealth *= 1 + bet * (value - limit[side]) / limit[side]
                assert row[side] == pytest.approx(np.log(wealth), abs=1e-10)


def test_wealth_of_shards_adds_up():
    """Two machines that saw one half each tell the same."""
    values, limit = np.random.default_rng(2).random((1001, 3)), np.array([0.4, 0.5, 0.6])
    parts = log_wealth(values[:333], limit) + log_wealth(values[333:], limit)
    np.testing.assert_allclose(parts, log_wealth(values, limit), atol=1e-9)
    assert (log_wealth(values[:0], limit) == 0).all()


def test_wealth_of_counts_is_that_of_the_indicators():
    """Ones and zeros need no array of them."""
    rng = np.random.default_rng(3)
    values = (rng.random((5, 100, 2)) < 0.3).astype(float)
    limit = np.array([0.25, 0.5])
    counts = log_wealth_of_counts(values.sum(axis=1), np.full((5, 2), 100), limit)
    np.testing.assert_allclose(counts, log_wealth(values, limit), atol=1e-10)


def every_outcome(checks: int, units: int, mean: float, repeat: int = 1) -> tuple[float, float]:
    """Expectation of M, and chance that it ever reaches 5, over all streams of indicators."""
    streams = np.array(list(product((0.0, 1.0), repeat=checks * units)))
    chances = np.where(streams == 1, mean, 1 - mean).prod(axis=1)
    evidence, best = Evidence.none(1, (len(streams),)), np.zeros(len(streams))
    for seen in np.split(streams, checks, axis=1):
        for _ in range(repeat):
            evidence = evidence.after(log_wealth(seen[..., None], np.array([0.4])))
            best = np.maximum(best, np.exp(evidence.log_e))
    return float(chances @ np.exp(evidence.log_e)), float(chances @ (best >= 5))


def test_the_expectation_of_evidence_is_one_at_the_limit():
    """Exactly, over all 4,096 streams; below the limit it is less."""
    expectation, reached = every_outcome(checks=4, units=3, mean=0.4)
    assert 1 - 5e-4 < expectation <= 1 + 1e-12  # what rounding takes away
    assert reached <= 1 / 5
    assert every_outcome(checks=4, units=3, mean=0.3)[0] < 0.95


def test_rows_that_count_twice_are_no_fair_bets():
    """Why a generation checked again is no evidence."""
    assert every_outcome(checks=4, units=3, mean=0.4, repeat=2)[0] > 1.1


def test_evidence_is_the_mixture_over_all_starts():
    """Against the sum over starts that the recursion stands for."""
    gains = np.random.default_rng(4).normal(size=(6, len(BETS), 2))
    evidence = Evidence.none(2)
    for gain in gains:
        evidence = evidence.after(gain)
    weights = [1 / (start * (start + 1)) for start in range(1, 7)]
    sums = sum(weight * np.exp(gains[start:].sum(axis=0)) for start, weight in enumerate(weights))
    assert np.exp(evidence.log_e) == pytest.approx(sums.mean() + 1 - sum(weights), rel=1e-3)
    assert np.exp(evidence.log_e_of_sides).mean() == pytest.approx(np.exp(evidence.log_e))


def test_what_is_kept_is_rounded_down():
    """Never up: that would be evidence from nowhere."""
    gains = np.random.default_rng(5).normal(size=(len(BETS), 4))
    exact = gains - np.log(2)
    kept = Evidence.none(4).after(gains).log_sums
    assert (kept <= exact).all()
    assert (exact - kept < 1e-4 + 1e-12).all()
    assert Evidence.none(4).after(gains, cap=-1.0).log_sums.max() == -1.0


def ever(limit: float, mean: float, error: float, streams: int = 4000) -> tuple[int, int]:
    """Streams of indicators that ever ring, by evidence and by a test at fixed size at each check."""
    rng = np.random.default_rng(6)
    evidence = Evidence.none(1, (streams,))
    rung, greedy = np.zeros(streams, bool), np.zeros(streams, bool)
    for _ in range(60):
        ones = rng.binomial(100, mean, (streams, 1))
        evidence = evidence.after(log_wealth_of_counts(ones, np.full((streams, 1), 100), np.array([limit])))
        rung |= evidence.log_e >= -np.log(error)
        greedy |= binom.sf(ones[:, 0] - 1, 100, limit) <= error
    return int(rung.sum()), int(greedy.sum())


def test_null_streams_hardly_ever_ring_and_a_greedy_test_does():
    """At the very limit, 4,000 streams of 60 checks: the bound on the count is exact, false alarm 1e-6."""
    rung, greedy = ever(limit=0.3, mean=0.3, error=0.05)
    allowed = binom.isf(1e-6, 4000, 0.05)
    assert rung <= allowed
    assert greedy > allowed


def test_a_late_loss_is_seen():
    """After 200 healthy checks a change rings within five, where a bet since the beginning does not."""
    limit, evidence, total = np.array([0.3]), Evidence.none(1), 0.0
    rng = np.random.default_rng(7)
    for check in range(205):
        ones = rng.binomial(200, 0.2 if check < 200 else 0.45, 1)
        gain = log_wealth_of_counts(ones, np.array([200]), limit)
        evidence, total = evidence.after(gain), total + gain
    assert evidence.log_e > np.log(1e4)
    assert np.logaddexp.reduce(total[:, 0]) - np.log(len(BETS)) < 0


@pytest.mark.parametrize("units", [1, 10, 60])
def test_bounds_of_indicators_are_those_of_clopper_and_pearson(units):
    """At half the error; and they cover for every mean, by the exact law."""
    error, counts = 0.1, np.arange(units + 1)
    values = (np.arange(units)[:, None] < counts).astype(float)
    high, low = upper_bounds(values, error), lower_bounds(values, error)
    for count in counts:
        known = binomtest(int(count), units).proportion_ci(1 - error, "exact")  # two ends of error / 2
        assert (low[count], high[count]) == pytest.approx((known.low, known.high), abs=1e-9)
    for mean in np.linspace(0.01, 0.99, 25):
        assert binom.pmf(counts, units, mean)[high < mean].sum() <= error


def test_bounds_of_other_values_cover():
    """Skewed values and mixtures of a few with indicators; 600 samples of 40 each, false alarm 1e-6."""
    rng = np.random.default_rng(8)
    draws = {
        "skewed": (rng.beta(0.3, 2, (40, 600)), 0.3 / 2.3),
        "rarely no indicator": (
            np.where(rng.random((40, 600)) < 0.02, 0.5, rng.random((40, 600)) < 0.2),
            0.98 * 0.2 + 0.01,
        ),
    }
    for values, mean in draws.values():
        for missed in ((upper_bounds(values, 0.1) < mean).sum(), (lower_bounds(values, 0.1) > mean).sum()):
            assert missed <= binom.isf(1e-6, 600, 0.1)
        # Power: an interval of one standard error would be refused.
        narrow = values.mean(axis=0) + values.std(axis=0) / 40**0.5
        assert (narrow < mean).sum() > binom.isf(1e-6, 600, 0.1)


def test_a_bound_of_nothing_is_nothing():
    """No units: the mean may be anything."""
    assert upper_bounds(np.empty((0, 2)), 0.1).tolist() == [1, 1]
    assert lower_bounds(np.empty((0, 2)), 0.1).tolist() == [0, 0]
    assert upper_bounds(np.full((9, 1), 0.999999999), 0.1) == 1
    assert 0 < upper_bounds(np.full((9, 1), 1e-9), 0.1)[0] < 0.5


@pytest.mark.parametrize(("name", "draw"), [("beta", (2, 3)), ("skewed", (0.5, 4)), ("narrow", (40, 60))])
def test_confidence_sequences_are_like_those_of_ville(name, draw):
    """Taken again and again, both cover at all times, and neither is wider than 1.6 times the other."""
    import ville

    at = (100, 300, 1000)
    widths, misses, theirs_missed = [], 0, 0
    mean = draw[0] / sum(draw)
    for seed in range(12):
        values = np.random.default_rng([9, seed]).beta(*draw, at[-1])
        ours = [
            (1 - betting_bound(1 - values[:size], 0.025), betting_bound(values[:size], 0.025)) for size in at
        ]
        theirs = ville.BettingCS(alpha=0.05, grid=1001, intersect=False).fit(values)
        pairs = [(theirs.lower_[size - 1], theirs.upper_[size - 1]) for size in at]
        misses += any(not low <= mean <= high for low, high in ours)
        theirs_missed += any(not low <= mean <= high for low, high in pairs)
        widths.append([(high - low) / (b - a) for (low, high), (a, b) in zip(ours, pairs, strict=True)])
    allowed = binom.isf(1e-6, 12, 0.05)
    assert misses <= allowed
    assert theirs_missed <= allowed
    assert (np.mean(widths, axis=0) > 1 / 1.6).all()
    assert (np.mean(widths, axis=0) < 1.6).all()


def test_evidence_is_like_that_of_ville():
    """Against a loss of known size both reach 100, after numbers of rows within a factor of 2."""
    import ville

    ratios = []
    for seed in range(20):
        values = np.random.default_rng([10, seed]).beta(3, 5, 4000)
        theirs = ville.BettingTest(0.33, alternative="greater", alpha=0.01).fit(values).stopping_time()
        sums = np.cumsum(np.log1p(BETS[:, None] * (values - 0.33) / 0.33), axis=1)
        assert sums[:, -1] == pytest.approx(log_wealth(values[:, None], np.array([0.33]))[:, 0])
        reached = np.logaddexp.reduce(sums, axis=0) - np.log(len(BETS)) >= np.log(100)
        assert theirs is not None
        ratios.append((np.flatnonzero(reached)[0] + 1) / theirs)
    assert 0.5 < np.median(ratios) < 2
