"""Reading several records into one: which formats, which paths, and what they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from headwater.errors import InputError
from headwater.lineage.facts import Facts
from headwater.lineage.merging import merge
from headwater.lineage.reading.collection import without_collection
from headwater.lineage.registry import importer
from headwater.lineage.rules import Record, Rules

AND = "+"


def spelled(words: Sequence[str]) -> tuple[Record, ...]:
    """Records as the command line spells them: ``FORMAT PATH... [+ FORMAT PATH...]``.

    Raises
    ------
    InputError
        If a format has no path.
    """
    found: list[Record] = []
    part: list[str] = []
    for word in (*words, AND):
        if word != AND:
            part.append(word)
            continue
        if len(part) < 2:
            said = f"the format {part[0]!r} has no path" if part else "nothing stands beside a +"
            raise InputError(said, "write FORMAT PATH... or FORMAT PATH... + FORMAT PATH...")
        found += [Record(part[0], path) for path in part[1:]]
        part = []
    return tuple(found)


def from_rules(rules: Rules, rules_file: Path) -> tuple[Record, ...]:
    """The records that a rules file lists, their paths relative to it; addresses stay as they are."""
    return tuple(
        record if "://" in record.path else replace(record, path=str(rules_file.parent / record.path))
        for record in rules.records
    )


@without_collection()
def gather(records: Iterable[Record], say: Callable[[str], None] = lambda text: None) -> Facts:
    """The facts of all records together.

    Raises
    ------
    InputError
        If a format is unknown, or there is nothing to read at a path.
    MissingExtra
        If a format needs a package that is not installed.
    """
    readings = []
    for record in records:
        read = importer(record.format)
        say(f"reading {record.path}")
        readings.append(read(record.path))
    return merge(readings)
