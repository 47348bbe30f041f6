"""What a check told, in the active run of MLflow."""

from __future__ import annotations

import math

from headwater import extras
from headwater.monitoring.values import Check


def log_to_mlflow(check: Check) -> None:
    """Log effects and evidence as metrics, at the generation as step, and alarms as tags of the run.

    Metrics are called ``headwater.MODEL.METRIC.loss`` (or ``rise``, ``shift``), ``.low`` and ``.high`` for
    its interval, ``.log_e_value``, and ``headwater.MODEL.alarms`` for the number that ring.

    Raises
    ------
    MissingExtra
        If mlflow is not installed.
    """
    mlflow = extras.load("mlflow", "logging to MLflow")
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
    """A name as MLflow takes it: letters, digits and a few signs."""
    return "".join(sign if sign.isalnum() or sign in "_-. /" else "_" for sign in model)
