"""What several commands take: stand-ins for counts that are not known."""

from __future__ import annotations

import json
import sys

import pytest

from headwater.cli import inputs, main
from headwater.errors import InputError

RANGES = """\
headwater: 1
name: two counts
regime: replace
generations: 3
sources: {web: {}}
models: {a: {}, b: {}}
flows:
  - {from: web, to: a, samples: [20, 80]}
  - {from: a, to: a, samples: 40}
  - {from: a, to: b}
"""


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a command in this process: exit code, standard output and standard error."""
    monkeypatch.setenv("COLUMNS", "200")

    def called(*arguments):
        monkeypatch.setattr(sys, "argv", ["headwater", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        return stopped.value.code or 0, *capsys.readouterr()

    return called


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "ranges.yaml"
    path.write_text(RANGES, "utf-8")
    return str(path)


def test_stand_ins_are_read_by_kind():
    """Counts as numbers, a range as where in it."""
    given = inputs.assumed(["samples=7", " range = middle ", "external=3"])
    assert given == {"samples": 7, "range": "middle", "external": 3}
    assert inputs.assumed([]) == {}


@pytest.mark.parametrize(
    "texts",
    [["range=mid"], ["range=5"], ["range="], ["range"], ["samples=middle"], ["range=low", "range=high"]],
)
def test_a_stand_in_that_is_none_is_refused(texts):
    """With what would be right."""
    with pytest.raises(InputError, match=r"range=low, range=middle, range=high|given twice"):
        inputs.assumed(texts)


def test_a_command_that_takes_no_ranges_offers_none():
    """A ledger has counts and no ranges of them."""
    with pytest.raises(InputError) as caught:
        inputs.assumed(["range=low"], ["samples"])
    assert "range=low" not in caught.value.remedy


@pytest.mark.parametrize(("end", "count"), [("low", 20), ("middle", 40), ("high", 80)])
def test_a_described_pipeline_has_its_stand_ins(file, end, count):
    """Each for its own flows."""
    pipeline, _ = inputs.described(file, None, None, ["samples=7", f"range={end}"])
    assert pipeline.graph.samples.tolist() == [count, 40, 7]


def test_a_number_fills_no_range(file):
    """It may lie outside."""
    pipeline, _ = inputs.described(file, None, None, ["samples=7"])
    assert pipeline.graph.ranges == {0: (20, 80)}


def test_a_diagnosis_takes_both_stand_ins_and_tells_them(run, file):
    """Its option may be repeated; without them the counts are missing."""
    missing = json.loads(run("diagnose", file, "--json")[1])["missing"]
    assert len(missing) == 2
    code, out, _ = run("diagnose", file, "--json", "--assume", "samples=7", "--assume", "range=middle")
    document = json.loads(out)
    assert (code, document["missing"]) == (0, [])
    # two flows of 40 are a lone loop at one to one: F = 1/N + F / 4, so the limit is 4/3 of the start
    assert document["models"]["a"]["inflation_limit"] == pytest.approx(4 / 3)
    said = " ".join(document["assumptions"])
    assert "the geometric mean of its range" in said and "7 for each of 1 flows" in said


def test_a_simulation_tells_the_stand_in_of_ranges(run, file):
    """And refuses them, with the line, without one."""
    options = ("--family", "gaussian-mean", "--replicates", 5, "--seed", 1, "--assume", "samples=7")
    code, _, error = run("simulate", file, *options)
    assert code == 2
    assert error.startswith(f"{file}:8: flow 'web' -> 'a' has only a range of samples")
    assert "--assume range=middle" in error
    code, out, _ = run("simulate", file, *options, "--assume", "range=low")
    assert code == 0
    assert "Assumed: counts given as a range are the lowest of it." in out
