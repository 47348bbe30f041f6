"""The least that would stop a collapse: one repair for each component that causes one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headwater.grounding import Grounding
from headwater.report.words import quoted
from headwater.theory.laws import Law, LeastSquares
from headwater.theory.stationary import real_sample_value


@dataclass(frozen=True, slots=True)
class Repair:
    """Where to act, and why there."""

    model: str
    why: str


def ground_component(grounding: Grounding, members: np.ndarray, collapses: int, law: Law) -> Repair:
    r"""One flow of real data into the member where a real sample buys most.

    For a small real share a sample at model k lowers the component's leading eigenvalue by
    :math:`\pi_k` over its weighted samples, :math:`\pi` the stationary law of the backward walk.
    """
    graph = grounding.graph
    names = [graph.model_names[at] for at in members]
    value = real_sample_value(graph, members)
    best = names[0] if value is None else names[int(np.argmax(value))]
    others = collapses - len(names)
    downstream = (
        f", and of {'the model' if others == 1 else f'all {others:,} models'} downstream" if others else ""
    )
    # a drop is enough where fitting itself amplifies nothing
    flow = "a flow of real data, large enough," if law.may_explode else "one flow of real data"
    if len(names) == 1:
        return Repair(best, f"{flow} into {best!r} stops its collapse{downstream}")
    if value is None:
        which = "any model of the loop will do; give its counts to learn which is best"
    elif np.ptp(value) <= 1e-9 * value.max():
        which = "any other of the loop would do as well"
    else:
        which = "of the loop, that is where a real sample buys most"
    stops = f"{flow} into {best!r} stops the collapse of {quoted(names)}{downstream}"
    return Repair(best, f"{stops}; {which}")


def feed_component(grounding: Grounding, members: np.ndarray, budget: np.ndarray, law: Law) -> Repair:
    """More samples where a grounded component explodes for having too few."""
    names = [grounding.graph.model_names[at] for at in members]
    least = int(np.argmin(budget[members]))
    have = int(budget[members[least]])
    if isinstance(law, LeastSquares):
        enough = 2 * law.features + 1
        why = (
            f"{names[least]!r} is fitted on {have} samples with {law.features} features and amplifies the "
            f"errors it is given: give every model of the loop at least {enough} samples"
        )
    else:
        why = (
            f"errors feed back into the variance of what the models of this loop emit, and {names[least]!r} "
            f"has the fewest samples, {have}: more samples at the loop, or a larger real share, stop it"
        )
    return Repair(names[least], why)
