r"""The effective tail sample of one model under replace and its exact derivative by every flow's samples.

The recursion is that of `headwater.theory.tails`; the derivative goes through it the other way, from
generation 0 on, so that all flows cost what a few evaluations do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from headwater.graph import InteractionGraph
from headwater.theory.flows import Flows
from headwater.theory.system import Array, Flag, build, summed
from headwater.theory.tail_lineage import WHOLE, Course, Lineage


def tail_sample_slopes(
    graph: InteractionGraph,
    keep: Flag,
    model: int,
    generations: int | None,
    samples: Array | None = None,
) -> tuple[float, Array]:
    r"""The effective tail sample A of one model under replace, and how it answers to every flow.

    Parameters
    ----------
    keep : (models,) bool
        Models whose counts are known; holds the model and all of its ancestors.
    model
        Its number in the graph.
    generations
        The horizon, or None for the limit.
    samples : (flows,)
        Counts instead of the graph's, in its order; any may be 0 (what is not used yet), but no
        model's budget.

    Returns
    -------
    float
        As `tail_sample` and `tail_sample_limit` have it; NaN where the limit is too much work.
    Array
        (flows,) derivative by samples, at fixed loss weights, in the graph's order: 0 for flows into
        models that are no ancestors, NaN throughout where the value is.

    Raises
    ------
    UnknownCount
        If a count among `keep` is unknown.

    Notes
    -----
    No record that is asked for is worth more than one fresh real sample: at most as many records as
    are asked for are drawn, and the shares of who brings them sum to 1. Therefore, at every horizon and
    in the limit, whatever archives, frozen models and starts:

    - More fresh real samples never lower A, as long as they weigh no more than the learner's other
      samples: at equal weights :math:`1 - e^{-b} \ge b e^{-b}`, with b the records asked of the model over
      its budget, is what they bring less the most that they displace. Heavier ones may lower it.
    - Real samples in place of synthetic ones, budgets kept and weights equal, never lower A.
    - From the default start A never rises with the horizon, so that a limit that is enough is enough
      at every horizon. A smaller given start may make it rise.

    After no or one generation from the default start A is concave in the fresh samples of all models at
    equal weights, as a sum of :math:`N(1 - e^{-n/N})`; so it is, to first order, where records are too
    few to meet, as 1 less a product of :math:`n/(n + x)`. No exception is known elsewhere, nor a proof.
    """
    flows = Flows.of(build(graph, keep))
    if samples is not None:
        flows = flows.with_samples(np.asarray(samples, dtype=float)[flows.number])
    at = int(np.flatnonzero(flows.system.models == model)[0])
    value, slopes = tail_slopes(flows, at, generations)
    answer = np.zeros(len(graph.samples))
    answer[flows.number] = slopes
    return value, answer


def tail_slopes(flows: Flows, model: int, generations: int | None) -> tuple[float, Array]:
    """The same by flows at hand: `model` is a place among the system's models, derivatives are (flows,)."""
    system = flows.system
    answer = np.zeros(len(flows.row))
    if model >= len(system.trained):
        return float(system.start.count[model]), answer
    lineage = Lineage.of(flows, model)
    course = lineage.follow(generations)
    if course is None:
        return math.nan, np.full(len(flows.row), math.nan)
    end = _ended(lineage, course) if generations is not None else _faded(lineage, course)
    answer[lineage.place] = _swept(lineage, course, end)
    return end.value, answer


@dataclass(frozen=True, eq=False)
class _End:
    """The tail sample, and how it answers at the end of the way.

    Attributes
    ----------
    asked : (trained,)
        To records asked of each model.
    worth : (flows,)
        To a record that a flow brings anywhere on the way: 1 for fresh sources, the chance that no
        other record of it counts for archives, 0 for trained models, that depends on when.
    samples : (flows,)
        To samples, at the end alone; `mass` likewise, (trained,), to each model's mass.
    """

    value: float
    asked: Array
    worth: Array
    samples: Array
    mass: Array


def _ended(lineage: Lineage, course: Course) -> _End:
    """Where the way ends at generation 0."""
    start, default = lineage.flows.system.start, lineage.by_default
    mass = np.where(default, lineage.flows.budget, start.mass[: lineage.trained])
    ratio = np.where(course.asked > 0, course.asked / mass, 0)
    seen, decay = -np.expm1(-ratio), np.exp(-ratio)
    value, worth, per_model = _drawn(lineage, course, np.where(default, 0, seen))
    answer = np.where(default, decay, per_model * decay / mass)
    of_budget = np.where(default, seen - np.where(decay > 0, ratio, 0) * decay, 0)
    return _End(
        value=value + float(seen[default] @ mass[default]),
        asked=answer,
        worth=worth,
        samples=of_budget[lineage.row],
        mass=np.zeros(lineage.trained),
    )


def _faded(lineage: Lineage, course: Course) -> _End:
    """Where so few records are left that the rest of the way is of first order."""
    alive, mass = lineage.alive, lineage.flows.mass
    lives = np.isin(lineage.row, alive)
    success = np.where(lives, lineage.success(course.asked), 0)
    ahead, worth_ahead = np.zeros(lineage.trained), np.zeros(lineage.trained)
    ahead[alive] = lineage.solve_forward(lineage.asked(success)[alive])
    total = success + np.where(lives, lineage.part * ahead[lineage.row], 0)
    lineage.gather(course, total, -lineage.fraction * total)
    value, worth, _ = _drawn(lineage, course, np.zeros(lineage.trained))
    brought = np.where(lives, lineage.samples * lineage.part * worth, 0)
    worth_ahead[alive] = lineage.solve_backward(summed(lineage.row, brought, lineage.trained)[alive])
    at_last = worth.copy()
    at_last[lineage.moving] = worth_ahead[lineage.model[lineage.moving]]
    answer, of_mass = lineage.back(course.asked, np.where(lives, at_last, 0))
    of_mass[alive] -= ahead[alive] * worth_ahead[alive] / mass[alive]
    return _End(value=value, asked=answer, worth=worth, samples=total * at_last, mass=of_mass)


def _drawn(lineage: Lineage, course: Course, seen: Array) -> tuple[float, Array, Array]:
    """The tail sample with the given draws of generation 0, `_End.worth`, and by the chance of each model.

    Parameters
    ----------
    seen : (trained,)
        Chance that a record of generation 0 counts; of frozen models it is found here.
    """
    system, draws = lineage.flows.system, lineage.flows.system.start.draws
    models, size = len(system.models), system.archive_size
    mass = system.start.mass[lineage.trained :]
    chance = np.concatenate([seen, -np.expm1(-course.frozen / mass)])[draws.model]
    given = ~lineage.flows.starts_by_default[draws.model]
    fresh, fixed = given & (draws.archive < 0), given & (draws.archive >= 0)
    which = draws.archive[fixed]
    taken = np.minimum(chance[fixed] * draws.samples[fixed] / size[which], WHOLE)
    missed = course.missed + summed(which, np.log1p(-taken), len(size))
    gain = np.where(fresh, draws.samples, 0.0)
    gain[fixed] = draws.samples[fixed] * np.exp(missed)[which] / (1 - taken)
    per_model = summed(draws.model, gain, models)
    of_frozen = per_model[lineage.trained :] * np.exp(-course.frozen / mass) / mass
    worth_of = np.concatenate([np.zeros(lineage.trained), of_frozen, np.exp(missed), [1.0]])
    value = course.known + float(chance[fresh] @ draws.samples[fresh] - np.expm1(missed) @ size)
    return value, worth_of[lineage.node], per_model[: lineage.trained]


def _swept(lineage: Lineage, course: Course, end: _End) -> Array:
    """(lineage,) derivative by samples: from the end of the way back to the model itself."""
    slopes, mass, answer = end.samples.copy(), end.mass.copy(), end.asked
    drawn = lineage.archive >= 0
    for asked in course.backwards(lineage):
        success = lineage.success(asked)
        worth = end.worth.copy()
        worth[drawn] /= 1 - lineage.drawn(success)[drawn]
        worth[lineage.moving] = answer[lineage.model[lineage.moving]]
        slopes += success * worth
        answer, of_mass = lineage.back(asked, worth)
        mass += of_mass
    return np.asarray(slopes + mass[lineage.row] * lineage.flows.weight[lineage.place])
