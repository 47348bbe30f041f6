"""Small folders of made-up records."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from headwater.lineage import Facts
from headwater.lineage.formats.ecosystem_graphs import read

Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Writes files, given as name and text, into a new folder."""

    def write(**files: str | bytes) -> Path:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else content.encode()
            (tmp_path / f"{name}.yaml").write_bytes(data)
        return tmp_path

    return write


@pytest.fixture
def facts(folder: Folder) -> Callable[[str], Facts]:
    """Facts of lines ``kind name <- dependency, dependency``."""

    def make(text: str) -> Facts:
        records = []
        for line in filter(None, map(str.strip, text.splitlines())):
            asset, _, needs = line.partition("<-")
            kind, _, name = asset.strip().partition(" ")
            listed = ", ".join(f"'{need.strip()}'" for need in needs.split(",") if need.strip())
            records.append(f"- {{type: {kind}, name: '{name}', dependencies: [{listed}]}}")
        return read(folder(records="\n".join(records)))

    return make
