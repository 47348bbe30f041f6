"""The Pareto front, against a naive look at every pair."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.planning.levers import Outcome, Prices, Row
from headwater.planning.levers.fronts import front
from headwater.planning.outlook import Reached
from headwater.planning.targets import Target, Targets
from tests.planning.levers.cases import compared, grounded, plans_of, with_samples

NUMBERS = st.sampled_from([0.0, 0.5, 1.0, 2.0, math.inf])


def made(cost, inflation, diversity):
    reached = (
        Reached(Target("inflation", 1.0), inflation, "a", "limit", False),
        Reached(Target("diversity", 0.5), diversity, "a", "limit", False),
    )
    outcome = Outcome(inflation, inflation, diversity, None, None, None, reached, (0.0, 0, 0.0), ())
    return Row("cut", "", (), cost, outcome, None)


def point(row):
    return (row.cost, *(each.value if each.target.is_upper else -each.value for each in row.outcome.reached))


def beats(one, other):
    return all(a <= b for a, b in zip(one, other, strict=True)) and one != other


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([-1.0, 0.0, 1.0]), NUMBERS, st.sampled_from([0.0, 0.5, 1.0]))))
def test_the_front_is_what_nothing_beats(numbers):
    """Every row is on it, equal to one on it, or beaten by one on it; none on it is beaten."""
    rows = [made(*each) for each in numbers]
    kept = [point(row) for row in front(rows)]
    every = {point(row) for row in rows}
    assert set(kept) == {one for one in every if not any(beats(other, one) for other in every)}
    assert len(kept) == len(set(kept)) and kept == sorted(kept)


def test_rows_of_unknown_value_take_no_part():
    """A value that nobody knows is no better than others."""
    unknown = made(-5.0, None, 0.5)
    nothing = Row("verifier", "", (), -9.0, None, None)
    assert front([unknown, nothing]) == ()
    known = made(1.0, 1.0, 0.5)
    assert front([unknown, known, nothing]) == (known,)


def test_a_comparison_of_two_targets_has_a_front_of_what_was_judged():
    """None of the rows beats a point of it, other sizes of the allocation are among them."""
    targets = Targets(max_inflation=1.6, min_diversity=0.997, times=("limit",))
    allocation = with_samples(grounded(), [600, 900])
    comparison = compared(grounded(), targets, plans_of(allocation), Prices(1, 0.01, kept=1))
    points = [point(row) for row in comparison.front]
    rows = [row for row in (comparison.before, *comparison.rows) if row.met is not None]
    for row in rows:
        assert not any(beats(point(row), each) for each in points)
    assert np.all(np.diff([each[0] for each in points]) >= 0) and len(points) > 2
    sizes = {row.cost for row in comparison.front if row.lever == "real data"}
    assert sizes & {125, 250, 1000, 2000}
