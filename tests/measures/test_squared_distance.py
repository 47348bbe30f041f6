"""The squared distance whose inflation theory predicts, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.measures.frame import fit_frame
from headwater.measures.readings import read
from headwater.measures.squared_distance import SquaredDistance, squared_distance
from headwater.samples.values import Sample
from tests.oracles.agreement import assert_means

P = np.array([0.4, 0.3, 0.2, 0.1])
Q = np.array([0.1, 0.2, 0.3, 0.4])


def _labels(shares, rows, rng):
    return Sample.of([f"s{at}" for at in rng.choice(4, rows, p=shares)], "categorical")


def _reading(sample, real):
    return read(fit_frame(real, names=("matches",)), sample)


def test_it_is_the_sum_of_squared_differences_without_bias():
    """Samples of 60 and 80 labels: a plug-in estimate would be off by about 0.02."""
    rng = np.random.default_rng(1)
    found, plug_in = [], []
    for _ in range(600):
        sample, real = _labels(Q, 60, rng), _labels(P, 80, rng)
        found.append(squared_distance(sample, real, None).value)
        shares = [[np.mean(each.rows == f"s{at}") for at in range(4)] for each in (sample, real)]
        plug_in.append(((np.array(shares[0]) - shares[1]) ** 2).sum())
    assert_means(np.array(found)[:, None], np.array([((P - Q) ** 2).sum()]))
    with pytest.raises(AssertionError):
        assert_means(np.array(plug_in)[:, None], np.array([((P - Q) ** 2).sum()]))


def test_its_error_is_the_spread_over_histories():
    """Mean squared z is near 1: between 0.7 and 1.4 over 400 histories, 6 standard errors wide."""
    rng = np.random.default_rng(2)
    found = [squared_distance(_labels(Q, 400, rng), _labels(P, 400, rng), None) for _ in range(400)]
    z = [(each.value - ((P - Q) ** 2).sum()) / each.error for each in found]
    assert 0.7 < np.mean(np.square(z)) < 1.4


def test_words_of_one_document_count_as_dependent():
    """Documents of one word repeated: within them all pairs are alike, between them as words are."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(300):
        sample, real = (
            Sample.of([" ".join(["abcd"[at]] * 30) for at in rng.choice(4, 60, p=shares)], "text")
            for shares in (Q, P)
        )
        found.append(squared_distance(sample, real, None).value)
    assert_means(np.array(found)[:, None], np.array([((P - Q) ** 2).sum()]))


def test_inflation_of_a_lone_loop_is_what_the_law_says():
    """Frequencies of a loop of 50: E sum (q - p)^2 is (1 - .98^(t+1)) (1 - sum p^2)."""
    rng = np.random.default_rng(4)
    real = _labels(P, 4000, rng)
    over = []
    for _ in range(300):
        shares, found = P, []
        for _ in range(5):
            shares = rng.multinomial(50, shares) / 50
            found.append(squared_distance(_labels(shares, 1000, rng), real, None).value)
        over.append(found)
    # the reference is one sample: its own error is common to all and far below these
    expected = (1 - 0.98 ** np.arange(1, 6)) * (1 - (P**2).sum())
    assert_means(np.array(over), expected)


def test_numbers_take_the_risk_of_their_reading():
    rng = np.random.default_rng(5)
    real = Sample.of(rng.normal(size=(1000, 2)))
    sample = Sample.of(rng.normal(1.0, size=(500, 2)))
    reading = _reading(sample, real)
    found = squared_distance(sample, real, reading)
    assert found.value == reading.risk.value
    assert found.error > reading.risk.error


def test_inflation_is_told_only_where_generation_0_is_off_at_all():
    end = SquaredDistance(0.2, 0.02)
    assert end.over(SquaredDistance(0.01, 0.01)) is None
    value, low, high = end.over(SquaredDistance(0.1, 0.01))
    assert value == pytest.approx(2)
    assert low < value < high
