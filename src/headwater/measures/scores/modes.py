"""Which mode of real data rows belong to: the share of one falls when a model drops it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from headwater.measures.numeric.modes import RealModes
from headwater.measures.scores.contract import Aspect, Worse
from headwater.measures.scores.learned import Learned
from headwater.measures.scores.units import Index, check_sample
from headwater.samples.values import Array, Kind, Sample

LEAST = 0.01
"""Share of the frame below which a mode is not followed."""

FEWEST = 30
"""Rows of the frame below which a numeric mode is not followed: it may be no mode at all."""

FOLLOWED = 20
"""Labels that are followed, at most: the most frequent."""


@dataclass(frozen=True, eq=False)
class Modes:
    """Indicators that a row belongs to each mode of the frame.

    Attributes
    ----------
    followed
        Numbers of the modes that have a part; a row of another mode is of none.
    """

    name: ClassVar[str] = "modes"
    kinds: ClassVar[tuple[Kind, ...]] = ("numeric",)
    aspect: ClassVar[Aspect] = "modes"
    worse: ClassVar[Worse] = "lower"

    real: RealModes
    followed: Index
    features: int

    @property
    def parts(self) -> tuple[str, ...]:
        """``mode 1``, ... the most frequent first."""
        return tuple(f"mode {each + 1}" for each in self.followed)

    def values(self, sample: Sample) -> Array:
        """(rows, modes) 1 for the mode that a row belongs to, 0 for the others."""
        check_sample(self.name, "numeric", self.features, sample)
        mode, _ = self.real.assign(sample.rows)
        return np.asarray(mode[:, None] == self.followed, float)


@dataclass(frozen=True, eq=False)
class FrequentLabels:
    """Indicators that a label is each of the frame's most frequent ones."""

    name: ClassVar[str] = "modes"
    kinds: ClassVar[tuple[Kind, ...]] = ("categorical",)
    aspect: ClassVar[Aspect] = "modes"
    worse: ClassVar[Worse] = "lower"

    parts: tuple[str, ...]

    def values(self, sample: Sample) -> Array:
        """(rows, labels) 1 for the label that a row is, 0 for the others."""
        check_sample(self.name, "categorical", 1, sample)
        place = {label: index for index, label in enumerate(self.parts)}
        found = np.fromiter((place.get(label, -1) for label in sample.rows), np.int64, len(sample))
        return np.asarray(found[:, None] == np.arange(len(self.parts)), float)


def fit(frame: Learned) -> Modes | FrequentLabels | None:
    """To the frame; None where it has one mode only, or no label makes up 1 % of it."""
    if frame.sample.kind == "numeric":
        rows, features = frame.sample.rows.shape
        mode, _ = frame.modes.assign(frame.sample.rows)
        large = np.bincount(mode, minlength=len(frame.modes)) >= max(FEWEST, LEAST * rows)
        followed = np.flatnonzero(large)
        return Modes(frame.modes, followed, features) if len(followed) > 1 else None
    vocabulary = frame.vocabulary
    frequent = vocabulary.counts >= LEAST * len(frame.sample)
    labels = tuple(vocabulary.number)[: min(int(frequent.sum()), FOLLOWED)]
    return FrequentLabels(labels) if labels else None
