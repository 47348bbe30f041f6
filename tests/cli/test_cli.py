"""The command line as people meet it: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import jsonschema
import pytest
import yaml

from headwater.cli import COMMANDS, main
from headwater.errors import GraphError
from headwater.pipeline import read_pipeline

HEAVY = {"numpy", "scipy", "pandas", "pyarrow", "pydantic", "xarray", "yaml"}


def headwater(*arguments, cwd=None, code=0):
    """Output of a command that must end with `code`."""
    run = subprocess.run(
        [sys.executable, "-m", "headwater.cli", *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == code, run.stderr
    assert "Traceback" not in run.stderr
    return run.stderr if code else run.stdout


def test_help_lists_every_command_and_loads_nothing_heavy():
    """What takes long to import is imported when a command runs."""
    script = "import sys; from headwater.cli import main\ntry: main()\nexcept SystemExit: print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", script, "--help"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    for name in ("init", "schema"):
        assert f"\n  {name} " in run.stdout
    assert not HEAVY & set(run.stdout.splitlines()[-1].split())


def test_every_command_explains_itself():
    """Each has a help of its own."""
    for name in ("init", "schema"):
        assert name in COMMANDS
        assert headwater(name, "--help").startswith(f"Usage: headwater {name}")


def test_the_version_is_shown():
    """One line, beginning with the name."""
    assert headwater("--version").startswith("headwater ")


def test_init_writes_an_example_that_is_a_pipeline(tmp_path):
    """Reader, schema and the printed text agree on it; a second time needs --force."""
    headwater("init", cwd=tmp_path)
    path = tmp_path / "pipeline.yaml"
    assert {"paraphraser", "augmenter", "faq-writer"} < set(read_pipeline(path).graph.model_names)
    jsonschema.validate(yaml.safe_load(path.read_text()), json.loads(headwater("schema")))
    assert headwater("init", "-", cwd=tmp_path) == path.read_text()
    path.write_text("mine")
    assert headwater("init", cwd=tmp_path, code=2).startswith("pipeline.yaml: this file exists already\n")
    assert path.read_text() == "mine"
    headwater("init", "--force", cwd=tmp_path)
    assert path.read_text() != "mine"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_is_one_error():
    """No traceback, exit code 2."""
    assert "No space left on device" in headwater("init", "--force", "/dev/full", code=2)


def test_an_unknown_command_is_answered_with_the_nearest():
    """Usage errors end with 2 as well."""
    assert "init" in headwater("inti", code=2)


def test_a_reader_that_leaves_is_no_error():
    """``headwater schema | head -1`` is quiet."""
    run = subprocess.run(
        f"{sys.executable} -m headwater.cli schema | head -1",
        shell=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout == "{\n"
    assert run.stderr == ""


@pytest.mark.parametrize(
    ("raised", "code"), [(GraphError("wrong", "do this"), 2), (KeyboardInterrupt(), 130)]
)
def test_errors_become_exit_codes(monkeypatch, capsys, raised, code):
    """The text of the error on stderr, and nothing else."""

    def app(**_):
        raise raised

    monkeypatch.setattr("typer.main.get_command", lambda _: app)
    monkeypatch.setattr("sys.excepthook", sys.excepthook)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == code
    assert capsys.readouterr() == ("", "wrong\ndo this\n" if code == 2 else "")
