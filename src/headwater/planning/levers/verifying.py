"""The lever of a verifier: what it keeps, what that costs, and what no law says of it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from headwater.emission import PLAIN
from headwater.planning.changes import Change
from headwater.planning.levers.costing import added_cost
from headwater.planning.levers.judging import Judge
from headwater.planning.levers.values import Plans, Row, Verifier
from headwater.report.words import plain


def verified(judge: Judge, plans: Plans) -> tuple[list[Row], list[str]]:
    """One that stands on every flow between models."""
    verifier, graph = plans.verifier, judge.pipeline.graph
    if verifier is None:
        return [], ["a verifier: its quality was not stated"]
    flows = np.flatnonzero(graph.provider < len(graph.model_names))
    if not len(flows):
        return [], ["a verifier: there is no flow between models"]
    quality = {"keep_right": verifier.keep_right, "keep_wrong": verifier.keep_wrong}
    emissions = dict(graph.emissions)
    changes = []
    for at in map(int, flows):
        old = emissions.get(at, PLAIN)
        emissions[at] = replace(old, **quality)
        ends = f"{graph.provider_name(int(graph.provider[at]))}->{graph.model_names[graph.learner[at]]}"
        changes += [
            Change(f"{ends}.{key}", getattr(old, key), float(value))
            for key, value in quality.items()
            if getattr(old, key) != value
        ]
    changed = replace(judge.pipeline, graph=replace(graph, emissions=emissions))
    done = (
        f"a verifier on every flow between models keeps right samples with chance {verifier.keep_right:g}, "
        f"wrong ones with {verifier.keep_wrong:g}"
    )
    cost = added_cost(judge.pipeline, changed, judge.prices) + _work(judge, verifier, flows)
    first = int(flows[0])
    example = f"{graph.provider_name(int(graph.provider[first]))}->{graph.model_names[graph.learner[first]]}"
    return [Row("verifier", done, tuple(changes), cost, None, changed, _note(verifier, example))], []


def _work(judge: Judge, verifier: Verifier, flows: np.ndarray) -> float:
    """Money for checking, and for making what is not kept."""
    kept = float(np.nan_to_num(judge.pipeline.graph.samples[flows]).sum())
    made = kept / verifier.kept_fraction
    return made * judge.prices.checked + (made - kept) * judge.prices.synthetic


def _note(verifier: Verifier, example: str) -> str:
    per_kept = 1 / verifier.kept_fraction
    side = "above" if verifier.is_enough else "not above"
    most = "more right than wrong" if verifier.is_enough else "no more right than wrong"
    return (
        f"{per_kept:.3g} samples are made and checked for each one kept; of those kept "
        f"{verifier.accuracy_after:.1%} are right, of all made {verifier.accuracy:.1%}. That is {side} the "
        f"threshold of {verifier.threshold:.1%}: what is kept is {most}. No law of second moments covers a "
        "verifier, so inflation is not known; simulate it with a family that has right and wrong samples "
        f"(logistic, ngram): headwater sweep FILE --vary '{plain(example)}.keep_wrong={_some(verifier)}'"
    )


def _some(verifier: Verifier) -> str:
    values = sorted({0.0, float(verifier.keep_wrong), 1.0})
    if verifier.keep_right == 0:
        values = [value for value in values if value > 0]
    return ",".join(f"{value:g}" for value in values if math.isfinite(value))
