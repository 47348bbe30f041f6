"""Model collapse: what is lost from generation to generation because models learn from models.

It needs loss that goes on over two transitions or more (distance from real data grows, or the output's own
spread or tails fall) and synthetic ancestry. A world that moves does not move a model that never sees
it: where the line learns from models alone, loss is its own, and no newer real data is needed to say so.
Where it learns from real data too, both distance and spread may just follow the world.
"""

from __future__ import annotations

from headwater.measures.causes.evidence import Evidence
from headwater.measures.causes.measuring import Measured
from headwater.measures.causes.weighing import Support, Weighing

LINEAGE = "lineage: what each generation was trained on"
NEWER = "newer real data: without it, drift of the world cannot be told from collapse"
LONGER = "another generation, to see whether the loss goes on"
ROWS = "more rows of every generation"


def weigh(evidence: Evidence, measured: Measured) -> Weighing:
    """Of this evidence."""
    progress = measured.progress
    for_ = [str(change) for change in measured.changes if measured.shown(change.yes)]
    for_ += evidence.losses
    against: list[str] = []
    if evidence.ancestry == "real":
        against.append("ancestry is real: no model of this line learned from the output of one")
    elif evidence.ancestry is not None:
        for_.append(f"ancestry is {evidence.ancestry}")
    if progress is not None and measured.excluded(progress.no) and not evidence.losses:
        against.append(f"no loss from the first generation to the last beyond tolerance; {measured.still}")
    support, decide = _judge(evidence, measured)
    strength = progress.strength if progress else 0.0
    chance = progress.yes if progress else 1.0
    return Weighing("collapse", support, tuple(for_), tuple(against), decide, strength, chance)


def _judge(evidence: Evidence, measured: Measured) -> tuple[Support, tuple[str, ...]]:
    progress = measured.progress
    if evidence.ancestry == "real":
        shown = progress is not None and measured.shown(progress.yes)
        return "against", (f"{LINEAGE}: loss goes on all the same",) if shown else ()
    if progress is None:
        return "unknown", (LONGER,) if evidence.ancestry else (LONGER, LINEAGE)
    if measured.excluded(progress.no) and not evidence.losses:
        return "against", ()
    if not measured.shown(progress.yes):
        once = any(measured.shown(change.yes) for change in measured.changes)
        return "unknown", (LONGER if once else ROWS,) + (() if evidence.ancestry else (LINEAGE,))
    missing: tuple[str, ...] = (LINEAGE,) if evidence.ancestry is None else ()
    if evidence.newer is None and evidence.ancestry != "synthetic":
        missing += (NEWER,)
    return ("unknown", missing) if missing else ("for", ())
