"""The least that would stop a collapse: one repair for each component that causes one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headwater.grounding import Grounding
from headwater.theory.laws import Law, LeastSquares
from headwater.theory.stationary import real_sample_value

NAMED = 4
"""Names listed before the rest becomes a number."""


@dataclass(frozen=True, slots=True)
class Repair:
    """Where to act, and why there."""

    model: str
    why: str


def ground_component(grounding: Grounding, members: np.ndarray, collapses: int) -> Repair:
    r"""One flow of real data into the member where a real sample buys most.

    For a small real share a sample at model k lowers the component's leading eigenvalue by
    :math:`\pi_k` over its weighted samples, :math:`\pi` the stationary law of the backward walk.
    """
    graph = grounding.graph
    names = [graph.model_names[at] for at in members]
    value = real_sample_value(graph, members)
    loop = (
        f"its own output ({names[0]!r})" if len(names) == 1 else f"a loop of {len(names)} ({listed(names)})"
    )
    reach = f" and everything it reaches, {collapses} models in all" if collapses > len(names) else ""
    best = names[0] if value is None else names[int(np.argmax(value))]
    which = (
        "any model of it will do; with counts known the one is named where a real sample buys most"
        if value is None and len(names) > 1
        else "here a real sample buys most"
        if len(names) > 1
        else ""
    )
    why = f"one flow of real data (or of a frozen model) into {best!r} bounds {loop}{reach}"
    return Repair(best, f"{why}; {which}" if which else why)


def feed_component(grounding: Grounding, members: np.ndarray, budget: np.ndarray, law: Law) -> Repair:
    """More samples where a grounded component explodes for having too few."""
    names = [grounding.graph.model_names[at] for at in members]
    least = int(np.argmin(budget[members]))
    have = int(budget[members[least]])
    if isinstance(law, LeastSquares):
        enough = 2 * law.features + 1
        why = (
            f"{names[least]!r} is fitted on {have} samples with {law.features} features and amplifies the "
            f"errors it is given; from {enough} samples on at every model of the loop none does"
        )
    else:
        why = (
            f"{names[least]!r} is fitted on {have} samples, and errors feed back into the variance of what "
            f"it emits; more samples, or a larger real share, stop it"
        )
    return Repair(names[least], why)


def listed(names: Sequence[str]) -> str:
    """A few names, and how many more."""
    shown = ", ".join(names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"
