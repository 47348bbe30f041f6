"""YAML nodes with their lines, from files that nobody vouches for.

Nodes are composed, never constructed, so that nothing in a file can run. A first pass over
the events holds the file to a budget before any node is made: nesting, and nodes as they
would be with every alias written out. What fields mean is for the readers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from headwater.errors import InputError
from headwater.files import unreadable

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"
_HALF = re.compile("[\ud800-\udfff]")
_SPELLED = {f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "timestamp")}


@dataclass(frozen=True, slots=True)
class Budget:
    """The most a file may ask for: bytes, nesting, and nodes with every alias written out."""

    size: int = 8 * 2**20
    depth: int = 50
    nodes: int = 500_000


BUDGET = Budget()


def load(path: Path, shown: str = "", budget: Budget = BUDGET) -> yaml.Node | None:
    """The root node of a YAML file, or ``None`` where it is empty.

    Parameters
    ----------
    shown
        What errors call the file; its path by default.

    Raises
    ------
    InputError
        If the file cannot be read, is not one YAML document, or goes beyond the budget.
    """
    shown = shown or str(path)
    try:
        with path.open("rb") as file:
            data = file.read(budget.size + 1)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    return parse(data, shown, budget)


def parse(data: bytes, shown: str, budget: Budget = BUDGET) -> yaml.Node | None:
    """The root node of a YAML text, or ``None`` where it is empty.

    Raises
    ------
    InputError
        If it is not one YAML document, or goes beyond the budget.
    """
    if len(data) > budget.size:
        raise InputError(f"is larger than {budget.size // 2**20} MiB", "split it into several files", shown)
    try:
        _hold_to(budget, data, shown)
        return yaml.compose(data, Loader=_LOADER)
    except InputError:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be parsed"
        raise InputError(
            f"is not YAML: {said}", "correct the line", shown, mark.line + 1 if mark else None
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"is not YAML: {error}", "write it as UTF-8 text", shown) from error


def _hold_to(budget: Budget, data: bytes, shown: str) -> None:
    """Raise `InputError` where the file nests deeper or is larger than the budget allows."""
    size = _Size()
    for event in yaml.parse(data, Loader=_LOADER):
        problem = size.take(event)
        if len(size.opened) > budget.depth:
            problem = f"is nested more than {budget.depth} deep"
        if size.nodes > budget.nodes:
            problem = f"holds more than {budget.nodes:,} values, aliases written out"
        if problem:
            at = event.start_mark.line + 1 if event.start_mark else None
            raise InputError(problem, "write it out flat, or split it into several files", shown, at)


@dataclass(slots=True)
class _Size:
    """Nodes so far with every alias written out, and by anchor; what is open has its start."""

    nodes: int = 0
    opened: list[tuple[str | None, int]] = field(default_factory=list)
    anchored: dict[str, int] = field(default_factory=dict)

    def take(self, event: yaml.Event) -> str:
        """Count an event; what is wrong with it, if anything."""
        if isinstance(event, yaml.AliasEvent):
            name = str(event.anchor)
            if any(name == anchor for anchor, _ in self.opened):
                return f"alias {name!r} stands inside what it names"
            self.nodes += self.anchored.get(name, 1)
        elif isinstance(event, yaml.ScalarEvent):
            self.nodes += 1
            if event.anchor:
                self.anchored[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            self.opened.append((event.anchor, self.nodes))
            self.nodes += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = self.opened.pop()
            if anchor:
                self.anchored[anchor] = self.nodes - before
        return ""


def line(node: yaml.Node) -> int:
    """Line of a node, counted from 1."""
    return int(node.start_mark.line) + 1


def kind(node: yaml.Node | None) -> str:
    """What a node is, in a word for messages."""
    if node is None or is_null(node):
        return "nothing"
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    return "a list" if isinstance(node, yaml.SequenceNode) else f"{_cut(node.value)}"


def is_null(node: yaml.Node) -> bool:
    """Whether the node is an empty or null scalar."""
    return isinstance(node, yaml.ScalarNode) and node.tag == _NULL


def fields(node: yaml.MappingNode) -> tuple[dict[str, yaml.Node], list[yaml.Node]]:
    """Fields by name, the last of a name as YAML readers do, and the keys that came twice."""
    found: dict[str, yaml.Node] = {}
    twice: list[yaml.Node] = []
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in found:
                twice.append(key)
            found[key.value] = value
    return found, twice


def items(node: yaml.SequenceNode) -> Iterator[yaml.Node]:
    """The items of a list."""
    yield from node.value


def text(node: yaml.Node | None) -> str | None:
    """The text of a scalar as it is spelled, numbers and dates too; ``None`` for all else."""
    if not isinstance(node, yaml.ScalarNode) or node.tag not in _SPELLED | {_TEXT}:
        return None
    value = str(node.value)
    # Some YAML readers let half a surrogate pair through, which nothing can print or store.
    return value if value.strip() and not _HALF.search(value) else None


def is_text(node: yaml.Node) -> bool:
    """Whether YAML reads the node as text rather than as a number, date or truth value."""
    return isinstance(node, yaml.ScalarNode) and node.tag == _TEXT


def _cut(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:37] + "...")
