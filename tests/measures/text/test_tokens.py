"""Tokens are what plain loops over words find."""

from __future__ import annotations

from collections import Counter
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import SampleError
from headwater.measures.text.tokens import Tokens, encode
from headwater.samples.values import Sample

DOCUMENTS = st.lists(st.lists(st.integers(0, 5), max_size=9), min_size=1, max_size=8)


def tokens_of(documents) -> Tokens:
    start = np.concatenate([[0], np.cumsum([len(each) for each in documents])])
    return Tokens(np.array(list(chain(*documents)), dtype=np.int64), start, 6)


def listed(tokens: Tokens) -> list[list[int]]:
    return [each.tolist() for each in np.split(tokens.codes, tokens.start[1:-1])]


@settings(deadline=None)
@given(DOCUMENTS, st.integers(1, 5))
def test_runs_of_words_are_those_of_each_document_alone(documents, length):
    """Two runs have one number exactly if they are the same words, and none reaches over an end."""
    plain = [[tuple(doc[at : at + length]) for at in range(len(doc) - length + 1)] for doc in documents]
    *_, runs = tokens_of(documents).runs(length)
    found = listed(runs)
    assert [len(each) for each in found] == [len(each) for each in plain]
    pairs = {
        (run, code)
        for doc, codes in zip(plain, found, strict=True)
        for run, code in zip(doc, codes, strict=True)
    }
    assert len(pairs) == len({run for run, _ in pairs}) == len({code for _, code in pairs})


@settings(deadline=None)
@given(DOCUMENTS)
def test_pairs_counts_and_incidence_are_those_of_counters(documents):
    tokens = tokens_of(documents)
    plain = {(unit, code): n for unit, doc in enumerate(documents) for code, n in Counter(doc).items()}
    rows = np.stack(tokens.pairs, axis=1).tolist()
    assert {(unit, code): times for unit, code, times in rows} == plain
    assert tokens.counts.tolist() == [sum(doc.count(code) for doc in documents) for code in range(6)]
    assert tokens.incidence.tolist() == [sum(code in doc for doc in documents) for code in range(6)]


@settings(deadline=None)
@given(DOCUMENTS)
def test_a_sum_without_a_document_is_the_sum_over_the_others(documents):
    square = lambda counts: np.asarray(counts, float) ** 2
    expected = [
        sum(n**2 for n in Counter(chain(*documents[:at], *documents[at + 1 :])).values())
        for at in range(len(documents))
    ]
    np.testing.assert_allclose(tokens_of(documents).without(square), expected)


def test_documents_that_are_taken_keep_their_words():
    tokens = tokens_of([[1, 2], [], [3, 3, 4], [5]])
    assert listed(tokens.take(np.array([2, 0]))) == [[3, 3, 4], [1, 2]]
    first, second = tokens.parted(seed=0)
    assert sorted(listed(first) + listed(second)) == [[], [1, 2], [3, 3, 4], [5]]


def test_samples_are_numbered_alike():
    """Labels keep blanks and capitals; texts are cut into lower-case words."""
    a, b = encode(Sample.of(["New York", "x"], "categorical"), Sample.of(["x", "new york"], "categorical"))
    assert a.codes[1] == b.codes[0] and a.codes[0] != b.codes[1]
    c, d = encode(Sample.of(["One, two!", ""], "text"), Sample.of(["TWO one two"], "text"))
    assert listed(c) == [[0, 1], []] and listed(d) == [[1, 0, 1]]


def test_texts_without_words_are_refused():
    with pytest.raises(SampleError, match="no word in any document"):
        encode(Sample.of(["...", "!"], "text"))


def test_too_few_rows_are_not_parted():
    with pytest.raises(SampleError, match="too few to be parted"):
        tokens_of([[1, 2]]).parted(seed=0)
