"""YAML nodes of DVC files, taken for what they should be; what is not so is noted with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from headwater.errors import InputError
from headwater.lineage.facts import Severity
from headwater.lineage.reading import marked_yaml
from headwater.lineage.reading.collecting import LARGEST_COUNT, name_problem

LONGEST = 500
DEEPEST_PARAMETER = 8

_SECRETS = re.compile(r"^([a-z][a-z0-9+.-]*://)[^/@\s]*@", re.IGNORECASE)


@dataclass(slots=True)
class Notes:
    """What is wrong in one file: severity, line and message."""

    told: list[tuple[Severity, int, str]] = field(default_factory=list)

    def error(self, node: yaml.Node | None, message: str) -> None:
        """Note that something is left out."""
        self.told.append(("error", marked_yaml.line(node) if node else 1, message))

    def warning(self, node: yaml.Node | None, message: str) -> None:
        """Note that something is doubtful."""
        self.told.append(("warning", marked_yaml.line(node) if node else 1, message))


def root_of(data: bytes, shown: str, notes: Notes) -> yaml.MappingNode | None:
    """The mapping that a file is; ``None``, with a note, where it is empty.

    Raises
    ------
    InputError
        If it is no YAML within the limits, or no mapping.
    """
    root = marked_yaml.parse(data, shown)
    if root is None or marked_yaml.is_null(root):
        notes.warning(None, "is empty")
        return None
    if not isinstance(root, yaml.MappingNode):
        raise InputError(f"the file is {marked_yaml.kind(root)}, not a mapping", "", shown, 1)
    return root


def key_lines(node: yaml.Node | None) -> dict[str, int]:
    """The line of every key of a mapping."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return {str(key.value): marked_yaml.line(key) for key, _ in pairs if isinstance(key, yaml.ScalarNode)}


def mapping(node: yaml.Node | None, what: str, notes: Notes) -> dict[str, yaml.Node]:
    """The fields of a mapping; none, with a note, where it is something else."""
    if isinstance(node, yaml.MappingNode):
        fields, twice = marked_yaml.fields(node)
        for key in twice:
            notes.warning(key, f"{cut(str(key.value))!r} is written twice; the last one counts")
        return fields
    if node is not None and not marked_yaml.is_null(node):
        notes.error(node, f"{what} is {marked_yaml.kind(node)}, not a mapping; it was skipped")
    return {}


def sequence(node: yaml.Node | None, what: str, notes: Notes) -> list[yaml.Node]:
    """The items of a list; none, with a note, where it is something else."""
    if isinstance(node, yaml.SequenceNode):
        return list(marked_yaml.items(node))
    if node is not None and not marked_yaml.is_null(node):
        notes.error(node, f"{what} is {marked_yaml.kind(node)}, not a list; it was skipped")
    return []


def named(value: str | None, what: str, node: yaml.Node | None, notes: Notes) -> bool:
    """Whether a text can be a name; a note says why not."""
    problem = name_problem(value)
    if problem:
        notes.error(node, f"{what} {problem}; it was skipped")
    return not problem


def number(node: yaml.Node | None, what: str, notes: Notes) -> int | None:
    """A count, or ``None`` with a note where it is none."""
    if node is None or marked_yaml.is_null(node):
        return None
    text = (marked_yaml.text(node) or "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= LARGEST_COUNT:
        return int(text)
    notes.warning(node, f"{what} is {marked_yaml.kind(node)}, not a count: it stays unknown")
    return None


def scalars(node: yaml.Node, name: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Every single value below a node with its dotted name; a list counts as one, spelled with commas."""
    if isinstance(node, yaml.MappingNode):
        if depth < DEEPEST_PARAMETER:
            for key, value in marked_yaml.fields(node)[0].items():
                yield from scalars(value, f"{name}.{key}" if name else key, depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        listed = [marked_yaml.text(item) or "..." for item in node.value[:LONGEST]]
        yield name, cut(", ".join(listed))
    else:
        value_ = marked_yaml.text(node)
        if name and value_ is not None:
            yield name, cut(value_)


def cut(text: str) -> str:
    """A text that a label may hold: not too long, and no half characters, which nothing can print."""
    text = text.encode(errors="replace").decode()
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def without_secrets(text: str) -> str:
    """An address without a user's name and password; every other text as it is."""
    return _SECRETS.sub(r"\1", text)
