"""Definition 5: change in the scaling law."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from headwater.errors import SampleError
from headwater.measures.definitions.comparing import Change, Unknown, above, unknown
from headwater.measures.definitions.intervals import normal
from headwater.measures.definitions.values import Finding, Thresholds
from headwater.samples.values import Array

LEAST = 3
"""Sizes below which a law is not told from two points on a line."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """Risk against the size of the training set, with real data alone and with synthetic data.

    Attributes
    ----------
    sizes
        (sizes,) training samples, increasing.
    real, synthetic
        (sizes,) risk beyond the best there is: a cross-entropy less the entropy of real data.
    real_error, synthetic_error
        (sizes,) standard errors.
    """

    sizes: Array
    real: Array
    synthetic: Array
    real_error: Array
    synthetic_error: Array

    @staticmethod
    def of(
        sizes: ArrayLike,
        real: ArrayLike,
        synthetic: ArrayLike,
        real_error: ArrayLike,
        synthetic_error: ArrayLike,
    ) -> Scaling:
        """From lists.

        Raises
        ------
        SampleError
            If they differ in length, sizes do not increase, or an error is negative or not finite.
        """
        given = [
            np.atleast_1d(np.asarray(each, float))
            for each in (sizes, real, synthetic, real_error, synthetic_error)
        ]
        if len({each.shape for each in given}) != 1 or given[0].ndim != 1:
            raise SampleError(
                f"{' and '.join(str(each.shape) for each in given)} sizes, risks and errors",
                "give one of each a size",
            )
        if not all(np.isfinite(each).all() for each in given) or min(each.min() for each in given[3:]) < 0:
            raise SampleError("a size, risk or error is not finite, or an error is negative", "leave it out")
        if given[0][0] <= 0 or (np.diff(given[0]) <= 0).any():
            raise SampleError("sizes are not positive and increasing", "give each size once, in order")
        return Scaling(*given)


def scaling_law(scaling: Scaling | None, thresholds: Thresholds) -> Finding:
    r"""Whether risk falls more slowly with more data than by the real data's law [schaeffer2025position]_.

    By a law :math:`c\,n^{-a}` both curves are lines on log-log axes. Their ratio is then a line too, whose
    slope is the exponent that is lost; it is 0 where synthetic data only cost a factor. A floor, or a
    crossover, bends it up at the large end, so that the larger half of the sizes is looked at
    alone as well. A law that gets steeper does not count.
    """
    threshold = thresholds.exponent
    if scaling is None:
        return unknown(
            "scaling_law",
            Unknown(
                "there is one size of training set only: train with real data alone and with synthetic data, "
                f"both at {LEAST} sizes or more, over a factor of ten or more",
                LEAST,
                "sizes",
            ),
            threshold,
        )
    fits = (scaling.real > 0) & (scaling.synthetic > 0)
    if fits.sum() < LEAST:
        why = f"{int(fits.sum())} sizes have a risk above the best there is, in both curves"
        return unknown("scaling_law", Unknown(why, LEAST, "sizes"), threshold)
    size, cost = np.log(scaling.sizes[fits]), np.log(scaling.synthetic[fits] / scaling.real[fits])
    relative = np.hypot(
        scaling.real_error[fits] / scaling.real[fits],
        scaling.synthetic_error[fits] / scaling.synthetic[fits],
    )
    parts = {"all sizes": slice(None)}
    if len(size) >= 2 * LEAST - 1:
        parts["larger half"] = slice(len(size) // 2, None)
    level = 1 - (1 - thresholds.level) / len(parts)
    lost = {name: _slope(size[part], cost[part], relative[part], level) for name, part in parts.items()}
    return above("scaling_law", lost, threshold)


def _slope(size: Array, cost: Array, error: Array, level: float) -> Change:
    """Of a weighted line; where it misses by more than the errors, the interval is wider by as much."""
    weight = 1 / np.maximum(error, max(1e-3 * error.max(), 1e-9)) ** 2
    middle = np.average(size, weights=weight)
    spread = (weight * (size - middle) ** 2).sum()
    slope = (weight * (size - middle) * cost).sum() / spread
    left = cost - np.average(cost, weights=weight) - slope * (size - middle)
    miss = (weight * left**2).sum() / max(len(size) - 2, 1)
    reach = normal(level) * (max(miss, 1.0) / spread) ** 0.5
    words = (
        "risk beyond the best there is, with and without synthetic data, at the same sizes; a power law holds"
        " over them"
    )
    return Change(
        "the exponent that is lost",
        float(slope),
        float(slope - reach),
        float(slope + reach),
        "exponent",
        words,
        len(size),
        "sizes",
    )
