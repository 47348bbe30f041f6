"""What all rows of an edge list together say of its names: their kinds, and versions by generation.

In a row with a generation, a ``to`` without a version has the generation as its version. A ``from``
without one is a version that some row has as ``to``, if there is any:

=====================  =====================================================================
``from``               which of its generations
=====================  =====================================================================
a model                the latest before that of the row: what a model gives, it gave after
                       it had been trained
the name of ``to``     the latest before that of the row
anything else          that of the row, else the latest before: data and what was trained
                       on them are of one round
=====================  =====================================================================

Where there is none it has no version, nor where that generation has several. A model is what some
row says is one, or is trained, started or tested, or wrote, judged or chose data.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from headwater.lineage.facts import Key, Kind, Role
from headwater.lineage.formats.edge_words import generation_in, kind_in, role_in, word_in
from headwater.lineage.reading.collecting import name_problem

_LEARNING: frozenset[Role] = frozenset(("trained-on", "evaluated-on", "initialised"))
_GIVING: frozenset[Role] = frozenset(
    ("generated", "labelled", "translated", "judged", "filtered", "initialised")
)

Cells = tuple[object, ...]


@dataclass(slots=True)
class Seen:
    """The different cells of the rows, kept apart by what they are looked at for.

    Attributes
    ----------
    kinds
        A name and its kind.
    learners, givers
        A name and its role as ``to``, as ``from``.
    rounds
        Name, kind, version and generation of ``to``.
    """

    kinds: set[Cells] = field(default_factory=set)
    learners: set[Cells] = field(default_factory=set)
    givers: set[Cells] = field(default_factory=set)
    rounds: set[Cells] = field(default_factory=set)


class EdgeNames:
    """Kinds and generations of the names, once `settle` has been called.

    Attributes
    ----------
    kinds
        By name, where all rows that give a kind give the same one.
    """

    def __init__(self, seen: Seen) -> None:
        self.kinds = _settled((word_in(name), kind_in(kind)) for name, kind in seen.kinds)
        self._models = {word_in(name) for name, role in seen.learners if role_in(role) in _LEARNING}
        self._models |= {word_in(name) for name, role in seen.givers if role_in(role) in _GIVING}
        self._versions: dict[tuple[Kind, str], dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
        for name, kind, version, generation in seen.rounds:
            number, named = generation_in(generation), word_in(name)
            own = word_in(version)
            if number is not None and not (own and name_problem(own)):
                self._versions[self.kind(named, kind_in(kind)), named][number].add(own or str(number))
        self._order: dict[tuple[Kind, str], Sequence[int]] = {
            at: sorted(found) for at, found in self._versions.items()
        }

    def kind(self, name: str, stated: Kind) -> Kind:
        """The kind of a name, in a row that states one or not."""
        return stated if stated != "unknown" else self.kinds.get(name, "unknown")

    def giver(self, given: Key, taken: Key, generation: int) -> Key:
        """Which version a ``from`` without one is, in a row of a generation."""
        order = self._order.get((given.kind, given.name))
        if given.version or not order:
            return given
        same = (given.kind, given.name) == (taken.kind, taken.name)
        before = same or self._is_model(given)
        at = (bisect_left if before else bisect_right)(order, generation)
        found = self._versions[given.kind, given.name][order[at - 1]] if at else set()
        return given._replace(version=next(iter(found))) if len(found) == 1 else given

    def _is_model(self, key: Key) -> bool:
        return key.kind == "model" or (key.kind == "unknown" and key.name in self._models)


def _settled(pairs: Iterable[tuple[str, Kind]]) -> dict[str, Kind]:
    found: dict[str, set[Kind]] = defaultdict(set)
    for name, kind in pairs:
        if kind != "unknown":
            found[name].add(kind)
    return {name: next(iter(kinds)) if len(kinds) == 1 else "unknown" for name, kinds in found.items()}
