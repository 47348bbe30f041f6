"""Whether means over replicates are what a theory says, with a stated chance of a false alarm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from headwater.families.contract import Array

FEW_CARRY_IT = 0.1
"""Skewness over the root of the replicates above which a mean rests on too few of them.

At 0.1 right laws of skewed risks keep the stated chance (tests); at 0.3 an exponential loop of ten
samples was refused ten times as often, because a sample that misses the tail looks less skewed.
"""

FEWEST = 100
"""Replicates below which no mean is judged: the chance of a false alarm would be more than is stated."""

EQUAL = 1e-9
"""Relative difference up to which numbers that do not vary are equal."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Predicted and simulated means, cell by cell; arrays all have one shape.

    Attributes
    ----------
    predicted, simulated, standard_error
        Of the mean over replicates.
    z
        Difference in standard errors, corrected for skewness; NaN where it is not judged.
    judged
        False where a few replicates carry the mean, or it is not finite, so that no error can be stated;
        everywhere below 100 replicates.
    limit
        Largest size of z that is allowed: a right theory passes it anywhere with a chance of at most
        `false_alarm`, however many cells there are and however they depend on each other.
    false_alarm
        That chance.
    replicates
        How many.
    """

    predicted: Array
    simulated: Array
    standard_error: Array
    z: Array
    judged: NDArray[np.bool_]
    limit: float
    false_alarm: float
    replicates: int

    @property
    def agree(self) -> bool:
        """Whether no judged cell is further off than chance allows; False if none can be judged."""
        return bool(self.judged.any() and (np.abs(self.z[self.judged]) <= self.limit).all())

    @property
    def worst(self) -> tuple[int, ...]:
        """Index of the judged cell that is furthest off."""
        size = np.where(self.judged, np.abs(self.z), -1.0)
        return tuple(int(at) for at in np.unravel_index(int(size.argmax()), size.shape))

    @property
    def p_value(self) -> float:
        """Chance that a right theory is at least this far off somewhere, at most (Bonferroni)."""
        judged = np.abs(self.z[self.judged])
        if not judged.size:
            return 1.0
        return float(min(1.0, 2 * student.sf(judged.max(), self.replicates - 1) * judged.size))


def compare(
    samples: Array,
    predicted: Array,
    false_alarm: float = 1e-3,
    *,
    few_carry_it: float = FEW_CARRY_IT,
    fewest: int = FEWEST,
) -> Comparison:
    r"""Compare means over the first axis of `samples` with what is predicted.

    The t statistic of a skewed sample is itself skewed. Hall's transformation removes that to
    the order of one over the number of replicates [hall1992skewness]_:

    .. math:: z = t + \frac{\hat\gamma t^2}{3\sqrt{R}} + \frac{\hat\gamma^2 t^3}{27 R}
                  + \frac{\hat\gamma}{6\sqrt{R}}

    Parameters
    ----------
    samples : (replicates, ...)
        At least two replicates; at least 100 for anything to be judged.
    predicted : (...)
        Expected means.
    false_alarm
        Chance that a right prediction is refused.
    few_carry_it
        Skewness over the root of the replicates above which a cell is not judged.
    fewest
        Replicates below which nothing is judged.

    Notes
    -----
    The limit is Student's, by Bonferroni over the judged cells.

    Where :math:`\hat\gamma/\sqrt{R}` is large the mean is carried by a few replicates, its standard
    error means nothing, and the cell is not judged.
    """
    replicates = len(samples)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        mean = samples.mean(axis=0)
        apart = samples - mean
        variance = (apart**2).mean(axis=0)
        skewness = (apart**3).mean(axis=0) / variance**1.5
        error = np.sqrt(variance / (replicates - 1))
        t = (mean - predicted) / error
        root = np.sqrt(replicates)
        z = t + skewness * t**2 / (3 * root) + skewness**2 * t**3 / (27 * replicates) + skewness / (6 * root)
    scale = np.maximum(np.abs(mean), np.abs(predicted))
    fixed = error <= EQUAL * 1e-3 * scale
    same = np.abs(mean - predicted) <= EQUAL * scale
    z = np.where(fixed, np.where(same, 0.0, np.copysign(np.inf, mean - predicted)), z)
    judged = (fixed & same) | (~fixed & np.isfinite(z) & (np.abs(skewness) <= few_carry_it * root))
    judged &= np.isfinite(predicted) & (replicates >= fewest)
    limit = float(student.isf(false_alarm / (2 * max(int(judged.sum()), 1)), replicates - 1))
    shown = np.where(judged, z, np.nan)
    return Comparison(predicted, mean, error, shown, judged, limit, false_alarm, replicates)
