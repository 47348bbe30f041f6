"""The YAML block at the top of a card: between two lines ``---``, of a file or of a text.

The hub takes blanks and blank lines before it, and nothing else. The text below it is not looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from headwater.errors import InputError
from headwater.files import unreadable
from headwater.lineage.formats.hugging_face.cards import Step
from headwater.lineage.reading import marked_yaml

MOST_BYTES = marked_yaml.BUDGET.size

_OPENING = re.compile(rb"---[ \t]*(?:\r\n|\n|\r)")
_CLOSING = re.compile(rb"(?<=[\r\n])---[ \t]*(?=[\r\n]|\Z)")
_TRUE = frozenset(("y", "yes", "true", "on"))
_BOOL = "tag:yaml.org,2002:bool"


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """Fields with the lines they and what they hold are on, and keys that were written twice.

    `problem` says what is wrong with the block where there is none.
    """

    fields: dict[str, Any]
    lines: dict[tuple[Step, ...], int]
    line: int = 1
    twice: tuple[tuple[str, int], ...] = ()
    problem: str = ""


def load(path: Path, shown: str) -> FrontMatter:
    """The front matter of a card file.

    Raises
    ------
    InputError
        If the file cannot be read, or its block is not YAML or goes beyond the limits.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    return parse(data, shown)


def parse(data: bytes, shown: str) -> FrontMatter:
    """The front matter at the start of `data`.

    Raises
    ------
    InputError
        If it is not YAML or goes beyond the limits.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    found = _block(data)
    if isinstance(found, str):
        return FrontMatter({}, {}, problem=found)
    before, block = found
    first = _lines(before) + 1
    root = marked_yaml.parse(b"\n" * (first - 1) + block, shown)
    if root is None or marked_yaml.is_null(root):
        return FrontMatter({}, {}, first - 1, problem="has an empty front matter")
    if not isinstance(root, yaml.MappingNode):
        said = f"the front matter is {marked_yaml.kind(root)}, not a mapping"
        raise InputError(said, "write it as `key: value` lines", shown, marked_yaml.line(root))
    lines: dict[tuple[Step, ...], int] = {}
    fields = plain(root, lines)
    twice = tuple((key.value, marked_yaml.line(key)) for key in marked_yaml.fields(root)[1])
    return FrontMatter(fields, lines, first - 1, twice)


def plain(node: yaml.Node, lines: dict[tuple[Step, ...], int], at: tuple[Step, ...] = ()) -> Any:
    """A node as mappings, lists, truth values and text; numbers and dates are text as spelled.

    `lines` is filled with the line of every value by the keys and indices to it.
    """
    if at:
        lines[at] = marked_yaml.line(node)
    if isinstance(node, yaml.MappingNode):
        fields = marked_yaml.fields(node)[0]
        return {key: plain(value, lines, (*at, key)) for key, value in fields.items()}
    if isinstance(node, yaml.SequenceNode):
        return [plain(item, lines, (*at, number)) for number, item in enumerate(marked_yaml.items(node))]
    if marked_yaml.is_null(node):
        return None
    return node.value.lower() in _TRUE if node.tag == _BOOL else str(node.value)


def _block(data: bytes) -> tuple[bytes, bytes] | str:
    """What is before the block and the block itself; or why there is none."""
    start = len(data) - len(data.lstrip())
    opening = _OPENING.match(data, start)
    if not opening:
        return "has no front matter"
    closing = _CLOSING.search(data, opening.end())
    if closing:
        return data[: opening.end()], data[opening.end() : closing.start()]
    if len(data) > MOST_BYTES:
        return f"has a front matter of more than {MOST_BYTES // 2**20} MiB"
    return "opens a front matter with --- and never closes it"


def _lines(data: bytes) -> int:
    return len(re.findall(rb"\r\n|\n|\r", data))
