"""DVC files over the history that git keeps: loops that show only across commits, hostile repositories."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import zlib
from hashlib import sha1
from pathlib import Path

import pytest
import yaml

pytest.importorskip("dulwich", reason="dulwich, of the extra dvc, is not installed")

from headwater.errors import InputError
from headwater.lineage.facts import Facts, Key
from headwater.lineage.formats.dvc import git_objects, history, read, states
from tests.lineage.formats.git_replay import RECORDED, Repository, replayed

LARGE = 64 * 2**20


def lock(**stages: tuple[str, str]) -> str:
    """A lock whose stages read the first hash as ``in-<stage>`` and wrote the second as ``out-<stage>``."""
    return yaml.safe_dump(
        {
            "schema": "2.0",
            "stages": {
                name: {
                    "cmd": f"run {name}",
                    "deps": [{"path": f"in-{name}", "md5": used}],
                    "outs": [{"path": f"out-{name}", "md5": made}],
                }
                for name, (used, made) in stages.items()
            },
        }
    )


def procedures(facts: Facts) -> list[tuple[str, str]]:
    return [each.key[1:] for each in facts.entities if each.kind == "procedure"]


def messages(facts: Facts) -> str:
    return "\n".join(map(str, facts.issues))


def recorded(loop: str, number: int, name: str = "dvc.lock") -> dict:
    stages: dict = yaml.safe_load((RECORDED / loop / str(number) / name).read_text())
    return stages.get("stages", stages)


def hashes(stages: dict, stage: str, role: str) -> dict[str, str]:
    return {each["path"]: each["md5"] for each in stages[stage][role]}


def test_a_loop_that_copies_its_samples_shows_by_their_hashes(tmp_path: Path) -> None:
    """Four rounds that DVC 3.67.1 ran: real -> model -> samples, copied to be the data of the next round."""
    commits = [commit[:10] for commit in replayed("copied", tmp_path)]
    facts = read(tmp_path)
    assert facts.records == {"commits": 4, "stages": 8, "tracked": 4}
    assert sorted(procedures(facts)) == sorted(
        (name, each) for each in commits for name in ("train", "generate")
    )
    relations = {(each.subject, each.object, each.role) for each in facts.relations}
    written: Key | None = None
    for number, commit in enumerate(commits, start=1):
        stages = recorded("copied", number)
        train, generate = Key("procedure", "train", commit), Key("procedure", "generate", commit)
        data = Key("unknown", "data/train.csv", hashes(stages, "train", "deps")["data/train.csv"])
        model = Key("model", "model.json", hashes(stages, "train", "outs")["model.json"])
        samples = Key("dataset", "synthetic.csv", hashes(stages, "generate", "outs")["synthetic.csv"])
        assert {
            (train, data, "used"),
            (model, train, "made"),
            (generate, model, "used"),
            (samples, generate, "made"),
        } <= relations
        if written:
            assert (data, written, "derived") in relations
        written = samples
    assert sum(role == "derived" for _, _, role in relations) == 3
    assert not facts.issues
    assert [each.labels["param.round"] for each in facts.entities if each.name == "generate"] == list("1234")


def test_a_loop_with_a_new_name_for_every_round_shows_by_the_names(tmp_path: Path) -> None:
    commits = [commit[:10] for commit in replayed("templated", tmp_path)]
    facts = read(tmp_path)
    assert facts.records == {"commits": 4, "stages": 8, "tracked": 2}
    relations = {(each.subject, each.object, each.role) for each in facts.relations}
    for number, commit in enumerate(commits[1:], start=2):
        before = hashes(recorded("templated", number - 1), "generate@1", "outs")
        made = Key("unknown", f"data/round-{number - 1}.csv", before[f"data/round-{number - 1}.csv"])
        assert (Key("procedure", "train", commit), made, "used") in relations
        assert (made, Key("procedure", "generate@1", commits[number - 2]), "made") in relations
    assert not any(role == "derived" for _, _, role in relations)
    assert not facts.issues


def test_every_fact_names_file_line_and_commit(tmp_path: Path) -> None:
    commits = replayed("copied", tmp_path)
    facts = read(tmp_path)
    for each in facts.entities:
        if each.kind == "procedure":
            told = (
                RECORDED / "copied" / str(1 + commits.index(each.labels["commit"])) / "dvc.lock"
            ).read_text()
            assert told.splitlines()[each.place.line - 1] == f"  {each.name}:"
            assert each.place.pointer == each.key.version == each.labels["commit"][:10]
            assert each.time.endswith("+01:00")
            assert each.labels["message"].startswith("round ")
    times = [each.time for each in facts.entities if each.kind == "procedure"]
    assert times == sorted(times)


def test_a_stage_whose_entry_did_not_change_ran_once(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    first = repository.commit({"dvc.lock": lock(a=("1", "2"), b=("3", "4"))})
    second = repository.commit({"dvc.lock": lock(b=("3", "5"), a=("1", "2"))})
    repository.commit({"code.py": "pass"})
    facts = read(tmp_path)
    assert procedures(facts) == [("a", first[:10]), ("b", first[:10]), ("b", second[:10])]
    assert facts.records == {"commits": 2, "stages": 3}


def test_what_ran_on_a_merged_branch_is_seen_where_it_ran(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    root = repository.commit({"dvc.lock": lock(a=("1", "2"))})
    side = repository.commit({"dvc.lock": lock(a=("1", "3"))}, root)
    main = repository.commit({"code.py": ""}, root)
    merge = repository.commit({"dvc.lock": lock(a=("1", "3")), "code.py": ""}, main, side)
    assert procedures(read(tmp_path)) == [("a", root[:10]), ("a", side[:10])]
    assert merge[:10] not in str(read(tmp_path).entities)


def test_commits_are_ordered_by_descent_and_not_by_their_clocks(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    late = repository.commit({"dvc.lock": lock(a=("1", "2"))}, time=2_000_000_000)
    early = repository.commit({"dvc.lock": lock(a=("2", "3"))}, time=1_000_000_000)
    assert procedures(read(tmp_path)) == [("a", late[:10]), ("a", early[:10])]


def test_a_folder_that_was_only_renamed_ran_nothing(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    first = repository.commit({"old/dvc.lock": lock(a=("1", "2"))})
    repository.commit({"old/dvc.lock": None, "new/dvc.lock": lock(a=("1", "2"))})
    third = repository.commit({"new/dvc.lock": lock(a=("2", "3"))})
    assert procedures(read(tmp_path)) == [("old/dvc.yaml:a", first[:10]), ("new/dvc.yaml:a", third[:10])]


def test_a_broken_lock_hides_only_itself(tmp_path: Path) -> None:
    """A merge left its marks in one commit; the stages after it are compared with those before it."""
    repository = Repository(tmp_path)
    first = repository.commit({"dvc.lock": lock(a=("1", "2"), b=("3", "4"))})
    broken = repository.commit({"dvc.lock": "<<<<<<< HEAD\n" + lock(a=("1", "2"))})
    third = repository.commit({"dvc.lock": lock(a=("1", "5"), b=("3", "4"))})
    facts = read(tmp_path)
    assert procedures(facts) == [("a", first[:10]), ("b", first[:10]), ("a", third[:10])]
    assert f"({broken[:10]}): is not YAML" in messages(facts)


def test_artifacts_named_later_hold_for_the_whole_history(tmp_path: Path) -> None:
    """Otherwise a model of the first commit would not be the model that the second commit read."""
    repository = Repository(tmp_path)
    repository.commit({"dvc.lock": lock(a=("1", "2"))})
    repository.commit({"dvc.yaml": "artifacts: {m: {path: out-a, type: dataset}}\nstages: {a: {cmd: x}}\n"})
    repository.commit({"dvc.yaml": "artifacts: {m: {path: out-a, type: model}}\nstages: {a: {cmd: x}}\n"})
    facts = read(tmp_path)
    assert {each.kind for each in facts.entities if each.name == "out-a"} == {"model"}
    assert "'out-a' is now a 'model' and was a 'dataset'" in messages(facts)


def test_what_is_not_committed_follows_the_last_commit(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    first = repository.commit({"dvc.lock": lock(a=("1", "2"), b=("2", "3"))})
    (tmp_path / "dvc.lock").write_text(lock(a=("1", "2"), b=("2", "4")))
    facts = read(tmp_path)
    assert procedures(facts) == [("a", first[:10]), ("b", first[:10]), ("b", "work-tree")]
    assert facts.entities[-1].place.pointer == ""


def test_a_history_without_a_file_of_dvc_is_nothing_to_read(tmp_path: Path) -> None:
    Repository(tmp_path).commit({"code.py": "pass"})
    with pytest.raises(InputError, match=r"holds no dvc\.lock"):
        read(tmp_path)


def test_tags_and_messages_are_labels(tmp_path: Path) -> None:
    repository = Repository(tmp_path)
    first = repository.commit({"dvc.lock": lock(a=("1", "2"))}, message="generation 7\n\nmore")
    repository.tag("gen-7", first)
    repository.repo.refs[b"refs/tags/light"] = first.encode()
    labels = read(tmp_path).entities[0].labels
    assert labels["message"] == "generation 7"
    assert labels["tags"] == "gen-7, light"


def test_a_packed_repository_says_the_same(tmp_path: Path) -> None:
    replayed("copied", tmp_path / "loose")
    shutil.copytree(tmp_path / "loose", tmp_path / "packed")
    repository = Repository.__new__(Repository)
    repository.repo = git_repository(tmp_path / "packed")
    repository.repo.object_store.pack_loose_objects()
    repository.close()
    assert list((tmp_path / "packed" / ".git" / "objects" / "pack").glob("*.pack"))
    loose, packed = read(tmp_path / "loose"), read(tmp_path / "packed")
    assert (loose.entities, loose.relations) == (packed.entities, packed.relations)


@pytest.mark.skipif(
    shutil.which("git") is None, reason="the git program, which packs differences, is not here"
)
def test_a_repository_packed_by_git_says_the_same(tmp_path: Path) -> None:
    """With packed refs, and with objects that are told by their difference to others."""
    replayed("copied", tmp_path / "loose")
    shutil.copytree(tmp_path / "loose", tmp_path / "packed")
    git(tmp_path / "packed", "gc", "-q", "--aggressive")
    shown = git(
        tmp_path / "packed", "verify-pack", "-v", *(tmp_path / "packed/.git/objects/pack").glob("*.idx")
    )
    assert "chain length" in shown
    loose, packed = read(tmp_path / "loose"), read(tmp_path / "packed")
    assert (loose.entities, loose.relations) == (packed.entities, packed.relations)
    git(tmp_path / "packed", "clone", "-q", "--bare", ".", str(tmp_path / "bare"))
    bare = read(tmp_path / "bare")
    assert bare.relations == loose.relations


@pytest.mark.skipif(
    shutil.which("git") is None, reason="the git program, which makes shallow clones, is not here"
)
def test_a_shallow_clone_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    commits = replayed("copied", tmp_path / "whole")
    git(tmp_path, "clone", "-q", "--depth", "2", f"file://{tmp_path}/whole", "cut")
    facts = read(tmp_path / "cut")
    assert {version for _, version in procedures(facts)} == {each[:10] for each in commits[2:]}
    assert "1 commits or folders are not in this clone" in messages(facts)


def test_no_program_and_no_setting_of_a_repository_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hooks, filters, includes and monitors that would leave a mark, and a guard on starting anything."""
    replayed("copied", tmp_path)
    mark = tmp_path / "ran"
    hook = f"#!/bin/sh\ntouch {mark}\n"
    for name in ("post-checkout", "pre-commit", "fsmonitor-watchman", "reference-transaction"):
        (tmp_path / ".git" / "hooks").mkdir(exist_ok=True)
        (tmp_path / ".git" / "hooks" / name).write_text(hook)
        (tmp_path / ".git" / "hooks" / name).chmod(0o755)
    (tmp_path / ".git" / "config").write_text(
        f'[core]\n\tfsmonitor = "touch {mark}"\n\tsshCommand = "touch {mark}"\n\tpager = "touch {mark}"\n'
        f'[filter "x"]\n\tsmudge = "touch {mark}"\n\tprocess = "touch {mark}"\n'
        f'[include]\n\tpath = {mark}-pipe\n[diff "x"]\n\ttextconv = "touch {mark}"\n'
        f'[remote "origin"]\n\turl = "ext::touch {mark}"\n\tpromisor = true\n'
    )
    os.mkfifo(tmp_path / "ran-pipe")
    (tmp_path / ".gitattributes").write_text("* filter=x diff=x\n")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a program was started")

    for name in ("Popen", "run", "call", "check_output"):
        monkeypatch.setattr(subprocess, name, refuse)
    for name in ("system", "posix_spawn", "execv", "execve", "fork"):
        monkeypatch.setattr(os, name, refuse)
    assert read(tmp_path).records["stages"] == 8
    assert not mark.exists()


def test_nothing_outside_the_folder_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Borrowed objects, a `.git` file, links and a HEAD that climbs: none of it is followed."""
    commits = replayed("copied", tmp_path / "other")
    for number, make in enumerate((_borrowing, _elsewhere, _linked, _linked_objects, _climbing)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "dvc.lock").write_text(lock(a=("1", "2")))
        make(folder, tmp_path / "other", commits[-1])
        facts = read(folder)
        assert procedures(facts) == [("a", "")], make.__name__
        assert "no history was read" in messages(facts)


def _borrowing(folder: Path, other: Path, commit: str) -> None:
    _empty(folder)
    (folder / ".git" / "objects" / "info").mkdir()
    (folder / ".git" / "objects" / "info" / "alternates").write_text(f"{other}/.git/objects\n")
    (folder / ".git" / "HEAD").write_text(commit)


def _elsewhere(folder: Path, other: Path, commit: str) -> None:
    (folder / ".git").write_text(f"gitdir: {other}/.git\n")


def _linked(folder: Path, other: Path, commit: str) -> None:
    (folder / ".git").symlink_to(other / ".git")


def _linked_objects(folder: Path, other: Path, commit: str) -> None:
    _empty(folder)
    (folder / ".git" / "HEAD").write_text(commit)
    (folder / ".git" / "objects" / commit[:2]).symlink_to(other / ".git" / "objects" / commit[:2])


def _climbing(folder: Path, other: Path, commit: str) -> None:
    _empty(folder)
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/../../../../other/.git/refs/heads/main\n")


def _empty(folder: Path) -> None:
    for name in ("objects/pack", "refs/heads"):
        (folder / ".git" / name).mkdir(parents=True)


@pytest.mark.parametrize(
    "name", ["HEAD", "packed-refs", "refs/heads/main", "objects/zz", "objects/pack/x.idx"]
)
def test_a_pipe_in_the_repository_does_not_hang_the_reader(tmp_path: Path, name: str) -> None:
    replayed("copied", tmp_path)
    (tmp_path / ".git" / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / ".git" / name)
    assert "is a link or no regular file" in messages(read(tmp_path))


@pytest.mark.parametrize(
    "head", ["", "ref: refs/heads/none", "ref: HEAD", "a" * 64, "x" * 10_000, "ref: refs/x y"]
)
def test_without_a_commit_at_its_head_the_work_tree_is_read(tmp_path: Path, head: str) -> None:
    replayed("copied", tmp_path)
    (tmp_path / ".git" / "HEAD").write_text(head)
    facts = read(tmp_path)
    assert facts.records == {"stages": 2, "tracked": 1}
    assert "no history was read" in messages(facts)


def test_without_dulwich_the_work_tree_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replayed("copied", tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "dulwich.pack", None)
    facts = read(tmp_path)
    assert facts.records == {"stages": 2, "tracked": 1}
    assert "pip install 'headwater[dvc]'" in messages(facts)
    assert "one commit alone cannot show a loop" in messages(facts)


def test_objects_that_unpack_to_far_more_are_refused(tmp_path: Path) -> None:
    """A loose one of 64 MiB, a packed one that claims it, and a difference that would grow to it."""
    bomb = b"blob %d\0" % LARGE + bytes(LARGE)
    name = sha1(bomb).hexdigest()
    file = tmp_path / name[:2] / name[2:]
    file.parent.mkdir()
    file.write_bytes(zlib.compress(bomb))
    objects = git_objects.Objects(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        objects.blob(name)
    objects.close()


@pytest.mark.parametrize("kind", ["whole", "difference", "itself", "endless"])
def test_packed_objects_are_weighed_before_they_are_unpacked(tmp_path: Path, kind: str) -> None:
    large = _number(LARGE)
    small = bytes([0x30 | 1]) + zlib.compress(b"x")
    told = {
        "whole": bytes([0xB0 | (LARGE & 15)]) + _number(LARGE >> 4) + zlib.compress(bytes(99)),
        "difference": small
        + bytes([0x60 | 9, len(small)])
        + zlib.compress(_number(1) + large + b"\x90\x01" + b"\x01x"),
        "itself": bytes([0x60 | 9, 0]) + zlib.compress(_number(1) + _number(1) + b"\x01x"),
        "endless": b"\xb0" + b"\x80" * 40,
    }[kind]
    path = tmp_path / "x.pack"
    path.write_bytes(told)
    (tmp_path / "objects" / "pack").mkdir(parents=True)
    objects = git_objects.Objects(tmp_path / "objects")
    start = len(small) if kind == "difference" else 0
    with pytest.raises(ValueError, match=r"too large|no number"):
        objects._weigh(path, None, start)


def _number(value: int) -> bytes:
    out = bytearray()
    while True:
        out.append((value & 0x7F) | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(out)


def test_folders_that_hold_themselves_do_not_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten levels of ten names for the same folder are ten thousand million paths, were they all walked."""
    repository = Repository(tmp_path)
    repository.commit({"dvc.lock": lock(a=("1", "2"))})
    store = repository.repo.object_store
    from dulwich.objects import Blob, Commit, Tree

    blob = Blob.from_string(b"outs: []\n")
    store.add_object(blob)
    held, mode = blob.id, 0o100644
    for level in range(10):
        tree = Tree()
        for number in range(10):
            tree.add(f"{level}{number}{'.dvc' if level == 0 else ''}".encode(), mode, held)
        store.add_object(tree)
        held, mode = tree.id, 0o040000
    commit = store[repository.last.encode()]
    assert isinstance(commit, Commit)
    bomb = commit.copy()
    bomb.tree, bomb.parents = held, [commit.id]
    store.add_object(bomb)
    repository.repo.refs[b"refs/heads/main"] = bomb.id
    monkeypatch.setattr(history, "MOST_DVC_FILES", 500)
    facts = read(tmp_path)
    assert ("a", commit.id.decode()[:10]) in procedures(facts)
    assert "holds more than 500 DVC files; the commit was passed over" in messages(facts)


def test_a_history_beyond_the_limits_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository(tmp_path)
    for number in range(6):
        repository.commit({"dvc.lock": lock(a=(f"{number}", f"{number + 1}"))})
    monkeypatch.setattr(states, "MOST_BYTES", 600)
    assert "in the history have more than" in messages(read(tmp_path))
    monkeypatch.setattr(history, "MOST_COMMITS", 3)
    assert "the history has more than 3 commits" in messages(read(tmp_path))


@pytest.mark.parametrize("packed", [False, True])
def test_damaged_repositories_give_issues_and_nothing_else(tmp_path: Path, packed: bool) -> None:
    replayed("copied", tmp_path / "whole")
    if packed:
        repository = git_repository(tmp_path / "whole")
        repository.object_store.pack_loose_objects()
        repository.close()
    rng = random.Random(5)
    for number in range(60):
        folder = tmp_path / "damaged"
        shutil.copytree(tmp_path / "whole", folder)
        wanted = [file for file in (folder / ".git").rglob("*") if file.is_file() and file.stat().st_size]
        wanted = [file for file in wanted if "pack" in file.parts or not packed]
        file = rng.choice(wanted)
        file.chmod(0o644)
        data = bytearray(file.read_bytes())
        for _ in range(rng.choice([1, 3, 40])):
            data[rng.randrange(len(data))] = rng.randrange(256)
        file.write_bytes(data[: rng.randrange(len(data))] if number % 3 == 0 else data)
        assert read(folder).format == "dvc"
        shutil.rmtree(folder)


def git_repository(folder: Path):  # type: ignore[no-untyped-def]
    from dulwich.repo import Repo

    return Repo(str(folder))


def git(folder: Path, *command: str | Path) -> str:
    """The git program, on a repository that the test made."""
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["git", *command], cwd=folder, check=True, capture_output=True, text=True, env=settings
    )
    return done.stdout
