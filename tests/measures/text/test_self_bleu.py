"""Self-BLEU is nltk's BLEU of every document against all others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

from headwater.errors import SampleError
from headwater.measures.text.self_bleu import SelfBleu
from headwater.samples.values import Sample
from tests.measures.text.worlds import assert_covers, assert_halves_miss, text_of, texts

SMOOTH = SmoothingFunction(epsilon=0.1).method1


def plain(documents, longest: int = 4) -> float:
    weights = (1 / longest,) * longest
    scores = [
        sentence_bleu(documents[:at] + documents[at + 1 :], document, weights, SMOOTH)
        for at, document in enumerate(documents)
    ]
    return float(np.mean(scores))


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=9), min_size=3, max_size=9), st.integers(1, 5)
)
def test_it_is_nltks_bleu_against_all_others(documents, longest):
    """Short words lists: many ties of counts and of lengths, runs that no document is long enough for."""
    sample = text_of(documents)
    found = SelfBleu(longest=longest)(sample, sample)
    words = [list(each) for each in sample.documents]
    assert found.parts["sample"][0] == pytest.approx(plain(words, longest), rel=1e-12)
    assert found.value == pytest.approx(0)


def test_it_is_nltks_bleu_on_real_lengths():
    sample = texts(np.random.default_rng(1), 60)
    found = SelfBleu()(sample, sample)
    assert found.parts["sample"][0] == pytest.approx(plain([list(each) for each in sample.documents]))


def test_documents_all_alike_have_one_and_without_shared_words_none():
    alike = text_of([[1, 2, 3, 4, 5]] * 4)
    apart = text_of(np.arange(20).reshape(4, 5))
    found = SelfBleu()(alike, apart)
    assert (found.value, found.parts["sample"][0], found.parts["reference"][0]) == (1, 1, 0)


def test_both_samples_are_cut_to_one_number_of_documents():
    """More documents share more: uncut, the larger sample would look alike."""
    rng = np.random.default_rng(3)
    found = SelfBleu()(texts(rng, 400), texts(rng, 40))
    assert found.low < 0 < found.high
    assert found.notes == ("on 40 documents of each",)
    whole = SelfBleu()(*[texts(rng, 400)] * 2).parts["sample"]
    assert whole[1] > found.parts["sample"][2]


def test_documents_without_words_are_left_out_and_counted():
    found = SelfBleu()(Sample.of(["a b", "...", "b c", "a"], "text"), text_of([[1, 2]] * 3))
    assert found.notes[-1] == "1 documents without words left out"
    with pytest.raises(SampleError, match="2 documents with words"):
        SelfBleu()(Sample.of(["a b", "...", "b c"], "text"), text_of([[1, 2]] * 3))


def test_intervals_cover_nought_where_both_are_real():
    rng = np.random.default_rng(4)
    found = [SelfBleu(longest=2)(texts(rng, 30), texts(rng, 40)) for _ in range(120)]
    low, high = np.array([(each.low, each.high) for each in found]).T
    assert_covers(low, high, 0)
    assert_halves_miss(low, high, 0)
