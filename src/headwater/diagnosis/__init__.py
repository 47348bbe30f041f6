"""Brings the condition and the theory into one verdict."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np

from headwater.diagnosis.causes import MOST_CAUSES, causes_and_repairs
from headwater.diagnosis.quantities import measure
from headwater.diagnosis.repairs import Repair
from headwater.diagnosis.values import Cause, Diagnosis, Missing, names
from headwater.diagnosis.verdict import VERDICTS, verdicts
from headwater.graph import InteractionGraph
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
        Stands in for every unknown count of a flow, and is listed under assumptions.

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
            *_assumptions(described, graph, law, regime, generations, assume_samples),
            *found.notes,
        ),
        provenance={"headwater": version("headwater"), "input_sha256": described.sha256},
    )


def _missing(graph: InteractionGraph) -> tuple[Missing, ...]:
    flows = [
        Missing("samples", f"flow {graph.flow(int(at))}")
        for at in np.flatnonzero(np.isnan(graph.samples))[:MOST_MISSING]
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
    assume_samples: int | None,
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
    unknown = int(np.isnan(described.graph.samples).sum())
    if assume_samples is not None and unknown:
        said.append(f"samples: {assume_samples:,} for each of {unknown:,} flows whose count is unknown")
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
