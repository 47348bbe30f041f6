"""The benchmark of a data set as the JSON document that ``headwater verify --benchmark --json`` prints."""

from __future__ import annotations

from typing import Any

import numpy as np

from headwater.families.contract import Array
from headwater.simulation.identity import environment, family_parameters
from headwater.verification.public import Benchmark, worst_gap


def to_dict(found: Benchmark) -> dict[str, Any]:
    """Everything that was predicted and seen; what does not exist is None."""
    return {
        "schema": "headwater/benchmark/1",
        "data": found.data.name,
        "kind": found.data.kind,
        "rows": len(found.data.target),
        "covariates": int(found.data.covariates.shape[1]),
        "notes": list(found.data.notes),
        "family": None if found.family is None else family_parameters(found.family),
        "law": None if found.law is None else found.law.name,
        "generations": found.generations,
        "replicates": found.replicates,
        "seed": found.seed,
        "worst_gap": worst_gap(found),
        "thresholds": [
            {
                "budget": each.budget,
                "noise_ratio": sweep.noise_ratio,
                "noise_ratio_error": sweep.noise_ratio_error,
                "inflation": each.level,
                "predicted": each.predicted,
                "two_noise": each.two_noise,
                "observed": each.observed,
                "standard_error": each.standard_error,
            }
            for sweep in found.sweeps
            for each in sweep.thresholds
        ],
        "inflation": [
            {
                "budget": point.budget,
                "real": point.real,
                "share": point.share,
                "predicted": _number(point.predicted["inflation"]),
                "two_noise": _number(point.predicted["two_noise"]),
                "simulated": _number(point.values["inflation"]),
                "standard_error": _number(point.errors["inflation"]),
                "failed_fits": _number(point.values.get("failed", 0.0)),
            }
            for sweep in found.sweeps
            for point in sweep.points
        ],
        "survival": [
            {
                "budget": each.budget,
                "real": each.real,
                "replicates": each.replicates,
                "seed": each.seed,
                "tail_sample": _series(each.tail),
                "distinct": {
                    "predicted": _series(each.distinct_predicted),
                    "simulated": _series(each.distinct),
                    "standard_error": _series(each.distinct_error),
                },
                "diversity_retained": {
                    "predicted": _series(each.diversity_predicted),
                    "simulated": _series(each.diversity),
                    "standard_error": _series(each.diversity_error),
                },
            }
            for each in found.survival
        ],
        "near_features": _near(found),
        "relabelling": _relabelling(found),
        "environment": environment(),
    }


def _near(found: Benchmark) -> dict[str, Any] | None:
    near = found.near
    if near is None:
        return None
    return {
        "features": near.features,
        "budget": near.budget,
        "real": near.real,
        "growth_predicted": near.growth,
        "median_growth_normal": _number(near.normal_growth),
        "median_growth_real": _number(near.real_growth),
        "singular_fits": near.failed,
        "predicted": _series(near.predicted),
        "normal": {"mean": _series(near.normal_mean), "standard_error": _series(near.normal_error),
                   "median": _series(near.normal_median)},
        "real_rows": {"mean": _series(near.real_mean), "standard_error": _series(near.real_error),
                      "median": _series(near.real_median)},
    }  # fmt: skip


def _relabelling(found: Benchmark) -> dict[str, Any] | None:
    each = found.relabelled
    if each is None:
        return None
    return {
        "published": {
            "first": each.logged.first,
            "discard": each.logged.discard,
            "augment": each.logged.augment,
        },
        "first": each.first,
        "maximum_likelihood": each.maximum_likelihood,
        "discard": [_series(row) for row in each.discard],
        "augment": [_series(row) for row in each.augment],
    }


def _series(values: Array) -> list[float | None]:
    return [_number(value) for value in values]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
