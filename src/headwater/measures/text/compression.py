"""How far a text can be compressed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from headwater.errors import SampleError
from headwater.measures.contract import About, Estimate, check_pair
from headwater.measures.text.spread import Spread, alone, check, check_level, pooled, ratio
from headwater.samples.values import Sample

LEAST = 64
"""Bytes of a block below which zlib's own header is what is measured."""


@dataclass(frozen=True)
class Compression:
    """Compressed bytes over bytes, of the sample over that of real data: below 1 it repeats itself.

    Documents are put in a random order, one a line, and cut into blocks of equal length, the same
    number on both sides: `block` bytes, or a twentieth of the shorter text if that is less. Each
    block is compressed alone by zlib at level 9 (which looks back 32 KiB and no further: whole
    documents that occur twice further apart are not seen). Other versions of zlib give slightly
    other bytes.

    Parts are both ratios of bytes. The interval is of a ratio of means over blocks, which are
    nearly independent since the order is random.
    """

    block: int = 2**16
    level: float = 0.95
    seed: int = 0
    about: ClassVar[About] = About(
        "compression", ("text",), "reference", 0.0, np.inf, "1", "of the real data's"
    )

    def __post_init__(self) -> None:
        check(self.block >= LEAST, "block", self.block, f"give a number of bytes, at least {LEAST}")
        check_level(self.level)

    def __call__(self, sample: Sample, reference: Sample) -> Estimate:
        """Ratio of compression, sample over reference."""
        check_pair(self.about, sample, reference)
        rng = np.random.default_rng(self.seed)
        texts = [_shuffled(each, rng) for each in (sample, reference)]
        length = min(map(len, texts))
        block = min(self.block, length // 20)
        if block < LEAST:
            raise SampleError(
                f"the shorter text has {length} bytes", f"give at least {20 * LEAST}: less does not compress"
            )
        here, there = (_compressed(text, block, length // block) for text in texts)
        parts = {"sample": alone(here, self.level), "reference": alone(there, self.level)}
        notes = (f"in {length // block} blocks of {block} bytes",)
        value = ratio(here, there, self.level)
        return Estimate(*value, self.level, "closed form over blocks", parts, notes=notes)


def _shuffled(sample: Sample, rng: np.random.Generator) -> bytes:
    return "\n".join(sample.rows[rng.permutation(len(sample))].tolist()).encode("utf-8", "surrogatepass")


def _compressed(text: bytes, block: int, blocks: int) -> Spread:
    starts = range(0, block * blocks, block)
    sizes = [len(zlib.compress(text[start : start + block], 9)) for start in starts]
    return pooled(np.array(sizes, float), np.full(blocks, float(block)))
