"""Data Provenance Initiative summaries: real ones counted with plain json, and made-up ones."""

from __future__ import annotations

import json
import os
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.lineage.facts import Count, Facts, Key
from headwater.lineage.formats.data_provenance import read
from tests.lineage.formats.planting import HOSTILE, VALUES, places, planted, survives

NOT_MODELS = {"other", "templates", "wmt", "wikisql", "svm", "nbc"}


@pytest.fixture(scope="module")
def summaries(shared_data: Path) -> Path:
    folder = shared_data / "dpi"
    if not folder.is_dir():
        pytest.skip("no Data Provenance summaries among the real records")
    return folder


@pytest.fixture(scope="module")
def real(summaries: Path) -> Facts:
    return read(summaries)


@pytest.fixture(scope="module")
def records(summaries: Path) -> list[tuple[str, dict[str, Any]]]:
    """Every record of the real files, by plain json."""
    files = sorted((summaries / "data_summaries").glob("*.json"))
    wholes = [json.loads(file.read_text()) for file in files if not file.name.startswith("_template")]
    return [(key, record) for whole in wholes for key, record in whole.items()]


def record(name: str = "d", **fields: Any) -> dict[str, Any]:
    """A record of the collection `C`, fields given with underscores for blanks."""
    made = {"Unique Dataset Identifier": name, "Dataset Name": name, "Collection": "C"}
    return made | {key.replace("_", " "): value for key, value in fields.items()}


def told(tmp_path: Path, *records: dict[str, Any], file: str = "C.json") -> Facts:
    whole = {each["Unique Dataset Identifier"]: each for each in records}
    (tmp_path / file).write_text(json.dumps(whole, indent=1), encoding="utf-8")
    return read(tmp_path)


def datasets(facts: Facts) -> list[str]:
    return [each.name for each in facts.entities if each.kind == "dataset" and "holds" not in each.labels]


def ends(facts: Facts, role: str) -> list[tuple[str, Key]]:
    told = (each for each in facts.relations if each.role == role and each.word != "Collection")
    return [(each.subject.name, each.object) for each in told]


# -- the real summaries --------------------------------------------------------------------------


def test_every_record_is_read_once(real: Facts, records: list[tuple[str, dict[str, Any]]]) -> None:
    assert real.format == "data-provenance"
    assert real.files == 108
    assert len(records) == real.records["records"] == 2_311 == len(datasets(real))


def test_generated_records_generators_and_edges_are_those_of_the_files(
    real: Facts, records: list[tuple[str, dict[str, Any]]]
) -> None:
    named = [(key, each["Model Generated"]) for key, each in records if each["Model Generated"]]
    edges = {(key, value.casefold()) for key, values in named for value in values}
    by_models = {(key, value) for key, value in edges if value not in NOT_MODELS}
    assert real.records["model generated"] == len(named) == 471
    assert real.records["several generators"] == sum(len(values) > 1 for _, values in named) == 60
    generated = ends(real, "generated")
    models = {maker for _, maker in generated if maker.kind == "model"}
    assert len(models) == len({value for _, value in by_models}) == 52
    assert len({(made, maker) for made, maker in generated if maker.kind == "model"}) == len(by_models) == 413
    assert len({made for made, maker in generated if maker.kind == "model"}) == 308
    assert sum(maker.kind == "procedure" for _, maker in generated) == len(edges - by_models) == 169


def test_counts_are_dialogs_and_stay_unknown_where_there_are_none(
    real: Facts, records: list[tuple[str, dict[str, Any]]]
) -> None:
    named = [each for _, each in records if each["Model Generated"]]
    said = [each.get("Text Metrics", {}).get("Num Dialogs") for each in named]
    made = {name for name, _ in ends(real, "generated")}
    counts = [entity.count for entity in real.entities if entity.name in made and entity.kind == "dataset"]
    assert sum(count is not None for count in said) == 402
    assert Counter(count.exact for count in counts if count) == Counter(filter(None, said))
    assert {count.unit for count in counts if count} == {"samples"}


def test_human_annotation_makes_a_mixture(real: Facts, records: list[tuple[str, dict[str, Any]]]) -> None:
    said = Counter(
        "mixed" if each["Human Annotation"] == "Yes" else "all"
        for _, each in records
        if {value.casefold() for value in each["Model Generated"]} - NOT_MODELS
    )
    told = (each for each in real.entities if "holds" not in each.labels)
    assert Counter(entity.synthetic for entity in told if entity.synthetic) == said
    assert said == {"all": 214, "mixed": 94}


def test_no_two_datasets_have_one_name(real: Facts, records: list[tuple[str, dict[str, Any]]]) -> None:
    of_name: dict[str, set[str]] = defaultdict(set)
    for entity in real.entities:
        if entity.kind == "dataset" and "holds" not in entity.labels:
            of_name[entity.name].add(entity.labels["identifier"])
    assert {len(identifiers) for identifiers in of_name.values()} == {1}
    assert len(of_name) == len({key for key, _ in records}) == 2_310


def test_short_names_of_subsets_cannot_be_taken_for_the_datasets_they_name(real: Facts) -> None:
    def letters(name: str) -> str:
        return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", name).casefold()))

    names = {letters(name) for name in datasets(real)}
    assert not names & {"c4", "wikipedia", "stackexchange", "pubmedqa", "medmcqa", "snli", "mnli"}
    assert {"Longform/c4", "Longform/wikipedia", "Longform/stackexchange"} <= set(datasets(real))
    assert ("Longform/c4", Key("model", "OpenAI GPT-3")) in ends(real, "generated")


def test_known_joins_have_their_names_and_counts(real: Facts) -> None:
    counts = {entity.name: entity.count for entity in real.entities if entity.kind == "dataset"}
    for name, dialogs in {
        "Alpaca": 52_002,
        "Code Alpaca": 20_022,
        "MathInstruct": 262_039,
        "UltraChat": 1_468_352,
        "ShareGPT Vicuna/sharegpt": 76_964,
        "WizardLM Evol-Instruct/evol_instruct": 70_000,
    }.items():
        assert counts[name] == Count.exactly(dialogs)


def test_references_are_resolved_by_identifier_alone_and_told_of_in_one_line(
    real: Facts, records: list[tuple[str, dict[str, Any]]]
) -> None:
    identifiers = {key for key, _ in records}
    derived = [each for each in real.relations if each.word == "Derived from Datasets"]
    references = [(key, value) for key, each in records for value in set(each["Derived from Datasets"])]
    resolved = [each for each in derived if each.object.name in set(datasets(real))]
    assert len(derived) == len(references) == 1_063
    assert sum(value in identifiers for _, value in references) == 13
    assert ("Bactrian-X/Bactrian-X (English)", Key("dataset", "Alpaca")) in ends(real, "derived")
    # 'Alpaca' and the like are bare names of collections here, and so meet the record by spelling.
    assert len(resolved) >= 13
    (said,) = [issue.message for issue in real.issues if "references" in issue.message]
    assert said.startswith("1,050 references") and "12 like several" in said


def test_no_edge_goes_back_between_subsets_of_longform(real: Facts) -> None:
    parents = {parent.name for name, parent in ends(real, "derived") if name == "Longform/enron"}
    assert "Longform/c4" not in parents


def test_identical_files_whose_names_differ_in_case_are_told_of(real: Facts) -> None:
    (said,) = [str(issue) for issue in real.issues if "PII" in str(issue)]
    assert "PII-masking-200k.json:2" in said and "'PII-Masking-200k' is already at" in said


def test_a_place_leads_to_the_line_of_the_file(real: Facts, summaries: Path) -> None:
    for relation in real.relations[::97]:
        lines = (summaries / "data_summaries" / relation.place.path).read_text().splitlines()
        written = json.dumps(relation.object.name, ensure_ascii=False)
        line = lines[relation.place.line - 1]
        if relation.object.kind == "unknown" or relation.word == "Model Generated":
            assert (
                written.casefold() in line.casefold()
                or written.casefold()
                in json.dumps(json.loads(line.strip().rstrip(",")), ensure_ascii=False).casefold()
            )


def test_speech_and_video_have_hours_and_no_generators(summaries: Path) -> None:
    speech, video = (read(summaries / f"data_summaries-{each}") for each in ("speech", "video"))
    assert (speech.records["records"], video.records["records"]) == (95, 105)
    assert not ends(speech, "generated") + ends(video, "generated")
    counts = [entity.count for entity in (*speech.entities, *video.entities) if entity.count]
    assert {count.unit for count in counts} == {"hours"}
    assert Count(4577, 4578, "hours") in counts


def test_the_folder_beside_is_said_to_be_unread(real: Facts) -> None:
    unread = [issue.place.path for issue in real.issues if "was not read" in issue.message]
    assert unread == ["../data_summaries-speech", "../data_summaries-video"]


# -- made-up ones --------------------------------------------------------------------------------


def test_a_loop_that_went_on_for_three_rounds_is_told_as_it_is_written(tmp_path: Path) -> None:
    rounds = [
        record(
            f"talks-{number}",
            Model_Generated=[f"student g{number - 1}"],
            Derived_from_Datasets=[f"talks-{number - 1}"] if number > 1 else [],
            Text_Metrics={"Num Dialogs": 100 * number},
            Human_Annotation="No",
        )
        for number in (1, 2, 3)
    ]
    facts = told(tmp_path, *rounds)
    assert ends(facts, "generated") == [
        (f"C/talks-{number}", Key("model", f"student g{number - 1}")) for number in (1, 2, 3)
    ]
    assert ends(facts, "derived") == [
        (f"C/talks-{number}", Key("dataset", f"C/talks-{number - 1}")) for number in (2, 3)
    ]
    counts = [each.count for each in facts.relations if each.role == "generated"]
    assert counts == [Count.exactly(100), None, None]
    assert not facts.issues


def test_a_generator_wrote_all_only_where_nobody_else_can_have(tmp_path: Path) -> None:
    alone = {"Model_Generated": ["M"], "Human_Annotation": "No", "Text_Metrics": {"Num Dialogs": 5}}
    told_counts = {
        name: told(tmp_path, record("d", **(alone | more))).relations[0].count
        for name, more in {
            "alone": {},
            "two": {"Model_Generated": ["M", "templates"]},
            "people": {"Human_Annotation": "Yes"},
            "silence": {"Human_Annotation": []},
            "sources": {"Text_Sources": ["web"]},
            "parents": {"Derived_from_Datasets": ["p"]},
        }.items()
    }
    assert told_counts.pop("alone") == Count.exactly(5)
    assert set(told_counts.values()) == {None}


def test_the_first_spelling_of_a_generator_wins_and_the_other_is_kept(tmp_path: Path) -> None:
    facts = told(
        tmp_path, record("a", Model_Generated=["flan-t5"]), record("b", Model_Generated=["Flan-T5", "FlanT5"])
    )
    assert [maker.name for _, maker in ends(facts, "generated")] == ["flan-t5", "flan-t5", "FlanT5"]
    labels = [entity.labels for entity in facts.entities if entity.kind == "model"]
    assert labels == [{}, {"spelling": "Flan-T5"}, {}]


def test_values_that_name_no_model_are_procedures_and_make_nothing_synthetic(tmp_path: Path) -> None:
    facts = told(tmp_path, record("a", Model_Generated=["Templates", "OTHER"], Human_Annotation="No"))
    assert {maker.kind for _, maker in ends(facts, "generated")} == {"procedure"}
    assert facts.entities[0].synthetic is None
    assert facts.records["model generated"] == 1


def test_names_are_qualified_and_fall_back_to_identifiers(tmp_path: Path) -> None:
    alone = record("other-id", Dataset_Name="c") | {"Collection": "C"}
    assert datasets(told(tmp_path, alone)) == ["C"]
    twins = [record(f"xp3x-{each}", Dataset_Name="flores") for each in ("a", "b")]
    assert datasets(told(tmp_path, *twins, record("wiki"))) == ["C/xp3x-a", "C/xp3x-b", "C/wiki"]


def test_an_identifier_in_two_collections_is_not_chosen_between(tmp_path: Path) -> None:
    (tmp_path / "A.json").write_text(json.dumps({"x": record("x") | {"Collection": "A"}}))
    (tmp_path / "B.json").write_text(json.dumps({"x": record("x") | {"Collection": "B"}}))
    facts = told(tmp_path, record("y", Derived_from_Datasets=["x"]), record("z"))
    assert ends(facts, "derived") == [("C/y", Key("dataset", "x"))]
    assert (
        "1 of them are spelled like a dataset or collection here (1 like several)" in facts.issues[0].message
    )


def test_missing_fields_fall_back_to_key_and_file(tmp_path: Path) -> None:
    (tmp_path / "Talks.json").write_text('{"a": {}, "b": {"Dataset Name": 3}}')
    facts = read(tmp_path / "Talks.json")
    assert datasets(facts) == ["Talks/a", "Talks/b"]
    assert facts.entities[0].place.path == "Talks.json"
    assert [issue.message for issue in facts.issues] == ["'Dataset Name' is 3, not text; it was passed over"]


def test_templates_and_links_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "_template.json").write_text('{"t": {}}')
    (tmp_path / "link.json").symlink_to(tmp_path / "_template.json")
    facts = told(tmp_path, record("a"), record("b"))
    assert datasets(facts) == ["C/a", "C/b"]
    assert [str(issue) for issue in facts.issues] == ["link.json: is a link; links are not followed"]


def test_a_folder_called_data_summaries_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.json").write_text('{"a": {}}')
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "data_summaries").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"holds no \.json file"):
        read(tmp_path / "here")


# -- hostile ones --------------------------------------------------------------------------------

WRONG = {
    "no object": [1],
    "a record is text": {"a": "text"},
    "a record is a list": {"a": []},
    "a record without any name": {"": {}},
    "a long name": {"a": record("x" * 600)},
    "half a character": {"a": record("\ud800", Model_Generated=["\ud800"])},
    "generators are an object": {"a": record(Model_Generated={"a": 1})},
    "generators are numbers": {"a": record(Model_Generated=[1, None, ["x"], "M"])},
    "a count of minus one": {"a": record(Text_Metrics={"Num Dialogs": -1})},
    "a count too large": {"a": record(Text_Metrics={"Num Dialogs": 10**400})},
    "metrics are a list": {"a": record(Text_Metrics=[])},
    "an impossible date": {"a": record(Inferred_Metadata={"HF Date": "2024-02-30"})},
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_values_become_issues_and_the_rest_is_read(what: str, tmp_path: Path) -> None:
    (tmp_path / "good.json").write_text(json.dumps({"g": record("g"), "h": record("h")}))
    (tmp_path / "wrong.json").write_text(json.dumps(WRONG[what]))
    facts = read(tmp_path)
    assert {"C/g", "C/h"} <= set(datasets(facts))
    assert [issue.place.path for issue in facts.issues][:1] == ["wrong.json"]
    assert all(entity.count is None for entity in facts.entities)


@pytest.mark.parametrize("what", HOSTILE)
def test_a_broken_file_does_not_stop_the_others(what: str, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_bytes(HOSTILE[what])
    facts = told(tmp_path, record("a"), record("b"))
    assert {"C/a", "C/b"} <= set(datasets(facts))
    assert any(issue.place.path == "bad.json" for issue in facts.issues)


def test_there_must_be_something_to_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        read(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"holds no \.json file"):
        read(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    facts = told(tmp_path, record("a"))
    assert [str(issue) for issue in facts.issues] == [
        "pipe.json: is not a readable file; nothing was read from it"
    ]


WHOLE = {
    "a": record(
        "a",
        Model_Generated=["M", "templates"],
        Derived_from_Datasets=["b", "C4"],
        Text_Sources=["web"],
        Text_Metrics={"Num Dialogs": 5},
        Human_Annotation="Yes",
        Inferred_Metadata={"HF Date": "2024-02-22"},
        Hugging_Face_URL="https://huggingface.co/datasets/a/b",
        Hours=3.5,
    ),
    "b": record("b"),
}


@given(place=st.sampled_from(places(WHOLE)), value=VALUES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_anywhere_is_read_or_refused(tmp_path: Path, place: tuple[Any, ...], value: Any) -> None:
    survives(read, tmp_path / "a.json", planted(WHOLE, place, value))


@pytest.mark.slow
def test_a_hundred_thousand_records_take_seconds(tmp_path: Path) -> None:
    for part in range(10):
        whole = {
            f"d{part}-{number}": record(f"d{part}-{number}", Model_Generated=[f"M{number % 50}"])
            for number in range(10_000)
        }
        (tmp_path / f"{part}.json").write_text(json.dumps(whole))
    assert read(tmp_path).records["records"] == 100_000


def test_a_collection_of_several_datasets_holds_them_all(tmp_path: Path) -> None:
    """Other catalogues know it by its own name; its count is known where that of each is."""
    told_ = told(tmp_path, *(record(each, Text_Metrics={"Num Dialogs": 40}) for each in ("a", "b")))
    (whole,) = [entity for entity in told_.entities if "holds" in entity.labels]
    assert (whole.name, whole.count) == ("C", Count.exactly(80))
    held = {each.object.name: each.count for each in told_.relations if each.word == "Collection"}
    assert held == {"C/a": Count.exactly(40), "C/b": Count.exactly(40)}
    unknown = told(tmp_path, record("a", Text_Metrics={"Num Dialogs": 40}), record("b", Text_Metrics={}))
    assert [entity.count for entity in unknown.entities if "holds" in entity.labels] == [None]


def test_open_orca_is_the_sum_of_its_four_parts(real: Facts) -> None:
    """4,233,923, where another catalogue writes "4.5M"; all four say that models made them."""
    (whole,) = [entity for entity in real.entities if entity.name == "Open Orca"]
    assert (whole.count, whole.synthetic) == (Count.exactly(4_233_923), "all")
