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
        The generations of each name, kind and version of a ``to``.
    """

    kinds: set[Cells] = field(default_factory=set)
    learners: set[Cells] = field(default_factory=set)
    givers: set[Cells] = field(default_factory=set)
    rounds: dict[Cells, set[object]] = field(default_factory=lambda: defaultdict(set))


@dataclass(slots=True)
class _Rounds:
    """The generations of a name in order, and the version of each; ``None`` where it has several."""

    of_model: bool
    order: Sequence[int] = ()
    keys: dict[int, Key | None] = field(default_factory=dict)


class EdgeNames:
    """Kinds and generations of the names.

    Attributes
    ----------
    kinds
        By name, where all rows that give a kind give the same one.
    """

    def __init__(self, seen: Seen) -> None:
        self.kinds = _settled((word_in(name), kind_in(kind)) for name, kind in seen.kinds)
        models = {word_in(name) for name, role in seen.learners if role_in(role) in _LEARNING}
        models |= {word_in(name) for name, role in seen.givers if role_in(role) in _GIVING}
        self._rounds: dict[Key, _Rounds] = {}
        for (name, kind, version), generations in seen.rounds.items():
            named, own = word_in(name), word_in(version)
            if not (own and name_problem(own)):
                bare = Key(self.kind(named, kind_in(kind)), named)
                model = bare.kind == "model" or (bare.kind == "unknown" and named in models)
                _add(self._rounds.setdefault(bare, _Rounds(model)).keys, bare, own, generations)
        for rounds in self._rounds.values():
            rounds.order = sorted(rounds.keys)

    def kind(self, name: str, stated: Kind) -> Kind:
        """The kind of a name, in a row that states one or not."""
        return stated if stated != "unknown" else self.kinds.get(name, "unknown")

    def ends(self, given: Key, taken: Key, generation: int) -> tuple[Key, Key]:
        """``from`` and ``to`` of a row of a generation, in the versions that they have there."""
        rounds = None if given.version else self._rounds.get(given)
        if rounds is not None:
            before = rounds.of_model or (given.name == taken.name and given.kind == taken.kind)
            at = (bisect_left if before else bisect_right)(rounds.order, generation)
            given = (rounds.keys[rounds.order[at - 1]] if at else None) or given
        if not taken.version:
            version = str(generation)
            known = self._rounds.get(taken)
            made = known.keys.get(generation) if known else None
            # One object for all rows, unless another version of that generation is stated.
            taken = made if made and made.version == version else Key(taken.kind, taken.name, version)
        return given, taken


def _settled(pairs: Iterable[tuple[str, Kind]]) -> dict[str, Kind]:
    found: dict[str, set[Kind]] = defaultdict(set)
    for name, kind in pairs:
        if kind != "unknown":
            found[name].add(kind)
    return {name: next(iter(kinds)) if len(kinds) == 1 else "unknown" for name, kinds in found.items()}


def _add(keys: dict[int, Key | None], bare: Key, own: str, generations: Iterable[object]) -> None:
    for generation in generations:
        number = generation_in(generation)
        if number is not None:
            key = Key(bare.kind, bare.name, own or str(number))
            keys[number] = key if keys.get(number, key) == key else None
