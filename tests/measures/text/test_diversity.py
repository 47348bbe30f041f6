"""Gini-Simpson and entropy: closed forms, exact unbiasedness, tables, and coverage."""

from __future__ import annotations

from itertools import product
from math import factorial, log, prod

import numpy as np
import pytest
from scipy.stats import entropy, t

from headwater.errors import SampleError
from headwater.measures.text.diversity import Entropy, GiniSimpson, _terms
from headwater.samples.values import Sample
from tests.measures.text.worlds import LAW, assert_covers, assert_halves_miss, labels, text_of, texts
from tests.oracles.agreement import assert_means


def repeated(counts) -> Sample:
    return Sample.of([f"x{at}" for at, count in enumerate(counts) for _ in range(count)], "categorical")


def test_gini_simpson_is_without_bias_on_every_sample_of_a_small_law():
    """All samples of 4 from three labels, with their multinomial chances: the mean is 1 - sum of squares."""
    law = np.array([0.5, 0.3, 0.2])
    mean = 0.0
    for counts in product(range(5), repeat=3):
        if sum(counts) == 4:
            chance = factorial(4) / prod(map(factorial, counts)) * float(np.prod(law ** np.array(counts)))
            sample = repeated(counts)
            mean += chance * GiniSimpson()(sample, repeated([2, 2])).parts["sample"][0]
    assert mean == pytest.approx(1 - (law**2).sum())


def test_an_even_law_has_its_closed_forms():
    """V labels: 1 - 1/V and ln V, up to the error of 200,000 draws."""
    rng = np.random.default_rng(1)
    sample, other = (labels(rng, 200_000, np.ones(50)) for _ in range(2))
    gini = GiniSimpson()(sample, other).parts["sample"]
    assert gini[0] == pytest.approx(1 - 1 / 50, abs=1e-5)
    assert Entropy()(sample, other).parts["sample"][0] == pytest.approx(log(50), abs=1e-3)


def test_between_documents_words_of_one_document_are_no_pairs():
    """Two documents: of the nine pairs across, four are alike."""
    found = GiniSimpson()(text_of([[1, 1, 2], [1, 1, 3]]), text_of([[1, 2], [3, 4]]))
    assert found.parts["sample"][0] == pytest.approx(5 / 9)
    assert found.value == pytest.approx(5 / 9)


@pytest.mark.parametrize("rows", [[[1, 2, 2], [2], [3, 1, 1, 4], [1, 4]], [[1], [2], [2], [3], [1], [1]]])
def test_jackknives_are_those_of_plain_loops(rows):
    """Every document left out in turn, everything computed anew; the reference cancels in the part."""
    fixed = text_of([[1, 2, 3]] * 4)
    for metric in (GiniSimpson(level=0.5), Entropy(level=0.5)):
        value, low, high = metric(text_of(rows), fixed).parts["sample"]
        left = [
            metric(text_of(rows[:at] + rows[at + 1 :]), fixed).parts["sample"][0] for at in range(len(rows))
        ]
        reach = t.isf(0.25, len(rows) - 1) * ((len(rows) - 1) * np.var(left)) ** 0.5
        np.testing.assert_allclose((low, high), (value - reach, value + reach))


def test_terms_of_the_entropy_follow_their_recursion():
    """G(1) = -gamma - ln 2, G(2) = 2 + G(1), G(2n + 1) = G(2n), G(2n + 2) = G(2n) + 2 / (2n + 1)."""
    table = [0.0, -np.euler_gamma - log(2), 2 - np.euler_gamma - log(2)]
    while len(table) < 41:
        at = len(table)
        table.append(table[at - 1] if at % 2 else table[at - 2] + 2 / (at - 1))
    counts = np.arange(41)
    np.testing.assert_allclose(_terms(counts), counts * np.array(table), atol=1e-12)


def test_entropy_of_a_large_sample_is_scipys():
    sample = labels(np.random.default_rng(2), 100_000, LAW[:20])
    counts = np.unique(sample.rows.astype(str), return_counts=True)[1]
    found = Entropy()(sample, sample)
    assert found.parts["sample"][0] == pytest.approx(entropy(counts), abs=20 / 100_000)


def test_bias_is_a_fraction_of_the_plug_ins():
    """1000 labels of Zipf's law at 300 draws: a half of it is left, and none of the difference's."""
    rng = np.random.default_rng(3)
    truth, corrected, plug_in, difference = entropy(LAW), [], [], []
    for _ in range(200):
        sample = labels(rng, 300)
        found = Entropy()(sample, labels(rng, 1500))
        corrected.append(found.parts["sample"][0] - truth)
        plug_in.append(entropy(np.unique(sample.rows.astype(str), return_counts=True)[1]) - truth)
        difference.append(found.value)
    assert abs(np.mean(corrected)) < 0.6 * abs(np.mean(plug_in))
    assert_means(np.array(difference), np.array(0.0))
    with pytest.raises(AssertionError, match="differ from theory"):
        assert_means(np.array(plug_in), np.array(0.0))


@pytest.mark.parametrize("metric", [GiniSimpson(), Entropy()])
@pytest.mark.parametrize(("make", "sizes"), [(labels, (400, 800)), (texts, (40, 80))])
def test_intervals_cover_what_is_healthy(metric, make, sizes):
    rng = np.random.default_rng(4)
    found = [metric(make(rng, sizes[0]), make(rng, sizes[1])) for _ in range(120)]
    low, high = np.array([(each.low, each.high) for each in found]).T
    healthy = float(metric.about.healthy)
    assert_covers(low, high, healthy)
    assert_halves_miss(low, high, healthy)


def test_a_sample_of_one_label_has_no_diversity():
    found = GiniSimpson()(repeated([9]), repeated([3, 4, 5]))
    assert (found.value, found.low, found.high) == (0, 0, 0)
    with pytest.raises(SampleError, match="the real data have none"):
        GiniSimpson()(repeated([3, 4]), repeated([9]))
    with pytest.raises(SampleError, match="at least two documents"):
        GiniSimpson()(text_of([[1, 2]]), text_of([[1, 2], [1]]))
