"""Sources, models and flows, and the interaction graph they make.

The graph is immutable and holds columns (one numpy array a property), so that ten million
flows are ten million numbers. Values with names (`Source`, `Model`, `Flow`) are what people
write and read; arrays are what the theory computes with. Nothing here decides anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from headwater import validation
from headwater.emission import PLAIN, Emission
from headwater.errors import GraphError, Place, nearest

Index = NDArray[np.int32]
Count = NDArray[np.float64]
Flag = NDArray[np.bool_]
End = Literal["low", "middle", "high"]
ENDS: dict[End, str] = {"low": "the lowest", "middle": "the geometric mean", "high": "the highest"}
"""Where in its range a count may be taken to be, in words."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where real data come from.

    ``fresh`` brings new real samples each generation; ``fixed`` is one archive of `size`
    samples (``None``: unknown), reused, from which samples are drawn without replacement.
    """

    name: str
    sampling: Literal["fresh", "fixed"] = "fresh"
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """A model: trained every generation, frozen after generation 0, or external.

    `initial` maps sources to the samples of generation 0; empty means as many fresh real
    samples as the model's flows bring. An external model is frozen and its error is unknown.
    """

    name: str
    frozen: bool = False
    external: bool = False
    initial: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flow:
    """Samples per generation from `provider`, a source or model, into `model`'s training set.

    `samples` is ``None`` where the count is unknown; `samples_range` then holds its bounds, if
    those are known. `weight` multiplies each sample's loss. `emission` says how what the provider
    emits here is biased; simulation only.
    """

    provider: str
    model: str
    samples: int | None = None
    weight: float = 1.0
    emission: Emission = PLAIN
    samples_range: tuple[int, int] | None = None

    def __str__(self) -> str:
        return f"{self.provider!r:.80} -> {self.model!r:.80}"


@dataclass(frozen=True, eq=False)
class InteractionGraph:
    """Who learns from whom: sources, models and the flows between them.

    Build one with `from_flows`, `from_parts`, `headwater.read_edges`, `headwater.read_pipeline`
    or `headwater.from_networkx`. Models are numbered from 0 in the order given; providers are
    numbered the same way with the sources after the models.

    Attributes
    ----------
    model_names, source_names
        Names, in order.
    frozen, external : (models,) bool
        External models are frozen too.
    fixed : (sources,) bool
        Whether the source is an archive.
    size : (sources,) float
        Samples in the archive; NaN where unknown or fresh.
    provider, learner : (flows,) int32
        Who gives (numbered as providers) and who learns (numbered as models).
    samples : (flows,) float
        Samples per generation; NaN where unknown.
    weight : (flows,) float
        Loss weight of each sample.
    initial_model, initial_source, initial_samples : (initials,)
        The samples of generation 0 that are given, one entry a model and source.
    emissions
        How the provider's samples are biased, by number of the flow; flows that are not are left out.
    ranges
        Lowest and highest that an unknown count may be, by number of the flow; where `samples`
        knows the count, its bounds are dropped.

    Raises
    ------
    GraphError
        If the parts contradict each other; says where and what to do.
    """

    model_names: tuple[str, ...]
    source_names: tuple[str, ...]
    frozen: Flag
    external: Flag
    fixed: Flag
    size: Count
    provider: Index
    learner: Index
    samples: Count
    weight: Count
    initial_model: Index
    initial_source: Index
    initial_samples: Count
    emissions: Mapping[int, Emission] = field(default_factory=dict)
    ranges: Mapping[int, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "emissions", {at: how for at, how in self.emissions.items() if how.changed})
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                value = value.view()
                value.flags.writeable = False
                object.__setattr__(self, item.name, value)
        validation.check(self)
        unknown = {at: bounds for at, bounds in self.ranges.items() if np.isnan(self.samples[at])}
        object.__setattr__(self, "ranges", {int(at): (int(a), int(b)) for at, (a, b) in unknown.items()})

    # -- building ---------------------------------------------------------------------------

    @classmethod
    def from_flows(
        cls,
        flows: Iterable[Flow | Sequence[Any]],
        sources: Iterable[Source | str] = (),
        models: Iterable[Model] = (),
    ) -> InteractionGraph:
        """A graph from flows; names that are no source are models.

        Parameters
        ----------
        flows
            `Flow` values or tuples ``(provider, model[, samples[, weight]])``, where samples may be
            a pair, the lowest and highest that they may be.
        sources
            `Source` values, or names of fresh sources.
        models
            Only those that need saying more than their name (frozen, external, initial).

        Examples
        --------
        >>> graph = InteractionGraph.from_flows([("web", "a", 10), ("a", "a", 90)], sources=["web"])
        >>> graph.model_names
        ('a',)
        """
        listed = [flow if isinstance(flow, Flow) else _as_flow(flow, at) for at, flow in enumerate(flows)]
        known_sources = [source if isinstance(source, Source) else Source(source) for source in sources]
        known = {model.name: model for model in models}
        taken = {source.name for source in known_sources}
        for flow in listed:
            for name in (flow.provider, flow.model):
                if name not in taken and name not in known:
                    known[name] = Model(name)
        return cls.from_parts(known_sources, known.values(), listed)

    @classmethod
    def from_parts(
        cls, sources: Iterable[Source], models: Iterable[Model], flows: Iterable[Flow]
    ) -> InteractionGraph:
        """A graph from declared parts; a name that was not declared is an error.

        Raises
        ------
        GraphError
            Unknown, duplicate or contradictory names, counts that are not counts, and so on;
            its ``place`` is the path inside the parts.
        """
        sources, models, flows = tuple(sources), tuple(models), tuple(flows)
        validation.check_names([model.name for model in models], [source.name for source in sources])
        model_at = {model.name: at for at, model in enumerate(models)}
        provider_at = model_at | {source.name: at + len(models) for at, source in enumerate(sources)}
        flow_columns = [_flow_row(flow, at, provider_at, model_at) for at, flow in enumerate(flows)]
        initial = [row for model in models for row in _initial_rows(model, model_at, provider_at)]
        for source in sources:
            if source.sampling not in ("fresh", "fixed"):
                raise GraphError(
                    f"source {source.name!r} has sampling {source.sampling!r}",
                    "sampling is 'fresh' (new real samples each generation) or 'fixed' (one archive)",
                    ("sources", source.name, "sampling"),
                )
        sizes = [
            validation.count(source.size, f"size of source {source.name!r}", ("sources", source.name, "size"))
            for source in sources
        ]
        return cls(
            model_names=tuple(model_at),
            source_names=tuple(source.name for source in sources),
            frozen=np.array([model.frozen or model.external for model in models], dtype=bool),
            external=np.array([model.external for model in models], dtype=bool),
            fixed=np.array([source.sampling == "fixed" for source in sources], dtype=bool),
            size=np.array(sizes, dtype=float),
            provider=np.array([row[0] for row in flow_columns], dtype=np.int32),
            learner=np.array([row[1] for row in flow_columns], dtype=np.int32),
            samples=np.array([row[2] for row in flow_columns], dtype=float),
            weight=np.array([row[3] for row in flow_columns], dtype=float),
            initial_model=np.array([row[0] for row in initial], dtype=np.int32),
            initial_source=np.array([row[1] for row in initial], dtype=np.int32),
            initial_samples=np.array([row[2] for row in initial], dtype=float),
            emissions={at: flow.emission for at, flow in enumerate(flows)},
            ranges={at: row[4] for at, row in enumerate(flow_columns) if row[4] is not None},
        )

    @classmethod
    def from_arrays(
        cls,
        model_names: Sequence[str],
        source_names: Sequence[str],
        provider: Index,
        learner: Index,
        samples: Count,
        weight: Count | None = None,
    ) -> InteractionGraph:
        """A graph of trained models and fresh sources from flow columns; no copy is made.

        `provider` counts models first, then sources; unknown samples are NaN.
        """
        models, sources = len(model_names), len(source_names)
        return cls(
            model_names=tuple(model_names),
            source_names=tuple(source_names),
            frozen=np.zeros(models, dtype=bool),
            external=np.zeros(models, dtype=bool),
            fixed=np.zeros(sources, dtype=bool),
            size=np.full(sources, np.nan),
            provider=provider,
            learner=learner,
            samples=samples,
            weight=np.ones(len(provider)) if weight is None else weight,
            initial_model=np.empty(0, dtype=np.int32),
            initial_source=np.empty(0, dtype=np.int32),
            initial_samples=np.empty(0),
        )

    # -- reading ----------------------------------------------------------------------------

    @property
    def trained(self) -> Flag:
        """(models,) bool: refitted every generation."""
        return ~self.frozen

    @cached_property
    def model_index(self) -> dict[str, int]:
        """Number of each model by name."""
        return {name: at for at, name in enumerate(self.model_names)}

    @cached_property
    def samples_by_provider(self) -> sparse.csr_array:
        """(models, models + sources) sparse samples per generation; unknown counts are NaN."""
        return self.by_provider(self.samples)

    def by_provider(self, values: Count) -> sparse.csr_array:
        """(models, models + sources) sparse matrix of one value a flow."""
        shape = (len(self.model_names), len(self.model_names) + len(self.source_names))
        return sparse.csr_array((values, (self.learner, self.provider)), shape=shape)

    def provider_name(self, provider: int) -> str:
        """Name of a provider by number."""
        models = len(self.model_names)
        return self.model_names[provider] if provider < models else self.source_names[provider - models]

    def index_of(self, model: str) -> int:
        """Number of a model; an unknown name raises `GraphError` with the nearest known one."""
        if model not in self.model_index:
            raise GraphError(f"no model is called {model!r}", nearest(model, self.model_names))
        return self.model_index[model]

    @property
    def sources(self) -> Iterator[Source]:
        """The sources, as values."""
        for at, name in enumerate(self.source_names):
            yield Source(name, "fixed" if self.fixed[at] else "fresh", _whole(self.size[at]))

    @property
    def models(self) -> Iterator[Model]:
        """The models, as values."""
        initial: dict[int, dict[str, int]] = {}
        for model, source, count in zip(
            self.initial_model, self.initial_source, self.initial_samples, strict=True
        ):
            initial.setdefault(int(model), {})[self.source_names[source]] = int(count)
        for at, name in enumerate(self.model_names):
            external = bool(self.external[at])
            yield Model(name, bool(self.frozen[at]) and not external, external, initial.get(at, {}))

    @property
    def flows(self) -> Iterator[Flow]:
        """The flows, as values, in the order given."""
        for at in range(len(self.provider)):
            yield self.flow(at)

    def flow(self, at: int) -> Flow:
        """One flow, as a value."""
        provider, model = self.provider_name(int(self.provider[at])), self.model_names[self.learner[at]]
        weight, emission = float(self.weight[at]), self.emissions.get(at, PLAIN)
        return Flow(provider, model, _whole(self.samples[at]), weight, emission, self.ranges.get(at))

    def with_unknown_samples(self, samples: int) -> InteractionGraph:
        """The same graph with every unknown count of a flow replaced by `samples`.

        Counts whose bounds are known stay as they are, for `samples` may lie outside; see
        `with_samples_at`.
        """
        count = validation.count(samples, "assumed samples", ("assume",))
        unknown = np.isnan(self.samples)
        unknown[list(self.ranges)] = False
        return self._with(samples=np.where(unknown, count, self.samples))

    def with_samples_at(self, end: End) -> InteractionGraph:
        """The same graph with every count of which only bounds are known taken at one end of them.

        The middle is the geometric mean, rounded to a whole number.

        Examples
        --------
        >>> graph = InteractionGraph.from_flows([("a", "a", (100, 400))])
        >>> next(graph.with_samples_at("middle").flows).samples
        200
        """
        if end not in ENDS:
            raise GraphError(
                f"samples are taken at {end!r:.60} of their range",
                f"an end is {', '.join(ENDS)}",
                ("assume",),
            )
        samples = self.samples.copy()
        for at, (low, high) in self.ranges.items():
            # to the nearest: a float would be off where counts are large
            middle = (math.isqrt(4 * low * high) + 1) // 2
            samples[at] = {"low": low, "middle": middle, "high": high}[end]
        return self._with(samples=samples)

    def with_external_samples(self, samples: int) -> InteractionGraph:
        """The same graph with every external model taken as fitted on `samples` fresh real samples.

        They become frozen models that start from a new source, ``(assumed)``.
        """
        if not self.external.any():
            return self
        count = validation.count(samples, "assumed samples of external models", ("assume",))
        external = np.flatnonzero(self.external).astype(np.int32)
        source = np.int32(len(self.source_names))
        return self._with(
            source_names=(*self.source_names, "(assumed)"),
            fixed=np.append(self.fixed, False),
            size=np.append(self.size, np.nan),
            external=np.zeros_like(self.external),
            initial_model=np.concatenate([self.initial_model, external]),
            initial_source=np.concatenate([self.initial_source, np.full(len(external), source)]),
            initial_samples=np.concatenate([self.initial_samples, np.full(len(external), count)]),
        )

    def _with(self, **columns: Any) -> InteractionGraph:
        return InteractionGraph(**{item.name: getattr(self, item.name) for item in fields(self)} | columns)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, InteractionGraph):
            return NotImplemented
        return all(
            np.array_equal(mine, theirs, equal_nan=mine.dtype.kind == "f")
            if isinstance(mine := getattr(self, item.name), np.ndarray)
            and isinstance(theirs := getattr(other, item.name), np.ndarray)
            else getattr(self, item.name) == getattr(other, item.name)
            for item in fields(self)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return (
            f"InteractionGraph({len(self.model_names)} models, {len(self.source_names)} sources, "
            f"{len(self.provider)} flows)"
        )


def _whole(value: float) -> int | None:
    return None if np.isnan(value) else int(value)


def _as_flow(row: Sequence[Any], at: int) -> Flow:
    if isinstance(row, str) or not 2 <= len(row) <= 4:
        raise GraphError(
            f"flow {row!r}", "a flow is (provider, model), and may add samples and weight", ("flows", at)
        )
    flow = Flow(*row)
    if not isinstance(flow.samples, tuple | list):
        return flow
    return replace(flow, samples=None, samples_range=flow.samples)


def _flow_row(
    flow: Flow, at: int, provider_at: Mapping[str, int], model_at: Mapping[str, int]
) -> tuple[int, int, float, float, tuple[int, int] | None]:
    for key, name in (("from", flow.provider), ("to", flow.model)):
        if name not in provider_at:
            raise GraphError(
                f"flow {flow}: no model or source is called {name!r}",
                nearest(name, provider_at),
                ("flows", at, key),
            )
    if flow.model not in model_at:
        raise GraphError(
            f"flow {flow}: {flow.model!r} is a source, and nothing flows into a source",
            "let the flow end in a model, or declare the name as a model",
            ("flows", at, "to"),
        )
    samples, bounds = _samples(flow, ("flows", at, "samples"))
    return (
        provider_at[flow.provider],
        model_at[flow.model],
        samples,
        validation.weight(flow.weight, f"weight of flow {flow}", ("flows", at, "weight")),
        bounds,
    )


def _samples(flow: Flow, place: Place) -> tuple[float, tuple[int, int] | None]:
    """A flow's count, NaN if unknown, and its bounds where those are known instead."""
    what = f"samples of flow {flow}"
    count = validation.count(flow.samples, what, place, validation.COUNT_OR_RANGE)
    if flow.samples_range is None:
        return count, None
    low, high = validation.bounds(flow.samples_range, what, place)
    if not math.isnan(count):
        raise GraphError(
            f"{what} are {count:.0f} and also {low} to {high}", "keep the count, or keep its range", place
        )
    return (float(low), None) if low == high else (count, (low, high))


def _initial_rows(
    model: Model, model_at: Mapping[str, int], provider_at: Mapping[str, int]
) -> Iterator[tuple[int, int, float]]:
    for name, samples in model.initial.items():
        place = ("models", model.name, "initial", name)
        if name not in provider_at or name in model_at:
            known = [source for source in provider_at if source not in model_at]
            what = "a model, not a source" if name in model_at else "no source"
            raise GraphError(
                f"initial samples of {model.name!r} come from {name!r}, which is {what}",
                f"generation 0 is fitted on real data; {nearest(name, known)}",
                place,
            )
        what = f"initial samples of {model.name!r} from {name!r}"
        if samples is None:
            raise GraphError(
                f"{what} are not given", "write how many, or leave `initial` out: as many as flow in", place
            )
        count = validation.count(samples, what, place)
        yield model_at[model.name], provider_at[name] - len(model_at), count
