"""Bits a word are those of a plain recursion over dictionaries."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from headwater.measures.text.perplexity import Perplexity
from headwater.measures.text.tokens import encode
from headwater.samples.values import Sample
from tests.measures.text.worlds import assert_covers, assert_halves_miss, text_of, texts


def plain_bits(text, documents, order: int, smoothing: float, least: int) -> float:
    """The predictive law by recursion, one word at a time."""
    often = Counter(word for document in text for word in document)
    known = {word for word, count in often.items() if count >= least}

    def marked(document):
        return ["<s>"] * (order - 1) + [word if word in known else "<?>" for word in document]

    grams: Counter = Counter()
    contexts: Counter = Counter()
    for document in map(marked, text):
        for at in range(order - 1, len(document)):
            for behind in range(order):
                grams[tuple(document[at - behind : at + 1])] += 1
                contexts[tuple(document[at - behind : at])] += 1

    def chance(context, word):
        shorter = 1 / (len(known) + 2) if context is None else None
        if shorter is not None:
            return shorter
        less = chance(context[1:] if context else None, word)
        return (grams[(*context, word)] + smoothing * less) / (contexts[context] + smoothing)

    bits = [
        -np.log2(chance(tuple(document[at - order + 1 : at]), document[at]))
        for document in map(marked, documents)
        for at in range(order - 1, len(document))
    ]
    return float(np.mean(bits))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_costs_are_those_of_the_plain_recursion(order):
    rng = np.random.default_rng(1)
    sample, reference = texts(rng, 20), texts(rng, 40)
    metric = Perplexity(order=order, smoothing=1.5)
    found = metric(sample, reference)
    _, real = encode(sample, reference)
    words = [word for each in reference.documents for word in each]
    spelling = dict(zip(real.codes.tolist(), words, strict=True))
    text, held = (
        [[spelling[code] for code in each.tolist()] for each in np.split(part.codes, part.start[1:-1])]
        for part in real.parted(0)
    )
    assert found.parts["sample"][0] == pytest.approx(plain_bits(text, sample.documents, order, 1.5, 2))
    assert found.parts["reference"][0] == pytest.approx(plain_bits(text, held, order, 1.5, 2))


def test_independent_words_cost_their_entropy():
    """Of 16 words all alike, 4 bits each, up to what the model has yet to learn of 60,000 words."""
    rng = np.random.default_rng(2)
    found = Perplexity(order=1)(
        text_of(rng.integers(16, size=(200, 20))), text_of(rng.integers(16, size=(6000, 20)))
    )
    assert found.parts["reference"][0] == pytest.approx(4, abs=2e-3)


def test_bland_text_costs_less_and_strange_text_more():
    """Real text is Zipf's; the frequent third of its words alone, and its words all alike."""
    rng = np.random.default_rng(3)
    reference = texts(rng, 400)
    assert Perplexity()(text_of(rng.integers(10, size=(100, 30))), reference).high < 0
    assert Perplexity()(text_of(rng.integers(1000, size=(100, 30))), reference).low > 0


def test_intervals_cover_nought_where_both_are_real():
    rng = np.random.default_rng(4)
    found = [Perplexity()(texts(rng, 40), texts(rng, 80)) for _ in range(120)]
    low, high = np.array([(each.low, each.high) for each in found]).T
    assert_covers(low, high, 0)
    assert_halves_miss(low, high, 0)


def test_unknown_words_are_one_class_and_counted():
    """A word that the text has once costs as much as one that it has never."""
    text = Sample.of(["a b c a b d"] * 4, "text")
    new = Perplexity(least=100)(Sample.of(["x y z"], "text"), text)
    assert new.notes == ("unknown words: 100.00% of the sample, 100.00% of real text",)
