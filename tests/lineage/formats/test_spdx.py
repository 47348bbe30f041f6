"""SPDX 3 documents, with what the specification says of their relationships."""

from __future__ import annotations

import importlib.util
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.lineage.facts import Count, Facts, Key
from headwater.lineage.formats.spdx import read
from tests.lineage.formats.planting import HOSTILE, VALUES, places, planted, survives

DATA = Path(__file__).parent / "data" / "spdx"
CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
MODEL = {"type": "ai_AIPackage", "spdxId": "urn:m", "name": "m"}
DATASET = {"type": "dataset_DatasetPackage", "spdxId": "urn:d", "name": "d"}


def related(type_: str, start: str, *to: Any, **fields: Any) -> dict[str, Any]:
    id_ = f"urn:{type_}:{start}:{len(to)}"
    return {
        "type": "Relationship",
        "spdxId": id_,
        "from": start,
        "relationshipType": type_,
        "to": [*to],
        **fields,
    }


def told(tmp_path: Path, *elements: Any, name: str = "a.json") -> Facts:
    (tmp_path / name).write_text(json.dumps({"@context": CONTEXT, "@graph": elements}), encoding="utf-8")
    return read(tmp_path)


def relations(facts: Facts) -> list[tuple[str, str, str]]:
    return [(each.role, each.subject.name, each.object.name) for each in facts.relations]


def test_a_loop_is_read_as_it_unrolls():
    """real -> student 0 -> synthetic-1 -> student 1 -> ..., as the bindings of SPDX write it."""
    facts = read(DATA / "loop.json")
    data = ["real", "synthetic-1", "synthetic-2", "synthetic-3"]
    said = {(each.role, *each.subject[1:], *each.object[1:]) for each in facts.relations}
    expected = set()
    for at in range(3):
        expected |= {
            ("trained-on", "student", str(at), data[at], ""),
            ("used", f"sample {at}", "", "student", str(at)),
            ("made", data[at + 1], "", f"sample {at}", ""),
        }
        if at:
            expected.add(("initialised", "student", str(at), "student", str(at - 1)))
    assert said == expected
    assert not facts.issues
    models = [entity for entity in facts.entities if entity.kind == "model"]
    assert [model.labels["param.round"] for model in models] == ["0", "1", "2"]
    runs = [entity.time for entity in facts.entities if entity.kind == "procedure"]
    assert runs == [f"2026-03-01T0{hour}:00:00+00:00" for hour in (1, 2, 3)]


def test_counts_are_those_of_plain_json():
    graph = json.loads((DATA / "loop.json").read_text())["@graph"]
    types = Counter(element["type"] for element in graph)
    facts = read(DATA / "loop.json")
    assert facts.records["elements"] == len(graph)
    assert facts.records["relationships"] == types["Relationship"] == 12
    kinds = Counter(entity.kind for entity in facts.entities)
    assert kinds["model"] == types["ai_AIPackage"]
    assert kinds["dataset"] == types["dataset_DatasetPackage"]
    assert kinds["procedure"] == types["build_Build"]


def test_a_size_is_in_bytes():
    entity = next(each for each in read(DATA / "loop.json").entities if each.name == "real")
    assert entity.count == Count.exactly(4096, "bytes")


def test_known_none_is_told_from_unknown(tmp_path):
    terms = "https://spdx.org/rdf/3.0.1/terms/Core/"
    for written, said in (("NoneElement", "none"), ("NoAssertionElement", "no assertion")):
        for end in (written, terms + written):
            facts = told(tmp_path, MODEL, related("trainedOn", "urn:m", end, completeness="incomplete"))
            assert facts.entities[0].labels["trainedOn"] == said
            assert facts.entities[0].labels["trainedOn.completeness"] == "incomplete"
            assert not facts.relations
    assert read(DATA / "loop.json").entities[0].labels["descendantOf"] == "none"


def expanded(element: dict[str, Any]) -> dict[str, Any]:
    """The expanded form of JSON-LD, by hand: addresses as keys, values in lists of objects."""
    terms = "https://spdx.org/rdf/3.0.1/terms/"
    core = {"name", "from", "to", "relationshipType"}
    found: dict[str, Any] = {"@id": element["spdxId"]}
    for key, value in element.items():
        profile, _, local = key.rpartition("_")
        if key == "type":
            profile, _, local = value.rpartition("_")
            found["@type"] = [f"{terms}{ {'ai': 'AI', 'dataset': 'Dataset'}.get(profile, 'Core') }/{local}"]
        elif key in ("from", "to"):
            found[terms + "Core/" + key] = [{"@id": each} for each in ([value] if key == "from" else value)]
        elif key == "relationshipType":
            found[terms + "Core/" + key] = [{"@id": f"{terms}Core/RelationshipType/{value}"}]
        elif key in core or profile:
            found[f"{terms}{profile.title() or 'Core'}/{local}"] = [{"@value": value}]
    return found


def test_flat_nested_and_expanded_forms_say_the_same(tmp_path):
    sized = DATASET | {"dataset_datasetSize": 7}
    link = related("trainedOn", "urn:m", "urn:d")
    told(tmp_path, MODEL, sized, link, name="flat.json")
    old = [
        {{"type": "@type", "spdxId": "@id"}.get(key, key): value for key, value in each.items()}
        for each in (MODEL, sized, link)
    ]
    told(tmp_path, *old, name="at.json")
    told(tmp_path, link | {"from": MODEL, "to": [sized]}, name="nested.json")
    (tmp_path / "expanded.json").write_text(json.dumps([expanded(each) for each in (MODEL, sized, link)]))
    for name in ("flat", "at", "nested", "expanded"):
        facts = read(tmp_path / f"{name}.json")
        assert relations(facts) == [("trained-on", "m", "d")]
        assert {(each.kind, each.name, each.count) for each in facts.entities} == {
            ("model", "m", None),
            ("dataset", "d", Count.exactly(7, "bytes")),
        }
        assert not facts.issues


def test_a_document_may_be_one_element(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"@context": CONTEXT, **MODEL}))
    assert [entity.key for entity in read(tmp_path).entities] == [Key("model", "m")]


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("trainedOn", ("trained-on", "m", "d")),
        ("TRAINED_ON", ("trained-on", "m", "d")),
        ("testedOn", ("evaluated-on", "m", "d")),
        ("generates", ("generated", "d", "m")),
        ("dependsOn", ("dependency", "m", "d")),
        ("ancestorOf", ("derived", "d", "m")),
        ("descendantOf", ("derived", "m", "d")),
        ("hasDataFile", ("dependency", "m", "d")),
        ("copiedTo", ("same-as", "d", "m")),
        ("hasVariant", ("version-of", "d", "m")),
    ],
)
def test_a_relationship_has_the_direction_of_the_specification(tmp_path, type_, expected):
    facts = told(tmp_path, MODEL, DATASET, related(type_, "urn:m", "urn:d"))
    assert relations(facts) == [expected]


def test_a_script_that_generates_is_a_procedure_and_libraries_are_passed_over(tmp_path):
    """As in a bill of a small demo: scripts write data and weights, a folder holds the data."""

    def file(name: str, purpose: str) -> dict[str, Any]:
        return {
            "type": "software_File",
            "spdxId": f"urn:{name}",
            "name": name,
            "software_primaryPurpose": purpose,
        }

    library = {
        "type": "software_Package",
        "spdxId": "urn:numpy",
        "name": "numpy",
        "software_primaryPurpose": "library",
    }
    facts = told(
        tmp_path,
        MODEL,
        DATASET,
        library,
        *(
            file("train.py", "executable"),
            file("w.bin", "model"),
            file("train.txt", "data"),
            file("LICENSE", "other"),
        ),
        file("charlist.txt", "model"),
        related("dependsOn", "urn:m", "urn:numpy"),
        related("contains", "urn:m", "urn:w.bin", "urn:LICENSE", "urn:charlist.txt"),
        related("contains", "urn:d", "urn:train.txt", "urn:LICENSE"),
        related("generates", "urn:train.py", "urn:w.bin"),
        related("trainedOn", "urn:w.bin", "urn:train.txt"),
    )
    assert relations(facts) == [
        ("derived", "m", "w.bin"),
        ("derived", "d", "train.txt"),
        ("made", "w.bin", "train.py"),
        ("trained-on", "w.bin", "train.txt"),
    ]
    assert {(each.kind, each.name) for each in facts.entities} == {
        ("model", "m"),
        ("dataset", "d"),
        ("procedure", "train.py"),
        ("model", "w.bin"),
        ("dataset", "train.txt"),
    }


def test_data_that_software_originated_say_so(tmp_path):
    agent = {"type": "SoftwareAgent", "spdxId": "urn:g", "name": "generator"}
    facts = told(tmp_path, agent, DATASET | {"originatedBy": ["urn:g"]})
    assert relations(facts) == [("associated", "d", "generator")]


def test_names_that_collide_take_their_ids(tmp_path):
    """Two of one name in a file are two; a package in two files is one, a file is not."""
    told(tmp_path, MODEL, MODEL | {"spdxId": "urn:n"}, name="a.json")
    assert [each.name for each in read(tmp_path).entities] == ["m (urn:m)", "m (urn:n)"]
    told(tmp_path, MODEL, name="a.json")
    facts = told(tmp_path, MODEL | {"spdxId": "urn:n"}, name="b.json")
    assert {each.name for each in facts.entities} == {"m"}
    for name, id_ in (("a.json", "urn:1"), ("b.json", "urn:2")):
        file = {"type": "software_File", "spdxId": id_, "name": "train.txt"}
        facts = told(tmp_path, MODEL, file, related("trainedOn", "urn:m", id_), name=name)
    assert {each.object.name for each in facts.relations} == {"train.txt (urn:1)", "train.txt (urn:2)"}


def test_what_no_document_has_keeps_its_address(tmp_path):
    facts = told(tmp_path, MODEL, related("trainedOn", "urn:m", "https://elsewhere.org/d"))
    assert facts.relations[0].object == Key("unknown", "https://elsewhere.org/d")


def test_spdx_2_is_refused_by_name(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT"}))
    (issue,) = read(tmp_path).issues
    assert issue.severity == "error"
    assert "SPDX-2.3" in issue.message and "convert" in issue.message


@pytest.mark.parametrize("size", ["4 GB", -1, 2.5, True, 10**30, {"a": 1}])
def test_a_size_that_is_none_stays_unknown(tmp_path, size):
    facts = told(tmp_path, DATASET | {"dataset_datasetSize": size})
    assert facts.entities[0].count is None
    assert "stays unknown" in facts.issues[0].message


@pytest.mark.parametrize("content", [*HOSTILE.values(), b"[1, 2]", b"5", b'{"a": 1}', b'{"@graph": 3}'])
def test_a_hostile_file_gives_issues_and_the_next_one_is_read(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    facts = told(tmp_path, MODEL, name="b.json")
    assert [each.name for each in facts.entities] == ["m"]
    assert facts.issues


def test_links_and_pipes_are_not_opened(tmp_path):
    told(tmp_path, MODEL)
    (tmp_path / "link.json").symlink_to(tmp_path / "a.json")
    os.mkfifo(tmp_path / "pipe.json")
    facts = read(tmp_path)
    assert (facts.files, len(facts.issues)) == (1, 2)


def test_nothing_to_read_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"no \.json file"):
        read(tmp_path)


def test_a_hundred_thousand_elements_take_seconds(tmp_path):
    number = 50_000
    elements = [DATASET | {"spdxId": f"urn:{at}", "name": f"d{at}"} for at in range(number)]
    links = [related("trainedOn", "urn:m", f"urn:{at}") for at in range(number)]
    facts = told(tmp_path, MODEL, *elements, *links)
    assert (len(facts.entities), len(facts.relations)) == (number + 1, number)


@pytest.mark.skipif(not importlib.util.find_spec("spdx_python_model"), reason="needs spdx-python-model")
def test_the_loop_is_what_the_bindings_write(tmp_path):
    spec = importlib.util.spec_from_file_location("make", DATA / "make.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    make.main(tmp_path / "loop.json")
    assert json.loads((tmp_path / "loop.json").read_text()) == json.loads((DATA / "loop.json").read_text())


LOOP = json.loads((DATA / "loop.json").read_text())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(places(LOOP)), VALUES)
def test_any_value_anywhere_is_survived(tmp_path, place, value):
    survives(read, tmp_path / "a.json", planted(LOOP, place, value))
