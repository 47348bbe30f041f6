"""``headwater weights``: what it prints and writes, its exit codes, and mistakes."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files

import pytest
import typer
from typer.testing import CliRunner

from headwater.cli.weights import command
from headwater.errors import HeadwaterError
from headwater.pipeline import read_pipeline

LOOP = """\
headwater: 1
sources: {web: {}}
models: {"a\\n->b": {}}
flows:
  - {from: web, to: "a\\n->b", samples: 100}
  - {from: "a\\n->b", to: "a\\n->b", samples: 100}
"""
CLOSED = """\
headwater: 1
models: {a: {}}
flows: [{from: a, to: a, samples: 100}]
"""


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("COLUMNS", "110")
    app = typer.Typer()
    app.command()(command)

    def called(*arguments):
        return CliRunner().invoke(app, [str(each) for each in arguments])

    return called


@pytest.fixture
def loop(tmp_path):
    path = tmp_path / "loop.yaml"
    path.write_text(LOOP, "utf-8")
    return path


def test_the_document_has_the_golden_ratio(run, loop):
    """One to one, the real share is 0.618; the document says from what it was made."""
    answer = run(loop, "--json")
    document = json.loads(answer.stdout)
    assert answer.exit_code == 0
    assert document["schema"] == "headwater/weights/1"
    assert document["flows"][0]["share"] == pytest.approx(0.618034, abs=1e-6)
    assert document["models"]["a\n->b"]["inflation_before"] == pytest.approx(4 / 3)
    assert document["models"]["a\n->b"]["inflation_after"] == pytest.approx(2 * 0.618034, abs=1e-5)
    assert (document["objective"], document["horizon"]) == ("worst", None)
    assert document["verified"]["theory"]["agree"] and document["verified"]["simulation"] is None
    assert document["provenance"]["input_sha256"] == hashlib.sha256(loop.read_bytes()).hexdigest()


def test_the_new_pipeline_says_what_changed(run, loop, tmp_path):
    """It differs in weights alone, and asking again finds nothing to change."""
    new = tmp_path / "new.yaml"
    answer = run(loop, "-o", new)
    assert answer.exit_code == 0 and "new.yaml" in answer.stdout
    assert "weight: 1 -> 1.23607" in new.read_text("utf-8")
    old = read_pipeline(loop).graph
    written = read_pipeline(new).graph
    assert written.samples.tolist() == old.samples.tolist() and written.weight.tolist() != old.weight.tolist()
    assert "There is nothing to change." in run(new).stdout


def test_the_example_is_served_and_what_cannot_be_is_said(run):
    """The example that init writes: three models collapse at any weights, two can be helped."""
    answer = run(files("headwater.cli") / "example.yaml")
    assert answer.exit_code == 0
    assert "falls from ×2.992 to ×2.879" in answer.stdout
    assert "external model" in answer.stdout and "closed loop" in answer.stdout


def test_weights_that_cannot_help_end_with_three(run, tmp_path):
    """A closed loop alone: the reason is on the page and in the document, and nothing is written."""
    path, new = tmp_path / "closed.yaml", tmp_path / "new.yaml"
    path.write_text(CLOSED, "utf-8")
    answer = run(path, "-o", new)
    assert answer.exit_code == 3 and "Weights cannot help" in answer.stdout and not new.exists()
    document = json.loads(run(path, "--json").stdout)
    assert not document["possible"] and "closed loop" in document["reason"]
    assert run(path, "--horizon", 5).exit_code == 0


def test_a_simulation_stands_beside_theory(run, loop):
    """With one seed it is the same twice; without a seed it is refused."""
    answer = run(loop, "--verify", "--seed", 7, "--replicates", 1500, "--json")
    found = json.loads(answer.stdout)["verified"]["simulation"]
    assert answer.exit_code == 0 and found["agree"] and found["replicates"] == 1500
    assert found["change"] < 0
    assert "theory and simulation agree" in run(loop, "--verify", "--seed", 7).stdout
    refused = run(loop, "--verify")
    assert isinstance(refused.exception, HeadwaterError) and "--seed" in str(refused.exception)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--objective", "nobody"], "neither worst, sum nor a model"),
        (["--horizon", "0"], "horizon"),
        (["--regime", "accumulate"], "regime replace"),
        (["-o", "{file}"], "replace the input"),
        (["--sources", "web"], "--sources"),
        (["--assume", "nothing=1"], "--assume"),
    ],
)
def test_a_mistake_is_one_error_with_a_way_out(run, loop, arguments, said):
    """Whatever a person may get wrong, in words of their own."""
    error = run(loop, *(each.format(file=loop) for each in arguments)).exception
    assert isinstance(error, HeadwaterError)
    assert said in error.problem and error.remedy
