"""Clocks against closed forms and against errors that a simulation drew."""

from __future__ import annotations

import numpy as np
import pytest

from headwater import families
from headwater.emission import Emission
from headwater.errors import UnknownCount
from headwater.graph import Flow, InteractionGraph
from headwater.pipeline import Pipeline
from headwater.planning.calibration.clocks import clocks
from headwater.regimes import Accumulate, AccumulateSubsample, Replace, Window
from headwater.simulation import simulate

LAST = 6
REPLICATES = 20_000
RING = InteractionGraph.from_flows(
    [("web", "a", 4), ("b", "a", 8), ("a", "b", 6), ("b", "b", 6)], sources=["web"]
)


def test_a_lone_loop_is_a_random_walk():
    """G(t) = (t + 1)/N, t biases have come together, and errors share the noise of the earlier one."""
    graph = InteractionGraph.from_flows([("a", "a", 50)])
    clock = clocks(Pipeline(graph), [0], LAST)[0]
    time = np.arange(LAST + 1)
    early, late = np.minimum.outer(time, time), np.maximum.outer(time, time)
    assert clock.start == pytest.approx(1 / 50)
    assert clock.noise == pytest.approx(time + 1)
    assert clock.depth == pytest.approx(time)
    assert clock.correlation == pytest.approx(np.sqrt((early + 1) / (late + 1)))


def test_real_data_forget_noise_and_bias():
    """With a share w of its own: G is a geometric sum of w^2, depth one of w, correlation falls as w^lag."""
    graph = InteractionGraph.from_flows([("web", "a", 20), ("a", "a", 80)], sources=["web"])
    clock = clocks(Pipeline(graph), [0], 60)[0]
    w = 0.8
    time = np.arange(61)
    assert clock.noise == pytest.approx((1 - w ** (2 * time + 2)) / (1 - w**2))
    assert clock.depth == pytest.approx(w * (1 - w**time) / (1 - w))
    assert clock.correlation[60, 55] == pytest.approx(w**5)


def test_accumulating_keeps_noise_bounded_and_lets_bias_grow_as_a_logarithm():
    """Pool means: p(t) = p(t-1) + (e(t-1) - p(t-1))/(t+1), and e = p + b: depth is H(t+1) - 1."""
    graph = InteractionGraph.from_flows([("a", "a", 50)])
    clock = clocks(Pipeline(graph, Accumulate()), [0], LAST)[0]
    steps = 1 / np.arange(1, LAST + 2)
    assert clock.noise == pytest.approx(np.cumsum(steps**2))
    assert clock.depth == pytest.approx(np.cumsum(steps) - 1)


@pytest.mark.parametrize("regime", [Replace(), Accumulate(), AccumulateSubsample(), Window(2)], ids=str)
def test_correlation_is_that_of_simulated_errors(regime):
    """Squared errors of a normal's mean correlate as the clock's correlation squared; five errors' margin."""
    played = simulate(
        Pipeline(RING, regime), families.GaussianMean(), generations=LAST, replicates=REPLICATES, seed=3
    )
    found = clocks(Pipeline(RING, regime), [0, 1], LAST)
    for model, clock in found.items():
        drawn = np.corrcoef(played.risk.values[:, :, model].T)
        # the standard error of a correlation between squares of normals is at most about sqrt(10 / n)
        assert np.abs(drawn - clock.correlation**2).max() < 5 * np.sqrt(10 / REPLICATES)
        risk = played.risk.values[:, :, model].mean(axis=0)
        assert np.abs(risk / (clock.noise * clock.start) - 1).max() < 5 * np.sqrt(2 / REPLICATES)


def test_the_clock_of_another_regime_is_told_apart():
    """Power: what was drawn under replace is not what accumulating draws."""
    played = simulate(
        Pipeline(RING, Replace()), families.GaussianMean(), generations=LAST, replicates=REPLICATES, seed=3
    )
    wrong = clocks(Pipeline(RING, Accumulate()), [0], LAST)[0]
    drawn = np.corrcoef(played.risk.values[:, :, 0].T)
    assert np.abs(drawn - wrong.correlation**2).max() > 5 * np.sqrt(10 / REPLICATES)


def test_depth_is_how_often_a_constant_bias_comes_together():
    """A naive run of W e + b on a ring with real data."""
    W = np.array([[0, 8 / 12], [0.5, 0.5]])
    error, expected = np.ones(2), [np.zeros(2)]
    for _ in range(LAST):
        error = W @ error + 1
        expected.append(error - 1)
    found = clocks(Pipeline(RING), [0, 1], LAST)
    for model, clock in found.items():
        assert clock.depth == pytest.approx(np.array(expected)[:, model])


def test_many_models_are_followed_in_parts(monkeypatch):
    """The same clocks, however many are followed together."""
    together = clocks(Pipeline(RING, Window(3)), [0, 1], LAST)
    monkeypatch.setattr("headwater.planning.calibration.clocks.AT_ONCE", 1)
    apart = clocks(Pipeline(RING, Window(3)), [0, 1], LAST)
    for model in (0, 1):
        assert apart[model].correlation == pytest.approx(together[model].correlation)


def test_a_biased_flow_counts_as_a_plain_one():
    """Bias is measured: theory's clock leaves it out."""
    flows = [Flow("a", "a", 50, emission=Emission(temperature=0.9))]
    biased = clocks(Pipeline(InteractionGraph.from_flows(flows)), [0], 3)[0]
    assert biased.noise == pytest.approx([1, 2, 3, 4])


def test_an_unknown_count_is_named_with_the_way_out():
    """No clock runs without counts."""
    graph = InteractionGraph.from_flows([("a", "a")])
    with pytest.raises(UnknownCount, match=r"'a'.*unknown\n.*--assume samples=1000"):
        clocks(Pipeline(graph), [0], 3)
