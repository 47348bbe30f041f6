"""Profiles of simulations whose laws are known."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

from headwater import InteractionGraph, families, simulate
from headwater.errors import SampleError
from headwater.measures.definitions.runs import profile_runs
from headwater.measures.definitions.scaling import Scaling
from headwater.measures.definitions.values import DEFINITIONS, Thresholds
from headwater.simulation.summary import summarise

CLOSED = InteractionGraph.from_flows([("a", "a", 50)])
GROUNDED = InteractionGraph.from_flows([("a", "a", 50), ("world", "a", 50)], sources=["world"])


@pytest.fixture(scope="module")
def normal():
    """A normal law fitted without bias, again and again, to its own samples."""
    return simulate(CLOSED, families.Gaussian(ddof=1), generations=60, replicates=500, seed=1)


def test_the_mean_diverges_while_the_typical_history_loses_its_variance(normal):
    """Both in closed form: E risk grows by 1/n a generation and E variance stays; its median falls."""
    typical, mean = (profile_runs(normal, over=over)["a"] for over in ("median", "mean"))
    assert mean["diverging_risk"].holds is True
    assert mean["collapsing_variance"].holds is False
    assert typical["collapsing_variance"].holds is True
    assert typical["diverging_risk"].holds is not True
    assert typical.stage == "late"
    assert "median" in typical["collapsing_variance"].assumption


def test_inflation_is_what_the_summary_says(normal):
    told = summarise(normal).sel(measure="inflation", generation=60, model="a")
    typical, mean = (profile_runs(normal, over=over)["a"]["catastrophic_risk"] for over in ("median", "mean"))
    assert typical.value == pytest.approx(float(told["median"]))
    assert typical.low == pytest.approx(float(told["median_low"]))
    assert mean.value == pytest.approx(float(told["mean"]))
    assert mean.high == pytest.approx(float(told["mean_high"]))


def test_real_data_kept_hold_risk_and_variance():
    runs = simulate(GROUNDED, families.Gaussian(ddof=1), generations=40, replicates=500, seed=2)
    found = profile_runs(runs, over="mean")["a"]
    assert found["catastrophic_risk"].holds is False
    assert found["collapsing_variance"].holds is False
    assert found["diverging_risk"].holds is not True


def test_what_a_family_does_not_measure_cannot_be_told(normal):
    found = profile_runs(normal, over="mean")["a"]
    for name in ("modes", "tails", "hallucination", "scaling_law"):
        assert found[name].holds is None
        assert found[name].why
    assert "no measure of tails" in found["tails"].why
    # risk has grown more than tenfold, but from a fiftieth: that alone is not late
    assert found["catastrophic_risk"].holds is True
    assert found.stage is None


def test_symbols_lose_their_tail_then_their_diversity():
    """Rare symbols go first: half of all kinds are gone while half of the diversity is there."""
    chances = np.array([0.3, 0.3, 0.2, 0.1] + [0.005] * 20)
    runs = simulate(CLOSED, families.Categorical(chances), generations=60, replicates=300, seed=3)
    early = profile_runs(runs.isel(generation=slice(0, 25)), over="median")["a"]
    late = profile_runs(runs, over="median")["a"]
    assert (early["tails"].holds, early["collapsing_variance"].holds) == (True, False)
    assert early.stage == "early"
    assert late["collapsing_variance"].holds is True
    assert late.stage == "late"
    assert late["hallucination"].holds is False


def made(values, **attributes) -> xr.Dataset:
    """A Dataset of one measure, risk, given (replicates, generations)."""
    data = xr.DataArray(np.asarray(values)[:, :, None], dims=("replicate", "generation", "model"))
    runs = xr.Dataset({"risk": data.assign_attrs(attributes)})
    return runs.assign_coords(generation=np.arange(data.sizes["generation"]), model=["a"])


def test_a_cross_entropy_is_told_in_bits():
    """From 3 nats to 3 + log 2 + 0.1 nats is more than a bit."""
    rng = np.random.default_rng(4)
    rise = np.linspace(0, np.log(2) + 0.1, 9)
    runs = made(3 + rise + 0.01 * rng.normal(size=(50, 9)), scale="interval", units="nats a token")
    found = profile_runs(runs, over="mean")["a"]
    assert found["catastrophic_risk"].holds is True
    assert found["catastrophic_risk"].units == "bits"
    assert found["catastrophic_risk"].value == pytest.approx(1 + 0.1 / np.log(2), abs=0.02)


def test_a_risk_that_levels_off_or_stays_does_not_diverge():
    rng = np.random.default_rng(5)
    time = np.arange(30)
    for curve in (2 - np.exp(-time / 4), np.ones(30)):
        runs = made(curve * (1 + 0.02 * rng.normal(size=(400, 30))), scale="ratio")
        assert profile_runs(runs, over="mean")["a"]["diverging_risk"].holds is False


def test_runs_that_are_not_finite_or_too_few_are_said_to_be():
    values = np.ones((20, 9))
    values[3, 5:] = np.inf
    found = profile_runs(made(values, scale="ratio"), over="median")["a"]
    assert "not finite in 1 of 20 replicates" in found["any_risk_increase"].why
    assert "not finite" in found["diverging_risk"].why
    few = profile_runs(made(np.ones((5, 9))), over="mean")["a"]["any_risk_increase"]
    assert (few.holds, few.needed, few.needed_of) == (None, 10, "replicates")
    nothing = profile_runs(made(np.zeros((20, 9))), over="mean")["a"]["any_risk_increase"]
    assert "0 at generation 0" in nothing.why


def test_sizes_are_told_by_model(normal):
    sizes = [10, 100, 1000]
    law = Scaling.of(sizes, [1, 0.1, 0.01], [1, 0.5, 0.25], [0.01] * 3, [0.01] * 3)
    assert profile_runs(normal, over="mean", scaling={"a": law})["a"]["scaling_law"].holds is True


def test_profiles_go_into_json(normal):
    for found in profile_runs(normal, over="median", thresholds=Thresholds(level=0.99)).values():
        assert list(json.loads(json.dumps(found.to_dict(), allow_nan=False))["definitions"]) == list(
            DEFINITIONS
        )


def test_what_is_no_run_is_refused(normal):
    with pytest.raises(SampleError, match="over='typical'"):
        profile_runs(normal, over="typical")
    with pytest.raises(SampleError, match="no generation 0"):
        profile_runs(normal.isel(generation=slice(1, None)), over="mean")
    with pytest.raises(SampleError, match="no dimension 'model'"):
        profile_runs(normal.isel(model=0), over="mean")
