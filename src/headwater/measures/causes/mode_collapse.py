"""Mode collapse: a generator that misses modes of its own training set, in its first generation.

Model collapse may lose modes too, but later; what is missing before any model learned from
another was never learned. A generator that merely blurs or shifts all modes is a poor fit, and not this.
"""

from __future__ import annotations

from headwater.measures.causes.evidence import Evidence
from headwater.measures.causes.measuring import Measured
from headwater.measures.causes.weighing import Weighing

TRAINING = "what the first generation was trained on: it may have lacked the mode already"
ROWS = "more rows of the first generation and of its training set"


def weigh(evidence: Evidence, measured: Measured) -> Weighing:
    """Of this evidence; the reference can exclude modes that are missing, not prove them."""
    missing = measured.missing
    if missing is None:
        words = (
            "the real data has no two separate modes of a fiftieth of its rows, so that none can be missing"
        )
        return Weighing("mode collapse", "against", (), (words,))
    strength, chance = missing.strength, missing.yes
    if measured.excluded(missing.no):
        words = f"the first generation has every mode; {missing}"
        return Weighing("mode collapse", "against", (), (words,), (), strength, chance)
    if not measured.shown(chance):
        return Weighing("mode collapse", "unknown", (), (), (ROWS,), strength, chance)
    if evidence.training is None:
        return Weighing("mode collapse", "unknown", (str(missing),), (), (TRAINING,), strength, chance)
    for_ = [str(missing)]
    still = measured.still
    if still is not None and measured.excluded(still.no):
        for_.append(f"and it does not go on; {still}")
    return Weighing("mode collapse", "for", tuple(for_), (), (), strength, chance)
