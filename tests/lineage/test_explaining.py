"""From a model back to real data, with the line of the record at every step."""

from __future__ import annotations

import json

import pytest

import headwater as hw
from headwater.errors import GraphError, InputError
from headwater.lineage import Count, Entity, Facts, Key, Place, Relation, import_facts, read_evidence
from headwater.lineage.evidence import beside
from headwater.lineage.explaining import explain

TEACHER, STUDENT, ANSWERS = Key("model", "T"), Key("model", "S"), Key("dataset", "answers")
FACTS = Facts(
    "log",
    1,
    (Entity(TEACHER, Place("log", 1)), Entity(STUDENT, Place("log", 2)), Entity(ANSWERS, Place("log", 3))),
    (
        Relation(
            TEACHER, Key("dataset", "web"), "trained-on", Place("log", 4), Count.exactly(70), "datasets"
        ),
        Relation(ANSWERS, TEACHER, "generated", Place("log", 5), Count.exactly(30), "made by"),
        Relation(STUDENT, ANSWERS, "trained-on", Place("log", 6)),
    ),
)


@pytest.fixture
def made():
    return import_facts(FACTS)


def test_the_way_back_to_real_data_has_every_line(made):
    found = explain(made.graph, made.evidence, "S")
    assert found.to_real == ("web", "T", "S")
    assert [each.model for each in found.models] == ["S", "T"]
    text = str(found)
    assert text.startswith("S goes back to real data: web -> T -> S")
    assert [line.strip() for line in text.splitlines() if line.strip().startswith("log:")] == [
        "log:6",
        "log:5",
        "log:4",
    ]
    assert "dataset answers <- model T: generated, 30 samples [made by]" in text
    document = json.loads(json.dumps(found.to_dict()))
    assert document["models"][0]["learns_from"][0]["evidence"][0][0]["places"] == ["log:5"]


def test_a_flow_written_by_hand_has_its_line_in_the_pipeline(made):
    parts = list(made.graph.flows)
    graph = hw.InteractionGraph.from_parts(
        made.graph.sources, made.graph.models, [*parts, hw.Flow("web", "S", 5)]
    )
    found = explain(graph, made.evidence, "S", lambda place: 40 + int(place[1]), "pipeline.yaml")
    assert "written by hand: pipeline.yaml:42" in str(found)
    assert found.to_real == ("web", "S")


def test_a_model_that_only_feeds_itself_goes_back_to_nothing():
    graph = hw.InteractionGraph.from_flows([("A", "A", 5)])
    text = str(explain(graph, None, "A"))
    assert text.startswith("A goes back to no real data")
    assert "A, its own output: 5 samples, every generation" in text


def test_loops_of_many_models_end():
    graph = hw.InteractionGraph.from_flows([(f"m{at}", f"m{(at + 1) % 500}") for at in range(500)])
    found = explain(graph, None, "m0")
    assert len(found.models) + found.left_out == 500
    assert found.left_out == 300


def test_an_unknown_model_names_the_nearest(made):
    with pytest.raises(GraphError, match="did you mean"):
        explain(made.graph, made.evidence, "TT")


def test_evidence_survives_writing_and_reading(made, tmp_path):
    path = beside(tmp_path / "p.yaml")
    assert path.name == "p.evidence.json"
    made.evidence.write(path)
    assert read_evidence(path).document == json.loads(json.dumps(made.evidence.document))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"evidence": 2, "flows": []}', '{"evidence": 1, "flows": {}}',
     '{"evidence": 1, "flows": [{"from": 1, "to": "S", "ways": []}]}',
     '{"evidence": 1, "flows": [{"from": "T", "to": "S", "ways": [[{"from": "x"}]]}]}',
     '{"evidence": 1, "flows": [{"from": "T", "to": "S", "ways": [[]]}]}', "[" * 100_000],
)  # fmt: skip
def test_what_is_no_evidence_is_one_error(text, tmp_path):
    path = tmp_path / "p.evidence.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"p\.evidence\.json"):
        read_evidence(path)
