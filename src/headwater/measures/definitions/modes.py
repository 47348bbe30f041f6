"""Definition 6: disappearance or entanglement of real modes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from headwater.measures.definitions.comparing import Change, Unknown, above, below, unknown
from headwater.measures.definitions.values import Finding, Thresholds


def modes(
    kept: Mapping[str, Change] | Unknown, entangled: Mapping[str, Change], thresholds: Thresholds
) -> Finding:
    """Whether a mode of real data is lost, or modes run into each other [schaeffer2025position]_.

    A mode is lost where less than half of its real mass is left; modes are entangled where more rows lie
    between them than between those of real data, by a tenth of all rows. `kept` and `entangled`
    have intervals that hold together with each other.
    """
    if isinstance(kept, Unknown) or not kept:
        reason = kept if isinstance(kept, Unknown) else Unknown("real data have one mode only, none to lose")
        return unknown("modes", reason, thresholds.mode)
    lost = below("modes", kept, thresholds.mode)
    if not entangled:
        return lost
    between = above("modes", entangled, thresholds.entanglement)
    every = {name: (each.value, each.low, each.high) for name, each in {**kept, **entangled}.items()}
    order = {True: 0, None: 1, False: 2}
    return replace(min(lost, between, key=lambda finding: order[finding.holds]), parts=every)
