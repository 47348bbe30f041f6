"""Kernel densities: scikit-learn's and scipy's numbers, and variance that follows its closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from headwater.errors import FamilyError
from headwater.families import samples
from headwater.families.contract import Ask
from headwater.families.kernel_density import KernelDensity, Kernels, log_density
from tests.oracles.agreement import assert_means

RNG = np.random.default_rng(1)
DATA = np.concatenate([RNG.normal(-2, 1, (60, 2)), RNG.normal([3, 1], 0.5, (40, 2))])
TEST = RNG.normal(0, 2, (30, 2))


def fitted(family, n, replicates, seed=2):
    rng = np.random.default_rng(seed)
    return family.fit(family.draw(family.truth(replicates), Ask(n), rng), rng)


def test_risk_is_scikit_learns_mean_negative_log_density(monkeypatch):
    """With and without weights, and when memory allows one test row at a time."""
    from sklearn.neighbors import KernelDensity as Theirs

    family = KernelDensity(DATA, 0.7, TEST)
    rng = np.random.default_rng(3)
    records = family.records(family.truth(3), Ask(25), rng)
    weights = rng.random((3, 25))
    for told, each in ((family.tell(records), [None] * 3), (family.tell(records, weights), weights)):
        model = family.fit(told, rng)
        expected = [
            -Theirs(bandwidth=0.7).fit(points, sample_weight=weight).score_samples(TEST).mean()
            for points, weight in zip(records, each, strict=True)
        ]
        np.testing.assert_allclose(family.measure(model, "risk"), expected, rtol=1e-12)
        with monkeypatch.context() as patch:
            patch.setattr(samples, "BLOCK", 26)
            np.testing.assert_allclose(family.measure(model, "risk"), expected, rtol=1e-12)


@pytest.mark.parametrize("rule", ["scott", "silverman"])
def test_rules_in_one_dimension_are_scipys(rule):
    """Density at test points, equal and unequal weights."""
    family = KernelDensity(DATA[:, :1], rule, TEST[:, :1])
    rng = np.random.default_rng(4)
    records = family.records(family.truth(2), Ask(15), rng)
    weights = rng.random((2, 15))
    for told, each in ((family.tell(records), [None] * 2), (family.tell(records, weights), weights)):
        model = family.fit(told, rng)
        for at in range(2):
            theirs = stats.gaussian_kde(records[at, :, 0], rule, weights=each[at])
            np.testing.assert_allclose(log_density(model, TEST[:, :1])[at], theirs.logpdf(TEST[:, 0]))


@pytest.mark.parametrize(("rule", "factor"), [("scott", 20 ** (-1 / 6)), ("silverman", 20 ** (-1 / 6))])
def test_rules_in_two_dimensions_scale_each_coordinate_by_itself(rule, factor):
    """Scott and Silverman agree in two dimensions, (d + 2) / 4 being 1 there."""
    model = fitted(KernelDensity(DATA, rule), 20, 3)
    np.testing.assert_allclose(model.bandwidth, factor * model.points.records.std(axis=1, ddof=1))


def test_samples_have_the_mean_and_covariance_of_the_weighted_mixture():
    """Closed form of the mixture's first two moments; a bandwidth 3 % wider is told apart."""
    family = KernelDensity(DATA, 0.8)
    rng = np.random.default_rng(5)
    points, weights = rng.normal(size=(1, 4, 2)), np.array([[0.1, 2.0, 1.0, 0.5]])
    model = family.fit(family.tell(points, weights), rng)
    drawn = family.records(model, Ask(60_000), rng)[0]
    mean = np.average(points[0], axis=0, weights=weights[0])
    second = np.cov(points[0].T, aweights=weights[0], ddof=0) + np.outer(mean, mean)
    products = drawn[:, :, None] * drawn[:, None, :]
    assert_means(drawn, mean)
    assert_means(products, second + 0.8**2 * np.eye(2))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(products, second + (1.03 * 0.8) ** 2 * np.eye(2))


def test_with_no_kernel_weight_a_point_is_never_drawn():
    family = KernelDensity(DATA, 1e-9)
    rng = np.random.default_rng(6)
    told = family.tell(np.array([[[0.0, 0.0], [5.0, 5.0]]]), np.array([[1.0, 0.0]]))
    model = family.fit(told, rng)
    assert np.abs(family.records(model, Ask(1000), rng)).max() < 1
    alone = family.fit(family.tell(np.zeros((1, 1, 2))), rng)
    np.testing.assert_allclose(
        log_density(model, np.array([[5.0, 5.0]])), log_density(alone, np.array([[5.0, 5.0]]))
    )


def loop(family, n, generations, replicates):
    rng = np.random.default_rng(7)
    model = family.truth(replicates)
    for _ in range(generations + 1):
        model = family.fit(family.draw(model, Ask(n), rng), rng)
        yield family.measure(model, "variance"), family.measure(model, "mean_error")


def test_a_fixed_bandwidth_widens_a_lone_loop_as_the_closed_form_says():
    """E v' = (1 - 1/n) E v + h² from (1 - 1/n)s² + h², and the mean drifts by E v / n.

    Without the kernel's variance the same draws say no.
    """
    n, h, generations = 5, 0.6, 6
    family = KernelDensity(DATA, h)
    total = DATA.var(axis=0).sum()
    added = 2 * h**2 / total
    variance, drift, expected, moved = 1.0, 0.0, [], []
    for _ in range(generations + 1):
        drift += variance / n
        variance = (1 - 1 / n) * variance + added
        expected.append(variance)
        moved.append(drift)
    seen = np.array(list(loop(family, n, generations, 4000)))
    assert_means(seen[:, 0].T, np.array(expected))
    assert_means(seen[:, 1].T, np.array(moved))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(seen[:, 0].T, (1 - 1 / n) ** np.arange(1, generations + 2))


@pytest.mark.parametrize("rule", ["scott", "silverman"])
def test_a_rule_multiplies_variance_by_one_minus_one_over_n_plus_its_squared_factor(rule):
    """For both; the factor without ddof 1 is told apart.

    n = 40 so that a draw of one single row, which the rule cannot scale, does not happen.
    """
    n, generations = 40, 4
    family = KernelDensity(DATA[:, :1], rule)
    square = (n if rule == "scott" else n * 3 / 4) ** (-2 / 5)
    powers = np.arange(1, generations + 2)
    seen = np.array([variance for variance, _ in loop(family, n, generations, 6000)]).T
    assert_means(seen, (1 - 1 / n + square) ** powers)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(seen, ((1 - 1 / n) * (1 + square)) ** powers)


def test_a_coordinate_without_spread_fails_by_a_documented_value_and_is_counted():
    family = KernelDensity(DATA, "scott", TEST)
    rng = np.random.default_rng(8)
    records = np.stack([np.tile(DATA[0], (3, 1)), DATA[:3]])
    model = family.fit(family.tell(records), rng)
    np.testing.assert_array_equal(family.measure(model, "failed"), [1.0, 0.0])
    np.testing.assert_allclose(model.bandwidth[0], 1e-6 * DATA.std(axis=0))
    assert np.isfinite(family.measure(model, "risk")).all()
    assert np.isfinite(family.records(model, Ask(4), rng)).all()
    lone = family.fit(family.tell(records[:, :1], np.full((2, 1), 0.3)), rng)
    assert family.measure(lone, "failed").all()


def test_without_test_rows_risk_is_the_expected_loss_of_a_real_sample():
    """Against the mean over many real draws; the risk at other rows is told apart."""
    family = KernelDensity(DATA, 0.5)
    model = fitted(family, 20, 1)
    real = family.records(family.truth(1), Ask(20_000), np.random.default_rng(9))[0]
    losses = -log_density(Kernels(*model), real).T
    assert_means(losses, family.measure(model, "risk"))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(losses, KernelDensity(DATA, 0.5, TEST).measure(model, "risk"))


def test_identical_calls_give_identical_bits():
    first, second = (fitted(KernelDensity(DATA, "scott"), 6, 4) for _ in range(2))
    np.testing.assert_array_equal(first.points.records, second.points.records)


@pytest.mark.parametrize("width", [0, -1.0, 10**400, np.ones(2), np.inf, np.nan, True, "normal", None])
def test_a_bandwidth_that_is_none_is_refused(width):
    with pytest.raises(FamilyError, match="bandwidth is"):
        KernelDensity(DATA, width)


def test_tables_that_do_not_fit_are_refused():
    with pytest.raises(FamilyError, match="test has shape"):
        KernelDensity(DATA, 1.0, TEST[:, :1])
    with pytest.raises(FamilyError, match="data has shape"):
        KernelDensity(DATA[:, 0], 1.0)
    for data in ([[1, 2], [3]], [["a", "b"]], [[1, 10**400]]):
        with pytest.raises(FamilyError, match="data is not an array of numbers"):
            KernelDensity(data, 1.0)
