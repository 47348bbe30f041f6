"""The page on planning, and the README's part of it, show what the commands do."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from headwater.cli.init import example
from headwater.pipeline import parse_pipeline
from tests.test_docs import ROOT, blocks

PAGE = "docs/planning.md"
NOT_HERE = ("headwater init", "headwater import", "headwater plan ecosystem.yaml")
"""Commands whose input is not in the repository."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """What a reader has at hand: the example's pipeline, that of the page, the examples."""
    place = tmp_path_factory.mktemp("reader")
    (place / "pipeline.yaml").write_text(example(), encoding="utf-8")
    (place / "distil.yaml").write_text(blocks(PAGE, "yaml")[0], encoding="utf-8")
    (place / "examples").symlink_to(ROOT / "examples")
    return place


def printed(command: str, folder: Path) -> str:
    """What a command prints at 110 columns, without blanks at the ends of lines."""
    found = subprocess.run(
        [sys.executable, "-m", "headwater.cli", *shlex.split(command)[1:]],
        cwd=folder, env=os.environ | {"COLUMNS": "110"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode in (0, 3), found.stderr
    return "\n".join(line.rstrip() for line in found.stdout.splitlines())


def shown(name: str) -> list[tuple[str, str]]:
    """Every command of a document that has a block of output right after it."""
    text = (ROOT / name).read_text(encoding="utf-8")
    pairs = re.findall(r"```console\n([^`]*?)```\n+```text\n(.*?)```", text, re.DOTALL)
    return [(commands.strip().splitlines()[-1], page) for commands, page in pairs]


def parts(page: str) -> list[str]:
    """A page's parts between the dots that stand for what is left out."""
    return [part.strip("\n") for part in re.split(r"^\.\.\.$", page, flags=re.MULTILINE) if part.strip()]


@pytest.mark.slow
@pytest.mark.parametrize(("command", "page"), shown(PAGE), ids=lambda each: each[:50])
def test_the_page_shows_what_the_commands_print(command, page, folder):
    """Numbers included: what is simulated has a seed."""
    if command.startswith(NOT_HERE):
        pytest.skip("the records that it imports are not in the repository")
    output = printed(command, folder)
    for part in parts(page):
        assert part in output


def test_the_plan_of_the_readme_is_the_plan(folder):
    """And the file that it writes reads back."""
    ((command, page),) = [
        (command, page) for command, page in shown("README.md") if command.startswith("headwater plan")
    ]
    output = printed(command, folder)
    for part in parts(page):
        assert part in output
    assert parse_pipeline((folder / "planned.yaml").read_bytes()).graph


def test_every_command_of_the_readme_s_table_runs(folder):
    """Those that answer a question each."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\| .*\? \| `(headwater [^`]+)`.* \|$", text, re.MULTILINE)
    assert len(commands) == 4
    *others, measured = commands
    own = "examples/question-answering"
    measured = measured.replace("pipeline.yaml", f"{own}.yaml")
    for command in (*others, measured.replace("measurements.csv", f"{own}.csv --column loss")):
        assert printed(command, folder)
