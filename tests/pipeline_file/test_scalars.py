"""What an unquoted scalar means, held to the examples of YAML 1.2.2, section 10.3.2."""

from __future__ import annotations

import math

import pytest

from headwater.pipeline_file.scalars import means_text, plain_value

CORE = [
    ("null", None),
    ("Null", None),
    ("~", None),
    ("", None),
    ("true", True),
    ("True", True),
    ("false", False),
    ("FALSE", False),
    ("0", 0),
    ("0o7", 7),
    ("0x3A", 58),
    ("-19", -19),
    ("0.", 0.0),
    ("-0.0", -0.0),
    (".5", 0.5),
    ("+12e03", 12_000.0),
    ("-2E+05", -200_000.0),
    (".inf", math.inf),
    ("-.Inf", -math.inf),
    ("+.INF", math.inf),
    ("9_000", 9_000),
]
TEXT = [
    "nUll",
    "tRUE",
    "y",
    "n",
    "12:30",
    "2020-01-01",
    "0b11",
    "1,000",
    "_1",
    "e3",
    ".",
    "-",
    "+.nan",
    "0x",
    "1 2",
]


@pytest.mark.parametrize(("text", "value"), CORE)
def test_the_core_rules_hold(text, value):
    """Type and value are those of the specification."""
    assert plain_value(text) == value
    assert type(plain_value(text)) is type(value)


def test_not_a_number_is_a_number():
    """NaN is no text; what to make of it is for others to say."""
    assert math.isnan(float(str(plain_value(".nan"))))


@pytest.mark.parametrize("text", TEXT)
def test_everything_else_is_text(text):
    """No dates, no base 60, no other spelling."""
    assert plain_value(text) == text
    assert means_text(text)


@pytest.mark.parametrize("text", ["yes", "No", "ON", "off", "9" * 401])
def test_what_readers_disagree_on_is_refused(text):
    """The error says how to write either meaning."""
    with pytest.raises(ValueError, match=r".") as raised:
        plain_value(text)
    assert len(raised.value.args) == 2
    assert not means_text(text)
