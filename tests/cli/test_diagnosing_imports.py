"""A diagnosis of an imported pipeline says what the import took for granted."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from headwater.cli.diagnose import command
from headwater.cli.importing import command as import_


@pytest.fixture
def app():
    made = typer.Typer()
    made.command("diagnose")(command)
    made.command("import")(import_)
    return made


def test_sources_of_an_import_are_said_to_be_taken_as_real(app, tmp_path):
    table, pipeline = tmp_path / "e.csv", tmp_path / "p.yaml"
    table.write_text("from,to,role,samples,from_kind,to_kind\nweb,A,trained-on,50,dataset,model\n")
    CliRunner().invoke(app, ["import", "edges", str(table), "-o", str(pipeline)], catch_exceptions=False)
    printed = CliRunner().invoke(app, ["diagnose", str(pipeline)], catch_exceptions=False).output
    assert "Imported: 1 source taken as real, for no record says who made the data: web" in printed
    (tmp_path / "p.evidence.json").unlink()
    printed = CliRunner().invoke(app, ["diagnose", str(pipeline)], catch_exceptions=False).output
    assert "Imported" not in printed
