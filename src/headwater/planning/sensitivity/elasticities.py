"""Which flow's count matters most: exact derivatives of inflation and risk, and what a little more does."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from headwater.errors import InputError
from headwater.graph import InteractionGraph
from headwater.grounding import ancestors, ground
from headwater.planning.targets import Scope
from headwater.theory.derivatives import Followed, Settled, followed, inflation_slopes, settled
from headwater.theory.flows import Flows
from headwater.theory.system import Array, Flag, build

MORE = 0.1
"""Share by which a count is raised to see what that does."""

REAL = 100
"""Real samples that are added to see what that does."""

TRIED = 10
"""Flows, first in rank, for which that is computed and not only guessed."""

FEW = 500
"""Models from which only the first two are tried: each takes a new solution."""

TIED = 9
"""Digits of elasticities by which flows are ranked; then by those of risk."""

EACH = 40_000
"""Models times flows up to which the elasticities of every model are kept."""

MOST_MODELS = 4_000
"""Models up to which whole matrices of second moments are carried."""

Objective = Literal["worst", "sum"] | int
"""The worst inflation, the sum of all, or that of one model, by number."""


@dataclass(frozen=True, slots=True)
class Step:
    """What more samples in one flow would do to the objective.

    Attributes
    ----------
    added
        Samples.
    exact, linear
        The objective with them: computed anew, and by its derivative alone.
    risk
        Risk itself with them, computed anew, over what it is without, of the models that the objective
        adds up without them; of a sum each counts by its inflation.
    model
        Number of the model that is worst with them, or was asked for; None: of the sum.
    """

    added: int
    exact: float
    linear: float
    risk: float
    model: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """How the objective answers to one flow's count.

    Attributes
    ----------
    flow
        Number in the graph.
    elasticity
        d log objective / d log samples: -0.5 is half a per cent less for each per cent more.
    risk_elasticity
        The same of risk itself, generation 0 that inflation is over held as it is. It is below
        `elasticity` where the samples make that generation better too.
    slope
        d objective / d samples.
    diversity
        d diversity retained / d log samples, summed over the models of the objective.
    more, real
        A tenth more samples; and, of a fresh source, a hundred more. None further down the ranking.
    """

    flow: int
    elasticity: float
    risk_elasticity: float
    slope: float
    diversity: float
    more: Step | None = None
    real: Step | None = None


@dataclass(frozen=True, eq=False)
class Elasticities:
    """Every flow's answer, those that matter most first.

    Attributes
    ----------
    graph
        Whose counts are meant.
    generations
        The horizon; None: the limit.
    objective
        What the answers are of.
    model
        Number of the model that is worst, or was asked for; None: of the sum, or there is none.
    value
        The objective; NaN where there is no model whose inflation is finite.
    answers
        Those of flows that the objective rests on.
    infinite
        Numbers of models in scope that are left out, for their inflation grows without end.
    models, flows : (models,), (flows,)
        Numbers of those in `each`.
    each : (models, flows)
        Elasticity of each model's inflation by each flow; without rows where that is too much.
    """

    graph: InteractionGraph
    generations: int | None
    objective: Objective
    model: int | None
    value: float
    answers: tuple[Answer, ...]
    infinite: tuple[int, ...]
    models: np.ndarray
    flows: np.ndarray
    each: Array


def elasticities(
    graph: InteractionGraph, scope: Scope, objective: Objective = "worst", generations: int | None = None
) -> Elasticities:
    """How inflation answers to every count, under replace and the asymptotic law.

    The derivative of the worst inflation is that of the model that is worst.

    Raises
    ------
    InputError
        If more models matter than are carried at once.
    """
    endless = ground(graph).is_ungrounded & (generations is None)
    wanted = scope.models & ~endless & graph.trained
    if isinstance(objective, int):
        wanted = wanted & (np.arange(len(wanted)) == objective)
    infinite = tuple(int(at) for at in np.flatnonzero(scope.models & endless))
    keep = ancestors(graph, np.flatnonzero(wanted)) if wanted.any() else wanted
    if keep.sum() > MOST_MODELS:
        raise InputError(
            f"the objective rests on {int(keep.sum()):,} models; {MOST_MODELS:,} are carried at once",
            "name one model that rests on fewer: --objective MODEL",
        )
    if not wanted.any():
        nothing = np.zeros(0, dtype=np.int64)
        model = objective if isinstance(objective, int) else None
        value = 1.0 if model is not None and graph.frozen[model] else math.nan
        return Elasticities(
            graph, generations, objective, model, value, (), infinite, nothing, nothing, np.zeros((0, 0))
        )
    return _Asking(graph, keep, wanted, objective, generations).answered(infinite)


@dataclass(frozen=True, eq=False)
class _Asking:
    """One objective at one setting of the counts."""

    graph: InteractionGraph
    keep: Flag
    wanted: Flag
    objective: Objective
    generations: int | None

    def answered(self, infinite: tuple[int, ...]) -> Elasticities:
        flows = Flows.of(build(self.graph, self.keep))
        moments = self._moments(flows)
        inflation = _inflation(moments)
        chosen = self._chosen(inflation, flows)
        value = float(inflation[chosen].sum())
        slopes = inflation_slopes(moments, chosen.astype(float))
        of_risk = moments.slopes(chosen / _started(moments)).by_samples()
        wide = self._moments(flows, curvature=-1.0)
        lost = -wide.slopes(chosen.astype(float)).by_samples() * flows.samples
        above = ancestors(self.graph, flows.system.trained[chosen])
        used = np.flatnonzero(above[self.graph.learner[flows.number]])
        # the flows of a lone loop are as good as tied: risk decides, not the last digit
        felt = np.round(np.abs(slopes * flows.samples / value), TIED)
        order = used[np.lexsort((-np.abs(of_risk * flows.samples)[used], -felt[used]))]
        answers = [
            Answer(
                flow=int(flows.number[at]),
                elasticity=float(slopes[at] * flows.samples[at] / value),
                risk_elasticity=float(of_risk[at] * flows.samples[at] / value),
                slope=float(slopes[at]),
                diversity=float(lost[at]),
            )
            for at in order
        ]
        for rank, at in enumerate(order[: TRIED if len(chosen) < FEW else 2]):
            answers[rank] = self._tried(answers[rank], moments, int(at), chosen)
        models, each = self._each(flows, moments, inflation)
        return Elasticities(
            graph=self.graph,
            generations=self.generations,
            objective=self.objective,
            model=self._model(chosen, flows),
            value=value,
            answers=tuple(answers),
            infinite=infinite,
            models=models,
            flows=flows.number,
            each=each,
        )

    def _moments(self, flows: Flows, curvature: float = 0.0) -> Settled | Followed:
        if self.generations is None:
            return settled(flows, curvature)
        return followed(flows, self.generations, curvature)

    def _chosen(self, inflation: Array, flows: Flows) -> Flag:
        """(trained,) the models that the objective adds up."""
        mine = self.wanted[flows.system.trained]
        if self.objective != "worst":
            return mine
        return np.asarray(np.arange(len(mine)) == np.argmax(np.where(mine, inflation, -math.inf)))

    def _model(self, chosen: Flag, flows: Flows) -> int | None:
        """Number of the one model that is meant; None: of the sum."""
        return None if self.objective == "sum" else int(flows.system.trained[chosen][0])

    def _tried(self, answer: Answer, moments: Settled | Followed, at: int, chosen: Flag) -> Answer:
        """The answer with what more samples do, computed anew."""
        flows, started = moments.flows, _started(moments)
        value = float(_inflation(moments)[chosen].sum())

        def step(added: int) -> Step:
            samples = flows.samples.copy()
            samples[at] += added
            after = self._moments(flows.with_samples(samples))
            inflation = _inflation(after)
            then = self._chosen(inflation, flows)
            risk = after.risk[: len(started)] / started
            return Step(
                added=added,
                exact=float(inflation[then].sum()),
                linear=value + added * answer.slope,
                risk=float(risk[chosen].sum()) / value,
                model=self._model(then, flows),
            )

        more = max(1, round(MORE * flows.samples[at]))
        fits = flows.samples[at] + more <= flows.archive_size[at]
        return dataclasses.replace(
            answer,
            more=step(more) if fits else None,
            real=step(REAL) if flows.node[at] < 0 else None,
        )

    def _each(self, flows: Flows, moments: Settled | Followed, inflation: Array) -> tuple[np.ndarray, Array]:
        """Numbers of the models whose elasticities are kept, and these."""
        mine = np.flatnonzero(self.wanted[flows.system.trained])
        if len(mine) * len(flows.number) > EACH:
            return np.zeros(0, dtype=np.int64), np.zeros((0, len(flows.number)))
        one = np.eye(len(inflation))
        rows = [inflation_slopes(moments, one[at]) * flows.samples / inflation[at] for at in mine]
        return flows.system.trained[mine], np.array(rows).reshape(len(mine), len(flows.number))


def _inflation(moments: Settled | Followed) -> Array:
    """(trained,) risk over that of generation 0."""
    started = _started(moments)
    return np.asarray(moments.risk[: len(started)] / started)


def _started(moments: Settled | Followed) -> Array:
    """(trained,) risk of generation 0."""
    return np.asarray(moments.flows.start_risk[: len(moments.flows.system.trained)])
