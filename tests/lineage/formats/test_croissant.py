"""Croissant files: the real ones, and every trap seen in them."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.lineage.facts import Count, Entity, Facts, Key
from headwater.lineage.formats.croissant import read

Write = Callable[..., Path]

CONTEXT = {
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "prov": "http://www.w3.org/ns/prov#",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "recordSet": "cr:recordSet",
}
V11 = "http://mlcommons.org/croissant/1.1"


def dataset(name: str = "D", **fields: Any) -> dict[str, Any]:
    told = {key.replace("_", ":", 1): value for key, value in fields.items()}
    return {"@context": CONTEXT, "@type": "sc:Dataset", "name": name, "conformsTo": V11, **told}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes descriptions as one file each, and gives the folder."""

    def files(*described: Any, **named: Any) -> Path:
        for number, each in enumerate(described):
            (tmp_path / f"{number}.json").write_text(json.dumps(each, indent=1))
        for name, each in named.items():
            (tmp_path / f"{name}.json").write_text(json.dumps(each, indent=1))
        return tmp_path

    return files


def told(facts: Facts, *leaving: str) -> set[tuple[str, str, str, str]]:
    return {
        (each.subject.name, each.role, each.object.kind, each.object.name)
        for each in facts.relations
        if each.role not in leaving
    }


def entity(facts: Facts, name: str) -> Entity:
    (found,) = (each for each in facts.entities if each.name == name)
    return found


def said(facts: Facts) -> str:
    return "\n".join(map(str, facts.issues))


# The real files.


@pytest.fixture(scope="module")
def real(shared_data: Path) -> Path:
    return shared_data / "croissant"


@pytest.fixture(scope="module")
def real_facts(real: Path) -> Facts:
    return read(real)


def documents(folder: Path) -> dict[str, dict[str, Any]]:
    """The files that describe a dataset, by the json module."""
    found = {
        path.relative_to(folder).as_posix(): json.loads(path.read_text()) for path in folder.rglob("*.json")
    }
    return {path: each for path, each in found.items() if isinstance(each, dict) and "@type" in each}


def test_every_real_file_is_read(real: Path, real_facts: Facts) -> None:
    """81 files, 23 of them of drafts that have no conformsTo, 2 with provenance; 4 are data."""
    described = documents(real)
    assert real_facts.records == {
        "files": 81,
        "files without conformsTo": 23,
        "files with provenance": 2,
        "other JSON files": 4,
    }
    assert len(described) == 81
    assert sum("conformsTo" not in each for each in described.values()) == 23
    assert sum(any(key.startswith("prov:") for key in each) for each in described.values()) == 2
    assert real_facts.files == 85
    assert real_facts.format == "croissant"
    assert not [issue for issue in real_facts.issues if issue.severity == "error"]


def test_real_names_and_versions_are_those_of_the_files(real: Path, real_facts: Facts) -> None:
    found = {each.place.path: each for each in real_facts.entities if each.kind == "dataset"}
    for path, each in documents(real).items():
        if isinstance(name := each.get("name"), str) and name != "mnist":
            assert found[path].key == Key("dataset", name, each.get("version", ""))
    several = "datasets/1.1/recipes/minimal_multilingual.json"
    assert found[several].name == documents(real)[several]["name"]["en"]
    assert found["datasets/1.0/huggingface-squad/metadata.json"].name == "datasets/1.0/huggingface-squad"
    assert "metadata.json:1: the dataset has no name" in said(real_facts)


def test_one_name_with_two_addresses_is_two_datasets(real_facts: Facts) -> None:
    """'mnist' is at datasets/mnist and at datasets/ylecun/mnist: no file says that they are one."""
    assert {each.name for each in real_facts.entities if "mnist" in each.name} == {
        "mnist",
        "mnist (https://huggingface.co/datasets/ylecun/mnist)",
        "fashion_mnist",
    }


def test_real_hashes_are_labels_and_what_stands_in_for_one_is_not(real: Path, real_facts: Facts) -> None:
    files = [file for each in documents(real).values() for file in each.get("distribution", [])]
    whole = sum(len(file.get("sha256", "")) == 64 for file in files)
    labels = [label for each in real_facts.entities for label in each.labels if label.startswith("sha256.")]
    assert len(labels) == whole == 58
    # An md5, or a word such as 'foo', is in some; the hub writes the address of an issue.
    wrong = {
        path
        for path, each in documents(real).items()
        for file in each.get("distribution", [])
        if len(text := file.get("sha256", "0" * 64)) != 64 and not text.startswith("https://")
    }
    assert {issue.place.path for issue in real_facts.issues if "hexadecimal" in issue.message} == wrong
    assert len(wrong) == 5


def test_agents_of_wildchat_filtered_it_and_generated_nothing(real_facts: Facts) -> None:
    mine = {each for each in told(real_facts, "same-as") if "WildChat" in each[0]}
    runs = [f"WildChat-1M/{name}" for name in ("journalismPIIremoval", "toxicContentRemoval")]
    runs.append("WildChat-1M/acitivity:PIIremoval")
    agents = ["Niloofar Mireshghallah", "OpenAI Moderation API", "Microsoft Presidio"]
    assert mine == {
        ("WildChat-1M", "derived", "unknown", "WildChat-1M-Full"),
        *(("WildChat-1M", "made", "procedure", run) for run in runs),
        *((run, "associated", "unknown", agent) for run, agent in zip(runs, agents, strict=True)),
        *(("WildChat-1M", "associated", "unknown", agent) for agent in agents),
    }
    assert entity(real_facts, runs[0]).time == "2024-10-17T00:00:00+00:00"
    # Presidio is defined with `id`, referred to by `@id`, under a key without a prefix.
    words = {each.word for each in real_facts.relations if each.object.name == "Microsoft Presidio"}
    assert words == {"wasAssociatedWith SoftwareAgent"}


def test_invented_keys_of_squad_are_understood(real_facts: Facts) -> None:
    mine = {each for each in told(real_facts, "same-as") if "squad_v2" in each[0]}
    old, run = "https://huggingface.co/datasets/rajpurkar/squad", "squad_v2/additionActivity"
    assert mine == {
        ("squad_v2", "derived", "unknown", old),
        ("squad_v2", "made", "procedure", run),
        (run, "used", "unknown", old),
        (run, "associated", "unknown", "Crowdworkers"),
        ("squad_v2", "associated", "unknown", "Crowdworkers"),
    }
    aliases = {each[3] for each in told(real_facts) if each[:2] == ("squad_v2", "same-as")}
    assert aliases == {"rajpurkar/squad_v2", "SQuAD2.0"}


def test_every_place_of_a_real_fact_holds_it(real: Path, real_facts: Facts) -> None:
    for each in real_facts.relations:
        value: Any = json.loads((real / each.place.path).read_text())
        for step in filter(None, each.place.pointer.split("/")):
            key = step.replace("~1", "/").replace("~0", "~")
            value = value[int(key)] if isinstance(value, list) else value[key]
        lines = (real / each.place.path).read_text().splitlines()
        assert 1 <= each.place.line <= len(lines)
        assert value


# How terms are written.

PROVENANCE = {
    "wasDerivedFrom": {"@id": "urn:dataset:ImageNet"},
    "wasGeneratedBy": {"@type": "prov:Activity", "@id": "urn:run:1", "prov:label": "Corruption"},
}
EXPANDED = [
    {
        "@type": ["https://schema.org/Dataset"],
        "https://schema.org/name": [{"@value": "D"}],
        "http://purl.org/dc/terms/conformsTo": [{"@id": V11}],
        "http://www.w3.org/ns/prov#wasDerivedFrom": [{"@id": "urn:dataset:ImageNet"}],
        "http://www.w3.org/ns/prov#wasGeneratedBy": [
            {"@id": "urn:run:1", "http://www.w3.org/2000/01/rdf-schema#label": [{"@value": "Corruption"}]}
        ],
    }
]


@pytest.mark.parametrize(
    "described",
    [
        dataset(**{f"prov_{key}": value for key, value in PROVENANCE.items()}),
        dataset(**PROVENANCE),
        EXPANDED,
        {"@context": CONTEXT, "@graph": [dataset(**PROVENANCE)]},
        {
            "@context": [
                "https://example.org/c",
                {"p": "http://www.w3.org/ns/prov#", "from": "p:wasDerivedFrom"},
                {"by": {"@id": "p:wasGeneratedBy", "@type": "@id"}},
            ],
            "@type": "Dataset",
            "name": "D",
            "conformsTo": [V11, "http://example.org/other"],
            "from": PROVENANCE["wasDerivedFrom"],
            "by": [PROVENANCE["wasGeneratedBy"]],
        },
        {
            "@type": "http://schema.org/Dataset",
            "schema:name": {"en": "D", "de": "E"},
            "dct:conformsTo": V11,
            "prov:wasDerivedFrom": {"@set": ["urn:dataset:ImageNet"]},
            "prov:wasGeneratedBy": {"id": "urn:run:1", "label": "Corruption"},
        },
    ],
)  # fmt: skip
def test_terms_mean_the_same_however_they_are_written(write: Write, described: Any) -> None:
    facts = read(write(described))
    assert told(facts) == {
        ("D", "derived", "unknown", "urn:dataset:ImageNet"),
        ("D", "made", "procedure", "urn:run:1"),
    }
    assert entity(facts, "urn:run:1").labels["label"] == "Corruption"
    assert "files without conformsTo" not in facts.records


def test_a_file_without_version_of_the_format_is_read(write: Write) -> None:
    """Drafts of 0.8 have no conformsTo and call their parts ml:Field and sc:FileObject."""
    old = {
        "@context": {"@vocab": "https://schema.org/", "ml": "http://mlcommons.org/schema/"},
        "@type": "sc:Dataset",
        "name": "old",
        "distribution": [{"@type": "sc:FileObject", "name": "a.csv", "sha256": "A" * 64}],
        "recordSet": [{"@type": "ml:RecordSet", "name": "r", "field": [{"@type": "ml:Field", "name": "f"}]}],
    }
    facts = read(write(old))
    assert entity(facts, "old").labels == {"sha256.a.csv": "a" * 64}
    assert facts.records["files without conformsTo"] == 1


# Provenance.


def test_a_field_that_software_labelled_is_a_part_with_its_own_origin(write: Write) -> None:
    """As in the example of the specification of 1.1."""
    label = {
        "@type": "cr:Field",
        "@id": "images/label",
        "prov:wasAttributedTo": {"@type": "prov:Agent", "prov:label": "SyntheticDataGenerator-v1.2"},
        "prov:wasGeneratedBy": {"@type": "prov:Activity", "prov:label": "Automated Labeling Process"},
    }
    fields = [{"@type": "cr:Field", "@id": "images/image"}, label]
    described = dataset(recordSet=[{"@type": "cr:RecordSet", "@id": "images", "field": fields}])
    facts = read(write(described))
    assert told(facts) == {
        ("D", "derived", "dataset", "D/images/label"),
        ("D/images/label", "associated", "unknown", "SyntheticDataGenerator-v1.2"),
        ("D/images/label", "made", "procedure", "D/Automated Labeling Process"),
    }
    assert facts.records["files with provenance"] == 1
    where = next(each.place for each in facts.relations if each.role == "associated")
    assert where.pointer == "/recordSet/0/field/1/prov:wasAttributedTo"


def test_a_part_may_come_from_another_part(write: Write) -> None:
    files = [{"@id": "raw.csv"}, {"@id": "clean.csv", "prov:wasDerivedFrom": {"@id": "raw.csv"}}]
    facts = read(write(dataset(distribution=files)))
    assert ("D/clean.csv", "derived", "dataset", "D/raw.csv") in told(facts)


@pytest.mark.parametrize(
    "agent",
    [
        {"@id": "a", "@type": "prov:SoftwareAgent", "name": "GPT-4"},
        {"id": "a", "@type": "prov:SoftwareAgent", "prov:label": "GPT-4"},
        [{"@type": ["prov:Agent", "prov:SoftwareAgent"], "name": [{"@language": "en", "@value": "GPT-4"}]}],
    ],
)
def test_an_agent_is_associated_whatever_its_spelling(write: Write, agent: Any) -> None:
    facts = read(write(dataset(prov_wasAttributedTo=agent)))
    assert told(facts) == {("D", "associated", "unknown", "GPT-4")}
    assert facts.relations[0].word == "wasAttributedTo SoftwareAgent"


@pytest.mark.parametrize("reference", ["gpt", {"@id": "gpt"}, {"id": "gpt"}])
def test_an_agent_is_found_where_the_file_defines_it(write: Write, reference: Any) -> None:
    definition = {"@id": "gpt", "@type": "prov:SoftwareAgent", "name": "GPT-4"}
    facts = read(write(dataset(prov_wasAttributedTo=reference, creator=definition)))
    assert told(facts) == {("D", "associated", "unknown", "GPT-4")}


def test_a_bare_name_is_a_name_and_an_id_nobody_defines_is_of_the_file(write: Write) -> None:
    facts = read(write(dataset(prov_wasDerivedFrom=["ImageNet", {"@id": "source"}, {"@id": "urn:x:1"}])))
    assert {each[3] for each in told(facts)} == {"ImageNet", "D/source", "urn:x:1"}


def test_an_agent_in_place_of_an_activity_is_no_generator(write: Write) -> None:
    agent = {"@type": "prov:SoftwareAgent", "name": "GPT-4"}
    facts = read(write(dataset(prov_wasGeneratedBy=agent)))
    assert told(facts) == {("D", "associated", "unknown", "GPT-4")}
    assert "is given as an agent" in said(facts)


PROSE = (
    "We collected the prompts from volunteers over three months, and let several models answer each of them. "
    "All answers were then read by two people."
)


@pytest.mark.parametrize("key", ["wasDerivedFrom", "wasGeneratedBy", "wasAttributedTo"])
@pytest.mark.parametrize("text", [PROSE, "Written by hand.\nThen checked.", "Data from our own crawl."])
def test_prose_is_no_name(write: Write, key: str, text: str) -> None:
    facts = read(write(dataset(**{f"prov_{key}": text})))
    assert not facts.relations
    assert f"{key} is a description, not a name" in said(facts)
    assert entity(facts, "D").labels[f"prose.{key}"].startswith(text[:5])


def test_two_files_may_call_their_activities_the_same(write: Write) -> None:
    run = {"@type": "prov:Activity", "@id": "cleaning", "prov:endedAtTime": "2024-05-01T10:00:00"}
    facts = read(write(dataset("A", prov_wasGeneratedBy=run), dataset("B", prov_wasGeneratedBy=run)))
    assert {each[3] for each in told(facts)} == {"A/cleaning", "B/cleaning"}
    assert entity(facts, "A/cleaning").time == "2024-05-01T10:00:00+00:00"


def test_an_address_of_a_dataset_that_was_read_means_that_dataset(write: Write) -> None:
    first = dataset("first", url="https://example.org/first/", version="1.0.0")
    second = dataset("second", prov_wasDerivedFrom="http://example.org/first")
    facts = read(write(second, first))
    assert [each.object for each in facts.relations] == [Key("dataset", "first", "1.0.0")]


def test_of_two_versions_at_one_address_none_is_chosen(write: Write) -> None:
    first, other = (dataset("first", url="https://example.org/first", version=v) for v in ("1.0.0", "2.0.0"))
    facts = read(write(first, other, dataset("second", prov_wasDerivedFrom="https://example.org/first")))
    assert [each.object for each in facts.relations] == [Key("dataset", "first")]


# What it is said to be.


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, "mixed"), (False, "none"), ("true", "mixed"), ("False", "none"), ({"@value": True}, "mixed"),
     ([True], "mixed"), (None, None), ("partly", None), (1, None), ({}, None)],
)  # fmt: skip
def test_synthetic_is_what_the_flag_says(write: Write, value: Any, expected: str | None) -> None:
    """To have synthetic data does not say how much of it."""
    facts = read(write(dataset(rai_hasSyntheticData=value)))
    assert entity(facts, "D").synthetic == expected
    assert bool(facts.issues) == (expected is None and value is not None)


def test_a_part_may_be_the_synthetic_one(write: Write) -> None:
    files = [{"@id": "web"}, {"@id": "made", "rai:hasSyntheticData": True}]
    facts = read(write(dataset(distribution=files)))
    assert (entity(facts, "D").synthetic, entity(facts, "D/made").synthetic) == (None, "mixed")


@pytest.mark.parametrize(
    ("version", "expected"), [("1.0.0", "1.0.0"), (1.5, "1.5"), (2, "2"), ({}, ""), (True, "")]
)
def test_versions_are_as_spelled(write: Write, version: Any, expected: str) -> None:
    facts = read(write(dataset(version=version)))
    assert facts.entities[0].key == Key("dataset", "D", expected)


def test_rules_may_ask_for_labels(write: Write) -> None:
    described = dataset(
        isLiveDataset=True, url="https://x.org/d", keywords=["a", "b"], rai_dataCollectionType=["Synthetic"]
    )
    labels = entity(read(write(described)), "D").labels
    assert labels["isLiveDataset"] == "true"
    assert labels["keywords"] == "a, b"
    assert labels["rai.dataCollectionType"] == "Synthetic"
    assert labels["conformsTo"] == V11


@pytest.mark.parametrize("value", [1450, "x", -1, 10**400, None])
def test_records_are_counted_where_an_annotation_counts_them(write: Write, value: Any) -> None:
    """The specification of 1.1 has such an annotation in its chapter on statistics."""
    note = {"@type": "cr:Field", "value": value, "dataType": "http://www.wikidata.org/entity/Q4049983"}
    facts = read(write(dataset(recordSet=[{"@id": "person", "cr:annotation": [note]}])))
    assert entity(facts, "D").count == (Count.exactly(1450) if value == 1450 else None)


def test_counts_of_several_record_sets_are_not_added(write: Write) -> None:
    note = {"value": 10, "dataType": "wd:Q4049983"}
    facts = read(
        write(dataset(recordSet=[{"@id": "a", "annotation": note}, {"@id": "b", "annotation": note}]))
    )
    assert entity(facts, "D").count is None


# A loop, over three generations.


def test_a_loop_of_self_training_is_all_there(write: Write) -> None:
    """Croissant has no models: an activity used one, by its name, and the data before, to make data."""
    described = [dataset("round 0", url="https://x.org/0", rai_hasSyntheticData=False)]
    for n in (1, 2, 3):
        run = {
            "@type": "prov:Activity",
            "@id": f"https://x.org/run/{n}",
            "prov:used": [f"model g{n - 1}", {"@id": f"https://x.org/{n - 1}"}],
            "prov:wasAssociatedWith": {"@type": "prov:SoftwareAgent", "name": f"model g{n - 1}"},
            "prov:endedAtTime": f"2024-0{n}-01T00:00:00Z",
        }
        derived = {"@id": f"https://x.org/{n - 1}"}
        described.append(
            dataset(
                f"round {n}",
                **{"@id": f"https://x.org/{n}"},
                version=f"{n}.0.0",
                rai_hasSyntheticData=True,
                prov_wasDerivedFrom=derived,
                prov_wasGeneratedBy=run,
            )
        )
    facts = read(write(*described))
    expected = set()
    for n in (1, 2, 3):
        run_name, before = f"https://x.org/run/{n}", f"round {n - 1}"
        expected |= {
            (f"round {n}", "derived", "dataset", before),
            (f"round {n}", "made", "procedure", run_name),
            (run_name, "used", "unknown", f"model g{n - 1}"),
            (run_name, "used", "dataset", before),
            (run_name, "associated", "unknown", f"model g{n - 1}"),
        }
    assert told(facts) == expected
    times = [each.time for each in facts.entities if each.kind == "procedure"]
    assert times == [f"2024-0{n}-01T00:00:00+00:00" for n in (1, 2, 3)]
    assert [each.key.version for each in facts.entities if each.kind == "dataset"] == [
        "",
        "1.0.0",
        "2.0.0",
        "3.0.0",
    ]
    assert not facts.issues


# What is none, and what is hostile.


def test_other_json_is_passed_over_and_large_data_is_not_even_parsed(write: Write) -> None:
    folder = write(dataset(), data=[1, 2], other={"@type": "Person", "name": "x"})
    (folder / "large.json").write_text('{"a": [' + "[" * (2 * 2**20))
    facts = read(folder)
    assert facts.records == {"files": 1, "other JSON files": 3}
    assert not facts.issues


@pytest.mark.parametrize("content", [None, "[]", '{"@type": "sc:Person"}'])
def test_nothing_to_read_is_an_error(tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / "x.json").write_text(content)
    with pytest.raises(InputError, match=r"holds no Croissant file[\s\S]*sc:Dataset"):
        read(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b'{"@type": "sc:Dataset", "name": "cut',
        b'{"@type": "sc:Dataset"' + b', "a": {"@id": ' * 300,
        b'{"@type": "sc:Dataset", "name": NaN}',
        b'{"@type": "sc:Dataset", "name": "\xff"}',
        b'{"@type": "sc:Dataset", "version": ' + b"9" * 5000 + b"}",
        b"\x00" * 100 + b'"@',
    ],
)
def test_a_broken_file_is_an_issue(write: Write, content: bytes) -> None:
    folder = write(dataset())
    (folder / "bad.json").write_bytes(content)
    facts = read(folder)
    assert facts.records["files"] == 1
    assert facts.issues[0].place.path == "bad.json"
    assert "nothing was read from the file" in said(facts)


def test_links_and_pipes_are_not_read(write: Write, tmp_path: Path) -> None:
    folder = write(dataset())
    (folder / "link.json").symlink_to(folder / "0.json")
    os.mkfifo(folder / "pipe.json")
    assert read(folder).records == {"files": 1}


def test_many_parts_take_no_long(write: Write) -> None:
    fields = [{"@id": f"f{n}", "prov:wasDerivedFrom": {"@id": f"f{n - 1}"}} for n in range(5000)]
    facts = read(write(dataset(recordSet=[{"@id": "r", "field": fields}])))
    assert len(facts.relations) == 10_000


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=8)
            | st.sampled_from(["@id", "id", "@value", "@list", "@type", "en", "name", "prov:label"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
WHOLE = dataset(
    url="https://huggingface.co/datasets/a/b",
    version="1.0.0",
    isLiveDataset=True,
    alternateName=["x"],
    rai_hasSyntheticData=True,
    distribution=[{"@id": "f", "sha256": "0" * 64, "prov:wasAttributedTo": {"name": "N"}}],
    recordSet=[
        {"@id": "r", "annotation": [{"value": 3, "dataType": "wd:Q4049983"}], "field": [{"@id": "x"}]}
    ],
    prov_wasDerivedFrom=[{"@id": "urn:a:1", "prov:atLocation": "https://huggingface.co/datasets/c/d"}],
    prov_wasGeneratedBy=[
        {"@id": "run", "@type": "prov:Activity", "prov:used": "z", "prov:wasInformedBy": {"@id": "before"},
         "prov:wasAssociatedWith": {"@id": "who", "@type": "prov:Person"}, "prov:endedAtTime": "2024-01-01"}
    ],
)  # fmt: skip


def damaged(value: Any, junk: Any, at: random.Random) -> Any:
    """The value with `junk` in place of something in it."""
    if at.random() < 0.15 or not isinstance(value, (dict, list)) or not value:
        return junk
    if isinstance(value, list):
        number = at.randrange(len(value))
        return [damaged(each, junk, at) if n == number else each for n, each in enumerate(value)]
    key = at.choice(sorted(value))
    return {**value, key: damaged(value[key], junk, at)}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=ANYTHING, seed=st.integers(0, 2**16))
def test_any_value_anywhere_gives_facts(tmp_path: Path, junk: Any, seed: int) -> None:
    described = damaged(WHOLE, junk, random.Random(seed))
    (tmp_path / "x.json").write_text(json.dumps(described))
    (tmp_path / "y.json").write_text(json.dumps(dataset()))
    facts = read(tmp_path)
    for each in (*facts.entities, *facts.relations, *facts.issues):
        str(each).encode()
    assert facts.records["files"] >= 1


def test_the_whole_record_that_is_damaged_is_sound(write: Write) -> None:
    facts = read(write(WHOLE))
    assert not facts.issues
    assert {each.role for each in facts.relations} == {
        "derived", "made", "used", "associated", "informed", "same-as",
    }  # fmt: skip
    assert entity(facts, "D").count == Count.exactly(3)
