"""What the commands that plan take: targets, the models that these are for, and how they end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from headwater.planning.targets import Targets

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
    max_inflation: float | None, min_diversity: float | None, min_tail_sample: float | None, at: str | None
) -> Targets:
    """The targets that the options spell, at least one."""
    from headwater.errors import InputError
    from headwater.planning.targets import TIMES, Targets

    if at not in (None, *TIMES):
        raise InputError(
            f"--at {at!r:.40}", f"write --at {TIMES[0]} or --at {TIMES[1]}, or leave it out for both"
        )
    times = tuple(when for when in TIMES if at in (None, when))
    targets = Targets(max_inflation, min_diversity, min_tail_sample, times)
    if not targets:
        raise InputError(
            "there is no target",
            "write one or more of --max-inflation 1.5, --min-diversity 0.9, --min-tail-sample 5000",
        )
    return targets


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
