"""The law of a history, against draws of squared errors and against scipy's densities."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from headwater.graph import InteractionGraph
from headwater.pipeline import Pipeline
from headwater.planning.calibration.clocks import clocks
from headwater.planning.calibration.course import PARAMETERS, Course, History, curved

LAST = 8
SEEN = np.arange(4, dtype=np.int32)
RISK = np.array([2.0, 2.3, 2.35, 2.8])


def course(risk=RISK, variance=0.0, least=-np.inf):
    clock = clocks(Pipeline(InteractionGraph.from_flows([("a", "a", 50)])), [0], LAST)[0]
    return Course(clock, (History(SEEN, risk, np.full(len(risk), variance)),), least)


def particle(**values):
    """One particle, straight and without bias unless said."""
    given = {"bias": -30.0, "bend": 1.0, "measuring": -30.0} | values
    return np.array([[given.get(name.replace(" ", "_"), 0.0) for name in PARAMETERS]])


@pytest.mark.parametrize("dimensions", [3, 40])
def test_continuations_scatter_as_squared_errors_of_a_random_walk(dimensions):
    """Chi squares of mean V (t + 1), of which 3 and 8 steps share 3; cube roots are good to 0.03."""
    law = course()
    level = particle(noise=0.0, scatter=np.log(2 / dimensions))
    ahead = np.arange(LAST + 1, dtype=np.int32)
    risk, _ = law.continued(np.repeat(level, 40_000, axis=0), None, ahead, np.random.default_rng(4))
    read = law.read(level)
    rise = (risk - read.floor[0]) / (read.noise[0] * (ahead + 1))
    assert rise.mean(axis=0) == pytest.approx(np.ones(LAST + 1), abs=0.03)
    for share in (0.05, 0.5, 0.95):
        exact = stats.chi2.ppf(share, dimensions) / dimensions
        near = pytest.approx(np.full(LAST + 1, exact), abs=0.03 + 0.02 * exact)
        assert np.quantile(rise, share, axis=0) == near
    assert np.corrcoef(rise[:, 2], rise[:, 7])[0, 1] == pytest.approx(3 / 8, abs=0.05)


def test_the_likelihood_is_scipys_of_the_cube_roots():
    """Second route: a multivariate normal of cube roots, with the derivative of the change of variable."""
    law = course(variance=0.01)
    one = particle(noise=0.3, scatter=np.log(0.2), level=-0.1)
    read = law.read(one)
    expected = read.noise[0] * (SEEN + 1)
    relative = np.sqrt(0.2)
    correlation = (np.minimum.outer(SEEN, SEEN) + 1) / (np.maximum.outer(SEEN, SEEN) + 1)
    covariance = relative**2 * correlation / 9 + np.diag(0.01 / expected**2 / 9) + 1e-10 * np.eye(4)
    above = RISK - read.floor[0]
    density = stats.multivariate_normal(np.full(4, 1 - relative**2 / 9), covariance)
    by_hand = (
        density.logpdf((above / expected) ** (1 / 3))
        + np.log(1 / 3 * above ** (-2 / 3) * expected ** (-1 / 3)).sum()
    )
    constant = -2 * np.log(2 * np.pi) + 4 * np.log(1 / 3)
    assert law.log_likelihood(one)[0] == pytest.approx(by_hand - constant, rel=1e-6)


def test_risk_below_the_floor_is_impossible():
    """A level far below the first measurement cannot be; nor a floor below the least there is."""
    assert np.isneginf(course().log_likelihood(particle(level=3.0, noise=-3.0)))[0]
    assert np.isneginf(course(least=1.99).log_likelihood(particle(noise=0.0)))[0]
    assert np.isfinite(course(least=0.0).log_likelihood(particle(noise=0.0)))[0]


def test_a_continuation_passes_through_what_was_measured_exactly():
    """With no error of measurement, the measured generations are what they were."""
    law = course()
    risk, _ = law.continued(
        np.repeat(particle(scatter=np.log(0.3)), 5, axis=0), law.histories[0], SEEN, np.random.default_rng(2)
    )
    assert risk == pytest.approx(np.tile(RISK, (5, 1)), abs=1e-3)


def test_the_curve_is_straight_logarithmic_or_steep_by_its_bend():
    """Closed forms at bends of 1, 0, 2 and -1."""
    x, k = np.array([0.0, 0.5, 3.0]), np.array([2.0])
    assert curved(x, k, np.array([1.0])) == pytest.approx(x)
    assert curved(x, k, np.array([0.0])) == pytest.approx(np.log1p(2 * x) / 2, rel=3e-3)
    assert curved(x, k, np.array([2.0])) == pytest.approx(x + x**2)
    assert curved(x, k, np.array([-1.0])) == pytest.approx((1 - 1 / (1 + 2 * x)) / 2)
