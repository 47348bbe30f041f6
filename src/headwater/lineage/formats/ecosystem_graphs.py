"""Reader of Ecosystem Graphs: a folder of YAML files, each a list of models, datasets, applications.

An asset is identified by its type and name and lists the names it depends on. Any field may be
written ``{value: ..., explanation: ...}``. The records hold no sample counts and do not say what
a dependency is for; nothing of that is guessed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from headwater.errors import InputError, nearest
from headwater.lineage.facts import Facts, Key, Kind, Place
from headwater.lineage.reading import LONGEST_NAME, Collector, find_files, marked_yaml, shown

FORMAT = "ecosystem-graphs"

_KINDS: tuple[Kind, ...] = ("model", "dataset", "application")


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
    collector = Collector(shown(root), FORMAT)
    files = find_files(root, lambda name: name.lower().endswith((".yaml", ".yml")), collector)
    if not files and not collector.issues:
        raise InputError(
            "holds no .yaml or .yml file",
            "give the folder with the asset files, usually called assets",
            str(root),
        )
    collector.files = len(files) + sum(issue.severity == "error" for issue in collector.issues)
    for file in files:
        _read_file(file, shown(file.relative_to(root)), collector)
    _repeats(collector)
    return collector.facts()


def _read_file(file: Path, name: str, collector: Collector) -> None:
    try:
        root = marked_yaml.load(file, name)
    except InputError as error:
        collector.broken(name, error)
        return
    if root is None or marked_yaml.is_null(root):
        collector.warning(Place(name), "is empty")
    elif not isinstance(root, yaml.SequenceNode):
        place = Place(name, marked_yaml.line(root))
        said = f"the file is {marked_yaml.kind(root)}, not a list of assets; nothing was read"
        collector.error(place, said)
    else:
        for record in marked_yaml.items(root):
            _read_record(record, name, collector)


def _read_record(record: yaml.Node, file: str, collector: Collector) -> None:
    place = Place(file, marked_yaml.line(record))
    if not isinstance(record, yaml.MappingNode):
        collector.error(place, f"the record is {marked_yaml.kind(record)}, not a mapping; it was skipped")
        return
    fields, twice = marked_yaml.fields(record)
    for key in twice:
        if key.value in ("name", "type", "dependencies"):
            at = Place(file, marked_yaml.line(key))
            collector.warning(at, f"{key.value!r} is written twice in one record; the last one counts")
    name_node = _value(fields.get("name"))
    name = marked_yaml.text(name_node)
    if name is None or name_node is None:
        said = f"the record's name is {marked_yaml.kind(name_node)}, not text; it was skipped"
        collector.error(place, said)
        return
    place = Place(file, marked_yaml.line(name_node))
    if len(name) > LONGEST_NAME:
        collector.error(place, f"the record's name has {len(name):,} characters; it was skipped")
        return
    if not marked_yaml.is_text(name_node):
        said = f"the name is not quoted and is no text to YAML; it was read as {name!r}"
        collector.warning(place, said)
    kind = marked_yaml.text(_value(fields.get("type")))
    if kind not in _KINDS:
        collector.warning(place, _unknown_type(name, fields.get("type")))
    known: Kind = next((known for known in _KINDS if known == kind), "unknown")
    subject = collector.entity(Key(known, name), place)
    _read_dependencies(subject, fields, file, collector)


def _unknown_type(name: str, node: yaml.Node | None) -> str:
    written = marked_yaml.text(_value(node))
    hint = nearest(written, _KINDS) if written else f"known: {', '.join(sorted(_KINDS))}"
    return f"the type of {name!r} is {marked_yaml.kind(_value(node))}, so it stays unknown; {hint}"


def _read_dependencies(subject: Key, fields: dict[str, yaml.Node], file: str, collector: Collector) -> None:
    if "dependencies" not in fields:
        return
    written = fields["dependencies"]
    place = Place(file, marked_yaml.line(written))
    node = _value(written)
    if node is None or marked_yaml.is_null(node):
        if isinstance(written, yaml.MappingNode):
            said = f"dependencies of {subject.name!r} have no value: they stay unknown"
            collector.warning(place, said)
        return
    if not isinstance(node, yaml.SequenceNode):
        said = f"dependencies of {subject.name!r} are {marked_yaml.kind(node)}, not a list; they were skipped"
        collector.error(place, said)
        return
    for item, at in _items(node, file):
        value = _value(item)
        name = marked_yaml.text(value)
        if name is None or len(name) > LONGEST_NAME:
            what = marked_yaml.kind(value)
            collector.error(at, f"a dependency of {subject.name!r} is {what}, not a name; it was skipped")
            continue
        collector.relation(subject, Key("unknown", name), "dependency", at, word="dependencies")


def _items(node: yaml.SequenceNode, file: str) -> Iterator[tuple[yaml.Node, Place]]:
    for item in marked_yaml.items(node):
        yield item, Place(file, marked_yaml.line(item))


def _value(node: yaml.Node | None) -> yaml.Node | None:
    """What a field says, whether or not it is wrapped as ``{value, explanation}``."""
    return marked_yaml.fields(node)[0].get("value") if isinstance(node, yaml.MappingNode) else node


def _repeats(collector: Collector) -> None:
    first: dict[Key, Place] = {}
    for entity in collector.entities:
        if entity.key in first:
            said = f"{entity.kind} {entity.name!r} is already at {first[entity.key]}: both are read as one"
            collector.warning(entity.place, said)
        first.setdefault(entity.key, entity.place)
