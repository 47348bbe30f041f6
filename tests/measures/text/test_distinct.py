"""Distinct words at equal length: plain counts, size does not matter, lost words do."""

from __future__ import annotations

import numpy as np
import pytest
from nltk import ngrams

from headwater.measures.text.distinct import Distinct
from headwater.measures.text.type_token import TypeToken
from headwater.samples.values import Sample
from tests.measures.text.worlds import LAW, assert_covers, assert_halves_miss, labels, text_of, texts


def test_at_equal_size_it_is_the_ratio_of_plain_counts():
    """Ten documents of 30 words each: distinct runs by nltk."""
    rng = np.random.default_rng(1)
    sample, reference = (text_of(rng.choice(1000, (10, 30), p=LAW)) for _ in range(2))
    found = Distinct()(sample, reference)
    for length in range(1, 5):
        here, there = (
            len({run for document in each.documents for run in ngrams(document, length)})
            for each in (sample, reference)
        )
        assert found.parts[f"{length}-gram"][0] == pytest.approx(here / there)
    assert found.value == found.parts["1-gram"][0]


@pytest.mark.parametrize("metric", [Distinct(longest=1), TypeToken(length=300)])
@pytest.mark.parametrize(("make", "sizes"), [(labels, (400, 1600)), (texts, (30, 150)), (texts, (100, 30))])
def test_size_does_not_matter(metric, make, sizes):
    """Intervals hold 1 at unequal sizes, with documents that repeat their own words and topics."""
    rng = np.random.default_rng(2)
    found = [metric(make(rng, sizes[0]), make(rng, sizes[1])) for _ in range(120)]
    low, high = np.array([(each.low, each.high) for each in found]).T
    assert_covers(low, high, 1)
    assert_halves_miss(low, high, 1)


def test_a_lost_tail_is_seen():
    """The rarer half of the vocabulary, a tenth of the mass, is gone."""
    rng = np.random.default_rng(3)
    cut = np.where(np.arange(1000) < 500, LAW, 0)
    for metric in (Distinct(), TypeToken()):
        assert metric(labels(rng, 5000, cut), labels(rng, 5000)).high < 1


def test_runs_that_no_document_is_long_enough_for_are_left_out():
    found = Distinct()(text_of([[1, 2], [3, 4]]), text_of([[1, 2], [3, 4]]))
    assert list(found.parts) == ["1-gram", "2-gram"]
    assert found.notes == ("3-gram: no document is that long", "4-gram: no document is that long")


def test_type_token_ratio_of_an_even_law_has_its_closed_form():
    """n of V equally likely labels: V (1 - (1 - 1/V)^n) / n, up to the error of 100,000 draws."""
    rng = np.random.default_rng(4)
    found = TypeToken(length=200)(labels(rng, 100_000, np.ones(300)), labels(rng, 100_000, np.ones(300)))
    expected = 300 * (1 - (1 - 1 / 300) ** 200) / 200
    assert found.parts["sample"][0] == pytest.approx(expected, rel=1e-3)


def test_type_token_ratios_move_to_a_length_that_is_there():
    both = [Sample.of(["a b c a"] * 3, "text")] * 2
    found = TypeToken()(*both)
    assert found.parts["sample"][0] == pytest.approx(3 / 12) and found.notes == ("in 12 words",)
    assert TypeToken(length=2)(*both).notes == ("in 4 words",)
