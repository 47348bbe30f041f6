"""Definition 2: any increase of population risk."""

from __future__ import annotations

from headwater.measures.definitions.comparing import Change, Unknown, above
from headwater.measures.definitions.values import Finding


def any_increase(rise: Change | Unknown, threshold: float) -> Finding:
    """Whether risk rose at all over training on real data alone [schaeffer2025position]_.

    Taken to the letter this holds of every model: a strictly proper score is lowest for the real law
    only, and with enough data the smallest rise is significant. So it has a small margin.
    Where the first definition holds, this one does.
    """
    return above("any_risk_increase", rise, threshold)
