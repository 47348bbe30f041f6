"""The document as it is written, a model at a time."""

from __future__ import annotations

import json

import pytest

from headwater.diagnosis import diagnose
from headwater.report.document import as_json_lines
from tests.diagnosis.gallery import GRAPHS, many_loops


@pytest.mark.parametrize("graph", GRAPHS)
def test_what_is_streamed_is_the_document(graph):
    """The same value with its keys in the same order, and strict JSON."""
    diagnosis = diagnose(GRAPHS[graph], generations=3)
    text = "".join(as_json_lines(diagnosis))
    assert json.dumps(json.loads(text, parse_constant=pytest.fail)) == json.dumps(diagnosis.to_dict())


def test_a_model_takes_a_line():
    """So that hub scale needs the memory of one model, and `grep` finds one."""
    pieces = list(as_json_lines(diagnose(many_loops(3, 4), generations=3)))
    assert all(piece.endswith("\n") for piece in pieces)
    assert [sum(f'"{name}":' in piece for piece in pieces) for name in ("loop-0", "sound-3")] == [1, 1]


def test_names_are_written_as_they_are():
    """No escapes where a file can hold the letter."""
    text = "".join(as_json_lines(diagnose(GRAPHS["names"])))
    assert "日本語" in text
    assert "[bold red]x[/]" in text
