"""The Pareto front of levers: what none of the others beats in cost and in every target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from headwater.planning.levers.values import Row
from headwater.theory.system import Array


def front(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Rows that no other is as good as everywhere and better than somewhere, cheapest first.

    Of rows that are alike in every number the first is kept. Rows of which a target's value is
    not known take no part.
    """
    judged = [row for row in rows if row.outcome is not None and _is_known(row)]
    if not judged:
        return ()
    points = np.array([_point(row) for row in judged])
    no_worse = (points[:, None] <= points[None]).all(axis=2)
    better = no_worse & (points[:, None] < points[None]).any(axis=2)
    earlier = np.triu(no_worse & no_worse.T, 1)
    kept = np.flatnonzero(~(better | earlier).any(axis=0))
    return tuple(judged[at] for at in sorted(kept, key=lambda at: tuple(points[at])))


def _is_known(row: Row) -> bool:
    assert row.outcome is not None
    return all(each.value is not None for each in row.outcome.reached)


def _point(row: Row) -> Array:
    """(1 + targets,) cost, and each target's worst value so that less is better."""
    assert row.outcome is not None
    values = [(each.value or 0.0) * (1 if each.target.is_upper else -1) for each in row.outcome.reached]
    return np.array([row.cost, *values])
