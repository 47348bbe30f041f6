"""Estimators as families: scikit-learn's own, and scripted ones that are odd or fail."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.base import BaseEstimator
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

from headwater.errors import FamilyError
from headwater.families import kernel_density
from headwater.families.contract import Ask
from headwater.families.estimator import MOST_EVALUATED, _mean_distance, energy_distance, from_estimator
from tests.oracles.agreement import assert_means

RNG = np.random.default_rng(1)
DATA = np.concatenate([RNG.normal(-2, 1, (40, 2)), RNG.normal([3, 1], 0.5, (20, 2))])
TEST = RNG.normal(0, 2, (15, 2))


class Resampler:
    """Emits its training rows: no scikit-learn, no densities, no parameters."""

    def fit(self, rows):
        self.rows = rows

    def sample(self, count, random_state):
        return self.rows[np.random.default_rng(random_state).integers(len(self.rows), size=count)]


class Fails(Resampler):
    """Raises what it is told to wherever the first row is negative."""

    def __init__(self, error):
        self.error = error

    def fit(self, rows):
        if rows[0, 0] < 0:
            raise self.error
        super().fit(rows)


class Unseeded(BaseEstimator):
    def fit(self, rows):
        return self

    def sample(self, count):
        return np.zeros((count, 2))


class Flat(Unseeded):
    def __init__(self, random_state=None):
        self.random_state = random_state

    def sample(self, count):
        return np.zeros(count)


def fitted(family, n=20, replicates=3, seed=2):
    rng = np.random.default_rng(seed)
    return family.fit(family.draw(family.truth(replicates), Ask(n), rng), rng)


def test_scikit_learns_kernel_density_has_the_risk_of_the_family_made_for_it():
    rng = np.random.default_rng(3)
    theirs = from_estimator(KernelDensity(bandwidth=0.7), DATA, test=TEST)
    ours = kernel_density.KernelDensity(DATA, 0.7, TEST)
    evidence = ours.draw(ours.truth(3), Ask(10), rng)
    np.testing.assert_allclose(
        theirs.measure(theirs.fit(evidence, rng), "risk"), ours.measure(ours.fit(evidence, rng), "risk")
    )


def test_a_lone_loop_of_scikit_learns_kernel_density_widens_as_its_closed_form_says():
    """E v' = (1 - 1/n) E v + h² per coordinate, from raw samples; no widening is told apart."""
    n, h, replicates, generations = 5, 1.5, 300, 3
    family, rng = from_estimator(KernelDensity(bandwidth=h), DATA), np.random.default_rng(4)
    model, seen, expected = family.truth(replicates), [], []
    total, variance = DATA.var(axis=0).sum(), DATA.var(axis=0).sum()
    for _ in range(generations):
        model = family.fit(family.draw(model, Ask(n), rng), rng)
        drawn = family.records(model, Ask(200), rng)
        seen.append(drawn.var(axis=1, ddof=1).sum(axis=1))
        variance = (1 - 1 / n) * variance + 2 * h**2
        expected.append(variance)
    assert_means(np.array(seen).T, np.array(expected))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(np.array(seen).T, total * (1 - 1 / n) ** np.arange(1, generations + 1))


def test_a_mixtures_samples_are_new_in_each_draw_and_come_in_no_order():
    """Its sample(n) repeats itself and sorts by component; the first rows are both components here."""
    family = from_estimator(GaussianMixture(2, random_state=0), DATA)
    model, rng = fitted(family, 60, 20), np.random.default_rng(5)
    first, second = family.records(model, Ask(30), rng), family.records(model, Ask(30), rng)
    assert (first != second).all()
    right = (first[:, :, 0] > 1).astype(float)
    # one component holds a third of the data: all first rows in one has a chance of 3e-4 at most
    assert 0 < right[:, 0].sum() < 20
    assert all(each.random_state != 0 for each in model.fitted)


def test_nothing_but_copies_are_fitted_and_identical_calls_give_identical_bits():
    estimator = GaussianMixture(2)
    family = from_estimator(estimator, DATA)
    first, second = fitted(family), fitted(family)
    assert not hasattr(estimator, "means_") and estimator.random_state is None
    for name in family.measures:
        np.testing.assert_array_equal(family.measure(first, name), family.measure(second, name))
        np.testing.assert_array_equal(family.measure(first, name), family.measure(first, name))
    draws = [family.records(first, Ask(9), np.random.default_rng(6)) for _ in range(2)]
    np.testing.assert_array_equal(*draws)


def test_energy_distance_is_scipys_in_one_dimension():
    """Scipy's is the square root of half of it, with the sample's distances to itself left in."""
    rng = np.random.default_rng(7)
    sample, rows = rng.normal(size=(9, 1)), rng.normal(1, 2, (14, 1))
    between = _mean_distance(rows, rows)
    itself = _mean_distance(sample, sample)
    ours = energy_distance(sample, rows, between) + itself * (9 / 8 - 1)
    assert ours == pytest.approx(stats.energy_distance(sample[:, 0], rows[:, 0]) ** 2)


def test_energy_distance_of_the_population_to_itself_is_zero_in_the_mean():
    """The default risk without densities; a population moved by a tenth of its spread is told apart."""
    family = from_estimator(Resampler(), DATA)
    rng = np.random.default_rng(8)
    everything = family.fit(family.tell(np.tile(DATA, (400, 1, 1))), rng)
    assert_means(family.measure(everything, "risk")[:, None], np.zeros(1))
    moved = family.fit(family.tell(np.tile(DATA + DATA.std(axis=0) / 4, (400, 1, 1))), rng)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(family.measure(moved, "risk")[:, None], np.zeros(1))
    assert_means(family.measure(everything, "variance")[:, None], np.ones(1))


def test_a_users_risk_sees_a_sample_and_the_held_out_rows():
    seen = []

    def risk(sample, rows):
        seen.append(sample.shape)
        np.testing.assert_array_equal(rows, TEST)
        return 7

    family = from_estimator(KernelDensity(), DATA, test=TEST, risk=risk)
    np.testing.assert_array_equal(family.measure(fitted(family), "risk"), [7.0, 7.0, 7.0])
    assert seen == [TEST.shape] * 3
    assert len(TEST) < MOST_EVALUATED


@pytest.mark.parametrize("error", [ValueError("no"), ZeroDivisionError(), np.linalg.LinAlgError("no")])
def test_a_fit_that_raises_becomes_a_normal_and_is_counted(error):
    family = from_estimator(Fails(error), DATA)
    rng = np.random.default_rng(9)
    records = np.stack([DATA[:10], DATA[-10:]])
    assert records[0, 0, 0] < 0 < records[1, 0, 0]
    model = family.fit(family.tell(records), rng)
    np.testing.assert_array_equal(family.measure(model, "failed"), [1, 0])
    assert np.isfinite(family.measure(model, "risk")).all()
    drawn = family.records(model, Ask(20_000), rng)[0]
    covariance = np.cov(records[0].T, ddof=0) + 1e-6 * np.diag(DATA.var(axis=0))
    assert_means(drawn, records[0].mean(axis=0))
    apart = drawn - records[0].mean(axis=0)
    assert_means(apart[:, :, None] * apart[:, None, :], covariance)


def test_a_failed_fit_with_densities_has_the_normals_risk():
    """A mixture of two on one sample, against scipy's normal."""
    family = from_estimator(GaussianMixture(2), DATA, test=TEST, least_samples=1)
    model = family.fit(family.tell(DATA[None, :1]), np.random.default_rng(10))
    normal = stats.multivariate_normal(DATA[0], 1e-6 * np.diag(DATA.var(axis=0)))
    assert family.measure(model, "failed")[0] == 1
    assert family.measure(model, "risk")[0] == pytest.approx(-normal.logpdf(TEST).mean())


def test_other_exceptions_are_not_caught():
    family = from_estimator(Fails(TypeError("a mistake")), -np.abs(DATA))
    with pytest.raises(TypeError, match="a mistake"):
        fitted(family)


@pytest.mark.parametrize(
    ("estimator", "options", "match"),
    [
        (object(), {}, "has no method fit"),
        (KernelDensity, {}, "has no method fit"),
        (Unseeded(), {}, "Unseeded cannot be seeded"),
        (KernelDensity(), {"risk": 3}, "risk is 3"),
        (KernelDensity(), {"least_samples": 0}, "least_samples is 0"),
        (KernelDensity(), {"least_samples": 2.5}, "least_samples is 2.5"),
        (KernelDensity(), {"test": TEST[:, :1]}, "test has shape"),
    ],
)
def test_what_cannot_be_a_family_is_refused(estimator, options, match):
    with pytest.raises(FamilyError, match=match):
        from_estimator(estimator, DATA, **options)


def test_samples_of_another_shape_and_unequal_weights_are_refused():
    family = from_estimator(Flat(), DATA)
    with pytest.raises(FamilyError, match=r"Flat.sample\(4\) has shape \(4,\)"):
        family.records(fitted(family), Ask(4), np.random.default_rng(11))
    part = family.tell(np.zeros((1, 2, 2)))
    with pytest.raises(FamilyError, match="takes no weights"):
        family.combine([part, part], [1.0, 3.0])
