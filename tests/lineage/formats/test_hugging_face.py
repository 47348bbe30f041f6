"""Cards of the Hugging Face hub, from folders and dumps: every trap seen in real cards has its test."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.lineage.facts import Count, Entity, Facts, Key
from headwater.lineage.formats.hugging_face import read
from headwater.lineage.formats.hugging_face.addresses import of_url

DATA = Path(__file__).parent / "data" / "hugging_face"

Cards = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def cards(tmp_path: Path) -> Cards:
    """Writes files, given by their paths, below a folder that is called as nothing on the hub is."""
    root = tmp_path / "dump"

    def write(files: Mapping[str, str | bytes]) -> Path:
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return root

    return write


def front(text: str) -> str:
    return f"---\n{text.strip()}\n---\n\n# A card\n"


def told(facts: Facts, role: str = "*") -> set[tuple[str, str, str]]:
    return {
        (each.subject.name, each.role, each.object.name)
        for each in facts.relations
        if role in ("*", each.role)
    }


def only(facts: Facts) -> Entity:
    (entity,) = facts.entities
    return entity


def said(facts: Facts) -> str:
    return "\n".join(map(str, facts.issues))


# What a card is of.


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        ("org/name/README.md", "unknown", "org/name"),
        ("models/org/name/README.md", "model", "org/name"),
        ("datasets/org/name/README.md", "dataset", "org/name"),
        ("cards/2025/datasets/org/name/README.md", "dataset", "org/name"),
        ("spaces/org/name/README.md", "application", "org/name"),
        ("datasets/squad/README.md", "dataset", "squad"),
        ("org__name/README.md", "unknown", "org/name"),
        ("datasets/org__name/README.md", "dataset", "org/name"),
        ("models/org__name.md", "model", "org/name"),
        ("org/na__me/README.md", "unknown", "org/na__me"),
        ("name/readme.MD", "unknown", "name"),
        ("org/name/modelcard.md", "model", "org/name"),
        ("org/name/datasetcard.md", "dataset", "org/name"),
        ("datasets--org--na-me/snapshots/0a1b2c/README.md", "dataset", "org/na-me"),
        ("models--gpt2/snapshots/0a1b2c/README.md", "model", "gpt2"),
    ],
)
def test_the_folder_tells_what_a_card_is_of(cards: Cards, path: str, kind: str, name: str) -> None:
    facts = read(cards({path: front("license: mit")}))
    assert only(facts).key == Key(kind, name)
    assert only(facts).place.path == path
    assert facts.format == "hugging-face"
    assert facts.records["cards"] == 1


def test_a_folder_that_is_called_datasets_itself_tells_too(tmp_path: Path) -> None:
    card = tmp_path / "datasets" / "org" / "name" / "README.md"
    card.parent.mkdir(parents=True)
    card.write_text(front("license: mit"))
    assert only(read(tmp_path / "datasets")).key == Key("dataset", "org/name")


def test_one_card_is_called_as_its_folder(tmp_path: Path) -> None:
    (tmp_path / "org__name").mkdir()
    card = tmp_path / "org__name" / "README.md"
    card.write_text(front("pipeline_tag: text-generation"))
    facts = read(card)
    assert only(facts).key == Key("model", "org/name")
    assert only(facts).place.path == "README.md"


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ("base_model: a/b", "model"),
        ("pipeline_tag: text-generation", "model"),
        ("datasets: [squad]", "model"),
        ("size_categories: n<1K", "dataset"),
        ("dataset_info: {}", "dataset"),
        ("annotations_creators: [found]", "dataset"),
        ("sdk: gradio", "application"),
        ("tags: ['task_categories:question-answering']", "dataset"),
        ("tags: ['base_model:a/b']", "model"),
        ("license: mit", "unknown"),
    ],
)
def test_fields_tell_where_the_folder_does_not(cards: Cards, fields: str, kind: str) -> None:
    facts = read(cards({"org/name/README.md": front(fields)}))
    assert only(facts).kind == kind
    assert not facts.issues


def test_fields_of_both_kinds_are_doubtful(cards: Cards) -> None:
    mixed = "base_model: a/b\nlibrary_name: peft\npretty_name: A model"
    tied = "library_name: peft\npretty_name: Something"
    facts = read(cards({"a/most/README.md": front(mixed), "a/tied/README.md": front(tied)}))
    assert [entity.kind for entity in facts.entities] == ["model", "unknown"]
    assert "read as of a model" in said(facts)
    assert "stays unknown" in said(facts)


def test_the_folder_outweighs_fields_and_says_so(cards: Cards) -> None:
    facts = read(cards({"datasets/a/b/README.md": front("library_name: datasets")}))
    assert only(facts).kind == "dataset"
    assert "is of a dataset by its folder, but has library_name" in said(facts)


def test_a_card_inside_a_repository_is_none(cards: Cards) -> None:
    """Adapters leave a README in every checkpoint, with the base model of the whole."""
    files = dict.fromkeys(
        ("a/b/README.md", "a/b/checkpoint-500/README.md", "a/README.md"), front("base_model: x/y")
    )
    facts = read(cards(files))
    assert told(facts) == {("a/b", "initialised", "x/y"), ("a", "initialised", "x/y")}
    assert facts.records["cards inside repositories, left out"] == 1


# What a model came from.


def test_weights_and_training_data_have_the_roles_that_the_card_states(cards: Cards) -> None:
    text = "license: mit\nbase_model: meta-llama/Llama-2-7b\ndatasets:\n- tatsu-lab/alpaca\n- c4"
    facts = read(cards({"a/b/README.md": front(text)}))
    assert [(r.subject, r.role, r.object, r.word, r.place.line) for r in facts.relations] == [
        (Key("model", "a/b"), "initialised", Key("model", "meta-llama/Llama-2-7b"), "base_model", 3),
        (Key("model", "a/b"), "trained-on", Key("dataset", "tatsu-lab/alpaca"), "datasets", 5),
        (Key("model", "a/b"), "trained-on", Key("dataset", "c4"), "datasets", 6),
    ]
    assert all(relation.count is None for relation in facts.relations)


def test_a_merge_that_repeats_a_parent_has_it_once(cards: Cards) -> None:
    text = "base_model:\n- a/x\n- b/y\n- a/x\nbase_model_relation: merge"
    facts = read(cards({"m/m/README.md": front(text)}))
    assert told(facts) == {("m/m", "initialised", "a/x"), ("m/m", "initialised", "b/y")}
    assert {relation.word for relation in facts.relations} == {"base_model:merge"}
    assert "README.md:5: base_model lists 'a/x' again" in said(facts)


def test_tags_of_the_hub_repeat_fields_and_add_to_them(cards: Cards) -> None:
    tags = ["base_model:a/x", "base_model:adapter:a/x", "base_model:quantized:b/y", "dataset:d/d", "arxiv:1"]
    text = f"base_model: a/x\ntags: {json.dumps(tags)}"
    facts = read(cards({"m/m/README.md": front(text)}))
    assert {(r.role, r.object.name, r.word) for r in facts.relations} == {
        ("initialised", "a/x", "base_model:adapter"),
        ("initialised", "b/y", "base_model:quantized"),
        ("trained-on", "d/d", "datasets"),
    }
    assert not facts.issues


@pytest.mark.parametrize("name", ["generator", "None", "imagefolder", "json", "csv", "your-dataset-name"])
def test_names_that_tools_write_stay_as_they_are(cards: Cards, name: str) -> None:
    facts = read(cards({"m/m/README.md": front(f"datasets:\n- {name}")}))
    assert told(facts) == {("m/m", "trained-on", name)}


def test_evaluation_is_no_training(cards: Cards) -> None:
    text = """
model-index:
- name: m
  results:
  - task: {type: text-generation}
    dataset: {name: AI2 Reasoning Challenge, type: ai2_arc, split: test}
    metrics: [{type: acc, value: 64.6}]
  - dataset: {name: AI2 Reasoning Challenge, type: ai2_arc}
  - dataset: {name: Home-made}
  - broken
"""
    facts = read(cards({"m/m/README.md": front(text)}))
    assert told(facts) == {("m/m", "evaluated-on", "ai2_arc"), ("m/m", "evaluated-on", "Home-made")}


def test_a_web_address_is_read_as_the_name_in_it(cards: Cards) -> None:
    facts = read(cards({"m/m/README.md": front("base_model: https://huggingface.co/a/b/tree/main")}))
    assert told(facts) == {("m/m", "initialised", "a/b")}
    assert "web address" in said(facts)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("https://huggingface.co/datasets/tatsu-lab/alpaca", "tatsu-lab/alpaca"),
        ("hf.co/datasets/squad/", "squad"),
        ("https://huggingface.co/datasets/a/b/viewer/default/train?row=3", "a/b"),
        ("https://huggingface.co/datasets/a/b/blob/main/README.md", "a/b"),
        ("https://huggingface.co/OpenAssistant", None),
        ("https://huggingface.co/datasets", None),
        ("https://example.com/datasets/a/b", None),
        ("a/b", None),
    ],
)
def test_addresses_of_people_and_of_other_sites_name_no_repository(text: str, name: str | None) -> None:
    assert (found.id if (found := of_url(text)) else None) == name


@pytest.mark.parametrize("text", ["base_model:", "base_model: null", "base_model: ''", "datasets: []"])
def test_an_empty_field_says_nothing(cards: Cards, text: str) -> None:
    facts = read(cards({"m/m/README.md": front(text)}))
    assert not facts.relations
    assert not facts.issues


def test_unfilled_templates_are_skipped_with_their_lines(cards: Cards) -> None:
    """The hub's own template has {dataset_0} in place of names, which is a mapping to YAML."""
    text = "base_model: {base_model}\ndatasets:\n- {dataset_0}\n- real/one"
    facts = read(cards({"m/m/README.md": front(text)}))
    assert told(facts) == {("m/m", "trained-on", "real/one")}
    assert "README.md:2: base_model is a mapping" in said(facts)
    assert "README.md:4: datasets is a mapping, not text; it was skipped" in said(facts)


def test_a_space_needs_models_and_says_not_what_for(cards: Cards) -> None:
    text = "sdk: gradio\nmodels: [a/b]\ndatasets: [c/d]"
    facts = read(cards({"spaces/a/s/README.md": front(text)}))
    assert told(facts) == {("a/s", "dependency", "a/b"), ("a/s", "dependency", "c/d")}


def test_a_field_of_the_other_kind_of_card_is_not_given_a_meaning(cards: Cards) -> None:
    facts = read(cards({"datasets/a/d/README.md": front("base_model: x/y\nsize_categories: n<1K")}))
    assert told(facts) == {("a/d", "dependency", "x/y")}
    assert "base_model is no field of a dataset card" in said(facts)


# What a dataset holds.


def counted(cards: Cards, text: str) -> Count | None:
    return only(read(cards({"datasets/a/d/README.md": front(text)}))).count


SPLITS = """
dataset_info:
  features:
  - {name: text, dtype: string}
  splits:
  - {name: train, num_bytes: 1, num_examples: 52002}
  - {name: test, num_bytes: 1, num_examples: 1000}
"""


def test_training_splits_are_the_count_and_every_split_a_label(cards: Cards) -> None:
    facts = read(cards({"datasets/a/d/README.md": front(SPLITS)}))
    assert only(facts).count == Count.exactly(52_002)
    assert only(facts).labels["split.train"] == "52002"
    assert only(facts).labels["split.test"] == "1000"


@pytest.mark.parametrize(
    ("splits", "count"),
    [
        ("- {name: train_sft, num_examples: 7}\n- {name: train_gen, num_examples: 5}", Count.exactly(12)),
        ("- {name: validation, num_examples: 7}\n- {name: test, num_examples: 5}", Count.exactly(12)),
        ("- {name: train, num_examples: 0}", Count.exactly(0)),
        ("- {name: train, num_examples: 1_000}", Count.exactly(1000)),
        ("- {name: train, num_examples: '12'}", Count.exactly(12)),
        ("- {name: train, num_examples: 12.0}", Count.exactly(12)),
        ("- {name: train}", None),
        ("- {name: train-00, num_examples: 5}\n- {name: train-01}", Count(5, None)),
    ],
)
def test_counts_of_one_configuration(cards: Cards, splits: str, count: Count | None) -> None:
    inside = "\n".join("  " + line for line in splits.splitlines())
    assert counted(cards, f"dataset_info:\n  splits:\n{inside}") == count


def test_configurations_may_overlap_so_their_count_is_a_range(cards: Cards) -> None:
    one, other = (
        f"- config_name: {name}\n  splits:\n  - {{name: train, num_examples: {n}}}"
        for name, n in (("raw", 100), ("clean", 60))
    )
    assert counted(cards, f"dataset_info:\n{one}\n{other}") == Count(100, 160)


@pytest.mark.parametrize("value", ["-5", "many", "[1]", "{a: 1}", "true", "1e400", "9" * 5000, "12.5"])
def test_a_number_that_is_none_stays_unknown(cards: Cards, value: str) -> None:
    text = f"dataset_info:\n  splits:\n  - {{name: train, num_examples: {value}}}"
    facts = read(cards({"datasets/a/d/README.md": front(text)}))
    assert only(facts).count is None
    assert "num_examples" in said(facts)


@pytest.mark.parametrize(
    ("bucket", "count"),
    [
        ("n<1K", Count(0, 1_000)),
        ("1K<n<10K", Count(1_000, 10_000)),
        ("100M<n<1B", Count(10**8, 10**9)),
        ("n>1T", Count(10**12, None)),
        ("[10K<n<100K]", Count(10_000, 100_000)),
        ("[1K<n<10K, 10K<n<100K]", Count(1_000, 110_000)),
        ("unknown", None),
    ],
)
def test_size_categories_are_ranges(cards: Cards, bucket: str, count: Count | None) -> None:
    assert counted(cards, f"size_categories: {bucket}") == count


def test_an_exact_count_outweighs_a_range_and_a_contradiction_is_told(cards: Cards) -> None:
    facts = read(cards({"datasets/a/d/README.md": front(SPLITS + "size_categories: n<1K")}))
    assert only(facts).count == Count.exactly(52_002)
    assert "dataset_info holds 52,002 samples, but size_categories says 0 to 1,000 samples" in said(facts)


def test_no_count_is_not_zero(cards: Cards) -> None:
    assert counted(cards, "pretty_name: Nothing else") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tags: [synthetic]", "all"),
        ("tags: [Synthetic Data]", "all"),
        ("tags: [synthetic]\nlanguage_creators: [found]", "mixed"),
        ("language_creators: [machine-generated]", "all"),
        ("language_creators: [machine-generated, crowdsourced]", "mixed"),
        ("annotations_creators: machine-generated", "mixed"),
        ("tags: [distilabel, rlaif]", "mixed"),
        ("language_creators: [expert-generated]\nannotations_creators: [crowdsourced]", "none"),
        ("language_creators: [crowdsourced]\nannotations_creators: [no-annotation]", "none"),
        ("language_creators: [found]\nannotations_creators: [crowdsourced]", None),
        ("language_creators: [crowdsourced]", None),
        ("tags: [text]", None),
        ("tags: synthetic", "all"),
        ("tags: {synthetic: true}", None),
    ],
)
def test_a_dataset_is_as_synthetic_as_its_card_says(cards: Cards, text: str, expected: str | None) -> None:
    facts = read(cards({"datasets/a/d/README.md": front(text)}))
    assert only(facts).synthetic == expected


def test_the_tag_says_nothing_of_a_model(cards: Cards) -> None:
    facts = read(cards({"models/a/m/README.md": front("tags: [synthetic]")}))
    assert only(facts).synthetic is None
    assert only(facts).labels["tags"] == "synthetic"


def test_original_is_no_dataset_and_extended_names_one(cards: Cards) -> None:
    text = "source_datasets:\n- original\n- extended|squad\n- extended|other-foo\n- wikipedia\n- extended"
    facts = read(cards({"datasets/a/d/README.md": front(text)}))
    assert {(r.role, r.object.name, r.word) for r in facts.relations} == {
        ("derived", "squad", "source_datasets:extended"),
        ("derived", "other-foo", "source_datasets:extended"),
        ("derived", "wikipedia", "source_datasets"),
    }


def test_anything_else_is_a_label_for_rules(cards: Cards) -> None:
    text = "round: 3\nlicense: mit\nlanguage: [en, de]\nnested: {a: 1}\npublic: yes\nnew_version: a/v4"
    labels = only(read(cards({"a/m/README.md": front(text)}))).labels
    assert labels["round"] == "3"
    assert labels["language"] == "en, de"
    assert labels["public"] == "true"
    assert labels["new_version"] == "a/v4"
    assert "nested" not in labels


def test_labels_have_limits(cards: Cards) -> None:
    text = "\n".join(f"k{n}: {'x' * 2000}" for n in range(1000))
    labels = only(read(cards({"a/m/README.md": front(text)}))).labels
    assert len(labels) == 200
    assert max(map(len, labels.values())) == 500


# A pipeline that distilabel left.


def test_a_pipeline_of_distilabel_names_what_wrote_and_what_rated(cards: Cards) -> None:
    """The file was written by distilabel 1.5.3; the script that made it is beside it."""
    files = {
        "datasets/a/d/README.md": front("tags: [synthetic, distilabel]"),
        "datasets/a/d/pipeline.yaml": (DATA / "pipeline.yaml").read_text(),
    }
    facts = read(cards(files))
    assert told(facts) == {
        ("a/d", "derived", "HuggingFaceH4/instruction-dataset"),
        ("a/d", "generated", "mistralai/Mixtral-8x7B-Instruct-v0.1"),
        ("a/d", "generated", "meta-llama/Llama-3.1-70B-Instruct"),
        ("a/d", "generated", "gpt-4o"),
        ("a/d", "judged", "gpt-4-turbo"),
        ("a/d", "labelled", "gpt-4o-mini"),
    }
    lines = (DATA / "pipeline.yaml").read_text().splitlines()
    for relation in facts.relations:
        assert relation.object.name in lines[relation.place.line - 1]
    assert facts.files == 2


@pytest.mark.parametrize("text", ["stages: [a]", "- 1", "", "pipeline: {steps: 3}", "pipeline: [a]"])
def test_a_pipeline_of_another_tool_says_nothing(cards: Cards, text: str) -> None:
    facts = read(
        cards({"datasets/a/d/README.md": front("size_categories: n<1K"), "datasets/a/d/pipeline.yaml": text})
    )
    assert not facts.relations
    assert not facts.issues


# Dumps.

RECORD: dict[str, Any] = {
    "id": "a/m",
    "modelId": "a/m",
    "sha": "0123",
    "createdAt": "2024-02-03T04:05:06.000Z",
    "tags": ["transformers", "base_model:finetune:x/y", "dataset:d/d", "region:us"],
    "cardData": {"base_model": "x/y", "datasets": ["d/d", "generator"], "tags": ["sft"]},
}
DATASET: dict[str, Any] = {
    "id": "a/d",
    "tags": ["size_categories:1K<n<10K", "region:us"],
    "cardData": {
        "source_datasets": ["extended|squad"],
        "dataset_info": {"splits": [{"name": "train", "num_examples": 4321}]},
    },
}


@pytest.mark.parametrize("name", ["hub.jsonl", "hub.json", "lines.json"])
def test_a_dump_is_read_as_the_cards_in_it(cards: Cards, name: str) -> None:
    whole = json.dumps([RECORD, DATASET], indent=1)
    text = whole if name == "hub.json" else "\n".join(map(json.dumps, (RECORD, DATASET)))
    facts = read(cards({name: text}) / name)
    model, dataset = facts.entities
    assert model.key == Key("model", "a/m")
    assert model.time == "2024-02-03T04:05:06+00:00"
    assert model.labels["sha"] == "0123"
    assert (dataset.key, dataset.count) == (Key("dataset", "a/d"), Count.exactly(4321))
    assert {(r.subject.name, r.role, r.object.name, r.word) for r in facts.relations} == {
        ("a/m", "initialised", "x/y", "base_model:finetune"),
        ("a/m", "trained-on", "d/d", "datasets"),
        ("a/m", "trained-on", "generator", "datasets"),
        ("a/d", "derived", "squad", "source_datasets:extended"),
    }
    assert facts.records["cards"] == 2
    if name == "hub.json":
        at = facts.relations[0].place
        assert at.pointer == "/0/cardData/base_model"
        assert whole.splitlines()[at.line - 1].strip() == "{"


def test_a_dump_below_a_folder_is_known_by_its_start_and_other_json_is_left(cards: Cards) -> None:
    files = {
        "models.jsonl": json.dumps(RECORD),
        "a/m/config.json": '{"architectures": []}',
        "a/m/tokenizer.json": "{" + "x" * 100,
        "a/m/README.md": front("license: mit"),
    }
    facts = read(cards(files))
    assert facts.files == 2
    assert not facts.issues


def test_a_dump_may_hold_the_cards_as_text(cards: Cards) -> None:
    row = {"modelId": "a/m", "tags": ["x"], "last_modified": "2024-01-01", "card": front("base_model: x/y")}
    facts = read(cards({"cards.jsonl": json.dumps(row)}) / "cards.jsonl")
    assert told(facts) == {("a/m", "initialised", "x/y")}
    assert facts.relations[0].place.pointer == "/card"
    assert only(facts).time == "2024-01-01T00:00:00+00:00"


def test_bad_records_of_a_dump_are_skipped_with_their_lines(cards: Cards) -> None:
    rows = ["nonsense", "3", '{"id": 7}', '{"id": "a/b", "cardData": [1]}', json.dumps(RECORD)]
    facts = read(cards({"hub.jsonl": "\n".join(rows)}) / "hub.jsonl")
    assert [entity.name for entity in facts.entities] == ["a/b", "a/m"]
    assert [issue.place.line for issue in facts.issues] == [1, 2, 3, 4]


# What is no card at all.


@pytest.mark.parametrize(
    "text",
    [
        "# Only text",
        "",
        "<!-- comment -->\n---\nbase_model: a/b\n---\n",
        "---\nbase_model: a/b\n",
        "---\n---\n",
        "text\n---\nbase_model: a/b\n---\n",
        "----\nbase_model: a/b\n----\n",
    ],
)
def test_a_card_without_front_matter_is_known_by_name_only(cards: Cards, text: str) -> None:
    facts = read(cards({"models/a/b/README.md": text}))
    assert only(facts).key == Key("model", "a/b")
    assert not facts.relations
    assert facts.records["cards without front matter"] == 1
    assert len(facts.issues) == 1


@pytest.mark.parametrize(
    "text",
    [
        "---\r\nlicense: mit\r\nbase_model: a/b\r\n---\r\nText",
        "\ufeff---\nlicense: mit\nbase_model: a/b\n---",
        "---  \nlicense: mit\nbase_model: a/b\n---  \ntext",
        "---\rlicense: mit\rbase_model: a/b\r---\r",
        "  ---\nlicense: mit\nbase_model: a/b\n---\n",
    ],
)
def test_line_ends_marks_and_blanks_make_no_difference(cards: Cards, text: str) -> None:
    facts = read(cards({"models/a/b/README.md": text.encode()}))
    assert told(facts) == {("a/b", "initialised", "a/b")}
    assert facts.relations[0].place.line == 3


def test_blank_lines_before_it_count_in_the_lines(cards: Cards) -> None:
    facts = read(cards({"models/a/b/README.md": "\n\n---\nbase_model: x/y\n---\n"}))
    assert facts.relations[0].place.line == 4


def test_a_rule_in_the_text_is_no_front_matter(cards: Cards) -> None:
    facts = read(cards({"models/a/b/README.md": front("license: mit") + "\n---\nbase_model: x/y\n---\n"}))
    assert not facts.relations


BOMB = "\n".join(["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40))])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"---\nbase_model: [a\n---\n", "is not YAML"),
        (b"---\n- a\n---\n", "the front matter is a list, not a mapping"),
        (b"---\nbase_model: \xff\n---\n", "is not YAML"),
        (b"---\nbase_model: \x00\n---\n", "is not YAML"),
        (f"---\n{BOMB}\n---\n".encode(), "aliases written out"),
        (b"---\na: " + b"[" * 200 + b"]" * 200 + b"\n---\n", "nested more than 50 deep"),
        (b"---\na: &a [*a]\n---\n", "stands inside what it names"),
        (b"---\na: !!python/object/apply:os.system [ls]\nb: [\n---\n", "is not YAML"),
    ],
)
def test_a_broken_card_is_left_out_and_the_rest_is_read(cards: Cards, content: bytes, problem: str) -> None:
    root = cards({"models/a/good/README.md": front("base_model: x/y")})
    bad = root / "models/a/bad/README.md"
    bad.parent.mkdir()
    bad.write_bytes(content)
    facts = read(root)
    assert told(facts) == {("a/good", "initialised", "x/y")}
    assert problem in said(facts)
    assert facts.issues[0].place.path == "models/a/bad/README.md"


def test_a_tag_of_python_is_text_that_nothing_runs(cards: Cards) -> None:
    text = "base_model: !!python/object/apply:os.system ['exit 1']\nlicense: !!python/name:os.system x"
    facts = read(cards({"a/m/README.md": front(text)}))
    assert only(facts).name == "a/m"


@pytest.mark.parametrize(
    "value",
    [
        "3",
        "true",
        "2024-01-01",
        "{a: b}",
        "[[a]]",
        "[{a: b}]",
        "[null]",
        "[3, true]",
        "' '",
        "x" * 600,
        '"\\ud800"',
    ],
)
@pytest.mark.parametrize(
    "field",
    [
        "base_model",
        "datasets",
        "tags",
        "source_datasets",
        "model-index",
        "dataset_info",
        "size_categories",
        "base_model_relation",
        "language_creators",
    ],
)
def test_wrong_types_leave_the_rest_of_the_card(cards: Cards, field: str, value: str) -> None:
    facts = read(cards({"org/m/README.md": front(f"{field}: {value}\nlicense: mit")}))
    if facts.entities:
        assert only(facts).labels["license"] == "mit"
    else:
        assert "is not YAML" in said(facts)


def test_links_pipes_and_hidden_folders_are_not_read(cards: Cards, tmp_path: Path) -> None:
    root = cards({"a/m/README.md": front("license: mit"), ".git/x/README.md": front("license: mit")})
    (tmp_path / "secret.md").write_text(front("base_model: secret/secret"))
    (root / "a" / "link").mkdir()
    (root / "a" / "link" / "README.md").symlink_to(tmp_path / "secret.md")
    (root / "a" / "pipe").mkdir()
    os.mkfifo(root / "a" / "pipe" / "README.md")
    facts = read(root)
    assert [entity.name for entity in facts.entities] == ["a/m"]
    assert len(facts.issues) == 2


@pytest.mark.parametrize("files", [{}, {"notes.txt": "x"}, {"config.json": "{}"}, {"pipeline.yaml": "a: 1"}])
def test_a_folder_without_a_card_is_an_error(cards: Cards, files: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "dump").mkdir()
    with pytest.raises(InputError, match=r"holds no card[\s\S]*org/name/README.md"):
        read(cards(files) if files else tmp_path / "dump")


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        read(tmp_path / "nowhere")


# A loop, over three generations.


def test_a_loop_of_self_training_is_all_there(cards: Cards) -> None:
    """Web text -> g0 -> round 1 -> g1 -> round 2 -> g2 -> round 3, each round also rated by a judge."""
    files = {"models/a/g0/README.md": front("datasets: [web/text]")}
    files["datasets/web/text/README.md"] = front(
        "language_creators: [crowdsourced]\nannotations_creators: [no-annotation]\nsize_categories: 1K<n<10K"
    )
    for n in (1, 2, 3):
        step = {"step": {"llm": {"model": f"a/g{n - 1}"}, "type_info": {"name": "SelfInstruct"}}}
        judge = {"step": {"llm": {"model": "judge"}, "type_info": {"name": "UltraFeedback"}}}
        files[f"datasets/a/round_{n}/pipeline.yaml"] = yaml.safe_dump({"pipeline": {"steps": [step, judge]}})
        files[f"datasets/a/round_{n}/README.md"] = front(
            f"tags: [synthetic]\ndataset_info:\n  splits:\n  - {{name: train, num_examples: {n * 1000}}}"
        )
        files[f"models/a/g{n}/README.md"] = front(f"base_model: a/g{n - 1}\ndatasets: [a/round_{n}]")
    facts = read(cards(files))
    expected = {("a/g0", "trained-on", "web/text")}
    for n in (1, 2, 3):
        expected |= {
            (f"a/round_{n}", "generated", f"a/g{n - 1}"),
            (f"a/round_{n}", "judged", "judge"),
            (f"a/g{n}", "initialised", f"a/g{n - 1}"),
            (f"a/g{n}", "trained-on", f"a/round_{n}"),
        }
    assert told(facts) == expected
    counts = {entity.name: entity.count for entity in facts.entities if entity.kind == "dataset"}
    assert counts == {"web/text": Count(1_000, 10_000)} | {
        f"a/round_{n}": Count.exactly(n * 1000) for n in (1, 2, 3)
    }
    assert {e.name: e.synthetic for e in facts.entities if e.kind == "dataset"} == {"web/text": "none"} | {
        f"a/round_{n}": "all" for n in (1, 2, 3)
    }
    assert not facts.issues


# Anything anywhere.

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELD = st.sampled_from(
    [
        "base_model",
        "base_model_relation",
        "datasets",
        "tags",
        "model-index",
        "dataset_info",
        "size_categories",
        "source_datasets",
        "language_creators",
        "annotations_creators",
        "models",
        "sdk",
        "configs",
    ]
)


def damaged(value: Any, junk: Any, at: random.Random) -> Any:
    """The value with `junk` in place of something in it."""
    if at.random() < 0.2 or not isinstance(value, (dict, list)) or not value:
        return junk
    if isinstance(value, list):
        number = at.randrange(len(value))
        return [damaged(each, junk, at) if n == number else each for n, each in enumerate(value)]
    key = at.choice(sorted(value))
    return {**value, key: damaged(value[key], junk, at)}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.dictionaries(FIELD, ANYTHING, max_size=5), junk=ANYTHING, seed=st.integers(0, 2**16))
def test_any_value_anywhere_gives_facts(tmp_path: Path, fields: dict[str, Any], junk: Any, seed: int) -> None:
    rows = [damaged(RECORD, junk, random.Random(seed)), {"id": "z/z", "cardData": fields}]
    file = tmp_path / "hub.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    facts = read(file)
    assert all(relation.place.path == "hub.jsonl" for relation in facts.relations)
    for entity in facts.entities:
        str(entity).encode()
        assert len(entity.labels) <= 200
    for issue in facts.issues:
        str(issue).encode()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), cut=st.integers(0, 200))
def test_any_bytes_are_a_card_or_an_issue(tmp_path: Path, content: bytes, cut: int) -> None:
    card = front(
        "base_model: a/b\ndatasets: [c, d]\nmodel-index:\n- results: [{dataset: {type: x}}]"
    ).encode()
    file = tmp_path / "README.md"
    file.write_bytes(card[:cut] + content + card[cut:])
    facts = read(file)
    assert facts.entities or facts.issues
