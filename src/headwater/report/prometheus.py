"""What a check found, as the text that Prometheus scrapes.

The newest generation of each model; `the exposition format
<https://prometheus.io/docs/instrumenting/exposition_formats/>`_, version 0.0.4.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from headwater.report import words

if TYPE_CHECKING:
    from headwater.diagnosis.inspection import Inspection

STAGES = {"none": 0, "early": 1, "late": 2}

HELP = {
    "headwater_generation": "Newest generation that was checked.",
    "headwater_alarms": "Scores that ring at the newest generation.",
    "headwater_effect": "How far a score is from healthy: a loss, a rise or a shift of its mean.",
    "headwater_effect_tolerated": "Up to there nothing rings.",
    "headwater_log_e_value": "Natural logarithm of the evidence that a score is worse than tolerated.",
    "headwater_stage": "Stage of collapse: 0 none, 1 early, 2 late; NaN where it cannot be told.",
    "headwater_definition_holds": "Whether a definition of collapse holds: 1, 0, or NaN if not told.",
    "headwater_metric": "A metric of the newest generation against real data.",
}

Line = tuple[str, dict[str, str], float]
"""Name, labels and value."""


def as_prometheus(found: Inspection) -> str:
    """The page; every family once, with its help and type."""
    measured = list(_lines(found))
    lines = []
    for name, told in HELP.items():
        own = [line for line in measured if line[0] == name]
        if own:
            lines += [f"# HELP {name} {told}", f"# TYPE {name} gauge"]
            lines += [f"{name}{_labels(labels)} {_value(value)}" for _, labels, value in own]
    return "\n".join(lines) + "\n"


def _lines(found: Inspection) -> Iterator[Line]:
    for model, each in found.models.items():
        newest = max(each.checks)
        check = each.checks[newest]
        of = {"model": model}
        yield "headwater_generation", of, newest
        yield "headwater_alarms", of, len(check.alarms)
        yield "headwater_stage", of, STAGES.get(each.profile.stage or "", math.nan)
        for name, effect in check.effects.items():
            labels = {**of, "score": name, "measured": effect.measured}
            yield "headwater_effect", labels, effect.value
            yield "headwater_effect_tolerated", labels, effect.tolerated
        for name, evidence in check.log_e_values.items():
            yield "headwater_log_e_value", {**of, "score": name}, evidence
        for finding in each.profile.findings:
            holds = math.nan if finding.holds is None else float(finding.holds)
            yield "headwater_definition_holds", {**of, "definition": finding.definition}, holds
        for name, estimate in each.metrics.get(newest, {}).items():
            yield "headwater_metric", {**of, "metric": name}, estimate.value


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    """By the grammar; other signs that do not print, for which it has no escapes, as text."""
    value = "\n".join(words.plain(line, sys.maxsize) for line in value.split("\n"))
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _value(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(float(value))
