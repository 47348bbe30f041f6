"""Where numeric rows lie relative to the frame: standardised features, principal directions, radius.

Nothing here is a score; `spread`, `tails`, `location`, `support` and `matches` are built on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headwater.samples.values import Array, Sample

FARTHEST = 1e8
"""Standard deviations at which a feature is clipped, so that no later square overflows."""

FLOOR = 1e-6
"""Least variance of a direction, in units of a feature's variance: less is taken for rounding."""

SLACK = 1e-9
"""By how much a value has to be beyond a limit: less is rounding, which must not break ties."""

ROUNDING = 1e-6
"""The same for distances: squares, and sums of them, lose half the digits."""

SHOWN = 8
"""Directions, at most, that a score has a part for."""


@dataclass(frozen=True, eq=False)
class Principal:
    """Centre, scales and principal directions of the frame.

    Attributes
    ----------
    centre, scale
        (features,) mean and standard deviation; a constant feature has a scale of a thousandth of its size.
    axes
        (features, features) principal directions of the standardised features, the leading one first.
    deviation
        (features,) standard deviation along each, from a covariance that is shrunk to a multiple of
        the identity [ledoit2004well]_ so that it can be inverted with more features than rows.
    names
        Of the features.
    """

    centre: Array
    scale: Array
    axes: Array
    deviation: Array
    names: tuple[str, ...]

    def standardised(self, rows: Array) -> Array:
        """(rows, features) in standard deviations from the centre."""
        with np.errstate(over="ignore"):
            return np.asarray(np.clip((rows - self.centre) / self.scale, -FARTHEST, FARTHEST))

    def radius(self, rows: Array) -> Array:
        """(rows,) squared Mahalanobis distance to the centre, divided by the number of features."""
        inside = self.standardised(rows) @ (self.axes / self.deviation)
        return np.asarray(np.einsum("ij,ij->i", inside, inside) / len(self.centre))

    def shown(self, rows: Array) -> Array:
        """(rows, directions) coordinates that are shown by name: see `shown_names`."""
        inside = self.standardised(rows)
        return inside if len(self.centre) <= SHOWN else inside @ self.axes[:, :SHOWN]

    @property
    def shown_names(self) -> tuple[str, ...]:
        """The features if there are at most eight of them, else the eight leading directions."""
        if len(self.centre) <= SHOWN:
            return self.names
        return tuple(f"direction {each + 1}" for each in range(SHOWN))


def fit_principal(frame: Sample) -> Principal:
    """Of the rows of the frame.

    Features are divided by their largest size first: no square overflows, and 1e100 is a scale like any.
    """
    from sklearn.covariance import ledoit_wolf

    rows = frame.rows
    largest = np.abs(rows).max(axis=0)
    size = np.where(largest > 0, largest, largest.max() or 1.0)
    small = rows / size
    centre = small.mean(axis=0)
    scale = small.std(axis=0)
    scale = np.where(scale > 1e-12, scale, 1e-3)
    covariance, _ = ledoit_wolf((small - centre) / scale, assume_centered=True)
    variance, axes = np.linalg.eigh(covariance)
    deviation = np.sqrt(np.maximum(variance[::-1], FLOOR))
    return Principal(centre * size, scale * size, axes[:, ::-1], deviation, frame.names)
