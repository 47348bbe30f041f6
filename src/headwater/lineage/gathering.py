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
    say(f"reading {without_password(record.path)}")
    try:
        facts = read(record.path)
    except (InputError, OutputError) as error:
        if masked(str(error), record.path) == str(error):
            raise
        kind = OutputError if isinstance(error, OutputError) else InputError
        raise kind(masked(error.problem, record.path), masked(error.remedy, record.path)) from None
    return replace(facts, origin=masked(facts.origin, record.path))


def masked(text: str, path: str) -> str:
    """A text in which a path may be spelled, as it may be shown: see `without_password`."""
    if "://" not in path:
        return text
    shown = without_password(path)
    # readers of files spell it as a file, or a part of it
    for spelled in (path, str(Path(path)), ascii(path)[1:-1]):
        text = text.replace(spelled, shown)
    scheme, _, rest = path.partition("://")
    who, at, _ = rest.rpartition("@")
    if not who:
        return text
    return text.replace(who + at, without_password(f"{scheme}://{who}{at}").partition("://")[2])


def without_password(path: str) -> str:
    """A path as it may be shown: of an address neither the password nor the options.

    Examples
    --------
    >>> without_password("postgresql://me:secret@host/book?sslmode=require"), without_password("a:b@c")
    ('postgresql://me@host/book', 'a:b@c')
    """
    scheme, mark, rest = path.partition("://")
    if not mark or scheme.startswith("sqlite"):
        return path
    who, at, where = rest.rpartition("@")
    # of what is no database, who asks may be a token
    user = who.partition(":")[0].partition("?")[0] if scheme.startswith("postgres") else "***"
    return f"{scheme}://{user if at else ''}{at}{where.partition('?')[0]}"
