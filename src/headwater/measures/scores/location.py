"""Where rows lie along each direction of real data: moves, either way, when the law drifts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from headwater.measures.scores.contract import Aspect, Worse
from headwater.measures.scores.learned import Learned
from headwater.measures.scores.principal import Principal
from headwater.measures.scores.units import check_sample
from headwater.samples.values import Array, Kind, Sample

ENDS = (0.001, 0.999)
"""Quantiles of the frame between which coordinates run from 0 to 1."""


@dataclass(frozen=True, eq=False)
class Location:
    """Coordinate along each direction, from 0 at its low end in the frame to 1 at its high end.

    Attributes
    ----------
    low, width
        (directions,) low end, and distance from there to the high end.
    kept
        (directions,) those along which the frame varies.
    """

    name: ClassVar[str] = "location"
    kinds: ClassVar[tuple[Kind, ...]] = ("numeric",)
    aspect: ClassVar[Aspect] = "location"
    worse: ClassVar[Worse] = "either"

    principal: Principal
    low: Array
    width: Array
    kept: NDArray[np.bool_]

    @property
    def parts(self) -> tuple[str, ...]:
        """The features if there are at most eight of them, else the eight leading directions."""
        return tuple(name for name, kept in zip(self.principal.shown_names, self.kept, strict=True) if kept)

    def values(self, sample: Sample) -> Array:
        """(rows, parts)."""
        check_sample(self.name, "numeric", len(self.principal.centre), sample)
        inside = self.principal.shown(sample.rows)[:, self.kept]
        return np.clip((inside - self.low[self.kept]) / self.width[self.kept], 0.0, 1.0)


def fit(frame: Learned) -> Location | None:
    """To the frame; None where all its rows are the same."""
    principal = frame.principal
    low, high = np.quantile(principal.shown(frame.sample.rows), ENDS, axis=0)
    kept = high > low + 1e-9
    return Location(principal, low, high - low, kept) if kept.any() else None
