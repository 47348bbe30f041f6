"""Means and deviations, and the units of all other metrics."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.errors import SampleError
from headwater.measures.numeric.moments import MeanShift, constant, in_units_of, scales
from headwater.samples.values import Moments, Sample
from tests.measures.text.worlds import assert_covers, assert_halves_miss


def test_shifts_and_ratios_are_those_of_numpy():
    rng = np.random.default_rng(0)
    mine, real = rng.normal([1, 5], [2, 3], (60, 2)), rng.normal([0, 9], [1, 2], (50, 2))
    found = MeanShift()(Sample.of(mine, names=("a", "b")), Sample.of(real, names=("a", "b")))
    deviation = real.std(axis=0, ddof=1)
    shift = (mine.mean(axis=0) - real.mean(axis=0)) / deviation
    np.testing.assert_allclose([found.parts["mean a"][0], found.parts["mean b"][0]], shift)
    ratio = mine.std(axis=0, ddof=1) / deviation
    np.testing.assert_allclose([found.parts["deviation a"][0], found.parts["deviation b"][0]], ratio)
    np.testing.assert_allclose(found.value, shift[np.abs(shift).argmax()])
    assert f"largest shift: {'ab'[np.abs(shift).argmax()]}" in found.notes


def test_no_feature_of_a_healthy_sample_has_moved():
    """All twenty intervals hold together; those of single features do not, in the same draws."""
    rng = np.random.default_rng(1)
    ends, single = [], []
    for _ in range(100):
        pair = Sample.of(rng.normal(size=(150, 20))), Sample.of(rng.normal(size=(150, 20)))
        found = MeanShift()(*pair)
        ends.append((found.low, found.high))
        alone = MeanShift(level=0.2)(*pair)  # 0.96 for a feature
        single.append((alone.low, alone.high))
    assert_covers(*zip(*ends, strict=True), 0.0)
    with pytest.raises(AssertionError, match="intervals miss"):
        assert_covers(*zip(*single, strict=True), 0.0)


def test_the_interval_of_a_shift_covers_it():
    """The reference's deviation is estimated too: the shift of two deviations is covered."""
    rng = np.random.default_rng(2)
    pairs = [(Sample.of(rng.normal(2, 1, 100)), Sample.of(rng.normal(0, 1, 100))) for _ in range(200)]
    found = [MeanShift(groups=25)(*pair) for pair in pairs]
    low, high = [each.low for each in found], [each.high for each in found]
    assert_covers(low, high, 2.0)
    assert_halves_miss(low, high, 2.0)


def test_a_constant_feature_of_the_reference_is_left_out_and_counted():
    rows = np.random.default_rng(3).normal(size=(40, 3))
    still = rows * [1, 0, 0] + [0, 0.1, 7]
    moved = still + np.array([0, 0, 1])
    found = MeanShift()(Sample.of(moved), Sample.of(still))
    assert set(found.parts) == {"mean x0", "deviation x0"}
    assert (
        "2 features are constant in the reference and left out; 1 of them differ in the sample" in found.notes
    )
    with pytest.raises(SampleError, match="no feature of the reference varies"):
        MeanShift()(Sample.of(rows), Sample.of(0 * rows))


def test_rounding_is_not_spread():
    """A column of 0.1 has a scatter that is not quite zero; a narrow one is no constant."""
    rows = np.stack([np.full(1000, 0.1), 1e6 + 1e-6 * np.arange(1000)], axis=1)
    moments = Moments.of(rows)
    assert constant(moments).tolist() == [True, False]
    np.testing.assert_allclose(scales(moments), [1, rows[:, 1].std(ddof=1)], rtol=1e-6)
    assert scales(moments, False).tolist() == [1, 1]


def test_units_are_those_of_the_reference():
    rng = np.random.default_rng(4)
    real, mine = Sample.of(rng.normal(5, 3, (30, 2))), Sample.of(rng.normal(size=(10, 2)))
    ours, theirs = in_units_of(real, True, mine, real)
    np.testing.assert_allclose(theirs.std(axis=0, ddof=1), 1)
    np.testing.assert_allclose(theirs.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(ours * real.rows.std(axis=0, ddof=1) + real.rows.mean(axis=0), mine.rows)
