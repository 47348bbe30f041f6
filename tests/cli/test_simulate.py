"""``headwater simulate``: what it prints, keeps and refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import jsonschema
import numpy as np
import pytest
from rich.cells import cell_len

from headwater import open_run, read_pipeline, simulate
from headwater.cli import main
from headwater.families import Gaussian, registry
from headwater.report.columns import measured, number, within
from headwater.report.runs import RunsReport, as_text
from headwater.simulation import Executor
from headwater.simulation.summary import STATISTICS, summarise

EXAMPLE = """\
headwater: 1
name: two loops
regime: replace
generations: 3
sources: {web: {}}
models:
  mixed: {}
  alone: {}
flows:
  - {from: web, to: mixed, samples: 5}
  - {from: mixed, to: mixed, samples: 5}
  - {from: alone, to: alone, samples: 8}
"""
UNKNOWN = EXAMPLE.replace("  - {from: web, to: mixed, samples: 5}", "  - {from: web, to: mixed}")
EXTERNAL = EXAMPLE.replace("models:", "models:\n  vendor: {external: true}").replace(
    "from: web", "from: vendor"
)
GAUSSIAN = ("--family", "gaussian", "--ddof", "1", "--replicates", "40", "--seed", "7")


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the command in this process: exit code, standard output and standard error."""
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def called(*arguments, width=None):
        if width is not None:
            monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr(sys, "argv", ["headwater", "simulate", *map(str, arguments)])
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
        problem, remedy = error.rstrip("\n").split("\n")
        assert problem and remedy
        return error

    return called


@pytest.fixture
def write(tmp_path):
    def written(text, name="pipeline.yaml"):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return str(path)

    return written


def found(path, **how):
    return summarise(simulate(read_pipeline(path), Gaussian(ddof=1), replicates=40, seed=7, **how))


# -- what it prints ----------------------------------------------------------------------------------


def test_the_page_says_what_was_run_and_a_row_a_model(run, write):
    """Worst first; with the library's own numbers, means beside medians."""
    path = write(EXAMPLE)
    code, out, error = run(path, *GAUSSIAN, width=120)
    assert (code, error) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "two loops: 40 replicates of 3 generations"
    assert lines[1] == (
        "family gaussian (ddof 1, dimensions 1), regime replace, seed 7; 2 models, 1 source, 3 flows"
    )
    assert [line.split()[0] for line in lines[4:6]] == ["alone", "mixed"]
    last = found(path).sel(generation=3, model="alone")
    of = lambda name, measure: float(last[name].sel(measure=measure))
    ends = ("median", "median_low", "median_high")
    for shown in (
        number(float(found(path)["mean"].sel(measure="risk", generation=0, model="alone"))),
        measured(of("mean", "risk"), of("standard_error", "risk")),
        within(*(of(name, "risk") for name in ends)),
        "×" + measured(of("mean", "inflation"), of("standard_error", "inflation")),
        "×" + within(*(of(name, "inflation") for name in ends)),
    ):
        assert shown in lines[4], shown
    assert "variance" in lines[7] and "wasserstein" in lines[7]
    assert lines[-1] == "Nothing was kept: repeat with -o DIRECTORY to keep every replicate."


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_it_fits_the_terminal(run, write, width):
    """The names and the inflation stay where other columns go."""
    out = run(write(EXAMPLE), *GAUSSIAN, width=width)[1]
    assert max(map(cell_len, out.splitlines())) <= width
    assert "×" in out and "inflation" in out
    assert "\x1b" not in out


def test_twenty_models_are_shown_and_the_others_counted(run, write):
    """The worst of them."""
    text = "from,to,samples\n" + "".join(f"m{at},m{at},{2 + at}\n" for at in range(25))
    out = run(write(text, "e.csv"), *GAUSSIAN, "--generations", 2)[1]
    assert "... and 5 more models, none worse (--json has all)" in out
    assert "e: 40 replicates of 2 generations" in out


def test_failed_fits_are_counted(run, write):
    """Five rows never determine eight coefficients; a frozen model is fitted once."""
    text = (
        EXAMPLE.replace("samples: 8", "samples: 50")
        .replace("  alone: {}", "  alone: {}\n  old: {frozen: true, initial: {web: 5}}")
        .replace("samples: 5}", "samples: 4}")
    )
    options = ("--family", "least-squares", "--features", 8, "--replicates", 30, "--seed", 1)
    out = run(write(text), *options, "--regime", "replace", width=120)[1]
    # mixed has 8 rows for 8 coefficients and is determined; old has 5
    assert "30 of 270 fits failed" in out
    assert "fits failed" not in run(write(EXAMPLE), *GAUSSIAN)[1]


def test_replicates_that_explode_are_said(write):
    """One infinite risk: the mean is infinite and said to be, the median stands, and the order holds."""
    pipeline = read_pipeline(write(EXAMPLE))
    runs = simulate(pipeline, Gaussian(ddof=1), replicates=40, seed=7)
    runs["risk"][5, 3, 0] = np.inf
    page = as_text(RunsReport(runs, summarise(runs), pipeline.graph), 120)
    assert "'mixed', risk: 1 of 40 replicates are no finite number" in page
    row = page.splitlines()[4]
    assert row.startswith("mixed") and "×∞" in row and "[" in row
    assert "'alone'" not in page


# -- JSON ----------------------------------------------------------------------------------------------


def schema():
    """Of the document, as its module describes it."""
    series = {"type": "array", "items": {"type": ["number", "null"]}, "minItems": 4, "maxItems": 4}
    measure = {
        "type": "object",
        "properties": dict.fromkeys(STATISTICS, series),
        "required": list(STATISTICS),
        "additionalProperties": False,
    }
    keys = ["schema", "pipeline", "family", "regime", "generations", "replicates", "seed"]
    keys += ["interval", "assumptions", "store", "measures", "failed_fits", "models", "provenance"]
    return {
        "type": "object",
        "properties": {
            **{key: True for key in keys},
            "schema": {"const": "headwater/simulation/1"},
            "models": {"additionalProperties": {"additionalProperties": measure}},
        },
        "required": keys,
        "additionalProperties": False,
    }


def test_json_holds_every_generation_of_every_model(run, write):
    """The library's numbers, in the order of the file."""
    path = write(EXAMPLE)
    code, out, error = run(path, *GAUSSIAN, "--json")
    assert (code, error) == (0, "")
    document = json.loads(out, parse_constant=pytest.fail)
    jsonschema.validate(document, schema())
    assert list(document["models"]) == ["mixed", "alone"]
    expected = found(path)
    for name in STATISTICS:
        np.testing.assert_array_equal(
            document["models"]["alone"]["inflation"][name],
            expected[name].sel(measure="inflation", model="alone").values,
        )
    assert document["measures"]["variance"]["better"] == "high"
    assert (document["seed"], document["replicates"], document["store"]) == (7, 40, None)
    assert document["provenance"]["input_sha256"]


def test_what_is_not_finite_is_null_in_json(run, write):
    """One replicate has no standard error."""
    document = json.loads(run(write(EXAMPLE), *GAUSSIAN, "--replicates", 1, "--json")[1])
    assert document["models"]["alone"]["risk"]["standard_error"] == [None] * 4


# -- stores --------------------------------------------------------------------------------------------


def test_a_run_is_kept_and_opened_as_it_says(run, write, tmp_path):
    """And the page is the same as without."""
    path, store = write(EXAMPLE), tmp_path / "runs" / "a"
    out = run(path, *GAUSSIAN, "-o", store, width=250)[1]
    assert out.splitlines()[-1] == f'Kept in {store}; in Python: headwater.open_run("{store}")'
    assert out.splitlines()[:-1] == run(path, *GAUSSIAN, width=250)[1].splitlines()[:-1]
    assert open_run(store).sizes == {"replicate": 40, "generation": 4, "model": 2}


def test_a_run_that_was_stopped_is_resumed(run, refused, write, tmp_path):
    """With --resume and not without; another run is refused."""
    path, store = write(EXAMPLE), tmp_path / "a"
    command = (path, *GAUSSIAN, "--chunk", 10, "-o", store)
    whole = run(*command, width=200)[1]
    (store / "chunk-000002.parquet").unlink()
    assert "3 of 4 chunks finished" in refused(*command)
    assert "seed is 7 there, 8 here" in refused(*command, "--resume", "--seed", 8)
    assert run(*command, "--resume", width=200)[1] == whole


def test_an_interrupted_run_says_how_it_goes_on(run, write, tmp_path, monkeypatch):
    """On the error stream, with the exit code of an interruption."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Executor, "run", interrupted)
    code, out, error = run(write(EXAMPLE), *GAUSSIAN, "-o", tmp_path / "a")
    assert (code, out) == (130, "")
    assert "repeat with --resume" in error
    assert run(write(EXAMPLE), *GAUSSIAN) == (130, "", "")


# -- what goes before the file -------------------------------------------------------------------------


def test_options_go_before_the_file(run, write):
    """Regime, horizon, measures, workers."""
    out = run(write(EXAMPLE), *GAUSSIAN, "--regime", "window:2", "--generations", 2, "--metrics", "risk")[1]
    assert "regime window:2" in out and "of 2 generations" in out
    assert "variance:" not in out
    again = run(write(EXAMPLE), *GAUSSIAN, "--workers", 2)[1]
    assert again == run(write(EXAMPLE), *GAUSSIAN)[1]


def test_stand_ins_are_used_and_told(run, refused, write):
    """For unknown counts and for external models; without them the run is refused with the line."""
    path = write(UNKNOWN)
    assert refused(path, *GAUSSIAN).startswith(f"{path}:10: ")
    out = run(path, *GAUSSIAN, "--assume", "samples=5", width=120)[1]
    assert "Assumed: unknown counts of flows are 5 samples." in out
    known = run(write(EXAMPLE), *GAUSSIAN, width=120)[1]
    assert [line for line in out.splitlines() if "Assumed" not in line] == known.splitlines()
    path = write(EXTERNAL)
    assert "--assume external=10000" in refused(path, *GAUSSIAN)
    out = run(path, *GAUSSIAN, "--assume", "external=2000", "--assume", "samples=5", width=120)[1]
    assert "fitted on 2,000 real samples" in out and "vendor (frozen)" in out


def test_edge_lists_are_simulated(run, write):
    """With the sources named; the horizon must be said."""
    path = write("from,to,samples\nweb,a,5\na,a,5\n", "e.csv")
    code, out, error = run(path, *GAUSSIAN, "--sources", "web", "--generations", 2)
    assert (code, error) == (0, "")
    assert "e: 40 replicates of 2 generations" in out


MAKES = {
    "gaussian": "--ddof 0",
    "gaussian-mean": "--noise 2",
    "poisson": "--mean 3",
    "bernoulli": "--mean 0.5",
    "binomial": "--mean 2 --shape 10",
    "exponential": "--mean 1",
    "gamma": "--mean 1 --shape 2",
    "negative-binomial": "--mean 1 --shape 2",
    "categorical": "--symbols 5 --exponent 1",
    "least-squares": "--features 2",
    "ridge": "--penalty 1 --table T --target y --rows fresh",
    "logistic": "--table T --target z --rows fresh",
    "poisson-regression": "--table T --target y --rows fixed",
    "gaussian-mixture": "--table T --components 1",
    "kernel-density": "--table T --bandwidth 0.5",
    "ngram": "--text X --order 2 --smoothing 0.1",
}


@pytest.mark.parametrize("name", registry.FAMILIES)
def test_every_family_has_its_spelling(run, write, name):
    """With its options and no others, on a pipeline that suits all."""
    rows = [(at, (7 * at) % 5, at % 3 + 1, (at * at) % 2) for at in range(60)]
    table = write("a,b,y,z\n" + "".join(",".join(map(str, row)) + "\n" for row in rows), "t.csv")
    text = write("the cat and the dog and the bird " * 5, "t.txt")
    options = [{"T": table, "X": text}.get(word, word) for word in MAKES[name].split()]
    file = write(EXAMPLE.replace("samples: 5", "samples: 15").replace("samples: 8", "samples: 30"))
    code, out, error = run(file, "--family", name, *options, "--replicates", 8, "--seed", 1)
    assert (code, error) == (0, "")
    assert f"family {name}" in out


# -- mistakes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("--family gaussian --ddof 1", "--seed is missing"),
        ("--seed 1", "--family is missing"),
        ("--seed 1 --family gausian", "did you mean 'gaussian'"),
        ("--seed 1 --family gaussian", "needs --ddof"),
        ("--seed 1 --family gaussian --ddof 2", "ddof is 2"),
        ("--seed 1 --family poisson --mean 3 --ddof 1", "does not take --ddof"),
        ("--seed -1 --family poisson --mean 3", "seed is -1"),
        ("--seed 1 --family poisson --mean 3 --replicates 0", "replicates is 0"),
        ("--seed 1 --family poisson --mean 3 --generations 0", "generations is 0"),
        ("--seed 1 --family poisson --mean 3 --regime replce", "replce"),
        ("--seed 1 --family poisson --mean 3 --metrics risc", "did you mean 'risk'"),
        ("--seed 1 --family poisson --mean 3 --assume sample=3", "--assume samples=1000"),
        ("--seed 1 --family poisson --mean 3 --assume external=0.5", "--assume external=1000"),
        ("--seed 1 --family poisson --mean 3 --assume samples=3 --assume samples=4", "given twice"),
        ("--seed 1 --family poisson --mean 3 --backend spark", "processes, dask, ray"),
        ("--seed 1 --family poisson --mean 3 --address tcp://x:1", "--backend dask"),
        ("--seed 1 --family poisson --mean 3 --workers 0", "workers is 0"),
        ("--seed 1 --family poisson --mean 3 --chunk 0", "chunk is 0"),
        ("--seed 1 --family poisson --mean 3 --resume", "no store to resume"),
        ("--seed 1 --family poisson --mean 3 --sources web", "remove --sources"),
        ("--seed 1 --family ridge --penalty 1 --table none.csv --target y --rows fresh", "no such file"),
    ],
)
def test_a_wrong_option_is_one_error(refused, write, options, named):
    """What is wrong, and what would be right."""
    assert named in refused(write(EXAMPLE), *options.split())


def test_a_model_too_small_for_the_family_is_shown_with_its_line(refused, write):
    """Of the file."""
    path = write(EXAMPLE.replace("samples: 8", "samples: 1"))
    assert refused(path, *GAUSSIAN).startswith(f"{path}:8: model 'alone' is fitted on 1 samples")


def test_a_bias_that_the_family_lacks_is_shown_with_its_line(refused, write):
    """Of the flow."""
    path = write(EXAMPLE.replace("to: alone,", "to: alone, top_p: 0.5,"))
    assert refused(path, *GAUSSIAN).startswith(f"{path}:12: flow 'alone' -> 'alone' has top_p")


def test_a_terminal_without_these_letters_gets_others(write):
    """A pipe whose encoding has no × or ± is no reason to fail."""
    command = [sys.executable, "-m", "headwater.cli", "simulate", write(EXAMPLE), *GAUSSIAN]
    settings = {"PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "80", "PYTHONIOENCODING": "ascii"}
    ended = subprocess.run(command, env=os.environ | settings, capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"inflation" in ended.stdout


def test_the_output_is_none_of_the_files_that_are_read(run, tmp_path):
    """Pipeline or table; and it has a name."""
    file, table = tmp_path / "p.yaml", tmp_path / "t.csv"
    file.write_text(EXAMPLE, "utf-8")
    table.write_text("a\n1\n2\n3\n", "utf-8")
    options = ("--family", "kernel-density", "--bandwidth", "scott", "--table", table, "--seed", 1)
    for output, said in ((file, "replace the input"), (table, "replace the input"), ("", "names nothing")):
        code, out, error = run(file, *options, "-o", output)
        assert (code, out) == (2, "")
        assert said in error
    assert table.read_text("utf-8") == "a\n1\n2\n3\n"
