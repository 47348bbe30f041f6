"""Doubts: said where they should be, and not elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from headwater.graph import InteractionGraph
from headwater.planning.calibration import Observation, Observations, calibrate


@pytest.fixture(autouse=True)
def _fewer_particles(monkeypatch):
    """What is tried here needs no third digit."""
    monkeypatch.setattr("headwater.planning.calibration.calibrating.PARTICLES", 300)


LONE = InteractionGraph.from_flows([("a", "a", 50)])
STRAIGHT = 2 + 0.1 * np.arange(7) + 0.01 * np.array([0, 1, -1, 0, 1, 0, -1])


def doubts(risk, **options):
    entries = tuple(Observation("a", at, float(each)) for at, each in enumerate(risk))
    return calibrate(LONE, Observations(entries), **options).models["a"].doubts


def test_a_plain_course_raises_none():
    """Straight, give or take a tenth of a step."""
    assert not doubts(STRAIGHT)


@pytest.mark.parametrize(
    ("risk", "options", "said"),
    [
        (STRAIGHT[:4], {}, "Only 4 generations"),
        (STRAIGHT, {"generations": 60}, "lies further ahead than 4 times"),
        ([2, 2.1, 2.2, 2.4, 2.8, 3.6, 5.2], {}, "faster and faster"),
        ([*STRAIGHT, 1.0], {}, "Generation 7 is lower than those before"),
        ([*STRAIGHT, 6.0], {}, "Generation 7 is higher than those before"),
    ],
)
def test_each_reason_to_doubt_is_said(risk, options, said):
    """A regime that changed, too little measured, too far ahead, a course that runs away."""
    assert any(said in each for each in doubts(risk, **options))


def test_measurements_that_jump_are_said_to():
    """Up and down by more than what is expected of noise that stays."""
    said = doubts([2.0, 3.0, 2.05, 3.1, 2.1, 3.0, 2.0, 3.05])
    assert any("jump about" in each or "strays" in each for each in said)
