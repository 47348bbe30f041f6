"""Calibration of histories whose noise and bias are known, and of what it must not depend on."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from headwater.errors import InputError
from headwater.graph import InteractionGraph, Model
from headwater.pipeline import Pipeline
from headwater.planning.calibration import Limit, Observation, Observations, calibrate
from headwater.regimes import Accumulate

N = 50
LONE = InteractionGraph.from_flows([("a", "a", N)])
GROUNDED = InteractionGraph.from_flows([("web", "a", 10), ("a", "a", 40)], sources=["web"])
TRUE_NOISE = 30.0


@pytest.fixture(autouse=True)
def _fewer_particles(monkeypatch):
    """What is tried here needs no third digit."""
    monkeypatch.setattr("headwater.planning.calibration.calibrating.PARTICLES", 300)


def seen(risk, model="a", run="", first=0, errors=None):
    return tuple(
        Observation(model, first + at, float(each), 0.0 if errors is None else errors, run)
        for at, each in enumerate(risk)
    )


def walk(seed, dimensions=60, last=20, bias=0.0, floor=2.0):
    """Risk of a lone loop of that many parameters: floor + V |e|^2 / d, every fit adding the same bias."""
    steps = np.random.default_rng(seed).standard_normal((last + 1, dimensions)) / np.sqrt(N)
    steps[:, 0] += bias * np.sqrt(dimensions)
    return floor + TRUE_NOISE * (steps.cumsum(axis=0) ** 2).mean(axis=1)


def of(risk, graph=LONE, **options):
    return calibrate(graph, Observations(seen(risk)), **options).models["a"]


@pytest.mark.parametrize(("histories", "least"), [(4, 2), pytest.param(12, 8, marks=pytest.mark.slow)])
def test_noise_and_what_comes_are_found_on_random_walks(histories, least):
    """90 % intervals of V and of generation 20 hold 2 times of 4, and 8 of 12, or more, but for 1 %."""
    held = [0, 0]
    for seed in range(histories):
        risk = walk(seed)
        found = of(risk[:7])
        noise, end = found.estimates.noise, found.forecasts[0].risk[20]
        held[0] += noise.low <= TRUE_NOISE <= noise.high
        held[1] += end.low <= risk[20] <= end.high
    assert min(held) >= least


def test_bias_is_told_from_noise_where_they_build_up_differently():
    """On a lone loop noise is straight and bias bends up: ten generations of either tell which it is like."""
    noisy = of(walk(1, dimensions=5000)[:10]).estimates.bias_share
    biased = of(walk(1, dimensions=5000, bias=0.15)[:10]).estimates.bias_share
    assert biased.median > 0.7
    assert noisy.median < biased.median - 0.2


def test_a_forecast_does_not_depend_on_units():
    """Risk in other units, from another zero: the forecast follows, but for moves that rounding decides."""
    risk = walk(3)[:6]
    one, other = of(risk), of(7.0 - 3.0 + 1000 * risk)
    for at, interval in one.forecasts[0].risk.items():
        moved, width = other.forecasts[0].risk[at], 1000 * (interval.high - interval.low)
        assert moved.low == pytest.approx(4 + 1000 * interval.low, abs=0.1 * width)
        assert moved.high == pytest.approx(4 + 1000 * interval.high, abs=0.1 * width)


def test_the_same_measurements_give_the_same_forecast_in_any_order():
    """No hidden seed."""
    entries = seen(walk(3)[:6])
    one = calibrate(LONE, Observations(entries)).to_dict()
    assert calibrate(LONE, Observations(entries[::-1])).to_dict() == one


def test_a_grounded_loop_is_forecast_to_settle_and_a_closed_one_to_rise():
    """The same numbers, two pipelines: the clock decides, where a regression sees one line."""
    risk = np.array([2.0, 2.3, 2.45, 2.6, 2.68, 2.75])
    settles, rises = of(risk, GROUNDED), of(risk)
    assert settles.forecasts[0].risk[20].high < rises.forecasts[0].risk[20].high
    assert settles.forecasts[0].risk[20].median < rises.forecasts[0].risk[20].median


def test_intervals_widen_with_time_and_with_level():
    """On a closed loop."""
    risk = walk(5)[:6]
    wide, narrow = of(risk, level=0.95).forecasts[0].risk, of(risk, level=0.5).forecasts[0].risk
    width = [wide[at].high - wide[at].low for at in (6, 12, 20)]
    assert width == sorted(width)
    assert all(wide[at].high > narrow[at].high and wide[at].low < narrow[at].low for at in wide)


def test_missing_generations_are_filled_in_and_late_starts_are_taken():
    """Measured at 2, 3, 5, 8: forecasts at 4, 6, 7 lie about the line."""
    entries = tuple(Observation("a", at, 2 + 0.1 * at) for at in (2, 3, 5, 8))
    found = calibrate(LONE, Observations(entries), generations=9).models["a"].forecasts[0].risk
    assert set(found) == {4, 6, 7, 9}
    for at, interval in found.items():
        assert interval.low < 2 + 0.1 * at < interval.high


def test_more_runs_tell_more():
    """Four histories of one model: noise is known better than by one of them."""
    every = [walk(seed)[:6] for seed in range(4)]
    together = Observations(sum((seen(risk, run=f"r{at}") for at, risk in enumerate(every)), ()))
    found = calibrate(LONE, together).models["a"]
    alone = of(every[0])

    def width(model):
        return math.log(model.estimates.noise.high / model.estimates.noise.low)

    assert [each.run for each in found.forecasts] == ["r0", "r1", "r2", "r3"]
    assert width(found) < width(alone)


def test_nothing_falls_below_the_floor():
    """An error rate that falls is never forecast below 0."""
    risk = [0.05, 0.03, 0.02, 0.015, 0.012, 0.01]
    found = of(risk, floor=0.0)
    assert all(each.low >= 0 for each in found.forecasts[0].risk.values())
    assert found.estimates.floor.low >= 0


@pytest.mark.parametrize(
    "risk", [[1.0] * 6, [0.0] * 6, [5.0, 4.0, 3.0, 2.0, 1.5, 1.2], [1e90, 2e90, 3e90, 4e90]]
)
def test_odd_histories_are_forecast_with_finite_numbers(risk):
    """Constant, zero, falling, huge."""
    document = json.dumps(calibrate(LONE, Observations(seen(risk))).to_dict(), allow_nan=False)
    assert '"median": null' not in document.split('"runs"')[1]


def test_a_frozen_model_stays_where_it_is():
    """Nothing is drawn anew: the forecast is the level, give or take what measuring does."""
    graph = InteractionGraph.from_flows(
        [("web", "b", 5)], sources=["web"], models=[Model("a", frozen=True, initial={"web": 9}), Model("b")]
    )
    risk = 2 + 0.01 * np.array([1, -1, 0, 1, -1, 0])
    found = of(risk, graph).forecasts[0].risk[20]
    assert 1.9 < found.low < 2 < found.high < 2.1


def test_a_limit_is_passed_when_the_course_says():
    """A straight, finely measured course of 0.1 a generation passes 3 from 2 about generation 10."""
    entries = tuple(Observation("a", at, 2 + 0.1 * at, 0.001) for at in range(9))
    passing = (
        calibrate(LONE, Observations(entries), generations=30, limit=Limit("risk", 3.0))
        .models["a"]
        .forecasts[0]
        .passing
    )
    assert passing.chance > 0.95
    assert passing.generation.low <= 10.5 <= passing.generation.high + 1
    never = calibrate(LONE, Observations(entries), limit=Limit("risk", 1e6)).models["a"].forecasts[0].passing
    assert never.chance < 0.05
    assert never.generation.median is None


def test_inflation_is_over_the_floor_that_is_given():
    """From 1 above a floor of 1 to 2 above it: inflation of 2 and a risk of 3 are one limit."""
    entries = Observations(tuple(Observation("a", at, 2 + 0.1 * at, 0.001) for at in range(9)))
    by = [
        calibrate(LONE, entries, floor=1.0, limit=limit).models["a"].forecasts[0].passing
        for limit in (Limit("inflation", 2.0), Limit("risk", 3.0))
    ]
    assert by[0].generation.median == pytest.approx(by[1].generation.median, abs=1)


def test_a_forecast_can_be_looked_at_again_further_ahead():
    """Without measuring anew; the nearer part is what it was, up to the draws."""
    found = calibrate(LONE, Observations(seen(walk(2)[:6])), generations=12)
    longer = found.forecast(30)["a"][0].risk
    assert longer[30].high > longer[12].high
    near = found.models["a"].forecasts[0].risk[12]
    assert longer[12].median == pytest.approx(near.median, abs=0.2 * (near.high - near.low))


def test_inflation_is_over_generation_0_even_where_that_was_not_measured():
    """Risk 2 + t / 10 from generation 2 on, floor 1: ×2 of generation 0 is 3 at 10, and not 3.4 at 14."""
    entries = Observations(tuple(Observation("a", at, 2 + 0.1 * at, 0.001) for at in range(2, 10)))
    found = calibrate(LONE, entries, floor=1.0, limit=Limit("inflation", 2.0), generations=20)
    assert found.models["a"].forecasts[0].passing.generation.median == pytest.approx(10.5, abs=1.5)


@pytest.mark.parametrize(
    ("entries", "options", "said"),
    [
        (seen([1, 2, 3], model="b"), {}, "the pipeline has no model 'b'"),
        (seen([1, 2]), {}, "model 'a' is measured at 2 generations"),
        ((), {}, "0 models are measured"),
        (seen(range(60)), {}, "at 60 generations of one run"),
        (seen([1, 2, 3]), {"generations": 2}, "generations is 2, and the last one measured is 2"),
        (seen([1, 2, 3]), {"generations": 200}, "at most 100 ahead"),
        (seen([1, 2, 3], first=900), {}, "at most 500"),
        (seen([1, 2, 3]), {"level": 1.0}, "level is 1.0"),
        (seen([1, 2, 3]), {"level": math.nan}, "level is nan"),
        (seen([1, 2, 3]), {"floor": 1.0}, "no more than the floor"),
        (seen([1, 2, 3]), {"floor": math.inf}, "floor is inf"),
    ],
)
def test_what_cannot_be_asked_is_one_clear_error(entries, options, said):
    """With a remedy."""
    with pytest.raises(InputError) as caught:
        calibrate(LONE, Observations(entries), **options)
    assert said in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(("quantity", "bound"), [("risk", math.nan), ("inflation", 0.0), ("loss", 1.0)])
def test_a_limit_that_is_none_is_refused(quantity, bound):
    """As are quantities nobody knows."""
    with pytest.raises(InputError):
        Limit(quantity, bound)


def test_notes_say_what_was_assumed_and_left_out():
    """No regime in the file, and models that nobody measured."""
    graph = InteractionGraph.from_flows([("a", "a", N), ("a", "b", N)])
    found = calibrate(graph, Observations(seen([1, 2, 3, 4])))
    assert [note.split(":")[0] for note in found.notes] == [
        "Nothing says what happens to old data",
        "Not measured, and so not forecast",
    ]
    assert not calibrate(Pipeline(LONE, Accumulate()), Observations(seen([1, 2, 3, 4]))).notes


def test_more_histories_than_are_fitted_together_are_refused():
    """In time, and with the number that is taken."""
    import pytest

    from headwater.errors import InputError
    from headwater.graph import InteractionGraph
    from headwater.pipeline import Pipeline
    from headwater.planning.calibration import Observation, Observations, calibrate

    graph = InteractionGraph.from_flows([("web", "a", 20), ("a", "a", 80)], sources=["web"])
    entries = tuple(Observation("a", at, 1.0, run=f"{run}") for run in range(31) for at in range(4))
    with pytest.raises(InputError, match="31 runs"):
        calibrate(Pipeline(graph, generations=20), Observations(entries))
