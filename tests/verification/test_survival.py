"""Rare items: predicted counts are the closed forms, and the played ones agree with them."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.verification.survival import survive


@pytest.fixture(scope="module")
def found():
    """400 equally rare items, 200 samples a generation, none real; and the same with 40 real ones."""
    counts = np.ones(400)
    options = {"generations": 6, "replicates": 400, "seed": 3}
    return survive(counts, 200, 0, **options), survive(counts, 200, 40, **options)


def test_the_tail_sample_of_a_closed_loop_is_the_iterated_exponential(found):
    """s -> 1 - exp(-s) once a generation, times the budget; its items are 400 (1 - exp(-A/400))."""
    s, expected = 1.0, []
    for _ in range(7):
        expected.append(200 * s)
        s = 1 - np.exp(-s)
    np.testing.assert_allclose(found[0].tail, expected)
    np.testing.assert_allclose(found[0].distinct_predicted, 400 * (1 - np.exp(-np.array(expected) / 400)))


def test_diversity_of_a_closed_loop_is_lost_at_one_over_n(found):
    np.testing.assert_allclose(found[0].diversity_predicted, (1 - 1 / 200) ** np.arange(1, 8))


@pytest.mark.parametrize("which", [0, 1])
def test_what_was_played_is_what_was_predicted(found, which):
    """Seven means each. Distinct items: the rare limit is off by a percent; diversity is exact, |z| < 6."""
    each = found[which]
    off = np.abs(each.distinct - each.distinct_predicted) - 6 * each.distinct_error
    assert (off < 0.015 * each.distinct_predicted).all()
    z = (each.diversity - each.diversity_predicted) / each.diversity_error
    assert np.abs(z).max() < 6
    # real data keep items that the closed loop loses
    assert found[1].distinct[-1] - found[0].distinct[-1] > 20
