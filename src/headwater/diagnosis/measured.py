"""What of a generation can be laid over what theory predicts, measured once and kept as JSON can."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from headwater.diagnosis.course import Interval, Quantity
from headwater.diagnosis.values import Diagnosis
from headwater.errors import SampleError
from headwater.measures.contract import Estimate
from headwater.measures.readings import Reading
from headwater.measures.squared_distance import SquaredDistance, squared_distance
from headwater.measures.text.diversity import GiniSimpson
from headwater.measures.text.tail_sample import TailSample
from headwater.samples.values import Sample

ENOUGH = 3.0
"""Items written for each item a model was trained on, from which what is absent from the sample is absent
from the model: less than 5 % of what was seen once is missed."""


def quantities(
    sample: Sample, reference: Sample, reading: Reading, key: tuple[str, int], diagnosis: Diagnosis | None
) -> dict[str, Any]:
    """Squared distance to real data, diversity kept, tail sample; nothing where there is no pipeline.

    Of texts the distance alone: a pipeline counts documents, whose words are not drawn one by one.

    Parameters
    ----------
    reading
        Of the sample.
    key
        Model and generation.
    """
    if diagnosis is None:
        return {}
    found: dict[str, Any] = {}
    distance = squared_distance(sample, reference, reading)
    if distance is not None:
        found["squared distance"] = [distance.value, distance.error]
    if sample.kind == "categorical":
        kept = GiniSimpson()(sample, reference)
        found["diversity retained"] = _over_histories(kept, reference, key, diagnosis)
        if _enough(sample, key[0], diagnosis):
            with suppress(SampleError):  # nothing is rare in the real data: there is no tail
                tail = TailSample()(sample, reference)
                found["tail sample"] = [tail.value, tail.low, tail.high]
    return {name: each for name, each in found.items() if np.isfinite(each).all()}


def _over_histories(
    kept: Estimate, reference: Sample, key: tuple[str, int], diagnosis: Diagnosis
) -> list[float]:
    r"""The interval widened by how far the diversity of one history is from the mean of all.

    With identity by descent F, frequencies have covariance :math:`F (diag(p) - p p')` to first order,
    so that :math:`\sum q^2` has variance :math:`4 F (\sum p^3 - (\sum p^2)^2)`.
    """
    model, generation = key
    table = diagnosis.quantities.diversity
    if table is None or model not in diagnosis.graph.model_names or generation >= len(table):
        return [kept.value, kept.low, kept.high]
    identity = 1 - float(table[generation, diagnosis.graph.index_of(model)])
    items = (
        [word for row in reference.documents for word in row] if reference.kind == "text" else reference.rows
    )
    shares = np.array(list(Counter(items).values())) / len(items)
    second, third = float((shares**2).sum()), float((shares**3).sum())
    scatter = math.sqrt(max(4 * identity * (third - second**2), 0.0)) / (1 - second) if second < 1 else 0.0
    low, high = (math.hypot(kept.value - end, 1.96 * scatter) for end in (kept.low, kept.high))
    return [kept.value, kept.value - low, kept.value + high]


def _enough(sample: Sample, model: str, diagnosis: Diagnosis) -> bool:
    if model not in diagnosis.graph.model_names:
        return False
    graph = diagnosis.graph
    budget = float(graph.samples[graph.learner == graph.index_of(model)].sum())
    return len(sample) >= ENOUGH * budget


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
