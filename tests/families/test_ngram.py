"""N-gram models against dictionaries of counts, closed forms of diversity, and laws of emission."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter, defaultdict

import numpy as np
import pytest

from headwater.emission import Emission
from headwater.errors import FamilyError
from headwater.families import ngram_counts, samples
from headwater.families.contract import Ask
from headwater.families.ngram import FLOOR, NGram, emitted
from tests.oracles.agreement import assert_means

VERSE = """the cat sat on the mat and the dog sat on the cat and the mat sat on the dog
and the cat and the dog sat and the mat and the mat the cat sat on"""
LETTERS = np.array([0, 1, 2, 0, 1, 0, 2, 2, 1, 0, 0, 1, 3, 0, 1, 2, 0, 1, 1, 3])


def naive_chance(windows, weights, smoothing, vocabulary):
    """P(token | context) by the definition, from dictionaries."""
    followed, total = defaultdict(float), defaultdict(float)
    for window, weight in zip(windows, weights, strict=True):
        for start in range(len(window)):
            context, token = tuple(window[start:-1]), window[-1]
            followed[context, token] += weight
            total[context] += weight

    def chance(context, token):
        context = tuple(context)
        shorter = chance(context[1:], token) if context else 1 / vocabulary
        if total[context] == 0:
            return shorter
        return (followed[context, token] + smoothing * shorter) / (total[context] + smoothing)

    return chance


def naive_risk(chance, test, order, vocabulary, smoothing):
    floor = FLOOR if smoothing == 0 else 0.0
    windows = [test[at : at + order] for at in range(len(test) - order + 1)]
    losses = [-math.log((1 - floor) * chance(w[:-1], w[-1]) + floor / vocabulary) for w in windows]
    return sum(losses) / len(losses)


@pytest.mark.parametrize("order", [1, 2, 4])
@pytest.mark.parametrize("smoothing", [0, 0.7])
@pytest.mark.parametrize("weighted", [False, True])
def test_risk_is_the_cross_entropy_of_the_definition(order, smoothing, weighted):
    """Contexts that were seen, that were not, and words that were not."""
    family = NGram(LETTERS, order, smoothing, np.array([0, 1, 4, 2, 0, 1, 2, 3, 3, 0]))
    rng = np.random.default_rng(1)
    records = family.records(family.truth(3), Ask(12), rng)
    weights = rng.random((3, 12)) if weighted else None
    model = family.fit(family.tell(records, weights), rng)
    expected = []
    for at in range(3):
        each = weights[at] if weighted else np.ones(12)
        chance = naive_chance(records[at].tolist(), each, smoothing, 5)
        expected.append(naive_risk(chance, family.test.tolist(), order, 5, smoothing))
    np.testing.assert_allclose(family.measure(model, "risk"), expected)
    np.testing.assert_allclose(family.measure(model, "perplexity"), np.exp(expected))


def test_the_real_text_is_a_ring_and_risk_without_test_is_over_all_its_places():
    family = NGram(LETTERS, 3, 0.2)
    model = family.fit(
        family.draw(family.truth(1), Ask(9), np.random.default_rng(2)), np.random.default_rng(2)
    )
    windows = model.contexts[model.levels[-1].pairs // 4], model.levels[-1].pairs % 4
    records = np.repeat(np.column_stack(windows), np.diff(model.levels[-1].mass).astype(int), axis=0)
    chance = naive_chance(records.tolist(), np.ones(9), 0.2, 4)
    ring = [*LETTERS.tolist(), *LETTERS[:2].tolist()]
    assert family.measure(model, "risk")[0] == pytest.approx(naive_risk(chance, ring, 3, 4, 0.2))


def test_real_samples_are_places_of_the_ring_at_equal_chances():
    """Frequencies of all trigrams; those of the text without its seam are told apart."""
    family = NGram(LETTERS, 3, 0)
    drawn = family.records(family.truth(1), Ask(40_000), np.random.default_rng(3))[0]
    codes = drawn @ np.array([16, 4, 1])
    hits = (codes[:, None] == np.arange(64)).astype(float)
    ring = np.concatenate([LETTERS, LETTERS[:2]])
    places = [int(ring[at : at + 3] @ [16, 4, 1]) for at in range(20)]
    assert_means(hits, np.bincount(places, minlength=64) / 20)
    with pytest.raises(AssertionError):
        assert_means(hits, np.bincount(places[:-2], minlength=64) / 18)


@pytest.mark.parametrize(("order", "n"), [(1, 3), (1, 8), (3, 8)])
def test_independent_samples_without_smoothing_lose_diversity_as_a_categorical(order, n):
    """Gini-Simpson of the n-grams keeps (1 - 1/n) a generation; 1 - 1/(n + 1) is told apart."""
    family, rng = NGram(LETTERS, order, 0), np.random.default_rng(4)
    model, seen = family.truth(8000), []
    for _ in range(5):
        model = family.fit(family.draw(model, Ask(n), rng), rng)
        seen.append(family.measure(model, "diversity"))
    assert_means(np.array(seen).T, (1 - 1 / n) ** np.arange(1, 6))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(np.array(seen).T, (1 - 1 / (n + 1)) ** np.arange(1, 6))


def test_weighted_samples_are_drawn_in_proportion_to_their_weights():
    family, rng = NGram(LETTERS, 2, 0), np.random.default_rng(5)
    records = np.array([[[0, 1], [2, 3], [0, 1], [0, 2]]] * 2, dtype=np.int32)
    weights = np.array([[1.0, 2.0, 0.5, 0.5], [0.1, 0.0, 0.1, 0.8]])
    drawn = family.records(family.fit(family.tell(records, weights), rng), Ask(20_000), rng)
    codes = (drawn @ np.array([4, 1])).T
    hits = (codes[:, :, None] == np.array([1, 2, 11])).astype(float)
    assert_means(hits, np.array([[1.5, 0.5, 2.0], [0.2, 0.8, 0.0]]) / np.array([[4.0], [1.0]]))


def test_parts_pool_as_their_samples_do():
    family, rng = NGram(LETTERS, 2, 0.5), np.random.default_rng(6)
    first, second = (family.draw(family.truth(3), Ask(n), rng) for n in (5, 7))
    pooled = family.fit(family.combine([first, second], [1.0, 2.0]), rng)
    doubled = np.concatenate([first.records, second.records, second.records], axis=1)
    whole = family.fit(family.tell(doubled), rng)
    for one, other in zip(pooled.levels, whole.levels, strict=True):
        for left, right in zip(one, other, strict=True):
            np.testing.assert_allclose(left, right)


@pytest.fixture(scope="module")
def trained():
    """A small trigram model of three replicates."""
    family, rng = NGram(LETTERS, 3, 0.8), np.random.default_rng(7)
    return family, family.fit(family.draw(family.truth(3), Ask(10), rng), rng)


def every_context(family, replicate):
    contexts = np.array([[a, b] for a in range(4) for b in range(4)], dtype=np.int32)
    return contexts, np.full(16, replicate)


@pytest.mark.parametrize("replicate", [0, 2])
def test_whole_laws_are_the_chances_one_by_one(trained, replicate):
    family, model = trained
    contexts, owner = every_context(family, replicate)
    found = ngram_counts.locate(model, owner, contexts, 4)
    assert (found[-1] < 0).any() and (found[-1] >= 0).any()
    law = ngram_counts.laws(model, found, 0.8, 4)
    np.testing.assert_allclose(law.sum(axis=1), 1)
    for token in range(4):
        one = ngram_counts.chances(model, found, np.full(16, token), 0.8, 4)
        np.testing.assert_allclose(law[:, token], one)


@pytest.mark.parametrize("smoothing", [0.0, 0.8])
def test_tokens_follow_by_the_whole_law_of_their_context(trained, smoothing):
    """For contexts seen and not seen; the law with twice the smoothing is told apart."""
    _, model = trained
    contexts, owner = every_context(*trained[:1], 1)
    found = ngram_counts.locate(model, owner, contexts, 4)
    many = np.tile(found, (1, 4000))
    token = ngram_counts.follow(model, many, smoothing, 4, np.random.default_rng(8)).reshape(4000, 16)
    hits = (token[:, :, None] == np.arange(4)).astype(float)
    assert_means(hits, ngram_counts.laws(model, found, smoothing, 4))
    with pytest.raises(AssertionError):
        assert_means(hits, ngram_counts.laws(model, found, 2 * smoothing + 0.2, 4))


def test_a_passage_is_text_that_its_model_has_follow():
    """Windows overlap; the second token of each passage has the law that the first leaves it.

    The mean over contexts of an independent draw is told apart.
    """
    family = NGram(LETTERS, 2, 0.3, passage=3)
    rng = np.random.default_rng(9)
    model = family.fit(family.draw(family.truth(1), Ask(40), rng), rng)
    drawn = family.records(model, Ask(30_001), rng)[0]
    assert drawn.shape == (30_001, 2)
    passages = drawn[:30_000].reshape(10_000, 3, 2)
    np.testing.assert_array_equal(passages[:, :-1, 1], passages[:, 1:, 0])
    chance = naive_chance_of(family, model)
    start = np.bincount(model.contexts[:, 0], model.levels[1].total(np.arange(len(model.contexts))), 4) / 40
    second = (passages[:, 2, 1][:, None] == np.arange(4)).astype(float)
    step = np.array([[chance((a,), b) for b in range(4)] for a in range(4)])
    assert_means(second, start @ step @ step @ step)
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(second, np.full(4, 0.25))


def naive_chance_of(family, model):
    level = model.levels[-1]
    windows = np.column_stack([model.contexts[level.pairs // 4], level.pairs % 4])
    return naive_chance(windows.tolist(), np.diff(level.mass), family.smoothing, 4)


def test_real_passages_run_on_in_the_text_and_over_its_seam():
    family = dataclasses.replace(NGram(LETTERS, 2, 0), passage=25)
    drawn = family.records(family.truth(5), Ask(50), np.random.default_rng(10))
    for passage in drawn.reshape(10, 25, 2):
        starts = [at for at in range(20) if (np.roll(LETTERS, -at)[:20] == passage[:20, 0]).all()]
        assert len(starts) == 1
        np.testing.assert_array_equal(passage[20:, 0], passage[:5, 0])


LAW = np.array([[0.5, 0.1, 0.1, 0.3], [0.0, 0.6, 0.4, 0.0]])
RIGHT = np.array([[True, False, True, False], [True, False, False, True]])


@pytest.mark.parametrize(
    ("emission", "expected"),
    [
        (Emission(temperature=0.5), LAW**2),
        (Emission(temperature=2), LAW**0.5),
        (Emission(top_p=0.8), [[0.5, 0, 0, 0.3], [0, 0.6, 0.4, 0]]),
        (Emission(top_p=0.85), [[0.5, 0.1, 0, 0.3], [0, 0.6, 0.4, 0]]),
        (Emission(top_p=1e-3), [[1, 0, 0, 0], [0, 1, 0, 0]]),
        (Emission(keep_wrong=0.25), [[0.5, 0.025, 0.1, 0.075], [0, 0.6, 0.4, 0]]),
        (Emission(keep_wrong=0), [[0.5, 0, 0.1, 0], [0, 0.6, 0.4, 0]]),
        (Emission(keep_right=0, keep_wrong=0.3), [[0, 0.1, 0, 0.3], [0, 0.6, 0.4, 0]]),
        (Emission(temperature=0.5, top_p=0.9, keep_right=0.5), [[0.125, 0, 0, 0.09], [0, 0.36, 0.16, 0]]),
    ],
)
def test_emissions_change_a_law_as_they_say(emission, expected):
    """Temperature, then the nucleus of the tempered law, then the verifier; all kept where none could be."""
    law = emitted(LAW, RIGHT, emission)
    expected = np.array(expected, dtype=float)
    np.testing.assert_allclose(
        law / law.sum(axis=1, keepdims=True), expected / expected.sum(axis=1, keepdims=True)
    )


def test_a_low_temperature_is_the_most_probable_token():
    law = emitted(LAW, RIGHT, Emission(temperature=1e-4))
    np.testing.assert_allclose(law, [[1, 0, 0, 0], [0, 1, 0, 0]])


@pytest.mark.parametrize("block", [None, 1])
def test_emitted_tokens_have_the_emitted_law(block, monkeypatch):
    """Of each context in each replicate; the plain law is told apart."""
    if block:
        monkeypatch.setattr(samples, "BLOCK", block)
    family, rng = NGram(LETTERS, 2, 0.5), np.random.default_rng(11)
    model = family.fit(family.draw(family.truth(2), Ask(30), rng), rng)
    emission = Emission(temperature=0.7, top_p=0.95, keep_wrong=0.3)
    drawn = family.records(model, Ask(12_000, emission), rng)
    contexts = np.arange(4, dtype=np.int32)[:, None]
    for at in range(2):
        found = ngram_counts.locate(model, np.full(4, at), contexts, 4)
        real = ngram_counts.locate(family.real, np.zeros(4, int), contexts, 4)
        plain = ngram_counts.laws(model, found, 0.5, 4)
        law = emitted(plain, ngram_counts.seen_after(family.real, real, 4), emission)
        law = law / law.sum(axis=1, keepdims=True)
        for context in range(4):
            token = drawn[at][drawn[at][:, 0] == context][:, 1]
            hits = (token[:, None] == np.arange(4)).astype(float)
            if law[context].max() == 1:
                assert (token == law[context].argmax()).all()
                continue
            assert_means(hits, law[context])
            if context == 0:
                with pytest.raises(AssertionError):
                    assert_means(hits, plain[context])


def test_with_wrong_never_kept_all_tokens_are_of_the_real_text_after_its_contexts():
    family, rng = NGram(LETTERS, 2, 5.0), np.random.default_rng(12)
    model = family.fit(family.draw(family.truth(3), Ask(20), rng), rng)
    real = {(int(a), int(b)) for a, b in zip(LETTERS, np.roll(LETTERS, -1), strict=True)}
    drawn = family.records(model, Ask(500, Emission(keep_wrong=0)), rng).reshape(-1, 2)
    assert {(int(a), int(b)) for a, b in drawn} <= real
    plain = family.records(model, Ask(500), rng).reshape(-1, 2)
    assert not {(int(a), int(b)) for a, b in plain} <= real


@pytest.mark.parametrize("order", [1, 3])
def test_distinct_lost_and_diversity_are_those_of_sets_and_counters(order):
    family, rng = NGram(LETTERS, order, 0), np.random.default_rng(13)
    evidence = family.draw(family.truth(4), Ask(7), rng)
    model = family.fit(evidence, rng)
    ring = [*LETTERS.tolist(), *LETTERS[: order - 1].tolist()]
    real = Counter(tuple(ring[at : at + order]) for at in range(20))
    real_diversity = 1 - sum((c / 20) ** 2 for c in real.values())
    for at in range(4):
        seen = Counter(map(tuple, evidence.records[at].tolist()))
        assert family.measure(model, "distinct")[at] == len(seen)
        lost = sum(times for gram, times in real.items() if gram not in seen) / 20
        assert family.measure(model, "lost")[at] == pytest.approx(lost)
        diversity = (1 - sum((c / 7) ** 2 for c in seen.values())) / real_diversity
        assert family.measure(model, "diversity")[at] == pytest.approx(diversity)


def test_a_lone_loop_without_smoothing_never_sees_an_n_gram_again_once_it_is_lost():
    family, rng = NGram.from_text(VERSE, 1, smoothing=0), np.random.default_rng(14)
    model, before = family.truth(50), np.zeros(50)
    for _ in range(10):
        model = family.fit(family.draw(model, Ask(12), rng), rng)
        lost = family.measure(model, "lost")
        assert (lost >= before).all()
        before = lost
    assert np.isfinite(family.measure(model, "risk")).all()


def test_words_and_characters_of_a_text_are_its_tokens():
    family = NGram.from_text(VERSE, 2, smoothing=0.1, test_share=0.25)
    words = VERSE.split()
    together = [family.vocabulary[at] for at in [*family.tokens, *family.test[1:]]]
    assert together == words
    assert family.test[0] == family.tokens[-1]
    assert len(family.test) == 1 + math.ceil(len(words) / 4)
    letters = NGram.from_text("abcab", 2, smoothing=0, level="char", test_share=0)
    assert letters.vocabulary == ("a", "b", "c") and letters.test is None
    np.testing.assert_array_equal(letters.tokens, [0, 1, 2, 0, 1])


def test_a_large_vocabulary_and_order_need_no_large_keys():
    tokens = np.array([2**31 - 2, 5, 2**31 - 2, 7, 0, 5] * 3)
    family, rng = NGram(tokens, 9, 0.1), np.random.default_rng(15)
    model = family.fit(family.draw(family.truth(2), Ask(6), rng), rng)
    assert np.isfinite(family.measure(model, "risk")).all()
    assert np.isin(
        family.records(dataclasses.replace(family, smoothing=0).real, Ask(50), rng)[..., :-1], tokens
    ).all()


def test_identical_calls_give_identical_bits():
    family = NGram(LETTERS, 3, 0.4, passage=4)
    draws = []
    for _ in range(2):
        rng = np.random.default_rng(16)
        model = family.fit(family.draw(family.truth(2), Ask(9), rng), rng)
        draws.append(family.records(model, Ask(9, Emission(temperature=0.8)), rng))
    np.testing.assert_array_equal(*draws)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((LETTERS, 0, 0.0), "order is 0"),
        ((LETTERS, 2.0, 0.0), "order is 2.0"),
        ((LETTERS, 2, -1.0), "smoothing is -1"),
        ((LETTERS, 2, math.nan), "smoothing is nan"),
        ((LETTERS, 2, 10**400), "smoothing is beyond 1e60"),
        (([[0, 1], [1]], 2, 0), "tokens is no row"),
        ((LETTERS, 2, 0, LETTERS[:1]), "test has shape"),
        ((LETTERS * 1.0, 2, 0), "tokens has shape"),
        ((-LETTERS, 2, 0), "tokens holds -3"),
        ((LETTERS, 2, 0, None, ("a", "b")), "token 3 is not in the vocabulary of 2"),
        ((LETTERS, 2, 0, None, None, 0), "passage is 0"),
        (([1, 1, 1], 2, 0), "repeats one token"),
    ],
)
def test_parameters_that_cannot_be_right_are_refused(arguments, match):
    with pytest.raises(FamilyError, match=match):
        NGram(*arguments)


@pytest.mark.parametrize(
    ("options", "match"),
    [({"level": "line"}, "level is 'line'"), ({"test_share": 1.0}, "test_share is 1.0")],
)
def test_options_of_a_text_that_cannot_be_right_are_refused(options, match):
    with pytest.raises(FamilyError, match=match):
        NGram.from_text(VERSE, 2, smoothing=0, **options)
    with pytest.raises(FamilyError, match="empty"):
        NGram.from_text("  ", 2, smoothing=0)
    with pytest.raises(FamilyError, match="order is 2"):
        NGram.from_text(VERSE, 2.0, smoothing=0.1)
    with pytest.raises(FamilyError, match="text is of type bytes"):
        NGram.from_text(VERSE.encode(), 2, smoothing=0.1)
