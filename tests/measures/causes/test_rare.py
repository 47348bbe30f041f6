"""A loop that samples its own labels again keeps the mass of the rare ones and loses most of them."""

from __future__ import annotations

import math

import numpy as np

from headwater.measures.causes import Evidence, differential
from headwater.measures.causes.rare import rare_left
from headwater.samples.values import Sample

SYMBOLS, BUDGET, REAL = 8_000, 4_000, 12_000


def _labels(shares, rows, rng):
    return Sample.of([f"s{at}" for at in rng.choice(SYMBOLS, rows, p=shares)], "categorical")


def _loop(generations, rng):
    shares = 1 / np.arange(1, SYMBOLS + 1)
    shares /= shares.sum()
    real, line = _labels(shares, REAL, rng), {}
    for generation in range(generations + 1):
        line[generation] = _labels(shares, BUDGET, rng)
        shares = rng.multinomial(BUDGET, shares) / BUDGET
    return real, line


def test_the_tail_sample_falls_as_theory_says():
    """A sample of generation T, drawn T + 1 times over, has about 2N / (T + 2) (theory of the lone loop)."""
    real, line = _loop(8, np.random.default_rng(1))
    left = rare_left([line[0], line[2], line[8]], real, 0)
    for (log, error), expected in zip(left, (BUDGET, 2 * BUDGET / 4, 2 * BUDGET / 10), strict=True):
        # the formula is for large T: a tenth for it, and five standard errors
        assert abs(log - math.log(expected)) < 0.1 + 5 * error


def test_its_fall_is_evidence_for_collapse_and_standing_still_is_not():
    rng = np.random.default_rng(2)
    real, line = _loop(10, rng)
    words = "logarithm by which the tail sample fell"

    def said(generations):
        found = differential(Evidence(generations, real, ancestry="synthetic"))
        return next(each for each in found.weighings if each.cause == "collapse")

    assert any(sentence.startswith(words) for sentence in said(line).for_)
    still = {generation: _loop(0, rng)[1][0] for generation in range(4)}
    assert not any(sentence.startswith(words) for sentence in said(still).for_)


def test_numbers_and_labels_that_are_all_common_have_no_rare_ones():
    rng = np.random.default_rng(3)
    numbers = Sample.of(rng.normal(size=(100, 1)))
    assert rare_left([numbers, numbers], numbers, 0) is None
    common = Sample.of(["a", "b"] * 200, "categorical")
    assert rare_left([common, common], common, 0) is None
