"""Reading several records into one: which formats, which paths, and what they are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from headwater.errors import InputError, OutputError
from headwater.lineage.facts import Facts
from headwater.lineage.merging import merge
from headwater.lineage.reading.collection import without_collection
from headwater.lineage.registry import importer
from headwater.lineage.rules import Record, Rules

AND = "+"
_SPELLED = "write FORMAT PATH... or FORMAT PATH... + FORMAT PATH..."
_BARE = "nothing stands beside a +"


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
            said = f"the format {without_password(part[0])!r} has no path" if part else _BARE
            raise InputError(said, _SPELLED)
        if "://" in part[0]:
            raise InputError(f"no format is called {without_password(part[0])!r}", _SPELLED)
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
    return merge([_read(record, say) for record in records])


def _read(record: Record, say: Callable[[str], None]) -> Facts:
    read = importer(record.format)
    path = without_password(record.path)
    say(f"reading {path}")
    try:
        facts = read(record.path)
    except (InputError, OutputError) as error:
        if path == record.path or record.path not in str(error):
            raise
        raise _told(error, record.path, path) from None
    return replace(facts, origin=facts.origin.replace(record.path, path))


def _told(error: InputError | OutputError, path: str, shown: str) -> InputError | OutputError:
    """The error with a path as it may be shown."""
    problem, remedy = error.problem.replace(path, shown), error.remedy.replace(path, shown)
    return OutputError(problem, remedy) if isinstance(error, OutputError) else InputError(problem, remedy)


def without_password(path: str) -> str:
    """A path as it may be shown: of an address neither the password nor the options.

    Examples
    --------
    >>> without_password("postgresql://me:secret@host/book?sslmode=require"), without_password("a:b@c")
    ('postgresql://me@host/book', 'a:b@c')
    """
    scheme, mark, rest = path.partition("://")
    if not mark:
        return path
    who, at, where = rest.rpartition("@")
    # of what is no database, who asks may be a token
    user = who.partition(":")[0].partition("?")[0] if scheme.startswith("postgres") else "***"
    return f"{scheme}://{user if at else ''}{at}{where.partition('?')[0]}"
