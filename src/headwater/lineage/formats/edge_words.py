"""Cells of an edge list as words and numbers, CSV and Parquet alike; what they mean is in `edge_lists`."""

from __future__ import annotations

from typing import cast, get_args

from headwater.lineage.facts import Kind, Role

ROLES: dict[str, Role] = {role: role for role in get_args(Role)}
KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}

_LARGEST_GENERATION = 10**9


def is_plain(value: object) -> bool:
    """Whether a cell is text or a whole number."""
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def word_in(value: object) -> str:
    """A value as it would be written in CSV: empty for none, whole numbers without a point."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if is_plain(value) or isinstance(value, float) else ""


def number_in(text: str) -> object:
    """The number that a text spells, or the text."""
    text = text.strip()
    # Longer ones are beyond every count, and slow to convert.
    if len(text) > 40 or "_" in text:
        return text
    try:
        return cast("object", int(text) if text.lstrip("+-").isdigit() else float(text))
    except ValueError:
        return text


def kind_in(value: object) -> Kind:
    """The kind that a cell spells; unknown where it spells none."""
    return KINDS.get(word_in(value).casefold(), "unknown")


def role_in(value: object) -> Role | None:
    """The role that a cell spells, as people do; ``None`` where it spells none."""
    written = word_in(value).casefold().replace("_", "-").replace(" ", "-")
    return ROLES.get(written) if written else "dependency"


def generation_in(value: object) -> int | None:
    """The whole number from 0 that a cell spells; ``None`` where it spells none."""
    number = number_in(value) if isinstance(value, str) else value
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    fits = isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= _LARGEST_GENERATION
    return cast("int", number) if fits else None
