"""Brings the condition and the theory into one verdict."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np

from headwater.diagnosis.causes import MOST_CAUSES, causes_and_repairs
from headwater.diagnosis.quantities import measure
from headwater.diagnosis.repairs import Repair
from headwater.diagnosis.values import Cause, Diagnosis, Missing, names
from headwater.diagnosis.verdict import VERDICTS, verdicts
from headwater.graph import ENDS, End, InteractionGraph
from headwater.grounding import ground
from headwater.pipeline import Pipeline
from headwater.regimes import Regime, Replace
from headwater.theory.ancestry import deepest_chain
from headwater.theory.laws import Asymptotic, Law

__all__ = ["Cause", "Diagnosis", "Missing", "Repair", "diagnose"]

GENERATIONS = 20
"""Horizon where none is given; always listed under assumptions."""

MOST_MISSING = 1_000


def diagnose(
    pipeline: Pipeline | InteractionGraph,
    law: Law | None = None,
    *,
    regime: Regime | None = None,
    generations: int | None = None,
    assume_samples: int | None = None,
    assume_range: End | None = None,
) -> Diagnosis:
    """Which models collapse, how fast, because of what, and the least that would stop it.

    Parameters
    ----------
    pipeline
        A pipeline, or an interaction graph alone.
    law
        What risk follows; `Asymptotic`, the law of any regular estimator at large budgets, where
        none is given.
    regime, generations
        Take the place of the pipeline's. Where neither says, replace and 20, listed under
        assumptions.
    assume_samples
        Stands in for every unknown count of a flow that has no range, and is listed under assumptions.
    assume_range
        Where in its range a count is taken to be, likewise.

    Raises
    ------
    NoLaw
        If no exact recursion is known for the law under the regime or on the graph.
    LawError
        If a budget is too small for the law.

    Examples
    --------
    >>> graph = InteractionGraph.from_flows([("a", "b", 100), ("b", "a", 100)])
    >>> diagnose(graph).verdict
    'collapses'
    """
    described = pipeline if isinstance(pipeline, Pipeline) else Pipeline(graph=pipeline)
    law = Asymptotic() if law is None else law
    horizon = (
        Pipeline(described.graph, generations=generations).generations or described.generations or GENERATIONS
    )
    chosen = regime or described.regime or Replace()
    graph = described.graph
    if assume_samples is not None:
        graph = graph.with_unknown_samples(assume_samples)
    if assume_range is not None:
        graph = graph.with_samples_at(assume_range)
    grounding = ground(graph)
    found = measure(grounding, chosen, law, horizon)
    judged = verdicts(found, grounding, chosen)
    missing = _missing(graph)
    unknown = int(np.isnan(graph.samples).sum() + (graph.fixed & np.isnan(graph.size)).sum())
    loops = list(grounding.loops())
    causes, repairs, left_out = causes_and_repairs(grounding, found, chosen, law)
    return Diagnosis(
        name=described.name,
        graph=graph,
        regime=chosen,
        law=law,
        generations=horizon,
        verdict=VERDICTS[int(judged.min())] if len(judged) else "stable",
        verdicts=judged,
        grounding=grounding,
        quantities=found,
        causes=causes,
        left_out={
            "causes": left_out,
            "loops": max(0, len(loops) - MOST_CAUSES),
            "missing": max(0, unknown - len(missing)),
        },
        repairs=repairs,
        loops=tuple(names(graph, loop) for loop in loops[:MOST_CAUSES]),
        longest_chain=tuple(names(graph, step) for step in deepest_chain(grounding)),
        missing=missing,
        assumptions=(
            *_assumptions(described, graph, law, regime, generations),
            *_stand_ins(described.graph, assume_samples, assume_range),
            *_left_out(graph),
            *found.notes,
        ),
        provenance={"headwater": version("headwater"), "input_sha256": described.sha256},
    )


def _missing(graph: InteractionGraph) -> tuple[Missing, ...]:
    unbounded = np.isnan(graph.samples)
    unbounded[list(graph.ranges)] = False
    unknown = [*np.flatnonzero(unbounded)[:MOST_MISSING].tolist(), *sorted(graph.ranges)]
    flows = [
        Missing("samples", f"flow {graph.flow(at)}", graph.ranges.get(at)) for at in unknown[:MOST_MISSING]
    ]
    archives = [
        Missing("size", f"source {graph.source_names[at]!r}")
        for at in np.flatnonzero(graph.fixed & np.isnan(graph.size))[:MOST_MISSING]
    ]
    return (*flows, *archives)


def _assumptions(
    described: Pipeline,
    graph: InteractionGraph,
    law: Law,
    regime: Regime | None,
    generations: int | None,
) -> list[str]:
    said: list[str] = []
    if regime is None and described.regime is None:
        said.append("regime: replace, since none was given")
    if generations is None and described.generations is None:
        said.append(f"generations: {GENERATIONS}, since none were given")
    if isinstance(law, Asymptotic):
        said.append("law: asymptotic, large budgets; risk is in units of the estimator's variance V")
    started = np.zeros(len(graph.model_names), dtype=bool)
    started[graph.initial_model] = True
    if (graph.trained & ~started).any():
        said.append(
            "generation 0: a model without `initial` is fitted on fresh real samples, "
            "as many as its flows bring"
        )
    return said


def _stand_ins(graph: InteractionGraph, samples: int | None, end: End | None) -> list[str]:
    said: list[str] = []
    unknown = int(np.isnan(graph.samples).sum()) - len(graph.ranges)
    if samples is not None and unknown:
        said.append(f"samples: {samples:,} for each of {unknown:,} flows whose count is unknown")
    if end is not None and graph.ranges:
        said.append(
            f"samples: {ENDS[end]} of its range for each of {len(graph.ranges):,} flows that have one"
        )
    return said


def _left_out(graph: InteractionGraph) -> list[str]:
    said: list[str] = []
    if graph.external.any():
        said.append(
            f"external models: {int(graph.external.sum()):,}, frozen with an error nobody knows; "
            "what depends on it is left out"
        )
    if graph.emissions:
        first = min(graph.emissions)
        said.append(
            f"biased flows: {len(graph.emissions):,}, such as {graph.flow(first)} "
            f"({', '.join(graph.emissions[first].changed)}); no law covers them, and numbers that depend on "
            "them are left out: simulate"
        )
    return said
