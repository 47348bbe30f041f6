"""Directions that tell modes apart, where variance alone does not."""

import numpy as np
import pytest

from headwater.measures.numeric.mode_directions import View

rng = np.random.default_rng(20240917)


def leading(rows):
    """How far apart two halves of the rows are in the leading direction, in deviations of one half."""
    first = View.of(rows, seed=0)(rows)[:, 0]
    one, other = first[::2], first[1::2]
    return abs(one.mean() - other.mean()) / one.std()


@pytest.mark.parametrize("mixed", [False, True], ids=["a feature", "a mixture of features"])
@pytest.mark.parametrize("features", [3, 20, 64])
def test_the_leading_direction_is_that_between_two_modes(features, mixed):
    """Every second row is 8 deviations off in one direction, and only there."""
    rows = rng.standard_normal((3000, features))
    rows[::2, 0] += 8
    if mixed:
        rows = rows @ (rng.standard_normal((features, features)) + 3 * np.eye(features))
    assert leading(rows) > 6


def test_principal_components_would_not_do():
    """Negative control: standardised, the direction of the modes has no more variance than others."""
    rows = rng.standard_normal((3000, 20))
    rows[::2, 0] += 8
    standardised = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    first = standardised @ np.linalg.svd(standardised, full_matrices=False)[2][0]
    assert abs(first[::2].mean() - first[1::2].mean()) / first[::2].std() < 6


def test_one_bump_looks_alike_in_all_directions():
    rows = rng.standard_normal((3000, 8)) * 10.0 ** np.arange(8)
    deviation = View.of(rows, seed=0)(rows).std(axis=0)
    assert deviation.max() < 2 * deviation.min()


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_units_do_not_matter(scale):
    rows = rng.standard_normal((500, 3))
    np.testing.assert_allclose(
        abs(View.of(scale * rows, seed=0)(scale * rows)), abs(View.of(rows, seed=0)(rows)), rtol=1e-6
    )


@pytest.mark.parametrize("rows", [np.ones((1, 2)), np.ones((9, 2)), np.eye(2), np.full((50, 3), 0.1)])
def test_rows_without_structure_do_no_harm(rows):
    assert np.isfinite(View.of(rows, seed=0)(rows)).all()


def test_at_most_ten_directions_are_looked_at():
    assert View.of(rng.standard_normal((100, 30)), seed=0)(np.zeros((2, 30))).shape == (2, 10)
