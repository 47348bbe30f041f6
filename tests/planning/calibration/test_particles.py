"""Sequential Monte Carlo against posteriors known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.planning.calibration.particles import Prior, posterior

PARTICLES = 4000


def normal(mean, deviation):
    return lambda at: -0.5 * (((at - mean) / deviation) ** 2).sum(axis=1)


@pytest.mark.parametrize("deviation", [2.0, 0.1, 0.001], ids=["wide", "narrow", "far and narrow"])
def test_a_normal_posterior_has_its_mean_and_spread(deviation):
    """Conjugate normals; five standard errors of as many independent draws as a quarter of the particles."""
    prior = Prior(np.array([0.0, 1.0, -1.0]), np.array([1.0, 2.0, 0.5]))
    seen = np.array([1.5, -2.0, 0.0])
    drawn = posterior(normal(seen, deviation), prior, PARTICLES, np.random.default_rng(8))
    precision = 1 / prior.deviation**2 + 1 / deviation**2
    mean = (prior.mean / prior.deviation**2 + seen / deviation**2) / precision
    spread = precision**-0.5
    margin = 5 / np.sqrt(PARTICLES / 4)
    assert np.abs((drawn.mean(axis=0) - mean) / spread).max() < margin
    assert np.abs(drawn.std(axis=0) / spread - 1).max() < margin


def test_a_ridge_is_explored_along_its_length():
    """Only the sum is measured, finely: the difference keeps its prior spread, of root two."""
    prior = Prior(np.zeros(2), np.ones(2))
    drawn = posterior(
        lambda at: -0.5 * ((at.sum(axis=1) - 1) / 0.01) ** 2, prior, PARTICLES, np.random.default_rng(9)
    )
    assert drawn.sum(axis=1).std() == pytest.approx(0.01, rel=0.15)
    assert (drawn[:, 0] - drawn[:, 1]).std() == pytest.approx(np.sqrt(2), rel=0.15)


def test_no_particle_is_left_where_it_cannot_be():
    """A half line: a truncated normal, of mean sqrt(2/pi)."""
    prior = Prior(np.zeros(1), np.ones(1))
    drawn = posterior(
        lambda at: np.where(at[:, 0] > 0, 0.0, -np.inf), prior, PARTICLES, np.random.default_rng(1)
    )
    assert (drawn > 0).all()
    assert drawn.mean() == pytest.approx(np.sqrt(2 / np.pi), rel=0.08)


def test_what_is_impossible_everywhere_ends_all_the_same():
    """No hang and no NaN where every particle has no likelihood."""
    prior = Prior(np.zeros(2), np.ones(2))
    drawn = posterior(lambda at: np.full(len(at), -np.inf), prior, 100, np.random.default_rng(1))
    assert np.isfinite(drawn).all()
