"""Modes and tails."""

import numpy as np
import pytest
from sklearn.datasets import make_blobs

from headwater.measures.causes.parts import parts


@pytest.mark.parametrize("dimensions", [1, 2, 8, 64])
@pytest.mark.parametrize("draw", ["standard_normal", "standard_exponential", "random"])
def test_one_bump_is_one_mode(dimensions, draw):
    """However it is divided into cells: no valley is seen in a normal, an exponential or a uniform law."""
    points = getattr(np.random.default_rng(9), draw)((800, dimensions))
    assert len(parts(points, "numeric", 0).modes(points)) == 1


@pytest.mark.parametrize("dimensions", [2, 8, 64])
def test_separate_bumps_are_modes_of_their_own(dimensions):
    """Four clusters ten deviations apart are found with their sizes, and rows of one are counted there."""
    centres = 10 * np.array([[0, 0], [0, 1], [1, 0], [2, 2]]) @ np.eye(2, dimensions)
    points, label = make_blobs([400, 300, 200, 100], dimensions, centers=centres, random_state=1)
    found = parts(points, "numeric", 0)
    assert sorted(found.modes(points)) == [100, 200, 300, 400]
    assert sorted(found.modes(points[label == 2])) == [0, 0, 0, 200]


def test_tails_are_a_tenth_of_real_rows_and_less_of_narrower_ones():
    """A law of half the width has few rows out there, one of twice the width has many."""
    rng = np.random.default_rng(10)
    points = rng.normal(size=(1000, 3))
    found = parts(points, "numeric", 0)
    assert found.tails(points) == 100
    assert found.tails(points / 2) < 10
    assert found.tails(points * 2) > 400


def test_rare_labels_are_the_tails():
    """Those that together make up a tenth or less."""
    shares = [50, 30, 12, 5, 3]
    points = np.repeat(np.eye(5), shares, axis=0)
    found = parts(points, "categorical", 0)
    assert found.modes(points).tolist() == shares
    assert found.tails(points) == 8


def test_equal_rows_are_one_mode():
    """A constant has neither modes nor tails."""
    points = np.zeros((60, 2))
    found = parts(points, "numeric", 0)
    assert found.modes(points).tolist() == [60]
    assert found.tails(points) == 0
