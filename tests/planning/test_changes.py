"""What a plan changed, in words and in the file."""

from __future__ import annotations

import pytest

from headwater.cli.init import example
from headwater.errors import OutputError
from headwater.fields import parse_field
from headwater.pipeline import parse_pipeline, read_pipeline
from headwater.planning.changes import Change, changed_yaml, write_changed


def test_a_changed_file_begins_with_what_was_changed_and_reads_back(tmp_path):
    """The comments are for people; the pipeline is the changed one."""
    before = parse_pipeline(example())
    field = parse_field("tickets->paraphraser", before)
    after = field.set(before, 812)
    change = Change(str(field), field.get(before), 812)
    path = tmp_path / "new.yaml"
    write_changed(after, path, [change], "Least real data for inflation at most 1.5.", "pipeline.yaml")
    text = path.read_text()
    assert text.startswith("# Least real data for inflation at most 1.5.\n# Made by headwater ")
    assert "#   tickets->paraphraser: 0 -> 812\n" in text
    assert read_pipeline(path).graph == after.graph
    assert field.get(read_pipeline(path)) == 812


def test_a_name_with_a_line_break_cannot_leave_its_comment():
    """Else a name could write a line of the pipeline."""
    pipeline = parse_pipeline('{headwater: 1, models: {"a\\nflows: []": {}}, flows: []}'.replace(
        "flows: []}", 'flows: [{from: "a\\nflows: []", to: "a\\nflows: []", samples: 3}]}'
    ))  # fmt: skip
    text = changed_yaml(pipeline, [Change("a\nflows: []->b", 0, 5)], "why\nheadwater: 2", "x\ry")
    assert parse_pipeline(text).graph == pipeline.graph
    assert all(line.startswith("#") for line in text.partition("\nheadwater: 1\n")[0].splitlines())


def test_changes_are_said_in_words():
    """New, removed and changed values."""
    assert str(Change("web->a", 0, 1200)) == "web->a: 0 -> 1,200"
    assert str(Change("source real", None, "fresh")) == "source real: fresh (new)"
    assert str(Change("a->b", 100, None)) == "a->b: removed (was 100)"
    assert str(Change("a->b.weight", 1.0, 0.61803398875)) == "a->b.weight: 1 -> 0.618034"


def test_a_file_that_cannot_be_written_is_left_as_it_is(tmp_path):
    """A folder of that name, say."""
    with pytest.raises(OutputError):
        write_changed(parse_pipeline(example()), tmp_path, [], "why", "here")
