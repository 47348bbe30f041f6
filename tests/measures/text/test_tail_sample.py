"""The effective tail sample is what theory says of loops, and a real sample's own size."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.errors import SampleError
from headwater.measures.text.tail_sample import TailSample
from headwater.samples.values import Sample
from tests.measures.text.worlds import assert_covers, assert_halves_miss, labels, texts
from tests.oracles.chains import plain_tail_sample

WORDS = 3000
LAW = 1 / np.arange(1, WORDS + 1)
LAW /= LAW.sum()
BUDGET = 1000


def drawn(rng, counts) -> Sample:
    names = np.arange(WORDS).astype(str).astype(object)
    return Sample.of(np.repeat(names, counts), "categorical")


def loop(rng, generations: int, real: int = 0) -> Sample:
    """What one model was trained on that learns from itself and from so many real rows a generation."""
    counts = rng.multinomial(BUDGET, LAW)
    for _ in range(generations):
        own = rng.multinomial(BUDGET - real, counts / BUDGET)
        counts = own + rng.multinomial(real, LAW)
    return drawn(rng, counts)


def theory(generations: int, real: int = 0) -> float:
    """Exact recursion: without real data s -> 1 - exp(-s) a generation, times the budget."""
    return plain_tail_sample(np.array([[BUDGET - real]]), np.array([real]), 0, generations)


@pytest.mark.parametrize(("generations", "real"), [(1, 0), (5, 0), (10, 0), (10, 100)])
def test_loops_have_the_tail_sample_that_theory_gives_them(generations, real):
    """Intervals of 100 loops, each with real data of its own, and their mean.

    Controls: the same intervals at half their width, and theory for twice the generations.
    """
    rng = np.random.default_rng(1)
    found = [
        TailSample()(loop(rng, generations, real), drawn(rng, rng.multinomial(5000, LAW))) for _ in range(100)
    ]
    value, low, high = np.array([(each.value, each.low, each.high) for each in found]).T
    truth = theory(generations, real)
    assert_covers(low, high, truth)
    assert_halves_miss(low, high, truth)
    # the inverse of a curve is off by a part of its relative variance
    assert abs(value.mean() - truth) < value.var() / truth + 5 * value.std() / 10
    if not real:
        with pytest.raises(AssertionError, match="intervals miss"):
            assert_covers(low, high, theory(2 * generations))


def test_the_recursion_has_the_published_values():
    """1 - exp(-x) iterated, from the literature on the rate of collapse [suresh2024rate]_."""
    found = [theory(generations) / BUDGET for generations in (1, 2, 4, 9, 49)]
    np.testing.assert_allclose(found, [0.63212, 0.46854, 0.31208, 0.17225, 0.03838], atol=5e-6)


@pytest.mark.parametrize(("make", "sizes"), [(labels, (500, 3000)), (texts, (40, 200))])
def test_a_real_sample_is_worth_its_own_size(make, sizes):
    """Of texts too, where rare words come together: in words, at any length of documents."""
    rng = np.random.default_rng(2)
    ends = []
    for _ in range(120):
        sample = make(rng, sizes[0])
        found = TailSample()(sample, make(rng, sizes[1]))
        words = len(sample) if make is labels else sum(map(len, sample.documents))
        assert found.parts["share of the sample"][0] == pytest.approx(found.value / words)
        ends.append((found.low / words, found.high / words))
    low, high = np.array(ends).T
    assert_covers(low, high, 1)
    assert_halves_miss(low, high, 1)


def test_a_reference_that_is_the_population_gives_its_own_form():
    """A corpus of 20,000 rows, all there is: real samples of 500 drawn from it with replacement.

    Taken for a sample of something larger it would be told less of; taken for the population, what is
    only a sample has items that are rare by luck, and the value is wrong: the control.
    """
    rng = np.random.default_rng(3)
    corpus = rng.multinomial(20_000, LAW)
    reference = drawn(rng, corpus)
    metric = TailSample(rare=10, population=True)
    ends, wrong = [], []
    for _ in range(100):
        found = metric(drawn(rng, rng.multinomial(500, corpus / corpus.sum())), reference)
        ends.append((found.low, found.high))
        other = metric(drawn(rng, rng.multinomial(500, LAW)), drawn(rng, rng.multinomial(1000, LAW)))
        wrong.append((other.low, other.high))
    assert_covers(*np.array(ends).T, 500)
    assert_halves_miss(*np.array(ends).T, 500)
    with pytest.raises(AssertionError, match="intervals miss"):
        assert_covers(*np.array(wrong).T, 500)


def test_what_real_data_cannot_tell_has_a_low_end_only():
    rng = np.random.default_rng(4)
    found = TailSample()(labels(rng, 20_000), labels(rng, 2000))
    assert found.value == 1000 and 0 < found.low <= 1000 and found.high == np.inf
    assert "more than 1000 cannot be told from 2000 real items" in found.notes


def test_a_sample_without_rare_items_has_none_of_the_tail():
    rng = np.random.default_rng(5)
    found = TailSample()(Sample.of(["?"] * 100, "categorical"), labels(rng, 3000))
    assert found.value == found.low == 0 and 0 < found.high < 100
    for population in (False, True):
        with pytest.raises(SampleError, match="no item that 3 or fewer real rows have"):
            TailSample(population=population)(labels(rng, 9), Sample.of(["x"] * 50, "categorical"))
