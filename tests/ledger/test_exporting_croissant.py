"""Croissant from a ledger: by the official validator where it is installed, by shape elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")

from headwater.ledger import Dataset, Ledger
from headwater.ledger.exporting import exporter
from headwater.lineage.formats import croissant
from tests.ledger.books import WEB, everything, samples


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "croissant"
    path.mkdir()
    with Ledger(everything(tmp_path / "a.db"), read_only=True) as book:
        made = exporter("croissant")(book)
    assert made.left_out == ()
    for name, content in made.files.items():
        (path / name).write_bytes(content)
    return path


@pytest.fixture
def documents(folder: Path) -> dict[str, dict[str, Any]]:
    """By the name of the file."""
    return {path.name: json.loads(path.read_bytes()) for path in folder.iterdir()}


def test_there_is_a_document_for_each_dataset_and_none_for_weights(documents):
    assert set(documents) == {
        f"web-page.txt-{WEB.sha256[:12]}.json",
        *(f"samples-{samples(generation).sha256[:12]}.json" for generation in range(3)),
        "feedback.json", "labels.json", "exam.json", "late-samples.json", "hdfs-lake.json",
    }  # fmt: skip


# a library that the validator is built on
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_the_official_validator_finds_no_error(folder):
    """It warns of what a ledger does not know, and of nothing else."""
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed (it is heavy)")
    for path in folder.iterdir():
        issues = mlcroissant.Dataset(jsonld=str(path)).metadata.ctx.issues
        assert issues.errors == set()
        for warning in issues.warnings:
            assert any(word in warning for word in ("citeAs", "datePublished", "license", "version"))
            assert "is recommended, but does not exist" in warning


def test_it_has_what_the_validator_was_seen_to_demand(documents):
    """For where the validator is not installed: mlcroissant 1.1.1 passes documents of this shape."""
    for document in documents.values():
        assert document["@type"] == "sc:Dataset"
        assert document["conformsTo"] == "http://mlcommons.org/croissant/1.1"
        assert document["name"]
        assert document["description"]
        prefixes = {key.partition(":")[0] for key in document if ":" in key}
        assert prefixes <= document["@context"].keys()


def test_samples_of_a_model_are_synthetic_and_say_whose(documents):
    document = documents[f"samples-{samples(1).sha256[:12]}.json"]
    assert document["rai:hasSyntheticData"] is True
    assert document["identifier"] == f"sha256:{samples(1).sha256}"
    [activity] = document["prov:wasGeneratedBy"]
    assert activity["prov:label"] == "generation by student"
    assert activity["description"] == "wrote 500 samples"
    [agent] = document["prov:wasAttributedTo"]
    assert (agent["@type"], agent["prov:label"]) == ("prov:SoftwareAgent", "student, generation 1")
    assert activity["prov:used"][0]["version"] == "1"


def test_real_data_are_said_to_be_real_where_somebody_vouches(documents):
    document = documents[f"web-page.txt-{WEB.sha256[:12]}.json"]
    assert document["rai:hasSyntheticData"] is False
    assert "vouched by the archive: scanned in 1998" in document["description"]
    assert "prov:wasGeneratedBy" not in document


def test_the_flag_is_left_out_where_the_ledger_does_not_know(documents):
    assert "rai:hasSyntheticData" not in documents["hdfs-lake.json"]
    assert documents["labels.json"]["rai:hasSyntheticData"] is True  # a model wrote the labels
    assert documents["exam.json"]["rai:hasSyntheticData"] is False  # a mark says so


def test_choosing_what_is_in_a_dataset_writes_none_of_it(tmp_path):
    with Ledger(tmp_path / "a.db") as book:
        with book.training("m") as run:
            run.used(Dataset("clean"), generated_by="judge", role="filtered")
        made = exporter("croissant")(book)
    document = json.loads(made.files["clean.json"])
    assert "rai:hasSyntheticData" not in document
    assert "prov:wasAttributedTo" not in document
    assert document["prov:wasGeneratedBy"][0]["prov:label"] == "filtering by judge"


def test_all_names_of_one_content_are_kept(tmp_path):
    with Ledger(tmp_path / "a.db") as book:
        with book.training("m") as run:
            run.used(Dataset.of(b"x", "first"))
            run.used(Dataset.of(b"x", "second"))
        [content] = exporter("croissant")(book).files.values()
    assert json.loads(content)["alternateName"] == ["second"]


def test_our_own_reader_finds_the_flag_and_the_makers(folder):
    facts = croissant.read(folder)
    assert [str(issue) for issue in facts.issues if issue.severity == "error"] == []
    flags = {each.name: each.synthetic for each in facts.entities if each.kind == "dataset"}
    assert flags["web page.txt"] == "none"
    assert flags["labels"] in ("mixed", "all")
    makers = {relation.object.name for relation in facts.relations if relation.role == "used"}
    assert {"student", "gpt", "llama", "tagger"} <= makers
