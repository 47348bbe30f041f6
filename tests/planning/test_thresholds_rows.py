"""Inflations by rows of powers, held to the dense moments and to the outlook of the whole diagnosis."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.grounding import ground
from headwater.pipeline import Pipeline
from headwater.planning.outlook import outlook
from headwater.planning.thresholds.rows import Rows
from headwater.theory.flows import Flows
from headwater.theory.system import build


def tangled(seed: int, models: int) -> InteractionGraph:
    """Loops, unequal weights, an archive, a frozen model, given starts, and now and then no ground."""
    rng = np.random.default_rng(seed)
    flows = {}
    for model in range(models):
        for giver in rng.choice(models, 2, replace=False):
            flows[f"m{giver}", f"m{model}"] = (int(rng.integers(5, 60)), float(rng.uniform(0.3, 3)))
        for giver in ("web", "archive", "judge"):
            if rng.random() < 0.15:
                flows[giver, f"m{model}"] = (int(rng.integers(5, 60)), float(rng.uniform(0.3, 3)))
    declared = [Model("judge", frozen=True, initial={"archive": 40}), Model("m0", initial={"archive": 20})]
    listed = [Flow(*ends, *values) for ends, values in flows.items()]
    return InteractionGraph.from_flows(listed, ["web", Source("archive", "fixed", 80)], declared)


@pytest.mark.parametrize(("seed", "models"), [(seed, 6) for seed in range(12)] + [(1, 40), (2, 120)])
def test_rows_agree_with_the_outlook(seed, models):
    """Every model, at the horizon and in the limit, whatever is in the graph."""
    graph = tangled(seed, models)
    system = build(graph, np.ones(len(graph.model_names), dtype=bool))
    rows = Rows(Flows.of(system), ground(graph).is_ungrounded[system.models], 9)
    horizon, limit = rows.inflations(np.arange(len(system.models)))
    found = outlook(Pipeline(graph, generations=9), quantities=["inflation"])
    np.testing.assert_allclose(horizon, found.columns["inflation", "horizon"][system.models], rtol=1e-10)
    np.testing.assert_allclose(limit, found.columns["inflation", "limit"][system.models], rtol=1e-9)


def test_too_many_slow_directions_are_said_to_be_so():
    """A hundred loops that all but keep their errors leave no few directions: there is no answer."""
    flows = [(f"m{at}", f"m{at}", 10**6) for at in range(100)] + [("w", f"m{at}", 1) for at in range(100)]
    graph = InteractionGraph.from_flows(flows, ["w"])
    system = build(graph, np.ones(100, dtype=bool))
    assert Rows(Flows.of(system), np.zeros(100, dtype=bool), 3).slow is None
