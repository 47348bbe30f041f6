"""Files of every format to start from: real ones, where they are at hand, and those recorded for tests."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from headwater.lineage.registry import importers

RECORDS = "HEADWATER_RECORDS"
RECORDED = (
    Path(__file__).parent / "seeds",
    Path(__file__).parents[2] / "tests" / "lineage" / "formats" / "data",
)
"""Folders of made-up and of recorded files, each with a folder for an importer's module."""

LARGEST = 8 * 2**10
"""Longer files are shortened, so that a case takes a millisecond or two."""

LARGEST_TABLES = 2**20
"""The same for files that cannot be shortened, such as databases."""

MOST_FILES = 60
MOST_SPECIMENS = 400

REAL = {
    "croissant": ("croissant/**/*.json*",),
    "cyclonedx": ("cyclonedx_mlbom/**/*.json",),
    "data_provenance": ("dpi/data_summaries*/*.json",),
    "ecosystem_graphs": ("ecosystem_graphs/assets/*.yaml",),
    "openlineage": ("openlineage/**/*.json", "openlineage/**/*.ndjson"),
    "prov_json": ("prov_json/**/*.json", "prov_ml/**/*.json"),
}
"""Patterns below the folder of real records, by the name of the importer's module."""


@dataclass(frozen=True, slots=True)
class Specimen:
    """Files that an importer reads: a folder of them, or the only one on its own.

    Attributes
    ----------
    format
        The importer's name.
    source
        Where the files are from, for people.
    files
        Contents by path within the folder.
    real
        Whether it is from the folder of real records.
    """

    format: str
    source: str
    files: dict[str, bytes]
    real: bool = False


def records_folder() -> Path | None:
    """The folder of real public records, named by a variable or found beside the checkout."""
    if RECORDS in os.environ:
        return Path(os.environ[RECORDS])
    beside = sorted(Path(__file__).resolve().parents[2].glob("*/data/ecosystem_graphs"))
    beside += sorted(Path(__file__).resolve().parents[3].glob("*/data/ecosystem_graphs"))
    return beside[0].parent if beside else None


def specimens(formats: list[str] | None = None, real: bool = True) -> dict[str, list[Specimen]]:
    """Specimens of the formats named, or of all; a format without any is left out.

    Parameters
    ----------
    real
        Also those that are not part of the repository.
    """
    found: dict[str, list[Specimen]] = {}
    folder = records_folder() if real else None
    for name, where in sorted(importers().items()):
        if formats and name not in formats:
            continue
        module = _module(where)
        kept = list(_recorded(name, module))
        if folder is not None:
            kept += list(_real(name, module, folder))[: MOST_SPECIMENS - len(kept)]
        if kept:
            found[name] = kept
    return found


def _module(where: str) -> str:
    """The part after `formats` of ``package.formats.name:read``; else the package, such as `ledger`."""
    parts = where.partition(":")[0].split(".")
    return (
        parts[parts.index("formats") + 1] if "formats" in parts[:-1] else parts[-2 if len(parts) > 1 else -1]
    )


def _recorded(name: str, module: str) -> Iterator[Specimen]:
    roots = [root / module for root in RECORDED if (root / module).is_dir()]
    for each in [each for root in roots for each in sorted(root.iterdir())]:
        if each.suffix in (".py", ".md", ".sh", ".txt") or each.name.startswith("."):
            continue
        contents = _contents(each)
        if contents:
            yield Specimen(name, f"{each.parent.parent.name}/{module}/{each.name}", contents)
        if each.suffix == ".csv":
            yield Specimen(name, f"{each.name} as Parquet", {f"{each.stem}.parquet": _parquet(each)})


def _contents(each: Path) -> dict[str, bytes]:
    """The files that something recorded stands for: a database as SQL, a folder as JSON, a history."""
    if each.suffix == ".sql":
        return {f"{each.stem}.db": _database(each.read_text())}
    if each.suffix == ".json" and (packed := _packed(each)):
        return packed
    if each.is_dir() and all(below.name.isdigit() for below in each.iterdir()):
        return _history(each)
    files = {each.name: each} if each.is_file() else _below(each)
    return {path: content for path, file in files.items() if (content := _content(file)) is not None}


def _database(script: str) -> bytes:
    book = sqlite3.connect(":memory:")
    try:
        book.executescript(script)
        return book.serialize()
    finally:
        book.close()


def _packed(file: Path) -> dict[str, bytes]:
    """Texts by path, where a JSON file holds nothing else."""
    whole = json.loads(file.read_bytes())
    if not isinstance(whole, dict) or not all(isinstance(text, str) for text in whole.values()):
        return {}
    if not all("/" in path for path in whole):
        return {}
    # The whole of it: which few files matter is what an importer knows.
    return {path: text.encode() for path, text in whole.items()}


def _history(rounds: Path) -> dict[str, bytes]:
    """Recorded rounds as the git repository that they would be."""
    try:
        from tests.lineage.formats.git_replay import replayed
    except ImportError:
        # It needs dulwich, which only tests do.
        return {}
    with tempfile.TemporaryDirectory() as folder:
        replayed(rounds.name, Path(folder))
        root = Path(folder)
        return {
            file.relative_to(root).as_posix(): file.read_bytes()
            for file in sorted(root.rglob("*"))
            if file.is_file()
        }


def _parquet(table: Path) -> bytes:
    made = io.BytesIO()
    options = pa.csv.ParseOptions(newlines_in_values=True)
    pq.write_table(pa.csv.read_csv(table, parse_options=options), made)
    return made.getvalue()


def _below(folder: Path) -> dict[str, Path]:
    files = sorted(file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    return {file.relative_to(folder).as_posix(): file for file in files[:MOST_FILES]}


def _real(name: str, module: str, folder: Path) -> Iterator[Specimen]:
    for pattern in REAL.get(module, ()):
        for file in sorted(folder.glob(pattern)):
            if file.is_file() and (content := _content(file)) is not None:
                yield Specimen(name, file.relative_to(folder).as_posix(), {file.name: content}, real=True)


def _content(file: Path) -> bytes | None:
    """What is in a file, shortened if need be; nothing where that cannot be done."""
    content = file.read_bytes()
    if len(content) <= LARGEST:
        return content
    try:
        return json.dumps(_shortened(json.loads(content)), ensure_ascii=False, indent=1).encode()
    except ValueError:
        pass
    try:
        content.decode()
    except UnicodeDecodeError:
        return content if len(content) <= LARGEST_TABLES else None
    return content[: content.rfind(b"\n", 0, LARGEST) + 1]


def _shortened(value: Any) -> Any:
    """A value with the longest of its lists and objects halved until it is short enough."""
    while len(json.dumps(value)) > LARGEST:
        longest = max(_containers(value), key=len)
        if len(longest) < 2:
            return None
        if isinstance(longest, dict):
            for key in list(longest)[len(longest) // 2 :]:
                del longest[key]
        else:
            del longest[len(longest) // 2 :]
    return value


def _containers(value: Any) -> Iterator[Any]:
    if isinstance(value, (dict, list)):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from _containers(item)
