"""From numbers to one of five words, the worst of them first."""

from __future__ import annotations

from typing import Literal

import numpy as np

from headwater.diagnosis.growths import GROWTHS
from headwater.diagnosis.quantities import Quantities
from headwater.grounding import Grounding
from headwater.regimes import Accumulate, AccumulateSubsample, Regime

Verdict = Literal["collapses", "degrades", "bounded", "stable", "improves"]

VERDICTS: tuple[Verdict, ...] = ("collapses", "degrades", "bounded", "stable", "improves")
"""Worst first. `bounded` is a risk that stays finite at a level nobody can know."""

DEGRADES_ABOVE = 1.05
IMPROVES_BELOW = 0.95


def verdicts(found: Quantities, grounding: Grounding, regime: Regime) -> np.ndarray:
    """(models,) int8 position in `VERDICTS`.

    A model collapses if it is ungrounded and the regime does not bound it, or if its second
    moments grow without bound. Otherwise inflation decides: its limit, or its value at the
    horizon where no limit is known; an estimate has to pass the threshold by three standard errors.
    """
    inflation = decisive_inflation(found)
    answer = np.full(len(inflation), VERDICTS.index("bounded"), dtype=np.int8)
    slack = 1 + 3 * found.relative_error
    answer[~np.isnan(inflation)] = VERDICTS.index("stable")
    answer[inflation > DEGRADES_ABOVE * slack] = VERDICTS.index("degrades")
    answer[inflation < IMPROVES_BELOW / slack] = VERDICTS.index("improves")
    grows = (found.growth == GROWTHS.index("linear")) | (found.growth == GROWTHS.index("exponential"))
    answer[grows] = VERDICTS.index("collapses")
    if not isinstance(regime, Accumulate | AccumulateSubsample):
        answer[grounding.is_ungrounded] = VERDICTS.index("collapses")
    return answer


def decisive_inflation(found: Quantities) -> np.ndarray:
    """(models,) inflation that decides a verdict; NaN where risk is unknown."""
    if found.risk is None:
        return np.full(len(found.growth), np.nan)
    reached = np.where(np.isnan(found.risk_limit), found.risk[-1], found.risk_limit)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(reached / found.risk[0])
