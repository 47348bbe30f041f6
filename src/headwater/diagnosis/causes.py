"""Why models collapse, how fast each cause works, and what would stop it."""

from __future__ import annotations

import math
from itertools import islice

import numpy as np

from headwater.diagnosis.quantities import Quantities
from headwater.diagnosis.repairs import Repair, feed_component, ground_component
from headwater.diagnosis.values import Cause, names
from headwater.grounding import Grounding, reachable
from headwater.regimes import Accumulate, AccumulateSubsample, Regime, Replace, Window
from headwater.theory.growth import growth_factor
from headwater.theory.laws import Asymptotic, Gaussian, Law, QuadraticVariance
from headwater.theory.recursion import Recursion
from headwater.theory.stationary import linear_growth
from headwater.theory.system import System, build
from headwater.theory.typical import log_variance_drift

MOST_CAUSES = 1_000
"""Causes listed with everything they reach; each costs one search."""


def causes_and_repairs(
    grounding: Grounding, found: Quantities, regime: Regime, law: Law
) -> tuple[tuple[Cause, ...], tuple[Repair, ...], int]:
    """What makes models collapse, one repair each, and how many causes were left out."""
    graph = grounding.graph
    causes: list[Cause] = []
    repairs: list[Repair] = []
    left_out = 0
    if not isinstance(regime, Accumulate | AccumulateSubsample):
        replaces = regime in (Replace(), Window(1))
        followed = build(graph, found.known) if replaces and found.known.any() else None
        for members, reach in islice(grounding.causes(), MOST_CAUSES):
            speed = _speed(followed, members, law)
            causes.append(Cause("ungrounded", names(graph, members), names(graph, reach), speed))
            repairs.append(ground_component(grounding, members, len(reach), law))
        left_out = max(0, len(grounding.ungrounded) - MOST_CAUSES)
    budget = np.bincount(graph.learner, graph.samples, len(graph.model_names))
    grows = bool(found.exploding) and not isinstance(regime, AccumulateSubsample)
    recursion = law.recursion(graph, regime, found.known) if grows else None
    for members in found.exploding:
        reached = np.flatnonzero(reachable(graph, members))
        pace = _factor(recursion, members) if recursion is not None else ""
        causes.append(Cause("finite-sample", names(graph, members), names(graph, reached), pace))
        repairs.append(feed_component(grounding, members, budget, law))
    return tuple(causes), tuple(repairs), left_out


def _factor(recursion: Recursion, members: np.ndarray) -> str:
    """By how much risk multiplies a generation in an exploding component."""
    factor = growth_factor(recursion, np.searchsorted(recursion.system.trained, members))
    if abs(factor - 1) < 1e-6:
        return "In the long run risk grows linearly."
    return f"In the long run a generation multiplies risk by {factor:.6g}."


def _speed(system: System | None, members: np.ndarray, law: Law) -> str:
    """How fast an ungrounded component collapses under replace; empty where no closed form is known."""
    if system is None or not np.isin(members, system.trained).all():
        return ""
    place = np.searchsorted(system.trained, members)
    if isinstance(law, Asymptotic) or (isinstance(law, QuadraticVariance) and law.curvature == 0):
        growth = linear_growth(system, place)
        started = float(system.start.risk(system.archive_size)[place].max())
        ratio = growth / started
        pace = f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"
        whose = "its" if len(members) == 1 else "their largest"
        return f"In the long run a generation adds {pace} times {whose} risk at generation 0."
    if isinstance(law, Gaussian) and len(members) == 1 and system.count[place[0]] > 1:
        kept = math.exp(log_variance_drift(float(system.count[place[0]]), law.ddof))
        return f"In a typical run it keeps {kept:.2%} of its variance from one generation to the next."
    return ""
