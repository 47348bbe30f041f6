"""PROV-JSON as the PROV library and its test suite write it."""

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
from headwater.lineage import to_graph
from headwater.lineage.facts import Count, Facts, Key
from headwater.lineage.formats.prov_json import read
from tests.lineage.formats.planting import HOSTILE, VALUES, places, planted, survives

DATA = Path(__file__).parent / "data" / "prov_json"
PREFIX = {"ex": "http://example.org/"}


@pytest.fixture
def suite(shared_data: Path) -> Path:
    folder = shared_data / "prov_json" / "src" / "prov" / "tests"
    if not folder.is_dir():
        pytest.skip("no PROV test suite beside the checkout")
    return folder


def told(tmp_path: Path, document: Any, name: str = "a.json") -> Facts:
    (tmp_path / name).write_text(json.dumps(document), encoding="utf-8")
    return read(tmp_path)


def ends(facts: Facts, role: str) -> list[tuple[str, str]]:
    return [(each.subject.name, each.object.name) for each in facts.relations if each.role == role]


def by_hand(folder: Path) -> tuple[Counter[str], Counter[str]]:
    """Records by kind, and relations that have both ends, counted with plain json."""
    both = {
        "wasGeneratedBy": ("prov:entity", "prov:activity"),
        "used": ("prov:activity", "prov:entity"),
        "wasDerivedFrom": ("prov:generatedEntity", "prov:usedEntity"),
        "wasInformedBy": ("prov:informed", "prov:informant"),
        "wasStartedBy": ("prov:activity", "prov:starter"),
        "wasAttributedTo": ("prov:entity", "prov:agent"),
        "wasAssociatedWith": ("prov:activity", "prov:agent"),
        "actedOnBehalfOf": ("prov:delegate", "prov:responsible"),
        "wasInfluencedBy": ("prov:influencee", "prov:influencer"),
        "specializationOf": ("prov:specificEntity", "prov:generalEntity"),
        "mentionOf": ("prov:specificEntity", "prov:generalEntity"),
        "alternateOf": ("prov:alternate1", "prov:alternate2"),
        "hadMember": ("prov:collection", "prov:entity"),
    }
    records: Counter[str] = Counter()
    whole: Counter[str] = Counter()

    def walk(document: dict[str, Any]) -> None:
        for section, found in document.items():
            if section == "bundle":
                for inner in found.values():
                    walk(inner)
            elif section != "prefix":
                for record in found.values():
                    for body in record if isinstance(record, list) else [record]:
                        records[section] += 1
                        if section in both and set(both[section]) <= body.keys():
                            second = body[both[section][1]]
                            whole[section] += len(second) if isinstance(second, list) else 1
                        if section == "wasDerivedFrom" and "prov:activity" in body:
                            whole["derivation"] += 2 if {*both[section]} <= body.keys() else 1

    for file in folder.glob("*.json"):
        walk(json.loads(file.read_text(encoding="utf-8")))
    return records, whole


def test_all_398_documents_of_the_suite_are_read(suite):
    """Each record is counted, each entity told of, and each relation with two ends."""
    facts = read(suite / "json")
    records, whole = by_hand(suite / "json")
    assert (facts.files, facts.records["documents"]) == (398, 398)
    assert {name: facts.records[name] for name in records} == dict(records)
    assert Counter(entity.labels["class"] for entity in facts.entities) == {
        name: records[name] for name in ("entity", "activity", "agent")
    }
    words = Counter(relation.word.split(" ")[0] for relation in facts.relations)
    derivation = whole.pop("derivation")
    words["wasDerivedFrom"] -= derivation
    assert words == whole
    assert all(entity.place.line >= 1 for entity in facts.entities)


def test_only_records_that_lack_a_required_end_are_left_out_of_the_suite(suite):
    """PROV requires both ends of these, and the test documents leave one out on purpose."""
    facts = read(suite / "json")
    assert {issue.severity for issue in facts.issues} == {"error"}
    assert all("is missing" in issue.message for issue in facts.issues)
    assert Counter(issue.place.path.rstrip("0123456789.json") for issue in facts.issues) == {
        "associati": 1,
        "attributi": 2,
        "communicati": 2,
        "delegati": 2,
        "derivati": 3,
        "influence": 2,
        "start": 2,
        "usage": 1,
    }


def test_every_malformed_document_gives_an_issue(suite):
    facts = read(suite / "malformed")
    files = {file.name for file in (suite / "malformed").glob("*.json")}
    assert len(files) == 10
    assert {issue.place.path for issue in facts.issues} == files


def test_records_split_into_lists_are_read_as_one_thing(suite):
    facts = read(suite / "unification" / "unification-activity-end-s1-PASS-c29.json")
    assert {entity.key for entity in facts.entities} == {Key("procedure", "ex:a1")}
    assert {entity.time for entity in facts.entities} == {"2012-11-16T17:05:00+00:00"}


def test_what_is_entity_and_activity_at_once_is_two_things_and_doubtful(suite):
    facts = read(suite / "unification" / "unification-entity-activity-f1-FAIL-c55.json")
    assert {entity.kind for entity in facts.entities} == {"unknown", "procedure"}
    assert "both entity and activity" in facts.issues[0].message


def test_json_ld_is_named_as_another_format(suite):
    facts = read(suite / "jsonld")
    assert len(facts.issues) == 2
    assert not facts.entities
    assert all("JSON-LD" in issue.message for issue in facts.issues)


def test_a_loop_of_entities_is_read_as_it_unrolls():
    """real -> g0 -> synthetic1 -> g1 -> synthetic2 -> g2 -> synthetic3, each through an activity."""
    facts = read(DATA / "loop_entities.json")
    data = ["lab:real", "lab:synthetic1", "lab:synthetic2", "lab:synthetic3"]
    assert not facts.issues
    assert ends(facts, "used") == [
        pair
        for at in range(3)
        for pair in ((f"lab:train{at}", data[at]), (f"lab:sample{at}", f"lab:student-g{at}"))
    ]
    assert ends(facts, "made") == [
        pair
        for at in range(3)
        for pair in ((f"lab:student-g{at}", f"lab:train{at}"), (data[at + 1], f"lab:sample{at}"))
    ]
    assert ends(facts, "version-of") == [(f"lab:student-g{at}", "lab:student") for at in range(3)]
    models = [entity for entity in facts.entities if entity.kind == "model"]
    assert [model.generation for model in models] == [None, 0, 1, 2]
    assert [entity.count for entity in facts.entities if entity.kind == "dataset"] == [
        Count.exactly(number) for number in (50_000, 1000, 2000, 3000)
    ]
    runs = [entity.time for entity in facts.entities if entity.kind == "procedure"]
    assert runs == [f"2026-03-01T0{hour}:00:00+00:00" for hour in (1, 2, 3, 4, 5, 6)]
    assert facts.entities[8].labels["lab:iteration"] == "0"
    assert {relation.word for relation in facts.relations if relation.role == "used"} == {
        "used training-data",
        "used generator",
    }


def test_an_activity_began_at_its_start_and_ended_at_its_end(tmp_path):
    """The end of the recorded one is an hour after its start; of the other only a use is timed."""
    run = next(entity for entity in read(DATA / "loop_entities.json").entities if entity.kind == "procedure")
    written = json.loads((DATA / "loop_entities.json").read_text())["activity"][run.name]
    assert run.started == written["prov:startTime"].partition("+")[0] + "+00:00"
    assert run.time == written["prov:endTime"].partition("+")[0] + "+00:00"
    use = {"prov:activity": "ex:a", "prov:entity": "ex:e", "prov:time": "2026-03-01T01:00:00Z"}
    facts = told(tmp_path, {"prefix": PREFIX, "activity": {"ex:a": {}}, "used": {"_:u": use}})
    assert [(each.started, each.time) for each in facts.entities] == [("2026-03-01T01:00:00+00:00",) * 2]


@pytest.mark.parametrize(
    ("type_", "sort"),
    [
        ("prov:SoftwareAgent", "software"),
        ({"$": "prov:Person", "type": "prov:QUALIFIED_NAME"}, "person"),
        (["ex:Lab", "prov:Organization"], "organization"),
        (["prov:Person", "prov:SoftwareAgent"], None),
        ("ex:Robot", None),
        (None, None),
    ],
)
def test_an_agent_is_of_the_sort_that_its_type_states(tmp_path, type_, sort):
    record = {} if type_ is None else {"prov:type": type_}
    facts = told(tmp_path, {"prefix": PREFIX, "agent": {"ex:a": record}, "entity": {"ex:e": record}})
    sorts = {entity.name: entity.labels.get("agent") for entity in facts.entities}
    assert sorts == {"ex:a": sort, "ex:e": None}


def test_samples_of_a_use_or_a_generation_are_counts(tmp_path):
    ends_ = {"prov:activity": "ex:a", "prov:entity": "ex:e"}
    document = {
        "prefix": PREFIX,
        "used": {
            "_:1": {**ends_, "headwater:samples": 7},
            "_:2": {**ends_, "headwater:samples": {"$": "8", "type": "xsd:int"}},
            "_:3": {**ends_, "headwater:samples": "many"},
            "_:4": ends_,
        },
        "wasGeneratedBy": {"_:5": {**ends_, "headwater:samples": 9}},
    }
    facts = told(tmp_path, document)
    counts = [(each.role, each.count) for each in facts.relations]
    assert counts == [
        ("used", Count.exactly(7)),
        ("used", Count.exactly(8)),
        ("used", None),
        ("used", None),
        ("made", Count.exactly(9)),
    ]
    (issue,) = facts.issues
    assert "'headwater:samples' is 'many', not a whole number" in issue.message


def test_a_ledger_exported_to_prov_keeps_its_counts(tmp_path):
    """The script of the book: 1,000 real samples first, then 100 beside 400 of the model before."""
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")
    from headwater.ledger import Ledger
    from headwater.ledger.exporting import exporter
    from tests.ledger.books import loop

    with Ledger(loop(tmp_path / "a.db"), read_only=True) as book:
        (tmp_path / "prov.json").write_bytes(exporter("prov")(book).files["prov.json"])
    graph, _ = to_graph(read(tmp_path / "prov.json"))
    web, student = "data:web%20page.txt", "model:student"
    assert {(flow.provider, flow.model, flow.samples) for flow in graph.flows} == {
        (web, student, 100),
        (student, student, 400),
    }
    assert [dict(model.initial) for model in graph.models] == [{web: 1_000}]


def test_a_model_may_be_a_software_agent():
    """It stays of unknown kind: an agent of software need be no model; its type is a label."""
    facts = read(DATA / "loop_agents.json")
    agents = {entity.name: entity for entity in facts.entities if entity.labels["class"] == "agent"}
    assert {agent.kind for agent in agents.values()} == {"unknown"}
    assert agents["lab:student-g0"].labels["prov:type"] == "prov:SoftwareAgent"
    assert agents["lab:annotator"].labels["prov:type"] == "prov:Person"
    assert [agents[name].labels["agent"] for name in ("lab:student-g0", "lab:annotator")] == [
        "software",
        "person",
    ]
    assert ("lab:synthetic1", "lab:student-g0") in ends(facts, "associated")
    assert ("lab:sample0", "lab:student-g0") in ends(facts, "associated")
    assert ("lab:student-g1", "lab:train1") in ends(facts, "made")


def test_names_mean_the_same_in_every_bundle():
    """The rounds are bundles; what one writes the next one reads."""
    facts = read(DATA / "loop_bundles.json")
    assert facts.records["bundles"] == 3
    assert ("lab:train1", "lab:synthetic1") in ends(facts, "used")
    assert ("lab:synthetic1", "lab:sample0") in ends(facts, "made")
    place = facts.relations[0].place
    assert (place.line, place.pointer) == (46, "/bundle/lab:round0/used/_:id1")


@pytest.mark.skipif(not importlib.util.find_spec("prov"), reason="needs the package prov")
def test_the_loops_are_what_the_prov_library_writes(tmp_path):
    spec = importlib.util.spec_from_file_location("make", DATA / "make.py")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    make.main(tmp_path)
    for file in DATA.glob("loop_*.json"):
        assert json.loads((tmp_path / file.name).read_text()) == json.loads(file.read_text())


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ("lab:Model", "model"),
        ("http://www.w3.org/ns/mls#Model", "model"),
        ({"$": "ex:machine-learning-model", "type": "prov:QUALIFIED_NAME"}, "model"),
        (["prov:Entity", {"$": "dcat:Dataset"}], "dataset"),
        ("schema:SoftwareApplication", "application"),
        ("ex:ModelCard", "unknown"),
        ("prov:Collection", "unknown"),
        (7, "unknown"),
    ],
)
def test_a_kind_is_stated_by_a_type(tmp_path, type_, kind):
    facts = told(tmp_path, {"prefix": PREFIX, "entity": {"ex:e": {"prov:type": type_}}})
    assert [entity.kind for entity in facts.entities] == [kind]


def test_its_own_word_for_a_kind_counts_before_a_type(tmp_path):
    record = {"prov:type": "ex:Model", "headwater:kind": "dataset", "headwater:synthetic": "true"}
    facts = told(tmp_path, {"prefix": PREFIX, "entity": {"ex:e": record}})
    assert [(entity.kind, entity.synthetic) for entity in facts.entities] == [("dataset", "all")]


def test_two_kinds_for_one_thing_leave_it_unknown(tmp_path):
    facts = told(tmp_path, {"prefix": PREFIX, "entity": {"ex:e": {"prov:type": ["ex:Model", "ex:Dataset"]}}})
    assert [entity.kind for entity in facts.entities] == ["unknown"]
    assert "several kinds" in facts.issues[0].message


def test_a_spelling_with_two_meanings_is_written_out(tmp_path):
    """The same prefix for two addresses in two files is no reason to join two models."""
    for folder in ("one", "two"):
        document = {"prefix": {"ex": f"http://{folder}.org/"}, "entity": {"ex:model": {}, f"ex:{folder}": {}}}
        told(tmp_path, document, f"{folder}.json")
    names = [entity.name for entity in read(tmp_path).entities]
    assert names == ["http://one.org/model", "ex:one", "http://two.org/model", "ex:two"]


def test_two_spellings_of_one_address_are_one_thing(tmp_path):
    document = {
        "prefix": {
            "ex": "http://example.org/",
            "same": "http://example.org/",
            "default": "http://example.org/",
        },
        "entity": {"ex:model": {}, "same:model": {}, "model": {}},
    }
    assert {entity.name for entity in told(tmp_path, document).entities} == {"ex:model"}


def test_a_blank_name_means_something_in_its_own_file_only(tmp_path):
    for name in ("a.json", "b.json"):
        told(
            tmp_path,
            {"entity": {"_:e": {}}, "used": {"_:u": {"prov:activity": "r", "prov:entity": "_:e"}}},
            name,
        )
    facts = read(tmp_path)
    assert [entity.name for entity in facts.entities] == ["_:e (a.json)", "_:e (b.json)"]
    assert [relation.object.name for relation in facts.relations] == ["_:e (a.json)", "_:e (b.json)"]


def test_a_bundle_is_named_only_where_it_turns_a_name_round(suite):
    """In the second bundle the activity has the name of the first one's entity, and the reverse."""
    facts = read(suite / "json" / "bundle2.json")
    assert [(each.subject.name, each.object.name) for each in facts.relations] == [
        ("ex:a1", "ex:e1"),
        ("ex:e1 (ex:bundle2)", "ex:a1 (ex:bundle2)"),
    ]


def test_a_revision_is_a_version_and_another_derivation_is_not(tmp_path):
    ends_ = {"prov:generatedEntity": "ex:b", "prov:usedEntity": "ex:a"}
    revision = {"prov:type": {"$": "prov:Revision", "type": "prov:QUALIFIED_NAME"}}
    document = {"prefix": PREFIX, "wasDerivedFrom": {"_:1": ends_, "_:2": {**ends_, **revision}}}
    facts = told(tmp_path, document)
    assert [(each.role, each.word) for each in facts.relations] == [
        ("derived", "wasDerivedFrom"),
        ("version-of", "wasDerivedFrom prov:Revision"),
    ]


def test_an_activity_that_a_derivation_names_used_and_made_its_ends(tmp_path):
    record = {"prov:generatedEntity": "ex:b", "prov:usedEntity": "ex:a", "prov:activity": "ex:run"}
    facts = told(tmp_path, {"prefix": PREFIX, "wasDerivedFrom": {"_:1": record}})
    assert ends(facts, "made") == [("ex:b", "ex:run")]
    assert ends(facts, "used") == [("ex:run", "ex:a")]


def test_members_of_a_collection_are_in_it(suite):
    facts = read(suite / "json" / "member3.json")
    assert ends(facts, "derived") == [("ex:c", "ex:e1"), ("ex:c", "ex:e2"), ("ex:c", "ex:e3")]
    assert {relation.word for relation in facts.relations} == {"hadMember"}


def test_names_with_blanks_and_addresses_that_are_none_are_read(tmp_path):
    """As trackers write them: an id is a file name, a prefix stands for a word."""
    document = {
        "prefix": {"context": "context"},
        "entity": {"Original requirements.txt": {}, "context:m": {}},
    }
    facts = told(tmp_path, document)
    assert [entity.name for entity in facts.entities] == ["Original requirements.txt", "context:m"]
    assert not facts.issues


@pytest.mark.parametrize("value", ["three", -1, 2.5, [1, 2], {"$": "1e3"}, "9" * 30])
def test_a_generation_that_is_none_stays_unknown(tmp_path, value):
    facts = told(tmp_path, {"prefix": PREFIX, "entity": {"ex:e": {"headwater:generation": value}}})
    assert facts.entities[0].generation is None
    assert "whole number" in facts.issues[0].message


def test_a_key_written_twice_is_told_of(tmp_path):
    (tmp_path / "a.json").write_text('{"entity": {"e": {}, "e": {}}}')
    assert "written twice" in read(tmp_path).issues[0].message


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_gives_issues_and_the_next_one_is_read(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    facts = told(tmp_path, {"prefix": PREFIX, "entity": {"ex:e": {}}}, "b.json")
    assert "ex:e" in {entity.name for entity in facts.entities}
    assert facts.issues


def test_links_and_pipes_are_not_opened(tmp_path):
    told(tmp_path, {"prefix": PREFIX, "entity": {"ex:e": {}}})
    (tmp_path / "link.json").symlink_to(tmp_path / "a.json")
    os.mkfifo(tmp_path / "pipe.json")
    facts = read(tmp_path)
    assert (facts.files, len(facts.issues)) == (1, 2)


def test_nothing_to_read_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"no \.json file"):
        read(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "absent")


def test_a_hundred_thousand_records_take_seconds(tmp_path):
    number = 50_000
    document = {
        "prefix": PREFIX,
        "entity": {f"ex:e{at}": {"ex:n": at} for at in range(number)},
        "wasGeneratedBy": {
            f"_:g{at}": {"prov:entity": f"ex:e{at}", "prov:activity": "ex:run"} for at in range(number)
        },
    }
    (tmp_path / "a.json").write_text(json.dumps(document))
    facts = read(tmp_path)
    assert (len(facts.entities), len(facts.relations)) == (number, number)


LOOP = json.loads((DATA / "loop_agents.json").read_text())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(places(LOOP)), VALUES)
def test_any_value_anywhere_is_survived(tmp_path, place, value):
    survives(read, tmp_path / "a.json", planted(LOOP, place, value))
