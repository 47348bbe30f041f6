"""Catastrophic forgetting: what one model loses of its old task while it is trained on new data.

It needs checkpoints of that one training: distance from the data of the old task grows while that from
the data of the new task falls [mccloskey1989catastrophic]_. It is excluded if nothing of the old is lost.
"""

from __future__ import annotations

from headwater.measures.causes.evidence import Evidence
from headwater.measures.causes.measuring import Measured
from headwater.measures.causes.weighing import Weighing

CHECKPOINTS = "output at the first and last checkpoint of one training"
NEW = "data of the new task, to see whether the model moved to it"
ROWS = "more rows of checkpoints and of old and new data"


def weigh(evidence: Evidence, measured: Measured) -> Weighing:
    """Of this evidence; without data of the old task, training data or the reference stand for it."""
    facts = tuple(each for each in (measured.forgot, measured.learned) if each is not None)
    for_ = tuple(str(each) for each in facts if measured.shown(each.yes))
    chance = max((each.yes for each in facts), default=1.0) if len(facts) == 2 else 1.0
    strength = min(each.strength for each in facts) if len(facts) == 2 else 0.0
    if measured.shown(chance):
        return Weighing("forgetting", "for", for_, (), (), strength, chance)
    routes = tuple(each for each in (measured.forgot, measured.kept, measured.intact) if each is not None)
    if measured.excluded(*(each.no for each in routes)):
        best = min(routes, key=lambda each: each.no)
        against = (f"nothing of the old task is lost: {best}",)
        return Weighing("forgetting", "against", for_, against, (), strength, chance)
    return Weighing("forgetting", "unknown", for_, (), (_decider(evidence),), strength, chance)


def _decider(evidence: Evidence) -> str:
    if len(evidence.checkpoints) < 2:
        return CHECKPOINTS
    return NEW if evidence.new_task is None else ROWS
