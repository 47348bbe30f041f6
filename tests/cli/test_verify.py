"""``headwater verify`` on the command line: what it prints, its document, its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

RING = """headwater: 1
regime: replace
generations: 6
sources: {web: {}}
models: {a: {}, b: {}}
flows:
  - {from: web, to: a, samples: 3}
  - {from: b, to: a, samples: 9}
  - {from: a, to: b, samples: 12}
"""


@pytest.fixture
def ring(tmp_path):
    path = tmp_path / "ring.yaml"
    path.write_text(RING)
    return path


def headwater(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "headwater.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_right_law_agrees_with_exit_0_and_a_wrong_one_disagrees_with_1(ring):
    right = headwater("verify", ring, "--family", "poisson", "--mean", 2, "--replicates", 8000, "--seed", 7)
    assert (right.returncode, right.stderr) == (0, "")
    assert right.stdout.startswith("theory and simulation agree in 14 comparisons")
    wrong = headwater(
        "verify", ring, "--family", "poisson", "--mean", 2, "--law", "exponential", "--replicates", 2000,
        "--seed", 7,
    )  # fmt: skip
    assert wrong.returncode == 1
    assert "disagree" in wrong.stdout


def test_the_document_has_what_other_programs_read(ring, tmp_path):
    kept = tmp_path / "v.json"
    found = headwater(
        "verify",
        ring,
        "--family",
        "gaussian",
        "--ddof",
        1,
        "--replicates",
        4000,
        "--seed",
        7,
        "--json",
        "-o",
        kept,
    )
    document = json.loads(found.stdout)
    assert json.loads(kept.read_text()) == document
    assert document["agree"] is True
    assert list(document["models"]) == ["a", "b"]
    assert all(len(each) == 7 for entry in document["models"].values() for each in entry.values())


def test_the_asymptotic_law_is_held_to_a_family_by_its_variance(ring):
    """At budgets of 12 it is not exact for an exponential: many replicates tell."""
    found = headwater(
        "verify", ring, "--family", "exponential", "--mean", 1, "--law", "asymptotic", "--replicates", 20000,
        "--seed", 7,
    )  # fmt: skip
    assert found.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seed", 7], "--family is missing"),
        (["--family", "poisson", "--mean", 2], "--seed is missing"),
        (["--family", "posson", "--mean", 2, "--seed", 7], "did you mean 'poisson'"),
        (["--family", "poisson", "--seed", 7], "needs --mean"),
        (["--family", "poisson", "--mean", 2, "--law", "lognormal", "--seed", 7], "no law is called"),
        (["--family", "poisson", "--mean", 2, "--law", "poisson", "--ddof", 1, "--seed", 7], "takes --ddof"),
        (["--family", "poisson", "--mean", 2, "--seed", 7, "--false-alarm", 2], "false-alarm"),
        (["--family", "poisson", "--mean", 2, "--seed", 7, "--false-alarm", 1e-13], "--false-alarm 1e-13"),
        (["--family", "poisson", "--mean", 2, "--seed", 7, "-o", ""], "names nothing"),
        (["--family", "poisson", "--mean", 2, "--seed", 7, "--benchmark", "digits"], "its own loop"),
        (["--family", "poisson", "--mean", 2, "--seed", 7, "--replicates", 0], "replicates is 0"),
    ],
)
def test_bad_input_is_one_message_and_exit_2(ring, arguments, said):
    found = headwater("verify", ring, *arguments)
    assert found.returncode == 2
    assert said in found.stderr
    assert "Traceback" not in found.stderr
    assert found.stdout == ""


def test_a_benchmark_of_a_table_of_ones_own_tells_thresholds_and_a_document(tmp_path):
    """A made table of normal covariates: predicted and observed thresholds within six standard errors."""
    import numpy as np

    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 3))
    y = x @ [1.0, 2.0, -1.0] + rng.normal(size=400)
    path = tmp_path / "made.csv"
    np.savetxt(path, np.column_stack([x, y]), delimiter=",", header="a,b,c,y", comments="")
    kept = tmp_path / "b.json"
    found = headwater(
        "verify", "--benchmark", path, "--target", "y", "--seed", 7, "--replicates", 400, "--generations", 12,
        "-o", kept,
    )  # fmt: skip
    assert (found.returncode, found.stderr) == (0, "")
    assert "Real share at which inflation comes down to a level" in found.stdout
    assert "Near as many features as samples" in found.stdout
    document = json.loads(kept.read_text())
    assert len(document["thresholds"]) == 4
    for each in document["thresholds"]:
        assert abs(each["observed"] - each["two_noise"]) < 6 * each["standard_error"]
    for each in document["survival"]:
        seen = each["distinct"]
        assert abs(seen["predicted"][-1] - seen["simulated"][-1]) < 0.1 * seen["simulated"][-1]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ring.yaml", ["ring.yaml", "--family", "poisson", "--mean", 2]),
        (
            "real.csv",
            [
                "ring.yaml",
                "--family",
                "least-squares",
                "--table",
                "real.csv",
                "--target",
                "y",
                "--rows",
                "fresh",
            ],
        ),
        ("words.txt", ["ring.yaml", "--family", "categorical", "--text", "words.txt", "--law", "asymptotic"]),
        ("real.csv", ["--benchmark", "real.csv", "--target", "y"]),
    ],
)
def test_the_output_is_none_of_the_files_that_are_read(ring, monkeypatch, name, options):
    """Each stays as it was, also by a link."""
    monkeypatch.chdir(ring.parent)
    (ring.parent / "real.csv").write_text("x,y\n" + "".join(f"{at},{at * at % 7}\n" for at in range(60)))
    (ring.parent / "words.txt").write_text("a b a c")
    (ring.parent / "link").symlink_to(name)
    before = (ring.parent / name).read_bytes()
    for output in (name, "link"):
        found = headwater("verify", *options, "--seed", 7, "--replicates", 100, "-o", output)
        assert (found.returncode, found.stdout) == (2, "")
        assert found.stderr.startswith(f"{output}: the output would replace the input")
    assert (ring.parent / name).read_bytes() == before


def test_a_benchmark_says_the_number_of_replicates_that_is_too_large():
    """As it was typed."""
    found = headwater("verify", "--benchmark", "diabetes", "--seed", 7, "--replicates", 1000001)
    assert found.returncode == 2
    assert found.stderr.splitlines()[0] == "--replicates 1000001"


def test_a_biased_flow_is_told_by_file_and_line(ring):
    """No law covers it."""
    ring.write_text(RING.replace("samples: 9", "samples: 9, top_p: 0.5"))
    found = headwater("verify", ring, "--family", "poisson", "--mean", 2, "--seed", 7)
    assert found.returncode == 2
    assert found.stderr.startswith(f"{ring}:8: flow 'b' -> 'a' has top_p, and no law covers")
