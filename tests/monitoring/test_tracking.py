"""Logging to MLflow, against a module that notes what it is told."""

from __future__ import annotations

import re
import sys
from types import ModuleType

import numpy as np
import pytest

from headwater.errors import MissingExtra
from headwater.monitoring.monitor import Monitor
from headwater.monitoring.tracking import log_to_mlflow


@pytest.fixture
def check():
    rng = np.random.default_rng(1)
    monitor = Monitor(rng.normal(size=(1000, 2)), metrics=("spread", "location"))
    return monitor.check(3, rng.normal(size=(1000, 2)) * 0.5, "student: v2")


def test_effects_evidence_and_alarms_are_logged(monkeypatch, check):
    """At the generation as step, under names that MLflow takes."""
    logged, tags, mlflow = {}, {}, ModuleType("mlflow")

    def log_metrics(metrics, step):
        assert step == 3
        logged.update(metrics)

    mlflow.log_metrics, mlflow.set_tag = log_metrics, tags.__setitem__
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    log_to_mlflow(check)
    stem = "headwater.student_ v2"
    effect = check.effects["spread"]
    assert logged[f"{stem}.alarms"] == 1
    assert logged[f"{stem}.spread.loss"] == effect.value == pytest.approx(0.75, abs=0.05)
    assert (logged[f"{stem}.spread.low"], logged[f"{stem}.spread.high"]) == (effect.low, effect.high)
    assert logged[f"{stem}.spread.log_e_value"] == check.log_e_values["spread"]
    assert f"{stem}.location.shift" in logged
    assert list(tags) == [f"{stem}.spread.alarm"]
    assert tags[f"{stem}.spread.alarm"].startswith("generation 3: loss 0.7")
    assert all(re.fullmatch(r"[/\w.\- ]*", name) for name in logged | tags)


def test_without_mlflow_the_error_says_what_to_install(monkeypatch, check):
    """The extra by its name."""
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtra, match=r"headwater\[mlflow\]"):
        log_to_mlflow(check)
