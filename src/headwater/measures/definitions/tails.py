"""Definition 7: disappearance of real tail data."""

from __future__ import annotations

from collections.abc import Mapping

from headwater.measures.definitions.comparing import Change, Unknown, below, unknown
from headwater.measures.definitions.values import Finding


def tails(kept: Mapping[str, Change] | Unknown, threshold: float) -> Finding:
    """Whether tails of real data are under-represented, by half as a default [schaeffer2025position]_.

    Of numbers: the mass beyond the 2 % quantiles of real data in each direction and beyond the outer
    shell. Of labels and words: the mass of rare ones, and the tail sample, how large a real sample has
    as many of the rarest, over the sample's own size. One tail that is lost is enough. Early collapse is
    this and nothing more [shumailov2024collapse]_.
    """
    if isinstance(kept, Unknown) or not kept:
        reason = (
            kept if isinstance(kept, Unknown) else Unknown("real data have no tails that can be followed")
        )
        return unknown("tails", reason, threshold)
    return below("tails", kept, threshold)
