"""What the commands that plan take: targets, the models that these are for, and how they end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from headwater.graph import InteractionGraph
    from headwater.planning.targets import Targets, When

CANNOT = 3
"""Exit code where what is asked for cannot be met, or is not met."""

MaxInflation = Annotated[
    float | None,
    typer.Option(help="Most risk, over the model's own at generation 0: 1.5 is half as much again."),
]
MinDiversity = Annotated[
    float | None, typer.Option(help="Least diversity retained, of the population's: between 0 and 1.")
]
MinTailSample = Annotated[
    float | None, typer.Option(help="Least tail sample: real samples that know rare cases as well.")
]
At = Annotated[
    str | None, typer.Option(metavar="WHEN", help="horizon or limit: when targets hold; both if left out.")
]
Models = Annotated[
    str | None, typer.Option(metavar="NAME,...", help="Models that the targets are for; all if left out.")
]


def targets_of(
    max_inflation: float | None,
    min_diversity: float | None,
    min_tail_sample: float | None,
    at: str | None,
    needed: bool = True,
) -> Targets:
    """The targets that the options spell; at least one, where they are `needed`."""
    from headwater.errors import InputError
    from headwater.planning.targets import Targets

    targets = Targets(max_inflation, min_diversity, min_tail_sample, times_of(at))
    if needed and not targets:
        raise InputError(
            "there is no target",
            "write one or more of --max-inflation 1.5, --min-diversity 0.9, --min-tail-sample 5000 "
            "(a plan takes --budget 1000 instead)",
        )
    return targets


def times_of(at: str | None) -> tuple[When, ...]:
    """When targets hold."""
    from headwater.errors import InputError
    from headwater.planning.targets import TIMES

    if at not in (None, *TIMES):
        raise InputError(
            f"--at {at!r:.40}", f"write --at {TIMES[0]} or --at {TIMES[1]}, or leave it out for both"
        )
    return tuple(when for when in TIMES if at in (None, when))


def numbers_of(texts: Sequence[str], option: str, example: str) -> dict[str, float]:
    """``NAME=NUMBER`` texts as a table; the last ``=`` divides, for names may hold one."""
    import math

    from headwater.errors import InputError

    found: dict[str, float] = {}
    for text in texts:
        name, mark, digits = text.rpartition("=")
        try:
            value = float(digits)
        except ValueError:
            value = math.nan
        if not (mark and name.strip()) or math.isnan(value) or "_" in digits:
            raise InputError(f"{option} {text[:80]!r}", f"write {option} {example}: a name and a number")
        if name.strip() in found:
            raise InputError(f"{option} {name.strip()!r:.60} is given twice", "leave one out")
        found[name.strip()] = value
    return found


def with_source(graph: InteractionGraph, name: str) -> InteractionGraph:
    """The same graph with a fresh source more."""
    from dataclasses import replace

    import numpy as np

    from headwater.errors import InputError

    if not name.strip() or name in graph.source_names or name in graph.model_index:
        raise InputError(
            f"--new-source {name!r:.60} is blank, or there is a source or model of that name",
            "name a source that the pipeline does not have, or write --source to take one that it has",
        )
    return replace(
        graph,
        source_names=(*graph.source_names, name),
        fixed=np.append(graph.fixed, False),
        size=np.append(graph.size, np.nan),
    )


def named(models: str | None) -> Sequence[str] | None:
    """The models that were named; None: all."""
    from headwater.cli.inputs import names
    from headwater.errors import InputError

    if models is None:
        return None
    found = names(models)
    if not found:
        raise InputError(
            f"--models {models!r:.40} names no model", "write --models teacher,student, or leave it out"
        )
    return found


def assumed(assume: Sequence[str]) -> str:
    """A sentence for a written file, that some of its counts are no facts; empty where all are."""
    return f" Assumed, and no facts: {', '.join(assume)}." if assume else ""
