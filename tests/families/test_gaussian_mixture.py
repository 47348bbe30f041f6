"""Mixtures of normals: scikit-learn's numbers, the closed form of one component, and fits that fail."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.emission import Emission
from headwater.errors import FamilyError
from headwater.families import samples
from headwater.families.contract import Ask
from headwater.families.gaussian_mixture import GaussianMixture, Mixture, log_density
from tests.oracles.agreement import assert_means

RNG = np.random.default_rng(1)
DATA = np.concatenate([RNG.normal(-3, 1, (80, 2)), RNG.normal([3, 1], [0.4, 1.2], (40, 2))])
TEST = RNG.normal(0, 2, (30, 2))
KINDS = ["full", "tied", "diag", "spherical"]


@pytest.mark.parametrize("kind", KINDS)
def test_density_is_scikit_learns(kind, monkeypatch):
    """On a fit with the same seed, for each kind of covariance, in blocks of one replicate too."""
    from sklearn.mixture import GaussianMixture as Theirs

    family = GaussianMixture(DATA, 2, kind, TEST)
    rng = np.random.default_rng(2)
    evidence = family.draw(family.truth(3), Ask(40), rng)
    seeds = np.random.default_rng(3).integers(2**31, size=3).tolist()
    model = family.fit(evidence, np.random.default_rng(3))
    expected = [
        -Theirs(2, covariance_type=kind, random_state=seed).fit(rows).score_samples(TEST)
        for rows, seed in zip(evidence.records, seeds, strict=True)
    ]
    np.testing.assert_allclose(-log_density(model, TEST), expected, rtol=1e-9)
    truth = Theirs(2, covariance_type=kind, n_init=10, random_state=0).fit(DATA)
    np.testing.assert_allclose(
        family.measure(model, "risk"), np.mean(expected, axis=1) + truth.score(TEST), rtol=1e-9
    )
    monkeypatch.setattr(samples, "BLOCK", 1)
    np.testing.assert_allclose(-log_density(model, TEST), expected, rtol=1e-9)


def scripted():
    """Two replicates of unlike mixtures; a component without share among them."""
    shares = np.array([[0.3, 0.7], [1.0, 0.0]])
    means = np.array([[[0.0, 5.0], [2.0, -1.0]], [[1.0, 1.0], [9.0, 9.0]]])
    roots = np.array(
        [[[[1.0, 0], [0.5, 2.0]], [[0.3, 0], [-0.2, 0.1]]], [[[2.0, 0], [1.0, 1.0]], [[1.0, 0], [0, 1.0]]]]
    )
    no = np.zeros(2, bool)
    return Mixture(shares, means, roots, no, no)


def moments(model, factor=1.0):
    """Mean and second moments of each mixture, term by term."""
    mean, second = np.zeros((2, 2)), np.zeros((2, 2, 2))
    for r in range(2):
        for k in range(2):
            share, middle, root = model.shares[r, k], model.means[r, k], model.roots[r, k]
            mean[r] += share * middle
            second[r] += share * (factor * root @ root.T + np.outer(middle, middle))
    return mean, second


@pytest.mark.parametrize("variance", [1.0, 0.5, 0.0])
def test_samples_have_the_moments_of_their_mixture(variance):
    """Each component's covariance times the emission's factor; a factor 5 % off is told apart."""
    family, model = GaussianMixture(DATA, 2), scripted()
    ask = Ask(40_000, Emission(variance=variance))
    drawn = family.records(model, ask, np.random.default_rng(4)).transpose(1, 0, 2)
    products = drawn[..., :, None] * drawn[..., None, :]
    mean, second = moments(model, variance)
    assert_means(drawn, mean)
    assert_means(products, second)
    with pytest.raises(AssertionError, match=r"differ from theory|Not equal"):
        assert_means(products, moments(model, variance * 1.05 + 0.05)[1])


def test_variance_and_error_of_the_mean_are_the_mixtures():
    family, model = GaussianMixture(DATA, 2), scripted()
    mean, second = moments(model)
    total = DATA.var(axis=0).sum()
    expected = [np.trace(second[r] - np.outer(mean[r], mean[r])) / total for r in range(2)]
    np.testing.assert_allclose(family.measure(model, "variance"), expected)
    np.testing.assert_allclose(
        family.measure(model, "mean_error"), ((mean - DATA.mean(axis=0)) ** 2).sum(axis=1) / total
    )
    np.testing.assert_array_equal(family.measure(model, "components"), [2, 1])


def test_one_component_is_the_normal_of_maximum_likelihood():
    rng = np.random.default_rng(5)
    family = GaussianMixture(DATA, 1, added_variance=0.01)
    evidence = family.draw(family.truth(4), Ask(7), rng)
    model = family.fit(evidence, rng)
    for rows, mean, root in zip(evidence.records, model.means[:, 0], model.roots[:, 0], strict=True):
        np.testing.assert_allclose(mean, rows.mean(axis=0))
        np.testing.assert_allclose(root @ root.T, np.cov(rows.T, ddof=0) + 0.01 * np.eye(2))


def test_one_component_loses_variance_as_the_normal_does():
    """E v' = (1 - 1/n) E v + c in units of the trace, and 1 - 1/(n-1) is told apart."""
    n, replicates, generations = 6, 250, 3
    family = GaussianMixture(DATA, 1, added_variance=0.05)
    added, rng = 2 * 0.05 / DATA.var(axis=0).sum(), np.random.default_rng(6)
    model, seen = family.truth(replicates), []
    for _ in range(generations):
        model = family.fit(family.draw(model, Ask(n), rng), rng)
        seen.append(family.measure(model, "variance"))

    def expected(kept):
        out = [1.0]
        for _ in range(generations):
            out.append(kept * out[-1] + added)
        return np.array(out[1:])

    assert_means(np.array(seen).T, expected(1 - 1 / n))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(np.array(seen).T, expected(1 - 2 / n))


def test_samples_that_cannot_be_fitted_become_one_normal_and_are_counted():
    """A lone sample for two components, and values so large that the added variance is rounded off."""
    family, rng = GaussianMixture(DATA, 2, test=TEST), np.random.default_rng(7)
    lone = family.fit(family.tell(np.full((1, 1, 2), 4.0)), rng)
    huge = family.fit(family.tell(np.array([[[0.0, 0], [1, 1], [2, 2], [3, 3]]]) * 1e9), rng)
    for model, mean in ((lone, 4.0), (huge, 1.5e9)):
        assert family.measure(model, "failed")[0] == 1
        np.testing.assert_allclose(model.means[0, 0], mean)
        np.testing.assert_array_equal(model.shares, [[1.0, 0.0]])
        assert np.isfinite(family.measure(model, "risk")).all()
        assert np.isfinite(family.records(model, Ask(5), rng)).all()
    np.testing.assert_allclose(lone.roots[0, 0], 1e-3 * np.eye(2))


def test_equal_rows_are_fitted_without_a_warning():
    """K-means finds one distinct row for three components; filterwarnings is error here."""
    family, rng = GaussianMixture(DATA, 3), np.random.default_rng(8)
    model = family.fit(family.tell(np.ones((2, 5, 2))), rng)
    assert not model.failed.any()
    assert np.isfinite(family.measure(model, "risk")).all()
    np.testing.assert_allclose(family.measure(model, "variance"), 2e-6 / DATA.var(axis=0).sum(), rtol=1e-6)


def test_em_that_runs_out_of_iterations_is_counted_and_used():
    family, rng = GaussianMixture(DATA, 3, tolerance=1e-12, iterations=1), np.random.default_rng(9)
    model = family.fit(family.draw(family.truth(3), Ask(30), rng), rng)
    np.testing.assert_array_equal(family.measure(model, "unconverged"), 1)
    np.testing.assert_array_equal(family.measure(model, "failed"), 0)


def test_identical_calls_give_identical_bits():
    family = GaussianMixture(DATA, 2)
    models = []
    for _ in range(2):
        rng = np.random.default_rng(10)
        models.append(family.fit(family.draw(family.truth(2), Ask(20), rng), rng))
    for first, second in zip(*models, strict=True):
        np.testing.assert_array_equal(first, second)


def test_samples_of_unequal_weight_are_refused():
    family = GaussianMixture(DATA, 2)
    part = family.tell(np.zeros((1, 2, 2)))
    with pytest.raises(FamilyError, match="takes no weights"):
        family.combine([part, part], [1.0, 2.0])
    assert family.combine([part, part], [2.0, 2.0]).records.shape == (1, 4, 2)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"components": 0}, "components is 0"),
        ({"components": True}, "components is True"),
        ({"components": 2, "covariance_type": "round"}, "covariance_type is 'round'"),
        ({"components": 2, "tolerance": 0.0}, "tolerance is 0"),
        ({"components": 2, "iterations": 0}, "iterations is 0"),
        ({"components": 2, "added_variance": 0}, "added_variance is 0"),
        ({"components": 200}, "200 components cannot be fitted to the 120 rows"),
    ],
)
def test_parameters_that_cannot_be_right_are_refused(options, match):
    with pytest.raises(FamilyError, match=match):
        GaussianMixture(DATA, **options)
