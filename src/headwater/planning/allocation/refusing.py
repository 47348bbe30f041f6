"""Why no allocation reaches the targets."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from headwater.planning.allocation.oracle import Judge
from headwater.planning.allocation.problem import Problem
from headwater.planning.outlook import Outlook, is_met, outlook
from headwater.planning.reasons import WORDS, why_not
from headwater.planning.targets import Target, Targets, When
from headwater.report.words import quoted

LOTS = 1e6
"""Times what a model has already: as good as any number."""

AT = {"horizon": "at the horizon", "limit": "in the limit"}


def reasons(problem: Problem, judge: Judge | None, targets: Targets) -> tuple[str, ...]:
    """One sentence a target that is missed with all that may be added, and one where caps are the cause."""
    if judge is None:
        free = capped = np.zeros(problem.unknowns)
    else:
        ray = judge.zero[problem.pot] / judge.weight
        free = np.floor(np.minimum(LOTS * ray, 2.0**50)) + 1
        capped = np.minimum(free, problem.most)
    quantities = targets.quantities
    with_all = outlook(problem.changed(free), quantities=quantities)
    answer = list(_floors(problem, with_all, targets))
    if answer:
        return tuple(answer)
    return (_by_caps(problem, outlook(problem.changed(capped), quantities=quantities), targets),)


def _floors(problem: Problem, found: Outlook, targets: Targets) -> list[str]:
    """What no number of samples mends."""
    touched = np.zeros(len(problem.scope.models), dtype=bool)
    touched[problem.model] = True
    answer: list[str] = []
    for target in targets:
        missed = _worst(found, problem, target, targets.times)
        if missed is None:
            continue
        when, at, _ = missed
        said = why_not(found.pipeline, at, when, target, touched)
        if said not in answer:
            answer.append(said)
    return answer


def _by_caps(problem: Problem, found: Outlook, targets: Targets) -> str:
    names = quoted(limit.name for limit in problem.offer.limits)
    caps = f"the cap of {names} allows" if len(problem.offer.limits) == 1 else f"the caps of {names} allow"
    for unknowns in problem.ungrounded:
        if len(unknowns) and not _may(problem, unknowns):
            who = quoted(dict.fromkeys(problem.graph.model_names[at] for at in problem.model[unknowns]))
            return f"{caps} no real sample into {who}, which need one to be grounded"
    for target in targets:
        missed = _worst(found, problem, target, targets.times)
        if missed is not None:
            when, at, value = missed
            return (
                f"{caps} too few real samples: {problem.graph.model_names[at]!r:.80} would have "
                f"{WORDS[target.quantity]} {_shown(value)} {AT[when]} with all that each model may get"
            )
    total = f"{int(min(problem.room, default=0)):,}"
    return f"{caps} too few real samples for all models together ({total} more at the tightest cap)"


def _may(problem: Problem, unknowns: NDArray[np.intp]) -> bool:
    return bool((problem.most[unknowns] >= 1).any())


def _worst(
    found: Outlook, problem: Problem, target: Target, times: tuple[When, ...]
) -> tuple[When, int, float] | None:
    for when in sorted(times, reverse=True):
        value, at = found.worst(target, when, problem.scope)
        if at >= 0 and not is_met(target, value):
            return when, at, value
    return None


def _shown(value: float) -> str:
    return f"{value:,.4g}" if math.isfinite(value) else "without bound"
