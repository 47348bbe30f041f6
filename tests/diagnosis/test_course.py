"""Measured quantities are laid over what theory predicts."""

from __future__ import annotations

import math

import pytest

from headwater.diagnosis import diagnose
from headwater.diagnosis.course import lay_over
from headwater.errors import InputError
from headwater.graph import InteractionGraph

LOOP = diagnose(InteractionGraph.from_flows([("a", "a", 100)]), generations=10)
"""Inflation is t + 1, diversity retained .99 to the power t + 1 (literature), tail sample 200 / (t + 2)."""


@pytest.mark.parametrize(
    ("quantity", "interval", "course"),
    [
        ("inflation", (7.0, 5.0, 7.4), "on course"),
        ("inflation", (20.0, 16.6, 30.0), "worse"),
        ("inflation", (20.0, 16.4, 30.0), "on course"),
        ("inflation", (5.0, 4.0, 7.3), "better"),
        ("inflation", (5.0, math.nan, math.nan), "cannot be told"),
        ("diversity retained", (0.8, 0.78, 0.82), "worse"),
        ("diversity retained", (0.96, 0.95, 0.97), "better"),
        ("diversity retained", (0.9, 0.88, 0.92), "on course"),
        ("tail sample", (5.0, 3.0, 8.0), "worse"),
        ("tail sample", (50.0, 40.0, 60.0), "better"),
        ("tail sample", (20.0, 13.0, 24.0), "on course"),
    ],
)
def test_a_point_is_off_course_only_beyond_the_factor(quantity, interval, course):
    """At generation 10 the predictions are 11, .895 and 18.3; the factor is 1.5."""
    (point,) = lay_over(LOOP, {("a", 10): {quantity: interval}})
    assert point.course == course


def test_predictions_are_the_closed_forms_of_a_lone_loop():
    measured = {("a", 4): {"inflation": (5.0, 4.0, 6.0), "diversity retained": (0.9, 0.8, 1.0)}}
    inflation, diversity = lay_over(LOOP, measured)
    assert inflation.predicted == pytest.approx(5)
    assert diversity.predicted == pytest.approx(0.99**5)


def test_unknown_counts_leave_the_course_open():
    unknown = diagnose(InteractionGraph.from_flows([("a", "a", None)]), generations=10)
    (point,) = lay_over(unknown, {("a", 4): {"inflation": (5.0, 4.0, 6.0)}})
    assert (point.predicted, point.course) == (None, "cannot be told")
    assert point.to_dict()["predicted"] is None


@pytest.mark.parametrize("key", [("b", 1), ("a", 11)])
def test_samples_the_pipeline_does_not_know_are_refused(key):
    with pytest.raises(InputError, match=r"no model 'b'|lies beyond the pipeline's 10"):
        lay_over(LOOP, {key: {"inflation": (5.0, 4.0, 6.0)}})
