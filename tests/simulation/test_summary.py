"""Means, medians and inflation of replicates, with intervals that cover what they should."""

from __future__ import annotations

from itertools import product
from math import comb

import numpy as np
import pytest
import xarray as xr
from scipy.stats import binom, binomtest, norm, t

from headwater.errors import InputError
from headwater.families import Gaussian
from headwater.graph import InteractionGraph
from headwater.simulation import open_run, simulate, summary
from headwater.simulation.summary import median_rank, summarise


def as_runs(risk, **others):
    """A run of (replicates, generations, models) arrays."""
    dimensions = ("replicate", "generation", "model")
    arrays = {"risk": risk, **others}
    better = {"risk": "low", "variance": "high"}
    shape = risk.shape
    return xr.Dataset(
        {name: (dimensions, values, {"better": better[name]}) for name, values in arrays.items()},
        coords={"generation": range(shape[1]), "model": [f"m{at}" for at in range(shape[2])]},
    )


def value(found, statistic, measure="risk", generation=-1, model=0):
    return float(found[statistic].sel(measure=measure)[generation, model])


def test_statistics_are_those_of_the_textbook():
    """Ten numbers by hand: the second smallest and second largest hold the median with 97.9 %."""
    numbers = np.array([3.0, 1, 4, 1.5, 9, 2.6, 5, 3.5, 8, 9.7])
    found = summarise(as_runs(numbers[:, None, None]))
    error = np.sqrt(sum((each - 4.73) ** 2 for each in numbers) / 9 / 10)
    assert value(found, "mean") == pytest.approx(4.73)
    assert value(found, "standard_error") == pytest.approx(error)
    assert value(found, "mean_high") == pytest.approx(4.73 + error * t.ppf(0.975, 9))
    assert value(found, "mean_low") == pytest.approx(4.73 - error * t.ppf(0.975, 9))
    ends = [value(found, name) for name in ("median", "median_low", "median_high")]
    assert ends == pytest.approx([3.75, 1.5, 9.0])
    assert found.attrs["replicates"] == 10


@pytest.mark.parametrize("replicates", [1, 2, 5, 6, 9, 25, 100, 999])
@pytest.mark.parametrize("level", [0.95, 0.975])
def test_the_rank_is_the_last_that_keeps_the_level(replicates, level):
    """By adding up coin tosses exactly, in whole numbers."""
    rank = median_rank(replicates, level)
    below = lambda last: sum(comb(replicates, heads) for heads in range(last + 1)) / 2**replicates
    if rank is None:
        assert 2 * below(0) > 1 - level
    else:
        assert 2 * below(rank) <= 1 - level < 2 * below(rank + 1)


def test_the_intervals_cover_what_they_should():
    """Of 2,000 lognormal samples of 20: the median's 95 % or more, whatever it is divided by."""
    rng = np.random.default_rng(11)
    draws = np.exp(rng.standard_normal((20, 2, 2000)))
    draws[:, 1] *= 3 * draws[:, 0]
    found = summarise(as_runs(draws))
    for measure, truth in (("risk", 3.0), ("inflation", 3.0)):
        low, high = (found[name].sel(measure=measure)[1].values for name in ("median_low", "median_high"))
        covered = int(((low <= truth) & (truth <= high)).sum())
        assert covered >= binom.ppf(1e-6, 2000, 0.95)
    # power: without the last pair of order statistics these draws miss too often
    inner = np.sort(draws[:, 1], axis=0)[[6, 13]]
    missed = int(((inner[0] > 3) | (inner[1] < 3)).sum())
    assert binomtest(missed, 2000, 0.05, alternative="greater").pvalue < 1e-6


def test_the_error_of_inflation_is_that_of_a_ratio():
    """Against the spread of the ratio over 4,000 repetitions of 50 replicates; a naive one is refused."""
    rng = np.random.default_rng(5)
    start = rng.chisquare(4, (50, 4000))
    draws = np.stack([start, 0.5 * start + rng.chisquare(4, (50, 4000))], axis=1)
    found = summarise(as_runs(draws))
    ratio = found["mean"].sel(measure="inflation")[1].values
    np.testing.assert_allclose(ratio, draws[:, 1].mean(0) / draws[:, 0].mean(0))
    spread = ratio.std(ddof=1)
    claimed = float(np.sqrt((found["standard_error"].sel(measure="inflation")[1].values ** 2).mean()))
    # a standard deviation of 4,000 is off by 1.1 %, and the delta method by about 1/50
    allowed = 0.02 + norm.isf(5e-7) / np.sqrt(2 * 4000)
    assert abs(claimed / spread - 1) < allowed
    parts = [found[name].sel(measure="risk").values for name in ("mean", "standard_error")]
    naive = ratio * np.sqrt((parts[1][0] / parts[0][0]) ** 2 + (parts[1][1] / parts[0][1]) ** 2)
    assert abs(np.sqrt((naive**2).mean()) / spread - 1) > allowed


def test_generation_0_and_what_never_changes_have_inflation_1_exactly():
    """A frozen model, and everything at the start, without an error."""
    draws = np.random.default_rng(2).chisquare(3, (30, 1, 1)) * np.ones((30, 4, 1))
    found = summarise(as_runs(draws)).sel(measure="inflation")
    for name in ("mean", "mean_low", "mean_high", "median", "median_low", "median_high"):
        assert (found[name] == 1).all(), name
    assert (found["standard_error"] == 0).all()


def test_what_is_not_finite_is_counted_and_kept():
    """The mean is none; the median stands, a NaN being the worst value there is."""
    draws = np.arange(1.0, 21.0)[:, None, None] * np.ones((1, 2, 2))
    kept = draws.copy()
    draws[0, 1, 0], draws[1, 1, 0], draws[2, 1, 1] = np.nan, np.nan, np.inf
    variance = draws.copy()
    variance[:, 1] = kept[:, 1]
    variance[19, 1, 0] = np.nan
    found = summarise(as_runs(draws, variance=variance))
    assert [value(found, "not_finite", model=at) for at in (0, 1)] == [2, 1]
    assert np.isnan(value(found, "mean")) and value(found, "mean", model=1) == np.inf
    assert value(found, "median") == 12.5
    assert value(found, "median", "variance") == 9.5
    assert value(found, "median", "inflation") == pytest.approx(12.5 / 10.5)
    assert value(found, "not_finite", "inflation") == 2
    assert value(found, "not_finite", generation=0) == 0


def test_most_replicates_may_explode():
    """Then the median is infinite too."""
    draws = np.ones((9, 2, 1))
    draws[:5, 1] = np.inf
    found = summarise(as_runs(draws))
    assert value(found, "median") == value(found, "median", "inflation") == np.inf


@pytest.mark.parametrize("scale", [1e300, 1e-300, 1e-160])
def test_sizes_whose_squares_are_no_numbers_have_errors(scale):
    """Standard errors scale with the values."""
    draws = np.random.default_rng(3).chisquare(4, (40, 3, 2))
    plain, scaled = summarise(as_runs(draws)), summarise(as_runs(draws * scale))
    for name, measure in product(("mean", "standard_error", "median_high"), ("risk", "inflation")):
        factor = scale if measure == "risk" else 1.0
        np.testing.assert_allclose(
            scaled[name].sel(measure=measure), plain[name].sel(measure=measure) * factor, rtol=1e-9
        )


def test_few_replicates_have_no_interval():
    """Five cannot bound a median at 95 %, and one has no error."""
    assert np.isnan(value(summarise(as_runs(np.arange(1.0, 6)[:, None, None])), "median_low"))
    alone = summarise(as_runs(np.ones((1, 2, 1))))
    assert np.isnan(value(alone, "standard_error")) and value(alone, "mean") == 1
    with pytest.raises(InputError, match="no replicates"):
        summarise(as_runs(np.ones((0, 2, 1))))


def test_blocks_change_nothing_and_a_store_is_read_lazily(tmp_path, monkeypatch):
    """The same of arrays, of a store, and a generation at a time."""
    graph = InteractionGraph.from_flows([("web", "a", 5), ("a", "a", 5), ("a", "b", 7)], ["web"])
    runs = simulate(graph, Gaussian(ddof=1), generations=6, replicates=40, seed=1, chunk=16)
    whole = summarise(runs)
    simulate(graph, Gaussian(ddof=1), generations=6, replicates=40, seed=1, chunk=16, store=tmp_path / "s")
    asked = []
    monkeypatch.setattr(summary, "NUMBERS_AT_ONCE", 1)
    blocks = summary._blocks
    monkeypatch.setattr(
        summary, "_blocks", lambda each: ((asked.append(got.shape), (at, got))[1] for at, got in blocks(each))
    )
    xr.testing.assert_identical(summarise(open_run(tmp_path / "s")), whole)
    assert set(asked) == {(40, 1, 2)}


def test_a_risk_without_a_zero_is_told_by_its_change():
    """Cross-entropies: a ratio would depend on the units of the data, a difference does not."""
    from headwater import InteractionGraph, families, simulate

    rows = np.random.default_rng(1).normal(size=(60, 1))
    graph = InteractionGraph.from_flows([("web", "a", 5), ("a", "a", 10)], sources=["web"])
    found = []
    for scale in (1.0, 100.0):
        family = families.KernelDensity(rows * scale, 0.4 * scale)
        runs = simulate(graph, family, generations=3, replicates=40, seed=1)
        found.append(summarise(runs))
        risk = runs["risk"].values[:, :, 0]
        change = found[-1]["mean"].sel(measure="change", model="a").values
        np.testing.assert_allclose(change, (risk - risk[:, :1]).mean(0), atol=1e-12)
    assert "inflation" not in found[0]["measure"].values
    first, second = (each["mean"].sel(measure="change", model="a").values for each in found)
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_generation_0_is_found_by_its_label_and_dimensions_by_their_names():
    from headwater import InteractionGraph, families, simulate

    graph = InteractionGraph.from_flows([("a", "a", 10), ("a", "b", 5)])
    runs = simulate(graph, families.Poisson(2.0), generations=4, replicates=50, seed=1)
    whole = summarise(runs)
    turned = summarise(runs.transpose("model", "generation", "replicate"))
    np.testing.assert_allclose(whole["mean"].values, turned["mean"].values, rtol=1e-12)
    one = summarise(runs.sel(model="b"))
    np.testing.assert_allclose(one["mean"].values[..., 0], whole["mean"].sel(model="b").values, rtol=1e-12)
    last = summarise(runs.isel(generation=[0, 4]))
    np.testing.assert_allclose(last["mean"].values[:, 1], whole["mean"].values[:, 4], rtol=1e-12)
    with pytest.raises(InputError, match="without generation 0"):
        summarise(runs.isel(generation=slice(2, None)))
