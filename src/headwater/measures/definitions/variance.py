"""Definition 4: collapsing variance."""

from __future__ import annotations

from headwater.measures.definitions.comparing import Change, Unknown, below
from headwater.measures.definitions.values import Finding


def variance(kept: Change | Unknown, threshold: float) -> Finding:
    """Whether variance or diversity collapses [schaeffer2025position]_.

    The definition speaks of variance going to zero. What can be seen is that much of it is gone: by default
    half. It is the variance of all rows together, so that a model may lose tails or modes and
    keep it.
    """
    return below("collapsing_variance", kept, threshold)
