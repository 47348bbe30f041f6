"""What theory says of a pipeline where targets look."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headwater.cli.init import example
from headwater.diagnosis import diagnose
from headwater.graph import InteractionGraph, Source
from headwater.pipeline import Pipeline, parse_pipeline
from headwater.planning.outlook import is_met, outlook, reached
from headwater.planning.targets import Target, Targets, scope_of
from headwater.regimes import Accumulate, Window
from headwater.theory.laws import LeastSquares


def loop(real: int, synthetic: int) -> Pipeline:
    flows = [("m", "m", synthetic)] + ([("web", "m", real)] if real else [])
    return Pipeline(InteractionGraph.from_flows(flows, [Source("web")]), generations=30)


def test_a_lone_loop_has_its_closed_forms():
    """Inflation 1/(1 - s^2) at synthetic share s; diversity as the fixed point of identity by descent."""
    found = outlook(loop(400, 600))
    share = 0.6
    assert found.columns["inflation", "limit"][0] == pytest.approx(1 / (1 - share**2), rel=1e-12)
    horizon = sum(share ** (2 * step) for step in range(31))
    assert found.columns["inflation", "horizon"][0] == pytest.approx(horizon, rel=1e-12)
    # F = s^2 F + (s^2/m)(1 - F) + (1 - s)^2/n
    spread = share**2 / 600
    identity = (spread + 0.4**2 / 400) / (1 - share**2 + spread)
    assert found.columns["diversity", "limit"][0] == pytest.approx(1 - identity, rel=1e-12)


def test_a_closed_loop_is_infinite_in_the_limit_and_finite_at_the_horizon():
    """Inflation t + 1 after t generations; nothing of diversity and tail is left in the end."""
    found = outlook(loop(0, 50))
    assert found.columns["inflation", "horizon"][0] == pytest.approx(31)
    assert math.isinf(found.columns["inflation", "limit"][0])
    assert found.columns["diversity", "limit"][0] == 0
    assert found.columns["tail_sample", "limit"][0] == 0


def test_the_outlook_is_the_diagnosis():
    """On the example, model by model."""
    pipeline = parse_pipeline(example())
    found, diagnosis = outlook(pipeline), diagnose(pipeline)
    for at, name in enumerate(pipeline.graph.model_names):
        entry = diagnosis.of(name)
        for quantity, series, limit in (
            ("inflation", "inflation", "inflation_limit"),
            ("diversity", "diversity_retained", "diversity_limit"),
            ("tail_sample", "tail_sample", "tail_sample_limit"),
        ):
            told = None if entry[series] is None else entry[series][-1]
            horizon = found.columns[quantity, "horizon"][at]
            assert (told is None and math.isnan(horizon)) or told == pytest.approx(horizon, rel=1e-12)
            settled = found.columns[quantity, "limit"][at]
            if math.isfinite(settled) and settled > 0:
                assert entry[limit] == pytest.approx(settled, rel=1e-12)


def test_a_regime_without_a_known_limit_is_judged_at_the_horizon():
    """Where every sample is kept tails have no limit that theory knows; a window does not ground a loop."""
    kept = Pipeline(loop(0, 50).graph, Accumulate(), 30)
    found = outlook(kept)
    assert math.isnan(found.columns["tail_sample", "limit"][0])
    (tail,) = reached(found, Targets(min_tail_sample=49), scope_of(kept.graph))
    assert (tail.when, tail.met) == ("horizon", True)
    held = outlook(Pipeline(loop(0, 50).graph, Window(3), 30))
    assert math.isinf(held.columns["inflation", "limit"][0])


def test_a_target_is_judged_at_its_worst_model_and_time():
    """On the example the closed loop is worst, in the limit."""
    pipeline = parse_pipeline(example())
    found, scope = outlook(pipeline), scope_of(pipeline.graph)
    inflation, diversity = reached(found, Targets(1.5, 0.9), scope)
    assert (inflation.model, inflation.when, inflation.met) == ("paraphraser", "limit", False)
    assert inflation.to_dict()["value"] is None
    assert (diversity.when, diversity.value) == ("limit", 0.0)
    (horizon,) = reached(found, Targets(25, times=("horizon",)), scope)
    assert (horizon.when, horizon.met) == ("horizon", True)
    assert horizon.value == pytest.approx(21)


def test_a_grounded_loop_that_explodes_is_infinite():
    """Near as many features as samples: 5 real of 25 with 20 features."""
    found = outlook(loop(5, 20), LeastSquares(features=20), ("inflation",))
    assert math.isinf(found.columns["inflation", "limit"][0])
    assert set(found.columns) == {("inflation", "horizon"), ("inflation", "limit")}


def test_rounding_does_not_break_a_bound():
    """A value that is the bound meets it, and one a millionth beyond does not."""
    assert is_met(Target("inflation", 1.5), 1.5 + 1e-12)
    assert not is_met(Target("inflation", 1.5), 1.5 * (1 + 1e-6))
    assert is_met(Target("diversity", 0.9), 0.9 - 1e-12)
    assert not is_met(Target("diversity", 0.9), 0.9 * (1 - 1e-6))
    assert not is_met(Target("inflation", 1.5), np.inf)
