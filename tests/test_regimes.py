"""Regimes as values and their spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import GraphError
from headwater.regimes import Accumulate, AccumulateSubsample, Replace, Window, parse_regime


@pytest.mark.parametrize(
    ("regime", "text"),
    [
        (Replace(), "replace"),
        (Accumulate(), "accumulate"),
        (AccumulateSubsample(), "accumulate-subsample"),
        (Window(3), "window:3"),
    ],
)
def test_a_regime_is_spelled_in_one_way(regime, text):
    """And read back from it."""
    assert str(regime) == text
    assert parse_regime(text) == regime


@given(st.integers(1, 10**9 - 1))
def test_every_window_comes_back(generations):
    """Of any whole number of generations that can be written."""
    assert parse_regime(str(Window(generations))) == Window(generations)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Replace",
        "window",
        "window:",
        "window:0",
        "window:-1",
        "window:2.5",
        "window:٣",
        "window:1e3",
        "accumulate ",
        "window:" + "9" * 5000,
    ],
)
def test_what_is_no_regime_is_refused(text):
    """With all that there are, and the place in the file."""
    with pytest.raises(GraphError) as caught:
        parse_regime(text)
    assert caught.value.place == ("regime",)
    assert "window" in caught.value.remedy and caught.value.problem


@given(st.text())
def test_arbitrary_text_is_a_regime_or_the_one_error(text):
    """Nothing else."""
    try:
        assert str(parse_regime(text)).split(":")[0] == text.split(":")[0]
    except GraphError as error:
        assert error.remedy


@pytest.mark.parametrize("generations", [0, -1, 2.0, True, "3", None])
def test_a_window_is_a_whole_number_of_generations(generations):
    """At least one; what is wrong, what would be right, where."""
    with pytest.raises(GraphError) as caught:
        Window(generations)
    assert repr(generations) in caught.value.problem
    assert "at least 1" in caught.value.remedy
    assert caught.value.place == ("regime",)


def test_regimes_are_values():
    """Equal, hashable and unchangeable."""
    assert {Window(2), Window(2), Replace(), Replace()} == {Window(2), Replace()}
    with pytest.raises(AttributeError):
        Window(2).generations = 3  # type: ignore[misc]
