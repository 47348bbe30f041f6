"""Definition 3: asymptotically diverging population risk."""

from __future__ import annotations

import math
from dataclasses import dataclass

from headwater.measures.definitions.comparing import Unknown, unknown
from headwater.measures.definitions.intervals import student
from headwater.measures.definitions.values import Finding, Thresholds
from headwater.measures.growth import FARTHEST, LEAST, Growths, compare_growth, needed_generations
from headwater.samples.values import Array


@dataclass(frozen=True, eq=False)
class Series:
    """Risk of every generation.

    Attributes
    ----------
    generations, risk, error
        (generations,).
    margin
        Rise that would not count as any increase.
    units
        Of risk.
    source
        Of how many histories, in words.
    """

    generations: Array
    risk: Array
    error: Array
    margin: float
    units: str
    source: str


def diverging(series: Series | Unknown, thresholds: Thresholds) -> Finding:
    """Whether risk grows without bound over the generations [schaeffer2025position]_.

    Holds where growth models without a bound have the weight; see `headwater.measures.growth`. It does not
    where bounded ones have it, or where the rise over as many generations again is below the margin
    that counts as any increase. A finite series never proves divergence: it tells that curves which
    level off within the length of the series do not fit.
    """
    bar = thresholds.weight
    if isinstance(series, Unknown):
        return unknown("diverging_risk", series, bar)
    if len(series.risk) < LEAST:
        reason = f"{len(series.risk)} generations: growth models have up to five unknowns"
        return unknown("diverging_risk", Unknown(reason, LEAST, "generations"), bar)
    found = compare_growth(series.generations, series.risk, series.error, bar)
    rise = _most_rise(series, found, thresholds.level)
    holds = False if rise < series.margin else found.unbounded
    why = (
        f"unbounded growth has weight {found.weight:.2f}, {found.best} fits best; "
        f"as many generations again would add {rise:.2g} at most, the margin is {series.margin:.2g}"
    )
    assumption = (
        f"{series.source}; a risk that levels off more slowly than in {found.generations} generations is not "
        "told from divergence"
    )
    needed = _needed(series, found, thresholds) if holds is None else None
    # a weight of evidence is no estimate: it has no interval
    return Finding(
        "diverging_risk", holds, found.weight, None, None, bar, "weight of unbounded growth",
        assumption, why, needed, "generations" if holds is None else "",
    )  # fmt: skip


def _most_rise(series: Series, found: Growths, level: float) -> float:
    """Upper end of what the line rises over as many generations as there are."""
    length = float(series.generations[-1] - series.generations[0])
    return (found.slope + student(level, len(series.risk) - 2) * found.slope_error) * length


def _needed(series: Series, found: Growths, bars: Thresholds) -> int | None:
    """Generations that decide between growth models, or that show a flat line to be flat."""
    needed = needed_generations(series.generations, series.risk, series.error, bars.weight)
    if needed is not None or found.best != "constant" or series.margin <= 0:
        return needed
    # the error of a slope falls as the length to the power 3/2, the length is what it is multiplied by
    length = float(series.generations[-1] - series.generations[0])
    reach = student(bars.level, len(series.risk) - 2) * found.slope_error * length
    count = math.ceil(len(series.risk) * (reach / series.margin) ** 2)
    return count if len(series.risk) < count <= FARTHEST else None
