"""What must be true of an interaction graph, checked on its columns at once.

Each check raises the one `GraphError` for the first offender, with its place in the
description (flows by number, sources and models by name) and what to do about it.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headwater.errors import GraphError, Place

if TYPE_CHECKING:
    from headwater.graph import InteractionGraph

LARGEST_COUNT = 2**53
"""Above this, whole numbers are not exact in the arithmetic the theory uses."""

_COUNT = "write a whole number of samples, 1 to 9,007,199,254,740,992, or leave it out if it is unknown"
COUNT_OR_RANGE = f"{_COUNT}; [800, 1500] if only the lowest and the highest it may be are known"
"""What the samples of a flow may be."""

_RANGE = (
    "write the lowest and the highest it may be, whole numbers from 1 to 9,007,199,254,740,992, "
    "such as [800, 1500]; or one number if the count is known"
)
_WEIGHT = (
    "a loss weight is a finite number above zero, from 1e-15 to 9e15: write 1 for an ordinary sample, "
    "or leave the flow out"
)


def count(value: Any, what: str, place: Place, remedy: str = _COUNT) -> float:
    """A sample count as a float; ``None`` is unknown and becomes NaN."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise GraphError(f"{what} is {_shown(value)}, not a number", remedy, place)
    number = _bounded(value)
    if not (math.isfinite(number) and number >= 1 and number == math.floor(number)):
        raise GraphError(f"{what} is {_shown(value)}", remedy, place)
    return number


def bounds(value: Any, what: str, place: Place) -> tuple[int, int]:
    """The lowest and the highest that a sample count may be, which may be one number."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise GraphError(f"{what} is {_shown(value)}, not a range of two numbers", _RANGE, place)
    found = []
    for each in value:
        try:
            found.append(count(each, what, place))
        except GraphError:
            found.append(math.nan)
    # NaN, for what is no count, fails every comparison
    if not all(number >= 1 for number in found):
        raise GraphError(f"{what} is {_shown(value)}, not a range of counts", _RANGE, place)
    low, high = (int(number) for number in found)
    if low > high:
        raise GraphError(
            f"{what} is {_shown(value)}, and {low:,} is above {high:,}",
            f"write the lower number first: [{high}, {low}]",
            place,
        )
    return low, high


def weight(value: Any, what: str, place: Place) -> float:
    """A loss weight as a float."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise GraphError(f"{what} is {_shown(value)}, not a number", _WEIGHT, place)
    number = _bounded(value)
    if not (math.isfinite(number) and number >= 1 / LARGEST_COUNT):
        raise GraphError(f"{what} is {_shown(value)}", _WEIGHT, place)
    return number


def _bounded(value: Any) -> float:
    # A whole number of thousands of digits cannot become a float.
    return float(value) if abs(value) <= LARGEST_COUNT else math.inf


def check_names(models: Sequence[str], sources: Sequence[str]) -> None:
    """Names are text, not blank, and each names one thing."""
    unique = {kind: _unique(kind, names) for kind, names in (("models", models), ("sources", sources))}
    if both := unique["models"] & unique["sources"]:
        name = min(both)
        raise GraphError(
            f"{name!r} is both a source and a model",
            "a source brings real data and a model is trained: rename one of them",
            ("models", name),
        )


def _unique(kind: str, names: Sequence[str]) -> set[str]:
    # Millions of names that are right take no loop in Python; only a wrong one is looked for.
    with suppress(TypeError):
        if (
            all(map(str.strip, names))
            and len(unique := set(names)) == len(names)
            and _encodes("".join(names))
        ):
            return unique
    seen: set[str] = set()
    for name in names:
        if not isinstance(name, str) or not name.strip():
            raise GraphError(
                f"{kind[:-1]} name {_shown(name)}", "a name is text that is not blank", (kind, name)
            )
        if not _encodes(name):
            raise GraphError(
                f"{kind[:-1]} name {name!a} is no text that a file can hold",
                "remove the half surrogate pair: it is left from a wrong decoding",
                (kind, name),
            )
        if name in seen:
            raise GraphError(
                f"two {kind} are called {name!r}",
                "rename one, or merge them: a name means one thing",
                (kind, name),
            )
        seen.add(name)
    return seen


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check(graph: InteractionGraph) -> None:
    """Raise `GraphError` for the first thing in the columns that cannot be."""
    check_names(graph.model_names, graph.source_names)
    _check_flows(graph)
    _check_emissions(graph)
    _check_ranges(graph)
    _check_initial(graph)
    _check_models(graph)
    _check_archives(graph)


def _check_flows(graph: InteractionGraph) -> None:
    models, providers = len(graph.model_names), len(graph.model_names) + len(graph.source_names)
    _all(graph, (graph.learner >= 0) & (graph.learner < models), "to", "goes to no model", "")
    _all(graph, (graph.provider >= 0) & (graph.provider < providers), "from", "comes from nowhere", "")
    samples, loss_weight = graph.samples, graph.weight
    whole = np.isnan(samples) | ((samples >= 1) & (samples <= LARGEST_COUNT) & (samples == np.floor(samples)))
    _all(graph, whole, "samples", lambda at: f"has samples {samples[at]:g}", _COUNT)
    sensible = (loss_weight >= 1 / LARGEST_COUNT) & (loss_weight <= LARGEST_COUNT)
    _all(graph, sensible, "weight", lambda at: f"has weight {loss_weight[at]:g}", _WEIGHT)
    _all(
        graph,
        ~graph.frozen[graph.learner],
        "to",
        "goes into a frozen model, which is never trained again",
        "remove the flow, or do not call the model frozen or external",
    )
    pair = graph.learner.astype(np.int64) * providers + graph.provider
    ordered = np.sort(pair)
    if (ordered[1:] == ordered[:-1]).any():
        order = np.argsort(pair, kind="stable")
        repeat = order[1:][np.diff(pair[order]) == 0]
        raise GraphError(
            f"flow {graph.flow(int(repeat.min()))} appears twice",
            "add the samples up into one flow",
            ("flows", int(repeat.min())),
        )


def _check_emissions(graph: InteractionGraph) -> None:
    for at, emission in graph.emissions.items():
        if not 0 <= at < len(graph.provider):
            raise GraphError(f"an emission is given for flow number {at}", "number flows from 0")
        if graph.provider[at] >= len(graph.model_names):
            raise GraphError(
                f"flow {graph.flow(at)} has {emission.changed[0]}, but its provider is a source",
                "only what models emit can be biased: remove it, or declare the provider as a model",
                ("flows", at, emission.changed[0]),
            )


def _check_ranges(graph: InteractionGraph) -> None:
    for at, given in graph.ranges.items():
        if not 0 <= at < len(graph.provider):
            raise GraphError(f"a range of samples is given for flow number {at}", "number flows from 0")
        ends = f"{graph.provider_name(int(graph.provider[at]))!r} -> {graph.model_names[graph.learner[at]]!r}"
        what, place = f"samples of flow {ends}", ("flows", at, "samples")
        low, high = bounds(given, what, place)
        if low == high:
            raise GraphError(
                f"{what} is a range from {low} to {high}", "give a count that is known in `samples`", place
            )


def _all(graph: InteractionGraph, right: NDArray[np.bool_], key: str, wrong: Any, remedy: str) -> None:
    if right.all():
        return
    at = int(np.flatnonzero(~right)[0])
    if key in ("to", "from") and not remedy:
        raise GraphError(f"flow number {at} {wrong}", "number models and sources from 0", ("flows", at, key))
    said = wrong(at) if callable(wrong) else wrong
    ends = f"{graph.provider_name(int(graph.provider[at]))!r} -> {graph.model_names[graph.learner[at]]!r}"
    raise GraphError(f"flow {ends} {said}", remedy, ("flows", at, key))


def _check_models(graph: InteractionGraph) -> None:
    fed = np.zeros(len(graph.model_names), dtype=bool)
    fed[graph.learner] = True
    started = np.zeros(len(graph.model_names), dtype=bool)
    started[graph.initial_model] = True
    for wrong, problem, remedy in (
        (
            ~fed & ~graph.frozen,
            "is trained every generation, but nothing flows into it",
            "add a flow, make it frozen or external, or declare it as a source if it is real data",
        ),
        (
            graph.external & started,
            "is external, so its training data are unknown, and yet it has initial samples",
            "write `frozen: true` instead of `external: true`, or remove `initial`",
        ),
        (
            graph.frozen & ~graph.external & ~started,
            "is frozen, but was never trained",
            "say on what: `initial: {SOURCE: SAMPLES}`; or `external: true` if that is unknown",
        ),
    ):
        if wrong.any():
            name = graph.model_names[int(np.flatnonzero(wrong)[0])]
            raise GraphError(f"model {name!r} {problem}", remedy, ("models", name))


def _check_initial(graph: InteractionGraph) -> None:
    samples = graph.initial_samples
    whole = (samples >= 1) & (samples <= LARGEST_COUNT) & (samples == np.floor(samples))
    entries = list(zip(graph.initial_model.tolist(), graph.initial_source.tolist(), strict=True))
    seen: set[tuple[int, int]] = set()
    for at, (model, source) in enumerate(entries):
        if not (0 <= model < len(graph.model_names) and 0 <= source < len(graph.source_names)):
            raise GraphError(f"initial entry {at} names no model or source", "number both from 0")
        place = ("models", graph.model_names[model], "initial", graph.source_names[source])
        what = f"initial samples of {graph.model_names[model]!r} from {graph.source_names[source]!r}"
        if not whole[at]:
            raise GraphError(f"{what} is {samples[at]:g}", _COUNT, place)
        if (model, source) in seen:
            raise GraphError(f"{what} are given twice", "add them up into one entry", place)
        seen.add((model, source))


def _check_archives(graph: InteractionGraph) -> None:
    fresh_size = ~graph.fixed & ~np.isnan(graph.size)
    if fresh_size.any():
        name = graph.source_names[int(np.flatnonzero(fresh_size)[0])]
        raise GraphError(
            f"source {name!r} is fresh and yet has a size",
            "a fresh source never runs out: remove `size`, or write `sampling: fixed`",
            ("sources", name, "size"),
        )
    models = len(graph.model_names)
    from_source = graph.provider >= models
    drawn = np.flatnonzero(from_source)
    size = graph.size[graph.provider[drawn] - models] if len(drawn) else np.empty(0)
    over = drawn[graph.samples[drawn] > size]
    if len(over):
        at = int(over[0])
        flow = graph.flow(at)
        archive = int(graph.size[graph.provider[at] - models])
        raise GraphError(
            f"flow {flow} draws {flow.samples} samples from an archive of {archive}",
            f"samples are drawn without replacement: take at most {archive}",
            ("flows", at, "samples"),
        )
    for at, (_, high) in graph.ranges.items():
        source = graph.provider[at] - models
        if source >= 0 and high > graph.size[source]:
            archive = int(graph.size[source])
            raise GraphError(
                f"flow {graph.flow(at)} draws up to {high} samples from an archive of {archive}",
                f"samples are drawn without replacement: let the range end at {archive} or below",
                ("flows", at, "samples"),
            )
    over = np.flatnonzero(graph.initial_samples > graph.size[graph.initial_source])
    if len(over):
        at = int(over[0])
        model = graph.model_names[graph.initial_model[at]]
        source = graph.source_names[graph.initial_source[at]]
        archive = int(graph.size[graph.initial_source[at]])
        raise GraphError(
            f"model {model!r} starts from {int(graph.initial_samples[at])} samples of {source!r}, "
            f"an archive of {archive}",
            f"samples are drawn without replacement: take at most {archive}",
            ("models", model, "initial", source),
        )


def _shown(value: Any) -> str:
    text = repr(value) if not isinstance(value, int) or abs(value) < 10**30 else "a number of over 30 digits"
    return text if len(text) <= 60 else text[:57] + "..."
