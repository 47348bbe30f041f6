"""The command: what it prints, writes and refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from headwater.cli.importing import command
from headwater.errors import GraphError, InputError, OutputError
from headwater.pipeline import read_pipeline
from headwater.regimes import Window

RECORDS = """
- {type: model, name: T, dependencies: [web]}
- {type: dataset, name: D, dependencies: [T, D]}
- {type: model, name: S, dependencies: [D]}
"""


@pytest.fixture
def records(tmp_path):
    folder = tmp_path / "my records"
    folder.mkdir()
    (folder / "a.yaml").write_text(RECORDS)
    return folder


@pytest.fixture
def run():
    app = typer.Typer()
    app.command("import")(command)

    def call(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


def test_it_writes_a_pipeline_and_says_how_to_go_on(run, records, tmp_path):
    out = tmp_path / "p.yaml"
    result = run("ecosystem-graphs", records, "-o", out)
    assert result.exit_code == 0
    pipeline = read_pipeline(out)
    assert (pipeline.name, pipeline.regime, pipeline.generations) == ("my records", None, None)
    assert {(flow.provider, flow.model) for flow in pipeline.graph.flows} == {("web", "T"), ("T", "S")}
    assert f"headwater diagnose {out}" in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my records", "p.evidence.json", "p.yaml"]


def test_without_output_it_only_reports(run, records, tmp_path):
    result = run("ecosystem-graphs", records)
    assert "Read 3 assets and 4 dependencies from 1 file" in result.output
    assert "Nothing was written" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["my records"]


def test_options_reach_the_pipeline(run, records, tmp_path):
    out = tmp_path / "p.yaml"
    run("ecosystem-graphs", records, "-o", out, "--name", "N", "--regime", "window:3", "--generations", 7)
    pipeline = read_pipeline(out)
    assert (pipeline.name, pipeline.regime, pipeline.generations) == ("N", Window(3), 7)


def test_the_command_line_goes_before_the_rules_file(run, records, tmp_path):
    rules, out = tmp_path / "rules.yaml", tmp_path / "p.yaml"
    rules.write_text("unresolved: external\nroles: [{from: T, to: D, role: judged}]")
    run("ecosystem-graphs", records, "-o", out, "--rules", rules)
    assert read_pipeline(out).graph.external.any()
    run("ecosystem-graphs", records, "-o", out, "--rules", rules, "--unresolved", "source")
    graph = read_pipeline(out).graph
    assert not graph.external.any()
    assert set(graph.source_names) == {"web", "D"}


def test_the_whole_report_is_json(run, records, tmp_path):
    path = tmp_path / "r.json"
    run("ecosystem-graphs", records, "--report", path)
    document = json.loads(path.read_text("utf-8"))
    assert document["read"]["assets"] == 3
    assert document["issues"][0]["place"] == "a.yaml:3"


def test_strict_refuses_what_was_left_out_and_writes_nothing(run, records, tmp_path):
    with pytest.raises(InputError, match=r"--strict: 1 left out, first a\.yaml:3"):
        run("ecosystem-graphs", records, "-o", tmp_path / "p.yaml", "--strict")
    assert not (tmp_path / "p.yaml").exists()


def test_strict_lets_clean_records_pass(run, records):
    (records / "a.yaml").write_text("- {type: model, name: T, dependencies: [web]}")
    assert run("ecosystem-graphs", records, "--strict").exit_code == 0


def test_an_unknown_format_is_refused_before_anything_is_read(run, tmp_path):
    with pytest.raises(InputError, match="did you mean 'ecosystem-graphs'"):
        run("ecosystem-grahps", tmp_path / "nowhere")


def test_records_without_a_model_are_no_pipeline(run, records, tmp_path):
    (records / "a.yaml").write_text("- {type: dataset, name: D}")
    with pytest.raises(InputError, match="no model was read"):
        run("ecosystem-graphs", records, "-o", tmp_path / "p.yaml")


@pytest.mark.parametrize("option", [("--regime", "replce"), ("--generations", "0")])
def test_wrong_options_are_refused(run, records, tmp_path, option):
    with pytest.raises(GraphError):
        run("ecosystem-graphs", records, "-o", tmp_path / "p.yaml", *option)
    assert not (tmp_path / "p.yaml").exists()


def test_an_output_that_cannot_be_written_is_one_error(run, records, tmp_path):
    with pytest.raises(OutputError):
        run("ecosystem-graphs", records, "-o", tmp_path / "nowhere" / "p.yaml")


def test_the_name_of_an_assets_folder_is_that_of_the_one_above(run, records, tmp_path):
    records.rename(tmp_path / "assets")
    run("ecosystem-graphs", tmp_path / "assets", "-o", tmp_path / "p.yaml")
    assert read_pipeline(tmp_path / "p.yaml").name == tmp_path.name


def test_the_real_records_make_a_pipeline(run, shared_data, tmp_path):
    """End to end, and the file says the graph that was made."""
    run("ecosystem-graphs", shared_data / "ecosystem_graphs", "-o", tmp_path / "p.yaml")
    pipeline = read_pipeline(tmp_path / "p.yaml")
    assert pipeline.name == "ecosystem_graphs"
    assert (len(pipeline.graph.model_names), len(pipeline.graph.provider)) == (426, 474)


# -- several records, and the evidence ----------------------------------------------------------


@pytest.fixture
def edges(tmp_path):
    path = tmp_path / "edges.csv"
    path.write_text("from,to,role,samples,from_kind,to_kind\nT,D,generated,900,model,dataset\n")
    return path


def test_two_records_make_one_graph(run, records, edges, tmp_path):
    """The catalogue knows who learns, the table how much was generated."""
    out = tmp_path / "p.yaml"
    result = run("ecosystem-graphs", records, "+", "edges", edges, "-o", out)
    assert "from 2 files" in result.output
    flows = {(flow.provider, flow.model, flow.samples) for flow in read_pipeline(out).graph.flows}
    assert flows == {("web", "T", None), ("T", "S", 900)}


def test_records_may_be_listed_in_the_rules_beside_them(run, records, edges, tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "records:\n- {format: ecosystem-graphs, path: my records}\n- {format: edges, path: edges.csv}\n"
    )
    assert "from 2 files" in run("--rules", rules).output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no records are named"),
        (["edges"], "the format 'edges' has no path"),
        (["+", "edges", "x"], "nothing stands beside a +"),
        (["edges", "x", "+"], "nothing stands beside a +"),
    ],
)
def test_records_that_are_not_named_are_one_error(run, words, said):
    with pytest.raises(InputError, match=said.replace("+", r"\+")):
        run(*words)


def test_nothing_is_written_over_a_record(run, edges):
    before = edges.read_bytes()
    with pytest.raises(InputError, match="would replace the input"):
        run("edges", edges, "-o", edges)
    assert edges.read_bytes() == before


def test_the_files_are_written_even_if_nobody_reads_what_is_printed(records, tmp_path):
    """`headwater import ... -o p.yaml | true`: a closed pipe is neither an error nor a negative answer."""
    script = (
        "import os, subprocess, sys; read, write = os.pipe(); os.close(read); "
        "sys.exit(subprocess.run([sys.executable, '-m', 'headwater.cli', *sys.argv[1:]], "
        "stdout=write).returncode)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "import", "ecosystem-graphs", str(records), "-o", "p.yaml"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert {"p.yaml", "p.evidence.json"} <= {path.name for path in tmp_path.iterdir()}


def test_the_report_is_shown_where_the_pipeline_cannot_be_written(records, tmp_path, capsys):
    with pytest.raises(OutputError, match="nowhere"):
        command(["ecosystem-graphs", str(records)], output=str(tmp_path / "nowhere" / "p.yaml"))
    assert "Read 3 assets" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {type: dataset, name: D}", "no model was read"),
        ("- {type: model, name: M}", "1 model, but no flow: no record says what data they learned from"),
    ],
)
def test_where_nothing_can_be_diagnosed_it_is_said_what_is_missing(run, records, tmp_path, text, said):
    (records / "a.yaml").write_text(text)
    output = run("ecosystem-graphs", records).output
    assert said in output and "rules file" in output.replace("file for --rules", "rules file")
    assert "to go on" not in output
    if "flow" in said:
        output = run("ecosystem-graphs", records, "-o", tmp_path / "p.yaml").output
        assert "Wrote" in output and said in output and "headwater diagnose" not in output


PASSWORD = "postgresql://u:open%20sesame@h/d?sslmode=require"


@pytest.mark.parametrize(
    "words", [["edges", PASSWORD], [PASSWORD], [PASSWORD, "x"], ["mlflow", PASSWORD], ["dvc", PASSWORD]]
)
def test_no_error_shows_a_password(run, words):
    with pytest.raises(InputError) as caught:
        run(*words)
    assert "sesame" not in str(caught.value)
    assert "u@h/d" in str(caught.value)


def test_no_password_is_shown_while_reading_nor_kept(monkeypatch):
    from headwater.lineage import Facts, gathering
    from headwater.lineage.rules import Record

    monkeypatch.setattr(gathering, "importer", lambda name: lambda path: Facts(path, 1))
    said = []
    facts = gathering.gather([Record("ledger", PASSWORD)], said.append)
    assert said == ["reading postgresql://u@h/d"]
    assert facts.origin == "postgresql://u@h/d"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("a/b@c", "a/b@c"),
        ("postgresql://u:a@b:c/@h:5/d", "postgresql://u@h:5/d"),
        ("postgresql:///d?user=u&password=s", "postgresql:///d"),
        ("https://token@example.org/x?key=s", "https://***@example.org/x"),
        ("sqlite:///l.db", "sqlite:///l.db"),
    ],
)
def test_an_address_is_shown_without_what_is_secret(path, shown):
    from headwater.lineage.gathering import without_password

    assert without_password(path) == shown


def test_only_the_hub_can_be_read_online(run, edges):
    with pytest.raises(InputError, match="--online reads cards from the hub and no edges"):
        run("edges", edges, "--online")


def test_it_tells_what_becomes_of_a_total_that_several_gave(run, tmp_path):
    path = tmp_path / "e.csv"
    path.write_text(
        "from,to,role,samples,from_kind,to_kind\n"
        "A,D,generated,,model,dataset\nS,D,generated,,model,dataset\n"
        "D,S,trained-on,1000,dataset,model\nweb,A,trained-on,500,dataset,model\n"
    )
    output = run("edges", path).output
    assert "all from S: S becomes ungrounded" in output
    assert "D in S, S: collapses" in output
    assert "D in S, A: degrades" in output or "D in S, A: stable" in output


@pytest.fixture
def explain():
    from headwater.cli import explain as module

    app = typer.Typer()
    app.command("explain")(module.command)

    def call(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return call


def test_explain_goes_from_a_model_to_the_lines_of_the_records(run, explain, records, tmp_path):
    out = tmp_path / "p.yaml"
    run("ecosystem-graphs", records, "-o", out)
    text = explain(out, "S").output
    assert text.startswith("S goes back to data taken as real: web -> T -> S")
    assert [line.strip() for line in text.splitlines() if line.strip().startswith("a.yaml:")] == [
        "a.yaml:4",
        "a.yaml:3",
        "a.yaml:2",
    ]
    assert json.loads(explain(out, "S", "--json").output)["to_real"] == ["web", "T", "S"]


def test_explain_without_evidence_has_the_lines_of_the_pipeline(explain, tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text(
        "headwater: 1\nsources: {web: {}}\nmodels: {A: {}}\nflows:\n- {from: web, to: A, samples: 3}\n"
    )
    text = explain(path, "A").output
    assert "p.evidence.json is not there" in text
    assert f"written by hand: {path}:5" in text
    with pytest.raises(InputError, match="there is no such file"):
        explain(path, "A", "--evidence", tmp_path / "none.json")
