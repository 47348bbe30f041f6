"""Whether rows lie where real data has none: rises when a model makes things up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from headwater.measures.scores.contract import Aspect, Worse
from headwater.measures.scores.learned import Learned
from headwater.measures.scores.principal import ROUNDING, Principal
from headwater.measures.scores.units import check_sample, column
from headwater.samples.values import Array, Kind, Sample

OUTSIDE = 0.01
"""Share of the frame that is at least this far from the rest of the frame."""

MOST = 5000
"""Rows of the frame that are searched, at most: more would make every later check slower."""


@dataclass(frozen=True, eq=False)
class Support:
    """Indicator that a row is farther from every frame row than 99 % of frame rows are from the others.

    Distances are Euclidean between standardised features. With many features all distances are
    alike, and only rows that are far off are seen.

    Attributes
    ----------
    index
        Nearest-neighbour search over the frame's rows.
    farthest
        Distance beyond which a row counts as made up.
    """

    name: ClassVar[str] = "support"
    kinds: ClassVar[tuple[Kind, ...]] = ("numeric",)
    aspect: ClassVar[Aspect] = "hallucination"
    worse: ClassVar[Worse] = "higher"
    parts: ClassVar[tuple[str, ...]] = ("outside",)

    principal: Principal
    index: Any
    farthest: float

    def values(self, sample: Sample) -> Array:
        """(rows, 1) 1 for rows off the support, 0 for others."""
        check_sample(self.name, "numeric", len(self.principal.centre), sample)
        distance, _ = self.index.kneighbors(self.principal.standardised(sample.rows), n_neighbors=1)
        return column(distance[:, 0] > self.farthest * (1 + ROUNDING) + ROUNDING)


def fit(frame: Learned) -> Support:
    """To the frame, or to 5,000 of its rows; the distance is found by leaving out each row in turn."""
    from sklearn.neighbors import NearestNeighbors

    principal = frame.principal
    rows = principal.standardised(frame.sample.thinned(MOST, frame.seed).rows)
    index = NearestNeighbors(n_neighbors=1).fit(rows)
    distance, _ = index.kneighbors()
    return Support(principal, index, float(np.quantile(distance[:, 0], 1 - OUTSIDE)))
