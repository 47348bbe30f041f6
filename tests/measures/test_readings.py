"""Readings: what is kept of a generation, against closed forms and libraries."""

from __future__ import annotations

import json
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binom

from headwater.errors import SampleError
from headwater.measures.frame import fit_frame
from headwater.measures.readings import (
    Reading,
    budget,
    common_items,
    healthy,
    read,
    read_all,
    spread,
)
from headwater.samples.values import Moments, Sample
from tests.oracles.agreement import assert_means

ZIPF = 1 / np.arange(1, 41)
ZIPF = ZIPF / ZIPF.sum()


def drawn(kind: str, rng, rows: int) -> Sample:
    if kind == "numeric":
        return Sample.of(rng.normal(size=(rows, 2)))
    if kind == "categorical":
        return Sample.of([f"a{each}" for each in rng.choice(40, rows, p=ZIPF)], kind="categorical")
    return Sample.of([" ".join(f"w{w}" for w in rng.choice(40, 9, p=ZIPF)) for _ in range(rows)], kind="text")


KINDS = ["numeric", "categorical", "text"]


@pytest.fixture(scope="module", params=KINDS)
def framed(request):
    return request.param, fit_frame(drawn(request.param, np.random.default_rng(0), 400))


def test_a_reading_survives_json(framed):
    kind, frame = framed
    reading = read(frame, drawn(kind, np.random.default_rng(1), 200))
    assert Reading.from_dict(json.loads(json.dumps(reading.to_dict(), allow_nan=False))) == reading


def test_a_reading_repeats(framed):
    kind, frame = framed
    sample = drawn(kind, np.random.default_rng(2), 500)
    assert read(frame, sample) == read(frame, sample)


def test_a_reading_is_small(framed):
    """A monitor keeps one a generation: it does not grow with the rows."""
    kind, frame = framed
    rng = np.random.default_rng(3)
    few, many = (len(json.dumps(read(frame, drawn(kind, rng, rows)).to_dict())) for rows in (100, 2000))
    assert many < 1.2 * few
    assert many < 20_000


def test_means_and_hits_are_those_of_the_scores(framed):
    kind, frame = framed
    sample = drawn(kind, np.random.default_rng(4), 300)
    reading = read(frame, sample)
    assert list(reading.scores) == [score.name for score in frame.scores]
    for score in frame.scores:
        values = score.values(sample)
        for at, name in enumerate(score.parts):
            part = reading.scores[score.name].parts[name]
            assert part.mean == pytest.approx(values[:, at].mean())
            assert part.units == len(values)
            assert part.error == pytest.approx(values[:, at].std(ddof=1) / len(values) ** 0.5)
            if set(values[:, at]) <= {0.0, 1.0}:
                assert part.hits == values[:, at].sum()
            else:
                assert part.hits is None


def test_real_data_are_read_on_the_half_that_scores_were_not_fitted_to(framed):
    _, frame = framed
    reading = healthy(frame)
    assert reading.rows == len(frame.heldout)
    for score in frame.scores:
        means = [part.mean for part in reading.scores[score.name].parts.values()]
        assert means == pytest.approx(score.values(frame.heldout).mean(axis=0).tolist())


def test_variance_is_that_of_all_rows_seen_not_only_of_those_kept():
    rng = np.random.default_rng(5)
    real, rows = Sample.of(rng.normal(size=(500, 2)) * [3, 5]), rng.normal(size=(1000, 2)) * [6, 5]
    kept = Sample("numeric", rows[:100], ("a", "b"), 1000, Moments.of(rows))
    expected = (rows.var(axis=0, ddof=1) / real.rows.var(axis=0)).mean()
    assert spread(kept, real, 0).value == pytest.approx(expected)
    assert spread(kept, real, 0).error < spread(Sample.of(rows[:100]), real, 0).error / 2


def test_the_variance_and_its_error_are_right_for_normal_rows():
    """The mean is the ratio of variances; the squared error is 2/(n-1) of its square over the features."""
    rng = np.random.default_rng(6)
    real = Sample.of(rng.normal(size=(400, 3)))
    found = [spread(Sample.of(2**0.5 * rng.normal(size=(100, 3))), real, 0) for _ in range(600)]
    scale = (1 / real.rows.var(axis=0)).mean()
    assert_means(np.array([[each.value] for each in found]), np.array([2 * scale]))
    within = sum(abs(each.value - 2 * scale) < 1.96 * each.error for each in found)
    assert binom.ppf(1e-6, 600, 0.92) <= within
    assert sum(abs(each.value - 2 * scale) < 0.98 * each.error for each in found) < binom.ppf(1e-6, 600, 0.92)


def test_diversity_of_labels_counts_pairs_that_are_alike():
    rng = np.random.default_rng(7)
    sample = drawn("categorical", rng, 60)
    pairs = [first == second for first, second in combinations(sample.rows.tolist(), 2)]
    assert spread(sample, sample, 0).value == pytest.approx(1 / np.mean(pairs) - 1)


def test_the_share_of_equal_labels_is_unbiased_and_its_error_covers():
    rng = np.random.default_rng(8)
    truth = 1 / (ZIPF**2).sum() - 1
    found = [spread(drawn("categorical", rng, 80), drawn("categorical", rng, 30), 0) for _ in range(600)]
    assert_means(np.array([[1 / (each.value + 1)] for each in found]), np.array([(ZIPF**2).sum()]))
    with pytest.raises(AssertionError, match="differ from theory"):
        # with the pairs of a row with itself
        biased = (ZIPF**2).sum() * 79 / 80 + 1 / 80
        assert_means(np.array([[1 / (each.value + 1)] for each in found]), np.array([biased]))
    within = sum(abs(np.log(each.value / truth)) < 1.96 * each.error / each.value for each in found)
    assert within >= binom.ppf(1e-6, 600, 0.92)


def test_diversity_of_text_counts_neighbours_that_are_alike_in_different_documents():
    rng = np.random.default_rng(9)
    sample = drawn("text", rng, 30)

    def pairs(words):
        return list(zip(["<start>", *words], words, strict=False))

    alike = [
        first == second
        for one, other in combinations(sample.documents, 2)
        for first in pairs(one)
        for second in pairs(other)
    ]
    assert spread(sample, sample, 0).value == pytest.approx(1 / np.mean(alike) - 1)


def test_the_error_of_the_diversity_of_text_leaves_out_documents():
    """Against the jackknife by hand, documents in parts as they are drawn."""
    rng = np.random.default_rng(10)
    sample = drawn("text", rng, 40)
    order = np.random.default_rng(0).permutation(40)
    part = np.arange(40) * 20 // 40
    shares = []
    for left_out in range(20):
        kept = [Counter(zip(["<start>", *words], words, strict=False)) for words in
                (sample.documents[row] for row in order[part != left_out])]  # fmt: skip
        alike = sum(sum(one[pair] * other[pair] for pair in one) for one, other in combinations(kept, 2))
        shares.append(alike / sum(one.total() * other.total() for one, other in combinations(kept, 2)))
    shares = np.array(shares)
    error = (19 / 20 * ((shares - shares.mean()) ** 2).sum()) ** 0.5
    found = spread(sample, sample, 0)
    assert found.error == pytest.approx(error * (found.value + 1) ** 2)


def test_a_document_written_again_and_again_is_not_diverse():
    """Its words are as diverse as ever: it is documents that are alike."""
    rng = np.random.default_rng(11)
    real = drawn("text", rng, 200)
    stuck = Sample.of([real.rows[0]] * 200, kind="text")
    assert spread(stuck, real, 0).value < spread(real, real, 0).value / 10


@pytest.mark.parametrize("kind", KINDS)
def test_a_constant_output_has_no_variance(kind):
    real = drawn(kind, np.random.default_rng(12), 200)
    constant = Sample.of(np.zeros((50, 2))) if kind == "numeric" else Sample.of(["same"] * 50, kind=kind)
    assert spread(constant, real, 0).value == pytest.approx(0)


def test_labels_that_are_all_different_have_no_estimate():
    sample = Sample.of([f"a{each}" for each in range(50)], kind="categorical")
    assert spread(sample, sample, 0) is None


def test_all_generations_are_read_at_equally_many_items(framed):
    kind, frame = framed
    rng = np.random.default_rng(13)
    samples = {0: drawn(kind, rng, 300), 4: drawn(kind, rng, 120)}
    found = read_all(frame, samples)
    assert healthy(frame, 50).risk.items == 50
    if kind == "numeric":
        # nothing is smoothed there, and no row need be left out
        assert [found[0].risk.items, found[4].risk.items] == [300, 120]
        return
    assert found[0].risk.items == found[4].risk.items == common_items(frame, samples)
    assert common_items(frame, samples) == min(budget(frame), 120 * (9 if kind == "text" else 1))


def test_what_is_no_reading_is_refused(framed):
    kind, frame = framed
    whole = read(frame, drawn(kind, np.random.default_rng(14), 100)).to_dict()
    for wrong in ({}, whole | {"rows": "many"}, whole | {"spread": {"val": 1}}, whole | {"scores": 3}):
        with pytest.raises(SampleError, match="no reading"):
            Reading.from_dict(wrong)
    with pytest.raises(SampleError, match="0 items"):
        read(frame, drawn(kind, np.random.default_rng(15), 100), items=0)
