"""Whether two rows drawn at random are alike: rises when a model repeats itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from headwater.measures.scores.contract import Aspect, Worse
from headwater.measures.scores.learned import Learned
from headwater.measures.scores.principal import ROUNDING, Principal
from headwater.measures.scores.units import Index, check_sample, column, disjoint_pairs
from headwater.samples.values import Array, Kind, Sample

NEAR = 0.01
"""Share of the frame's pairs that are at most this close."""

PAIRS = 100_000
"""Pairs of the frame that are looked at."""


@dataclass(frozen=True, eq=False)
class NearPairs:
    """Indicator that a pair of rows is as close as the closest 1 % of pairs of the frame.

    Distances are Euclidean between standardised features. A unit is a pair, each row in one pair.
    """

    name: ClassVar[str] = "matches"
    kinds: ClassVar[tuple[Kind, ...]] = ("numeric",)
    aspect: ClassVar[Aspect] = "repetition"
    worse: ClassVar[Worse] = "higher"
    parts: ClassVar[tuple[str, ...]] = ("near",)

    principal: Principal
    nearest: float
    seed: int

    def values(self, sample: Sample) -> Array:
        """(rows // 2, 1) 1 for pairs that match, 0 for others."""
        check_sample(self.name, "numeric", len(self.principal.centre), sample)
        rows = self.principal.standardised(sample.rows)
        first, second = disjoint_pairs(len(rows), self.seed)
        return column(_apart(rows, first, second) <= self.nearest * (1 + ROUNDING) + ROUNDING)


@dataclass(frozen=True, eq=False)
class EqualLabels:
    """Indicator that a pair of rows has one label; its mean is the Simpson index [simpson1949measurement]_.

    A unit is a pair, each row in one pair.
    """

    name: ClassVar[str] = "matches"
    kinds: ClassVar[tuple[Kind, ...]] = ("categorical",)
    aspect: ClassVar[Aspect] = "repetition"
    worse: ClassVar[Worse] = "higher"
    parts: ClassVar[tuple[str, ...]] = ("equal",)

    seed: int

    def values(self, sample: Sample) -> Array:
        """(rows // 2, 1) 1 for pairs that are equal, 0 for others."""
        check_sample(self.name, "categorical", 1, sample)
        first, second = disjoint_pairs(len(sample), self.seed)
        return column(sample.rows[first] == sample.rows[second])


@dataclass(frozen=True, eq=False)
class SharedWords:
    """Words that a pair of documents shares, as a share of all distinct words of both (Jaccard).

    Two empty documents are equal: 1. A unit is a pair, each document in one pair.
    """

    name: ClassVar[str] = "matches"
    kinds: ClassVar[tuple[Kind, ...]] = ("text",)
    aspect: ClassVar[Aspect] = "repetition"
    worse: ClassVar[Worse] = "higher"
    parts: ClassVar[tuple[str, ...]] = ("shared",)

    seed: int

    def values(self, sample: Sample) -> Array:
        """(documents // 2, 1)."""
        check_sample(self.name, "text", 1, sample)
        words = [frozenset(document) for document in sample.documents]
        pairs = zip(*(index.tolist() for index in disjoint_pairs(len(words), self.seed)), strict=True)
        return column(np.array([_jaccard(words[first], words[second]) for first, second in pairs]))


def fit(frame: Learned) -> NearPairs | EqualLabels | SharedWords:
    """To the frame; only the numeric score has anything to learn from it."""
    if frame.sample.kind == "categorical":
        return EqualLabels(frame.seed)
    if frame.sample.kind == "text":
        return SharedWords(frame.seed)
    principal = frame.principal
    rows = principal.standardised(frame.sample.rows)
    rng = np.random.default_rng(frame.seed)
    first = rng.integers(len(rows), size=PAIRS)
    second = (first + rng.integers(1, len(rows), size=PAIRS)) % len(rows)
    nearest = float(np.quantile(_apart(rows, first, second), NEAR))
    return NearPairs(principal, nearest, frame.seed)


def _apart(rows: Array, first: Index, second: Index) -> Array:
    """(pairs,) distances, a block of pairs at a time."""
    block = 8192
    parts = [
        np.linalg.norm(rows[first[start : start + block]] - rows[second[start : start + block]], axis=1)
        for start in range(0, len(first), block)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def _jaccard(first: frozenset[str], second: frozenset[str]) -> float:
    union = len(first | second)
    return len(first & second) / union if union else 1.0
