"""Headwater tells whether models that train on each other's output will collapse.

Names are loaded on first use, so that ``import headwater`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headwater import families, lineage
    from headwater.diagnosis import Diagnosis, diagnose
    from headwater.diagnosis.inspecting import inspect
    from headwater.diagnosis.inspection import Context, Inspection
    from headwater.edges import read_edges
    from headwater.emission import Emission
    from headwater.errors import (
        FamilyError,
        GraphError,
        HeadwaterError,
        InputError,
        LawError,
        NoLaw,
        NoSteadyState,
        SampleError,
        UnknownCount,
    )
    from headwater.fields import parse_field
    from headwater.graph import Flow, InteractionGraph, Model, Source
    from headwater.grounding import Grounding, ground
    from headwater.ledger import Ledger
    from headwater.measures import registry as metrics
    from headwater.measures.causes import Evidence, differential
    from headwater.measures.definitions.runs import profile_runs
    from headwater.measures.definitions.values import Thresholds
    from headwater.monitoring.monitor import Monitor
    from headwater.networks import from_networkx, to_networkx
    from headwater.pipeline import Pipeline, read_pipeline, write_pipeline
    from headwater.planning.allocation import Supply, allocate
    from headwater.planning.calibration import calibrate
    from headwater.planning.plan import Means, plan
    from headwater.planning.sensitivity.asking import sensitivity
    from headwater.planning.targets import Targets
    from headwater.planning.thresholds import threshold
    from headwater.planning.weights import optimal_weights
    from headwater.regimes import Accumulate, AccumulateSubsample, Replace, Window
    from headwater.samples.reading import Columns, gather, read_reference
    from headwater.samples.shards import read_shard, write_shard
    from headwater.samples.values import Sample
    from headwater.simulation import Executor, open_run, simulate
    from headwater.simulation.summary import summarise
    from headwater.simulation.sweep import sweep
    from headwater.theory import laws
    from headwater.verification import verify

_HOMES = {
    "headwater.diagnosis": ("Diagnosis", "diagnose"),
    "headwater.diagnosis.inspecting": ("inspect",),
    "headwater.diagnosis.inspection": ("Context", "Inspection"),
    "headwater.edges": ("read_edges",),
    "headwater.emission": ("Emission",),
    "headwater.errors": (
        "FamilyError",
        "GraphError",
        "HeadwaterError",
        "InputError",
        "LawError",
        "NoLaw",
        "NoSteadyState",
        "SampleError",
        "UnknownCount",
    ),
    "headwater.graph": ("Flow", "InteractionGraph", "Model", "Source"),
    "headwater.grounding": ("Grounding", "ground"),
    "headwater.networks": ("from_networkx", "to_networkx"),
    "headwater.pipeline": ("Pipeline", "read_pipeline", "write_pipeline"),
    "headwater.planning.allocation": ("Supply", "allocate"),
    "headwater.planning.calibration": ("calibrate",),
    "headwater.planning.plan": ("Means", "plan"),
    "headwater.planning.sensitivity.asking": ("sensitivity",),
    "headwater.planning.targets": ("Targets",),
    "headwater.planning.thresholds": ("threshold",),
    "headwater.planning.weights": ("optimal_weights",),
    "headwater.regimes": ("Accumulate", "AccumulateSubsample", "Replace", "Window"),
    "headwater.fields": ("parse_field",),
    "headwater.ledger": ("Ledger",),
    "headwater.measures.causes": ("Evidence", "differential"),
    "headwater.measures.definitions.runs": ("profile_runs",),
    "headwater.measures.definitions.values": ("Thresholds",),
    "headwater.monitoring.monitor": ("Monitor",),
    "headwater.samples.reading": ("Columns", "gather", "read_reference"),
    "headwater.samples.shards": ("read_shard", "write_shard"),
    "headwater.samples.values": ("Sample",),
    "headwater.simulation": ("Executor", "open_run", "simulate"),
    "headwater.simulation.summary": ("summarise",),
    "headwater.simulation.sweep": ("sweep",),
    "headwater.verification": ("verify",),
}
_MODULES = {
    "families": "headwater.families",
    "laws": "headwater.theory.laws",
    "lineage": "headwater.lineage",
    "metrics": "headwater.measures.registry",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Accumulate",
    "AccumulateSubsample",
    "Columns",
    "Context",
    "Diagnosis",
    "Emission",
    "Evidence",
    "Executor",
    "FamilyError",
    "Flow",
    "GraphError",
    "Grounding",
    "HeadwaterError",
    "InputError",
    "Inspection",
    "InteractionGraph",
    "LawError",
    "Ledger",
    "Means",
    "Model",
    "Monitor",
    "NoLaw",
    "NoSteadyState",
    "Pipeline",
    "Replace",
    "Sample",
    "SampleError",
    "Source",
    "Supply",
    "Targets",
    "Thresholds",
    "UnknownCount",
    "Window",
    "allocate",
    "calibrate",
    "diagnose",
    "differential",
    "families",
    "from_networkx",
    "gather",
    "ground",
    "inspect",
    "laws",
    "lineage",
    "metrics",
    "open_run",
    "optimal_weights",
    "parse_field",
    "plan",
    "profile_runs",
    "read_edges",
    "read_pipeline",
    "read_reference",
    "read_shard",
    "sensitivity",
    "simulate",
    "summarise",
    "sweep",
    "threshold",
    "to_networkx",
    "verify",
    "write_pipeline",
    "write_shard",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'headwater' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
