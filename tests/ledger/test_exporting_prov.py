"""PROV-JSON from a ledger: by the published schema, by the reader of others, and by ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")

from headwater.ledger import Ledger
from headwater.ledger import facts as ledger_facts
from headwater.ledger.exporting import exporter
from headwater.lineage import to_graph
from headwater.lineage.formats import prov_json
from tests.ledger.books import WEB, everything, loop, samples


def exported(path: Path) -> bytes:
    with Ledger(path, read_only=True) as book:
        made = exporter("prov")(book)
    assert made.left_out == ()
    return made.files["prov.json"]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return everything(tmp_path / "a.db")


def test_it_is_valid_by_the_published_schema(book, shared_data):
    jsonschema = pytest.importorskip("jsonschema")
    path = shared_data / "prov_json/src/prov/tests/schemas/prov-json.schema.json"
    if not path.is_file():
        pytest.skip("the schema of PROV-JSON is not among the shared data")
    schema = json.loads(path.read_bytes())
    jsonschema.Draft4Validator(schema).validate(json.loads(exported(book)))


def test_the_reader_of_others_finds_every_record(book):
    """`prov`, by the author of the format: read and written again it says the same."""
    model = pytest.importorskip("prov.model", reason="prov is not installed")
    text = exported(book).decode()
    document = model.ProvDocument.deserialize(content=text)
    assert document == model.ProvDocument.deserialize(content=document.serialize())
    count = sum(len(records) for name, records in json.loads(text).items() if name != "prefix")
    assert len(document.get_records()) == count > 60
    known = {str(each.identifier) for each in document.get_records(model.ProvElement)}
    for relation in document.get_records(model.ProvRelation):
        assert {str(value) for _, value in relation.formal_attributes[:2]} <= known


def relations(document: dict[str, Any], section: str, *ends: str) -> set[tuple[str, ...]]:
    return {tuple(each[end] for end in ends) for each in document[section].values()}


def test_a_loop_is_a_chain_of_models_and_samples(tmp_path):
    """Worked out by hand for three generations."""
    document = json.loads(exported(loop(tmp_path / "a.db")))
    web = f"data:web%20page.txt/{WEB.sha256[:16]}"
    data = [f"data:samples/{samples(generation).sha256[:16]}" for generation in range(3)]
    labels = {name: each["prov:label"] for name, each in document["activity"].items()}
    used = {
        (labels[run], entity) for run, entity in relations(document, "used", "prov:activity", "prov:entity")
    }
    assert used == {
        ("training of student", web), ("training of student", data[0]), ("training of student", data[1]),
        ("generation by student", "model:student/0"), ("generation by student", "model:student/1"),
        ("generation by student", "model:student/2"),
    }  # fmt: skip
    made = relations(document, "wasGeneratedBy", "prov:entity", "prov:activity")
    assert {(entity, labels[run]) for entity, run in made} == {
        *((f"model:student/{generation}", "training of student") for generation in range(3)),
        *((name, "generation by student") for name in data),
    }
    special = relations(document, "specializationOf", "prov:specificEntity", "prov:generalEntity")
    assert special == {
        (web, "data:web%20page.txt"),
        *((f"model:student/{generation}", "model:student") for generation in range(3)),
        *((name, "data:samples") for name in data),
    }
    assert document["entity"][web]["headwater:sha256"] == WEB.sha256
    assert document["entity"][web]["headwater:synthetic"] == "none"
    assert len(document["wasInformedBy"]) == 3


def test_our_own_reader_makes_the_same_loop_of_it(tmp_path):
    """Counts are of relations, which PROV has no word for: the flows are compared."""
    path = loop(tmp_path / "a.db")
    file = tmp_path / "prov.json"
    file.write_bytes(exported(path))
    ours, _ = to_graph(ledger_facts.read(path))
    theirs, _ = to_graph(prov_json.read(file))
    plain = {"model:student": "student", "data:web%20page.txt": "web page.txt"}
    flows = {(plain[flow.provider], plain[flow.model]) for flow in theirs.flows}
    assert flows == {(flow.provider, flow.model) for flow in ours.flows} == {
        ("student", "student"), ("web page.txt", "student"),
    }  # fmt: skip


def test_events_of_others_are_activities_too(book):
    document = json.loads(exported(book))
    run = "run:ea041791-68bc-4ae1-bd89-000000000001"
    assert document["activity"][run]["prov:label"] == "trainer/fit"
    assert (run, "asset:hdfs%2Flake") in relations(document, "used", "prov:activity", "prov:entity")
    made = relations(document, "wasGeneratedBy", "prov:entity", "prov:activity")
    assert ("model:models%2Fother", run) in made


def test_a_failed_run_says_so_and_why(book):
    document = json.loads(exported(book))
    failed = [each for each in document["activity"].values() if each["headwater:state"] == "failed"]
    assert [each["headwater:error"] for each in failed] == ["_Broken out of memory", "_Broken power cut"]
