"""What happens to old training data when a generation passes.

Four values and their spelling in files and on the command line. What a regime does to
second moments is in `headwater.theory`; what it does to samples, in the simulation.
"""

from __future__ import annotations

from dataclasses import dataclass

from headwater.errors import GraphError


@dataclass(frozen=True, slots=True)
class Replace:
    """Each generation is trained on its newest samples only."""

    def __str__(self) -> str:
        return "replace"


@dataclass(frozen=True, slots=True)
class Accumulate:
    """Every sample ever drawn is kept, the initial ones included, and all are trained on."""

    def __str__(self) -> str:
        return "accumulate"


@dataclass(frozen=True, slots=True)
class AccumulateSubsample:
    """Every sample is kept; each generation trains on as many as its budget, drawn without replacement."""

    def __str__(self) -> str:
        return "accumulate-subsample"


@dataclass(frozen=True, slots=True)
class Window:
    """Each generation is trained on the batches of the last `generations` generations.

    The initial samples are the first batch.
    """

    generations: int

    def __post_init__(self) -> None:
        if (
            isinstance(self.generations, bool)
            or not isinstance(self.generations, int)
            or self.generations < 1
        ):
            raise GraphError(
                f"window of {self.generations!r} generations",
                "a window keeps a whole number of generations, at least 1: write {window: 3}",
                place=("regime",),
            )

    def __str__(self) -> str:
        return f"window:{self.generations}"


Regime = Replace | Accumulate | AccumulateSubsample | Window

NAMED: dict[str, Regime] = {
    str(regime): regime for regime in (Replace(), Accumulate(), AccumulateSubsample())
}


def parse_regime(text: str) -> Regime:
    """The regime that `text` spells, as ``str(regime)`` writes it.

    Raises
    ------
    GraphError
        If there is no such regime.

    Examples
    --------
    >>> parse_regime("window:3")
    Window(generations=3)
    """
    if text in NAMED:
        return NAMED[text]
    head, _, count = text.partition(":")
    if head == "window" and count.isascii() and count.isdigit() and len(count) < 10:
        return Window(int(count))
    raise GraphError(
        f"no regime is called {text!r}",
        "regimes: replace, accumulate, accumulate-subsample, window:3 (in a file {window: 3})",
        place=("regime",),
    )
