"""Blocks of distances against the plain double loop, where rounding and duplicates would show."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from headwater.errors import SampleError
from headwater.measures.numeric import distances
from headwater.measures.numeric.distances import Points, crossing, squared_distances, squared_radii

rng = np.random.default_rng(20240917)


def naive_radii(rows, nearest):
    squared = ((rows[:, None] - rows) ** 2).sum(-1)
    np.fill_diagonal(squared, np.inf)
    return np.sort(squared, axis=1)[:, nearest - 1]


def naive_inside(centres, radii, rows):
    squared = ((centres[:, None] - rows) ** 2).sum(-1)
    return (squared < radii[:, None]) | (squared == 0)


CASES = {
    "plain": rng.standard_normal((300, 3)),
    "wide": rng.standard_normal((300, 40)),
    "heavy tails": rng.standard_cauchy((300, 20)),
    "a wide grid with many ties": rng.integers(0, 2, (300, 12)).astype(float),
    "a grid with many ties": rng.integers(0, 3, (300, 5)).astype(float),
    "copies": np.repeat(rng.standard_normal((60, 20)), 5, axis=0),
    "more copies than neighbours": np.repeat(rng.standard_normal((30, 20)), 10, axis=0),
    "one point": np.ones((50, 20)),
    "two points": np.repeat([[0.1] * 20, [0.7] * 20], [3, 47], axis=0),
    "far from the origin": 1e6 + rng.standard_normal((300, 30)),
    "one outlier": np.vstack([rng.standard_normal((299, 30)), np.full((1, 30), 1e9)]),
    "two needles": np.repeat([[-1.0] * 20, [1.0] * 20], 100, axis=0) + 1e-9 * rng.standard_normal((200, 20)),
}


@pytest.mark.parametrize("rows", CASES.values(), ids=CASES)
@pytest.mark.parametrize("nearest", [1, 5])
def test_radii_are_those_of_the_double_loop(rows, nearest):
    """To the last digits, however near the rows are to each other and far from the centre."""
    points = Points.of(rows)
    found = squared_radii(points, nearest)[points.origin]
    np.testing.assert_allclose(found, naive_radii(rows, nearest), rtol=1e-12)


@pytest.mark.parametrize("rows", CASES.values(), ids=CASES)
@pytest.mark.parametrize("copied", [False, True], ids=["moved", "copied"])
def test_balls_hold_what_the_double_loop_says(rows, copied, monkeypatch):
    """Copies of real rows lie exactly on the edge of their neighbours' balls: rounding must not decide."""
    monkeypatch.setattr(distances, "HIGH", 64)
    monkeypatch.setattr(distances, "WIDE", 48)
    fake = rows[::2] if copied else rows[::-2] + 0.3 * np.sqrt(rows.var(axis=0))
    real, false = Points.of(rows), Points.of(fake)
    real_radii, fake_radii = squared_radii(real, 5), squared_radii(false, 5)
    found = crossing(real, false, real_radii, fake_radii)
    inside = naive_inside(rows, real_radii[real.origin], fake)
    np.testing.assert_array_equal(found.fake_held[false.origin], inside.sum(axis=0))
    np.testing.assert_array_equal(found.real_holds[real.origin], inside.sum(axis=1))
    np.testing.assert_array_equal(
        found.real_held[real.origin], naive_inside(fake, fake_radii[false.origin], rows).any(axis=0)
    )
    holding = np.flatnonzero(found.real_holds)
    distinct = naive_inside(real.rows, real_radii, false.rows)
    assert distinct[holding, found.one_held[holding]].all()


def test_squared_distances_are_those_of_scipy():
    left, right = rng.standard_normal((2, 100, 7))
    np.testing.assert_allclose(
        squared_distances(left, right), cdist(left, right, "sqeuclidean").diagonal(), rtol=1e-12
    )
    np.testing.assert_array_equal(squared_distances(left, right), squared_distances(right, left))


def test_too_few_rows_are_refused():
    with pytest.raises(SampleError, match="5 rows have no 5th neighbour"):
        squared_radii(Points.of(rng.standard_normal((5, 2))), 5)
