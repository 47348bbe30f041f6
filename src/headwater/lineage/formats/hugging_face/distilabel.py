"""The models that a distilabel pipeline used, from the ``pipeline.yaml`` it leaves beside a card.

A step names its class, and the class says what its model does: most write text, some rate or
label what others wrote. Nothing of the pipeline is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from headwater.errors import InputError
from headwater.lineage.facts import Key, Role
from headwater.lineage.formats.hugging_face.cards import Card, Step
from headwater.lineage.formats.hugging_face.front_matter import plain
from headwater.lineage.reading import marked_yaml
from headwater.lineage.reading.collecting import Collector

NAMES = frozenset(("pipeline.yaml", "pipeline.yml"))

ROLES: dict[str, Role] = {
    **dict.fromkeys(("UltraFeedback", "PrometheusEval", "PairRM", "QualityScorer"), "judged"),
    **dict.fromkeys(("ComplexityScorer", "InstructionBacktranslation", "RewardModelScore"), "judged"),
    **dict.fromkeys(("APIGenSemanticChecker", "JudgeLM", "UltraJudge"), "judged"),
    **dict.fromkeys(("TextClassification", "ArgillaLabeller", "GenerateEmbeddings"), "labelled"),
}
"""Classes of steps whose models write no text of the dataset; those of all others do."""

MODELS = ("model_id", "model", "model_path", "path_or_hf_repo", "endpoint_name", "model_display_name")
"""Fields in which the classes of models have the name, the first that says something."""

NESTED = (
    "llm",
    "llms",
    "generator",
    "labeller",
    "aggregator_llm",
    "proposers_llms",
    "image_generation_model",
)

LOADERS = frozenset(("LoadDataFromHub", "LoadHubDataset"))


def read_pipeline(file: Path, shown: str, subject: Key, collector: Collector) -> None:
    """Record what a pipeline file says; nothing, where it is of another tool."""
    try:
        root = marked_yaml.load(file, shown)
    except InputError as error:
        collector.broken(shown, error)
        return
    lines: dict[tuple[Step, ...], int] = {}
    data = plain(root, lines) if isinstance(root, yaml.MappingNode) else {}
    pipeline = data.get("pipeline")
    steps = pipeline.get("steps") if isinstance(pipeline, Mapping) else None
    if not isinstance(steps, list):
        return
    card = Card(shown, data, 1, lines)
    collector.count_record("distilabel pipelines")
    seen: set[tuple[Key, Role, str]] = set()
    for number, wrapped in enumerate(steps):
        step = wrapped.get("step") if isinstance(wrapped, Mapping) else None
        at: tuple[Step, ...] = ("pipeline", "steps", number, "step")
        if not isinstance(step, Mapping):
            collector.error(card.place(*at), "a step is no mapping; it was skipped")
            continue
        name = _class(step)
        for object_, role, steps_to in _of_step(step, name, at):
            place = card.place(*steps_to)
            checked = collector.name(object_.name, f"a name in a step {name or 'without class'}", place)
            told = (object_, role, name)
            if checked and told not in seen:
                seen.add(told)
                word = f"distilabel:{name}" if name else "distilabel"
                collector.relation(subject, object_._replace(name=checked), role, place, word=word)


def _of_step(
    step: Mapping[str, Any], name: str, at: tuple[Step, ...]
) -> Iterator[tuple[Key, Role, tuple[Step, ...]]]:
    source = step.get("repo_id")
    if name in LOADERS and isinstance(source, str) and source.strip():
        yield Key("dataset", source), "derived", (*at, "repo_id")
    # A ranker such as PairRM names its model itself.
    if ROLES.get(name) == "judged" and isinstance(step.get("model"), str):
        yield Key("model", step["model"]), "judged", (*at, "model")
    for field in NESTED:
        for model, steps_to in _models(step.get(field), (*at, field)):
            yield Key("model", model), ROLES.get(name, "generated"), steps_to


def _models(value: object, at: tuple[Step, ...]) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """The names of models in a model's description, or in a list of them, and those it is made of."""
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from _models(each, (*at, number))
    elif isinstance(value, Mapping) and value and all(key.isdigit() for key in value):
        # So distilabel writes a list of models.
        for key, each in value.items():
            yield from _models(each, (*at, key))
    elif isinstance(value, Mapping):
        inside = [name for field in NESTED for name in _models(value.get(field), (*at, field))]
        told = ((value[field], (*at, field)) for field in MODELS if isinstance(value.get(field), str))
        named = next(((name, where) for name, where in told if name.strip()), None)
        yield from inside
        if named:
            yield named


def _class(step: Mapping[str, Any]) -> str:
    info = step.get("type_info")
    name = info.get("name") if isinstance(info, Mapping) else None
    return name.strip()[:100] if isinstance(name, str) else ""
