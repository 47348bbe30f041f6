"""A run writes down what it uses and writes, under names that content decides."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from headwater.errors import InputError, OutputError
from headwater.ledger import Dataset, Ledger

SHA = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def book(place):
    with Ledger(place) as ledger:
        yield ledger


def told(book):
    return [
        (entry.kind, {**entry.body, "run": "r"} if "run" in entry.body else entry.body)
        for entry in book.entries()
    ]


def test_a_run_is_written_down_as_it_goes(book, tmp_path):
    (tmp_path / "web.txt").write_bytes(b"abc")
    path = str(tmp_path / "web.txt")
    with book.training("student", generation=3, labels={"rate": "0.1"}) as run:
        assert [kind for kind, _ in told(book)] == ["run-started"]
        web = run.used(path, samples=np.int64(100), vouched_by="Ann")
        run.used(Dataset("mix", SHA), samples=40, generated_by="teacher", generation=2)
        run.wrote(b"abc", samples=7)
    assert web == Dataset(path, SHA)
    dataset = {"name": path, "sha256": SHA, "samples": None}
    by_none = {"generated_by": [], "deed": None, "generation": None}
    assert told(book) == [
        ("run-started", {"run": "r", "model": "student", "generation": 3, "labels": {"rate": "0.1"}}),
        ("used", {"run": "r", "dataset": dataset, "samples": 100, "role": "trained-on", **by_none}),
        ("vouched", {"run": "r", "dataset": dataset, "by": "Ann", "note": ""}),
        (
            "used",
            {
                "run": "r",
                "dataset": {"name": "mix", "sha256": SHA, "samples": None},
                "samples": 40,
                "role": "trained-on",
                "generated_by": ["teacher"],
                "deed": "generated",
                "generation": 2,
            },
        ),
        (
            "wrote",
            {
                "run": "r",
                "dataset": {"name": f"bytes {SHA[:12]}", "sha256": SHA, "samples": None},
                "samples": 7,
                "kind": "dataset",
            },
        ),
        ("run-finished", {"run": "r"}),
    ]
    assert len({entry.body["run"] for entry in book.entries()}) == 1
    assert book.audit().valid


def test_an_exception_is_written_down_and_goes_on(book):
    with pytest.raises(KeyError, match="gone"), book.training("student"):
        raise KeyError("gone")
    with pytest.raises(KeyboardInterrupt), book.training("student"):
        raise KeyboardInterrupt
    kinds = [(kind, body.get("error"), body.get("said")) for kind, body in told(book)]
    assert kinds == [
        ("run-started", None, None),
        ("run-failed", "KeyError", "'gone'"),
        ("run-started", None, None),
        ("run-failed", "KeyboardInterrupt", ""),
    ]


def test_the_callers_exception_is_raised_even_where_the_failure_cannot_be_written(tmp_path, monkeypatch):
    with Ledger(tmp_path / "a.db") as book, pytest.raises(KeyError) as caught, book.training("student"):
        monkeypatch.setattr(book, "append_many", full)
        raise KeyError("mine")
    assert "the ledger does not say that the run failed: the disk is full" in caught.value.__notes__[0]


def full(_):
    raise OutputError("the disk is full")


def test_a_call_that_could_not_be_written_can_be_repeated(tmp_path, monkeypatch):
    """It is unknown whether a commit that failed came through; the key makes both right."""
    with Ledger(tmp_path / "a.db") as book:
        honest = book.append_many

        def lost_answer(items):
            honest(items)
            raise OutputError("the database was lost")

        with book.training("student") as run:
            monkeypatch.setattr(book, "append_many", lost_answer)
            with pytest.raises(OutputError):
                run.used(b"abc", samples=3)
            monkeypatch.setattr(book, "append_many", honest)
            run.used(b"abc", samples=3)
        assert [kind for kind, _ in told(book)] == ["run-started", "used", "run-finished"]


def test_nothing_is_said_after_the_end(book):
    with book.training("student") as run:
        pass
    with pytest.raises(InputError, match="the run of 'student' has ended"):
        run.used(b"abc")


def test_the_same_content_is_the_same_dataset_however_it_is_given(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"abc")
    given = [tmp_path / "a.bin", str(tmp_path / "a.bin"), b"abc", bytearray(b"abc"), memoryview(b"abc")]
    assert {Dataset.of(each).sha256 for each in given} == {SHA}
    frame = pd.DataFrame({"a": [1, 2]})
    table = pa.table({"a": [1, 2]})
    assert len({Dataset.of(each).sha256 for each in (frame, table, table.to_batches()[0])}) == 1
    assert Dataset.of(frame).samples == Dataset.of(np.zeros((2, 5))).samples == 2
    assert Dataset.of(tmp_path).sha256 not in (SHA, "")


def test_memory_that_is_not_in_one_piece_has_the_hash_of_its_bytes():
    assert Dataset.of(memoryview(b"a-b-c-")[::2]).sha256 == SHA
    grid = np.frombuffer(b"abcdef", "u1").reshape(2, 3)
    assert Dataset.of(memoryview(np.asfortranarray(grid))).sha256 == Dataset.of(b"abcdef").sha256
    released = memoryview(b"abc")
    released.release()
    with pytest.raises(InputError, match="the memory of a dataset cannot be read"):
        Dataset.of(released)


def test_a_loop_of_links_and_a_pipe_are_no_datasets(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="there is no such file"):
        Dataset.of(tmp_path / "a")
    with pytest.raises(InputError, match="is no regular file"):
        Dataset.of(tmp_path / "pipe")


def test_a_dataset_can_be_named_and_stated():
    assert Dataset.of(b"abc", "letters") == Dataset("letters", SHA)
    assert Dataset.of(Dataset("x", SHA, 5)) == Dataset("x", SHA, 5)
    assert Dataset.of(Dataset("x", SHA, 5), "y") == Dataset("y", SHA, 5)
    assert Dataset("s3://bucket/web").sha256 == ""


@pytest.mark.parametrize(
    ("do", "said"),
    [
        (lambda run: run.used("no/such/file"), "there is no such file or folder"),
        (lambda run: run.used("nofile"), r"there is no such file or folder(?s:.*)Dataset\('nofile', sha256"),
        (lambda run: run.used("a\0b"), "there is no such file"),
        (lambda run: run.used(""), "the path of a dataset is empty"),
        (lambda run: run.used(7), "a dataset is given as int"),
        (lambda run: run.used({"a": [1]}), "a dataset is given as dict"),
        (lambda run: run.used([1, 2]), "a dataset is given as list"),
        (lambda run: run.used(None), "a dataset is given as NoneType"),
        (lambda run: run.used(b"x", samples=-1), "samples: -1"),
        (lambda run: run.used(b"x", samples=1.5), "samples: 1.5"),
        (lambda run: run.used(b"x", samples=True), "samples: True"),
        (lambda run: run.used(b"x", samples=10**16), "samples: 1"),
        (lambda run: run.used(b"x", samples="7"), "samples: '7'"),
        (lambda run: run.used(b"x", generation=2), "generation is given without generated_by"),
        (lambda run: run.used(b"x", generated_by="t", generation=-2), "generation: -2"),
        (lambda run: run.used(b"x", generated_by=""), "generated_by is empty"),
        (lambda run: run.used(b"x", generated_by=["t", " "]), "generated_by is empty"),
        (lambda run: run.used(b"x", generated_by=[7]), "generated_by is 7, not text"),
        (lambda run: run.used(b"x", generated_by=5), "generated_by is int"),
        (lambda run: run.used(b"x", generated_by={"t": 1}), "generated_by is dict"),
        (lambda run: run.used(b"x", generated_by=b"t"), "generated_by is bytes"),
        (lambda run: run.used("a" * 5_000), "a part of more than 255 characters"),
        (lambda run: run.used("b/" + "a" * 256), "a part of more than 255 characters"),
        (lambda run: run.used("ä" * 200), "there is no such file|the file cannot be read"),
        (lambda run: run.used("a/" * 5_000), "the file cannot be read"),
        (lambda run: run.wrote("a" * 5_000), "has 5,000 characters"),
        (lambda run: run.used("a" * 5_000, role="initialised"), "has 5,000 characters"),
        (lambda run: run.ledger.mark(b"x", {}, {}), "no mark is of kind"),
        (lambda run: run.ledger.training("m", labels=[1]).__enter__(), "labels are list"),
        (lambda run: run.ledger.training("m", labels="abc").__enter__(), "labels are str"),
        (lambda run: run.ledger.training("m", labels=5).__enter__(), "labels are int"),
        (lambda run: run.ledger.training("m", labels=[]).__enter__(), "labels are list"),
        (lambda run: run.used(b"x", role="train"), "role='train'(?s:.*)did you mean 'trained-on'"),
        (lambda run: run.used(b"x", role="labelled"), "says what a model did, and names none"),
        (lambda run: run.used(b"x", vouched_by=" "), "who vouches for it is empty"),
        (lambda run: run.wrote(b"x", kind="weights"), "write kind='dataset' or kind='model'"),
        (lambda run: run.wrote("out/none.bin"), "there is no such file or folder"),
        (lambda run: run.wrote(""), "the path of a dataset is empty"),
        (lambda run: Dataset("x" * 501), "has 501 characters"),
        (lambda run: Dataset("x", "ABC"), "the sha256 of 'x' is 'ABC'"),
        (lambda run: Dataset("x", SHA.upper()), "the sha256 of 'x'"),
        (lambda run: Dataset("\ud800"), "half a character"),
        (lambda run: Dataset("x", samples=-1), "samples of 'x'"),
        (lambda run: run.ledger.training("").__enter__(), "model is empty"),
        (lambda run: run.ledger.training(None).__enter__(), "model is nothing, not text"),
        (lambda run: run.ledger.training("m", generation="2").__enter__(), "generation: '2'"),
        (lambda run: run.ledger.vouch(b"x", by=""), "who vouches for it is empty"),
    ],
)
def test_what_cannot_be_right_is_refused_and_not_written(tmp_path, monkeypatch, do, said):
    monkeypatch.chdir(tmp_path)
    with Ledger("a.db") as book, book.training("student") as run:
        with pytest.raises(InputError, match=said):
            do(run)
        assert [kind for kind, _ in told(book)] == ["run-started"]


def test_a_plain_name_may_be_written_and_a_model_started_from(book):
    with book.training("student") as run:
        assert run.wrote("student-3") == Dataset("student-3")
        assert run.used("llama", role="initialised") == Dataset("llama")
        assert run.wrote("student.bin", kind="model").name == "student.bin"


def test_a_run_that_is_killed_leaves_what_it_had_said(place):
    code = """
import os, signal, sys
from headwater.ledger import Ledger
with Ledger(sys.argv[1]) as book, book.training("student") as run:
    run.used(b"abc", samples=3)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code, place], check=False)
    assert done.returncode == -signal.SIGKILL
    with Ledger(place) as book:
        assert [kind for kind, _ in told(book)] == ["run-started", "used"]
        assert book.audit().valid


def test_several_makers_of_one_total_stay_together(book):
    with book.training("student") as run:
        run.used(b"abc", samples=30, generated_by=["a", "b"], role="translated")
    used = next(book.entries(kind="used")).body
    assert (used["generated_by"], used["deed"], used["samples"]) == (["a", "b"], "translated", 30)


def test_who_vouches_is_written_without_a_run(book):
    entry = book.vouch(b"abc", by="Ann", note="collected in 2019")
    assert (entry.kind, entry.body["by"], entry.body["note"]) == ("vouched", "Ann", "collected in 2019")
    assert entry.body["dataset"]["sha256"] == SHA
    json.dumps(entry.body)
