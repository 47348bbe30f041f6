"""``headwater calibrate``: its page, its document, the forecast as a table, and its errors."""

from __future__ import annotations

import csv
import json
from types import SimpleNamespace

import pyarrow.parquet
import pytest
import typer
from typer.testing import CliRunner

from headwater.cli.calibrate import command
from headwater.errors import InputError, UnknownCount
from headwater.planning.calibration import Forecast, Interval, Limit, Passing
from headwater.report import calibration

PIPELINE = """headwater: 1
name: loop
regime: replace
generations: 15
sources: {web: {}}
models: {teacher: {}, "student [b]": {}}
flows:
  - {from: web, to: teacher, samples: 200}
  - {from: teacher, to: teacher, samples: 800}
  - {from: teacher, to: "student [b]", samples: 500}
  - {from: "student [b]", to: "student [b]", samples: 500}
"""


@pytest.fixture(autouse=True)
def _fewer_particles(monkeypatch):
    """What is tried here needs no third digit."""
    monkeypatch.setattr("headwater.planning.calibration.calibrating.PARTICLES", 200)


@pytest.fixture
def files(tmp_path):
    pipeline, seen = tmp_path / "loop.yaml", tmp_path / "seen.csv"
    pipeline.write_text(PIPELINE)
    rows = [
        f"{at},{name},{20 + at * pace}"
        for name, pace in (("teacher", 0.4), ("student [b]", 0.7))
        for at in range(6)
    ]
    seen.write_text("generation,model,perplexity\n" + "\n".join(rows) + "\n")
    return [str(pipeline), "--observed", str(seen), "--column", "perplexity"]


def run(*arguments, **options):
    app = typer.Typer(add_completion=False)
    app.command()(command)
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "110"}, **options)


def test_the_page_tells_course_sizes_meaning_and_limit(files):
    """With the names of models as they are, brackets and all."""
    shown = run(*files, "--floor", "1", "--max-risk", "24")
    assert shown.exit_code == 0, shown.output
    for words in (
        "loop: 2 models calibrated",
        "student [b]",
        "generation 15",
        "What it means",
        "is above 24",
    ):
        assert words in shown.output
    assert "90% intervals; how often such intervals held in tests: docs/calibration.md" in shown.output
    assert "intervals hold 90%" not in shown.output


@pytest.mark.parametrize(
    ("median", "when", "bound", "said"),
    [
        (
            12.99, (11.0, 6.0, None), Limit("risk", 13.0),
            "chance 75% that risk is above 13 in at least one generation from 6 to 7, though the middle "
            "forecast stays below; half of all histories pass it by generation 11 (90%: 6 to after 7).",
        ),
        (
            13.01, (6.0, 6.0, 7.0), Limit("risk", 13.0),
            "chance 75% that risk is above 13 in at least one generation from 6 to 7; half of all histories "
            "pass it by generation 6 (90%: 6 to 7).",
        ),
        (
            12.99, (None, 7.0, None), Limit("inflation", 2.0),
            "chance 75% that risk above the floor is more than 2 times that of generation 0 in at least one "
            "generation from 6 to 7; 5% of all histories pass it by generation 7.",
        ),
        (
            12.99, (None, None, None), Limit("inflation", 2.0),
            "chance 75% that risk above the floor is more than 2 times that of generation 0 in at least one "
            "generation from 6 to 7.",
        ),
    ],
)  # fmt: skip
def test_a_limit_is_told_as_of_any_generation_and_beside_the_middle_forecast(median, when, bound, said):
    """As the table has it: a chance above half beside medians below the limit is no contradiction."""
    run = Forecast("", {at: Interval(median, 12.0, 14.0) for at in (6, 7)}, Passing(0.75, Interval(*when)))
    model = SimpleNamespace(observed={"": dict.fromkeys(range(6), 12.0)})
    found = SimpleNamespace(limit=bound, generations=7, level=0.9)
    assert calibration._passings(found, [("student", model, run)]) == [f"'student': {said}"]


def test_a_limit_that_seldom_is_passed_is_told_without_though(files):
    """Nothing to explain where chance and middle forecast say the same; nor from and to of one generation."""
    shown = " ".join(run(*files, "--max-risk", "1000", "--generations", "6").output.split())
    assert "chance 0% that risk is above 1000 at generation 6." in shown
    assert "though" not in shown


@pytest.mark.parametrize(("columns", "explained"), [("200", True), ("80", False)])
def test_only_columns_that_are_shown_are_explained(files, columns, explained):
    """A narrow terminal has no column for the floor."""
    app = typer.Typer(add_completion=False)
    app.command()(command)
    shown = CliRunner().invoke(app, files, env={"COLUMNS": columns}).output
    assert "Noise: V is" in shown
    for title, meaning in (("  floor", "Floor: "), ("dimensions", "Dimensions: ")):
        assert (title in shown) is (meaning in shown) is explained


def test_the_help_says_what_is_needed_and_shows_a_command():
    """Columns and all; and what an inflation is here."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(command)
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).output
    assert "\n  headwater calibrate pipeline.yaml --observed measurements.csv --max-risk 13\n" in shown
    words = " ".join(shown.split())
    assert "Required. CSV or Parquet with columns generation (0: before any retraining), model, risk" in words
    assert "so many times what it was at generation 0?" in words


def test_the_document_has_its_schema_and_no_nan(files):
    """All that the page has, with provenance."""
    document = json.loads(run(*files, "--json", "--max-inflation", "2").output, parse_constant=pytest.fail)
    assert document["schema"] == "headwater/calibration/1"
    assert document["limit"] == {"quantity": "inflation", "bound": 2.0}
    teacher = document["models"]["teacher"]
    assert [row["generation"] for row in teacher["runs"][0]["forecast"]] == list(range(6, 16))
    assert all(row["low"] < row["median"] < row["high"] for row in teacher["runs"][0]["forecast"])
    assert set(document["provenance"]) == {"headwater", "input_sha256", "observed_sha256"}
    assert all(document["provenance"].values())


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_forecast_is_written_as_a_table(files, tmp_path, suffix):
    """A row a model and generation."""
    place = tmp_path / f"ahead{suffix}"
    assert run(*files, "-o", str(place), "--generations", "8").exit_code == 0
    if suffix == ".csv":
        with place.open() as file:
            rows = list(csv.DictReader(file))
    else:
        rows = pyarrow.parquet.read_table(place).to_pylist()
    assert [(row["model"], int(row["generation"])) for row in rows[:4]] == [
        ("teacher", 6), ("teacher", 7), ("teacher", 8), ("student [b]", 6),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("extra", "kind", "said"),
    [
        (["--column", "fid"], InputError, "there is no column 'fid'"),
        (["--max-risk", "3", "--max-inflation", "3"], InputError, "both given"),
        (["-o", "forecast.txt"], InputError, "neither .csv nor .parquet"),
        (["--generations", "3"], InputError, "generations is 3"),
        (["--level", "90"], InputError, "level is 90"),
        (["--floor", "30"], InputError, "seen.csv:2: risk is 20"),
    ],
)
def test_what_is_wrong_is_one_error(files, extra, kind, said):
    """Raised for the command line to say, with exit status 2."""
    found = run(*files, *extra).exception
    assert isinstance(found, kind)
    assert said in str(found)


def test_measurements_have_to_be_named(files):
    """The option has no default."""
    assert "--observed is missing" in str(run(files[0]).exception)


def test_unknown_counts_can_be_assumed(files, tmp_path):
    """Without them theory has no clock."""
    bare = tmp_path / "bare.yaml"
    bare.write_text(PIPELINE.replace(", samples: 800", ""))
    assert isinstance(run(str(bare), *files[1:]).exception, UnknownCount)
    assert run(str(bare), *files[1:], "--assume", "samples=800").exit_code == 0
