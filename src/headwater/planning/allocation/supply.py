"""What real data may be had: from which sources, at what price, how many, and for which models."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from headwater.errors import InputError, UnknownCount, nearest
from headwater.graph import InteractionGraph
from headwater.validation import LARGEST_COUNT

REAL = "real"
"""Price of every source that has none of its own, and name of a source that has to be new."""

DEAREST = 1e50
"""Price of a sample above which costs would pass the largest number."""

SYNTHETIC = "synthetic"
"""A price that other levers read; no allocation buys it."""


@dataclass(frozen=True)
class Supply:
    """Real samples that a plan may add to models, and what they cost.

    Attributes
    ----------
    prices
        Of one sample a generation, by source. ``real`` is the price of every source without one of
        its own, 1 if left out; ``synthetic`` is not read here.
    caps
        By source: most samples that it gives a generation in all, present flows included. By
        model, or by group (its members together): most that may be added.
    groups
        Models by name of the group.
    untouched
        Models and groups to which nothing may be added.
    sources
        Which may give; None: every fresh one, and one that is new where there is none.

    Raises
    ------
    InputError
        If a price, a cap or a group cannot be right, whatever the pipeline.
    """

    prices: Mapping[str, float] = field(default_factory=dict, hash=False)
    caps: Mapping[str, int] = field(default_factory=dict, hash=False)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    untouched: frozenset[str] = frozenset()
    sources: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name, price in self.prices.items():
            if not (_is_number(price) and 0 <= price <= DEAREST):
                raise InputError(
                    f"the price of {name!r:.80} is {price!r:.40}",
                    f"a price is a number from 0 to {DEAREST:g}: {name}=1.0",
                )
        for name, cap in self.caps.items():
            if not (_is_number(cap) and 0 <= cap <= LARGEST_COUNT and cap == math.floor(cap)):
                raise InputError(
                    f"the cap of {name!r:.80} is {cap!r:.40}",
                    f"a cap is a whole number of samples, from 0 to {LARGEST_COUNT:,}: {name}=20000",
                )
        for name, members in self.groups.items():
            if isinstance(members, str) or not members:
                raise InputError(
                    f"group {name!r:.80} is {members!r:.60}", "a group is the names of one or more models"
                )
        object.__setattr__(self, "prices", {name: float(price) for name, price in self.prices.items()})
        object.__setattr__(self, "caps", {name: int(cap) for name, cap in self.caps.items()})
        object.__setattr__(self, "groups", {name: tuple(each) for name, each in self.groups.items()})
        object.__setattr__(self, "untouched", frozenset(self.untouched))
        if self.sources is not None:
            object.__setattr__(self, "sources", tuple(dict.fromkeys(self.sources)))

    def price(self, source: str) -> float:
        """Of one sample of a source."""
        return self.prices.get(source, self.prices.get(REAL, 1.0))


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


@dataclass(frozen=True, eq=False)
class Limit:
    """At most so many samples, added over some sources and models.

    Attributes
    ----------
    name
        Of the source, model or group that has the cap.
    sources, models
        Numbers in the graph of those it is over; None: all.
    most
        Samples that may still be added.
    """

    name: str
    sources: frozenset[int] | None
    models: frozenset[int] | None
    most: int


@dataclass(frozen=True, eq=False)
class Offer:
    """A supply, read against a pipeline's graph.

    Attributes
    ----------
    graph
        The pipeline's, with a new fresh source at the end where it has none.
    new_source
        Name of that source; empty where nothing is new.
    givers
        Numbers of the sources that may give.
    prices
        Of those, in order.
    touchable : (models,) bool
        Trained, and not named as untouched.
    limits
        Caps.
    """

    graph: InteractionGraph
    new_source: str
    givers: tuple[int, ...]
    prices: tuple[float, ...]
    touchable: np.ndarray
    limits: tuple[Limit, ...]


def offered(graph: InteractionGraph, supply: Supply) -> Offer:
    """What a supply offers to the models of a graph.

    Raises
    ------
    InputError
        If it names what there is not, or what may mean two things, or a cap is below what flows already.
    UnknownCount
        If a source has a cap and the count of one of its flows is unknown.
    """
    fresh = [name for name, fixed in zip(graph.source_names, graph.fixed, strict=True) if not fixed]
    if supply.sources is not None:
        _check_sources(graph, supply.sources, fresh)
        fresh = list(supply.sources)
    new = "" if fresh else _unused(graph)
    wide = _with_source(graph, new) if new else graph
    fresh = fresh or [new]
    groups = _groups(wide, supply)
    _check_names("price", supply.prices, [*wide.source_names, REAL, SYNTHETIC])
    _check_names("cap", supply.caps, [*fresh, *wide.model_names, *groups])
    _check_names("name that may not be touched", supply.untouched, [*wide.model_names, *groups])
    members = {name: frozenset((at,)) for name, at in wide.model_index.items()} | groups
    touchable = wide.trained.copy()
    for name in supply.untouched:
        touchable[list(members[name])] = False
    limits = []
    for name, cap in supply.caps.items():
        if name in members:
            limits.append(Limit(name, None, members[name], cap))
        else:
            at = wide.source_names.index(name)
            limits.append(Limit(name, frozenset((at,)), None, cap - _flowing(wide, at, cap)))
    return Offer(
        graph=wide,
        new_source=new,
        givers=tuple(wide.source_names.index(name) for name in fresh),
        prices=tuple(supply.price(name) for name in fresh),
        touchable=touchable,
        limits=tuple(limits),
    )


def _check_sources(graph: InteractionGraph, names: tuple[str, ...], fresh: list[str]) -> None:
    if not names:
        raise InputError(
            "no source may give", "name one or more fresh sources, or leave them out: all may give"
        )
    for name in names:
        if name in graph.source_names and name not in fresh:
            raise InputError(
                f"{name!r:.80} is an archive, which has no new samples to give",
                nearest(name, fresh),
            )
        if name not in fresh:
            raise InputError(f"no source is called {name!r:.80}", nearest(name, fresh))


def _groups(graph: InteractionGraph, supply: Supply) -> dict[str, frozenset[int]]:
    answer = {}
    for name, members in supply.groups.items():
        if name in graph.model_index or name in graph.source_names:
            kind = "model" if name in graph.model_index else "source"
            raise InputError(f"{name!r:.80} is both a group and a {kind}", "give the group a name of its own")
        for member in members:
            if member not in graph.model_index:
                raise InputError(
                    f"group {name!r:.80}: no model is called {member!r:.80}",
                    nearest(member, graph.model_names),
                )
        answer[name] = frozenset(graph.model_index[member] for member in members)
    return answer


def _check_names(what: str, names: Iterable[str], known: list[str]) -> None:
    available = set(known)
    for name in names:
        if name not in available:
            raise InputError(
                f"{what} {name!r:.80}: there is nothing of that name"
                if what.startswith("name")
                else f"a {what} is given for {name!r:.80}, and there is nothing of that name",
                nearest(name, known),
            )


def _flowing(graph: InteractionGraph, source: int, cap: int) -> int:
    """Samples that a source gives already."""
    given = graph.samples[graph.provider == len(graph.model_names) + source]
    name = graph.source_names[source]
    if np.isnan(given).any():
        raise UnknownCount(
            f"{name!r:.80} has a cap, and the count of one of its flows is unknown",
            "write the count into the file, or --assume samples=1000 for every unknown count",
        )
    flowing = int(given.sum())
    if flowing > cap:
        raise InputError(
            f"the cap of {name!r:.80} is {cap:,}, and {flowing:,} samples flow from it already",
            f"a cap of a source counts the present flows too: write {flowing:,} or more",
        )
    return flowing


def _unused(graph: InteractionGraph) -> str:
    taken = {*graph.model_names, *graph.source_names}
    name, number = REAL, 2
    while name in taken:
        name, number = f"{REAL}-{number}", number + 1
    return name


def _with_source(graph: InteractionGraph, name: str) -> InteractionGraph:
    import dataclasses

    return dataclasses.replace(
        graph,
        source_names=(*graph.source_names, name),
        fixed=np.append(graph.fixed, False),
        size=np.append(graph.size, np.nan),
    )
