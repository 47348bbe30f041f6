"""The JSON document of optimal weights."""

from __future__ import annotations

import math
from importlib.metadata import version
from typing import Any

from headwater.planning.weights.proving import Proof, Recomputed
from headwater.planning.weights.weighting import Weighting


def to_dict(weighting: Weighting, recomputed: Recomputed, proof: Proof | None = None) -> dict[str, Any]:
    """What ``headwater weights --json`` prints; no NaN or infinity.

    `recomputed` is always there: no answer is given that another route did not confirm.
    """
    graph = weighting.graph
    names = graph.model_names
    return {
        "schema": "headwater/weights/1",
        "objective": str(weighting.objective),
        "horizon": weighting.horizon,
        "possible": weighting.is_possible,
        "reason": weighting.reason or None,
        "value_before": _number(weighting.value(weighting.inflation_before)),
        "value_after": _number(weighting.value(weighting.inflation_after)),
        "flows": [
            {
                "from": graph.provider_name(int(graph.provider[at])),
                "to": names[graph.learner[at]],
                "weight": float(graph.weight[at]),
                "share": _number(weighting.share_after[at]),
                "weight_before": float(weighting.before.graph.weight[at]),
                "share_before": _number(weighting.share_before[at]),
                "leave_out": bool(weighting.left_out[at]),
            }
            for at in range(len(graph.provider))
        ],
        "models": {
            name: {
                "inflation_before": _number(weighting.inflation_before[at]),
                "inflation_after": _number(weighting.inflation_after[at]),
            }
            for at, name in enumerate(names)
        },
        "left_alone": [{"model": name, "reason": why} for name, why in weighting.left_alone],
        "changes": [change.to_dict() for change in weighting.changes],
        "verified": {
            "theory": {"agree": recomputed.agree, "largest_difference": _number(recomputed.difference)},
            "simulation": None if proof is None else _simulated(proof),
        },
        "provenance": {"headwater": version("headwater"), "input_sha256": weighting.before.sha256},
    }


def _simulated(proof: Proof) -> dict[str, Any]:
    return {
        "agree": proof.agree,
        "family": "gaussian-mean",
        "generations": proof.generations,
        "replicates": proof.before.replicates,
        "seed": proof.before.seed,
        "change": _number(proof.change),
        "standard_error": _number(proof.standard_error),
        "expected_change": _number(proof.expected_change),
        "models": {name: {"before": _side(old), "after": _side(new)} for name, old, new in proof.rows()},
    }


def _side(values: tuple[float, float, float]) -> dict[str, float | None]:
    return dict(zip(("theory", "simulation", "standard_error"), map(_number, values), strict=True))


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
