"""Is it collapse at all: five causes of loss told apart from whatever evidence there is."""

from headwater.measures.causes.diagnosing import Differential, differential
from headwater.measures.causes.evidence import Ancestry, Evidence
from headwater.measures.causes.facts import Fact, Tolerances
from headwater.measures.causes.weighing import Cause, Support, Weighing

__all__ = [
    "Ancestry",
    "Cause",
    "Differential",
    "Evidence",
    "Fact",
    "Support",
    "Tolerances",
    "Weighing",
    "differential",
]
