"""The quick part of the fuzzing of importers, and its power: faults that are planted are found."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from headwater.errors import InputError
from headwater.lineage.facts import Count, Entity, Facts, Issue, Key, Place, Relation
from headwater.lineage.registry import importers
from verification.fuzz import SEED, Plan, Tally, cases
from verification.fuzzing import judging
from verification.fuzzing.judging import judge
from verification.fuzzing.specimens import specimens
from verification.fuzzing.spoiling import make

NUMBER = {"dvc": 20, "ledger": 250, "mlflow": 40}
"""Cases by format, where they are slower than others."""

KEY = Key("model", "m")
HERE = Place("a", 1)


@pytest.mark.parametrize("name", sorted(importers()))
def test_spoilt_records_are_read_or_refused(name: str, tmp_path: Path) -> None:
    plan = Plan(specimens([name], real=False), SEED, seconds=10.0)
    if not plan.specimens:
        pytest.skip(f"no recorded files of {name} to start from")
    tally = Tally()
    for number, format_, verdict, _ in cases(plan, range(NUMBER.get(name, 80)), tmp_path):
        tally.add(number, format_, verdict)
    assert not tally.faults, "\n".join(tally.lines())
    assert tally.words[name]["read"] > 10


def test_a_case_follows_from_its_seed_and_number(tmp_path: Path) -> None:
    start = specimens(["edges", "data-provenance"], real=False)

    def made(seed: int, number: int) -> dict[str, bytes]:
        case = make(seed, number, start, tmp_path / "case", tmp_path / "scratch")
        below = [file for file in (tmp_path / "case").rglob("*") if file.is_file() and not file.is_symlink()]
        return {file.name: file.read_bytes() for file in below} | {"": str(case.path).encode()}

    once = [made(1, number) for number in range(60)]
    assert once == [made(1, number) for number in range(60)]
    assert once != [made(2, number) for number in range(60)]


def test_most_cases_are_changed_and_many_keep_their_form(tmp_path: Path) -> None:
    start = specimens(["data-provenance"], real=False)
    (whole,) = {content for each in start["data-provenance"] for content in each.files.values()}
    words: Counter[str] = Counter()
    for number in range(200):
        case = make(SEED, number, start, tmp_path / "case", tmp_path / "scratch")
        verdict = judge(case.format, case.path, 10.0, None)
        files = list((tmp_path / "case").glob("*.json"))
        words[verdict.word] += 1
        words["same"] += any(file.is_file() and file.read_bytes() == whole for file in files)
    assert words["read"] > 100
    assert words["same"] < 10


# -- power ---------------------------------------------------------------------------------------


def facts(*found: Entity | Relation | Issue, format_: str = "planted") -> Facts:
    return Facts(
        "o",
        1,
        tuple(each for each in found if isinstance(each, Entity)),
        tuple(each for each in found if isinstance(each, Relation)),
        tuple(each for each in found if isinstance(each, Issue)),
        format_,
    )


def sleep(path: Path) -> Facts:
    while True:
        with suppress(Exception):
            time.sleep(1)


def opens(where: str) -> Callable[[Path], Facts]:
    def read(path: Path) -> Facts:
        with suppress(OSError):
            Path(where).read_bytes()
        return facts()

    return read


def raises(error: Exception) -> Callable[[Path], Facts]:
    def read(path: Path) -> Facts:
        raise error

    return read


@pytest.mark.parametrize(
    ("read", "word"),
    [
        (lambda path: facts(), "read"),
        (raises(InputError("no", "", "p")), "refused"),
        (raises(InputError("\ud800")), "unsound"),
        (raises(KeyError("x")), "crash"),
        (raises(RecursionError()), "crash"),
        (sleep, "hang"),
        (opens("/etc/hostname"), "escape"),
        (opens("/nowhere/at/all"), "escape"),
        (lambda path: facts(format_="other"), "unsound"),
        (lambda path: facts(Entity(Key("model", "\ud800"), HERE)), "unsound"),
        (lambda path: facts(Entity(Key("model", " "), HERE)), "unsound"),
        (lambda path: facts(Entity(KEY, HERE, Count(-1, -1))), "unsound"),
        (lambda path: facts(Entity(KEY, HERE, Count(2, 1))), "unsound"),
        (lambda path: facts(Entity(KEY, HERE, generation=True)), "unsound"),
        (lambda path: facts(Entity(KEY, HERE, labels={"a": "x" * 501})), "unsound"),
        (lambda path: facts(Entity(KEY, Place("a", -1))), "unsound"),
        (lambda path: facts(Entity(KEY, HERE, labels={"a": 1})), "unsound"),  # type: ignore[dict-item]
        (lambda path: facts(Relation(KEY, KEY, "taught", HERE)), "unsound"),  # type: ignore[arg-type]
        (lambda path: facts(Issue("error", HERE, "\udc80")), "unsound"),
    ],
)
def test_a_planted_fault_is_found(
    read: Callable[[Path], Facts], word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "_importer", lambda name: read)
    (tmp_path / "inside").write_text("a file of the case may be opened")
    assert judge("planted", tmp_path, 0.3, None).word == word


def test_what_lies_in_the_case_may_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inside").write_text("text")
    monkeypatch.setattr(judging, "_importer", lambda name: opens(str(tmp_path / "inside")))
    assert judge("planted", tmp_path, 1.0, None).word == "read"
    (tmp_path / "link").symlink_to("/etc/hostname")
    monkeypatch.setattr(judging, "_importer", lambda name: opens(str(tmp_path / "link")))
    assert judge("planted", tmp_path, 1.0, None).word == "escape"


def test_a_graph_that_cannot_be_made_is_a_fault_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(found: Facts) -> None:
        raise ValueError("no graph")

    monkeypatch.setattr(judging, "_importer", lambda name: lambda path: facts())
    verdict = judge("planted", tmp_path, 1.0, broken)
    assert verdict.word == "crash"
    assert "in broken: 'ValueError: no graph'" in verdict.said
