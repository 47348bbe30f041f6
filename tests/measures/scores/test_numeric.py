"""Numeric scores against closed forms, scikit-learn and plain loops."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.spatial.distance import cdist
from scipy.stats import chi2, norm
from sklearn.covariance import LedoitWolf

from headwater.measures.scores import location, matches, spread, support, tails
from headwater.measures.scores.learned import Learned
from headwater.measures.scores.location import Location
from headwater.measures.scores.principal import Principal, fit_principal
from headwater.measures.scores.spread import Spread
from headwater.measures.scores.tails import Tails
from headwater.samples.values import Sample
from tests.oracles.agreement import assert_means

ROWS = 20_000


def identity(features: int) -> Principal:
    """Of standard normal features, known and not fitted."""
    ones, names = np.ones(features), tuple("abcdefghij"[:features])
    return Principal(np.zeros(features), ones, np.eye(features), ones, names)


def dependent(rows: int, features: int, seed: int = 0) -> Sample:
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(features, features))
    return Sample.of(rng.normal(size=(rows, features)) @ mixing * 10 + 100)


@pytest.mark.parametrize("rows, features", [(500, 5), (60, 100)])
def test_radius_is_the_shrunk_mahalanobis_distance(rows, features):
    """As scikit-learn's estimator has it on standardised features, also with more features than rows."""
    sample = dependent(rows, features)
    standard = (sample.rows - sample.rows.mean(axis=0)) / sample.rows.std(axis=0)
    expected = LedoitWolf(assume_centered=True).fit(standard).mahalanobis(standard) / features
    np.testing.assert_allclose(fit_principal(sample).radius(sample.rows), expected, rtol=1e-6)


def test_radius_does_not_depend_on_units():
    """A feature in nanometres, or counted from another zero, is the same feature."""
    sample = dependent(300, 4)
    other = Sample.of(sample.rows * [1e9, 1e-90, 1, 1e97] + [0, 0, -400, 0])
    one, two = fit_principal(sample), fit_principal(other)
    np.testing.assert_allclose(one.radius(sample.rows), two.radius(other.rows), rtol=1e-6)


def test_more_than_eight_features_are_shown_by_principal_directions():
    """The leading ones, which have the most variance and do not correlate; fewer features show themselves."""
    sample = dependent(400, 12)
    principal = fit_principal(sample)
    shown = principal.shown(sample.rows)
    assert principal.shown_names == tuple(f"direction {each}" for each in range(1, 9))
    np.testing.assert_allclose(np.corrcoef(shown.T), np.eye(8), atol=1e-9)
    assert (np.diff(shown.var(axis=0)) < 0).all()
    few = Sample.of(sample.rows[:, :8], names=tuple("stuvwxyz"))
    assert fit_principal(few).shown_names == tuple("stuvwxyz")


@pytest.mark.parametrize("variance", [1.0, 0.49])
def test_mean_spread_of_normal_rows_is_the_winsorised_chi_squared(variance):
    """In three dimensions, with the limit at two: E min(v chi2 / 3, 2) / 2."""
    rows = np.random.default_rng(1).normal(size=(ROWS, 3)) * variance**0.5
    values = Spread(identity(3), 2.0).values(Sample.of(rows))
    expected, _ = quad(lambda x: min(variance * x / 6, 1.0) * chi2.pdf(x, 3), 0, 100, points=[6 / variance])
    assert_means(values, np.array([expected]))
    if variance == 1:
        with pytest.raises(AssertionError, match="differ from theory"):
            assert_means(values, np.array([variance / 2]))  # without the limit


def test_tail_masses_of_normal_rows_are_the_normal_tails():
    """Each end has its own limit; the outer part is beyond a radius."""
    low, high = np.array([-2.0, -1.0]), np.array([1.5, 2.5])
    score = Tails(identity(2), low, high, 3.0, np.array([True, True, True, False, True]))
    values = score.values(Sample.of(np.random.default_rng(2).normal(size=(ROWS, 2))))
    assert score.parts == ("a low", "b low", "a high", "outer")
    assert_means(values, np.array([*norm.cdf(low), norm.sf(1.5), chi2.sf(6.0, 2)]))


def test_ends_without_any_row_have_no_part():
    """Zeros that pile up at the low end, and a feature that never varies."""
    rng = np.random.default_rng(3)
    rows = np.column_stack([rng.poisson(0.5, 500), np.full(500, 3.3), rng.normal(size=500)])
    score = tails.fit(Learned(Sample.of(rows), 0))
    assert score.parts == ("x2 low", "x0 high", "x2 high", "outer")
    assert location.fit(Learned(Sample.of(rows), 0)).parts == ("x0", "x2")


def test_fitted_tails_hold_two_in_a_hundred():
    """Of the frame's own rows, at every end, when there are no ties."""
    sample = dependent(1000, 11)
    score = tails.fit(Learned(sample, 0))
    assert len(score.parts) == 2 * 8 + 1
    np.testing.assert_array_equal(score.values(sample).sum(axis=0), 20)


def test_location_runs_from_one_end_of_the_frame_to_the_other():
    """Linear between the ends and flat beyond, as the clipped normal mean says."""
    score = Location(identity(1), np.array([-1.0]), np.array([3.0]), np.array([True]))
    np.testing.assert_allclose(score.values(Sample.of([-9.0, -1.0, 0.5, 2.0, 1e100])).T, [[0, 0, 0.5, 1, 1]])
    values = score.values(Sample.of(np.random.default_rng(4).normal(0.2, 1, size=ROWS)))
    inside, _ = quad(lambda x: (x + 1) / 3 * norm.pdf(x, 0.2), -1, 2)
    assert_means(values, np.array([inside + norm.sf(2, 0.2)]))


def test_support_agrees_with_a_full_distance_matrix():
    """The limit leaves out each row in turn; a row is outside if no frame row is that near."""
    frame, sample = dependent(400, 3), dependent(300, 3, seed=1)
    mean, deviation = frame.rows.mean(axis=0), frame.rows.std(axis=0)
    inside, other = (frame.rows - mean) / deviation, (sample.rows - mean) / deviation
    own = cdist(inside, inside) + np.diag(np.full(400, np.inf))
    limit = np.quantile(own.min(axis=1), 0.99)
    expected = cdist(other, inside).min(axis=1) > limit
    assert 0 < expected.sum() < 300
    np.testing.assert_array_equal(support.fit(Learned(frame, 0)).values(sample)[:, 0], expected)


def test_copies_are_inside_and_rounding_does_not_put_them_outside():
    """Where all real rows come twice, the limit is zero, and only what is not a copy is outside."""
    rows = np.repeat(np.random.default_rng(5).normal(size=(100, 5)) * 1e6, 2, axis=0)
    score = support.fit(Learned(Sample.of(rows), 0))
    assert score.values(Sample.of(rows)).sum() == 0
    assert score.values(Sample.of(rows + 1e3)).all()


def test_matches_of_independent_rows_are_one_in_a_hundred():
    """The share of all pairs that are as near as the limit is what disjoint pairs show."""
    frame, sample = dependent(1000, 3), dependent(1000, 3, seed=0)
    score = matches.fit(Learned(frame, 0))
    apart = cdist(sample.rows / frame.rows.std(axis=0), sample.rows / frame.rows.std(axis=0))
    near = (apart[np.triu_indices(1000, 1)] <= score.nearest).mean()
    # The limit comes from 100,000 pairs: its share is off by 0.0003 in one case of three.
    assert abs(near - 0.01) < 0.002
    drawn = np.random.default_rng(6).integers(1000, size=(ROWS, 2))
    rows = sample.rows[drawn[drawn[:, 0] != drawn[:, 1]].ravel()]
    values = score.values(Sample.of(rows))
    assert_means(values, np.array([(apart <= score.nearest).mean()]))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(values, np.array([0.03]))


def test_copies_match():
    """Two rows that are the same are a pair whatever the limit is."""
    score = matches.fit(Learned(dependent(200, 3), 0))
    assert score.values(Sample.of(np.ones((7, 3)) * 1e100)).tolist() == [[1.0]] * 3


def test_a_frame_without_variation_has_no_spread_tails_or_location():
    """There is nothing to lose."""
    learned = Learned(Sample.of(np.full((100, 2), 0.1)), 0)
    assert spread.fit(learned) is tails.fit(learned) is location.fit(learned) is None
