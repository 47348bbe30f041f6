"""What was measured laid over what theory predicts: on course, better or worse, point by point.

One history is one draw: realised risk scatters around the mean that a law gives, and most where few
parameters carry it. So a point is off course only where its whole interval lies beyond a stated factor.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from headwater.diagnosis.values import Diagnosis
from headwater.errors import InputError

Quantity = Literal["inflation", "diversity retained", "tail sample"]
Interval = tuple[float, float, float]
"""Value, low, high."""

FACTOR = 1.5
"""Between a prediction and an interval that is still on course."""


@dataclass(frozen=True)
class Point:
    """One measured quantity beside its prediction.

    Attributes
    ----------
    value, low, high
        As measured.
    predicted
        The law's mean over histories; None where theory leaves it out.
    course
        ``on course``, ``better``, ``worse``, or ``cannot be told``.
    """

    model: str
    generation: int
    quantity: Quantity
    value: float
    low: float
    high: float
    predicted: float | None
    course: Literal["on course", "better", "worse", "cannot be told"]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: no NaN, no infinity."""
        return {key: _plain(value) for key, value in asdict(self).items()}


def lay_over(
    diagnosis: Diagnosis,
    measured: Mapping[tuple[str, int], Mapping[Quantity, Interval]],
    factor: float = FACTOR,
) -> tuple[Point, ...]:
    """Every measured quantity of every model and generation beside its prediction.

    Parameters
    ----------
    diagnosis
        Of the pipeline, at least as far as the last generation measured.
    measured
        By model and generation. Inflation is risk over that of generation 0; diversity is the
        Gini-Simpson diversity over the real one; the tail sample is in real samples.
    factor
        Above 1: a prediction within this factor of an interval is on course. Diversity is judged
        by what is lost of it.

    Raises
    ------
    InputError
        If a model is not one of the pipeline's, or a generation lies beyond the horizon.
    """
    points = []
    for (model, generation), quantities in sorted(measured.items()):
        if model not in diagnosis.graph.model_names:
            raise InputError(
                f"the pipeline has no model {model!r}, which wrote samples",
                "name the samples' models as the pipeline does, or leave the pipeline out",
            )
        if generation > diagnosis.generations:
            raise InputError(
                f"generation {generation} of {model!r} lies beyond the pipeline's {diagnosis.generations}",
                "raise `generations` in the pipeline",
            )
        for quantity, interval in quantities.items():
            predicted = _predicted(diagnosis, model, generation, quantity)
            points.append(
                Point(
                    model,
                    generation,
                    quantity,
                    *interval,
                    predicted,
                    _course(quantity, interval, predicted, factor),
                )
            )
    return tuple(points)


def _predicted(diagnosis: Diagnosis, model: str, generation: int, quantity: Quantity) -> float | None:
    at = diagnosis.graph.index_of(model)
    found = diagnosis.quantities
    if quantity == "inflation":
        value = float(diagnosis.inflation(generation)[at])
    else:
        table = found.diversity if quantity == "diversity retained" else found.tail
        value = math.nan if table is None else float(table[generation, at])
    return value if math.isfinite(value) else None


def _course(
    quantity: Quantity, interval: Interval, predicted: float | None, factor: float
) -> Literal["on course", "better", "worse", "cannot be told"]:
    _, low, high = interval
    if predicted is None or math.isnan(low) or math.isnan(high):
        return "cannot be told"
    if quantity == "tail sample":
        more_is_worse = False
    else:
        more_is_worse = True
        if quantity == "diversity retained":
            low, high, predicted = 1 - high, 1 - low, 1 - predicted
    above, below = low > predicted * factor, high < predicted / factor
    if above == below:
        return "on course"
    return "worse" if above == more_is_worse else "better"


def _plain(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
