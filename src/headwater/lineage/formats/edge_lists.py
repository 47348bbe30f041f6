"""Reader of edge lists: tables with a row for each thing that went into another, CSV or Parquet.

For people who keep their own table. ``from`` is what gave, ``to`` what came about with its help:
a dataset and the model trained on it, a model and the dataset it wrote, a model and the one that
started from its weights. Further columns may say more:

=============================  ===========================================================
column                         what it says
=============================  ===========================================================
``role``                       a role of `Relation`, such as ``trained-on`` or ``generated``;
                               ``dependency`` where it is empty
``samples``, ``unit``          how much of ``from`` went into ``to``; samples if no unit is given
``from_kind``, ``to_kind``     model, dataset, application, procedure
``from_version``,              the version of each
``to_version``
``generation``                 round of retraining in which ``to`` came about: its version too,
                               where it has no other
``evidence``                   where to check it: it becomes part of the place
``time``                       when ``to`` was made, ISO 8601
=============================  ===========================================================

A kind that is given once holds for that name in every row, unless rows give several. Which version
a ``from`` without one is, in a row with a generation, is in `edge_names`. A row without a generation
is read as it stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import cast, get_args

from headwater.errors import InputError, nearest
from headwater.lineage.facts import Count, Facts, Key, Kind, Place, Role, Unit
from headwater.lineage.formats.edge_names import EdgeNames, Seen
from headwater.lineage.formats.edge_tables import Table, open_table
from headwater.lineage.formats.edge_words import (
    KINDS,
    ROLES,
    generation_in,
    is_plain,
    number_in,
    role_in,
    word_in,
)
from headwater.lineage.reading import Collector, find_files, shown
from headwater.lineage.reading.collecting import LONGEST_NAME, name_problem, spelled
from headwater.lineage.reading.collection import without_collection

FORMAT = "edges"

COLUMNS = (
    "from",
    "to",
    "role",
    "samples",
    "unit",
    "from_kind",
    "to_kind",
    "from_version",
    "to_version",
    "generation",
    "evidence",
    "time",
)

_NEEDED = COLUMNS[:2]
_UNITS: dict[str, Unit] = {unit: unit for unit in get_args(Unit)}
_SUFFIXES = (".csv", ".parquet", ".pq")


def read(path: str | Path) -> Facts:
    """Facts of an edge list, or of every ``.csv`` and ``.parquet`` file below a folder.

    A row that cannot be read becomes an issue and the others are read.

    Raises
    ------
    InputError
        If no table has the columns ``from`` and ``to``; names what is wrong with the last one.
    """
    root = Path(path)
    collector = Collector(shown(root), FORMAT)
    files = find_files(root, lambda name: name.lower().endswith(_SUFFIXES), collector)
    if not files:
        raise InputError("holds no .csv or .parquet file", "name the edge list itself", shown(root))
    collector.files = len(files)
    tables: list[Table] = []
    failed: InputError | None = None
    for file in files:
        name = shown(file.relative_to(root)) if file != root else shown(Path(file.name))
        try:
            tables.append(open_table(file, name, COLUMNS, _NEEDED, collector))
        except InputError as error:
            failed = error
            collector.broken(name, error)
    if not tables and failed is not None:
        raise failed
    with without_collection():
        seen = Seen()
        for table in tables:
            _look(table, seen, collector.origin)
        reading = _Reading(collector, EdgeNames(seen))
        for table in tables:
            reading.read_edges(table)
    collector.count_record("edges", len(collector.relations))
    return collector.facts()


def _look(table: Table, seen: Seen, origin: str) -> None:
    """Keep what rows say of names that may be in other rows; nothing where no column says it."""
    has = {name: table.at[at] >= 0 for at, name in enumerate(COLUMNS)}
    if not (has["from_kind"] or has["to_kind"] or has["generation"]):
        return
    # Broken rows are told of when the edges are read.
    for _, values in table.rows(Collector(origin, FORMAT)):
        giver, taker, role, _, _, giver_kind, taker_kind, _, version, generation, *_ = values
        if giver_kind:
            seen.kinds.add((giver, giver_kind))
        if taker_kind:
            seen.kinds.add((taker, taker_kind))
        if generation is None or generation == "":
            continue
        seen.rounds[taker, taker_kind, version].add(generation)
        if not (giver_kind and taker_kind):
            seen.givers.add((giver, role))
            seen.learners.add((taker, role))


@dataclass(slots=True)
class _Reading:
    """What was seen so far, so that nothing is checked, made or told twice."""

    collector: Collector
    names: EdgeNames
    keys: dict[tuple[object, object, object], Key] = field(default_factory=dict)
    recorded: set[tuple[Key, int | None, str]] = field(default_factory=set)
    given: set[Key] = field(default_factory=set)
    generations: dict[object, int] = field(default_factory=dict)

    def read_edges(self, table: Table) -> None:
        """Make an edge of each row."""
        for number, values in table.rows(self.collector):
            self._edge(table, number, values)

    def _edge(self, table: Table, number: int, values: Sequence[object]) -> None:
        giver, taker, role, samples, unit, giver_kind, taker_kind, before, after, *rest = values
        generation, evidence, time = rest
        place = table.place(number, self._evidence(evidence) if evidence else "")
        given = self.keys.get((giver, giver_kind, before)) or self._key(
            giver, giver_kind, before, "from", place
        )
        taken = self.keys.get((taker, taker_kind, after)) or self._key(taker, taker_kind, after, "to", place)
        meant = ROLES.get(cast("str", role)) if role else "dependency"
        meant = meant or self._role(role, place)
        if given is None or taken is None or meant is None:
            return
        count = None if samples is None or samples == "" else self._count(samples, unit, place)
        when = self._time(time, place) if time else ""
        at = self._generation(generation, place)
        if at is not None:
            given, taken = self.names.ends(given, taken, at)
        self._record(taken, at, when, place)
        if given.kind != "unknown" and given not in self.given:
            self.given.add(given)
            self._record(given, None, "", place)
        self.collector.relation(taken, given, meant, place, count=count, word=word_in(role))

    def _record(self, key: Key, generation: int | None, time: str, place: Place) -> None:
        if (key, generation, time) not in self.recorded:
            self.recorded.add((key, generation, time))
            self.collector.entity(key, place, generation=generation, time=time)

    def _key(self, name: object, kind: object, version: object, end: str, place: Place) -> Key | None:
        named = self.collector.name(word_in(name) if is_plain(name) else name, f"the name in {end!r}", place)
        if named is None:
            return None
        spelling = word_in(version)
        problem = name_problem(spelling) if spelling else ""
        if problem:
            self.collector.error(place, f"the version of {end!r} {problem}; the row was skipped")
            return None
        key = Key(self._kind(named, kind, f"{end}_kind", place), named, spelling)
        self.keys[name, kind, version] = key
        return key

    def _kind(self, name: str, value: object, column: str, place: Place) -> Kind:
        written = word_in(value).casefold()
        if written and written not in KINDS:
            said = f"{column} is {spelled(value)}, so it stays unknown; {nearest(written[:60], KINDS)}"
            self.collector.warning(place, said)
        return self.names.kind(name, KINDS.get(written, "unknown"))

    def _role(self, value: object, place: Place) -> Role | None:
        found = role_in(value)
        if found is None:
            hint = nearest(word_in(value).casefold()[:60], ROLES, len(ROLES))
            self.collector.error(place, f"role is {spelled(value)}; {hint}; the row was skipped")
        return found

    def _count(self, value: object, unit: object, place: Place) -> Count | None:
        # Nearly every row is like this, and there may be millions.
        if isinstance(value, str) and value.isdecimal() and len(value) < 16 and (not unit or unit in _UNITS):
            whole = int(value)
            return Count(whole, whole, _UNITS[str(unit)] if unit else "samples")
        number = number_in(value) if isinstance(value, str) else value
        count = self.collector.samples(number, "samples", place)
        written = word_in(unit).casefold()
        if not written or count is None:
            return count
        if written not in _UNITS:
            said = f"unit is {spelled(unit)}: the count stays unknown; {nearest(written[:60], _UNITS)}"
            self.collector.warning(place, said)
            return None
        return Count(count.low, count.high, _UNITS[written])

    def _generation(self, value: object, place: Place) -> int | None:
        if value is None or value == "":
            return None
        number = self.generations.get(value)
        if number is None:
            number = generation_in(value)
            if number is None:
                self.collector.warning(place, f"generation is {spelled(value)}, not a whole number from 0")
            else:
                self.generations[value] = number
        return number

    def _time(self, value: object, place: Place) -> str:
        written = word_in(value)
        if not written:
            return ""
        try:
            datetime.fromisoformat(written)
        except ValueError:
            said = f"time is {spelled(value)}, not one such as 2026-03-01T12:00:00Z: it was left out"
            self.collector.warning(place, said)
            return ""
        return written

    def _evidence(self, value: object) -> str:
        written = word_in(value)[:LONGEST_NAME]
        return written.encode(errors="backslashreplace").decode()
