"""A pipeline file: what is in it comes back, and what is wrong with it is told in one error."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import time

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from headwater.errors import GraphError, InputError, OutputError
from headwater.graph import Flow, InteractionGraph, Model, Source
from headwater.pipeline import (
    LARGEST_FILE,
    Pipeline,
    parse_pipeline,
    pipeline_schema,
    pipeline_to_yaml,
    read_pipeline,
    write_pipeline,
)
from headwater.pipeline_file import tree
from headwater.regimes import Accumulate, AccumulateSubsample, Replace, Window
from tests.pipelines import PARTS, TEXT


@pytest.mark.parametrize(
    ("content", "first_line"),
    [
        (b"", "p: the file is empty"),
        (b" \n", "p: the file is empty"),
        (b"# nothing\n", "p: the file holds no values"),
        (b"[1]", "p: the file holds a list, not a pipeline"),
        (
            "headwater: 1".encode("utf-16"),
            "p:1: byte 0xff at offset 0 is not UTF-8 (the file looks like UTF-16)",
        ),
        (b"\xef\xbb\xbfa: 1\nb: \xe9", "p:2: byte 0xe9 at offset 11 is not UTF-8"),
    ],
)
def test_what_is_no_text_or_no_mapping_is_said_so(content, first_line):
    """Bytes that are not UTF-8 are named with their offset."""
    with pytest.raises(InputError) as raised:
        parse_pipeline(content, "p")
    assert str(raised.value).startswith(first_line)


def test_a_byte_order_mark_and_windows_lines_are_read():
    """Editors on Windows write both."""
    assert parse_pipeline(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()) == PARTS


def test_whole_floats_are_counts():
    """A count of 1e3 is a thousand, and weights may be whole."""
    text = TEXT.replace("samples: 1000}", "samples: 1e3}").replace("generations: 20", "generations: 20.0")
    assert parse_pipeline(text) == PARTS


def test_a_pipeline_need_not_say_regime_or_horizon():
    """What was not said stays unsaid."""
    read = parse_pipeline("{headwater: 1, models: {}, flows: []}")
    assert (read.regime, read.generations, read.name) == (None, None, "")


@pytest.mark.parametrize("generations", [0, -1, 1.5, float("nan"), True, "3", 1_000_001, 10**400])
def test_a_horizon_is_a_whole_number_of_generations(generations):
    """From 1 to a million, in Python as in the file."""
    with pytest.raises(GraphError, match="generations is"):
        Pipeline(PARTS.graph, generations=generations)


# -- files -----------------------------------------------------------------------------------------


def test_a_file_read_carries_the_digest_of_its_bytes(tmp_path):
    """So that a result can say which file it is about."""
    path = tmp_path / "p.yaml"
    path.write_text(TEXT)
    assert read_pipeline(path).sha256 == hashlib.sha256(TEXT.encode()).hexdigest()


def test_a_file_that_cannot_be_read_is_one_error(tmp_path):
    """Missing, a directory, too large, or a name that cannot be."""
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    for path, problem in (
        (tmp_path / "missing", "no such file"),
        (tmp_path, "directory"),
        (large, "more than 67,108,864 bytes"),
        ("a\0b", "null"),
    ):
        with pytest.raises(InputError, match=problem):
            read_pipeline(path)


def test_writing_keeps_the_old_file_when_the_disk_is_full(tmp_path, monkeypatch):
    """One error, the old file as it was, and nothing left beside it."""
    path = tmp_path / "p.yaml"
    path.write_text("old")

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"p\.yaml: the file cannot be written: No space left"):
        write_pipeline(PARTS, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_written_is_read_back(tmp_path):
    """Through a file, as through text."""
    write_pipeline(PARTS, tmp_path / "p.yaml")
    assert read_pipeline(tmp_path / "p.yaml") == PARTS


# -- schema ----------------------------------------------------------------------------------------


def test_the_schema_accepts_files_and_rejects_mistakes_of_shape():
    """An independent validator agrees with the reader."""
    schema = pipeline_schema()
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    assert validator.is_valid(schema["examples"][0])
    assert validator.is_valid(yaml.safe_load(TEXT))
    assert validator.is_valid(yaml.safe_load(pipeline_to_yaml(PARTS)))
    for right, wrong in (
        ("headwater: 1", "headwater: 2"),
        ("regime: replace", "regime: {window: 0}"),
        ("samples: 9000", "samples: 0"),
        ("samples: 9000", "sampels: 1"),
        ("frozen: true", "frozen: 1"),
    ):
        assert not validator.is_valid(yaml.safe_load(TEXT.replace(right, wrong)))


def test_the_example_of_the_schema_is_a_pipeline():
    """JSON is YAML, so the reader takes it as it is."""
    assert parse_pipeline(json.dumps(pipeline_schema()["examples"][0])).graph.model_names[0] == "teacher"


# -- for all ---------------------------------------------------------------------------------------

names = st.text(min_size=1, max_size=12).filter(lambda name: bool(name.strip())) | st.sampled_from(
    [
        "no",
        "null",
        "~",
        "1",
        "1e3",
        "0o17",
        "0x1f",
        "12:30",
        "2020-01-01",
        "<<",
        "- a",
        "#",
        "{",
        "y",
        ".inf",
        "a: b",
    ]
)
counts = st.integers(1, 2**53)
weights = st.floats(2.0**-53, 2.0**53)


@st.composite
def pipelines(draw):
    """Pipelines with any names, counts, weights, regime and horizon."""
    called = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    split = draw(st.integers(0, len(called) - 1))
    sources = [
        Source(name, *draw(st.sampled_from([("fresh", None), ("fixed", None)]))) for name in called[:split]
    ]
    sources = [
        Source(source.name, "fixed", 2**53) if source.sampling == "fixed" and draw(st.booleans()) else source
        for source in sources
    ]
    initial = st.dictionaries(st.sampled_from(called[:split]), counts) if split else st.just({})
    models, flows = [], []
    for name in called[split:]:
        kind = draw(st.sampled_from(["trained", "external"]))
        model = Model(name, external=True) if kind == "external" else Model(name, initial=draw(initial))
        if kind == "trained":
            frozen = bool(model.initial) and draw(st.booleans())
            model = Model(name, frozen=frozen, initial=model.initial)
        models.append(model)
        if not (model.frozen or model.external):
            givers = draw(st.lists(st.sampled_from(called), min_size=1, max_size=3, unique=True))
            flows += [Flow(giver, name, draw(st.none() | counts), draw(weights)) for giver in givers]
    regimes = [None, Replace(), Accumulate(), AccumulateSubsample(), Window(draw(st.integers(1, 10**9)))]
    return Pipeline(
        InteractionGraph.from_parts(sources, models, draw(st.permutations(flows))),
        draw(st.sampled_from(regimes)),
        draw(st.none() | st.integers(1, 10**6)),
        draw(st.text(max_size=20)),
    )


@settings(max_examples=300, deadline=None)
@given(pipelines())
def test_every_pipeline_comes_back_from_its_file(pipeline):
    """Reading undoes writing exactly, for this reader and for a plain YAML 1.1 reader's values."""
    text = pipeline_to_yaml(pipeline)
    assert parse_pipeline(text) == pipeline
    assert [tuple(flow)[:2] for flow in (row.values() for row in yaml.safe_load(text)["flows"])] == [
        (flow.provider, flow.model) for flow in pipeline.graph.flows
    ]
    assert jsonschema.Draft202012Validator(pipeline_schema()).is_valid(yaml.safe_load(text))


def test_a_name_no_file_can_hold_is_one_error():
    """Half a surrogate pair has no UTF-8."""
    with pytest.raises(GraphError, match="surrogate"):
        InteractionGraph.from_flows([("\ud800", "a")], sources=["\ud800"])


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(st.characters(), max_size=200))
def test_any_bytes_give_a_pipeline_or_the_one_error(content):
    """Nothing but `InputError` ever comes out of reading."""
    check_reads_or_refuses(content)


@st.composite
def damaged(draw):
    """A valid file with pieces cut out, put in, or moved."""
    text = TEXT
    pieces = st.sampled_from(
        [*"{}[]:,-#&*!|>'\"%@`\n\t \\?~", "---", "...", "<<", "null", "1e400", "é", "&a", "*a"]
    )
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        stop = draw(st.integers(start, min(len(text), start + 30)))
        text = (
            text[:start] + draw(pieces | st.just(text[stop : stop + 40]) | st.text(max_size=3)) + text[stop:]
        )
    return text


@settings(max_examples=500, deadline=None)
@given(damaged())
def test_a_damaged_file_gives_a_pipeline_or_the_one_error(text):
    """Close to valid is where readers break."""
    check_reads_or_refuses(text)


def check_reads_or_refuses(content):
    """What is read can be written and read again; what is refused is told with a remedy."""
    for loader in ("CSafeLoader", "SafeLoader"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tree, "_LOADER", getattr(yaml, loader, yaml.SafeLoader))
            try:
                pipeline = parse_pipeline(content, "p")
            except InputError as error:
                assert error.problem
                assert error.remedy
            else:
                assert parse_pipeline(pipeline_to_yaml(pipeline)) == pipeline


def test_ten_thousand_flows_are_read_in_seconds():
    """A ring of models: about 0.4 s on two cores; the limit leaves room for a slow machine."""
    models = 10_000
    text = "headwater: 1\nmodels:\n" + "".join(f"  m{at}: {{}}\n" for at in range(models)) + "flows:\n"
    text += "".join(
        f"  - {{from: m{at}, to: m{(at + 1) % models}, samples: {at + 1}}}\n" for at in range(models)
    )
    begun = time.process_time()
    assert len(parse_pipeline(text).graph.provider) == models
    assert time.process_time() - begun < 10
