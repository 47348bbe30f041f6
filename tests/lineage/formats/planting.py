"""JSON-like values put anywhere into a real record: what an importer must survive."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from headwater.errors import InputError
from headwater.lineage.facts import Facts

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None), max_size=8)
    | st.sampled_from(
        ["", " ", "_:b", "prov:Revision", "model", "data", "\ud800", "a" * 600, "\x00", "2026-99-99T"]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just("$"), inner, max_size=3)
    ),
    max_leaves=5,
)

HOSTILE = {
    "empty": b"",
    "one brace": b"{",
    "cut in the middle": b'{"entity": {"ex:e1": {"a',
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "deep and closed": b"[" * 5_000 + b"]" * 5_000,
    "a gigantic number": b'{"entity": {"e": {"n": ' + b"9" * 10_000 + b"}}}",
    "no number": b'{"entity": {"e": {"n": NaN}}}',
    "not UTF-8": b'{"entity": "\xff\xfe"}',
    "a NUL byte": b'{"entity": "\x00"}',
    "half a character": rb'{"entity": {"\ud800": {"\udfff": "\ud800"}}, "@graph": [{"type": "File", '
    rb'"spdxId": "\ud800"}]}',
    "one long word": b'"' + b"a" * 1_000_000 + b'"',
}


def places(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    found = [here]
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        found += places(inner, (*here, step))
    return found


def planted(root: Any, place: tuple[Any, ...], value: Any) -> Any:
    """A copy of a JSON value with another value at one place."""
    if not place:
        return value
    changed = copy.deepcopy(root)
    at = changed
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = value
    return changed


def survives(read: Callable[[Path], Facts], file: Path, content: Any) -> None:
    """Facts whose every word can be printed and stored, or the one error of importers."""
    file.write_text(json.dumps(content), encoding="utf-8")
    try:
        facts = read(file)
    except InputError as error:
        str(error).encode()
        return
    repr(facts).encode()
    for entity in facts.entities:
        "".join((*entity.key, *entity.labels, *entity.labels.values(), *map(str, entity.place))).encode()
        assert len(entity.labels) <= 201 and all(len(text) <= 500 for text in entity.labels.values())
    for relation in facts.relations:
        "".join((*relation.subject, *relation.object, relation.word, str(relation.place))).encode()
    for issue in facts.issues:
        str(issue).encode()
