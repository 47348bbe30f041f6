"""What a changed pipeline costs a generation, beside the one it was made from."""

from __future__ import annotations

import numpy as np

from headwater.graph import InteractionGraph
from headwater.pipeline import Pipeline
from headwater.planning.levers.values import Prices
from headwater.planning.outlook import horizon_of, regime_of
from headwater.regimes import Replace, Window


def added_cost(before: Pipeline, after: Pipeline, prices: Prices) -> float:
    """Money per generation that `after` costs more than `before`; below 0: less.

    Samples that flow in are paid for at the price of their source, or as synthetic ones; old
    samples, as many as are stored at the horizon, at the price of keeping. A flow whose count
    is unknown counts for nothing.
    """
    flows = _paid(after.graph, prices) - _paid(before.graph, prices)
    return flows + prices.kept * (samples_kept(after) - samples_kept(before))


def samples_kept(pipeline: Pipeline) -> float:
    """Old samples stored at the horizon: all but each model's newest batch."""
    graph, regime, horizon = pipeline.graph, regime_of(pipeline), horizon_of(pipeline)
    models = len(graph.model_names)
    counts = np.nan_to_num(graph.samples)
    batch = np.bincount(graph.learner, counts, models)
    given = np.bincount(graph.initial_model, graph.initial_samples, models)
    first = float(np.where(given > 0, given, batch)[graph.trained].sum())
    if isinstance(regime, Replace):
        return 0.0
    if isinstance(regime, Window):
        whole = min(regime.generations, horizon) - 1
        return whole * float(batch.sum()) + (first if regime.generations > horizon else 0.0)
    again = graph.provider < models
    again[~again] = ~graph.fixed[graph.provider[~again] - models]
    # an archive enters a pool once, with generation 0
    return first + (horizon - 1) * float(counts[again].sum())


def _paid(graph: InteractionGraph, prices: Prices) -> float:
    models = len(graph.model_names)
    price = np.concatenate(
        [np.full(models, prices.synthetic), [prices.of(name) for name in graph.source_names]]
    )
    return float(np.nan_to_num(graph.samples) @ price[graph.provider])
