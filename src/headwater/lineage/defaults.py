"""Rules that records of files need before anything can be told, under those of the user.

A record of paths says of no file whether it is a model. These patterns are what files of that name
nearly always are; a rule of the user comes first, and the report says what these decided.
"""

from __future__ import annotations

from dataclasses import replace

from headwater.lineage.facts import Kind, Place
from headwater.lineage.report_text import BUILT_IN
from headwater.lineage.rules import KindRule, Rules

_MODELS = "pt pth ckpt safetensors gguf ggml onnx h5 hdf5 keras joblib pkl pickle tflite mlmodel"
_DATASETS = "csv tsv jsonl ndjson parquet arrow feather txt npz npy"
_CODE = "py ipynb sh bash r R jl scala java js ts yaml yml toml cfg ini lock"


def _rules(endings: str, kind: Kind) -> tuple[KindRule, ...]:
    return tuple(KindRule(f"*.{ending}", kind, Place(BUILT_IN)) for ending in endings.split())


PATHS: tuple[KindRule, ...] = (
    *_rules(_MODELS, "model"),
    KindRule("models:/*", "model", Place(BUILT_IN)),
    *_rules(_DATASETS, "dataset"),
    # A script that a run read is no data that it trained on.
    *_rules(_CODE, "procedure"),
)


def under(rules: Rules) -> Rules:
    """The rules of the user with those built in after them."""
    return replace(rules, kinds=(*rules.kinds, *PATHS))
