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


def test_a_simulation_stands_beside_the_theory():
    """1,000 histories of the changed pipeline agree with a chance of all but one in a thousand (seeded)."""
    text = run(
        str(EXAMPLE),
        *("--vary", FIELD, "--max-inflation", "1.5", "--models", "augmenter,paraphraser", "--json"),
        *("--verify", "--seed", "11"),
    )
    verified = json.loads(text)["verified"]
    assert verified["agree"]
    assert verified["seen"][0]["predicted"] == pytest.approx(1.5, abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--max-inflation", "1.5"], "--vary is missing"),
        (["--vary", FIELD], "there is no target"),
        (["--vary", "tickets->techer", "--max-inflation", "2"], "did you mean 'teacher'"),
        (["--vary", FIELD, "--max-inflation", "-1"], "write a number above 0"),
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
