"""What is one dataset and what two, and which generation a run was that states none."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import pytest

from headwater.ledger import Dataset, Ledger
from headwater.ledger.facts import of_ledger
from headwater.lineage import to_graph
from headwater.lineage.facts import Key


@pytest.fixture
def book(tmp_path):
    with Ledger(tmp_path / "lab.db") as ledger:
        yield ledger


def sha(content):
    return hashlib.sha256(content).hexdigest()


def test_runs_without_a_generation_are_versions_by_their_run_and_have_none(book):
    for _ in range(2):
        with book.training("student"):
            pass
    with book.training("once"):
        pass
    with book.training("teacher", generation=4):
        pass
    with book.training("teacher"):
        pass
    facts = of_ledger(book)
    runs = [f"run {entry.body['run']}" for entry in book.entries(kind="run-started")]
    models = [
        (each.name, each.key.version, each.generation) for each in facts.entities if each.kind == "model"
    ]
    assert models == [
        ("student", runs[0], None),
        ("student", runs[1], None),
        ("once", "", None),
        ("teacher", "4", 4),
        ("teacher", runs[4], None),
    ]
    made = [(one.subject.version, one.object, one.role) for one in facts.relations]
    assert made == [
        (version, Key("procedure", run), "made") for (_, version, _), run in zip(models, runs, strict=True)
    ]


def test_a_run_is_a_procedure_with_the_times_of_its_entries(book):
    with book.training("student"):
        pass
    going = book.training("other")
    going.__enter__().wrote("half")
    times = [entry.at for entry in book.entries()]
    runs = [each for each in of_ledger(book).entities if each.kind == "procedure"]
    assert [(each.started, each.time) for each in runs] == [(times[0], times[1]), (times[2], times[2])]
    going.__exit__(None, None, None)


def test_generations_that_nobody_stated_are_told_by_the_order_of_the_book(book, monkeypatch):
    """Also where the clock of a second machine is an hour behind."""

    class Behind(datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime.now(zone) - timedelta(hours=1)

    with book.training("student") as run:
        run.used(Dataset.of(b"web", "web"), samples=1_000)
        run.wrote(b"first", samples=500)
    monkeypatch.setattr("headwater.ledger.book.datetime", Behind)
    with book.training("student") as run:
        run.used(b"first", samples=500)
        run.wrote(b"second", samples=500)
    graph, report = to_graph(of_ledger(book))
    assert [(flow.provider, flow.model, flow.samples) for flow in graph.flows] == [
        ("student", "student", 500)
    ]
    assert dict(next(iter(graph.models)).initial) == {"web": 1_000}
    assert "2 by when they were made" in str(report)


def told(facts):
    """Subject and object of what is said of data."""
    return [(one.subject, one.object) for one in facts.relations if one.object.kind != "procedure"]


def test_two_contents_that_share_half_their_hash_are_two(book):
    """Two that share 12 digits take half a minute to find; those of these share all but the last."""
    with book.training("student") as run:
        run.wrote(Dataset("synthetic", "4610ec7762e7" + "0" * 52), samples=5)
        run.used(Dataset("real", "4610ec7762e7" + "0" * 51 + "1"), samples=5)
    made, used = told(of_ledger(book))
    assert made[0] != used[1]
    assert (used[1].name, made[0].name) == ("real", "synthetic")


def test_the_two_contents_of_a_found_collision_are_two(book):
    one, other = b"x3778012", b"x10780647"
    assert sha(one)[:12] == sha(other)[:12]
    with book.training("student") as run:
        run.wrote(one)
        run.used(other)
    made, used = told(of_ledger(book))
    assert (made[0].version, used[1].version) == (sha(one), sha(other))
