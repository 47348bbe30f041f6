"""Logging to MLflow, against a module that notes what it is told."""

from __future__ import annotations

import dataclasses
import re
import sys
from types import ModuleType

import numpy as np
import pytest

from headwater.errors import MissingExtra
from headwater.monitoring.monitor import Monitor
from headwater.monitoring.tracking import NoActiveRun, log_to_mlflow


@pytest.fixture
def check():
    rng = np.random.default_rng(1)
    monitor = Monitor(rng.normal(size=(1000, 2)), metrics=("spread", "location"))
    return monitor.check(3, rng.normal(size=(1000, 2)) * 0.5, "student: v2")


def log(monkeypatch, check, run="a run"):
    """Metrics and tags that were logged; steps are the check's generation."""
    logged, tags, mlflow = {}, {}, ModuleType("mlflow")

    def log_metrics(metrics, step):
        assert step == check.generation
        logged.update(metrics)

    mlflow.log_metrics, mlflow.set_tag = log_metrics, tags.__setitem__
    mlflow.active_run = lambda: run
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    log_to_mlflow(check)
    return logged, tags


def test_effects_evidence_and_alarms_are_logged(monkeypatch, check):
    """At the generation as step, under names that MLflow takes."""
    logged, tags = log(monkeypatch, check)
    (stem,) = {name.removesuffix(".alarms") for name in logged if name.endswith(".alarms")}
    assert re.fullmatch(r"headwater\.student_ v2-[0-9a-f]{8}", stem)
    effect = check.effects["spread"]
    assert logged[f"{stem}.alarms"] == 1
    assert logged[f"{stem}.spread.loss"] == effect.value == pytest.approx(0.75, abs=0.05)
    assert (logged[f"{stem}.spread.low"], logged[f"{stem}.spread.high"]) == (effect.low, effect.high)
    assert logged[f"{stem}.spread.log_e_value"] == check.log_e_values["spread"]
    assert f"{stem}.location.shift" in logged
    assert list(tags) == [f"{stem}.spread.alarm"]
    assert tags[f"{stem}.spread.alarm"].startswith("generation 3: loss 0.7")
    assert all(re.fullmatch(r"[/\w.\- ]*", name) for name in logged | tags)


def test_names_that_differ_are_logged_apart(monkeypatch, check):
    """Whatever MLflow would not take: signs, paths that are not tidy, length. Others stay as they are."""
    models = ["a:b", "a;b", "a_b", "a//b", "a/b", "a/./b", "x" * 300, "x" * 301, "ü-1. z", "a\udc80"]
    names = set()
    for model in models:
        logged, _ = log(monkeypatch, dataclasses.replace(check, model=model))
        assert not names & set(logged)
        names |= set(logged)
        assert all(re.fullmatch(r"[/\w.\- ]*", name) and len(name) <= 250 for name in logged)
        assert not any("//" in name or "/./" in name for name in logged)
    for plain in ("a_b", "a/b", "ü-1. z"):
        assert f"headwater.{plain}.alarms" in names


def test_without_a_run_nothing_is_logged(monkeypatch, check):
    """MLflow would begin one unasked."""
    with pytest.raises(NoActiveRun, match="start_run"):
        log(monkeypatch, check, run=None)


def test_without_mlflow_the_error_says_what_to_install(monkeypatch, check):
    """The extra by its name."""
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MissingExtra, match=r"headwater\[mlflow\]"):
        log_to_mlflow(check)
