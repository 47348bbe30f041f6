"""Exponents are those of a grid of likelihoods, and planted ones; a planted cut is found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp

from headwater.errors import SampleError
from headwater.measures.text.tokens import encode
from headwater.measures.text.zipf import STEEPEST, Zipf, _exponent, _ranks
from headwater.samples.values import Sample
from tests.measures.text.worlds import assert_covers, assert_halves_miss, labels, texts

RANKS = np.arange(1, 1001)


def test_the_exponent_has_the_highest_likelihood():
    """Among 801 of them, with ranks that plain sorting confirms."""
    rng = np.random.default_rng(1)
    (tokens,) = encode(labels(rng, 2000))
    rank = _ranks(tokens.counts, seed=0)
    assert sorted(rank) == list(range(1, len(rank) + 1))
    assert (np.diff(tokens.counts[np.argsort(rank)]) <= 0).all()
    logs = np.log(np.arange(1, len(rank) + 1))
    grid = np.linspace(0.5, 1.3, 801)
    normal = np.array([logsumexp(-each * logs) for each in grid])
    likelihood = -grid * np.log(rank[tokens.codes]).sum() - 2000 * normal
    assert _exponent(tokens, rank).value == pytest.approx(grid[likelihood.argmax()], abs=1e-3)


@pytest.mark.parametrize("exponent", [0.8, 1.5])
def test_a_planted_exponent_is_found(exponent):
    """Of laws on the same ranks; real data has 1, and half of 100,000 rows find its ranks well enough."""
    rng = np.random.default_rng(2)
    found = Zipf()(labels(rng, 50_000, RANKS**-exponent), labels(rng, 100_000))
    assert found.parts["sample"][0] == pytest.approx(exponent, abs=0.03)
    assert found.parts["reference"][0] == pytest.approx(1, abs=0.03)
    assert found.low < exponent - 1 < found.high or abs(found.value - (exponent - 1)) < 0.03


@pytest.mark.parametrize("cut", [30, 200])
def test_a_planted_cut_is_found(cut):
    """No word beyond a rank: half of the mass beyond k is gone where k is a little below the cut."""
    rng = np.random.default_rng(3)
    found = Zipf()(labels(rng, 50_000, np.where(cut >= RANKS, 1 / RANKS, 0)), labels(rng, 100_000))
    tail = np.cumsum((1 / RANKS)[::-1])[::-1]
    mass = 1 - tail[cut] / tail[0]
    left = (tail[:-1] - tail[cut]) / mass
    expected = RANKS[np.flatnonzero(left < tail[:-1] / 2)[0]] - 1
    assert found.parts["cut-off"][0] == pytest.approx(expected, abs=0.05 * cut + 1)


def test_real_data_has_no_cut_off_and_ranks_of_its_own_do_not_bend_it():
    """Small samples, where ranks by a sample's own counts would make it steeper by several errors."""
    rng = np.random.default_rng(4)
    for make, sizes in ((labels, (400, 1200)), (texts, (40, 120))):
        found = [Zipf()(make(rng, sizes[0]), make(rng, sizes[1])) for _ in range(100)]
        low, high = np.array([(each.low, each.high) for each in found]).T
        assert_covers(low, high, 0)
        assert_halves_miss(low, high, 0)
        assert np.isinf([each.parts["cut-off"][0] for each in found]).mean() > 0.99


def test_one_word_alone_is_steeper_than_any_law():
    rng = np.random.default_rng(5)
    found = Zipf()(Sample.of(["w0"] * 500, "categorical"), labels(rng, 5000))
    assert found.parts["sample"][0] == STEEPEST and np.isnan(found.low)
    assert found.parts["cut-off"][0] == 1
    with pytest.raises(SampleError, match="no word of the sample"):
        Zipf()(Sample.of(["?"] * 5, "categorical"), labels(rng, 50))
    with pytest.raises(SampleError, match="one word"):
        Zipf()(Sample.of(["x"], "categorical"), Sample.of(["x"] * 4, "categorical"))
