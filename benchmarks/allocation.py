"""Real samples over a thousand models: how long it takes, and how far from the proved bound it ends."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.measure import Row, timed
from headwater.graph import InteractionGraph
from headwater.pipeline import Pipeline
from headwater.planning.allocation import Allocation, Supply, allocate
from headwater.planning.targets import Targets, scope_of

MOST_GAP = 0.02
"""Of the least cost."""

LOOPS = 30
FLOWS = 5


def run(quick: bool) -> Iterator[Row]:
    """Least cost for a target, the same with prices and caps, and the best result for that money."""
    models = 120 if quick else 1_000
    pipeline = Pipeline(_graph(models, 6 if quick else LOOPS), generations=20)
    scope = scope_of(pipeline.graph)
    size = f"{models:,} models, {len(pipeline.graph.provider):,} flows"
    plain, first = timed(lambda: allocate(pipeline, Targets(max_inflation=1.5), scope), 1)
    yield Row("least cost, inflation at most 1.5", size, plain, note=_told(first, MOST_GAP))
    supply = Supply(prices={"web": 1.0, "panel": 0.7}, caps={"panel": int(first.cost / 3)})
    capped, second = timed(lambda: allocate(pipeline, Targets(max_inflation=1.5), scope, supply), 1)
    yield Row("two sources, the cheaper with a cap", size, capped, note=_told(second))
    spent, third = timed(lambda: allocate(pipeline, None, scope, budget=first.cost / 2), 1)
    yield Row("best result for half of that money", size, spent, note=_told(third))


def _told(plan: Allocation, most_gap: float = 1.0) -> str:
    """The gap; a run that misses it, or is not confirmed by the diagnosis, is no run."""
    assert plan.met and plan.gap is not None and plan.gap < most_gap, (plan.met, plan.gap, plan.reasons)
    value = f"cost {plan.cost:,.0f}" if plan.worst is None else f"worst inflation {plan.worst:.4f}"
    return f"{value}, bound {plan.bound:,.4f}, gap {plan.gap:.3%}, {len(plan.given):,} models given to"


def _graph(models: int, loops: int) -> InteractionGraph:
    """Strongly connected loops, every other one without real data, and models that listen to them."""
    rng = np.random.default_rng(20261122)
    flows: list[tuple[str, str, int]] = []
    size = models // loops
    for model in range(models):
        loop, place = divmod(model, size)
        others = np.arange(loop * size, min((loop + 1) * size, models))
        first = loop * size + (place + 1) % len(others)
        near = rng.choice(np.setdiff1d(others, [first, model]), FLOWS - 2, replace=False)
        givers = [first, *near.tolist()]
        if loop % 3 == 2:
            givers.append(int(rng.integers(0, loop * size)))
        flows += [(f"m{giver}", f"m{model}", int(rng.integers(500, 1500))) for giver in givers]
        if loop % 2 and place % 4 == 0:
            flows.append(("web", f"m{model}", int(rng.integers(50, 150))))
    return InteractionGraph.from_flows(flows, sources=["web", "panel"])
