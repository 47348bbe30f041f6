"""Reader of Ecosystem Graphs: a folder of YAML files, each a list of models, datasets, applications.

An asset is identified by its type and name and lists the names it depends on. Any field may be
written ``{value: ..., explanation: ...}``. The records hold no sample counts and do not say what
a dependency is for; nothing of that is guessed here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import yaml

from headwater.errors import InputError, nearest
from headwater.lineage import marked_yaml
from headwater.lineage.facts import Entity, Facts, Issue, Key, Kind, Place, Relation

_KINDS: tuple[Kind, ...] = ("model", "dataset", "application")
LONGEST_NAME = 500
"""Above this a name is a mistake, such as a description in the wrong field."""

_Fact = Entity | Relation | Issue


def read(path: str | Path) -> Facts:
    """Facts of an Ecosystem Graphs folder.

    Every ``.yaml`` and ``.yml`` file below `path` is read, hidden ones aside; where `path` has a
    folder ``assets``, as the repository has, only what is below that. A file or record that
    cannot be read becomes an issue and the rest is read.

    Raises
    ------
    InputError
        If `path` is no folder, cannot be listed or holds no YAML file.
    """
    root = Path(path)
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "there is no such folder"
        raise InputError(
            what, "give the folder with the asset files, such as ecosystem-graphs/assets", str(path)
        )
    if (root / "assets").is_dir():
        root = root / "assets"
    files, skipped = _yaml_files(root)
    if not files:
        raise InputError(
            "holds no .yaml or .yml file",
            "give the folder with the asset files, usually called assets",
            str(root),
        )
    facts = [fact for file in files for fact in _read_file(file, _shown(file.relative_to(root)))]
    entities = tuple(fact for fact in facts if isinstance(fact, Entity))
    issues = [fact for fact in facts if isinstance(fact, Issue)]
    return Facts(
        origin=_shown(root),
        files=len(files),
        entities=entities,
        relations=tuple(fact for fact in facts if isinstance(fact, Relation)),
        issues=(*skipped, *issues, *_repeats(entities)),
    )


def _yaml_files(root: Path) -> tuple[list[Path], list[Issue]]:
    """The files to read, in order, and the folders below that cannot be listed."""
    found: list[Path] = []
    issues: list[Issue] = []

    def skip(error: OSError) -> None:
        where = Path(error.filename)
        if where == root:
            raise InputError(f"cannot be listed: {error.strerror}", "check that it may be read", str(root))
        said = f"the folder cannot be listed: {error.strerror}; nothing was read from it"
        issues.append(Issue("error", Place(_shown(where.relative_to(root))), said))

    for folder, folders, names in os.walk(root, onerror=skip):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [
            Path(folder, name)
            for name in names
            if name.lower().endswith((".yaml", ".yml")) and not name.startswith(".")
        ]
    return sorted(found), issues


def _shown(path: Path) -> str:
    # A file name need not be UTF-8; what is written and printed must be.
    return path.as_posix().encode(errors="backslashreplace").decode()


def _read_file(file: Path, shown: str) -> Iterator[_Fact]:
    # A named pipe would wait for a writer for ever.
    if not file.is_file():
        yield Issue("error", Place(shown), "is not a readable file; nothing was read from it")
        return
    try:
        root = marked_yaml.load(file, shown)
    except InputError as error:
        said = error.problem.removeprefix(f"{error.path}:{error.line}: ").removeprefix(f"{error.path}: ")
        yield Issue("error", Place(shown, error.line or 0), f"{said}; nothing was read from the file")
        return
    if root is None or marked_yaml.is_null(root):
        yield Issue("warning", Place(shown), "is empty")
    elif not isinstance(root, yaml.SequenceNode):
        place = Place(shown, marked_yaml.line(root))
        yield Issue(
            "error", place, f"the file is {marked_yaml.kind(root)}, not a list of assets; nothing was read"
        )
    else:
        for record in marked_yaml.items(root):
            yield from _read_record(record, shown)


def _read_record(record: yaml.Node, shown: str) -> Iterator[_Fact]:
    place = Place(shown, marked_yaml.line(record))
    if not isinstance(record, yaml.MappingNode):
        yield Issue(
            "error", place, f"the record is {marked_yaml.kind(record)}, not a mapping; it was skipped"
        )
        return
    fields, twice = marked_yaml.fields(record)
    for key in twice:
        if key.value in ("name", "type", "dependencies"):
            at = Place(shown, marked_yaml.line(key))
            yield Issue("warning", at, f"{key.value!r} is written twice in one record; the last one counts")
    name_node = _value(fields.get("name"))
    name = marked_yaml.text(name_node)
    if name is None or name_node is None:
        yield Issue(
            "error", place, f"the record's name is {marked_yaml.kind(name_node)}, not text; it was skipped"
        )
        return
    place = Place(shown, marked_yaml.line(name_node))
    if len(name) > LONGEST_NAME:
        yield Issue("error", place, f"the record's name has {len(name):,} characters; it was skipped")
        return
    if not marked_yaml.is_text(name_node):
        yield Issue(
            "warning", place, f"the name is not quoted and is no text to YAML; it was read as {name!r}"
        )
    kind = marked_yaml.text(_value(fields.get("type")))
    if kind not in _KINDS:
        yield Issue("warning", place, _unknown_type(name, fields.get("type")))
    entity = Entity(name, next((known for known in _KINDS if known == kind), "unknown"), place)
    yield entity
    yield from _read_dependencies(entity.key, fields, shown)


def _unknown_type(name: str, node: yaml.Node | None) -> str:
    written = marked_yaml.text(_value(node))
    hint = nearest(written, _KINDS) if written else f"known: {', '.join(sorted(_KINDS))}"
    return f"the type of {name!r} is {marked_yaml.kind(_value(node))}, so it stays unknown; {hint}"


def _read_dependencies(subject: Key, fields: dict[str, yaml.Node], shown: str) -> Iterator[_Fact]:
    if "dependencies" not in fields:
        return
    written = fields["dependencies"]
    place = Place(shown, marked_yaml.line(written))
    node = _value(written)
    if node is None or marked_yaml.is_null(node):
        if isinstance(written, yaml.MappingNode):
            yield Issue("warning", place, f"dependencies of {subject[1]!r} have no value: they stay unknown")
        return
    if not isinstance(node, yaml.SequenceNode):
        said = f"dependencies of {subject[1]!r} are {marked_yaml.kind(node)}, not a list; they were skipped"
        yield Issue("error", place, said)
        return
    for item in marked_yaml.items(node):
        place = Place(shown, marked_yaml.line(item))
        value = _value(item)
        name = marked_yaml.text(value)
        if name is None or len(name) > LONGEST_NAME:
            said = f"a dependency of {subject[1]!r} is {marked_yaml.kind(value)}, not a name; it was skipped"
            yield Issue("error", place, said)
            continue
        yield Relation(subject, name, "dependency", place)


def _value(node: yaml.Node | None) -> yaml.Node | None:
    """What a field says, whether or not it is wrapped as ``{value, explanation}``."""
    return marked_yaml.fields(node)[0].get("value") if isinstance(node, yaml.MappingNode) else node


def _repeats(entities: tuple[Entity, ...]) -> Iterator[Issue]:
    first: dict[Key, Place] = {}
    for entity in entities:
        if entity.key in first:
            said = f"{entity.kind} {entity.name!r} is already at {first[entity.key]}: both are read as one"
            yield Issue("warning", entity.place, said)
        first.setdefault(entity.key, entity.place)
