"""Repetition is what a loop through each document counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import SampleError
from headwater.measures.text.repetition import Repetition
from headwater.samples.values import Sample
from tests.measures.text.worlds import assert_covers, assert_halves_miss, text_of, texts


def plain(documents, length, first) -> float:
    runs = repeats = 0
    for document in documents:
        seen = set()
        for at in range(min(len(document), first) - length + 1):
            run = tuple(document[at : at + length])
            runs, repeats = runs + 1, repeats + (run in seen)
            seen.add(run)
    return repeats / runs


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=30), min_size=2, max_size=6))
def test_it_is_the_share_of_runs_that_occurred_before(documents):
    other = [[0, 1, 2, 3, 0, 1, 2, 3]] * 2
    found = Repetition(first=12)(text_of(documents), text_of(other))
    for length in range(1, 5):
        expected = plain(documents, length, 12) - plain(other, length, 12)
        assert found.parts[f"{length}-gram"][0] == pytest.approx(expected)


def test_intervals_cover_nought_where_both_are_real():
    rng = np.random.default_rng(1)
    metric = Repetition(longest=1)
    found = [metric(texts(rng, 40), texts(rng, 60)) for _ in range(120)]
    low, high = np.array([(each.low, each.high) for each in found]).T
    assert_covers(low, high, 0)
    assert_halves_miss(low, high, 0)


def test_longer_documents_are_told_of():
    """Of 60 words against 20 nothing is cut at 100: a note says that longer ones repeat more."""
    found = Repetition()(text_of(np.zeros((3, 60), int)), text_of(np.arange(60).reshape(3, 20)))
    assert found.value == pytest.approx(1 - 1 / 57)
    assert "60.0 words on the average, real ones 20.0" in found.notes[0]
    assert not Repetition(first=20)(text_of(np.zeros((3, 60), int)), text_of(np.zeros((3, 20), int))).notes


def test_documents_too_short_for_the_longest_run_are_refused():
    with pytest.raises(SampleError, match="as long as the longest run"):
        Repetition()(Sample.of(["a b"], "text"), Sample.of(["a b"], "text"))
