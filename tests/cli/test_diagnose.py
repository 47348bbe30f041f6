"""``headwater diagnose``: what it prints and writes, its exit code, and every mistake a person may make."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import jsonschema
import pyarrow as pa
import pyarrow.parquet
import pytest
from rich.cells import cell_len

from headwater.cli import main
from headwater.diagnosis import diagnose
from headwater.pipeline import read_pipeline
from headwater.report.terminal import as_text
from headwater.theory.laws import LAWS
from tests.diagnosis.schema import diagnosis_schema

EXAMPLE = str(Path(__file__).resolve().parents[1] / "diagnosis" / "example.yaml")
MIXED = """\
headwater: 1
sources: {web: {}}
models:
  other: {}
  a: {}
flows:
  - {from: web, to: a, samples: 5}
  - {from: a, to: a, samples: 20}
  - {from: web, to: other, samples: 500}
"""
EDGES = "from,to,samples\nweb,a,50\na,a,50\nlab,b,30\n"
VALUES = {"features": "3", "noise": "2.0", "mean": "0.5", "shape": "2", "ddof": "1"}


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the command in this process: exit code, standard output and standard error."""
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def called(*arguments, width=None):
        if width is not None:
            monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr(sys, "argv", ["headwater", "diagnose", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        return stopped.value.code or 0, *capsys.readouterr()

    return called


@pytest.fixture
def refused(run):
    """Runs a command that must end in one error of a problem and a remedy, on standard error alone."""

    def called(*arguments):
        code, out, error = run(*arguments)
        assert (code, out) == (2, "")
        assert "Traceback" not in error
        problem, remedy = error.rstrip("\n").split("\n")
        assert problem and remedy
        return error

    return called


@pytest.fixture
def write(tmp_path):
    """Writes a file and says where."""

    def written(text, name="pipeline.yaml"):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return written


# -- what it prints and writes ---------------------------------------------------------------------


def test_the_page_is_that_of_the_library(run):
    """At any width, but for blanks at the ends of lines."""
    for width in (60, 80, 120):
        code, out, error = run(EXAMPLE, width=width)
        assert (code, error) == (0, "")
        assert "\n".join(map(str.rstrip, out.splitlines())) == as_text(
            diagnose(read_pipeline(EXAMPLE)), width
        )
        assert max(map(cell_len, out.splitlines())) <= width


def test_no_colours_are_sent_to_a_file(run):
    """Nothing but text."""
    assert "\x1b" not in run(EXAMPLE)[1]


def test_json_is_of_the_schema_and_the_same_three_times(run, tmp_path):
    """Printed, written, and from the library: one value."""
    path = tmp_path / "d.json"
    code, out, error = run(EXAMPLE, "--json", "-o", path)
    assert (code, error) == (0, "")
    assert path.read_text("utf-8") == out
    document = json.loads(out, parse_constant=pytest.fail)
    assert document == diagnose(read_pipeline(EXAMPLE)).to_dict()
    jsonschema.validate(document, diagnosis_schema(20))
    digest = hashlib.sha256(Path(EXAMPLE).read_bytes()).hexdigest()
    assert document["provenance"]["input_sha256"] == digest
    assert document["pipeline"] == "support-ticket distillation"


def test_a_file_is_written_beside_the_table(run, tmp_path):
    """-o takes nothing from the page."""
    path = tmp_path / "d.json"
    assert run(EXAMPLE, "--output", path)[1] == run(EXAMPLE)[1]
    assert json.loads(path.read_text("utf-8"))["verdict"] == "collapses"


def test_what_the_command_line_says_goes_before_the_file(run):
    """Regime, horizon and law."""
    out = run(EXAMPLE, "--json", "--regime", "window:2", "--generations", 3, "--law", "poisson", "--mean", 2)[
        1
    ]
    document = json.loads(out)
    assert (document["regime"], document["generations"]) == ("window:2", 3)
    assert (document["law"]["name"], document["law"]["mean"]) == ("poisson", 2)
    assert not {"regime", "generations"} & {said.partition(":")[0] for said in document["assumptions"]}


@pytest.mark.parametrize("name", LAWS)
def test_every_law_has_its_spelling(run, write, name):
    """With its parameters and no others, on a pipeline that suits all."""
    _, needed, optional = LAWS[name]
    options = [word for key in (*needed, *optional) for word in (f"--{key}", VALUES[key])]
    code, out, error = run(write(MIXED), "--law", name, *options, "--json", "--generations", 2)
    assert (code, error) == (0, "")
    law = json.loads(out)["law"]
    assert law["name"] == name
    assert all(law[key] == float(VALUES[key]) for key in (*needed, *optional))


def test_an_unknown_count_is_assumed_on_demand(run, write):
    """50 real beside 50 of its own: 4/3; without the stand-in the limit is not known."""
    path = write(MIXED.replace("samples: 5}", "weight: 1}").replace("samples: 20}", "samples: 50}"))
    assert json.loads(run(path, "--json")[1])["models"]["a"]["inflation_limit"] is None
    document = json.loads(run(path, "--json", "--assume", "samples=50")[1])
    assert document["models"]["a"]["inflation_limit"] == pytest.approx(4 / 3)
    assert any("50" in said and "unknown" in said for said in document["assumptions"])


# -- edge lists ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["edges.csv", "edges.CSV", "edges.parquet", "edges.pq"])
def test_edge_lists_are_diagnosed(run, write, tmp_path, name):
    """With the sources named: 4/3 for the even mix, and the name of the file."""
    path = write(EDGES, name)
    if not name.lower().endswith("csv"):
        table = {"from": ["web", "a", "lab"], "to": ["a", "a", "b"], "samples": [50, 50, 30]}
        pa.parquet.write_table(pa.table(table), path)
    code, out, error = run(path, "--sources", "web, lab", "--json")
    assert (code, error) == (0, "")
    document = json.loads(out)
    assert document["pipeline"] == "edges"
    assert document["models"]["a"]["inflation_limit"] == pytest.approx(4 / 3)
    assert document["provenance"]["input_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_source_of_an_edge_list_that_is_not_named_is_asked_for(refused, write):
    """With the option that names it."""
    error = refused(write(EDGES, "edges.csv"), "--sources", "web")
    assert "edges.csv:4: 'lab'" in error
    assert "--sources" in error


def test_an_error_about_a_model_of_an_edge_list_names_the_file(refused, write):
    """It has no line of its own."""
    error = refused(write(EDGES, "e.csv"), "--sources", "web,lab", "--law", "least-squares", "--features", 40)
    assert "e.csv: model 'b' is fitted on 30 samples" in error


# -- exit codes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("real", "synthetic", "verdict"), [(0, 100, "collapses"), (50, 50, "degrades"), (100, 0, "stable")]
)
def test_fail_on_sets_the_exit_code(run, write, real, synthetic, verdict):
    """1 at that verdict or a worse one, whatever is printed; 0 otherwise and without the option."""
    rows = [("web", real), ("a", synthetic)]
    text = "from,to,samples\n" + "".join(f"{giver},a,{count}\n" for giver, count in rows if count)
    arguments = [write(text, "e.csv"), *(["--sources", "web"] if real else [])]
    for shown, limit in product(([], ["--json"]), (None, "collapses", "degrades")):
        code, out, error = run(*arguments, *shown, *(["--fail-on", limit] if limit else []))
        fails = {None: (), "collapses": ("collapses",), "degrades": ("collapses", "degrades")}[limit]
        assert code == (verdict in fails)
        assert verdict in out
        assert error == ""


def test_unknown_counts_fail_nothing(run, write):
    """`bounded` is no degradation that anybody has seen."""
    path = write(MIXED.replace("samples: 5}", "weight: 1}"))
    assert run(path, "--fail-on", "degrades")[0] == 0


# -- mistakes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("law", "option"), [(law, option) for law, (_, needed, _) in LAWS.items() for option in needed]
)
def test_a_law_without_its_parameter_asks_for_it(refused, law, option):
    """By name, whichever of several is missing."""
    others = [word for key in LAWS[law][1] if key != option for word in (f"--{key}", VALUES[key])]
    assert f"--{option}" in refused(EXAMPLE, "--law", law, *others)


@pytest.mark.parametrize("law", LAWS)
def test_a_parameter_that_a_law_does_not_take_is_refused(refused, law):
    """Silence would let people believe that it counted."""
    _, needed, optional = LAWS[law]
    given = [word for key in needed for word in (f"--{key}", VALUES[key])]
    for option in VALUES.keys() - {*needed, *optional}:
        error = refused(EXAMPLE, "--law", law, *given, f"--{option}", VALUES[option])
        assert f"does not take --{option}" in error


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("--law poison", "did you mean 'poisson'"),
        ("--law least_squares", "did you mean 'least-squares'"),
        ("--regime replce", "replace"),
        ("--regime window", "window:3"),
        ("--regime window:0", "at least 1"),
        ("--regime window:-1", "window:3"),
        ("--generations 0", "at least 1|from 1"),
        ("--generations -3", "from 1"),
        ("--generations 99999999", "1,000,000"),
        ("--assume samples", "samples=1000"),
        ("--assume samples=0", "1 to 9,007,199,254,740,992"),
        ("--assume samples=1.5", "whole number"),
        ("--assume samples=many", "samples=1000"),
        ("--assume size=10", "samples=1000"),
        ("--assume samples=9999999999999999999", "9,007,199,254,740,992"),
        (f"--assume samples={'9' * 5000}", "samples"),
        ("--fail-on stable", "--fail-on degrades"),
        ("--sources tickets", "remove --sources"),
        ("--law least-squares --features 0", "at least 1"),
        ("--law gaussian --ddof 2", "ddof is 0"),
        ("--law bernoulli --mean 1.5", "between 0 and 1"),
        ("--law binomial --mean 1 --shape 2.5", "whole number of trials"),
        ("--law poisson --mean -1", "from 1e-50"),
        ("--law poisson --mean nan", "from 1e-50"),
        ("--law poisson --mean inf", "to 1e+50"),
        ("--law least-squares --features 3 --regime accumulate", "--regime replace"),
        ("--law gaussian --ddof 1", "weight"),
        ("--law least-squares --features 3", "weight|archive"),
    ],
)
def test_a_wrong_option_is_one_error(refused, options, named):
    """What is wrong, and what would be right."""
    error = refused(EXAMPLE, *options.split())
    assert any(part in error for part in named.split("|")), error


@pytest.mark.parametrize("value", ["1e200", "1e-200"])
@pytest.mark.parametrize("option", ["gaussian-mean --noise", "exponential --mean", "poisson --mean"])
def test_absurd_units_are_an_answer_or_one_error(run, write, option, value):
    """Squares of such numbers are none; that is said, not thrown."""
    name, key = option.split()
    code, _, error = run(write(MIXED), "--law", name, key, value, "--json", "--generations", 2)
    assert code in (0, 2)
    assert bool(error) == (code == 2)


def test_what_is_no_number_is_a_usage_error(run):
    """Of the parser, with exit code 2 as well."""
    for option in ("--features", "--mean", "--ddof", "--generations"):
        code, out, error = run(EXAMPLE, option, "three")
        assert (code, out) == (2, "")
        assert option in error


def test_too_few_samples_are_shown_with_file_and_line(refused, write):
    """The line of the model, 24 + 2 being one too many."""
    path = write(MIXED)
    error = refused(path, "--law", "least-squares", "--features", 24)
    assert error.startswith(f"{path}:5: model 'a' is fitted on 25 samples")
    assert "features + 2 = 26" in error


def test_a_variance_of_one_sample_is_shown_with_file_and_line(refused, write):
    """With ddof 1 it does not exist."""
    path = write(MIXED.replace("samples: 500", "samples: 1"))
    assert refused(path, "--law", "gaussian", "--ddof", 1).startswith(f"{path}:4: model 'other'")


@pytest.mark.parametrize("name", ["nowhere.yaml", "nowhere.csv", "nowhere.parquet"])
def test_a_missing_file_is_one_error(refused, tmp_path, name):
    """Whatever it would have been."""
    assert f"{name}: there is no such file" in refused(tmp_path / name)


def test_a_folder_is_no_pipeline(refused, tmp_path):
    """Nor is it a bug."""
    assert "directory" in refused(tmp_path)


def test_a_mistake_in_the_file_is_shown_with_its_line(refused, write):
    """As for every command that reads one."""
    path = write(MIXED.replace("from: a,", "from: b,"))
    assert refused(path).startswith(f"{path}:8: ")


@pytest.mark.parametrize("place", ["nowhere/d.json", "."])
def test_a_place_that_cannot_be_written_is_one_error(refused, tmp_path, place):
    """Before anything is printed, so that nobody takes half an answer for a whole one."""
    assert "cannot be written" in refused(EXAMPLE, "-o", tmp_path / place)


def test_a_failed_diagnosis_leaves_an_older_file_alone(refused, write):
    """Nothing is half written."""
    path = write("old", "d.json")
    refused(EXAMPLE, "--law", "gaussian", "--ddof", 1, "-o", path)
    assert path.read_text() == "old"


# -- in a process of its own ------------------------------------------------------------------------------


def alone(command, **environment):
    """Exit code, output and errors of a shell command, as bytes."""
    settings = {"PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "80", **environment}
    ended = subprocess.run(
        command, shell=True, env=os.environ | settings, capture_output=True, timeout=60, check=False
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_a_terminal_without_these_letters_gets_others():
    """A pipe whose encoding has no bars (Windows, LC_ALL=C) is no reason to fail."""
    command = f"{sys.executable} -m headwater.cli diagnose {EXAMPLE}"
    code, out, error = alone(command, PYTHONIOENCODING="cp1252")
    assert (code, error) == (0, b"")
    assert b"summariser" in out


def test_a_reader_that_leaves_is_no_error():
    """``headwater diagnose FILE --json | head -1`` is quiet."""
    command = f"{sys.executable} -m headwater.cli diagnose {EXAMPLE}"
    assert alone(f"{command} --json | head -1") == (0, b"{\n", b"")
    assert alone(f"{command} | head -1")[2] == b""


@pytest.mark.parametrize("regime", ["replace", "accumulate", "accumulate-subsample", "window:3"])
def test_a_real_share_lost_to_rounding_is_no_crash(run, write, regime):
    """One real sample beside a weight of 2^53: what cannot be told is null."""
    file = write(
        "headwater: 1\nsources: {web: {}}\nmodels: {a: {}}\nflows:\n"
        "- {from: web, to: a, samples: 1}\n- {from: a, to: a, samples: 1, weight: 9007199254740992}\n"
    )
    code, out, error = run(file, "--regime", regime, "--json")
    assert (code, error) == (0, "")
    assert json.loads(out)["verdict"]
