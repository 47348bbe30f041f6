"""What of a generation can be laid over what theory predicts, measured once and kept as JSON can."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from headwater.diagnosis.course import Interval, Quantity
from headwater.diagnosis.values import Diagnosis
from headwater.measures.readings import Reading
from headwater.measures.squared_distance import SquaredDistance, squared_distance
from headwater.measures.text.diversity import GiniSimpson
from headwater.measures.text.tail_sample import TailSample
from headwater.samples.values import Sample

ENOUGH = 3.0
"""Items written for each item a model was trained on, from which what is absent from the sample is absent
from the model: less than 5 % of what was seen once is missed."""


def quantities(
    sample: Sample, reference: Sample, reading: Reading, model: str, diagnosis: Diagnosis | None
) -> dict[str, Any]:
    """Squared distance to real data, diversity kept, tail sample; nothing where there is no pipeline."""
    if diagnosis is None:
        return {}
    found: dict[str, Any] = {}
    distance = squared_distance(sample, reference, reading)
    if distance is not None:
        found["squared distance"] = [distance.value, distance.error]
    if sample.kind != "numeric":
        kept = GiniSimpson()(sample, reference)
        found["diversity retained"] = [kept.value, kept.low, kept.high]
        if _enough(sample, model, diagnosis):
            tail = TailSample()(sample, reference)
            found["tail sample"] = [tail.value, tail.low, tail.high]
    return {name: each for name, each in found.items() if np.isfinite(each).all()}


def _enough(sample: Sample, model: str, diagnosis: Diagnosis) -> bool:
    if model not in diagnosis.graph.model_names:
        return False
    graph = diagnosis.graph
    budget = float(graph.samples[graph.learner == graph.index_of(model)].sum())
    items = sum(map(len, sample.documents)) if sample.kind == "text" else len(sample)
    return items >= ENOUGH * budget


def measured_of(notes: Mapping[int, Mapping[str, Any]]) -> dict[int, dict[Quantity, Interval]]:
    """By generation, what theory predicts too; inflation where generation 0 was measured."""
    start = notes.get(0, {}).get("squared distance")
    found: dict[int, dict[Quantity, Interval]] = {}
    for generation, noted in sorted(notes.items()):
        here: dict[Quantity, Interval] = {}
        if start and generation > 0 and "squared distance" in noted:
            over = SquaredDistance(*noted["squared distance"]).over(SquaredDistance(*start))
            if over is not None:
                here["inflation"] = over
        for name in ("diversity retained", "tail sample"):
            if name in noted:
                value, low, high = noted[name]
                here[name] = (value, low, high)
        found[generation] = here
    return found
