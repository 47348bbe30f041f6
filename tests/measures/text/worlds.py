"""Samples whose law is known, and an exact bound on how often an interval may miss."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import Generator
from scipy.stats import binom

from headwater.samples.values import Sample

LAW = 1 / np.arange(1, 1001)
LAW /= LAW.sum()
NAMES = np.array([f"w{rank}" for rank in range(len(LAW))], dtype=object)
TOPICS = np.array([np.random.default_rng(topic).permutation(len(LAW)) for topic in range(10)])


def labels(rng: Generator, count: int, law=LAW) -> Sample:
    """Independent labels of Zipf's law."""
    return Sample.of(NAMES[rng.choice(len(law), count, p=law / law.sum())], "categorical")


def texts(rng: Generator, count: int) -> Sample:
    """Documents of 20 to 59 words of which half are of the document's topic and a fifth occurred before."""
    sizes = rng.integers(20, 60, count)
    words = rng.choice(len(LAW), (count, 59), p=LAW)
    topic = TOPICS[rng.integers(len(TOPICS), size=count)]
    words = np.where(rng.random(words.shape) < 0.5, np.take_along_axis(topic, words, axis=1), words)
    again, each = rng.random(words.shape) < 0.2, np.arange(count)
    for at in range(1, words.shape[1]):
        earlier = words[each, rng.integers(at, size=count)]
        words[:, at] = np.where(again[:, at], earlier, words[:, at])
    return Sample.of([" ".join(NAMES[row[:size]]) for row, size in zip(words, sizes, strict=True)], "text")


def text_of(codes) -> Sample:
    """Documents of words given by number."""
    return Sample.of([" ".join(f"w{code}" for code in row) for row in codes], "text")


def assert_covers(low, high, truth: float, level: float = 0.95, false_alarm: float = 1e-6) -> None:
    """Intervals miss no more often than one in 1 / (1 - level) may, by an exact binomial bound."""
    low, high = np.asarray(low), np.asarray(high)
    assert (low <= high).all()
    missed = int(((truth < low) | (truth > high)).sum())
    allowed = int(binom.isf(false_alarm, len(low), 1 - level))
    assert missed <= allowed, f"{missed} of {len(low)} intervals miss {truth}, {allowed} allowed"


def assert_halves_miss(low, high, truth: float) -> None:
    """Control: the same intervals at half their width are refused by the same bound."""
    low, high = np.asarray(low), np.asarray(high)
    with pytest.raises(AssertionError, match="intervals miss"):
        assert_covers(0.75 * low + 0.25 * high, 0.25 * low + 0.75 * high, truth)
