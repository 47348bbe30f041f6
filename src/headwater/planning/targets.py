"""What a plan is to reach, for which models, and when."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from headwater.errors import InputError, UnknownCount, nearest
from headwater.graph import InteractionGraph
from headwater.grounding import reachable
from headwater.theory.system import Flag, has_known_counts

Quantity = Literal["inflation", "diversity", "tail_sample"]
When = Literal["horizon", "limit"]

QUANTITIES: tuple[Quantity, ...] = ("inflation", "diversity", "tail_sample")
TIMES: tuple[When, ...] = ("horizon", "limit")


@dataclass(frozen=True, slots=True)
class Target:
    """One bound: inflation at most, diversity retained or the tail sample at least `bound`."""

    quantity: Quantity
    bound: float

    @property
    def is_upper(self) -> bool:
        """Whether a quantity has to stay below."""
        return self.quantity == "inflation"

    @property
    def option(self) -> str:
        """As it is spelt in documents: max_inflation, min_diversity, min_tail_sample."""
        return f"{'max' if self.is_upper else 'min'}_{self.quantity}"

    def __str__(self) -> str:
        words = {"inflation": "inflation", "diversity": "diversity", "tail_sample": "tail sample"}
        return f"{words[self.quantity]} {'at most' if self.is_upper else 'at least'} {self.bound:,.6g}"


@dataclass(frozen=True, slots=True)
class Targets:
    """Bounds that are to hold at every model in scope, at the horizon and in the limit.

    Attributes
    ----------
    max_inflation
        Most risk, over the model's own at generation 0 of the pipeline that is judged.
    min_diversity
        Least Gini-Simpson diversity retained, between 0 and 1.
    min_tail_sample
        Least effective tail sample, in real samples.
    times
        When they are to hold.

    Raises
    ------
    InputError
        If a bound is none, or contradicts what the quantity can be.
    """

    max_inflation: float | None = None
    min_diversity: float | None = None
    min_tail_sample: float | None = None
    times: tuple[When, ...] = TIMES

    def __post_init__(self) -> None:
        for option, value, top in (
            ("--max-inflation", self.max_inflation, math.inf),
            ("--min-diversity", self.min_diversity, 1.0),
            ("--min-tail-sample", self.min_tail_sample, math.inf),
        ):
            if value is not None and not (0 < value < top):
                below = "" if math.isinf(top) else f" and below {top:g}"
                raise InputError(f"{option} is {value!r:.40}", f"write a finite number above 0{below}")
        if not self.times:
            raise InputError("the targets hold at no time", f"name one of {', '.join(TIMES)}")

    def __iter__(self) -> Iterator[Target]:
        """Those that were given."""
        for quantity, bound in zip(
            QUANTITIES, (self.max_inflation, self.min_diversity, self.min_tail_sample), strict=True
        ):
            if bound is not None:
                yield Target(quantity, bound)

    def __bool__(self) -> bool:
        return any(True for _ in self)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What has to be known to judge them."""
        return tuple(target.quantity for target in self)


@dataclass(frozen=True, eq=False)
class Scope:
    """The models that targets are for, and those that no theory can judge, with the reason.

    Attributes
    ----------
    models : (models,) bool
        Judged.
    left_out
        ``(name, reason)`` of models left out.
    """

    models: Flag
    left_out: tuple[tuple[str, str], ...]


def scope_of(graph: InteractionGraph, names: Sequence[str] | None = None) -> Scope:
    """The models to judge: those named, or all whose numbers can be known.

    What rests on an external model or a biased flow is left out, with the reason, unless it is
    named: no plan changes what is not known of it.

    Raises
    ------
    InputError
        If a name is no model's, or there is nothing to judge.
    UnknownCount
        If a count that the answer needs is unknown.
    """
    known = has_known_counts(graph)
    wanted = np.ones(len(known), dtype=bool)
    if names is not None:
        wanted[:] = False
        for name in names:
            if name not in graph.model_index:
                raise InputError(f"no model is called {name!r:.80}", nearest(name, graph.model_names))
            wanted[graph.model_index[name]] = True
    external, biased = reachable(graph, np.flatnonzero(graph.external)), _downstream_of_bias(graph)
    missing = np.flatnonzero(wanted & ~known)
    left_out = []
    for at in missing:
        name = graph.model_names[at]
        if names is None and (external[at] or biased[at]):
            why = "rests on an external model" if external[at] else "rests on a biased flow"
            left_out.append((name, f"{why}, for which there is no theory"))
            continue
        raise _unknown(graph, int(at), bool(external[at]), bool(biased[at]))
    if not (wanted & known).any():
        raise InputError(
            "there is no model whose numbers can be known",
            "give the counts, or let --assume samples=1000, range=middle or external=10000 stand in",
        )
    return Scope(wanted & known, tuple(left_out))


def _downstream_of_bias(graph: InteractionGraph) -> Flag:
    return reachable(graph, np.unique(graph.learner[list(graph.emissions)]).astype(np.int64))


def _unknown(graph: InteractionGraph, model: int, external: bool, biased: bool) -> UnknownCount:
    name = graph.model_names[model]
    if external:
        return UnknownCount(
            f"what becomes of {name!r} rests on an external model, whose error is unknown",
            "take it as fitted on so many real samples: --assume external=10000; or leave it out of --models",
        )
    if biased:
        return UnknownCount(
            f"what becomes of {name!r} rests on a biased flow, for which no law is known",
            "simulate it (headwater sweep), or leave it out of --models",
        )
    first = next(
        (
            f"flow {graph.flow(int(at))}"
            for at in np.flatnonzero(np.isnan(graph.samples))
            if reachable(graph, graph.learner[at : at + 1])[model]
        ),
        "the size of an archive",
    )
    return UnknownCount(
        f"what becomes of {name!r} needs a count that is unknown: {first}",
        "write it into the file, or let --assume samples=1000 (of a range: --assume range=middle) stand in",
    )
