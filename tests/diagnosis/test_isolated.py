"""The comparison always owed: a model's risk over that on its own real data alone."""

from __future__ import annotations

import pytest

from headwater.diagnosis import diagnose
from headwater.regimes import Accumulate, AccumulateSubsample, Replace, Window
from headwater.theory import laws
from tests.diagnosis.gallery import flows, lone, mixed, reused_archive, spoiled


def test_a_reused_archive_is_worn_out_by_the_loop_around_it():
    """G = A + w²/(m(1-w²)) with A = 1/50, w = 150/200, m = 150: ten sevenths of A."""
    entry = diagnose(reused_archive()).of("a")
    settled = 1 / 50 + 0.75**2 / (150 * (1 - 0.75**2))
    assert settled == pytest.approx(10 / 7 / 50)
    assert entry["vs_isolated"] == pytest.approx(10 / 7)
    assert entry["inflation_limit"] == pytest.approx(10 / 7 * 200 / 50)  # generation 0: 200 fresh samples


def test_a_loop_may_help():
    """20 of one's own beside 10 real: 1/(1 + 2/3) of the risk on the ten."""
    assert diagnose(mixed(10, 20)).of("a")["vs_isolated"] == pytest.approx(3 / 5)


def test_without_real_data_there_is_no_comparison():
    """Null, not infinity."""
    assert diagnose(lone()).of("a")["vs_isolated"] is None


def test_a_collapsing_model_is_compared_at_the_horizon():
    """`b`: .1² of what `a` was a generation ago and 1/100 of new noise, over 1/90."""
    entry = diagnose(spoiled(), generations=30).of("b")
    assert entry["inflation_limit"] is None
    assert entry["vs_isolated"] == pytest.approx((0.01 * 30 / 50 + 0.01) * 90)


@pytest.mark.parametrize("regime", [Replace(), Window(3), Accumulate(), AccumulateSubsample()])
@pytest.mark.parametrize("law", [laws.Asymptotic(), laws.bernoulli(0.3), laws.Gaussian(1)])
def test_a_model_that_hears_nobody_is_its_own_comparison(regime, law):
    """Whatever the regime does to it, it does to both."""
    entry = diagnose(flows(("web", "a", 50)), law, regime=regime).of("a")
    assert entry["vs_isolated"] == pytest.approx(1)


def test_least_squares_is_compared_where_the_real_data_alone_have_a_fit():
    """3 features want 5 samples: 4 give null. 30 alone: 3/(30-3-1)."""
    assert diagnose(mixed(4, 60), laws.LeastSquares(3)).of("a")["vs_isolated"] is None
    entry = diagnose(mixed(30, 60), laws.LeastSquares(3)).of("a")
    limit = entry["inflation_limit"] * entry["risk"][0]
    assert entry["risk"][0] == pytest.approx(3 / 86)
    assert entry["vs_isolated"] == pytest.approx(limit * 26 / 3)
