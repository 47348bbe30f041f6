"""How many of the rare real labels or words a line of samples still has."""

from __future__ import annotations

import math
from collections.abc import Sequence

from headwater.errors import SampleError
from headwater.measures.text.tail_sample import TailSample
from headwater.samples.values import Sample

LEVEL = 0.95
ROOM = 0.4
"""Rows of a sample over those of the real data, at most: of more no real sample is there to compare with."""


def rare_left(line: Sequence[Sample], real: Sample, seed: int) -> list[tuple[float, float]] | None:
    """Logarithm of each sample's tail sample, all of equally many rows, and its standard error.

    None for numbers, where nothing is rare, and where a sample has none of the rare at all.
    """
    if real.kind == "numeric":
        return None
    rows = min(round(ROOM * len(real)), *map(len, line))
    if rows < 1:
        return None
    metric = TailSample(level=LEVEL, seed=seed)
    left = []
    for sample in line:
        try:
            found = metric(sample.thinned(rows, seed), real)
        except SampleError:
            return None
        if not (found.low > 0 and math.isfinite(found.high)):
            return None
        # 1.96 standard errors on each side
        left.append((math.log(found.value), math.log(found.high / found.low) / (2 * 1.96)))
    return left
