"""Fréchet distance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from headwater.measures.numeric.frechet import Frechet, frechet_distance
from headwater.samples.values import Moments, Sample
from tests.measures.text.worlds import assert_covers, assert_halves_miss
from tests.oracles.agreement import assert_means


def test_the_distance_is_that_of_the_formula_with_scipy_s_root():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4)), rng.normal(1, 2, (60, 4))
    first, second = np.cov(x.T), np.cov(y.T)
    shift = x.mean(axis=0) - y.mean(axis=0)
    expected = shift @ shift + np.trace(first + second - 2 * sqrtm(first @ second).real)
    np.testing.assert_allclose(frechet_distance(Moments.of(x), Moments.of(y)), expected)
    found = Frechet(standardise=False)(Sample.of(x), Sample.of(y))
    np.testing.assert_allclose(found.parts["plug-in"][0], expected)
    np.testing.assert_allclose(found.value, expected - found.parts["bias"][0])


def test_singular_covariances_do_no_harm():
    """Fewer rows than features; a sample against itself is at distance zero, against a point at its trace."""
    rng = np.random.default_rng(1)
    few = Moments.of(rng.normal(size=(10, 40)))
    np.testing.assert_allclose(frechet_distance(few, few), 0, atol=1e-5)
    point = Moments(10, few.mean, np.zeros((40, 40)))
    np.testing.assert_allclose(frechet_distance(few, point), np.trace(few.covariance))
    np.testing.assert_allclose(frechet_distance(point, few), np.trace(few.covariance))


def test_diagonal_laws_have_a_closed_form():
    first, second = np.array([1.0, 4.0]), np.array([9.0, 0.25])
    moments = [Moments(3, np.array([at, 0.0]), 2 * np.diag(each)) for at, each in ((0, first), (2, second))]
    expected = 4 + ((np.sqrt(first) - np.sqrt(second)) ** 2).sum()
    np.testing.assert_allclose(frechet_distance(*moments), expected)


def test_the_bias_of_size_is_taken_away():
    """At a hundred rows of four features; the distance as published is refused by the same draws."""
    rng = np.random.default_rng(2)
    metric = Frechet(standardise=False, groups=10)
    found = [
        metric(Sample.of(0.8 * rng.normal(size=(100, 4))), Sample.of(rng.normal(size=(150, 4))))
        for _ in range(400)
    ]
    truth = np.array([4 * 0.04])
    assert_means(np.array([[each.value] for each in found]), truth)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(np.array([[each.parts["plug-in"][0]] for each in found]), truth)


@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_the_interval_covers_the_distance_of_normal_laws(shift):
    rng = np.random.default_rng(3)
    metric = Frechet(standardise=False)
    found = [
        metric(Sample.of(rng.normal(shift, 1, (150, 3))), Sample.of(rng.normal(size=(200, 3))))
        for _ in range(200)
    ]
    low, high = [each.low for each in found], [each.high for each in found]
    assert_covers(low, high, 3 * shift**2)
    if shift:
        assert_halves_miss(low, high, 3 * shift**2)


def test_units_do_not_matter_once_standardised():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(50, 2)), rng.normal(size=(60, 2))
    units = np.array([1.0, 1000.0])
    plain, scaled = (
        Frechet()(Sample.of(x), Sample.of(y)),
        Frechet()(Sample.of(x * units), Sample.of(y * units)),
    )
    np.testing.assert_allclose(plain.value, scaled.value)


def test_too_few_rows_are_noted():
    rows = np.random.default_rng(5).normal(size=(20, 3))
    assert "20 rows for 3 features" in Frechet()(Sample.of(rows), Sample.of(rows)).notes[0]
