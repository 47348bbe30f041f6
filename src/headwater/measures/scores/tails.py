"""Whether rows lie in the tails of real data, in each direction and overall: tails are lost first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from headwater.measures.scores.contract import Aspect, Worse
from headwater.measures.scores.learned import Learned
from headwater.measures.scores.principal import SLACK, Principal
from headwater.measures.scores.units import check_sample
from headwater.samples.values import Array, Kind, Sample

TAIL = 0.02
"""Share of the frame at each end."""


@dataclass(frozen=True, eq=False)
class Tails:
    """Indicators that a row is below the low or above the high quantile of a direction, or far out.

    Ends of which the frame has no row (a constant feature, a pile of zeros at the low end) have no part.

    Attributes
    ----------
    low, high
        (directions,) quantiles of the frame.
    outer
        Quantile of the frame's squared Mahalanobis distances.
    kept
        (2 x directions + 1,) which of all ends are parts.
    """

    name: ClassVar[str] = "tails"
    kinds: ClassVar[tuple[Kind, ...]] = ("numeric",)
    aspect: ClassVar[Aspect] = "tails"
    worse: ClassVar[Worse] = "lower"

    principal: Principal
    low: Array
    high: Array
    outer: float
    kept: NDArray[np.bool_]

    @property
    def parts(self) -> tuple[str, ...]:
        """``<direction> low``, ``<direction> high`` and ``outer``, as far as real data has them."""
        names = self.principal.shown_names
        ends = [f"{each} low" for each in names] + [f"{each} high" for each in names] + ["outer"]
        return tuple(end for end, kept in zip(ends, self.kept, strict=True) if kept)

    def values(self, sample: Sample) -> Array:
        """(rows, parts) 1 for rows in that tail, 0 for others."""
        check_sample(self.name, "numeric", len(self.principal.centre), sample)
        return self._ends(sample.rows)[:, self.kept].astype(float)

    def _ends(self, rows: Array) -> NDArray[np.bool_]:
        inside = self.principal.shown(rows)
        outer = self.principal.radius(rows)[:, None] > self.outer * (1 + SLACK)
        return np.hstack([inside < self.low - SLACK, inside > self.high + SLACK, outer])


def fit(frame: Learned) -> Tails | None:
    """To the frame; None where it has no tails, all its rows being the same."""
    principal = frame.principal
    low, high = np.quantile(principal.shown(frame.sample.rows), [TAIL, 1 - TAIL], axis=0)
    outer = float(np.quantile(principal.radius(frame.sample.rows), 1 - TAIL))
    everything = np.ones(2 * len(low) + 1, bool)
    kept = np.any(Tails(principal, low, high, outer, everything)._ends(frame.sample.rows), axis=0)
    return Tails(principal, low, high, outer, kept) if kept.any() else None
