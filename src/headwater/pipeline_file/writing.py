"""From plain values to YAML text that this and every other YAML reader reads the same.

The layout of a pipeline file: a line for each source, model and flow.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from headwater.errors import GraphError
from headwater.pipeline_file.scalars import means_text

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
# Text that no version of YAML reads as anything else once `means_text` agrees.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*(?: [A-Za-z0-9_.-]+)*")
_YAML_1_1 = {"y", "n", "yes", "no", "on", "off"}


def to_yaml(values: dict[str, Any]) -> str:
    """YAML text of nested mappings, lists and scalars; what is nested twice stands on one line.

    Raises
    ------
    GraphError
        If a name holds half a surrogate pair, which no text file can.
    """
    node = _node(values, 0)
    return str(yaml.serialize(node, Dumper=_DUMPER, allow_unicode=True, width=2**30))


def _node(value: Any, depth: int) -> yaml.Node:
    if isinstance(value, dict):
        pairs = [(_node(key, depth), _node(inner, depth + 1)) for key, inner in value.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=depth > 1 or not pairs)
    if isinstance(value, list):
        items = [_node(inner, depth + 1) for inner in value]
        return yaml.SequenceNode("tag:yaml.org,2002:seq", items, flow_style=depth > 1 or not items)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return yaml.ScalarNode("tag:yaml.org,2002:bool", "true" if value else "false")
    kind = "int" if isinstance(value, int) else "float"
    # A number needs a point in YAML 1.1: 1.0e-07, not 1e-07.
    text = re.sub(r"^(-?[0-9]+)e", r"\1.0e", repr(value))
    return yaml.ScalarNode(f"tag:yaml.org,2002:{kind}", text)


def _text(value: str) -> yaml.Node:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise GraphError(
            f"{ascii(value)[:60]} holds half a surrogate pair, which no text file can",
            "rename it",
        ) from None
    plain = _PLAIN.fullmatch(value) and means_text(value) and value.lower() not in _YAML_1_1
    return yaml.ScalarNode("tag:yaml.org,2002:str", value, style=None if plain else '"')
