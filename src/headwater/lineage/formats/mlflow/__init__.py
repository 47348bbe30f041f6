"""Reader of MLflow: its SQLite store, its file store, and JSON exports of either.

What is at the path tells which it is. Runs are procedures with their parameters, tags and last
metrics as labels. MLflow knows what a run read and which models it made, but not who generated a
dataset; that comes from three places only:

- the source of a dataset lies in the artifact folder of another run: made by that run;
- a run lists a logged model as its input: used by that run;
- the tag ``headwater.generated_by`` on a dataset input, with the value ``models:/NAME/NUMBER``,
  ``models:/ID``, ``runs:/ID`` or a run's id, or several of them with commas between: generated.
  On a run the tag speaks of its one training input; with several, ``headwater.generated_by.NAME``
  says which.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from headwater.errors import InputError
from headwater.lineage.facts import Facts
from headwater.lineage.formats.mlflow import exports, file_store, sqlite_store, telling
from headwater.lineage.formats.mlflow.records import Store
from headwater.lineage.reading import Collector, find_files, shown

__all__ = ["read"]

_DATABASES = (".db", ".sqlite", ".sqlite3")
_REMEDY = "give an mlruns folder, an mlflow.db, or a folder of JSON exports"


def read(path: str | Path) -> Facts:
    """Facts of an MLflow store.

    `path` is a SQLite file, a folder ``mlruns`` or one experiment of it, a folder that holds any of
    these, a JSON export or a folder of exports. Deleted runs and models are counted and left out.

    Raises
    ------
    InputError
        If there is nothing of MLflow at `path`.
    """
    root = Path(path)
    collector = Collector(shown(root), "mlflow")
    store = Store(collector)
    if not os.path.lexists(root):
        raise InputError("there is no such file or folder", "check the spelling", shown(root))
    if root.is_file():
        _read_file(root, store)
    elif root.is_dir():
        _read_folder(root, store)
    else:
        raise InputError("is neither a file nor a folder", _REMEDY, shown(root))
    telling.tell(store)
    return collector.facts()


def _read_file(file: Path, store: Store) -> None:
    name = shown(Path(file.name))
    if sqlite_store.is_sqlite(file):
        sqlite_store.read(file, name, store)
    elif not exports.read([(file, name)], store):
        said = [issue.message for issue in store.collector.issues if issue.severity == "error"]
        raise InputError(said[0] if said else "holds no record of MLflow", _REMEDY, shown(file))


def _read_folder(root: Path, store: Store) -> None:
    databases = [file for file in _databases(root) if sqlite_store.is_sqlite(file)]
    found = 0
    for file in databases:
        at = shown(file.relative_to(root))
        try:
            sqlite_store.read(file, at, store)
            found += 1
        except InputError as error:
            store.collector.broken(at, error)
    for folder in (root, root / "mlruns"):
        if not folder.is_symlink() and folder.is_dir() and file_store.is_file_store(folder):
            file_store.read(folder, root, store)
            found += 1
    if not found:
        files = [file for file in find_files(root, _is_json, store.collector) if _is_export(file, root)]
        found = exports.read([(file, shown(file.relative_to(root))) for file in files], store)
    if not found:
        raise InputError("holds nothing that MLflow wrote", _REMEDY, shown(root))


def _databases(root: Path) -> list[Path]:
    try:
        names = sorted(name for name in os.listdir(root) if name.lower().endswith(_DATABASES))
    except OSError as error:
        raise InputError(
            f"cannot be listed: {error.strerror}", "check that it may be read", shown(root)
        ) from None
    files = map(partial(Path, root), names)
    return [file for file in files if file.is_file() and not file.is_symlink()]


def _is_json(name: str) -> bool:
    return name.lower().endswith(".json")


def _is_export(file: Path, root: Path) -> bool:
    """Whether a file is beside artifacts, not one of them."""
    return "artifacts" not in file.relative_to(root).parts[:-1]
