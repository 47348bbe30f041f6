"""The command: page, document, exit codes, the written pipeline, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from headwater.cli import threshold as module
from headwater.errors import HeadwaterError
from headwater.pipeline import read_pipeline
from headwater.planning import proving
from headwater.planning.proving import Proof

EXAMPLE = Path(module.__file__).parent / "example.yaml"
FIELD = "tickets->paraphraser"


def run(*arguments: str, exit_code: int = 0) -> str:
    app = typer.Typer()
    app.command()(module.command)
    result = CliRunner().invoke(app, list(arguments))
    if isinstance(result.exception, HeadwaterError):
        raise result.exception
    assert result.exit_code == exit_code, result.output
    return result.output


def test_what_cannot_be_met_exits_with_three_and_says_why():
    """The teacher does not hear of tickets at the paraphraser; the other models do: 8,000 by hand."""
    page = run(str(EXAMPLE), "--vary", FIELD, "--max-inflation", "1.5", exit_code=3)
    assert "the targets cannot be met" in page
    assert "the change does not reach 'teacher'" in page
    assert "at the other 4 models: at least 8,000" in page


def test_the_document_holds_what_the_page_says():
    """The augmenter of 4,000 behind the paraphraser: G (1 - 1/9) = 1/12,000 + 1/4,000 at 8,000 tickets."""
    text = run(
        str(EXAMPLE), "--vary", FIELD, "--max-inflation", "1.5", "--models", "paraphraser,augmenter", "--json"
    )
    document = json.loads(text)
    assert document["schema"] == "headwater/threshold/1"
    assert (document["field"], document["value"], document["direction"]) == (FIELD, 8000, "least")
    assert document["interval"] == [8000, None]
    assert document["as"] == {"addition": 8000, "replacement": None}
    target = document["targets"]["max_inflation"]
    assert (target["bound"], target["value"], target["reached"], target["met"]) == (1.5, 8000, None, False)
    assert target["infinite"] is True
    assert document["models"] == {"augmenter": {"value": 8000, "reason": None}}
    assert document["left_out"] == []
    assert len(document["provenance"]["input_sha256"]) == 64


def test_the_written_pipeline_says_what_changed(tmp_path):
    """It reads back with the flow in it, and begins with what it is for."""
    place = tmp_path / "new.yaml"
    options = ("--max-inflation", "1.5", "--models", "paraphraser,augmenter")
    page = run(str(EXAMPLE), "--vary", FIELD, *options, "-o", str(place))
    assert "tickets->paraphraser: 8,000 (new)" in " ".join(page.split())
    assert place.read_text().startswith("# So that inflation at most 1.5.")
    flows = {(flow.provider, flow.model): flow.samples for flow in read_pipeline(place).graph.flows}
    assert flows["tickets", "paraphraser"] == 8000
    again = json.loads(run(str(place), "--vary", FIELD, *options, "--json"))
    assert (again["met"], again["value"], again["current"]) == (True, 8000, 8000)


def test_nothing_is_written_where_nothing_is_found(tmp_path):
    """A plan that does not exist leaves no file."""
    place = tmp_path / "new.yaml"
    run(str(EXAMPLE), "--vary", FIELD, "--max-inflation", "1.5", "-o", str(place), exit_code=3)
    assert not place.exists()


@pytest.fixture
def loop(tmp_path) -> str:
    """A model of 1,000 samples of its own, for which inflation 1.5 after 5 generations takes 494 real."""
    file = tmp_path / "loop.yaml"
    file.write_text(
        "headwater: 1\nname: lone\ngenerations: 5\nsources: {web: {}}\nmodels: {a: {}}\n"
        "flows: [{from: a, to: a, samples: 1000}]\n"
    )
    return str(file)


LOOP = ("--vary", "web->a", "--max-inflation", "1.5", "--at", "horizon")


def denied(*_arguments: object, **_options: object) -> Proof:
    return Proof(5, 2000, 1, (), True, False, "2,000 histories do not keep the targets")


def test_a_simulation_stands_beside_the_theory(loop):
    """2,000 histories of the changed pipeline agree with a chance of all but one in a thousand (seeded)."""
    document = json.loads(run(loop, *LOOP, "--json", "--verify", "--seed", "11"))
    simulation = document["simulation"]
    assert "verified" not in document
    assert (simulation["agree"], simulation["confirmed"], simulation["replicates"]) == (True, True, 2000)
    share = 1000 / (1000 + document["value"])
    assert simulation["seen"][0]["predicted"] == pytest.approx(sum(share ** (2 * t) for t in range(6)))


def test_what_a_simulation_denies_is_not_written(loop, tmp_path, monkeypatch):
    """Exit code 3, the reason on the page, and no file."""
    place = tmp_path / "new.yaml"
    monkeypatch.setattr(proving, "prove", denied)
    page = run(loop, *LOOP, "--verify", "--seed", "1", "-o", str(place), exit_code=3)
    assert "2,000 histories do not keep the targets" in page
    assert "the simulation does not confirm it" in page
    assert "Wrote" not in page
    assert not place.exists()


def test_the_document_of_a_denied_threshold_says_so(loop, monkeypatch):
    """The value stays in the document, beside the simulation that denies it."""
    monkeypatch.setattr(proving, "prove", denied)
    document = json.loads(run(loop, *LOOP, "--verify", "--seed", "1", "--json", exit_code=3))
    assert document["value"] is not None
    assert document["simulation"]["confirmed"] is False


def test_the_document_says_what_was_judged(loop):
    """Pipeline, regime, generations and times; without --verify there is no simulation."""
    document = json.loads(run(loop, *LOOP, "--json"))
    given = [document[key] for key in ("pipeline", "regime", "generations", "times", "simulation")]
    assert given == ["lone", "replace", 5, ["horizon"], None]
    assert document["targets"]["max_inflation"]["infinite"] is False


def test_assumed_counts_are_not_written_as_facts(tmp_path):
    """The header tells them apart; where nothing is assumed it tells nothing."""
    file, place = tmp_path / "unknown.yaml", tmp_path / "new.yaml"
    file.write_text(
        "headwater: 1\ngenerations: 5\nsources: {web: {}}\nmodels: {a: {}}\nflows: [{from: a, to: a}]\n"
    )
    run(str(file), *LOOP, "--assume", "samples=1000", "-o", str(place))
    assert "Assumed, and no facts: samples=1000." in place.read_text().splitlines()[0]


def test_what_is_not_assumed_is_not_called_so(loop, tmp_path):
    """Negative control: all counts are the file's own."""
    place = tmp_path / "new.yaml"
    run(loop, *LOOP, "-o", str(place))
    assert "no facts" not in place.read_text()


def test_fewer_samples_that_only_spoil_the_start_are_said_to(tmp_path):
    """Of n real and m own samples risk is (n + m)/(n(n + 2m)): it falls with m, and inflation rises."""
    file = tmp_path / "loop.yaml"
    file.write_text(
        "headwater: 1\nsources: {web: {}}\nmodels: {a: {}}\n"
        "flows: [{from: a, to: a, samples: 5000}, {from: web, to: a, samples: 1000}]\n"
    )
    page = run(str(file), "--vary", "a->a", "--max-inflation", "1.2")
    assert "at most" in page
    assert "fewer samples lower inflation only because they make generation 0 worse" in " ".join(page.split())


def test_the_help_says_how_it_ends_and_what_to_quote(monkeypatch):
    """Exit code 3, and that a shell takes > for itself."""
    monkeypatch.setenv("COLUMNS", "300")
    page = " ".join(run("--help").split())
    assert "Exit code 3" in page
    assert "Quote a flow" in page


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--max-inflation", "1.5"], "--vary is missing"),
        (["--vary", FIELD], "there is no target"),
        (["--vary", "tickets->techer", "--max-inflation", "2"], "did you mean 'teacher'"),
        (["--vary", FIELD, "--max-inflation", "-1"], "write a finite number above 0"),
        (["--vary", FIELD, "--min-diversity", "1.5"], "below 1"),
        (["--vary", FIELD, "--max-inflation", "2", "--as", "magic"], "--as 'magic'"),
        (["--vary", FIELD, "--max-inflation", "2", "--verify"], "--seed is missing"),
        (["--vary", FIELD, "--max-inflation", "2", "--models", "nobody"], "no model is called"),
        (["--vary", FIELD, "--max-inflation", "2", "-o", str(EXAMPLE)], "replace the input"),
        (["--vary", "student->teacher.temperature", "--max-inflation", "2"], "no law covers"),
        (["--vary", "judge->vendor", "--max-inflation", "2"], "vendor"),
    ],
)
def test_mistakes_are_told(arguments, message):
    """Each says what is wrong and what to write."""
    try:
        output = run(str(EXAMPLE), *arguments, exit_code=3)
    except HeadwaterError as error:
        output = str(error)
    assert message in output
