"""Which flows are cut or frozen: against every one of them, and against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.fields import Field
from headwater.graph import Model, Source
from headwater.planning.levers.edges import _candidates, _freeze
from headwater.planning.outlook import outlook
from headwater.planning.targets import Targets
from headwater.regimes import Accumulate
from tests.planning.levers.cases import compared, judged, pipeline_of, tangle


def crowd(seed, models=24, flows=230, closed=True):
    """More flows than are looked at one by one; two of the models learn only from each other."""
    rng = np.random.default_rng(seed)
    found = {("m0", "m1"): 50, ("m1", "m0"): 60} if closed else {("web", "m0"): 40, ("web", "m1"): 40}
    for at in range(2, models):
        found["web", f"m{at}"] = int(rng.integers(20, 80))
    while len(found) < flows:
        ends = int(rng.integers(models)), int(rng.integers(2, models))
        found[f"m{ends[0]}", f"m{ends[1]}"] = int(rng.integers(5, 200))
    return pipeline_of([(*ends, count) for ends, count in found.items()], ["web"])


def test_with_many_flows_the_best_one_to_cut_is_among_those_looked_at():
    """Worst inflation in the limit, of every flow removed in turn."""
    pipeline = crowd(3, closed=False)
    targets = Targets(max_inflation=1.01, times=("limit",))
    judge = judged(pipeline, targets)
    graph = pipeline.graph
    able = graph.provider < len(graph.model_names)
    worst = {}
    for at in np.flatnonzero(able):
        flow = graph.flow(int(at))
        changed = Field("flow", (flow.provider, flow.model), "samples").set(pipeline, 0)
        worst[int(at)] = np.max(outlook(changed, None, ["inflation"]).columns["inflation", "limit"])
    chosen = _candidates(judge, able, "cut")
    assert len(chosen) < able.sum()
    assert min(worst, key=worst.__getitem__) in chosen[:5]
    # negative control: the flow that it would be worst to lose is not
    assert max(worst, key=worst.__getitem__) not in chosen[:5]


def test_flows_of_closed_loops_come_first():
    """To cut, those that leave one; to freeze, those inside one."""
    pipeline = crowd(4)
    graph = pipeline.graph
    judge = judged(pipeline, Targets(max_inflation=3))
    able = graph.provider < len(graph.model_names)
    leaves = {int(at) for at in np.flatnonzero((graph.provider < 2) & (graph.learner >= 2))}
    assert set(_candidates(judge, able, "cut")[: len(leaves)]) == leaves
    frozen = _candidates(judge, able, "freeze")
    assert {graph.flow(at).provider for at in frozen[:2]} == {"m0", "m1"}
    assert set(frozen[2 : 2 + len(leaves)]) == leaves


@pytest.mark.slow
def test_other_regimes_choose_among_many_flows_too():
    """There are no derivatives there; the page says how many were looked at."""
    pipeline = crowd(5, models=21, flows=215)
    comparison = compared(
        pipeline_of([*pipeline.graph.flows], ["web"], generations=2, regime=Accumulate()),
        Targets(max_inflation=0.5, times=("horizon",)),
    )
    said = [row.note for row in comparison.rows if row.lever in ("cut", "freeze")] + list(comparison.left_out)
    assert any("looked at" in each or "brings no target closer" in each for each in said)


def test_a_frozen_copy_starts_as_its_provider_does():
    """From the given samples; else from as many fresh ones as its flows bring, of its own source."""
    pipeline = tangle()
    graph = pipeline.graph
    at = next(at for at, flow in enumerate(graph.flows) if (flow.provider, flow.model) == ("left", "right"))
    models = {model.name: model for model in _freeze(pipeline, at)[0].graph.models}
    assert models["left (generation 0)"] == Model("left (generation 0)", frozen=True, initial={"books": 400})
    at = next(at for at, flow in enumerate(graph.flows) if flow.provider == "teacher")
    models = {model.name: model for model in _freeze(pipeline, at)[0].graph.models}
    assert models["teacher (generation 0)"].initial == {"web": 1000}


def test_a_frozen_copy_gets_a_source_where_there_is_no_fresh_one():
    """Generation 0 is fitted on fresh real samples that no source names."""
    pipeline = pipeline_of([("books", "a", 10), ("a", "b", 10)], [Source("books", "fixed", 100)])
    changed = _freeze(pipeline, 1)[0].graph
    assert changed.source_names[1] == "real data (generation 0)" and not changed.fixed[1]
    assert next(model for model in changed.models if model.frozen).initial == {"real data (generation 0)": 10}
    before, after = (
        outlook(each).columns["inflation", "limit"] for each in (pipeline, _freeze(pipeline, 1)[0])
    )
    # b hears a first self of risk 1/10 instead of a fit on an archive of 100: 1/10 as well, both plus its own
    assert before[1] == pytest.approx(2) and after[1] == pytest.approx(2)


@pytest.mark.parametrize("lever", ["cut", "freeze"])
def test_every_flow_between_models_is_looked_at_where_they_are_few(lever):
    """The rows shown are the best of all of them by the worst value over its bound."""
    pipeline = tangle()
    targets = Targets(max_inflation=1.2, times=("horizon",))
    comparison = compared(pipeline, targets)
    shown = [row for row in comparison.rows if row.lever == lever]
    graph = pipeline.graph
    best = np.inf
    for at, flow in enumerate(graph.flows):
        if flow.provider in graph.source_names or (lever == "freeze" and flow.provider == "judge"):
            continue
        if lever == "cut":
            if (graph.learner == graph.learner[at]).sum() == 1:
                continue
            changed = Field("flow", (flow.provider, flow.model), "samples").set(pipeline, 0)
        else:
            changed = _freeze(pipeline, at)[0]
        found = outlook(changed, None, ["inflation"]).columns["inflation", "horizon"][:6]
        best = min(best, float(found.max()))
    assert min(row.outcome.inflation_horizon for row in shown) == pytest.approx(best)
