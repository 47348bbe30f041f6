"""How a value is put into a pipeline, added or in place of other samples, and from where to where."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from headwater.errors import InputError, NoLaw
from headwater.fields import OF_A_FLOW, Field, Value
from headwater.graph import InteractionGraph
from headwater.pipeline import Pipeline
from headwater.planning.outlook import horizon_of
from headwater.regimes import Accumulate, AccumulateSubsample, Window
from headwater.theory.system import Array, Flag
from headwater.validation import LARGEST_COUNT

Way = Literal["addition", "replacement"]
WAYS: tuple[Way, ...] = ("addition", "replacement")

SHARES_FROM = 1e-6
"""Weights are searched from this share of a training set to all but this share."""

LONGEST = 10_000
"""Generations up to which a horizon is searched."""

WIDEST = 24
"""Generations up to which a window is searched."""

SLOTS = 400
"""Models times the window up to which it is searched, if that leaves four at least."""


@dataclass(frozen=True)
class Domain:
    """Values that a field may be given: `whole` ones only, or all between `low` and `high`.

    `empty` says why there are none; then the bounds mean nothing.
    """

    low: float
    high: float
    whole: bool
    empty: str = ""


@dataclass(frozen=True)
class Knob:
    """One field of one pipeline, turned one way."""

    pipeline: Pipeline
    field: Field
    way: Way = "addition"

    def __post_init__(self) -> None:
        if self.field.key in OF_A_FLOW[2:]:
            raise NoLaw(
                f"{self.field} biases what is emitted, and no law covers that",
                f"simulate instead: headwater sweep --vary '{self.field}=...'",
            )
        if self.way == "replacement" and self.field.key != "samples":
            raise InputError(
                f"--as replacement does not go with {self.field}",
                "only samples of a flow can take the place of others: vary A->B, or remove --as",
            )
        if self.field.kind == "regime" and isinstance(self.pipeline.regime, Accumulate | AccumulateSubsample):
            raise InputError(
                f"--vary regime searches the window, but the regime is {self.pipeline.regime}",
                "write --regime replace or --regime window:3",
            )

    @property
    def current(self) -> float | None:
        """The value that the pipeline has; None where none is known."""
        value = self.field.get(self.pipeline)
        if self.field.kind == "generations":
            return horizon_of(self.pipeline)
        if self.field.kind == "regime":
            regime = self.pipeline.regime
            return regime.generations if isinstance(regime, Window) else 1
        return None if value is None or isinstance(value, str) else value

    def value(self, number: float) -> Value:
        """A number of the domain as a field takes it."""
        if self.field.kind == "regime":
            return f"window:{int(number)}" if number > 1 else "replace"
        return int(number) if self.field.is_whole else float(number)

    def at(self, number: float) -> Pipeline:
        """The pipeline with that value."""
        if self.way == "addition":
            return self.field.set(self.pipeline, self.value(number))
        return self._replaced(int(number))

    def touched(self, number: float) -> Flag:
        """(models,) whose training set the value alters."""
        graph, kind = self.pipeline.graph, self.field.kind
        answer = np.zeros(len(graph.model_names), dtype=bool)
        if kind == "regime":
            answer[:] = True
        elif kind == "flow":
            answer[graph.index_of(self.field.names[1])] = True
        elif kind == "initial":
            answer[graph.index_of(self.field.names[0])] = True
        elif kind == "size":
            source = graph.source_names.index(self.field.names[0])
            answer[graph.learner[graph.provider == len(answer) + source]] = True
            answer[graph.initial_model[graph.initial_source == source]] = True
        return answer

    def others(self) -> np.ndarray:
        """Numbers of the flows that replacement takes from: from models, into the same model."""
        graph = self.pipeline.graph
        models = len(graph.model_names)
        own = graph.provider == _provider(graph, self.field.names[0])
        into = graph.learner == graph.index_of(self.field.names[1])
        return np.flatnonzero(into & ~own & (graph.provider < models))

    def split(self, number: float) -> Array:
        """Samples of the `others` where the budget is kept: whole, by largest remainder."""
        samples = self.pipeline.graph.samples[self.others()]
        left = float(samples.sum()) + float(self.current or 0) - number
        exact = samples * (left / samples.sum())
        down = np.floor(exact)
        short = round(left - down.sum())
        first = np.argsort(-(exact - down), kind="stable")[:short]
        down[first] += 1
        return np.asarray(down)

    def _replaced(self, number: int) -> Pipeline:
        graph, others = self.pipeline.graph, self.others()
        samples = graph.samples.copy()
        samples[others] = self.split(number)
        gone = np.flatnonzero(samples == 0)
        samples[gone] = 1
        pipeline = dataclasses.replace(self.pipeline, graph=dataclasses.replace(graph, samples=samples))
        pipeline = self.field.set(pipeline, number)
        for at in gone:
            names = (graph.provider_name(int(graph.provider[at])), self.field.names[1])
            pipeline = Field("flow", names, "samples").set(pipeline, 0)
        return pipeline

    def domain(self) -> Domain:
        """From where to where it is searched."""
        kind, graph = self.field.kind, self.pipeline.graph
        if kind == "generations":
            return Domain(1, LONGEST, True)
        if kind == "regime":
            most = SLOTS // max(1, len(graph.model_names))
            return Domain(1, min(max(most, 4), WIDEST), True)
        if kind == "size":
            return Domain(self._drawn(), LARGEST_COUNT, True)
        if kind == "initial":
            given = graph.initial_model == graph.index_of(self.field.names[0])
            source = graph.source_names.index(self.field.names[1])
            rest = (given & (graph.initial_source != source)).any()
            return Domain(0 if rest else 1, self._size(source), True)
        return self._of_weight() if self.field.key == "weight" else self._of_samples()

    def scale(self) -> float:
        """About where most happens: the size of a training set, a share of a half, or the current value."""
        graph, low, high = self.pipeline.graph, self.domain().low, self.domain().high
        if self.field.kind == "flow":
            into = graph.learner == graph.index_of(self.field.names[1])
            usual = np.nansum(graph.samples[into])
            return float(usual) if self.field.key == "samples" else math.sqrt(low * high)
        if self.field.kind == "size":
            return 100 * low
        return max(float(self.current or 1000), 1.0)

    def _of_samples(self) -> Domain:
        graph = self.pipeline.graph
        models, learner = len(graph.model_names), graph.index_of(self.field.names[1])
        if graph.frozen[learner]:
            return Domain(0, 0, True, f"{self.field.names[1]!r} is frozen, and nothing flows into it")
        provider = _provider(graph, self.field.names[0])
        rest = (graph.learner == learner) & (graph.provider != provider)
        most = LARGEST_COUNT if provider < models else self._size(provider - models)
        low = 0.0 if rest.any() else 1.0
        if self.way == "addition":
            return Domain(low, most, True)
        others = self.others()
        total = float(graph.samples[others].sum()) + (self.current or 0)
        if not len(others) or not math.isfinite(total):
            why = "learns from no other model: there is nothing to replace"
            if len(others):
                why = "learns from models by unknown counts: say them, or --assume samples=1000"
            return Domain(0, 0, True, f"{self.field.names[1]!r} {why}")
        return Domain(low, min(most, total), True)

    def _of_weight(self) -> Domain:
        graph, names = self.pipeline.graph, self.field.names
        self.field.get(self.pipeline)
        into = graph.learner == graph.index_of(names[1])
        own = into & (graph.provider == _provider(graph, names[0]))
        mass = graph.samples * graph.weight
        rest = float(mass[into & ~own].sum())
        if not rest > 0:
            raise InputError(
                f"{self.field}: {names[0]!r:.80} is all that {names[1]!r:.80} learns from, at any weight",
                "vary its samples, or ask headwater diagnose whether the pipeline as it is will do",
            )
        scale = rest / float(graph.samples[own][0])
        low, high = scale * SHARES_FROM, scale / SHARES_FROM
        return Domain(max(low, 1 / LARGEST_COUNT), min(high, LARGEST_COUNT), False)

    def _size(self, source: int) -> float:
        size = float(self.pipeline.graph.size[source])
        return size if self.pipeline.graph.fixed[source] and size > 0 else LARGEST_COUNT

    def _drawn(self) -> float:
        """Most that is drawn from the archive at once."""
        graph = self.pipeline.graph
        source = graph.source_names.index(self.field.names[0])
        drawn = graph.samples[graph.provider == len(graph.model_names) + source]
        started = graph.initial_samples[graph.initial_source == source]
        return float(np.nanmax(np.concatenate([drawn, started, [1.0]])))


def _provider(graph: InteractionGraph, name: str) -> int:
    at = graph.model_index.get(name)
    return len(graph.model_names) + graph.source_names.index(name) if at is None else at
