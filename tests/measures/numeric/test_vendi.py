"""Vendi score."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.metrics.pairwise import cosine_similarity, rbf_kernel

from headwater.errors import SampleError
from headwater.measures.numeric.vendi import Vendi, cosine_vendi_score, vendi_score
from headwater.samples.values import Sample
from tests.measures.text.worlds import assert_covers, assert_halves_miss


@pytest.mark.parametrize("count", [1, 4, 9])
def test_things_with_nothing_in_common_are_counted(count):
    """As often as each occurs, if equally often."""
    rows = np.repeat(np.eye(9)[:count], 3, axis=0)
    np.testing.assert_allclose(cosine_vendi_score(5 * rows)[0], count)
    np.testing.assert_allclose(vendi_score(rows @ rows.T)[0], count)


def test_unequal_things_count_by_their_entropy():
    rows = np.repeat(np.eye(3), [6, 3, 1], axis=0)
    np.testing.assert_allclose(cosine_vendi_score(rows)[0], np.exp(entropy([6, 3, 1])))


def test_features_and_rows_tell_the_same():
    """By way of (features, features) or of (rows, rows); influences of rows too."""
    rows = np.random.default_rng(0).normal(size=(30, 4))
    by_features, by_rows = cosine_vendi_score(rows), vendi_score(cosine_similarity(rows))
    np.testing.assert_allclose(by_features[0], by_rows[0])
    np.testing.assert_allclose(by_features[1], by_rows[1], atol=1e-9)


def test_influence_is_the_change_when_a_row_weighs_more():
    """Against a difference quotient of the score of reweighted rows."""
    rows = np.random.default_rng(1).normal(size=(12, 2))
    similarity = rbf_kernel(rows)
    influence = vendi_score(similarity)[1]

    def log_score(weights: np.ndarray) -> float:
        root = np.sqrt(weights)
        shares = np.linalg.eigvalsh(similarity * np.outer(root, root))
        return entropy(np.maximum(shares, 0))

    even = np.full(12, 1 / 12)
    step = 1e-6
    moved = [log_score((1 - step) * even + step * np.eye(12)[row]) for row in range(12)]
    np.testing.assert_allclose((np.array(moved) - log_score(even)) / step, influence, atol=1e-4)
    np.testing.assert_allclose(influence.mean(), 0, atol=1e-12)


def test_both_samples_are_cut_to_one_size():
    """The score of more rows is higher: against itself but longer, a sample would look poor."""
    rng = np.random.default_rng(2)
    rows, more = rng.normal(size=(100, 3)), rng.normal(size=(900, 3))
    found = Vendi(bandwidth=0.3)(Sample.of(rows), Sample.of(more))
    assert found.notes == ("reference: measured on 100 of 900 rows",)
    np.testing.assert_allclose(found.value, found.parts["sample"][0] / found.parts["reference"][0])
    naive = (
        vendi_score(rbf_kernel(rows, gamma=0.5 / 0.09))[0]
        / vendi_score(rbf_kernel(more, gamma=0.5 / 0.09))[0]
    )
    assert naive < 0.7 < found.low


def test_the_parts_are_scores_of_sklearn_s_kernels():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(40, 3)) + 1, rng.normal(size=(40, 3)) + 1
    found = Vendi(bandwidth=2.0, standardise=False)(Sample.of(x), Sample.of(y))
    np.testing.assert_allclose(found.parts["sample"][0], vendi_score(rbf_kernel(x, gamma=1 / 8))[0])
    found = Vendi(kernel="cosine")(Sample.of(x), Sample.of(y))
    np.testing.assert_allclose(found.parts["reference"][0], vendi_score(cosine_similarity(y))[0])


@pytest.mark.parametrize(("shares", "kernel"), [((0.25,) * 4, "cosine"), ((0.7, 0.1, 0.1, 0.1), "cosine")])
def test_the_interval_covers_a_known_ratio(shares, kernel):
    """Four orthogonal kinds of thing, unequally often in the sample: a ratio of two entropies."""
    rng = np.random.default_rng(4)
    real = (0.4, 0.3, 0.2, 0.1)
    found = [
        Vendi(kernel=kernel)(
            Sample.of(np.eye(4)[rng.choice(4, 400, p=shares)]),
            Sample.of(np.eye(4)[rng.choice(4, 400, p=real)]),
        )
        for _ in range(300)
    ]
    low, high = [each.low for each in found], [each.high for each in found]
    truth = np.exp(entropy(shares) - entropy(real))
    assert_covers(low, high, truth)
    assert_halves_miss(low, high, truth)


def test_what_has_no_kernel_is_refused():
    rows = np.random.default_rng(5).normal(size=(20, 2))
    with pytest.raises(SampleError, match="'gaussian' or 'cosine'"):
        Vendi(kernel="linear")
    with pytest.raises(SampleError, match="row 3 is zero"):
        cosine_vendi_score(np.where(np.arange(20)[:, None] == 3, 0, rows))
    with pytest.raises(SampleError, match="all rows of the reference are equal"):
        Vendi()(Sample.of(rows), Sample.of(np.ones((20, 2))))
