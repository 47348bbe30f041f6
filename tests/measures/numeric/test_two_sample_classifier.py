"""Can a classifier tell."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, norm
from sklearn.metrics import roc_auc_score

from headwater.errors import SampleError
from headwater.measures.numeric.two_sample_classifier import TwoSampleClassifier, area
from headwater.samples.values import Sample
from tests.measures.text.worlds import assert_covers, assert_halves_miss
from tests.oracles.agreement import assert_means


def normals(rng, shift: float = 0.0, deviation: float = 1.0, rows: int = 100, features: int = 1) -> Sample:
    return Sample.of(rng.normal(shift, deviation, (rows, features)))


def test_the_accuracy_covers_that_of_the_best_rule():
    """Normal laws two deviations apart: the best rule is right with a chance of Phi(1)."""
    rng = np.random.default_rng(0)
    metric = TwoSampleClassifier(learner="logistic", blocks=1)
    found = [metric(normals(rng, 2.0, rows=150), normals(rng, rows=150)) for _ in range(100)]
    low, high = [each.low for each in found], [each.high for each in found]
    assert_covers(low, high, norm.cdf(1))
    assert_halves_miss(low, high, norm.cdf(1))


def test_guesses_at_one_law_are_those_of_a_coin():
    """Right in a half of cases in the mean, and a p-value of 0.05 at most one time in twenty."""
    rng = np.random.default_rng(1)
    metric = TwoSampleClassifier(learner="logistic", blocks=2)
    found = [metric(normals(rng, rows=60, features=3), normals(rng, rows=60, features=3)) for _ in range(100)]
    assert_means(np.array([[each.value] for each in found]), np.array([0.5]))
    limit = binom.isf(1e-6, 100, 0.05)
    assert sum(each.p_value <= 0.05 for each in found) <= limit
    shifted = [
        metric(normals(rng, 0.7, rows=60, features=3), normals(rng, rows=60, features=3)) for _ in range(30)
    ]
    assert sum(each.p_value <= 0.05 for each in shifted) > binom.isf(1e-6, 30, 0.05)


def test_trees_see_a_loss_of_variance_that_a_line_does_not():
    rng = np.random.default_rng(2)
    pair = normals(rng, deviation=0.4, rows=600), normals(rng, rows=600)
    assert TwoSampleClassifier()(*pair).p_value < 1e-6
    assert TwoSampleClassifier(learner="logistic")(*pair).low < 0.55


def test_unequal_samples_are_no_advantage():
    """Guessing the larger sample every time is right in a half of cases."""
    rng = np.random.default_rng(3)
    found = TwoSampleClassifier(learner="logistic")(normals(rng, rows=500), normals(rng, rows=60))
    assert "told on 60 rows" in found.notes and found.low < 0.5


def test_the_area_is_sklearn_s():
    """Ties are half; the interval is that of independent placements."""
    rng = np.random.default_rng(4)
    scores, truth = rng.integers(5, size=80) / 5, rng.random(80) < 0.4
    value, low, high = area(scores, truth, 0.95)
    np.testing.assert_allclose(value, roc_auc_score(truth, scores))
    yes, no = scores[truth], scores[~truth]
    wins = (yes[:, None] > no) + 0.5 * (yes[:, None] == no)
    error = np.sqrt(wins.mean(1).var(ddof=1) / len(yes) + wins.mean(0).var(ddof=1) / len(no))
    np.testing.assert_allclose((high - low) / 2, error * 1.99085, rtol=1e-4)


def test_the_area_s_interval_covers():
    rng = np.random.default_rng(5)
    truth = np.arange(100) < 50
    ends = [area(rng.normal(size=100) + truth, truth, 0.95)[1:] for _ in range(300)]
    assert_covers(*zip(*ends, strict=True), norm.cdf(1 / np.sqrt(2)))
    assert_halves_miss(*zip(*ends, strict=True), norm.cdf(1 / np.sqrt(2)))


def test_few_rows_and_unknown_learners_are_refused():
    rows = Sample.of(np.arange(19.0))
    with pytest.raises(SampleError, match="at least 20"):
        TwoSampleClassifier()(rows, rows)
    with pytest.raises(SampleError, match="'boosting' or 'logistic'"):
        TwoSampleClassifier(learner="forest")
