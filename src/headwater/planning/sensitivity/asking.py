"""The whole question: which counts matter, and what the box of uncertain ones does to models and a target."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from headwater.errors import InputError
from headwater.graph import InteractionGraph
from headwater.pipeline import Pipeline
from headwater.planning.changes import Change
from headwater.planning.outlook import horizon_of
from headwater.planning.sensitivity.branching import Bracket
from headwater.planning.sensitivity.elasticities import Answer, Elasticities, Objective, Step, elasticities
from headwater.planning.sensitivity.ranged import ModelRange, Ranged, check_regime, over_box
from headwater.planning.targets import Scope, scope_of
from headwater.planning.weights.objective import Objective as Spelt

SCHEMA = "headwater/sensitivity/1"

LONGEST = 1_000_000
"""Generations, as in a pipeline."""


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """What was asked and what was found.

    Attributes
    ----------
    pipeline
        As described, ranges included.
    elasticities
        At the counts, those within bounds at the middle.
    boxes
        Over all counts within bounds: at the time that was asked about, and, where a target is to
        hold at both, at the other. Empty where nothing is uncertain and there is no target.
    max_inflation
        The target; None: none.
    left_out
        ``(name, reason)`` of models that no theory can judge.
    """

    pipeline: Pipeline
    elasticities: Elasticities
    boxes: tuple[Ranged, ...]
    max_inflation: float | None
    left_out: tuple[tuple[str, str], ...]

    @property
    def met(self) -> bool | None:
        """Whether the target holds over every box; None where it cannot be told, or there is none."""
        if self.max_inflation is None:
            return None
        answers = [box.met(self.max_inflation) for box in self.boxes]
        return False if False in answers else None if None in answers else True

    @property
    def worst(self) -> tuple[float, float, Bracket] | None:
        """The objective's worst case as found and as proved, and where; None where there is none."""
        box = next(iter(self.boxes), None)
        if box is None or self.elasticities.objective == "sum":
            found = None if box is None else box.total
            return None if found is None else (found.found, found.proved, found)
        if self.elasticities.objective == "worst":
            chosen, proved = box.worst, box.proved
        else:
            chosen = next((each for each in box.models if each.model == self.elasticities.objective), None)
            proved = chosen.worst.proved if chosen and chosen.worst else math.nan
        if chosen is None or chosen.worst is None:
            return None
        return chosen.worst.found, proved, chosen.worst

    def worst_case(self) -> tuple[Pipeline, tuple[Change, ...]]:
        """The pipeline at the counts of the objective's worst case, and what that changes.

        Raises
        ------
        InputError
            If no count is uncertain, or no worst case was found.
        """
        if not self.pipeline.graph.ranges:
            raise InputError(
                "no count of the pipeline is uncertain",
                "write a range for one, such as `samples: [800, 1500]`, or leave --worst-case out",
            )
        if self.worst is None:
            raise InputError(
                "there is no worst case to write: the objective is without bound whatever the counts",
                "ask about a time, --horizon 20, or another --objective",
            )
        box, bracket = self.boxes[0], self.worst[2]
        counts, names = box.counts_at(bracket), _named(box.graph)
        changes = tuple(
            Change(names(at), f"{low:,} to {high:,}", counts[at]) for at, (low, high) in box.ranges
        )
        return box.pipeline_at(self.pipeline, bracket), changes

    def to_dict(self) -> dict[str, object]:
        """The JSON document: no NaN, no infinity."""
        found = self.elasticities
        graph, names = found.graph, _named(found.graph)
        worst = self.worst
        target = {"max_inflation": self.max_inflation, "met_over_the_box": self.met}
        return {
            "schema": SCHEMA,
            "pipeline": self.pipeline.name,
            "objective": objective_name(graph, found.objective),
            "horizon": found.generations,
            "model": None if found.model is None else graph.model_names[found.model],
            "value": _plain(found.value),
            "flows": [_answer(answer, graph, names) for answer in found.answers],
            "models": {
                graph.model_names[at]: {
                    names(int(flow)): float(value)
                    for flow, value in zip(found.flows, row, strict=True)
                    if value
                }
                for at, row in zip(found.models, found.each, strict=True)
            },
            "infinite": [graph.model_names[at] for at in found.infinite],
            "left_out": [{"model": name, "reason": reason} for name, reason in self.left_out],
            "worst_case": None
            if worst is None
            else {
                "found": worst[0],
                "proved": _plain(worst[1]),
                "counts": _counts(self.boxes[0], worst[2], names),
            },
            "boxes": [_box(box, names) for box in self.boxes],
            "target": None if self.max_inflation is None else target,
            "provenance": {"headwater": version("headwater"), "input_sha256": self.pipeline.sha256},
        }


def sensitivity(
    pipeline: Pipeline,
    objective: Objective = "worst",
    horizon: int | None = None,
    max_inflation: float | None = None,
    models: Sequence[str] | None = None,
) -> Sensitivity:
    """Which counts matter most, and what becomes of every model over all counts that the ranges allow.

    Parameters
    ----------
    objective
        The worst inflation, the sum of all, or that of one model, by number.
    horizon
        Generations after which inflation is meant; None: the limit. A target is then judged in the
        limit and at the pipeline's own horizon.
    max_inflation
        A target that is to hold over the whole box.
    models
        Names of those that are judged; None: all whose numbers can be known.

    Raises
    ------
    NoLaw
        Elsewhere than under replace.
    InputError, UnknownCount
        If the horizon is none, and as `headwater.planning.targets.scope_of`.
    """
    if horizon is not None and not 1 <= horizon <= LONGEST:
        raise InputError(f"the horizon is {horizon!r:.40}", f"write a whole number from 1 to {LONGEST:,}")
    check_regime(pipeline)
    ranged = pipeline.graph
    graph = ranged.with_samples_at("middle")
    scope = scope_of(graph, models)
    if isinstance(objective, int) and not scope.models[objective]:
        # says why it cannot be known, or that it was not named
        scope_of(graph, [graph.model_names[objective]])
        raise InputError(
            f"{graph.model_names[objective]!r:.80} is the objective and not among --models",
            "name it there as well, or leave --models out",
        )
    found = elasticities(graph, scope, objective, horizon)
    return Sensitivity(
        pipeline=pipeline,
        elasticities=found,
        boxes=_boxes(pipeline, scope, found, max_inflation),
        max_inflation=max_inflation,
        left_out=scope.left_out,
    )


def _boxes(
    pipeline: Pipeline, scope: Scope, found: Elasticities, max_inflation: float | None
) -> tuple[Ranged, ...]:
    if not pipeline.graph.ranges and max_inflation is None:
        return ()
    times = [found.generations]
    if max_inflation is not None and found.generations is None:
        times.append(horizon_of(pipeline))
    if pipeline.graph.ranges and isinstance(found.objective, int) and max_inflation is None:
        only = scope.models.copy()
        only[:] = False
        only[found.objective] = True
        scope = dataclasses.replace(scope, models=only)
    summed = found.objective == "sum"
    return tuple(
        over_box(pipeline.graph, scope, when, summed and place == 0) for place, when in enumerate(times)
    )


def objective_name(graph: InteractionGraph, objective: Objective) -> str:
    """As it is spelt on the command line."""
    return str(Spelt.of(graph.model_names[objective])) if isinstance(objective, int) else objective


def _named(graph: InteractionGraph) -> Callable[[int], str]:
    """Flows as `headwater.fields` spells them, by number."""

    def name(flow: int) -> str:
        return f"{graph.provider_name(int(graph.provider[flow]))}->{graph.model_names[graph.learner[flow]]}"

    return name


def _answer(answer: Answer, graph: InteractionGraph, names: Callable[[int], str]) -> dict[str, object]:
    return {
        "from": graph.provider_name(int(graph.provider[answer.flow])),
        "to": graph.model_names[graph.learner[answer.flow]],
        "samples": int(graph.samples[answer.flow]),
        "elasticity": answer.elasticity,
        "risk_elasticity": answer.risk_elasticity,
        "slope": answer.slope,
        "diversity_slope": answer.diversity,
        "ten_percent_more": _step(answer.more, graph),
        "hundred_real_more": _step(answer.real, graph),
    }


def _step(step: Step | None, graph: InteractionGraph) -> dict[str, object] | None:
    if step is None:
        return None
    return {
        "added": step.added,
        "exact": step.exact,
        "linear": step.linear,
        "risk": step.risk,
        "model": None if step.model is None else graph.model_names[step.model],
    }


def _box(box: Ranged, names: Callable[[int], str]) -> dict[str, object]:
    return {
        "horizon": box.generations,
        "ranges": {names(at): list(bounds) for at, bounds in box.ranges},
        "models": {box.graph.model_names[each.model]: _model(box, each, names) for each in box.models},
        "unsearched": [
            {"model": box.graph.model_names[at], "reason": reason} for at, reason in box.unsearched
        ],
    }


def _model(box: Ranged, each: ModelRange, names: Callable[[int], str]) -> dict[str, object]:
    answer: dict[str, object] = {"middle": _plain(each.middle), "middle_risk": _plain(each.middle_risk)}
    for which, bracket, risk in (
        ("worst", each.worst, each.worst_risk),
        ("best", each.best, each.best_risk),
    ):
        answer[which] = None if bracket is None else _bracket(box, bracket, names) | {"risk": _plain(risk)}
    if box.generations is None:
        for which, (verdict, proved) in (("worst", each.worst_verdict), ("best", each.best_verdict)):
            answer[f"{which}_verdict"] = {"verdict": verdict, "proved": proved}
    return answer


def _bracket(box: Ranged, bracket: Bracket, names: Callable[[int], str]) -> dict[str, object]:
    return {
        "found": bracket.found,
        "proved": _plain(bracket.proved),
        "counts": _counts(box, bracket, names),
        "regions": bracket.regions,
    }


def _counts(box: Ranged, bracket: Bracket, names: Callable[[int], str]) -> dict[str, int]:
    return {names(at): count for at, count in box.counts_at(bracket).items()}


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None
