"""Ranges of counts in pipeline files: read, written, described by the schema, refused with the line."""

from __future__ import annotations

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.graph import Flow, InteractionGraph
from headwater.pipeline import Pipeline, parse_pipeline, pipeline_schema, pipeline_to_yaml
from headwater.validation import LARGEST_COUNT
from tests.pipelines import TEXT

COUNT = "samples: 1000}"
counts = st.integers(1, LARGEST_COUNT)


def written(samples):
    """The example with other samples in the flow on line 14."""
    assert TEXT.count(COUNT) == 1
    return TEXT.replace(COUNT, f"samples: {samples}}}")


@pytest.mark.parametrize("samples", ["[800, 1500]", "[ 800, 1_500 ]", "[0x320, 1500]", "[8e+2, 1500.0]"])
def test_two_numbers_in_brackets_are_bounds(samples):
    """However YAML may spell them; every other flow is as it was."""
    graph = parse_pipeline(written(samples)).graph
    assert graph.ranges == {0: (800, 1500)}
    assert graph.flow(0) == Flow("tickets", "teacher", samples_range=(800, 1500))
    assert list(graph.flows)[1:] == list(parse_pipeline(TEXT).graph.flows)[1:]


def test_a_list_over_several_lines_is_a_range_too():
    """YAML has two ways to write a list."""
    text = (
        "headwater: 1\nmodels: {a: {}}\nflows:\n  - from: a\n    to: a\n    samples:\n      - 3\n      - 4\n"
    )
    assert parse_pipeline(text).graph.ranges == {0: (3, 4)}


def test_bounds_that_are_equal_are_the_count():
    """So that a range can be narrowed to nothing."""
    assert parse_pipeline(written("[1000, 1000]")) == parse_pipeline(TEXT)


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        ("[800]", "is [800], not a range of two numbers"),
        ("[]", "is [], not a range of two numbers"),
        ("[1, 2, 3]", "is [1, 2, 3], not a range of two numbers"),
        ("[1500, 800]", "is [1500, 800], and 1,500 is above 800"),
        ("[0, 5]", "is [0, 5], not a range of counts"),
        ("[-3, 5]", "is [-3, 5], not a range of counts"),
        ("[1.5, 5]", "is [1.5, 5], not a range of counts"),
        ("[800, null]", "is [800, None], not a range of counts"),
        ("['800', '1500']", "is ['800', '1500'], not a range of counts"),
        ("[[800, 1500], 2000]", "is [[800, 1500], 2000], not a range of counts"),
        ("[1, .inf]", "is [1, inf], not a range of counts"),
        ("[true, 5]", "is [True, 5], not a range of counts"),
        ("[1, 9007199254740993]", "is [1, 9007199254740993], not a range of counts"),
        ("800-1500", "is '800-1500', not a number"),
        ("{low: 800, high: 1500}", "is {'low': 800, 'high': 1500}, not a number"),
    ],
)
def test_a_range_that_is_none_is_refused_with_its_line(samples, says):
    """With what would be right, a range among it."""
    with pytest.raises(InputError) as caught:
        parse_pipeline(written(samples), "p")
    assert str(caught.value).startswith(f"p:14: samples of flow 'tickets' -> 'teacher' {says}\n")
    assert "800, 1500]" in caught.value.remedy


def test_a_range_within_an_archive_is_its_size_at_most():
    """The line is that of the flow."""
    inside = written("[1, 50000]").replace("from: tickets", "from: archive")
    assert parse_pipeline(inside).graph.ranges == {0: (1, 50_000)}
    with pytest.raises(InputError, match=r"p:14: .* up to 50001 samples from an archive of 50000"):
        parse_pipeline(inside.replace("[1, 50000]", "[1, 50001]"), "p")


def test_sizes_and_initial_samples_have_no_ranges():
    """Only what flows may be uncertain."""
    for old, new in (("size: 50000", "size: [1, 50000]"), ("archive: 10000", "archive: [1, 10000]")):
        with pytest.raises(InputError, match="not a number"):
            parse_pipeline(TEXT.replace(old, new))


def test_a_range_is_written_on_the_line_of_its_flow():
    """As a person would write it."""
    lines = pipeline_to_yaml(parse_pipeline(written("[800, 1500]"))).splitlines()
    assert "- {from: tickets, to: teacher, samples: [800, 1500]}" in lines


@given(st.lists(st.none() | counts | st.tuples(counts, counts).map(sorted), min_size=1, max_size=5))
def test_every_range_comes_back_from_its_file(samples):
    """Reading undoes writing, and the schema agrees with what is written."""
    flows = [("web", f"m{at}", each) for at, each in enumerate(samples)]
    pipeline = Pipeline(InteractionGraph.from_flows(flows, ["web"]))
    text = pipeline_to_yaml(pipeline)
    assert parse_pipeline(text) == pipeline
    assert jsonschema.Draft202012Validator(pipeline_schema()).is_valid(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("samples", "valid"),
    [
        ([800, 1500], True),
        ([800], False),
        ([1, 2, 3], False),
        ([0, 5], False),
        (["1", 5], False),
        ([], False),
    ],
)
def test_the_schema_knows_ranges(samples, valid):
    """For editors; that the first is the lower no JSON Schema can say."""
    document = {"headwater": 1, "models": {"a": {}}, "flows": [{"from": "a", "to": "a", "samples": samples}]}
    assert jsonschema.Draft202012Validator(pipeline_schema()).is_valid(document) is valid
