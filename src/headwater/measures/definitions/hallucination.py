"""Definition 8: appearance of hallucinated data."""

from __future__ import annotations

from collections.abc import Mapping

from headwater.measures.definitions.comparing import Change, Unknown, above, unknown
from headwater.measures.definitions.values import Finding


def hallucination(gained: Mapping[str, Change] | Unknown, threshold: float) -> Finding:
    """Whether a model writes what real data do not support [schaeffer2025position]_.

    Support is known from a finite part of real data only, so that new real data lie off it too: it is
    what exceeds their share that counts. That something is off the support says nothing of its being
    false, and what is false may lie on it.
    """
    if isinstance(gained, Unknown) or not gained:
        reason = gained if isinstance(gained, Unknown) else Unknown("no score tells what real data support")
        return unknown("hallucination", reason, threshold)
    return above("hallucination", gained, threshold)
