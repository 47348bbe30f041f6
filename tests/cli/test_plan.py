"""``headwater plan``: what it finds, prints, writes and refuses."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import headwater
from headwater.cli import main
from headwater.diagnosis import diagnose
from headwater.pipeline import parse_pipeline, read_pipeline
from headwater.report.plans import as_text

LOOP = """\
headwater: 1
name: a loop
regime: replace
generations: 20
sources: {web: {}}
models: {teacher: {}, student: {}}
flows:
- {from: web, to: teacher, samples: 10}
- {from: student, to: teacher, samples: 90}
- {from: teacher, to: student, samples: 100}
"""
CLOSED = """\
headwater: 1
generations: 20
models: {a: {}, b: {}}
flows:
- {from: b, to: a, samples: 30}
- {from: a, to: b, samples: 40}
"""


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Runs the command in this process: exit code, standard output and standard error."""
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop.yaml").write_text(LOOP, "utf-8")
    (tmp_path / "closed.yaml").write_text(CLOSED, "utf-8")

    def called(*arguments, width=110):
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setattr(sys, "argv", ["headwater", "plan", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        return stopped.value.code or 0, *capsys.readouterr()

    return called


@pytest.fixture
def refused(run):
    """Runs a command that must end in one error of a problem and a remedy, on standard error alone."""

    def called(*arguments):
        code, out, error = run(*arguments)
        assert (code, out) == (2, ""), (code, out, error)
        problem, remedy = error.rstrip("\n").split("\n")
        assert problem
        assert remedy
        return error

    return called


def least_by_hand(most: int) -> int:
    """Fewest samples over teacher and student, up to `most` each, that keep both inflations within 1.5.

    Every pair at once: shares and innovations by hand, moments by steps of the recursion.
    """
    teacher, student = np.meshgrid(np.arange(most), np.arange(most), indexing="ij")
    budgets = np.stack([100 + teacher, 100 + student], axis=-1).reshape(-1, 2).astype(float)
    shares = np.zeros((len(budgets), 2, 2))
    shares[:, 0, 1], shares[:, 1, 0] = 90 / budgets[:, 0], 100 / budgets[:, 1]
    noise = np.zeros_like(shares)
    noise[:, [0, 1], [0, 1]] = 1 / budgets
    moments = noise.copy()
    for _ in range(400):
        moments = shares @ moments @ shares.transpose(0, 2, 1) + noise
    met = (moments[:, [0, 1], [0, 1]] * budgets <= 1.5).all(axis=1)
    return int(budgets.sum(axis=1)[met].min()) - 200


def test_the_plan_of_a_small_loop_is_the_least_of_all(run):
    """Against every pair of counts up to 150 each."""
    code, out, _ = run("loop.yaml", "--max-inflation", 1.5, "--json", "--no-levers")
    found = json.loads(out)
    assert code == 0
    assert found["schema"] == "headwater/plan/1"
    assert found["met"] is True
    assert found["allocation"]["optimal"] is True
    assert found["allocation"]["cost"] == least_by_hand(150)


def test_the_file_that_is_written_meets_the_target_and_says_what_changed(run):
    """Judged by the diagnosis of the file, and by a simulation of it."""
    arguments = ("loop.yaml", "--max-inflation", 1.5, "--no-levers", "-o", "new.yaml")
    code, out, _ = run(*arguments, "--verify", "--seed", 7, "--replicates", 1500)
    assert code == 0
    assert "confirm it" in " ".join(out.split())
    assert "look again: headwater diagnose new.yaml" in out
    new = read_pipeline("new.yaml")
    for model in ("teacher", "student"):
        entry = diagnose(new).of(model)
        assert max(*entry["inflation"], entry["inflation_limit"]) <= 1.5 * (1 + 1e-9)
    with open("new.yaml", encoding="utf-8") as file:
        head = file.read().partition("headwater: 1\n")[0]
    assert "# Real data, for inflation at most 1.5." in head
    assert "loop.yaml (sha256 " in head
    for flow in new.graph.flows:
        before = {("web", "teacher"): 10}.get((flow.provider, flow.model), 0)
        if flow.provider == "web":
            assert f"{flow.provider}->{flow.model}: " in head
            assert f"{flow.samples:,}" in head
            assert flow.samples > before


def test_other_levers_stand_beside_it_cheapest_first(run):
    """Each row is what a diagnosis of the changed pipeline says; the advice is two sentences."""
    code, out, _ = run("loop.yaml", "--max-inflation", 1.8, "--cost", "synthetic=0.01", "--json")
    levers = json.loads(out)["levers"]
    assert code == 0
    names = [row["lever"] for row in levers["rows"]]
    assert {"real data", "weights", "accumulate", "freeze"} <= set(names)
    met = [row["cost"] for row in levers["rows"] if row["met"]]
    assert met == sorted(met)
    kept = parse_pipeline(LOOP.replace("replace", "accumulate"))
    (row,) = [row for row in levers["rows"] if row["lever"] == "accumulate"]
    worst = max(diagnose(kept).of(model)["inflation"][-1] for model in ("teacher", "student"))
    assert row["reached"]["inflation_horizon"] == pytest.approx(worst)
    assert len(levers["advice"]) == 2
    code, page, _ = run("loop.yaml", "--max-inflation", 1.8)
    assert "weights" in page


def test_a_closed_loop_without_a_source_gets_a_new_one(run):
    """Named `real`, or as one says; the page names the loop."""
    code, out, _ = run("closed.yaml", "--max-inflation", 2, "--no-levers", "-o", "new.yaml")
    assert code == 0
    assert "Least grounding" in out
    assert "'a' and 'b' learn only from each other" in out
    assert read_pipeline("new.yaml").graph.source_names == ("real",)
    code, out, _ = run(
        "closed.yaml", "--max-inflation", 2, "--no-levers", "--new-source", "tickets", "--json"
    )
    assert {row["from"] for row in json.loads(out)["allocation"]["given"]} == {"tickets"}


def test_what_cannot_be_met_is_said_with_the_reason_and_exit_code_3(run):
    """Nobody may be touched; or only so little that it is not enough."""
    code, out, _ = run("closed.yaml", "--max-inflation", 2, "--untouched", "a,b", "--no-levers")
    assert code == 3
    assert "cannot meet the targets" in out
    assert "ungrounded" in out or "only from each other" in out
    code, out, _ = run("loop.yaml", "--max-inflation", 1.01, "--cap", "web=12", "--json", "--no-levers")
    found = json.loads(out)
    assert code == 3
    assert found["met"] is False
    assert found["allocation"]["reasons"]
    code, out, _ = run("loop.yaml", "--max-inflation", 1.1, "--budget", 5, "--json", "--no-levers")
    assert code == 3
    assert "the budget is 5" in " ".join(json.loads(out)["allocation"]["reasons"])


def test_a_budget_buys_the_best_there_is(run):
    """Without targets: the worst inflation is as low as the same money would reach as a target."""
    code, out, _ = run("loop.yaml", "--budget", 60, "--json", "--no-levers")
    found = json.loads(out)["allocation"]
    assert code == 0
    assert found["cost"] <= 60
    code, out, _ = run("loop.yaml", "--max-inflation", found["worst"] * (1 + 1e-9), "--json", "--no-levers")
    assert json.loads(out)["allocation"]["cost"] == pytest.approx(found["cost"])


def test_prices_groups_and_caps_are_kept(run):
    """A dearer source is not bought from; a group gets no more than its cap."""
    text = LOOP.replace("sources: {web: {}}", "sources: {web: {}, books: {}}")
    with open("two.yaml", "w", encoding="utf-8") as file:
        file.write(text)
    code, out, _ = run(
        "two.yaml", "--max-inflation", 2, "--cost", "web=3", "--cost", "books=1", "--json", "--no-levers"
    )
    assert code == 0
    assert {row["from"] for row in json.loads(out)["allocation"]["given"]} == {"books"}
    code, out, _ = run(
        "two.yaml",
        "--max-inflation",
        2,
        "--group",
        "all=teacher,student",
        "--cap",
        "all=1",
        "--json",
        "--no-levers",
    )
    assert code == 3
    assert sum(row["samples"] for row in json.loads(out)["allocation"]["given"]) <= 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "there is no target"),
        (("--max-inflation", "-1"), "--max-inflation is -1.0"),
        (("--max-inflation", "nan"), "--max-inflation is nan"),
        (("--min-diversity", "1"), "--min-diversity is 1.0"),
        (("--max-inflation", "2", "--cost", "real=-1"), "price of 'real'"),
        (("--max-inflation", "2", "--cost", "real"), "--cost 'real'"),
        (("--max-inflation", "2", "--cost", "wob=1"), "did you mean 'web'"),
        (("--max-inflation", "2", "--cost", "real=1", "--cost", "real=2"), "given twice"),
        (("--max-inflation", "2", "--cap", "web=5"), "10 samples flow from it already"),
        (("--max-inflation", "2", "--cap", "web=2.5"), "cap of 'web'"),
        (("--max-inflation", "2", "--budget", "-3"), "--budget is -3"),
        (("--max-inflation", "2", "--group", "x"), "--group 'x'"),
        (("--max-inflation", "2", "--group", "web=teacher"), "both a group and a source"),
        (("--max-inflation", "2", "--untouched", "techer"), "did you mean 'teacher'"),
        (("--max-inflation", "2", "--models", "techer"), "did you mean 'teacher'"),
        (("--max-inflation", "2", "--at", "noon"), "--at 'noon'"),
        (("--max-inflation", "2", "--source", "archive"), "no source is called 'archive'"),
        (("--max-inflation", "2", "--new-source", "web"), "there is a source or model of that name"),
        (("--max-inflation", "2", "--verifier", "keep_right=1"), "--verifier"),
        (("--max-inflation", "2", "--verify"), "--seed is missing"),
        (("--max-inflation", "2", "-o", "loop.yaml"), "would replace the input"),
    ],
)
def test_bad_input_is_one_error(refused, arguments, said):
    """Problem and remedy, nothing on standard output, exit code 2."""
    assert said in refused("loop.yaml", *arguments, "--no-levers")


def test_an_unknown_count_that_matters_is_one_error(refused, run):
    """And --assume mends it."""
    with open("unknown.yaml", "w", encoding="utf-8") as file:
        file.write(LOOP.replace(", samples: 90", ""))
    assert "needs a count that is unknown" in refused("unknown.yaml", "--max-inflation", 2)
    code, _, _ = run("unknown.yaml", "--max-inflation", 2, "--assume", "samples=90", "--no-levers")
    assert code == 0


def test_the_page_keeps_within_its_width():
    """And says what to do at every width."""
    pipeline = parse_pipeline(LOOP)
    plan = headwater.plan(pipeline, headwater.Targets(max_inflation=1.8))
    for width in (40, 80, 110, 200):
        page = as_text(plan, width)
        assert all(len(line) <= width for line in page.splitlines())
        assert "teacher" in page
        assert "Advice" in page


def test_a_lever_s_file_says_whether_the_target_is_met(run, refused):
    """By its number where a name means several rows; and nothing is written without a place."""
    text = LOOP.replace("samples: 90", "samples: 90, weight: 2")
    with open("weighted.yaml", "w", encoding="utf-8") as file:
        file.write(text)
    run("weighted.yaml", "--max-inflation", 1.2, "--lever", "weights", "-o", "weights.yaml")
    with open("weights.yaml", encoding="utf-8") as file:
        assert file.readline() == "# Lever: weights, for inflation at most 1.2, WHICH IS NOT MET.\n"
    code, _, error = run("weighted.yaml", "--max-inflation", 1.2, "--lever", "freeze", "-o", "x.yaml")
    assert code == 2
    assert "rows of the table" in error
    assert "writes nothing without -o" in refused("loop.yaml", "--max-inflation", 2, "--lever", "weights")


def test_counts_that_were_assumed_are_said_to_be_no_facts(run):
    """In the file that is written."""
    with open("unknown.yaml", "w", encoding="utf-8") as file:
        file.write(LOOP.replace(", samples: 90", ""))
    run("unknown.yaml", "--max-inflation", 2, "--assume", "samples=90", "--no-levers", "-o", "new.yaml")
    with open("new.yaml", encoding="utf-8") as file:
        assert "Assumed, and no facts: samples=90." in file.readline()


def test_no_money_leaves_a_closed_loop_unbounded_and_says_so(run):
    """Null, infinite, and exit code 3."""
    code, out, _ = run("closed.yaml", "--budget", 0, "--at", "limit", "--no-levers", "--json")
    found = json.loads(out)
    assert code == 3
    assert found["allocation"]["reached"]["max_inflation"]["infinite"] is True
    assert found["allocation"]["worst"] is None
