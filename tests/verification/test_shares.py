"""Thresholds: closed forms of the lone loop, and the interpolation that reads them off points."""

from __future__ import annotations

import numpy as np
import pytest

from headwater import families, laws
from headwater.verification.shares import (
    Point,
    observed_threshold,
    predicted_inflation,
    predicted_threshold,
    ratio,
    simulated,
    two_noise_inflation,
)


def by_law(budget, generations=200):
    return lambda real: predicted_inflation(laws.Asymptotic(), budget, real, generations)


@pytest.mark.parametrize("level", [1.5, 2.0, 5.0])
def test_the_predicted_threshold_is_the_closed_form(level):
    """In the limit inflation is 1/(1 - w²), w the synthetic share."""
    expected = 1 - np.sqrt(1 - 1 / level)
    assert predicted_threshold(by_law(10_000), 10_000, level) == pytest.approx(expected, abs=1e-6)


def test_a_level_that_is_never_crossed_has_no_threshold():
    assert predicted_threshold(by_law(100, generations=2), 100, 50.0) is None


def test_two_noises_that_are_equal_are_the_law():
    for real in (5, 30, 90):
        for law in (laws.Asymptotic(), laws.LeastSquares(7)):
            by_law_ = predicted_inflation(law, 100, real, 15)
            assert two_noise_inflation(law, 1.0, 100, real, 15) == pytest.approx(by_law_)
    # settled: G = w²G + (1 - w + wρ)/N, at w = 0.5 and where w and 1 - w differ
    settled = two_noise_inflation(laws.Asymptotic(), 2.0, 100, 50, 500)
    assert settled == pytest.approx((0.5 + 1.0) / (1 - 0.25))
    settled = two_noise_inflation(laws.Asymptotic(), 2.0, 100, 20, 500)
    assert settled == pytest.approx((0.2 + 1.6) / (1 - 0.64))


def test_two_noises_of_least_squares_are_exact_on_normal_rows():
    """Real labels of noise 1, the model's of noise 2 (an oracle that draws every row); |z| < 5.

    d = 5, N = 12, so that the large-sample form is far off.
    """
    d, budget, real, generations, replicates = 5, 12, 4, 8, 20_000
    rng = np.random.default_rng(1)

    def fit(theta):
        x = rng.standard_normal((replicates, budget, d))
        noise = rng.standard_normal((replicates, budget))
        y = noise.copy()
        y[:, real:] = np.einsum("rnd,rd->rn", x[:, real:], theta) + 2.0 * noise[:, real:]
        gram = x.swapaxes(1, 2) @ x
        return np.linalg.solve(gram, x.swapaxes(1, 2) @ y[:, :, None])[:, :, 0]

    x = rng.standard_normal((replicates, budget, d))
    y = rng.standard_normal((replicates, budget))
    theta = np.linalg.solve(x.swapaxes(1, 2) @ x, x.swapaxes(1, 2) @ y[:, :, None])[:, :, 0]
    first = (theta**2).sum(1)
    for _ in range(generations):
        theta = fit(theta)
    value, error = ratio((theta**2).sum(1), first)
    assert abs(value - two_noise_inflation(laws.LeastSquares(d), 4.0, budget, real, generations)) < 5 * error
    assert abs(value - two_noise_inflation(laws.Asymptotic(), 4.0, budget, real, generations)) > 5 * error


def test_the_observed_threshold_is_read_off_exact_points():
    """Twelve points of the exact curve give the crossing to a thousandth."""
    shares = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.8)
    points = [
        Point(round(s * 1000), 1000, {}, {"inflation": 1 / (1 - (1 - s) ** 2)}, {"inflation": 0.01})
        for s in shares
    ]
    for level in (1.5, 2.0):
        found, error = observed_threshold(points, level)
        assert found == pytest.approx(1 - np.sqrt(1 - 1 / level), abs=1e-3)
        # d inflation / d share = -2w inflation²
        slope = 2 * (1 - found) * level**2
        assert error == pytest.approx(0.01 / slope, rel=0.35)
    assert observed_threshold(points, 100.0) == (None, None)


def test_the_error_of_a_ratio_covers_at_its_stated_rate():
    """Of 2,000 ratios of correlated means, |error| < 1.96 s.e. in 95 % (binomial: 93 to 97 %)."""
    rng = np.random.default_rng(1)
    under = rng.gamma(4.0, size=(2000, 400))
    over = 0.5 * under + rng.gamma(2.0, size=(2000, 400))
    inside = 0
    for high, low in zip(over, under, strict=True):
        value, error = ratio(high, low)
        inside += abs(value - (2 + 2) / 4) < 1.96 * error
    assert 0.93 < inside / 2000 < 0.97


def test_a_simulated_point_is_where_the_exact_law_says():
    """Poisson, 60 samples, 20 real: |z| < 5."""
    family = families.Poisson(4.0)
    values, errors = simulated(family, 60, 20, 15, 4000, 3)
    expected = predicted_inflation(laws.poisson(4.0), 60, 20, 15)
    assert abs(values["inflation"] - expected) < 5 * errors["inflation"]
    assert (
        abs(values["inflation"] - predicted_inflation(laws.poisson(4.0), 60, 15, 15))
        > 5 * errors["inflation"]
    )
