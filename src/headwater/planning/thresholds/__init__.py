"""The least or most of any field of a pipeline at which targets are met, and why where they cannot be."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from headwater.fields import Field
from headwater.grounding import ancestors
from headwater.pipeline import Pipeline
from headwater.planning.outlook import CLOSE
from headwater.planning.reasons import why_not
from headwater.planning.targets import Target, Targets
from headwater.planning.thresholds.judging import worst
from headwater.planning.thresholds.searching import Interval
from headwater.planning.thresholds.solving import Search, Solved
from headwater.planning.thresholds.starting import only_by_the_start
from headwater.planning.thresholds.values import Part, Single, Threshold
from headwater.planning.thresholds.ways import WAYS, Knob, Way
from headwater.report.words import quoted
from headwater.theory.laws import Asymptotic, Law
from headwater.theory.system import Flag

__all__ = ["Interval", "Knob", "Threshold", "threshold"]

TOLD = 20
"""Models whose reasons are told one by one."""

EXPLAINED = 200
"""Models that a model rests on, up to which it is computed what holds it back."""


def threshold(
    pipeline: Pipeline,
    field: Field,
    targets: Targets,
    *,
    law: Law | None = None,
    way: Way = "addition",
    models: Sequence[str] | None = None,
) -> Threshold:
    """The least or most of a field at which every target is met at every model, whenever it is to hold.

    It is the end of an interval of values that meet the targets: of the one that holds the
    current value or is nearest to it. Whole numbers are exact: the targets are met at it, and not
    one further. Other values are right to a millionth.

    Parameters
    ----------
    field
        As `headwater.fields.parse_field` makes it.
    law
        `Asymptotic` where none is given; diversity and tail samples follow the same law under each.
    way
        ``replacement`` keeps the budget of the flow's model: its other flows from models give way,
        in proportion.
    models
        Names of the models that the targets are for; all that can be judged where none are given.

    Raises
    ------
    NoLaw
        For fields of emissions, and as `headwater.diagnose`.
    InputError, UnknownCount
        For what cannot be varied or judged.
    """
    law = law or Asymptotic()
    names = None if models is None else list(models)
    knob = Knob(pipeline, field, way)
    both = field.key == "samples" and field.names[0] in pipeline.graph.source_names
    first = None if knob.domain().empty else _solved(knob, targets, law, names)
    ways: dict[Way, float | None] = {}
    for each in WAYS if both else (way,):
        turned = dataclasses.replace(knob, way=each)
        if each == way:
            ways[each] = None if first is None else first[1].value
        elif not turned.domain().empty:
            ways[each] = _solved(turned, targets, law, names, first[0] if first else None)[1].value
        else:
            ways[each] = None
    return _without(knob, targets, ways) if first is None else _told(*first, ways)


def _solved(
    knob: Knob, targets: Targets, law: Law, names: list[str] | None, other: Search | None = None
) -> tuple[Search, Solved]:
    search = Search.of(knob, targets, law, names, other)
    solved = search.solve()
    if not search.agrees(solved):
        search = search.by_whole()
        solved = search.solve()
    return search, solved


def _without(knob: Knob, targets: Targets, ways: dict[Way, float | None]) -> Threshold:
    """There is nothing to vary."""
    why = knob.domain().empty
    singles = tuple(Single(target, None, None, "", targets.times[0], False, why) for target in targets)
    nothing = Interval(None, None)
    return Threshold(
        knob, knob.current, False, None, "least", nothing, (), why, ways, singles, {}, None, (), targets.times
    )


def _told(search: Search, solved: Solved, ways: dict[Way, float | None]) -> Threshold:
    knob = search.knob
    current = knob.current
    inside = current is not None and search.domain.low <= current <= search.domain.high
    now = _full(search, current) if inside and current is not None else None
    met = now is not None and bool(worst(now)[search.scope.models].min() >= 0)
    models: dict[str, tuple[float | None, str]] = {}
    reason, rest = "", None
    if solved.value is None:
        reason, rest, models = _why(search)
    else:
        models = _binding(search, solved)
        reason = only_by_the_start(search, solved, models)
    return Threshold(
        knob=knob,
        current=current,
        met=met,
        value=solved.value,
        direction=solved.direction,
        interval=solved.chosen or Interval(None, None),
        elsewhere=tuple(each for each in solved.found if each is not solved.chosen),
        reason=reason,
        ways=ways,
        targets=tuple(_single(search, at, target, now, solved) for at, target in enumerate(search.targets)),
        models=models,
        rest=rest,
        left_out=search.scope.left_out,
        times=search.targets.times,
    )


def _full(search: Search, number: float) -> np.ndarray:
    full = getattr(search.judge, "full", search.judge.slack)
    return np.asarray(full(number))


def _single(search: Search, at: int, target: Target, now: np.ndarray | None, solved: Solved) -> Single:
    alone = solved if len(search.targets.quantities) == 1 else search.solve(target=at)
    reason = "" if alone.value is not None else _first_reason(search, at)
    times = search.targets.times
    if now is None:
        return Single(target, alone.value, None, "", times[0], False, reason)
    slack = np.where(np.isnan(now[at]), np.inf, now[at])
    slack[:, ~search.scope.models] = np.inf
    when, model = np.unravel_index(int(slack.argmin()), slack.shape)
    least = float(slack[when, model])
    with np.errstate(over="ignore"):
        if target.is_upper:
            reached = float(target.bound * (1 + CLOSE) * np.exp(-least))
        else:
            reached = float(target.bound * (1 - CLOSE) * np.exp(least))
    name = search.knob.pipeline.graph.model_names[model]
    return Single(target, alone.value, reached, name, times[when], least >= 0, reason)


def _first_reason(search: Search, target: int) -> str:
    """Of the model that is furthest from one target at the value that is best for it."""
    table = np.array([worst(search.judge.slack(point)[target : target + 1]) for point in search.points])
    table[:, ~search.scope.models] = np.inf
    best = table.max(axis=0)
    model = int(best.argmin())
    if best[model] >= 0:
        return "each model can meet it, but at no value do all"
    return _reason(search, model, float(search.points[int(table[:, model].argmax())]), target)


def _reason(search: Search, model: int, number: float, target: int | None = None) -> str:
    """Why a model cannot, at the value that is best for it."""
    slack = search.judge.slack(number)[:, :, model]
    slack = np.where(np.isnan(slack), np.inf, slack)
    if target is None:
        target = int(slack.min(axis=1).argmin())
    when = search.targets.times[int(slack[target].argmin())]
    chosen = list(search.targets)[target]
    knob = search.knob
    pipeline = knob.at(number)
    if knob.field.kind == "generations":
        who = quoted([pipeline.graph.model_names[model]])
        if when == "limit":
            return f"{who} misses it in the limit, which no horizon changes: ask for --at horizon"
        return f"{who} misses it at every horizon that was tried, from generation 1 on"
    above = ancestors(pipeline.graph, np.array([model]))
    touched = knob.touched(number)
    if above.sum() <= EXPLAINED:
        return why_not(pipeline, model, when, chosen, touched, law=search.law)
    name = quoted([pipeline.graph.model_names[model]])
    if not touched[above].any():
        return f"the change does not reach {name}"
    gap = float(np.exp(-slack[target].min()))
    far = f"misses it by a factor of {gap:.4g} at best" if np.isfinite(gap) else "is without bound"
    return f"{name} rests on {int(above.sum()) - 1:,} models, of which the change alters too little: it {far}"


def _why(search: Search) -> tuple[str, Part | None, dict[str, tuple[float | None, str]]]:
    """Why no value meets the targets, and what can be had at the other models."""
    never = search.hopeless()
    models = search.scope.models
    names = search.knob.pipeline.graph.model_names
    if not never.any():
        return _contradiction(search)
    best, where = search.bests(models)
    order = np.flatnonzero(never)[np.argsort(best[never], kind="stable")]
    told: dict[str, tuple[float | None, str]] = {
        names[at]: (None, _reason(search, int(at), float(where[at]))) for at in order[:TOLD]
    }
    others = models & ~never
    rest = None
    if others.any():
        solved = search.solve(others)
        rest = Part(int(others.sum()), solved.value, solved.direction)
    first = next(iter(told.values()))[1]
    more = f" ({quoted([names[at] for at in order])} cannot)" if len(order) > 1 else ""
    return first + more, rest, told


def _contradiction(search: Search) -> tuple[str, Part | None, dict[str, tuple[float | None, str]]]:
    """Each model can, but not all at one value."""
    names, models = search.knob.pipeline.graph.model_names, search.scope.models
    table = np.array([worst(search.judge.slack(point)) for point in search.points])
    table[:, ~models] = np.inf
    told: dict[str, tuple[float | None, str]] = {}
    for at in np.unique([table[0].argmin(), table[-1].argmin(), table[len(table) // 2].argmin()]):
        alone: Flag = np.zeros_like(models)
        alone[at] = True
        solved = search.solve(alone)
        if solved.value is not None:
            told[names[at]] = (
                solved.value,
                f"{quoted([names[at]])} needs at {solved.direction} {solved.value:,.7g}",
            )
    said = "; ".join(reason for _, reason in told.values())
    return f"each model can meet the targets, but at no value do all: {said}", None, told


def _binding(search: Search, solved: Solved) -> dict[str, tuple[float | None, str]]:
    """The model that misses a target next to the threshold."""
    beside = search.beside(solved)
    if beside is None or solved.value is None:
        return {}
    slack = worst(search.judge.slack(beside))
    slack[~search.scope.models] = np.inf
    name = search.knob.pipeline.graph.model_names[int(slack.argmin())]
    return {name: (solved.value, "")}
