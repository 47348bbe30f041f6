"""The least and the most over a box: held to dense grids, to another optimiser and to closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import approx_fprime, differential_evolution

from headwater.planning.sensitivity.bounding import falls_always, highest_within, lowest_within
from headwater.planning.sensitivity.branching import GAP, extreme
from headwater.planning.sensitivity.counted import Effort
from headwater.planning.sensitivity.goal import Box, Goal
from tests.planning.allocation.naive import seeds
from tests.planning.sensitivity.graphs import grid_of, inflation_of, loop, small, two_loops


def goal_of(graph, model, generations=None, effort=None):
    """Inflation of one model (or the sum) as a function of the graph's ranged counts, and their box."""
    size = len(graph.model_names)
    coefficient = np.ones(size) if model is None else np.eye(size)[model]
    goal = Goal.of(graph.with_samples_at("middle"), np.ones(size, dtype=bool), coefficient, generations)
    ranges = sorted(graph.ranges.items())
    place = {int(number): at for at, number in enumerate(goal.counted.flows.number)}
    free = np.array([place[at] for at, _ in ranges], dtype=np.int32)
    low, high = (np.array([bounds[end] for _, bounds in ranges], dtype=float) for end in (0, 1))
    counted = goal.counted if effort is None else replace(goal.counted, effort=effort)
    return replace(goal, counted=counted, free=free), Box(low, high)


def at_grid(graph, goal, points):
    """(settings,) the goal at a dense grid, by the tables, and at its extremes by the recursion."""
    settings = grid_of(graph, points)
    values = np.exp(goal.values(settings[:, sorted(graph.ranges)]))
    trained = goal.counted.flows.system.trained
    for at in (int(values.argmax()), int(values.argmin())):
        written = inflation_of(graph, settings[at], goal.counted.generations)[trained] @ goal.coefficient
        assert values[at] == pytest.approx(written, rel=1e-8)
    return values


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=SLOW) if seed in (7, 11, 15) else seed for seed in range(16)]
)
def test_no_setting_of_a_dense_grid_passes_what_is_proved(seed):
    """One to four ranges, weights, archives, given and default starts, limit and horizons, sums too."""
    rng = np.random.default_rng(seed)
    ranged = 1 + seed % 4
    models = int(rng.integers(1, 4))
    graph = small(rng, models, ranged, weighted=seed % 3 == 2)
    model = None if seed % 5 == 4 else int(rng.integers(models))
    goal, box = goal_of(graph, model, (None, 1, 5, None)[seed % 4])
    values = at_grid(graph, goal, {1: 2001, 2: 61, 3: 17, 4: 8}[len(graph.ranges)])
    most, least = extreme(goal, box, "most"), extreme(goal, box, "least")
    assert values.max() <= most.proved * (1 + 1e-9)
    assert values.min() >= least.proved * (1 - 1e-9)
    # what was found is at whole counts, of which the grid has few: no worse but for rounding
    assert most.found >= values.max() * (1 - 1e-3) and least.found <= values.min() * (1 + 1e-3)
    assert most.found <= most.proved * (1 + 1e-12) and least.found >= least.proved * (1 - 1e-12)
    assert most.found == pytest.approx(np.exp(goal.value(most.counts)), rel=1e-12)


@pytest.mark.parametrize("seed", [3, pytest.param(7, marks=SLOW), pytest.param(11, marks=SLOW)])
def test_differential_evolution_finds_nothing_worse(seed):
    """Another optimiser, which knows no derivatives, on four ranges."""
    graph = small(np.random.default_rng(100 + seed), 3, 4, width=4.0)
    goal, box = goal_of(graph, 0)
    found = differential_evolution(
        lambda u: -goal.value(np.exp(u)),
        list(zip(np.log(box.low), np.log(box.high), strict=True)),
        rng=seed,
        maxiter=60,
        popsize=8,
    )
    most = extreme(goal, box, "most")
    assert np.exp(-found.fun) <= most.proved * (1 + 1e-9)
    assert np.exp(-found.fun) <= most.found * (1 + 2 * GAP)


def test_a_lone_loop_is_worst_at_the_corner_of_the_closed_form():
    """Inflation is 1/(1 - (m/(n+m))^2): least real data, most of its own, though generation 0 follows."""
    goal, box = goal_of(loop(real=(50, 200), own=(500, 1500)), 0)
    most, least = extreme(goal, box, "most"), extreme(goal, box, "least")
    assert most.counts.tolist() == [50, 1500] and least.counts.tolist() == [200, 500]
    assert most.found == pytest.approx(1 / (1 - (1500 / 1550) ** 2), rel=1e-9)
    assert least.found == pytest.approx(1 / (1 - (500 / 700) ** 2), rel=1e-9)
    assert most.gap < 2 * GAP and least.gap < 2 * GAP


@pytest.mark.parametrize("generations", [2, 3, 5])
def test_a_worst_case_inside_the_box_is_found(generations):
    """Two loops of which one feeds the other: either end of the range is more than 10 % too good."""
    graph = two_loops()
    goal, box = goal_of(graph, 1, generations)
    values = at_grid(graph, goal, 4001)
    most = extreme(goal, box, "most")
    assert box.low[0] < most.counts[0] < box.high[0]
    assert max(values[0], values[-1]) < 0.92 * most.found
    assert values.max() <= most.proved * (1 + 1e-9) and most.gap < 2 * GAP


def test_corners_alone_are_caught():
    """Power: the same check refuses an answer that looks at the ends of the range only."""
    graph = two_loops()
    goal, box = goal_of(graph, 1, 3)
    corners = np.exp(goal.values(box.corners(np.ones(1, dtype=bool)))).max()
    assert at_grid(graph, goal, 4001).max() > corners * 1.1


def test_a_bound_that_forgets_that_shares_go_together_is_looser():
    """Each count at whatever end is worse wherever it occurs: right, and far above."""
    graph = small(np.random.default_rng(5), 3, 3)
    goal, box = goal_of(graph, 0)
    most = extreme(goal, box, "most")
    level = np.ones(len(box.low))
    together = highest_within(goal, box, most.counts, level)
    apart = highest_within(goal, box, most.counts, level, together=0)
    assert np.log(most.found) <= together.value + 1e-12
    assert apart.value - np.log(most.found) > 2 * (together.value - np.log(most.found)) + 1e-3


@pytest.mark.parametrize("seed", seeds(0, 3, 8))
def test_bounds_hold_wherever_they_touch(seed):
    """From any anchor, inside or at a corner, no setting of the box is beyond."""
    rng = np.random.default_rng(200 + seed)
    graph = small(rng, 2, 3, weighted=seed % 2 == 1, width=3.0)
    goal, box = goal_of(graph, int(rng.integers(2)), (None, 4)[seed % 2])
    inside = box.low * (box.high / box.low) ** rng.random((300, len(box.low)))
    values = goal.values(inside)
    for anchor in inside[:4]:
        for together in (0, 1, 12):
            high = highest_within(goal, box, anchor, np.ones(len(anchor)), together)
            assert high.value >= values.max() - 1e-9
        low = lowest_within(goal, box, anchor, np.ones(len(anchor)), np.inf)
        assert low.value <= values.min() + 1e-9


@pytest.mark.parametrize("seed", seeds(0, 4, 12))
def test_derivatives_are_finite_differences(seed):
    """By the logarithm of every ranged count."""
    rng = np.random.default_rng(300 + seed)
    graph = small(rng, 3, 4, weighted=seed % 2 == 1)
    goal, box = goal_of(graph, None if seed % 4 == 3 else 0, (None, 1, 6)[seed % 3])
    value, slope = goal.slope(box.middle)
    differences = approx_fprime(np.log(box.middle), lambda u: goal.value(np.exp(u)), 1e-6)
    assert value == pytest.approx(goal.value(box.middle), rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(slope, differences, rtol=1e-4, atol=3e-6)


@pytest.mark.parametrize("seed", seeds(0, 6, 20))
def test_counts_said_to_fall_always_do(seed):
    """Real samples at weights that are not much above the others': at every setting of the box."""
    rng = np.random.default_rng(400 + seed)
    graph = small(rng, 2, 4, weighted=seed % 2 == 1, width=4.0)
    goal, box = goal_of(graph, int(rng.integers(2)), (None, 1, 6)[seed % 3])
    falls = falls_always(goal)[goal.free]
    for _ in range(10):
        counts = box.low * (box.high / box.low) ** rng.random(len(box.low))
        assert (goal.slope(counts)[1][falls] <= 1e-9).all()


def test_without_work_the_bracket_stays_open_and_right():
    """What was found lies below what is proved, and both are what they say."""
    graph = small(np.random.default_rng(8), 3, 4, width=4.0)
    goal, box = goal_of(graph, 0, effort=Effort(0.0))
    closed = extreme(replace(goal, counted=goal_of(graph, 0)[0].counted), box, "most")
    open_ = extreme(goal, box, "most", work=0.0)
    assert open_.found <= closed.proved * (1 + 1e-9) and open_.proved >= closed.found
    assert open_.regions < max(2, closed.regions + 1)


def test_a_box_of_one_point_is_that_point():
    """Nothing to search."""
    goal, box = goal_of(loop(real=(100, 100), own=(900, 900)), 0)
    for which in ("most", "least"):
        bracket = extreme(goal, box, which)
        assert bracket.found == pytest.approx(1 / 0.19) and bracket.proved == pytest.approx(1 / 0.19)


def test_ranges_of_six_decades_end():
    """A loop that hardly hears of real data, where bounds are infinite at first."""
    goal, box = goal_of(loop(real=(1, 10**6), own=(1, 10**9)), 0)
    most = extreme(goal, box, "most")
    assert most.counts.tolist() == [1, 10**9]
    assert most.found == pytest.approx((10**9 + 1) ** 2 / (2 * 10**9 + 1), rel=1e-5)
    assert most.gap < 2 * GAP
