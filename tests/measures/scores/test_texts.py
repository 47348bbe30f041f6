"""Scores of documents against the law's own probabilities, nltk, and plain loops."""

import math
from itertools import pairwise

import numpy as np
import pytest
from nltk.metrics import jaccard_distance

from headwater.measures.frame import fit_frame
from headwater.measures.scores.repetition import Repetition
from headwater.measures.scores.units import disjoint_pairs
from headwater.samples.values import Sample
from tests.measures.scores.worlds import CHANCES, texts
from tests.oracles.agreement import assert_means

LAW = {f"w{each}": chance for each, chance in enumerate(CHANCES)}


@pytest.fixture(scope="module")
def frame():
    return fit_frame(texts(300, np.random.default_rng(3)))


@pytest.fixture(scope="module")
def fresh():
    return texts(5000, np.random.default_rng(4))


def with_words(sample: Sample, least: int) -> np.ndarray:
    return np.flatnonzero([len(words) >= least for words in sample.documents])


def test_unseen_share_is_the_mass_of_words_the_frame_has_not(frame, fresh):
    seen = {word for words in frame.fitted_on.documents for word in words}
    missing = sum(chance for word, chance in LAW.items() if word not in seen)
    values = frame.score("unseen").values(fresh)
    assert_means(values[with_words(fresh, 1)], np.array([missing]))


def test_novelty_is_the_mass_of_neighbours_the_frame_has_not(frame, fresh):
    """Words of the world are independent, so neighbours have the product of their chances."""
    seen = {pair for words in frame.fitted_on.documents for pair in pairwise(words)}
    known = sum(LAW[one] * LAW[two] for one, two in seen)
    values = frame.score("novelty").values(fresh)
    assert_means(values[with_words(fresh, 2)], np.array([1 - known]))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(values, np.array([1 - known]))  # documents without neighbours have 0


def test_rare_share_is_that_of_words_seen_once_or_in_the_rarest_twentieth(frame, fresh):
    """A plain loop over words, levels and documents."""
    words = [word for document in frame.fitted_on.documents for word in document]
    counts = {word: words.count(word) for word in set(words)}
    limit = 1
    for level in sorted(set(counts.values())):
        if sum(count for count in counts.values() if count <= level) <= 0.05 * len(words):
            limit = level
    rare = {word for word, count in counts.items() if count <= limit}
    share = lambda sample: [
        sum(word in rare for word in words) / max(len(words), 1) for words in sample.documents
    ]
    own = np.array(share(frame.fitted_on))
    cap = np.quantile(own[own > 0], 0.99)
    expected = np.minimum(np.array(share(fresh)) / cap, 1)
    np.testing.assert_allclose(frame.score("rare").values(fresh)[:, 0], expected)


def test_surprise_is_that_of_the_smoothed_bigram_model(frame):
    """A plain loop over words, with dictionaries."""
    documents = frame.fitted_on.documents
    words = [word for document in documents for word in document]
    once = sum(words.count(word) == 1 for word in set(words))
    total = len(words) + once + 1
    pairs = [pair for document in documents for pair in pairwise(document)]

    greatest = math.log(total * (max(words.count(word) for word in words) + 5) / 5)

    def surprisal(document):
        found = []
        for place, word in enumerate(document):
            chance = max(words.count(word), 1) / total
            if place:
                before = document[place - 1]
                chance = (pairs.count((before, word)) + 5 * chance) / (words.count(before) + 5)
            found.append(-math.log(chance))
        return sum(found) / max(len(found), 1) / greatest

    sample = Sample.of(["w0 w1 w2", "zzz w0 yyy zzz", "", "w0", *frame.heldout.rows[:20]], kind="text")
    expected = [surprisal(document) for document in sample.documents]
    np.testing.assert_allclose(frame.score("surprise").values(sample)[:, 0], expected)


def test_chances_of_the_bigram_model_add_up_to_at_most_one(frame):
    """After any word, over all words of the frame and as many unseen ones as were seen once, and one."""
    counts = frame.score("surprise").bigrams.vocabulary.counts
    words = list(frame.score("surprise").bigrams.vocabulary.number)
    pairs = Sample.of([f"w0 {word}" for word in [*words, "unseen"]], kind="text")
    first = Sample.of(["w0"], kind="text")
    total = math.log((counts.sum() + (counts == 1).sum() + 1) * (counts.max() + 5) / 5)
    values = frame.score("surprise").values
    chances = np.exp(-(2 * values(pairs)[:, 0] - values(first)[0, 0]) * total)
    everything = chances[:-1].sum() + chances[-1] * ((counts == 1).sum() + 1)
    # The rest is for what w0 is last in its document for.
    assert 0.8 < everything <= 1 + 1e-9


def test_shared_words_are_one_minus_the_jaccard_distance(frame, fresh):
    """As nltk has it; documents without words are left to a definition: they are the same."""
    score = frame.score("matches")
    values = score.values(fresh)[:, 0]
    for value, one, two in zip(values, *disjoint_pairs(len(fresh), score.seed), strict=True):
        first, second = set(fresh.documents[one]), set(fresh.documents[two])
        assert value == pytest.approx(1 - jaccard_distance(first, second) if first | second else 1.0)


@pytest.mark.parametrize(
    "text, share",
    [
        ("", 0.0),
        ("once", 0.0),
        ("no no no NO", 0.75),  # short: words
        ("a b c d a b c d", 1 / 5),  # phrases: abcd bcda cdab dabc abcd
        ("a b c d e f g h", 0.0),
        ("x " * 103, 99 / 100),
    ],
)
def test_repetition_is_the_share_of_phrases_that_came_before(text, share):
    """Counted by hand."""
    assert Repetition().values(Sample.of([text], kind="text")).tolist() == [[pytest.approx(share)]]
