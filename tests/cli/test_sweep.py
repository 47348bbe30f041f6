"""``headwater sweep``: what it prints, writes and refuses."""

from __future__ import annotations

import sys

import pyarrow.parquet as pq
import pytest
from rich.cells import cell_len

from headwater import read_pipeline
from headwater.cli import main
from headwater.families import Gaussian
from headwater.report.columns import measured, within
from headwater.simulation import Executor
from headwater.simulation.sweep import sweep
from tests.cli.test_simulate import EXAMPLE, UNKNOWN

GAUSSIAN = ("--family", "gaussian", "--ddof", "1", "--replicates", "40", "--seed", "7")
VARY = ("--vary", "web->mixed=0,5,500")


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the command in this process: exit code, standard output and standard error."""
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def called(*arguments, width=None):
        if width is not None:
            monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr(sys, "argv", ["headwater", "sweep", *map(str, arguments)])
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
def file(tmp_path):
    path = tmp_path / "pipeline.yaml"
    path.write_text(EXAMPLE, "utf-8")
    return path


def rows_of(out):
    """Words of the lines between the header of the table and the next empty line."""
    lines = out.splitlines()
    end = lines.index("", 3)
    return [line.split() for line in lines[3:end]]


def inflation(file, model, **point):
    table = sweep(
        read_pipeline(file), Gaussian(ddof=1), {"web->mixed": [0, 5, 500]}, replicates=40, seed=7
    ).to_pylist()
    wanted = {"measure": "inflation", "generation": 3, "model": model, **point}
    (row,) = (row for row in table if all(row[key] == value for key, value in wanted.items()))
    return row


def test_a_row_a_point_for_the_worst_model(run, file):
    """With the library's own numbers, mean and median; with no real data another model is worst."""
    code, out, error = run(file, *VARY, *GAUSSIAN, width=120)
    assert (code, error) == (0, "")
    assert out.splitlines()[0] == "two loops: 3 points of 40 replicates, family gaussian, seed 7"
    rows = rows_of(out)
    assert [row[0] for row in rows] == ["0", "5", "500"]
    for row in rows:
        of = {name: inflation(file, name, **{"web->mixed": int(row[0])}) for name in ("mixed", "alone")}
        worst = max(of, key=lambda name: of[name]["mean"])
        assert row[1] == worst
        told = "×" + measured(of[worst]["mean"], of[worst]["standard_error"])
        ends = (of[worst][name] for name in ("median", "median_low", "median_high"))
        assert " ".join(row).endswith(f"{told} ×{within(*ends)}")
    assert "Nothing was written: repeat with -o sweep.parquet" in out


def test_the_model_that_is_printed_can_be_chosen(run, refused, file):
    """By name."""
    out = run(file, *VARY, *GAUSSIAN, "--model", "mixed", width=120)[1]
    assert [row[1] for row in rows_of(out)] == ["mixed"] * 3
    assert "did you mean 'mixed'" in refused(file, *VARY, *GAUSSIAN, "--model", "mixd")


def test_every_combination_is_simulated(run, file):
    """The last field varies fastest."""
    vary = ("--vary", "web->mixed = 5, 50", "--vary", "regime=replace,window:2")
    rows = rows_of(run(file, *vary, *GAUSSIAN, width=120)[1])
    assert [row[:2] for row in rows] == [
        ["5", "replace"],
        ["5", "window:2"],
        ["50", "replace"],
        ["50", "window:2"],
    ]


def test_horizons_that_differ_are_each_told_at_their_end(run, file):
    """One generation has less inflation than three, at the same numbers."""
    out = run(file, "--vary", "generations=1,3", *GAUSSIAN, "--model", "alone", width=120)[1]
    assert [row[0] for row in rows_of(out)] == ["1", "3"]
    assert rows_of(out)[0] != rows_of(out)[1]


def test_the_table_is_written_and_said_to_be(run, refused, file, tmp_path):
    """Once: it is not replaced."""
    path = tmp_path / "s.parquet"
    out = run(file, *VARY, *GAUSSIAN, "-o", path, width=250)[1]
    table = pq.read_table(path)
    assert out.splitlines()[-1] == (
        f"Wrote {path}: {table.num_rows:,} rows, every point, model, generation and measure."
    )
    expected = sweep(
        read_pipeline(file), Gaussian(ddof=1), {"web->mixed": [0, 5, 500]}, replicates=40, seed=7
    )
    assert table.equals(expected)
    assert "the file exists" in refused(file, *VARY, *GAUSSIAN, "-o", path)
    assert run(file, *VARY, *GAUSSIAN, "-o", path, "--resume", width=250)[1] == out


def test_a_sweep_that_was_interrupted_goes_on(run, refused, file, tmp_path, monkeypatch):
    """It says where its points are and what to type."""
    path = tmp_path / "s.parquet"
    played = []
    limited = Executor.run

    def interrupted(self, function, numbers):
        if len(played) == 2:
            raise KeyboardInterrupt
        played.append(1)
        return limited(self, function, numbers)

    with monkeypatch.context() as patch:
        patch.setattr(Executor, "run", interrupted)
        code, out, error = run(file, *VARY, *GAUSSIAN, "-o", path)
    assert (code, out) == (130, "")
    assert f"finished points lie in {path}.points: repeat with --resume" in error
    assert "2 of 3 points finished" in refused(file, *VARY, *GAUSSIAN, "-o", path)
    assert run(file, *VARY, *GAUSSIAN, "-o", path, "--resume")[0] == 0
    assert pq.read_table(path).num_rows == 3 * 4 * 4 * 2


def test_an_unknown_count_may_be_what_is_varied(run, refused, file):
    """Then it needs no stand-in."""
    file.write_text(UNKNOWN, "utf-8")
    assert run(file, *VARY, *GAUSSIAN)[0] == 0
    assert "no known count" in refused(file, "--vary", "alone->alone=5", *GAUSSIAN)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_it_fits_the_terminal(run, file, width):
    """The varied fields and the inflation stay."""
    out = run(file, *VARY, *GAUSSIAN, width=width)[1]
    assert max(map(cell_len, out.splitlines())) <= width
    assert "web->mixed" in out and "×" in out


@pytest.mark.parametrize(
    ("vary", "named"),
    [
        ([], "--vary is missing"),
        (["web->mixed"], "--vary 'web->mixed'"),
        (["web->mixed="], "write a field and its values"),
        (["=5"], "write a field and its values"),
        (["web->mixed=5,"], "web->mixed is ''"),
        (["web->mixed=5,many"], "web->mixed is 'many'"),
        (["web->mixed=5,5"], "different values"),
        (["web->mixed=5", "web->mixed=6"], "given twice"),
        (["web->mixd=5"], "did you mean 'mixed'"),
        (["mixed->mixed.topp=0.5"], "did you mean 'top_p'"),
        (["alone->alone=8,0"], "at alone->alone=0: model 'alone'"),
        (["alone->alone=8,1"], "at alone->alone=1: model 'alone' is fitted on 1 samples"),
        (["regime=replce"], "replce"),
    ],
)
def test_a_wrong_field_or_value_is_one_error(refused, file, vary, named):
    """Before anything is simulated."""
    assert named in refused(file, *(word for each in vary for word in ("--vary", each)), *GAUSSIAN)


def test_seed_and_family_have_no_default(refused, file):
    """As for simulate."""
    assert "--seed is missing" in refused(file, *VARY, *GAUSSIAN[:-2])
    assert "--family is missing" in refused(file, *VARY, "--seed", 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--vary", "regime=replace,accumulate", "--regime", "replace"], "regime is both given and varied"),
        (["--vary", "generations=1,2", "--generations", "3"], "generations are both given and varied"),
        (["--vary", "web->mixed=9007199254740993"], "web->mixed is '9007199254740993'"),
        ([*VARY, "-o", ""], "names nothing"),
        ([*VARY, "-o", "x" * 300], "File name too long"),
    ],
)
def test_options_that_cannot_be_are_one_error(refused, file, arguments, said):
    """Before anything is simulated."""
    assert said in refused(file, *arguments, *GAUSSIAN)


@pytest.mark.parametrize("resume", [(), ("--resume",)])
def test_the_output_is_never_an_input(refused, file, resume):
    """By whatever name."""
    said = refused(file, *VARY, *GAUSSIAN, "-o", file.parent / "." / file.name, *resume)
    assert "the output would replace the input" in said
    assert file.read_text("utf-8") == EXAMPLE
