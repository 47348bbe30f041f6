"""Rare items that repeat: what a loop that only samples again does to them, whatever their mass."""

from __future__ import annotations

import numpy as np

from headwater.measures.frame import fit_frame
from headwater.samples.values import Sample
from tests.oracles.agreement import assert_means

SYMBOLS = 4_000
REAL = 4_000


def _labels(shares, rows, rng):
    return Sample.of([f"s{at}" for at in rng.choice(SYMBOLS, rows, p=shares)], "categorical")


def _zipf():
    shares = 1 / np.arange(1, SYMBOLS + 1)
    return shares / shares.sum()


def test_the_share_is_that_of_a_count_by_hand():
    """Blocks of 40 labels; the twin counts pairs of equal rare labels one by one."""
    rng = np.random.default_rng(1)
    frame = fit_frame(_labels(_zipf(), REAL, rng), names=("repeats",), seed=2)
    (score,) = frame.scores
    sample = _labels(_zipf(), 400, rng)
    order = np.random.default_rng(2).permutation(400)
    counts = {}
    for label in frame.fitted_on.rows:
        counts[label] = counts.get(label, 0) + 1
    expected = []
    for start in range(0, 400 - score.block + 1, score.block):
        rare = [sample.rows[at] for at in order[start : start + score.block]]
        rare = [label for label in rare if counts.get(label, 0) <= 3]
        distinct = []
        for label in rare:
            if label not in distinct:
                distinct.append(label)
        expected.append(min((1 - len(distinct) / len(rare)) / score.cap, 1) if rare else 0)
    np.testing.assert_allclose(score.values(sample)[:, 0], expected)


def test_sampling_again_raises_repeats_and_keeps_the_mass_of_rare_items():
    """Ten generations of 4,000 labels each: the mass of the rare is kept in the mean, repeats rise."""
    rng = np.random.default_rng(3)
    frame = fit_frame(_labels(_zipf(), REAL, rng), names=("repeats", "rare"), seed=2)
    repeats, rare = frame.scores
    mass, rise = [], []
    for _ in range(60):
        shares = _zipf()
        fresh = _labels(shares, REAL, rng)
        for _ in range(10):
            shares = rng.multinomial(REAL, shares) / REAL
        late = _labels(shares, REAL, rng)
        mass.append(rare.values(late).mean() - rare.values(fresh).mean())
        rise.append(repeats.values(late).mean() - repeats.values(fresh).mean())
    assert_means(np.array(mass)[:, None], np.zeros(1))
    assert min(rise) > 0.05
