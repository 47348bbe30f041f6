"""Definition 1: catastrophic increase of population risk."""

from __future__ import annotations

from headwater.measures.definitions.comparing import Change, Unknown, above
from headwater.measures.definitions.values import Finding


def catastrophic(rise: Change | Unknown, threshold: float) -> Finding:
    """Whether risk rose critically [schaeffer2025position]_.

    The literature leaves "catastrophic" open. By default it is a quarter of what a model loses that writes
    the real mean again and again, or a bit, which doubles perplexity, or, where risk is 0 at best
    and has no natural unit, ten times that of generation 0.
    """
    return above("catastrophic_risk", rise, threshold)
