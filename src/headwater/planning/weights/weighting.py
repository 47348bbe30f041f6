"""``optimal_weights``: the loss weights at which given counts serve best, and what they bring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from headwater.diagnosis.isolated import versus_isolated
from headwater.diagnosis.setting import Setting
from headwater.errors import InputError, NoLaw
from headwater.graph import InteractionGraph
from headwater.grounding import ancestors, ground
from headwater.pipeline import Pipeline
from headwater.planning.changes import Change
from headwater.planning.outlook import regime_of
from headwater.planning.targets import Scope, scope_of
from headwater.planning.weights.objective import WORST, Objective
from headwater.planning.weights.problem import LEAST_SHARE, Problem
from headwater.planning.weights.searching import TIE, improved
from headwater.regimes import Replace, Window
from headwater.theory.flows import Flows
from headwater.theory.laws import Asymptotic
from headwater.theory.system import Array, Flag, build, has_known_counts, summed
from headwater.validation import LARGEST_COUNT

MOST_MODELS = 4_000
"""Of one answer: beyond, limits are not computed exactly and could not be checked."""

MOST_WORK = 2e11
"""Multiplications of one evaluation."""

MANY_PARTS = 20
"""Parts that no flow joins, from which on small ones are searched together."""

TOGETHER = 100
"""Models in such a search."""

DIGITS = 10
"""Of a written weight: its share survives to a part in a thousand million, and it can be read."""


@dataclass(frozen=True, eq=False)
class Weighting:
    """A pipeline before and after its loss weights were chosen.

    Attributes
    ----------
    before, after
        They differ in weights alone.
    objective, horizon
        What was made small, and after how many generations; None: in the limit.
    share_before, share_after : (flows,)
        Weighted share of each flow in its learner's training set; NaN where a count is unknown.
    inflation_before, inflation_after : (models,)
        At the horizon or in the limit; infinite where a limit does not exist, NaN where unknown.
    chosen : (models,)
        Models whose weights could be chosen.
    judged : (models,)
        Models whose inflation counts.
    versus_own : (models,)
        Risk in the limit, with the new weights, over that of training on the model's own real flows
        alone; NaN where there is no such comparison.
    left_alone
        ``(name, reason)`` of trained models whose weights stay as they were.
    """

    before: Pipeline
    after: Pipeline
    objective: Objective
    horizon: int | None
    share_before: Array
    share_after: Array
    inflation_before: Array
    inflation_after: Array
    chosen: Flag
    judged: Flag
    versus_own: Array
    left_alone: tuple[tuple[str, str], ...]

    @property
    def graph(self) -> InteractionGraph:
        """The graph with the new weights."""
        return self.after.graph

    @property
    def is_possible(self) -> bool:
        """Whether there is a model whose inflation counts and is finite."""
        return bool(self.judged.any())

    @property
    def reason(self) -> str:
        """Why nothing can be done; empty where something can."""
        if self.is_possible:
            return ""
        closed = [name for name, _ in self.left_alone]
        if self.objective.kind == "model" and self.objective.model not in closed:
            return f"{self.objective.model!r} is frozen: it is never trained again, and no weights change it"
        who = repr(self.objective.model) if self.objective.kind == "model" else "every model that counts"
        return (
            f"{who} learns from a closed loop, into which no real data flow: its risk grows without end at "
            "any weights; let real data into the loop, or choose weights for a horizon (--horizon 20)"
            if closed
            else "there is no trained model"
        )

    @property
    def changed(self) -> Flag:
        """(flows,) whether the weight is another."""
        return np.asarray(self.after.graph.weight != self.before.graph.weight)

    @property
    def left_out(self) -> Flag:
        """(flows,) whether the flow is best left out: its weight is as good as none."""
        return self.chosen[self.graph.learner] & (self.share_after <= 2 * LEAST_SHARE)

    def value(self, inflation: Array) -> float:
        """The objective at some inflations; infinite where nothing counts."""
        counted = inflation[self.judged]
        if not len(counted):
            return float("inf")
        return float(counted.sum() if self.objective.kind == "sum" else counted.max())

    @property
    def changes(self) -> tuple[Change, ...]:
        """Every weight that is another."""
        old, new = self.before.graph, self.after.graph
        return tuple(
            Change(
                f"{new.provider_name(int(new.provider[at]))}->{new.model_names[new.learner[at]]}.weight",
                float(old.weight[at]),
                float(new.weight[at]),
            )
            for at in np.flatnonzero(self.changed)
        )


def optimal_weights(
    pipeline: Pipeline | InteractionGraph, objective: Objective = WORST, horizon: int | None = None
) -> Weighting:
    r"""Loss weights of every flow at which inflation is least, counts as they are.

    Under the asymptotic law, :math:`G(t) = W G(t-1) W^\top + \mathrm{diag}(\sum_j w_{ij}^2/n_{ij})`,
    weights matter through the shares :math:`w_{ij}` alone, so every model's mean loss weight is
    written as 1. The answer is never worse than the weights given or equal weights; the
    problem is not convex, so that on graphs with loops it is a very good answer, not surely the best.

    Parameters
    ----------
    horizon
        Generations; None: the limit, in which models that learn from an ungrounded component have
        no finite risk at any weights, and keep theirs.

    Raises
    ------
    NoLaw
        For a regime other than replace, or more models than can be followed exactly.
    UnknownCount
        If the answer needs a count that is unknown.

    Examples
    --------
    >>> flows = [("web", "a", 100), ("a", "a", 100)]
    >>> found = optimal_weights(InteractionGraph.from_flows(flows, sources=["web"]))
    >>> found.share_after.round(6).tolist()
    [0.618034, 0.381966]
    """
    described = pipeline if isinstance(pipeline, Pipeline) else Pipeline(graph=pipeline)
    if regime_of(described) not in (Replace(), Window(1)):
        raise NoLaw(
            f"optimal weights are known for the regime replace, and this is {regime_of(described)}",
            "plan for it all the same with --regime replace, or compare weights by headwater sweep",
        )
    if horizon is not None and not 1 <= horizon <= LONGEST:
        raise InputError(f"the horizon is {horizon!r:.40}", f"write a whole number from 1 to {LONGEST:,}")
    graph = described.graph
    task = _task(graph, objective, horizon)
    weight = graph.weight.copy()
    inflations = np.full((2, len(graph.model_names)), np.nan)
    for keep, together in _groups(task):
        _improve(task, keep, together, weight, inflations)
    inflations[:, task.followed & graph.frozen] = 1.0
    inflations[:, task.lost] = np.inf
    after = replace(described, graph=replace(graph, weight=weight), sha256=None)
    return Weighting(
        before=described,
        after=after,
        objective=objective,
        horizon=horizon,
        share_before=_shares(graph),
        share_after=_shares(after.graph),
        inflation_before=inflations[0],
        inflation_after=inflations[1],
        chosen=task.free,
        judged=task.judged,
        versus_own=_versus_own(after, inflations[1], task)
        if horizon is None
        else np.full(len(task.lost), np.nan),
        left_alone=task.left_alone,
    )


LONGEST = 1_000_000
"""Generations, as in a pipeline."""


@dataclass(frozen=True, eq=False)
class _Task:
    """Which models of a graph count, which may change, and which are followed."""

    graph: InteractionGraph
    objective: Objective
    horizon: int | None
    followed: Flag
    free: Flag
    judged: Flag
    lost: Flag
    left_alone: tuple[tuple[str, str], ...]


def _task(graph: InteractionGraph, objective: Objective, horizon: int | None) -> _Task:
    named = [objective.model] if objective.kind == "model" else None
    scope, grounding = scope_of(graph, named), ground(graph)
    lost = grounding.is_ungrounded & (horizon is None)
    judged = scope.models & graph.trained & ~lost
    followed = has_known_counts(graph) & ~lost
    if followed.sum() > MOST_MODELS:
        raise NoLaw(
            f"{int(followed.sum()):,} models are more than can be checked exactly",
            f"write a pipeline of {MOST_MODELS:,} models or fewer",
        )
    return _Task(
        graph=graph,
        objective=objective,
        horizon=horizon,
        followed=followed,
        free=ancestors(graph, np.flatnonzero(judged)) & graph.trained,
        judged=judged,
        lost=has_known_counts(graph) & lost,
        left_alone=tuple(_left_alone(graph, scope, lost)),
    )


def _versus_own(after: Pipeline, inflation: Array, task: _Task) -> Array:
    """See `Weighting.versus_own`."""
    settles = task.followed
    setting = Setting(ground(after.graph), Replace(), 1, settles)
    risk = np.where(settles, inflation * _start_risk(after.graph, settles), np.nan)
    return versus_isolated(setting, Asymptotic(), risk, risk)


def _start_risk(graph: InteractionGraph, keep: Flag) -> Array:
    """(models,) at generation 0."""
    system = build(graph, keep)
    answer = np.full(len(keep), np.nan)
    answer[system.models] = system.start.risk(system.archive_size)
    return answer


def _left_alone(graph: InteractionGraph, scope: Scope, lost: Flag) -> Iterator[tuple[str, str]]:
    yield from ((name, why) for name, why in scope.left_out if graph.trained[graph.model_index[name]])
    for at in np.flatnonzero(scope.models & lost):
        yield graph.model_names[at], "learns from a closed loop: no weights give it a limit"


def _parts(task: _Task) -> Iterator[Flag]:
    """(models,) sets of models that no flow joins, each with the frozen ones that it hears."""
    graph, trained = task.graph, task.followed & task.graph.trained
    models = len(graph.model_names)
    between = graph.provider < models
    between &= trained[graph.learner] & trained[np.where(between, graph.provider, 0)]
    ends = (graph.provider[between], graph.learner[between])
    joined = sparse.csr_array((np.ones(between.sum()), ends), shape=(models, models))
    label = csgraph.connected_components(joined, directed=False)[1]
    heard = (graph.provider < models) & trained[graph.learner]
    heard &= graph.frozen[np.where(heard, graph.provider, 0)]
    for part in np.unique(label[trained]):
        keep = trained & (label == part)
        keep[graph.provider[heard & keep[graph.learner]]] = True
        yield keep


def _groups(task: _Task) -> Iterator[tuple[Flag, bool]]:
    """Parts to search one by one, and whether several are searched at once.

    Where there are many, those in which one objective stands for each model alone go together.
    """
    parts = list(_parts(task))
    alone = [int((part & task.judged).sum()) < 2 or task.objective.kind == "sum" for part in parts]
    if len(parts) <= MANY_PARTS:
        alone = [False] * len(parts)
    yield from ((part, False) for part, single in zip(parts, alone, strict=True) if not single)
    gathered = np.zeros(len(task.free), dtype=bool)
    for part, single in zip(parts, alone, strict=True):
        if single:
            gathered |= part
            if gathered.sum() >= TOGETHER:
                yield gathered, True
                gathered = np.zeros(len(task.free), dtype=bool)
    if gathered.any():
        yield gathered, True


def _improve(task: _Task, keep: Flag, together: bool, weight: Array, inflations: Array) -> None:
    """Choose the weights of one part; fills its entries of `weight` and of both rows of `inflations`."""
    flows = Flows.of(build(task.graph, keep))
    trained = flows.system.trained
    problem = Problem(flows, task.horizon, task.free[trained], task.judged[trained])
    _check_work(problem)
    inflations[:, trained] = problem.inflation_given
    if not (problem.judged.any() and problem.free.any()):
        return
    worst = task.objective.kind == "worst"
    written = _written(problem, improved(problem, worst and not together))
    found = problem.with_weights(written)
    equal = problem.with_weights(np.where(problem.moving, 1.0, flows.weight))
    best = problem
    for other in (found, equal):
        if _is_better(other, best, worst):
            best = other
    weight[flows.number] = best.flows.weight
    inflations[1, trained] = best.inflation_given


def _is_better(problem: Problem, than: Problem, worst: bool) -> bool:
    """Whether the given shares of one are better; where the worst models are as bad, the next decide."""
    mine, theirs = (
        np.sort(inflation)[::-1] if worst else inflation.sum(keepdims=True)
        for inflation in (each.inflation_given[each.judged] for each in (problem, than))
    )
    apart = np.flatnonzero(~np.isclose(mine, theirs, rtol=TIE, atol=0))
    return bool(len(apart) and mine[apart[0]] < theirs[apart[0]])


def _written(problem: Problem, share: Array) -> Array:
    """(flows,) weights as they are written: of mean 1 over a model's samples, and of few digits."""
    flows = problem.flows
    exact = np.clip(share * flows.budget[flows.row] / flows.samples, 1 / LARGEST_COUNT, LARGEST_COUNT)
    rounded = np.array([float(f"{value:.{DIGITS}g}") for value in exact])
    moved = np.zeros(problem.trained)
    np.maximum.at(moved, flows.row, np.abs(share - problem.given))
    return np.where(problem.moving & (moved[flows.row] > TIE), rounded, flows.weight)


def _check_work(problem: Problem) -> None:
    if problem.evaluation_work > MOST_WORK:
        raise NoLaw(
            f"{problem.trained:,} models that learn from each other are too many to choose weights for"
            + ("" if problem.horizon is None else f" over {problem.horizon:,} generations"),
            "choose weights for the limit, without --horizon, or for a smaller pipeline",
        )


def _shares(graph: InteractionGraph) -> Array:
    """(flows,) weighted share of each flow in its learner's training set; NaN where a count is unknown."""
    mass = graph.samples * graph.weight
    total = summed(graph.learner, mass, len(graph.model_names))
    return np.asarray(mass / total[graph.learner])
