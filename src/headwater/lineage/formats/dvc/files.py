"""The three kinds of DVC file as values: what ran (``dvc.lock``), what is planned (``dvc.yaml``), ``*.dvc``.

A file is read the same way whichever commit it comes from. Values compare equal when they say the
same, whatever the line they say it on; what is wrong is noted with its line. Nothing here knows
of commits or facts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import yaml

from headwater.errors import InputError
from headwater.lineage.formats.dvc.nodes import (
    Notes,
    cut,
    key_lines,
    mapping,
    named,
    number,
    root_of,
    scalars,
    sequence,
    without_secrets,
)
from headwater.lineage.reading import marked_yaml

MOST_PARAMETERS = 150
_HASHES = ("md5", "etag", "checksum")

Role = Literal["deps", "outs"]


@dataclass(frozen=True, slots=True)
class Item:
    """A file or folder that a stage read or wrote, in one version.

    `by` is the word for the version, such as ``md5``; `size` is in bytes.
    """

    path: str
    version: str = ""
    by: str = ""
    size: int | None = None
    files: int | None = None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Stage:
    """One entry of a lock: what ran, on what, and what came of it."""

    name: str
    cmd: str
    deps: tuple[Item, ...] = ()
    outs: tuple[Item, ...] = ()
    params: tuple[tuple[str, str], ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Lock:
    """A ``dvc.lock``; `stages` by name."""

    stages: dict[str, Stage]
    notes: Notes


@dataclass(frozen=True, slots=True)
class Tracked:
    """A ``*.dvc`` file: data added by hand or imported, or, in the oldest DVC, written by `cmd`."""

    wdir: str
    cmd: str
    deps: tuple[Item, ...]
    outs: tuple[Item, ...]
    notes: Notes = field(compare=False)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Planned:
    """A stage of ``dvc.yaml``; `template` where it stands for several or names what only DVC resolves."""

    wdir: str
    template: bool
    cmd: str
    deps: tuple[Item, ...]
    outs: tuple[Item, ...]
    measured: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Artifact:
    """What ``dvc.yaml`` says that a path is."""

    name: str
    type: str
    labels: str
    line: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A ``dvc.yaml``: stages by name, artifacts by path."""

    stages: dict[str, Planned]
    artifacts: dict[str, Artifact]
    notes: Notes


def read_lock(data: bytes, shown: str) -> Lock:
    """The stages of a ``dvc.lock``, with the schema 2.0 or, from before 2021, without any.

    Raises
    ------
    InputError
        If it is no YAML within the limits, or no mapping.
    """
    notes = Notes()
    holder: yaml.Node | None = root_of(data, shown, notes)
    fields = stages = mapping(holder, "the file", notes)
    schema, held = fields.get("schema"), fields.get("stages")
    if schema is not None or (
        isinstance(held, yaml.MappingNode) and "cmd" not in marked_yaml.fields(held)[0]
    ):
        if marked_yaml.text(schema) != "2.0":
            notes.warning(schema or held, f"the schema is {marked_yaml.kind(schema)}; it was read as '2.0'")
        holder, stages = held, mapping(held, "'stages'", notes)
    lines = key_lines(holder)
    found: dict[str, Stage] = {}
    for name, node in stages.items():
        stage = _stage(name, node, lines[name], notes)
        if stage:
            found[name] = stage
    return Lock(found, notes)


def _stage(name: str, node: yaml.Node, line: int, notes: Notes) -> Stage | None:
    if not named(name, "the name of a stage", node, notes):
        return None
    if not isinstance(node, yaml.MappingNode):
        notes.error(node, f"stage {cut(name)!r} is {marked_yaml.kind(node)}, not a mapping; it was skipped")
        return None
    fields = mapping(node, f"stage {name!r}", notes)
    deps = tuple(_items(fields.get("deps"), "deps", notes))
    outs = tuple(_items(fields.get("outs"), "outs", notes))
    params = tuple(_parameters(fields.get("params"), notes))
    return Stage(name, _command(fields.get("cmd")), deps, outs, params, line)


def _command(node: yaml.Node | None) -> str:
    if isinstance(node, yaml.SequenceNode):
        return cut("; ".join(marked_yaml.text(item) or "" for item in marked_yaml.items(node)))
    return cut(marked_yaml.text(node) or "")


def _items(node: yaml.Node | None, role: Role, notes: Notes) -> Iterator[Item]:
    for entry in sequence(node, f"'{role}'", notes):
        fields = mapping(entry, f"an entry of '{role}'", notes)
        path = marked_yaml.text(fields.get("path"))
        if isinstance(entry, yaml.MappingNode) and named(
            path, f"the path of an entry of '{role}'", entry, notes
        ):
            yield _item(str(path), fields, entry, notes)


def _item(path: str, fields: dict[str, yaml.Node], entry: yaml.Node, notes: Notes) -> Item:
    version, by = _version(fields, notes)
    if isinstance(fields.get("repo"), yaml.MappingNode):
        repo = mapping(fields["repo"], "'repo'", notes)
        url = marked_yaml.text(repo.get("url"))
        if named(url, "the 'url' of 'repo'", fields["repo"], notes):
            path = f"{without_secrets(str(url))}#{path}"
        locked = marked_yaml.text(repo.get("rev_lock"))
        version, by = (cut(locked), "rev_lock") if locked else (version, by)
    return Item(
        without_secrets(path),
        version,
        by,
        number(fields.get("size"), "the size", notes),
        number(fields.get("nfiles"), "'nfiles'", notes),
        marked_yaml.line(entry),
    )


def _version(fields: dict[str, yaml.Node], notes: Notes) -> tuple[str, str]:
    """The hash of an item, and what it is called.

    `hash` names the algorithm; its value stands under that name.
    """
    algorithm = marked_yaml.text(fields.get("hash")) or ""
    for by in (algorithm, *_HASHES):
        node = fields.get(by)
        value = marked_yaml.text(node)
        if value and by != "hash" and named(value, f"the {by}", node, notes):
            return value.strip(), by
    listed = fields.get("files")
    return (_of_files(listed, notes), "files") if isinstance(listed, yaml.SequenceNode) else ("", "")


def _of_files(node: yaml.SequenceNode, notes: Notes) -> str:
    """A name for a folder that is only listed file by file: the hash of its list."""
    listed = []
    for entry in sequence(node, "'files'", notes):
        fields = mapping(entry, "an entry of 'files'", notes)
        known = [marked_yaml.text(fields.get(by)) for by in _HASHES]
        listed.append(
            f"{marked_yaml.text(fields.get('relpath'))}\0{next((each for each in known if each), '')}"
        )
    return hashlib.sha256("\n".join(sorted(listed)).encode(errors="replace")).hexdigest() if listed else ""


def _parameters(node: yaml.Node | None, notes: Notes) -> Iterator[tuple[str, str]]:
    """Every parameter with its dotted name; those of a second file that has the same name with the file's."""
    taken: set[str] = set()
    for file, values in mapping(node, "'params'", notes).items():
        for name, value in scalars(values, ""):
            if len(taken) >= MOST_PARAMETERS:
                notes.warning(values, f"more than {MOST_PARAMETERS} parameters: the rest is left out")
                return
            full = f"{file}:{name}" if name in taken else name
            taken.add(full)
            yield cut(full), value


def read_tracked(data: bytes, shown: str) -> Tracked:
    """What a ``*.dvc`` file says.

    Raises
    ------
    InputError
        If it is no YAML within the limits, or no mapping.
    """
    notes = Notes()
    fields = mapping(root_of(data, shown, notes), "the file", notes)
    if "outs" not in fields and "deps" not in fields:
        raise InputError("holds neither 'outs' nor 'deps', as *.dvc files do", "", shown, 1)
    deps = tuple(_items(fields.get("deps"), "deps", notes))
    outs = tuple(_items(fields.get("outs"), "outs", notes))
    return Tracked(
        marked_yaml.text(fields.get("wdir")) or "", _command(fields.get("cmd")), deps, outs, notes, 1
    )


def read_plan(data: bytes, shown: str) -> Plan:
    """The stages and artifacts of a ``dvc.yaml``; nothing in it is resolved.

    Raises
    ------
    InputError
        If it is no YAML within the limits, or no mapping.
    """
    notes = Notes()
    fields = mapping(root_of(data, shown, notes), "the file", notes)
    lines = key_lines(fields.get("stages"))
    stages = {
        name: _planned(node, lines[name], notes)
        for name, node in mapping(fields.get("stages"), "'stages'", notes).items()
        if named(name, "the name of a stage", node, notes)
    }
    artifacts: dict[str, Artifact] = {}
    for name, node in mapping(fields.get("artifacts"), "'artifacts'", notes).items():
        told = mapping(node, f"artifact {cut(name)!r}", notes)
        path, type_ = marked_yaml.text(told.get("path")), marked_yaml.text(told.get("type"))
        if path and "${" in path + (type_ or ""):
            notes.warning(
                node, f"artifact {cut(name)!r} is a template, which only DVC resolves; it was skipped"
            )
        elif path and type_:
            labels = [
                marked_yaml.text(each) or "" for each in sequence(told.get("labels"), "'labels'", notes)
            ]
            artifacts[path] = Artifact(cut(name), cut(type_), cut(", ".join(labels)), marked_yaml.line(node))
    return Plan(stages, artifacts, notes)


def _planned(node: yaml.Node, line: int, notes: Notes) -> Planned:
    fields = mapping(node, "a stage", notes)
    several = "foreach" in fields or "matrix" in fields
    inner = mapping(fields["do"], "'do'", notes) if "do" in fields else fields
    deps = tuple(_paths(inner.get("deps"), notes))
    measured = tuple(_paths(inner.get("metrics"), notes)) + tuple(_paths(inner.get("plots"), notes))
    outs = tuple(_paths(inner.get("outs"), notes)) + measured
    wdir = marked_yaml.text(inner.get("wdir")) or ""
    template = several or any("${" in each.path for each in deps + outs)
    return Planned(
        wdir,
        template,
        _command(inner.get("cmd")),
        deps,
        outs,
        tuple(each.path for each in measured),
        line,
    )


def _paths(node: yaml.Node | None, notes: Notes) -> Iterator[Item]:
    """Paths of a list whose items are paths or ``{path: settings}``."""
    for entry in sequence(node, "a list of paths", notes):
        if isinstance(entry, yaml.MappingNode):
            for path in marked_yaml.fields(entry)[0]:
                if named(path, "a path", entry, notes):
                    yield Item(without_secrets(path), line=marked_yaml.line(entry))
        else:
            path_ = marked_yaml.text(entry)
            if named(path_, "a path", entry, notes):
                yield Item(without_secrets(str(path_)), line=marked_yaml.line(entry))
