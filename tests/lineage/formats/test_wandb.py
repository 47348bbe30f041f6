"""Weights & Biases exports: the script that writes them, on a made-up service, and the reader of them."""

from __future__ import annotations

import json
import os
import runpy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.lineage.facts import Count, Entity, Facts, Key
from headwater.lineage.formats.wandb import read

SCRIPT = Path(__file__).resolve().parents[3] / "examples" / "export-wandb.py"

RUN_NAMES = ["entity", "project", "id", "name", "state", "config", "used_artifacts", "logged_artifacts"]
ARTIFACT_NAMES = [
    "source_name",
    "source_entity",
    "source_project",
    "source_version",
    "type",
    "version",
    "digest",
    "size",
    "file_count",
    "created_at",
    "aliases",
    "tags",
    "metadata",
    "logged_by",
    "used_by",
]


@dataclass
class FakeArtifact:
    """What the service tells of an artifact, under the names of `wandb.Artifact` 0.31."""

    source_name: str
    type: str
    metadata: dict[str, Any] = field(default_factory=dict)
    source_entity: str = "team"
    source_project: str = "loop"
    digest: str = "d41d8"
    size: int = 10
    file_count: int = 1
    created_at: str = "2026-01-01T00:00:00Z"
    aliases: list[str] = field(default_factory=lambda: ["latest"])
    tags: list[str] = field(default_factory=list)
    maker: FakeRun | None = None
    users: list[FakeRun] = field(default_factory=list)

    @property
    def version(self) -> str:
        return self.source_name.partition(":")[2]

    source_version = version

    def logged_by(self) -> FakeRun | None:
        return self.maker

    def used_by(self) -> list[FakeRun]:
        return self.users


@dataclass
class FakeRun:
    """What the service tells of a run, under the names of `wandb.apis.public.Run` 0.31."""

    id: str
    name: str
    created_at: str = "2026-01-01T00:00:00"
    heartbeat_at: str = "2026-01-01T01:00:00"
    state: str = "finished"
    group: str | None = None
    job_type: str | None = None
    tags: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    used: list[FakeArtifact] = field(default_factory=list)
    logged: list[FakeArtifact] = field(default_factory=list)
    entity: str = "team"
    project: str = "loop"

    def used_artifacts(self) -> list[FakeArtifact]:
        return self.used

    def logged_artifacts(self) -> list[FakeArtifact]:
        return self.logged


class FakeApi:
    """`wandb.Api`, of which the script only asks for the runs of a project."""

    def __init__(self, runs: list[FakeRun]) -> None:
        self.held = runs

    def runs(self, path: str, *, lazy: bool) -> list[FakeRun]:
        assert (path, lazy) == ("team/loop", False)
        return self.held


def tie(run: FakeRun) -> FakeRun:
    for artifact in run.used:
        artifact.users.append(run)
    for artifact in run.logged:
        artifact.maker = run
    return run


def loop(generations: int) -> list[FakeRun]:
    """Real texts, then in turn a model of the last texts and the texts that it wrote."""
    texts = FakeArtifact("texts:v0", "dataset", {"num_rows": 1000})
    runs = [tie(FakeRun("r0", "collect", logged=[texts]))]
    for number in range(generations):
        at = {
            "created_at": f"2026-02-{number + 1:02}T00:00:00",
            "heartbeat_at": f"2026-02-{number + 1:02}T09:00:00",
        }
        model = FakeArtifact(f"student:v{number}", "model")
        config = {"generation": number, "nested": {"lr": 0.1}, "_wandb": {"x": 1}, "bad": float("nan")}
        runs.append(tie(FakeRun(f"t{number}", "train", used=[texts], logged=[model], config=config, **at)))
        texts = FakeArtifact(f"texts:v{number + 1}", "dataset", {"num_rows": 500 + number})
        runs.append(tie(FakeRun(f"g{number}", "generate", used=[model], logged=[texts], **at)))
    return runs


@pytest.fixture
def export(tmp_path: Path) -> Callable[[list[FakeRun]], Path]:
    """Runs the script on a made-up service."""
    script = runpy.run_path(str(SCRIPT))

    def write(runs: list[FakeRun]) -> Path:
        file = tmp_path / "export.jsonl"
        told = [script["line"](each) for each in script["records"](FakeApi(runs), "team/loop")]
        file.write_text("\n".join(told) + "\n")
        return file

    return write


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Facts]:
    """Reads an export of the given records."""

    def made(*records: Any) -> Facts:
        (tmp_path / "export.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records))
        return read(tmp_path / "export.jsonl")

    return made


def entity(facts: Facts, name: str, version: str = "") -> Entity:
    return next(each for each in facts.entities if each.name == name and version in ("", each.key.version))


def messages(facts: Facts) -> str:
    return "\n".join(map(str, facts.issues))


def test_a_loop_is_read_as_the_generations_that_it_is(export: Any) -> None:
    """real -> student v0 -> texts v1 -> student v1 -> texts v2 -> student v2 -> texts v3"""
    facts = read(export(loop(3)))
    assert facts.records == {"runs": 7, "artifacts": 7}
    assert not facts.issues
    relations = {(each.subject, each.object, each.role) for each in facts.relations}
    expected = {(Key("dataset", "texts", "v0"), Key("procedure", "collect", "r0"), "made")}
    for number in range(3):
        train, generate = Key("procedure", "train", f"t{number}"), Key("procedure", "generate", f"g{number}")
        model = Key("model", "student", f"v{number}")
        expected |= {
            (train, Key("dataset", "texts", f"v{number}"), "used"),
            (model, train, "made"),
            (generate, model, "used"),
            (Key("dataset", "texts", f"v{number + 1}"), generate, "made"),
        }
    assert relations == expected
    assert len(facts.relations) == len(expected)
    assert entity(facts, "texts", "v0").count == Count.exactly(1000)
    assert entity(facts, "texts", "v3").count == Count.exactly(502)
    assert entity(facts, "student").count is None


def test_settings_and_names_are_labels_and_times_have_a_zone(export: Any) -> None:
    facts = read(export(loop(1)))
    train = entity(facts, "train")
    assert (train.started, train.time) == ("2026-02-01T00:00:00+00:00", "2026-02-01T09:00:00+00:00")
    assert train.labels == {
        "param.generation": "0",
        "param.nested.lr": "0.1",
        "param.bad": "NaN",
        "run_name": "train",
        "run": "team/loop/t0",
        "state": "finished",
        "created_at": "2026-02-01T00:00:00",
    }
    texts = entity(facts, "texts", "v1")
    assert texts.labels["artifact"] == "team/loop/texts:v1"
    assert texts.labels["metadata.num_rows"] == "500"
    assert (texts.labels["aliases"], texts.labels["digest"]) == ("latest", "d41d8")
    assert texts.time == "2026-01-01T00:00:00+00:00"


def test_a_run_began_when_it_started_else_when_it_was_created(written: Any) -> None:
    times = {"created_at": "2026-02-01T00:00:00Z", "ended_at": "2026-02-01T09:00:00Z"}
    facts = written(
        {"run": {"path": "t/p/a", "started_at": "2026-02-01T03:00:00Z", **times}},
        {"run": {"path": "t/p/b", **times}},
        {"run": {"path": "t/p/c", "started_at": 7}},
    )
    assert [each.started for each in facts.entities] == [
        "2026-02-01T03:00:00+00:00",
        "2026-02-01T00:00:00+00:00",
        "",
    ]
    assert "7 is no time" in messages(facts)


def test_every_fact_names_the_line_of_the_export(export: Any) -> None:
    file = export(loop(2))
    lines = file.read_text().splitlines()
    facts = read(file)
    for each in facts.entities:
        label = each.labels.get("artifact") or each.labels["run"]
        assert label in lines[each.place.line - 1]
        assert each.place.path == "export.jsonl"


def test_what_other_projects_did_is_kept(export: Any) -> None:
    """A model of this project wrote data that a run of another project used, and the other way round."""
    runs = loop(1)
    other = FakeRun("x9", "elsewhere", project="other")
    foreign = FakeArtifact("texts:v7", "dataset", source_project="other", maker=other)
    runs[1].used.append(foreign)
    foreign.users.append(runs[1])
    runs[2].logged[0].users.append(other)
    facts = read(export(runs))
    elsewhere = Key("procedure", "team/other/x9", "x9")
    relations = {(each.subject, each.object, each.role) for each in facts.relations}
    assert (Key("dataset", "team/other/texts", "v7"), elsewhere, "made") in relations
    assert (elsewhere, Key("dataset", "team/loop/texts", "v1"), "used") in relations
    assert {each.name for each in facts.entities if each.kind == "model"} == {"student"}


def test_the_script_asks_for_names_that_the_library_has() -> None:
    wandb = pytest.importorskip("wandb", reason="wandb, 33 packages, is not installed")
    public = pytest.importorskip("wandb.apis.public")
    assert [name for name in ARTIFACT_NAMES if not hasattr(wandb.Artifact, name)] == []
    assert [name for name in RUN_NAMES if not hasattr(public.Run, name) and name != "project"] == []


def test_the_made_up_service_has_the_names_that_are_checked_against_the_library() -> None:
    run = FakeRun("a", "b")
    assert [name for name in RUN_NAMES if not hasattr(run, name)] == []
    artifact = FakeArtifact("a:v0", "model")
    assert [name for name in ARTIFACT_NAMES if not hasattr(artifact, name)] == []


@pytest.mark.parametrize(
    ("metadata", "count"),
    [
        ({"num_rows": 5}, Count.exactly(5)),
        ({"num_samples": 5.0}, Count.exactly(5)),
        ({"num_examples": 0}, Count.exactly(0)),
        ({"samples": 7, "rows": 7}, Count.exactly(7)),
        ({"num_rows": 5, "samples": 6}, None),
        ({"samples": [1, 2]}, None),
        ({"num_rows": True}, None),
        ({"num_rows": "5"}, None),
        ({"num_rows": -5}, None),
        ({"num_rows": None, "rows": 3}, Count.exactly(3)),
        ({"length": 5, "size": 5, "Num_Rows": 5}, None),
        ({"nested": {"num_rows": 5}}, None),
        (None, None),
        ([5], None),
    ],
)
def test_only_the_documented_names_say_how_many_samples(written: Any, metadata: Any, count: Any) -> None:
    facts = written({"artifact": {"name": "a:v0", "type": "dataset", "metadata": metadata}})
    assert facts.entities[0].count == count
    doubtful = isinstance(metadata, list) or (
        metadata and count is None and not {"length", "nested"} & set(metadata)
    )
    assert bool(facts.issues) == bool(doubtful)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("team/p/texts:v3", Key("unknown", "texts", "v3")),
        ("texts", Key("unknown", "texts")),
        ("texts:latest", Key("unknown", "texts", "latest")),
        ("a:b:v1", Key("unknown", "a:b", "v1")),
        (":v1", Key("unknown", ":v1")),
        ("team/p/:v1", Key("unknown", "team/p/", "v1")),
        ("s3://bucket/x", Key("unknown", "x")),
    ],
)
def test_names_are_taken_apart(written: Any, name: str, key: Key) -> None:
    assert written({"artifact": {"name": name}}).entities[0].key == key


def test_the_kind_is_the_type_and_nothing_else(written: Any) -> None:
    facts = written(
        {"artifact": {"name": "model-data:v0", "type": "dataset"}},
        {"artifact": {"name": "set:v0", "type": "Model"}},
        {"artifact": {"name": "code:v0", "type": "job"}},
        {"artifact": {"name": "odd:v0", "type": 3}},
    )
    assert [each.kind for each in facts.entities] == ["dataset", "model", "unknown", "unknown"]
    assert entity(facts, "code").labels["type"] == "job"


def test_one_record_may_be_wrong_and_the_rest_is_read(written: Any) -> None:
    facts = written(
        {"run": {"path": "t/p/1", "used": "texts:v0", "logged": [1, None, "good:v0"], "config": []}},
        {"run": {"path": None}},
        {"run": []},
        [1],
        {"artifact": {"name": {}, "type": "model"}},
        {"artifact": {"name": "good:v0", "used_by": {}, "logged_by": 5, "created_at": "yesterday"}},
        {"artifact": {"name": "good:v0"}},
        {"run": {"path": "t/p/1", "logged": ["good:v0"]}},
        {"other": 1},
    )
    assert [(each.subject.name, each.object.name, each.role) for each in facts.relations] == [
        ("good", "1", "made")
    ]
    assert "the config of run 't/p/1' is a list, not an object" in messages(facts)
    assert {issue.place.line for issue in facts.issues} == {1, 2, 3, 4, 5, 6, 7, 8, 9}


def test_a_list_in_one_file_says_the_same_as_lines(export: Any, tmp_path: Path) -> None:
    lines = export(loop(2))
    whole = tmp_path / "export.json"
    whole.write_text(json.dumps([json.loads(line) for line in lines.read_text().splitlines()]))
    one, other = read(lines), read(whole)
    assert [each.key for each in one.entities] == [each.key for each in other.entities]
    assert other.entities[0].place.pointer.startswith("/")


def test_old_settings_in_wrappers_are_unwrapped(written: Any) -> None:
    facts = written({"run": {"path": "t/p/1", "config": {"lr": {"value": 0.5, "desc": None}, "value": 3}}})
    assert {"param.lr": "0.5", "param.value": "3"}.items() <= facts.entities[0].labels.items()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0",
        b"\xff",
        b"null",
        b"[]",
        b"[" * 10_000,
        b'{"run":' * 5_000,
        b'{"run": {"path": "a"',
        b'{"run": {"path": "\\ud800"}}',
        b'{"run": {"path": "' + b"x" * 1_000 + b'"}}',
        b'{"artifact": {"name": "a", "metadata": {"num_rows": NaN}}}',
        b'{"artifact": {"name": "a", "metadata": {"num_rows": 1' + b"0" * 5_000 + b"}}}",
        b"[1, {}, [], null]",
    ],
)
@pytest.mark.parametrize("name", ["export.jsonl", "export.json"])
def test_hostile_exports_raise_the_one_error(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match="holds no run and no artifact"):
        read(tmp_path)
    (tmp_path / "good.jsonl").write_text('{"artifact": {"name": "fine:v0", "type": "model"}}\n')
    assert entity(read(tmp_path), "fine").kind == "model"


def test_labels_are_held_to_limits(written: Any) -> None:
    config: Any = {f"k{number}": "x" * 1_000 for number in range(1_000)} | {"half": "\ud800"}
    deep: Any = 1
    for _ in range(60):
        deep = {"d": deep}
    facts = written({"run": {"path": "a/b/c", "config": {"deep": deep, "half": "\ud800", **config}}})
    labels = facts.entities[0].labels
    assert len(labels) <= 200
    assert max(map(len, labels.values())) <= 500
    str(labels).encode()


def test_pipes_and_links_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "good.jsonl").write_text('{"artifact": {"name": "fine:v0", "type": "model"}}\n')
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "good.jsonl")
    facts = read(tmp_path)
    assert facts.records == {"artifacts": 1}
    assert len(facts.issues) == 2


def test_a_large_export_is_read_in_seconds(tmp_path: Path) -> None:
    with (tmp_path / "export.jsonl").open("w") as file:
        for number in range(30_000):
            run = {"path": f"t/p/{number}", "used": [f"t/p/d:v{number}"], "logged": [f"t/p/d:v{number + 1}"]}
            file.write(json.dumps({"run": run | {"config": {"a": number}}}) + "\n")
            file.write(json.dumps({"artifact": {"name": f"t/p/d:v{number}", "type": "dataset"}}) + "\n")
    facts = read(tmp_path)
    assert facts.records == {"runs": 30_000, "artifacts": 30_000}


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, each in inner for place in _places(each, (*at, key)))]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), wrong=VALUES)
def test_any_value_anywhere_is_survived(export: Any, data: st.DataObject, wrong: Any) -> None:
    file = export(loop(1))
    records = [json.loads(line) for line in file.read_text().splitlines()]
    place = data.draw(st.sampled_from(_places(records)[1:]))
    holder: Any = records
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = wrong
    file.write_text("".join(json.dumps(each) + "\n" for each in records))
    facts = read(file)
    str([*facts.entities, *facts.relations, *facts.issues]).encode()
