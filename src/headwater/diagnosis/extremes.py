"""The verdict at the extremes of a total whose split is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from headwater.diagnosis import diagnose
from headwater.lineage.extremes import SplitTotal, variants
from headwater.pipeline import Pipeline

MOST_MODELS = 500
MOST_VARIANTS = 60


@dataclass(frozen=True, slots=True)
class AtExtreme:
    """What becomes of a model if all samples of a total came from one provider, or evenly from all.

    `inflation` is at the horizon; ``None``: unknown.
    """

    model: str
    dataset: str
    samples: int
    provider: str
    verdict: str
    inflation: float | None


def at_extremes(pipeline: Pipeline, totals: Iterable[SplitTotal]) -> tuple[AtExtreme, ...]:
    """The verdict of each total's model at each of its extremes.

    Nothing for a pipeline of more than `MOST_MODELS` models, or beyond `MOST_VARIANTS` diagnoses.
    """
    if len(pipeline.graph.model_names) > MOST_MODELS:
        return ()
    found: list[AtExtreme] = []
    for total in totals:
        if (
            total.model not in pipeline.graph.model_index
            or len(found) + len(total.providers) >= MOST_VARIANTS
        ):
            continue
        found += _of(pipeline, total)
    return tuple(found)


def _of(pipeline: Pipeline, total: SplitTotal) -> Iterator[AtExtreme]:
    for provider, graph in variants(pipeline.graph, total):
        model = diagnose(replace(pipeline, graph=graph)).of(total.model)
        inflation = (model.get("inflation") or [None])[-1]
        yield AtExtreme(total.model, total.dataset, total.samples, provider, model["verdict"], inflation)
