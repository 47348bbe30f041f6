"""The least set of models that real data must reach, and how many samples they then need."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from headwater.grounding import ground
from headwater.pipeline import Pipeline
from headwater.planning.allocation.allocating import allocate
from headwater.planning.allocation.supply import Supply, offered
from headwater.planning.allocation.values import Allocation
from headwater.planning.targets import Scope, Targets
from headwater.report.words import quoted
from headwater.theory.stationary import real_sample_value

MOST_NAMED = 1_000
"""Members of one loop that are listed."""

EVEN = 1e-9
"""Relative, below which two models are as good as one another."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One loop that no real data enter, and where to let them in.

    Attributes
    ----------
    model
        Where one real sample buys most; empty where none of the loop may be touched.
    loop
        Its models, at most `MOST_NAMED`.
    why
        One sentence.
    """

    model: str
    loop: tuple[str, ...]
    why: str

    def to_dict(self) -> dict[str, object]:
        """As in documents."""
        return {"model": self.model or None, "loop": list(self.loop), "why": self.why}


@dataclass(frozen=True, eq=False)
class GroundingPlan:
    """The fewest models to which real data must flow so that no model is ungrounded.

    Attributes
    ----------
    entries
        One a loop that nothing enters: no fewer flows ground the pipeline, and these do.
    possible
        Whether each of them has a model that may be touched.
    reasons
        Why not.
    allocation
        The samples that targets need if real data are added at these models alone; None without
        targets, or where that is impossible.
    """

    entries: tuple[Entry, ...]
    possible: bool
    reasons: tuple[str, ...]
    allocation: Allocation | None

    @property
    def models(self) -> tuple[str, ...]:
        """Those that real data must reach."""
        return tuple(entry.model for entry in self.entries if entry.model)

    def to_dict(self) -> dict[str, object]:
        """As in documents."""
        return {
            "models": list(self.models),
            "entries": [entry.to_dict() for entry in self.entries],
            "possible": self.possible,
            "reasons": list(self.reasons),
            "allocation": self.allocation.to_dict() if self.allocation else None,
        }


def least_grounding(
    pipeline: Pipeline,
    supply: Supply | None = None,
    targets: Targets | None = None,
    scope: Scope | None = None,
) -> GroundingPlan:
    """The least set of models that real data must reach, and the samples it takes for targets.

    The set needs no counts: one model a component that nothing enters is enough, and fewer are not.
    Which model of a component is best, and how many samples it takes, needs them.

    Parameters
    ----------
    targets, scope
        What is to be reached, and for which models; both or neither.

    Raises
    ------
    InputError, UnknownCount, NoLaw
        As `allocate`.

    Examples
    --------
    >>> from headwater.graph import InteractionGraph
    >>> flows = [("a", "b", 900), ("b", "a", 100), ("b", "c"), ("web", "c")]
    >>> graph = InteractionGraph.from_flows(flows, sources=["web"])
    >>> least_grounding(Pipeline(graph)).models
    ('a',)
    """
    supply = supply or Supply()
    offer = offered(pipeline.graph, supply)
    grounding = ground(pipeline.graph)
    entries = tuple(_entry(pipeline, members, offer.touchable) for members, _ in grounding.causes())
    refused = tuple(entry.why for entry in entries if not entry.model)
    allocation = None
    if entries and targets and scope is not None and not refused:
        chosen = {entry.model for entry in entries}
        others = frozenset(name for name in pipeline.graph.model_names if name not in chosen)
        allocation = allocate(pipeline, targets, scope, replace(supply, untouched=others | supply.untouched))
    return GroundingPlan(entries, not refused, refused, allocation)


def _entry(pipeline: Pipeline, members: np.ndarray, touchable: np.ndarray) -> Entry:
    graph = pipeline.graph
    names = tuple(graph.model_names[at] for at in members)
    listed = names[:MOST_NAMED]
    free = touchable[members]
    if not free.any():
        learn = "itself" if len(names) == 1 else "each other"
        why = f"{quoted(names)} learn{'s' * (len(names) == 1)} only from {learn}, and may not be touched"
        return Entry("", listed, why)
    value = real_sample_value(graph, members)
    if value is None:
        best = int(np.argmax(free))
        why = f"any model of {quoted(names)} will do; counts of the loop are unknown, which tell the best"
        return Entry(names[best], listed, why)
    open_to = np.where(free, value, -1.0)
    best = int(np.argmax(open_to))
    if len(names) == 1:
        return Entry(names[0], listed, f"{quoted(names)} learns only from itself")
    as_good = int((open_to >= open_to[best] * (1 - EVEN)).sum())
    which = (
        "any of them will do as well" if as_good == len(names) else "that is where a real sample buys most"
    )
    return Entry(names[best], listed, f"{quoted(names)} learn only from each other; {which}")
