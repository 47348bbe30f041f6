"""The files of a folder, in order, without following links and within limits."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from headwater.errors import InputError
from headwater.lineage.facts import Place
from headwater.lineage.reading.collecting import Collector

DEEPEST = 20
MOST_FILES = 200_000


def find_files(root: Path, wanted: Callable[[str], bool], collector: Collector) -> list[Path]:
    """The regular files below a folder whose name is wanted, in order; or `root`, if it is a file.

    Hidden files and folders are left out in silence; links, pipes and folders that cannot be
    listed with an issue.

    Raises
    ------
    InputError
        If `root` does not exist or cannot be listed, or holds more than `MOST_FILES` files.
    """
    if not os.path.lexists(root):
        raise InputError("there is no such file or folder", "check the spelling", shown(root))
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise InputError("is neither a file nor a folder", "give the folder with the records", shown(root))
    found: list[Path] = []

    def skip(error: OSError) -> None:
        where = Path(error.filename)
        if where == root:
            raise InputError(f"cannot be listed: {error.strerror}", "check that it may be read", shown(root))
        collector.error(
            Place(shown(where.relative_to(root))),
            f"the folder cannot be listed: {error.strerror}; nothing was read from it",
        )

    for folder, folders, names in os.walk(root, onerror=skip, followlinks=False):
        here = Path(folder)
        _enter(here, folders, root, collector)
        for name in sorted(names):
            file = here / name
            if not name.startswith(".") and wanted(name) and _is_regular(file, root, collector):
                found.append(file)
        if len(found) > MOST_FILES:
            raise InputError(f"holds more than {MOST_FILES:,} files", "import it in parts", shown(root))
    return sorted(found)


def named_files(
    root: Path, endings: tuple[str, ...], collector: Collector, remedy: str
) -> list[tuple[Path, str]]:
    """The files of a folder with one of the endings, each with its name in places; or `root`, a file.

    Counts them as files of the collector.

    Raises
    ------
    InputError
        As `find_files`, and if there is none; `remedy` says what to give.
    """
    files = find_files(root, lambda name: name.lower().endswith(endings), collector)
    if not files:
        raise InputError(f"holds no {endings[0]} file", remedy, shown(root))
    collector.files = len(files)
    return [(file, file.name if file == root else shown(file.relative_to(root))) for file in files]


def shown(path: Path) -> str:
    """A path that can be printed and stored: a file name need not be UTF-8."""
    return path.as_posix().encode(errors="backslashreplace").decode()


def _enter(here: Path, folders: list[str], root: Path, collector: Collector) -> None:
    """Leave out of `folders` what is not walked into."""
    kept = sorted(name for name in folders if not name.startswith("."))
    for name in [name for name in kept if (here / name).is_symlink()]:
        place = Place(shown((here / name).relative_to(root)))
        collector.warning(place, "is a link to a folder; links are not followed")
        kept.remove(name)
    if kept and len(here.relative_to(root).parts) >= DEEPEST:
        place = Place(shown(here.relative_to(root)))
        collector.error(place, f"is {DEEPEST} folders deep; what lies deeper was not read")
        kept = []
    folders[:] = kept


def _is_regular(file: Path, root: Path, collector: Collector) -> bool:
    place = Place(shown(file.relative_to(root)))
    if file.is_symlink():
        collector.warning(place, "is a link; links are not followed")
        return False
    # A named pipe would wait for a writer for ever.
    if not file.is_file():
        collector.error(place, "is not a readable file; nothing was read from it")
        return False
    return True
