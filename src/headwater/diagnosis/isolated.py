"""What a model's risk would be if it heard no other model: the comparison always owed."""

from __future__ import annotations

import numpy as np

from headwater.diagnosis.setting import Setting
from headwater.graph import InteractionGraph
from headwater.theory.laws import Law
from headwater.theory.recursion import Invariant
from headwater.theory.steady import steady_state
from headwater.theory.system import Array, Flag
from headwater.theory.trajectory import trajectory


def versus_isolated(setting: Setting, law: Law, reached: Array, limit: Array) -> Array:
    """(models,) risk over that of training on the model's own real flows alone, under the same regime.

    Limit over limit where old data are dropped and there is one; else horizon over horizon. NaN
    for models without enough real flows of their own.

    Parameters
    ----------
    reached, limit : (models,)
        Risk at the horizon, and in the limit (NaN where there is none).
    """
    graph, models = setting.graph, setting.models
    answer = np.full(models, np.nan)
    real = graph.provider >= models
    own = np.bincount(graph.learner[real], graph.samples[real], models)
    alone = setting.keep & graph.trained & (own >= law.least_samples)
    if not alone.any() or not setting.dense:
        return answer
    part = only_real_flows(graph, alone)
    recursion = law.recursion(part, setting.regime, np.ones(len(part.model_names), dtype=bool))
    answer[alone] = reached[alone] / trajectory(recursion, setting.generations)[-1]
    if not setting.pools:
        invariant: Invariant = recursion  # type: ignore[assignment]
        settled = limit[alone] / steady_state(invariant)
        answer[alone] = np.where(np.isnan(settled), answer[alone], settled)
    return answer


def only_real_flows(graph: InteractionGraph, alone: Flag) -> InteractionGraph:
    """The graph of the models in `alone` with their flows from sources and no others."""
    models, number = len(graph.model_names), np.cumsum(alone) - 1
    flows = alone[graph.learner] & (graph.provider >= models)
    started = alone[graph.initial_model]
    return InteractionGraph(
        model_names=tuple(name for name, kept in zip(graph.model_names, alone, strict=True) if kept),
        source_names=graph.source_names,
        frozen=graph.frozen[alone],
        external=graph.external[alone],
        fixed=graph.fixed,
        size=graph.size,
        provider=(graph.provider[flows] - models + alone.sum()).astype(np.int32),
        learner=number[graph.learner[flows]].astype(np.int32),
        samples=graph.samples[flows],
        weight=graph.weight[flows],
        initial_model=number[graph.initial_model[started]].astype(np.int32),
        initial_source=graph.initial_source[started],
        initial_samples=graph.initial_samples[started],
    )
