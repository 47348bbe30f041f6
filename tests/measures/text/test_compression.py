"""Compression is zlib's, at equal length."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from headwater.errors import SampleError
from headwater.measures.text.compression import Compression
from headwater.samples.values import Sample
from tests.measures.text.worlds import assert_covers, assert_halves_miss, texts


def test_parts_are_bytes_of_zlib_over_bytes():
    """One document of 2000 random digits cut into 20 blocks; digits need 0.415 of a byte at least."""
    digits = "".join(map(str, np.random.default_rng(1).integers(10, size=20_000)))
    found = Compression()(Sample.of([digits], "text"), Sample.of(["ab" * 10_000], "text"))
    blocks = [digits[at : at + 1000].encode() for at in range(0, 20_000, 1000)]
    assert found.parts["sample"][0] == pytest.approx(sum(len(zlib.compress(b, 9)) for b in blocks) / 20_000)
    assert np.log2(10) / 8 < found.parts["sample"][0] < 0.6
    assert found.value > 10 and found.notes == ("in 20 blocks of 1000 bytes",)


def test_length_does_not_matter():
    rng = np.random.default_rng(2)
    found = [Compression()(texts(rng, 60), texts(rng, 240)) for _ in range(120)]
    low, high = np.array([(each.low, each.high) for each in found]).T
    assert_covers(low, high, 1)
    assert_halves_miss(low, high, 1)


def test_documents_that_repeat_each_other_compress_further():
    """Every document occurs three times in a text that zlib can look back over."""
    rng = np.random.default_rng(3)
    some = texts(rng, 40).rows
    found = Compression()(Sample.of(np.tile(some, 3), "text"), texts(rng, 120))
    assert found.high < 1


def test_too_short_a_text_is_refused():
    with pytest.raises(SampleError, match="the shorter text has 3 bytes"):
        Compression()(Sample.of(["abc"], "text"), Sample.of(["abc" * 1000], "text"))
