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
    assert document["pipeline"] == "distillation"
    assert models["student"]["worst"]["regions"] >= 1 and models["student"]["worst"]["risk"] > 0
    taught = next(each for each in document["flows"] if each["to"] == "student")
    assert taught["risk_elasticity"] < 0 < taught["elasticity"]
    assert taught["ten_percent_more"]["risk"] < 1 and taught["ten_percent_more"]["model"] == "student"
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


@pytest.mark.parametrize("width", [80, 110, 200])
def test_the_legend_explains_the_columns_that_are_shown_and_no_others(run, monkeypatch, width):
    """On a narrow terminal the slope goes, and with it what is said of it."""
    monkeypatch.setenv("COLUMNS", str(width))
    page = run(TWO)
    table, legend = page.split("Elasticity: ")
    assert ("slope alone says" in table) == ("slope alone:" in legend) == (width > 80)
    said = " ".join(legend.split())
    assert "of risk" in table and "change inflation, and risk itself, by so many per cent" in said
    assert "where it rises, risk may still fall" in said


def test_what_counts_most_is_told_in_risk_too(run):
    """The student's generation 0 gains more; where that is given nothing is said of it."""
    text = "{headwater: 1, sources: {web: {}}, models: {t: {}, s: {%s}}, flows: [%s]}"
    flows = "{from: web, to: t, samples: 3000}, {from: t, to: s, samples: 1000}"
    page = " ".join(run(text % ("", flows)).split())
    assert "t->s. 100 more samples there raise it from ×1.33 to ×1.37, and yet lower the risk of 's'" in page
    assert "by 6.8 %, for generation 0 gains even more: more there helps where risk itself" in page
    page = " ".join(run(text % ("initial: {web: 1000}", flows)).split())
    assert "100 more samples there lower it from ×1.33 to ×1.24, and the risk of 's' by 6.8 %: more" in page
    assert "generation 0" not in page
    page = " ".join(run(text % ("", flows), "--objective", "sum").split())
    assert "lower it from ×2.33 to ×2.30, and risk itself by 5.2 %" in page


def test_it_is_said_where_ten_percent_more_make_another_model_the_worst(run):
    """Two loops, nearly as bad."""
    flows = "".join(
        f"  - {{from: web, to: {name}, samples: 100}}\n  - {{from: {name}, to: {name}, samples: {own}}}\n"
        for name, own in (("large", 910), ("small", 900))
    )
    text = f"headwater: 1\nsources: {{web: {{}}}}\nmodels: {{large: {{}}, small: {{}}}}\nflows:\n{flows}"
    page = " ".join(run(text).split())
    assert "to ×5.26 (then 'small' is the worst), and the risk of 'large' by" in page
    assert "is the worst)" not in run(TWO)


def test_worst_is_said_to_mean_inflation_where_risk_may_go_another_way(run, monkeypatch):
    """With the risk beside it: of the student, whose own flow is uncertain. Not where its start is given."""
    flows = "{from: web, to: t, samples: 1000}, {from: t, to: s, samples: [500, 2000]}"
    text = "{headwater: 1, sources: {web: {}}, models: {t: {}, s: {%s}}, flows: [%s]}"
    page = run(text % ("", flows))
    # inflation 1 + n/1000 is worst at 2000, where risk 1/1000 + 1/n is least: 3/4 of 2/1000, and 3/2 at 500
    assert "×1.50 / ×0.75" in page and "Worst means the largest inflation" in page
    monkeypatch.setenv("COLUMNS", "40")
    page = " ".join(run(text % ("", flows)).split())
    assert "That of 's' at its best / worst counts, over that at the middle: ×1.50 / ×0.75." in page
    assert "Worst means" not in run(text % ("initial: {web: 1000}", flows))


def test_a_model_called_worst_can_be_named(run):
    """As in `headwater weights`; the document spells it so."""
    text = TWO.replace("student", "worst")
    assert json.loads(run(text, "--json"))["objective"] == "worst"
    named = json.loads(run(text, "--objective", "model:worst", "--json"))
    assert named["objective"] == "model:worst" and named["model"] == "worst"
    assert json.loads(run(text, "--objective", "model:teacher", "--json"))["objective"] == "teacher"


def test_help_says_exit_code_three(run):
    """Before anybody meets it in a script."""
    assert "Exit 3 where --max-inflation is not met" in run(TWO, "--help")


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
