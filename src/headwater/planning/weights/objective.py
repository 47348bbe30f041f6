"""What optimal weights are to make small: the largest inflation, the sum of all, or one model's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headwater.errors import InputError, nearest
from headwater.graph import InteractionGraph

PREFIX = "model:"
_RESERVED = ("worst", "sum")


@dataclass(frozen=True, slots=True)
class Objective:
    """The largest inflation over the models in scope, the sum of theirs, or that of one model.

    Attributes
    ----------
    kind
        Which of the three.
    model
        Name of the one model; empty otherwise.
    """

    kind: Literal["worst", "sum", "model"]
    model: str = ""

    @classmethod
    def of(cls, model: str) -> Objective:
        """The inflation of the model of that name."""
        return cls("model", model)

    def __str__(self) -> str:
        if self.kind != "model":
            return self.kind
        clashes = self.model in _RESERVED or self.model.startswith(PREFIX)
        return f"{PREFIX}{self.model}" if clashes else self.model


WORST = Objective("worst")
SUM = Objective("sum")


def parse_objective(text: str, graph: InteractionGraph) -> Objective:
    """The objective that `text` spells: worst, sum, or a model's name.

    ``model:NAME`` is always the model of that name, even if it is called worst or sum.

    Raises
    ------
    InputError
        If it is neither a word nor a model's name.

    Examples
    --------
    >>> graph = InteractionGraph.from_flows([("web", "worst", 10)], sources=["web"])
    >>> parse_objective("worst", graph).kind, parse_objective("model:worst", graph).model
    ('worst', 'worst')
    """
    if text == "worst":
        return WORST
    if text == "sum":
        return SUM
    named = text.removeprefix(PREFIX)
    for name in (named, text):
        if name in graph.model_index:
            return Objective.of(name)
    raise InputError(
        f"--objective {text!r:.80} is neither worst, sum nor a model",
        f"models: {nearest(named, graph.model_names)} (model:NAME for one called worst or sum)",
    )
