"""Where imports and ledgers write: never into what they read, and each thing into a file of its own."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")

from headwater.cli import explain, importing, ledger
from headwater.errors import InputError
from headwater.ledger import Dataset, Ledger


@pytest.fixture(autouse=True)
def book(tmp_path, monkeypatch) -> Path:
    """A folder with a ledger, which is the current folder."""
    monkeypatch.chdir(tmp_path)
    with Ledger("l.db") as book, book.training("student", generation=0) as run:
        run.used(Dataset("web", samples=900), samples=900)
        run.wrote(b"g0", samples=900)
    return tmp_path / "l.db"


def typed(command: str, *words: object) -> Any:
    app = typer.Typer()
    app.command("import")(importing.command)
    app.command("explain")(explain.command)
    app.add_typer(ledger.app, name="ledger")
    result = CliRunner().invoke(app, [*command.split(), *map(str, words)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def refused(said: str, command: str, *words: object) -> None:
    """Whatever is there before is there afterwards."""
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    with pytest.raises(InputError, match=said):
        typed(command, *words)
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("output", ["l.db", "./l.db", "l.db-wal", "l.db-shm", "l.db-journal"])
@pytest.mark.parametrize("source", ["l.db", "sqlite:///l.db", "sqlite+pysqlite:///./l.db"])
@pytest.mark.parametrize(
    "command",
    [
        "import ledger {}",
        "ledger diagnose {}",
        "ledger export {} -f prov",
        "ledger export {} -f croissant",
    ],
)
def test_nothing_is_written_over_a_ledger_nor_beside_it_where_sqlite_looks(command, source, output):
    refused("would replace the input", command.format(source), "-o", output)


def test_a_link_to_a_ledger_is_the_ledger(book):
    os.symlink(book, "other.db")
    os.link(book, "third.db")
    for output in ("other.db", "third.db"):
        refused("would replace the input", "ledger export l.db -f prov", "-o", output)
    refused("would replace the input", "ledger export other.db -f prov", "-o", "l.db-wal")


def edges(path: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("from,to,role,from_kind,to_kind\nweb,A,trained-on,dataset,model\n")


def test_the_evidence_is_written_over_no_input():
    edges("y.evidence.json")
    refused("would replace the input", "import edges y.evidence.json -o y.yaml")
    edges("e.csv")
    Path("y.evidence.json").write_text("{}")
    refused("would replace the input", "import edges e.csv -o y.yaml --rules y.evidence.json")


def test_the_evidence_is_no_way_into_a_folder_that_is_read():
    edges("folder/e.csv")
    os.symlink("folder/e.csv", "y.evidence.json")
    refused("would lie in the folder|would replace the input", "import edges folder -o y.yaml")
    os.symlink("folder/new.csv", "z.evidence.json")
    refused("would lie in the folder", "import edges folder -o z.yaml")
    assert os.listdir("folder") == ["e.csv"]


@pytest.mark.parametrize("report", ["x.yaml", "./x.yaml", "x.evidence.json", "link"])
def test_two_outputs_are_two_files(report):
    """Also where neither is there yet."""
    edges("e.csv")
    os.symlink("x.yaml", "link")
    refused("are one file", "import edges e.csv -o x.yaml --report", report)


def test_what_goes_into_a_device_has_no_evidence_beside_it():
    edges("e.csv")
    output = typed("import edges e.csv -o /dev/null").output
    assert "Wrote /dev/null; to go on" in output
    assert not os.path.exists("/dev/null.evidence.json")


def test_a_folder_is_no_pipeline_file(tmp_path):
    edges("e.csv")
    for output in (".", "..", "/"):
        refused("this is a folder", "import edges e.csv -o", output)


@pytest.mark.parametrize("output", ["", " "])
@pytest.mark.parametrize("form", ["croissant", "prov"])
def test_an_output_without_a_name_is_not_the_current_folder(form, output):
    refused("names nothing", "ledger export l.db -f", form, "-o", output)


def test_an_export_follows_no_link_in_its_folder(tmp_path):
    typed("ledger export l.db -f croissant -o out")
    [name, *_] = sorted(os.listdir("out"))
    os.remove(f"out/{name}")
    Path("precious").write_text("kept")
    os.symlink(tmp_path / "precious", f"out/{name}")
    refused("this is a link", "ledger export l.db -f croissant -o out")
    os.remove(f"out/{name}")
    os.link("l.db", f"out/{name}")
    refused("would replace the input", "ledger export l.db -f croissant -o out")


# -- the same end for both commands --------------------------------------------------------------


@pytest.mark.parametrize(
    "command", ["import ledger l.db", "ledger diagnose l.db", "ledger diagnose l.db --json"]
)
def test_both_ways_from_a_ledger_write_the_pipeline_and_its_evidence(command):
    result = typed(command, "-o", "p.yaml")
    said = result.stderr if "--json" in command else result.stdout
    assert "Wrote p.yaml and p.evidence.json; to go on: headwater diagnose p.yaml" in said
    kept = json.loads(Path("p.evidence.json").read_text())
    assert kept["pipeline"] == hashlib.sha256(Path("p.yaml").read_bytes()).hexdigest()
    assert typed("explain p.yaml student").stdout.startswith("student goes back to data taken as real: web")
    if "--json" in command:
        assert json.loads(result.stdout)["verdict"]


def run_event(number: int, **outputs: Any) -> dict[str, Any]:
    return {
        "eventType": "COMPLETE",
        "eventTime": f"2026-05-0{number}T12:00:00Z",
        "run": {"runId": f"ea041791-68bc-4ae1-bd89-{number:012d}"},
        "job": {"namespace": "trainer", "name": "fit"},
        "inputs": [{"namespace": "file", "name": "web"}],
        "outputs": [{"namespace": "s3", "name": "out/student", **outputs}],
        "producer": "https://example.org/trainer",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    }


def test_runs_that_name_no_model_are_told_how_to(tmp_path):
    """Neither command says that no run has finished: they have, and only nobody says what a model is."""
    with Ledger("o.db") as book:
        book.append("openlineage", {"event": run_event(1)})
    for command in ("ledger diagnose o.db", "import ledger o.db -o p.yaml"):
        with pytest.raises(InputError, match="1 run, but none says which assets are models") as caught:
            typed(command)
        assert "kinds: [{name:" in str(caught.value) and "datasetType with MODEL" in str(caught.value)
    assert "Nothing was written, and there is nothing to diagnose yet:" in typed("import ledger o.db").output
    Path("rules.yaml").write_text('kinds: [{name: "*student", kind: model}]\n')
    output = typed("ledger diagnose o.db --rules rules.yaml -o p.yaml").output
    assert "Wrote p.yaml" in output


def test_files_of_models_are_known_by_their_names_in_a_ledger_too():
    """The built-in rules stand under those of the user."""
    event = run_event(1)
    event["outputs"] = [{"namespace": "s3", "name": "out/student.safetensors"}]
    with Ledger("o.db") as book:
        book.append("openlineage", {"event": event})
    assert "student" in typed("ledger diagnose o.db").output


# -- evidence and pipeline -----------------------------------------------------------------------


def test_a_pipeline_that_was_changed_is_said_to_be():
    edges("e.csv")
    typed("import edges e.csv -o p.yaml")
    assert "changed" not in typed("explain p.yaml A").output
    with open("p.yaml", "a") as file:
        file.write("# by hand\n")
    said = (
        "The pipeline was changed after the import: flows it has no evidence for are told as written by hand."
    )
    assert typed("explain p.yaml A").output.startswith(f"{said}\n\nA goes back")
    assert json.loads(typed("explain p.yaml A --json").output)["note"] == said


def test_the_evidence_of_another_pipeline_is_refused():
    edges("e.csv")
    typed("import edges e.csv -o p.yaml")
    Path("q.yaml").write_text("headwater: 1\nsources: {x: {}}\nmodels: {A: {}}\nflows:\n- {from: x, to: A}\n")
    refused("the evidence of another pipeline", "explain q.yaml A --evidence p.evidence.json")


def test_explaining_does_not_wait_for_a_pipe_beside_the_pipeline():
    edges("e.csv")
    typed("import edges e.csv -o p.yaml")
    os.remove("p.evidence.json")
    os.mkfifo("p.evidence.json")
    with pytest.raises(InputError, match="is no regular file"):
        typed("explain p.yaml A")
