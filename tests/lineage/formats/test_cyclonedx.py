"""CycloneDX bills of materials for machine learning: the specification's own, and small ones."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.lineage.facts import Facts, Key
from headwater.lineage.formats.cyclonedx import read
from tests.lineage.formats.planting import HOSTILE, VALUES, places, planted, survives

DATA = Path(__file__).parent / "data" / "cyclonedx"


def bill(*components: Any, **fields: Any) -> dict[str, Any]:
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [*components], **fields}


def model(ref: str, *datasets: Any, **fields: Any) -> dict[str, Any]:
    card = {"modelParameters": {"datasets": [*datasets]}} if datasets else {}
    return {"type": "machine-learning-model", "bom-ref": ref, "name": ref, "modelCard": card, **fields}


def data(ref: str, **fields: Any) -> dict[str, Any]:
    return {"type": "data", "bom-ref": ref, "name": ref, **fields}


def told(tmp_path: Path, document: Any, name: str = "a.json") -> Facts:
    (tmp_path / name).write_text(json.dumps(document), encoding="utf-8")
    return read(tmp_path)


def relations(facts: Facts) -> list[tuple[str, str, str]]:
    return [(each.role, each.subject.name, each.object.name) for each in facts.relations]


def test_the_six_bills_of_the_specification_are_read(shared_data):
    """Models, data components and data sets of model cards, counted with plain json."""
    folder = shared_data / "cyclonedx_mlbom"
    if not folder.is_dir():
        pytest.skip("no CycloneDX bills beside the checkout")
    types: Counter[str] = Counter()
    listed = 0
    for file in folder.rglob("*.json"):
        for component in json.loads(file.read_text(encoding="utf-8"))["components"]:
            types[component["type"]] += 1
            parameters = component.get("modelCard", {}).get("modelParameters", {})
            listed += len(parameters.get("datasets", []))
    assert types == {"machine-learning-model": 4, "data": 2}
    facts = read(folder)
    assert facts.records == {"bills": 6, "components": 6}
    assert Counter(entity.kind for entity in facts.entities) == {"model": 4, "dataset": listed}
    assert {entity.key for entity in facts.entities} == {
        Key("model", "CompVis/stable-diffusion", "1.4"),
        Key("model", "meta-llama/Llama-2-7b"),
        Key("dataset", "Training Data"),
    }
    assert Counter(each.role for each in facts.relations) == {"trained-on": listed} == {"trained-on": 3}
    assert [issue.severity for issue in facts.issues] == ["warning"] * 3
    assert all("does not tell training from evaluation" in issue.message for issue in facts.issues)


def test_a_loop_is_read_as_it_unrolls():
    """Cards, pedigrees and tasks of the formulation say the same loop in three ways."""
    facts = read(DATA / "loop.json")
    stored = ["real", "synthetic-1", "synthetic-2", "synthetic-3"]
    expected = {("dependency", "service", "1", "lab/student", "2")}
    for at in range(3):
        version = "2026.03" if at == 0 else ""
        generation = ("lab/student", str(at))
        expected |= {
            ("trained-on", *generation, stored[at], version),
            ("used", f"loop / train {at}", "", stored[at], version),
            ("made", *generation, f"loop / train {at}", ""),
            ("used", f"loop / sample {at}", "", *generation),
            ("made", stored[at + 1], "", f"loop / sample {at}", ""),
            ("informed", f"loop / sample {at}", "", f"loop / train {at}", ""),
        }
        if at:
            expected |= {
                ("initialised", *generation, "lab/student", str(at - 1)),
                ("informed", f"loop / train {at}", "", f"loop / sample {at - 1}", ""),
            }
    assert {(each.role, *each.subject[1:], *each.object[1:]) for each in facts.relations} == expected
    assert {issue.severity for issue in facts.issues} == {"warning"}
    times = [entity.time for entity in facts.entities if entity.name.startswith("loop / ")]
    assert times == [f"2026-03-0{day}T00:00:00+00:00" for day in range(1, 7)]


def test_parameters_of_a_run_are_labels_and_its_environment_is_not():
    """An environment variable may hold a password."""
    run = next(each for each in read(DATA / "loop.json").entities if each.name == "loop / train 1")
    assert run.labels["param.round"] == "1"
    assert "secret" not in repr(read(DATA / "loop.json"))


def test_places_name_line_and_pointer():
    relation = read(DATA / "loop.json").relations[0]
    assert (relation.place.line, relation.place.pointer) == (
        40,
        "/components/1/modelCard/modelParameters/datasets/0",
    )


def test_a_card_refers_to_data_or_writes_them_out(tmp_path):
    held = data("d", data=[{"type": "dataset", "bom-ref": "inside", "name": "x"}])
    inline = {"type": "dataset", "name": "web", "contents": {"url": "https://x.org/web"}}
    facts = told(tmp_path, bill(model("m", {"ref": "d"}, {"ref": "inside"}, inline), held))
    assert relations(facts) == [
        ("trained-on", "m", "d"),
        ("trained-on", "m", "d"),
        ("trained-on", "m", "web"),
    ]
    assert "lists 3 datasets" in facts.issues[0].message


def test_data_sets_of_one_name_at_two_addresses_are_two(tmp_path):
    """Many a card calls its data 'Training Data'."""

    def inline(url: str) -> dict[str, Any]:
        return {"type": "dataset", "name": "Training Data", "contents": {"url": url}}

    told(tmp_path, bill(model("m", inline("https://x.org/1"))), "a.json")
    facts = told(tmp_path, bill(model("n", inline("https://x.org/2"))), "b.json")
    assert relations(facts) == [
        ("trained-on", "m", "Training Data (https://x.org/1)"),
        ("trained-on", "n", "Training Data (https://x.org/2)"),
    ]


def test_a_data_set_without_a_name_is_known_by_its_model(tmp_path):
    facts = told(
        tmp_path, bill(model("m", {"type": "dataset"}, {"type": "dataset", "contents": {"url": "u"}}))
    )
    assert [each[2] for each in relations(facts)] == ["m dataset 0", "u"]


def test_ancestors_are_weights_and_variants_are_the_same_or_nearly(tmp_path):
    pedigree = {
        "ancestors": [model("base")],
        "descendants": [model("child", {"type": "dataset", "name": "more"})],
        "variants": [model("m-4bit")],
    }
    facts = told(tmp_path, bill(model("m", pedigree=pedigree)))
    assert relations(facts) == [
        ("initialised", "m", "base"),
        ("initialised", "child", "m"),
        ("same-as", "m", "m-4bit"),
        ("trained-on", "child", "more"),
    ]


def test_an_ancestor_is_the_component_of_its_name_and_version(tmp_path):
    told(tmp_path, bill(model("base", version="1")), "a.json")
    tuned = model("tuned", pedigree={"ancestors": [model("other-ref", name="base", version="1")]})
    facts = told(tmp_path, bill(tuned), "b.json")
    assert facts.relations[0].object == facts.entities[0].key == Key("model", "base", "1")


def test_dependencies_leave_plain_software_out(tmp_path):
    library = {"type": "library", "bom-ref": "numpy", "name": "numpy"}
    outer = {"type": "application", "bom-ref": "app", "name": "app", "components": [model("m"), library]}
    service = {"bom-ref": "api", "group": "lab", "name": "api"}
    depends = [{"ref": "app", "dependsOn": ["m", "numpy", "api"]}, {"ref": "m", "dependsOn": ["numpy"]}]
    facts = told(tmp_path, bill(outer, services=[service], dependencies=depends))
    assert relations(facts) == [("dependency", "app", "m"), ("dependency", "app", "lab/api")]
    assert Counter(each.kind for each in facts.entities) == {"application": 2, "model": 1}


def test_two_components_of_one_name_take_their_references(tmp_path):
    facts = told(tmp_path, bill(data("1", name="train"), data("2", name="train")))
    assert [each.name for each in facts.entities] == ["train (a.json#1)", "train (a.json#2)"]


def test_a_reference_given_twice_means_the_first(tmp_path):
    facts = told(tmp_path, bill(data("d", name="one"), data("d", name="two"), model("m", {"ref": "d"})))
    assert relations(facts) == [("trained-on", "m", "one")]
    assert {each.name for each in facts.entities} == {"one", "two", "m"}
    assert "given twice" in facts.issues[0].message


def test_a_link_reaches_into_another_bill(tmp_path):
    serial = "11111111-2222-3333-4444-555555555555"
    told(tmp_path, bill(data("d"), serialNumber=f"urn:uuid:{serial}", version=2), "a.json")
    facts = told(tmp_path, bill(model("m", {"ref": f"urn:cdx:{serial}/2#d"})), "b.json")
    assert relations(facts) == [("trained-on", "m", "d")]


def test_a_reference_to_nothing_is_an_error_and_the_rest_is_read(tmp_path):
    facts = told(tmp_path, bill(model("m", {"ref": "gone"}, {"ref": "d"}), data("d")))
    assert relations(facts) == [("trained-on", "m", "d")]
    assert any(issue.severity == "error" and "'gone'" in issue.message for issue in facts.issues)


def test_an_input_outside_the_bill_keeps_its_address(tmp_path):
    resource = {"resource": {"externalReference": {"type": "other", "url": "https://x.org/raw"}}}
    task = {"bom-ref": "t", "uid": "t", "taskTypes": ["build"], "inputs": [resource], "outputs": [resource]}
    workflow = {"bom-ref": "w", "uid": "w", "taskTypes": ["build"], "tasks": [task]}
    facts = told(tmp_path, bill(formulation=[{"workflows": [workflow]}]))
    assert relations(facts) == [
        ("used", "w / t", "https://x.org/raw"),
        ("made", "https://x.org/raw", "w / t"),
    ]


def test_components_that_hold_no_data_set_are_none(tmp_path):
    settings_ = data("conf", data=[{"type": "configuration", "name": "app.ini"}])
    facts = told(tmp_path, bill(settings_, model("m", {"ref": "conf"})))
    assert facts.relations[0].object == Key("unknown", "conf")


def test_another_version_is_read_with_a_warning(tmp_path):
    facts = told(tmp_path, bill(model("m"), specVersion="2.0"))
    assert [each.name for each in facts.entities] == ["m"]
    assert "'2.0'" in facts.issues[0].message


@pytest.mark.parametrize("content", [*HOSTILE.values(), b"[1]", b"5", b'{"bomFormat": "SPDX"}', b'{"a": 1,}'])
def test_a_hostile_file_gives_issues_and_the_next_one_is_read(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    facts = told(tmp_path, bill(model("m")), "b.json")
    assert [each.name for each in facts.entities] == ["m"]
    assert facts.issues


def test_links_and_pipes_are_not_opened(tmp_path):
    told(tmp_path, bill(model("m")))
    (tmp_path / "link.json").symlink_to(tmp_path / "a.json")
    os.mkfifo(tmp_path / "pipe.json")
    facts = read(tmp_path)
    assert (facts.files, len(facts.issues)) == (1, 2)


def test_nothing_to_read_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"no \.json file"):
        read(tmp_path)


def test_a_hundred_thousand_components_take_seconds(tmp_path):
    number = 50_000
    sets = [data(f"d{at}") for at in range(number)]
    facts = told(tmp_path, bill(model("m", *({"ref": f"d{at}"} for at in range(number))), *sets))
    assert (len(facts.entities), len(facts.relations)) == (number + 1, number)


LOOP = json.loads((DATA / "loop.json").read_text())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(places(LOOP)), VALUES)
def test_any_value_anywhere_is_survived(tmp_path, place, value):
    survives(read, tmp_path / "a.json", planted(LOOP, place, value))
