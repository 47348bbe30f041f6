"""The stage of collapse, from what the definitions say."""

from __future__ import annotations

from collections.abc import Mapping

from headwater.measures.definitions.values import Finding, Stage

BULK = ("catastrophic_risk", "collapsing_variance", "modes")
"""What late collapse shows in: overall risk, and the bulk of the distribution."""


def stage(findings: Mapping[str, Finding], bulk: tuple[str, ...] = BULK) -> tuple[Stage | None, str]:
    """None, early or late, and why [shumailov2024collapse]_.

    *Late*: variance collapses, modes are lost or entangled, or risk rose catastrophically. *Early*: tails
    are going, and none of those holds. *None*: neither, and it can be told of the tails. Where tails
    cannot be told and nothing late holds, the stage cannot. A definition that cannot be told
    does not hold here, so that early means at least early; which those are is said. `bulk` leaves out
    overall risk where it is told by its ratio to generation 0 alone: tenfold a tiny risk is tiny.
    """
    late = [name for name in bulk if findings[name].holds]
    if late:
        return "late", "; ".join(findings[name].why for name in late)
    tails = findings["tails"]
    open_ = [name for name in bulk if findings[name].holds is None]
    aside = f" (cannot be told: {', '.join(open_)})" if open_ else ""
    if tails.holds:
        return "early", f"{tails.why}; overall risk and the bulk are not shown to go{aside}"
    if tails.holds is None:
        return None, f"whether tails are going cannot be told: {tails.why}"
    return "none", f"tails are kept, and overall risk and the bulk are not shown to go{aside}"
