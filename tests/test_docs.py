"""What the documents show is what the program does."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from headwater.cli.init import example
from headwater.diagnosis import diagnose
from headwater.errors import InputError
from headwater.pipeline import parse_pipeline
from headwater.report.terminal import as_text

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ("README.md", "DESIGN.md", "CONTRIBUTING.md")


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("name", ["README.md", "DESIGN.md", "docs/lineage.md", "docs/planning.md"])
def test_every_python_block_runs(name, capsys, monkeypatch, tmp_path):
    """Blocks of one document share their names, as a reader would type them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    found = blocks(name, "python")
    assert found
    names: dict[str, object] = {}
    for block in found:
        exec(compile(block, name, "exec"), names)


def test_every_pipeline_in_the_readme_is_read():
    """And diagnosed."""
    found = blocks("README.md", "yaml")
    assert found
    for block in found:
        assert diagnose(parse_pipeline(block)).verdict


def test_the_page_in_the_readme_is_the_page():
    """Up to the sections that the README says it leaves out."""
    page = as_text(diagnose(parse_pipeline(example())), 110)
    (shown,) = [block for block in blocks("README.md", "text") if "model              verdict" in block]
    assert page.startswith(shown.rstrip())


def test_the_run_in_the_readme_is_the_run(tmp_path):
    """The numbers of simulate, sweep and verify are those that the commands print."""
    import subprocess
    import sys

    (tmp_path / "distil.yaml").write_text(blocks("README.md", "yaml")[1], encoding="utf-8")
    commands = [
        line.partition("#")[0].split()
        for block in blocks("README.md", "console")
        for line in block.splitlines()
        if line.startswith(("headwater simulate distil", "headwater sweep distil", "headwater verify distil"))
    ]
    shown = [
        block for block in blocks("README.md", "text") if "replicates of" in block or "worst model" in block
    ]
    sentence = next(
        block for block in blocks("README.md", "text") if block.startswith("theory and simulation")
    )
    assert len(commands) == 3
    printed = []
    for command in commands:
        found = subprocess.run(
            [sys.executable, "-m", "headwater.cli", *(part.strip('"') for part in command[1:])],
            cwd=tmp_path, env=os.environ | {"COLUMNS": "110"}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        printed.append("\n".join(line.rstrip() for line in found.stdout.splitlines()))
    for block in shown:
        assert any(block.rstrip() in each for each in printed), block
    assert " ".join(sentence.split()) in " ".join(printed[2].split())


def test_the_check_in_the_readme_is_the_check(tmp_path):
    """Digits that a loop wrote, and what the command says of them: the words, for fits differ in last digits
    from one processor to another, and a loop makes more of them.
    """
    import subprocess
    import sys

    (block,) = [each for each in blocks("README.md", "console") if "digits-loop.py digits" in each]
    example, check = (line.partition("#")[0].split() for line in block.strip().splitlines())
    (shown,) = [each for each in blocks("README.md", "text") if "Is it collapse?" in each]
    subprocess.run([sys.executable, str(ROOT / example[1]), *example[2:]], cwd=tmp_path, check=True)
    wrote = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob(check[2]))
    found = subprocess.run(
        [sys.executable, "-m", "headwater.cli", "check", *wrote, *check[3:]],
        cwd=tmp_path, env=os.environ | {"COLUMNS": "110"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for page in (found.stdout, shown):
        assert "replace, generation 10: stage early" in page
        assert "Is it collapse? yes" in page
    rows = [re.split(r"  +", line.strip())[:2] for line in shown.splitlines() if line.count("   ") > 2]
    assert len(rows) == 9
    told = [re.split(r"  +", line.strip())[:2] for line in found.stdout.splitlines()]
    assert [name for name, *_ in rows] == [name for name, *_ in told if name in dict(rows)]
    for name in ("tails lost", "any rise of risk", "collapsing variance"):
        assert [name, dict(rows)[name]] in told


def test_the_import_in_the_readme_is_the_import(tmp_path):
    """What it prints of folding, and the file it writes."""
    import subprocess
    import sys

    command = [sys.executable, "-m", "headwater.cli", "import", "openlineage"]
    found = subprocess.run(
        [*command, str(ROOT / "examples" / "self-training.ndjson"), "-o", str(tmp_path / "loop.yaml")],
        env=os.environ | {"COLUMNS": "110"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    shown = {block.partition("\n")[0]: block for block in blocks("README.md", "text")}
    folded = next(block for first, block in shown.items() if first.startswith("Folded:"))
    assert folded in found.stdout
    assert shown["headwater: 1"] == (tmp_path / "loop.yaml").read_text(encoding="utf-8")


def test_the_rules_in_the_documents_are_rules(tmp_path):
    from headwater.lineage import read_rules

    for block in blocks("docs/lineage.md", "yaml"):
        (tmp_path / "rules.yaml").write_text(block, encoding="utf-8")
        assert read_rules(tmp_path / "rules.yaml").fold
    for path in sorted((ROOT / "examples").glob("*-rules.yaml")):
        assert read_rules(path).aliases


def test_every_format_has_its_row_in_the_documents():
    from headwater.lineage.registry import IMPORTERS

    page = (ROOT / "docs" / "lineage.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)) == set(IMPORTERS)


def test_the_error_in_the_readme_is_the_error():
    """A misspelt name in the pipeline of the README."""
    file = blocks("README.md", "yaml")[0]
    assert file.count("from: student, to: teacher") == 1
    with pytest.raises(InputError) as raised:
        parse_pipeline(
            file.replace("from: student, to: teacher", "from: student, to: techer"), "pipeline.yaml"
        )
    assert f"{raised.value}\n" in blocks("README.md", "text")


def test_every_source_named_is_in_the_bibliography_and_the_reverse():
    """Keys in docstrings end in an underscore; in documents they stand in backquotes."""
    keys = set(re.findall(r"@\w+\{([^,]+),", (ROOT / "references.bib").read_text(encoding="utf-8")))
    named: set[str] = set()
    for folder in ("src", "tests", "verification"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            named |= set(re.findall(r"\[([a-z]+\d{4}[a-z]+)\]_?", path.read_text(encoding="utf-8")))
    for name in DOCUMENTS:
        for quoted in re.findall(r"`\[([^\]`]+)\]`", (ROOT / name).read_text(encoding="utf-8")):
            named |= {
                key.strip() for key in quoted.split(";") if re.fullmatch(r"\s*[a-z]+\d{4}[a-z]+\s*", key)
            }
    assert named - keys == set()
    assert keys - named == set()
