"""The advice of a comparison, in two sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from headwater.planning.levers.costing import samples_kept
from headwater.planning.levers.judging import Judge
from headwater.planning.levers.values import LEVERS, Row
from headwater.planning.outlook import Reached
from headwater.regimes import AccumulateSubsample
from headwater.report.words import plain

WORSE = 1.005
"""Risk, over that without the lever, from which the advice says so."""

CLOSED = "a closed loop stays one until something from outside enters it"


def advice(before: Row, rows: Sequence[Row], judge: Judge) -> tuple[str, str]:
    """What is cheapest and enough, or comes closest; and what costs nothing, or stays out of reach."""
    named = [str(target) for target in judge.targets]
    wanted, them = " and ".join(named), "it" if len(named) == 1 else "them"
    met = [row for row in rows if row.met]
    if before.met:
        saves = [row for row in met if row.cost < 0]
        second = (
            f"Of what saves money and still meets {them}, {_lever(saves[0])} saves most"
            if saves
            else f"No lever looked at saves money and still meets {them}"
        )
        return f"The pipeline meets {wanted} as it is.", f"{second}."
    if not met:
        return _out_of_reach(before, rows, wanted, judge.is_hopeless)
    best = met[0]
    first = f"The cheapest lever that meets {wanted} is {_lever(best)}, which {_price(best, judge)}."
    free = [row for row in rows if row.cost <= 0 and row is not best and row.outcome is not None]
    # keeping old data, and training on some of them, are one idea
    others = [row for row in met[1:] if row.lever.partition("-")[0] != best.lever.partition("-")[0]]
    if best.cost <= 0 and others:
        other = f"{_lever(others[0])}, which {_price(others[0], judge)}"
        return first, f"The next that meets {them} is {other}."
    if best.cost <= 0:
        return first, f"No lever of another kind meets {them}."
    if not free:
        return first, f"No lever that costs nothing at the prices given brings {them} closer."
    return first, _best_free(free[0], them, judge)


def _best_free(row: Row, them: str, judge: Judge) -> str:
    """It misses the targets, or is not known to meet them: else it were the cheapest."""
    assert row.outcome is not None
    missed, asked = sum(not each.met for each in row.outcome.reached), len(row.outcome.reached)
    which = them if missed == asked else f"{'one' if missed == 1 else 'two'} of them"
    misses = f"misses {which}" if row.met is False else f"is not known to meet {them}"
    said = f"{_lever(row)}, which {misses}: {_missed(row)}{_unpriced(row, judge)}"
    return f"The best lever that costs nothing at the prices given is {said}."


def _out_of_reach(before: Row, rows: Sequence[Row], wanted: str, is_hopeless: bool) -> tuple[str, str]:
    judged = [row for row in rows if row.outcome is not None]
    if not judged:
        return f"No lever could be judged against {wanted}.", "Simulate the pipeline with each of them."
    best = judged[0]
    first = f"No lever looked at meets {wanted}; {_lever(best)} comes closest: {_missed(best)}."
    other = next((row for row in judged[1:] if row.lever != best.lever and "+" not in row.lever), None)
    if other is not None and _is_less(other, before):
        return first, f"Next to try is the two together, {LEVERS[best.lever]} and {_lever(other)}."
    why = CLOSED if is_hopeless else "what remains is set by the counts, the archives or the frozen models"
    return first, f"What is left stays out of reach of any one of them, since {why}."


def _is_less(row: Row, than: Row) -> bool:
    assert row.outcome is not None
    return than.outcome is None or row.outcome.distance < than.outcome.distance


def _lever(row: Row) -> str:
    return f"{LEVERS[row.lever]} ({row.done})"


def _price(row: Row, judge: Judge) -> str:
    """What it costs, and where it raises risk itself, which bounds over the new start do not show."""
    cost = f"costs nothing at the prices given{_unpriced(row, judge)}"
    if abs(row.cost) >= 0.005:
        cost = f"{'saves' if row.cost < 0 else 'costs'} {abs(row.cost):,.2f} a generation"
    ratio = None if row.outcome is None else row.outcome.risk_ratio
    if ratio is None or ratio <= WORSE:
        return cost
    return f"{cost}, though risk at the horizon becomes {ratio:,.3g} times what it would be"


def _unpriced(row: Row, judge: Judge) -> str:
    """Old samples that the row keeps beyond those kept already, where keeping has no price."""
    assert row.pipeline is not None
    kept = samples_kept(row.pipeline) - samples_kept(judge.pipeline)
    if judge.prices.kept > 0 or kept < 1:
        return ""
    subsampled = isinstance(row.pipeline.regime, AccumulateSubsample)
    used = "stored" if subsampled else "stored and trained on"
    return f" ({kept:,.0f} old samples {used} are not priced: --cost kept=)"


def _missed(row: Row) -> str:
    """What the row reaches of the targets that it misses, or of which nothing is known."""
    assert row.outcome is not None
    return "; ".join(_value(each) for each in row.outcome.reached if not each.met)


def _value(each: Reached) -> str:
    what = {"inflation": "inflation", "diversity": "diversity", "tail_sample": "the tail sample"}
    name = what[each.target.quantity]
    if each.value is None:
        return f"{name} is not known"
    when = "in the limit" if each.when == "limit" else "at the horizon"
    if math.isinf(each.value):
        return f"{name} of '{plain(each.model)}' grows without bound"
    return f"{name} of '{plain(each.model)}' is {each.value:,.4g} {when}"
