"""Whether rows lie between the modes of real data: rises when modes run into each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from headwater.measures.numeric.modes import RealModes
from headwater.measures.scores.contract import Aspect, Worse
from headwater.measures.scores.learned import Learned
from headwater.measures.scores.principal import SLACK
from headwater.measures.scores.units import Index, check_sample, column
from headwater.samples.values import Array, Kind, Sample

BETWEEN = 0.02
"""Share of each mode's rows in the frame that are at least this ambiguous."""

FEWEST = 30
"""Rows of the frame below which a mode's limit is not known, and no row of it lies between."""


@dataclass(frozen=True, eq=False)
class Entanglement:
    """Indicator that a row is more ambiguous than 98 % of the frame's rows of the same mode.

    A row's ambiguity is the chance that it is of the second likeliest mode over that of the likeliest.
    Because every mode has its own quantile, a lost mode alone does not move the mean, nor does how far
    apart modes are.

    Attributes
    ----------
    limits
        (modes,) ambiguity beyond which a row of that mode lies between modes.
    """

    name: ClassVar[str] = "entanglement"
    kinds: ClassVar[tuple[Kind, ...]] = ("numeric",)
    aspect: ClassVar[Aspect] = "entanglement"
    worse: ClassVar[Worse] = "higher"
    parts: ClassVar[tuple[str, ...]] = ("between",)

    real: RealModes
    limits: Array
    features: int

    def values(self, sample: Sample) -> Array:
        """(rows, 1) 1 for rows between modes, 0 for others."""
        check_sample(self.name, "numeric", self.features, sample)
        mode, ambiguity = _ambiguity(self.real, sample.rows)
        return column(ambiguity > self.limits[mode])


def fit(frame: Learned) -> Entanglement | None:
    """To the frame; None where it has one mode only."""
    if len(frame.modes) < 2:
        return None
    mode, ambiguity = _ambiguity(frame.modes, frame.sample.rows)
    limits = np.ones(len(frame.modes))
    for each in np.flatnonzero(np.bincount(mode, minlength=len(limits)) >= FEWEST):
        # Rounding must not break ties.
        limits[each] = np.quantile(ambiguity[mode == each], 1 - BETWEEN) * (1 + SLACK)
    return Entanglement(frame.modes, limits, frame.sample.dimensions)


def _ambiguity(real: RealModes, rows: Array) -> tuple[Index, Array]:
    mode, chances = real.assign(rows)
    likeliest = np.partition(chances, -2, axis=1)[:, -2:]
    return mode, likeliest[:, 0] / likeliest[:, 1]
