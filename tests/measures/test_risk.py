"""Risk against closed forms and slow twins, and what a proper score has to do."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import binom, f, norm

from headwater.measures.risk import GROUPS, items_of, population_risk
from headwater.samples.values import Sample
from tests.oracles.agreement import assert_means

ABOUT_ONE = math.sqrt(2 / math.pi)
"""Mean absolute value of a standard normal variable."""


def numbers(rng, rows: int, features: int = 1, deviation: float = 1.0) -> Sample:
    return Sample.of(deviation * rng.normal(size=(rows, features)))


def labels(rng, rows: int, chances) -> Sample:
    return Sample.of([f"a{each}" for each in rng.choice(len(chances), rows, p=chances)], kind="categorical")


def texts(rng, rows: int, follows) -> Sample:
    made = []
    for _ in range(rows):
        words = [rng.integers(len(follows))]
        for _ in range(rng.integers(3, 12)):
            words.append(rng.choice(len(follows), p=follows[words[-1]]))
        made.append(" ".join(f"w{word}" for word in words))
    return Sample.of(made, kind="text")


def expected_energy(heldout: Sample, scale: float, deviation: float) -> float:
    """Given the held-out rows, of normal rows of this deviation: folded normals in closed form."""
    real = heldout.rows[:, 0] / scale
    s = deviation / scale
    across = s * ABOUT_ONE * np.exp(-(real**2) / (2 * s**2)) + real * (1 - 2 * norm.cdf(-real / s))
    apart = np.abs(real[:, None] - real)
    floor = apart.sum() / (len(real) * (len(real) - 1)) / 2
    unit = np.abs(real - real.mean()).mean() - floor
    return (across.mean() - s * math.sqrt(2) * ABOUT_ONE / 2 - floor) / unit


@pytest.mark.parametrize("deviation", [1.0, 0.5, 1.5])
def test_the_energy_score_is_unbiased_at_forty_rows(deviation):
    """Its mean over samples is the closed form, given the held-out rows."""
    rng = np.random.default_rng(1)
    fitted_on, heldout = numbers(rng, 500), numbers(rng, 60)
    # scales and centres are those of other real data
    centred = Sample.of(heldout.rows - fitted_on.rows.mean())
    expected = expected_energy(centred, float(fitted_on.rows.std()), deviation)
    found = []
    for _ in range(1500):
        sample = Sample.of(numbers(rng, 40, 1, deviation).rows + fitted_on.rows.mean())
        found.append(population_risk(sample, fitted_on, heldout, 40, 0).value)
    assert_means(np.array(found)[:, None], np.array([expected]))
    with pytest.raises(AssertionError, match="differ from theory"):
        # what pairs of a row with itself would add, at forty rows
        biased = expected + deviation * math.sqrt(2) * ABOUT_ONE / 2 / 40 / (ABOUT_ONE * (1 - math.sqrt(0.5)))
        assert_means(np.array(found)[:, None], np.array([biased]))


def test_risk_of_numbers_is_that_of_a_slow_twin():
    rng = np.random.default_rng(2)
    fitted_on, heldout, sample = (
        numbers(rng, rows, 3, scale) for rows, scale in ((90, 2), (40, 2), (25, 1.5))
    )
    scale, centre = fitted_on.rows.std(axis=0), fitted_on.rows.mean(axis=0)
    rows, real = (sample.rows - centre) / scale, (heldout.rows - centre) / scale

    def score(rows):
        across = np.mean([np.linalg.norm(x - y) for x in rows for y in real])
        pairs = [np.linalg.norm(x - y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j]
        return across - np.mean(pairs) / 2

    floor = (
        np.mean([np.linalg.norm(x - y) for i, x in enumerate(real) for j, y in enumerate(real) if i != j]) / 2
    )
    unit = np.mean([np.linalg.norm(y - real.mean(axis=0)) for y in real]) - floor
    found = population_risk(sample, fitted_on, heldout, 100, 0)
    assert found.value == pytest.approx((score(rows) - floor) / unit)
    without = np.array([score(np.delete(rows, each, axis=0)) for each in range(25)]) / unit
    assert found.error == pytest.approx((24 / 25 * ((without - without.mean()) ** 2).sum()) ** 0.5)
    assert np.mean(found.groups) == pytest.approx(found.value)


def test_a_constant_at_the_real_mean_has_a_risk_of_one_and_the_real_law_of_zero():
    rng = np.random.default_rng(3)
    fitted_on, heldout = numbers(rng, 5000, 2), numbers(rng, 2000, 2)
    constant = Sample.of(np.tile(heldout.rows.mean(axis=0), (100, 1)))
    assert population_risk(constant, fitted_on, heldout, 2000, 0).value == pytest.approx(1)
    # a mean of 2,000 rows, whose error is told, and that of the held-out rows, which is about as large
    found = population_risk(numbers(rng, 2000, 2), fitted_on, heldout, 2000, 0)
    assert abs(found.value) < 4.9 * 2**0.5 * found.error + 1 / 2000 / 0.2


def test_the_error_of_the_energy_score_covers_the_truth():
    """Conditional on the held-out rows; the jackknife errs to the wide side."""
    rng = np.random.default_rng(4)
    fitted_on, heldout = numbers(rng, 500), numbers(rng, 200)
    expected = expected_energy(
        Sample.of(heldout.rows - fitted_on.rows.mean()), float(fitted_on.rows.std()), 0.5
    )
    within = narrow = 0
    for _ in range(400):
        sample = Sample.of(numbers(rng, 60, 1, 0.5).rows + fitted_on.rows.mean())
        found = population_risk(sample, fitted_on, heldout, 60, 0)
        within += abs(found.value - expected) < 1.96 * found.error
        narrow += abs(found.value - expected) < 1.96 * found.error / 2
    assert within >= binom.ppf(1e-6, 400, 0.93)
    assert narrow < binom.ppf(1e-6, 400, 0.93)


def test_risk_of_labels_is_that_of_a_slow_twin():
    rng = np.random.default_rng(5)
    chances = rng.dirichlet(np.ones(9))
    fitted_on, heldout = labels(rng, 100, chances), labels(rng, 60, chances)
    sample = Sample.of([*labels(rng, 37, chances).rows, "never", "ever", "seen"], kind="categorical")
    found = population_risk(sample, fitted_on, heldout, 1000, 0)
    known = set(heldout.rows)

    def bits(rows):
        counts = Counter(rows)
        total = len(rows) + 0.5 * (len(known) + 1)
        return np.mean([-math.log2((counts[each] + 0.5) / total) for each in heldout.rows])

    assert found.value == pytest.approx(bits(sample.rows))
    part = np.arange(40) * GROUPS // 40
    without = np.array([bits(sample.rows[part != each]) for each in range(GROUPS)])
    assert found.error == pytest.approx((19 / 20 * ((without - without.mean()) ** 2).sum()) ** 0.5)
    assert found.items == 40


def test_risk_of_text_is_that_of_a_slow_twin():
    rng = np.random.default_rng(6)
    follows = rng.dirichlet(0.3 * np.ones(8), 8)
    fitted_on, heldout = texts(rng, 40, follows), texts(rng, 40, follows)
    sample = Sample.of([*texts(rng, 58, follows).rows, "w1 novel w2", ""], kind="text")
    found = population_risk(sample, fitted_on, heldout, 10**6, 0)
    known = {word for words in heldout.documents for word in words}
    symbols = len(known) + 1

    def pairs(documents):
        for words in documents:
            kept = [word if word in known else "<other>" for word in words]
            yield from zip(["<start>", *kept], kept, strict=False)

    def bits(documents):
        counts = Counter(pairs(documents))
        words, before, kinds = Counter(), Counter(), Counter()
        for (first, second), count in counts.items():
            words[second] += count
            before[first] += count
            kinds[first] += 1
        total, different = sum(words.values()), len(words)
        found = []
        for first, second in pairs(heldout.documents):
            alone = (words[second] + different / symbols) / (total + different)
            after = before[first] + kinds[first]
            chance = (counts[first, second] + kinds[first] * alone) / after if after else alone
            found.append(-math.log2(chance))
        return np.mean(found)

    assert found.value == pytest.approx(bits(sample.documents))
    assert found.items == items_of(sample) == sum(map(len, sample.documents))
    order = np.random.default_rng(0).permutation(len(sample))
    part = np.arange(len(sample)) * GROUPS // len(sample)
    without = np.array(
        [bits([sample.documents[row] for row in order[part != each]]) for each in range(GROUPS)]
    )
    assert found.error == pytest.approx((19 / 20 * ((without - without.mean()) ** 2).sum()) ** 0.5)


def test_chances_of_what_follows_a_word_sum_to_one():
    """With the share that is kept for words that real data do not have: no model gains by promising more."""
    rng = np.random.default_rng(7)
    sample = texts(rng, 40, rng.dirichlet(np.ones(5), 5))
    words = Counter(word for document in sample.documents for word in document)
    known = sorted(words)
    fitted_on = Sample.of([" ".join(known)] * GROUPS, kind="text")

    def bits(text: str) -> float:
        """Of one document that is written again and again, all its words together."""
        heldout = Sample.of([text] * GROUPS, kind="text")
        return population_risk(sample, fitted_on, heldout, 10**6, 0).value * len(text.split())

    # all words are in every document, so that what is known is always the same
    whole, last = " ".join(known), known[-1]
    total = sum(2 ** (bits(whole) - bits(f"{whole} {word}")) for word in known)
    pairs = [pair for each in sample.documents for pair in pairwise(each)]
    after = Counter(second for first, second in pairs if first == last)
    unseen = len(words) / (len(known) + 1) / (sum(words.values()) + len(words))
    kept = len(after) / (sum(after.values()) + len(after)) * unseen
    assert total + kept == pytest.approx(1)


@pytest.mark.parametrize("kind", ["numeric", "categorical", "text"])
def test_lost_tails_and_repetition_raise_risk(kind):
    """Proper: the real law has the least risk, by far more than the errors of both."""
    rng = np.random.default_rng(8)
    if kind == "numeric":
        real = [numbers(rng, 2000, 2) for _ in range(3)]
        worse = Sample.of(np.clip(real[2].rows, -0.8, 0.8))
    elif kind == "categorical":
        chances = np.arange(1.0, 31) / np.arange(1.0, 31).sum()
        real = [labels(rng, 2000, chances) for _ in range(3)]
        sharp = chances**3
        worse = labels(rng, 2000, sharp / sharp.sum())
    else:
        follows = rng.dirichlet(0.3 * np.ones(20), 20)
        real = [texts(rng, 400, follows) for _ in range(3)]
        worse = Sample.of(list(real[2].rows[:20]) * 20, kind="text")
    fitted_on, heldout, same = real
    items = min(items_of(same), items_of(worse))
    good = population_risk(same, fitted_on, heldout, items, 0)
    bad = population_risk(worse, fitted_on, heldout, items, 0)
    assert bad.value - good.value > 4.9 * math.hypot(bad.error, good.error)


def test_shared_noise_of_held_out_data_cancels_between_two_samples():
    """Differences of two samples' groups vary by far less than twice what one sample's groups do."""
    rng = np.random.default_rng(9)
    fitted_on, heldout = numbers(rng, 2000), numbers(rng, 500)
    first, second = (
        np.array(population_risk(numbers(rng, 1000), fitted_on, heldout, 1000, 0).groups) for _ in "ab"
    )
    # were they independent, the ratio would have the law of an F
    assert (first - second).var() / (2 * first.var()) < f.ppf(1e-6, GROUPS - 1, GROUPS - 1)


def test_a_feature_that_never_varies_does_no_harm():
    rng = np.random.default_rng(10)

    def with_constant(rows: int) -> Sample:
        return Sample.of(np.column_stack([rng.normal(size=rows), np.full(rows, 7.0)]))

    found = population_risk(with_constant(300), with_constant(300), with_constant(300), 300, 0)
    assert abs(found.value) < 0.2


@pytest.mark.parametrize("kind", ["numeric", "categorical", "text"])
def test_fewer_than_twenty_rows_have_no_risk(kind):
    rng = np.random.default_rng(11)
    few, many = (
        Sample.of(rng.normal(size=rows)) if kind == "numeric" else Sample.of(["a b"] * rows, kind=kind)
        for rows in (19, 50)
    )
    assert population_risk(few, many, many, 100, 0) is None
    assert population_risk(many, many, few, 100, 0) is None


def test_texts_without_words_have_no_risk():
    empty, full = Sample.of(["", "?"] * 20, kind="text"), Sample.of(["a b"] * 40, kind="text")
    assert population_risk(empty, full, full, 100, 0) is None
    assert population_risk(full, full, empty, 100, 0) is None


def test_new_real_text_is_no_rise_of_risk_over_other_real_text():
    """Given held-out text, two samples of equally many words have one risk in the mean, the frame's own too.

    A vocabulary of the frame's words would leave no unknown word to it and all to the other.
    """
    rng = np.random.default_rng(11)
    shares = 1 / np.arange(1, 20_001)
    words = np.array([f"w{each}" for each in range(20_000)])

    def draw(documents):
        rows = [" ".join(rng.choice(words, 15, p=shares / shares.sum())) for _ in range(documents)]
        return Sample.of(rows, kind="text")

    rise = []
    for _ in range(60):
        fitted_on, heldout, new = draw(100), draw(100), draw(100)
        risks = [population_risk(each, fitted_on, heldout, 1500, 0).value for each in (new, fitted_on)]
        rise.append(risks[0] - risks[1])
    assert_means(np.array(rise)[:, None], np.zeros(1))
