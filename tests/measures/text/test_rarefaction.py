"""Rarefaction is the hypergeometric law, for labels and for whole documents."""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
import pytest
from scipy.stats import hypergeom

from headwater.measures.text.rarefaction import chance_met, expected_distinct, rarefied
from headwater.measures.text.tokens import encode
from tests.measures.text.worlds import assert_covers, assert_halves_miss, labels, text_of, texts

DOCUMENTS = [[1, 1, 2], [2, 3, 4], [1, 5, 5], [6, 7, 8], [1, 2, 9], [4, 4, 4]]


@pytest.mark.parametrize("drawn", [0, 1, 7, 29, 30])
def test_the_chance_to_be_met_is_hypergeometric(drawn):
    counts = np.arange(31)
    expected = 1 - hypergeom.pmf(0, 30, counts, drawn)
    np.testing.assert_allclose(chance_met(counts, 30, drawn), expected, atol=1e-12)


def test_a_part_of_a_draw_lies_between_whole_ones():
    """Between whole draws the expected number rises without a jump."""
    drawn = np.linspace(0, 12, 1201)
    curve = np.array([expected_distinct(np.array([1, 1, 2, 3, 5]), 12, each) for each in drawn])
    assert (np.diff(curve) >= 0).all() and np.diff(curve).max() < 0.06
    np.testing.assert_allclose(curve[[0, -1]], [0, 5], atol=1e-12)


def test_distinct_words_of_whole_documents_are_the_mean_over_all_choices():
    """Documents of equal length: all 20 ways to take 3 of 6 are listed."""
    (tokens,) = encode(text_of(DOCUMENTS))
    plain = np.mean([len(set(chain(*chosen))) for chosen in combinations(DOCUMENTS, 3)])
    assert rarefied(tokens, 9).value == pytest.approx(plain)


def test_the_jackknife_leaves_out_one_document_at_a_time():
    (tokens,) = encode(text_of(DOCUMENTS))
    left = [
        np.mean(
            [len(set(chain(*chosen))) for chosen in combinations(DOCUMENTS[:at] + DOCUMENTS[at + 1 :], 3)]
        )
        for at in range(6)
    ]
    assert rarefied(tokens, 9).variance == pytest.approx(5 * np.var(left))


def test_variance_is_at_least_that_of_fresh_samples():
    """Efron and Stein: too large on the average rather than too small, for labels and for documents."""
    rng = np.random.default_rng(1)
    for make, units in ((labels, 300), (texts, 30)):
        found = [rarefied(*encode(make(rng, units)), 300) for _ in range(200)]
        values, variances = np.array([(each.value, each.variance) for each in found]).T
        # relative error of a variance from 200 draws: 0.1, and four of these
        assert 0.6 * values.var(ddof=1) < variances.mean() < 2.4 * values.var(ddof=1)


def test_a_sample_of_documents_is_like_a_part_of_a_larger_one():
    """Intervals of 20 documents hold what 2000 would give at that length; those of half the width do not."""
    rng = np.random.default_rng(2)
    (large,) = encode(texts(rng, 2000))
    ends = []
    for _ in range(200):
        (small,) = encode(texts(rng, 20))
        at = rarefied(small, len(small.codes))
        reach = 2.093 * at.variance**0.5
        ends.append(at.value - rarefied(large, len(small.codes)).value + np.array([-reach, reach]))
    low, high = np.array(ends).T
    assert_covers(low, high, 0)
    assert_halves_miss(low, high, 0)
