"""DVC files as facts: locks, plans and tracked data of a work tree; history is in `test_dvc_history`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.lineage.facts import Count, Entity, Facts, Key, Relation
from headwater.lineage.formats.dvc import read

RECORDED = Path(__file__).parent / "data" / "dvc"
REAL = "b63b8af92e59f7fa224e3d3bc78a2a4d"

LOCK = """schema: '2.0'
stages:
  train:
    cmd: python train.py
    deps:
    - path: data/train.csv
      hash: md5
      md5: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
      size: 1840
    params:
      params.yaml:
        model:
          depth: 3
        seeds: [1, 2]
    outs:
    - path: model
      hash: md5
      md5: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.dir
      size: 20
      nfiles: 2
"""


@pytest.fixture
def project(tmp_path: Path) -> Callable[[dict[str, str | bytes]], Facts]:
    """Reads a folder of the given files."""

    def made(files: dict[str, str | bytes]) -> Facts:
        for name, content in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(tmp_path)

    return made


def entity(facts: Facts, name: str) -> Entity:
    return next(each for each in facts.entities if each.name == name)


def related(facts: Facts, role: str) -> set[tuple[str, str]]:
    return {(each.subject.name, each.object.name) for each in facts.relations if each.role == role}


def messages(facts: Facts) -> str:
    return "\n".join(map(str, facts.issues))


def test_a_lock_says_what_ran_on_what_and_what_came_of_it(project: Any) -> None:
    facts = project({"dvc.lock": LOCK, "dvc.yaml": "stages: {train: {cmd: python train.py}}\n"})
    assert facts.format == "dvc"
    assert facts.records == {"stages": 1}
    assert related(facts, "used") == {("train", "data/train.csv")}
    assert related(facts, "made") == {("model", "train")}
    train = entity(facts, "train")
    assert train.key == Key("procedure", "train")
    assert train.labels == {
        "cmd": "python train.py",
        "param.model.depth": "3",
        "param.seeds": "1, 2",
    }
    assert str(train.place) == "dvc.lock:3"
    data, model = entity(facts, "data/train.csv"), entity(facts, "model")
    assert data.key == Key("unknown", "data/train.csv", "a" * 32)
    assert data.count == Count.exactly(1840, "bytes")
    assert str(data.place) == "dvc.lock:6"
    assert model.key.version == "b" * 32 + ".dir"
    assert model.labels == {"nfiles": "2"}


def test_a_lock_of_the_first_schema_says_the_same(project: Any, tmp_path: Path) -> None:
    """Before 2021 stages stood at the top and no schema was named; a stage may even be called `stages`."""
    old = "\n".join(line[2:] for line in LOCK.splitlines()[2:])
    new = project({"dvc.lock": LOCK})
    (tmp_path / "dvc.lock").write_text(old + "\n")
    first = read(tmp_path)
    assert [each.key for each in first.entities] == [each.key for each in new.entities]
    assert entity(first, "train").place.line == 1
    (tmp_path / "dvc.lock").write_text("stages:\n  cmd: x\n")
    assert entity(read(tmp_path), "stages").labels == {"cmd": "x"}


def test_another_schema_is_read_with_a_warning(project: Any) -> None:
    facts = project({"dvc.lock": LOCK.replace("'2.0'", "'3.0'")})
    assert "the schema is '3.0'; it was read as '2.0'" in messages(facts)
    assert facts.records == {"stages": 1}


def test_the_name_of_the_algorithm_is_not_taken_for_the_hash(project: Any) -> None:
    facts = project({"dvc.lock": LOCK})
    assert {each.key.version for each in facts.entities} == {"", "a" * 32, "b" * 32 + ".dir"}


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ("etag: x-1", "x-1"),
        ("checksum: 00ff", "00ff"),
        ("hash: sha256\n      sha256: 12ab", "12ab"),
        ("md5: 12345678901234567890123456789012", "12345678901234567890123456789012"),
        ("md5: 1e5", "1e5"),
        ("size: 3", ""),
        ("md5: [1]", ""),
        ("md5:", ""),
    ],
)
def test_the_version_is_the_hash_as_it_is_spelled(project: Any, told: str, version: str) -> None:
    lock = f"schema: '2.0'\nstages:\n  s:\n    cmd: x\n    deps:\n    - path: p\n      {told}\n"
    assert entity(project({"dvc.lock": lock}), "p").key.version == version


def test_a_folder_listed_file_by_file_has_a_version_that_its_files_decide(project: Any) -> None:
    def version(hashes: list[str]) -> str:
        listed = [{"relpath": f"{number}", "md5": each} for number, each in enumerate(hashes)]
        lock = {"schema": "2.0", "stages": {"s": {"cmd": "x", "outs": [{"path": "p", "files": listed}]}}}
        return entity(project({"dvc.lock": yaml.safe_dump(lock)}), "p").key.version

    assert version(["a", "b"]) == version(["a", "b"]) != version(["a", "c"])
    assert version([]) == ""


def test_artifacts_say_what_a_path_is(project: Any) -> None:
    plan = """stages: {train: {cmd: x}}
artifacts:
  texts: {path: data/train.csv, type: dataset, labels: [synthetic, v2]}
  net: {path: model, type: model}
  other: {path: x, type: script}
  whole: {path: '${here}', type: model}
"""
    facts = project({"dvc.lock": LOCK, "dvc.yaml": plan})
    data = entity(facts, "data/train.csv")
    assert data.kind == "dataset"
    assert data.labels == {
        "artifact": "texts",
        "artifact.type": "dataset",
        "artifact.labels": "synthetic, v2",
    }
    assert entity(facts, "model").kind == "model"
    assert "dvc.yaml:6: artifact 'whole' is a template" in messages(facts)


def test_paths_are_seen_from_the_top_folder(project: Any) -> None:
    """A lock's paths start at the stage's working folder, which only `dvc.yaml` names."""
    plan = "stages: {train: {cmd: x, wdir: ../inner}}\nartifacts: {m: {path: ../inner/model, type: model}}\n"
    facts = project({"sub/dvc.lock": LOCK, "sub/dvc.yaml": plan})
    assert related(facts, "used") == {("sub/dvc.yaml:train", "inner/data/train.csv")}
    assert entity(facts, "inner/model").kind == "model"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("../up", "../up"),
        ("a/./b//c", "a/b/c"),
        ("/abs/x", "/abs/x"),
        ("s3://bucket/x", "s3://bucket/x"),
        ("https://me:secret@host/x", "https://host/x"),
        ("C:/x", "C:/x"),
    ],
)
def test_what_lies_elsewhere_keeps_its_address_but_no_password(project: Any, path: str, name: str) -> None:
    lock = f"schema: '2.0'\nstages:\n  s:\n    cmd: x\n    deps:\n    - path: {path}\n"
    assert related(project({"dvc.lock": lock}), "used") == {("s", name)}


def test_nothing_that_a_record_names_is_opened(project: Any, tmp_path: Path) -> None:
    outside = tmp_path.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "dvc.lock").write_text(LOCK)
    facts = project({"dvc.lock": LOCK.replace("data/train.csv", "../outside/dvc.lock")})
    assert facts.records == {"stages": 1}


def test_stages_of_a_template_are_read_as_the_lock_resolves_them(project: Any) -> None:
    plan = "stages:\n  train:\n    foreach: [1, 2]\n    do: {cmd: x, wdir: '${item}'}\n"
    facts = project({"dvc.lock": LOCK.replace("train:", "train@1:"), "dvc.yaml": plan})
    assert related(facts, "used") == {("train@1", "data/train.csv")}
    assert "no entry in dvc.lock" not in messages(facts)
    assert "dvc.lock:3: the 'wdir' of stage 'train@1' is a template" in messages(facts)


def test_stages_that_only_one_of_the_two_files_has_are_told(project: Any) -> None:
    facts = project({"dvc.lock": LOCK, "dvc.yaml": "stages:\n  other: {cmd: x, outs: [new.csv]}\n"})
    assert "dvc.yaml:2: stage 'other' has no entry in dvc.lock" in messages(facts)
    assert "dvc.lock:3: stage 'train' is not in dvc.yaml" in messages(facts)
    assert "new.csv" not in {each.name for each in facts.entities}
    assert facts.records == {"stages": 1}


def test_where_nothing_ran_the_plan_is_read_and_said_to_be_one(project: Any) -> None:
    plan = """stages:
  train:
    cmd: [one, two]
    deps: [real.csv]
    outs: [{model: {cache: false}}]
    metrics: [scores.json: {cache: false}]
  many: {foreach: [1], do: {cmd: x, outs: [a]}}
"""
    facts = project({"dvc.yaml": plan})
    assert facts.records == {"planned stages": 1}
    assert entity(facts, "train").labels == {"state": "planned", "cmd": "one; two"}
    assert related(facts, "used") == {("train", "real.csv")}
    assert related(facts, "made") == {("model", "train"), ("scores.json", "train")}
    assert entity(facts, "scores.json").labels == {"listed-as": "metrics or plots"}
    assert "dvc.yaml:7: stage 'many' is a template" in messages(facts)


def test_metrics_that_ran_are_marked_as_such(project: Any) -> None:
    facts = project({"dvc.lock": LOCK, "dvc.yaml": "stages: {train: {cmd: x, plots: [model]}}\n"})
    assert entity(facts, "model").labels == {"nfiles": "2", "listed-as": "metrics or plots"}


def test_tracked_data_are_assets_and_imported_ones_hold_their_source(project: Any) -> None:
    facts = project(
        {
            "data/real.csv.dvc": f"outs:\n- md5: {REAL}\n  size: 491\n  path: real.csv\n",
            "other.dvc": """deps:
- path: set.csv
  repo: {url: 'https://t0ken@git.example/x', rev: main, rev_lock: 0123abc}
outs:
- {md5: dd, path: set.csv}
""",
            "web.dvc": "deps: [{etag: '\"9\"', path: 'https://example.org/w'}]\nouts: [{md5: ee, path: w}]\n",
        }
    )
    assert facts.records == {"tracked": 3}
    assert entity(facts, "data/real.csv").key.version == REAL
    assert entity(facts, "data/real.csv").count == Count.exactly(491, "bytes")
    assert related(facts, "derived") == {
        ("set.csv", "https://git.example/x#set.csv"),
        ("w", "https://example.org/w"),
    }
    assert entity(facts, "https://git.example/x#set.csv").key.version == "0123abc"
    assert entity(facts, "https://example.org/w").key.version == '"9"'


def test_the_oldest_stage_files_are_procedures(project: Any) -> None:
    old = "cmd: python t.py\nwdir: ..\ndeps:\n- {md5: aa, path: in.csv}\nouts:\n- {md5: bb, path: out.pkl}\n"
    facts = project({"stages/train.dvc": old})
    assert related(facts, "used") == {("stages/train.dvc", "in.csv")}
    assert related(facts, "made") == {("out.pkl", "stages/train.dvc")}


def test_the_same_content_under_another_name_is_the_same(project: Any) -> None:
    """A stage wrote b.csv; a.csv, which none wrote, has its hash: it is a copy, whatever its name."""
    lock = """schema: '2.0'
stages:
  generate:
    cmd: x
    deps: [{path: a.csv, md5: '77', size: 4}]
    outs: [{path: b.csv, md5: '77', size: 4}, {path: c.csv, md5: '77'}, {path: e, md5: '88', size: 0}]
  next:
    cmd: x
    deps: [{path: empty, md5: '88', size: 0}]
"""
    facts = project({"dvc.lock": lock})
    assert related(facts, "derived") == {("a.csv", "b.csv")}


def test_without_a_history_it_says_that_no_loop_can_show(project: Any) -> None:
    facts = project({"dvc.lock": LOCK})
    assert "there is no .git folder here; one commit alone cannot show a loop" in messages(facts)


def test_one_file_can_be_read_alone(project: Any, tmp_path: Path) -> None:
    project({"dvc.lock": LOCK, "x.dvc": f"outs: [{{path: x, md5: {REAL}}}]\n"})
    assert read(tmp_path / "dvc.lock").records == {"stages": 1}
    assert read(str(tmp_path / "x.dvc")).records == {"tracked": 1}


def test_the_recorded_lock_has_what_yaml_reads_from_it() -> None:
    """Every entry of a lock that DVC 3.67.1 wrote, counted with another reader."""
    facts = read(RECORDED / "copied" / "1")
    told = yaml.safe_load((RECORDED / "copied" / "1" / "dvc.lock").read_text())["stages"]
    assert len([each for each in facts.relations if each.role == "used"]) == sum(
        len(stage["deps"]) for stage in told.values()
    )
    for stage in told.values():
        for item in stage["deps"] + stage["outs"]:
            found = entity(facts, item["path"])
            assert found.key.version == item["md5"]
            assert found.count == Count.exactly(item["size"], "bytes")
    assert entity(facts, "model.json").kind == "model"
    assert entity(facts, "synthetic.csv").kind == "dataset"
    assert entity(facts, "generate").labels["param.round"] == "1"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\0",
        b"\xff\xfe",
        b"[1, 2]",
        b"- x",
        b"stages",
        b"stages: [1]\nschema: '2.0'",
        b"schema: '2.0'\nstages: {a: 1, b: [], c: {cmd: {}, deps: {}, outs: x, params: []}, '': {}}",
        b"schema: '2.0'\nstages: {a: {cmd: [[], {}], deps: [1, [], null, {}, {path: {}}, {path: ''}]}}",
        b"schema: '2.0'\nstages: {a: {deps: [{path: p, repo: {url: 3}}, {path: q, repo: [1]}]}}",
        b"schema: '2.0'\nstages: {a: {outs: [{path: p, size: -1, nfiles: 1e99, md5: {}, files: [1]}]}}",
        b"<<<<<<< HEAD\nschema: '2.0'\n=======\nschema: '2.0'\n>>>>>>> x\n",
        b"a: &a [*a]",
        b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n" + b"d: [" + b"*c, " * 100_000 + b"*c]",
        b"{" * 200,
        b"x: " + b"9" * 100_000,
        LOCK.encode()[:137],
        LOCK.replace("1840", "1" + "0" * 400).encode(),
        LOCK.replace("data/train.csv", "x" * 600).encode(),
        LOCK.replace("train:", '"\\ud800":').encode(),
        ("schema: '2.0'\nstages:\n" + "".join(f"  s{n}: {{cmd: x}}\n" for n in range(3_000))).encode(),
    ],
)
@pytest.mark.parametrize("name", ["dvc.lock", "dvc.yaml", "x.dvc"])
def test_hostile_files_give_issues_and_nothing_else(project: Any, name: str, content: bytes) -> None:
    facts = project({name: content, "good.dvc": f"outs: [{{path: x, md5: {REAL}}}]\n"})
    assert entity(facts, "x").key.version == REAL


def test_wrong_values_leave_the_rest_of_the_record(project: Any) -> None:
    facts = project({"dvc.lock": LOCK.replace("size: 1840", "size: [1840]")})
    assert "dvc.lock:9: the size is a list, not a count: it stays unknown" in messages(facts)
    assert entity(facts, "data/train.csv").count is None
    assert related(facts, "made") == {("model", "train")}


def test_many_parameters_are_held_to_a_limit(project: Any) -> None:
    many = "".join(f"        p{number}: {number}\n" for number in range(1_000))
    facts = project({"dvc.lock": LOCK.replace("        model:\n", many + "        model:\n")})
    assert len(entity(facts, "train").labels) <= 200
    assert "more than 150 parameters" in messages(facts)


def test_parameters_of_two_files_do_not_hide_each_other(project: Any) -> None:
    facts = project({"dvc.lock": LOCK.replace("    outs:\n", "      b.yaml: {seeds: 7}\n    outs:\n", 1)})
    labels = entity(facts, "train").labels
    assert (labels["param.seeds"], labels["param.b.yaml:seeds"]) == ("1, 2", "7")


def test_links_and_pipes_are_not_followed(project: Any, tmp_path: Path) -> None:
    (tmp_path / "real").write_text(LOCK)
    (tmp_path / "link.dvc").symlink_to(tmp_path / "real")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "folder" / "dvc.lock")
    facts = project({"dvc.lock": LOCK})
    assert facts.records == {"stages": 1}
    assert "link.dvc: is a link" in messages(facts)


@pytest.mark.parametrize("name", ["missing", "empty", "code"])
def test_where_there_is_nothing_to_read_it_says_so(tmp_path: Path, name: str) -> None:
    if name != "missing":
        (tmp_path / name).mkdir()
    if name == "code":
        (tmp_path / name / "x.py").write_text("")
    with pytest.raises(InputError):
        read(tmp_path / name)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, each in inner for place in _places(each, (*at, key)))]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), wrong=VALUES)
def test_any_value_anywhere_is_survived(tmp_path: Path, data: st.DataObject, wrong: Any) -> None:
    file = data.draw(st.sampled_from(["dvc.lock", "dvc.yaml", "data/train.csv.dvc"]))
    folder = RECORDED / "copied" / "1"
    document = yaml.safe_load((folder / file).read_text())
    place = data.draw(st.sampled_from(_places(document)))
    holder = document
    for key in place[:-1]:
        holder = holder[key]
    if place:
        holder[place[-1]] = wrong
    else:
        document = wrong
    (tmp_path / "data").mkdir(exist_ok=True)
    for each in ("dvc.lock", "dvc.yaml", "data/train.csv.dvc"):
        text = yaml.safe_dump(document) if each == file else (folder / each).read_text()
        (tmp_path / each).write_text(text)
    facts = read(tmp_path)
    assert all(isinstance(each, Relation) for each in facts.relations)
    str([*facts.entities, *facts.relations, *facts.issues]).encode()
