"""What each lever reaches and costs, against closed forms and against the diagnosis of the written file."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from headwater.diagnosis import diagnose
from headwater.errors import GraphError, InputError
from headwater.graph import Flow, Model
from headwater.pipeline import parse_pipeline
from headwater.planning.changes import changed_yaml
from headwater.planning.levers import Prices, Verifier
from headwater.planning.levers.judging import is_met
from headwater.planning.outlook import outlook
from headwater.planning.targets import Targets
from headwater.regimes import Accumulate, Window
from tests.planning.levers.cases import (
    Found,
    compared,
    grounded,
    judged,
    lone,
    pipeline_of,
    plans_of,
    row_of,
    tangle,
    with_fields,
    with_samples,
)

TWO = Targets(max_inflation=3, min_diversity=0.9)


def steady(real, synthetic, share=None):
    """Steady inflation of a lone loop over real samples as many as its budget, for a share of real data."""
    w = real / (real + synthetic) if share is None else share
    risk = (w**2 / real + (1 - w) ** 2 / synthetic) / (w * (2 - w))
    return risk * (real + synthetic)


def test_accumulating_alone_holds_a_lone_loop_at_the_known_limits():
    """pi^2/6 where all is trained on, pi^2/2 - 2 where as many as before are drawn from all."""
    comparison = compared(lone(10**6, generations=20), TWO)
    accumulate = row_of(comparison, "accumulate").outcome
    subsample = row_of(comparison, "accumulate-subsample").outcome
    assert accumulate.inflation_limit == pytest.approx(math.pi**2 / 6, rel=1e-9)
    assert accumulate.inflation_horizon == pytest.approx(sum(1 / s**2 for s in range(1, 22)), rel=1e-9)
    assert subsample.inflation_limit == pytest.approx(math.pi**2 / 2 - 2, rel=1e-9)
    # a pool's average p, and a draw of N from the t + 1 times N it holds
    pool = fit = 1.0
    for t in range(1, 21):
        pool += ((fit - pool) + 1) / (t + 1) ** 2
        fit = pool + 1 - 1 / (t + 1)
    assert subsample.inflation_horizon == pytest.approx(fit, rel=1e-9)
    assert accumulate.met and row_of(comparison, "accumulate-subsample").met


def test_a_window_does_not_stop_a_closed_loop():
    """Its inflation is that of a plain recursion on the errors of single batches, and has no limit."""
    comparison = compared(lone(generations=8), TWO)
    for size in (2, 5):
        row = row_of(comparison, "window", f"last {size}")
        assert row.outcome.inflation_limit == math.inf and row.met is False
        batches = [np.eye(9)[0]]
        fitted = batches[0]
        for t in range(1, 9):
            batches.append(fitted + np.eye(9)[t])
            fitted = np.mean(batches[-size:], axis=0)
        assert row.outcome.inflation_horizon == pytest.approx(fitted @ fitted, rel=1e-9)


@pytest.mark.parametrize(("bound", "least"), [(4, 2), (3, 3), (2.5, 4), (1.8, 5)])
def test_the_least_window_meets_the_targets_and_one_less_does_not(bound, least):
    """Limits 5.3, 3.4, 2.6, 2.04, 1.7 of windows 1 to 5; both neighbours are diagnosed apart."""
    pipeline = grounded()
    row = row_of(compared(pipeline, Targets(max_inflation=bound)), "window")
    size = row.pipeline.regime.generations
    assert size == least

    def worst(kept):
        entry = diagnose(pipeline.graph, regime=Window(kept), generations=5).entry(0)
        return max(entry["inflation"][-1], entry["inflation_limit"])

    assert row.met
    assert worst(size) <= bound < worst(size - 1)


def test_a_larger_synthetic_budget_helps_no_closed_loop_but_its_diversity_lives_longer():
    """Inflation over the loop's own start is the same; identity by descent falls as 1 - 1/N."""
    comparison = compared(lone(), Targets(max_inflation=3))
    before = comparison.before.outcome
    for factor in (2, 10):
        row = row_of(comparison, "synthetic budget", f"has {factor} times")
        assert row.outcome.inflation_horizon == pytest.approx(before.inflation_horizon, rel=1e-9)
        assert row.outcome.risk_ratio == pytest.approx(1 / factor, rel=1e-9)
        assert row.outcome.diversity == 0 and row.met is False
        assert "only delays: risk in a closed loop still grows without bound" in row.note


def test_the_least_larger_synthetic_budget_is_found():
    """Diversity of a lone loop after 20 generations is (1 - 1/N)^21: 0.95 needs 410 samples."""
    row = row_of(
        compared(lone(generations=20), Targets(min_diversity=0.95, times=("horizon",))), "synthetic budget"
    )
    least = next(n for n in range(100, 1000) if (1 - 1 / n) ** 21 >= 0.95)
    assert row.met and least <= row.pipeline.graph.samples[0] <= 1.02 * least


def test_freezing_a_lone_loop_anchors_it_at_twice_its_own_risk():
    """Its own noise and the error of its first self, which it hears for ever: 1/N and 1/N."""
    row = row_of(compared(lone(), TWO), "freeze")
    assert row.outcome.inflation_horizon == pytest.approx(2, rel=1e-9)
    assert row.outcome.inflation_limit == pytest.approx(2, rel=1e-9)
    assert row.cost == 0 and row.met


def test_a_ring_of_two_cannot_be_cut_and_freezing_one_flow_anchors_both():
    """Each cut would leave a model with nothing; frozen, one is at 2 and the other, a step on, at 3."""
    comparison = compared(pipeline_of([("a", "b", 50), ("b", "a", 50)]), TWO)
    assert not [row for row in comparison.rows if row.lever == "cut"]
    assert any(
        "cutting a flow" in said and "2 flows were not tried: each is all that its model" in said
        for said in comparison.left_out
    )
    for row in (row for row in comparison.rows if row.lever == "freeze"):
        assert row.outcome.inflation_limit == pytest.approx(3, rel=1e-9)
        inside = diagnose(row.pipeline.graph, generations=5)
        assert sorted(inside.entry(at)["inflation_limit"] for at in (0, 1)) == pytest.approx([2, 3])
        assert [inside.entry(at)["grounding"] for at in (0, 1)] == ["anchored", "anchored"]


def test_cutting_the_flow_out_of_a_closed_loop_saves_what_is_downstream():
    """With only the model downstream in scope that is enough, and it saves the price of its samples."""
    pipeline = tangle()
    prices = Prices(synthetic=0.5)
    comparison = compared(pipeline, Targets(max_inflation=1.6), prices=prices, names=["writer"])
    row = row_of(comparison, "cut", "left->writer")
    assert row.met and row.cost == pytest.approx(-0.5 * 300)
    everywhere = compared(pipeline, Targets(max_inflation=1.6), prices=prices)
    assert not any(each.met for each in everywhere.rows if each.lever == "cut")


@pytest.mark.parametrize(
    "regime",
    [
        None,
        pytest.param(Window(2), marks=pytest.mark.slow),
        pytest.param(Accumulate(), marks=pytest.mark.slow),
    ],
)
def test_every_row_is_what_a_diagnosis_of_its_written_file_says(regime):
    """Inflation, diversity, tail sample and risk of the worst model, from the file as it reads back."""
    pipeline = with_fields(tangle(), generations=4)
    if regime is not None:
        pipeline = with_fields(pipeline, regime=str(regime))
    allocation = with_fields(pipeline, **{"web->left": 120, "web->teacher": 500})
    weighting = with_fields(pipeline, **{"student->teacher.weight": 0.25})
    comparison = compared(pipeline, TWO, plans_of(allocation, weighting))
    base = diagnose(pipeline.graph, regime=pipeline.regime, generations=4)
    known = list(range(len(pipeline.graph.model_names)))
    assert {"real data", "weights", "synthetic budget"} <= {row.lever for row in comparison.rows}
    for row in comparison.rows:
        text = changed_yaml(row.pipeline, row.changes, "levers", "pipeline.yaml")
        again = parse_pipeline(text)
        assert again.graph == row.pipeline.graph
        found = diagnose(again.graph, regime=again.regime, generations=4)
        entries = [found.entry(at) for at in known]
        assert _same(row.outcome.inflation_horizon, max(e["inflation"][-1] for e in entries))
        limits = [math.inf if e["growth"] == "linear" else e["inflation_limit"] for e in entries]
        if None not in limits:
            assert _same(row.outcome.inflation_limit, max(limits))
        for value, name, limit in (
            (row.outcome.diversity, "diversity_retained", found.quantities.diversity_limit),
            (row.outcome.tail_sample, "tail_sample", found.quantities.tail_limit),
        ):
            if entries[0][name] is None:
                assert value is None
                continue
            closed = np.nan_to_num(limit[known], nan=math.inf if found.quantities.growth.max() == 0 else 0)
            assert _same(value, min(*(e[name][-1] for e in entries), *closed))
        risks = [np.nanmax(each.quantities.risk[-1][known]) for each in (found, base)]
        assert _same(row.outcome.risk_ratio, risks[0] / risks[1])


def _same(one, other):
    return one == pytest.approx(other, rel=1e-9)


def test_costs_are_those_worked_out_by_hand():
    """Real samples by source, synthetic ones, and what is stored at the horizon beside the newest batch."""
    pipeline = tangle()
    prices = Prices(real=2, synthetic=0.1, kept=0.01, of_source={"books": 5})
    allocation = with_fields(pipeline, **{"web->left": 10, "books->student": 60})
    comparison = compared(pipeline, Targets(max_inflation=1.5), plans_of(allocation), prices)
    assert row_of(comparison, "real data").cost == pytest.approx(2 * 10 + 5 * 10)
    between = 700 + 1000 + 400 + 500 + 300 + 200
    assert row_of(comparison, "synthetic budget", "has 2 times").cost == pytest.approx(0.1 * between)
    batch = between + 300 + 50 + 100
    # the archive enters a pool once; "left" starts from 400, not from the 500 that flow into it
    pool = (batch - 500 + 400) + 4 * (batch - 50)
    assert row_of(comparison, "accumulate").cost == pytest.approx(0.01 * pool)
    assert row_of(comparison, "window", "last 2").cost == pytest.approx(0.01 * batch)
    assert all(row.cost == 0 for row in comparison.rows if row.lever == "freeze")
    cuts = {row.done: row.cost for row in comparison.rows if row.lever == "cut"}
    assert cuts["left->writer is removed"] == pytest.approx(-0.1 * 300)


def test_a_pair_is_cheaper_than_real_data_alone_and_as_small_as_it_can_be():
    """Lone loop: least real samples with the better weights, by the closed form."""
    pipeline, bound = grounded(), 1.8
    alone = next(n for n in range(100, 900) if steady(n, 900) <= bound)
    allocation = with_samples(pipeline, [alone, 900])
    weighting = with_fields(pipeline, **{"a->a.weight": 0.25})
    comparison = compared(
        pipeline, Targets(max_inflation=bound, times=("limit",)), plans_of(allocation, weighting)
    )
    assert row_of(comparison, "real data + weights").done.endswith("; 1 loss weight changed")
    single, both = row_of(comparison, "real data"), row_of(comparison, "real data + weights")
    least = next(n for n in range(100, 900) if steady(n, 900, n / (n + 225)) <= bound)
    assert single.met and single.cost == alone - 100
    assert both.met and least <= both.cost + 100 <= least + math.ceil((alone - 100) / 2**7)
    assert both.cost < single.cost and "cheaper than real data alone" in both.note
    assert not row_of(comparison, "weights").met


def test_an_allocation_for_the_weighted_pipeline_is_taken_where_it_is_cheaper():
    """The pair is the better of a part of the first allocation and a new one."""
    pipeline, bound = grounded(), 1.8
    alone = next(n for n in range(100, 900) if steady(n, 900) <= bound)
    least = next(n for n in range(100, 900) if steady(n, 900, n / (n + 225)) <= bound)
    weighting = with_fields(pipeline, **{"a->a.weight": 0.25})
    plans = plans_of(
        with_samples(pipeline, [alone, 900]),
        weighting,
        allocate=lambda weighted: Found(with_samples(weighted, [least, 900])),
    )
    comparison = compared(pipeline, Targets(max_inflation=bound, times=("limit",)), plans)
    assert row_of(comparison, "real data + weights").cost == least - 100


def test_rows_are_ranked_by_cost_then_by_how_close_they_come():
    """Those that meet the targets first, cheapest first; those that nobody can judge last."""
    pipeline = tangle()
    allocation = with_fields(pipeline, **{"web->left": 400, "web->right": 400})
    plans = plans_of(allocation, verifier=Verifier(0.9, 0.1, 0.7))
    rows = compared(pipeline, TWO, plans, Prices(1, 0.01, 0.02, 0.001)).rows
    kinds = [{True: 0, False: 1, None: 2}[row.met] for row in rows]
    assert kinds == sorted(kinds) and kinds[0] == 0
    met = [row.cost for row in rows if row.met]
    assert met == sorted(met)
    missed = [row.outcome.distance for row in rows if row.met is False]
    assert missed == sorted(missed)
    assert rows[-1].met is None


def test_a_flow_or_model_that_is_not_in_scope_counts_for_nothing():
    """Negative control: over the grounded half the pipeline meets what the whole does not."""
    pipeline = tangle()
    assert compared(pipeline, TWO).before.met is False
    half = compared(pipeline, TWO, names=["teacher", "student"])
    assert half.before.met and half.advice[0].endswith("as it is.")


def test_what_rests_on_unknown_counts_or_an_external_model_is_left_alone():
    """A flow of unknown count is neither multiplied nor paid for, and nothing crashes."""
    pipeline = pipeline_of(
        [("a", "a", 100), ("vendor", "b"), ("web", "b", 50), Flow("a", "c", 30), ("web", "c", 70)],
        ["web"],
        [Model("vendor", external=True)],
    )
    comparison = compared(pipeline, TWO, prices=Prices(synthetic=1))
    row = row_of(comparison, "synthetic budget", "has 2 times")
    assert np.isnan(row.pipeline.graph.samples[1]) and row.cost == 130
    assert row_of(comparison, "freeze", "a hears a").met


def test_a_target_of_which_theory_knows_nothing_leaves_the_lever_undecided():
    """Diversity with unequal weights has no law under accumulate-subsample; inflation has, and decides."""
    row = row_of(compared(tangle(), Targets(max_inflation=3, min_diversity=0.5)), "accumulate-subsample")
    assert row.met is None and row.outcome.diversity is None and "no diversity" in row.note
    assert row.outcome.inflation_horizon < 3
    missed = row_of(
        compared(tangle(), Targets(max_inflation=1.0001, min_diversity=0.5)), "accumulate-subsample"
    )
    assert missed.met is False


def test_a_row_says_at_which_times_its_targets_are_known_to_be_met():
    """Subsampling has no known limit on a graph; a frozen flow has one; a closed loop misses it in time."""
    asked = Targets(max_inflation=3)
    rows = compared(tangle(), asked).to_dict()["rows"]
    subsampled = next(row for row in rows if row["lever"] == "accumulate-subsample")
    assert subsampled["met"] is True and subsampled["met_when"] == ["horizon"]
    loop = compared(lone(generations=1), asked)
    assert loop.before.to_dict()["met_when"] == ["horizon"] and loop.before.met is False
    assert row_of(loop, "freeze").to_dict()["met_when"] == ["horizon", "limit"]
    limit = compared(lone(), Targets(max_inflation=3, times=("limit",)))
    assert row_of(limit, "freeze").to_dict()["met_when"] == ["limit"]
    assert limit.before.to_dict()["met_when"] == []
    verifier = compared(lone(), asked, plans_of(verifier=Verifier(0.9, 0.1, 0.8)))
    assert row_of(verifier, "verifier").to_dict()["met_when"] == []


def test_a_limit_that_is_known_of_some_models_only_is_not_known_to_be_met():
    """A frozen model has a limit under any regime; the others of the graph have none under subsampling."""
    found = judged(with_fields(tangle(), regime="accumulate-subsample"), Targets(max_inflation=3))
    columns = outlook(found.pipeline, None, ["inflation"]).columns["inflation", "limit"].copy()
    assert np.isnan(columns).all()
    columns[0] = 1.0
    known = outlook(found.pipeline)
    known.columns["inflation", "limit"] = columns
    assert found._met_when(known, found.scope) == ("horizon",)
    known.columns["inflation", "limit"] = np.ones(len(columns))
    assert found._met_when(known, found.scope) == ("horizon", "limit")


@pytest.mark.parametrize("regime", ["replace", "accumulate", "accumulate-subsample", "window:3"])
@pytest.mark.parametrize(
    "targets",
    [
        Targets(max_inflation=3, min_diversity=0.5),
        Targets(max_inflation=3, min_diversity=0.5, min_tail_sample=10, times=("horizon",)),
        Targets(max_inflation=1.1, min_tail_sample=10, times=("limit",)),
        Targets(min_diversity=0.5),
    ],
)
def test_the_short_judgement_while_searching_agrees_with_the_full_one(regime, targets):
    """A target of which nothing is known is not met, whatever the others are."""
    judge = judged(with_fields(tangle(), regime=regime, generations=3), targets)
    full = judge.before.outcome.reached
    assert is_met(judge.distance(judge.pipeline)) is all(each.met for each in full)
    assert is_met(judge.before.outcome.distance) is (judge.before.met is True)


def test_names_may_be_odd():
    """Arrows, dots, newlines and the name that a frozen copy would have."""
    a, b = "x->y.weight\n", "x->y.weight\n (generation 0)"
    pipeline = pipeline_of([(a, a, 50), (a, b, 50), ("web", b, 50)], ["web"])
    comparison = compared(pipeline, TWO)
    names = [row.pipeline.graph.model_names[-1] for row in comparison.rows if row.lever == "freeze"]
    assert f"{a} (generation 0) 2" in names
    json.dumps(comparison.to_dict(), allow_nan=False)


def test_flows_from_sources_only_leave_little_to_pull():
    """Nothing between models: those levers say so."""
    comparison = compared(pipeline_of([("web", "a", 100)], ["web"]), TWO)
    said = " ".join(comparison.left_out)
    assert "no flow between models" in said and "cutting a flow" in said and "freezing a flow" in said
    assert comparison.before.met


def test_a_pipeline_that_accumulates_is_offered_no_other_regime():
    """And its cuts save storage too."""
    comparison = compared(lone(regime=Accumulate()), Targets(max_inflation=1.2), prices=Prices(kept=1))
    assert not {"accumulate", "window"} & {row.lever for row in comparison.rows}
    assert any("does so already" in said for said in comparison.left_out)


@pytest.mark.parametrize("price", [-1, math.nan, math.inf, True, "1"])
def test_prices_are_finite_and_not_negative(price):
    """Wherever one is given."""
    with pytest.raises(InputError, match="price"):
        Prices(synthetic=price)
    with pytest.raises(InputError, match="'web'"):
        Prices(of_source={"web": price})


def test_documents_hold_no_infinity():
    """What is infinite is null, and says so; what is not known is null alone."""
    document = json.loads(json.dumps(compared(lone(), TWO).to_dict(), allow_nan=False))
    assert document["before"]["reached"]["inflation_limit"] is None
    assert document["before"]["reached"]["infinite"] is True
    assert document["before"]["reached"]["targets"]["max_inflation"]["infinite"] is True
    freeze = next(row for row in document["rows"] if row["lever"] == "freeze")
    assert freeze["reached"]["infinite"] is False and freeze["met"] is True
    unknown = compared(with_fields(tangle(), regime="accumulate-subsample"), TWO).to_dict()["before"]
    assert unknown["reached"]["inflation_limit"] is None and unknown["reached"]["infinite"] is False


def test_progress_is_told():
    """Every lever says that it is at work."""
    from headwater.planning.levers import compare
    from headwater.planning.targets import scope_of

    said = []
    pipeline = tangle()
    compare(pipeline, TWO, scope_of(pipeline.graph), Prices(), with_progress=said.append)
    assert {"accumulate", "cutting flows, 1 of 4"} <= set(said)


def test_a_frozen_copy_cannot_take_a_flow():
    """Negative control on what the library holds a frozen model to."""
    row = row_of(compared(lone(), TWO), "freeze")
    with pytest.raises(GraphError, match="frozen"):
        with_fields(row.pipeline, **{"a->a (generation 0)": 5})
