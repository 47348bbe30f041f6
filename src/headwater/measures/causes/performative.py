"""Performative prediction: the real world moved toward the output of a model that it sees.

The output was off before, the world moved, that brought it nearer, and the direction was that of the
output [perdomo2020performative]_. A world that came this way by chance looks the same, the more
likely the fewer the features; only a part of the world that does not see the output could tell.
"""

from __future__ import annotations

from headwater.measures.causes.evidence import Evidence
from headwater.measures.causes.facts import Fact
from headwater.measures.causes.measuring import Measured
from headwater.measures.causes.weighing import Weighing

NEWER = "newer real data"
ROWS = "more rows of newer and older real data and of the output"
DEPLOYED = "whether the world sees the output"
EXPOSURE = "newer data from where the output is not seen: it should not have moved"


def weigh(evidence: Evidence, measured: Measured) -> Weighing:
    """Of this evidence."""
    needed = _needed(measured)
    known = evidence.newer is not None
    for_ = tuple(str(each) for each in needed if measured.shown(each.yes))
    chance = max(each.yes for each in needed) if known else 1.0
    strength = min(each.strength for each in needed) if known else 0.0
    against = tuple(each for each in (elsewhere(measured),) if each)
    if evidence.deployed is False:
        against += ("the world does not see the output",)
    if against:
        return Weighing("performative", "against", for_, against, (), strength, chance)
    if evidence.newer is None:
        return Weighing("performative", "unknown", for_, (), (NEWER,))
    if not toward(measured):
        return Weighing("performative", "unknown", for_, (), (ROWS,), strength, chance)
    if evidence.deployed is None:
        return Weighing("performative", "unknown", for_, (), (DEPLOYED,), strength, chance)
    return Weighing("performative", "for", for_, (), (EXPOSURE,), strength, chance)


def toward(measured: Measured) -> tuple[str, ...]:
    """Why the movement was toward the output; empty if that is not shown."""
    needed = _needed(measured)
    if measured.moved is None or not measured.shown(*(each.yes for each in needed)):
        return ()
    return tuple(str(each) for each in needed)


def elsewhere(measured: Measured) -> str:
    """Why there was no movement toward the output; empty if that is not shown."""
    needed = _needed(measured)
    if not measured.excluded(*(each.no for each in needed)):
        return ""
    best = min(needed, key=lambda each: each.no)
    if best is measured.off:
        return f"the output is where the world was, so there is nowhere it could have moved it; {best}"
    if best is measured.moved:
        return f"the real world stood still; {best}"
    return f"the movement was not toward the output; {best}"


def _needed(measured: Measured) -> tuple[Fact, ...]:
    facts = (measured.off, measured.moved, measured.nearer, measured.aligned)
    return tuple(each for each in facts if each is not None)
