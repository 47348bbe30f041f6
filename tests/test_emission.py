"""Emissions: what a flow may do to what its provider emits, in Python, in files and in a diagnosis."""

from __future__ import annotations

import math

import pytest

import headwater
from headwater import Emission, Flow, GraphError, InputError, InteractionGraph, Model, Pipeline, Source
from headwater.networks import from_networkx, to_networkx
from headwater.pipeline import parse_pipeline, pipeline_to_yaml

TEXT = """headwater: 1
sources: {web: {}}
models: {a: {}, b: {}, c: {}}
flows:
  - {from: web, to: a, samples: 10}
  - {from: a, to: b, samples: 10, temperature: 0.7, top_p: 0.9}
  - {from: b, to: c, samples: 10, keep_right: 0.9, keep_wrong: 0.1, variance: 0.5}
"""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 0),
        ("temperature", -1),
        ("temperature", math.inf),
        ("temperature", math.nan),
        ("temperature", 10**400),
        ("top_p", 0),
        ("top_p", 1.01),
        ("variance", -0.1),
        ("variance", 1.5),
        ("keep_right", 2),
        ("keep_wrong", "half"),
        ("keep_wrong", True),
    ],
)
def test_values_outside_their_range_are_refused(name, value):
    with pytest.raises(GraphError, match=name) as error:
        Emission(**{name: value})
    assert error.value.remedy
    assert error.value.place == (name,)


def test_a_verifier_that_keeps_nothing_is_refused():
    with pytest.raises(GraphError, match="both 0"):
        Emission(keep_right=0, keep_wrong=0)


def test_files_and_networkx_keep_them():
    pipeline = parse_pipeline(TEXT)
    assert pipeline.graph.emissions == {
        1: Emission(temperature=0.7, top_p=0.9),
        2: Emission(keep_right=0.9, keep_wrong=0.1, variance=0.5),
    }
    assert parse_pipeline(pipeline_to_yaml(pipeline)) == pipeline
    assert from_networkx(to_networkx(pipeline.graph)) == pipeline.graph


def test_a_wrong_value_in_a_file_is_answered_with_its_line():
    with pytest.raises(InputError, match=r":6: flow 'a' -> 'b': top_p is 1.9"):
        parse_pipeline(TEXT.replace("top_p: 0.9", "top_p: 1.9"), "p.yaml")


def test_real_data_cannot_be_biased():
    with pytest.raises(GraphError, match="provider is a source") as error:
        InteractionGraph.from_parts(
            [Source("web")], [Model("a")], [Flow("web", "a", 5, emission=Emission(top_p=0.5))]
        )
    assert error.value.place == ("flows", 0, "top_p")


def test_a_flow_that_changes_nothing_has_no_emission():
    graph = InteractionGraph.from_flows([Flow("a", "a", 5, emission=Emission(temperature=1))])
    assert graph.emissions == {}
    assert Pipeline(graph).graph.flow(0).emission == Emission()


def test_a_diagnosis_leaves_out_the_numbers_that_pass_a_biased_flow_and_says_so():
    """The condition needs no emission; the laws do not know any."""
    found = headwater.diagnose(parse_pipeline(TEXT).graph)
    assert found.of("a")["risk"] is not None
    assert found.of("b")["risk"] is None
    assert found.of("c")["risk"] is None
    assert found.of("c")["verdict"] == "bounded"
    assert any(
        "biased flows: 2, such as 'a' -> 'b' (temperature, top_p)" in said for said in found.assumptions
    )
