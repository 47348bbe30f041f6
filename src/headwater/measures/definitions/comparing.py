"""A number with its interval against a threshold: entirely above, entirely below, or not told.

Where numbers come from is in `changes` (tables of generations) and `runs` (simulations); which
number a definition wants is in the file of that definition.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from headwater.measures.definitions.values import Finding

MOST = 10**9
"""More than this many of anything is no advice."""


@dataclass(frozen=True)
class Change:
    """How a generation differs from its baseline: a number with its interval.

    Attributes
    ----------
    what
        The number is, in words.
    value, low, high
        At the level that was asked for.
    units
        Of these.
    assumption
        What it rests on, in words.
    count
        Of `count_of`, from which the interval shrinks as the square root.
    count_of
        As `Finding.needed_of`.
    """

    what: str
    value: float
    low: float
    high: float
    units: str
    assumption: str
    count: int
    count_of: str = "rows a generation"


@dataclass(frozen=True)
class Unknown:
    """Why there is no number, what would give one, and how many of what."""

    why: str
    needed: int | None = None
    needed_of: str = ""


Changes = Change | Mapping[str, Change] | Unknown
"""Of one number, of parts of which any may decide, or of nothing."""


def above(definition: str, changes: Changes, threshold: float) -> Finding:
    """Holds where the interval of some part lies entirely above; not where all lie entirely below."""
    return _judge(definition, changes, threshold, "above")


def below(definition: str, changes: Changes, threshold: float) -> Finding:
    """Holds where the interval of some part lies entirely below; not where all lie entirely above."""
    return _judge(definition, changes, threshold, "below")


def unknown(definition: str, reason: Unknown, threshold: float) -> Finding:
    """Cannot be told, and why."""
    return Finding(
        definition, None, None, None, None, threshold, "", "", reason.why, reason.needed, reason.needed_of
    )


def _judge(definition: str, changes: Changes, threshold: float, worse: Literal["above", "below"]) -> Finding:
    if isinstance(changes, Unknown):
        return unknown(definition, changes, threshold)
    if isinstance(changes, Change):
        changes = {"": changes}
    sign = 1.0 if worse == "above" else -1.0
    part, holds = _deciding(changes, threshold, sign)
    change = changes[part]
    where = {True: f"all {worse}", False: f"not {worse}", None: "on both sides of"}[holds]
    why = (
        f"{change.what}{f' ({part})' if part else ''} is {change.value:.3g} "
        f"({change.low:.3g} to {change.high:.3g}): {where} {threshold:g}"
    )
    return Finding(
        definition,
        holds,
        change.value,
        change.low,
        change.high,
        threshold,
        change.units,
        change.assumption,
        why,
        _needed(change, threshold) if holds is None else None,
        change.count_of if holds is None else "",
        part,
        {name: (each.value, each.low, each.high) for name, each in changes.items()}
        if len(changes) > 1
        else {},
    )


def _deciding(known: Mapping[str, Change], threshold: float, sign: float) -> tuple[str, bool | None]:
    """The worst part among those that decide; `sign` is -1 where less is worse."""

    def worst(names: list[str]) -> str:
        return max(names, key=lambda name: sign * known[name].value)

    # the end of the interval that is nearest to health, and the one that is farthest
    best_end = {name: each.low if sign > 0 else each.high for name, each in known.items()}
    worst_end = {name: each.high if sign > 0 else each.low for name, each in known.items()}
    lost = [name for name, end in best_end.items() if sign * end > sign * threshold]
    if lost:
        return worst(lost), True
    undecided = [name for name, end in worst_end.items() if not sign * end < sign * threshold]
    if undecided:
        return worst(undecided), None
    return worst(list(known)), False


def _needed(change: Change, threshold: float) -> int | None:
    """Rows at which the interval, of the same number, would end at the threshold."""
    distance = abs(change.value - threshold)
    reach = abs((change.high if change.value < threshold else change.low) - change.value)
    if distance == 0 or not math.isfinite(reach / distance):
        return None
    count = change.count * (reach / distance) ** 2
    return math.ceil(count) if count < MOST else None
