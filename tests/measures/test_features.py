"""Points of samples of any kind."""

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from headwater.errors import SampleError
from headwater.measures.features import HASHED, ITEMS, features
from headwater.samples.values import Sample
from tests.oracles.agreement import assert_means


def labels(*items):
    return Sample.of(list(items), kind="categorical")


def test_numbers_are_standardised_by_the_reference():
    """As by scikit-learn's scaler fitted on the reference; a constant feature keeps its unit."""
    rng = np.random.default_rng(1)
    real, other = rng.normal(3, [1, 5, 0], (50, 3)), rng.normal(0, 1, (20, 3))
    ours = features(Sample.of(real), Sample.of(other))
    scaler = StandardScaler().fit(real)
    np.testing.assert_allclose(ours[0], scaler.transform(real), atol=1e-9)
    np.testing.assert_allclose(ours[1], scaler.transform(other), atol=1e-9)


def test_labels_have_an_axis_each_and_the_unknown_share_one():
    """Frequent first, ties by the alphabet, and every row sums to one."""
    real, other = features(labels("b", "a", "b", "c"), labels("c", "new", "b"))
    assert real.tolist() == [[1, 0, 0, 0, 0], [0, 0, 1, 0, 0], [1, 0, 0, 0, 0], [0, 1, 0, 0, 0]]
    assert other.tolist() == [[0, 1, 0, 0, 0], [0, 0, 0, 1, 0], [1, 0, 0, 0, 0]]


def test_two_samples_of_one_law_of_rare_labels_are_not_set_apart():
    """Axes of the reference alone would leave the other's own labels to the rest, where it has none."""
    rng = np.random.default_rng(3)
    shares = 1 / np.arange(1, 20_001)
    draw = [
        labels(*(f"w{each}" for each in rng.choice(20_000, 100, p=shares / shares.sum()))) for _ in range(400)
    ]
    rest = []
    for one, other in zip(draw[::2], draw[1::2], strict=True):
        ours, theirs = features(one, other)
        rest.append(ours[:, -1].mean() - theirs[:, -1].mean())
    assert_means(np.array(rest)[:, None], np.zeros(1))


def test_rare_labels_beyond_the_limit_share_the_rest():
    """One axis more than the limit, whatever the number of labels."""
    many = [f"x{each:03d}" for each in range(ITEMS + 10)]
    (points,) = features(labels(*many, *many[:ITEMS]))
    assert points.shape[1] == ITEMS + 1
    assert points[:, -1].sum() == 10


def test_text_is_a_bag_of_words():
    """Order, case and repetition of the whole do not matter, and lengths are at most 1."""
    real = Sample.of(["the cat sat", "a dog ran far", "birds fly", "fish swim"], kind="text")
    other = Sample.of(["sat the CAT", "the cat sat. The cat sat!", ""], kind="text")
    points, same = features(real, other)
    np.testing.assert_allclose(same[0], points[0], atol=1e-9)
    np.testing.assert_allclose(same[1], points[0], atol=1e-9)
    np.testing.assert_allclose(same[2], 0, atol=1e-12)
    assert (np.linalg.norm(points, axis=1) <= 1 + 1e-9).all()


def test_four_texts_keep_all_their_products():
    """With as many directions as texts, projection loses nothing: products are those of the word counts."""
    texts = ["red red blue", "blue green", "green red", "grey"]
    (points,) = features(Sample.of(texts, kind="text"))
    words = sorted({word for text in texts for word in text.split()})
    counts = np.array([[text.split().count(word) for word in words] for text in texts], float)
    counts /= np.linalg.norm(counts, axis=1, keepdims=True)
    assert len(words) < HASHED
    np.testing.assert_allclose(points @ points.T, counts @ counts.T, atol=1e-6)


@pytest.mark.parametrize("other", [Sample.of([[1.0]]), Sample.of(["a"], kind="text")])
def test_another_kind_or_dimension_is_refused(other):
    """In words, before anything is computed."""
    with pytest.raises(SampleError, match="reference"):
        features(Sample.of([[1.0, 2.0], [2.0, 1.0]]), other)
