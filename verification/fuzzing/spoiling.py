"""A case: a specimen with a change or a few, written into a folder for an importer to read.

Files are changed as bytes, as the trees or tables they hold, and as files: gone, empty, a folder, a
link or a pipe where a file should be. A case follows from its seed and number alone.
"""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from verification.fuzzing.bytes_level import spoil
from verification.fuzzing.specimens import Specimen
from verification.fuzzing.tables import spoil_csv, spoil_parquet, spoil_sqlite
from verification.fuzzing.trees import spoil_card, spoil_json, spoil_yaml

_FOLDERS = ("ecosystem-graphs",)
"""Importers that refuse a file on its own."""

_YAML = (".yaml", ".yml", ".lock", ".dvc")


@dataclass(frozen=True, slots=True)
class Case:
    """What an importer is given: where it lies, and what it came from."""

    format: str
    source: str
    path: Path


def make(
    seed: int, number: int, specimens: Mapping[str, Sequence[Specimen]], folder: Path, scratch: Path
) -> Case:
    """Write case `number` into `folder`, which is emptied first; `scratch` is a file to work in."""
    rng = Random(f"{seed}:{number}")
    formats = sorted(specimens)
    name = formats[number % len(formats)]
    specimen, other = _chosen(specimens[name], rng), _chosen(specimens[name], rng)
    files = dict(specimen.files)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        path = rng.choice(sorted(files))
        files[path] = _changed(path, files[path], rng.choice(list(other.files.values())), rng, scratch)
    _empty(folder)
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    if rng.random() < 0.05:
        _change_file(folder / rng.choice(sorted(files)), folder, rng)
    only = folder / next(iter(files))
    # A link that a user names is followed, as it should be; one found in a folder is not.
    whole = len(files) > 1 or only.is_symlink() or name in _FOLDERS or rng.random() < 0.5
    return Case(name, specimen.source, folder if whole else only)


def _chosen(specimens: Sequence[Specimen], rng: Random) -> Specimen:
    """One of them: the few that were recorded, which are full of lineage, as often as the many real ones."""
    real = rng.random() < 0.5
    return rng.choice([each for each in specimens if each.real == real] or specimens)


def _empty(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)


def _changed(path: str, content: bytes, other: bytes, rng: Random, scratch: Path) -> bytes:
    made = None
    if rng.random() < 0.6:
        with suppress(RecursionError):
            made = _change_inside(path, content, rng, scratch)
    return spoil(content, other, rng) if made is None else made


def _change_inside(path: str, content: bytes, rng: Random, scratch: Path) -> bytes | None:
    """The file with what it holds changed; nothing where it is not known to hold anything."""
    name = path.rpartition("/")[2].lower()
    if ".git/objects/" in f"/{path}":
        return _spoil_object(content, rng)
    changes: dict[str, Callable[[bytes, Random], bytes | None]] = {
        ".json": spoil_json,
        ".jsonl": spoil_json,
        ".jsonld": spoil_json,
        ".ndjson": spoil_json,
        ".csv": spoil_csv,
        ".md": spoil_card,
        ".parquet": spoil_parquet,
        ".db": partial(spoil_sqlite, scratch=scratch),
        **dict.fromkeys(_YAML, spoil_yaml),
    }
    change = changes.get(os.path.splitext(name)[1])
    return change(content, rng) if change else None


def _spoil_object(content: bytes, rng: Random) -> bytes | None:
    """A git object with its unpacked content changed, or one that unpacks to far more than it says."""
    try:
        header, _, body = zlib.decompress(content).partition(b"\0")
    except zlib.error:
        return None
    what = rng.randrange(8)
    if what == 0:
        return zlib.compress(header + b"\0" + body + bytes(50 * 2**20), 1)
    if what == 1:
        return zlib.compress(spoil(header, header, rng) + b"\0" + body)
    changed = (spoil_yaml(body, rng) if what <= 4 else None) or spoil(body, header, rng)
    return zlib.compress(header.split(b" ")[0] + b" %d\0" % len(changed) + changed)


def _change_file(file: Path, folder: Path, rng: Random) -> None:
    what = rng.randrange(8)
    if what == 0:
        file.write_bytes(b"")
    elif what == 1:
        file.rename(file.with_name(os.fsdecode(b"\xff\xfe name" + os.fsencode(file.suffix))))
    else:
        file.unlink()
    if what == 2:
        file.mkdir()
    elif what == 3:
        os.mkfifo(file)
    elif what == 4:
        file.symlink_to("/etc/passwd")
    elif what == 5:
        file.symlink_to(file)
    elif what == 6:
        file.symlink_to(folder)
