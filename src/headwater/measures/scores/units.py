"""What scores share: refusing samples that they were not fitted for, and pairing rows at random.

Geometry of numeric rows is in `principal`, words of text in `words`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from headwater.errors import SampleError
from headwater.samples.values import Array, Kind, Sample

Index = NDArray[np.intp]


def check_sample(name: str, kind: Kind, dimensions: int, sample: Sample) -> None:
    """Refuse a sample of another kind or dimension than the score was fitted on.

    Raises
    ------
    SampleError
        If it is one.
    """
    if sample.kind != kind:
        raise SampleError(
            f"{name} was fitted on {kind} rows, the sample is {sample.kind}",
            f"give a {kind} sample, or fit a frame to {sample.kind} real data",
        )
    if sample.dimensions != dimensions:
        raise SampleError(
            f"{name} was fitted on {dimensions} features, the sample has {sample.dimensions}",
            "give the features of the real data, in the same order",
        )


def disjoint_pairs(count: int, seed: int) -> tuple[Index, Index]:
    """First and second rows of ``count // 2`` pairs: every row at most once, paired at random.

    At random, because neighbours in a file may be alike for reasons of their own.
    """
    order = np.random.default_rng(seed).permutation(count)[: count - count % 2]
    return order[0::2], order[1::2]


def column(values: NDArray[Any]) -> Array:
    """(units, 1): the values of a score of one part."""
    return np.asarray(values, float)[:, None]
