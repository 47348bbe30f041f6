"""How far rows lie from the centre of real data: falls when variance is lost, in any direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from headwater.measures.scores.contract import Aspect, Worse
from headwater.measures.scores.learned import Learned
from headwater.measures.scores.principal import Principal
from headwater.measures.scores.units import check_sample, column
from headwater.samples.values import Array, Kind, Sample

WINSOR = 0.95
"""Quantile of the frame's own radii beyond which all are alike: what is beyond is for `tails`.

A later one would let the few far rows of a law with heavy tails hide what happens to all others."""


@dataclass(frozen=True, eq=False)
class Spread:
    """Squared distance to the centre, every direction in its own units, as a share of `farthest`.

    Its mean falls nearly as the variance does: by a little less, as the outermost 5 % of rows are all
    alike. Variance that is lost in one direction of many moves it little; `tails` sees that first.
    """

    name: ClassVar[str] = "spread"
    kinds: ClassVar[tuple[Kind, ...]] = ("numeric",)
    aspect: ClassVar[Aspect] = "spread"
    worse: ClassVar[Worse] = "lower"
    parts: ClassVar[tuple[str, ...]] = ("radius",)

    principal: Principal
    farthest: float

    def values(self, sample: Sample) -> Array:
        """(rows, 1)."""
        check_sample(self.name, "numeric", len(self.principal.centre), sample)
        return column(np.minimum(self.principal.radius(sample.rows) / self.farthest, 1.0))


def fit(frame: Learned) -> Spread | None:
    """To the frame; None where all its rows are the same."""
    principal = frame.principal
    farthest = float(np.quantile(principal.radius(frame.sample.rows), WINSOR))
    return Spread(principal, farthest) if farthest > 0 else None
