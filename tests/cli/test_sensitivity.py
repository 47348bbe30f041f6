"""``headwater sensitivity``: what it prints and writes, its exit codes, and mistakes a person may make."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from headwater.cli.sensitivity import command
from headwater.errors import HeadwaterError, InputError, NoLaw
from headwater.pipeline import read_pipeline

TWO = """\
headwater: 1
name: distillation
regime: replace
generations: 20
sources: {web: {}}
models: {teacher: {}, student: {}}
flows:
  - {from: web, to: teacher, samples: [100, 400]}
  - {from: student, to: teacher, samples: [500, 900]}
  - {from: teacher, to: student, samples: 1000}
"""
LOOP = """\
headwater: 1
sources: {web: {}}
models: {"a -> b.c\\n": {}}
flows:
  - {from: web, to: "a -> b.c\\n", samples: 100}
  - {from: "a -> b.c\\n", to: "a -> b.c\\n", samples: 900}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the command on a pipeline text: exit code, standard output."""
    monkeypatch.setenv("COLUMNS", "110")
    app = typer.Typer()
    app.command()(command)

    def called(text, *arguments, code=0):
        file = tmp_path / "pipeline.yaml"
        file.write_text(text)
        found = CliRunner().invoke(app, [str(file), *map(str, arguments)])
        if isinstance(found.exception, HeadwaterError):
            raise found.exception
        assert found.exit_code == code, found.output
        return found.stdout

    return called


def test_a_page_tells_the_worst_case_and_that_it_is_proved(run):
    """Ranges, a row a model, and the proof in one sentence."""
    page = run(TWO)
    assert "Over the whole box of uncertain counts" in page
    assert "web->teacher 100 to 400; student->teacher 500 to 900" in page
    assert "web->teacher 100, student->teacher 900. Proved: no counts of the box are worse." in page.replace(
        "\n", " "
    )


def test_the_document_is_json_without_infinity(run, tmp_path):
    """It is what -o writes, too."""
    out = tmp_path / "doc.json"
    document = json.loads(run(TWO, "--json", "-o", out), parse_constant=pytest.fail)
    assert json.loads(out.read_text()) == document
    assert document["schema"] == "headwater/sensitivity/1" and document["target"] is None
    assert document["worst_case"]["counts"] == {"web->teacher": 100, "student->teacher": 900}
    models = document["boxes"][0]["models"]
    assert set(models) == {"teacher", "student"}
    assert models["student"]["worst"]["found"] <= models["student"]["worst"]["proved"] * (1 + 1e-12)
    assert models["student"]["worst_verdict"] == {"verdict": "degrades", "proved": True}


def test_a_target_that_holds_over_the_box_ends_well_and_others_with_three(run):
    """In the limit and at the horizon, or at the horizon that was asked for."""
    worst = json.loads(run(TWO, "--json"))["worst_case"]["proved"]
    assert "met over the whole box" in run(TWO, "--max-inflation", worst * 1.01)
    page = run(TWO, "--max-inflation", worst * 0.9, code=3)
    assert "not met over the whole box" in page and "reaches" in page
    run(TWO, "--max-inflation", 1.2, "--horizon", 1, code=3)
    assert "not met" in run(LOOP, "--max-inflation", 2, code=3)
    assert "met" in run(LOOP, "--max-inflation", 6)


def test_the_worst_case_is_written_as_a_pipeline(run, tmp_path):
    """Its file says what was changed."""
    out = tmp_path / "worst.yaml"
    run(TWO, "--worst-case", out)
    assert "#   web->teacher: 100 to 400 -> 100" in out.read_text()
    assert read_pipeline(out).graph.samples.tolist() == [100, 900, 1000]
    assert not read_pipeline(out).graph.ranges


def test_odd_names_cannot_break_the_page(run):
    """A new line and an arrow in a name."""
    page = run(LOOP)
    assert "a -> b.c\\n" in page and "×5.26" in page


def test_a_loop_without_real_data_is_said_to_collapse_whatever_the_counts(run):
    """And what counts do to it until then is one option away."""
    text = "{headwater: 1, models: {a: {}}, flows: [{from: a, to: a, samples: [10, 90]}]}"
    page = run(text)
    assert "without bound, whatever the counts" in page and "--horizon 20" in page
    assert "×21.00" in run(text, "--horizon", 20)
    assert "not met" in run(text, "--max-inflation", 50, code=3)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (["--objective", "techer"], InputError, "did you mean 'teacher'"),
        (["--horizon", "0"], InputError, "from 1 to"),
        (["--max-inflation", "0"], InputError, "--max-inflation is 0"),
        (["--models", ","], InputError, "names no model"),
        (["--objective", "teacher", "--models", "student"], InputError, "not among --models"),
        (["--regime", "accumulate"], NoLaw, "--regime replace"),
        (["--worst-case", "x.yaml", "-o", "x.yaml"], InputError, "are one file"),
    ],
)
def test_mistakes_are_answered(run, arguments, error, said):
    """What is wrong, and what to write instead."""
    with pytest.raises(error, match=said):
        run(TWO, *arguments)
