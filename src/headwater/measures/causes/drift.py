"""Drift: the real world moved, and not toward the model; the model may be healthy by its own time."""

from __future__ import annotations

from headwater.measures.causes import performative
from headwater.measures.causes.evidence import Evidence
from headwater.measures.causes.facts import Fact
from headwater.measures.causes.measuring import Measured
from headwater.measures.causes.weighing import Weighing

NEWER = "newer real data"
ROWS = "more rows of newer and older real data"


def weigh(evidence: Evidence, measured: Measured) -> Weighing:
    """Of this evidence: what moved, and that it was not toward the output."""
    moved = measured.moved
    if moved is None:
        return Weighing("drift", "unknown", would_decide=(NEWER,))
    strength, chance = moved.strength, moved.yes
    if measured.excluded(moved.no):
        words = f"the real world stood still; {moved}"
        return Weighing("drift", "against", (), (words,), (), strength, chance)
    if not measured.shown(chance):
        return Weighing("drift", "unknown", (), (), (ROWS,), strength, chance)
    return _attributed(evidence, measured, moved)


def _attributed(evidence: Evidence, measured: Measured, moved: Fact) -> Weighing:
    """A world that moved: by itself, toward the output, or not known which."""
    strength, chance = moved.strength, moved.yes
    for_ = (str(moved), *_model(measured))
    unseen = "the world does not see the output" if evidence.deployed is False else ""
    by_itself = unseen or performative.elsewhere(measured)
    if by_itself:
        return Weighing("drift", "for", (*for_, by_itself), (), (), strength, chance)
    toward = performative.toward(measured)
    if toward and evidence.deployed:
        against = ("the movement is toward the output, which the world sees", *toward)
        return Weighing("drift", "against", for_, against, (performative.EXPOSURE,), strength, chance)
    decide = (performative.DEPLOYED,) if toward else (ROWS,)
    return Weighing("drift", "unknown", for_, toward, decide, strength, chance)


def _model(measured: Measured) -> tuple[str, ...]:
    """What became of the model meanwhile."""
    if measured.excluded(measured.away.no):
        return (f"the model followed; {measured.away}",)
    if measured.still is not None and measured.excluded(measured.still.no):
        return (f"the model stayed as it was; {measured.still}",)
    return ()
