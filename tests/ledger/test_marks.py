"""Marks of others are read for what they say, and no further.

C2PA examples have the shape that c2patool 0.9 to 0.16 prints, written here by hand.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.ledger import Dataset, Ledger
from headwater.ledger.marks import marked

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
D = Dataset("photos")


def manifest(*sources, ingredients=()):
    actions = [{"action": "c2pa.created", "digitalSourceType": f"{IPTC}{source}"} for source in sources]
    return {
        "claim_generator": "tool/1.0",
        "ingredients": [
            {"title": "i", "relationship": "parentOf", "active_manifest": i} for i in ingredients
        ],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }


def store(active, others=(), **more):
    named = {f"urn:{at}": each for at, each in enumerate(others, 1)}
    return {"active_manifest": "urn:0", "manifests": {"urn:0": active, **named}, **more}


def says(kind, evidence):
    return marked(D, kind, evidence)["says"]


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (store(manifest("trainedAlgorithmicMedia")), "all"),
        (store(manifest("compositeWithTrainedAlgorithmicMedia")), "mixed"),
        (store(manifest("digitalCapture")), "none"),
        (store(manifest("algorithmicMedia")), None),
        (store(manifest("digitalCapture", "algorithmicMedia")), None),
        (store(manifest("digitalCapture", "trainedAlgorithmicMedia")), "mixed"),
        (store(manifest("something new")), None),
        (store(manifest()), None),
        # a person edited what a model had made
        (store(manifest(ingredients=["urn:1"]), [manifest("trainedAlgorithmicMedia")]), "mixed"),
        (store(manifest("digitalCapture"), [manifest("trainedAlgorithmicMedia")]), "mixed"),
        (store(manifest("trainedAlgorithmicMedia"), [manifest("digitalCapture")]), "all"),
        # a broken seal still counts against, and no longer for
        (store(manifest("digitalCapture"), validation_state="Invalid"), None),
        (store(manifest("trainedAlgorithmicMedia"), validation_state="Invalid"), "all"),
        (store(manifest("digitalCapture"), validation_state="Valid"), "none"),
        # several files of one dataset
        ([store(manifest("trainedAlgorithmicMedia")), store(manifest("trainedAlgorithmicMedia"))], "all"),
        ([store(manifest("trainedAlgorithmicMedia")), store(manifest("digitalCapture"))], "mixed"),
        ([store(manifest("digitalCapture")), store(manifest())], None),
    ],
)
def test_a_c2pa_store_says_whether_a_model_made_it(evidence, expected):
    assert says("c2pa", evidence) == expected


def test_the_detailed_form_of_a_store_is_read_too():
    detailed = {
        "active_manifest": "a",
        "manifests": {
            "a": {
                "assertion_store": {
                    "c2pa.actions": {"actions": [{"digitalSourceType": f"{IPTC}trainedAlgorithmicMedia"}]}
                }
            }
        },
    }
    body = marked(D, "c2pa", detailed)
    assert (body["says"], body["words"]) == ("all", ["trainedAlgorithmicMedia"])


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        ({"rai:hasSyntheticData": True}, "mixed"),
        ({"rai:hasSyntheticData": "false"}, "none"),
        ({"hasSyntheticData": {"@value": "True"}}, "mixed"),
        ({"http://mlcommons.org/croissant/RAI/hasSyntheticData": False}, "none"),
        ({"rai:hasSyntheticData": "partly"}, None),
        ({"name": "x"}, None),
    ],
)
def test_a_croissant_file_says_whether_some_of_it_is_synthetic(evidence, expected):
    assert says("croissant", evidence) == expected


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        ({"tags": ["synthetic", "text"]}, "mixed"),
        ({"tags": "Synthetic"}, "mixed"),
        ({"language_creators": ["machine-generated"]}, "all"),
        ({"language_creators": ["found", "machine-generated"]}, "mixed"),
        ({"language_creators": ["crowdsourced"], "tags": ["text"]}, None),
        ({"annotations_creators": ["machine-generated"]}, None),
        ({"tags": [1, None, {}]}, None),
        ({}, None),
    ],
)
def test_a_card_says_whether_models_wrote_it(evidence, expected):
    assert says("card", evidence) == expected


def test_files_are_read_and_remembered_by_their_hash(tmp_path):
    card = tmp_path / "README.md"
    card.write_text("---\ntags:\n- synthetic\n---\n# Text\n---\n")
    body = marked(D, "card", card)
    assert body["says"] == "mixed"
    assert body["evidence"] == {
        "name": card.as_posix(),
        "sha256": hashlib.sha256(card.read_bytes()).hexdigest(),
    }
    croissant = tmp_path / "croissant.json"
    croissant.write_text(json.dumps({"rai:hasSyntheticData": True}))
    assert marked(D, "croissant", str(croissant))["says"] == "mixed"


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("c2pa", "{", "1: is not JSON"),
        ("c2pa", "[" * 100_000, "is not JSON"),
        ("c2pa", "{}", "holds no manifests"),
        ("c2pa", '{"manifests": []}', "holds no manifests"),
        ("c2pa", "7", "holds no manifests"),
        ("c2pa", "\ud800", "1: is not UTF-8 text"),
        ("croissant", "[]", "holds no dataset"),
        ("card", "no head", "is not a card"),
        ("card", "---\na: [\n---\n", "3: is not YAML"),
        ("card", "---\n" + "a: b\n" * 20_000, "is not a card"),
        ("card", "---\n- a\n---\n", "2: the front matter is a list, not a mapping"),
        ("card", "---\n!!python/object/apply:os.system ['true']\n---\n", "2: the front matter is a list"),
        ("card", "---\na: {<<: " * 60, "is not a card"),
        ("croissant", '{"hasSyntheticData": NaN}', "is not JSON"),
        ("croissant", '{"hasSyntheticData": 1' + "0" * 5_000 + "}", "is not JSON"),
    ],
)
def test_evidence_that_is_none_is_refused_with_its_file(tmp_path, kind, content, said):
    path = tmp_path / "mark"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError, match=f"mark:( |(?=[0-9])){said}"):
        marked(D, kind, path)


BOMB = "---\na0: &a0 {tags: synthetic}\n" + "".join(
    f"a{at}: &a{at} {{<<: [{', '.join([f'*a{at - 1}'] * 9)}]}}\n" for at in range(1, 12)
)


def test_a_card_of_a_few_hundred_bytes_that_holds_millions_is_refused_at_once(tmp_path):
    """Merge keys that each name the ones before nine times: constructed, they never end."""
    assert len(BOMB) < 800
    path = tmp_path / "README.md"
    path.write_text(f"{BOMB}---\n")
    with pytest.raises(InputError, match="500,000 values"):
        marked(D, "card", path)


@pytest.mark.parametrize(
    "value", ["!!timestamp never", "2026-13-45", "!!int x", "!!binary ----", "!!set {a}"]
)
def test_a_value_of_a_card_that_is_not_what_it_says_leaves_the_rest(tmp_path, value):
    path = tmp_path / "README.md"
    path.write_text(f"---\ndate: {value}\ntags: [synthetic]\n---\n")
    assert says("card", path) == "mixed"


@pytest.mark.parametrize("kind", ["c2pa", "croissant", "card"])
def test_a_pipe_is_no_evidence_and_not_waited_for(tmp_path, kind):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="pipe: is no regular file"):
        marked(D, kind, tmp_path / "pipe")
    with pytest.raises(InputError, match="is no regular file"):
        marked(D, kind, "/dev/zero")


@pytest.mark.parametrize("name", ["a" * 5_000, "a\0b", "\ud800"])
def test_a_name_that_no_file_can_have_is_refused(name):
    with pytest.raises(InputError):
        marked(D, "card", name)


def test_evidence_of_an_unknown_kind_or_no_json_is_refused(tmp_path):
    for strange in ({}, ["card"], None, 5):
        with pytest.raises(InputError, match="no mark is of kind"):
            marked(D, strange, {})
    with pytest.raises(InputError, match=r"no mark is of kind 'exif'(?s:.*)known: c2pa, croissant, card"):
        marked(D, "exif", {})
    with pytest.raises(InputError, match="the evidence is no JSON"):
        marked(D, "card", {"tags": {1, 2}})
    with pytest.raises(InputError, match="no such file"):
        marked(D, "card", tmp_path / "none")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "manifests",
                    "active_manifest",
                    "digitalSourceType",
                    "tags",
                    "language_creators",
                    "hasSyntheticData",
                    "@value",
                ]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(st.sampled_from(["c2pa", "croissant", "card"]), ANYTHING)
def test_whatever_json_holds_it_is_read_or_refused_with_one_error(kind, evidence):
    if isinstance(evidence, str):
        return
    with suppress(InputError):
        assert marked(D, kind, evidence)["says"] in ("all", "mixed", "none", None)


def test_a_mark_is_written_into_the_book(place):
    with Ledger(place) as book:
        entry = book.mark(b"abc", "c2pa", store(manifest("trainedAlgorithmicMedia")))
        assert (entry.kind, entry.body["mark"], entry.body["says"]) == ("marked", "c2pa", "all")
        assert entry.body["dataset"]["sha256"].startswith("ba7816bf")
        assert book.audit().valid
