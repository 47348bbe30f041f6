"""What a check told, in the active run of MLflow."""

from __future__ import annotations

import hashlib
import math
import posixpath

from headwater import extras
from headwater.errors import HeadwaterError
from headwater.monitoring.values import Check

LONGEST = 100
"""Signs of a model's name that are logged; MLflow takes names of 250 in all."""


class NoActiveRun(HeadwaterError, RuntimeError):
    """There is no run of MLflow to log to."""


def log_to_mlflow(check: Check) -> None:
    """Log effects and evidence as metrics, at the generation as step, and alarms as tags of the run.

    Metrics are called ``headwater.MODEL.METRIC.loss`` (or ``rise``, ``shift``), ``.low`` and ``.high`` for
    its interval, ``.log_e_value``, and ``headwater.MODEL.alarms`` for the number that ring. A model whose
    name MLflow would not take is called by a changed name that ends in eight digits of its digest.

    Raises
    ------
    NoActiveRun
        If no run is active: MLflow would start one by itself, and leave it open.
    MissingExtra
        If mlflow is not installed.
    """
    mlflow = extras.load("mlflow", "logging to MLflow")
    if mlflow.active_run() is None:
        raise NoActiveRun("no run of MLflow is active", "log inside `with mlflow.start_run():`")
    stem = f"headwater.{_plain(check.model)}"
    numbers = {f"{stem}.alarms": float(len(check.alarms))}
    for name, effect in check.effects.items():
        numbers |= {
            f"{stem}.{name}.{effect.measured}": effect.value,
            f"{stem}.{name}.low": effect.low,
            f"{stem}.{name}.high": effect.high,
        }
        if name in check.log_e_values:
            numbers[f"{stem}.{name}.log_e_value"] = check.log_e_values[name]
    mlflow.log_metrics(
        {name: value for name, value in numbers.items() if math.isfinite(value)}, step=check.generation
    )
    for alarm in check.alarms:
        found = f"{alarm.effect.measured} {alarm.effect.value:.3f} of {alarm.part}"
        mlflow.set_tag(f"{stem}.{alarm.metric}.alarm", f"generation {alarm.generation}: {found}")


def _plain(model: str) -> str:
    """A name as MLflow takes it: letters, digits and a few signs, a tidy path; other names stay distinct."""
    plain = "".join(sign if sign.isalnum() or sign in "_-. /" else "_" for sign in model)[:LONGEST]
    if plain == model == posixpath.normpath(model):
        return model
    digest = hashlib.sha256(model.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{plain.replace('/', '_')}-{digest}"
