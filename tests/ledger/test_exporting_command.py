"""``headwater ledger export``, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")

import typer
from typer.testing import CliRunner

from headwater.cli import ledger_export
from headwater.errors import InputError, OutputError
from headwater.ledger import Ledger
from tests.ledger.books import everything


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return everything(tmp_path / "a.db")


def typed(*words: object) -> Any:
    app = typer.Typer()
    app.command()(ledger_export.command)
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=True)


@pytest.mark.parametrize("form", ["openlineage", "prov"])
def test_a_file_is_written_at_once(book, tmp_path, form):
    output = tmp_path / "out.json"
    output.write_text("old")
    done = typed(book, "--format", form, "-o", output)
    assert (done.exit_code, done.stdout.strip()) == (0, f"Wrote {output}")
    for line in output.read_text().splitlines() if form == "openlineage" else [output.read_text()]:
        json.loads(line)
    assert not list(tmp_path.glob(".headwater-*"))


def test_croissant_is_a_folder(book, tmp_path):
    done = typed(book, "--format", "croissant", "-o", tmp_path / "new" / "folder")
    assert "Wrote 9 files into" in done.stdout
    assert len(list((tmp_path / "new" / "folder").iterdir())) == 9
    file = tmp_path / "file"
    file.write_text("x")
    assert isinstance(typed(book, "--format", "croissant", "-o", file).exception, InputError)


def test_an_unknown_format_is_named_before_anything_is_read(tmp_path):
    done = typed(tmp_path / "none.db", "--format", "opnlineage", "-o", tmp_path / "x")
    assert "did you mean 'openlineage'?" in str(done.exception)


def test_a_missing_ledger_is_not_begun(tmp_path):
    done = typed(tmp_path / "none.db", "--format", "prov", "-o", tmp_path / "x")
    assert isinstance(done.exception, InputError)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_changes_nothing(book, tmp_path):
    done = typed(book, "--format", "prov", "-o", tmp_path / "no" / "such" / "folder.json")
    assert isinstance(done.exception, OutputError)


def test_what_is_left_out_is_listed(book, tmp_path):
    with Ledger(book) as ledger:
        for _ in range(30):
            ledger.append("used", {"run": "nobody's\x1b[31m"})
    done = typed(book, "--format", "prov", "-o", tmp_path / "out.json")
    assert done.exit_code == 0
    assert done.stderr.count("left out:") == 21
    assert "10 more" in done.stderr
    assert "\x1b" not in done.stderr
