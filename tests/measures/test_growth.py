"""Growth models against simulated series of each kind, with counted errors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, fisher_exact

from headwater.errors import SampleError
from headwater.measures.growth import BOUNDED, UNBOUNDED, compare_growth, needed_generations

GENERATIONS = 20
SERIES = 50
FALSE_ALARM = 1e-6

time = np.arange(GENERATIONS) / (GENERATIONS - 1)
CURVES = {
    "constant": np.ones(GENERATIONS),
    "saturating": 2 - np.exp(-5 * time),
    "linear": 1 + time,
    "power": 1 + time**2,
    "exponential": 1 + np.expm1(4 * time) / np.expm1(4),
}


def series(kind: str, rng, noise: float = 0.02):
    if kind in CURVES:
        return CURVES[kind] + noise * rng.normal(size=GENERATIONS), np.full(GENERATIONS, noise)
    if kind == "wandering, held back":
        risk = autoregressive(rng, 0.8) * 0.6 * noise
        return 1 + risk + 0.2 * noise * rng.normal(size=GENERATIONS), np.full(GENERATIONS, 0.2 * noise)
    keeps = {"mean of a closed loop": 1.0, "mean of a loop with real data": 0.5}[kind]
    mean = np.stack([autoregressive(rng, keeps, start=0.0) for _ in range(5)]) / 10
    return (mean**2).sum(axis=0) + 0.001 * rng.normal(size=GENERATIONS), np.full(GENERATIONS, 0.001)


def autoregressive(rng, keeps: float, start: float | None = None):
    value = np.empty(GENERATIONS)
    value[0] = rng.normal() / (1 - keeps**2) ** 0.5 if start is None else start
    for each in range(1, GENERATIONS):
        value[each] = keeps * value[each - 1] + rng.normal()
    return value


def verdicts(kind: str, seed: int, noise: float = 0.02):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(SERIES):
        risk, error = series(kind, rng, noise)
        found.append(compare_growth(np.arange(GENERATIONS), risk, error).unbounded)
    return found


@pytest.mark.parametrize(
    "kind", ["constant", "saturating", "wandering, held back", "mean of a loop with real data"]
)
def test_what_stays_bounded_is_called_unbounded_in_at_most_one_series_in_twenty(kind):
    """Random paths too: no curve fits them, and independent errors would make trends of them."""
    wrong = verdicts(kind, seed=1).count(True)
    assert wrong <= binom.isf(FALSE_ALARM, SERIES, 0.05)


@pytest.mark.parametrize("kind", ["linear", "power", "exponential", "mean of a closed loop"])
def test_what_grows_is_called_bounded_in_at_most_one_series_in_twenty(kind):
    wrong = verdicts(kind, seed=2).count(False)
    assert wrong <= binom.isf(FALSE_ALARM, SERIES, 0.05)


@pytest.mark.parametrize(
    ("kind", "truth"), [("saturating", False), ("linear", True), ("power", True), ("exponential", True)]
)
def test_clear_curves_are_told(kind, truth):
    """Power: with errors of 2 % of the rise, over nine in ten are decided, and rightly."""
    right = verdicts(kind, seed=3).count(truth)
    assert right >= binom.ppf(FALSE_ALARM, SERIES, 0.95)


def test_a_random_path_fools_curves_with_independent_errors():
    """Negative control: the same paths, whose correlation a straight line's t-test does not know of."""
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(10 * SERIES):
        risk, _ = series("wandering, held back", rng)
        slope, covariance = np.polyfit(time, risk, 1, cov=True)
        wrong += slope[0] > 2 * covariance[0, 0] ** 0.5
    assert wrong > binom.isf(FALSE_ALARM, 10 * SERIES, 0.05)


def test_few_generations_are_not_decided_by_the_penalty_for_unknowns():
    """With 8 points the criterion prefers a constant to most curves; growth is not denied for that."""
    rng = np.random.default_rng(4)
    curve = 1 + np.linspace(0, 1, 8) ** 2
    found = [
        compare_growth(np.arange(8), curve + 0.1 * rng.normal(size=8), np.full(8, 0.1)).unbounded
        for _ in range(SERIES)
    ]
    assert found.count(False) <= binom.isf(FALSE_ALARM, SERIES, 0.05)


def test_weights_are_those_of_the_corrected_criterion_for_independent_errors():
    """Against ordinary least squares by hand, where the least correlation fits best."""
    rng = np.random.default_rng(5)
    generations = np.arange(12.0)
    alternating = np.where(np.arange(12) % 2, 0.5, -0.5)
    risk = 2.0 + 0.05 * generations + alternating + 0.1 * rng.normal(size=12)
    found = compare_growth(generations, risk)

    def corrected(degree: int, unknowns: int) -> float:
        left = risk - np.polyval(np.polyfit(generations, risk, degree), generations)
        few = 2 * unknowns * (unknowns + 1) / (12 - unknowns - 1)
        return 12 * np.log((left**2).mean()) + 2 * unknowns + few

    ratio = np.exp((corrected(0, 3) - corrected(1, 4)) / 2)
    # two bounded and three unbounded models share a half each
    assert found.weights["linear"] / found.weights["constant"] == pytest.approx(ratio * 2 / 3)
    assert found.correlation == 0.0
    assert found.slope == pytest.approx(np.polyfit(generations, risk, 1)[0])
    assert sum(found.weights.values()) == pytest.approx(1.0)
    assert set(found.weights) == {*BOUNDED, *UNBOUNDED}


def test_units_of_risk_and_of_time_do_not_matter():
    risk, error = series("linear", np.random.default_rng(6), noise=0.2)
    first = compare_growth(np.arange(GENERATIONS), risk, error)
    second = compare_growth(5 + 3 * np.arange(GENERATIONS), 1000 * risk - 7, 1000 * error)
    assert second.weights == pytest.approx(first.weights, rel=1e-6)
    assert second.slope == pytest.approx(1000 / 3 * first.slope)


def test_a_risk_that_falls_is_not_divergence():
    risk, error = series("linear", np.random.default_rng(7))
    assert compare_growth(np.arange(GENERATIONS), 3 - risk, error).unbounded is not True


def test_a_series_as_long_as_is_said_to_be_needed_is_decided_more_often():
    """The plan for a noisy line: at the length it names most series are decided, at the first one few."""
    rng = np.random.default_rng(8)

    def decided(points: int) -> int:
        lines = 1 + np.arange(points) / 10 + 0.3 * rng.normal(size=(SERIES, points))
        return sum(
            compare_growth(np.arange(points), each, np.full(points, 0.3)).unbounded is True for each in lines
        )

    plans = []
    for _ in range(20):
        risk = 1 + np.arange(12) / 10 + 0.3 * rng.normal(size=12)
        plans.append(needed_generations(np.arange(12), risk, np.full(12, 0.3)))
    told = [plan for plan in plans if plan]
    assert told
    needed = int(np.median(told))
    assert needed > 12
    few, many = decided(12), decided(needed)
    table = [[many, few], [SERIES - many, SERIES - few]]
    assert fisher_exact(table, "greater").pvalue < 1e-6


def test_long_series_are_averaged_and_stay_quick():
    risk = 1 + np.arange(2000) / 2000 + 0.05 * np.random.default_rng(9).normal(size=2000)
    found = compare_growth(np.arange(2000), risk, np.full(2000, 0.05))
    assert found.unbounded is True
    assert found.generations == 2000


@pytest.mark.parametrize(
    ("generations", "risk", "problem"),
    [
        (np.arange(7), np.ones(7), "7 generations"),
        (np.arange(9), np.array([1, 2, 3, 4, 5, 6, 7, 8, np.nan]), "not finite"),
        (np.zeros(9), np.arange(9), "do not increase"),
    ],
)
def test_a_series_that_cannot_be_fitted_is_refused(generations, risk, problem):
    with pytest.raises(SampleError, match=problem):
        compare_growth(generations, risk)


def test_a_penalty_for_parameters_alone_shows_no_divergence():
    """Eight noisy points of a curve that levels off: hardly any is called unbounded.

    At a rate of 2 % more than 13 of 150 have a chance of 2.3e-6; by penalised weights alone 7 to 15 % were.
    """
    rng = np.random.default_rng(12)
    time = np.arange(8.0)
    called = sum(
        compare_growth(time, 1 - np.exp(-time / 4) + 0.08 * rng.normal(size=8), np.full(8, 0.08)).unbounded
        is True
        for _ in range(150)
    )
    assert called <= 13
