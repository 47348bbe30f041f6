"""From a model back to real data, with the line of the record at every step."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from typing import Any

import pytest

import headwater as hw
from headwater.errors import GraphError, InputError
from headwater.lineage import (
    Count,
    Entity,
    Facts,
    Key,
    Place,
    Relation,
    evidence,
    import_facts,
    read_evidence,
)
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
    assert text.startswith("S goes back to data taken as real: web -> T -> S")
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
    assert text.startswith("A goes back to no data taken as real")
    assert "every generation: A, 5 samples; its own output" in text


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
     '{"evidence": 1, "flows": [{"from": "T", "to": "S", "ways": [[]]}]}', "[" * 100_000,
     '{"evidence": true, "flows": []}', '{"evidence": 1.0, "flows": []}', '{"evidence": "1", "flows": []}',
     *(json.dumps({"evidence": 1, "flows": [{"from": "T", "to": "S", "ways": [], key: value}]})
       for key, value in [("told", "x"), ("told", [1]), ("told", True), ("told", 1.5), ("sort", []),
                          ("sort", {}), ("real", {}), ("samples", "9"), ("source", 1), ("ways", {})]),
     *(json.dumps({"evidence": 1, "flows": [{"from": "T", "to": "S", "ways": [[
         {"from": "T", "to": "S", "role": "r", "said": "", "places": [], key: value}]]}]})
       for key, value in [("places", [1]), ("count", {}), ("by_rule", "no"), ("run", 1)]),
     "\xff"],
)  # fmt: skip
def test_what_is_no_evidence_is_one_error(text, tmp_path):
    path = tmp_path / "p.evidence.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"p\.evidence\.json"):
        read_evidence(path)


def test_of_a_pipe_or_a_device_no_evidence_is_read(tmp_path):
    """Neither waited for nor read to its end, which it may not have."""
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(InputError, match="is no regular file"):
            read_evidence(place)


def test_evidence_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence, "LARGEST", 1000)
    (tmp_path / "e.json").write_bytes(b" " * 1001)
    with pytest.raises(InputError, match="more than 1,000 bytes"):
        read_evidence(tmp_path / "e.json")


def test_evidence_is_bound_to_the_bytes_of_its_pipeline(made, tmp_path):
    kept = made.evidence.of(b"headwater: 1")
    kept.write(tmp_path / "e.json")
    again = read_evidence(tmp_path / "e.json")
    assert again.document["pipeline"] == hashlib.sha256(b"headwater: 1").hexdigest()
    assert again.is_of(b"headwater: 1")
    assert not again.is_of(b"headwater: 1\n")
    assert not made.evidence.is_of(b"headwater: 1")


def test_evidence_of_another_pipeline_shares_no_flow_with_it(made):
    other = hw.InteractionGraph.from_flows([("x", "S", 5)], sources=["x"])
    assert made.evidence.shares(made.graph)
    assert not made.evidence.shares(other)


def test_half_a_character_in_a_name_does_not_keep_evidence_from_being_written(made, tmp_path):
    document = {**made.evidence.document, "records": {"origin": "a\ud800b", "format": ""}}
    evidence.Evidence(document).write(tmp_path / "e.json")
    assert read_evidence(tmp_path / "e.json").document["records"]["origin"] == "a\ud800b"


def trained(model: str, generation: int, data: str, line: int, count: Count | None = None) -> list[Any]:
    """A generation of a model, and what it was trained on."""
    key, place = Key("model", model, str(generation)), Place("log", line)
    return [
        Entity(key, place, generation=generation),
        Relation(key, Key("dataset", data), "trained-on", place, count),
    ]


def facts_of(parts: list[Any]) -> Facts:
    entities = tuple(part for part in parts if isinstance(part, Entity))
    return Facts("log", 1, entities, tuple(part for part in parts if isinstance(part, Relation)))


def test_what_began_a_model_is_told_even_if_nobody_counted_it():
    """Real data of generation 0 alone, of unknown number, are no part of the graph: the evidence has them."""
    own = [
        Relation(Key("dataset", f"d{at}"), Key("model", "M", str(at)), "generated", Place("log", 9))
        for at in range(2)
    ]
    made = import_facts(
        facts_of([*trained("M", 0, "web", 1), *trained("M", 1, "d0", 2), *trained("M", 2, "d1", 3), *own])
    )
    assert {(flow.provider, flow.model) for flow in made.graph.flows} == {("M", "M")}
    assert not any(model.initial for model in made.graph.models)
    text = str(explain(made.graph, made.evidence, "M"))
    assert "generation 0: web, unknown samples; taken as real: a name without a record\n" in text
    assert "      log:1" in text
    assert text.startswith("M goes back to data taken as real: web -> M")


def test_what_ended_is_told_and_grounds_nobody():
    own = [
        Relation(Key("dataset", f"d{at}"), Key("model", "M", str(at)), "generated", Place("log", 9))
        for at in range(2)
    ]
    parts = [*trained("M", 0, "seed", 1), *trained("M", 1, "web", 2), *trained("M", 1, "d0", 2)]
    made = import_facts(facts_of([*parts, *trained("M", 2, "d1", 3), *own]))
    sorts = {flow["from"]: flow["sort"] for flow in made.evidence.document["flows"]}
    assert sorts["web"] == "ended"
    text = str(explain(made.graph, made.evidence, "M"))
    assert "  ended: web, unknown samples; taken as real" in text
    document = explain(made.graph, made.evidence, "M").to_dict()
    assert {origin["name"]: origin["when"] for origin in document["models"][0]["learns_from"]} == {
        "M": "every generation",
        "seed": "generation 0",
        "web": "ended",
    }


@pytest.mark.parametrize(
    ("records", "real", "said"),
    [
        ([], "name", "taken as real: a name without a record"),
        ([Entity(Key("dataset", "web"), Place("log", 7))], "recorded", "taken as real: no record says who"),
        (
            [Entity(Key("dataset", "web"), Place("log", 7), synthetic="none")],
            "stated",
            "real, as its record says",
        ),
    ],
)
def test_who_takes_a_source_as_real_is_said(records, real, said):
    made = import_facts(replace(FACTS, entities=(*FACTS.entities, *records)))
    flows = {(flow["from"], flow["to"]): flow["real"] for flow in made.evidence.document["flows"]}
    assert flows == {("web", "T"): real, ("T", "S"): None}
    assert f"every generation: web, 70 samples; {said}" in str(explain(made.graph, made.evidence, "T"))


def test_a_frozen_model_is_told_as_one_and_what_it_began_with_too():
    graph = hw.InteractionGraph.from_parts(
        [hw.Source("web")],
        [hw.Model("F", frozen=True, initial={"web": 7}), hw.Model("S")],
        [hw.Flow("F", "S", 5)],
    )
    found = explain(graph, None, "S")
    assert "every generation: F, 5 samples; a frozen model" in str(found)
    assert found.to_real == ("web", "F", "S")
    assert "generation 0: web, 7 samples; taken as real: the pipeline has it as a source" in str(found)
