"""The Gaussian: the shortcut is the raw draw, weights and pooling are what raw samples say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import digamma

from headwater import families, simulate
from headwater.emission import Emission
from headwater.errors import FamilyError
from headwater.families.contract import Ask
from headwater.families.gaussian import Gaussian, wishart_root
from headwater.graph import InteractionGraph
from headwater.pipeline import Pipeline
from headwater.regimes import Accumulate
from tests.oracles.agreement import assert_means

COVARIANCE = np.array([[2.0, 0.6, 0.0], [0.6, 1.0, -0.3], [0.0, -0.3, 0.5]])
MEAN = np.array([1.0, -2.0, 0.5])


def scatter(evidence):
    return evidence.root @ evidence.root.swapaxes(1, 2)


def two_sample_z(first, second):
    difference = first.mean(0) - second.mean(0)
    return difference / np.sqrt(first.var(0) / len(first) + second.var(0) / len(second))


@pytest.mark.parametrize("n", [2, 3, 4, 7])
def test_the_wishart_shortcut_is_the_raw_draw(n):
    """First and second moments of mean and scatter, singular cases n <= 3 too; |z| < 6 for 30 numbers.

    A draw with one sample more is told apart.
    """
    family, rng = Gaussian(1, 3, MEAN, COVARIANCE), np.random.default_rng(n)
    truth = family.truth(20_000)

    def entries(evidence):
        flat = np.concatenate([evidence.mean, scatter(evidence).reshape(len(evidence.mean), 9)], axis=1)
        return np.concatenate([flat, flat**2], axis=1)

    short = entries(family.draw(truth, Ask(n), rng))
    raw = entries(family.tell(family.records(truth, Ask(n), rng)))
    assert np.abs(two_sample_z(short, raw)).max() < 6
    more = entries(family.draw(truth, Ask(n + 1), rng))
    assert np.abs(two_sample_z(more, raw)).max() > 6


@pytest.mark.parametrize(("width", "freedom"), [(1, 1), (3, 2), (3, 5), (4, 40)])
def test_wishart_moments_are_the_closed_forms(width, freedom):
    """E W = νI and E W² = ν(ν + d + 1)I."""
    root = wishart_root(20_000, width, freedom, np.random.default_rng(1))
    wishart = root @ root.swapaxes(1, 2)
    assert_means(wishart, freedom * np.eye(width))
    assert_means(wishart @ wishart, freedom * (freedom + width + 1) * np.eye(width))


@pytest.mark.parametrize("ddof", [0, 1])
def test_pooling_parts_is_fitting_their_samples_together(ddof):
    """Weighted records in one table, against numpy's weighted covariance."""
    family, rng = Gaussian(ddof, 3), np.random.default_rng(2)
    truth = family.truth(4)
    parts = [family.records(truth, Ask(n), rng) + shift for n, shift in ((5, 0.0), (4, 2.0), (7, -1.0))]
    weights = [1.0, 2.5, 0.4]
    together = family.combine([family.tell(part) for part in parts], weights)
    nested = family.combine(
        [family.combine([family.tell(part) for part in parts[:2]], weights[:2]), family.tell(parts[2])],
        [1.0, weights[2]],
    )
    each = np.repeat(weights, [5, 4, 7])
    records = np.concatenate(parts, axis=1)
    told = family.tell(records, np.tile(each, (4, 1)))
    for evidence in (together, nested, told):
        model = family.fit(evidence, rng)
        for at in range(4):
            expected = np.cov(records[at].T, aweights=each, ddof=ddof)
            np.testing.assert_allclose(model.mean[at], np.average(records[at], axis=0, weights=each))
            np.testing.assert_allclose(model.root[at] @ model.root[at].T, expected, rtol=1e-9, atol=1e-12)


def test_a_fit_on_fewer_samples_than_dimensions_is_a_singular_normal_and_goes_on():
    family, rng = Gaussian(1, 6), np.random.default_rng(3)
    model = family.fit(family.draw(family.truth(10), Ask(3), rng), rng)
    for _ in range(20):
        parts = [family.draw(model, Ask(2), rng), family.draw(model, Ask(2), rng)]
        model = family.fit(family.combine(parts, [1, 1]), rng)
    covariance = model.root @ model.root.swapaxes(1, 2)
    assert np.isfinite(covariance).all()
    assert (np.linalg.matrix_rank(covariance) <= 2).all()


def test_risk_is_the_whitened_error_and_wasserstein_the_closed_form():
    """Against scipy's matrix square root, for a covariance that does not commute with the truth's."""
    from scipy.linalg import sqrtm

    family, rng = Gaussian(1, 3, MEAN, COVARIANCE), np.random.default_rng(4)
    model = family.fit(family.draw(family.truth(3), Ask(6), rng), rng)
    for at in range(3):
        error = model.mean[at] - MEAN
        covariance = model.root[at] @ model.root[at].T
        middle = sqrtm(sqrtm(COVARIANCE) @ covariance @ sqrtm(COVARIANCE)).real
        distance = error @ error + np.trace(covariance + COVARIANCE - 2 * middle)
        assert family.measure(model, "risk")[at] == pytest.approx(
            error @ np.linalg.inv(COVARIANCE) @ error / 3
        )
        assert family.measure(model, "wasserstein")[at] == pytest.approx(distance)
        kept = np.trace(covariance @ np.linalg.inv(COVARIANCE)) / 3
        assert family.measure(model, "variance")[at] == pytest.approx(kept)


def test_the_mean_distance_to_the_population_is_the_one_of_the_literature():
    """E W2² = σ²[g/n + 2(1 - c4(n)^g)] with ddof 1, g refits after the first [shumailov2024collapse]_."""
    n, generations = 20, 10
    c4 = stats.chi(n - 1).mean() / np.sqrt(n - 1)
    graph = InteractionGraph.from_flows([("a", "a", n)])
    runs = simulate(graph, families.Gaussian(ddof=1), generations=generations, replicates=20_000, seed=1)
    refits = np.arange(1, generations + 2)
    distance = runs["wasserstein"].values[:, :, 0]
    assert_means(distance, refits / n + 2 * (1 - c4**refits))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(distance, 2 * (1 - (c4 * np.sqrt(1 - 1 / n)) ** refits))  # that of ddof 0


def test_the_typical_run_loses_its_variance_at_the_predicted_rate():
    """E log σ² falls by log((n-1)/2) - ψ((n-1)/2) a generation; n = 10 halves median σ in 12."""
    n = 10
    graph = InteractionGraph.from_flows([("a", "a", n)])
    runs = simulate(graph, families.Gaussian(ddof=1), generations=12, replicates=4000, seed=2)
    logs = np.log(runs["variance"].values[:, :, 0])
    drift = np.log((n - 1) / 2) - digamma((n - 1) / 2)
    assert_means(logs, -drift * np.arange(1, 14))
    # literature: generations to halve the median of σ
    assert abs(np.exp(np.median(logs[:, 11]) / 2) - 0.5) < 0.03


def test_maximum_likelihood_means_are_the_logged_ones():
    """n = 10, 10 refits [kazdan2024thrive]_: replace .651 and its accumulate product .151, exact forms."""
    graph = InteractionGraph.from_flows([("a", "a", 10)])
    family = families.Gaussian(ddof=0)
    replaced = simulate(graph, family, generations=9, replicates=8000, seed=3)
    assert_means(replaced["risk"].values[:, :, 0], 1 - 0.9 ** np.arange(1, 11))
    kept = simulate(Pipeline(graph, Accumulate(), 9), family, replicates=8000, seed=4)
    product = np.cumprod(1 - 1 / (10 * np.arange(1, 11.0) ** 2))
    assert_means(kept["risk"].values[:, :, 0], 1 - product)
    assert_means(kept["variance"].values[:, :, 0], product)


def test_truncated_samples_have_less_variance():
    family, rng = Gaussian(1, 2), np.random.default_rng(5)
    truth, ask = family.truth(20_000), Ask(5, Emission(variance=0.25))
    assert_means(scatter(family.draw(truth, ask, rng)), 4 * 0.25 * np.eye(2))
    assert_means(scatter(family.tell(family.records(truth, ask, rng))), 4 * 0.25 * np.eye(2))


@pytest.mark.parametrize(
    "wrong",
    [
        dict(ddof=2),
        dict(ddof=True),
        dict(ddof=1, dimensions=0),
        dict(ddof=1, dimensions=2, mean=[0.0]),
        dict(ddof=1, dimensions=1, mean=[np.nan]),
        dict(ddof=1, dimensions=2, covariance=[[1.0, 2.0], [2.0, 1.0]]),
        dict(ddof=1, dimensions=2, covariance=[[1.0, 0.5], [0.4, 1.0]]),
    ],
)
def test_impossible_parameters_are_refused(wrong):
    with pytest.raises(FamilyError) as error:
        Gaussian(**wrong)
    assert error.value.remedy
