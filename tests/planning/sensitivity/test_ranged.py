"""Every model over the whole box: verdicts, targets, and the pipeline at the worst counts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from headwater.diagnosis import diagnose
from headwater.errors import InputError, NoLaw
from headwater.graph import InteractionGraph, Model
from headwater.pipeline import Pipeline
from headwater.planning.sensitivity.asking import sensitivity
from headwater.planning.sensitivity.ranged import over_box
from headwater.planning.targets import scope_of
from headwater.regimes import Accumulate, Window
from tests.planning.sensitivity.graphs import grid_of, inflation_of, loop, risks_of, small


def box_of(graph, generations=None, work=3e10):
    return over_box(graph, scope_of(graph.with_samples_at("middle")), generations, work=work)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("generations", [None, 4])
def test_every_model_is_bracketed_by_all_whole_settings_of_a_grid(seed, generations):
    """Worst and best of every model, against the recursion at every corner and in between."""
    graph = small(np.random.default_rng(50 + seed), 3, 2)
    box = box_of(graph, generations)
    values = np.array([inflation_of(graph, each, generations) for each in grid_of(graph, 5)])
    assert len(box.models) == len(graph.model_names)
    for each in box.models:
        column = values[:, each.model]
        assert column.max() <= each.worst.proved * (1 + 1e-9)
        assert column.min() >= each.best.proved * (1 - 1e-9)
        assert each.worst.found >= column[[0, 4, 20, 24]].max() * (1 - 1e-9) if len(column) == 25 else True
    told = [each.worst.found for each in box.models]
    assert told == sorted(told, reverse=True) and box.worst.worst.found == told[0]


@pytest.mark.parametrize("seed", [0, 1, 2, pytest.param(3, marks=pytest.mark.slow)])
def test_verdicts_are_those_of_a_diagnosis_at_the_ends(seed):
    """A diagnosis of the pipeline at the worst (and best) counts says the same word."""
    graph = small(np.random.default_rng(70 + seed), 3, 2, width=3.0)
    box = box_of(graph)
    for each in box.models:
        for bracket, (verdict, proved) in ((each.worst, each.worst_verdict), (each.best, each.best_verdict)):
            changed = box.pipeline_at(Pipeline(graph), bracket)
            name = graph.model_names[each.model]
            assert diagnose(changed).entry(each.model)["verdict"] == verdict, name
            assert proved


def test_a_verdict_may_differ_over_the_box():
    """Much real data: stable; little of it: degrades. A loop without any collapses at either end."""
    graph = InteractionGraph.from_flows(
        [("web", "a", (100, 10_000)), ("a", "a", 200), ("b", "b", (10, 20)), ("b", "c", 5), ("web", "c", 5)],
        sources=["web"],
    )
    box = box_of(graph)
    told = {graph.model_names[each.model]: (each.best_verdict, each.worst_verdict) for each in box.models}
    assert told["a"] == (("stable", True), ("degrades", True))
    assert told["b"] == told["c"] == (("collapses", True), ("collapses", True))
    assert box.met(1e9) is False


def test_targets_over_the_box():
    """Lone loop, worst 1/(1 - (900/950)^2) = 9.76: met above it, not below; open where unproved."""
    graph = loop(real=(50, 200))
    worst = 1 / (1 - (900 / 950) ** 2)
    box = box_of(graph)
    assert box.met(worst * 1.001) is True and box.met(worst) is True
    assert box.met(worst * 0.999) is False
    wide = small(np.random.default_rng(8), 3, 4, width=4.0)
    opened = box_of(wide, work=1.0)
    gap = next((each for each in opened.models if each.worst.gap > 0.01), None)
    assert gap is not None
    largest = max(each.worst.found for each in opened.models)
    assert opened.met(max(largest, gap.worst.found) * 1.0001) in (None, True)
    assert opened.met(opened.proved * 1.0001) is True


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("generations", [None, 4])
def test_risks_beside_the_best_and_the_worst_are_those_of_the_recursion(seed, generations):
    """Archives, frozen models, given and default starts; in units of one sample's variance."""
    graph = small(np.random.default_rng(90 + seed), 2, 2, weighted=seed % 2 == 1)
    box = box_of(graph, generations)
    for each in box.models:
        for bracket, risk in ((each.worst, each.worst_risk), (each.best, each.best_risk)):
            samples = box.graph.samples.copy()
            samples[[at for at, _ in box.ranges]] = bracket.counts
            assert risk == pytest.approx(risks_of(graph, samples, generations)[1][each.model], rel=1e-8)
        middle = risks_of(graph, box.graph.samples, generations)[1][each.model]
        assert each.middle_risk == pytest.approx(middle, rel=1e-8)


def test_risk_may_be_least_where_inflation_is_worst():
    """Of a model whose uncertain flow makes its own generation 0; not where that one is given."""
    flows = [("web", "a", 100), ("b", "a", 400), ("a", "b", (100, 1000))]
    box = box_of(InteractionGraph.from_flows(flows, sources=["web"]))
    parted = next(each for each in box.models if each.model == box.graph.model_index["b"])
    assert parted.worst_risk < parted.middle_risk < parted.best_risk
    assert box.may_part(parted.model) and not box.may_part(box.graph.model_index["a"])
    given = InteractionGraph.from_flows(flows, sources=["web"], models=[Model("b", initial={"web": 300})])
    box = box_of(given)
    assert not any(box.may_part(each.model) for each in box.models)
    held = next(each for each in box.models if each.model == box.graph.model_index["b"])
    assert held.worst_risk > held.middle_risk > held.best_risk


def test_models_of_one_loop_share_what_is_computed():
    """And answer as each would alone."""
    graph = InteractionGraph.from_flows(
        [("web", "a", (50, 90)), ("b", "a", 300), ("a", "b", (100, 400)), ("web", "b", 20)], sources=["web"]
    )
    together = {each.model: each for each in box_of(graph).models}
    corners = [
        inflation_of(graph, np.array([n, 300, m, 20.0]), None)
        for n, m in itertools.product((50.0, 90.0), (100.0, 400.0))
    ]
    for model, each in together.items():
        assert each.worst.found >= np.array(corners)[:, model].max() * (1 - 1e-9)


def test_the_worst_case_is_a_pipeline():
    """With the ranges gone, and judged as bad as was said."""
    graph = loop(real=(50, 200), own=(500, 1500))
    found = sensitivity(Pipeline(graph))
    changed, changes = found.worst_case()
    assert not changed.graph.ranges and changed.graph.samples.tolist() == [50, 1500]
    assert [str(each) for each in changes] == ["web->a: 50 to 200 -> 50", "a->a: 500 to 1,500 -> 1,500"]
    assert diagnose(changed).entry(0)["inflation_limit"] == pytest.approx(found.worst[0])


def test_the_sum_has_a_worst_case_of_its_own():
    """It is no larger than the sum of the worst, and no smaller than at any corner."""
    graph = small(np.random.default_rng(51), 3, 2)
    found = sensitivity(Pipeline(graph), "sum")
    corners = [inflation_of(graph, each, None)[graph.trained].sum() for each in grid_of(graph, 2)]
    each = sum(model.worst.proved for model in found.boxes[0].models if graph.trained[model.model])
    assert max(corners) * (1 - 1e-9) <= found.worst[1] <= each * (1 + 1e-9)


def test_other_regimes_are_refused_and_a_window_of_one_is_replace():
    """Derivatives are known under replace."""
    graph = loop()
    with pytest.raises(NoLaw, match="sensitivity under accumulate"):
        sensitivity(Pipeline(graph, Accumulate()))
    assert sensitivity(Pipeline(graph, Window(1))).elasticities.value == pytest.approx(1 / 0.19)


@pytest.mark.parametrize("horizon", [0, -3, 1_000_001])
def test_a_horizon_that_is_none_is_refused(horizon):
    """By the function, whoever calls it; one generation is the least."""
    with pytest.raises(InputError, match=rf"(?s)the horizon is {horizon}.*from 1 to 1,000,000"):
        sensitivity(Pipeline(loop()), horizon=horizon)
    assert sensitivity(Pipeline(loop()), horizon=1).elasticities.value == pytest.approx(1 + 0.81)


def test_there_is_no_worst_case_without_ranges_or_without_bound():
    """Both say what to do."""
    with pytest.raises(InputError, match="no count of the pipeline is uncertain"):
        sensitivity(Pipeline(loop())).worst_case()
    endless = InteractionGraph.from_flows([("a", "a", (10, 20))])
    with pytest.raises(InputError, match="without bound"):
        sensitivity(Pipeline(endless)).worst_case()
