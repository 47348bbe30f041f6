r"""Bounds of a goal over a whole box of counts, proved.

With the sums over training sets taken for free the goal is convex in the logarithms of counts and of
one over each sum, and rises in each (see `counted`). The sums are tied to the counts: :math:`-\log M`
is concave in them. Put a plane above it, and the goal with the plane in its place lies above the goal
and is convex: it is greatest at a corner. Put a plane below it, and it lies below, and is convex again:
its own tangent bounds it. Both are exact where the planes touch, and off by the square of the width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, minimize

from headwater.planning.sensitivity.goal import Box, Goal
from headwater.theory.system import Array, Flag

MOST_CORNERS = 12
"""Counts whose every combination of ends is tried; others are bounded each by itself."""

DESCENTS = 6
"""Steps of a descent to the least value of a convex bound."""


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A bound of a goal over a box.

    Attributes
    ----------
    value
        The goal is nowhere above it (or below it).
    at : (counts,)
        Where the bound is taken: a point worth trying.
    loosest
        Position of the count by which splitting the box tightens it most.
    """

    value: float
    at: Array
    loosest: int


def falls_always(goal: Goal) -> Flag:
    r"""(flows,) whether the goal falls with the count whatever the others are: real samples.

    Of a fresh source only the innovation of the learner hears: its elasticity by the count is at
    most :math:`x\, n \omega^2 y^2`, by the training set's sum at least twice :math:`x \sum n \omega^2 y^2`.
    So it falls where the weight is at most twice the least one of the training set; and at equal
    weights also where the learner's own generation 0 follows.
    """
    flows = goal.counted.flows
    trained = len(goal.coefficient)
    least = np.full(trained, np.inf)
    most = np.zeros(trained)
    np.minimum.at(least, flows.row, flows.weight)
    np.maximum.at(most, flows.row, flows.weight)
    exact = (goal.is_by_default & (goal.coefficient > 0))[flows.row]
    allowed = np.where(exact, least[flows.row] == most[flows.row], flows.weight <= 2 * least[flows.row])
    return np.asarray((flows.node < 0) & allowed)


def highest_within(
    goal: Goal, box: Box, anchor: Array, leverage: Array, together: int = MOST_CORNERS
) -> Bound:
    """A bound from above: the convex one that touches the goal at `anchor`, at its greatest corner.

    Parameters
    ----------
    anchor : (counts,)
        Anywhere; best where the goal is greatest.
    leverage : (counts,)
        How much each count moves a bound.
    together
        Counts whose every combination of ends is tried. Others, those that move the bound least, are
        each taken at whatever end is worse wherever they occur.
    """
    order = np.argsort(-leverage * box.widths, kind="stable")
    tried = np.zeros(len(anchor), dtype=bool)
    tried[order[:together]] = True
    corners = box.corners(tried)
    above = np.where(tried, corners, box.high)
    summed, touched = goal.settings(corners), goal.settings(anchor[None])
    moved = np.log(summed / touched)
    counted, flows = goal.counted, goal.counted.flows
    mass, budget = counted.mass(touched), counted.budget(touched)
    tilt = (moved * (touched * flows.weight / mass[:, flows.row])) @ counted.into
    start_tilt = (moved * (touched / budget[:, flows.row])) @ counted.into
    apart = goal.settings(above)
    risks = counted.risks(apart, mass * np.exp(tilt), budget * np.exp(start_tilt))
    values = goal.total(risks, counted.budget(apart))
    best = int(np.argmax(values))
    loose = leverage * np.log(above[best] / anchor) ** 2
    loose = np.where(tried, loose, 2 * leverage * box.widths)
    return Bound(float(values[best]), corners[best], _widest(loose, leverage, box))


def _widest(loose: Array, leverage: Array, box: Box) -> int:
    """The count to split: the loosest, or where none is, the widest; never one that is a point."""
    wide = box.widths > 0
    loose = np.where(wide, loose, -1.0)
    if loose.max(initial=0.0) > 0:
        return int(np.argmax(loose))
    return int(np.argmax(np.where(wide, leverage * box.widths**2, -1.0))) if len(wide) else 0


def lowest_within(goal: Goal, box: Box, near: Array, leverage: Array, enough: float) -> Bound:
    """A bound from below: tangent to the convex one that touches the goal at the corner nearest to `near`.

    Parameters
    ----------
    enough
        A bound that needs no tightening.
    """
    counted, flows = goal.counted, goal.counted.flows
    low, high, corner = (goal.settings(each[None])[0] for each in (box.low, box.high, box.corner(near)))
    of_mass = _chords(goal, low, high, corner, flows.weight)
    of_budget = _chords(goal, low, high, corner, np.ones_like(flows.weight))

    def bounded(counts: Array) -> tuple[float, Array]:
        samples = goal.settings(counts[None])
        moved = np.log(samples / corner)
        mass = counted.mass(corner[None]) * np.exp((moved * of_mass) @ counted.into)
        budget = counted.budget(corner[None]) * np.exp((moved * of_budget) @ counted.into)
        moments = counted.loosened(samples[0], mass[0], budget[0])
        parts = goal.parts(moments, samples[0])
        return parts.value, parts.along(of_mass, of_budget)[goal.free]

    def tangent(counts: Array) -> float:
        value, slope = bounded(counts)
        return value + float(
            np.minimum(slope * np.log(box.low / counts), slope * np.log(box.high / counts)).sum()
        )

    def below(logarithm: Array) -> tuple[float, Array]:
        return bounded(box.nearest(np.exp(logarithm)))

    first = box.nearest(near)
    value, at = tangent(first), first
    if value < enough:
        least = minimize(
            below,
            np.log(first),
            jac=True,
            method="L-BFGS-B",
            bounds=Bounds(np.log(box.low), np.log(box.high)),
            options={"maxiter": DESCENTS},
        )
        second = box.nearest(np.exp(least.x))
        better = tangent(second)
        value, at = (better, second) if better > value else (value, second)
    return Bound(value, at, _widest(leverage * box.widths**2, leverage, box))


def _chords(goal: Goal, low: Array, high: Array, corner: Array, weight: Array) -> Array:
    """(flows,) slopes of a plane over the logarithm of each training set's sum, which touches at the corner.

    Along a count the sum rises most where the others are low, and falls least where they are high.
    """
    row = goal.counted.flows.row
    least, most = ((each * weight) @ goal.counted.into for each in (low, high))
    more, width = (high - low) * weight, np.log(high / low)
    up = np.log1p(more / least[row])
    down = -np.log1p(-more / most[row])
    with np.errstate(invalid="ignore"):
        return np.where(width > 0, np.where(corner > low, down, up) / width, 0.0)
