"""`headwater ledger`: what it prints, its exit codes, and that it changes nothing."""

from __future__ import annotations

import json
import os
import sqlite3

import pytest
from typer.testing import CliRunner

from headwater.cli.ledger import app
from headwater.errors import InputError
from headwater.ledger import Dataset, Ledger
from headwater.pipeline import read_pipeline
from tests.ledger.conftest import unlocked


@pytest.fixture
def run():
    def call(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


@pytest.fixture
def place(tmp_path):
    """A book of a model that learns from itself alone."""
    path = str(tmp_path / "lab.db")
    with Ledger(path) as book:
        for generation in range(3):
            with book.training("student", generation=generation) as run:
                before = Dataset("web", samples=900) if not generation else f"g{generation - 1}".encode()
                run.used(before, samples=900)
                run.wrote(f"g{generation}".encode(), samples=900)
    return path


def test_an_audit_of_a_whole_book_prints_its_head_and_exits_0(run, place):
    result = run("audit", place)
    with Ledger(place, read_only=True) as book:
        head = book.head()[1]
    first, caution, last = result.output.splitlines()
    assert (first, last) == ("12 entries, each as it was written", f"head: {head}")
    assert "--head" in caution
    assert run("audit", place, "--head", head).exit_code == 0


def test_an_audit_names_what_is_wrong_and_exits_1(run, place):
    head = run("audit", place).output.partition("head: ")[2].split()[0]
    with unlocked(place) as execute:
        execute("UPDATE headwater_ledger SET at = 'yesterday' WHERE number = 2")
        execute("DELETE FROM headwater_ledger WHERE number = 12")
    result = run("audit", place, "--head", head)
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "11 entries, 2 findings",
        "entry 2: not what was written",
        f"entry 12: no entry has the hash {head}: cut off from about here on, or written anew before",
    ]


def test_an_audit_of_nothing_is_bad_input_and_begins_nothing(run, tmp_path):
    with pytest.raises(InputError, match="there is no such ledger"):
        run("audit", tmp_path / "none.db")
    assert os.listdir(tmp_path) == []


def test_a_list_has_a_line_for_each_entry(run, place):
    lines = run("list", place).output.splitlines()
    assert len(lines) == 12
    assert lines[0].split()[0] == "1" and "run-started" in lines[0] and "student, generation 0" in lines[0]
    assert "web (no hash), 900 samples, trained-on" in lines[1]
    assert len(run("list", place, "--kind", "wrote").output.splitlines()) == 3
    assert len(run("list", place, "--after", 10).output.splitlines()) == 2


def test_a_list_as_json_holds_whole_entries(run, place):
    documents = [json.loads(line) for line in run("list", place, "--json").output.splitlines()]
    with Ledger(place, read_only=True) as book:
        assert [each["hash"] for each in documents] == [entry.hash for entry in book.entries()]
    assert documents[1]["body"]["dataset"]["name"] == "web"


def test_nothing_in_an_entry_steers_the_terminal(run, tmp_path):
    place = tmp_path / "a.db"
    with Ledger(place) as book:
        book.append("run-started", {"model": "a\x1b[2Jb\nc", "run": "\x07", "labels": {"\x1b": 1}})
        book.append("openlineage", {"event": {"eventType": "\x1b[1m", "job": {"name": "\ud800"}}})
        book.append("openlineage", {"event": ["x"]})
    lines = run("list", place).output.split("\n")[:-1]
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)


def test_the_verdict_comes_with_what_was_read(run, place):
    result = run("diagnose", place)
    assert result.exit_code == 0
    assert "student" in result.output and "collapses" in result.output
    assert "12 entries" in result.output


def test_a_verdict_can_fail_a_build_and_be_json(run, place):
    assert run("diagnose", place, "--fail-on", "collapses").exit_code == 1
    document = json.loads(run("diagnose", place, "--json").output)
    assert document["verdict"] == "collapses"
    with pytest.raises(InputError, match="--fail-on"):
        run("diagnose", place, "--fail-on", "stable")


def test_the_pipeline_that_was_diagnosed_can_be_kept(run, place, tmp_path):
    run("diagnose", place, "-o", tmp_path / "p.yaml", "--json")
    graph = read_pipeline(tmp_path / "p.yaml").graph
    flows = {(flow.provider, flow.model, flow.samples) for flow in graph.flows}
    assert flows == {("student", "student", 900)}
    with pytest.raises(InputError, match="would replace the input"):
        run("diagnose", place, "-o", place)


def test_rules_are_taken(run, place, tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text("no such rule: 1\n")
    with pytest.raises(InputError):
        run("diagnose", place, "--rules", rules)


@pytest.mark.parametrize("number", ["-1", "-99999999999999999999999", "99999999999999999999999"])
def test_a_number_that_no_entry_has_is_bad_input(run, place, number):
    assert run("list", place, "--after", number).exit_code == 2


def test_a_book_without_a_finished_run_has_no_verdict(run, tmp_path):
    Ledger(tmp_path / "a.db").append("run-started", {"run": "r", "model": "m", "generation": None})
    with pytest.raises(
        InputError, match="no model was read: 1 run, none of which has finished or written anything"
    ):
        run("diagnose", tmp_path / "a.db")


def test_looking_changes_nothing(run, place, tmp_path):
    before = dump(place)
    for command in ("audit", "list", "diagnose"):
        run(command, place)
    assert dump(place) == before
    assert os.listdir(tmp_path) == ["lab.db"]


def dump(place):
    connection = sqlite3.connect(place)
    rows = list(connection.iterdump())
    connection.close()
    return rows


def test_a_server_is_taken_by_its_url(run, postgresql):
    with Ledger(postgresql) as book, book.training("student") as training:
        training.used(Dataset("web"), samples=5)
    assert "3 entries" in run("audit", postgresql).output
    assert "student" in run("diagnose", postgresql).output


def test_help_tells_of_every_command(run):
    output = run("--help").output
    assert all(name in output for name in ("audit", "list", "diagnose", "export", "serve"))
