"""What healthy is, and what is tolerated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import beta, binom

from headwater.errors import SampleError
from headwater.monitoring.evidence import Evidence, log_wealth_of_counts
from headwater.monitoring.limits import Tolerance, baseline, limits, slack, values_of
from headwater.samples.values import Sample


@dataclass(frozen=True)
class Columns:
    """A score that is the rows themselves."""

    worse: str
    parts: tuple[str, ...] = ("a", "b")
    name: str = "columns"
    kinds: tuple[str, ...] = ("numeric",)
    aspect: str = "spread"

    def values(self, sample):
        return sample.rows


def indicators(*means: float, units: int = 1000) -> Sample:
    """Exactly these means, in order."""
    return Sample.of(np.stack([(np.arange(units) < mean * units).astype(float) for mean in means], axis=1))


def test_a_loss_is_relative_a_rise_has_a_floor_and_a_shift_goes_both_ways():
    """Limits are the bound of Clopper and Pearson at half the error, plus what is tolerated of it."""
    low = beta.ppf(0.001 / 2 / 2, [400, 100], [601, 901])
    high = beta.isf(0.001 / 2 / 2, [401, 101], [600, 900])
    heldout = indicators(0.4, 0.1)
    lower = baseline(Columns("lower"), heldout, Tolerance(), 0.001)
    np.testing.assert_allclose(1 - lower.limit, 0.9 * low)
    np.testing.assert_allclose(1 - lower.healthy, [0.4, 0.1])
    higher = baseline(Columns("higher"), heldout, Tolerance(), 0.001)
    np.testing.assert_allclose(higher.limit, high + np.maximum(0.1 * high, 0.02))
    either = baseline(Columns("either"), heldout, Tolerance(), 0.002)  # twice the sides
    np.testing.assert_allclose(either.limit, np.concatenate([1 - low, high]) + 0.05)
    assert lower.least_seen == pytest.approx(1 - 0.9 * low[0] / 0.4)
    assert higher.least_seen == pytest.approx(min(higher.limit - [0.4, 0.1]))


def test_effects_are_told_in_the_words_of_the_score():
    """Loss, rise, and a shift with its direction; the interval has the estimate inside."""
    heldout, now = indicators(0.4, 0.1), indicators(0.3, 0.2)
    lower = baseline(Columns("lower"), heldout, Tolerance(), 0.001)
    loss = lower.effect(lower.harms(now.rows), 0, 0.01)
    assert (loss.measured, loss.part, loss.tolerated) == ("loss", "a", pytest.approx(0.1))
    assert (loss.value, loss.mean, loss.healthy) == pytest.approx((0.25, 0.3, 0.4))
    assert loss.low < 0.25 < loss.high
    assert loss.beyond
    higher = baseline(Columns("higher"), heldout, Tolerance(), 0.001)
    rise = higher.effect(higher.harms(now.rows), 1, 0.01)
    assert (rise.measured, rise.value, rise.tolerated) == ("rise", pytest.approx(0.1), pytest.approx(0.02))
    either = baseline(Columns("either"), heldout, Tolerance(), 0.001)
    falling, rising = (either.effect(either.harms(now.rows), side, 0.01) for side in (0, 3))
    assert (falling.value, rising.value) == pytest.approx((-0.1, 0.1))
    assert falling.low < falling.value < falling.high
    assert falling.beyond
    assert rising.beyond
    assert not either.effect(either.harms(indicators(0.36, 0.1).rows), 0, 0.01).beyond


def test_intervals_of_effects_cover():
    """Fresh reference and generation each time; loss 25 %; 500 times, false alarm 1e-6."""
    rng, misses = np.random.default_rng(1), 0
    for _ in range(500):
        heldout = Sample.of((rng.random((150, 1)) < 0.4).astype(float))
        base = baseline(Columns("lower", ("a",)), heldout, Tolerance(), 0.001)
        effect = base.effect((rng.random((150, 1)) >= 0.3).astype(float), 0, 0.025)
        misses += not effect.low <= 0.25 <= effect.high
    assert misses <= binom.isf(1e-6, 500, 0.05)


def test_nothing_can_be_lost_of_nothing():
    """A score that is 0 on all real data never rings for a loss, and says so."""
    base = baseline(Columns("lower", ("a",)), indicators(0.0), Tolerance(), 0.001)
    assert base.limit == [1.0]
    assert base.least_seen == 1.0
    assert base.effect(base.harms(np.zeros((9, 1))), 0, 0.01).value == 0.0


def test_the_limit_rises_with_the_healthy_mean():
    """What the proof needs: a bound for the mean is one for the limit."""
    harm = np.linspace(0, 1, 101)
    for measured in ("loss", "rise", "shift"):
        assert (np.diff(harm + slack(measured, harm, Tolerance())) > 0).all()


def ringing(harm: float, limit: float, units: int = 1_000_000, streams: int = 1000) -> int:
    """Streams of twenty checks of a million rows that ever ring at 1 %."""
    rng, rung = np.random.default_rng(2), np.zeros(streams, bool)
    evidence = Evidence.none(1, (streams,))
    for _ in range(20):
        ones = rng.binomial(units, harm, (streams, 1))
        gains = log_wealth_of_counts(ones, np.full((streams, 1), units), np.array([limit]))
        evidence = evidence.after(gains)
        rung |= evidence.log_e >= np.log(100)
    return int(rung.sum())


def test_a_large_sample_alone_never_rings():
    """A million rows: a loss of 5 % is none, one of 10 % rings no more often than alpha, of 11 % always."""
    heldout = np.random.default_rng(3).random((10_000, 1)) < 0.6  # harm: 1 - score
    limit = float(limits(heldout.astype(float), "loss", Tolerance(), 0.002)[0])
    known = 0.6 + 0.1 * 0.4
    assert known < limit < 0.67
    assert ringing(1 - 0.95 * 0.4, known) == 0
    assert ringing(1 - 0.9 * 0.4, known) <= binom.isf(1e-6, 1000, 0.01)
    assert ringing(1 - 0.89 * 0.4, known) == 1000
    assert ringing(1 - 0.7 * 0.4, limit) == 1000


def test_values_outside_the_bounds_are_refused():
    """Bets on them would not be fair."""
    for wrong in (1.5, -0.1):
        with pytest.raises(SampleError, match="outside 0 to 1"):
            values_of(Columns("lower"), Sample.of([[0.5, wrong]]))


@pytest.mark.parametrize("wrong", [{"relative": 1.0}, {"absolute": -0.1}, {"shift": float("nan")}])
def test_a_tolerance_is_a_share(wrong):
    """From 0 to below 1."""
    with pytest.raises(SampleError, match="tolerance"):
        Tolerance(**wrong)
