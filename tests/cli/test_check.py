"""``headwater check`` on the command line: what it prints, its document, its state, its exit codes."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys

import jsonschema
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headwater.cli import main

REAL = 8_000
WROTE = 5_000


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Real rows of two features; a model that loses a fifth of its variance a generation, another none."""
    folder = tmp_path_factory.mktemp("world")
    rng = np.random.default_rng(5)
    write(folder / "real.parquet", rng.normal(size=(REAL, 2)))
    for generation in range(7):
        for name, keeps in (("fades", 0.8**generation), ("keeps", 1.0)):
            write(folder / f"{name}-{generation}.parquet", keeps**0.5 * rng.normal(size=(WROTE, 2)))
    return folder


def write(path, rows):
    pq.write_table(pa.table({"x": rows[:, 0], "y": rows[:, 1]}), path)


def files(world, name, *generations):
    return [str(world / f"{name}-{generation}.parquet") for generation in generations]


@pytest.fixture
def headwater(capsys, monkeypatch):
    """The command in this process: its exit code and what it printed."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["headwater", *map(str, arguments)])
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        code = ended.value.code
        return 0 if code is None else code, printed.out, printed.err

    return run


def test_a_fading_model_rings_and_is_late_and_a_healthy_one_does_not(headwater, world):
    """Variance is 0.26 of the real one at generation 6, under the bar of a half."""
    wrote = files(world, "fades", *range(7)) + files(world, "keeps", *range(7))
    code, out, _ = headwater(
        "check", *wrote, "--reference", world / "real.parquet", "--json", "--ancestry", "synthetic",
        "--fail-on", "late",
    )  # fmt: skip
    found = json.loads(out)
    assert code == 1
    assert found["alarm"]
    assert {alarm["model"] for alarm in found["alarms"]} == {"fades"}
    fades, keeps = found["models"]["fades"], found["models"]["keeps"]
    assert (fades["stage"], keeps["stage"]) == ("late", "none")
    assert fades["definitions"]["collapsing_variance"]["holds"] is True
    assert keeps["definitions"]["collapsing_variance"]["holds"] is False
    assert fades["definitions"]["scaling_law"]["holds"] is None
    kept = fades["definitions"]["collapsing_variance"]
    assert kept["low"] < 0.8**6 < kept["high"]
    assert fades["causes"]["answer"] == "collapse"


def test_the_document_is_as_the_published_schema_says(headwater, world):
    _, out, _ = headwater("schema", "check")
    schema = json.loads(out)
    _, out, _ = headwater(
        "check", *files(world, "fades", 0, 3, 6), "--reference", world / "real.parquet", "--json",
        "--metrics", "variance-ratio,tail-mass",
    )  # fmt: skip
    document = json.loads(out)
    jsonschema.validate(document, schema)
    assert document["models"]["fades"]["metrics"]["6"]["variance-ratio"]["value"] == pytest.approx(
        0.26, abs=0.04
    )
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "alarm": "yes"}, schema)


def test_a_state_remembers_and_refuses_what_was_checked(headwater, world, tmp_path):
    """Seven runs with one file each give the alarms, stage and evidence of one run with all seven."""
    state = tmp_path / "monitor.json"
    real = ("--reference", world / "real.parquet", "--json")
    rang = []
    for generation in range(7):
        code, out, err = headwater("check", *files(world, "fades", generation), *real, "--state", state)
        assert code == 0, err
        rang += json.loads(out)["alarms"]
        step = json.loads(out)["models"]["fades"]
    _, out, _ = headwater("check", *files(world, "fades", *range(7)), *real)
    whole = json.loads(out)
    assert rang == whole["alarms"]
    assert rang
    assert step["stage"] == whole["models"]["fades"]["stage"]
    assert step["stages"] == whole["models"]["fades"]["stages"]
    before = state.read_bytes()
    code, _, err = headwater("check", *files(world, "fades", 3), *real, "--state", state)
    assert code == 2
    assert "generation 3 of 'fades' was checked already" in err
    assert "--again" in err
    assert state.read_bytes() == before
    code, out, _ = headwater("check", *files(world, "fades", 3), *real, "--state", state, "--again")
    assert code == 0


def test_only_what_was_asked_for_fails_the_command(headwater, world):
    real = ("--reference", world / "real.parquet")
    assert headwater("check", *files(world, "keeps", 0, 1), *real, "--fail-on", "alarm")[0] == 0
    assert headwater("check", *files(world, "fades", 0, 6), *real, "--fail-on", "alarm")[0] == 1
    assert headwater("check", *files(world, "fades", 0, 6), *real)[0] == 0


def test_the_page_names_alarm_stage_definitions_and_causes(headwater, world, monkeypatch):
    monkeypatch.setenv("COLUMNS", "110")
    _, out, _ = headwater("check", *files(world, "fades", *range(7)), "--reference", world / "real.parquet")
    assert "alarm" in out.splitlines()[0]
    for words in ("spread", "stage late", "collapsing variance", "tails lost", "Is it collapse?", "--newer"):
        assert words in out


def test_a_scrape_has_a_line_for_every_definition(headwater, world):
    _, out, _ = headwater(
        "check", *files(world, "fades", 0, 6), "--reference", world / "real.parquet", "--format", "prometheus"
    )
    lines = out.splitlines()
    assert 'headwater_stage{model="fades"} 2.0' in lines
    assert 'headwater_definition_holds{model="fades",definition="collapsing_variance"} 1.0' in lines
    assert 'headwater_definition_holds{model="fades",definition="scaling_law"} NaN' in lines
    assert all(line.startswith(("# HELP ", "# TYPE ", "headwater_")) for line in lines)


def test_a_pipeline_lays_predictions_beside(headwater, world, tmp_path):
    """Planted inflation of 2 and nearly 12 beside a lone loop's 2 and 3: on course, then worse."""
    rng = np.random.default_rng(4)
    for generation, off in enumerate((0.3, 0.3 * 2**0.5, 0.3 * 12**0.5)):
        write(tmp_path / f"loop-{generation}.parquet", rng.normal(off, size=(WROTE, 2)))
    pipeline = tmp_path / "loop.yaml"
    pipeline.write_text(
        "headwater: 1\nregime: replace\ngenerations: 6\nmodels: {loop: {}}\n"
        "flows:\n  - {from: loop, to: loop, samples: 100}\n"
    )
    wrote = files(tmp_path, "loop", 0, 1, 2)
    _, out, err = headwater(
        "check", *wrote, "--reference", world / "real.parquet", "--json", "--pipeline", pipeline
    )
    assert not err
    course = {point["generation"]: point for point in json.loads(out)["course"]}
    assert {at: point["predicted"] for at, point in course.items()} == {
        1: pytest.approx(2),
        2: pytest.approx(3),
    }
    assert (course[1]["course"], course[2]["course"]) == ("on course", "worse")
    assert course[2]["low"] > 4.5


def test_a_failed_output_leaves_the_state_as_it_was(headwater, world, tmp_path):
    """So that the command can be repeated."""
    state = tmp_path / "monitor.json"
    given = (*files(world, "keeps", 0), "--reference", world / "real.parquet", "--state", state)
    code, _, err = headwater("check", *given, "-o", tmp_path / "nowhere" / "out.json")
    assert (code, state.exists()) == (2, False)
    assert "cannot be written" in err
    assert headwater("check", *given)[0] == 0


def test_a_retired_model_fails_no_later_run(headwater, world, tmp_path):
    """`--fail-on late` is about the models of this run, as `--fail-on alarm` is."""
    state = tmp_path / "monitor.json"
    real = ("--reference", world / "real.parquet", "--state", state, "--fail-on", "late")
    assert headwater("check", *files(world, "fades", 0, 6), *real)[0] == 1
    assert headwater("check", *files(world, "keeps", 0, 1), *real)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--reference is missing"),
        (["--reference", "REAL", "--alpha", "2"], "alpha is 2.0"),
        (["--reference", "REAL", "--fail-on", "late-ish"], "--fail-on 'late-ish'"),
        (["--reference", "REAL", "--metrics", "varianceratio"], "did you mean 'variance-ratio'?"),
        (["--reference", "REAL", "--metrics", "self-bleu"], "it takes text samples"),
        (["--reference", "REAL", "--scores", "spred"], "did you mean 'spread'?"),
        (["--reference", "REAL", "--scores", ","], "--scores ',' names nothing"),
        (["--reference", "REAL", "--metrics", ""], "--metrics '' names nothing"),
        (["--reference", "REAL", "--size", "32"], "--size '32'"),
        (["--reference", "REAL", "--state", "a.json", "-o", "a.json"], "-o and --state name one file"),
        (["--reference", "nowhere.parquet"], "there is no such file"),
        (["--reference", "REAL", "--text", "z"], "there is no column 'z'"),
        (["--reference", "REAL", "-o", "REAL"], "the output would replace the input"),
        (["--reference", "REAL", "--state", "REAL"], "name another file after --state"),
        (["--reference", "REAL", "--state", ""], "--state '' names nothing"),
        (["--reference", "REAL", "--state", "/dev/null"], "this is a device, not a file"),
        (["--reference", "/dev/null"], "this is a device, not a file"),
        (["--reference", "REAL", "--seed", "-1"], "--seed is -1"),
        (["--reference", "REAL", "--seed", "4294967296"], "--seed is 4294967296"),
        (["--reference", "REAL", "--alpha", "5e-324"], "--alpha is 5e-324"),
        (["--reference", "REAL", "--size", "0x32"], "height from 1 to 4,096 pixels"),
        (["--reference", "REAL", "--json", "--format", "prometheus"], "--json and --format 'prometheus'"),
        (["--reference", "REAL", "--law", "asymptotic"], "--law 'asymptotic' without a pipeline"),
        (["--reference", "REAL", "--law", "poisson", "--pipeline", "x"], "here: asymptotic, gaussian-mean"),
        (["--reference", "no\x1b[2J\u202e.csv"], "no\\x1b[2J\\u202e.csv: there is no such file"),
    ],
)
def test_a_mistake_is_one_error_with_exit_2(headwater, world, arguments, words):
    real = str(world / "real.parquet")
    given = [real if each == "REAL" else each for each in arguments]
    code, out, err = headwater("check", *files(world, "keeps", 0), *given)
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err


def test_features_are_taken_by_name_and_others_refused(headwater, world, tmp_path):
    """The same columns in another order are the same features; a missing one is an error."""
    rows = np.random.default_rng(1).normal(size=(500, 2)) * [1.0, 5.0]
    real = tmp_path / "real.parquet"
    pq.write_table(pa.table({"x": rows[:, 0], "y": rows[:, 1]}), real)
    turned, other = tmp_path / "model-1.parquet", tmp_path / "model-2.parquet"
    pq.write_table(pa.table({"y": rows[:, 1], "x": rows[:, 0]}), turned)
    pq.write_table(pa.table({"y": rows[:, 1], "z": rows[:, 0]}), other)
    code, out, _ = headwater("check", turned, "--reference", real, "--json", "--metrics", "variance-ratio")
    assert code == 0
    ratio = json.loads(out)["models"]["model"]["metrics"]["1"]["variance-ratio"]
    assert ratio["value"] == pytest.approx(1)
    code, _, err = headwater("check", other, "--reference", real)
    assert code == 2
    assert "without 'x'" in err
    assert "with 'z'" in err


def test_a_model_that_the_pipeline_lacks_is_found_before_anything_is_fitted(
    headwater, world, tmp_path, monkeypatch
):
    pipeline = tmp_path / "loop.yaml"
    pipeline.write_text(
        "headwater: 1\nregime: replace\ngenerations: 6\nmodels: {loop: {}}\n"
        "flows:\n  - {from: loop, to: loop, samples: 100}\n"
    )
    monkeypatch.setattr("headwater.cli.samples.monitor_of", None)
    given = ("--reference", world / "real.parquet", "--pipeline", pipeline)
    code, _, err = headwater("check", *files(world, "keeps", 0), *given)
    assert (code, "the pipeline has no model 'keeps'" in err) == (2, True)


@pytest.mark.parametrize("option", ["-o", "--state"])
def test_nothing_is_written_into_a_folder_that_is_read(headwater, world, tmp_path, option):
    """Nor over a file that only the lock of the state would be."""
    folder = tmp_path / "images-0"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"mine")
    given = ("--reference", world / "real.parquet", option)
    for place in (folder / "a.png", tmp_path / "images-0" / ".." / "images-0" / "new.json"):
        code, _, err = headwater("check", folder, *given, place)
        assert code == 2
        assert "which is an input" in err
    assert [each.name for each in folder.iterdir()] == ["a.png"]
    assert (folder / "a.png").read_bytes() == b"mine"


class Unwritable(io.StringIO):
    """A standard output that refuses."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error

    def fileno(self):
        return os.open(os.devnull, os.O_WRONLY)


@pytest.mark.parametrize("form", ["table", "json"])
def test_a_report_that_nobody_could_read_is_not_remembered(headwater, world, tmp_path, monkeypatch, form):
    """A full disk: the run can be repeated. A reader that left early: the run is done."""
    state = tmp_path / "monitor.json"
    real = world / "real.parquet"
    given = ("check", *files(world, "keeps", 0), "--reference", real, "--state", state, "--format", form)
    full, left = OSError(errno.ENOSPC, "No space left on device"), BrokenPipeError(errno.EPIPE, "closed")

    def stopped(code):
        raise SystemExit(code)

    with monkeypatch.context() as patched:
        patched.setattr(os, "_exit", stopped)
        patched.setattr(sys, "stdout", Unwritable(full))
        assert headwater(*given)[0] == 2
        assert not state.exists()
        patched.setattr(sys, "stdout", Unwritable(left))
        assert headwater(*given)[0] == 0
    assert state.exists()


def test_a_pipe_is_refused_and_not_waited_for(headwater, world, tmp_path):
    pipe = tmp_path / "model-1.csv"
    os.mkfifo(pipe)
    for given in (
        (pipe, "--reference", world / "real.parquet"),
        (world / "keeps-0.parquet", "--reference", pipe),
        (world / "keeps-0.parquet", "--reference", world / "real.parquet", "--state", pipe),
    ):
        code, _, err = headwater("check", *given)
        assert code == 2
        assert "this is a pipe, not a file" in err


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["!?", "", "..."] * 50, "no text of the real data has a word"),
        (["all the same"] * 200, "all rows of the real data are the same"),
    ],
)
def test_real_data_that_tell_nothing_are_refused(headwater, tmp_path, rows, words):
    pq.write_table(pa.table({"text": rows}), tmp_path / "a-0.parquet")
    code, out, err = headwater("check", tmp_path / "a-0.parquet", "--reference", tmp_path / "a-0.parquet")
    assert (code, out) == (2, "")
    assert words in err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize("closing", ["2>&-", "2>/dev/full"])
def test_an_error_that_cannot_be_said_is_no_alarm(closing):
    command = f"{sys.executable} -m headwater.cli check nowhere.csv {closing}"
    assert subprocess.run(command, shell=True, check=False).returncode == 2


MISTAKEN = """
import sys
from headwater.cli import inputs, main
inputs.output_of = None
sys.argv = ["headwater", "check", "a.csv", "--reference", "b.csv"]
main()
"""


def test_a_mistake_in_the_program_is_no_alarm():
    found = subprocess.run([sys.executable, "-c", MISTAKEN], check=False, capture_output=True, text=True)
    assert found.returncode == 70
    assert "TypeError: 'NoneType' object is not callable" in found.stderr


KILLED = """
import os, signal, sys
from headwater.cli import main
replace = os.replace
os.replace = lambda *names: os.kill(os.getpid(), signal.SIGKILL)
sys.argv = ["headwater", *sys.argv[1:]]
main()
"""


def test_a_killed_command_leaves_the_old_state(headwater, world, tmp_path):
    """Killed when the new state is written beside the old one and not yet renamed."""
    state = tmp_path / "monitor.json"
    given = ["--reference", str(world / "real.parquet"), "--state", str(state)]
    headwater("check", *files(world, "keeps", 0), *given)
    before = state.read_bytes()
    command = [sys.executable, "-c", KILLED, "check", *files(world, "keeps", 1), *given]
    assert subprocess.run(command, check=False, capture_output=True).returncode == -9
    assert state.read_bytes() == before
    assert headwater("check", *files(world, "keeps", 1), *given)[0] == 0
    assert state.read_bytes() != before
